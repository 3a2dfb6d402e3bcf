"""No picture fails or hangs for want of a program: whatever `dot` does, an SVG comes out, and of it a PNG and a PDF."""

from __future__ import annotations

import importlib.util
import io
import os
import random
import re
import shutil
import stat
import struct
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from autograd_lite import Value, math, nn
from autograd_lite.drawing import render
from autograd_lite.drawing.dot import check_apart
from autograd_lite.drawing.picture import MOST_FOR_GRAPHVIZ, Picture
from autograd_lite.drawing.style import COLOURS

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the system has no dot: install graphviz")
needs_typst = pytest.mark.skipif(
    importlib.util.find_spec("typst") is None, reason="typst is not installed: pip install autograd_lite[draw]"
)
needs_shell = pytest.mark.skipif(os.name != "posix", reason="the false programs are shell scripts")


def picture(count: int = 3) -> Picture:
    x = y = Value(0.5, "x")
    for _ in range(count):
        y = y * x
    y.backward()
    return y.draw(names=False, engine="graphviz", most=None)


def circuit() -> Value:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    f = ((x + y) * z).named("f")
    f.backward()
    return f


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is the only place programs are found in."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def is_built_in(svg: str, why: str) -> bool:
    return svg.startswith("<svg") and svg.count('class="node') == 4 and f"laid out without Graphviz: {why}" in svg


def test_without_any_graphviz_the_built_in_layout_draws(alone: Path):
    assert is_built_in(picture().svg(), "there is no Graphviz")


@needs_shell
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 3", "dot failed (exit status 3)"),
        ("echo 'first\nout of memory' >&2; exit 1", "dot failed (out of memory)"),
        ("kill -SEGV $$", "dot failed (exit status -11)"),
        ("exit 0", "dot made something else"),
        ("echo garbage", "dot made something else"),
        (
            "echo '<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>'",
            "Graphviz returned another drawing than it was given",
        ),
        ("printf '<\\377\\376'", "Graphviz returned another drawing than it was given"),
    ],
    ids=["status", "complaint", "signal", "nothing", "garbage", "another", "bytes"],
)
def test_a_dot_that_goes_wrong(alone: Path, script: str, why: str):
    program(alone, "dot", script)
    assert is_built_in(picture().svg(), why)


@needs_shell
@pytest.mark.parametrize("script", ["exec /bin/sleep 60", "/bin/sleep 60", "/bin/sleep 60 &", "while :; do :; done"])
def test_a_dot_that_does_not_end_is_ended(alone: Path, monkeypatch: pytest.MonkeyPatch, script: str):
    monkeypatch.setattr(render, "SECONDS", 0.3)
    monkeypatch.setattr(render.laid_out, "__defaults__", (0.3,))
    program(alone, "dot", script)
    begun = time.monotonic()
    assert is_built_in(picture().svg(), "dot took longer than 0.3 s")
    assert time.monotonic() - begun < 30  # the program itself would have taken a minute


@needs_shell
def test_a_file_that_is_no_program(alone: Path):
    program(alone, "dot", "")
    (alone / "dot").write_bytes(b"\x7fELF nonsense")
    assert is_built_in(picture().svg(), "dot could not be started")


@needs_dot
def test_dot_draws():
    svg = picture().svg()
    assert "without Graphviz" not in svg
    assert svg.count('class="node"') == 4


@needs_dot
@pytest.mark.parametrize("source", ["digraph {", "", "graph {a -> b}"])
def test_what_graphviz_refuses_is_one_line(source: str):
    with pytest.raises(render.NoImage) as caught:
        render.laid_out(source)
    assert "\n" not in str(caught.value)


