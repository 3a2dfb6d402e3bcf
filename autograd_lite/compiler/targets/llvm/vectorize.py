"""A Python function of numbers, run in every lane of a vector at once.

The function is read by `python_reader`, and its statements are run here on numbers that are LLVM values (`ir`). Where
lanes part, both ways run and each lane keeps its own (a way that no lane takes is jumped over where it is long); an
exception is a mask of the lanes that raised it. So one printer serves a single number and vectors of any width (as in
ispc: Pharr & Mark, InPar 2012).
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from ....primitives import Primitive
from ...tracing import python_form as form
from ...tracing.python_form import Apply, Choice, Expression, Function, Variable, leaves, nodes, pattern
from ...tracing.python_source import Untranslatable
from .ir import Code, Condition, Number, Truth


class NeedsBlocks(Exception):
    """A translation in line has come upon what cannot be without jumps."""


class Reraises(Untranslatable):
    """A function that raises again what its caller's caller caught: only a call of the whole row can do so."""


@dataclass(slots=True)
class Handler:
    """Where an exception of these classes goes, and the lanes that raised one."""

    catches: tuple[type[BaseException], ...]
    lanes: Condition = False


class Lanes:
    """Code in the making: the lanes that run it, and where what they raise goes.

    `module` writes the functions that this code calls (see `module.Module`).
    """

    def __init__(self, unit: Any, code: Code, blocks: bool) -> None:
        self.unit = unit
        self.code = code
        self.blocks = blocks  # may jump
        self.active: Condition = True
        self.handlers: list[Handler] = []
        self.running: list[Function] = []  # what is being translated in line

    # ---- exceptions ----

    def raise_in(self, lanes: Condition, *kinds: type[BaseException]) -> None:
        """Those lanes, if they are running, raise one of `kinds`."""
        lanes = self.code.both(self.active, lanes)
        if lanes is False:
            return
        targets = [self._target(kind) for kind in kinds]
        if any(target is not targets[0] for target in targets):
            raise Untranslatable("an exception whose class is known when it is raised only")
        targets[0].lanes = self.code.either(targets[0].lanes, lanes)
        self.active = self.code.both(self.active, self.code.invert(lanes))

    def _target(self, kind: type[BaseException]) -> Handler:
        for handler in reversed(self.handlers):
            if issubclass(kind, handler.catches):
                return handler
        raise Untranslatable(f"a {kind.__name__} that nothing catches")

    def raised(self) -> list[Condition]:
        """What each handler has so far."""
        return [handler.lanes for handler in self.handlers]

    def settle(self, before: Condition, raised: Sequence[Condition]) -> None:
        """Those lanes run that ran `before` and have raised nothing since."""
        self.active = before
        for handler, old in zip(self.handlers, raised):
            if handler.lanes != old:
                self.active = self.code.both(self.active, self.code.invert(handler.lanes))

    # ---- ways that some lanes take ----

    def only(
        self, lanes: Condition, run: Callable[[], dict[str, Any]], costly: bool, otherwise: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What `run` gives, run in those of the running lanes that are in `lanes`, the rest of which is left running.

        Costly code is jumped over if there are no such lanes; then what it gives is as in `otherwise`, or anything.
        """
        code = self.code
        self.active = code.both(self.active, lanes)
        if self.active is False:
            return {}
        if not costly or not self.blocks or isinstance(self.active, bool):
            return run()
        state = self.raised()
        then, join, entry = code.label("then"), code.label("join"), code.block
        code.branch(code.any(self.active), then, join)
        code.start(then)
        if code.width == 1:
            self.active = True
        made = {name: self._in_lanes(x) for name, x in run().items()}
        active = code.truth(self.active)
        after = [code.truth(handler.lanes) for handler in self.handlers]
        end = code.block
        code.jump(join)
        code.start(join)
        self.active = self.phi(active, end, False, entry)
        for handler, now, old in zip(self.handlers, after, state):
            handler.lanes = old if now == code.truth(old) else self.phi(now, end, old, entry)
        return {name: self._phi_tree(x, end, otherwise.get(name), entry) for name, x in made.items()}

    def phi(self, now: Any, end: str, old: Any, entry: str) -> Any:
        """What comes from block `end`, or from block `entry`."""
        code = self.code
        if isinstance(now, (Truth, bool)):
            a, b = code.truth(now), code.truth(old)
            return Truth(code.op(f"phi {code.truth_type} [ {a.text}, %{end} ], [ {b.text}, %{entry} ]", 0))
        p, q = code.number(now), code.number(old)
        text = code.op(f"phi {code.number_type} [ {p.text}, %{end} ], [ {q.text}, %{entry} ]", 0)
        return Number(text, min(p.low, q.low), max(p.high, q.high), p.nan or q.nan)

    def _phi_tree(self, now: Any, end: str, old: Any, entry: str) -> Any:
        if isinstance(now, (tuple, list)):
            olds = old if isinstance(old, (tuple, list)) and len(old) == len(now) else [None] * len(now)
            return type(now)(self._phi_tree(x, end, y, entry) for x, y in zip(now, olds))
        if isinstance(now, Truth):
            return self.phi(now, end, old if isinstance(old, (Truth, bool)) else False, entry)
        if isinstance(now, Number):
            if isinstance(old, (Number, Truth, float, int)):
                return self.phi(now, end, old, entry)
            made = self.phi(now, end, 0.0, entry)
            return Number(made.text, now.low, now.high, now.nan)
        return now

    def _in_lanes(self, x: Any) -> Any:
        if isinstance(x, (tuple, list)):
            return type(x)(self._in_lanes(e) for e in x)
        return self.code.truth(x) if isinstance(x, bool) else self.code.number(x) if isinstance(x, float) else x

    # ---- calls ----

    def call(self, f: Any, args: Sequence[Any], patterns: Sequence[Any] | None = None) -> Any:
        """``f(*args)`` in the lanes that run; `patterns` says for what arguments it is to be read."""
        if isinstance(f, functools.partial) and not f.keywords:
            return self.call(f.func, [*f.args, *args])
        if isinstance(f, Primitive):
            return self.row(f, args)
        known = self.unit.native(f)
        if known is not None:
            return known(self, *args)
        if not isinstance(f, FunctionType):
            raise Untranslatable(f"{f!r} has no counterpart")
        return self._function(f, args, patterns or [_pattern(x) for x in args])

    def row(self, op: Primitive, args: Sequence[Any]) -> Any:
        """A row of the table: its value, and in the lanes where that raises, what IEEE 754 has."""
        ieee = self.unit.ieee(op.value)
        if ieee is not None:  # the machine's own result is IEEE 754's everywhere
            return ieee(self, *args)
        before = self.active
        self.handlers.append(handler := Handler((ArithmeticError, ValueError)))
        value = self.call(op.value, args)
        self.handlers.pop()
        if handler.lanes is not False:
            self.active = handler.lanes
            self.handlers.append(Handler((Exception,)))  # `ieee` is called where it has a result
            value = self.code.select(handler.lanes, self.call(op.ieee, args), value)
            self.handlers.pop()
        self.active = before
        return value

    def _function(self, f: FunctionType, args: Sequence[Any], patterns: Sequence[Any]) -> Any:
        code = self.code
        lines, weight, block, active = len(code.lines), code.weight, code.block, self.active
        raised = self.raised()
        try:
            function = self.unit.reader.read(f, patterns)
            given = leaves(args, patterns)
            if function in self.running or function.loops or function.size > _LONG:
                return self.unit.called(self, function, given)
            self.running.append(function)
            try:
                return Frame(self, function, given).run()
            finally:
                self.running.remove(function)
        except Untranslatable as reason:
            if isinstance(reason, Reraises) or not args or not all(isinstance(x, (Number, float, int)) for x in args):
                raise
            del code.lines[lines:], self.handlers[len(raised) :]
            code.weight, code.block, self.active = weight, block, active
            for handler, lanes in zip(self.handlers, raised):
                handler.lanes = lanes
            return self.unit.python(self, f, args, str(reason))


_LONG = 200  # nodes of a function that is not written where it is called
# What costs no more than to jump over it.
_CHEAP = {bool, *[f for f in vars(operator).values() if callable(f)]}


def _pattern(x: Any) -> Any:
    """What an argument is to be read for."""
    if isinstance(x, (tuple, list)):
        return tuple(map(_pattern, x))
    if isinstance(x, Number):
        return Variable("", int if x.whole else float)
    return Variable("", bool) if isinstance(x, Truth) else x


_NOTHING: Any = object()


class Frame:
    """One function being run: its variables, and what it has returned so far."""

    def __init__(self, lanes: Lanes, function: Function, args: Sequence[Any]) -> None:
        self.lanes = lanes
        self.code = lanes.code
        self.function = function
        self.variables: dict[str, Any] = {x.name: value for x, value in zip(function.parameters, args, strict=True)}
        self.result = _NOTHING
        self.exits: list[list[tuple[Condition, dict[str, Any], bool]]] = []  # of each loop: its breaks and continues

    def run(self) -> Any:
        """The value of the call. After it the lanes run on that did not raise."""
        lanes = self.lanes
        before, raised = lanes.active, lanes.raised()
        self.block(self.function.body)
        lanes.settle(before, raised)
        return 0.0 if self.result is _NOTHING else self.result

    # ---- statements ----

    def block(self, statements: Sequence[form.Statement]) -> None:
        for statement in statements:
            if self.lanes.active is False:
                return
            self.statement(statement)

    def statement(self, statement: form.Statement) -> None:
        match statement:
            case form.Assign(targets=[target]):
                if target.kind is list:
                    raise Untranslatable(f"{target.name} is a list")
                self.variables[target.name] = self.value(statement.value)
            case form.Assign(targets=targets):
                for target, x in zip(targets, self.value(statement.value), strict=True):
                    self.variables[target.name] = x
            case form.If(test=test, body=body, orelse=orelse):
                self.choice(self.truth(test), body, orelse)
            case form.While():
                self.loop(statement)
            case form.Try():
                self.attempt(statement)
            case form.Return(value=value):
                found = self.value(value)
                done = self.lanes.active
                self.result = found if self.result is _NOTHING else self.code.select(done, found, self.result)
                self.lanes.active = False
            case form.Raise(kind=None):
                raise Reraises("it raises what was caught elsewhere")
            case form.Raise(kind=kind):
                self.lanes.raise_in(True, kind)
            case form.Leave(loop=loop):
                self.exits[-1].append((self.lanes.active, dict(self.variables), loop))
                self.lanes.active = False
            case form.Append(items=items):
                raise Untranslatable(f"{items.name} is a list")

    def choice(self, test: Condition, body: Sequence[form.Statement], orelse: Sequence[form.Statement]) -> None:
        if isinstance(test, bool):
            self.block(body if test else orelse)
            return
        before, variables, lanes = self.lanes.active, self.variables, self.lanes
        first = self.way(test, body)
        out = lanes.active
        lanes.active, self.variables = before, variables
        other = self.way(self.code.invert(test), orelse)
        self.variables = self.joined(test, first, other, out, lanes.active)
        lanes.active = self.code.either(out, lanes.active)

    def way(self, test: Condition, body: Sequence[form.Statement]) -> dict[str, Any]:
        """One way of an ``if``: the variables at its end, where `lanes.active` come out of it."""
        variables, result = self.variables, self.result

        def run() -> dict[str, Any]:
            self.variables = dict(variables)
            self.block(body)
            made = {name: x for name, x in self.variables.items() if x is not variables.get(name, _NOTHING)}
            return made if self.result is result else {**made, "return": self.result}

        leaves_loop = any(isinstance(node, form.Leave) for node in nodes(body))
        made = self.lanes.only(test, run, _is_costly(body) and not leaves_loop, {**variables, "return": result})
        self.result = made.pop("return", result)
        return {**variables, **made}

    def joined(
        self, test: Condition, a: dict[str, Any], b: dict[str, Any], a_out: Condition, b_out: Condition
    ) -> dict[str, Any]:
        """The variables where two ways meet; a way that no lane comes out of has no say."""
        if a_out is False:
            return b
        if b_out is False:
            return a
        found = {}
        for name in {**a, **b}:
            x, y = a.get(name, _NOTHING), b.get(name, _NOTHING)
            found[name] = y if x is _NOTHING else x if y is _NOTHING or x is y else self.code.select(test, x, y)
        return found

    def attempt(self, statement: form.Try) -> None:
        lanes, variables = self.lanes, self.variables
        lanes.handlers.append(caught := Handler(statement.catches))
        self.variables = dict(variables)
        self.block(statement.body)
        lanes.handlers.pop()
        if caught.lanes is False:
            return
        tried, out = self.variables, lanes.active
        lanes.active, self.variables = caught.lanes, variables
        other = self.way(True, statement.handler)
        self.variables = self.joined(self.code.invert(caught.lanes), tried, other, out, lanes.active)
        lanes.active = self.code.either(out, lanes.active)

    def loop(self, statement: form.While) -> None:
        """Run the body while the test is so in any lane; each lane keeps what it had when it was no more."""
        lanes, code = self.lanes, self.code
        if not lanes.blocks:
            raise NeedsBlocks
        carried: dict[str, Any] = {}
        inside_it = list(nodes(statement.body))
        names = {target.name for node in inside_it if isinstance(node, form.Assign) for target in node.targets}
        for name in sorted(names & set(self.variables)):
            x = self.variables[name]
            carried[name] = code.truth(x) if isinstance(x, (Truth, bool)) else code.number(x)
        returns = any(isinstance(node, form.Return) for node in inside_it)
        if returns:
            carried["return"] = code.number(0.0 if self.result is _NOTHING else self.result)
        before = lanes.active
        carried["%live"], carried["%ended"] = code.truth(before), code.truth(False)
        for i, handler in enumerate(lanes.handlers):
            carried[f"%handler{i}"] = code.truth(handler.lanes)
        entry, head, inside, out = code.block, code.label("head"), code.label("body"), code.label("exit")
        code.jump(head)
        code.start(head)
        first = len(code.lines)
        kinds = {name: isinstance(x, Truth) for name, x in carried.items()}
        phis: dict[str, Any] = {
            name: Truth(code.op("phi", 0)) if truth else Number(code.op("phi", 0)) for name, truth in kinds.items()
        }
        self._restore(phis, returns)
        condition = code.truth(code.both(lanes.active, self.truth(statement.test)))
        after, ended = self._state(phis, returns), phis["%ended"]
        code.branch(code.any(condition), inside, out)
        code.start(inside)
        running: Condition = True if code.width == 1 else condition
        lanes.active = running
        self.exits.append([])
        self.block(statement.body)
        exits = self.exits.pop()
        ended = code.either(ended, code.both(running, code.invert(lanes.active)))
        live = lanes.active
        final = self._state(phis, returns)
        for name in final:
            if name in self.variables or name == "return":
                final[name] = code.select(running, final[name], phis[name])
        for left, snapshot, is_break in exits:
            for name in final:
                if name in snapshot:
                    final[name] = code.select(left, snapshot[name], final[name])
            ended = code.both(ended, code.invert(left))
            live = live if is_break else code.either(live, left)
        final["%live"], final["%ended"] = live, ended
        end = code.block
        texts = {name: code.truth(x).text if kinds[name] else code.number(x).text for name, x in final.items()}
        end = code.block
        code.jump(head)
        for i, (name, x) in enumerate(carried.items()):
            type_ = code.truth_type if kinds[name] else code.number_type
            incoming = f"[ {x.text}, %{entry} ], [ {texts[name]}, %{end} ]"
            code.lines[first + i] = f"  {phis[name].text} = phi {type_} {incoming}"
        code.start(out)
        self._restore(after, returns)
        lanes.active = code.both(before, code.invert(phis["%ended"]))

    def _state(self, phis: Mapping[str, Any], returns: bool) -> dict[str, Any]:
        state = {name: self.variables[name] for name in phis if name in self.variables}
        if returns:
            state["return"] = self.result
        for i, handler in enumerate(self.lanes.handlers):
            state[f"%handler{i}"] = handler.lanes
        return {**state, "%live": self.lanes.active, "%ended": phis["%ended"]}

    def _restore(self, state: Mapping[str, Any], returns: bool) -> None:
        self.variables = {**self.variables, **{k: x for k, x in state.items() if k in self.variables}}
        if returns:
            self.result = state["return"]
        for i, handler in enumerate(self.lanes.handlers):
            handler.lanes = state[f"%handler{i}"]
        self.lanes.active = state["%live"]

    # ---- expressions ----

    def value(self, x: Expression) -> Any:
        match x:
            case Variable(name=name):
                if x.kind is list or name not in self.variables:
                    raise Untranslatable(f"{name} is a list, or may have no value")
                return self.variables[name]
            case Apply(function=f, args=args):
                return self.lanes.call(f, [self.value(arg) for arg in args], [pattern(arg) for arg in args])
            case Choice():
                return self.conditional(x)
            case tuple():
                return tuple(map(self.value, x))
        return x

    def truth(self, x: Expression) -> Condition:
        found: Condition = self.value(x)
        return found

    def conditional(self, x: Choice) -> Any:
        test = self.truth(x.test)
        if isinstance(test, bool):
            return self.value(x.yes if test else x.no)
        lanes, before, raised = self.lanes, self.lanes.active, self.lanes.raised()

        def way(where: Condition, arm: Expression) -> Any:
            lanes.active = before
            made = lanes.only(where, lambda: {"value": self.value(arm)}, x.kind is not bool and _is_costly(arm), {})
            return made.get("value", 0.0)

        first, other = way(test, x.yes), way(self.code.invert(test), x.no)
        lanes.settle(before, raised)
        return self.code.select(test, first, other)


def _is_costly(x: Any) -> bool:
    return any(
        isinstance(node, form.While) or (isinstance(node, Apply) and node.function not in _CHEAP) for node in nodes(x)
    )
