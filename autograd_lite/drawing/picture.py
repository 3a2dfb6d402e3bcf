"""`Picture`: a circuit described once, in whichever form it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dot import dot_source
from .model import Circuit
from .render import FORMATS, render
from .text import text_tree

if TYPE_CHECKING:
    import os
    from pathlib import Path

_SUFFIXES = (*(f".{form}" for form in FORMATS), ".dot", ".txt")


class Picture:
    """A circuit as it stood when it was drawn. Jupyter shows it as SVG.

    >>> from autograd_lite import Value
    >>> (Value(3.0, "x") * 2).draw()
    <Picture of 3 nodes: .text(), .svg(), .source, .save(path)>
    """

    __slots__ = ("_circuit", "_direction")

    def __init__(self, circuit: Circuit, direction: str = "LR") -> None:
        self._circuit = circuit
        self._direction = direction

    @property
    def source(self) -> str:
        """The picture in DOT."""
        return dot_source(self._circuit, self._direction)

    def text(self) -> str:
        """The picture as a text tree."""
        return text_tree(self._circuit)

    def svg(self) -> str:
        """The picture in SVG. RuntimeError if there is no Graphviz to lay it out."""
        return render(self.source, "svg").decode()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file in the form that its suffix names, and return the file's path.

        ValueError for an unknown suffix, RuntimeError without Graphviz, OSError if the file cannot be written.
        """
        form = check_suffix(path)
        if form in FORMATS:
            content = render(self.source, form)
        else:
            content = (self.source if form == "dot" else self.text() + "\n").encode()
        from pathlib import Path

        file = Path(path)
        file.write_bytes(content)
        return file

    def __repr__(self) -> str:
        count = len(self._circuit.nodes)
        return f"<Picture of {count} node{'s' * (count != 1)}: .text(), .svg(), .source, .save(path)>"

    def _repr_svg_(self) -> str:
        return self.svg()


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The form that a path's suffix names; a ValueError that lists the known ones if it is none of them.

    >>> check_suffix("circuit.SVG")
    'svg'
    """
    from pathlib import Path

    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise ValueError(f"cannot save a picture as {suffix or 'a file without a suffix'}: use {', '.join(_SUFFIXES)}")
    return suffix[1:]
