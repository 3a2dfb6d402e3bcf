"""The JAX target: each row as eager code has it, and functions that `jit`, `vmap` and `grad` compose with."""

from __future__ import annotations

import itertools
import math as std
import random
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import math, primitives
from autograd_lite.compiler import Builder

jax = pytest.importorskip("jax", reason="JAX is not installed: it is in the extra `jax`")
target = pytest.importorskip("autograd_lite.compiler.targets.jax")
jnp = jax.numpy

ROWS = [row for row in primitives.table.values() if row.arities != (0,)]
SPECIALS = [0.0, -0.0, 1.0, -1.0, 2.0, -2.5, std.inf, -std.inf, std.nan]


def same(found: float, expected: float, rel: float) -> bool:
    if expected != expected or abs(expected) == std.inf or expected == 0.0:
        return repr(found) == repr(expected) or found == expected == 0.0
    return abs(found - expected) <= rel * abs(expected) + 1e-300


def arity_of(row: Any) -> int:
    return 2 if row.all_slopes is not None else row.arities[0]


def points_of(row: Any, count: int = 60) -> list[tuple[float, ...]]:
    rng, found = random.Random(row.name), []
    while len(found) < count:
        ways = [lambda: rng.uniform(-3, 3), lambda: rng.uniform(0, 1), lambda: float(rng.randint(0, 3))]
        args = tuple(rng.choice(ways)() for _ in range(arity_of(row)))
        if args in row.smooth:
            found.append(args)
    return found


def special_points_of(row: Any) -> list[tuple[float, ...]]:
    return list(itertools.product(SPECIALS, repeat=arity_of(row)))


def compute(points: dict[Any, list[tuple[float, ...]]], slopes: bool) -> dict[Any, tuple[Any, list[Any]]]:
    """For each row its program and what JAX makes of it at the points; of all rows in one run, to compile but once."""
    builder, columns, wanted, programs = Builder(), [], [], {}
    longest = max(map(len, points.values()))
    for row, args in points.items():
        alone = Builder()
        for one in (alone, builder):
            inputs = [one.input() for _ in range(arity_of(row))]
            y = row(*inputs)
            outputs = [one.floated(y), *[row.derivative(i)(y, *inputs) for i in range(len(inputs)) if slopes]]
            if one is alone:
                programs[row] = one.program(outputs)
        wanted += outputs
        columns += [np.array((column * longest)[:longest]) for column in zip(*args)]
    program = builder.program(wanted)
    found = [np.empty(longest) for _ in wanted]
    target.rows(program, [True] * len(columns), [False] * len(wanted))(columns, found, longest)
    results, start = {}, 0
    for row, own in programs.items():
        results[row] = own, found[start : start + len(own.outputs)]
        start += len(own.outputs)
    return results


@pytest.fixture(scope="module")
def ordinary() -> Any:
    return compute({row: points_of(row) for row in ROWS}, slopes=True)


@pytest.fixture(scope="module")
def special() -> Any:
    return compute({row: special_points_of(row) for row in map(primitives.table.__getitem__, ELEMENTARY)}, slopes=False)


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_each_row_at_ordinary_points(row: Any, ordinary: Any) -> None:
    program, outputs = ordinary[row]
    for k, args in enumerate(points_of(row)):
        for found, expected in zip(outputs, program(*args)):
            assert same(float(found[k]), expected, 1e-11), f"{row}{args}: {found[k]!r}, not {expected!r}"


ELEMENTARY = [
    *("add", "sub", "mul", "div", "neg", "ratio", "exp", "log", "sqrt", "sin", "tanh"),
    *("maximum", "minimum", "relu", "abs", "sign", "sigmoid", "where"),
]


@pytest.mark.parametrize("name", ELEMENTARY)
def test_special_points(name: str, special: Any) -> None:
    row = primitives.table[name]
    program, (found,) = special[row]
    for k, args in enumerate(special_points_of(row)):
        expected = program(*args)[0]
        assert same(float(found[k]), expected, 1e-14), f"{row}{args}: {found[k]!r}, not {expected!r}"


