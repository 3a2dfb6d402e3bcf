"""The circuit as a picture: one model of what is drawn, one file per form.

`draw` describes a graph as it stands now, its numbers included, and hands back a `Picture` of it: DOT, text, SVG, PNG
or PDF. Nothing beyond the standard library is imported before a form that needs it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import describe
from .picture import Picture

if TYPE_CHECKING:
    from ..value import Value

__all__ = ["Picture", "draw"]


def draw(root: Value, *, digits: int = 4, direction: str = "LR") -> Picture:
    """A picture of the circuit that `root` was computed by: every node's value and gradient, every local gradient.

    Args:
        root: the output; what it was computed from is drawn with it.
        digits: how many significant digits the numbers are given.
        direction: where the output lies, in Graphviz's terms: "LR", "RL", "TB" or "BT".

    A gradient is shown as "·" where no backward sweep has come by. ValueError for other digits or directions.

    >>> from autograd_lite import Value
    >>> x = Value(3.0, "x")
    >>> f = x * x
    >>> f.backward()
    >>> print(draw(f).text())
    × = 9  ∂ 1
    ├─[3]─ x = 3  ∂ 6
    └─[3]─ x = 3  (see above)
    """
    if direction not in ("LR", "RL", "TB", "BT"):
        raise ValueError(f"draw: the direction is LR, RL, TB or BT, not {direction!r}")
    if not 1 <= digits <= 17:
        raise ValueError(f"draw: a float has 1 to 17 digits to show, not {digits!r}")
    return Picture(describe(root, digits), direction)
