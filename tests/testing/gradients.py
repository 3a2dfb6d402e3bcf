"""Gradients that are right, of functions as authors of libraries write them, and gradients with planted errors.

`RIGHT` are functions of NumPy, SciPy, PyTorch and JAX in their own precisions, with gradients by hand where the library
has none; `PLANTED` are the faults that are made in practice. Each case takes a list of floats and calls a checker.
"""

from __future__ import annotations

import functools
import importlib.util
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """A function, its gradient if it is written by hand, and how its arguments are built of how many floats."""

    name: str
    fn: Callable[..., Any]
    gradient: Callable[..., Any] | None = None
    build: Callable[[list[float]], tuple[Any, ...]] = tuple  # type: ignore[assignment]
    count: int = 1
    least: float = -math.inf  # where the domain begins
    most: float = math.inf
    options: tuple[tuple[str, Any], ...] = ()

    def check(self, checker: Callable[..., Any], xs: list[float]) -> Any:
        options = dict(self.options)
        if self.gradient is not None:
            options["gradient"] = self.gradient
        return checker(self.fn, *self.build(xs), **options)


def array(xs: list[float]) -> tuple[Any, ...]:
    return (np.array(xs),)


def single(xs: list[float]) -> tuple[Any, ...]:
    return (np.array(xs, dtype=np.float32),)


# ---- right: NumPy and SciPy ------------------------------------------------------------------------------------------

TARGET = np.array([0.3, -1.7, 2.2, 0.1, 5.5])
A = np.array([[4.0, 1.0, 0.3], [1.0, 3.0, 0.7], [0.3, 0.7, 2.1]])
B = np.array([[0.2, 1.4, -0.6], [1.1, 0.1, 0.9], [-2.0, 0.5, 0.7]])
KNOTS, HEIGHTS = np.array([-100.0, -1.0, 0.0, 2.0, 100.0]), np.array([0.0, 3.0, 1.0, 1.5, -4.0])


