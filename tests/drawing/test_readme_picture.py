"""The README's picture is this package's own, as it draws it today. ``python tests/drawing/test_readme_picture.py``
draws it anew: by the built-in layout, which gives the same bytes on every machine."""

from __future__ import annotations

from pathlib import Path

from autograd_lite import Value
from autograd_lite.drawing.model import describe
from autograd_lite.drawing.svg import svg

FILE = Path(__file__).parents[2] / "docs" / "images" / "circuit.svg"


def picture() -> str:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    f = ((x + y) * z).named("f")
    f.backward()
    return svg(describe(f))


def test_the_picture_in_the_readme_is_what_is_drawn() -> None:
    assert FILE.read_text(encoding="utf-8") == picture(), f"run python {Path(__file__).name}"


if __name__ == "__main__":
    FILE.write_text(picture(), encoding="utf-8")
