"""A program: operations on numbers that have no value yet, one after the other, each result named once (SSA).

Value i is the i-th input, or what an instruction gives; an operand is the index of an earlier value (an int) or a
number (a float). An instruction applies a row of the table, which gives a float or a truth, or it is a `Loop`, which
owns programs, and gives a tuple of floats and of stacks. A stack is a list of floats, made of numbers by `STACK`; a
`Part` takes one out of either. A program never changes: what transforms one builds another, with
`tracer.Builder`. Imports the table. Source of the form: Cytron et al., ACM TOPLAS 13 (1991).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..primitives import Primitive, table

Operand = int | float


@dataclass(frozen=True)
class Stack:
    """The operation that makes a stack of numbers."""

    name = "stack"
    arg_types: tuple[type, ...] = ()
    result_type: type = list

    def __call__(self, *numbers: float) -> list[float]:
        return list(numbers)


STACK = Stack()


@dataclass(frozen=True)
class Part:
    """The operation that takes a float or a stack out of a loop's results, or a number out of a stack (a list)."""

    index: int
    result_type: type = float
    source: type = tuple

    @property
    def name(self) -> str:
        return "entry" if self.source is list else "item" if self.result_type is float else "items"

    @property
    def arg_types(self) -> tuple[type, ...]:
        return (self.source,)

    def __call__(self, whole: Any) -> Any:
        return whole[self.index]


@dataclass(frozen=True, eq=False)
class Loop:
    """The operation that evaluates a program again and again.

    Its operands are the first carry, the stacks it goes along, and constants. The body is a program of the carry, an
    entry of each stack and the constants; it gives the next carry, and an entry of each stack that the loop makes. The
    results are the last carry and those stacks. There are `count` steps; where that is None, as many as an operand
    more says, or, with a `test` of the same inputs as the body, as long as that holds: then the number of steps is a
    result more. A `reverse` loop goes along stacks, and makes them, from the last entry to the first.
    """

    body: Program
    carry: int
    stacks: int = 0
    count: int | None = None
    reverse: bool = False
    test: Program | None = None
    result_type = tuple

    @property
    def name(self) -> str:
        return "loop" if self.test is None else "while"

    @property
    def counted(self) -> bool:
        """Whether an operand says how many steps there are."""
        return self.count is None and self.test is None

    @property
    def arg_types(self) -> tuple[type, ...]:
        constants = len(self.body.inputs) - self.carry - self.stacks + self.counted
        return (float,) * self.carry + (list,) * self.stacks + (float,) * constants

    @property
    def made(self) -> int:
        """How many stacks it makes."""
        return len(self.body.outputs) - self.carry

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        return self.run(operands, lambda program: program)

    def run(self, operands: tuple[Any, ...], function: Callable[[Program], Callable[..., Any]]) -> tuple[Any, ...]:
        """The results, with the programs as functions of floats."""
        first = self.carry + self.stacks
        carry, stacks, constants = operands[: self.carry], operands[self.carry : first], [*operands[first:]]
        body = function(self.body)
        if self.test is not None:
            test, steps = function(self.test), 0
            while test(*carry, *constants)[0]:
                carry, steps = body(*carry, *constants), steps + 1
            return *carry, float(steps)
        count = self.count
        if count is None:
            count = int(constants.pop())
        rows: list[Any] = [()] * count
        for i in reversed(range(count)) if self.reverse else range(count):
            found = body(*carry, *[stack[i] for stack in stacks], *constants)
            carry, rows[i] = found[: self.carry], found[self.carry :]
        return *carry, *[[row[k] for row in rows] for k in range(self.made)]


Operation = Primitive | Stack | Part | Loop