def numpy_cases() -> list[Case]:
    def gelu(x: float) -> float:
        return 0.5 * x * (1.0 + math.tanh(0.7978845608 * (x + 0.044715 * x**3)))

    def gelu_slope(x: float) -> float:
        t = math.tanh(0.7978845608 * (x + 0.044715 * x**3))
        return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608 * (1.0 + 3 * 0.044715 * x * x)

    def smoothstep(x: float) -> float:
        t = min(max(x, 0.0), 1.0)
        return t * t * (3.0 - 2.0 * t)

    def smoothstep_slope(x: float) -> float:
        t = min(max(x, 0.0), 1.0)
        return 6.0 * t * (1.0 - t)

    def lennard_jones(r: float) -> float:
        return 4.0 * (r**-12 - r**-6)

    def softmax(x: Any) -> Any:
        e = np.exp(x - np.max(x))
        return e / e.sum()

    def cross_entropy(x: Any) -> Any:
        return float(np.log(np.sum(np.exp(x - np.max(x)))) + np.max(x) - x[1])

    def variance_slope(x: Any) -> Any:
        return 2.0 / len(x) * (x - x.mean())

    def winner(x: Any) -> Any:
        g = np.zeros_like(x)
        g[np.argmax(x)] = 1.0
        return g

    def by_order(x: Any) -> Any:
        g = np.empty_like(x)
        g[np.argsort(x, kind="stable")] = np.arange(1.0, len(x) + 1.0)
        return g

    def median_slope(x: Any) -> Any:
        g = np.zeros_like(x)
        g[np.argsort(x, kind="stable")[len(x) // 2]] = 1.0
        return g

    def norm_slope(x: Any) -> Any:
        n = np.linalg.norm(x)
        return x / n if n else np.zeros_like(x)

    def newton(a: float) -> float:  # the root of x³ + x = a, to a tolerance
        x = np.cbrt(a) if abs(a) > 1 else a
        for _ in range(100):
            step = (x**3 + x - a) / (3 * x * x + 1)
            x -= step
            if abs(step) < 1e-10 * max(1.0, abs(x)):
                break
        return float(x)

    @functools.lru_cache
    def cached(x: float) -> float:
        return math.exp(-x * x / 2.0)

    def product_slope(x: Any) -> Any:
        return np.array([np.prod(np.delete(x, i)) for i in range(len(x))])

    sd = 1e-4
    solve = np.linalg.solve
    return [
        Case("x**2", lambda x: x**2, lambda x: 2 * x),
        Case("x**3", lambda x: x**3, lambda x: 3 * x**2),
        Case("0.1 x**3", lambda x: 0.1 * x**3, lambda x: 0.3 * x**2),
        Case("1.4 x**0.4", lambda x: x**1.4, lambda x: 1.4 * x**0.4, least=0.0),
        Case("np.sin", np.sin, np.cos),
        Case("np.tan", np.tan, lambda x: 1.0 / np.cos(x) ** 2),
        Case("np.tanh", np.tanh, lambda x: 1.0 - np.tanh(x) ** 2),
        Case("np.log", np.log, lambda x: 1.0 / x, least=1e-300),
        Case("np.log1p of a square", lambda x: np.log1p(x * x), lambda x: 2 * x / (1 + x * x)),
        Case("np.exp", np.exp, np.exp, most=300.0),
        Case("sin(2π·1000·t)", lambda t: np.sin(2000 * np.pi * t), lambda t: 2000 * np.pi * np.cos(2000 * np.pi * t)),
        Case("a narrow normal density", lambda x: np.exp(-0.5 * (x / sd) ** 2) / (sd * 2.5066282746310002),
             lambda x: -x / sd**2 * np.exp(-0.5 * (x / sd) ** 2) / (sd * 2.5066282746310002)),
        Case("tanh-GELU", gelu, gelu_slope),
        Case("smoothstep", smoothstep, smoothstep_slope),
        Case("Lennard-Jones", lennard_jones, lambda r: 4.0 * (-12 * r**-13 + 6 * r**-7), least=0.5),
        Case("np.logaddexp", np.logaddexp, lambda x, y: (1 / (1 + np.exp(y - x)), 1 / (1 + np.exp(x - y))), count=2),
        Case("np.arctan2", np.arctan2, lambda y, x: (x / (x * x + y * y), -y / (x * x + y * y)), count=2, least=1e-100),
        Case("np.hypot", np.hypot, lambda x, y: (x / np.hypot(x, y), y / np.hypot(x, y)) if x or y else (0.0, 0.0),
             count=2),
        Case("np.linalg.norm", np.linalg.norm, norm_slope, array, 4),
        Case("np.abs.sum", lambda x: np.abs(x).sum(), np.sign, array, 4),
        Case("np.maximum(x, 0).sum", lambda x: np.maximum(x, 0.0).sum(), lambda x: (x > 0) * 1.0, array, 4),
        Case("np.clip.sum", lambda x: np.clip(x, -1, 2).sum(), lambda x: ((x > -1) & (x < 2)) * 1.0, array, 4),
        Case("np.max", np.max, winner, array, 4),
        Case("a sorted sum", lambda x: np.sort(x) @ np.arange(1.0, 5.0), by_order, array, 4),
        Case("np.median", np.median, median_slope, array, 5),
        Case("np.interp", lambda x: np.interp(x, KNOTS, HEIGHTS),
             lambda x: np.append(np.diff(HEIGHTS) / np.diff(KNOTS), 0.0)[np.searchsorted(KNOTS, x, "right") - 1]
             if -100.0 <= x < 100.0 else 0.0),
        Case("mean square", lambda x: np.mean((x - TARGET) ** 2), lambda x: 2 / len(x) * (x - TARGET), array, 5),
        Case("np.var", np.var, variance_slope, array, 5),
        Case("np.prod", np.prod, product_slope, array, 3),
        Case("a quadratic form", lambda x: x @ A @ x, lambda x: (A + A.T) @ x, array, 3),
        Case("B x", lambda x: B @ x, lambda x: B, array, 3),
        Case("np.linalg.solve", lambda b: np.sum(solve(A, b) ** 2), lambda b: 2 * solve(A.T, solve(A, b)), array, 3),
        Case("sum of exp(-x²)", lambda x: np.exp(-(x**2)).sum(), lambda x: -2 * x * np.exp(-(x**2)), array, 3),
        Case("softmax cross-entropy", cross_entropy, lambda x: softmax(x) - np.eye(4)[1], array, 4),
        Case("np.polyval", lambda x: np.polyval([0.5, -1.2, 0.0, 3.3], x), lambda x: np.polyval([1.5, -2.4, 0.0], x)),
        Case("a Newton solver", newton, lambda a: 1 / (3 * newton(a) ** 2 + 1)),
        Case("lru_cache", cached, lambda x: -x * cached(x)),
        Case("np.sinc", np.sinc, lambda x: (np.cos(np.pi * x) - np.sinc(x)) / x if abs(x) > 1e-3 else
             -np.pi**2 * x / 3 + np.pi**4 * x**3 / 30),
        Case("mean square, float32", lambda x: np.mean((x - TARGET.astype(np.float32)) ** 2),
             lambda x: np.float32(2 / 5) * (x - TARGET.astype(np.float32)), single, 5),
        Case("np.tanh, float32", lambda x: np.tanh(x).sum(), lambda x: 1 - np.tanh(x) ** 2, single, 3),
        Case("a float32 inside", lambda x: float(np.float32(x) ** 2), lambda x: 2 * x),
        Case("returns float32", lambda x: np.float32(np.sin(x)), lambda x: np.cos(x)),
    ]  # fmt: skip


def scipy_cases() -> list[Case]:
    from scipy import linalg, optimize, special

    return [
        Case("optimize.rosen", optimize.rosen, optimize.rosen_der, array, 3),
        Case("special.gammaln", special.gammaln, special.digamma, least=1e-5),
        Case("special.erf", special.erf, lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x)),
        Case("special.ndtr", special.ndtr, lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi)),
        Case("special.expit", special.expit, lambda x: special.expit(x) * special.expit(-x)),
        Case("special.logit", special.logit, lambda p: 1 / (p * (1 - p)), least=1e-9, most=0.999),
        Case("special.j0", special.j0, lambda x: -special.j1(x)),
        Case("special.i0e", special.i0e, lambda x: special.i1e(x) - np.sign(x) * special.i0e(x)),
        Case("special.k0", special.k0, lambda x: -special.k1(x), least=1e-5),
        Case("special.entr", special.entr, lambda x: -np.log(x) - 1, least=1e-100),
        Case("special.huber", lambda x: special.huber(1.5, x), lambda x: np.clip(x, -1.5, 1.5)),
        Case("special.pseudo_huber", lambda x: special.pseudo_huber(1.5, x), lambda x: x / np.sqrt(1 + (x / 1.5) ** 2)),
        Case("special.logsumexp", special.logsumexp, special.softmax, array, 4),
        Case("special.log_ndtr", special.log_ndtr,
             lambda x: np.exp(-x * x / 2 - special.log_ndtr(x)) / math.sqrt(2 * math.pi), least=-30.0),
        Case("linalg.solve", lambda b: linalg.solve(A, b).sum(), lambda b: linalg.solve(A.T, np.ones(3)), array, 3),
        Case("linalg.det", lambda x: linalg.det(x.reshape(2, 2)), lambda x: np.array([x[3], -x[2], -x[1], x[0]]),
             array, 4),
    ]  # fmt: skip


