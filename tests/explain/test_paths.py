"""Paths are counted exactly, and the heaviest found, beside a plain enumeration of them all."""

from __future__ import annotations

import math as floats
from collections.abc import Iterator
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value
from autograd_lite.explain.paths import Between

PROGRAMS = st.lists(st.tuples(st.sampled_from("+*-"), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=7)
INPUTS = st.lists(st.integers(-3, 3).map(float), min_size=2, max_size=2)


def run(program: list[tuple[str, int, int]], inputs: list[float]) -> list[Value]:
    nodes = [Value(x) for x in inputs]
    for symbol, i, j in program:
        a, b = nodes[-min(i, len(nodes))], nodes[-min(j, len(nodes))]
        nodes.append(a + b if symbol == "+" else a * b if symbol == "*" else a - b * 2)
    return nodes


def enumerated(z: Value, x: Value) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every path, as the operands taken, and its product; by recursion, which small graphs bear."""
    if z is x:
        yield (), Fraction(1)
        return
    for operand, (parent, slope) in enumerate(zip(z.parents, z.local_grads)):
        for operands, product in enumerated(parent, x):
            yield (operand, *operands), Fraction(slope) * product


@given(PROGRAMS, INPUTS, st.integers(1, 30))
def test_the_heaviest_paths_are_those_of_all_paths(
    program: list[tuple[str, int, int]], inputs: list[float], most: int
) -> None:
    nodes = run(program, inputs)
    z = nodes[-1]
    for x in nodes:
        paths = dict(enumerated(z, x))
        between = Between(z, x)
        found = between.heaviest(most)
        assert between.count() == len(paths)
        assert len(found) == min(most, len(paths))
        assert {path.operands: Fraction(path.product) for path in found}.items() <= paths.items()
        assert len({path.operands for path in found}) == len(found)
        sizes = sorted(map(abs, paths.values()), reverse=True)
        assert [abs(path.product) for path in found] == sizes[: len(found)]
        for path in found:
            assert path.nodes[0] is z
            assert path.nodes[-1] is x
            for child, parent, operand in zip(path.nodes, path.nodes[1:], path.operands):
                assert child.parents[operand] is parent


def test_more_paths_than_could_be_listed() -> None:
    x = Value(1.0, "x")
    f = x
    for _ in range(50):
        f = f + f
    assert Between(f, x).count() == 2**50
    assert len(Between(f, x).heaviest(20)) == 20
    f.backward()
    assert "1,125,899,906,842,624 paths from f to x, each the product of its local gradients; the 5" in str(x.explain())


def test_a_number_of_paths_with_thousands_of_digits() -> None:
    x = Value(1.0, "x")
    f = x
    for _ in range(20_000):
        f = (f + f) * 0.5
    assert Between(f, x).count() == 2**20_000
    assert "about 10^6021 paths" in str(x.explain(f))
    assert floats.log10(2) * 20_000 // 1 == 6020


def test_a_heavy_path_behind_many_light_ones_is_found() -> None:
    x, one = Value(1.0, "x"), Value(1.0)
    light = sum((x * one for _ in range(100)), Value(0.0))
    heavy = x * 3.0
    f = heavy + light
    first, second = Between(f, x).heaviest(2)
    assert (first.product, second.product) == (3.0, 1.0)
    assert first.local_grads == (1.0, 3.0)


def test_zeros_come_last_and_infinities_first() -> None:
    x = Value(2.0)
    f = x * 0.0 + x * float("inf") + x * 5.0
    assert [path.product for path in Between(f, x).heaviest(9)] == [float("inf"), 5.0, 0.0]


def test_the_node_itself_and_no_path() -> None:
    x, y = Value(2.0), Value(2.0)
    (path,) = Between(x, x).heaviest(5, seed=3.0)
    assert (path.nodes, path.local_grads, path.product, Between(x, x).count()) == ((x,), (), 3.0, 1)
    assert (Between(x, y).nodes, Between(x, y).heaviest(5), Between(x, y).count()) == ([], [], 0)
