"""`Picture`: a circuit described once, in whichever form it is asked for.

A form is a function from a picture to a text or bytes; `FORMS` has one for each suffix of a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..graph import topological_order
from .dot import check_apart, dot_source, finished
from .model import Circuit, with_copies
from .render import NoImage, image, laid_out, themed
from .svg import svg
from .text import text_tree

if TYPE_CHECKING:
    from ..value import Value
    from .page import Page
    from .widget import Widget

MOST_FOR_GRAPHVIZ = 600  # boxes and arrows: of more, dot has been seen to take minutes


class Picture:
    """A circuit as it stood when it was drawn. Jupyter shows it as SVG.

    >>> from autograd_lite import Value
    >>> (Value(3.0, "x") * 2).draw()
    <Picture of 3 nodes: .svg(), .text(), .latex(), .mermaid(), .html(), .source, .save(path)>
    """

    __slots__ = ("_svg", "circuit", "direction", "engine")

    def __init__(self, circuit: Circuit, direction: str = "LR", engine: str = "built-in") -> None:
        self.circuit = circuit
        self.direction = direction
        self.engine = engine
        self._svg: str | None = None

    def __str__(self) -> str:
        return self.text()

    @property
    def source(self) -> str:
        """The picture in DOT, Graphviz's language.

        >>> from autograd_lite import Value
        >>> print((Value(3.0, "x") * 2).draw().source.splitlines()[0])
        digraph circuit {
        """
        return dot_source(self.circuit, self.direction)

    def text(self) -> str:
        """The picture as a text tree.

        >>> from autograd_lite import Value
        >>> print((Value(3.0, "x") * 2).named("f").draw().text())
        f: × = 6  ∂ ·
        ├─[2]─ x = 3  ∂ ·
        └── 2
        """
        return text_tree(self.circuit)

    def latex(self, of: Value | None = None) -> str:
        r"""The expression, and once there are gradients the chain rule with its numbers for each leaf, in LaTeX; or the
        chain rule for the node `of` alone. ValueError if that is not drawn.

        It is one ``aligned`` environment, for display mathematics: of amsmath, MathJax or KaTeX.

        >>> from autograd_lite import Value
        >>> print((Value(3.0, "x") * 2).named("f").draw().latex())
        \begin{aligned}
        f & = x \cdot 2 = 6 \\
        &\quad\text{at}\quad x = 3
        \end{aligned}
        """
        from .latex import latex

        return latex(self.circuit.written or self.circuit, None if of is None else self._id(of))

    def mermaid(self) -> str:
        """The picture in Mermaid's notation, which Markdown pages draw.

        >>> from autograd_lite import Value
        >>> print((Value(3.0, "x") * 2).draw().mermaid().splitlines()[0])
        flowchart LR
        """
        from .mermaid import mermaid

        return mermaid(self.circuit, self.direction)

    def html(self) -> Page:
        """The picture as a page that computes with the graph: one HTML file, with nothing to fetch.

        A string; Jupyter shows it in a frame.

        >>> from autograd_lite import Value
        >>> (Value(3.0, "x") * 2).draw().html()[:15]
        '<!DOCTYPE html>'
        """
        from .page import page

        return page(self.circuit, self.direction)

    def widget(self) -> Widget:
        """The picture as a page in a notebook whose sliders write into the Values: see `autograd_lite.drawing.widget`.

        RuntimeError without anywidget, which the extra ``notebook`` installs.

        >>> from autograd_lite import Value
        >>> callable((Value(3.0, "x") * 2).draw().widget)
        True
        """
        try:
            from .widget import Widget
        except ImportError as error:
            raise RuntimeError(f"a widget needs anywidget: `pip install autograd_lite[notebook]` ({error})") from None
        return Widget(self.circuit, self.direction)

    def tikz(self) -> str:
        """The picture in TikZ, as it is laid out in SVG: for a LaTeX document with ``\\usepackage{tikz}``.

        >>> from autograd_lite import Value
        >>> (Value(3.0, "x") * 2).draw().tikz().splitlines()[-1]
        '\\\\end{tikzpicture}'
        """
        from .tikz import tikz

        return tikz(svg(self.circuit, self.direction))

    def svg(self, theme: str = "auto") -> str:
        """The picture in SVG, with the colours of the page it is shown on ("auto"), or "light", or "dark".

        With ``engine="graphviz"`` Graphviz lays it out; if there is none, or it fails, takes too long or draws a line
        through a number, or the picture is too large for it, the built-in layout does, and a line under it says so.

        >>> from autograd_lite import Value
        >>> (Value(3.0, "x") * 2).draw().svg().rstrip()[-6:]
        '</svg>'
        """
        if self._svg is None:
            circuit = self.circuit
            try:
                self._svg = self._by_graphviz() if self.engine == "graphviz" else svg(circuit, self.direction)
            except NoImage as failure:
                note = f"laid out without Graphviz: {failure}"
                self._svg = svg(replace(circuit, notes=[*circuit.notes, note]), self.direction)
        return themed(self._svg, theme)

    def image(self, form: str, *, scale: float | None = None, theme: str = "light") -> bytes:
        """The picture as the bytes of a "png" or "pdf"; `scale` and `theme` as in `save`.

        >>> from autograd_lite import Value
        >>> (Value(3.0, "x") * 2).draw().image("pdf")[:5]
        b'%PDF-'
        """
        return image(self.svg("light" if theme == "auto" else theme), form, scale)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        scale: float | None = None,
        dpi: float | None = None,
        theme: str | None = None,
    ) -> Path:
        """Write the picture to a file in the form that its suffix names, and return the file's path.

        Args:
            path: where; its suffix is one of `FORMS`.
            scale: how many times the size of the SVG a PNG or PDF is; if not given, a PNG is 2 times unless it is
                large, and a PDF is 1. A PNG has at most 100 million pixels.
            dpi: the same for a PNG, in pixels per inch: 96 is a scale of 1.
            theme: "light" or "dark", for SVG, PNG, PDF and DOT; an SVG adapts to its page if it is not given.

        ValueError for an unknown suffix, an option that the form does not have, or a PNG of too many pixels; OSError if
        the file cannot be written; for PNG and PDF, RuntimeError if the package that makes them is missing.

        >>> import os, tempfile
        >>> from autograd_lite import Value
        >>> path = (Value(3.0, "x") * 2).draw().save(os.path.join(tempfile.mkdtemp(), "f.txt"))
        >>> print(path.read_text().splitlines()[0])
        × = 6  ∂ ·
        """
        form = check_suffix(path)
        for option, given, forms in (
            ("scale", scale, ("png", "pdf")),
            ("dpi", dpi, ("png",)),
            ("theme", theme, ("svg", "png", "pdf", "dot")),
        ):
            if given is not None and form not in forms:
                raise ValueError(f"{option} is for {', '.join(f'.{name}' for name in forms)}, not for .{form}")
        if dpi is not None and scale is not None:
            raise ValueError("scale and dpi say the same thing: give one of them")
        if form in ("png", "pdf"):
            content: str | bytes = self.image(form, scale=scale if dpi is None else dpi / 96, theme=theme or "light")
        else:
            content = FORMS[f".{form}"](self)
            if theme is not None and isinstance(content, str):
                content = themed(content, theme)
        file = Path(path)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def show(self, theme: str = "auto") -> None:
        """Show the picture: in a notebook there, in a terminal that draws images there, else in a browser.

        Where there is no browser either, the text tree is printed.

        >>> from autograd_lite import Value
        >>> callable((Value(3.0, "x") * 2).draw().show)
        True
        """
        from .show import show

        show(self, theme)

    def _id(self, node: Value) -> str:
        for place, other in enumerate(topological_order(self.circuit.root)):
            if other is node and any(drawn.id == f"n{place}" for drawn in (self.circuit.written or self.circuit).nodes):
                return f"n{place}"
        raise ValueError(f"latex: of must be a node of this circuit; got {node!r}")

    def _by_graphviz(self) -> str:
        drawn = with_copies(self.circuit)
        size = len(drawn.nodes) + len(drawn.edges)
        if size > MOST_FOR_GRAPHVIZ:
            raise NoImage(f"too large for it, {size:,} nodes and edges")
        try:
            drawing = laid_out(self.source).decode(errors="replace")
            made = finished(drawing, self.circuit)
            check_apart(drawing)
            return made
        except ValueError as error:
            raise NoImage(str(error)) from None

    def __repr__(self) -> str:
        count = self.circuit.total
        forms = ".svg(), .text(), .latex(), .mermaid(), .html(), .source, .save(path)"
        return f"<Picture of {count} node{'s' * (count != 1)}: {forms}>"

    def _repr_svg_(self) -> str:
        return self.svg()


FORMS: dict[str, Callable[[Picture], str | bytes]] = {
    ".svg": lambda picture: picture.svg(),
    ".png": lambda picture: picture.image("png"),
    ".pdf": lambda picture: picture.image("pdf"),
    ".dot": lambda picture: picture.source,
    ".txt": lambda picture: f"{picture.text()}\n",
    ".tex": lambda picture: f"% needs \\usepackage{{tikz}}\n{picture.tikz()}\n",
    ".mmd": lambda picture: f"{picture.mermaid()}\n",
    ".html": lambda picture: picture.html(),
}


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The form that a path's suffix names; a ValueError that lists the known ones if it is none of them.

    >>> check_suffix("circuit.SVG")
    'svg'
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMS:
        raise ValueError(f"cannot save a picture as {suffix or 'a file without a suffix'}: use {', '.join(FORMS)}")
    return suffix[1:]
