"""The page: as a file, and at work in a headless Chromium, its numbers against Python's."""

from __future__ import annotations

import html.parser
import json
import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd_lite import Value, custom, group, math, nn
from autograd_lite.drawing import page as page_module
from autograd_lite.drawing.model import describe, number_text
from autograd_lite.drawing.page import page
from autograd_lite.explain.signals import raised
from autograd_lite.graph import topological_order

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

HOSTILE = [
    "</script><script>window.hacked = 1</script>",
    "<!--<script>",
    "<img src=x onerror='window.hacked = 2'>",
    "\"'`${window.hacked = 3}\\",
    "&amp;&lt;",
    "a\u2028b\u2029c",
    "🎈∂é",
    "{braces} {0} %s",
    "two\nlines\r\t",
    "x" * 10_000,
]


def first_circuit(x: float = -2.0, y: float = 5.0, z: float = -4.0) -> Value:
    a, b, c = Value(x, "x"), Value(y, "y"), Value(z, "z")
    return ((a + b).named("q") * c).named("f")


def neuron(w0: float = 2.0, x0: float = -1.0, w1: float = -3.0, x1: float = -2.0, w2: float = -3.0) -> Value:
    a, b, c, d, e = (Value(x, n) for x, n in zip((w0, x0, w1, x1, w2), ("w0", "x0", "w1", "x1", "w2")))
    return (1 / (1 + math.exp(-(a * b + c * d + e)))).named("f")


def every_kind(x: float = 0.7, y: float = -1.3) -> Value:
    a, b = Value(x, "x"), Value(y, "y")
    s = math.lgamma(a * a + 1.5) + math.erf(b) * math.digamma(a + 3.0)
    return s * math.maximum(a, b) + math.hypot(a, b, 1.0) ** 1.5 + math.logaddexp(a, b) % 0.75 + math.fsum([a, b, a])


def written(root: Value, **options: Any) -> str:
    return page(describe(root, **options))


class Reader(html.parser.HTMLParser):
    """The elements of a page: tags with attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        else:
            self.texts.append(data)


# ---- the file --------------------------------------------------------------------------------------------------------


def test_it_is_one_file_that_fetches_nothing():
    text = written(neuron())
    read = Reader(text)
    for tag, attributes in read.elements:
        assert tag not in ("link", "iframe", "object", "embed", "img", "base")
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)
    assert "@import" not in text
    assert re.findall(r"url\((?!#)", text) == []
    policy = next(a["content"] for tag, a in read.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_the_same_bytes_in_every_process():
    program = (
        "import sys; from autograd_lite import Value; from autograd_lite.drawing.page import page\n"
        "from autograd_lite.drawing.model import describe\n"
        "x, y = Value(1.5, 'x'), Value(2.0, 'y'); f = (x * y + x) / (y - x * 3).tanh()\n"
        "sys.stdout.buffer.write(page(describe(f)).encode())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert outputs.pop().startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_no_label_breaks_out(label: str):
    plain, hostile = Reader(written(first_circuit())), Reader(written(Value(1.0, label) * Value(2.0, "y")))
    assert [tag for tag, _ in hostile.elements if tag == "script"] == ["script"] * 3
    assert len(hostile.scripts) == len(plain.scripts) == 3
    assert not [tag for tag, _ in hostile.elements if tag == "img"]
    name = json.loads(hostile.scripts[0])["names"][0]
    shown = "".join(c if c.isprintable() else " " for c in label)
    assert name == label[: page_module.LONGEST_NAME - 1] + "…" or name in (shown, repr(label)[1:-1])
    assert all("\u2028" not in script for script in hostile.scripts)


def test_lone_surrogates_and_control_characters_are_no_trouble():
    text = written(Value(1.0, "\x00\x07\ud800") + 1.0)
    text.encode("utf-8")
    assert "\x00" not in text


@pytest.mark.parametrize(
    ("make", "title"),
    [
        (lambda x, y: x - (y - x), "x − (y − x)"),
        (lambda x, y: x - y - x, "x − y − x"),
        (lambda x, y: (x + y) * x / y, "(x + y) × x ÷ y"),
        (lambda x, y: x / (y * x), "x ÷ (y × x)"),
        (lambda x, y: -(x + y), "−(x + y)"),
        (lambda x, y: (-x) ** 2.0, "(−x) ** 2"),
        (lambda x, y: x**y**x, "x ** (y ** x)"),
        (lambda x, y: (x**y) ** x, "(x ** y) ** x"),
        (lambda x, y: x * -2.0, "x × −2"),
        (lambda x, y: math.maximum(x + y, 1.0), "max(x + y, 1)"),
        (lambda x, y: abs(x) + math.sigmoid(y), "abs(x) + σ(y)"),
        (lambda x, y: (x * y).named("z"), "z = x × y"),
        (lambda x, y: x, "x"),
    ],
)
def test_the_title_is_the_expression(make: Callable[[Value, Value], Value], title: str):
    text = written(make(Value(1.0, "x"), Value(2.0, "y")))
    assert f"<h1>{title}</h1>" in text
    assert f"<title>{title}</title>" in text


def test_a_long_expression_is_cut_and_still_short_for_a_deep_graph():
    y = x = Value(0.5, "x")
    for _ in range(300):
        y = math.sin(y) * x + 1.0
    data = json.loads(Reader(written(y)).scripts[0])
    assert max(map(len, data["names"])) <= 2 * page_module.LONGEST_NAME
    assert max(map(len, data["expressions"])) <= 2 * page_module.LONGEST_NAME
    assert any("…" in name for name in data["names"])
    title = next(line for line in written(y).splitlines() if line.startswith("<h1>"))
    assert "…" in title
    assert len(title) < 160


def test_what_cannot_be_computed_there_says_why():
    secret = custom(lambda x: float(f"{x:.3f}"), lambda y, x: 1.0, name="rounded")
    read = Reader(written(secret(Value(1.23456, "x")) * 2.0))
    assert "const compute = null" in read.scripts[1]
    note = next(text for text in read.texts if "cannot be changed here" in text)
    assert "goes beyond arithmetic" in note


def test_a_graph_beyond_the_bound_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page_module, "MOST_COMPUTED", 50)
    y = x = Value(0.5, "x")
    for _ in range(60):
        y = y * x
    y.backward()
    read = Reader(written(y, most=10))
    assert "const compute = null" in read.scripts[1]
    assert any("has 61 nodes" in text and "at most 50" in text for text in read.texts)
    assert len(json.loads(read.scripts[0])["places"]) < 20


def test_a_saved_picture_is_the_page(tmp_path: Path):
    f = first_circuit()
    assert f.draw().html() == page(describe(f))
    path = f.draw().save(tmp_path / "circuit.html")
    assert path.read_text(encoding="utf-8") == f.draw().html()


# ---- the page at work ------------------------------------------------------------------------------------------------


class Opened:
    """A page in the browser, and what it is asked in these tests."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab

    def text(self, selector: str) -> str:
        return self.tab.locator(selector).inner_text().replace("\xa0", " ")

    def lines(self, selector: str) -> list[str]:
        found = (" ".join(text.split()) for text in self.tab.locator(selector).all_inner_texts())
        return [text for text in found if text]

    def node(self, name: str) -> Any:
        place = self.tab.evaluate("(name) => circuit.place(name)", name)
        return self.tab.locator(f'.scroll svg:visible .node[data-node="{place}"]')

    def shown(self, name: str) -> tuple[str, str]:
        box = self.node(name)
        return box.locator("text.value").text_content(), box.locator("text.gradient").text_content()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def settle(self) -> None:
        self.tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def enter(self, name: str, text: str) -> None:
        field = self.tab.get_by_label(name, exact=True)
        field.fill(text)
        field.press("Tab")
        self.settle()

    def numbers(self) -> dict[int, tuple[float, float]]:
        """By its place, each drawn node's value and adjoint."""
        found = self.tab.evaluate("() => circuit.numbers().map((row) => row.map(String))")
        return {int(place): (_number(value), _number(adjoint)) for place, value, adjoint in found}


