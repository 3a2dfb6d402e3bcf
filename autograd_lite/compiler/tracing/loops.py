"""Loops: how `scan` and `while_loop` are traced, and the derivatives of a loop, which are loops.

A body is traced once, by a builder of its own; what it uses of the program around it becomes a constant of the loop.
Forward mode is the loop that carries tangents beside the numbers. In reverse the loop stores its carries as well, and
another one goes back over them: it computes a step anew, and carries adjoints. Both run the chain rule through the body
by the same sweep and table as everything else, for as many directions at once as there are. Where a term may have no
path, whether it has one is carried beside it. Source: Griewank & Walther, Evaluating Derivatives (2008), ch. 12.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from ... import control, primitives, sweep, trees
from ...conditions import Bundle, Term
from ...primitives import Primitive
from ...recording import is_recording, tracing
from ...trees import Tree, flatten
from ..program import STACK, Loop, Operand, Operation, Part, Program, Stack
from .tracer import Builder, Tracer, is_variable, pull, push, rebuilt, replayed
from .user_code import is_own, user_line

MOST = 1000  # elements of a stack that are written out one by one


# ---- tracing ---------------------------------------------------------------------------------------------------------


class Recording(Builder):
    """A builder that runs a user's function: nothing is differentiated through what is made in a `no_grad` block."""

    ended = False  # whether it has run

    def emit(self, op: Operation, args: Sequence[Any], label: str | None = None) -> Tracer:
        made = super().emit(op, args, label)
        if is_recording() or not isinstance(op, Primitive):
            return made
        return super().emit(primitives.stop_gradient, (made,))

    def hash_of(self, tracer: Tracer) -> int:
        """To the user's code that of a truth, which is decided. A number has none: TypeError."""
        if is_own(sys._getframe(2)) or self.ended:
            return object.__hash__(tracer)
        if self.is_truth(tracer):
            return hash(self.decide(tracer))
        raise TypeError(
            "a number that is being traced has no value yet, so no set and no dict finds it, and it has no hash: "
            f"compare with ==, as x in (1.0, 2.0) does{user_line()}"
        )

    def text(self, tracer: Tracer, spec: str) -> str:
        if is_own(sys._getframe(2)) or self.ended or not isinstance(tracer.operand, int):
            return super().text(tracer, spec)
        return self.shown(tracer, spec)

    def shown(self, tracer: Tracer, spec: str) -> str:
        """A value as text, to the user's code."""
        raise TypeError(f"a number in the body of a loop has no value yet, so it cannot be shown as text{user_line()}")


class _Body(Recording):
    """The body of a loop in the making, inside of `outer`."""

    def __init__(self, outer: Builder) -> None:
        super().__init__()
        self.outer = outer
        self.constants: dict[int, Tracer] = {}  # by the value of `outer`

    def traced(self, fn: Callable[[], Any]) -> Any:
        """What `fn` gives, run with this as the program in the making."""
        token = tracing.set(Tracing(self))
        try:
            return fn()
        finally:
            tracing.reset(token)

    def close(self) -> None:
        """From now on its values mean nothing outside."""
        self.ended = True

    def within(self, builder: Builder) -> bool:
        return not self.ended and (self.outer is builder or self.outer.within(builder))

    def decide(self, truth: Tracer) -> bool:
        if isinstance(truth.operand, float):
            return truth.operand != 0.0
        raise TypeError(
            "the body of a loop is traced once for all of its steps, so it cannot branch on a number of its own: use "
            f"where(c, a, b){user_line()}"
        )

    def _operand(self, arg: Any) -> Operand:
        if type(arg) is Tracer and (arg.builder is self or arg.builder.within(self)):
            return super()._operand(arg)
        operand = self.outer.floated(arg).operand
        if isinstance(operand, float):
            return operand
        if operand not in self.constants:
            self.constants[operand] = self.input()
        return self.constants[operand].operand


