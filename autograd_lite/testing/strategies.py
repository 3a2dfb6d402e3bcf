"""Hypothesis strategies for Values, points and whole programs, made from the table of primitives.

Everything is well defined by construction: nothing is drawn to be thrown away, so that no health check complains, and
a failure shrinks to the fewest instructions and the simplest numbers. Imports hypothesis, whose conventions it
follows: `min_value` and `max_value` first, the rest by keyword, InvalidArgument for bad arguments.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import DrawFn, SearchStrategy

from ..compiler.program import Operand
from ..numerics import ieee
from ..numerics.domains import Domain, Interval
from ..primitives import Primitive, table
from ..value import Value
from .programs import Program, assemble, is_well_defined

Point = tuple[float, ...]
_TINY = 2.0**-1022  # the smallest normal float
_FAR = 2**20  # whole numbers are drawn up to here where their domain does not end


def values(
    min_value: float | None = None,
    max_value: float | None = None,
    *,
    exclude_min: bool = False,
    exclude_max: bool = False,
    allow_nan: bool = False,
    allow_infinity: bool = False,
    label: str | None = None,
) -> SearchStrategy[Value]:
    """Leaves of a graph: `Value`s of every finite float between `min_value` and `max_value`, all named `label`.

    >>> from hypothesis import find
    >>> find(values(min_value=2.5), lambda v: v.data > 10)
    Value(11.0)
    """
    numbers = st.floats(
        min_value,
        max_value,
        exclude_min=exclude_min,
        exclude_max=exclude_max,
        allow_nan=allow_nan,
        allow_infinity=allow_infinity,
    )
    return st.builds(Value, numbers, st.just(label)) if label is not None else st.builds(Value, numbers)


def points(
    n: int,
    min_value: float = -8.0,
    max_value: float = 8.0,
    *,
    exclude_min: bool = False,
    exclude_max: bool = False,
) -> SearchStrategy[Point]:
    """Tuples of `n` floats between `min_value` and `max_value`.

    >>> from hypothesis import find
    >>> find(points(3), lambda p: p[1] > 5)
    (0.0, 6.0, 0.0)
    """
    if type(n) is not int or n < 0:
        raise InvalidArgument(f"n={n!r} must be a whole number of coordinates, from 1 on: write points(2), points(3) …")
    coordinate = st.floats(min_value, max_value, exclude_min=exclude_min, exclude_max=exclude_max)
    return st.tuples(*[coordinate] * n)


# ---- programs --------------------------------------------------------------------------------------------------------


def programs(
    *,
    primitives: Iterable[Primitive | str] | None = None,
    inputs: int | None = None,
    min_size: int = 1,
    max_size: int = 12,
    smooth: bool = True,
) -> SearchStrategy[Program]:
    """Random well-defined `Program`s: graphs of any shape, as lists of instructions that point back.

    Args:
        primitives: primitives of the table or their names, and your own; the whole table by default.
        inputs: how many; 1 to 4 by default.
        min_size, max_size: how many instructions.
        smooth: whether to keep a margin from every kink, tie and pole at the program's `point`. If False they are
            sought: inputs and constants are often the numbers where the primitives have one.

    >>> from hypothesis import find
    >>> print(find(programs(inputs=1, primitives=["mul", "sin"]), lambda p: len(p) == 2).point)
    (0.0,)
    """
    rows = _rows(primitives)
    if inputs is not None and (type(inputs) is not int or inputs < 1):
        raise InvalidArgument(f"inputs={inputs!r} must be a whole number from 1 on, or None")
    for name, size in (("min_size", min_size), ("max_size", max_size)):
        if type(size) is not int or size < 0:
            raise InvalidArgument(f"{name}={size!r} must be a whole number from 0 on")
    if min_size > max_size:
        raise InvalidArgument(f"min_size={min_size} is larger than max_size={max_size}")
    numbers = _numbers(rows, smooth)
    starts = st.lists(numbers, min_size=inputs or 1, max_size=inputs or 4)
    constants = st.lists(numbers, max_size=3)
    kinked = [] if smooth else [op for op in rows if repr(op.smooth) != repr(op.domain)]
    sized = st.sampled_from([(op, arity) for op in rows + 3 * kinked for arity in op.arities])
    drafts = [
        st.lists(_instructions(sized, max_size), min_size=size, max_size=max_size)
        for size in (min_size, (min_size + max_size) // 2)  # a list is seldom much longer than it must be
    ]
    lively = st.sampled_from([False, *[True] * 9])  # whether a gradient of zeros alone is avoided
    most = st.just(max_size if table["add"] in rows else 0)
    return st.builds(_assembled, starts, constants, st.one_of(drafts), st.just(smooth), st.just(min_size), lively, most)


def inputs_for(program: Program, *, smooth: bool = True) -> SearchStrategy[Point]:
    """Points at which `program` is well defined, `smooth` or not.

    A point is drawn anywhere, and drawn towards the program's own until all is well there.

    >>> from hypothesis import find
    >>> find(inputs_for(Program((4.0,), [("log", 0)])), lambda p: True)
    (2.0,)
    """
    if not isinstance(program, Program):
        raise InvalidArgument(f"program={program!r} must be a Program: draw one from programs(), or write Program(…)")
    if not is_well_defined(program, program.point, smooth=smooth):
        raise InvalidArgument(f"the program is not well defined at its own point {program.point}")

    def drawn_near(point: Point) -> Point:
        for k in range(60):
            near = tuple(own + (x - own) * 0.5**k for own, x in zip(program.point, point))
            if is_well_defined(program, near, smooth=smooth):
                return near
        return program.point

    return points(len(program.point)).map(drawn_near)


def _assembled(
    start: list[float],
    constants: list[float],
    draft: list[tuple[Primitive, list[int]]],
    smooth: bool,
    min_size: int,
    lively: bool,
    most: int,
) -> Program:
    meant = [(op, _meant(picks, constants)) for op, picks in draft]
    # Inputs that no operation drawn can take are too few for its size: then one input is what they can.
    flat = None
    for first in (start[0], *_inner_points(op for op, _ in draft)):
        program = assemble([first, *start[1:]], meant, smooth=smooth, size=min_size)
        if len(program) < min_size:
            continue
        if not lively or (len(program) and _has_slope(program)):
            return program
        last = len(program.point) + len(program) - 1
        more = Program(program.point, [*program.instructions, ("add", last, 0)])
        if len(more) <= most and is_well_defined(more, more.point, smooth=smooth) and _has_slope(more):
            return more
        flat = flat or program
    if flat is None:
        reject()  # exp, twenty times over: there is no such program
    return flat


def _has_slope(program: Program) -> bool:
    """Whether a derivative is not 0 at the program's own point."""
    inputs = [Value(x) for x in program.point]
    z = program(*inputs)
    if isinstance(z, Value):
        with ieee.errstate(all="ignore"):
            z.backward()
    return any(x.grad != 0.0 for x in inputs)


