"""Gradients of others that are wrong: ``python tests/benchmarks/hunt.py`` hunts them and writes docs/findings.md.

Scalar functions of `torch.nn.functional`, `torch.special`, `jax.nn`, `jax.scipy.special` and SciPy's pairs of function
and derivative, in float64 and float32 (PyTorch's in bfloat16 too), at points of every size. A finding is what mpmath,
by a formula of its own here, says is further off than rounding: some spacings of the precision, of the slope and of the
function over its argument, which a change of the argument by four spacings must not explain either. The page has the
smallest input of each, and what `check_gradients` and PyTorch's gradcheck say there. An alarm of `check_gradients` that
mpmath does not confirm is printed.
"""

from __future__ import annotations

import math
import random
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import mpmath
import numpy as np
import scipy
import torch
from jax import numpy as jnp
from mpmath import mp, mpf
from scipy import special
from torch.nn import functional as F

from autograd_lite.testing import GradientError, check_gradients

PAGE = Path(__file__).parents[2] / "docs" / "findings.md"
POINTS = 60  # of each function
ALLOWED = {"float64": 256, "float32": 64, "bfloat16": 16}  # spacings of the precision
EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "bfloat16": 2.0**-7}

Slope = Callable[[Any], Any]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def pdf(x: Any) -> Any:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def cdf(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def slope_of(fn: Callable[[Any], Any]) -> Slope:
    """By a difference quotient in 200 digits: another formula than any library's derivative."""

    def slope(x: Any) -> Any:
        h = mpf(10) ** -60 * max(abs(x), mpf(10) ** -20)
        return (fn(x + h) - fn(x - h)) / (2 * h)

    return slope


def within(low: float, high: float, inside: Slope, below: Any = 0, above: Any = 0) -> Slope:
    """A slope in pieces; no truth at the joins."""
    return lambda x: mp.nan if x in (low, high) else (below if x < low else above if x > high else inside(x))


class Subject(NamedTuple):
    """A function of one number, the truth of its slope, and where it is defined."""

    name: str
    slope: Slope
    least: float = -1e4
    most: float = 1e4


ONE, ZERO = lambda x: mpf(1), lambda x: mpf(0)
TRUTHS = {
    "relu": Subject("relu", lambda x: mp.nan if x == 0 else mpf(x > 0)),
    "relu6": Subject("relu6", within(0, 6, ONE)),
    "hardtanh": Subject("hardtanh", within(-1, 1, ONE)),
    "hardsigmoid": Subject("hardsigmoid", within(-3, 3, lambda x: mpf(1) / 6)),
    "hard_sigmoid": Subject("hard_sigmoid", within(-3, 3, lambda x: mpf(1) / 6)),
    "hardswish": Subject("hardswish", within(-3, 3, lambda x: x / 3 + mpf(1) / 2, 0, 1)),
    "hard_swish": Subject("hard_swish", within(-3, 3, lambda x: x / 3 + mpf(1) / 2, 0, 1)),
    "silu": Subject("silu", slope_of(lambda x: x * sigmoid(x))),
    "softsign": Subject("softsign", lambda x: 1 / (1 + abs(x)) ** 2),
    "soft_sign": Subject("soft_sign", lambda x: 1 / (1 + abs(x)) ** 2),
    "tanhshrink": Subject("tanhshrink", lambda x: mp.tanh(x) ** 2),
    "logsigmoid": Subject("logsigmoid", lambda x: sigmoid(-x)),
    "log_sigmoid": Subject("log_sigmoid", lambda x: sigmoid(-x)),
    # PyTorch documents that it reverts to x beyond 20.
    "softplus": Subject("softplus", lambda x: sigmoid(x), most=20.0),
    "mish": Subject("mish", slope_of(lambda x: x * mp.tanh(mp.log1p(mp.exp(x))))),
    "elu": Subject("elu", lambda x: mp.exp(x) if x < 0 else mpf(1)),
    "celu": Subject("celu", lambda x: mp.exp(x) if x < 0 else mpf(1)),
    "tanh": Subject("tanh", lambda x: mp.sech(x) ** 2),
    "sigmoid": Subject("sigmoid", lambda x: sigmoid(x) * sigmoid(-x)),
    "squareplus": Subject("squareplus", slope_of(lambda x: (x + mp.sqrt(x * x + 4)) / 2)),
    "erf": Subject("erf", lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)),
    "erfc": Subject("erfc", lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x)),
    "erfcx": Subject("erfcx", slope_of(lambda x: mp.exp(x * x) * mp.erfc(x)), -20.0, 50.0),
    "erfinv": Subject("erfinv", lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(mp.erfinv(x) ** 2), -0.999, 0.999),
    "ndtr": Subject("ndtr", pdf),
    "log_ndtr": Subject("log_ndtr", lambda x: pdf(x) / cdf(x), -1e3, 30.0),
    "expit": Subject("expit", lambda x: sigmoid(x) * sigmoid(-x)),
    "logit": Subject("logit", lambda x: 1 / (x * (1 - x)), 1e-6, 0.999),
    "gammaln": Subject("gammaln", mp.digamma, 1e-4),
    "digamma": Subject("digamma", lambda x: mp.psi(1, x), 1e-3),
    "psi": Subject("psi", lambda x: mp.psi(1, x), 1e-3),
    "i0": Subject("i0", lambda x: mp.besseli(1, x), -80.0, 80.0),
    "i0e": Subject("i0e", lambda x: mp.exp(-abs(x)) * (mp.besseli(1, x) - mp.sign(x) * mp.besseli(0, x)),
                   -500.0, 500.0),
    "i1": Subject("i1", lambda x: mp.besseli(1, x, derivative=1), -80.0, 80.0),
    "i1e": Subject("i1e", slope_of(lambda x: mp.exp(-abs(x)) * mp.besseli(1, x)), 1e-3, 500.0),
    "entr": Subject("entr", lambda x: -mp.log(x) - 1, 1e-9),
    "expm1": Subject("expm1", mp.exp, -80.0, 80.0),
    "log1p": Subject("log1p", lambda x: 1 / (1 + x), -0.99),
    "sinc": Subject("sinc", slope_of(mp.sincpi)),
    "bessel_j0": Subject("bessel_j0", lambda x: -mp.besselj(1, x), -50.0, 50.0),
    "bessel_j1": Subject("bessel_j1", lambda x: mp.besselj(1, x, derivative=1), -50.0, 50.0),
    "exp2": Subject("exp2", lambda x: mp.log(2) * mpf(2) ** x, -80.0, 80.0),
    "spence": Subject("spence", lambda x: mpf(-1) if x == 1 else mp.log(x) / (1 - x), 1e-3, 50.0),
}  # fmt: skip
PAIRS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Subject]] = {
    "gammaln, digamma": (special.gammaln, special.digamma, TRUTHS["gammaln"]),
    "digamma, polygamma(1, x)": (special.digamma, lambda x: special.polygamma(1, x), TRUTHS["digamma"]),
    "j0, -j1": (special.j0, lambda x: -special.j1(x), TRUTHS["bessel_j0"]),
    "j1, jvp": (special.j1, lambda x: special.jvp(1, x), TRUTHS["bessel_j1"]),
    "i0, i1": (special.i0, special.i1, TRUTHS["i0"]),
    "k0, -k1": (special.k0, lambda x: -special.k1(x), Subject("k0", lambda x: -mp.besselk(1, x), 1e-3, 500.0)),
    "y0, -y1": (special.y0, lambda x: -special.y1(x), Subject("y0", lambda x: -mp.bessely(1, x), 1e-2, 50.0)),
    "airy": (lambda x: special.airy(x)[0], lambda x: special.airy(x)[1],
             Subject("airy", lambda x: mp.airyai(x, derivative=1), -20.0, 20.0)),
    "ellipk": (special.ellipk, lambda m: (special.ellipe(m) / (1 - m) - special.ellipk(m)) / (2 * m),
               Subject("ellipk", lambda m: (mp.ellipe(m) / (1 - m) - mp.ellipk(m)) / (2 * m), 0.01, 0.99)),
}  # fmt: skip
ALIKE = {
    "logsumexp of (x, x)": (lambda x: torch.logsumexp(torch.stack([x, x]), 0),
                            lambda x: jax.nn.logsumexp(jnp.stack([x, x])), Subject("logsumexp", ONE)),
    "log_softmax of (x, x)": (lambda x: torch.log_softmax(torch.stack([x, x]), 0)[0],
                              lambda x: jax.nn.log_softmax(jnp.stack([x, x]))[0], Subject("log_softmax", ZERO)),
}  # fmt: skip
MODULES = (("torch.nn.functional", F), ("torch.special", torch.special), ("jax.nn", jax.nn),
           ("jax.scipy.special", jax.scipy.special), ("jax.numpy", jnp))  # fmt: skip


