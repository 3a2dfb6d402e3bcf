"""A program as Python source: a function that a person can read, and that needs nothing beyond the standard library.

Operators are operators, a row of Python's `math` is called by that name, and other rows by theirs. Where Python raises
and IEEE 754 has a result (``1/0``, ``log(0)``), the program itself is evaluated instead: ordinary numbers pay nothing.
The source is registered with `linecache`, so that a traceback through it shows its lines.
"""

from __future__ import annotations

import builtins
import itertools
import keyword
import linecache
import math
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...primitives import Primitive, fsum
from ..program import Loop, Part, Program, Stack

_INFIX: dict[Any, str] = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.mod: "%",
    operator.floordiv: "//",
}
_counter = itertools.count(1)


def source(program: Program, name: str = "program") -> str:
    """The function's definition.

    >>> from autograd_lite.compiler import Builder
    >>> from autograd_lite import primitives
    >>> builder = Builder()
    >>> x, y = builder.input("x"), builder.input("w[0]")
    >>> print(source(builder.program([primitives.sin(x * y) - 1.0]), "f"))
    def f(x, w_0):
        v2 = x * w_0
        v3 = sin(v2)
        v4 = v3 - 1.0
        return (v4,)
    """
    return _Printer(program, name).text()


def scalar(program: Program, name: str = "program", *, precise: bool = True) -> Callable[..., tuple[float, ...]]:
    """The program as a Python function of its inputs, with the source in its `__source__`. It always is `precise`."""
    printer = _Printer(program, name)
    text = printer.text()
    filename = f"<autograd_lite {name} {next(_counter)}>"
    namespace = dict(printer.namespace)
    exec(compile(text + "\n", filename, "exec"), namespace)
    linecache.cache[filename] = (len(text), None, [line + "\n" for line in text.splitlines()], filename)
    straight = namespace[printer.name]

    def run(*numbers: float) -> tuple[float, ...]:
        try:
            return straight(*numbers)  # type: ignore[no-any-return]
        except (ArithmeticError, ValueError):
            return program(*numbers)

    run.__source__ = text  # type: ignore[attr-defined]
    return run


def parting(program: Program, outcomes: Sequence[bool]) -> Callable[..., int]:
    """A function of a program's inputs: the place of the first output, all of them truths, that does not come out as in
    `outcomes`, or -1. What comes after it is not computed.
    """
    printer = _Printer(program, "parting")
    namespace = dict(printer.namespace)
    exec(printer.text(outcomes), namespace)
    straight = namespace[printer.name]

    def run(*numbers: float) -> int:
        try:
            return straight(*numbers)  # type: ignore[no-any-return]
        except (ArithmeticError, ValueError):
            return first_other(program(*numbers), outcomes)

    return run


def first_other(truths: Sequence[float], outcomes: Sequence[bool]) -> int:
    """The place of the first truth that is not as in `outcomes`, or -1."""
    return next((i for i, (x, outcome) in enumerate(zip(truths, outcomes)) if (x != 0.0) != outcome), -1)


def _rows(program: Program) -> Iterator[Primitive]:
    """The rows of the table that a program applies, those in its loops too."""
    for op, _, _ in program.instructions:
        if isinstance(op, Primitive):
            yield op
        elif isinstance(op, Loop):
            yield from _rows(op.body)
            yield from _rows(op.test) if op.test else ()


