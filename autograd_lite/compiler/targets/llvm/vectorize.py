"""A Python function of numbers, translated so that it runs in every lane of a vector at once.

The definition is read with `python_source` and run on numbers that are LLVM values (`ir`); what it knows
without them (tuples of coefficients, ranges) is Python's and is gone afterwards. Where lanes part, both ways run and
each lane keeps its own (a way that no lane takes is jumped over where it is long); an exception is a mask of the lanes
that raised it. So one translation serves one number and vectors of any width (as in ispc: Pharr & Mark, InPar 2012).
"""

from __future__ import annotations

import ast
import functools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from ....primitives import Primitive
from ...tracing.python_source import Names, Untranslatable, assigned
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


@dataclass(frozen=True, slots=True)
class Counted:
    """A range whose ends are numbers in lanes; with `each`, what is computed for each of its numbers."""

    start: Any
    stop: Any
    step: int
    each: Callable[[Any], Any] | None = None


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
        self.running: list[FunctionType] = []  # what is being translated in line

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

    def call(self, f: Any, args: Sequence[Any]) -> Any:
        """``f(*args)`` in the lanes that run."""
        if isinstance(f, functools.partial) and not f.keywords:
            return self.call(f.func, [*f.args, *args])
        if isinstance(f, Primitive):
            return self.row(f, args)
        known = self.unit.native(f)
        if known is not None:
            return known(self, *args)
        if not isinstance(f, FunctionType):
            raise Untranslatable(f"{f!r} has no counterpart")
        return self._function(f, args)

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

    def _function(self, f: FunctionType, args: Sequence[Any]) -> Any:
        code = self.code
        lines, weight, block, active = len(code.lines), code.weight, code.block, self.active
        raised = self.raised()
        try:
            if f in self.running or self.unit.is_long(f):
                return self.unit.called(self, f, args)
            self.running.append(f)
            try:
                return Frame(self, self.unit.names(f), args).run()
            finally:
                self.running.remove(f)
        except Untranslatable as reason:
            if isinstance(reason, Reraises) or not args or not all(isinstance(x, (Number, float, int)) for x in args):
                raise
            del code.lines[lines:], self.handlers[len(raised) :]
            code.weight, code.block, self.active = weight, block, active
            for handler, lanes in zip(self.handlers, raised):
                handler.lanes = lanes
            return self.unit.python(self, f, args, str(reason))


_NOTHING: Any = object()