# ---- right: PyTorch and JAX ------------------------------------------------------------------------------------------


def torch_cases() -> list[Case]:
    import torch
    from torch.nn import functional as F

    def of(dtype: Any) -> Callable[[list[float]], tuple[Any, ...]]:
        return lambda xs: (torch.tensor(xs, dtype=dtype),)

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 3 * ctx.saved_tensors[0] ** 2 * g

    labels, other = torch.tensor([2]), torch.tensor([0.3, -1.7, 2.2, 0.1])
    functions: list[tuple[str, Callable[..., Any]]] = [
        *[(f"F.{name}", lambda x, name=name: getattr(F, name)(x).sum()) for name in (
            "gelu", "silu", "softplus", "elu", "selu", "celu", "mish", "hardswish", "hardtanh", "relu6", "leaky_relu",
            "logsigmoid", "softshrink", "hardshrink", "tanhshrink", "softsign", "relu",
        )],
        ("F.dropout", lambda x: F.dropout(x, 0.5).sum()),
        ("F.cross_entropy", lambda x: F.cross_entropy(x[None], labels)),
        ("F.mse_loss", lambda x: F.mse_loss(x, other.to(x.dtype))),
        ("F.smooth_l1_loss", lambda x: F.smooth_l1_loss(x, other.to(x.dtype))),
        ("F.bce_with_logits", lambda x: F.binary_cross_entropy_with_logits(x, torch.ones_like(x) / 4)),
        ("F.layer_norm", lambda x: (F.layer_norm(x, (4,)) * torch.arange(4).to(x.dtype)).sum()),
        ("log_softmax", lambda x: torch.log_softmax(x, 0)[0]),
        ("logsumexp", lambda x: torch.logsumexp(x, 0)),
        ("norm", lambda x: x.norm()), ("amax", lambda x: x.amax()), ("sin", lambda x: torch.sin(x).sum()),
        ("cumsum", lambda x: torch.cumsum(x, 0)), ("erf", lambda x: torch.erf(x).sum()),
        ("outer", lambda x: torch.outer(x, x)[1]), ("Function", lambda x: Cube.apply(x).sum()),
        ("sigmoid", lambda x: torch.sigmoid(x).prod()),
    ]  # fmt: skip
    # Of large numbers PyTorch's logsumexp has a wrong gradient: docs/findings.md has it.
    ranges = {"logsumexp": (-8.0, 8.0)}
    return [
        Case(f"torch {name}, {str(dtype).partition('.')[2]}", fn, None, of(dtype), 4, *ranges.get(name, ()))
        for dtype in (torch.float64, torch.float32, torch.bfloat16)
        for name, fn in functions
        if not (dtype is torch.bfloat16 and name in ("erf",))
    ]


