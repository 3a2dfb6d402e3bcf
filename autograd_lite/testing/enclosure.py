"""An independent reverse sweep in interval arithmetic: where a correct gradient in floats must lie.

Each result, slope and adjoint is an interval of mpmath's `iv` at 50 bits, rounded outwards: an operation in 53-bit
floats on numbers inside gives a number inside. What is not correctly rounded is widened by the primitive's own bound in
ulps. There is no tolerance to choose. Imports the oracles, never the engine's sweeps or derivatives. Source: Moore,
Interval Analysis (1966).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mpmath import iv, mp, mpf
from mpmath.libmp import fzero

from ..compiler.program import Instruction
from ..graph import topological_order
from ..primitives import Primitive, constant, identity, table
from ..value import Value
from . import oracles, reals
from .programs import Program

BITS = 50
_TINY = 2.0**-1022  # smaller numbers have lost bits, or all of them
_VAGUE = 2.0**-10  # an enclosure wider than this, relative to its middle, decides little

Number = Any


class Interval:
    """The numbers from `low` to `high`.

    >>> Interval(1.0, 2.0), 1.5 in Interval(1.0, 2.0), Interval(1.0, 2.0).is_vague
    (Interval(1.0, 2.0), True, True)
    """

    __slots__ = ("high", "low")

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __contains__(self, x: float) -> bool:
        return self.low <= x <= self.high

    @property
    def is_vague(self) -> bool:
        """Whether it is too wide to say much: wider than 1/1024 of its middle, or without an end."""
        width = self.high - self.low
        return not width <= _VAGUE * abs(self.low + self.high) / 2.0

    def __repr__(self) -> str:
        return f"Interval({self.low!r}, {self.high!r})"


def enclose(program: Program, point: Sequence[float], seed: float = 1.0) -> tuple[Interval, list[Interval | None]]:
    """The enclosures of a program's value at `point`, and of its gradient: one by each input, None for no path.

    >>> value, (by_x, by_y) = enclose(Program((3.0, 1.0), [("mul", 0, 0), ("sin", 2)]), (3.0, 1.0))
    >>> math.sin(9.0) in value, 6.0 * math.cos(9.0) in by_x, by_y
    (True, True, None)
    """
    with working_precision():
        values, arguments = _values(program, point)
        slopes = [
            [
                _widened(oracles.enclosed_slope(op, i, args), op.ulps) if type(operand) is int else None
                for i, operand in enumerate(operands)
            ]
            for (op, operands), args in zip(program.steps, arguments)
        ]
        adjoints = sweep(program, slopes, iv.mpf(seed))
        gradient = [None if adjoint is None else interval_ends(adjoint) for adjoint in adjoints[: len(point)]]
        return interval_ends(values[-1]), gradient


def enclose_sweep(program: Program, slopes: Sequence[Sequence[float]], seed: float = 1.0) -> list[Interval | None]:
    """The enclosures of the adjoints of all results, if the local derivatives are `slopes`, exactly."""
    with working_precision():
        adjoints = sweep(program, _exact(slopes), iv.mpf(seed))
        return [None if adjoint is None else interval_ends(adjoint) for adjoint in adjoints]


def enclose_push(program: Program, slopes: Sequence[Sequence[float]], by: int) -> Interval:
    """The enclosure of the last result's derivative by input `by`, added up as the forward mode does.

    It is another than the sweep's where terms cancel: in ``(x + tiny) - x`` the forward mode rounds what the sweep does
    not, which adds up elsewhere.

    >>> program = Program((1.0,), [("mul", 0, 1e-300), ("add", 1, 0), ("sub", 2, 0)])
    >>> slopes = [(1e-300,), (1.0, 1.0), (1.0, -1.0)]
    >>> 0.0 in enclose_push(program, slopes, 0), 0.0 in enclose_sweep(program, slopes)[0]
    (True, False)
    """
    with working_precision():
        tangents: list[Number | None] = [None] * len(program.point)
        tangents[by] = iv.mpf(1.0)
        for (op, operands), row in zip(program.steps, _exact(slopes)):
            total = None
            for place, (operand, slope) in enumerate(zip(operands, row)):
                tangent = tangents[operand] if type(operand) is int else None
                if tangent is not None and (term := _term(op, place, tangent, slope)) is not _NO_TERM:
                    total = term if total is None else total + term
            tangents.append(total)
        return Interval(0.0, 0.0) if tangents[-1] is None else interval_ends(tangents[-1])


def _exact(slopes: Sequence[Sequence[float]]) -> list[list[Number]]:
    return [[iv.mpf(slope) if slope - slope == 0.0 else reals.EVERYTHING for slope in row] for row in slopes]


def sweep(program: Program, slopes: Sequence[Sequence[Number]], seed: Number) -> list[Number | None]:
    """The adjoint of each result: the chain rule in mpmath's numbers, intervals or not.

    What is reached only through arguments that are not chosen, or in which an operation is flat, has the adjoint 0.
    """
    n = len(program.point)
    adjoints: list[Number | None] = [None] * (n + len(program))
    adjoints[-1] = seed
    for k in range(len(program) - 1, -1, -1):
        adjoint = adjoints[n + k]
        if adjoint is None:
            continue
        op, operands = program.steps[k]
        for place, (operand, slope) in enumerate(zip(operands, slopes[k])):
            if type(operand) is int:
                term = _NO_TERM if adjoint is _NO_TERM else _term(op, place, adjoint, slope)
                before = adjoints[operand]
                if before is None or before is _NO_TERM:
                    adjoints[operand] = term
                elif term is not _NO_TERM:
                    adjoints[operand] = before + term
    return [seed - seed if adjoint is _NO_TERM else adjoint for adjoint in adjoints]


_NO_TERM = object()  # the adjoint of what is not chosen


def _term(op: Primitive, place: int, factor: Number, slope: Number) -> Number:
    if op.all_slopes is None and (op.piecewise_constant[place] or (op.choices[place] is not None and _is_zero(slope))):
        return _NO_TERM
    return _product(factor, slope)


def program_of(z: Value, inputs: Sequence[Value]) -> tuple[Program, list[Value]]:
    """The recorded graph of `z` as a program of `inputs`, and the node of each of its results.

    Every number is the one that was recorded: leaves that are not among the inputs are constants.

    >>> x = Value(3.0)
    >>> program_of(x * x + 1, [x])[0]
    Program((3.0,), [('mul', 0, 0), ('add', 1, 1.0)])
    """
    place: dict[Value, int] = {x: i for i, x in enumerate(inputs)}
    nodes = list(inputs)
    point = {x: x.data for x in inputs}
    instructions = []
    for node in topological_order(z):
        if node in place or not node.parents:
            continue
        op = node.op
        assert op is not None  # a node with parents has one
        operands = tuple(place.get(parent, arg) for parent, arg in zip(node.parents, node.record[1:]))
        point.update((parent, arg) for parent, arg in zip(node.parents, node.record[1:]) if parent in point)
        place[node] = len(nodes)
        nodes.append(node)
        instructions.append(Instruction(op, operands))
    if nodes[-1] is not z:  # an input, or a constant
        nodes.append(z)
        instructions.append(Instruction(identity, (place.get(z, z.data),)))
    return Program([point[x] for x in inputs], instructions), nodes


def is_known(op: Primitive) -> bool:
    """Whether the truth about an operation is known: it is a primitive of the table that has an oracle."""
    return table.get(op.name) is op and op is not constant


@contextmanager
def working_precision(bits: int = BITS) -> Iterator[None]:
    """The precision of mpmath's intervals, for a while."""
    before, iv.prec = iv.prec, bits
    try:
        yield
    finally:
        iv.prec = before


