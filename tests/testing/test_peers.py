"""Beside JAX, PyTorch, autograd and SymPy, wherever they define a row's function; where one is absent, tests say so.

Random programs have the same gradients; special points the same slopes, but for the disagreements written down here.
A peer's function is found by the row's name, its operator or a name that NumPy has for it.
"""

from __future__ import annotations

import functools
import importlib
import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import assume, given, settings

from autograd_lite.operators import quietly
from autograd_lite.primitives import Primitive, table
from autograd_lite.testing import Program, programs
from autograd_lite.testing.enclosure import enclose

pytestmark = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # autograd's, of a derivative that is 0
]
# What NumPy, PyTorch and SciPy call a row, where that is not its name.
NAMES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "lgamma": "gammaln", "sign": "sign", "maximum": "maximum", "minimum": "minimum",
    "mod": "remainder", "norm_cdf": "ndtr", "rint": "rint",
}  # fmt: skip
OPERATORS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg,
    "pow": operator.pow, "abs": abs,
}  # fmt: skip
# Rows that a peer has under the same name with another meaning.
OTHERS = {("torch", "remainder"), ("torch", "polygamma"), ("jax", "polygamma"), ("autograd", "polygamma")}
# Rows whose derivatives a peer has with nine digits (docs/findings.md), or not at 0, where many programs begin.
INEXACT = {("torch", "digamma"), ("torch", "lgamma"), ("autograd", "sinc")}
OTHERS |= {("jax", "remainder"), ("autograd", "remainder"), ("autograd", "logit")}
OTHERS |= {("jax", "gelu"), ("jax", "sigmoid")}  # by a tanh; with a slope that cancels where it is small


class Peer:
    """A system of another's: where its functions are, and how it differentiates a function of several numbers."""

    def __init__(self, name: str, modules: tuple[str, ...], gradient: Callable[..., list[float]]) -> None:
        self.name, self.modules, self.gradient = name, modules, gradient

    def function(self, row: Primitive) -> Callable[..., Any] | None:
        if row.name in OPERATORS:
            return OPERATORS[row.name]
        whole = any(place.discrete for i in range(len(row.domain.boxes)) for place in row.domain.box(i, row.arities[0]))
        if len(row.arities) > 1 or (self.name, row.name) in OTHERS or row.result_type is not float or whole:
            return None
        for path in self.modules:
            module: Any = importlib.import_module(path)
            for name in (row.name, NAMES.get(row.name, row.name)):
                if callable(getattr(module, name, None)):
                    return getattr(module, name)  # type: ignore[no-any-return]
        return None

    @functools.cached_property
    def rows(self) -> list[Primitive]:
        """The rows that it has, with a derivative: some are functions alone."""
        return [row for row in table.values() if max(row.arities) > 0 and self.function(row) and self.slopes(row)]

    def slopes(self, row: Primitive, args: tuple[float, ...] = ()) -> tuple[float, ...] | None:
        """Its slopes at a point, by default at one where ours is smooth; None where it has none."""
        n = row.arities[0]
        args = args or next(at for x in (0.625, 1.625) for at in [(x,) * (n - 1) + (x / 2 + 0.4,)] if at in row.smooth)
        try:
            return tuple(self.gradient(self.function(row), args))
        except (TypeError, ValueError, ArithmeticError, RuntimeError, NotImplementedError, AttributeError):
            return None

    def constant(self, x: float) -> Any:
        """A number in a program: PyTorch's `maximum` and its like take no plain ones."""
        if self.name != "torch":
            return x
        torch = importlib.import_module("torch")
        return torch.tensor(x, dtype=torch.float64)

    def run(self, program: Program, inputs: tuple[Any, ...]) -> Any:
        numbers = list(inputs)
        for op, operands, _ in program.instructions:
            function = self.function(op)
            assert function is not None
            numbers.append(function(*[numbers[x] if type(x) is int else self.constant(x) for x in operands]))
        return numbers[-1]


def _torch(fn: Callable[..., Any], point: tuple[float, ...]) -> list[float]:
    torch = importlib.import_module("torch")
    inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    z = fn(*inputs)
    if not z.requires_grad:
        return [0.0] * len(point)
    found = torch.autograd.grad(z, inputs, allow_unused=True)
    return [0.0 if g is None else float(g) for g in found]


