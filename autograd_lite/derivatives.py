"""Derivative operators: a function in, the function of its derivative out; and derivatives of a recorded graph.

Names and conventions are JAX's. Each operator runs the function once on Values and sweeps over the graph recorded, by
the rules of the table alone. `gradient` gives Values, a graph of the gradient, so that derivatives nest to any order;
an inner derivative's inputs are nodes of their own, so nested ones are never confused (Siskind & Pearlmutter, 2005).
Where no Value came from outside the results are floats. Source: Griewank & Walther, Evaluating Derivatives (2008).
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from operator import index
from typing import Any, NamedTuple

from . import primitives, sweep, trees
from .coercion import as_float, short_label
from .conditions import Bundle, Term, as_recorded, terms
from .graph import operations, topological_order
from .numerics import ieee
from .numerics.domains import REAL, Domain, Region
from .primitives import Primitive
from .recording import differentiating, is_recording, next_run, recording, tracing
from .trees import Tree, flatten
from .value import NOT_CHOSEN, Value, apply, as_constant, push, reverse

Argnums = int | Sequence[int]
Function = Callable[..., Any]

# ---- of a recorded graph ---------------------------------------------------------------------------------------------


def gradient(z: Value, wrt: Any, seed: Any = 1.0) -> Any:
    """∂z/∂x for each x of `wrt`, as Values: a graph of the gradient, to be differentiated again.

    Args:
        z: the output of a recorded graph.
        wrt: Values of that graph, leaves or inner nodes, in any nesting; the result has the same nesting.
        seed: ∂L/∂z of whatever L is meant: every gradient is a multiple of it.

    A Value that z does not depend on has the constant gradient 0. `grad` attributes stay as they are. The gradient is
    taken at the numbers that the graph was recorded with. TypeError for what is not a Value.

    >>> x, y = Value(3.0, "x"), Value(2.0, "y")
    >>> z = x * x * y
    >>> dx, dy = gradient(z, (x, y))
    >>> dx.data, dy.data, gradient(dx, x).data
    (12.0, 9.0, 4.0)
    """
    if not _is_node(z):
        raise TypeError(f"gradient: expected a Value to differentiate, got {_shown(z)}")
    inputs, tree = flatten(wrt)
    for place, x in enumerate(inputs):
        if not _is_node(x):
            raise TypeError(f"gradient: wrt{trees.path(tree, place)} is {_shown(x)}, not a Value of the recorded graph")
    seeds = {z: seed if _is_node(seed) else as_float(seed)}
    with _recorded():
        found = _graph_reverse(operations(z), seeds, inputs)
        return tree.unflatten([_as_value(found.get(x, 0.0)) for x in inputs])


def stop_gradient(x: Any) -> Any:
    """`x`, a number or any nesting of them, with the same numbers and no gradient to what they were computed from.

    >>> x = Value(3.0)
    >>> (stop_gradient(x) * x).backward()
    >>> x.grad
    3.0
    """
    leaves, tree = flatten(x)
    return tree.unflatten([apply(primitives.stop_gradient, leaf) for leaf in leaves])


# ---- of a function, in reverse mode ----------------------------------------------------------------------------------


def grad(fn: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The gradient of a function of one output, as a function of the same arguments.

    Args:
        fn: takes numbers in any nesting of tuples, lists, dicts, dataclasses and arrays, and returns one number.
        argnums: which positional argument to differentiate by, or several; the others are passed on as they are.
        has_aux: whether `fn` returns a pair ``(output, aux)``; then so does the gradient, ``(gradient, aux)``.

    The gradient has the nesting of the argument: of several, a tuple with one for each. It is made of floats, and of
    Values where an argument was one or `fn` used one from outside, so that it can be differentiated in turn.
    Where `fn` returns a constant, as ``max(0, 1 - x)`` does beyond 1, its derivative is 0: a number that it made with
    ``.data`` is one, and `testing.check_gradients` tells. TypeError if `fn` returns no real number or more than one, or
    `argnums` are not integers; ValueError if there is no such argument.

    >>> from autograd_lite import math
    >>> grad(math.sin)(0.0), grad(grad(math.exp))(0.0)
    (1.0, 1.0)
    >>> hinge = grad(lambda w: max(0.0, 1.0 - w))
    >>> hinge(0.5), hinge(2.0)
    (-1.0, 0.0)
    >>> grad(lambda w, x: w["a"] * x[0] + w["b"] * x[1], argnums=(0, 1))({"a": 2.0, "b": 3.0}, [4.0, 5.0])
    ({'a': 4.0, 'b': 5.0}, [2.0, 3.0])
    """
    return _gradient("grad", fn, argnums, has_aux, lambda run, z, found: (found, run.aux) if has_aux else found)


