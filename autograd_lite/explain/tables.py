"""Tables for notebooks: HTML without colours of its own, so that it is read in light and in dark."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_STYLE = "text-align:left;vertical-align:top;white-space:pre-wrap"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], below: str = "") -> str:
    """A table in HTML, with a line below it; whatever is in a cell is shown as it is.

    >>> ">1 &lt; 2</td>" in table(["x"], [["1 < 2"]])
    True
    """
    line = f'<div style="white-space:pre-wrap">{html.escape(below)}</div>' if below else ""
    titles = f"<thead>{_row(head, 'th')}</thead>" if head else ""
    return f"<table>{titles}<tbody>{''.join(map(_row, rows))}</tbody></table>{line}"


def from_text(text: str) -> str:
    """A text in columns as a table: cells end with two spaces or a colon; a line of one cell goes across.

    >>> from_text("1 kink:\\n  slope by x:  1").count("</td>")
    3
    """
    lines = [line for line in text.splitlines() if line]
    return table((), [re.split(r"(?<=\S)  +|(?<=:) ", line) for line in lines])


def _row(cells: Sequence[str], tag: str = "td") -> str:
    style = f'style="{_STYLE}"{" colspan=9" if len(cells) == 1 else ""}'
    return f"<tr>{''.join(f'<{tag} {style}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