class Tracing:
    """What `value.tracing` holds while a compiler traces: how the function's program is written."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.copied = builder.copied

    def scan(self, step: Any, init: Sequence[Any], xs: Any, count: int, reverse: bool) -> tuple[list[Any], list[Any]]:
        """`control.scan`, of numbers: the last carry, and the stacks of the outputs."""
        outer, body = self.builder, _Body(self.builder)
        stacks: list[Tracer] = []
        tree = self._opened(xs, count, stacks)
        carry = [body.input() for _ in init]
        entries = [body.input() for _ in stacks]
        new, made = body.traced(lambda: step(carry, tree.unflatten(entries)))
        outputs = _outputs(body, [*new, *made])
        body.close()
        loop = _loop(
            outer,
            body,
            list(zip(carry, init, outputs)),
            list(zip(entries, stacks)),
            [(inner, outer.value(operand)) for operand, inner in body.constants.items()],
            outputs[len(carry) :],
            count=count,
            reverse=reverse,
        )
        results = [outer.emit(Part(k), (loop,)) for k in range(len(carry))]
        return results, [outer.emit(Part(len(carry) + k, list), (loop,)) for k in range(len(made))]

    def while_loop(self, test: Any, step: Any, init: Sequence[Any]) -> list[Any]:
        """`control.while_loop`, of numbers."""
        outer, body = self.builder, _Body(self.builder)
        carry = [body.input() for _ in init]
        truth = body.traced(lambda: test(carry))
        new = body.traced(lambda: step(carry))
        (holds,) = _outputs(body, [truth])
        outputs = _outputs(body, new)
        body.close()
        constants = [(inner, outer.value(operand)) for operand, inner in body.constants.items()]
        loop = _loop(outer, body, list(zip(carry, init, outputs)), [], constants, [], test=holds)
        return [outer.emit(Part(k), (loop,)) for k in range(len(carry))]

    def stacked(self, tree: Tree, stacks: Sequence[Tracer]) -> Any:
        """The steps' outputs of that nesting, whose numbers are stacked: as they are eagerly, or a `LongStack`."""
        count = _length(stacks[0]) if stacks else 0
        if count > MOST:
            return LongStack(tree, stacks, count)
        return control.stacked(tree, [_entries(stack, count) for stack in stacks])

    def _opened(self, xs: Any, count: int, stacks: list[Tracer]) -> Tree:
        """The nesting of an element of `xs`; its numbers' stacks are added to `stacks`."""
        columns: Any
        if isinstance(xs, LongStack):
            mine = xs.stacks[0].builder is self.builder
            stacks += xs.stacks if mine else [self._stack(_entries(stack, count)) for stack in xs.stacks]
            return xs.tree
        if trees.is_array(xs):
            tree = trees.array_tree(xs.shape[1:]) if xs.ndim > 1 else trees.LEAF
            columns = xs.reshape(count, -1).T.tolist()
        elif xs is not None and control.is_stack(xs):
            tree = flatten(xs[0])[1]
            rows = [flatten(x) for x in xs]
            for i, (_, other) in enumerate(rows):
                if other != tree:
                    raise TypeError(
                        f"scan: the elements of xs differ in nesting: {tree!r}, and then {other!r} at [{i}]"
                    )
            columns = list(zip(*[leaves for leaves, _ in rows]))
        else:
            make, items, keys = trees.opened(xs)  # type: ignore[misc]
            return Tree(make, tuple([self._opened(item, count, stacks) for item in items]), keys)
        stacks += [self._stack(column) for column in columns]
        return tree

    def _stack(self, column: Sequence[Any]) -> Tracer:
        """The stack of these numbers; where they were all entries of one, that one."""
        whole = _source(column[0])
        if whole is not None and whole.builder is self.builder and _length(whole) == len(column):
            entries = [self.builder.emit(_entry(i), (whole,)) for i in range(len(column))]
            if all(x is entry for x, entry in zip(column, entries)):
                return whole
        return self.builder.emit(STACK, column)


def _outputs(body: _Body, numbers: Sequence[Any]) -> list[Tracer]:
    outputs = [body.floated(x) for x in numbers]
    return outputs if is_recording() else [body.emit(primitives.stop_gradient, (x,)) for x in outputs]


def _source(x: Any) -> Tracer | None:
    """The stack that a number is an entry of, if it is one."""
    return x.parents[0] if isinstance(x, Tracer) and isinstance(x.op, Part) and x.op.source is list else None


def _length(stack: Tracer) -> int:
    op = stack.op
    return len(stack.parents) if isinstance(op, Stack) else stack.parents[0].op.count


