"""What Python's operators, and the methods that NumPy calls, mean on a number: a primitive, applied.

Every kind of number has them from here: `Value`, a tracer, exact numbers, `Quiet` floats. A kind defines what
applying a primitive is: `__apply__`, and where speed matters `_unary`, `_binary` and `_reflected` too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from . import primitives
from .primitives import Primitive

DEGREES, RADIANS = 180.0 / math.pi, math.pi / 180.0

N = TypeVar("N", bound="Operators")


def unary(op: Primitive) -> Callable[[N], N]:
    """The method for ``op(self)``."""
    return lambda self: self._unary(op)


def binary(op: Primitive) -> Callable[[N, Any], N]:
    """The method for ``op(self, other)``."""
    return lambda self, other: self._binary(op, other)


def reflected(op: Primitive) -> Callable[[N, Any], N]:
    """The method for ``op(other, self)``."""
    return lambda self, other: self._reflected(op, other)


def comparison(op: Primitive, swapped: bool = False) -> Callable[[Any, Any], Any]:
    """The method for ``op(self, other)``, or `swapped` for ``op(other, self)``."""
    if swapped:
        return lambda self, other: self._compared(op, other, self)
    return lambda self, other: self._compared(op, self, other)


class Operators:
    """The operators of a number, and by NumPy's names the methods that its functions look for in arrays of objects."""

    __slots__ = ()

    @staticmethod
    def __apply__(op: Primitive, args: tuple[Any, ...]) -> Any:
        """``op(*args)`` where one of `args` is of this kind; NotImplemented leaves it to the kind of another."""
        raise NotImplementedError

    def _unary(self, op: Primitive) -> Any:
        return self.__apply__(op, (self,))

    def _binary(self, op: Primitive, other: Any) -> Any:
        return self.__apply__(op, (self, other))

    def _reflected(self, op: Primitive, other: Any) -> Any:
        return self.__apply__(op, (other, self))

    def _compared(self, op: Primitive, a: Any, b: Any) -> Any:
        return self.__apply__(op, (a, b))

    __add__, __radd__ = binary(primitives.add), reflected(primitives.add)
    __sub__, __rsub__ = binary(primitives.sub), reflected(primitives.sub)
    __mul__, __rmul__ = binary(primitives.mul), reflected(primitives.mul)
    __truediv__, __rtruediv__ = binary(primitives.div), reflected(primitives.div)
    __floordiv__, __rfloordiv__ = binary(primitives.floordiv), reflected(primitives.floordiv)
    __mod__, __rmod__ = binary(primitives.mod), reflected(primitives.mod)
    __neg__ = unary(primitives.neg)
    __abs__ = fabs = unary(primitives.abs)
    __floor__ = unary(primitives.floor)
    __ceil__ = unary(primitives.ceil)
    __trunc__ = unary(primitives.trunc)

    def __pow__(self: N, other: Any, modulus: None = None) -> N:
        if modulus is not None:
            kind = type(self).__name__
            raise TypeError(f"pow({kind}, y, modulus) is for integers: write pow(x, y) % modulus")
        return self._binary(primitives.pow, other)  # type: ignore[no-any-return]

    def __rpow__(self: N, other: Any, modulus: None = None) -> N:
        return self._reflected(primitives.pow, other)  # type: ignore[no-any-return]

    def __divmod__(self: N, other: Any) -> tuple[N, N]:
        return self // other, self % other

    def __rdivmod__(self: N, other: Any) -> tuple[N, N]:
        return other // self, other % self

    def __pos__(self: N) -> N:
        return self

    def __round__(self: N, ndigits: int | None = None) -> N:
        if ndigits is not None:
            kind = type(self).__name__
            raise TypeError(f"a {kind} rounds to whole numbers only: write round(v.data, ndigits) for its number")
        return self._unary(primitives.rint)  # type: ignore[no-any-return]

    __eq__, __ne__ = comparison(primitives.equal), comparison(primitives.unequal)
    __lt__, __gt__ = comparison(primitives.less), comparison(primitives.less, swapped=True)
    __le__, __ge__ = comparison(primitives.less_equal), comparison(primitives.less_equal, swapped=True)

    exp = unary(primitives.exp)
    exp2 = unary(primitives.exp2)
    expm1 = unary(primitives.expm1)
    log = unary(primitives.log)
    log2 = unary(primitives.log2)
    log10 = unary(primitives.log10)
    log1p = unary(primitives.log1p)
    sqrt = unary(primitives.sqrt)
    cbrt = unary(primitives.cbrt)
    sin = unary(primitives.sin)
    cos = unary(primitives.cos)
    tan = unary(primitives.tan)
    arcsin = unary(primitives.asin)
    arccos = unary(primitives.acos)
    arctan = unary(primitives.atan)
    sinh = unary(primitives.sinh)
    cosh = unary(primitives.cosh)
    tanh = unary(primitives.tanh)
    arcsinh = unary(primitives.asinh)
    arccosh = unary(primitives.acosh)
    arctanh = unary(primitives.atanh)
    sigmoid = unary(primitives.sigmoid)
    relu = unary(primitives.relu)
    rint = unary(primitives.rint)
    arctan2 = binary(primitives.atan2)
    hypot = binary(primitives.hypot)
    fmod = binary(primitives.fmod)
    conjugate = __pos__

    def degrees(self: N) -> N:
        return self * DEGREES

    def radians(self: N) -> N:
        return self * RADIANS

    rad2deg, deg2rad = degrees, radians

    def logical_xor(self, other: Any) -> bool:
        return bool(self) is not bool(other)


class Quiet(Operators, float):  # type: ignore[misc]
    """A float whose operators follow IEEE 754 in silence. Where a local derivative, run on plain floats, makes Python
    raise, it is run again on these."""

    __slots__ = ()
    __hash__ = float.__hash__

    @staticmethod
    def __apply__(op: Primitive, args: tuple[float, ...]) -> Quiet:
        return Quiet(op(*map(float, args)))

    def _compared(self, op: Primitive, a: Any, b: Any) -> Any:
        known = isinstance(a, (float, int)) and isinstance(b, (float, int))
        return bool(op(float(a), float(b)) != 0.0) if known else NotImplemented


def quietly(function: Callable[..., float], args: tuple[float, ...]) -> float:
    """``function(*args)`` on plain floats, and where Python raises, on `Quiet` ones."""
    try:
        return function(*args)
    except (ArithmeticError, ValueError):
        return float(function(*map(Quiet, args)))
