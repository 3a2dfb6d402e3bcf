"""All ways of computing one derivative agree at special points: along a chain nan equal to nan, else in numbers."""

from __future__ import annotations

import math as std
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, math
from autograd_lite.primitives import Primitive, table

Function = Callable[[Any], Any]
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 1000.0, -1000.0, std.inf, -std.inf, std.nan, 5e-324, 1e308)
CONSTANTS = (0.0, 1.0, -1.0, 2.0, 0.5, 3.0, std.inf)
NO_CHAIN = {"constant", "identity"}


def links() -> list[tuple[str, Function]]:
    """Every primitive as a function of one number: of each of its arguments, the others constants."""
    found: list[tuple[str, Function]] = []
    for op in table.values():
        if op.name in NO_CHAIN or op.result_type is bool:
            continue
        for arity in op.arities:
            others = CONSTANTS if arity == 2 else CONSTANTS[1:3] if arity == 3 else CONSTANTS[3:4]
            for place in range(arity):
                for other in others if arity > 1 else (0.0,):
                    found.append((f"{op}@{place}({other})", link(op, arity, place, other)))
    return found


def link(op: Primitive, arity: int, place: int, other: float) -> Function:
    return lambda x: op(*[x if i == place else other for i in range(arity)])


LINKS = links()
CHOICES: list[tuple[str, Callable[[Function, Function], Function]]] = [
    ("less", lambda f, g: lambda x: math.where(math.less(x, 0.5), f(x), g(x))),
    ("constant if equal", lambda f, g: lambda x: math.where(math.equal(x, 0.0), 1.0, f(g(x)))),
    ("constant unless greater", lambda f, g: lambda x: math.where(math.greater(x, 0.0), f(g(x)), 0.0)),
    ("nested", lambda f, g: lambda x: math.where(math.less(x, 1.0), math.where(math.less(x, 0.0), f(x), g(x)), x)),
    ("relu", lambda f, g: lambda x: f(math.relu(g(x)))),
    ("maximum", lambda f, g: lambda x: math.maximum(f(x), g(x))),
    ("minimum of a constant", lambda f, g: lambda x: f(math.minimum(g(x), 0.5))),
    ("product", lambda f, g: lambda x: f(x) * g(x)),
]


def same(a: float, b: float, x: float, paths_join: bool = False) -> bool:
    """Equal to the rounding of terms that may cancel, and nan to nan; where paths join one may be nan.

    Where x is so large or small that a product may over- or underflow on one way alone, a zero or an infinity excuses.
    """
    if a != a or b != b:
        return (a != a and b != b) or paths_join
    if a == b or std.isclose(a, b, rel_tol=1e-6, abs_tol=1e-12):
        return True
    ordinary = x == 0.0 or 0.1 <= abs(x) <= 10.0
    return not ordinary and any(std.isinf(y) or abs(y) < 1e-290 or abs(y) > 1e290 for y in (a, b))


def backward(f: Function) -> Function:
    def gradient(x: float) -> float:
        leaf = Value(x)
        y = f(leaf)
        y.backward()
        return leaf.grad

    return gradient


def pushed(f: Function) -> Function:
    return lambda x: ag.jvp(f, (x,), (1.0,))[1]


FIRST: dict[str, Callable[[Function], Function]] = {
    "grad": ag.grad,
    "backward": backward,
    "jvp": pushed,
    "jacobian": ag.jacobian,
    "reverse jacobian": lambda f: lambda x: ag.jacobian(lambda xs: [f(xs[0])])([x, 1.0])[0][0],
}
SECOND: dict[str, Callable[[Function], Function]] = {
    "grad of grad": lambda f: ag.grad(ag.grad(f)),
    "hessian": ag.hessian,
    "hvp": lambda f: lambda x: ag.hvp(f, (x,), (1.0,)),
    "grad of jvp": lambda f: ag.grad(pushed(f)),
    "jvp of jvp": lambda f: pushed(pushed(f)),
}


def hold_together(f: Function, x: float, ways: dict[str, Callable[[Function], Function]], paths_join: bool) -> None:
    with ag.errstate(all="ignore"):
        found = {name: way(f)(x) for name, way in ways.items()}
    first = found["grad" if "grad" in ways else "grad of grad"]
    for name, number in found.items():
        assert same(first, number, x, paths_join), (x, found, name)


@given(st.sampled_from(LINKS), st.sampled_from(LINKS), st.sampled_from(SPECIAL))
def test_along_a_chain_first_derivatives_agree(outer: Any, inner: Any, x: float) -> None:
    hold_together(lambda x: outer[1](inner[1](x)), x, FIRST, paths_join=False)


@given(st.sampled_from(LINKS), st.sampled_from(LINKS), st.sampled_from(SPECIAL))
def test_second_derivatives_agree_where_they_are_numbers(outer: Any, inner: Any, x: float) -> None:
    hold_together(lambda x: outer[1](inner[1](x)), x, SECOND, paths_join=True)


@given(st.sampled_from(LINKS), st.sampled_from(SPECIAL))
def test_second_derivatives_of_a_primitive_agree(op: Any, x: float) -> None:
    hold_together(op[1], x, SECOND, paths_join=True)


@given(st.sampled_from(LINKS), st.sampled_from(LINKS), st.sampled_from(CHOICES), st.sampled_from(SPECIAL))
def test_choices_in_every_mode(f: Any, g: Any, choice: Any, x: float) -> None:
    whole = choice[1](f[1], g[1])
    hold_together(whole, x, FIRST, paths_join=True)
    hold_together(whole, x, SECOND, paths_join=True)


@given(st.sampled_from(LINKS), st.sampled_from(LINKS), st.sampled_from(CHOICES), st.sampled_from(SPECIAL))
def test_what_is_not_chosen_has_no_say(f: Any, g: Any, choice: Any, x: float) -> None:
    """The derivative of a `where` is that of the side it takes, whatever stands on the other."""
    assume(x != 0.5)
    with ag.errstate(all="ignore"):
        taken = f[1] if x < 0.5 else g[1]
        whole = math.where
        for name, way in {**FIRST, **SECOND}.items():
            chosen = way(lambda x: whole(math.less(x, 0.5), f[1](x), g[1](x)))(x)
            alone = way(taken)(x)
            assert same(chosen, alone, x), (name, chosen, alone)


@pytest.mark.parametrize("target", ["python", "llvm"])
@given(st.sampled_from(LINKS), st.sampled_from(LINKS), st.sampled_from(CHOICES))
def test_compiled_and_over_rows(target: str, f: Any, g: Any, choice: Any) -> None:
    import numpy as np

    for whole, joins in ((lambda x: f[1](g[1](x)), False), (choice[1](f[1], g[1]), True)):
        with ag.errstate(all="ignore"):
            compiled = ag.compile(whole, target=target)
            rows = ag.compile(whole, in_axes=0, target=target)
            gradients = rows.jacobian(np.array(SPECIAL))
            for k, x in enumerate(SPECIAL):
                eager = ag.grad(whole)(x)
                assert same(eager, float(compiled.jacobian(x)), x, joins), (target, x)
                assert same(eager, float(np.ravel(gradients)[k]), x, joins), (target, x, "rows")