def _entry(i: int) -> Part:
    return Part(i, source=list)


def _entries(stack: Tracer, count: int) -> list[Tracer]:
    return [stack.builder.emit(_entry(i), (stack,)) for i in range(count)]


class LongStack(Sequence[Any]):
    """The outputs of more steps than are written out one by one: a list that is indexed, and goes into a `scan`."""

    def __init__(self, tree: Tree, stacks: Sequence[Tracer], count: int) -> None:
        self.tree, self.stacks, self._count = tree, stacks, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            places = range(self._count)[i]
            if len(places) > MOST:
                self._refuse()
            return [self[k] for k in places]
        place = range(self._count)[i]
        return self.tree.unflatten([stack.builder.emit(_entry(place), (stack,)) for stack in self.stacks])

    def __iter__(self) -> Iterator[Any]:
        self._refuse()

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise TypeError(
            f"the outputs of a compiled scan of {self._count} steps are too many to be written out one by one: add up "
            f"in the carry, or go along them with another scan{user_line()}"
        )


def _flattened(stack: LongStack) -> tuple[list[Any], bool]:
    elements = [stack[i] for i in range(len(stack))]
    if stack.tree.make is None or stack.tree.shape is None:
        return elements, False
    shape = len(stack), *stack.tree.shape
    return [trees.array_tree(shape).unflatten([x for element in elements for x in element.ravel()])], True


trees.register_pytree_node(LongStack, _flattened, lambda is_array, items: items[0] if is_array else list(items))


def _loop(
    outer: Builder,
    inner: Builder,
    carry: Sequence[tuple[Tracer, Any, Any]],  # each as an input, at first, and as an output
    stacks: Sequence[tuple[Tracer, Any]],  # each as an input, and the stack, or what gives it if it is needed
    constants: Sequence[tuple[Tracer, Any]],
    made: Sequence[Any] = (),
    *,
    count: int | None = None,
    number: Any = None,
    reverse: bool = False,
    test: Any = None,
) -> Tracer:
    """The loop whose body was written with `inner`, in the program `outer`; without the operands it does not need."""
    outputs = [*[new for _, _, new in carry], *made]
    used = inner.needed([inner.floated(x).operand for x in outputs] + ([] if test is None else [test.operand]))
    stacks = [(each, stack) for each, stack in stacks if used[int(each.operand)]]
    constants = [(each, x) for each, x in constants if used[int(each.operand)]]
    inputs = [*[each for each, _, _ in carry], *[each for each, _ in stacks], *[each for each, _ in constants]]
    loop = Loop(
        rebuilt(inner.program(outputs, inputs)),
        len(carry),
        len(stacks),
        count,
        reverse,
        None if test is None else rebuilt(inner.program([test], inputs)),
    )
    going_along = [stack() if callable(stack) else stack for _, stack in stacks]
    operands = [*[x for _, x, _ in carry], *going_along, *[x for _, x in constants]]
    return outer.emit(loop, operands if number is None else [*operands, number])


# ---- derivatives -----------------------------------------------------------------------------------------------------


class _Parts:
    """The adjoint, or the tangent, of a loop's results or of a stack: of some of its parts a term, or, of a result that
    is a stack, parts again; and of all entries of a stack at once, by other stacks.
    """

    __slots__ = ("few", "whole")

    def __init__(self, few: dict[int, Any], whole: Sequence[_Pair] = ()) -> None:
        self.few = few
        self.whole = list(whole)

    def __add__(self, other: _Parts) -> _Parts:
        for k, x in other.few.items():  # in place: whoever adds owns the first
            self.few[k] = self.few[k] + x if k in self.few else x
        self.whole += other.whole
        return self


class _Pair(NamedTuple):
    """A term as what a loop can carry: its number, and 1.0 or 0.0 for whether it has a path; None if it has always."""

    number: Any
    there: Any = None

    def term(self) -> Term | None:
        """The term again."""
        if self.there is None:
            return Term(self.number)
        return Term(self.number).under((_known(self.there != 0.0), True))


def _known(x: Any) -> Any:
    return x.operand if isinstance(x, Tracer) and isinstance(x.operand, float) else x


_ABSENT = _Pair(0.0, 0.0)


