"""A program on JAX: the same instructions as operations of `jax.numpy`, which `jit`, `vmap` and `grad` compose with.

A row's value is read from its own Python: what JAX has is called by that, an ``if`` becomes a choice between both
sides, and what goes beyond (loops) is a callback into Python. A row's derivative is, for JAX's `grad` too, the row's:
its local derivatives, traced; but JAX multiplies, so that there 0·inf is nan. JAX computes in float64 only where it is
told to: `scalar` and `rows` tell it.
"""

from __future__ import annotations

import builtins
import functools
import math
import operator
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np

from ... import trees
from ...numerics import special
from ...primitives import Primitive
from ...trees import flatten
from ..program import Loop, Program, Stack
from ..tracing import python_form as form
from ..tracing.python_form import Apply, Choice, Expression, Variable, leaves, pattern
from ..tracing.python_reader import Reader
from ..tracing.python_source import Untranslatable
from ..tracing.tracer import Builder
from .python import columns_of


def _mod(a: Any, b: Any) -> Any:
    rest = jnp.mod(a, b)
    return jnp.where(rest == 0.0, jnp.copysign(0.0, b), rest)


def _floordiv(a: Any, b: Any) -> Any:
    # As CPython has it in Objects/floatobject.c; by zero it is the quotient, as in the table.
    rest = jnp.fmod(a, b)
    quotient = (a - rest) / b
    quotient = jnp.where((rest != 0.0) & ((rest < 0.0) != (b < 0.0)), quotient - 1.0, quotient)
    below = jnp.floor(quotient)
    below = jnp.where(quotient - below > 0.5, below + 1.0, below)
    return jnp.where(b == 0.0, a / b, jnp.where(quotient == 0.0, jnp.copysign(0.0, a / b), below))


def _ldexp(x: Any, n: Any) -> Any:
    n = jnp.asarray(n)
    return jnp.where(jnp.isnan(n), jnp.nan, jnp.ldexp(x, jnp.clip(jnp.nan_to_num(n), -9999, 9999).astype(int)))


def _modf(x: Any) -> Any:
    rest, whole = jnp.modf(x)
    return jnp.copysign(jnp.where(jnp.isinf(x), 0.0, rest), x), whole