def _inner_points(rows: Iterable[Primitive]) -> Iterator[float]:
    """One number well inside each interval that an argument of the primitives may lie in."""
    for op in dict.fromkeys(rows):
        for box in op.smooth.boxes:
            for interval in (interval for place in box for interval in place):
                low, high = max(interval.low, -1e3), min(interval.high, 1e3)
                yield (low + high) / 2 if high - low < 1e3 else 1.5 + low if low > -1e3 else high - 1.5
                yield from (high - 1.0, low + 1.0, 1e6) if interval.high == math.inf else ()


def _meant(picks: list[int], constants: list[float]) -> list[Operand]:
    # The first operand is most often the latest result that nothing has used: so graphs hold together.
    first, *rest = picks
    return [
        constants[-1 - pick] if -len(constants) <= pick < 0 else abs(pick)
        for pick in (min(first, 0) if first < 6 else first - 5, *rest)
    ]


def _rows(primitives: Iterable[Primitive | str] | None) -> list[Primitive]:
    given = list(table.values() if primitives is None else primitives)
    unknown = [op for op in given if isinstance(op, str) and op not in table]
    if unknown:
        raise InvalidArgument(f"primitives={given!r}: there is no primitive {unknown[0]!r} in the table")
    rows = [table[op] if isinstance(op, str) else op for op in given]
    wrong = [op for op in rows if not isinstance(op, Primitive)]
    if wrong:
        raise InvalidArgument(f"primitives={given!r}: {wrong[0]!r} must be a primitive of the table or its name")
    rows = [op for op in rows if max(op.arities) > 0]
    if not rows:
        raise InvalidArgument("primitives names no operation that takes arguments")
    return rows


@st.composite
def _instructions(draw: DrawFn, rows: SearchStrategy[tuple[Primitive, int]], reach: int) -> tuple[Primitive, list[int]]:
    """A primitive and for each operand how far back it is, or for numbers below 0 which of the constants."""
    op, arity = draw(rows)
    return op, [draw(st.integers(-1, 7) if place == 0 else st.integers(-3, reach)) for place in range(arity)]