@contextmanager
def _double() -> Iterator[None]:
    jax = importlib.import_module("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def _jax(fn: Callable[..., Any], point: tuple[float, ...]) -> list[float]:
    jax = importlib.import_module("jax")
    with _double():
        return [float(g) for g in jax.grad(fn, tuple(range(len(point))))(*point)]


def _autograd(fn: Callable[..., Any], point: tuple[float, ...]) -> list[float]:
    grad = importlib.import_module("autograd").grad
    return [float(grad(fn, i)(*point)) for i in range(len(point))]


PEERS = [
    Peer("torch", ("torch", "torch.special", "torch.nn.functional"), _torch),
    Peer("jax", ("jax.numpy", "jax.scipy.special", "jax.nn"), _jax),
    Peer("autograd", ("autograd.numpy", "autograd.scipy.special"), _autograd),
]


@pytest.fixture(params=PEERS, ids=lambda peer: peer.name)
def peer(request: pytest.FixtureRequest) -> Peer:
    found: Peer = request.param
    pytest.importorskip(found.name, reason=f"{found.name} is not installed: pip install 'autograd_lite[peers]'")
    return found


def test_random_programs(peer: Peer) -> None:
    assert len(peer.rows) > 25
    compared = []
    exact = [row for row in peer.rows if (peer.name, row.name) not in INEXACT]

    @settings(max_examples=max(15, settings().max_examples // 6))
    @given(programs(primitives=exact, inputs=2, min_size=1, max_size=6))
    def same_gradient(program: Program) -> None:
        theirs = peer.gradient(lambda *xs: peer.run(program, xs), program.point)
        _, enclosed = enclose(program, program.point)
        for found, within in zip(theirs, enclosed):
            if within is None:
                assert found == 0.0
            elif not within.is_vague:
                # Nobody promises a bound in ulps there: a thousand times what our bounds allow.
                slack = 1024.0 * (within.high - within.low) + 1e-12 * abs(within.high)
                assert within.low - slack <= found <= within.high + slack
                compared.append(program)

    same_gradient()
    assert len(compared) > 10


def test_random_programs_beside_sympy() -> None:
    sympy = pytest.importorskip("sympy", reason="SymPy is not installed: pip install 'autograd_lite[peers]'")
    names = {"sinh", "cosh", "tanh", "sin", "cos", "tan", "asin", "acos", "atan", "asinh", "acosh", "atanh", "exp",
             "log", "sqrt", "cbrt", "erf", "erfc", "gamma", *OPERATORS} - {"abs"}  # fmt: skip
    rows = [row for row in table.values() if row.name in names and (row.name in OPERATORS or hasattr(sympy, row.name))]
    assert len(rows) == len(names)

    @settings(max_examples=max(20, settings().max_examples // 5))
    @given(programs(primitives=rows, inputs=2, min_size=1, max_size=4))
    def enclosed(program: Program) -> None:
        symbols = sympy.symbols("x0 x1", real=True)
        numbers = list(symbols)
        for op, operands, _ in program.instructions:
            function = OPERATORS.get(op.name) or getattr(sympy, op.name)
            numbers.append(function(*[numbers[x] if type(x) is int else sympy.Rational(x) for x in operands]))
        at = {symbol: sympy.Rational(x) for symbol, x in zip(symbols, program.point)}
        for symbol, within in zip(symbols, enclose(program, program.point)[1]):
            try:
                truth = sympy.diff(numbers[-1], symbol).subs(at).evalf(40)
            except ValueError:  # SymPy loses its way in the prime factors of a very long fraction
                assume(False)
            if within is None:
                assert truth == 0
            elif truth.is_Float:  # not where SymPy finds no number, or a complex one
                assert sympy.Rational(within.low) <= truth <= sympy.Rational(within.high)

    enclosed()


# ---- special points --------------------------------------------------------------------------------------------------

# By (peer, row, point): what the peer gives there, where that is not what our row says.
NAN, INF = math.nan, math.inf
DISAGREEMENTS: dict[tuple[str, str, tuple[float, ...]], tuple[float, ...]] = {
    ("torch", "atan2", (0.0, 0.0)): (0.0, 0.0),
    ("torch", "pow", (0.0, 0.0)): (0.0, 0.0),
    ("torch", "xlog1py", (0.0, -1.0)): (0.0, NAN),
    ("torch", "xlogy", (0.0, 0.0)): (0.0, NAN),
    ("jax", "abs", (0.0,)): (1.0,),
    ("jax", "copysign", (0.0, -1.0)): (-1.0, 0.0),
    ("jax", "copysign", (0.0, 1.0)): (1.0, 0.0),
    ("jax", "pow", (0.0, 0.0)): (NAN, 0.0),
    ("jax", "xlog1py", (0.0, -1.0)): (-INF, NAN),
    ("jax", "xlogy", (0.0, 0.0)): (-INF, NAN),
    ("autograd", "pow", (0.0, 0.0)): (0.0, 0.0),
    ("autograd", "sinc", (0.0,)): (NAN,),
}


def special_points(peer: Peer) -> Iterator[tuple[Primitive, tuple[float, ...], tuple[float, ...]]]:
    for row in peer.rows:
        for args, slopes in row.special_slopes:
            if args in row.domain and all(math.isfinite(x) and not (x == 0.0 and str(x) == "-0.0") for x in args):
                yield row, args, slopes


def alike(a: float, b: float) -> bool:
    return (a != a and b != b) or a == b or abs(a - b) <= 1e-12 * abs(b)


def found_disagreements(peer: Peer) -> dict[tuple[str, str, tuple[float, ...]], tuple[float, ...]]:
    found = {}
    for row, args, _ in special_points(peer):
        ours = tuple(quietly(row.derivative(i), (row(*args), *args)) for i in range(len(args)))
        theirs = peer.slopes(row, args)
        if theirs is not None and not all(map(alike, theirs, ours)):
            found[peer.name, row.name, args] = tuple(slope + 0.0 for slope in theirs)  # the sign of a zero apart
    return found


def test_special_points(peer: Peer) -> None:
    """Every slope at a special point is ours, or written down above; and what is written down is so."""
    found = found_disagreements(peer)
    known = {key: value for key, value in DISAGREEMENTS.items() if key[0] == peer.name}
    assert repr(sorted(found.items())) == repr(sorted(known.items()))
    assert len(list(special_points(peer))) > 30