def _pair(term: Term | None) -> _Pair:
    if term is None:
        return _ABSENT
    if term.way is None:
        return _Pair(term.number)
    truth, wanted = term.way.truth()
    return _Pair(term.number, primitives.where(truth, *((1.0, 0.0) if wanted else (0.0, 1.0))))


def terms(y: Tracer, factors: Sequence[Any], forward: bool) -> Sequence[Any]:
    """The terms of a value that is a loop's, or of a stack: see `sweep.terms`."""
    op = y.op
    if isinstance(op, Loop):
        return (_pushed if forward else _pulled)(y, op, factors)
    if not isinstance(op, Stack):
        return [_each(factors[0], functools.partial(_part, op.index) if forward else lambda x: _Parts({op.index: x}))]
    if not forward:
        return [None if x is None else _each(x, functools.partial(_part, i)) for i, x in enumerate(factors)]
    found: dict[Any, dict[int, Any]] = {}
    for i, factor in enumerate(factors):
        for direction, term in _directions(factor).items():
            found.setdefault(direction, {})[i] = term
    return [_joined({d: _Parts(few) for d, few in found.items()}, _any(factors)), *[None] * (len(factors) - 1)]


def _directions(factor: Any) -> dict[Any, Any]:
    """The parts of a factor by direction; of a lone one the direction is None."""
    return {} if factor is None else factor if isinstance(factor, Bundle) else {None: factor}


def _joined(found: dict[Any, Any], like: Any) -> Any:
    """A factor again, of one direction or of many as `like` is; None if there is nothing."""
    return None if not found else Bundle(found) if isinstance(like, Bundle) else found[None]


def _any(factors: Sequence[Any]) -> Any:
    return next((factor for factor in factors if factor is not None), None)


def _each(factor: Any, change: Callable[[Any], Any]) -> Any:
    changed = {direction: change(x) for direction, x in _directions(factor).items()}
    return _joined({direction: x for direction, x in changed.items() if x is not None}, factor)


def _part(k: int, parts: _Parts) -> Any:
    found = parts.few.get(k)
    for number, there in parts.whole:
        entries = [None if stack is None else stack.builder.emit(_entry(k), (stack,)) for stack in (number, there)]
        term = _Pair(*entries).term()
        found = term if found is None else found + term
    return found


def _contributions(builder: Builder, parts: _Parts, length: int | None) -> list[_Pair]:
    """What a term of each entry of a stack is added up of: stacks of numbers."""
    found = [*parts.whole]
    if parts.few:
        assert length is not None
        pairs = [_pair(parts.few.get(i)) for i in range(length)]
        there = None
        if any(pair.there is not None for pair in pairs):
            there = builder.emit(STACK, [1.0 if pair.there is None else pair.there for pair in pairs])
        found.append(_Pair(builder.emit(STACK, [pair.number for pair in pairs]), there))
    return found