def jax_cases() -> list[Case]:
    import jax
    from jax import numpy as jnp

    @jax.custom_vjp
    def cube(x: Any) -> Any:
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x**2 * g,))

    functions: list[tuple[str, Callable[..., Any]]] = [
        *[(f"nn.{name}", lambda x, name=name: getattr(jax.nn, name)(x).sum()) for name in (
            "gelu", "silu", "softplus", "elu", "mish", "hard_swish", "log_sigmoid", "relu", "squareplus",
        )],
        ("nn.log_softmax", lambda x: jax.nn.log_softmax(x)[0]),
        ("nn.logsumexp", jax.nn.logsumexp), ("jnp.sin", lambda x: jnp.sin(x).sum()),
        ("jnp.tanh", lambda x: jnp.tanh(x)), ("jnp.max", jnp.max), ("jnp.var", jnp.var),
        ("custom_vjp", lambda x: cube(x).sum()), ("jnp.arctan", lambda x: jnp.arctan(x).sum()),
        ("special.erf", lambda x: jax.scipy.special.erf(x).sum()),
        ("special.expit", lambda x: jax.scipy.special.expit(x).sum()),
    ]  # fmt: skip

    cases = [Case(f"jax {name}, float32", fn, None, lambda xs: (jnp.asarray(xs, dtype="float32"),), 3)
             for name, fn in functions]  # fmt: skip

    def double(xs: list[float]) -> tuple[Any, ...]:
        return (jnp.asarray(np.array(xs)),)

    return cases + [Case(f"jax {name}, float64", fn, None, double, 3) for name, fn in functions[::3]]


def right_cases() -> list[Case]:
    """Of all libraries that are installed."""
    found = numpy_cases()
    for name, cases in (("scipy", scipy_cases), ("torch", torch_cases), ("jax", jax_cases)):
        if importlib.util.find_spec(name):
            found += cases()
    return found


# ---- planted ---------------------------------------------------------------------------------------------------------


def planted_cases() -> list[Case]:
    """Gradients with an error each."""
    found = planted_numpy_cases() + planted_own_cases()
    for name, cases in (("torch", planted_torch_cases), ("jax", planted_jax_cases)):
        if importlib.util.find_spec(name):
            found += cases()
    return found


