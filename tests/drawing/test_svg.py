"""SVG and DOT: what a node shows, by Graphviz and by the built-in layout; hostile labels; ids; colours."""

from __future__ import annotations

import math
import re
import shutil
import warnings
import xml.etree.ElementTree as ET

import pytest

from autograd_lite import Value
from autograd_lite import math as ag
from autograd_lite.drawing import draw
from autograd_lite.drawing.model import describe
from autograd_lite.drawing.style import COLOURS, LIGHT
from autograd_lite.drawing.svg import curve, document
from autograd_lite.drawing.svg import svg as built_in
from autograd_lite.recording import group

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<>&\"'\\{}|",
    "two\nlines\r\t",
    "\\N\\G\\l\\",
    "🎈 ∂ é",
    "\x00\x07\x1b[31m\ud800\ufffe",
    "&amp;&lt;",
    "x" * 10_000,
    " ",
    "</script></svg>]]>",
    "<!-- ",
    "--",
    "<b>bold</b>",
]


def by_graphviz(root: Value, **options) -> str:
    svg = draw(root, names=False, **options).svg()
    assert "without Graphviz" not in svg
    return svg


def by_hand(root: Value, **options) -> str:
    return built_in(describe(root, **options))


WAYS = [
    pytest.param(by_graphviz, marks=pytest.mark.skipif(shutil.which("dot") is None, reason="the system has no dot")),
    by_hand,
]
ways = pytest.mark.parametrize("way", WAYS, ids=["graphviz", "built-in"])


def circuit() -> Value:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    f = ((x + y) * z).named("f")
    f.backward()
    return f


def pieces(svg: str) -> list[tuple[str, str]]:
    """Each piece of text with its colour."""
    found = []
    for text in ET.fromstring(svg).iter(f"{SVG}text"):
        for piece in [text, *text.iter(f"{SVG}tspan")]:
            if piece.text and piece.text.strip(" \xa0"):
                found.append((piece.text.strip(" \xa0"), piece.get("fill", "")))
    return found


def titles(svg: str) -> list[str]:
    return [title.text or "" for title in ET.fromstring(svg).iter(f"{SVG}title")]


@ways
def test_every_number_is_there_in_its_colour(way):
    value, gradient, local, ink = (LIGHT[role] for role in ("value", "gradient", "local", "ink"))
    wanted = [(name, ink) for name in ("x", "y", "z", "f", "+", "×")]
    wanted += [(number, value) for number in ("−2", "5", "−4", "3", "−12")]
    wanted += [(f"∂ {number}", gradient) for number in ("−4", "−4", "−4", "3", "1")]
    wanted += [(number, local) for number in ("1", "1", "−4", "3")]
    assert sorted(pieces(way(circuit()))) == sorted(wanted)


@ways
def test_exact_numbers_on_hover(way):
    x = Value(1 / 3, "x")
    f = (x * x).named("f")
    f.backward()
    found = titles(way(f))
    assert f"x\nvalue {1 / 3!r}\ngradient {2 / 3!r}" in found
    assert found.count(f"local gradient of f by x: {1 / 3!r}") == 2
    assert "x\nvalue 0.5\ngradient not computed" in titles(way(Value(0.5, "x") * 2))


@ways
@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels(way, label: str):
    with group(label):
        f = Value(1.0, label) * Value(2.0, label)
    svg = way(f)
    ET.fromstring(svg)
    assert len(svg) < 40_000
    texts = [text for text, _ in pieces(svg)]
    if len(label) > 24:
        assert sum(text.startswith(label[:20]) for text in texts) == 3
    elif label.isprintable() and label.strip():
        assert "".join(texts).replace("\xa0", " ").count(label.strip()) == 3
        assert any(title.startswith(f"{label}\nvalue") for title in titles(svg))


@ways
def test_ids_are_the_drawings_own_and_the_same_in_every_run(way):
    f = circuit()
    first, other = way(f), way(f, constants=False, precision=3) if way is by_hand else way(Value(3.0, "q") * 2)
    assert way(f) == first
    found = re.findall(r'\bid="([^"]+)"', first)
    assert len(found) == len(set(found))
    assert {f"{found[0]}_n{i}" for i in range(5)} < set(found)
    way_of_other = re.findall(r'\bid="([^"]+)"', way(Value(3.0, "q") * 2))
    assert not set(found) & set(way_of_other)
    assert other