class Instruction(NamedTuple):
    """One operation, the operands it is applied to, and the name of its result, if it has one.

    >>> from autograd_lite.compiler import Builder
    >>> builder = Builder()
    >>> (instruction,) = builder.program([builder.input("x") * 2.0]).instructions
    >>> instruction.op, instruction.operands
    (mul, (0, 2.0))
    """

    op: Operation
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
        values: list[Any] = list(map(float, numbers))
        for op, operands, _ in self.instructions:
            found: Any = op(*[values[x] if isinstance(x, int) else x for x in operands])
            values.append(found if op.result_type in (list, tuple) else float(found))
        return tuple([values[x] if isinstance(x, int) else x for x in self.outputs])

    def kind(self, value: Operand) -> type:
        """What a value, or a number, is: `float`, `bool` for a truth, `list` for a stack, `tuple` for a loop's results.

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
        float, as many as the operation has and of the kinds that it takes, and so in the programs of loops.

        >>> from autograd_lite.primitives import sin
        >>> Program(("x",), (Instruction(sin, (1,)),), (1,)).verify()
        Traceback (most recent call last):
          ...
        ValueError: %1: 1 is neither an earlier value nor a float
        """
        for index, (op, operands, _) in enumerate(self.instructions, len(self.inputs)):
            takes = op.arg_types or (float,) * len(operands)
            arity = len(op.derivatives) if isinstance(op, Primitive) else 0
            if not operands or len(operands) != len(takes) or (arity and len(operands) != arity):
                raise ValueError(f"%{index}: {op} has not {len(operands)} operands")
            for operand, kind in zip(operands, takes):
                self._verify_operand(f"%{index}", operand, index)
                if isinstance(operand, int) and self.kind(operand) is not kind:
                    raise ValueError(f"%{index}: {op} takes a {kind.__name__}, %{operand} is none")
                if kind is bool and type(operand) is float and operand not in (0.0, 1.0):
                    raise ValueError(f"%{index}: {op} takes a bool, {operand!r} is none")
            self._verify_structure(index, op, operands)
        for operand in self.outputs:
            self._verify_operand("return", operand, len(self.inputs) + len(self.instructions))
            if isinstance(operand, int) and self.kind(operand) in (list, tuple):
                raise ValueError(f"return: %{operand} is a {self.kind(operand).__name__}, not a float")

    def _verify_structure(self, index: int, op: Operation, operands: tuple[Operand, ...]) -> None:
        """What is asked of loops, and of what reads their results and stacks."""
        if isinstance(op, Part):
            source = operands[0]
            assert isinstance(source, int)
            if op.source is list:
                places = range(self.length(source) or 0)
            else:
                loop = self.instructions[source - len(self.inputs)].op
                assert isinstance(loop, Loop)
                first = loop.carry + (loop.test is not None)
                places = range(first) if op.result_type is float else range(first, first + loop.made)
            if op.index not in places:
                raise ValueError(f"%{index}: %{source} has no {op.name}[{op.index}]")
        elif isinstance(op, Loop):
            tests = [] if op.test is None else [op.test]
            if min(op.carry, op.stacks, op.made, op.count or 0) < 0 or (tests and op.stacks + op.made):
                raise ValueError(f"%{index}: its body has not the inputs and outputs of such a loop")
            if any((len(test.inputs), len(test.outputs)) != (len(op.body.inputs), 1) for test in tests):
                raise ValueError(f"%{index}: its test has not the inputs of its body, or not one output")
            for operand in operands[op.carry : op.carry + op.stacks]:
                if self.length(operand) != op.count:
                    raise ValueError(f"%{index}: it goes along %{operand}, which is no stack of {op.count}")
            for program in (op.body, *tests):
                program.verify()

    def length(self, stack: Operand) -> int | None:
        """How long a stack is; None where that is known when it is made.

        >>> program = Program.parse("program()\\n  %0 = stack(1.0, 2.0)\\n  %1 = entry[0](%0)\\n  return %1")
        >>> program.length(0), program()
        (2, (1.0,))
        """
        assert isinstance(stack, int)
        op, operands, _ = self.instructions[stack - len(self.inputs)]
        if isinstance(op, Stack):
            return len(operands)
        whole = self.instructions[int(operands[0]) - len(self.inputs)].op
        assert isinstance(whole, Loop)
        return whole.count

    def _verify_operand(self, where: str, operand: Operand, index: int) -> None:
        if type(operand) is not float and not (type(operand) is int and 0 <= operand < index):
            raise ValueError(f"{where}: {operand!r} is neither an earlier value nor a float")

    def __str__(self) -> str:
        lines = [f"program({', '.join(_named(i, label) for i, label in enumerate(self.inputs))})"]
        for index, (op, operands, label) in enumerate(self.instructions, len(self.inputs)):
            lines.append(f"  {_named(index, label)} = {_spelled(op)}({', '.join(map(_operand, operands))})")
            for program in [op.body, op.test] if isinstance(op, Loop) else []:
                lines += [f"    {line}" for line in str(program).split("\n")] if program else []
        lines.append(f"  return {', '.join(map(_operand, self.outputs))}".rstrip())
        return "\n".join(lines)

    @staticmethod
    def parse(text: str) -> Program:
        """The program that `str` wrote; ValueError, naming the line, for a text that is none.

        >>> Program.parse('\\n'.join(['program(%0 "x")', '  %1 = mul(%0, 2.0)', '  return %1']))(3.0)
        (6.0,)
        """
        lines = list(enumerate(text.strip().splitlines() or [""], 1))
        program = _parsed(lines)
        if lines:
            raise ValueError(f"line {lines[0][0]}: expected nothing after return, got {lines[0][1].strip()!r}")
        program.verify()
        return program


