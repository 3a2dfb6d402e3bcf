"""Values in NumPy's arrays of objects: every ufunc, what is built of them, and scalars on either side of operators."""

from __future__ import annotations

import math as std
import operator
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_lite import Value, math

PAGE = (Path(__file__).parent.parent / "docs" / "numpy.md").read_text(encoding="utf-8")


def values(*numbers: float) -> Any:
    return np.array([Value(x) for x in numbers], dtype=object)


# ---- every ufunc -----------------------------------------------------------------------------------------------------

DIFFERENTIABLE = """absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt ceil conjugate cos cosh
deg2rad degrees divide exp exp2 expm1 fabs floor floor_divide fmod hypot log log10 log1p log2 matmul matvec multiply
negative positive power rad2deg radians reciprocal remainder rint sin sinh sqrt square subtract tan tanh trunc vecdot
vecmat"""
CHOICES = "maximum minimum fmax fmin logical_and logical_or"  # one of the operands, chosen by comparing
OF_DATA = "equal greater greater_equal less less_equal logical_not logical_xor not_equal sign"
WITHOUT_A_LOOP = """copysign divmod float_power frexp heaviside isfinite isinf isnan isnat ldexp logaddexp logaddexp2
modf nextafter signbit spacing"""
FOR_INTEGERS = "bitwise_and bitwise_count bitwise_or bitwise_xor gcd invert lcm left_shift right_shift"

UFUNCS = {ufunc.__name__: ufunc for ufunc in vars(np).values() if isinstance(ufunc, np.ufunc)}
AT = {"arccosh": 1.75}  # elsewhere 0.6


def arguments(ufunc: np.ufunc) -> list[float]:
    return [AT.get(ufunc.__name__, 0.6), 1.75][: ufunc.nin]


def shaped(ufunc: np.ufunc, number: Any, place: int) -> Any:
    """An array of that one number, with as many dimensions as the ufunc's signature asks for."""
    array = np.empty((1,), dtype=object if isinstance(number, Value) else float)
    array[0] = number
    core = (ufunc.signature or "").split("->")[0].split("),(")
    return array.reshape((1,) * max(1, core[place].count(",") + 1 if ufunc.signature else 1))


def one(result: Any) -> Any:
    """The element of an array of one."""
    return result.item() if isinstance(result, np.ndarray) else result