def value_and_grad(fn: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns the pair of `fn`'s output and its gradient, from one evaluation; see `grad`.

    With `has_aux`, ``((output, aux), gradient)``.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    return _gradient(
        "value_and_grad",
        fn,
        argnums,
        has_aux,
        lambda run, z, found: ((run.result(z), run.aux) if has_aux else run.result(z), found),
    )


def _gradient(
    operator: str, fn: Function, argnums: Argnums, has_aux: bool, result: Callable[[_Run, Value, Any], Any]
) -> Function:
    _check(operator, fn, argnums)

    def gradient_of(*args: Any, **kwargs: Any) -> Any:
        run = _Run(operator, fn, args, kwargs, argnums, has_aux)
        z = run.the_output()
        adjoints = run.reverse([z], [1.0])
        return result(run, z, run.like_inputs([adjoints.get(x, 0.0) for x in run.inputs]))

    return _documented(operator, fn, gradient_of)


def vjp(fn: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """`fn`'s outputs at `primals`, and the pullback there: cotangents of the outputs in, of the primals out.

    The pullback ū ↦ ūᵀJ takes cotangents in the outputs' nesting and gives a tuple with one nesting a primal; call it
    as often as you like. With `has_aux`, ``(outputs, pullback, aux)``. ValueError for cotangents of another shape.

    >>> outputs, pullback = vjp(lambda x, y: (x * y, x + y), 3.0, 2.0)
    >>> outputs, pullback((1.0, 10.0))
    ((6.0, 5.0), (12.0, 13.0))
    """
    _check("vjp", fn)
    run = _Run("vjp", fn, primals, {}, tuple(range(len(primals))), has_aux)

    def pullback(cotangents: Any) -> tuple[Any, ...]:
        seeds = _matching("vjp: the cotangents", cotangents, run.output_tree, "the outputs")
        adjoints = run.reverse(run.outputs, seeds)
        return tuple(run.like_inputs([adjoints.get(x, 0.0) for x in run.inputs]))

    outputs = run.like_outputs([run.result(z) for z in run.outputs])
    return (outputs, pullback, run.aux) if has_aux else (outputs, pullback)


# ---- in forward mode -------------------------------------------------------------------------------------------------


def jvp(fn: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> tuple[Any, ...]:
    """`fn`'s outputs at `primals`, and the pushforward of `tangents` there: the directional derivative Jv.

    Args:
        fn: the function; all of its arguments are differentiated.
        primals: its arguments, a tuple or list.
        tangents: a direction, in the same nesting.
        has_aux: whether `fn` returns ``(outputs, aux)``; then the result is ``(outputs, tangents, aux)``.

    TypeError if `primals` is no tuple or list, ValueError if the two differ in nesting.

    >>> jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 10.0))
    (6.0, 32.0)
    """
    return _pushforward("jvp", fn, primals, tangents, has_aux)


def _pushforward(
    operator: str, fn: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    _check(operator, fn)
    _check_tuple(operator, "primals", primals)
    _check_tuple(operator, "tangents", tangents)
    _, tree = flatten(tuple(primals))
    directions = _matching(f"{operator}: the tangents", tuple(tangents), tree, "the primals")
    run = _Run(operator, fn, tuple(primals), {}, tuple(range(len(primals))), has_aux)
    pushed = run.forward(directions)
    outputs = run.like_outputs([run.result(z) for z in run.outputs])
    along = run.like_outputs([pushed.get(z, 0.0) for z in run.outputs])
    return (outputs, along, run.aux) if has_aux else (outputs, along)


def hvp(fn: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of `fn`, a function of one output, times a vector, in the arguments' nesting.

    Forward over reverse, without building the Hessian: the pushforward of the gradient. `primals` and `tangents` are
    tuples with one entry an argument, as for `jvp`; of one argument the result is its product, of several a tuple.
    Errors are `jvp`'s.

    >>> hvp(lambda x: x[0] * x[0] * x[1], ([3.0, 2.0],), ([1.0, 0.0],))
    [4.0, 6.0]
    """
    _check_tuple("hvp", "primals", primals)
    argnums = tuple(range(len(primals))) if len(primals) > 1 else 0
    slopes = _gradient("hvp", fn, argnums, False, lambda run, z, found: found)
    return _pushforward("hvp", slopes, primals, tangents)[1]


# ---- matrices of derivatives -----------------------------------------------------------------------------------------


def jacobian(fn: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """All partial derivatives of a function of any number of outputs, as a function of the same arguments.

    One sweep with all directions at once: forward where `fn` has no more inputs than outputs, else in reverse. The
    result has the nesting of the outputs, and in each place that of the inputs; an array of shape s by an array of
    shape t is an array of shape s + t. `argnums`, `has_aux` and the errors are `grad`'s, but for the outputs, which may
    be any nesting of numbers.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1], x[1]])([3.0, 2.0])
    [[2.0, 3.0], [1.0, 1.0], [0.0, 1.0]]
    """
    return _jacobian("jacobian", fn, argnums, has_aux)


def _jacobian(operator: str, fn: Function, argnums: Argnums, has_aux: bool) -> Function:
    _check(operator, fn, argnums)

    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        run = _Run(operator, fn, args, kwargs, argnums, has_aux)
        found = _nested(run.output_tree, run.input_tree, run.jacobian_rows())
        return (found, run.aux) if has_aux else found

    return _documented(operator, fn, jacobian_of)


def hessian(fn: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """All second derivatives of a function, as a function of the same arguments: the Jacobian of its Jacobian.

    The result has the nesting of the outputs (of one number: none), in each place that of the inputs, and in each place
    of those that of the inputs again. `argnums`, `has_aux` and the errors are `jacobian`'s.

    >>> hessian(lambda x: x[0] * x[0] * x[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]
    """
    return _jacobian("hessian", _jacobian("hessian", fn, argnums, has_aux), argnums, has_aux)


class Pattern(NamedTuple):
    """Where a sparse matrix may be other than zero: the places of its entries, row by row, as SciPy's CSR has them."""

    shape: tuple[int, int]
    starts: tuple[int, ...]
    columns: tuple[int, ...]


class Entries(NamedTuple):
    """A sparse matrix: its pattern, and the entries that have a place in it."""

    pattern: trees.Static
    values: list[Any]


def sparse_jacobian(fn: Function, argnums: Argnums = 0, operator: str = "jacobian") -> Function:
    """The Jacobian's structural entries alone, as a function of the same arguments that gives `Entries`.

    Row and column count the outputs' and the inputs' numbers. An entry is left out where there is no path, or where
    each path has a slope that is zero everywhere.
    """
    _check(operator, fn, argnums)

    def entries_of(*args: Any, **kwargs: Any) -> Entries:
        run = _Run(operator, fn, args, kwargs, argnums, False)
        starts, columns, values = [0], [], []
        for row in run.jacobian_entries():
            for i in sorted(row):
                if _is_node(row[i]) or row[i] != 0.0:
                    columns.append(i)
                    values.append(run.number(row[i]))
            starts.append(len(columns))
        shape = len(run.outputs), len(run.inputs)
        return Entries(trees.Static(Pattern(shape, tuple(starts), tuple(columns))), values)

    return _documented(operator, fn, entries_of)


def _nested(outputs: Tree, inputs: Tree, rows: list[list[Any]]) -> Any:
    """The matrix `rows` in the nesting of the outputs, in each place that of the inputs."""
    if outputs.shape == ():
        return inputs.unflatten(rows[0])
    if outputs.shape is not None:
        return _by_inputs(outputs.shape, inputs, rows)
    parts, start = [], 0
    for child in outputs.children:
        parts.append(_nested(child, inputs, rows[start : start + child.count]))
        start += child.count
    return outputs.built(parts)


def _by_inputs(shape: tuple[int, ...], inputs: Tree, rows: list[list[Any]]) -> Any:
    if inputs.shape is not None:
        return trees.array_tree(shape + inputs.shape).unflatten(entry for row in rows for entry in row)
    parts, start = [], 0
    for child in inputs.children:
        parts.append(_by_inputs(shape, child, [row[start : start + child.count] for row in rows]))
        start += child.count
    return inputs.built(parts)


# ---- operations of the user's own ------------------------------------------------------------------------------------


class Custom(Primitive):
    """An operation made by `custom`: called with numbers it gives a number, with Values it records a node."""

    __name__: str
    __wrapped__: Function  # `forward`: where `inspect.signature` looks

    def __call__(self, *args: Any) -> Any:
        if len(args) != len(self.derivatives):
            takes = f"{len(self.derivatives)} argument{'s' * (len(self.derivatives) != 1)}"
            raise TypeError(f"{self.name} takes {takes}, one for each of its local derivatives, not {len(args)}")
        if any(hasattr(arg, "__apply__") for arg in args):
            return super().__call__(*args)
        return apply(self, *args)

    def __reduce__(self) -> str:
        import pickle

        for name, found in vars(sys.modules.get(self.__module__)).items():
            if found is self:
                return name
        raise pickle.PicklingError(
            f"the custom operation {self.name} is no global name of {self.__module__}: only such are found again"
        )

    def __copy__(self) -> Custom:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Custom:
        return self


def custom(
    forward: Function | None = None,
    *local_derivatives: Function,
    derivatives: Sequence[Function] = (),
    name: str | None = None,
    symbol: str | None = None,
    domain: Domain | tuple[Domain, ...] | Region = REAL,
    smooth: Domain | tuple[Domain, ...] | Region | None = None,
) -> Any:
    """An operation of your own: one node of the graph, with the local derivatives you give.

    Args:
        forward: from floats to a float. What it raises is raised to the caller: nothing is recorded. Where it takes any
            number of arguments, ``*xs``, the operation has as many as local derivatives are listed.
        local_derivatives: one function an argument, of the output and the arguments: ``lambda y, x: …``. Written in
            `autograd_lite.math` and operators it serves every order of derivative; None where the argument has none.
        derivatives: the same, by name: for use as a decorator.
        name: as it is written in messages; the function's own by default.
        symbol: as it is drawn; the name by default.
        domain, smooth: where it is defined, and where it has derivatives (see `autograd_lite.numerics.domains`).

    TypeError where the number of local derivatives is not that of the arguments.

    >>> cube = custom(lambda x: x * x * x, lambda y, x: 3 * x * x, name="cube")
    >>> grad(cube)(2.0), grad(grad(cube))(2.0)
    (12.0, 12.0)
    >>> @custom(derivatives=[lambda y, a, b: b / y, lambda y, a, b: a / y])
    ... def geometric_mean_squared(a, b):
    ...     return (2 * a * b) ** 0.5
    >>> grad(geometric_mean_squared, argnums=(0, 1))(2.0, 4.0)
    (1.0, 0.5)
    """
    if forward is None:
        return functools.partial(
            custom, derivatives=derivatives, name=name, symbol=symbol, domain=domain, smooth=smooth
        )
    _check("custom", forward)
    name = name or getattr(forward, "__name__", type(forward).__name__).replace("<lambda>", "custom")
    rules = [*local_derivatives, *derivatives]
    _check_arity(name, forward, len(rules))
    for i, rule in enumerate(rules):
        if rule is not None and not callable(rule):
            raise TypeError(
                f"custom: local derivative {i} of {name} is a function of the output and the arguments, such as "
                f"lambda y, x: …, or None, not {_shown(rule)}"
            )
    made = Custom(
        name,
        functools.partial(_forward_number, name, forward),
        *[functools.partial(_local_derivative, name, i, rule) for i, rule in enumerate(rules)],
        symbol=symbol,
        ieee=_raised_again,
        domain=domain,
        smooth=smooth,
    )
    made.__module__ = getattr(forward, "__module__", None) or "__main__"
    made.__name__, made.__wrapped__, made.__doc__ = name, forward, getattr(forward, "__doc__", None)
    return made


def _check_arity(name: str, forward: Function, given: int) -> None:
    import inspect

    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):  # a builtin without a signature
        return
    most = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):  # as many arguments as derivatives are listed
        if given > 0 and given >= most:
            return
        raise TypeError(
            f"custom: {name} takes any number of arguments: list one local derivative for each it is to have"
        )
    if most != given:
        raise TypeError(
            f"custom: {name} takes {most} argument{'s' * (most != 1)} and has {given} local derivative"
            f"{'s' * (given != 1)}: give one an argument, each of the output and the arguments: lambda y, x: …"
        )


def _forward_number(name: str, forward: Function, *args: float) -> float:
    y = forward(*args)
    if type(y) is float or (type(y) is type(args[0]) and hasattr(y, "__apply__")):
        return y  # of another kind of number only where the arguments are of that kind
    try:
        return as_float(y)
    except TypeError as error:
        raise TypeError(f"custom: {name} must return a number: {error}") from None


def _local_derivative(name: str, i: int, rule: Function | None, *args: Any) -> Any:
    if rule is None:
        return 0.0
    slope = rule(*args)
    if type(slope) is float or hasattr(slope, "__apply__"):
        return slope
    try:
        return as_float(slope)
    except TypeError as error:
        raise TypeError(f"custom: local derivative {i} of {name} must return a number: {error}") from None


def _raised_again(*args: float) -> float:
    # Called where the user's function raised: its own exceptions are no IEEE 754 events.
    raise


# ---- one evaluation --------------------------------------------------------------------------------------------------


class _Run:
    """One evaluation of a function on Values: its inputs and outputs as nodes, and the sweeps between them."""

    def __init__(
        self,
        operator: str,
        fn: Function,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: Argnums,
        has_aux: bool,
    ) -> None:
        self.operator = operator
        self.name = getattr(fn, "__name__", type(fn).__name__)
        places = _places(operator, argnums, len(args))
        given: list[Any] = []
        shapes = []
        arguments = list(args)
        began = next_run()
        with _recorded(), differentiating():
            self.inputs: list[Value] = []
            for place in places:
                leaves, tree = flatten(args[place])
                nodes = [self._input(leaf, place, tree, i) for i, leaf in enumerate(leaves)]
                arguments[place] = tree.unflatten(nodes)
                given += leaves
                shapes.append(tree)
                self.inputs += nodes
            returned = fn(*arguments, **kwargs)
        aux = None
        if has_aux:
            if not isinstance(returned, tuple) or len(returned) != 2:
                raise TypeError(
                    f"{operator}: with has_aux, {self.name} must return a pair (output, aux), not {_shown(returned)}"
                )
            returned, aux = returned
        self.input_tree = trees.tuple_tree(shapes) if isinstance(argnums, Sequence) else shapes[0]
        found, self.output_tree = flatten(returned)
        if not found:
            reason = ": does it lack a return statement?" if returned is None else ", in which there is no number"
            raise TypeError(f"{operator}: {self.name} returned {returned!r}{reason}")
        what = f"{operator}: what {self.name} returned"
        self.outputs = [_as_value(_number(z, what, self.output_tree, i)) for i, z in enumerate(found)]
        self._began = began
        # Whether the results are Values: None while it is not known if one from outside has an influence on them.
        self._as_values: bool | None = tracing.get() is not None
        if is_recording() and not self._as_values:
            self._as_values = True if any(_is_node(leaf) for leaf in given) else None
        self._aux = aux

    def _input(self, leaf: Any, place: int, tree: Tree, i: int) -> Value:
        tracer = tracing.get()
        try:
            if tracer is not None and not isinstance(leaf, Value):
                return tracer.copied(leaf)  # type: ignore[no-any-return]
            return leaf.copied() if _is_node(leaf) else Value(leaf)
        except TypeError as error:
            at = trees.path(tree, i)
            raise TypeError(f"{self.operator}: argument {place}{at} of {self.name}: {error}") from None

    def the_output(self) -> Value:
        """The one output that a gradient is of."""
        if self.output_tree.shape != ():
            count = len(self.outputs)
            raise TypeError(
                f"{self.operator}: {self.name} returned {count} number{'s' * (count != 1)}, "
                f"{_drawn(self.output_tree)}: a gradient is of one alone; use jacobian, or return "
                f"{'their sum' if count != 1 else 'that number itself'}"
            )
        return self.outputs[0]

    @functools.cached_property
    def order(self) -> list[Value]:
        """The operations between the inputs and the outputs."""
        return operations(*self.outputs, until=self.inputs)

    @property
    def as_values(self) -> bool:
        """Whether the results are Values: some input is one, or one from outside has an influence on the outputs."""
        if self._as_values is None:
            parents = (parent for node in self.order for parent in node.parents)
            self._as_values = self._from_outside([*self.outputs, *parents])
        return self._as_values

    def _from_outside(self, nodes: Iterable[Value]) -> bool:
        own = set(self.inputs)
        return any(node.op is None and node.born < self._began for node in nodes if node not in own)

    @property
    def aux(self) -> Any:
        """What the function returned beside its output: Values where one from outside has an influence on it."""
        if self.as_values or self._aux is None:
            return self._aux
        leaves, tree = flatten(self._aux)
        nodes = [leaf for leaf in leaves if isinstance(leaf, Value)]
        if is_recording() and self._from_outside(topological_order(*nodes)):
            return self._aux
        return tree.unflatten([leaf.data if isinstance(leaf, Value) else leaf for leaf in leaves])

    def reverse(self, outputs: Sequence[Value], seeds: Sequence[Any]) -> dict[Value, Any]:
        """The adjoints of every node, from those of the outputs."""
        adjoints: dict[Value, Any] = {}
        for z, seed in zip(outputs, seeds):  # one node may be several outputs
            adjoints[z] = adjoints[z] + seed if z in adjoints else seed
        if not self._as_values and not self._are_values(seeds):
            found = reverse(adjoints, self.inputs)
            if self._as_values is None:  # a sweep has been everywhere: no need to look again
                self._as_values = self._from_outside(found)
            if not self._as_values:
                return found
        with _recorded():
            return _graph_reverse(self.order, adjoints, self.inputs)

    def forward(self, directions: Sequence[Any]) -> dict[Value, Any]:
        """The tangents of every node, from those of the inputs."""
        tangents = dict(zip(self.inputs, directions))
        if not self.as_values and not self._are_values(directions):
            return sweep.forward(self.order, tangents, push)
        with _recorded():
            return _graph_forward(self.order, tangents, self.outputs)

    def _are_values(self, seeds: Iterable[Any]) -> bool:
        if is_recording() and any(_is_node(seed) for seed in seeds):
            self._as_values = True
            return True
        return False

    def jacobian_rows(self) -> list[list[Any]]:
        """∂outputs/∂inputs, a list a row, by one sweep of bundles: every direction at once."""
        n, m = len(self.inputs), len(self.outputs)
        if m == 1 < n:  # a bundle of one is a number
            adjoints = self.reverse(self.outputs, [1.0])
            return [[self.number(adjoints.get(x, 0.0)) for x in self.inputs]]
        rows = self.jacobian_entries()
        return [[self.number(row.get(i, 0.0)) for i in range(n)] for row in rows]

    def jacobian_entries(self) -> list[dict[int, Any]]:
        """The entries of the Jacobian that have a path, by the input, one dict an output."""
        n, m = len(self.inputs), len(self.outputs)
        if n <= m:
            pushed = self.forward([Bundle({i: 1.0}) for i in range(n)])
            return [dict(_entries(pushed.get(z))) for z in self.outputs]
        adjoints = self.reverse(self.outputs, [Bundle({j: 1.0}) for j in range(m)])
        rows: list[dict[int, Any]] = [{} for _ in self.outputs]
        for i, x in enumerate(self.inputs):
            for j, entry in _entries(adjoints.get(x)):
                rows[j][i] = entry
        return rows

    def result(self, z: Value) -> Any:
        """An output, as the caller gets it."""
        return z if self.as_values else z.data

    def number(self, x: Any) -> Any:
        """A derivative, as the caller gets it."""
        if x is NOT_CHOSEN:
            return 0.0
        if self.as_values:
            return _as_value(x)
        return x.data if isinstance(x, Value) else x

    def like_inputs(self, numbers: Sequence[Any]) -> Any:
        return self.input_tree.unflatten([self.number(x) for x in numbers])

    def like_outputs(self, numbers: Sequence[Any]) -> Any:
        return self.output_tree.unflatten([self.number(x) for x in numbers])


def _entries(bundle: Any) -> Iterable[tuple[int, Any]]:
    return bundle.items() if isinstance(bundle, Bundle) else ()


# ---- sweeps whose numbers are Values ---------------------------------------------------------------------------------


def _graph_reverse(order: list[Value], adjoints: dict[Value, Any], inputs: Iterable[Value]) -> dict[Value, Any]:
    """The reverse sweep, recorded, only through what the inputs have an influence on: the adjoints of the inputs."""
    active = set(inputs)
    for node in order:
        for parent in node.parents:
            if parent in active:
                active.add(node)
                break

    def pull(node: Value, adjoint: Any) -> Sequence[Any]:
        assert node.op is not None
        factors = [adjoint if parent in active else None for parent in node.parents]
        return terms(node.op, as_recorded(node), factors, _applied)

    with ieee.errstate(all="ignore"):  # an infinite slope is an answer, not an event
        backward = [node for node in reversed(order) if node in active]
        return _totals(sweep.reverse(backward, _as_terms(adjoints), pull), inputs)


def _graph_forward(order: list[Value], tangents: dict[Value, Any], outputs: Iterable[Value]) -> dict[Value, Any]:
    """The forward sweep, recorded: the tangents of the outputs."""

    def push(node: Value, tangents: Sequence[Any]) -> Sequence[Any]:
        assert node.op is not None
        return terms(node.op, as_recorded(node), tangents, _applied, forward=True)

    with ieee.errstate(all="ignore"):
        return _totals(sweep.forward(order, _as_terms(tangents), push), outputs)


def _as_terms(numbers: dict[Value, Any]) -> dict[Value, Any]:
    return {
        node: Bundle({k: Term(entry) for k, entry in x.items()}) if isinstance(x, Bundle) else Term(x)
        for node, x in numbers.items()
    }


def _totals(found: dict[Value, Any], wanted: Iterable[Value]) -> dict[Value, Any]:
    return {node: found[node].total() for node in wanted if node in found}


def _applied(rule: Function, record: tuple[Any, ...]) -> Any:
    try:
        return rule(*record)
    except (ArithmeticError, ValueError):  # of floats alone, where Python raises: Values follow IEEE 754
        return rule(*[_as_value(x) for x in record])


# ---- what is given and what is returned ------------------------------------------------------------------------------


def _recorded() -> contextlib.AbstractContextManager[Any]:
    return contextlib.nullcontext() if is_recording() else recording()


def _as_value(x: Any) -> Value:
    return x if _is_node(x) else as_constant(x)


def _check(operator: str, fn: Any, argnums: Any = 0) -> None:
    if not callable(fn):
        raise TypeError(f"{operator}: expected a function, got {_shown(fn)}")
    several = argnums if isinstance(argnums, Sequence) and not isinstance(argnums, str) else [argnums]
    for place in several:
        if not hasattr(place, "__index__") or isinstance(place, bool):
            raise TypeError(
                f"{operator}: argnums are the positions of the arguments to differentiate by, an int or a tuple of "
                f"ints, not {_shown(argnums)}"
            )
    if not several:
        raise ValueError(f"{operator}: argnums are empty: name at least one argument")


def _check_tuple(operator: str, name: str, given: Any) -> None:
    if not isinstance(given, (tuple, list)):
        raise TypeError(f"{operator}: the {name} are a tuple with one entry an argument, not {_shown(given)}")


def _places(operator: str, argnums: Argnums, count: int) -> list[int]:
    places = []
    for place in map(index, argnums if isinstance(argnums, Sequence) else [argnums]):
        if not -count <= place < count:
            raise ValueError(
                f"{operator}: there is no argument {place} to differentiate by: {count} positional "
                f"argument{'s were' if count != 1 else ' was'} given, and keyword arguments are passed on as they are"
            )
        places.append(place % count)
    if len(set(places)) < len(places):
        raise ValueError(f"{operator}: argnums {argnums!r} name an argument twice")
    return places


def _matching(what: str, given: Any, tree: Tree, of: str) -> list[Any]:
    """The leaves of `given`, which must have the nesting of `tree`."""
    leaves, shape = flatten(given)
    if shape != tree:
        raise ValueError(f"{what} must be nested as {of} are, {_drawn(tree)}, not as {_drawn(shape)}")
    return [_number(leaf, what, tree, i) for i, leaf in enumerate(leaves)]


def _number(x: Any, what: str, tree: Tree, place: int) -> Any:
    """A Value as it is, a number as a float; what is neither is named by its place in the nesting."""
    try:
        return x if _is_node(x) else as_float(x)
    except TypeError as error:
        raise TypeError(f"{what}{trees.path(tree, place)}: {error}") from None


def _drawn(tree: Tree) -> str:
    return repr(tree) if tree.count <= 20 else f"{short_label(repr(tree), 40)} of {tree.count} numbers"


def _shown(x: Any) -> str:
    return f"{type(x).__name__} {short_label(repr(x), 40)}"


def _documented(operator: str, fn: Function, derivative: Function) -> Function:
    with contextlib.suppress(AttributeError, TypeError):
        functools.update_wrapper(derivative, fn)
    name = getattr(fn, "__name__", type(fn).__name__)
    derivative.__name__ = derivative.__qualname__ = f"{operator}({name})"
    derivative.__doc__ = f"The {operator} of {name}. {getattr(fn, '__doc__', None) or ''}".rstrip()
    return derivative


def _is_node(x: Any) -> bool:
    """Whether `x` is part of a graph: a Value, or a number that a compiler is tracing."""
    return isinstance(x, Value) or hasattr(x, "copied")
