"""Every picture of the docs is this package's own, as it draws it today, and is shown on some page."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPEC = importlib.util.spec_from_file_location("pictures", ROOT / "docs" / "pictures.py")
assert SPEC is not None
assert SPEC.loader is not None
pictures = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(pictures)


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_a_picture_is_what_is_drawn_today(name: str) -> None:
    file = pictures.FOLDER / f"{name}.svg"
    assert file.read_text(encoding="utf-8") == pictures.PICTURES[name](), "run python docs/pictures.py"


def test_every_picture_is_shown_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages if "_build" not in page.parts)
    assert [name for name in pictures.PICTURES if f"/{name}.svg" not in text] == []


def test_the_gallery_is_what_its_functions_say() -> None:
    page = pictures.gallery.PAGE.read_text(encoding="utf-8")
    assert page == pictures.gallery.page(), "run python docs/pictures.py"
    assert len(pictures.gallery.GALLERY) == 31
