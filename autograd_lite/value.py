"""`Value`: a number that remembers how it was made.

Each operation on Values makes a node that records its primitive, its parents and the numbers at which its local
gradients are to be taken; `backward` is the reverse sweep over that graph. The derivatives themselves are in
`primitives`, the chain rule in `sweep`, the order of nodes in `graph`: here they meet the floats.
The idea and the names `data`, `grad`, `backward` follow Karpathy's micrograd.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any, NoReturn, SupportsFloat

from . import primitives, recording, sweep
from .coercion import as_float, checked_label, is_scalar, short_label
from .graph import operations, topological_order
from .numerics import ieee
from .operators import Operators, Quiet, quietly
from .primitives import Primitive, constant
from .recording import Recording, open_scopes, sweeps

if TYPE_CHECKING:
    from .drawing import Picture
    from .explain import Diagnosis, Explanation, Kinks, Steps

_ARITHMETIC = (ArithmeticError, ValueError)
_GREATEST = sys.float_info.max


class Value(Operators):
    """A float, and the graph of operations it came from.

    Args:
        data: a real number: float, int, bool, Fraction, NumPy scalar or 0-d array; made a float at once.
        label: a name for error messages and drawings.

    Operators and `autograd_lite.math` make new Values; `backward()` fills in `grad`.

    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)
    >>> f.op, f.local_grads
    (mul, (-4.0, 3.0))

    The methods that NumPy's functions look for in an array of objects are those of `math` with one name or two changed:
    `exp` `exp2` `expm1` `log` `log2` `log10` `log1p` `sqrt` `cbrt` `sin` `cos` `tan` `arcsin` `arccos` `arctan`
    `arctan2` `hypot` `fmod` `sinh` `cosh` `tanh` `arcsinh` `arccosh` `arctanh` `fabs` `rint` `degrees` `radians`
    `rad2deg` `deg2rad` `conjugate` `logical_xor`, and for micrograd's programs `relu` and `sigmoid`.

    >>> import math
    >>> x.tanh().data == math.tanh(-2.0)
    True

    Attributes:
        op: the primitive that made this node; None for a leaf.
        parents: the operands, in order; ``x * x`` has two.
        label: the name, or None.
    """

    __slots__ = ("__weakref__", "_adjoint", "_born", "_data", "_grad", "_group", "label", "op", "parents", "record")

    op: Primitive | None
    parents: tuple[Value, ...]
    label: str | None
    _data: float
    _grad: float | None
    _adjoint: Any  # of the sweep that is under way, or was
    record: tuple[float, ...]  # the output and the arguments, as they were when the node was made
    _born: int  # only on leaves: how many derivatives had been begun when it was made
    _group: tuple[str, ...]  # only on nodes made inside a `group`

    def __init__(self, data: SupportsFloat, label: str | None = None) -> None:
        self._data = data if type(data) is float else as_float(data)
        self._grad = self._adjoint = None
        self.op = None
        self.parents = ()
        self.record = ()
        self.label = checked_label(label)
        self._born = recording.runs
        if open_scopes:
            _scoped(self)

    # ---- what a node knows ----

    @property
    def data(self) -> float:
        """The number. Setting a leaf's changes no gradient of what was already computed from it.

        >>> x = Value(3.0)
        >>> x.data -= 0.5
        >>> x.data
        2.5
        """
        return self._data

    @data.setter
    def data(self, data: SupportsFloat) -> None:
        self._data = as_float(data)

    @property
    def grad(self) -> float:
        """∂z/∂self, summed over the backward sweeps from z that arrived here; 0.0 where none has (see `reached`).

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, grad: SupportsFloat) -> None:
        self._grad = as_float(grad)

    @property
    def reached(self) -> bool:
        """Whether `grad` has been computed, or set. A gradient of zero is not the same as no path.

        >>> x, y = Value(1.0), Value(2.0)
        >>> (x * 0).backward()
        >>> (x.grad, x.reached), (y.grad, y.reached)
        ((0.0, True), (0.0, False))
        """
        return self._grad is not None

    @property
    def local_grads(self) -> tuple[float, ...]:
        """∂self/∂parent for each parent, in order, at the numbers this node was computed from.

        >>> a = Value(3.0)
        >>> b = a * 4
        >>> a.data = 100.0
        >>> b.local_grads
        (4.0, 3.0)
        """
        return () if self.op is None else tuple(_slopes(self.op, self.record, [True] * len(self.parents)))  # type: ignore[arg-type]

    @property
    def group(self) -> tuple[str, ...]:
        """The names of the groups this node was made in, outermost first; see `group`.

        >>> from autograd_lite.recording import group
        >>> with group("layer 1"):
        ...     y = Value(1.0) * 2
        >>> y.group, (y + 1).group
        (('layer 1',), ())
        """
        return getattr(self, "_group", ())

    @property
    def born(self) -> int:
        """For a leaf, how many derivatives of functions had been begun when it was made: an inner one tells its
        own leaves from those of outer ones by it.

        >>> x = Value(1.0)
        >>> x.born == Value(2.0).born
        True
        """
        return getattr(self, "_born", 0)

    def named(self, label: str | None) -> Value:
        """Set the label and return self.

        >>> (Value(1.0, "a") + 1).named("q")
        Value(q=2.0)
        """
        self.label = checked_label(label)
        return self

    # ---- the reverse sweep ----

    def backward(self, seed: SupportsFloat = 1.0) -> None:
        """Add ∂z/∂node to the `grad` of every node that z = self was computed from.

        One reverse sweep, in topological order, applies the chain rule to each node x with successors yᵢ::

            ∂z/∂x = Σᵢ ∂z/∂yᵢ · ∂yᵢ/∂x

        starting at ∂z/∂z = `seed`. The sweep's own sums start from nothing and are added at its end: called twice,
        it doubles every gradient; if it is stopped by an error or an interrupt, no gradient has changed. Constants
        (the 2 of ``2 * x``) get none.

        Source: Rumelhart, Hinton & Williams, Nature 323 (1986); Griewank & Walther, Evaluating Derivatives, ch. 3.

        >>> x = Value(3.0)
        >>> (x * x + x).backward()
        >>> x.grad
        7.0
        """
        start = as_float(seed)
        found = iter(_swept({self: start}, ()))
        with recording.adding:  # threads may sweep graphs that share nodes: none loses what another adds
            sweeps.append((weakref.ref(self), start))
            try:
                _add(found)
            except BaseException:  # an interrupt waits until all is added
                _add(found)
                raise

    def zero_grad(self) -> None:
        """Forget the gradients of this node and of all it was computed from.

        >>> x = Value(3.0)
        >>> f = x * x
        >>> f.backward(); f.zero_grad()
        >>> x.grad, x.reached
        (0.0, False)
        """
        sweeps.append((weakref.ref(self), None))
        for node in topological_order(self):
            node._grad = None

    def replay(self) -> Value:
        """Evaluate the recorded graph again from its leaves' `data`, and return self.

        Every node gets a new `data` and, with it, new local gradients; `maximum`, `where` and their like choose anew.
        Gradients are forgotten: they belonged to the old numbers. A Python ``if`` taken while recording is not in the
        graph: the branch taken then is the one replayed, whatever the new numbers would choose. What `compile` makes of
        a function does choose: it guards every comparison that was branched on. Events are reported as when recording.

        >>> x = Value(3.0)
        >>> f = x * x
        >>> x.data = 5.0
        >>> f.replay()
        Value(25.0)
        >>> f.backward(); x.grad
        10.0
        """
        sweeps.append((weakref.ref(self), None))
        for node in topological_order(self):
            op = node.op
            if node.parents and op is not None:
                numbers = tuple([parent._data for parent in node.parents])
                node._data = _evaluated(op, numbers, node.parents)
                node.record = (node._data, *numbers)
            node._grad = None
        return self

    # ---- operations ----

    def _unary(self, op: Primitive) -> Value:
        """The node for ``op(self)``."""
        u = self._data
        try:
            y = op.value(u)
        except _ARITHMETIC as error:
            y = _special(op, (self,), error)
        else:
            if y - y != 0.0:
                y = _special(op, (self,), None)
        node = _new(Value)
        node._data = y
        node._grad = node._adjoint = None
        node.op = op
        node.parents = (self,)
        node.record = (y, u)
        node.label = None
        return _scoped(node) if open_scopes else node

    def _binary(self, op: Primitive, other: Any) -> Value:
        """The node for ``op(self, other)``, or NotImplemented where `other` is none of ours."""
        if type(other) is not Value:
            other = as_constant(other) if type(other) is float else _operand(other)
            if other is NotImplemented:
                return other  # type: ignore[no-any-return]
        u = self._data
        v = other._data
        try:
            y = op.value(u, v)
        except _ARITHMETIC as error:
            y = _special(op, (self, other), error)
        else:
            if y - y != 0.0:
                y = _special(op, (self, other), None)
        node = _new(Value)
        node._data = y
        node._grad = node._adjoint = None
        node.op = op
        node.parents = (self, other)
        node.record = (y, u, v)
        node.label = None
        return _scoped(node) if open_scopes else node

    def _reflected(self, op: Primitive, other: Any) -> Value:
        """The node for ``op(other, self)``, or NotImplemented."""
        left = as_constant(other) if type(other) is float else _operand(other)
        return left if left is NotImplemented else left._binary(op, self)

    @staticmethod
    def __apply__(op: Primitive, args: tuple[Any, ...]) -> Any:
        return make_node(op, args)

    # NumPy's scalars leave an operator to an operand that ranks above them, and its arrays, which rank at 0, do not:
    # np.float64(2) * v is a call of v.__rmul__, array * v goes through the array's elements.
    __array_priority__ = -1.0

    # ---- comparison: of data; identity: of the node ----

    __hash__ = object.__hash__

    def _compared(self, op: Primitive, a: Any, b: Any) -> Any:
        x = a._data if isinstance(a, Value) else _comparable(a)
        y = b._data if isinstance(b, Value) else _comparable(b)
        return NotImplemented if x is NotImplemented or y is NotImplemented else op.value(x, y) != 0.0

    def __bool__(self) -> bool:
        return self._data != 0.0

    # ---- conversions that would drop the gradient in silence ----

    def __float__(self) -> NoReturn:
        raise TypeError(
            "float(), int() or complex() of a Value would drop its gradient in silence: write v.data for the number, "
            "or autograd_lite.math.sin(v) and its like in place of math.sin(v)"
        )

    __int__ = __complex__ = __float__

    # ---- as text ----

    def __repr__(self) -> str:
        label = "" if self.label is None else f"{short_label(self.label)}="
        grad = "" if self._grad is None else f", grad={self._grad:.6g}"
        return f"Value({label}{self._data!r}{grad})"

    def __rich_repr__(self) -> Iterator[Any]:
        yield (self.label, self._data) if self.label else self._data
        yield "grad", self._grad, None

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    # ---- copies and pickles: a whole graph at once, so that depth is no matter ----

    def __copy__(self) -> Value:
        from . import copying

        return copying.copied(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from . import copying

        return copying.deep_copied(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        from . import copying

        return copying.reduced(self)

    # ---- conveniences, each a room of its own ----

    def draw(
        self,
        *,
        precision: int = 4,
        direction: str = "LR",
        depth: int | None = None,
        around: Value | None = None,
        constants: bool = True,
        groups: str | Collection[str] = "auto",
        expand: Collection[str | Value] = (),
        names: bool | Mapping[str, object] = True,
        check: bool = False,
        most: int | None = 60,
        engine: str = "built-in",
    ) -> Picture:
        """The circuit as a picture: see `autograd_lite.draw`, which says what each option does.

        >>> print((Value(3.0, "x") * 2).draw())
        × = 6  ∂ ·
        ├─[2]─ x = 3  ∂ ·
        └── 2
        """
        options: dict[str, Any] = {name: given for name, given in locals().items() if name != "self"}
        from .drawing import draw

        return draw(self, **options)

    def explain(self, z: Value | None = None, **options: Any) -> Explanation:
        """Why `grad` is what it is, or ∂z/∂self: see `autograd_lite.explain.explain`.

        >>> x = Value(3.0, "x")
        >>> f = (x * x).named("f")
        >>> print(x.explain(f).lines[0].term, len(x.explain(f).paths))
        3.0 2
        """
        from .explain import explain

        return explain(self, z, **options)

    def steps(self, seed: SupportsFloat = 1.0, **options: Any) -> Steps:
        """The backward pass from here, one step at a time: see `autograd_lite.explain.steps`.

        >>> print((Value(3.0, "x") * 2).named("f").steps())
        1. f = x × 2:  ∂f/∂f = 1
             to x:  2 × ∂f/∂f = 2 × 1 = 2
        2. x:  ∂f/∂x = 2
        """
        from .explain import steps

        return steps(self, seed, **options)

    def kinks(self, **options: Any) -> Kinks:
        """The nodes that sit at a kink or tie, with both slopes: see `autograd_lite.explain.kinks`.

        >>> print(abs(Value(0.0, "x")).kinks())
        1 kink:
          f = abs(x), a kink at x = 0
            slope by x: −1 to the left, 1 to the right; 0 was taken
        """
        from .explain import kinks

        return kinks(self, **options)

    def diagnose(self, **options: Any) -> Diagnosis:
        """Where the first nan or inf was born: see `autograd_lite.explain.diagnose`.

        >>> print((Value(0.0, "x") ** 0.5).diagnose())  # doctest: +NORMALIZE_WHITESPACE
        the gradient becomes inf on the way from f to x: the local gradient of f by x is inf, with x = 0.
        Choose before the operation: where(x > 0, x ** 0.5, 0).
        """
        from .explain import diagnose

        return diagnose(self, **options)

    def _repr_svg_(self) -> str:
        return self.draw().svg()

    # ---- the protocols of the table and of the derivatives ----

    def copied(self) -> Value:
        """A new node of the same number, computed from this one.

        >>> x = Value(3.0)
        >>> x.copied() is x, x.copied().parents == (x,)
        (False, True)
        """
        return self._unary(primitives.identity)


def _operand(x: Any) -> Any:
    """A Value for the other operand of an operator; NotImplemented for what may know better: an array, a tracer."""
    if type(x) in (float, int):
        return as_constant(float(x))
    if isinstance(x, Value):
        return x
    if isinstance(x, Number):
        return as_constant(as_float(x))
    if getattr(x, "ndim", 0) or hasattr(x, "__apply__"):
        return NotImplemented
    if is_scalar(x):
        return _operand(x.item())
    if isinstance(x, (str, list, tuple)) or x is None or hasattr(x, "ndim"):
        return as_constant(as_float(x))
    return NotImplemented


def as_constant(x: float) -> Value:
    """A number in an expression: a node without parents that no gradient flows to."""
    node = _new(Value)
    node._data = x
    node._grad = node._adjoint = None
    node.op = constant
    node.parents = ()
    node.record = ()
    node.label = None
    return _scoped(node) if open_scopes else node


def _comparable(x: Any) -> Any:
    """The number that is compared for `x`; NotImplemented for what is none."""
    return x if isinstance(x, Number) else x.item() if getattr(x, "ndim", None) == 0 else NotImplemented


_new = Value.__new__


def _scoped(node: Value) -> Value:
    """`node` as the open scopes have it: in its group, and a constant where nothing is recorded."""
    recorded, names = Recording.variable.get()[0]
    if node.parents and not recorded:
        node.op, node.parents, node.record = constant, (), ()
    if names:
        node._group = names
    return node


_OWN = frozenset((Value, float))


def make_node(op: Primitive, args: tuple[Any, ...]) -> Any:
    """The node for ``op(*args)`` of any number of arguments, or NotImplemented where one belongs to another kind."""
    if len(args) == 2:
        a, b = args
        if type(a) in _OWN and type(b) in _OWN:
            return a._binary(op, b) if type(a) is Value else b._reflected(op, a)
    elif len(args) == 1 and type(args[0]) is Value:
        return args[0]._unary(op)
    if any(hasattr(arg, "__apply__") and not isinstance(arg, Value) for arg in args):
        return NotImplemented
    parents = tuple([arg if isinstance(arg, Value) else as_constant(as_float(arg)) for arg in args])
    node = _new(Value)
    node.op = op
    node.parents = parents
    numbers = tuple([parent._data for parent in parents])
    node._data = _evaluated(op, numbers, parents)
    node.record = (node._data, *numbers)
    node._grad = node._adjoint = None
    node.label = None
    return _scoped(node) if open_scopes else node


def _evaluated(op: Primitive, numbers: tuple[float, ...], args: tuple[Any, ...]) -> float:
    """``op(*numbers)``, with its events reported in terms of `args`, Values or numbers."""
    try:
        y = op.value(*numbers)
    except _ARITHMETIC as error:
        return _special(op, args, error)
    return y if y - y == 0.0 else _special(op, args, None)


def apply(op: Primitive, *args: Any) -> Any:
    """``op(*args)`` with its events reported: a Value if any argument is one, else a float."""
    if len(args) == 1 and type(args[0]) is Value:  # most calls, written out for speed
        return args[0]._unary(op)
    for arg in args:
        if hasattr(arg, "__apply__"):
            return op(*args)
    try:
        numbers = tuple([as_float(arg) for arg in args])
    except (
        OverflowError
    ):  # an int beyond floats has no result, but nan where the greatest float is outside of the domain
        numbers = tuple([as_float(max(min(arg, _GREATEST), -_GREATEST)) for arg in args])
        if numbers in op.domain:
            raise
    return _evaluated(op, numbers, numbers)


def _special(op: Primitive, args: tuple[Any, ...], raised: BaseException | None) -> float:
    """The result where it is not finite, by IEEE 754, reported if it came out of finite numbers."""
    numbers = tuple(arg._data if isinstance(arg, Value) else arg for arg in args)
    y = op.value(*numbers) if raised is None else op.ieee(*numbers)
    kind = ieee.event_kind(y, numbers, raised, numbers in op.domain)
    if kind is not None:
        ieee.report(kind, written(op, args), y)
    return y


def written(op: Primitive, args: tuple[Any, ...]) -> str:
    """An operation with its arguments' labels and numbers: ``log(x=0.0)``, ``a=1.0 ÷ 0.0``."""
    from . import expressions  # which only reports need

    shown = [
        f"{short_label(arg.label)}={arg._data}"
        if isinstance(arg, Value) and arg.label
        else str(getattr(arg, "_data", arg))
        for arg in args
    ]
    return expressions.written(op, list(map(expressions.Term, shown)), op.symbol if op.infix else op.name).text


# ---- what each node passes back --------------------------------------------------------------------------------------


class _NotChosen(float):
    """The adjoint of what is reached only through an argument that was not chosen: no term at all, shown as 0.0."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return other

    __radd__ = __add__


NOT_CHOSEN = _NotChosen(0.0)


def reverse(seeds: Mapping[Value, Any], until: Iterable[Value] = ()) -> dict[Value, Any]:
    """The adjoints of the nodes to which a path leads from those of `seeds`, in floats; those of `until` are as leaves.

    >>> x = Value(3.0)
    >>> reverse({x * x: 1.0})[x]
    6.0
    """
    return {node: adjoint for node, adjoint in _swept(seeds, until) if adjoint is not None}


def _swept(seeds: Mapping[Value, Any], until: Iterable[Value]) -> Iterable[tuple[Value, Any]]:
    """`sweep.reverse` with `pull`, in half the time: each node with its adjoint, None for no path.

    The adjoints stand on the nodes. What another sweep has left there is never read; and while one is under way, in a
    thread or around this one, the others keep theirs in a dict.
    """
    if not recording.sweeping.acquire(blocking=False):
        return sweep.reverse(reversed(operations(*seeds, until=until)), dict(seeds), pull).items()
    try:
        none = object()  # for this sweep: seen, and no path so far
        order: list[Any] = []
        leaves = [*until]
        for node in leaves:
            node._adjoint = none
        stack: list[Any] = [*seeds][::-1]
        while stack:  # as in `operations`
            node = stack.pop()
            if node is None:
                order.append(stack.pop())
            elif node._adjoint is not none:
                node._adjoint = none
                parents = node.parents
                if parents:
                    stack.append(node)
                    stack.append(None)
                    if len(parents) == 2:  # most nodes of most graphs: this is faster than what is below
                        stack.append(parents[1])
                        stack.append(parents[0])
                    else:
                        stack += parents[::-1]
                else:
                    leaves.append(node)
        for node, seed in seeds.items():
            node._adjoint = seed
        for node in reversed(order):
            adjoint, op = node._adjoint, node.op
            if adjoint is none:
                continue
            if adjoint is NOT_CHOSEN:
                for parent in node.parents:
                    if parent._adjoint is none and parent.op is not constant and op.result_type is float:
                        parent._adjoint = adjoint
                continue
            if op.constant_slopes is not None:
                to_a, to_b = op.constant_slopes
            elif op.crossed:
                _, to_b, to_a = node.record
            else:
                for parent, term in zip(node.parents, pull(node, adjoint)):
                    if term is not None:
                        before = parent._adjoint
                        parent._adjoint = term if before is none else before + term
                continue
            a, b = node.parents
            if a.op is not constant:
                before = a._adjoint
                a._adjoint = adjoint * to_a if before is none else before + adjoint * to_a
            if b.op is not constant:
                before = b._adjoint
                b._adjoint = adjoint * to_b if before is none else before + adjoint * to_b
        order += leaves
        return zip(order, [None if node._adjoint is none else node._adjoint for node in order])
    finally:
        recording.sweeping.release()


def _add(found: Iterable[tuple[Value, Any]]) -> None:
    for node, new in found:
        if new is not None:
            old = node._grad
            node._grad = old + new if old is not None else new if new is not NOT_CHOSEN else 0.0


def pull(node: Value, adjoint: float) -> Sequence[float | None]:
    """The terms `adjoint` · ∂node/∂parent for the parents of `node`, in floats; None for a constant.

    A parent that was not chosen, or in which the operation is flat, gets `NOT_CHOSEN`, and so do all before it.
    """
    op = node.op
    assert op is not None  # a node with parents has one
    parents = node.parents
    if op.result_type is bool:  # a comparison: no path leads through it
        return [None] * len(parents)
    if adjoint is NOT_CHOSEN:
        return [None if parent.op is constant else NOT_CHOSEN for parent in parents]
    if op.all_slopes is not None:
        slopes = _slopes(op, node.record, [parent.op is not constant for parent in parents])
        return [None if slope is None else adjoint * slope for slope in slopes]
    found: list[float | None] = []
    for parent, by, cut in zip(parents, op.derivatives, op.cuts):
        if parent.op is constant:
            found.append(None)
            continue
        try:
            slope = by(*node.record)
        except _ARITHMETIC:
            slope = quietly(by, node.record)
        found.append(NOT_CHOSEN if cut and slope == 0.0 else adjoint * slope)
    return found


def push(node: Value, tangents: Sequence[float | None]) -> Sequence[float | None]:
    """The terms ∂node/∂parent · tangent for the parents of `node`, in floats; None where there is no path."""
    op = node.op
    assert op is not None
    slopes = _slopes(op, node.record, [tangent is not None for tangent in tangents])
    return [
        tangent * slope if tangent is not None and slope is not None and has_path(op, place, slope) else None
        for place, (slope, tangent) in enumerate(zip(slopes, tangents))
    ]


def has_path(op: Primitive, place: int, slope: float) -> bool:
    """Whether a path leads to argument `place`, where the local derivative is `slope`."""
    return slope != 0.0 or op.all_slopes is not None or not op.cuts[place]


def _slopes(op: Primitive, record: tuple[float, ...], wanted: Sequence[bool]) -> list[float | None]:
    """The local derivatives that are wanted, and None for the others."""
    if op.all_slopes is None:
        return [quietly(by, record) if want else None for by, want in zip(op.derivatives, wanted)]
    try:
        slopes = op.all_slopes(*record)
    except _ARITHMETIC:
        slopes = [float(slope) for slope in op.all_slopes(*map(Quiet, record))]
    return [slopes[i] if want else None for i, want in enumerate(wanted)]
