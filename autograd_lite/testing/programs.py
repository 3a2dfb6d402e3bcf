"""Programs: random graphs as lists of instructions that point back.

An instruction is a primitive of the table and its operands, each the number of an earlier result (inputs first) or a
constant. Such lists give every shape of graph, diamonds and ``x * x`` included, which trees of expressions do not.
A program carries a point at which it is well defined. `assemble` makes one of any draft: an instruction that would be
ill-defined at the point is left out, so that nothing drawn is ever thrown away. Imports the table, and the
compiler's form of a program.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..compiler import program as compiler
from ..compiler.program import Instruction, Operand
from ..numerics.domains import Domain
from ..primitives import Primitive, table

LIMIT = 2.0**20  # no result of a program is larger, so that no product of a few of them overflows
MARGIN = 2.0**-10  # a smooth program stays this far from kinks and poles, relative to max(1, |operands|)


class Program(compiler.Program):
    """A program of the compiler's with a point, as a function of floats, Values or any numbers the table takes.

    Args:
        point: one float for each input; a point at which the program is well defined.
        instructions: ``(primitive or its name, *operands)`` each. Results are numbered from the first
            input on; an operand is the number of an earlier result (an int) or a constant (a float). The last result is
            the program's.

    Printed, it is a function in Python that can be pasted and run; its repr makes the program itself again.

    >>> square = Program((3.0,), [("mul", 0, 0), ("add", 1, 2.5)])
    >>> square(4.0)
    18.5
    >>> print(square)
    from autograd_lite import primitives as p
    <BLANKLINE>
    def program(x0):
        v1 = p.mul(x0, x0)
        v2 = p.add(v1, 2.5)
        return v2
    <BLANKLINE>
    program(3.0)
    >>> square
    Program((3.0,), [('mul', 0, 0), ('add', 1, 2.5)])
    """

    __slots__ = ("point", "steps")
    point: tuple[float, ...]
    steps: tuple[tuple[Primitive, tuple[Operand, ...]], ...]  # the primitive and the operands of each instruction

    def __init__(self, point: Sequence[float], instructions: Iterable[tuple[Any, ...]]) -> None:
        object.__setattr__(self, "point", tuple(map(float, point)))
        n = len(self.point)
        if not n:
            raise ValueError("a program has at least one input: give its point one number or more")
        made = tuple(
            Instruction(table[op] if isinstance(op, str) else op, tuple(operands))
            for op, *operands in map(_flat, instructions)
        )
        object.__setattr__(self, "steps", tuple([(op, operands) for op, operands, _ in made]))
        super().__init__((None,) * n, made, (n + len(made) - 1,))
        for k, (_, operands, _) in enumerate(made, n):
            for operand in operands:
                self._verify_operand(f"%{k}", operand, k)

    def __reduce__(self) -> tuple[Any, ...]:
        return Program, (self.point, self.instructions)

    def results(self, *inputs: Any) -> list[Any]:
        """Every number computed, the inputs first.

        >>> Program((3.0,), [("mul", 0, 0)]).results(2.0)
        [2.0, 4.0]
        """
        if len(inputs) != len(self.point):
            raise TypeError(f"the program takes {len(self.point)} inputs, not {len(inputs)}")
        found = list(inputs)
        for op, operands in self.steps:
            found.append(op(*[found[operand] if type(operand) is int else operand for operand in operands]))
        return found

    def __call__(self, *inputs: Any) -> Any:
        return self.results(*inputs)[-1]

    def __len__(self) -> int:
        return len(self.instructions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"Program({self.point!r}, [{', '.join([self._shown(*step) for step in self.steps])}])"

    def __str__(self) -> str:
        n = len(self.point)
        lines = [
            f"    v{k} = {'p.' if table.get(op.name) is op else ''}{op.name}({', '.join(map(self._name, operands))})"
            for k, (op, operands) in enumerate(self.steps, n)
        ]
        body = "\n".join([*lines, f"    return {self._name(n + len(lines) - 1)}"])
        signature = ", ".join(map(self._name, range(n)))
        head = "from autograd_lite import primitives as p\n\n"
        return f"{head}def program({signature}):\n{body}\n\nprogram({', '.join(map(_literal, self.point))})"

    def _name(self, operand: Operand) -> str:
        if isinstance(operand, float):
            return _literal(operand)
        return f"{'x' if operand < len(self.point) else 'v'}{operand}"

    @staticmethod
    def _shown(op: Primitive, operands: Sequence[Operand]) -> str:
        name = repr(op.name) if table.get(op.name) is op else op.name
        return f"({', '.join([name, *map(_literal, operands)])})"


def _flat(instruction: tuple[Any, ...]) -> tuple[Any, ...]:
    if isinstance(instruction, Instruction):
        return instruction.op, *instruction.operands
    return instruction


def _literal(x: float) -> str:
    return repr(x) if math.isfinite(x) else f"float('{x}')"


def is_well_defined(program: Program, point: Sequence[float], *, smooth: bool = True) -> bool:
    """Whether every instruction has a value at `point`, and if `smooth` keeps its margin from kinks and poles.

    >>> root = Program((4.0,), [("sqrt", 0)])
    >>> is_well_defined(root, [0.0]), is_well_defined(root, [0.0], smooth=False), is_well_defined(root, [-1.0])
    (False, True, False)
    """
    numbers = list(point)
    for op, operands in program.steps:
        args = tuple([numbers[operand] if type(operand) is int else operand for operand in operands])
        if not any(_fits(box, args, operands) for box in _boxes(op, len(args), smooth)):
            return False
        y = _result(op, args, smooth)
        if y is None:
            return False
        numbers.append(y)
    return True


# ---- from a draft to a program ---------------------------------------------------------------------------------------


def assemble(
    point: Sequence[float], draft: Iterable[tuple[Primitive, Sequence[Operand]]], *, smooth: bool = True, size: int = 0
) -> Program:
    """The program that `draft` means at `point`.

    An int among the operands counts back from the latest result, for a first operand from the latest that nothing has
    used yet, to the first from there on that the operation can take; where only whole numbers can be (the n of the
    n-th derivative) it stands for one of them. A float is a constant if the operation can take it. What is ill-defined
    is left out, and so is what does not lead to the last result; if then fewer than `size` instructions are left,
    more operations of the draft are put on top of it.

    >>> from autograd_lite.primitives import log, neg
    >>> assemble([-2.0], [(log, [0]), (neg, [0]), (log, [0])])  # no logarithm of -2, but of 2
    Program((-2.0,), [('neg', 0), ('log', 1)])
    """
    draft = list(draft)
    under_way = _Assembly(point, smooth)
    for op, picks in draft:
        under_way.append(op, picks)
    program = _live(point, under_way.instructions)
    if len(program) >= size:
        return program
    under_way = _Assembly(point, smooth, program.instructions)
    rows = [op for op, _ in draft]
    while len(under_way.instructions) < size and any(under_way.extend(op) for op in rows):
        rows = rows[1:] + rows[:1]
    return Program(point, under_way.instructions)


class _Assembly:
    """A program under way: its instructions, all results at the point, and which of them nothing has used."""

    def __init__(self, point: Sequence[float], smooth: bool, instructions: Sequence[Instruction] = ()) -> None:
        self.smooth = smooth
        self.instructions = list(instructions)
        self.numbers = Program(point, instructions).results(*point)
        self.unused: list[int] = []

    def append(self, op: Primitive, picks: Sequence[Operand]) -> bool:
        """Add the instruction that `picks` mean, if there is one that is well defined."""
        instruction = self._instruction(op, picks)
        if instruction is None:
            return False
        self.instructions.append(instruction)
        self.unused = [k for k in self.unused if k not in instruction.operands] + [len(self.numbers) - 1]
        return True

    def extend(self, op: Primitive) -> bool:
        """Add an instruction of `op` on top of the latest result, if there is one."""
        latest = len(self.numbers) - 1
        self.unused = [latest]
        added = self.append(op, [0] * op.arities[0])
        if added and latest not in self.instructions[-1].operands:
            self.instructions.pop()
            self.numbers.pop()
            return False
        return added

    def _instruction(self, op: Primitive, picks: Sequence[Operand]) -> Instruction | None:
        boxes = _boxes(op, len(picks), self.smooth)
        operands: list[Operand] = []
        args: list[float] = []
        for place, pick in enumerate(picks):
            operand = self._operand(pick, [box[place] for box in boxes], self.unused if place == 0 else ())
            if operand is None:
                return None
            operands.append(operand)
            args.append(self.numbers[operand] if type(operand) is int else operand)
            boxes = [box for box in boxes if _inside(box[place], args[-1], type(operand) is float)]
        y = _result(op, tuple(args), self.smooth)
        if y is None or all(type(operand) is float for operand in operands):
            return None
        self.numbers.append(y)
        return Instruction(op, tuple(operands))

    def _operand(self, pick: Operand, places: list[_Place], unused: Sequence[int]) -> Operand | None:
        if isinstance(pick, float):
            if any(_inside(place, pick, True) for place in places):
                return pick
            pick = 0
        n, first = len(self.numbers), len(unused)
        for k in range(n + first):
            at = (pick + k) % (n + first)
            operand = unused[first - 1 - at] if at < first else n + first - 1 - at
            if any(_inside(place, self.numbers[operand], False) for place in places):
                return operand
        return next((_whole(domain, pick) for domain, _ in places if domain.discrete), None)


def _whole(domain: Domain, pick: int) -> float:
    """The whole number of `domain` with the number `pick`: from 0 outwards, as far as 4."""
    found = [x for n in range(5) for x in (float(n), -float(n)) if x in domain and (n or x == 0)]
    return found[pick % len(found)] + 0.0 if found else next(iter(domain)).least


_Place = tuple[Domain, float]  # the domain of an argument, and the margin to keep from its ends


def _boxes(op: Primitive, arity: int, smooth: bool) -> list[tuple[_Place, ...]]:
    """The boxes that arguments may lie in. Where a smooth program must keep its distance, a box of the domain will do
    as well as one of the smooth region if it holds an argument to whole numbers: x**3 for negative x."""
    domain = [op.domain.box(i, arity) for i in range(len(op.domain.boxes))]
    if not smooth:
        return [tuple((place, 0.0) for place in box) for box in domain]
    boxes = [op.smooth.box(i, arity) for i in range(len(op.smooth.boxes))]
    boxes += [box for box in domain if box not in boxes and any(place.discrete for place in box)]
    return [tuple((place, MARGIN) for place in box) for box in boxes]


def _inside(place: _Place, x: float, constant: bool) -> bool:
    domain, margin = place
    if domain.discrete:  # nothing is differentiated by such an argument: it is a constant
        return constant and x in domain
    return domain.depth(x) >= margin * max(1.0, abs(x)) if margin else x in domain


def _fits(box: tuple[_Place, ...], args: Sequence[float], operands: Sequence[Operand]) -> bool:
    return all(_inside(place, x, type(operand) is float) for place, x, operand in zip(box, args, operands))


def _result(op: Primitive, args: tuple[float, ...], smooth: bool) -> float | None:
    """The operation's result if it may stand in a program."""
    gap = op.smooth.gap
    if smooth and gap is not None and not abs(gap(*args)) >= MARGIN * max(1.0, *map(abs, args)):
        return None
    y = op(*args)
    return y if abs(y) <= LIMIT else None  # nor nan


def _live(point: Sequence[float], instructions: list[Instruction]) -> Program:
    """The program without the instructions that its last result does not need."""
    n = len(point)
    needed = {n + len(instructions) - 1}
    for k in range(len(instructions) - 1, -1, -1):
        if n + k in needed:
            needed.update(operand for operand in instructions[k].operands if type(operand) is int)
    kept = [k for k in range(n + len(instructions)) if k < n or k in needed]
    place = {k: i for i, k in enumerate(kept)}
    return Program(point, list(_renumbered(instructions, kept[n:], n, place)))


def _renumbered(
    instructions: list[Instruction], kept: list[int], n: int, place: dict[int, int]
) -> Iterator[Instruction]:
    for k in kept:
        op, operands, _ = instructions[k - n]
        yield Instruction(op, tuple(place[operand] if type(operand) is int else operand for operand in operands))