class _Derivative:
    """The body of a loop's derivative in the making: a step as it was, and terms that go through it.

    A carried term is known by the carry it belongs to and its direction. `paths` says which there are, and whether each
    may be without a path, as it is before the first step if it is not in `first`.
    """

    def __init__(self, loop: Loop, paths: dict[tuple[int, Any], bool], first: dict[tuple[int, Any], _Pair]) -> None:
        self.loop = loop
        self.builder = Builder()
        self.inputs = [self.builder.input() for _ in loop.body.inputs]
        self.outputs = replayed(self.builder, loop.body, self.inputs)
        self.order = [value for value in self.builder.values if is_variable(value)]
        self.paths, self.first = paths, first
        self.carried = {key: self.taken(conditional) for key, conditional in paths.items()}
        self.carry: list[tuple[Tracer, Any, Any]] = []  # for `_loop`, as are
        self.made: list[Any] = []
        self.places: dict[Any, tuple[int, int | None]] = {}  # where terms are among the carry, or what is made

    def taken(self, conditional: bool) -> _Pair:
        """A term from outside, as inputs of the body."""
        return _Pair(self.builder.input(), self.builder.input() if conditional else None)

    def settled(self, found: dict[tuple[int, Any], Term | None]) -> bool:
        """Whether the carried terms after a step are as was assumed before it; if not, `paths` is brought up to it."""
        before = dict(self.paths)
        for key in [*found, *before]:
            term = found.get(key)
            without = key not in self.first or self.first[key].there is not None
            without = without or term is None or term.way is not None
            if term is not None or key in before:
                self.paths[key] = before.get(key, False) or without
        return self.paths == before

    def carries(self, key: Any, inside: _Pair, first: _Pair, after: _Pair) -> None:
        """A term is carried: what it is before the first step, and after a step."""
        number = len(self.carry)
        self.carry.append((inside.number, first.number, after.number))
        if inside.there is not None:
            self.carry.append((inside.there, _certain(first), _certain(after)))
        self.places[key] = number, None if inside.there is None else number + 1

    def makes(self, key: Any, pair: _Pair) -> None:
        """A term of each step is stacked."""
        number = len(self.made)
        self.made += [x for x in pair if x is not None]
        self.places[key] = number, None if pair.there is None else number + 1

    def item(self, made: Tracer, key: Any) -> Term | None:
        """A carried term after the last step."""
        number, there = self.places[key]
        items = [None if k is None else made.builder.emit(Part(k), (made,)) for k in (number, there)]
        return _Pair(*items).term()

    def stack(self, made: Tracer, key: Any) -> _Pair:
        """A term that was stacked."""
        first = len(self.carry)
        places = self.places[key]
        return _Pair(*[None if k is None else made.builder.emit(Part(first + k, list), (made,)) for k in places])


def _certain(pair: _Pair) -> Any:
    return 1.0 if pair.there is None else pair.there


def _pushed(y: Tracer, loop: Loop, factors: Sequence[Any]) -> Sequence[Any]:
    """The loop with tangents: the tangents of its results, at the first operand's place."""
    outer, args, last = y.builder, list(y.parents), loop.carry + loop.stacks
    number = args.pop() if loop.counted else None
    given = [
        (slot, direction, x) for slot, factor in enumerate(factors) for direction, x in _directions(factor).items()
    ]
    first = {(slot, direction): _pair(x) for slot, direction, x in given if slot < loop.carry}
    paths: dict[tuple[int, Any], bool] = {key: pair.there is not None for key, pair in first.items()}
    while True:
        body = _Derivative(loop, paths, first)
        tangents: dict[Tracer, Any] = {}
        stacks: list[Any] = []
        constants: list[Any] = []
        for (slot, direction), pair in body.carried.items():
            _add(tangents, body.inputs[slot], direction, pair.term())
        for slot, direction, x in given:
            pairs = []
            if loop.carry <= slot < last:
                pairs = _contributions(outer, x, _length(args[slot]))
            elif slot >= last:
                pairs = [_pair(x)]
            for pair in pairs:
                inside = body.taken(pair.there is not None)
                _add(tangents, body.inputs[slot], direction, inside.term())
                (stacks if slot < last else constants).extend((a, b) for a, b in zip(inside, pair) if a is not None)
        sweep.forward(body.order, tangents, push)
        along = [tangents.get(output, {}) for output in body.outputs]
        found = {(k, d): term for k, each in enumerate(along[: loop.carry]) for d, term in each.items()}
        if body.settled(found):
            break
    for k in range(loop.carry):
        body.carry.append((body.inputs[k], args[k], body.outputs[k]))
    for key, inside in body.carried.items():
        body.carries(key, inside, first.get(key, _ABSENT), _pair(found.get(key)))
    for k, each in enumerate(along[loop.carry :], loop.carry):
        body.made.append(body.outputs[k])
        for direction, term in each.items():
            body.makes((k, direction), _pair(term))
    test = None
    if loop.test is not None:
        (test,) = replayed(body.builder, loop.test, body.inputs)
    made = _loop(
        outer,
        body.builder,
        body.carry,
        [*zip(body.inputs[loop.carry :], args[loop.carry : last]), *stacks],
        [*zip(body.inputs[last:], args[last:]), *constants],
        body.made,
        count=loop.count,
        number=number,
        reverse=loop.reverse,
        test=test,
    )
    results: dict[Any, _Parts] = {}
    for k, direction in body.places:
        part = body.item(made, (k, direction)) if k < loop.carry else _Parts({}, [body.stack(made, (k, direction))])
        results.setdefault(direction, _Parts({})).few[k] = part
    return [_joined(results, _any(factors)), *[None] * (len(factors) - 1)]


