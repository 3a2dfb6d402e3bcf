"""The graph of a function of one number, in the sense of a plot: the function, its derivative and a tangent.

Sampled at equal distances; between two samples, value and derivative are followed by bisection where they differ much:
what still differs at a distance of a few ulps is a jump of the function, or a kink, a jump of its derivative. No line
is drawn through either, nor through a pole or where there is no number. Imports matplotlib when it is called.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from ..numerics.ieee import errstate
from ..recording import recording
from ..value import Value, reverse
from .model import number_text
from .style import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_FOLLOWED = 100  # pairs of samples
STEEP = 0.02  # of the whole range, between two samples: worth following


class _Point(NamedTuple):
    x: float
    y: float
    slope: float


def plot(
    fn: Callable[..., Any], a: float, b: float, *, at: float | None = None, samples: int = 400, ax: Axes | None = None
) -> Axes:
    """Plot a function of one number from `a` to `b`: its value, its derivative, one tangent, and its kinks.

    Args:
        fn: what takes a Value and returns one.
        a, b: the ends of the interval.
        at: where the tangent touches; two thirds of the way if not given.
        samples: at how many points `fn` is evaluated.
        ax: matplotlib's axes to draw into; new ones if not given.

    Returns the axes: ``plot(fn, -1, 1).figure.savefig("f.png")``. RuntimeError without matplotlib; ValueError for ends
    that are no interval, a point outside of it, or fewer than two samples.

    >>> from autograd_lite import math, plot
    >>> axes = plot(lambda x: math.maximum(x * x, 1.0), 0.0, 3.0)
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['df/dx', 'f(x)', 'tangent at 1.95: slope 3.9', 'kink']
    """
    try:
        from matplotlib import pyplot
    except ImportError:
        raise RuntimeError("plot needs the package matplotlib: `pip install autograd_lite[plot]`") from None
    if not (math.isfinite(a) and math.isfinite(b) and a < b) or samples < 2:
        raise ValueError(f"plot: expected a < b and samples of 2 or more, got {a!r}, {b!r} and {samples!r}")
    at = a + 0.65 * (b - a) if at is None else at
    if not a <= at <= b:
        raise ValueError(f"plot: at is a point between {a!r} and {b!r}, not {at!r}")
    points = [_at(fn, a + (b - a) * i / (samples - 1)) for i in range(samples)]
    jumps, kinks = _found(fn, points, "y"), _found(fn, points, "slope")
    axes = pyplot.subplots()[1] if ax is None else ax
    name = getattr(fn, "__name__", "f")
    name = name if name.isidentifier() else "f"
    tangent = _at(fn, at)
    for what, role, label in (("slope", "gradient", f"d{name}/dx"), ("y", "value", f"{name}(x)")):
        xs, ys = _line(points, what, jumps if what == "y" else {**jumps, **kinks})
        axes.plot(xs, ys, color=LIGHT[role], label=label)
    low, high = _limits([point.y for point in points])
    least, most = _limits([point.slope for point in points])
    low, high = max(min(low, least), 2 * low - high), min(max(high, most), 2 * high - low)
    axes.set_ylim(low, high)
    seen = {
        round(kinks[i].x / (b - a), 9): kinks[i]
        for i in sorted(kinks)
        if i not in jumps and _is_corner(points, kinks, i)
    }
    corners = [corner for corner in seen.values() if low <= corner.y <= high]  # once, if a sample lies on one
    if math.isfinite(tangent.y) and math.isfinite(tangent.slope):
        ends = [tangent.y + tangent.slope * (x - at) for x in (a, b)]
        at_kink = ", a kink" if any(abs(corner.x - at) <= 1e-9 * (b - a) for corner in corners) else ""
        label = f"tangent at {number_text(at)}: slope {number_text(tangent.slope)}{at_kink}"
        axes.plot([a, b], ends, "--", color=LIGHT["local"], linewidth=1.0, label=label)
        axes.plot([at], [tangent.y], "o", color=LIGHT["local"])
    if corners:
        xs, ys = [point.x for point in corners], [point.y for point in corners]
        axes.plot(xs, ys, "D", color=LIGHT["mark"], fillstyle="none", linestyle="none", label="kink")
    axes.set_xlim(a, b)
    axes.axhline(0.0, color=LIGHT["faint"], linewidth=0.8, zorder=0)
    axes.set_xlabel("x")
    axes.legend()
    return axes


def _at(fn: Callable[..., Any], x: float) -> _Point:
    """Value and derivative at `x`; nan where there is none."""
    leaf = Value(x)
    with recording(), errstate(all="ignore"):
        try:
            y = fn(leaf)
        except (ArithmeticError, ValueError):
            return _Point(x, math.nan, math.nan)
    if not isinstance(y, Value):  # it does not depend on x
        return _Point(x, float(y), 0.0)
    if y.data != y.data:
        return _Point(x, math.nan, math.nan)
    return _Point(x, y.data, reverse({y: 1.0}).get(leaf, 0.0))


def _found(fn: Callable[..., Any], points: list[_Point], what: str) -> dict[int, _Point]:
    """Where value or slope jumps: after which sample, and the point there."""
    known = sorted(y for point in points if math.isfinite(y := getattr(point, what)))
    if not known:
        return {}
    scale = STEEP * (known[-len(known) // 20 - 1] - known[len(known) // 20]) or STEEP * abs(known[-1] - known[0])
    apart = [(_apart(pair, what), i) for i, pair in enumerate(pairwise(points))]
    steepest = sorted(((gap, i) for gap, i in apart if gap > scale), reverse=True)[:MOST_FOLLOWED]
    found = {
        i: point
        for i, point in enumerate(points)
        if what == "slope" and point.y == point.y and point.slope != point.slope
    }
    for gap, i in sorted(steepest, key=lambda one: one[1]):
        left, right = points[i], points[i + 1]
        while left.x < (middle := _at(fn, left.x + (right.x - left.x) / 2)).x < right.x:
            if not math.isfinite(getattr(middle, what)):
                found[i] = middle
                break
            halves = (left, middle), (middle, right)
            left, right = max(halves, key=lambda pair: _apart(pair, what))
            if _apart((left, right), what) < 0.3 * gap:
                break
        else:
            found[i] = left if abs(left.y) <= abs(right.y) else right
    return found


def _is_corner(points: list[_Point], kinks: dict[int, _Point], i: int) -> bool:
    """Whether it has numbers on both sides, and is not one where the slope goes to infinity and comes back from it."""
    near = points[max(i - 1, 0) : i + 3]
    finite = all(point.y - point.y == 0.0 for point in near)
    return finite and (math.isfinite(kinks[i].slope) or near[0].slope * near[-1].slope < 0.0)


def _apart(pair: tuple[_Point, _Point], what: str) -> float:
    gap = abs(getattr(pair[1], what) - getattr(pair[0], what))
    return gap if gap == gap else -1.0


def _line(points: list[_Point], what: str, gaps: dict[int, _Point]) -> tuple[list[float], list[float]]:
    """A line's points, with a nan where it is interrupted."""
    xs, ys = [], []
    for i, point in enumerate(points):
        y = getattr(point, what)
        xs.append(point.x)
        ys.append(y if math.isfinite(y) else math.nan)
        if i in gaps:
            xs.append(point.x)
            ys.append(math.nan)
    return xs, ys


def _limits(ys: list[float]) -> tuple[float, float]:
    """What is shown of the values: all of them, or where a pole makes these too many, nine tenths and some."""
    known = sorted(y for y in ys if math.isfinite(y)) or [0.0]
    low, high = known[0], known[-1]
    inner = known[len(known) // 20], known[-len(known) // 20 - 1]
    if high - low > 6 * (inner[1] - inner[0]) > 0:
        low, high = (end + side * (inner[1] - inner[0]) for end, side in zip(inner, (-0.5, 0.5)))
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room
