"""Loops in programs: random ones mean compiled what they mean eagerly, in every mode and order; the oracles are the
eager loop, `jax.lax`, and closed forms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import math, primitives
from autograd_lite.compiler import Program

# ---- random loops ----------------------------------------------------------------------------------------------------

OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "sin": lambda a, b: math.sin(a),
    "sqrt": lambda a, b: math.sqrt(a),  # nan and infinite slopes
    "div": lambda a, b: primitives.div(a, b),  # floats as IEEE 754 has them
    "maximum": lambda a, b: math.maximum(a, b),
    "relu": lambda a, b: math.relu(a),
    "where": lambda a, b: math.where(a > b, a, b * b),
    "sqrt or not": lambda a, b: math.where(a > 0, math.sqrt(a), b),
    "floor": lambda a, b: primitives.floor(a) + 0.0 * b,
    "loop": lambda a, b: ag.scan(lambda c, x: (c * x + b, None), a, [0.5, b, -1.5])[0],
    "loop of choices": lambda a, b: ag.scan(lambda c, x: (math.where(c > b, x, c * c), c), a, [0.5, b])[1][1],
    "while": lambda a, b: ag.while_loop(lambda v: v[0] < 3.0, lambda v: (v[0] + 1.0, v[1] * b), (a, b))[1],
}
steps = st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 9), st.integers(0, 9))
numbers = st.sampled_from([0.0, 1.0, -0.5, 0.25, 2.0, -2.0, 0.7])


@st.composite
def loops(draw: Any) -> Callable[..., Any]:
    """A function of two numbers with a scan of a random body in it."""
    body = draw(st.lists(steps, min_size=1, max_size=6))
    carry, new, made = draw(st.lists(numbers, max_size=1)), draw(st.lists(st.integers(0, 9), min_size=3)), draw(steps)
    xs = draw(st.lists(numbers, max_size=4))
    reverse, dead = draw(st.booleans()), draw(st.booleans())
    used = draw(st.lists(st.integers(0, 4), max_size=3))

    def f(a: Any, b: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            values = [*state, x, a, math.cos(b), 1.5]
            for name, i, j in body:
                values.append(OPERATIONS[name](values[i % len(values)], values[j % len(values)]))
            return tuple(values[k % len(values)] for k in new[: len(state)]), (values[made[1] % len(values)], state[0])

        first = (a, b, carry[0] if carry else 0.5)
        last, outputs = ag.scan(step, first, xs, reverse=reverse)
        if not xs:
            return last[0] * b + last[1]
        total = 0.0 if dead else last[0] + last[1] * last[2]
        for k in used:
            total = total + outputs[0][k % len(xs)] * outputs[1][-1]
        return total

    return f


def derivatives(f: Callable[..., Any]) -> list[Callable[..., Any]]:
    def sums(a: Any, b: Any) -> Any:
        y = f(a, b)
        return [y, y * a, y + b]

    return [
        f,
        ag.grad(f, argnums=(0, 1)),
        ag.jacobian(sums, argnums=(0, 1)),  # forward
        lambda a, b: ag.hvp(f, (a, b), (1.0, -0.5)),
        ag.hessian(f, argnums=(0, 1)),
    ]


@pytest.mark.parametrize("target", ["python", "llvm"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(loops(), numbers, numbers)
def test_random_loops_are_what_they_are_eagerly(target: str, f: Callable[..., Any], a: float, b: float) -> None:
    if target == "llvm":
        pytest.importorskip("llvmlite")
    with ag.errstate(all="ignore"):
        for of in derivatives(f):
            expected = np.ravel(of(a, b))
            compiled = ag.compile(of, target=target)
            np.testing.assert_allclose(np.ravel(compiled(a, b)), expected, rtol=1e-9, atol=1e-12)
            program = compiled.program
            program.verify()
            assert str(Program.parse(str(program))) == str(program)
            np.testing.assert_array_equal(program(a, b)[: len(expected)], np.ravel(compiled(a, b)))