def test_ids_tell_drawings_apart_that_differ_in_their_titles_only():
    circuits = [describe(Value(1.0, name)) for name in ("f", "g")]
    ids = {re.findall(r'id="(\w+)"', document("", 1.0, 1.0, circuit)).pop(0) for circuit in circuits}
    assert len(ids) == 2


def test_no_piece_of_a_line_is_without_length():
    line = curve([(0.0, 0.0), (0.0, 0.0), (5.0, 9.0), (5.0, 9.0)], "TB")
    assert line == "M0.0,0.0C0.0,4.5 5.0,4.5 5.0,9.0"  # and so it ends downwards
    assert curve([(0.0, 0.0), (1.0, 0.0), (5.0, 9.0), (6.0, 9.0)], "LR").count("L") == 2


@ways
def test_it_can_be_read_aloud(way):
    root = ET.fromstring(way(circuit()))
    assert root.get("role") == "img"
    about = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    title, description = (about[id] for id in (root.get("aria-labelledby") or "").split())
    assert title == "Circuit of f, 5 nodes"
    assert description == "f is −12; x is −2, its gradient −4; y is 5, its gradient −4; z is −4, its gradient 3."


@ways
def test_every_colour_has_one_for_dark_pages(way):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = Value(0.0, "x")
        with group("g"):
            f = ag.log(x * 2) + ag.fabs(x)
        f.backward()
    svg = way(f)
    style = ET.fromstring(svg).find(f"{SVG}style")
    assert style is not None
    text = style.text or ""
    assert "prefers-color-scheme:dark" in text
    used = set(re.findall(r'(?:fill|stroke)="(#[^"]+)"', svg))
    assert len(used) > 6
    for colour in used:
        assert f'[fill="{colour}"]{{fill:' in text
    assert not set(re.findall(r'(?:fill|stroke)="([^"#]+)"', svg)) - {"none", "transparent"}


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
def test_letters_are_legible_on_their_page(page: int):
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(c * weight for c, weight in zip(linear, (0.2126, 0.7152, 0.0722)))

    for role in ("ink", "value", "gradient", "local", "quiet", "mark", "wrong"):
        for ground in ("page", "leaf"):
            lighter, darker = sorted((luminance(COLOURS[role][page]), luminance(COLOURS[ground][page])), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (role, ground)  # WCAG 2.1, 1.4.3


@ways
def test_constants_are_quiet_or_written_with_the_operation(way):
    f = Value(3.0, "x") * 2
    f.backward()
    assert ("2", LIGHT["quiet"]) in pieces(way(f))
    assert not any("∂ 3" in text for text, _ in pieces(way(f)))
    inlined = way(f, constants=False)
    assert ("× 2", LIGHT["ink"]) in pieces(inlined)
    assert inlined.count('class="node') == 2


@ways
def test_kinks_and_births_are_marked(way):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x, y = Value(0.0, "x"), Value(1.0, "y")
        f = ag.fabs(x) + ag.maximum(y, 1) + ag.log(x) * 2 + x**2
        f.backward()
    texts = [text for text, _ in pieces(way(f))]
    assert texts.count("at a kink") == texts.count("at a tie") == 1
    assert texts.count("−inf born here") == 1
    assert texts.count("∂ inf born here") == 1  # of x: the logarithm's slope
    assert math.isinf(x.grad)


@ways
def test_a_numerical_derivative_beside_each_gradient(way):
    x, y = Value(2.0, "x"), Value(3.0, "y")
    f = ag.sin(x) * y
    f.backward()
    y.grad = -1.0  # sabotage
    svg = way(f, check=True)
    texts = dict(pieces(svg))
    found = [text for text in texts if text.startswith("≈")]
    assert {text.split(" ±")[0] for text in found} == {"≈ −1.248", "≈ 3", "≈ 0.9093", "≈ 1"}
    assert {text.split(" ±")[0] for text in found if texts[text] == LIGHT["wrong"]} == {"≈ 0.9093"}
    outlined = f'stroke="{LIGHT["wrong"]}"'
    assert svg.count(outlined) == way(f).count(outlined) + 1
    assert sum("does not agree with a numerical 0.9092974268" in title for title in titles(svg)) == 1
    assert "≈" not in way(f)


def test_at_a_kink_both_slopes_stand_beside_the_gradient():
    x = Value(0.0, "x")
    f = ag.fabs(x)
    f.backward()
    (leaf, _) = describe(f, check=True).nodes
    assert leaf.check is not None
    assert (leaf.check.text, leaf.check.agrees) == ("≈ −1 from the left, 1 from the right", True)


def test_what_would_take_too_long_to_check_is_left_out_and_counted():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    for _ in range(300):
        a, b = ag.sin(a), ag.sin(b)
    circuit = describe(a + b, check=True, most=None)
    checked = [node for node in circuit.nodes if node.check is not None]
    assert all(node.check is not None for node in circuit.nodes if node.kind == "leaf")
    assert 0 < len(checked) < 603
    (note,) = circuit.notes
    assert note.startswith(f"{603 - len(checked)} of 603 gradients are not checked")


@ways
def test_groups_are_boxes_or_one_node(way):
    x = Value(2.0, "x")
    with group("outer"), group("inner"):
        y = (x * 3 + 1) * x
    z = y - x
    z.backward()
    svg = way(z)
    texts = [text for text, _ in pieces(svg)]
    assert texts.count("outer") == texts.count("inner") == 1
    collapsed = way(z, groups="collapsed")
    texts = [text for text, _ in pieces(collapsed)]
    assert "outer" in texts
    assert "5 nodes" in texts
    assert "14" in texts  # the value of its one output
    assert collapsed.count('class="node') == 3


@ways
def test_a_leaf_used_far_away_is_drawn_once_per_use(way):
    y, x = Value(1.0, "y"), Value(0.5, "x")
    for _ in range(6):
        y = y * x
    y.backward()
    svg = way(y)
    texts = [text for text, _ in pieces(svg)]
    assert (texts.count("x"), texts.count("↗ x"), texts.count("6 uses")) == (1, 5, 5)
    assert sum(text.startswith("∂ ") for text in texts) == 8  # one for x, however often it is drawn
    assert svg.count("stroke-dasharray") == 5
    assert re.search(r'id="\w+_n1_5"', svg)
    assert svg.count('class="edge') == 12


@ways
def test_notes_stand_in_the_picture(way):
    y, x = Value(1.0, "y"), Value(0.5, "x")
    for _ in range(1000):
        y = y * x
    svg = way(y, most=20, groups="boxes")
    texts = [text for text, _ in pieces(svg)]
    assert any("982 of 1,002 nodes are folded" in text for text in texts)
    assert any(text == "… 982 more nodes" for text in texts)


def test_the_dot_source_is_plain_and_never_orthogonal():
    source = draw(circuit()).source
    assert "splines" not in source
    assert "rankdir=LR" in source
    assert source.count("->") == 4
    assert draw(circuit()).source == source


def arrivals(svg: str, child: str, axis: int) -> list[float]:
    """Where the edges of a node's operands end, down or across, in the order of the operands."""
    found: dict[int, float] = {}
    for edge in ET.fromstring(svg).iter(f"{SVG}g"):
        place = re.search(rf"_{child}_(\d+)$", edge.get("id", ""))
        if place:
            lines = [path.get("d", "") for path in edge.iter(f"{SVG}path") if path.get("fill") == "none"]
            found[int(place[1])] = float(re.findall(r"-?[\d.]+,-?[\d.]+", lines[0])[-1].split(",")[axis])
    return [found[operand] for operand in sorted(found)]


@ways
@pytest.mark.parametrize(("direction", "axis"), [("LR", 1), ("RL", 1), ("TB", 0), ("BT", 0)])
def test_operands_arrive_in_their_order(way, direction: str, axis: int):
    p, q = Value(2.0, "p"), Value(5.0, "q")
    with group("g"):
        f = (p / (q - p)) ** (q / p - p) - p / q
    for root in (p / (q - p), f):
        svg = built_in(describe(root), direction) if way is by_hand else way(root, direction=direction)
        for node in describe(root).nodes:
            if node.in_order:
                places = arrivals(svg, node.id, axis)
                assert len(places) == 2
                assert places[0] < places[1], (direction, node.id)


def test_a_picture_is_as_wide_as_its_page_at_most_and_no_higher_for_it():
    svg = by_hand(circuit())  # or a page that narrows it leaves its height, and blanks above and below
    assert re.match(r'<svg [^>]*style="max-width:100%;height:auto"[^>]*viewBox="0 0 \d+ \d+"', svg)


def test_a_line_is_interrupted_by_its_label_alone():
    label, size = (50.0, 10.0), (20.0, 12.0)
    path = [(0.0, 10.0), (10.0, 10.0), (30.0, 10.0), (70.0, 10.0)]
    assert "L40.0,10.0M60.0,10.0L70.0,10.0" in curve(path, "LR", (label, size))
