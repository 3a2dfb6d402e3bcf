"""What this engine and others give at kinks, ties and edges, measured: ``python docs/conventions.py`` writes the tables
of docs/conventions.md anew.

Needs the extras ``jax`` and ``peers``. What TensorFlow and DiffRules.jl give was measured once (the page says with
which versions) and stands here.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import autograd_lite as ag

PAGE = Path(__file__).with_name("conventions.md")
Slopes = Sequence[float]


class Case(NamedTuple):
    """A function of a system's operations `m` and of numbers, the point, and what the systems not measured give."""

    name: str
    function: Callable[..., Any]
    point: tuple[float, ...]
    tensorflow: str = ""
    diffrules: str = ""
    order: int = 1
    by: tuple[int, ...] | None = None  # the arguments; all by default


CASES = [
    Case("abs(x) at 0", lambda m, x: m.abs(x), (0.0,), "0", "1, −1 at −0"),
    Case("relu(x) at 0", lambda m, x: m.relu(x), (0.0,), "0"),
    Case("max(a, b) at a tie", lambda m, a, b: m.maximum(a, b), (1.0, 1.0), "1, 0", "0, 1"),
    Case("min(a, b) at a tie", lambda m, a, b: m.minimum(a, b), (1.0, 1.0), "1, 0", "1, 0"),
    Case("clip(x, 0, 1) at 1", lambda m, x: m.clip(x, 0.0, 1.0), (1.0,), "1"),
    Case("x**0 at 0", lambda m, x: x**0, (0.0,), "nan"),
    Case("x**0.0 at 0", lambda m, x: x**0.0, (0.0,), "nan"),
    Case("x**y at (0, 0)", lambda m, x, y: x**y, (0.0, 0.0), "nan, 0", "∂y: nan"),
    Case("x**y at (0, 2)", lambda m, x, y: x**y, (0.0, 2.0), "0, 0", "0, nan"),
    Case("x**y at (0, ½)", lambda m, x, y: x**y, (0.0, 0.5), "inf, 0", "inf, nan"),
    Case("x**y at (0, −1)", lambda m, x, y: x**y, (0.0, -1.0), "−inf, nan"),
    Case("x**y at (−2, 3)", lambda m, x, y: x**y, (-2.0, 3.0), "12, −0", "12, nan"),
    Case("sqrt(x) at 0", lambda m, x: m.sqrt(x), (0.0,), "inf", "inf"),
    Case("log(x) at 0", lambda m, x: m.log(x), (0.0,), "inf", "inf"),
    Case("sqrt(x**2) at 0", lambda m, x: m.sqrt(x**2), (0.0,), "nan"),
    Case("hypot(x, y) at (0, 0)", lambda m, x, y: m.hypot(x, y), (0.0, 0.0), "", "nan"),
    Case("atan2(y, x) at (0, 0)", lambda m, y, x: m.atan2(y, x), (0.0, 0.0), "nan", "nan"),
    Case("where(x > 0, sqrt(x), 0) at −1", lambda m, x: m.where(x > 0.0, m.sqrt(x), 0.0 * x), (-1.0,), "0"),
    Case("where(x == 0, 1, sin(x)/x) at 0", lambda m, x: m.where(x == 0.0, 1.0 + 0.0 * x, m.sin(x) / x), (0.0,), "nan"),
    Case("sign(x) at 0", lambda m, x: m.sign(x), (0.0,), "0"),
    Case("floor(x) at 1", lambda m, x: m.floor(x), (1.0,), "none"),
    Case("fmod(a, b) at (6, 3)", lambda m, a, b: m.fmod(a, b), (6.0, 3.0), "", "nan"),
    Case("copysign(x, −1) at 0", lambda m, x, s: m.copysign(x, s), (0.0, -1.0), by=(0,)),
    Case("lgamma(x) at 0", lambda m, x: m.lgamma(x), (0.0,), "nan"),
    Case("abs″(x) at 0", lambda m, x: m.abs(x), (0.0,), "0", order=2),
    Case("relu″(x) at 0", lambda m, x: m.relu(x), (0.0,), "0", order=2),
]
IDENTITIES = [
    Case("relu(x) − relu(−x)", lambda m, x: m.relu(x) - m.relu(-x), (0.0,)),
    Case("clip(x, 0, 1) + clip(x, −1, 0)", lambda m, x: m.clip(x, 0.0, 1.0) + m.clip(x, -1.0, 0.0), (0.0,)),
    Case("max(x, 0) + log1p(exp(−abs(x)))", lambda m, x: m.maximum(x, 0.0 * x) + m.log1p(m.exp(-m.abs(x))), (0.0,)),
    Case("abs(x) · x", lambda m, x: m.abs(x) * x, (0.0,)),
    Case("sqrt(x)**2", lambda m, x: m.sqrt(x) ** 2, (0.0,)),
]


