"""Is a derivative right? One judgement of every function that is not a graph of ours alone, with one band.

A derivative along a direction, of an output or a sum of outputs, is held against the function itself: in very many
digits if its code takes such numbers, else by finite differences. Two right formulas in floating point differ by the
rounding of their terms, so what is found may be off by

* ``c·eps·(‖g‖∞ + |f|/|xᵢ|)`` in the precision that the gradient is computed in, where c is 8, and
  256 in double precision (of a rounded exponent a power makes log x times its rounding), and `rtol`, `atol`;
* twice the spread of the gradient itself when the inputs move by one to four units in their last place;
* the error that finite differences estimate of themselves.

What is further off is wrong if a second opinion does not defend it: finite differences at other steps, finite
differences if the noise of the function, as its values at equidistant points show it, is rounding, and the slopes next
to the point, among which a subgradient lies. What is off by no more than the rounding of terms as large as the gradient
is nearby, as in the tail of 1 - tanh(x)², is undecided, as is everything of which the error is too large.

Strictly, with ``oracle="mpmath"``, it must be within 8 ulps of the truth in many digits, and nothing else counts.
"""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from mpmath import mp, mpf

from . import differences
from .exact import exact_slopes
from .verdict import GradientError, Report, at_point

MULTIPLE = 8.0  # of the rounding of one term
DOUBLE_MULTIPLE = 256.0  # in double precision, where there is room for exponents: x**0.4 has log x times theirs
LATE = "for lack of time"
_PATIENCE, _CALLS = 60, 256
FEW = 16  # inputs, and outputs, up to which each is judged by itself
_SHORTEST = 2.0**-4  # a point closer to 0 is no measure of how fast a function changes
_VAGUE = 2.0**-7  # an error larger than this part of what is judged decides nothing
_UNDERFLOW = 2.0**-60  # what is smaller, squared, underflows in single precision
EXACT = "to 50 digits"
_NOTHING = 2.0**-20  # an error smaller than this part of the whole gradient is none

Vector = Sequence[float]
Source = Callable[[Vector, Vector], float]  # the derivative that is judged: of a point and a direction


class OutOfTime(Exception):
    """A function is so slow that no more can be judged."""


