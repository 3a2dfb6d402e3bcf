"""A step as a picture: what is known at it is shown and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograd_lite import Value, group, math
from autograd_lite.drawing.model import number_text
from autograd_lite.graph import topological_order


def circuit() -> Value:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = (x + y).named("q")
    return (q * z + x * 2.0).named("f")


def test_a_step_shows_the_gradients_known_by_then() -> None:
    f = circuit()
    steps = f.steps()
    for step in steps:
        drawn = {node.label: node for node in step.draw().circuit.nodes if node.label}
        known = {node.label: f"{grad:.4g}".replace("-", "−") for node, grad in step.adjoints.items()}
        assert {name: node.gradient_text for name, node in drawn.items()} == {
            name: known.get(name, "·") for name in ("x", "y", "z", "q", "f")
        }
        active = [node for node in step.draw().circuit.nodes if node.active]
        assert [node.id for node in active] == [f"n{_place(f, step.node)}"]
        at_work = [edge.operand for edge in step.draw().circuit.edges if edge.active]
        assert at_work == [term.operand for term in step.terms]


def _place(root: Value, node: Value) -> int:
    from autograd_lite.graph import topological_order

    return next(i for i, other in enumerate(topological_order(root)) if other is node)


def test_what_is_born_in_the_end_is_not_marked_before() -> None:
    x = Value(0.0, "x")
    f = math.sqrt(x) * 2.0
    f.backward()
    assert any("gradient born" in node.marks for node in f.draw().circuit.nodes)
    assert all(set(node.marks) <= {"kink"} for step in f.steps() for node in step.draw().circuit.nodes)


def test_a_forward_step_shows_the_values_known_by_then() -> None:
    steps = circuit().steps(forward=True)
    first = steps[0].draw().circuit
    assert [node.value_text for node in first.nodes if node.kind != "constant"].count("·") == len(steps) // 2 - 1
    last = steps[len(steps) // 2].draw().circuit
    assert "·" not in [node.value_text for node in last.nodes]


def test_what_is_at_work_is_picked_out_in_every_form() -> None:
    picture = circuit().steps()[0].draw()
    assert "#8250df" in picture.source
    from autograd_lite.drawing.svg import svg

    assert svg(picture.circuit).count('stroke="#8250df" stroke-width=') == 3  # the node and two edges
    assert "step 1 of 7" in svg(picture.circuit)


def test_options_of_the_drawing_hold() -> None:
    x = Value(1.0, "x")
    f = x
    for _ in range(40):
        with group("many"):
            f = f * 1.5
    steps = f.steps()
    assert "folded into" in steps[3].draw(groups="boxes", most=10, direction="TB").text()
    assert "many" in steps[3].draw(groups="collapsed").text()
    with pytest.raises(ValueError, match="direction is LR, RL, TB or BT"):
        steps[0].draw(direction="up")
    assert not f.reached


def test_the_page_of_steps_begins_where_they_do(tmp_path: Path) -> None:
    f = circuit()
    page = f.steps().html()
    assert page == f.steps().html()
    assert not f.reached
    assert '"start": "backward"' in page
    assert '"start": "forward"' in f.steps(forward=True).html()
    assert "<h1>f = q × z + x × 2</h1>" in page
    assert f.steps().save(tmp_path / "steps.HTML").read_text(encoding="utf-8") == page
    with pytest.raises(ValueError, match=r"steps are saved as \.html, not \.gif"):
        f.steps().save(tmp_path / "steps.gif")


@pytest.mark.parametrize("seed", [1.0, -2.5])
def test_the_page_has_every_gradient_of_the_steps(browser: Any, seed: float) -> None:
    steps = circuit().steps(seed)
    tab = browser.new_page()
    tab.set_content(steps.html())
    assert tab.locator("#where").inner_text().endswith("backward")
    assert tab.locator("#step p:not(.what)").inner_text() == f"∂f/∂f = {number_text(seed)}"
    found = dict(tab.evaluate("circuit.numbers().map(([place, value, adjoint]) => [place, adjoint])"))
    order = topological_order(steps.z)
    place = {node: i for i, node in enumerate(order)}
    for node, adjoint in steps.adjoints(len(steps) - 1).items():
        assert found[place[node]] == adjoint
    tab.locator('[data-go="end"]').click()
    tab.locator('.scroll svg:visible .node[aria-label^="x,"]').hover()
    assert tab.locator("#ledger h3").inner_text() == f"∂f/∂x = {number_text(steps.adjoints(6)[order[0]])}"
    tab.close()
