"""The table of primitives: every fact about an operation stands in its primitive, and everything else reads it there.

`primitive` has the class with its columns; the other files define the primitives, a family each. A primitive is an
attribute of this package by its name, `primitives.exp`; `table` has all of them.
"""

from __future__ import annotations

from . import arithmetic, elementary, piecewise, reductions, rounding, special  # noqa: F401 - they fill the table
from .primitive import ATOM, CALL, COMPARISON, POWER, PRODUCT, SIGN, SUM, Point, Primitive, piecewise_constant, table

__all__ = [
    "ATOM", "CALL", "COMPARISON", "POWER", "PRODUCT", "SIGN", "SUM", "Point", "Primitive", "piecewise_constant", "table"
]  # fmt: skip

globals().update(table)


def __getattr__(name: str) -> Primitive:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}: the table has no primitive of this name")
