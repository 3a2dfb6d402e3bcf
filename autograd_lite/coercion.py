"""What a number is: the conversion of an operand to a float, and the TypeErrors that say what to write instead.

Ints, bools, fractions and NumPy's scalars become floats; complex numbers, decimals, text and arrays do not. A Value is
known by its attributes, so this file stands above `value`.
"""

from __future__ import annotations

from numbers import Number, Real
from typing import Any


def checked_label(label: str | None) -> str | None:
    if label is not None and not isinstance(label, str):
        raise TypeError(f"a label is a str or None, not {type(label).__name__} {short_label(repr(label))}")
    return label


def short_label(label: str, most: int = 24) -> str:
    """`label` on one line, in at most `most` characters."""
    if not label.isprintable():
        label = repr(label)[1:-1]
    return label if len(label) <= most else label[: most - 1] + "…"


def as_float(x: Any) -> float:
    """The float of a real number; a TypeError that says what to write instead of anything else.

    >>> as_float("2")
    Traceback (most recent call last):
      ...
    TypeError: expected a real number, got str '2': write float('2')
    """
    if type(x) is float:
        return x
    if isinstance(x, (float, int)):
        return float(x)
    if isinstance(x, Real) or _is_floatlike(x):  # Fraction, NumPy's integers and floats
        y = float(x)
        if y - y != 0.0 and x == x and x != y:
            raise OverflowError(f"{type(x).__name__} {short_label(str(x))} is too large for a float")
        return y
    if is_scalar(x):
        return as_float(x.item())
    raise TypeError(f"expected a real number, got {type(x).__name__} {short_label(repr(x), 40)}: {_advice(x)}")


def _is_floatlike(x: Any) -> bool:
    """Whether x is a number by its own word alone; not an array, whose float may drop a gradient of its own."""
    claims = hasattr(type(x), "__float__") or hasattr(type(x), "__index__")
    return claims and not isinstance(x, Number) and not hasattr(type(x), "local_grads") and not hasattr(x, "ndim")


def is_scalar(x: Any) -> bool:
    """Whether x is NumPy's bool or a 0-d array of numbers or objects, or made like one."""
    return getattr(x, "ndim", None) == 0 and getattr(getattr(x, "dtype", None), "kind", None) in _KINDS


_KINDS = frozenset("biufcO")


def _advice(x: Any) -> str:
    """What to write instead of x, which is no real number."""
    shown = short_label(repr(x), 40)
    if hasattr(type(x), "local_grads"):  # a Value
        return "write .data for its number"
    if isinstance(x, complex):
        return "this engine is real: treat .real and .imag as two Values"
    if isinstance(x, str):
        try:
            float(x)
        except ValueError:
            return "text is not a number"
        return f"write float({shown})"
    if getattr(x, "ndim", 0):
        return "np.frompyfunc(f, 1, 1)(x) applies a function f of one number, such as Value, to each element"
    if isinstance(x, (list, tuple)):
        return "write [Value(e) for e in x], or np.frompyfunc(Value, 1, 1)(x) for an array of Values"
    if isinstance(x, Number) or hasattr(x, "__float__"):  # Decimal; another library's tensor
        return f"write float({shown})" if isinstance(x, Number) else "write float(x), which drops any gradient of x"
    return "write its number"