# What JAX has, by the Python function it stands for.
_NAMESAKES = [
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "copysign", "fmod", "fabs"),
    *("sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil", "trunc", "isnan", "isinf", "isfinite"),
]
_PROVIDED: dict[Any, Callable[..., Any]] = {
    **{getattr(math, name): getattr(jnp, name) for name in _NAMESAKES},
    **{getattr(math, f"a{name}"): getattr(jnp, f"arc{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    math.atan2: jnp.arctan2,
    math.pow: jnp.power,
    math.hypot: lambda x, *xs: functools.reduce(jnp.hypot, xs, jnp.abs(x)),
    special.cbrt: jnp.cbrt,
    math.erf: jsp.erf,
    math.erfc: jsp.erfc,
    math.ldexp: _ldexp,
    math.modf: _modf,
    special.sigmoid: jax.nn.sigmoid,
    special.softplus: jax.nn.softplus,
    special.logaddexp: lambda a, b: jnp.where(b == -jnp.inf, a, jnp.where(a == -jnp.inf, b, jnp.logaddexp(a, b))),
    special.erfinv: jsp.erfinv,
    special.gamma: jsp.gamma,
    special.lgamma: jsp.gammaln,
    special.digamma: lambda x: jnp.where(x == 0.0, -1.0 / x, jsp.digamma(x)),
    builtins.abs: jnp.abs,
    builtins.round: jnp.round,
    builtins.float: lambda x: jnp.where(x, 1.0, 0.0) if jnp.asarray(x).dtype.kind == "b" else x,
    builtins.int: jnp.trunc,
    builtins.min: lambda *xs: functools.reduce(jnp.minimum, xs),
    builtins.max: lambda *xs: functools.reduce(jnp.maximum, xs),
    operator.add: operator.add,
    operator.sub: operator.sub,
    operator.mul: operator.mul,
    operator.truediv: jnp.divide,
    operator.neg: operator.neg,
    operator.mod: _mod,
    operator.floordiv: _floordiv,
    operator.not_: jnp.logical_not,
    builtins.bool: lambda x: x != 0,
    **{f: f for f in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)},
}
_ARITHMETIC = {operator.add, operator.sub, operator.mul, operator.neg}  # whose derivatives JAX has as well


def evaluate(program: Program, inputs: Sequence[Any]) -> list[Any]:
    """The program's outputs for JAX arrays of one shape, or of shapes that broadcast: element by element."""
    values = list(inputs)
    for op, operands, _ in program.instructions:
        args: list[Any] = [values[x] if isinstance(x, int) else x for x in operands]
        if isinstance(op, Primitive):
            values.append(_operation(op)(*args))
        elif isinstance(op, Loop):
            values.append(_loop(op, args))
        else:
            values.append(jnp.stack(_alike(args)) if isinstance(op, Stack) else args[0][op.index])
    return [values[x] if isinstance(x, int) else x for x in program.outputs]


def _alike(args: Sequence[Any], shape: tuple[int, ...] = ()) -> list[Any]:
    arrays = [jnp.asarray(x, dtype=float) for x in args]
    return [jnp.broadcast_to(x, jnp.broadcast_shapes(shape, *[y.shape for y in arrays])) for x in arrays]


def _loop(loop: Loop, args: Sequence[Any]) -> tuple[Any, ...]:
    """A loop by `jax.lax`: each element takes as many steps as its own test says."""
    last = loop.carry + loop.stacks
    stacks, constants = tuple(args[loop.carry : last]), args[last:]
    shapes = [jnp.shape(x) for x in (*args[: loop.carry], *constants)] + [jnp.shape(x)[1:] for x in stacks]
    shape = jnp.broadcast_shapes(*shapes)
    carry = tuple(_alike(args[: loop.carry], shape))

    def step(carry: Any, entries: Any) -> Any:
        outputs = _alike(evaluate(loop.body, [*carry, *entries, *constants]), shape)
        return tuple(outputs[: loop.carry]), tuple(outputs[loop.carry :])

    if loop.test is None:
        if loop.count is None:
            raise TypeError(
                "compile: JAX has no reverse mode of while_loop, whose number of steps is not known before: use jvp, "
                "scan, or target='llvm'"
            )
        results, made = jax.lax.scan(step, carry, stacks, length=loop.count, reverse=loop.reverse)
        return *results, *made
    test = loop.test

    def holds(state: Any) -> Any:
        return _alike(evaluate(test, [*state[1:], *constants]), shape)[0] != 0.0

    def go(state: Any) -> Any:
        new = state[0] + 1.0, *step(state[1:], ())[0]
        return tuple(jnp.where(holds(state), x, old) for x, old in zip(new, state))

    steps, *last_carry = jax.lax.while_loop(lambda state: jnp.any(holds(state)), go, (jnp.zeros(shape), *carry))
    return *last_carry, steps


def function(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` on JAX arrays, in any nesting: a function for `jax.jit`, `jax.vmap` and `jax.grad`.

    It is traced once for inputs of one shape, without numbers: what it chooses by a number must be a `where`.
    """
    programs: dict[Any, Any] = {}

    @functools.wraps(fn)
    def on_arrays(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = jax.tree_util.tree_flatten((args, kwargs))
        arrays = [jnp.asarray(leaf) for leaf in leaves]
        key = structure, tuple([array.shape for array in arrays])
        if key not in programs:
            programs[key] = _traced(fn, structure, [array.shape for array in arrays])
        program, tree = programs[key]
        numbers = [array[index] for array in arrays for index in np.ndindex(array.shape)]
        outputs = evaluate(program, numbers)
        return _stacked(tree, iter(outputs))

    return on_arrays


def scalar(program: Program, name: str = "program", *, precise: bool = False) -> Callable[..., tuple[float, ...]]:
    """The program as a function of floats, jitted, in float64."""
    _refuse(precise)
    jitted = jax.jit(lambda numbers: tuple(map(jnp.asarray, evaluate(program, numbers))))

    def run(*numbers: float) -> tuple[float, ...]:
        with jax.enable_x64(True):
            return tuple(map(float, jitted([np.float64(x) for x in numbers])))

    return run


def rows(
    program: Program, varying: Sequence[bool], reduced: Sequence[bool], *, precise: bool = False
) -> Callable[..., list[float]]:
    """The program over rows, jitted, in float64; see `llvm.rows`."""
    _refuse(precise)

    @jax.jit
    def jitted(columns: list[Any], like: Any) -> tuple[Any, ...]:
        outputs = [jnp.broadcast_to(y, like.shape) for y in evaluate(program, columns)]
        return tuple(jnp.sum(y) if is_sum else y for y, is_sum in zip(outputs, reduced))

    def run(inputs: Sequence[Any], outputs: Sequence[Any], count: int, threads: int | None = None) -> list[float]:
        with jax.enable_x64(True):
            columns = [np.float64(x) if isinstance(x, float) else np.ascontiguousarray(x) for x in columns_of(inputs)]
            found = jitted(columns, np.empty(count))
        for output, y, is_sum in zip(columns_of(outputs), found, reduced):
            if not is_sum:
                output[:] = y
        return [float(y) if is_sum else 0.0 for y, is_sum in zip(found, reduced)]

    return run


def _refuse(precise: bool) -> None:
    if precise:
        raise ValueError("compile: precise=True is for target='llvm' or 'python'; JAX has functions of its own")


def _traced(fn: Callable[..., Any], structure: Any, shapes: Sequence[tuple[int, ...]]) -> tuple[Program, Any]:
    builder = Builder()

    def leaf(shape: tuple[int, ...]) -> Any:
        if not shape:
            return builder.input()
        array = np.empty(shape, dtype=object)
        for index in np.ndindex(shape):
            array[index] = builder.input()
        return array

    args, kwargs = jax.tree_util.tree_unflatten(structure, [leaf(shape) for shape in shapes])
    outputs, tree = flatten(fn(*args, **kwargs))
    return builder.program([builder.floated(y) for y in outputs]), tree


def _stacked(tree: trees.Tree, outputs: Any) -> Any:
    if tree.shape == ():
        return jnp.asarray(next(outputs))
    if tree.shape is not None:
        return jnp.stack([jnp.asarray(next(outputs)) for _ in range(tree.count)]).reshape(tree.shape)
    return tree.built([_stacked(child, outputs) for child in tree.children])


# ---- one row ---------------------------------------------------------------------------------------------------------


@functools.cache
def _operation(op: Primitive) -> Callable[..., Any]:
    """The row's value on JAX arrays, with the row's own derivatives for JAX's `grad`."""
    value = _value(op)
    if op.value in _ARITHMETIC or bool in (op.result_type, *op.arg_types):  # JAX's own derivatives are the row's
        return value
    differentiable = jax.custom_jvp(lambda *args: value(*args))

    @differentiable.defjvp
    def jvp(primals: Any, tangents: Any) -> Any:
        y = differentiable(*primals)
        slopes = evaluate(_slopes(op, len(primals)), [y, *primals])
        return y, functools.reduce(operator.add, [t * s for t, s in zip(tangents, slopes)])

    def applied(*args: Any) -> Any:
        return differentiable(*[jnp.asarray(arg) for arg in args])

    return applied


@functools.cache
def _slopes(op: Primitive, arity: int) -> Program:
    """The program of a row's local derivatives, of its output and its arguments."""
    builder = Builder()
    y, *args = [builder.input() for _ in range(arity + 1)]
    return builder.program([op.derivative(i)(y, *args) for i in range(arity)])


def _value(op: Primitive) -> Callable[..., Any]:
    def value(*args: Any) -> Any:
        try:
            return _call(
                Reader(), op.value, args, [Variable("", kind) for kind in op.arg_types or (float,) * len(args)]
            )
        except (Untranslatable, RecursionError):
            return _called_back(op, *args)

    return value


def _called_back(op: Primitive, *args: Any) -> Any:
    columns = jnp.broadcast_arrays(*map(jnp.asarray, args))
    like = jnp.zeros_like(columns[0])

    def call(*columns: Any) -> Any:
        with np.errstate(all="ignore"):  # rows give inf and nan in silence
            return np.vectorize(op, otypes=[float])(*columns).astype(like.dtype)

    return jax.pure_callback(call, like, *columns, vmap_method="broadcast_all")


# ---- a row's Python, on arrays ---------------------------------------------------------------------------------------


def _call(reader: Reader, f: Any, args: Sequence[Any], patterns: Sequence[Any]) -> Any:
    """``f(*args)`` on arrays; Untranslatable where it is more than choices and arithmetic."""
    if f in _PROVIDED:
        return _PROVIDED[f](*args)
    if isinstance(f, Primitive):
        return _operation(f)(*args)
    if isinstance(f, functools.partial):
        return _call(reader, f.func, [*f.args, *args], [*f.args, *patterns])
    if not isinstance(f, FunctionType):
        raise Untranslatable(f"{f!r} has no counterpart in JAX")
    function = reader.read(f, patterns)
    variables = {x.name: value for x, value in zip(function.parameters, leaves(args, patterns))}
    return _run(reader, function.body, variables)


def _run(reader: Reader, statements: Sequence[form.Statement], variables: dict[str, Any]) -> Any:
    """What the statements return, with both sides of each choice, and a `where`."""
    value = functools.partial(_evaluated, reader, variables)
    for i, statement in enumerate(statements):
        match statement:
            case form.Return(value=x):
                return value(x)
            case form.Assign(targets=[target], value=x):
                variables[target.name] = value(x)
            case form.Assign(targets=targets, value=x):
                variables.update(zip([target.name for target in targets], value(x), strict=True))
            case form.If(test=test, body=body, orelse=orelse):
                rest = statements[i + 1 :]
                ways = [_run(reader, (*way, *rest), dict(variables)) for way in (body, orelse)]
                return _chosen(value(test), *ways)
            case _:
                raise Untranslatable("it goes beyond choices")
    raise Untranslatable("it may return nothing")


def _evaluated(reader: Reader, variables: dict[str, Any], x: Expression) -> Any:
    match x:
        case Variable(name=name):
            return variables[name]
        case Apply(function=f, args=args):
            given = [_evaluated(reader, variables, arg) for arg in args]
            return _call(reader, f, given, [pattern(arg) for arg in args])
        case Choice(test=test, yes=yes, no=no):
            return _chosen(*[_evaluated(reader, variables, e) for e in (test, yes, no)])
        case tuple():
            return tuple(_evaluated(reader, variables, e) for e in x)
    return x


def _chosen(test: Any, yes: Any, no: Any) -> Any:
    if isinstance(yes, tuple):
        return tuple(_chosen(test, a, b) for a, b in zip(yes, no, strict=True))
    return jnp.where(test, yes, no)
