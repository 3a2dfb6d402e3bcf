"""A picture where it was asked for: in the notebook, in a terminal that draws images, else in a browser.

Terminals draw a PNG that is written to them in base64 between escape sequences: kitty's protocol (sw.kovidgoyal.net/
kitty/graphics-protocol) or iTerm2's (iterm2.com/documentation-images.html). Which one a terminal has, it says in its
environment; one that says nothing is not asked.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .picture import Picture

_KITTY = {"xterm-kitty", "xterm-ghostty", "ghostty"}
_ITERM = {"iTerm.app", "WezTerm", "mintty", "rio"}


def show(picture: Picture, theme: str = "auto") -> None:
    """Show `picture` in the best place there is."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is not None:
        from IPython.display import SVG, display

        display(SVG(picture.svg(theme)))  # type: ignore[no-untyped-call]
        return
    protocol = _protocol() if sys.stdout.isatty() else ""
    if protocol:
        try:
            sys.stdout.write(inline(picture.image("png", theme=theme), protocol))
            return
        except RuntimeError:  # what makes a PNG is not installed: a browser needs none
            pass
    with tempfile.NamedTemporaryFile("w", prefix="circuit-", suffix=".svg", delete=False, encoding="utf-8") as file:
        file.write(picture.svg(theme))
    if not webbrowser.open(Path(file.name).as_uri()):
        print(f"{picture.text()}\nno browser was found to show {file.name}")


def _protocol() -> str:
    """The image protocol of the terminal that this runs in: "kitty", "iterm" or none."""
    if "TMUX" in os.environ or os.environ.get("TERM", "").startswith("screen"):
        return ""  # what stands between passes images on only where it was told to
    terminals = {os.environ.get("TERM", ""), os.environ.get("TERM_PROGRAM", "")}
    return "kitty" if terminals & _KITTY else "iterm" if terminals & _ITERM else ""


def inline(png: bytes, protocol: str) -> str:
    r"""What a terminal is sent to draw a PNG in its place, and to go to the next line.

    >>> inline(b"png", "kitty"), inline(b"png", "iterm")
    ('\x1b_Ga=T,f=100,m=0;cG5n\x1b\\\n', '\x1b]1337;File=inline=1;size=3:cG5n\x07\n')
    """
    data = base64.b64encode(png).decode()
    if protocol == "iterm":
        return f"\x1b]1337;File=inline=1;size={len(png)}:{data}\x07\n"
    pieces = [data[i : i + 4096] for i in range(0, len(data), 4096)]
    sent = []
    for i, piece in enumerate(pieces):
        first, more = "a=T,f=100," if i == 0 else "", int(i < len(pieces) - 1)
        sent.append(f"\x1b_G{first}m={more};{piece}\x1b\\")
    return "".join(sent) + "\n"