def test_every_ufunc_is_in_one_group_and_on_the_page() -> None:
    groups = [
        name for group in (DIFFERENTIABLE, CHOICES, OF_DATA, WITHOUT_A_LOOP, FOR_INTEGERS) for name in group.split()
    ]
    assert len(groups) == len(set(groups))
    newer = {"matvec", "vecmat", "vecdot", "bitwise_count"}  # NumPy 2's
    assert set(UFUNCS) <= set(groups)
    assert set(groups) - set(UFUNCS) <= newer
    assert [name for name in groups if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("name", [name for name in DIFFERENTIABLE.split() if name in UFUNCS])
def test_ufuncs_give_values_with_gradients(name: str) -> None:
    ufunc = UFUNCS[name]
    numbers = arguments(ufunc)

    def on_floats(*xs: float) -> float:
        return float(one(ufunc(*(shaped(ufunc, x, i) for i, x in enumerate(xs)))))

    leaves = [Value(x) for x in numbers]
    result = one(ufunc(*(shaped(ufunc, leaf, i) for i, leaf in enumerate(leaves))))
    assert isinstance(result, Value)
    assert result.data == pytest.approx(on_floats(*numbers), rel=1e-15)
    result.backward()
    for i, leaf in enumerate(leaves):
        h = 1e-5
        up, down = ([*numbers[:i], numbers[i] + step, *numbers[i + 1 :]] for step in (h, -h))
        assert leaf.grad == pytest.approx((on_floats(*up) - on_floats(*down)) / (2 * h), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("name", OF_DATA.split())
def test_ufuncs_that_ask_about_the_data(name: str) -> None:
    ufunc = UFUNCS[name]
    for numbers in ((0.6, 1.75), (1.75, 0.6), (-1.0, -1.0), (0.0, 2.0)):
        numbers = numbers[: ufunc.nin]
        assert ufunc(*(values(x) for x in numbers)).tolist() == ufunc(*([x] for x in numbers)).tolist()


@pytest.mark.parametrize("name", CHOICES.split())
def test_ufuncs_that_choose_hand_an_operand_on(name: str) -> None:
    ufunc = UFUNCS[name]
    for numbers in ((0.6, 1.75), (1.75, 0.6), (0.0, 2.0)):
        operands = [Value(x) for x in numbers]
        chosen = one(ufunc(*(shaped(ufunc, v, i) for i, v in enumerate(operands))))
        assert any(chosen is v for v in operands)
        if not name.startswith("logical"):
            assert chosen.data == ufunc(*numbers)


@pytest.mark.parametrize("name", [name for name in f"{WITHOUT_A_LOOP} {FOR_INTEGERS}".split() if name in UFUNCS])
def test_other_ufuncs_refuse(name: str) -> None:
    ufunc = UFUNCS[name]
    if name in ("gcd", "lcm") and np.__version__ < "2":
        pytest.skip("NumPy 1 has Euclid's algorithm of anything with %")
    with pytest.raises(
        TypeError,
        match="not supported for the input types|unsupported operand|bad operand|only defined|"
        r"write v\.data|no callable bit_count",
    ):
        ufunc(*(values(x) for x in arguments(ufunc)))


def test_the_recipes_for_what_numpy_does_otherwise() -> None:
    a, b = values(1.0, std.nan, 2.0), values(1.0, 3.0, -5.0)
    with np.errstate(invalid="ignore"):  # comparing a nan leaves a mark in the floating-point unit, which NumPy reads
        found = np.frompyfunc(math.maximum, 2, 1)(a, b)
    found[0].backward()
    assert (a[0].grad, b[0].grad, std.isnan(found[1].data), found[2].data) == (0.5, 0.5, True, 2.0)
    clipped = np.frompyfunc(math.clip, 3, 1)(b, 0.0, 2.0)
    assert [v.data for v in clipped] == [1.0, 2.0, 0.0]
    assert all(isinstance(v, Value) for v in clipped)
    assert np.vectorize(operator.attrgetter("data"), otypes=[float])(b).tolist() == [1.0, 3.0, -5.0]


# ---- what is built of them -------------------------------------------------------------------------------------------

NUMBERS = [3.0, 1.0, 2.5, -0.5]
REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": np.sum,
    "prod": np.prod,
    "mean": np.mean,
    "var": np.var,
    "std": lambda a: np.std(a, ddof=1),
    "average": lambda a: np.average(a, weights=[1.0, 2.0, 3.0, 4.0]),
    "median": np.median,
    "cumsum": lambda a: np.cumsum(a)[2],
    "cumprod": lambda a: np.cumprod(a)[3],
    "max": np.max,
    "min": np.min,
    "ptp": np.ptp,
    "sort": lambda a: np.sort(a) @ np.array([1.0, 2.0, 3.0, 4.0]),
    "clip": lambda a: np.clip(a, 0.0, 2.75).sum(),
    "where": lambda a: np.where(a > 1.5, a * a, 0.0).sum(),
    "norm": np.linalg.norm,
    "norm 1": lambda a: np.linalg.norm(a, 1),
    "norm inf": lambda a: np.linalg.norm(a, np.inf),
    "fro": lambda a: np.linalg.norm(a.reshape(2, 2), "fro"),
    "norm of rows": lambda a: np.linalg.norm(a.reshape(2, 2), axis=1).sum(),
    "dot": lambda a: np.dot(a, a),
    "inner": lambda a: np.inner(a, a[::-1]),
    "vdot": lambda a: np.vdot(a, a),
    "outer": lambda a: np.outer(a, a)[0, 1],
    "matmul": lambda a: (a.reshape(2, 2) @ a.reshape(2, 2).T)[0, 1],
    "tensordot": lambda a: np.tensordot(a.reshape(2, 2), a.reshape(2, 2), 2)[()],
    "einsum": lambda a: np.einsum("ij,jk->ik", a.reshape(2, 2), a.reshape(2, 2))[1, 0],
    "kron": lambda a: np.kron(a, a)[3],
    "cross": lambda a: np.cross(a[:3], a[1:])[1],
    "trace": lambda a: np.trace(a.reshape(2, 2)),
    "diff": lambda a: (np.diff(a) ** 2).sum(),
    "trapezoid": np.trapezoid if hasattr(np, "trapezoid") else np.trapz,
    "convolve": lambda a: np.convolve(a, a)[2],
    "polyval": lambda a: np.polyval(a, 1.5),
    "matrix_power": lambda a: np.linalg.matrix_power(a.reshape(2, 2), 3)[0, 1],
    "multi_dot": lambda a: np.linalg.multi_dot([a.reshape(2, 2)] * 3)[0, 1],
    "round": lambda a: np.round(a + 0.2).sum(),
    "broadcast": lambda a: (a[:, None] * np.arange(3.0)).sum(),
}  # fmt: skip


@pytest.mark.parametrize("name", REDUCTIONS)
def test_functions_of_arrays(name: str) -> None:
    function = REDUCTIONS[name]
    leaves = values(*NUMBERS)
    result = function(leaves)
    assert isinstance(result, Value)
    assert result.data == pytest.approx(float(function(np.array(NUMBERS))), rel=1e-14)
    result.backward()
    for i, leaf in enumerate(leaves):
        up, down = np.array(NUMBERS), np.array(NUMBERS)
        up[i] += 1e-5
        down[i] -= 1e-5
        slope = (float(function(up)) - float(function(down))) / 2e-5
        assert leaf.grad == pytest.approx(slope, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize(
    "function",
    [
        lambda a: np.linalg.solve(a.reshape(2, 2), a[:2]),
        lambda a: np.linalg.det(a.reshape(2, 2)),
        np.fft.fft,
        lambda a: np.interp(a, [0.0, 1.0], [0.0, 1.0]),
        lambda a: np.isclose(a, a),
        lambda a: a.astype(float),
        lambda a: np.array(list(a), dtype=float),
        lambda a: np.zeros(4).__setitem__(0, a[0]),
        lambda a: operator.iadd(np.zeros(4), a[0]),
        lambda a: operator.iadd(np.zeros(4), a),
    ],
    ids=["solve", "det", "fft", "interp", "isclose", "astype", "array", "setitem", "+= v", "+= array"],
)
def test_what_needs_floats_refuses(function: Any) -> None:
    with pytest.raises(TypeError, match=r"[Cc]annot cast|not supported for the input types|write v\.data"):
        function(values(*NUMBERS))


def test_a_layer_of_object_arrays() -> None:
    w = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])  # NumPy finds the dtype itself
    assert w.dtype == object
    x = np.array([0.5, -1.0])
    y = np.exp(w @ x)
    assert y.shape == (2,)
    y.sum().backward()
    expected = np.exp(np.array([[1.0, 2.0], [3.0, 4.0]]) @ x)
    assert [v.grad for v in w.flat] == pytest.approx(np.outer(expected, x).ravel().tolist(), rel=1e-14)