def test_a_picture_too_large_for_graphviz_is_not_given_to_it(alone: Path):
    program(alone, "dot", "touch $0.asked")
    y = x = Value(0.5, "x")
    for _ in range(MOST_FOR_GRAPHVIZ // 3):
        y = y * x
    svg = y.draw(names=False, most=None, engine="graphviz").svg()
    assert "too large for it" in svg
    assert not (alone / "dot.asked").exists()


def test_the_built_in_layout_is_the_default(alone: Path):
    program(alone, "dot", "touch $0.asked")
    assert "Graphviz" not in (Value(3.0) * 2).draw(names=False).svg()
    assert not (alone / "dot.asked").exists()


# ---- PNG and PDF -----------------------------------------------------------------------------------------------------


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def size_of_page(pdf: bytes) -> tuple[float, float]:
    box = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert box is not None
    return float(box[1]), float(box[2])


def natural(drawn: Picture) -> tuple[float, float]:
    found = re.search(r'width="(\d+)" height="(\d+)"', drawn.svg())
    assert found is not None
    return int(found[1]), int(found[2])


def test_without_typst_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "typst", None)
    for suffix in (".png", ".pdf"):
        with pytest.raises(
            RuntimeError, match=r"needs the package typst: `pip install autograd_lite\[draw\]`"
        ) as caught:
            picture().save(tmp_path / f"circuit{suffix}")
        assert "\n" not in str(caught.value)
        assert not (tmp_path / f"circuit{suffix}").exists()


LABELLED = """<svg xmlns="http://www.w3.org/2000/svg"><g class="node"><polygon points="0,0 40,0 40,30 0,30 0,0"/></g>
<g class="node"><polygon points="200,0 240,0 240,30 200,30 200,0"/></g>
<g class="edge"><path d="M40,15C90,15 150,15 200,{end}"/><text text-anchor="middle" x="{x}" y="{y}"> 0.5 </text></g>
</svg>"""


@pytest.mark.parametrize(
    ("x", "y", "end", "apart"),
    [(120, 12, 15, True), (120, 18, 15, False), (30, 12, 15, False), (120, 12, -100, True), (120, 13, -30, False)],
)
def test_what_lies_on_something_else_is_seen(x: int, y: int, end: int, apart: bool):
    drawing = LABELLED.format(x=x, y=y, end=end)
    if apart:
        check_apart(drawing)
    else:
        with pytest.raises(ValueError, match="a line or a number lies on another"):
            check_apart(drawing)


@needs_dot
def test_ours_is_drawn_where_graphviz_draws_lines_through_numbers():
    rng = random.Random(0)
    nodes = [Value(rng.uniform(0.5, 1), f"x{i}") for i in range(4)]
    while len(nodes) < 40:
        a, b = rng.choice(nodes[-12:]), rng.choice(nodes[-12:])
        nodes.append(rng.choice([a * b, a - b]))
    f = math.fsum(nodes[-12:])
    f.backward()
    drawn = [f.draw(most=None, names=False, engine="graphviz", direction=way).svg() for way in ("LR", "TB")]
    assert any("laid out without Graphviz: in its drawing a line or a number lies" in svg for svg in drawn)


@needs_typst
def test_a_scale_is_the_size(tmp_path: Path):
    drawn = circuit().draw(names=False)
    width, height = natural(drawn)
    for options, times in (({}, 2), ({"scale": 1}, 1), ({"scale": 3.5}, 3.5), ({"dpi": 300}, 300 / 96)):
        png = drawn.save(tmp_path / "f.png", **options).read_bytes()
        assert size_of(png) == pytest.approx((width * times, height * times), abs=1.5)
    for options, times in (({}, 0.75), ({"scale": 2}, 1.5)):
        pdf = drawn.save(tmp_path / "f.pdf", **options).read_bytes()
        assert size_of_page(pdf) == pytest.approx((width * times, height * times), abs=0.1)


@needs_typst
@pytest.mark.parametrize("engine", ["built-in", pytest.param("graphviz", marks=needs_dot)])
def test_the_colours_are_those_of_the_theme(engine: str):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    drawn = circuit().draw(names=False, engine=engine)
    for theme, place in (("light", 0), ("dark", 1), ("auto", 0)):
        pixels = image.open(io.BytesIO(drawn.image("png", scale=4, theme=theme))).convert("RGB")
        found = {f"#{r:02x}{g:02x}{b:02x}" for _, (r, g, b) in pixels.getcolors(1 << 24)}
        for role in ("page", "ink", "line", "value", "gradient", "local", "leaf"):
            assert COLOURS[role][place] in found, (theme, role)
            assert COLOURS[role][1 - place] not in found or role == "page", (theme, role)


@needs_typst
def test_a_png_says_how_large_it_is():
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    for scale in (1.0, 300 / 96):
        opened = image.open(io.BytesIO(circuit().draw(names=False).image("png", scale=scale)))
        opened.load()  # which checks every chunk
        assert opened.info["dpi"] == pytest.approx((96 * scale, 96 * scale), rel=1e-3)


