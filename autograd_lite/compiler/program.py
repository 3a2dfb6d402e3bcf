"""A program: operations on numbers that have no value yet, one after the other, each result named once (SSA).

Value i is the i-th input, or what an instruction gives; an operand is the index of an earlier value (an int) or a
number (a float). A value is a float or a truth, as its row says. A program never changes: what transforms one builds
another, with `tracer.Builder`. Imports the table. Source of the form: Cytron et al., ACM TOPLAS 13 (1991).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..primitives import Primitive, table

Operand = int | float


class Instruction(NamedTuple):
    """One operation, the operands it is applied to, and the name of its result, if it has one.

    >>> from autograd_lite.compiler import Builder
    >>> builder = Builder()
    >>> (instruction,) = builder.program([builder.input("x") * 2.0]).instructions
    >>> instruction.op, instruction.operands
    (mul, (0, 2.0))
    """

    op: Primitive
    operands: tuple[Operand, ...]
    label: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Straight-line code: `inputs` (their names), `instructions`, and `outputs` (operands).

    Called with floats it evaluates itself, by IEEE 754 and without a report. Its text is a program again:

    >>> from autograd_lite.compiler import Builder
    >>> builder = Builder()
    >>> x, y = builder.input("x"), builder.input("y")
    >>> program = builder.program([x * y + 1.0])
    >>> print(program)
    program(%0 "x", %1 "y")
      %2 = mul(%0, %1)
      %3 = add(%2, 1.0)
      return %3
    >>> program(2.0, 3.0), str(Program.parse(str(program))) == str(program)
    ((7.0,), True)
    """

    inputs: tuple[str | None, ...]
    instructions: tuple[Instruction, ...]
    outputs: tuple[Operand, ...]

    def __call__(self, *numbers: float) -> tuple[float, ...]:
        if len(numbers) != len(self.inputs):
            raise TypeError(f"this program has {len(self.inputs)} inputs, not {len(numbers)}")
        values = list(map(float, numbers))
        for op, operands, _ in self.instructions:
            values.append(float(op(*[values[x] if isinstance(x, int) else x for x in operands])))
        return tuple([values[x] if isinstance(x, int) else x for x in self.outputs])

    def kind(self, value: Operand) -> type:
        """Whether a value, or a number, is a float or a truth: `float` or `bool`.

        >>> from autograd_lite.compiler import Builder
        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> program = builder.program([x > 0.0])
        >>> [program.kind(value) for value in (0, 1)]
        [<class 'float'>, <class 'bool'>]
        """
        first = len(self.inputs)
        return self.instructions[value - first].op.result_type if isinstance(value, int) and value >= first else float

    def verify(self) -> None:
        """Raise ValueError, naming the instruction, unless this is a program: every operand is an earlier value or a
        float, as many as the row has and of the kinds that it takes.

        >>> from autograd_lite.primitives import sin
        >>> Program(("x",), (Instruction(sin, (1,)),), (1,)).verify()
        Traceback (most recent call last):
          ...
        ValueError: %1: 1 is neither an earlier value nor a float
        """
        for index, (op, operands, _) in enumerate(self.instructions, len(self.inputs)):
            takes = op.arg_types or (float,) * len(operands)
            if not operands or len(operands) != len(takes) or (op.derivatives and len(operands) != len(op.derivatives)):
                raise ValueError(f"%{index}: {op} has not {len(operands)} operands")
            for operand, kind in zip(operands, takes):
                self._verify_operand(f"%{index}", operand, index)
                if isinstance(operand, int) and self.kind(operand) is not kind:
                    raise ValueError(f"%{index}: {op} takes a {kind.__name__}, %{operand} is none")
                if kind is bool and type(operand) is float and operand not in (0.0, 1.0):
                    raise ValueError(f"%{index}: {op} takes a bool, {operand!r} is none")
        for operand in self.outputs:
            self._verify_operand("return", operand, len(self.inputs) + len(self.instructions))

    def _verify_operand(self, where: str, operand: Operand, index: int) -> None:
        if type(operand) is not float and not (type(operand) is int and 0 <= operand < index):
            raise ValueError(f"{where}: {operand!r} is neither an earlier value nor a float")

    def __str__(self) -> str:
        lines = [f"program({', '.join(_named(i, label) for i, label in enumerate(self.inputs))})"]
        for index, (op, operands, label) in enumerate(self.instructions, len(self.inputs)):
            lines.append(f"  {_named(index, label)} = {op.name}({', '.join(map(_operand, operands))})")
        lines.append(f"  return {', '.join(map(_operand, self.outputs))}".rstrip())
        return "\n".join(lines)

    @staticmethod
    def parse(text: str) -> Program:
        """The program that `str` wrote; ValueError, naming the line, for a text that is none.

        >>> Program.parse('\\n'.join(['program(%0 "x")', '  %1 = mul(%0, 2.0)', '  return %1']))(3.0)
        (6.0,)
        """
        head, *body = text.strip().splitlines() or [""]
        match = re.fullmatch(r"program\((.*)\)", head)
        if match is None or not body:
            raise ValueError(f"line 1: expected program(…), got {head!r}")
        inputs = [label for _, label in _names(match[1], 1)]
        instructions: list[Instruction] = []
        for number, line in enumerate(body[:-1], 2):
            match = re.fullmatch(r"\s*(%.*) = (\w+)\((.*)\)", line)
            if match is None or match[2] not in table:
                raise ValueError(f"line {number}: expected %index = row(operands), got {line.strip()!r}")
            ((index, label),) = _names(match[1], number)
            if index != len(inputs) + len(instructions):
                raise ValueError(f"line {number}: values are numbered in order, here %{len(inputs) + number - 2}")
            instructions.append(Instruction(table[match[2]], _operands(match[3], number), label))
        match = re.fullmatch(r"\s*return ?(.*)", body[-1])
        if match is None:
            raise ValueError(f"line {len(body) + 1}: expected return operands, got {body[-1].strip()!r}")
        program = Program(tuple(inputs), tuple(instructions), _operands(match[1], len(body) + 1))
        program.verify()
        return program


def _named(index: int, label: str | None) -> str:
    return f"%{index}" if label is None else f"%{index} {json.dumps(label)}"  # in ASCII, on one line


def _operand(operand: Operand) -> str:
    return f"%{operand}" if isinstance(operand, int) else repr(operand)


_NAME = re.compile(r'%(\d+)(?: ("(?:[^"\\]|\\.)*"))?(?:, |$)')


def _names(text: str, number: int) -> Iterator[tuple[int, str | None]]:
    at = 0
    while at < len(text):
        match = _NAME.match(text, at)
        if match is None:
            raise ValueError(f"line {number}: expected %index, got {text[at:]!r}")
        yield int(match[1]), None if match[2] is None else json.loads(match[2])
        at = match.end()


def _operands(text: str, number: int) -> tuple[Operand, ...]:
    try:
        return tuple(int(x[1:]) if x[0] == "%" else float(x) for x in text.split(", ")) if text else ()
    except (ValueError, IndexError):
        raise ValueError(f"line {number}: operands are %index or numbers, got {text!r}") from None