def _number(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


Open = Callable[..., Opened]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens pages; afterwards there must have been no error, no message and no request but for the file."""
    contexts, troubles = [], []

    def open_page(root: Value | str, width: int = 1280, height: int = 800, **options: Any) -> Opened:
        file = tmp_path / f"page{len(contexts)}.html"
        file.write_text(root if isinstance(root, str) else written(root), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: troubles.append(message.text))
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("dialog", lambda dialog: troubles.append(dialog.message))
        tab.on("request", lambda request: request.url == file.as_uri() or troubles.append(request.url))
        tab.goto(file.as_uri())
        return Opened(tab)

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def agree(opened: Opened, root: Value) -> None:
    """Every number of every drawn node is Python's, to 1e-12."""
    root.backward()
    found = opened.numbers()
    nodes = topological_order(root)
    assert set(found) <= set(range(len(nodes)))
    for place, (value, adjoint) in found.items():
        assert value == pytest.approx(nodes[place].data, rel=1e-12, abs=1e-300, nan_ok=True)
        if nodes[place].reached:
            assert adjoint == pytest.approx(nodes[place].grad, rel=1e-12, abs=1e-300, nan_ok=True)


@pytest.mark.parametrize(
    ("make", "changes"),
    [
        (first_circuit, {"x": 3.5, "z": -0.1}),
        (neuron, {"w0": -1.25, "x1": 4.0, "w2": 700.0}),
        (every_kind, {"x": 1.9, "y": 0.25}),
        (every_kind, {"x": -2.0, "y": -2.0}),
        (every_kind, {"x": 1e-300, "y": 1e6}),
    ],
)
def test_changed_leaves_give_pythons_numbers(opened: Open, make: Callable[..., Value], changes: dict[str, float]):
    shown = opened(make())
    agree(shown, make())
    now: dict[str, float] = {}
    for name, x in changes.items():
        shown.enter(name, repr(x))
        now[name] = x
        agree(shown, make(**now))
    shown.tab.get_by_role("button", name="Reset").click()
    shown.settle()
    agree(shown, make())


def test_random_circuits_agree(opened: Open):
    rng = random.Random(7)
    functions = [math.sin, math.tanh, math.exp, math.sqrt, math.log1p, math.sigmoid, abs, math.gamma, math.norm_cdf]

    def make(a: float, b: float, seed: int) -> Value:
        choose = random.Random(seed)
        nodes = [Value(a, "a"), Value(b, "b")]
        for _ in range(25):
            u, v = choose.choice(nodes[-6:]), choose.choice(nodes)
            nodes.append(choose.choice([u + v, u * v, u - v, u / v, choose.choice(functions)(u), math.minimum(u, v)]))
        return nodes[-1] + nodes[-2] * nodes[0] + nodes[1]

    for seed in range(4):
        shown = opened(make(0.5, 1.5, seed))
        agree(shown, make(0.5, 1.5, seed))
        for _ in range(3):
            a, b = rng.uniform(-3, 3), rng.choice([0.0, rng.uniform(-3, 3), 1e8])
            shown.enter("a", repr(a))
            shown.enter("b", repr(b))
            agree(shown, make(a, b, seed))


def test_an_abridged_graph_is_computed_whole(opened: Open):
    def make(x: float) -> Value:
        y = a = Value(x, "x")
        for k in range(1500):
            y = math.sin(y) * a + 0.001 * k
        return y

    shown = opened(page(describe(make(0.9), most=40, groups="boxes")))
    assert "folded" in shown.text(".notes")
    agree(shown, make(0.9))
    shown.enter("x", "0.875")
    agree(shown, make(0.875))
    shown.press("Escape")
    shown.tab.locator("h1").click()
    shown.press("Home", "ArrowRight", "ArrowRight")
    assert "Forward" in shown.text("#step")


def test_every_step_writes_its_arithmetic(opened: Open):
    shown = opened(first_circuit())
    assert shown.shown("x") == ("−2", "∂ −4")
    shown.press("Home")
    assert shown.shown("q") == ("·", "∂ ·")
    assert shown.text("#where") == "0 of 6 · the leaves"
    told = []
    for _ in range(6):
        shown.press("ArrowRight")
        told.append(shown.lines("#step p:not(.what)"))
    assert told == [
        ["q = x + y = −2 + 5 = 3"],
        ["f = q × z = 3 × (−4) = −12"],
        ["∂f/∂f = 1"],
        ["∂f/∂q = 1 × (−4) = −4", "∂f/∂z = 1 × 3 = 3"],
        ["∂f/∂x = −4 × 1 = −4", "∂f/∂y = −4 × 1 = −4"],
        ["∂f/∂x = −4", "∂f/∂y = −4", "∂f/∂z = 3"],
    ]
    shown.press("ArrowRight")  # at the end it stays there
    assert shown.text("#where") == "6 of 6 · done"
    shown.press("ArrowLeft", "ArrowLeft")
    assert [shown.shown(name) for name in "qxz"] == [("3", "∂ −4"), ("−2", "∂ ·"), ("−4", "∂ 3")]


def test_a_shared_leafs_gradient_grows_term_by_term(opened: Open):
    x = Value(3.0, "x")
    shown = opened((x * x + x).named("f"))
    shown.press("End", "ArrowLeft", "ArrowLeft")
    assert shown.shown("x")[1] == "∂ 1"
    assert "partial" in shown.node("x").get_attribute("class")
    shown.press("ArrowRight")
    assert shown.lines("#step p:not(.what)") == ["∂f/∂x += 1 × 3 = 3 now 4", "∂f/∂x += 1 × 3 = 3 now 7"]
    assert shown.shown("x")[1] == "∂ 7"
    shown.node("x").hover()
    assert shown.lines("#ledger li") == [
        "via f = x × x + x: 1 × 1 = 1",
        "via x × x: 3 × 1 = 3",
        "via x × x: 3 × 1 = 3",
        "sum 7",
    ]
    shown.press("End")
    assert "3 paths to f" in shown.lines("#ledger p")
    assert "x → f: 1 = 1" in shown.lines("#ledger p")


def test_pointing_at_a_node_shows_its_ledger_and_lights_its_paths(opened: Open):
    shown = opened(first_circuit())
    shown.node("x").hover()
    assert shown.text("#ledger h3") == "∂f/∂x = −4"
    assert shown.lines("#ledger li") == ["via q = x + y: 1 × (−4) = −4"]
    lit = {name: "lit" in shown.node(name).get_attribute("class").split() for name in ("x", "y", "z", "q", "f")}
    assert lit == {"x": True, "y": False, "z": False, "q": True, "f": True}
    edges = shown.tab.eval_on_selector_all(
        ".only .edge, .across .edge", "(some) => some.map((e) => e.classList.contains('lit'))"
    )
    assert sum(edges) == 2
    opacity = "(box) => getComputedStyle(box).opacity"
    shown.tab.wait_for_function(f"(box) => ({opacity})(box) === '0.28'", arg=shown.node("y").element_handle())
    assert shown.node("q").evaluate(opacity) == "1"
    shown.tab.mouse.move(2, 2)
    assert not shown.tab.locator("svg.lighting").count()
    shown.node("q").click()  # pinned: it stays
    shown.tab.mouse.move(2, 2)
    assert shown.tab.locator("svg.lighting").count()
    shown.press("Escape")
    assert not shown.tab.locator("svg.lighting").count()


def test_dragging_a_leaf_computes_anew(opened: Open):
    shown = opened(first_circuit())
    box = shown.node("x").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    shown.tab.mouse.move(x, y)
    shown.tab.mouse.down()
    shown.tab.mouse.move(x + 60, y + 3, steps=6)
    shown.settle()
    during = shown.numbers()
    shown.tab.mouse.up()
    shown.settle()
    value = _number(shown.tab.get_by_label("x", exact=True).input_value().replace("−", "-"))
    assert value > -2.0
    assert during == shown.numbers()
    agree(shown, first_circuit(x=value))
    assert shown.text("#result") == f"f = {number_text(first_circuit(x=value).data)}"
    assert "x was changed" in shown.text("#step")
    shown.tab.locator("h1").click()  # the focus goes elsewhere
    assert not shown.tab.locator("svg.lighting").count()  # the drag was no click: nothing is pinned


def test_a_slider_computes_anew(opened: Open):
    shown = opened(first_circuit())
    slider = shown.tab.get_by_label("z, slider")
    slider.focus()
    shown.press("ArrowRight", "ArrowRight")
    shown.settle()
    value = float(slider.input_value())
    assert value > -4.0
    agree(shown, first_circuit(z=value))
    assert shown.text("#where") == "6 of 6 · done"  # arrow keys belong to the slider there


@pytest.mark.parametrize("text", ["", "abc", "1..2", "1e", "--1"])
def test_what_is_no_number_is_marked_and_changes_nothing(opened: Open, text: str):
    shown = opened(first_circuit())
    field = shown.tab.get_by_label("x", exact=True)
    field.fill(text)
    assert field.get_attribute("aria-invalid") == "true"
    shown.settle()
    agree(shown, first_circuit())
    field.press("Tab")
    assert field.input_value() == "−2"
    assert field.get_attribute("aria-invalid") == "false"


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "-0.0", "5e-324", "1.7976931348623157e308"])
def test_any_float_can_be_typed(opened: Open, text: str):
    shown = opened(every_kind())
    shown.enter("x", text)
    agree(shown, every_kind(x=float(text)))
    if abs(float(text)) < float("inf"):
        at = f" at {shown.tab.evaluate('(x) => circuit.short(x)', float(text))} it is"
        shown.tab.get_by_label("x, slider").focus()
        shown.tab.wait_for_function("(at) => document.querySelector('#plot').ariaLabel?.includes(at)", arg=at)
        assert all("NaN" not in path.get_attribute("d") for path in shown.tab.locator("#plot path").all())