def planted_numpy_cases() -> list[Case]:
    def wave(x: Any) -> Any:
        return np.sum(np.sin(x) + x**2 / 8.0)

    def slope(x: Any) -> Any:
        return np.cos(x) + x / 4.0

    def one_wrong(x: Any) -> Any:
        g = slope(x)
        g[137 % len(x)] *= 1.5
        return g

    class Stale:
        def __init__(self) -> None:
            self.seen = 0.0

        def __call__(self, x: float) -> float:
            self.seen, before = x, self.seen
            return float(np.cos(before))

    def ties(value: float) -> Callable[[Any], Any]:
        def gradient(x: Any) -> Any:
            winners = x == np.max(x)
            return np.where(winners, value if winners.sum() > 1 else 1.0, 0.0)

        return gradient

    def integers(xs: list[float]) -> tuple[Any, ...]:
        return (np.round(np.array(xs)),)

    def many(xs: list[float]) -> tuple[Any, ...]:
        return (np.linspace(xs[0], xs[0] + 3.0, 10_000),)

    scalar: list[tuple[str, Callable[..., Any], Callable[..., Any]]] = [
        ("factor 2", lambda x: x**2, lambda x: x),
        ("sign", np.cos, np.sin),
        ("a factor lost", lambda x: np.sin(3 * x), lambda x: np.cos(3 * x)),
        ("1e-6", np.sin, lambda x: np.cos(x) * (1 + 1e-6)),
        ("1e-6 of tanh", np.tanh, lambda x: (1 - np.tanh(x) ** 2) * (1 - 1e-6)),
        ("the value for the slope", np.sinh, np.sinh),
        ("x < 0 only", lambda x: x**3, lambda x: 3 * x * abs(x)),
        ("|x| > 20 only", lambda x: np.log1p(x * x), lambda x: 2 * x / (1 + x * x) if abs(x) <= 20 else 1 / x),
        ("not clipped", lambda x: np.clip(x, -1, 1) ** 2, lambda x: 2 * x),
        ("relu's negative side", lambda x: max(x, 0.0), lambda x: 1.0),
        ("a sixth", lambda x: np.clip(x / 6 + 0.5, 0, 1), lambda x: float(np.float32(1 / 6)) * (-3 < x < 3)),
        ("no chain rule", lambda x: np.exp(-(x**2)), lambda x: np.exp(-(x**2))),
        ("stale state", np.sin, Stale()),
        ("gelu without its tail", lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))),
         lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2)))),
        ("log of the wrong base", lambda x: np.log2(1 + x * x), lambda x: 2 * x / (1 + x * x)),
        ("a subgradient that is none", abs, lambda x: 1.25 if x == 0 else np.sign(x)),
    ]  # fmt: skip
    arrays: list[tuple[str, Callable[..., Any], Callable[..., Any]]] = [
        ("off by one", wave, lambda x: np.roll(slope(x), 1)),
        ("lost 1/n", lambda x: np.mean(x**2), lambda x: 2 * x),
        ("transpose", lambda x: B @ x, lambda x: B.T),
        ("a quadratic form not symmetrized", lambda x: x @ B @ x, lambda x: 2 * B @ x),
        ("one element", wave, one_wrong),
        ("x < 0 only, of an array", wave, lambda x: np.where(x < 0, -1.0, 1.0) * slope(x)),
        ("1e-6, of an array", wave, lambda x: slope(x) * (1 + 1e-6)),
        ("softmax without its diagonal", lambda x: np.exp(x[0] - np.max(x)) / np.exp(x - np.max(x)).sum(),
         lambda x: -np.exp(x[0] + x - 2 * np.max(x)) / np.exp(x - np.max(x)).sum() ** 2),
        ("variance by n - 1", np.var, lambda x: 2 / (len(x) - 1) * (x - x.mean())),
        ("norm squared", np.linalg.norm, lambda x: x),
        ("cumsum not reversed", lambda x: np.cumsum(x) @ np.arange(3.0), lambda x: np.cumsum(np.arange(3.0))),
        ("solve without transpose", lambda b: np.linalg.solve(B, b)[0], lambda b: np.linalg.inv(B)[:, 0]),
    ]  # fmt: skip
    return [
        *[Case(f"numpy: {name}", fn, gradient) for name, fn, gradient in scalar],
        *[Case(f"numpy: {name}", fn, gradient, array, 3) for name, fn, gradient in arrays],
        Case("numpy: all winners at a tie", np.max, ties(1.0), integers, 3),
        Case("numpy: no winner at a tie", np.max, ties(0.0), integers, 3),
        Case("numpy: one element of 10⁴", wave, one_wrong, many),
        Case("numpy: float32, factor 1.01", lambda x: np.sum(x**3), lambda x: np.float32(3.03) * x**2, single, 3),
        Case("numpy: an integer argument", lambda x, n: x**n, lambda x, n: x ** (n - 1), lambda xs: (xs[0], 3)),
        Case("numpy: a pullback without its cotangent", np.sin, None, options=(
            ("vjp", lambda x: (np.sin(x), lambda g: np.cos(x) + 0.0 * g)), ("modes", ("reverse",)),
        ), build=lambda xs: (np.array(xs[:1]),)),
        Case("numpy: a pushforward with another sign", np.cos, None, options=(
            ("jvp", lambda primals, tangents: (np.cos(primals[0]), np.sin(primals[0]) * tangents[0])),
        )),
    ]  # fmt: skip