class Finding(NamedTuple):
    where: str
    precision: str
    x: float
    found: float
    truth: str
    error: float
    said: str  # by check_gradients
    seen: str  # by gradcheck
    worst: str = ""


def points(subject: Subject) -> list[float]:
    rng = random.Random(subject.name)
    low, high = max(subject.least, -1e4), min(subject.most, 1e4)
    near = [rng.uniform(max(low, -8.0), min(high, 8.0)) for _ in range(POINTS // 2)]
    far = [rng.uniform(low, high) for _ in range(POINTS // 4)]
    small = [rng.choice((-1, 1)) * 10.0 ** rng.uniform(-6, 1) for _ in range(POINTS // 4)]
    extra = [-900.0, 900.0, 20.5, -20.5, 1.0, -1.0, 2.0]
    found = [x for x in [*near, *far, *small, *extra] if low < x < high]
    return sorted({float(np.float32(x)) for x in found}, key=lambda x: (abs(x), x))


def is_wrong(subject: Subject, value: float, x: float, found: float, precision: str) -> tuple[bool, Any]:
    """By mpmath: further off than rounding, of the slope, the function's terms, and the argument."""
    eps = EPS[precision]
    with mp.workdps(200):
        truth = subject.slope(mpf(x))
        near = [mpf(x) * (1 + k * mpf(eps)) for k in (-4, 4)]
        if not all(subject.least <= y <= subject.most for y in near):
            return False, truth
        around = [subject.slope(y) for y in near]
        if any(mp.isnan(y) for y in (truth, *around)):
            return False, truth
        moved = max(abs(y - truth) for y in around)
        terms = abs(truth) + abs(mpf(value)) / max(abs(mpf(x)), mpf(1) / 16)
        tiny = mpf(2) ** (-1022 if eps < 1e-10 else -126)
        if abs(truth) < tiny and found == 0.0:
            return False, truth
        if not math.isfinite(found):
            return bool(abs(truth) < mpf(2) ** (1000 if eps < 1e-10 else 100)), truth
        return bool(abs(mpf(found) - truth) > ALLOWED[precision] * eps * terms + 4 * moved + tiny), truth


def said(fn: Callable[..., Any], argument: Any, options: dict[str, Any]) -> str:
    try:
        return "right" if check_gradients(fn, argument, modes=("reverse",), **options) else "undecided"
    except GradientError:
        return "wrong"


def hunted(where: str, fn: Callable[..., Any], subject: Subject, precision: str) -> tuple[int, Finding | None]:
    """How many points were looked at, and the smallest at which a gradient is wrong, as mpmath says."""
    count, smallest, worst = 0, None, ("", -1.0)
    for x in points(subject):
        options: dict[str, Any] = {}
        if where.startswith("torch"):
            argument = torch.tensor(x, dtype=getattr(torch, precision))
            leaf = argument.clone().requires_grad_()
            try:
                if not fn(leaf).requires_grad:  # it has no derivative, and says so
                    return count, None
                found = float(torch.autograd.grad(fn(leaf), leaf)[0])
            except NotImplementedError:  # not in bfloat16
                return count, None
        elif where.startswith("jax"):
            argument = jnp.asarray(np.array(x), dtype=precision)
            found = float(jax.grad(fn)(argument))
        else:
            argument, options = np.float64(x), {"gradient": PAIRS[where.partition(": ")[2]][1]}
            found = float(options["gradient"](argument))
        x = float(argument)
        if not subject.least <= x <= subject.most:
            continue
        count += 1
        verdict = said(fn, argument, options)
        wrong, truth = is_wrong(subject, float(fn(argument)), x, found, precision)
        if not wrong:
            if verdict == "wrong":
                print(f"not confirmed: {where}, {precision}, at {x!r}: {found!r}, {mp.nstr(truth, 20)}", flush=True)
            continue
        seen = "–"
        if where.startswith("torch") and precision == "float64":
            seen = "wrong" if not torch.autograd.gradcheck(fn, (leaf,), raise_exception=False) else "right"
        error = float(abs(found / truth - 1)) if truth and math.isfinite(found) else math.inf
        if smallest is None:
            smallest = Finding(where, precision, x, found, mp.nstr(truth, 20), error, verdict, seen)
        if error > worst[1]:
            worst = (f"{f'{error:.1e}' if math.isfinite(found) else found} at {x!r}", error)
    return count, smallest and smallest._replace(worst=worst[0])


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    findings, functions, checks = [], 0, 0
    todo = [
        (f"{path}.{name}", getattr(module, name), subject)
        for path, module in MODULES for name, subject in TRUTHS.items()
        if callable(getattr(module, name, None)) and not (path == "jax.numpy" and hasattr(jax.scipy.special, name))
    ]  # fmt: skip
    todo += [(f"scipy.special: {name}", fn, subject) for name, (fn, _, subject) in PAIRS.items()]
    for name, (of_torch, of_jax, subject) in ALIKE.items():
        todo += [(f"torch.{name}", of_torch, subject), (f"jax.nn.{name}", of_jax, subject)]
    precisions = {"torch": ("float64", "float32", "bfloat16"), "jax": ("float64", "float32"), "scipy": ("float64",)}
    for where, fn, subject in todo:
        functions += 1
        for precision in precisions[where.partition(".")[0]]:
            with jax.enable_x64(precision == "float64"):
                count, finding = hunted(where, fn, subject, precision)
            checks += count
            if finding is not None:
                findings.append(finding)
                print(finding, flush=True)
    allowed = ", ".join(f"{spacings} in {precision}" for precision, spacings in ALLOWED.items())
    rows = "\n".join(
        f"| `{f.where}` | {f.precision} | {f.x!r} | {f.found!r} | {f.truth} | {f.error:.1e} "
        f"| {f.said} | {f.seen} | {f.worst} |"
        for f in findings
    )
    PAGE.write_text(f"""# Findings

Gradients in released libraries that are wrong by more than their precision's rounding, each confirmed by mpmath, with
200 digits and a formula that is not the library's. This page is written by `python tests/benchmarks/hunt.py`:
{functions} functions of PyTorch {torch.__version__}, JAX {jax.__version__} and SciPy {scipy.__version__}, at
{checks:,} points (Python {sys.version.partition(" ")[0]}, mpmath {mpmath.__version__}). More off than rounding means:
more than so many spacings of the slope and of the function over its argument ({allowed}), and more than
four times what moving the argument by four spacings makes of it. The input is the smallest of those tried, errors are
relative, the last column has the greatest. Two columns say what `check_gradients` with its defaults and
`torch.autograd.gradcheck`, which takes float64 alone, say at that input: the first allows for as much as the gradient
itself varies between neighbouring floats.

| function | precision | x | found | truth | error | `check_gradients` | gradcheck | greatest error |
|---|---|--:|--:|--:|--:|---|---|--:|
{rows}
""", encoding="utf-8")  # fmt: skip


if __name__ == "__main__":
    main()