def _numbers(rows: Sequence[Primitive], smooth: bool) -> SearchStrategy[float]:
    """Inputs and constants."""
    plain = st.integers(-4, 4).map(float) | st.floats(-4.0, 4.0)
    if smooth:
        return plain
    special = {abs(x): None for op in rows for args, _ in op.special_slopes for x in args if abs(x) < 100.0}
    return st.sampled_from([*special, *(-x for x in special if x)]) | plain if special else plain


# ---- arguments of one primitive --------------------------------------------------------------------------------------


def domain(
    primitive: Primitive | str, *, arity: int | None = None, smooth: bool = False, allow_subnormal: bool = True
) -> SearchStrategy[Point]:
    """Argument tuples of a primitive, from all over its domain: any size, near its ends, and its special points.

    Args:
        primitive: a primitive of the table or its name, or one of your own.
        arity: how many arguments, for a primitive that takes any number; drawn from its `arities` by default.
        smooth: keep to where every derivative exists.
        allow_subnormal: draw arguments below 2.2e-308 too, whose reciprocals are infinite.

    >>> from hypothesis import find
    >>> find(domain("log"), lambda args: args[0] > 100)
    (101.0,)
    """
    (op,) = _rows([primitive])
    if arity is not None and arity not in op.arities and op.all_slopes is None:
        raise InvalidArgument(f"arity={arity!r}: {op} takes {op.arities[0]} arguments")
    region = op.smooth if smooth else op.domain

    def of(n: int) -> SearchStrategy[Point]:
        boxes = [st.tuples(*map(_of_domain, region.box(i, n))) for i in range(len(region.boxes))]
        special = [args for args, _ in op.special_slopes if len(args) == n and args in region]
        found = st.one_of(boxes) | st.sampled_from(special) if special else st.one_of(boxes)
        if not allow_subnormal:
            found = found.map(lambda args: tuple(map(_normal, args)))
        if region.gap is None:
            return found
        return found.map(functools.partial(_off_the_gap, region.gap)).filter(region.__contains__)

    return of(arity) if arity is not None else st.sampled_from(op.arities).flatmap(of)


def _normal(x: float) -> float:
    return math.copysign(_TINY, x) if 0.0 < abs(x) < _TINY else x


def _off_the_gap(gap: Callable[..., float], args: Point) -> Point:
    """`args`, moved until their gap is no zero; as they are where there is none but zeros, as for x mod 5e-324."""
    moved = args
    for k in range(52, 0, -4):
        if gap(*moved) != 0.0:
            return moved
        step = 0.5**k * max(1.0, abs(args[0]))
        up = args[0] + step
        moved = (up if math.isfinite(up) else args[0] - step, *args[1:])
    return args


def _of_domain(domain: Domain) -> SearchStrategy[float]:
    return st.one_of([_of_interval(interval) for interval in reversed(domain.intervals)])


def _of_interval(interval: Interval) -> SearchStrategy[float]:
    low, high = interval.low, interval.high
    if interval.integers is None:
        ends: dict[str, Any] = {
            "min_value": None if math.isinf(low) else low,
            "max_value": None if math.isinf(high) else high,
        }
        ordinary: dict[str, Any] = {"min_value": min(max(low, -8.0), high), "max_value": max(min(high, 8.0), low)}
        anywhere = st.floats(
            **ends,
            exclude_min=interval.open_low and not math.isinf(low),
            exclude_max=interval.open_high and not math.isinf(high),
            allow_nan=False,
            allow_infinity=False,
        )
        kept: dict[str, Any] = {
            "exclude_min": interval.open_low and ordinary["min_value"] == low,
            "exclude_max": interval.open_high and ordinary["max_value"] == high,
        }
        return anywhere if low == high else st.floats(**ordinary, **kept) | anywhere
    least, greatest = math.ceil(max(interval.least, -_FAR)), math.floor(min(interval.greatest, _FAR))
    if interval.integers == "only":
        return st.integers(least, greatest).map(float)
    fractions = st.floats(0.0, 1.0, exclude_min=True, exclude_max=True)
    return st.builds(_broken, st.integers(least, greatest), fractions, st.just(interval))


def _broken(whole: int, fraction: float, interval: Interval) -> float:
    """A number next to `whole` that is no whole number, inside the interval."""
    x = whole + fraction
    if x not in interval:
        x = whole - fraction
    if x not in interval:  # the fraction was rounded away
        x = math.nextafter(float(whole), math.inf)
    return x if x in interval else math.nextafter(float(whole), -math.inf)


st.register_type_strategy(Program, lambda asked_for: programs())