def test_in_place_on_an_array_of_objects() -> None:
    a, v = values(1.0, 2.0), Value(10.0)
    before = a[0]
    a += v
    a *= 2.0
    a[0].backward()
    assert ([e.data for e in a], before.grad, v.grad) == ([22.0, 24.0], 2.0, 2.0)


# ---- scalars and arrays beside a Value -------------------------------------------------------------------------------

SCALARS: dict[str, Any] = {
    **{kind.__name__: kind(2) for kind in (np.float64, np.float32, np.float16, np.longdouble, np.int64, np.uint8)},
    "0-d float": np.array(2.0),
    "0-d int": np.array(2),
    "0-d object": np.array(2.0, dtype=object),
}
OPERATORS = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod, operator.floordiv),
    divmod,
]


@pytest.mark.parametrize("scalar", SCALARS.values(), ids=SCALARS)
@pytest.mark.parametrize("operate", OPERATORS, ids=lambda operate: operate.__name__)
def test_scalars_on_either_side_of_an_operator(operate: Any, scalar: Any) -> None:
    if operate is divmod and isinstance(scalar, np.ndarray):
        return  # the ufunc divmod has no loop over objects, and a 0-d array goes to it
    for left, right in ((3.0, 2.0), (2.0, 3.0)):
        v = Value(3.0)
        result = operate(v, scalar) if left == 3.0 else operate(scalar, v)
        expected = operate(left, right)
        for found, truth in zip(result, expected) if operate is divmod else ((result, expected),):
            assert isinstance(found, Value)
            assert found.data == truth
            found.backward()
            assert v.reached


@pytest.mark.parametrize("scalar", SCALARS.values(), ids=SCALARS)
def test_scalars_compare(scalar: Any) -> None:
    v = Value(3.0)
    found = [v > scalar, v >= scalar, v == scalar, v != scalar, v < scalar, v <= scalar]
    mirrored = [scalar < v, scalar <= v, scalar == v, scalar != v, scalar > v, scalar >= v]
    assert [bool(b) for b in found] == [bool(b) for b in mirrored] == [True, True, False, True, False, False]


def test_a_0d_array_of_a_value_is_that_value() -> None:
    v, w = Value(3.0), Value(2.0)
    for result in (w * np.array(v, dtype=object), np.array(v, dtype=object) * w):
        assert isinstance(result, Value)
        result.backward()
    assert (v.grad, w.grad) == (4.0, 6.0)


def test_a_value_beside_an_array_broadcasts() -> None:
    v = Value(3.0)
    array = np.array([[1.0, 2.0], [4.0, 5.0]])
    for result in (v * array, array * v, array.astype(object) * v, np.multiply(v, array)):
        assert isinstance(result, np.ndarray)
        assert [[e.data for e in row] for row in result] == [[3.0, 6.0], [12.0, 15.0]]
    assert (array < v).tolist() == (v > array).tolist() == [[True, True], [False, False]]
    assert (array == v).tolist() == [[False, False], [False, False]]
    ((v - array) ** 2).sum().backward()
    assert v.grad == 2 * (4 * 3.0 - 12.0)


def test_scalar_functions_of_numpy_take_a_value() -> None:
    v = Value(0.5)
    result = np.sin(v)
    assert isinstance(result, Value)
    result.backward()
    assert v.grad == std.cos(0.5)


def test_an_event_in_an_array_is_reported_at_the_users_line() -> None:
    a = np.array([Value(0.0, "x")])
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        np.log(a)
    assert [str(w.message) for w in caught] == ["divide by zero encountered in log(x=0.0) = -inf"]
    assert caught[0].filename == __file__


def test_the_core_never_imports_numpy() -> None:
    program = """if True:
        import sys
        from autograd_lite import Value, math
        x = Value(3.0)
        f = math.softmax([x * 2, x ** x, math.sin(x)])[0]
        f.backward()
        try:
            x * None
        except TypeError:
            print("numpy" in sys.modules)
        """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
