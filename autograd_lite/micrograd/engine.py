"""micrograd's `Value`: this engine's, with micrograd's names and its ways of writing one operation by another.

A number beside a Value becomes a leaf, −a is a · −1, a − b is a + (−b), a / b is a · b⁻¹, as in micrograd, so that its
pictures come out. The sweep, with no limit of depth and no fault on a second `backward`, is this engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any, SupportsFloat

from .. import primitives
from ..primitives import Primitive, constant
from ..value import Value as Node
from ..value import pull

_NAMES = {primitives.mul: "*", primitives.relu: "ReLU"}


class Value(Node):
    """A number with its graph: ``Value(data, _children=(), _op="", label="")``.

    The operators and `exp`, `log`, `tanh`, `sigmoid`, `relu` make such Values. A node made by hand has children; its
    local gradients are read off its `_backward`, and nan until that is set.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b; c.label = "c"
    >>> c._prev == {a, b}, c._op
    (True, '*')
    >>> c.backward()
    >>> a
    Value(data=2.0, grad=-3.0)
    """

    __slots__ = ()

    def __init__(
        self, data: SupportsFloat, _children: Iterable[Node] = (), _op: str = "", label: str | None = ""
    ) -> None:
        super().__init__(data, label)
        self.parents = tuple(dict.fromkeys(_children))
        if self.parents:
            self.record = (self.data, *(child.data for child in self.parents))
            self.op = _by_hand(_op, lambda *record: [float("nan")] * len(self.parents))

    @property
    def _prev(self) -> set[Value]:
        return {adopted(parent) for parent in self.parents if parent.op is not constant}

    @property
    def _op(self) -> str:
        if self.op is None or not self.parents:
            return ""
        if self.op is primitives.pow and self.parents[1].op is constant:
            exponent = self.parents[1].data
            return f"**{int(exponent) if exponent.is_integer() else exponent}"
        return _NAMES.get(self.op) or (self.op.symbol if self.op.infix else self.op.name)

    @property
    def _backward(self) -> Callable[[], None]:
        """A function that adds this node's terms to the gradients of its children."""
        return self._send

    @_backward.setter
    def _backward(self, send: Callable[[], None]) -> None:
        if not self.parents:
            raise ValueError("_backward: a leaf has no children to send a gradient to")

        def slopes(*record: float) -> list[float]:
            grads = [(node, node._grad) for node in (self, *self.parents)]
            for node in self.parents:
                node.grad = 0.0
            self.grad = 1.0
            send()
            found = [node.grad for node in self.parents]
            for node, grad in grads:
                node._grad = grad
            return found

        self.op = _by_hand(self._op, slopes)

    def _send(self) -> None:
        for parent, term in zip(self.parents, pull(self, self.grad) if self.parents else ()):
            if term is not None:
                parent.grad += term

    # ---- operations ----

    def __add__(self, other: Any) -> Any:
        return adopted(super().__add__(_leaf(other)))

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __mul__(self, other: Any) -> Any:
        return adopted(super().__mul__(_leaf(other)))

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __pow__(self, other: Any, modulus: None = None) -> Any:
        return adopted(super().__pow__(other, modulus))

    def __rpow__(self, other: Any, modulus: None = None) -> Any:
        return adopted(super().__rpow__(_leaf(other), modulus))

    def __neg__(self) -> Any:
        return self * -1

    def __sub__(self, other: Any) -> Any:
        return self + (-other)

    def __rsub__(self, other: Any) -> Any:
        return other + (-self)

    def __truediv__(self, other: Any) -> Any:
        return self * other**-1

    def __rtruediv__(self, other: Any) -> Any:
        return other * self**-1

    def _unary(self, op: Primitive) -> Any:
        return adopted(super()._unary(op))

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"


def adopted(node: Any) -> Any:
    """A node of this engine as one of micrograd's: the same object."""
    if type(node) is Node:
        node.__class__ = Value
        node.label = node.label or ""  # micrograd's pictures print it
    return node


def _leaf(x: Any) -> Any:
    return Value(x) if isinstance(x, Real) else x


def _by_hand(name: str, slopes: Callable[..., list[float]]) -> Primitive:
    return Primitive(name or "?", _replayed, all_slopes=slopes)


def _replayed(*numbers: float) -> float:
    raise TypeError("replay: a node made by hand cannot be computed again: its function is not known")