class System(NamedTuple):
    """A system as it is installed: its version, its operations, and how it differentiates."""

    name: str
    version: str
    operations: Any
    gradient: Callable[[Callable[..., Any], tuple[float, ...], tuple[int, ...], int], Slopes]

    def slopes(self, case: Case) -> str:
        """What it gives for a case, as the page has it; a dash where it lacks an operation."""
        by = case.by or tuple(range(len(case.point)))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = self.gradient(lambda *xs: case.function(self.operations, *xs), case.point, by, case.order)
        except (AttributeError, NotImplementedError):
            return "–"
        return ", ".join(map(number, found))


def number(x: float) -> str:
    """A slope as the page has it.

    >>> [number(x) for x in (0.5, -0.0, float("-inf"), 12.0)]
    ['½', '−0', '−inf', '12']
    """
    return "½" if x == 0.5 else f"{x:.4g}".replace("-", "−")


def ours() -> System:
    """This engine. The operations are those of `math`, and Python's."""
    names = {name: getattr(ag.math, name) for name in ag.math.__all__}

    def gradient(fn: Callable[..., Any], point: tuple[float, ...], by: tuple[int, ...], order: int) -> Slopes:
        with ag.errstate(all="ignore"):
            for _ in range(order - 1):
                fn = ag.grad(fn)
            return ag.grad(fn, by)(*point)

    return System("ours", ag.__version__, SimpleNamespace(**names | {"abs": abs}), gradient)


def torch() -> System:
    """PyTorch, in float64."""
    it = importlib.import_module("torch")
    names = "abs relu maximum minimum sqrt log hypot atan2 where sin sign floor fmod copysign lgamma exp log1p"
    operations = {name: getattr(it, name) for name in names.split()}

    def gradient(fn: Callable[..., Any], point: tuple[float, ...], by: tuple[int, ...], order: int) -> Slopes:
        xs = [it.tensor(x, dtype=it.float64, requires_grad=True) for x in point]
        z = fn(*xs)
        for _ in range(order - 1):
            (z,) = it.autograd.grad(z, xs, create_graph=True)
        if not z.requires_grad:
            return [0.0 for _ in by]
        found = it.autograd.grad(z, xs, allow_unused=True)
        return [0.0 if found[i] is None else float(found[i]) for i in by]

    return System("PyTorch", it.__version__.split("+")[0], SimpleNamespace(**operations, clip=it.clamp), gradient)


def jax() -> System:
    """JAX, in float64."""
    it, np = importlib.import_module("jax"), importlib.import_module("jax.numpy")
    names = "abs maximum minimum clip sqrt log hypot where sin sign floor fmod copysign exp log1p"
    operations = {name: getattr(np, name) for name in names.split()}
    special = importlib.import_module("jax.scipy.special")
    operations |= {"relu": it.nn.relu, "atan2": np.arctan2, "lgamma": special.gammaln}

    def gradient(fn: Callable[..., Any], point: tuple[float, ...], by: tuple[int, ...], order: int) -> Slopes:
        before = it.config.jax_enable_x64
        it.config.update("jax_enable_x64", True)
        try:
            for _ in range(order - 1):
                fn = it.grad(fn)
            return [float(slope) for slope in it.grad(fn, by)(*point)]
        finally:
            it.config.update("jax_enable_x64", before)

    return System("JAX", it.__version__, SimpleNamespace(**operations), gradient)