class Frame:
    """One function being translated: its variables, and what it has returned so far."""

    def __init__(self, lanes: Lanes, names: Names, args: Sequence[Any]) -> None:
        self.lanes = lanes
        self.code = lanes.code
        self.names = names
        self.error = names.error
        self.variables = self._bound(args)
        self.result = _NOTHING
        self.exits: list[list[tuple[Condition, dict[str, Any], bool]]] = []  # of each loop: its breaks and continues
        self.bounded = (names.f.__module__ or "").startswith(_OURS)  # its ints are small

    def _bound(self, args: Sequence[Any]) -> dict[str, Any]:
        given = self.names.definition.args
        names = [arg.arg for arg in (*given.posonlyargs, *given.args)]
        if given.kwonlyargs or given.kwarg or given.defaults:
            raise self.error(self.names.definition, "its arguments have defaults or keywords")
        if len(args) < len(names) or (len(args) > len(names) and not given.vararg):
            raise self.error(self.names.definition, f"it takes {len(names)} arguments, not {len(args)}")
        bound = dict(zip(names, args))
        if given.vararg:
            bound[given.vararg.arg] = tuple(args[len(names) :])
        return bound

    def run(self) -> Any:
        """The value of the call. After it the lanes run on that did not raise."""
        definition, lanes = self.names.definition, self.lanes
        if isinstance(definition, ast.Lambda):
            return self.value(definition.body)
        before, raised = lanes.active, lanes.raised()
        self.block(definition.body)
        if lanes.active is not False and (self.result is _NOTHING or isinstance(lanes.active, bool)):
            raise self.error(definition, "it may return nothing")
        lanes.settle(before, raised)
        return 0.0 if self.result is _NOTHING else self.result

    # ---- statements ----

    def block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            if self.lanes.active is False:
                return
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Return(value=ast.expr() as value):
                found = self.value(value)
                done = self.lanes.active
                self.result = found if self.result is _NOTHING else self.merged(done, found, self.result, node)
                self.lanes.active = False
            case ast.Assign(targets=[target]):
                self.assign(target, self.value(node.value))
            case ast.AnnAssign(value=ast.expr() as value):
                self.assign(node.target, self.value(value))
            case ast.AugAssign(target=ast.Name(id=name)):
                load = ast.copy_location(ast.Name(name, ast.Load()), node)
                self.variables[name] = self.value(ast.copy_location(ast.BinOp(load, node.op, node.value), node))
            case ast.If():
                self.choice(node)
            case ast.While(orelse=[]):
                body = lambda: self.block(node.body)
                self.loop(lambda: self.truth(node.test), body, assigned(node), node)
            case ast.For(orelse=[]):
                self.each(node)
            case ast.Try(handlers=[handler], orelse=[], finalbody=[]) if handler.name is None and handler.type:
                self.attempt(node, handler)
            case ast.Raise(exc=ast.Call(func=kind)) | ast.Raise(exc=ast.Name() as kind):
                self.lanes.raise_in(True, self.names.known_object(kind))
            case ast.Raise(exc=None):
                raise Reraises(str(self.error(node, "it raises what was caught elsewhere")))
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass  # docstrings
            case ast.Break() | ast.Continue() if self.exits:
                self.exits[-1].append((self.lanes.active, dict(self.variables), isinstance(node, ast.Break)))
                self.lanes.active = False
            case _:
                text = ast.unparse(node).splitlines()[0]
                raise self.error(node, f"the statement {text!r} goes beyond arithmetic")

    def assign(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                self.variables[name] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements) if isinstance(value, (tuple, list)):
                for element, x in zip(elements, value, strict=True):
                    self.assign(element, x)
            case _:
                raise self.error(target, f"{ast.unparse(target)} is assigned to")

    def choice(self, node: ast.If) -> None:
        test = self.truth(node.test)
        if isinstance(test, bool):
            self.block(node.body if test else node.orelse)
            return
        before, variables, lanes = self.lanes.active, self.variables, self.lanes
        first = self.way(test, node.body)
        out = lanes.active
        lanes.active, self.variables = before, variables
        other = self.way(self.code.invert(test), node.orelse)
        self.variables = self.joined(test, first, other, out, lanes.active, node)
        lanes.active = self.code.either(out, lanes.active)

    def way(self, test: Condition, body: Sequence[ast.stmt]) -> dict[str, Any]:
        """One way of an ``if``: the variables at its end, where `lanes.active` come out of it."""
        variables, result = self.variables, self.result

        def run() -> dict[str, Any]:
            self.variables = dict(variables)
            self.block(body)
            made = {name: x for name, x in self.variables.items() if x is not variables.get(name, _NOTHING)}
            return made if self.result is result else {**made, "return": self.result}

        leaves = any(isinstance(n, (ast.Break, ast.Continue)) for s in body for n in ast.walk(s))
        made = self.lanes.only(test, run, _is_costly(*body) and not leaves, {**variables, "return": result})
        self.result = made.pop("return", result)
        return {**variables, **made}

    def joined(
        self, test: Condition, a: dict[str, Any], b: dict[str, Any], a_out: Condition, b_out: Condition, node: ast.AST
    ) -> dict[str, Any]:
        """The variables where two ways meet; a way that no lane comes out of has no say."""
        if a_out is False:
            return b
        if b_out is False:
            return a
        both = {name: a[name] for name in a if name in b and a[name] is b[name]}
        for name in {**a, **b}:
            if name not in both:
                x, y = a.get(name, _NOTHING), b.get(name, _NOTHING)
                both[name] = y if x is _NOTHING else x if y is _NOTHING else self.merged(test, x, y, node)
        return both

    def merged(self, test: Condition, x: Any, y: Any, node: ast.AST) -> Any:
        if isinstance(x, (tuple, list)) and isinstance(y, (tuple, list)) and len(x) == len(y):
            return type(x)(self.merged(test, a, b, node) for a, b in zip(x, y))
        for value in (x, y):
            if not isinstance(value, (Number, Truth, float, int)):
                raise self.error(node, f"what is {type(value).__name__} depends on a number")
        if x is y or (not isinstance(x, (Number, Truth)) and type(x) is type(y) and repr(x) == repr(y)):
            return x
        return self.code.select(test, x, y)

    def attempt(self, node: ast.Try, handler: ast.ExceptHandler) -> None:
        assert handler.type is not None
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        lanes, variables = self.lanes, self.variables
        lanes.handlers.append(caught := Handler(tuple(self.names.known_object(kind) for kind in kinds)))
        self.variables = dict(variables)
        self.block(node.body)
        lanes.handlers.pop()
        if caught.lanes is False:
            return
        tried, out = self.variables, lanes.active
        lanes.active = caught.lanes
        self.variables = {name: x for name, x in variables.items() if name not in assigned(ast.Module(node.body, []))}
        other = self.way(True, handler.body)
        self.variables = self.joined(self.code.invert(caught.lanes), tried, other, out, lanes.active, node)
        lanes.active = self.code.either(out, lanes.active)

    # ---- loops ----

    def each(self, node: ast.For) -> None:
        items = self.value(node.iter)
        if isinstance(items, Counted):
            counter = f"%{id(node)}"
            self.variables[counter] = items.start

            def body() -> None:
                k = self.variables[counter]
                self.variables[counter] = self.binary(ast.Add(), k, items.step, node)
                self.assign(node.target, k if items.each is None else items.each(k))
                self.block(node.body)

            self.loop(lambda: self.counts(counter, items), body, assigned(node) | {counter}, node)
            return
        if any(isinstance(n, (ast.Break, ast.Continue)) for n in ast.walk(node)) or len(items) > 100:
            raise self.error(node, "a loop over a sequence that is left in the middle, or long")
        for item in items:
            self.assign(node.target, item)
            self.block(node.body)

    def counts(self, counter: str, items: Counted) -> Condition:
        k = self.variables[counter]
        return self.code.compare("olt" if items.step > 0 else "ogt", k, self.code.number(items.stop))

    def loop(self, test: Callable[[], Condition], body: Callable[[], None], names: set[str], node: ast.AST) -> None:
        """Run `body` while `test` is so in any lane; each lane keeps what it had when it was no more."""
        lanes, code = self.lanes, self.code
        if not lanes.blocks:
            raise NeedsBlocks
        carried: dict[str, Any] = {}
        for name in sorted(names & set(self.variables)):
            x = self.variables[name]
            if not isinstance(x, (Number, Truth, float, int)):
                raise self.error(node, f"{name} changes in a loop and is no number")
            carried[name] = code.truth(x) if isinstance(x, (Truth, bool)) else code.number(x)
        returns = any(isinstance(n, ast.Return) for n in ast.walk(node))
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
        condition = code.truth(code.both(lanes.active, test()))
        after, ended = self._state(phis, returns), phis["%ended"]
        code.branch(code.any(condition), inside, out)
        code.start(inside)
        running: Condition = True if code.width == 1 else condition
        lanes.active = running
        self.exits.append([])
        body()
        exits = self.exits.pop()
        ended = code.either(ended, code.both(running, code.invert(lanes.active)))
        live = lanes.active
        final = self._state(phis, returns)
        for name in final:
            if name in self.variables or name == "return":
                final[name] = self.merged(running, final[name], phis[name], node)
        for left, snapshot, is_break in exits:
            for name in final:
                if name in snapshot:
                    final[name] = self.merged(left, snapshot[name], final[name], node)
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

    def folded(self, items: Counted, start: float, op: ast.operator, node: ast.AST) -> Any:
        """A sum or product over a counted range."""
        counter, total = f"%{id(node)}", f"%total{id(node)}"
        self.variables[counter], self.variables[total] = items.start, start

        def body() -> None:
            k = self.variables[counter]
            self.variables[counter] = self.binary(ast.Add(), k, items.step, node)
            x = k if items.each is None else items.each(k)
            self.variables[total] = self.binary(op, self.variables[total], x, node)

        self.loop(lambda: self.counts(counter, items), body, {counter, total}, node)
        return self.variables[total]

    # ---- expressions ----

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name) if name in self.names.locals:
                if name not in self.variables:
                    raise self.error(node, f"{name} may have no value")
                return self.variables[name]
            case ast.Name() | ast.Attribute():
                return self.names.known_object(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                x = self.value(operand)
                return self.code.negate(self.code.number(x)) if isinstance(x, (Number, Truth)) else -x
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(op, self.value(left), self.value(right), node)
            case ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.BoolOp():
                return self.truth(node)
            case ast.IfExp():
                return self.conditional(node)
            case ast.Tuple(elts=elements):
                return tuple(self.elements(elements))
            case ast.List(elts=elements):
                return self.elements(elements)
            case ast.ListComp(elt=elt, generators=[each]) | ast.GeneratorExp(elt=elt, generators=[each]) if (
                not each.ifs
            ):
                return self.comprehension(elt, each)
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                ends = [None if end is None else self.value(end) for end in (lower, upper)]
                return self.value(value)[self.static(ends[0], node) : self.static(ends[1], node)]
            case ast.Subscript(value=value, slice=index):
                return self.item(self.value(value), self.value(index), node)
            case ast.Call(func=function, args=args, keywords=keywords) if all(k.arg == "strict" for k in keywords):
                return self.called(function, self.elements(args), node)
        raise self.error(node, f"the expression {ast.unparse(node)!r} goes beyond arithmetic")

    def elements(self, nodes: Sequence[ast.expr]) -> list[Any]:
        found: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                found.extend(self.value(node.value))
            else:
                found.append(self.value(node))
        return found

    def static(self, x: Any, node: ast.AST) -> Any:
        if isinstance(x, (Number, Truth)):
            raise self.error(node, "it depends on a number where a constant is needed")
        return x

    def item(self, items: Any, index: Any, node: ast.AST) -> Any:
        if isinstance(index, (Number, Truth)):
            if not isinstance(items, (tuple, list)) or not self.bounded:  # it may be out of range
                raise self.error(node, "a place in a sequence depends on a number")
            found = items[0]
            for i, x in enumerate(items[1:], 1):
                found = self.code.select(self.code.compare("oeq", self.code.number(index), float(i)), x, found)
            return found
        return items[index]

    def comprehension(self, elt: ast.expr, each: ast.comprehension) -> Any:
        items = self.value(each.iter)

        def one(item: Any) -> Any:
            before = self.variables
            self.variables = dict(before)
            self.assign(each.target, item)
            found = self.value(elt)
            self.variables = before
            return found

        if isinstance(items, Counted):
            if items.each is not None:
                raise self.error(elt, "a sequence of a length that depends on a number")
            return Counted(items.start, items.stop, items.step, one)
        return [one(item) for item in items]

    def called(self, function: ast.expr, args: list[Any], node: ast.Call) -> Any:
        f = self.value(function)
        if not callable(f):
            raise self.error(node, f"it calls {ast.unparse(function)}")
        counted = next((x for x in args if isinstance(x, Counted)), None)
        if counted is not None:
            if f not in _FOLDS or len(args) != 1:
                raise self.error(node, "a sequence of a length that depends on a number")
            return self.folded(counted, *_FOLDS[f], node)
        if f in _OF_SEQUENCES:
            return self.of_sequences(f, args, node)
        return self.lanes.call(f, args)

    def of_sequences(self, f: Any, args: list[Any], node: ast.AST) -> Any:
        if f is type and len(args) == 1:
            return (
                float if isinstance(args[0], (Number, float)) else bool if isinstance(args[0], Truth) else type(args[0])
            )
        if f is range and any(isinstance(x, (Number, Truth)) for x in args):
            start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
            return Counted(start, stop, self.static(step, node))
        if f is sum or f is max or f is min:
            items = list(args[0]) if len(args) == 1 else args
            if f is sum:
                return functools.reduce(lambda a, b: self.binary(ast.Add(), a, b, node), items, 0)
            less = (
                (lambda a, b: self.code.compare("ogt", b, a))
                if f is max
                else (lambda a, b: self.code.compare("olt", b, a))
            )
            return functools.reduce(lambda a, b: _chosen(self.code, less, f, a, b), items)
        return f(*args) if f is len else list(f(*args))

    def binary(self, op: ast.operator, a: Any, b: Any, node: ast.AST) -> Any:
        function = _BINARY.get(type(op))
        if _is_whole(a) and _is_whole(b) and not isinstance(op, (ast.Mod, ast.Div)) and not self.bounded:
            raise self.error(node, f"{ast.unparse(node)} is an int of any size")
        if function is None:
            raise self.error(node, f"the operator of {ast.unparse(node)!r} goes beyond arithmetic")
        if not isinstance(a, (Number, Truth)) and not isinstance(b, (Number, Truth)):
            try:
                return function(a, b)
            except (ArithmeticError, ValueError) as error:
                raise self.error(node, f"{ast.unparse(node)} raises {error!r}") from None
        return self.lanes.call(function, [a, b])

    def conditional(self, node: ast.IfExp) -> Any:
        test = self.truth(node.test)
        if isinstance(test, bool):
            return self.value(node.body if test else node.orelse)
        lanes, before, raised = self.lanes, self.lanes.active, self.lanes.raised()

        def way(where: Condition, arm: ast.expr) -> Any:
            lanes.active = before
            made = lanes.only(where, lambda: {"value": self.value(arm)}, _is_costly(arm), {})
            return made.get("value", 0.0)

        first, other = way(test, node.body), way(self.code.invert(test), node.orelse)
        lanes.settle(before, raised)
        return self.merged(test, first, other, node)

    def truth(self, node: ast.expr) -> Condition:
        """A condition: Python takes every number but 0 for true, nan too."""
        code = self.code
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                found: Condition = True
                x = self.value(left)
                for op, right in zip(ops, comparators):
                    y = self.value(right)
                    found = code.both(found, self.compared(op, x, y, node))
                    x = y
                return found
            case ast.BoolOp(op=op, values=values):
                return self.connected(isinstance(op, ast.And), values)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return code.invert(self.truth(operand))
        x = self.value(node)
        return x if isinstance(x, (Truth, bool)) else code.nonzero(x) if isinstance(x, Number) else bool(x)

    def connected(self, conjunction: bool, values: Sequence[ast.expr]) -> Condition:
        lanes, code, before, raised = self.lanes, self.code, self.lanes.active, self.lanes.raised()
        found: Condition = conjunction
        for value in values:
            lanes.active = code.both(before, found if conjunction else code.invert(found))
            if lanes.active is False:
                break
            found = (code.both if conjunction else code.either)(found, self.truth(value))
        lanes.settle(before, raised)
        return found

    def compared(self, op: ast.cmpop, x: Any, y: Any, node: ast.AST) -> Condition:
        if not isinstance(x, (Number, Truth)) and not isinstance(y, (Number, Truth)):
            return bool(_COMPARED[type(op)][1](x, y))
        predicate = _COMPARED[type(op)][0]
        if (
            predicate is None
            or not isinstance(x, (Number, Truth, float, int))
            or not isinstance(y, (Number, Truth, float, int))
        ):
            raise self.error(node, f"the comparison {ast.unparse(node)!r} goes beyond arithmetic")
        numbers = [self.code.number(e) if isinstance(e, Truth) else e for e in (x, y)]
        return self.code.compare(predicate, *numbers)


def _chosen(code: Code, less: Callable[[Any, Any], Condition], f: Any, a: Any, b: Any) -> Any:
    if not isinstance(a, Number) and not isinstance(b, Number):
        return f(a, b)
    found = code.select(less(a, b), b, a)
    if f is max and isinstance(found, Number):
        p, q = code.number(a), code.number(b)
        lows = [x.low for x in (p, q) if not x.nan]
        return Number(found.text, max(lows, default=found.low), found.high, found.nan)
    return found


def _is_costly(*nodes: ast.AST) -> bool:
    return any(isinstance(n, (ast.Call, ast.While, ast.For)) for node in nodes for n in ast.walk(node))


def _is_whole(x: Any) -> bool:
    return x.whole if isinstance(x, Number) else type(x) is int


_OURS = __name__.split(".")[0] + "."
_FOLDS: dict[Any, tuple[float, ast.operator]] = {math.prod: (1.0, ast.Mult()), sum: (0.0, ast.Add())}
_OF_SEQUENCES = {range, len, enumerate, zip, reversed, tuple, list, sum, max, min, type}
_BINARY: dict[type[ast.operator], Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Mod: operator.mod, ast.FloorDiv: operator.floordiv, ast.Pow: operator.pow,
}  # fmt: skip
_COMPARED: dict[type[ast.cmpop], tuple[str | None, Callable[[Any, Any], Any]]] = {
    ast.Lt: ("olt", operator.lt), ast.LtE: ("ole", operator.le), ast.Gt: ("ogt", operator.gt),
    ast.GtE: ("oge", operator.ge), ast.Eq: ("oeq", operator.eq), ast.NotEq: ("une", operator.ne),
    ast.Is: (None, operator.is_), ast.IsNot: (None, operator.is_not),
}  # fmt: skip
