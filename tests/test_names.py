"""Names by themselves: what they find, which of two they take, and that they leave the nodes alone."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.names import names_of

first = Value(1.0)
shadowed = Value(2.0)


def test_locals_then_globals():
    x = Value(3.0)
    q = x + first
    assert names_of([x, first, q]) == {x: "x", first: "first", q: "q"}
    assert (x.label, first.label, q.label) == (None, None, None)


def test_a_local_hides_the_global_of_its_name():
    outer = shadowed_global()
    shadowed = Value(5.0)
    assert names_of([shadowed, outer]) == {shadowed: "shadowed", outer: "outer"}


def shadowed_global() -> Value:
    return globals()["shadowed"]


def test_a_local_that_is_no_value_hides_the_global_too():
    shadowed = "something else"
    assert names_of([shadowed_global()]) == {}
    assert shadowed


def test_an_argument_and_a_free_variable():
    free = Value(1.0)

    def inside(argument: Value) -> dict[Value, str]:
        return names_of([argument, free * argument, free])

    there = Value(2.0)
    assert inside(there) == {there: "argument", free: "free"}


class Slotted:
    __slots__ = ("_hidden", "bias", "unset")

    def __init__(self, bias: Value) -> None:
        self.bias = bias
        self._hidden = Value(0.0)


def test_elements_and_attributes():
    w = [Value(1.0), (Value(2.0), 7, [Value(3.0)])]
    p = {"bias": Value(4.0), 3: Value(5.0), (1, 2): Value(6.0)}
    A = np.array([[Value(7.0), Value(8.0)]], dtype=object)
    scalar = np.array(None, dtype=object)
    scalar[()] = Value(9.0)
    net = SimpleNamespace(b=Value(10.0), layers=[Value(11.0)], inner=SimpleNamespace(deep=Value(12.0)))
    slotted = Slotted(Value(13.0))
    nodes = (w[0], w[1][0], w[1][2][0], p["bias"], p[3], p[1, 2], A[0, 0], A[0, 1], scalar[()], net.b, net.layers[0])
    nodes += (net.inner.deep, slotted.bias, slotted._hidden)
    found = names_of(nodes, {"w": w, "p": p, "A": A, "scalar": scalar, "net": net, "slotted": slotted})
    assert [found.get(node) for node in nodes] == [
        *("w[0]", "w[1][0]", "w[1][2][0]", "p['bias']", "p[3]", None, "A[0, 0]", "A[0, 1]", "scalar[()]", "net.b"),
        *("net.layers[0]", None, "slotted.bias", None),
    ]


def test_of_two_names_a_variable_comes_before_an_element_and_the_first_bound_before_the_second():
    x = Value(1.0)
    names = {"xs": [x], "b": x, "a": x}
    assert names_of([x], names) == {x: "b"}


@pytest.mark.parametrize("name", ["_", "__", "_12", "_hidden", "not a name", ".0"])
def test_passed_over(name: str):
    x = Value(1.0)
    assert names_of([x], {name: x}) == {}


def test_ipythons_lists_of_outputs_are_passed_over():
    x = Value(1.0)
    assert names_of([x], {"Out": {3: x}, "In": [x]}) == {}
    assert names_of([x], {"Out": {3: x}, "In": [x], "out": [x]}) == {x: "out[0]"}


def test_a_label_wins_and_its_name_is_given_to_no_other_node():
    x = Value(1.0, "a")
    y = x * 2
    assert names_of([x, y], {"x": x, "a": y}) == {}
    assert names_of([x, y], {"x": x, "a": y, "y": y}) == {y: "y"}


def test_off():
    x = Value(1.0)
    assert names_of([x], False) == {}


def test_a_list_that_holds_itself():
    x = Value(1.0)
    knot: list[object] = []
    knot += [knot, {"k": knot}, x]
    assert names_of([x], {"knot": knot}) == {x: "knot[2]"}


def test_eight_brackets_are_a_name_and_nine_are_none():
    x = Value(1.0)
    nest: list[object] = [x]
    for _ in range(7):
        nest = [nest]
    assert names_of([x], {"nest": nest}) == {x: "nest" + 8 * "[0]"}
    assert names_of([x], {"nest": [nest]}) == {}


def test_data_is_not_searched():
    x = Value(1.0)
    assert names_of([x], {"rows": [x] * 100_000}) == {x: "rows[0]"}
    assert names_of([x], {"rows": [x] * 100_001}) == {}


def test_modules_functions_and_classes_are_not_searched():
    x = Value(1.0)
    module = ModuleType("module")
    module.x = x  # type: ignore[attr-defined]
    kind = type("Kind", (), {"x": x})
    test_off.x = x  # type: ignore[attr-defined]
    try:
        assert names_of([x], {"module": module, "kind": kind, "function": test_off}) == {}
    finally:
        del test_off.x  # type: ignore[attr-defined]


def test_a_display_in_between_is_looked_through():
    display: dict[str, object] = {"__name__": "IPython.core.formatters", "names_of": names_of}
    exec("def show(obj):\n    method = obj\n    return names_of([obj])", display)
    q = Value(1.0)
    assert display["show"](q) == {q: "q"}  # type: ignore[operator]
    display["__name__"] = "elsewhere"
    assert display["show"](q) == {q: "obj"}  # type: ignore[operator]


def test_label_is_for_good():
    x, y = Value(1.0), Value(2.0, "explicit")
    w = [Value(3.0)]
    ag.label(locals())
    assert (x.label, y.label, w[0].label) == ("x", "explicit", "w[0]")
    z = x
    ag.label(locals())
    assert z.label == "x"


def test_label_wants_a_namespace():
    with pytest.raises(TypeError, match=r"label\(locals\(\)\), got Value"):
        ag.label(Value(1.0))  # type: ignore[arg-type]


def test_without_numpy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "numpy")
    x = Value(1.0)
    assert names_of([x], {"xs": [x]}) == {x: "xs[0]"}
