"""Rows in JAX arrays: spread over eight devices, in a process that has so many, and on one, against native code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import math, trees

jax = pytest.importorskip("jax", reason="JAX is not installed: it is in the extra `jax`")
jnp = jax.numpy

import on_devices  # noqa: E402

W, X, Y = on_devices.W, on_devices.X, on_devices.Y
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
each_function = pytest.mark.parametrize("name", ["smooth", "branching"])


@pytest.fixture(scope="module")
def on_eight() -> Any:
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    path = os.pathsep.join([str(Path(ag.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, on_devices.__file__],
        env={**os.environ, **flags, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rounded(dtype: str) -> tuple[Any, Any, Any]:
    """The arguments as arrays of that precision have them."""
    w = {name: np.asarray(value, dtype).astype(float) for name, value in W.items()}
    return w, np.asarray(X, dtype).astype(float), np.asarray(Y, dtype).astype(float)


def assert_near(found: Any, expected: Any, dtype: str) -> None:
    """Arrays, as JSON has them, with the same nesting."""
    if isinstance(expected, (tuple, dict)):
        assert len(found) == len(expected)
        for key in expected if isinstance(expected, dict) else range(len(expected)):
            assert_near(found[key], expected[key], dtype)
        return
    scale = np.abs(expected).max()
    assert np.shape(found["numbers"]) == np.shape(expected)
    assert np.abs(np.asarray(found["numbers"]) - expected).max() <= scale * (2e-5 if dtype == "float32" else 1e-12)
    assert found["type"] == dtype


def leaves(found: Any) -> list[Any]:
    if "numbers" in found:
        return [found]
    return [leaf for x in (found.values() if isinstance(found, dict) else found) for leaf in leaves(x)]


@each_dtype
@each_function
def test_results_are_those_of_native_code(name: str, dtype: str, on_eight: Any) -> None:
    f = ag.compile(getattr(on_devices, name), in_axes=(None, 0, 0))
    w, x, y = rounded(dtype)
    found = on_eight[dtype][name]
    assert_near(found["value"], f(w, x, y), dtype)
    assert_near(found["value_and_grad"], f.value_and_grad(w, x, y, argnums=(0, 1)), dtype)
    assert_near(found["hvp"], f.hvp((w, x, y), (w, x, y))[1], dtype)


@each_dtype
@each_function
def test_rows_stay_where_they_are_and_sums_are_everywhere(name: str, dtype: str, on_eight: Any) -> None:
    found = on_eight[dtype][name]
    value, (shared, by_row) = found["value_and_grad"]
    for leaf in [found["value"], found["hvp"], by_row, on_eight[dtype]["hessian"]]:
        assert (leaf["devices"], leaf["rows"], leaf["everywhere"]) == (8, [500] * 8, False)
    for leaf in leaves([value, shared]):
        assert (leaf["devices"], leaf["everywhere"]) == (8, True)


@each_dtype
def test_another_axis_second_derivatives_and_the_recipe_of_jax_itself(dtype: str, on_eight: Any) -> None:
    f = ag.compile(on_devices.smooth, in_axes=(None, 0, 0))
    value, gradient = f.value_and_grad(*rounded(dtype))
    assert_near(on_eight[dtype]["across"], gradient, dtype)
    f = ag.compile(on_devices.branching, in_axes=(None, 0, 0))
    assert_near(on_eight[dtype]["hessian"], f.hessian(*rounded(dtype), argnums=1), dtype)
    assert_near(on_eight[dtype]["recipe"], (value, gradient), dtype)
    assert on_eight[dtype]["reduced by XLA"]["numbers"] is True
    for leaf in leaves(on_eight[dtype]["recipe"]):
        assert leaf["everywhere"]


def test_outputs_keep_their_nesting() -> None:
    def fn(x: Any, y: Any) -> Any:
        return {"sum": x[0] + y["y"], "each": (x * 2.0, [y["y"], 1.0])}

    f = ag.compile(fn, in_axes=0, target="jax")
    found, expected = f(jnp.asarray(X), {"y": jnp.asarray(Y)}), f(X, {"y": Y})
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(found))
    (a, tree), (b, wanted) = trees.flatten(jax.tree.map(np.asarray, found)), trees.flatten(expected)
    assert tree == wanted
    assert a == pytest.approx(b, rel=1e-6, abs=1e-6)


def test_a_row_that_single_precision_takes_another_way() -> None:
    # In doubles 3 * float32(1/3) is more than 1, in single precision it is 1: no trace that is made for such a row
    # comes out right when it runs, and yet each of the rows is done.
    f = ag.compile(lambda x: x + 10.0 if x * 3.0 > 1.0 else x, in_axes=0, target="jax")
    third = np.float32(1 / 3)
    x = jnp.asarray([third, third, 0.0, 1.0], jnp.float32)
    assert f(x).tolist() == [third + np.float32(10.0), third + np.float32(10.0), 0.0, 11.0]


def test_no_rows_and_whole_numbers() -> None:
    f = ag.compile(lambda w, x: w / x if x > 0 else w * x, in_axes=(None, 0), target="jax")
    assert f(2.0, jnp.zeros(0)).shape == (0,)
    assert [float(x) for x in f.value_and_grad(2.0, jnp.zeros(0))] == [0.0, 0.0]
    assert f(2.0, jnp.asarray([1, -2, 4])).tolist() == [2.0, -4.0, 0.5]


def test_a_nan_in_one_row_stays_in_it() -> None:
    f = ag.compile(lambda w, x: w * math.log(x) if x > 0.5 else w * x, in_axes=(None, 0), target="jax")
    x = jnp.asarray([0.0, 1.0, -1.0])
    assert f(3.0, x).tolist() == [0.0, 0.0, -3.0]
    assert float(f.grad(3.0, x)) == -1.0


def test_what_is_refused() -> None:
    f = ag.compile(lambda x, y: x * y, in_axes=0, target="jax")
    with pytest.raises(ValueError, match="argument 1 has 2 rows, those before it have 3"):
        f(jnp.ones(3), jnp.ones(2))
    with pytest.raises(TypeError, match=r"argument 0 holds complex(64|128): arguments are real"):
        f(jnp.ones(3, complex), jnp.ones(3))
    with pytest.raises(ValueError, match="argument 1 has 0 axes"):
        f(jnp.ones(3), jnp.asarray(1.0))
    with pytest.raises(ValueError, match="leave out= and progress= away"):
        f(jnp.ones(3), jnp.ones(3), progress=True)


def test_axes_in_a_nesting_like_the_argument() -> None:
    f = ag.compile(lambda p: (p["x"] * p["w"]) ** 2, in_axes=({"x": 0, "w": None},), target="jax")
    x = jnp.asarray([1.0, 2.0, 3.0])
    value, by = f.value_and_grad({"x": x, "w": 2.0})
    assert (float(value), by["x"].tolist(), float(by["w"])) == (56.0, [8.0, 16.0, 24.0], 56.0)
    assert isinstance(by["x"], jax.Array)