@needs_typst
def test_the_same_bytes_in_every_run():
    drawn = circuit().draw(names=False)
    assert drawn.image("png") == drawn.image("png")
    assert drawn.image("pdf") == drawn.image("pdf")


@needs_typst
@pytest.mark.parametrize("letters", ["x", "W⁽²⁾₁ ∂ − × ≈ σ ↗", "漢字"])
def test_letters_are_those_that_lie_beside_the_package(letters: str):
    pdf = Value(1.0, letters).draw(names=False).image("pdf")
    fonts = set(re.findall(rb"/BaseFont ?/[A-Z]+\+([\w-]+)", pdf))
    ours = {font for font in fonts if font.startswith(b"CircuitSans-")}
    assert ours
    assert letters == "漢字" or fonts == ours


@needs_typst
@pytest.mark.parametrize("form", ["png", "pdf"])
def test_every_size_is_drawn(form: str):
    x = y = Value(1.0, "x")
    for _ in range(300):
        y = math.sin(y)
    net = nn.MLP(3, [4, 4, 1], seed=1)
    rows = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    loss = sum(((net(row) - want) ** 2 for row, want in zip(rows, (1.0, -1.0, -1.0, 1.0))), Value(0.0))
    terms = sum((Value(float(i), f"x{i}") * 2 + 1) ** 2 for i in range(100))
    for root in (y, loss, terms, terms * x):
        root.backward()
        content = root.draw(names=False).image(form)
        assert content.startswith(b"\x89PNG" if form == "png" else b"%PDF-")


@needs_typst
def test_what_is_too_large_is_made_smaller_or_refused():
    wide = '<svg xmlns="http://www.w3.org/2000/svg" width="200000" height="90" viewBox="0 0 200000 90"></svg>'
    assert size_of(render.image(wide, "png")) == pytest.approx((render.LONGEST_SIDE, 14.4), abs=1.5)
    assert size_of_page(render.image(wide, "pdf"))[0] == pytest.approx(render.LONGEST_PAGE)
    with pytest.raises(ValueError, match=r"up to 0\.16 for a PNG .* is 200,000 × 90 pixels at 1; got 1"):
        render.image(wide, "png", 1)
    small = '<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="1000" viewBox="0 0 1000 1000"></svg>'
    for scale in (0.0, -1.0, float("nan"), float("inf"), 10.1):
        with pytest.raises(ValueError, match=r"a scale is a number above 0, and up to 10 for a PNG"):
            render.image(small, "png", scale)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("f.txt", {"scale": 2}, r"scale is for \.png, \.pdf, not for \.txt"),
        ("f.pdf", {"dpi": 300}, r"dpi is for \.png, not for \.pdf"),
        ("f.html", {"theme": "dark"}, r"theme is for \.svg, \.png, \.pdf, \.dot, not for \.html"),
        ("f.png", {"dpi": 300, "scale": 1}, "give one of them"),
        ("f.svg", {"theme": "blue"}, "the theme is auto, light, dark, not 'blue'"),
    ],
)
def test_an_option_that_a_form_does_not_have(tmp_path: Path, name: str, options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        circuit().draw(names=False).save(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_the_theme_of_text_forms():
    drawn = circuit().draw(names=False)
    assert "prefers-color-scheme" in drawn.svg() == drawn.svg("auto")
    for theme, place in (("light", 0), ("dark", 1)):
        assert "prefers-color-scheme" not in drawn.svg(theme)
        found = set(re.findall("#[0-9a-f]{6}", drawn.svg(theme)))
        assert {COLOURS[role][place] for role in ("page", "value", "gradient", "local")} <= found
        assert not found & {COLOURS[role][1 - place] for role in ("value", "gradient", "local")}


@pytest.mark.parametrize("suffix", [".svg", ".dot", ".txt"])
def test_a_target_that_cannot_be_written(tmp_path: Path, suffix: str):
    with pytest.raises(OSError, match="circuit"):
        picture().save(tmp_path / "nowhere" / f"circuit{suffix}")
    (tmp_path / f"circuit{suffix}").mkdir()
    with pytest.raises(OSError, match="circuit"):
        picture().save(tmp_path / f"circuit{suffix}")
