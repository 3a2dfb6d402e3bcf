"""No picture fails or hangs for want of a program: whatever `dot` does, an SVG comes out."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import time
from pathlib import Path

import pytest

from autograd_lite import Value
from autograd_lite.drawing import render
from autograd_lite.drawing.picture import MOST_FOR_GRAPHVIZ, Picture

HAS_PYGRAPHVIZ = importlib.util.find_spec("pygraphviz") is not None
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the system has no dot: install graphviz")
needs_shell = pytest.mark.skipif(os.name != "posix", reason="the false programs are shell scripts")


def picture(count: int = 3) -> Picture:
    x = y = Value(0.5, "x")
    for _ in range(count):
        y = y * x
    y.backward()
    return y.draw(names=False)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is the only place programs are found in, and no module that draws."""
    found = importlib.util.find_spec
    hidden = ("pygraphviz", "cairosvg")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name in hidden else found(name, *rest))
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
        ("echo '<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>'", "what came back is not this drawing"),
        ("printf '<\\377\\376'", "what came back is not this drawing"),
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
def test_without_process_groups_the_program_alone_is_ended(alone: Path, monkeypatch: pytest.MonkeyPatch):
    """Windows has none."""
    monkeypatch.delattr(os, "killpg")
    monkeypatch.setattr(render.laid_out, "__defaults__", (0.3,))
    program(alone, "dot", "exec /bin/sleep 60")
    begun = time.monotonic()
    assert is_built_in(picture().svg(), "dot took longer than 0.3 s")
    assert time.monotonic() - begun < 30


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


@pytest.mark.skipif(not HAS_PYGRAPHVIZ, reason="pygraphviz is not installed: pip install pygraphviz")
@pytest.mark.parametrize("broken", [False, True])
def test_pygraphviz_draws_where_dot_does_not(alone: Path, monkeypatch: pytest.MonkeyPatch, broken: bool):
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(alone))
    if broken:
        program(alone, "dot", "exit 1")
    svg = picture().svg()
    assert "without Graphviz" not in svg
    assert svg.count('class="node"') == 4


@needs_dot
@pytest.mark.parametrize("source", ["digraph {", "", "graph {a -> b}"])
def test_what_graphviz_refuses_is_one_line(source: str):
    with pytest.raises(render.NoImage) as caught:
        render.laid_out(source, "svg")
    assert "\n" not in str(caught.value)


def test_a_picture_too_large_for_graphviz_is_not_given_to_it(alone: Path):
    program(alone, "dot", "touch $0.asked")
    y = x = Value(0.5, "x")
    for _ in range(MOST_FOR_GRAPHVIZ // 3):
        y = y * x
    svg = y.draw(names=False, most=None).svg()
    assert "too large for it" in svg
    assert not (alone / "dot.asked").exists()


def test_png_and_pdf_without_any_program_say_the_way_out(alone: Path, tmp_path: Path):
    for suffix in (".png", ".pdf"):
        with pytest.raises(RuntimeError, match=r"no P.. could be made.*save as \.svg, or install Graphviz") as caught:
            picture().save(tmp_path / f"circuit{suffix}")
        assert "\n" not in str(caught.value)
        assert not (tmp_path / f"circuit{suffix}").exists()


@needs_shell
def test_png_without_graphviz_comes_from_the_built_in_svg(alone: Path, tmp_path: Path):
    program(alone, "rsvg-convert", f"/bin/cat > {tmp_path}/given.svg; printf '\\211PNG made'")
    picture().save(tmp_path / "circuit.png")
    assert (tmp_path / "circuit.png").read_bytes() == b"\x89PNG made"
    assert is_built_in((tmp_path / "given.svg").read_text(), "there is no Graphviz")


@pytest.mark.parametrize("suffix", [".svg", ".dot", ".txt"])
def test_a_target_that_cannot_be_written(tmp_path: Path, suffix: str):
    with pytest.raises(OSError, match="circuit"):
        picture().save(tmp_path / "nowhere" / f"circuit{suffix}")
    (tmp_path / f"circuit{suffix}").mkdir()
    with pytest.raises(OSError, match="circuit"):
        picture().save(tmp_path / f"circuit{suffix}")