def _add(terms: dict[Tracer, Any], value: Tracer, direction: Any, term: Term | None) -> None:
    """Add a term to those of a value, in a direction."""
    if term is not None and is_variable(value):
        bundle = Bundle({direction: term})
        terms[value] = terms[value] + bundle if value in terms else bundle


def _pulled(y: Tracer, loop: Loop, factors: Sequence[Any]) -> Sequence[Any]:
    """The adjoints of a loop's operands: by a loop that goes back over the carries, which the loop stores now."""
    adjoint = _any(factors)
    if adjoint is None:
        return factors
    outer, args = y.builder, list(y.parents)
    if loop.test is not None:  # how many steps there were is known: so it is a loop of so many
        args.append(outer.emit(Part(loop.carry), (y,)))
        loop = Loop(loop.body, loop.carry)
        y = outer.emit(loop, args)
    number, last = args.pop() if loop.counted else None, loop.carry + loop.stacks
    given = [(k, direction, x) for direction, parts in _directions(adjoint).items() for k, x in parts.few.items()]
    first = {(k, direction): _pair(x) for k, direction, x in given if k < loop.carry}
    paths: dict[tuple[int, Any], bool] = {key: pair.there is not None for key, pair in first.items()}
    while True:
        body = _Derivative(loop, paths, first)
        adjoints: dict[Tracer, Any] = {}
        stacks: list[tuple[Tracer, Any]] = []
        for (k, direction), pair in body.carried.items():
            _add(adjoints, body.outputs[k], direction, pair.term())
        for k, direction, x in given:
            for pair in _contributions(outer, x, loop.count) if k >= loop.carry else []:
                inside = body.taken(pair.there is not None)
                _add(adjoints, body.outputs[k], direction, inside.term())
                stacks += [(a, b) for a, b in zip(inside, pair) if a is not None]
        sweep.reverse(reversed(body.order), adjoints, pull)
        into = [adjoints.get(each, {}) for each in body.inputs]
        found = {(k, d): term for k, each in enumerate(into[: loop.carry]) for d, term in each.items()}
        if body.settled(found):
            break
    for key, inside in body.carried.items():
        body.carries(key, inside, first.get(key, _ABSENT), _pair(found.get(key)))
    for slot, each in enumerate(into[last:], last):
        for direction, term in each.items() if factors[slot] is not None else []:
            inside = body.taken(term.way is not None or loop.counted)
            so_far = inside.term()
            assert so_far is not None
            start = _Pair(-0.0, None if inside.there is None else 0.0)
            body.carries((slot, direction), inside, start, _pair(so_far + term))
    for slot, each in enumerate(into[loop.carry : last], loop.carry):
        for direction, term in each.items() if factors[slot] is not None else []:
            body.makes((slot, direction), _pair(term))
    made = _loop(
        outer,
        body.builder,
        body.carry,
        [
            *[(body.inputs[k], lambda k=k: _stored(y, k)) for k in range(loop.carry)],
            *zip(body.inputs[loop.carry :], args[loop.carry : last]),
            *stacks,
        ],
        list(zip(body.inputs[last:], args[last:])),
        body.made,
        count=loop.count,
        number=number,
        reverse=not loop.reverse,
    )
    results: list[dict[Any, Any]] = [{} for _ in factors]
    for slot, direction in body.places:
        along = loop.carry <= slot < last
        key = slot, direction
        results[slot][direction] = _Parts({}, [body.stack(made, key)]) if along else body.item(made, key)
    return [_joined(found, adjoint) if factor is not None else None for found, factor in zip(results, factors)]


def _stored(y: Tracer, k: int) -> Tracer:
    """The stack of what carry `k` is before each step: a result more of the loop, if it is none yet."""
    loop = y.op
    made = list(loop.body.outputs[loop.carry :])
    if k not in made:
        body = loop.body
        y.builder.replace(
            y, dataclasses.replace(loop, body=Program(body.inputs, body.instructions, (*body.outputs, k)))
        )
        made.append(k)
    return y.builder.emit(Part(loop.carry + made.index(k), list), (y,))


Builder._terms_of = terms
