"""The picture in TikZ: every element of the SVG, at its place, in what LaTeX reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autograd_lite import Value, group, math, nn, primitives
from autograd_lite.drawing.svg import svg
from autograd_lite.drawing.tikz import letters
from autograd_lite.expressions import GREEK
from autograd_lite.primitives import Primitive

HOSTILE = ["100% \\of {x_1}^2~&#$", "漢字 🎈", '<a>|b|"q"\'', "a\nb\tc", "% comment", "é ∂ ↗ ⌊x⌋ −½ …", "".join(GREEK)]


def pictures() -> dict[str, Value]:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    with group("50% of {it}"):
        circuit = ((x + y) * z).named("f")
    circuit.backward()
    net = nn.ScoringNetwork(2, [2, 2], seed=5)([Value(1.0, "x₁"), Value(-2.0, "x₂")])
    net.backward()
    symbols = "".join(sorted({c for op in vars(primitives).values() if isinstance(op, Primitive) for c in op.symbol}))
    hostile = sum((Value(1e-7, label) for label in [*HOSTILE, symbols]), Value(0.0))
    kink = math.relu(Value(0.0, "u"))
    kink.backward()
    return {"circuit": circuit, "net": net, "hostile": hostile, "kink": kink}


@pytest.mark.parametrize("name", pictures())
def test_every_element_of_the_svg_is_there(name: str) -> None:
    drawn = pictures()[name].draw(names=False)
    elements = [one.tag.rpartition("}")[2] for one in ElementTree.fromstring(svg(drawn.circuit)).iter()]
    assert set(elements) <= {"svg", "g", "rect", "path", "text", "tspan", "title", "desc", "style"}
    lines = drawn.tikz().splitlines()
    assert sum(line.startswith(r"\node") for line in lines) == elements.count("text")
    assert sum(line.startswith(r"\path[") for line in lines) == elements.count("rect") + elements.count("path")


def test_a_box_is_where_the_svg_has_it() -> None:
    drawn = pictures()["circuit"].draw(names=False)
    boxes = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="3"', drawn.svg())
    found = re.findall(
        r"rounded corners=2.25bp\] \(([\d.]+),([\d.]+)\) rectangle \+\+\(([\d.]+),([\d.]+)\)", drawn.tikz()
    )
    assert len(boxes) == 3
    assert [tuple(map(float, box)) for box in found] == [tuple(map(float, box)) for box in boxes]


def test_letters() -> None:
    assert letters("x_1 = −2·∂") == r"x\_1 = \ensuremath{-}2\ensuremath{\cdot}\ensuremath{\partial}"
    assert letters("\n\x07漢") == " U+0007U+6F22"
    assert all(ord(letter) < 128 for letter in letters("".join(GREEK)))


def test_saved_it_says_what_it_needs(tmp_path: Path) -> None:
    content = pictures()["circuit"].draw(names=False).save(tmp_path / "f.tex").read_text(encoding="utf-8")
    assert content.startswith("% needs \\usepackage{tikz}\n\\begin{tikzpicture}")


def test_latex_reads_it(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex is installed: apt install texlive-pictures")
    drawn = [picture.draw(names=False).tikz() for picture in pictures().values()]
    head = "\\documentclass{article}\n\\usepackage{tikz}\n\\begin{document}\n"
    (tmp_path / "all.tex").write_text(head + "\n\\newpage\n".join(drawn) + "\n\\end{document}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert made.returncode == 0, made.stdout.decode(errors="replace")[-2000:]
    assert b"Missing character" not in made.stdout
