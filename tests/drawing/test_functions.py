"""A function drawn at a point: its parameters are the labels, its numbers right, and nothing else has changed."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest

import autograd_lite as ag
from autograd_lite import Value, math, nn
from autograd_lite.drawing import Picture, draw
from autograd_lite.drawing.functions import evaluated


def leaves(picture: Picture) -> dict[str, tuple[float | None, float | None]]:
    return {node.label: (node.value, node.gradient) for node in picture.circuit.nodes if node.kind == "leaf"}


def test_a_function_at_a_point() -> None:
    def loss(w: list[float], x: float, /, b: float) -> Any:
        return (w[0] * x + w[1] * b) ** 2

    picture = ag.draw(loss, [2.0, 1.0], 3.0, 4)
    assert picture.circuit.nodes[-1].label == "loss"
    value, by = ag.value_and_grad(loss, argnums=(0, 1, 2))([2.0, 1.0], 3.0, 4.0)
    assert picture.circuit.nodes[-1].value == value
    assert leaves(picture) == {
        "w[0]": (2.0, by[0][0]), "w[1]": (1.0, by[0][1]), "x": (3.0, by[1]), "b": (4.0, by[2])
    }  # fmt: skip
    assert picture.circuit.notes == []


def test_what_is_not_chosen_has_a_plain_zero() -> None:
    with evaluated(lambda x: math.where(math.greater(x, 0.0), math.exp(x), 1.0), (-1.0,)) as root:
        exp = root.parents[1]
        assert (type(exp.grad), exp.grad, exp.reached) == (float, 0.0, True)


def test_other_kinds_of_functions() -> None:
    assert set(leaves(ag.draw(lambda *xs: xs[0] * xs[1], 1.0, 2.0))) == {"xs[0]", "xs[1]"}
    assert set(leaves(ag.draw(math.hypot, 3.0, 4.0))) <= {"x", "y", "coordinates[0]", "coordinates[1]", "x[0]", "x[1]"}
    assert set(leaves(ag.draw(max, 3.0, Value(4.0, "other")))) == {"x[1]"}
    numpy = pytest.importorskip("numpy", reason="numpy is not installed: pip install numpy")
    assert set(leaves(ag.draw(lambda A: (A @ A).sum(), numpy.eye(2)))) == {"A[0, 0]", "A[0, 1]", "A[1, 0]", "A[1, 1]"}


def test_gradients_that_were_there_stay() -> None:
    net = nn.MLP(2, [2, 1], seed=1)
    before, shared = Value(2.0, "k"), Value(1.0, "unswept")
    (before * before).backward()
    weights = net.parameters()
    picture = ag.draw(lambda x: net([x, before]) * shared, 0.5)
    assert leaves(picture)["k"][1] not in (None, 4.0)
    assert (before.grad, shared.reached, [w.reached for w in weights]) == (4.0, False, [False] * len(weights))
    with ag.no_grad():
        assert len(ag.draw(lambda x: x * x, 1.0).circuit.nodes) == 2


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((lambda x: [x, x], 1.0), "must return one number computed from its arguments, not 2 numbers"),
        ((lambda x: 3.0, 1.0), "not float"),
        ((lambda x: None, 1.0), "not 0 numbers"),
        ((lambda x: x, "text"), "draw: x of <lambda>: "),
        ((3.0,), "expected a Value, or a function and its arguments, got float"),
        ((Value(3.0), 2), "arguments are for a function"),
    ],
)
def test_what_is_no_function_of_one_number(args: tuple[Any, ...], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        ag.draw(*args)


def test_the_method_shows_what_it_takes() -> None:
    method, function = inspect.signature(Value.draw).parameters, inspect.signature(draw).parameters
    options = [name for name in function if name not in ("root", "args")]
    assert [name for name in method if name != "self"] == options
    assert [method[name].default for name in options] == [function[name].default for name in options]
    assert [method[name].annotation for name in options] == [function[name].annotation for name in options]
    with pytest.raises(TypeError, match="colour"):
        Value(1.0).draw(colour="red")  # type: ignore[call-arg]


def test_the_short_way_in_loads_nothing_before_it_is_asked_for() -> None:
    program = (
        "import sys, autograd_lite as ag; assert 'autograd_lite.drawing' not in sys.modules; "
        "from autograd_lite import draw, plot; from autograd_lite.drawing import draw as other; "
        "assert draw is ag.draw is other and 'matplotlib' not in sys.modules and 'typst' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