# ---- intervals -------------------------------------------------------------------------------------------------------


def _values(program: Program, point: Sequence[float]) -> tuple[list[Number], list[list[Number]]]:
    """The enclosures of all results, and of the arguments of each instruction."""
    values: list[Number] = [iv.mpf(x) for x in point]
    arguments: list[list[Number]] = []
    for op, operands in program.steps:
        arguments.append([values[operand] if type(operand) is int else iv.mpf(operand) for operand in operands])
        values.append(_widened(oracles.enclosed_value(op, arguments[-1]), op.ulps))
    return values, arguments


def _widened(x: Number, ulps: float) -> Number:
    """x, and what floats within `ulps` of a number inside may be."""
    if _is_zero(x):
        return x
    return x * iv.mpf([1.0 - ulps * 2.0**-52, 1.0 + ulps * 2.0**-52]) + iv.mpf([-_TINY, _TINY])


def _product(a: Number, b: Number) -> Number:
    """a·b, and if it is an interval of very small numbers, what floats lose there."""
    product = a * b
    if hasattr(product, "_mpi_") and all(end[2] + end[3] < -990 for end in product._mpi_):
        return product + iv.mpf([-_TINY, _TINY])
    return product


def _is_zero(x: Number) -> bool:
    if hasattr(x, "_mpi_"):
        low, high = x._mpi_
        return bool(low == high == fzero)
    return bool(x == 0)


def interval_ends(x: Number) -> Interval:
    """An interval of mpmath's as floats, rounded outwards."""
    low, high = x._mpi_
    return Interval(_float(low, "f"), _float(high, "c"))


def _float(x: Any, rounding: str) -> float:
    number = float(mp.make_mpf(x))
    if number != number:
        return -math.inf if rounding == "f" else math.inf
    if mpf(number) == mp.make_mpf(x):
        return number
    return math.nextafter(number, -math.inf if rounding == "f" else math.inf)
