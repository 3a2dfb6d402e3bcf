"""Where a picture is shown: the terminal's protocol, the browser, or as text."""

from __future__ import annotations

import base64
import io
import re
import sys
import webbrowser
from pathlib import Path

import pytest

from autograd_lite import Value
from autograd_lite.drawing import Picture
from autograd_lite.drawing.show import inline


def picture() -> Picture:
    return (Value(3.0, "x") * 2).named("f").draw(names=False)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A terminal that says nothing of itself, no notebook, and a browser that notes what it was given."""
    for name in ("TERM", "TERM_PROGRAM", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    return opened


def test_a_browser_is_given_the_svg(plain: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    picture().show(theme="dark")
    (address,) = plain
    assert Path(address.removeprefix("file://")).read_text(encoding="utf-8") == picture().svg("dark")
    assert capsys.readouterr().out == ""


def test_without_a_browser_it_is_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    picture().show()
    assert capsys.readouterr().out.startswith(f"{picture().text()}\nno browser was found to show ")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variable", "terminal", "begins"),
    [
        ("TERM", "xterm-kitty", "\x1b_G"),
        ("TERM_PROGRAM", "iTerm.app", "\x1b]1337;"),
        ("TERM_PROGRAM", "WezTerm", "\x1b]"),
    ],
)
def test_a_terminal_that_draws_is_sent_a_png(
    monkeypatch: pytest.MonkeyPatch, plain: list[str], variable: str, terminal: str, begins: str
) -> None:
    pytest.importorskip("typst", reason="typst is not installed: pip install autograd_lite[draw]")
    monkeypatch.setenv(variable, terminal)
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    picture().show()
    assert screen.getvalue().startswith(begins)
    assert plain == []
    monkeypatch.setenv("TMUX", "1")
    picture().show()
    assert len(plain) == 1


def test_without_typst_a_terminal_that_draws_has_the_browser(monkeypatch: pytest.MonkeyPatch, plain: list[str]) -> None:
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.setitem(sys.modules, "typst", None)
    monkeypatch.setattr(sys, "stdout", Terminal())
    picture().show()
    assert len(plain) == 1


@pytest.mark.parametrize("length", [1, 3072, 3073, 10_000])
def test_the_pieces_are_the_image(length: int) -> None:
    png = bytes(i % 251 for i in range(length))
    pieces = re.findall(r"\x1b_G(?:a=T,f=100,)?m=([01]);([^\x1b]*)\x1b\\", inline(png, "kitty"))
    assert [more for more, _ in pieces] == ["1"] * (len(pieces) - 1) + ["0"]
    assert max(len(piece) for _, piece in pieces) <= 4096
    assert base64.b64decode("".join(piece for _, piece in pieces)) == png
    assert base64.b64decode(inline(png, "iterm").partition(":")[2].rstrip("\x07\n")) == png


def test_printed_it_is_the_tree() -> None:
    assert str(picture()) == picture().text()
