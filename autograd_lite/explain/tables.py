"""Explanations as tables, for notebooks: HTML without colours of its own, so that it is read in light and in dark."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .telling import MOST_LINES, MOST_PATHS, Teller
from .wording import counted, product

if TYPE_CHECKING:
    from .ledger import Explanation

_CELL = "text-align:left;vertical-align:top;white-space:pre-wrap"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], above: str = "", below: str = "") -> str:
    """A table in HTML, with a line above and one below it; whatever is in a cell is shown as it is.

    >>> ">1 &lt; 2</td>" in table(["x"], [["1 < 2"]])
    True
    """
    titles = "".join(f'<th style="{_CELL}">{html.escape(title)}</th>' for title in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    whole = f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
    return f"{_line(above)}{whole}{_line(below)}"


def _cell(text: str) -> str:
    return f'<td style="{_CELL}">{html.escape(text)}</td>'


def _line(text: str) -> str:
    return f'<div style="white-space:pre-wrap">{html.escape(text)}</div>' if text else ""


def explained(ledger: Explanation) -> str | None:
    """The terms and the paths of a ledger, a table each; None where its text says more, of several sweeps."""
    teller = Teller(ledger)
    parts = [_line(teller.head())]
    for section in ledger.sections:
        if section.root is ledger.node or section.calls > 1 or len(ledger.sections) > 1:
            return None
        terms = [
            (teller.via(line), product([line.local_grad, line.adjoint], line.term, ledger._precision))
            for line in section.lines[:MOST_LINES]
        ]
        if len(section.lines) > 1:
            terms.append((f"sum of {len(section.lines)} terms", teller.number(section.gradient)))
        parts.append(table(["via", "local gradient × gradient from above"], terms))
        ways = [(teller.way(path), teller.along(path, section.seed)) for path in section.paths[:MOST_PATHS]]
        rest = section.path_count - len(ways)
        title = f"{counted(section.path_count, 'path')}, each the product of its local gradients"
        parts.append(table([title, ""], ways, below=f"… and {rest} more, which add less" if rest else ""))
    if ledger.remainder or ledger.remainder != ledger.remainder:
        parts.append(_line(teller.unexplained()))
    return "".join(parts)