def test_where_nan_arises_is_marked(opened: Open):
    x = Value(4.0, "x")
    shown = opened((math.sqrt(x).named("r") + 1.0).named("f"))
    shown.enter("x", "-4")
    assert shown.shown("r")[0] == shown.shown("f")[0] == "nan"
    assert "born" in shown.node("r").get_attribute("class").split()
    assert "born" not in shown.node("f").get_attribute("class").split()


def test_numbers_are_written_as_python_writes_them(opened: Open):
    rng = random.Random(3)
    numbers = [0.0, -0.0, 1.0, -1.5, 99995.0, 9999.5, 0.00012345, 0.000099999, 1e-7, 123456.0, 1e300, 5e-324, 0.5]
    numbers += [rng.choice([-1, 1]) * 10 ** rng.uniform(-9, 9) for _ in range(200)]
    for precision in (1, 4, 12):
        shown = opened(written(first_circuit(), precision=precision))
        texts = shown.tab.evaluate("(some) => some.map((x) => circuit.short(Number(x)))", [repr(x) for x in numbers])
        assert texts == [number_text(x, precision) for x in numbers]


def test_with_the_keyboard_alone(opened: Open):
    shown = opened(first_circuit())
    seen = []
    for _ in range(24):
        shown.press("Tab")
        seen.append(
            shown.tab.evaluate(
                "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
                " ?? document.activeElement.id"
            )
        )
        style = shown.tab.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " const box = e.querySelector(':scope > rect');"
            " return [s.outlineStyle, box ? getComputedStyle(box).strokeWidth : '']; }"
        )
        assert style[0] != "none" or style[1] == "4px", f"no visible focus at {seen[-1]}"
    assert seen[0] == "Skip the circuit"
    assert seen[2:7] == ["x, leaf", "y, leaf", "q, +, value 3, gradient −4", "z, leaf", "f, ×, value −12, gradient 1"]
    assert "A step back" in seen
    assert any(label.endswith("slider") for label in seen)

    leaf = shown.node("x")
    leaf.focus()
    assert shown.text("#ledger h3") == "∂f/∂x = −4"
    shown.press("ArrowUp")
    shown.settle()
    raised = float(leaf.get_attribute("aria-valuenow"))
    assert raised > -2.0
    agree(shown, first_circuit(x=raised))
    shown.press("Shift+ArrowDown")
    shown.settle()
    assert float(leaf.get_attribute("aria-valuenow")) < -2.0
    shown.press("Enter")
    assert shown.tab.evaluate("() => document.activeElement.value") == leaf.get_attribute("aria-valuenow").replace(
        "-", "−"
    )
    shown.tab.keyboard.type("7")  # the text was selected
    shown.press("Tab")
    shown.settle()
    agree(shown, first_circuit(x=7.0))
    shown.node("q").focus()
    shown.press("ArrowLeft", "ArrowLeft")
    assert shown.text("#where") == "4 of 6 · backward"
    shown.press("Enter")
    assert shown.tab.locator("svg:visible .node.chosen").count() == 1