def planted_own_cases() -> list[Case]:
    from autograd_lite import Value, custom, no_grad
    from autograd_lite import math as ag_math

    def silent(x: Any) -> Any:
        with no_grad():
            y = x * x
        return y * x

    cube = custom(lambda x: x**3, lambda y, x: 3 * x, name="cube")
    return [
        Case("ours: .data", lambda x: x.data * x),
        Case("ours: a new Value", lambda x: Value(x.data) * x),
        Case("ours: no_grad", silent),
        Case("ours: a wrong rule in a composite", lambda x: ag_math.sin(cube(x)) + x),
    ]


def planted_torch_cases() -> list[Case]:
    import torch

    def rule(change: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
        class Wrong(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x)
                return x.sin()

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                (x,) = ctx.saved_tensors
                return g * change(x, x.cos())

        return lambda x: Wrong.apply(x).sum()

    def of(dtype: Any) -> Callable[[list[float]], tuple[Any, ...]]:
        return lambda xs: (torch.tensor(xs, dtype=dtype),)

    changes: list[tuple[str, Callable[[Any, Any], Any], Any, dict[str, Any]]] = [
        ("factor, float64", lambda x, g: 1.5 * g, torch.float64, {}),
        ("1e-6, float64", lambda x, g: (1 + 1e-6) * g, torch.float64, {}),
        ("sign, float32", lambda x, g: -g, torch.float32, {}),
        ("1e-2, float32", lambda x, g: 1.01 * g, torch.float32, {}),
        ("factor 2, bfloat16", lambda x, g: 2 * g, torch.bfloat16, {}),
        ("x < 0 only, float64", lambda x, g: torch.where(x < 0, -g, g), torch.float64, {}),
        ("second order only", lambda x, g: g.detach(), torch.float64, {"order": 2}),
    ]
    return [
        Case(f"torch: {name}", rule(change), None, of(dtype), 2, options=tuple(options.items()))
        for name, change, dtype, options in changes
    ]


def planted_jax_cases() -> list[Case]:
    import jax
    from jax import numpy as jnp

    def by_jvp(factor: float) -> Callable[[Any], Any]:
        @jax.custom_jvp
        def wrong(x: Any) -> Any:
            return jnp.sin(x)

        wrong.defjvp(lambda primals, tangents: (jnp.sin(primals[0]), factor * jnp.cos(primals[0]) * tangents[0]))
        return lambda x: wrong(x).sum()

    @jax.custom_vjp
    def backwards(x: Any) -> Any:
        return jnp.sin(x)

    backwards.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (-g * jnp.cos(x),))

    def build(xs: list[float]) -> tuple[Any, ...]:
        return (jnp.asarray(xs, dtype="float32"),)

    return [
        Case("jax: custom_jvp by 1.01, float32", by_jvp(1.01), None, build, 2),
        Case("jax: custom_vjp's sign, float32", lambda x: backwards(x).sum(), None, build, 2),
    ]