def _parsed(lines: list[tuple[int, str]]) -> Program:
    """The program that the first lines are, which are taken away."""
    number, head = lines.pop(0)
    match = re.fullmatch(r"\s*program\((.*)\)", head)
    if match is None:
        raise ValueError(f"line {number}: expected program(…), got {head.strip()!r}")
    inputs = [label for _, label in _names(match[1], number)]
    instructions: list[Instruction] = []
    while lines:
        number, line = lines.pop(0)
        match = re.fullmatch(r"\s*return ?(.*)", line)
        if match is not None:
            return Program(tuple(inputs), tuple(instructions), _operands(match[1], number))
        match = re.fullmatch(r"\s*(%.*) = (\w+)(\[[^]]*\])?\((.*)\)", line)
        if match is None or (match[2] not in table and match[2] not in _SPELLED):
            raise ValueError(f"line {number}: expected %index = row(operands), got {line.strip()!r}")
        ((index, label),) = _names(match[1], number)
        if index != (expected := len(inputs) + len(instructions)):
            raise ValueError(f"line {number}: values are numbered in order, here %{expected}")
        op: Operation
        if match[2] in _SPELLED:
            try:
                op = _SPELLED[match[2]](json.loads(match[3] or "[]"), lines)
            except (json.JSONDecodeError, TypeError, IndexError):
                raise ValueError(f"line {number}: {line.strip()!r} has not what is asked of its kind") from None
        else:
            op = table[match[2]]
        instructions.append(Instruction(op, _operands(match[4], number), label))
    raise ValueError(f"line {number}: expected return operands at the end")


_SPELLED: dict[str, Callable[[list[Any], list[tuple[int, str]]], Operation]] = {
    "stack": lambda given, lines: STACK,
    "entry": lambda given, lines: Part(given[0], source=list),
    "item": lambda given, lines: Part(given[0]),
    "items": lambda given, lines: Part(given[0], result_type=list),
    "loop": lambda given, lines: Loop(_parsed(lines), *given),
    "while": lambda given, lines: Loop(_parsed(lines), given[0], test=_parsed(lines)),
}


def _spelled(op: Operation) -> str:
    """An operation's name, with what it is made of: of a loop its carry, stacks, count and direction, as JSON."""
    if isinstance(op, Loop):
        given: list[Any] = [op.carry] if op.test else [op.carry, op.stacks, op.count, op.reverse]
    else:
        given = [op.index] if isinstance(op, Part) else []
    return f"{op.name}{json.dumps(given) if given else ''}"


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