def test_playing_goes_to_the_end_and_can_be_paused(opened: Open):
    shown = opened(first_circuit())
    shown.tab.clock.install()
    play = shown.tab.locator('[data-go="play"]')
    play.click()
    assert play.inner_text() == "Pause"
    assert shown.text("#where") == "0 of 6 · the leaves"
    shown.tab.clock.run_for(2500)  # the clock goes on by itself besides, so a step more may be shown on a busy machine
    play.click()
    where = shown.text("#where")
    assert 2 <= int(where.split()[0]) < 6
    shown.tab.clock.run_for(5000)
    assert shown.text("#where") == where
    shown.tab.locator("h1").click()
    shown.press(" ")
    shown.tab.clock.run_for(10_000)
    assert shown.text("#where") == "6 of 6 · done"
    assert play.inner_text() == "Play"


def test_the_buttons_and_the_track(opened: Open):
    shown = opened(neuron())
    end = shown.tab.get_by_role("button", name="To the end")
    start, back, on = (
        shown.tab.get_by_role("button", name=name) for name in ("To the start", "A step back", "A step on")
    )
    assert end.is_disabled()
    assert on.is_disabled()
    start.click()
    assert start.is_disabled()
    on.click()
    on.click()
    back.click()
    assert shown.text("#where").startswith("1 of 18")
    shown.tab.locator("#position").fill("12")
    assert shown.text("#where") == "12 of 18 · backward"
    assert shown.tab.locator("#position").get_attribute("aria-valuetext") == "12 of 18 · backward"


def test_what_a_screen_reader_is_told(opened: Open):
    shown = opened(first_circuit())
    tree = re.sub("^ *", "", shown.tab.locator("body").aria_snapshot(), flags=re.MULTILINE)
    for line in (
        '- heading "f = q × z" [level=1]',
        '- group "Circuit of f, 5 nodes":\n- spinbutton "x, leaf"\n',
        '- button "q, +, value 3, gradient −4"',
        '- button "A step back"',
        '- textbox "x"',
        '- slider "x, slider"',
    ):
        assert line in tree, f"{line!r} is not in\n{tree}"
    status = shown.tab.locator("#step")
    assert (status.get_attribute("role"), status.get_attribute("aria-live")) == ("status", "polite")
    assert shown.node("x").get_attribute("aria-valuetext") == "−2, gradient −4"
    assert shown.tab.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_are_text(opened: Open, label: str):
    shown = opened((Value(1.0, label) * Value(2.0, "y")).named(label + "!"))
    assert shown.tab.evaluate("() => window.hacked") is None
    shown.node("y").hover()
    shown.press("Home", "ArrowRight", "ArrowRight", "ArrowRight", "End")
    shown.enter("y", "3")
    assert shown.tab.evaluate("() => window.hacked") is None
    assert [value for value, _ in shown.numbers().values()] == [1.0, 3.0, 3.0]
    if len(label) < 15 and label.isprintable():
        assert label in shown.text("h1")