def autograd() -> System:
    """HIPS autograd. It has no relu; its maximum stands for it."""
    it, np = importlib.import_module("autograd"), importlib.import_module("autograd.numpy")
    names = "abs maximum minimum clip sqrt log where sin sign floor exp log1p fmod"
    operations = {name: getattr(np, name) for name in names.split()}
    special = importlib.import_module("autograd.scipy.special")
    operations |= {"relu": lambda x: np.maximum(x, 0.0), "atan2": np.arctan2, "lgamma": special.gammaln}
    # A hypot by hand, as its users write it.
    operations["hypot"] = lambda x, y: np.sqrt(x**2 + y**2)
    version = importlib.import_module("importlib.metadata").version("autograd")

    def gradient(fn: Callable[..., Any], point: tuple[float, ...], by: tuple[int, ...], order: int) -> Slopes:
        for _ in range(order - 1):
            fn = it.grad(fn)
        return [float(it.grad(fn, i)(*map(np.float64, point))) for i in by]

    return System("autograd", version, SimpleNamespace(**operations), gradient)


def casadi() -> System:
    """CasADi's symbols (SX). It has no relu and no clip; fmax and fmin stand for them."""
    it = importlib.import_module("casadi")
    names = "sqrt log hypot atan2 sin sign floor fmod copysign exp log1p"
    operations = {name: getattr(it, name) for name in names.split()}
    operations |= {"abs": it.fabs, "maximum": it.fmax, "minimum": it.fmin, "where": it.if_else}
    operations |= {"relu": lambda x: it.fmax(x, 0.0), "clip": lambda x, low, high: it.fmin(it.fmax(x, low), high)}

    def gradient(fn: Callable[..., Any], point: tuple[float, ...], by: tuple[int, ...], order: int) -> Slopes:
        xs = [it.SX.sym(f"x{i}") for i in range(len(point))]
        z = fn(*xs)
        for _ in range(order - 1):
            z = it.gradient(z, xs[0])
        found = it.Function("f", xs, [it.gradient(z, xs[i]) for i in by])(*point)
        return [float(slope) for slope in (found if len(by) > 1 else [found])]

    return System("CasADi", it.__version__, SimpleNamespace(**operations), gradient)


PEERS = (torch, jax, autograd, casadi)
OTHERS = ("TensorFlow 2.21", "DiffRules.jl")


def special_points(systems: Sequence[System]) -> str:
    """The slopes of all systems at the special points, a line for each."""
    lines = [["derivative of", *map(_head, systems), *(f"{other} †" for other in OTHERS)]]
    for case in CASES:
        told = (case.tensorflow or "–", case.diffrules or "–")
        lines.append([f"`{case.name}`", *(system.slopes(case) for system in systems), *told])
    return _table(lines)


def identities(systems: Sequence[System]) -> str:
    """The slopes at 0 of functions that have one there, a line for each."""
    lines = [["derivative at 0 of", "truth", *map(_head, systems)]]
    lines += [[f"`{case.name}`", truth(case), *(system.slopes(case) for system in systems)] for case in IDENTITIES]
    return _table(lines)


def _head(system: System) -> str:
    return "ours" if system.name == "ours" else f"{system.name} {system.version}"


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *others = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([head, "|" + "---|" * len(lines[0]), *others])


def truth(case: Case) -> str:
    """The derivative at 0 of a function that has one, in 60 digits: differences to both sides, which agree."""
    mpmath = importlib.import_module("mpmath")
    operations = SimpleNamespace(
        abs=abs, relu=lambda x: max(x, 0), clip=lambda x, low, high: min(max(x, low), high), maximum=max,
        sqrt=mpmath.sqrt, log=mpmath.log, log1p=mpmath.log1p, exp=mpmath.exp,
    )  # fmt: skip
    with mpmath.mp.workdps(60):
        h = mpmath.mpf(10) ** -25
        sides = [(case.function(operations, s * h) - case.function(operations, 0 * h)) / (s * h) for s in (1, -1)]
        assert all(abs(mpmath.im(side)) < 1e-12 for side in sides)
        assert abs(sides[0] - sides[1]) < 1e-12, case.name
        return number(round(float(mpmath.re(sides[0])), 9))


def page(text: str, systems: Sequence[System]) -> str:
    """The page with its two tables measured anew."""
    for place, table in (("special points", special_points(systems)), ("identities", identities(systems))):
        before, _, rest = text.partition(f"<!-- measured: {place} -->")
        _, _, after = rest.partition("<!-- end -->")
        text = f"{before}<!-- measured: {place} -->\n\n{table}\n\n<!-- end -->{after}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), [ours(), *(peer() for peer in PEERS)]), encoding="utf-8")