class _Printer:
    def __init__(self, program: Program, name: str) -> None:
        self.program = program
        self.namespace: dict[str, Any] = {"inf": math.inf, "nan": math.nan}
        self._taken = {"inf", "nan", *dir(builtins), *vars(math)}
        self.name = self._identifier(name, "program")
        self._rows = {op: self._row(op) for op in dict.fromkeys(_rows(program)) if op.value not in _INFIX}
        self._inputs = [self._identifier(label, f"v{index}") for index, label in enumerate(program.inputs)]

    def text(self, outcomes: Sequence[bool] | None = None) -> str:
        lines, outputs = self._written(self.program, self._inputs, "    ", outcomes or ())
        returned = (
            f"    return ({', '.join(outputs)}{',' * (len(outputs) == 1)})" if outcomes is None else "    return -1"
        )
        return "\n".join([f"def {self.name}({', '.join(self._inputs)}):", *lines, returned])

    def _written(
        self, program: Program, inputs: Sequence[str], indent: str, outcomes: Sequence[bool] = ()
    ) -> tuple[list[str], list[str]]:
        """The statements of a program of these inputs, and its outputs, as expressions without operators.

        The first outputs are tested, in their order and each as soon as it is there, for the `outcomes`.
        """
        lines: list[str] = []
        tests = list(enumerate(zip(program.outputs, outcomes)))[::-1]
        names: list[Any] = [*inputs]  # of each value; of a loop those of its results
        for index, (op, operands, label) in enumerate(program.instructions, len(names)):
            if isinstance(op, Part) and op.source is tuple:
                names.append(names[int(operands[0])][op.index])
                continue
            shown = [names[x] if isinstance(x, int) else repr(x) for x in operands]
            if isinstance(op, Loop):
                names.append(self._loop(op, shown, lines, indent))
                continue
            names.append(self._identifier(label, f"v{index}"))
            if isinstance(op, Stack):
                value = f"[{', '.join(shown)}]"
            elif isinstance(op, Part):
                value = f"{shown[0]}[{op.index}]"
            else:
                sign = _INFIX.get(op.value)
                value = f" {sign} ".join(shown) if sign else f"{self._rows[op]}({', '.join(shown)})"
            lines.append(f"{indent}{names[index]} = {value}")
            while tests and tests[-1][1][0] <= index:
                place, (guard, outcome) = tests.pop()
                lines.append(f"{indent}if {'not ' * outcome}{names[int(guard)]}: return {place}")
        return lines, [names[x] if isinstance(x, int) else repr(x) for x in program.outputs]

    def _loop(self, loop: Loop, operands: Sequence[str], lines: list[str], indent: str) -> list[str]:
        """The statements of a loop are added to `lines`; the names of its results."""
        inner = indent + "    "
        carry = [self._identifier(None, "carry") for _ in range(loop.carry)]
        made = [self._identifier(None, "made") for _ in range(loop.made)]
        entries = [self._identifier(None, "x") for _ in range(loop.stacks)]
        i = self._identifier(None, "i")
        first = loop.carry + loop.stacks
        constants, count = operands[first:], f"{loop.count}"
        if loop.counted:
            *constants, number = constants
            count = f"int({number})"
        inputs = [*carry, *entries, *constants]
        body, outputs = self._written(loop.body, inputs, inner)
        if carry:
            lines.append(f"{indent}{', '.join(carry)} = {', '.join(operands[: loop.carry])}")
        if loop.test is None:
            steps = f"range({count})"
            lines += [f"{indent}{name} = [0.0] * {count}" for name in made]
            lines.append(f"{indent}for {i} in {f'reversed({steps})' if loop.reverse else steps}:")
            lines += [f"{inner}{x} = {stack}[{i}]" for x, stack in zip(entries, operands[loop.carry :])]
        else:
            test, (holds,) = self._written(loop.test, inputs, inner)
            lines += [f"{indent}{i} = 0.0", f"{indent}while True:", *test]
            lines += [f"{inner}if not {holds}:", f"{inner}    break", f"{inner}{i} += 1.0"]
        lines += body
        lines += [f"{inner}{name}[{i}] = {x}" for name, x in zip(made, outputs[loop.carry :])]
        if carry:
            lines.append(f"{inner}{', '.join(carry)} = {', '.join(outputs[: loop.carry])}")
        return [*carry, *([i] if loop.test else made)]

    def _row(self, op: Any) -> str:
        """The name that a row is called by: its function's in Python, or its own."""
        name = getattr(op.value, "__name__", "")
        if op.value in (getattr(math, name, None), getattr(builtins, name, None)):
            self.namespace[name] = op.value
            return str(name)
        name = self._identifier(op.name, "row")
        self.namespace[name] = op.value
        return name

    def _identifier(self, label: str | None, otherwise: str) -> str:
        """A name of its own, as near to the label as Python allows."""
        name = re.sub(r"\W+", "_", label or otherwise).strip("_") or otherwise
        if name[0].isdigit() or keyword.iskeyword(name):
            name = f"{name}_" if keyword.iskeyword(name) else f"v{name}"
        if name in self._taken:
            name = next(f"{name}_{i}" for i in itertools.count(2) if f"{name}_{i}" not in self._taken)
        self._taken.add(name)
        return name


def rows(
    program: Program, varying: Sequence[bool], reduced: Sequence[bool], *, precise: bool = True
) -> Callable[..., list[float]]:
    """The program over rows, one after the other: for whoever has no llvmlite; see `llvm.rows`."""
    run = scalar(program)

    def run_rows(inputs: Sequence[Any], outputs: Sequence[Any], count: int, threads: int | None = None) -> list[float]:
        columns = [[x] * count if isinstance(x, float) else x.tolist() for x in columns_of(inputs)]
        places = columns_of(outputs)
        sums: list[list[float]] = [[] for _ in reduced]
        for i, numbers in enumerate(zip(*columns)):
            for j, x in enumerate(run(*numbers)):
                if reduced[j]:
                    sums[j].append(x)
                else:
                    places[j][i] = x
        return [float(fsum(*xs)) for xs in sums]

    return run_rows


def columns_of(given: Sequence[Any]) -> list[Any]:
    """The columns of tables, between what else there is."""
    return [column for x in given for column in (x.T if getattr(x, "ndim", 1) == 2 else [x])]