CONTRASTS = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).slice(0, 3).map((c) => Number(c) / 255);
  const linear = (c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const card = light(parse(getComputedStyle(document.querySelector("section")).backgroundColor));
  return ["h1", "h2", "#where", ".legend .value", ".legend .gradient", ".legend .local", ".hint"].map((selector) => {
    const text = light(parse(getComputedStyle(document.querySelector(selector)).color));
    return [selector, (Math.max(text, card) + 0.05) / (Math.min(text, card) + 0.05)];
  });
}"""  # as the Web Content Accessibility Guidelines define them


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_are_legible(opened: Open, scheme: str):
    shown = opened(neuron(), color_scheme=scheme)
    dark = "() => matchMedia('(prefers-color-scheme: dark)').matches"
    assert shown.tab.evaluate(dark) == (scheme == "dark")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    before = shown.tab.evaluate(ground)
    for selector, contrast in shown.tab.evaluate(CONTRASTS):
        assert contrast >= 4.5, f"{selector} on a {scheme} page"
    shown.tab.get_by_role("button", name="Light or dark").click()
    assert shown.tab.evaluate(ground) != before
    for selector, contrast in shown.tab.evaluate(CONTRASTS):
        assert contrast >= 4.5, f"{selector} on a page made not {scheme}"


@pytest.mark.parametrize("width", [320, 390, 700, 1000, 1280, 1920])
def test_the_page_fits_every_screen(opened: Open, width: int):
    shown = opened(neuron(), width=width)
    inner, outer = shown.tab.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert inner <= outer
    drawings = shown.tab.locator(".scroll svg:visible")
    assert drawings.count() == 1
    assert drawings.get_attribute("class").split()[0] == ("down" if width <= 520 else "across")
    letter = shown.node("w0").locator("text.value").evaluate("(text) => text.getBoundingClientRect().height")
    assert letter >= 10.0


def test_reduced_motion_stands_still(opened: Open):
    for motion, name in (("reduce", "none"), ("no-preference", "flow")):
        shown = opened(first_circuit(), reduced_motion=motion)
        shown.press("Home", "ArrowRight")
        moving = shown.tab.locator(".edge.forward path").first
        assert moving.evaluate("(path) => getComputedStyle(path).animationName") == name


def test_without_javascript_the_circuit_is_there(opened: Open):
    f = first_circuit()
    f.backward()
    shown = opened(f, java_script_enabled=False)
    texts = shown.tab.locator(".scroll svg.only text, .scroll svg.across text").all_text_contents()
    assert {"−2", "∂ −4", "−12", "∂ 1", "3"} <= set(texts)
    assert "Without JavaScript" in shown.text("noscript")


def test_numbers_that_cannot_be_computed_there_are_shown(opened: Open):
    secret = custom(lambda x: float(f"{x:.3f}"), lambda y, x: 1.0, name="rounded")
    x = Value(1.23456, "x")
    f = (secret(x).named("r") * x).named("f")
    f.backward()
    shown = opened(f)
    assert shown.shown("r") == ("1.235", "∂ 1.235")
    assert shown.tab.get_by_role("spinbutton").count() == shown.tab.get_by_role("textbox").count() == 0
    shown.press("Home", "ArrowRight")
    assert shown.lines("#step p:not(.what)") == ["r = rounded(x) = rounded(1.235) = 1.235"]
    shown.press("End")
    shown.node("x").hover()
    assert shown.lines("#ledger li") == [
        "via f = r × x: 1.235 × 1 = 1.235",
        "via r = rounded(x): 1 × 1.235 = 1.235",
        "sum 2.47",
    ]


def test_a_collapsed_group_follows(opened: Open):
    def make(x: float) -> Value:
        a = Value(x, "x")
        with group("inside"):
            h = math.sin(a) * a + 1.0
        return (h * a).named("f")

    shown = opened(page(describe(make(2.0), groups="collapsed")))
    shown.enter("x", "0.5")
    agree(shown, make(0.5))
    box = shown.tab.locator(".scroll svg:visible .node.group")
    assert box.locator("text.value").text_content() == number_text(make(0.5).parents[0].data)


def test_a_folded_layer_shows_vectors_that_follow(opened: Opened):
    net = nn.ScoringNetwork(2, [5, 3], f="tanh", seed=4)

    def make(x: float) -> Value:
        return net([Value(x, "x"), Value(-0.5, "y")])

    def vectors(s: Value) -> list[str]:
        s.backward()
        rows = []
        for signal in nn.error_signals(s):
            for letter, numbers in (("a", [a.data for a in signal.layer.a]), ("δ", signal.delta)):
                texts = [number_text(x) for x in numbers]
                if len(texts) > 4:
                    texts[3:-1] = ["…"]
                rows.append(f"{letter}{raised(signal.layer.number)} ({len(numbers)}) = [{', '.join(texts)}]")
        return [row for row in rows if not row.startswith("a⁽⁴⁾")]  # a single number is shown as any node's

    shown = opened(page(describe(make(2.0), groups="layers")))
    drawn = shown.tab.locator(".scroll svg:visible text[data-of]")
    assert drawn.all_text_contents() == vectors(make(2.0))
    assert "…" in drawn.all_text_contents()[0]
    shown.enter("x", "0.5")
    assert drawn.all_text_contents() == vectors(make(0.5)) != vectors(make(2.0))
    shown.tab.locator('[data-go="start"]').click()
    assert drawn.all_text_contents()[:2] == ["a⁽²⁾ (5) = [·, ·, ·, …, ·]", "δ⁽²⁾ (5) = [·, ·, ·, …, ·]"]
    for box in shown.tab.locator(".scroll svg:visible .node.group").all():
        frame = box.locator("rect").first.bounding_box()
        for text in box.locator("text").all():
            place = text.bounding_box()
            assert frame["x"] <= place["x"]
            assert place["x"] + place["width"] <= frame["x"] + frame["width"]


def test_a_leaf_drawn_several_times_changes_as_one(opened: Open):
    def make(x: float) -> Value:
        y = a = Value(x, "x")
        for _ in range(9):
            y = y * a
        return y.named("f")

    shown = opened(make(1.1))
    shown.enter("x", "0.9")
    agree(shown, make(0.9))
    place = shown.tab.evaluate("() => circuit.place('x')")
    texts = shown.tab.locator(f'.scroll svg:visible .node[data-node="{place}"] text.value').all_text_contents()
    assert len(texts) > 3
    assert set(texts) == {"0.9"}


def test_a_screenshot_shows_the_circuit(opened: Open, tmp_path: Path):
    image = opened(neuron()).tab.screenshot(path=tmp_path / "page.png")
    assert image.startswith(b"\x89PNG")
    assert len(image) > 20_000  # an empty page of that size has a tenth of it


def test_jupyter_shows_it_in_a_frame(browser: Any):
    shown = first_circuit().draw().html()
    assert repr(shown).startswith("<Page of ")
    assert shown.startswith("<!DOCTYPE html>")
    notebook = browser.new_page()
    notebook.set_content(f"<p>above</p>{shown._repr_html_()}<p>below</p>")
    frame = notebook.frames[1]
    frame.wait_for_selector("svg")
    assert f"<h1>{frame.evaluate('document.title')}</h1>" in shown
    assert notebook.evaluate("document.querySelectorAll('p').length") == 2
    notebook.close()


def test_a_leaf_changed_in_the_middle_changes_that_steps_arithmetic(opened: Open):
    shown = opened(first_circuit())
    shown.press("Home", "ArrowRight")
    shown.enter("x", "1")
    assert shown.text("#where") == "1 of 6 · forward"
    assert shown.shown("q") == ("6", "∂ ·")
    assert shown.shown("f") == ("·", "∂ ·")
    shown.tab.locator("h1").click()
    shown.press("ArrowRight")
    assert shown.lines("#step p:not(.what)") == ["f = q × z = 6 × (−4) = −24"]


def test_what_was_remarkable_is_told_until_something_changes(opened: Open):
    x = Value(0.0, "x")
    shown = opened((abs(x).named("r") + x).named("f"))
    shown.node("r").hover()
    assert "At a kink" in shown.text("#ledger")
    assert "noted" in shown.node("r").get_attribute("class").split()
    shown.enter("x", "0.5")
    shown.node("r").hover()
    assert "At a kink" not in shown.text("#ledger")
    assert "noted" not in shown.node("r").get_attribute("class").split()
    shown.tab.get_by_role("button", name="Reset").click()
    shown.settle()
    assert "noted" in shown.node("r").get_attribute("class").split()


def test_by_touch(opened: Open):
    shown = opened(first_circuit(), width=390, has_touch=True, is_mobile=True)
    shown.node("z").tap()
    assert shown.text("#ledger h3") == "∂f/∂z = 3"
    shown.tab.locator('[data-go="back"]').tap()
    assert shown.text("#where") == "5 of 6 · backward"


def test_it_works_in_a_frame(opened: Open):
    frame = f"<!DOCTYPE html><meta charset='utf-8'>{page(describe(first_circuit()))._repr_html_()}"
    shown = opened(frame)
    inside = shown.tab.frame_locator("iframe")
    inside.get_by_label("x", exact=True).fill("1")
    inside.get_by_label("x", exact=True).press("Tab")
    shown.settle()
    assert inside.locator("#result").inner_text() == "f = −24"


# ---- around the circuit ----------------------------------------------------------------------------------------------


def test_while_a_leaf_is_dragged_everything_moves(opened: Open):
    shown = opened(first_circuit())
    box = shown.node("x").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    shown.tab.mouse.move(x, y)
    shown.tab.mouse.down()
    seen = []
    for k in range(1, 4):
        shown.tab.mouse.move(x + 20 * k, y)
        shown.settle()
        value = _number(shown.tab.get_by_label("x", exact=True).input_value().replace("−", "-"))
        f = first_circuit(x=value)
        f.backward()
        assert shown.text("#result") == f"f = {number_text(f.data)}"
        assert f"x = {number_text(value)}" in shown.lines("#ledger p")
        assert shown.text("#step").endswith(f"f = {number_text(f.data)}, ∂f/∂x = {number_text(-4.0)}")
        assert shown.tab.locator("#step").get_attribute("aria-live") == "off"  # nothing is read aloud meanwhile
        label = shown.tab.locator("#plot").get_attribute("aria-label")
        assert label == f"f against x: at {number_text(value)} it is {number_text(f.data)}, with the slope −4"
        seen.append(shown.tab.locator("#plot circle").get_attribute("cx"))
    assert len(set(seen)) == 3
    shown.tab.mouse.up()
    shown.settle()
    assert shown.tab.locator("#step").get_attribute("aria-live") == "polite"


def test_the_plot_is_the_output_against_the_leaf(opened: Open):
    def make(x: float) -> Value:
        a = Value(x, "x")
        return (math.sin(a) * a).named("f")

    shown = opened(make(2.0))
    shown.enter("x", "3.25")
    shown.node("x").focus()
    reach = float(shown.tab.get_by_label("x, slider").get_attribute("max"))
    path = shown.tab.locator("#plot path:not(.axis):not(.tangent)").get_attribute("d")
    points = [tuple(map(float, point.split())) for point in re.split("[ML]", path)[1:]]
    heights = [make(-reach + 2 * reach * (px - 22) / 296).data for px, _ in points]
    for (_, a), (_, b), u, v in zip(points, points[30:], heights, heights[30:]):
        if abs(u - v) > 0.5 and 22 < a < 148 and 22 < b < 148:
            assert (a < b) == (u > v)  # higher on the screen
    tangent = shown.tab.locator("#plot .tangent").get_attribute("d")
    (x0, y0), (x1, y1) = (tuple(map(float, point.split())) for point in re.split("[ML]", tangent)[1:])
    f = make(3.25)
    f.backward()
    at = 22 + (3.25 + reach) / (2 * reach) * 296
    assert float(shown.tab.locator("#plot circle").get_attribute("cx")) == pytest.approx(at, abs=0.06)
    scale = (points[60][1] - points[90][1]) / (heights[90] - heights[60])  # pixels for 1
    assert (y0 - y1) / (x1 - x0) * 296 / (2 * reach) / scale == pytest.approx(x_grad(f), rel=0.05)


def x_grad(root: Value) -> float:
    return topological_order(root)[0].grad


def test_zooming_keeps_what_is_under_the_pointer(opened: Open):
    shown = opened(neuron())
    width = "() => circuit.seen.svg.getBoundingClientRect().width"
    before = shown.tab.evaluate(width)
    box = shown.node("f").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    shown.tab.mouse.move(x, y)
    shown.tab.keyboard.down("Control")
    shown.tab.mouse.wheel(0, -200)
    shown.tab.keyboard.up("Control")
    shown.tab.wait_for_function(f"(before) => ({width})() > 1.5 * before", arg=before)
    box = shown.node("f").bounding_box()
    assert abs(box["x"] + box["width"] / 2 - x) < 40
    shown.tab.locator("h1").click()
    shown.press("0")
    fitted = shown.tab.evaluate("() => [document.querySelector('.scroll').clientWidth, circuit.seen.svg.clientWidth]")
    assert fitted[1] <= fitted[0]
    shown.press("+", "+")
    larger = shown.tab.evaluate(width)
    shown.tab.get_by_role("button", name="Smaller").click()
    assert shown.tab.evaluate(width) == pytest.approx(larger / 1.3, rel=0.01)
    shown.press("+", "+", "+", "+")
    pane = shown.tab.locator(".scroll").bounding_box()
    left = shown.tab.evaluate("() => document.querySelector('.scroll').scrollLeft")
    empty = (pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] - 12)
    shown.tab.mouse.move(*empty)
    shown.tab.mouse.down()
    shown.tab.mouse.move(empty[0] - 80, empty[1])
    shown.tab.mouse.up()
    assert shown.tab.evaluate("() => document.querySelector('.scroll').scrollLeft") == pytest.approx(left + 80, abs=2)


def network(x: float = 0.5) -> Value:
    net = nn.ScoringNetwork(2, [4, 3], f="tanh", seed=4)
    return net([Value(x, "x"), Value(-0.5, "y")])


def test_layers_open_and_close_and_every_number_is_right(opened: Open):
    s = network()
    s.backward()
    shown = opened(page(describe(s, groups="layers")))
    assert shown.tab.locator(".scroll svg:visible .node.group").count() == 3
    shown.enter("x", "0.25")
    agree(shown, network(0.25))
    shown.tab.get_by_role("button", name="Open layer 1").click()
    assert shown.tab.locator(".scroll svg:visible").count() == 1
    assert shown.tab.locator(".scroll svg:visible .node.group").count() == 2
    assert shown.text("#result") == f"out = {number_text(network(0.25).data)}" or "=" in shown.text("#result")
    agree(shown, network(0.25))
    assert len(shown.numbers()) > 20
    assert shown.tab.get_by_role("textbox").count() > 10  # the weights of the open layer
    shown.enter("W⁽¹⁾[2][1]", "0.125")
    close = shown.tab.get_by_role("button", name="Close layer 1")
    close.focus()
    shown.press("Enter")
    assert shown.tab.locator(".scroll svg:visible .node.group").count() == 3
    assert shown.tab.evaluate("() => document.activeElement.getAttribute('aria-label')") == "Open layer 1"
    shown.press("Enter")
    assert shown.tab.get_by_label("W⁽¹⁾[2][1]", exact=True).input_value() == "0.125"


def test_groups_that_are_open_close(opened: Open):
    a = Value(2.0, "x")
    with group("inside"):
        h = math.sin(a) * a + 1.0
    shown = opened((h * a).named("f"))
    shown.tab.get_by_role("button", name="Close inside").click()
    assert shown.tab.locator(".scroll svg:visible .node.group").count() == 1
    assert shown.tab.get_by_role("button", name="Open inside").is_visible()


def test_a_node_is_found_by_its_name_also_in_a_closed_layer(opened: Open):
    s = network()
    shown = opened(page(describe(s, groups="layers")))
    shown.tab.locator("h1").click()
    shown.press("/")
    shown.tab.keyboard.type("w⁽²⁾[1][2]")
    shown.press("Enter")
    chosen = shown.tab.evaluate("() => document.activeElement.getAttribute('aria-label')")
    assert chosen == "W⁽²⁾[1][2], leaf"
    assert shown.text("#saved").startswith("W⁽²⁾[1][2] = ")
    shown.tab.locator("#find").fill("nobody")
    shown.press("Enter")
    assert shown.text("#saved") == "There is no node “nobody”."


def test_whole_names_are_in_the_list_and_on_hover(opened: Open):
    name = "weight of the third neuron for the second input"
    x = Value(2.0, name)
    shown = opened((x * x).named("f"))
    assert shown.lines("#leaves label") == [name]
    box = shown.tab.locator(".scroll .node.leaf").first
    box.hover()
    assert box.locator("title").text_content().startswith(f"{name} = 2")
    assert box.get_attribute("aria-label") == f"{name}, leaf"


@pytest.mark.parametrize(
    ("make", "title"),
    [
        (lambda xs: math.fsum([x * x for x in xs]), "Circuit"),
        (lambda xs: math.fsum([x * x for x in xs]).named("loss"), "loss"),
    ],
)
def test_a_title_says_something_or_little(make: Callable[[list[Value]], Value], title: str):
    text = written(make([Value(float(k), f"a long name, number {k}") for k in range(30)]))
    found = re.search("<h1>(.*?)</h1>", text)
    assert found is not None
    assert found[1] == title


def test_the_drawing_is_saved_as_it_is(opened: Open, tmp_path: Path):
    shown = opened(first_circuit())
    shown.enter("x", "1")
    with shown.tab.expect_download() as saved:
        shown.tab.get_by_role("button", name="Save SVG").click()
    svg = Path(saved.value.path()).read_text(encoding="utf-8")
    root = xml.etree.ElementTree.fromstring(svg)
    texts = ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"1", "−24", "∂ 6"} <= set(texts)
    assert "var(" not in svg
    assert "light-dark(" not in svg
    assert float(root.attrib["width"]) > 100
    with shown.tab.expect_download() as saved:
        shown.tab.get_by_role("button", name="Save PNG").click()
    image = Path(saved.value.path()).read_bytes()
    assert image.startswith(b"\x89PNG")
    assert int.from_bytes(image[16:20], "big") == pytest.approx(2 * float(root.attrib["width"]), abs=2)
    assert shown.text("#saved") == "Saved as circuit.png."


COPIED = (
    "() => { window.copied = []; delete Navigator.prototype.clipboard;"
    " document.execCommand = () => Boolean(copied.push(document.activeElement.value)); }"
)


def test_latex_and_a_link_are_copied_and_the_link_brings_the_numbers_back(opened: Open):
    f = first_circuit()
    f.backward()
    shown = opened(f)
    shown.tab.evaluate(COPIED)
    shown.tab.get_by_role("button", name="Copy LaTeX").click()
    shown.tab.wait_for_function("() => copied.length === 1")
    assert shown.tab.evaluate("copied[0]") == f.draw(names=False).latex()
    assert shown.text("#saved") == "LaTeX copied."
    shown.enter("x", "1.5")
    shown.enter("z", "-inf")
    shown.tab.get_by_role("button", name="Copy LaTeX").click()
    shown.tab.locator("#saved", has_text="before the leaves were changed").wait_for()
    shown.tab.locator("h1").click()
    shown.press("ArrowLeft")
    shown.tab.get_by_role("button", name="Copy link").click()
    shown.tab.wait_for_function("() => copied.length === 3")
    link = shown.tab.evaluate("copied[2]")
    shown.tab.goto("about:blank")
    shown.tab.goto(link)
    shown.settle()
    assert shown.text("#where") == "5 of 6 · backward"
    agree(shown, first_circuit(x=1.5, z=float("-inf")))


def test_the_first_screen_of_a_telephone_shows_the_circuit(opened: Open):
    s = network()
    s.backward()
    for text in (page(describe(s)), written(neuron()), written(many_leaves())):
        shown = opened(text, width=390, height=844, has_touch=True, is_mobile=True)
        seen = shown.tab.evaluate(
            "() => [...document.querySelectorAll('.scroll svg.on .node')].map((box) => box.getBoundingClientRect())"
            ".filter((r) => r.width && r.left > 0 && r.right < 390 && r.top > 0 && r.bottom < 844).length"
        )
        assert seen >= min(5, shown.tab.locator(".scroll svg:visible .node").count())


def many_leaves() -> Value:
    xs = [Value(float(k), f"x{k}") for k in range(40)]
    return math.fsum([x * x for x in xs]).named("f")


def test_what_is_out_of_view_waits_and_is_right_when_it_comes(opened: Open):
    def make(x: float) -> Value:
        a = Value(x, "x")
        level = [a * (k + 1.0) for k in range(250)]
        return math.fsum([math.sin(v) for v in level]).named("f")

    shown = opened(page(describe(make(0.5), most=None, groups="boxes")))
    assert shown.tab.evaluate("() => circuit.large")
    shown.enter("x", "0.25")
    agree(shown, make(0.25))
    shown.tab.evaluate("() => { const p = document.querySelector('.scroll'); p.scrollTop = p.scrollHeight; }")
    shown.settle()
    shown.settle()
    seen = shown.tab.evaluate(
        """() => {
          const pane = document.querySelector(".scroll").getBoundingClientRect();
          return [...document.querySelectorAll(".scroll svg.on .node.operation")].flatMap((box) => {
            const { top, bottom } = box.getBoundingClientRect(), place = Number(box.dataset.node);
            if (top < pane.top || bottom > pane.bottom) return [];
            const now = circuit.numbers().find(([other]) => other === place);
            return [[box.querySelector(".value").textContent, circuit.short(now[1]),
                     box.querySelector(".gradient").textContent, "∂ " + circuit.short(now[2])]];
          });
        }"""
    )
    assert len(seen) > 3
    assert all(value == new and gradient == slope for value, new, gradient, slope in seen)
    before = shown.tab.locator(".scroll svg.on .node.operation.out text.value").first
    shown.tab.wait_for_timeout(600)  # the rest follows
    stale = shown.tab.evaluate(
        """() => circuit.numbers().filter(([place, value]) => {
          const text = document.querySelector(`.scroll svg.on .node.operation[data-node="${place}"] text.value`);
          return text && text.textContent !== circuit.short(value);
        }).length"""
    )
    assert before.count() == 1
    assert stale == 0


def test_what_stands_for_many_says_how_many_and_follows(opened: Open):
    def make(w: float) -> Value:
        a = Value(w, "w")

        def example(x: Value) -> Value:
            with group("example"):
                return (math.tanh(a * x) - 0.5) ** 2

        return sum(example(Value(float(k), f"x{k}")) for k in range(40))  # type: ignore[return-value]

    s = make(2.0)
    s.backward()
    shown = opened(page(describe(s, names={"s": s})))
    assert shown.text("h1") == "s"
    counts = shown.tab.locator(".scroll svg:visible .node.group .quiet").all_text_contents()
    assert "× 40" in counts
    shown.enter("w", "0.25")
    agree(shown, make(0.25))
    vector = shown.tab.locator(".scroll svg:visible text.gradient[data-of]").first
    make_x = [node.grad for node in topological_order(swept(make(0.25))) if (node.label or "").startswith("x")]
    first = ", ".join(number_text(x) for x in make_x[:3])
    assert vector.text_content() == f"∂ = [{first}, …, {number_text(make_x[-1])}]"


def swept(root: Value) -> Value:
    root.backward()
    return root


def test_a_loop_and_what_is_alike_open_and_close(opened: Open):
    def make(x: float) -> Value:
        y = a = Value(x, "x")
        for _ in range(30):
            y = math.sin(y) * a + 0.1
        return y.named("f")

    shown = opened(swept(make(0.5)).draw(names=False).html())
    boxes = shown.tab.locator(".scroll svg:visible .node")
    before = boxes.count()
    shown.tab.get_by_role("button", name=re.compile("^Open loop")).focus()
    shown.press("Enter")
    assert boxes.count() > before + 20
    assert not shown.tab.locator(".scroll svg:visible .node.group").filter(has_text="loop").count()
    agree(shown, make(0.5))
    assert shown.tab.evaluate("() => document.activeElement.getAttribute('aria-label')").startswith("Close")
    shown.press("Enter")
    assert boxes.count() == before
    terms = math.fsum([(Value(float(k), f"x{k}") - 0.5) ** 2 for k in range(40)])
    shown = opened(swept(terms).draw(names=False).html())
    shown.tab.get_by_role("button", name="Open − × 40").click()
    assert shown.tab.locator(".scroll svg:visible .node.operation").count() >= 40
    shown.tab.get_by_role("button", name="Close −").click()
    assert shown.tab.locator(".scroll svg:visible .node.operation").count() < 5


OVERLAPS = """() => {
  const seen = (part) => part.getClientRects().length;
  const all = (selector) => [...document.querySelectorAll(`.scroll svg.on ${selector}`)].filter(seen);
  const names = all(".frame text");
  const labels = all(".edge text"), boxes = all(".node > rect:first-of-type");
  const parts = [...names, ...labels, ...boxes].map((e) => [e, e.getBoundingClientRect()]), found = [];
  const before = (a, b) => a.right <= b.left + 1 || a.bottom <= b.top + 1;
  const apart = (a, b) => before(a, b) || before(b, a);
  parts.forEach(([e, a], i) => {
    for (const [f, b] of parts.slice(i + 1)) if (!apart(a, b)) found.push(`${e.textContent} on ${f.textContent}`);
  });
  for (const text of all(".node > text")) {
    const a = text.getBoundingClientRect(), b = text.parentNode.querySelector("rect").getBoundingClientRect();
    const inside = a.left >= b.left && a.right <= b.right && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
    if (!inside) found.push(text.textContent);
  }
  return [parts.length, found];
}"""


def grouped() -> Value:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    with group("a long name of a group"):
        u = a * b
        with group("inside of it"):
            v = math.sin(u) - b
    with group("another one with a name"):
        return ((u + v) * math.exp(v)).named("f")


@pytest.mark.parametrize("width", [390, 1280, 4000])
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_nothing_overlaps_as_the_browser_sets_it(opened: Open, width: int, direction: str):
    circuits = [neuron(-0.123456, 1e-7), grouped(), network(), every_kind()]
    circuits.append(math.fsum([Value(-1.25 * k, f"x{k}") for k in range(40)]))
    for root in circuits:
        whole = swept(root).draw(names=False, most=None, groups="boxes", direction=direction).html()
        shown = opened(whole, width=width)
        count, found = shown.tab.evaluate(OVERLAPS)
        assert count > 5
        assert found == []


def test_a_frame_searches_nothing_in_the_document(opened: Open):
    shown = opened(first_circuit())
    shown.enter("x", "1")
    shown.tab.evaluate(
        """() => {
          window.searched = [];
          for (const name of ["querySelector", "querySelectorAll"]) {
            const search = document[name].bind(document);
            document[name] = (selector) => { searched.push(selector); return search(selector); };
          }
        }"""
    )
    shown.enter("x", "2")
    agree(shown, first_circuit(x=2.0))
    assert shown.tab.evaluate("searched") == []
