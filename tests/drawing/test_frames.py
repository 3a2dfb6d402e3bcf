"""The steps as pictures: what is known at each step is shown and no more; the page is stepped through in a browser."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from autograd_lite import Value, group, math
from autograd_lite.drawing import render
from autograd_lite.drawing.frames import animated_gif, animated_html

HOSTILE = [
    "</script><script>window.hacked = 1</script>",
    "$DATA $SVG",
    "two\nlines",
    "\"'`${window.hacked = 3}\\",
    "∂ 🎈",
]


def circuit() -> Value:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = (x + y).named("q")
    return (q * z + x * 2.0).named("f")


def frames_of(page: str) -> list[dict[str, Any]]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])["frames"]


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


def test_the_page_has_every_number_of_every_step() -> None:
    f = circuit()
    page = animated_html(f.steps())
    gradients: dict[str, str] = {}
    for frame, step in zip(frames_of(page), f.steps(), strict=True):
        gradients |= frame["gradients"]
        assert frame["told"] == step.told()
        expected = {f"n{_place(f, node)}": f"{grad:.4g}".replace("-", "−") for node, grad in step.adjoints.items()}
        assert gradients == expected
    id = re.search(r'<svg xmlns="http://www.w3.org/2000/svg" id="(\w+)"', page)
    assert id is not None
    for frame in frames_of(page):
        for part in [*frame["now"], *frame["edges"], *frame["gradients"]]:
            assert f'id="{id[1]}_{part}"' in page


def test_nothing_is_fetched_and_nothing_changes_the_graph() -> None:
    f = circuit()
    page = animated_html(f.steps())
    assert page == animated_html(f.steps())
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert not f.reached


def test_options_of_the_drawing_hold() -> None:
    x = Value(1.0, "x")
    f = x
    for _ in range(40):
        with group("many"):
            f = f * 1.5
    page = animated_html(f.steps(), most=10, groups="boxes", direction="TB")
    assert len(frames_of(page)) == 41
    assert "folded into" in page
    assert "many" in animated_html(f.steps(), groups="collapsed")
    with pytest.raises(ValueError, match="direction is LR, RL, TB or BT"):
        animated_html(f.steps(), direction="up")


def test_saving_by_suffix(tmp_path: Path) -> None:
    steps = circuit().steps()
    assert steps.save(tmp_path / "steps.HTML").read_text(encoding="utf-8") == steps.html()
    with pytest.raises(ValueError, match=r"cannot save steps as \.svg: use \.html or \.gif"):
        steps.save(tmp_path / "steps.svg")


def test_a_gif_has_a_frame_for_each_step(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    steps = circuit().steps()
    try:
        content = steps.save(tmp_path / "steps.gif", seconds=0.5).read_bytes()
    except RuntimeError as error:
        pytest.skip(f"no program to make images: {error}")
    gif = image.open(io.BytesIO(content))
    assert gif.n_frames == len(steps)
    seen = set()
    for i in range(gif.n_frames):
        gif.seek(i)
        seen.add(gif.convert("RGB").tobytes())
        assert gif.info["duration"] == (500 if i < len(steps) - 1 else 1500)
    assert len(seen) == len(steps)


def test_without_what_a_gif_needs_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = circuit().steps()
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "PIL", None)
        with pytest.raises(RuntimeError, match=r"needs Pillow: `pip install autograd_lite\[draw\]`"):
            animated_gif(steps)
    pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")

    def none(*given: object, **options: object) -> bytes:
        raise render.NoImage("there is none")

    monkeypatch.setattr("autograd_lite.drawing.picture.laid_out", none)
    monkeypatch.setattr("autograd_lite.drawing.picture.converted", none)
    with pytest.raises(RuntimeError, match="install Graphviz"):
        animated_gif(steps)
    f = Value(1.0)
    for _ in range(300):
        f = f * 1.0
    with pytest.raises(ValueError, match="301 steps are too many for a GIF, 200 are the most"):
        animated_gif(f.steps())


def test_stepping_in_a_browser(browser: Any, tmp_path: Path) -> None:
    x = Value(0.5, HOSTILE[0])
    leaves = [Value(float(i + 1), label) for i, label in enumerate(HOSTILE[1:])]
    f = math.tanh(sum((x * leaf for leaf in leaves), Value(0.0)))
    steps = f.steps(forward=True)
    file = steps.save(tmp_path / "steps.html", seconds=0.05)
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))
    page.goto(file.as_uri())
    for step in steps:
        assert page.inner_text("#told") == str(step)
        assert page.inner_text("#count") == f"step {step.index + 1} of {len(steps)}"
        assert page.locator(".node.now").count() == 1
        assert page.locator(".edge.now").count() == len(step.terms)
        shown = [text.removeprefix("∂ ") for text in page.locator('.node tspan[fill="#cf222e"]').all_text_contents()]
        known = step.adjoints if step.adjoint is not None else {}
        assert len([text for text in shown if text != "·"]) == len(known)
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    assert page.inner_text("#told") == str(steps[0])
    page.click("#play")
    page.locator("#count", has_text=f"step {len(steps)} of").wait_for()
    page.locator("#play", has_text="play").wait_for()
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#told") == str(steps[-2])
    assert page.evaluate("window.hacked") is None
    assert errors == []
    page.close()