def model(w: Any, x: Any) -> Any:
    return math.tanh(w["a"] @ x + w["b"]) ** 2 + math.relu(x[0]) * math.where(x[1] > 0, x[0], 2.0)


W = {"a": np.array([0.5, -0.25]), "b": 0.125}
X = np.array([[1.0, 2.0], [-0.5, 0.25], [3.0, -1.0]])


def test_compiled_on_jax() -> None:
    f = ag.compile(model, target="jax")
    assert f(W, X[0]) == pytest.approx(model(W, X[0]), rel=1e-13)
    value, gradient = f.value_and_grad(W, X[0])
    expected = ag.grad(model)(W, X[0])
    assert gradient["a"] == pytest.approx(expected["a"], rel=1e-13)
    rows = ag.compile(model, in_axes=(None, 0), target="jax")
    assert rows(W, X) == pytest.approx([model(W, x) for x in X], rel=1e-13)
    value, gradient = rows.value_and_grad(W, X)
    assert value == pytest.approx(sum(model(W, x) for x in X), rel=1e-13)
    assert gradient["b"] == pytest.approx(sum(ag.grad(model)(W, x)["b"] for x in X), rel=1e-13)
    branchy = ag.compile(lambda x: x * x if x > 0 else math.exp(x), in_axes=0, target="jax")
    assert branchy(np.array([1.0, -1.0, 3.0])) == pytest.approx([1.0, std.exp(-1), 9.0], rel=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_composes_with_jit_vmap_and_grad(dtype: str) -> None:
    with jax.enable_x64(dtype == "float64"):
        rel = 1e-5 if dtype == "float32" else 1e-12
        f = target.function(model)
        w = {"a": jnp.asarray(W["a"], dtype), "b": jnp.asarray(W["b"], dtype)}
        x = jnp.asarray(X, dtype)
        assert f(w, x[0]).dtype == dtype
        assert float(jax.jit(f)(w, x[0])) == pytest.approx(model(W, X[0]), rel=rel)
        gradients = jax.jit(jax.vmap(jax.grad(f), in_axes=(None, 0)))(w, x)
        expected = [ag.grad(model)(W, row) for row in X]
        assert np.allclose(gradients["a"], [g["a"] for g in expected], rtol=rel)
        assert np.allclose(gradients["b"], [g["b"] for g in expected], rtol=rel)
        hessian = jax.hessian(f, argnums=1)(w, x[0])
        assert np.allclose(hessian, ag.hessian(model, argnums=1)(W, X[0]), rtol=10 * rel, atol=rel)
        _, along = jax.jvp(lambda x: f(w, x), (x[0],), (jnp.ones(2, dtype),))
        assert float(along) == pytest.approx(sum(ag.grad(model, 1)(W, X[0])), rel=10 * rel)


def test_outputs_keep_their_nesting() -> None:
    f = target.function(lambda x: {"a": x * 2, "b": (x[0], 1.0)})
    found = jax.jit(f)(jnp.arange(3.0))
    assert found["a"].tolist() == [0.0, 2.0, 4.0]
    assert [float(y) for y in found["b"]] == [0.0, 1.0]


def test_what_has_no_numbers_cannot_branch() -> None:
    with pytest.raises(TypeError, match=r"use where\(c, a, b\)"):
        jax.jit(target.function(lambda x: x if x > 0 else -x))(1.0)


def test_derivatives_at_kinks_are_the_rows() -> None:
    # JAX's own would be 1 at |x|, and (1, 0) or so where the table has halves.
    assert float(jax.grad(target.function(abs))(0.0)) == 0.0
    assert [float(g) for g in jax.grad(target.function(math.maximum), argnums=(0, 1))(1.0, 1.0)] == [0.5, 0.5]
    assert float(jax.grad(target.function(math.relu))(0.0)) == 0.0