class Budget:
    """Seconds of the processor, which are over at the earliest after the calls that a small function's judgement takes:
    so its verdict does not depend on how fast the machine is. At sixty times those seconds it is over in any case.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.calls, self.begun = seconds, 0, time.process_time()

    @contextlib.contextmanager
    def unpaid(self) -> Iterator[None]:
        """For what is slow when it is called first, as what a library compiles then."""
        start = time.process_time()
        try:
            yield
        finally:
            self.begun += time.process_time() - start

    def call(self) -> None:
        """Count a call; OutOfTime if there is no time for it."""
        self.calls += 1
        if self.used > _PATIENCE * self.seconds:
            raise OutOfTime

    @property
    def used(self) -> float:
        return time.process_time() - self.begun

    @property
    def is_over(self) -> bool:
        return self.used > self.seconds and (self.calls == 0 or self.calls > _CALLS)


class Subject(Protocol):
    """A function from floats to floats with derivatives to be judged."""

    name: str
    point: list[float]
    outputs: list[float]  # at the point
    inputs_named: list[str]
    outputs_named: list[str]
    eps: float  # the spacing of the numbers that its derivatives are computed with
    tiny: float  # the smallest of those numbers that has all its bits
    fine: float  # the spacing of those that `values` computes with

    def values(self, xs: list[float]) -> list[float]:
        """The outputs, nan where they are not defined."""

    def rounded(self, xs: list[float]) -> list[float]:
        """A point, in the numbers that `values` computes with."""

    def exact(self, *xs: Any) -> list[Any]:
        """The outputs for `Exact` numbers; any error if the function does not take them."""

    def pull(self, weights: Vector, xs: Vector) -> list[float]:
        """In reverse mode: the gradient of the outputs, summed with `weights`."""

    def push(self, direction: Vector, xs: Vector) -> list[float]:
        """In forward mode: the derivatives of the outputs along `direction`."""


class Truth(NamedTuple):
    """What a derivative lies between, the error of both ends, the size of what goes on there, and how it is known."""

    low: float
    high: float
    error: float
    scale: float
    step: float
    how: str
    others: tuple[differences.Slope, ...] = ()  # at larger steps

    def misses(self, found: float, band: float) -> bool:
        return not self.low - self.error - band <= found <= self.high + self.error + band

    def __str__(self) -> str:
        said = repr(self.low) if self.low == self.high else f"between {self.low!r} and {self.high!r}"
        return f"{said}{'' if self.how == EXACT else f' ± {self.error:.2g}'}, {self.how}"


class Judge:
    """Judges the derivatives of a subject, along directions that its lines are sampled on once."""

    def __init__(
        self, subject: Subject, report: Report, oracle: str, rtol: float, atol: float, budget: Budget
    ) -> None:  # fmt: skip
        self.subject, self.report = subject, report
        self.oracle, self.rtol, self.atol, self.budget = oracle, rtol, atol, budget
        self.random = random.Random(repr(subject.point))
        self.directions = self._directions()
        self._lines: dict[tuple[float, ...], differences.Line] = {}
        self._truths: dict[tuple[float, ...], Truth] = {}
        self._exact: dict[tuple[float, ...], list[tuple[Any, Any]] | None] = {}
        few = len(subject.point) <= FEW or oracle == "mpmath"  # many digits of many numbers take seconds
        self.takes_exact = oracle != "differences" and few and self._takes_exact()

    def mode(self, name: str) -> None:
        """Judge all derivatives as that mode finds them; GradientError for the first that is wrong."""
        before = self.report.numbers
        numbers = len(self.subject.point) * len(self.subject.outputs)
        with contextlib.suppress(OutOfTime):
            self._outputs(name)
        self._count(before + numbers - self.report.numbers, LATE)

    def _outputs(self, mode: str) -> None:
        """The derivatives of each output; of many outputs, those of two random sums."""
        subject = self.subject
        n, m = len(subject.point), len(subject.outputs)
        if mode == "reverse mode, as a rule" and m <= FEW:  # which may be right for cotangents of 1 alone
            weights = self._some(m)
            self._row(mode, weights, self._pulled(mode, weights), 0, None)
        if m > FEW:
            for numbers in (n * m // 2, n * m - n * m // 2):
                weights = self._some(m)
                self._row(mode, weights, self._pulled(mode, weights), numbers, None)
            return
        for k in range(m):
            if not math.isfinite(subject.outputs[k]):
                self._count(n, "the function is not finite here")
            elif k and self.budget.is_over:
                self._count(n, LATE)
            else:
                weights = [float(j == k) for j in range(m)]
                self._row(mode, weights, self._pulled(mode, weights), n, k)

    def _pulled(self, mode: str, weights: list[float]) -> list[float] | None:
        """The gradient, but in forward mode, which gives it a direction at a time."""
        with self.budget.unpaid():
            return None if mode.startswith("forward") else self.subject.pull(weights, self.subject.point)

    def _row(self, mode: str, weights: list[float], gradient: list[float] | None, numbers: int, k: int | None) -> None:
        """The derivatives of one output, or of one sum of all, along random directions, and by each of few inputs."""
        subject = self.subject
        n = len(subject.point)

        def source(xs: Vector, direction: Vector) -> float:
            if gradient is None:
                return math.fsum(w * y for w, y in zip(weights, subject.push(direction, xs)) if w)
            at = gradient if xs is subject.point else subject.pull(weights, xs)
            return math.fsum(g * v for g, v in zip(at, direction) if v)

        units = [[float(j == i) for j in range(n)] for i in range(n)] if n <= FEW else []
        with self.budget.unpaid():
            slopes = [source(subject.point, unit) for unit in units] if gradient is None else gradient
        size = max([abs(g) for g in slopes if math.isfinite(g)], default=0.0)
        judged = []
        for direction in self.directions if n > 1 or mode.endswith("a rule") else ():
            judged.append((direction, *self._judge(weights, direction, source, size)))
            if judged[-1][3] == "wrong":
                break
        wrong: list[tuple[int, float, Truth]] = []
        doubts: list[str | None] = []
        for i, direction in enumerate(units):
            if self.budget.is_over and n > 1:
                doubts += [LATE] * (n - i)
                break
            found, truth, doubt = self._judge(weights, direction, source, size)
            doubts.append(doubt)
            if doubt == "wrong":
                wrong.append((i, found, truth))
        if wrong:
            self._fail(mode, k, *wrong[0], len(wrong) - 1)
        if judged and judged[-1][3] == "wrong":
            self._locate(mode, weights, judged[-1][0], source, size, k, *judged[-1][1:3])
        if not units and all(doubt is not None for *_, doubt in judged):
            doubts = [judged[-1][3]] * numbers
        self.report.numbers += numbers
        self.report.undecided += [doubt for doubt in doubts if doubt is not None][:numbers]

    def _values(self, xs: list[float]) -> list[float]:
        self.budget.call()
        return self.subject.values(xs)

    def _in_digits(self, *xs: Any) -> list[Any]:
        self.budget.call()
        return self.subject.exact(*xs)

    def _value(self, weights: Vector, xs: list[float]) -> float:
        """The outputs, summed with `weights`."""
        return math.fsum(w * y for w, y in zip(weights, self._values(self.subject.rounded(xs))) if w)

    def _count(self, numbers: int, why: str) -> None:
        self.report.numbers += numbers
        self.report.undecided += [why] * numbers

    # ---- one number ----

    def _judge(
        self, weights: Vector, direction: Vector, source: Source, size: float
    ) -> tuple[float, Truth, str | None]:
        """What was found along a direction, the truth, and None if they agree, "wrong", or why nobody can tell."""
        found, truth = source(self.subject.point, direction), self.truth(weights, direction)
        if not math.isfinite(truth.low + truth.high + truth.error):
            return found, truth, "finite differences found no limit"
        band = self._band(weights, direction, size, truth)
        if not truth.misses(found, band):
            sizes = abs(found), abs(truth.low), abs(truth.high), truth.scale
            small = max(_VAGUE, 32.0 * self.subject.eps) * max(sizes)
            known = truth.how == EXACT or truth.error <= max(128.0 * band, small, _NOTHING * size, _UNDERFLOW)
            return found, truth, None if known else "finite differences say too little"
        if not math.isfinite(found) and truth.low != truth.high:
            return found, truth, "there is no derivative at a kink"
        lows = [other.value - 2.0 * other.error - band for other in truth.others]
        highs = [other.value + 2.0 * other.error + band for other in truth.others]
        if truth.others and min(lows) <= found <= max(highs):
            return found, truth, "another slope at larger steps than at small ones"
        return found, truth, self._second_opinion(weights, direction, source, found, truth, band)

    def truth(self, weights: Vector, direction: Vector, stretch: float = 1.0) -> Truth:
        """What the derivative of the outputs, summed with `weights`, along a direction is."""
        key = (stretch, *weights, *direction)
        if key not in self._truths:
            self._truths[key] = self._truth(weights, direction, stretch)
        return self._truths[key]

    def _truth(self, weights: Vector, direction: Vector, stretch: float) -> Truth:
        exact = self._exactly(tuple(direction)) if self.takes_exact and stretch == 1.0 else None
        if exact is not None:
            with mp.workdps(50):
                sides = [float(mp.fsum(w * side[at] for w, side in zip(weights, exact) if w)) for at in (0, 1)]
            at_zero = any(v and not x for x, v in zip(self.subject.point, direction))
            least = min([1.0, *[abs(x) for x in self.subject.point if x]])
            error = 2.0**-200 * max(float(at_zero), *map(abs, sides)) + 2.0**-400 * least**2  # what the steps leave
            return Truth(min(sides), max(sides), error, 0.0, 2.0**-6, EXACT)
        return self._by_differences(weights, self._line(direction, stretch))

    @staticmethod
    def _by_differences(weights: Vector, line: differences.Line, noise: float = 0.0) -> Truth:
        left, right, scale, others = line.slopes(weights, noise)
        low, high = min(left.value, right.value), max(left.value, right.value)
        error, step = max(left.error, right.error), min(left.step, right.step)
        return Truth(low, high, error, scale, step, "by finite differences", others)

    def _line(self, direction: Vector, stretch: float = 1.0) -> differences.Line:
        key, subject = (stretch, *direction), self.subject
        if key not in self._lines:
            self._lines[key] = differences.Line(
                self._values, subject.point, direction, subject.outputs, subject.fine, stretch, subject.rounded
            )
        return self._lines[key]

    def _band(self, weights: Vector, direction: Vector, size: float, truth: Truth) -> float:
        """What rounding leaves of two right formulas, and what the caller allows."""
        subject = self.subject
        if self.oracle == "mpmath":
            moving = [abs(v) for v in direction if v]  # of several inputs terms are added, which may cancel
            terms = max(abs(truth.low), abs(truth.high)) + (size * math.fsum(moving) if len(moving) > 1 else 0.0)
            return MULTIPLE * (subject.eps * terms + subject.tiny) + self.atol
        f = math.fsum(abs(w * y) for w, y in zip(weights, subject.outputs) if w)
        size = size or max(abs(truth.low), abs(truth.high))
        terms = math.hypot(*[v * (size + f / max(abs(x), _SHORTEST)) for x, v in zip(subject.point, direction) if v])
        multiple = DOUBLE_MULTIPLE if subject.eps < 2.0**-40 else MULTIPLE
        rounding = multiple * (subject.eps * terms + subject.tiny) if math.isfinite(terms) else 0.0
        return rounding + self.rtol * max(abs(truth.low), abs(truth.high)) + self.atol

    def _second_opinion(
        self, weights: Vector, direction: Vector, source: Source, found: float, truth: Truth, band: float
    ) -> str | None:
        """Of what seems wrong: None if it is right after all, "wrong" if nothing defends it, or why it is open."""
        if self.oracle == "mpmath":
            return "wrong"
        if max(abs(found), abs(truth.low), abs(truth.high)) < _UNDERFLOW:
            return "so small that numbers of less precision underflow"
        band += 2.0 * self._spread(direction, source)
        if not truth.misses(found, band):
            return None
        if not truth.misses(found, band + self._terms(direction, source)):
            return "smaller than the rounding of terms as large as the derivative is nearby"
        other = self.truth(weights, direction, 0.75)
        known = math.isfinite(other.error) and other.error <= max(1.0, abs(other.low), abs(other.high), other.scale)
        if truth.how == EXACT and known and other.misses(truth.low, band) and other.misses(truth.high, band):
            return "its formulas in many digits are not the function of floats"
        if truth.how != EXACT and not other.misses(found, band):
            return "finite differences at other steps say otherwise"
        noise = self._noise(weights, direction) if truth.how != EXACT else 0.0
        if noise and not self._by_differences(weights, self._line(direction), noise).misses(found, band):
            return "rounding has left the function few digits here"
        return None if self._is_subgradient(weights, direction, found, band) else "wrong"

    def _spread(self, direction: Vector, source: Source) -> float:
        """How much the derivative itself varies when the inputs move by a few ulps, to one side."""
        point, eps = self.subject.point, self.subject.eps
        spreads = [0.0]
        for way in (1.0, -1.0):
            slopes = [
                self._safely(source, [
                    x + way * math.copysign(j * eps * abs(x), v) if v else x for x, v in zip(point, direction)
                ], direction)
                for j in (1, 2, 3, 4)
            ]  # fmt: skip
            if all(map(math.isfinite, slopes)):
                spreads.append(max(slopes) - min(slopes))
        return max(spreads)

    def _terms(self, direction: Vector, source: Source) -> float:
        """The rounding of terms as large as the derivative is nearby: 1 - (1 - x²) is x² to the last bit of 1."""
        sizes = [abs(self._safely(source, xs, direction)) for xs in self._nearby(direction)]
        return 2.0 * MULTIPLE * self.subject.eps * max((size for size in sizes if math.isfinite(size)), default=0.0)

    def _nearby(self, direction: Vector) -> Iterator[list[float]]:
        """Points at which what moves has other sizes: of its own order, and where it is small that of the others."""
        point = self.subject.point
        for t in (0.25, -0.25, -0.5, -1.0, -2.0):
            yield [x + t * math.copysign(max(abs(x), 1.0), x) if v else x for x, v in zip(point, direction)]
        largest = max([1.0, *map(abs, point)])
        small = [x for x, v in zip(point, direction) if v and abs(x) < largest / 4.0]
        for t in (-1.0, -0.5, -0.25, 0.25, 0.5, 1.0) if small else ():
            yield [t * math.copysign(largest, v) if v else x for x, v in zip(point, direction)]

    def _noise(self, weights: Vector, direction: Vector) -> float:
        """The noise of the function on any scale, as far as it may be the rounding of a value that it has nearby."""
        subject = self.subject

        sizes = [abs(self._value(weights, xs)) for xs in self._nearby(direction)]
        most = MULTIPLE * subject.fine * max((size for size in sizes if math.isfinite(size)), default=0.0)
        found, step = [0.0], self._line(direction).ladders[0][0][0]
        for _ in range(6):
            step /= 4.0
            there = [[x + k * step * v if v else x for x, v in zip(subject.point, direction)] for k in range(-4, 5)]
            found.append(differences.noise([self._value(weights, xs) for xs in there]))
        return max(noise for noise in found if noise <= most)

    def _is_subgradient(self, weights: Vector, direction: Vector, found: float, band: float) -> bool:
        """Whether a derivative lies among those of the function next to the point, at a kink of several inputs: there
        the slopes differ, nearer to the point as much as further off."""
        point, fine = self.subject.point, self.subject.fine
        slopes: list[list[float]] = []
        slack = 0.0
        for near in (8.0 * math.sqrt(fine), math.sqrt(fine) / 2.0) if len(point) > 1 else ():
            slopes.append([])
            for _ in range(24):
                at = [x + near * max(abs(x), 1.0) * self.random.uniform(-1.0, 1.0) for x in point]
                sides = [[x + way * near / 16.0 * v for x, v in zip(at, direction)] for way in (1.0, -1.0)]
                after, before = (self._value(weights, xs) for xs in sides)
                slopes[-1].append((after - before) * 8.0 / near)
                slack = max(slack, 64.0 * fine * (abs(after) + abs(before)) / near)
        if not slopes or not math.isfinite(sum(map(sum, slopes))):
            return False
        far, close = (max(some) - min(some) for some in slopes)
        kinked = close >= far / 2.0 > _VAGUE * max(map(abs, slopes[0])) + slack
        return kinked and min(slopes[0]) - slack - band <= found <= max(slopes[0]) + slack + band

    def _safely(self, source: Source, xs: Vector, direction: Vector) -> float:
        try:
            return source(xs, direction)
        except Exception:  # a gradient that does not exist at a neighbour of the point
            return math.nan

    # ---- in many digits ----

    def _takes_exact(self) -> bool:
        subject = self.subject
        try:
            from .exact import exact_values

            there = [float(y) for y in exact_values(self._in_digits, subject.point)]
        except Exception as error:  # whatever its code makes of numbers that are not floats
            if self.oracle == "mpmath":
                raise TypeError(f'oracle="mpmath": {subject.name} cannot be run with more digits: {error}') from None
            return False
        return len(there) == len(subject.outputs) and all(
            abs(a - b) <= 1e-6 * max(1.0, abs(a)) or a != a for a, b in zip(subject.outputs, there)
        )

    def _exactly(self, direction: tuple[float, ...]) -> list[tuple[Any, Any]] | None:
        if direction not in self._exact:
            try:
                found = exact_slopes(self._in_digits, self.subject.point, direction)
                self._exact[direction] = found if all(isinstance(x, mpf) for pair in found for x in pair) else None
            except OutOfTime:
                raise
            except Exception:  # not at the points next to this one
                self._exact[direction] = None
        return self._exact[direction]

    # ---- where ----

    def _directions(self) -> list[list[float]]:
        """Two that move every input: all ahead, as ties want it, and each as it comes; of one input, back."""
        sizes = [math.ldexp(1.0, math.frexp(max(abs(x), 1.0))[1] - 1) for x in self.subject.point]
        return [
            [self.random.choice(signs) * size * self.random.uniform(0.5, 1.5) for size in sizes]
            for signs in (((1.0,), (1.0, -1.0)) if len(sizes) > 1 else ((-1.0,),))
        ]

    def _some(self, m: int) -> list[float]:
        return [self.random.choice((1.0, -1.0)) * self.random.uniform(0.5, 1.5) for _ in range(m)]

    def _locate(
        self, mode: str, weights: list[float], direction: list[float], source: Source, size: float,
        k: int | None, found: float, truth: Truth,
    ) -> None:  # fmt: skip
        """Halve a direction along which the derivative is wrong until one input, and one output, is left."""

        def is_wrong(some: list[float], part: list[float], own: Source) -> bool:
            nonlocal found, truth
            there, known = own(self.subject.point, part), self.truth(some, part)
            wrong = known.misses(there, self._band(some, part, size, known)) and math.isfinite(known.error)
            if wrong:
                found, truth = there, known
            return wrong

        if len(direction) == 1:
            self._fail_along(mode, k, direction, found, truth)
        try:
            while len(moving := [i for i, v in enumerate(direction) if v]) > 1:
                for half in (moving[: len(moving) // 2], moving[len(moving) // 2 :]):
                    part = [0.0] * len(direction)
                    for i in half:
                        part[i] = direction[i] if len(half) > 1 else 1.0
                    if is_wrong(weights, part, source):
                        direction = part
                        break
                else:  # wrong together
                    self._fail_along(mode, k, direction, found, truth)
            chosen = [j for j, w in enumerate(weights) if w] if k is None and not mode.startswith("forward") else []
            while len(chosen) > 1:
                for half in (chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]):
                    some = [0.0] * len(weights)
                    for j in half:
                        some[j] = weights[j] if len(half) > 1 else 1.0
                    pulled = self.subject.pull(some, self.subject.point)
                    if is_wrong(some, direction, lambda xs, v: math.fsum(g * x for g, x in zip(pulled, v) if x)):  # noqa: B023
                        chosen = half
                        break
                else:
                    break
            if len(chosen) == 1:
                k = chosen[0]
        except OutOfTime:  # it is wrong, wherever
            self._fail_along(mode, k, direction, found, truth)
        self._fail(mode, k, next(i for i, v in enumerate(direction) if v), found, truth, 0)

    def _fail(self, mode: str, k: int | None, i: int, found: float, truth: Truth, others: int) -> None:
        subject = self.subject
        middle = truth.low if truth.low == truth.high else math.nan
        lines = [
            f"∂{self._output(k)}/∂{subject.inputs_named[i]} of {subject.name} is wrong, in {mode}, at {self._where(i)}",
            f"  found   {found!r}",
            f"  truth   {truth}",
        ]
        if middle and math.isfinite(middle) and math.isfinite(found) and abs(found / middle - 1.0) > 1e-3:
            ratio = found / middle
            lines.append(f"  ratio   {ratio:.4g}{': the sign is wrong' if abs(ratio + 1.0) < 1e-6 else ''}")
        if others:
            lines.append(f"  {others} other of the {len(subject.point)} derivatives of this output are wrong too")
        raise GradientError("\n".join(lines))

    def _fail_along(self, mode: str, k: int | None, direction: list[float], found: float, truth: Truth) -> None:
        subject = self.subject
        moving = [i for i, v in enumerate(direction) if v]
        alone = len(moving) == 1  # a rule, which is right for the tangent 1
        why = "not linear in its tangent" if alone else "no entry by itself, but all together, as at a tie"
        names = ", ".join(subject.inputs_named[i] for i in moving[:6]) + (", …" if len(moving) > 6 else "")
        along = ", ".join(f"{direction[i]:.4g}" for i in moving[:6]) + (", …" if len(moving) > 6 else "")
        raise GradientError(
            f"the gradient of {self._output(k)} of {subject.name} is wrong, in {mode}, at {self._where(moving[0])}: "
            f"{why}\n"
            f"  found   {found!r}, along ({along}) of ({names})\n  truth   {truth}"
        )

    def _output(self, k: int | None) -> str:
        return "f" if k is None else f"f{self.subject.outputs_named[k]}"

    def _where(self, i: int) -> str:
        subject = self.subject
        text = at_point(subject.point, subject.inputs_named)
        return text if i < 8 else f"{subject.inputs_named[i]}={subject.point[i]!r}, {text}"


def taylor_test(fn: Callable[..., Any], point: Vector, gradient: Vector, direction: Vector) -> float:
    """The power of h with which f(x + h v) − f(x) − h·∇f·v vanishes; a `GradientError` if that is less than 1.9.

    Args:
        fn: from as many floats as `point` has to one float.
        point, gradient, direction: x, ∇f there, and v.

    It is 2 where the gradient is right, 1 where it is wrong, inf if there is nothing left but rounding.

    >>> round(taylor_test(lambda x, y: x * x * y, [3.0, 2.0], [12.0, 9.0], [1.0, 1.0]), 1)
    2.0
    """
    if not len(point) == len(gradient) == len(direction):
        raise ValueError(
            f"point, gradient and direction differ in length: {len(point)}, {len(gradient)}, {len(direction)}"
        )
    slope = math.fsum(g * v for g, v in zip(gradient, direction))
    rate = differences.remainder_rate(lambda xs: [float(fn(*xs))], point, direction, [slope])
    if rate < 1.9:
        raise GradientError(
            f"the gradient {list(gradient)} is wrong at {at_point(point)}: along {list(direction)} the "
            f"remainder of Taylor's first order vanishes as h^{rate:.2f}, not as h²"
        )
    return rate
