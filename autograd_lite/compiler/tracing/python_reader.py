"""A Python function of numbers, read once into the form that every target prints (`python_form`).

The source is evaluated on expressions in the place of numbers. What is known without them (tuples of coefficients, a
range of fixed length, functions that are passed on) is Python's and is gone afterwards: a function is read for the
kinds of its arguments, and for the values of those that are fixed. Calls stay calls; a target that does not know the
callee reads it in turn.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from ...primitives import Primitive
from . import python_form as form
from .python_form import Apply, Assign, Choice, Expression, Function, Variable, is_fixed, kind_of, pattern
from .python_source import Names, Untranslatable, assigned


class Reader:
    """Reads functions, each once for arguments of one pattern."""

    def __init__(self) -> None:
        self._read: dict[Any, Function | Untranslatable] = {}
        self._reading: set[Any] = set()

    def read(self, f: FunctionType, args: Sequence[Any]) -> Function:
        """The function for arguments of those patterns; Untranslatable, with the reason and its place."""
        key = f, _key(args)
        found = _OURS.get(key) or self._read.get(key)
        if found is None:
            if key in self._reading:
                raise Untranslatable(f"{f.__qualname__} calls itself")
            self._reading.add(key)
            try:
                found = _Reading(self, f).whole(args)
            except Untranslatable as error:
                found = error
            finally:
                self._reading.remove(key)
            (_OURS if _is_fixed_for_good(f) else self._read)[key] = found
        if isinstance(found, Untranslatable):
            raise Untranslatable(*found.args)
        return found

    def result(self, f: Any, args: Sequence[Expression]) -> Any:
        """The kind, or kinds, of what a call gives; float where nothing else is known."""
        if isinstance(f, Primitive):
            return f.result_type
        if isinstance(f, FunctionType):
            try:
                return self.read(f, [pattern(x) for x in args]).result
            except Untranslatable:
                return float
        return next((kind for kind, functions in _RESULTS if f in functions), float)


_OURS: dict[Any, Function | Untranslatable] = {}  # of this package, where a name stands for the same for good
_PACKAGE = __name__.split(".")[0] + "."


def _is_fixed_for_good(f: FunctionType) -> bool:
    return f.__closure__ is None and f.__module__.startswith(_PACKAGE) and f.__qualname__ == f.__name__ != "<lambda>"


def _key(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return tuple(map(_key, x))
    if x.__hash__ is None:
        raise Untranslatable(f"an argument is {type(x).__name__}")
    return x.hex() if isinstance(x, float) else (type(x), x)


_COMPARED = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Mod: operator.mod, ast.FloorDiv: operator.floordiv, ast.Pow: operator.pow,
}  # fmt: skip
_RESULTS: list[tuple[Any, tuple[Any, ...]]] = [
    (bool, (bool, math.isnan, math.isinf, math.isfinite, *_COMPARED.values(), operator.not_)),
    (int, (int, round, math.floor, math.ceil, math.trunc, math.factorial)),
    ((float, int), (math.frexp,)),
    ((float, float), (math.modf,)),
]
_OF_SEQUENCES = (range, len, enumerate, zip, reversed, tuple, list, sum)
_MOST = 1000  # turns of a loop that are written out one by one


@dataclass(frozen=True, slots=True)
class _Counted:
    """A range whose ends are no constants."""

    start: Expression
    stop: Expression
    step: int


@dataclass(slots=True)
class _Way:
    """A piece of the function: what the names stand for after it, its statements, and whether it never comes to its
    end.
    """

    variables: dict[str, Expression]
    block: list[form.Statement] = field(default_factory=list)
    ended: bool = False


class _Reading:
    """One function being read."""

    def __init__(self, reader: Reader, f: FunctionType) -> None:
        self.reader = reader
        self.names = Names(f)
        self.node: ast.AST = self.names.definition  # where it is at, for messages
        self.way = _Way({})
        self.results: list[Any] = []
        self.loops: list[dict[str, Any]] = []  # of each loop around this the kinds of what it changes
        self.left = False  # by a `break`
        self.bounded = (f.__module__ or "").startswith(_PACKAGE)  # its ints are small
        self.count = 0
        self.lists = {
            n.value.id
            for n in ast.walk(self.names.definition)
            if isinstance(n, ast.Attribute) and n.attr == "append" and isinstance(n.value, ast.Name)
        }

    def whole(self, args: Sequence[Any]) -> Function:
        definition = self.names.definition
        parameters = self.bound(definition.args, args)
        if isinstance(definition, ast.Lambda):
            self.give(self.value(definition.body))
        self.statements(definition.body if isinstance(definition, ast.FunctionDef) else [])
        if not self.way.ended:
            raise self.error("it may return nothing")
        body = tuple(self.way.block)
        result = functools.reduce(_joined, self.results) if self.results else float
        nodes = list(form.nodes(body))
        loops = any(isinstance(node, form.While) for node in nodes)
        return Function(tuple(parameters), body, result, len(nodes), loops)

    def bound(self, given: ast.arguments, args: Sequence[Any]) -> list[Variable]:
        names = [arg.arg for arg in (*given.posonlyargs, *given.args)]
        if given.kwonlyargs or given.kwarg or given.defaults:
            raise self.error("its arguments have defaults or keywords")
        if len(args) < len(names) or (len(args) > len(names) and not given.vararg):
            raise self.error(f"it takes {len(names)} arguments, not {len(args)}")
        found: list[Variable] = []

        def parameter(x: Any, name: str | None = None) -> Expression:
            if isinstance(x, tuple):
                return tuple(map(parameter, x))
            if is_fixed(x):
                return x
            found.append(self.fresh(x.kind) if name is None else Variable(name, x.kind))
            return found[-1]

        self.way.variables.update((name, parameter(x, name)) for name, x in zip(names, args))
        if given.vararg:
            self.way.variables[given.vararg.arg] = tuple(map(parameter, args[len(names) :]))
        return found

    def error(self, reason: str) -> Untranslatable:
        return self.names.error(self.node, reason)

    def beyond(self) -> Untranslatable:
        text = ast.unparse(self.node).splitlines()[0]
        return self.error(f"{text!r} goes beyond arithmetic")

    def fresh(self, kind: Any) -> Variable:
        self.count += 1
        name = f"t{self.count}"
        return self.fresh(kind) if name in self.names.locals else Variable(name, kind)

    def emit(self, *statements: form.Statement) -> None:
        self.way.block += statements

    # ---- statements ----

    def statements(self, nodes: Sequence[ast.stmt]) -> None:
        for node in nodes:
            if self.way.ended:
                return
            self.node = node
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Return(value=ast.expr() as value):
                self.give(self.value(value))
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, self.value(value))
            case ast.AugAssign(target=ast.Name(id=name)):
                load = ast.copy_location(ast.Name(name, ast.Load()), node)
                self.assign(node.target, self.value(ast.copy_location(ast.BinOp(load, node.op, node.value), node)))
            case ast.If():
                test = self.truth(node.test)
                if isinstance(test, bool):
                    self.statements(node.body if test else node.orelse)
                else:
                    first, other = (self.apart(self.statements, way)[1] for way in (node.body, node.orelse))
                    self.meet(first, other)
                    self.emit(form.If(test, tuple(first.block), tuple(other.block)))
            case ast.While(orelse=[]):
                self.loop(lambda: self.truth(node.test), lambda: self.statements(node.body), assigned(node))
            case ast.For(orelse=[]):
                self.each(node, self.value(node.iter))
            case ast.Try(handlers=[handler], orelse=[], finalbody=[]) if handler.name is None and handler.type:
                self.attempt(node, handler.type, handler.body)
            case ast.Raise(exc=ast.Call(func=kind)) | ast.Raise(exc=ast.Name() as kind):
                self.end(form.Raise(self.names.known_object(kind)))
            case ast.Raise(exc=None):
                self.end(form.Raise(None))
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass  # docstrings
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value])):
                self.emit(form.Append(Variable(name, list), self.value(value)))
            case ast.Break() | ast.Continue() if self.loops:
                self.settle()
                self.left |= isinstance(node, ast.Break)
                self.end(form.Leave(isinstance(node, ast.Break)))
            case _:
                raise self.beyond()

    def end(self, statement: form.Statement) -> None:
        self.emit(statement)
        self.way.ended = True

    def give(self, value: Expression) -> None:
        kinds = tuple(map(kind_of, value if isinstance(value, (tuple, list)) else [value]))
        if None in kinds:
            raise self.error("it returns what is no number")
        self.results.append(kinds if isinstance(value, (tuple, list)) else kinds[0])
        self.end(form.Return(tuple(value) if isinstance(value, list) else value))

    def assign(self, target: ast.expr, value: Expression) -> None:
        match target:
            case ast.Name(id=name) if name in self.lists and isinstance(value, list):
                self.change(Variable(name, list), tuple(value))
            case ast.Name(id=name) if kind_of(value) is None or is_fixed(value):
                self.way.variables[name] = self.kept(value)
            case ast.Name(id=name):
                self.change(Variable(name, kind_of(value)), value)
            case ast.Tuple(elts=elements) | ast.List(elts=elements) if isinstance(value, (tuple, list)):
                parts = list(self.kept(value))
                for i, element in enumerate(elements):
                    if isinstance(element, ast.Starred):
                        end = i + len(parts) - len(elements) + 1
                        parts[i:end] = [parts[i:end]]
                        element = element.value
                    self.assign(element, parts[i])
            case _:
                raise self.error(f"{ast.unparse(target)} is assigned to")

    def change(self, variable: Variable, value: Expression) -> None:
        self.emit(Assign((variable,), value))
        self.way.variables[variable.name] = variable

    def kept(self, value: Expression) -> Expression:
        """A value that does not change with the variables that it is made of now."""
        if isinstance(value, (tuple, list)):
            return type(value)(map(self.kept, value))
        if is_fixed(value) or (isinstance(value, Variable) and value.name not in self.names.locals):
            return value
        variable = self.fresh(kind_of(value))
        self.emit(Assign((variable,), value))
        return variable

    # ---- ways that part and meet ----

    def apart(self, run: Callable[..., Any], *args: Any) -> tuple[Any, _Way]:
        """What `run` gives, and the piece that it is."""
        before, self.way = self.way, _Way(dict(self.way.variables))
        found = run(*args)
        made, self.way = self.way, before
        return found, made

    def meet(self, first: _Way, other: _Way) -> None:
        """Go on after both; one that has ended has no say."""
        if first.ended or other.ended:
            rest = other if first.ended else first
            self.way.variables, self.way.ended = rest.variables, rest.ended
            return
        a, b = first.variables, other.variables
        both = {**a, **b}
        for name in a.keys() & b.keys():
            both[name] = self.merged(a[name], b[name], first, other, name)
        self.way.variables = both

    def merged(self, a: Expression, b: Expression, first: _Way, other: _Way, name: str | None = None) -> Expression:
        """What is `a` after `first`, and `b` after `other`."""
        if a is b or (type(a) is type(b) and repr(a) == repr(b)):
            return a
        if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)) and len(a) == len(b):
            return type(a)([self.merged(x, y, first, other) for x, y in zip(a, b)])
        kinds = kind_of(a), kind_of(b)
        if None in kinds or list in kinds:
            raise self.error("what is no number depends on a number")
        kind = _joined(*kinds)
        variable = self.fresh(kind) if name is None else Variable(name, kind)
        for x, way in ((a, first), (b, other)):
            _put(variable, x, way)
        return variable

    def attempt(self, node: ast.Try, kinds: ast.expr, handler: Sequence[ast.stmt]) -> None:
        catches = [self.names.known_object(e) for e in (kinds.elts if isinstance(kinds, ast.Tuple) else [kinds])]
        _, body = self.apart(self.statements, node.body)
        lost = assigned(ast.Module(node.body, []))  # what may or may not have been changed has no value

        def handle() -> None:
            self.way.variables = {name: x for name, x in self.way.variables.items() if name not in lost}
            self.statements(handler)

        _, other = self.apart(handle)
        if not other.ended:
            body.variables = {k: x for k, x in body.variables.items() if k in other.variables or k not in lost}
        self.meet(body, other)
        self.emit(form.Try(tuple(body.block), tuple(catches), tuple(other.block)))

    # ---- loops ----

    def each(self, node: ast.For, items: Any) -> None:
        leaves = any(isinstance(n, (ast.Break, ast.Continue)) for n in ast.walk(node))
        if isinstance(items, range) and (len(items) > _MOST or leaves):
            items = _Counted(items.start, items.stop, items.step)
        if isinstance(items, _Counted):
            self.counted(node, items)
            return
        if not isinstance(items, (tuple, list, range)) or len(items) > _MOST or leaves:
            raise self.error("a loop over a sequence that is long, that is left in the middle, or that is none")
        for item in self.kept(list(items)):
            if not self.way.ended:
                self.assign(node.target, item)
                self.statements(node.body)

    def counted(self, node: ast.For, items: _Counted) -> None:
        counter = self.fresh(int)
        self.emit(Assign((counter,), items.start))

        def turn() -> None:
            self.assign(node.target, counter)
            self.emit(Assign((counter,), Apply(operator.add, (counter, items.step), int)))
            self.statements(node.body)

        compare = operator.lt if items.step > 0 else operator.gt
        self.loop(lambda: Apply(compare, (counter, items.stop), bool), turn, assigned(node))

    def loop(self, test: Callable[[], Expression], body: Callable[[], None], names: set[str]) -> None:
        """Run `body` while `test` is so. What it changes is a variable from before it; its kind may have to widen."""
        variables = self.way.variables
        kinds = {name: kind_of(variables[name]) for name in sorted(names & set(variables))}
        while True:
            for name, kind in kinds.items():
                if kind is None:
                    raise self.error(f"{name} changes in a loop and is no number")
                _put(Variable(name, kind), variables[name], self.way)
                variables[name] = Variable(name, kind)
            left, self.left = self.left, False
            self.loops.append(found := dict(kinds))
            holds, before = self.apart(test)
            _, turn = self.apart(body)
            if not turn.ended:
                _, end = self.apart(self.settle, turn.variables)
                turn.block += end.block
            self.loops.pop()
            forever, self.left = holds is True and not self.left, left
            if found == kinds:
                break
            kinds = found
        block = [*before.block, form.If(holds, (), (form.Leave(True),))] if before.block else []
        self.emit(form.While(True if before.block else holds, (*block, *turn.block)))
        self.way.ended = forever

    def settle(self, variables: dict[str, Expression] | None = None) -> None:
        """What the loop changes is in its variables."""
        now = self.way.variables if variables is None else variables
        for name, kind in self.loops[-1].items():
            if kind_of(now[name]) is None:
                raise self.error(f"{name} changes in a loop and is no number")
            self.loops[-1][name] = _joined(kind, kind_of(now[name]))
            _put(Variable(name, self.loops[-1][name]), now[name], self.way)

    # ---- expressions ----

    def value(self, node: ast.expr) -> Expression:
        self.node, around = node, self.node
        found = self._value(node)
        self.node = around
        return found

    def _value(self, node: ast.expr) -> Expression:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name) if name in self.names.locals:
                if name not in self.way.variables:
                    raise self.error(f"{name} may have no value")
                return self.way.variables[name]
            case ast.Name() | ast.Attribute():
                return self.names.known_object(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                x = self.value(operand)
                if is_fixed(x):
                    return -x
                return Apply(operator.neg, (x,), float) if kind_of(x) is float else Apply(operator.sub, (0, x), int)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(_BINARY.get(type(op)), self.value(left), self.value(right))
            case ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.BoolOp():
                return self.truth(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.either(self.truth(test), lambda: self.value(body), lambda: self.value(orelse))
            case ast.Tuple(elts=elements):
                return tuple(self.elements(elements))
            case ast.List(elts=elements):
                return self.elements(elements)
            case ast.ListComp(generators=[each]) | ast.GeneratorExp(generators=[each]) if not each.ifs:
                return self.comprehension(node.elt, each)
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                ends = [None if end is None else self.static(self.value(end)) for end in (lower, upper)]
                return self.static(self.value(value))[slice(*ends)]
            case ast.Subscript(value=value, slice=index):
                return self.item(self.value(value), self.value(index))
            case ast.Call(func=function, args=args, keywords=keywords) if all(k.arg == "strict" for k in keywords):
                return self.called(function, self.elements(args))
        raise self.beyond()

    def elements(self, nodes: Sequence[ast.expr]) -> list[Expression]:
        found: list[Expression] = []
        for node in nodes:
            x = self.value(node.value if isinstance(node, ast.Starred) else node)
            if isinstance(node, ast.Starred):
                found.extend(self.static(x))
            else:
                found.append(x)
        return found

    def static(self, x: Expression) -> Any:
        """What has to be known when the function is read, though its parts need not."""
        if isinstance(x, (Variable, Apply, Choice, _Counted)):
            raise self.error("it depends on a number where a constant is needed")
        return x

    def item(self, items: Expression, index: Expression) -> Expression:
        if is_fixed(index) and isinstance(items, (tuple, list, range)):
            return items[index]
        if not self.bounded:  # it may be out of range
            raise self.error("a place in a sequence depends on a number")
        return Apply(operator.getitem, (tuple(items) if isinstance(items, (list, range)) else items, index), float)

    def comprehension(self, elt: ast.expr, each: ast.comprehension) -> Any:
        items = self.kept(list(self.static(self.value(each.iter))))
        before, found = self.way.variables, []
        self.way.variables = dict(before)
        for item in items:
            self.assign(each.target, item)
            found.append(self.kept(self.value(elt)))
        self.way.variables = before
        return found

    def called(self, function: ast.expr, args: list[Expression]) -> Expression:
        f: Any = self.value(function)
        if not is_fixed(f):
            raise self.error(f"it calls {ast.unparse(function)}, which it was given")
        if isinstance(f, functools.partial) and not f.keywords:
            f, args = f.func, [*f.args, *args]
        if not callable(f):
            raise self.error(f"it calls {ast.unparse(function)}")
        if any(isinstance(x, _Counted) for x in args):
            raise self.error("a sequence of a length that depends on a number")
        if f is type and len(args) == 1:
            return kind_of(args[0]) or type(args[0])
        if f is range and not is_fixed(args):
            start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
            return _Counted(start, stop, self.static(step))
        if f in _OF_SEQUENCES:
            items = list(map(self.static, args))
            if f is sum:
                return functools.reduce(lambda a, b: self.binary(operator.add, a, b), items[0], 0)
            return f(*items) if f in (len, range) else list(f(*items))
        if f in (max, min):
            args = list(self.static(args[0])) if len(args) == 1 else args
            if is_fixed(args) or len(args) == 1:
                return f(args) if is_fixed(args) else args[0]
        given = tuple(tuple(x) if isinstance(x, list) else x for x in args)
        kind = self.reader.result(f, given)
        if not isinstance(kind, tuple):
            return Apply(f, given, kind)
        parts = tuple(map(self.fresh, kind))
        self.emit(Assign(parts, Apply(f, given, kind)))
        return parts

    def binary(self, f: Any, a: Expression, b: Expression) -> Expression:
        if f is None:
            raise self.beyond()
        if (is_fixed(a) and is_fixed(b)) or (isinstance(a, (tuple, list)) and type(a) is type(b)):
            try:
                return f(a, b)
            except (ArithmeticError, ValueError, TypeError) as error:
                raise self.error(f"{ast.unparse(self.node)} raises {error!r}") from None
        kinds = kind_of(a), kind_of(b)
        if None in kinds or list in kinds:
            raise self.beyond()
        whole = float not in kinds and f is not operator.truediv
        if whole and f is not operator.mod and not self.bounded:
            raise self.error(f"{ast.unparse(self.node)} is an int of any size")
        return Apply(f, (a, b), int if whole else float)

    def either(self, test: Expression, yes: Callable[[], Expression], no: Callable[[], Expression]) -> Expression:
        """What `yes` gives where the test holds, else what `no` gives."""
        if isinstance(test, bool):
            return yes() if test else no()
        (x, first), (y, other) = self.apart(yes), self.apart(no)
        kinds = kind_of(x), kind_of(y)
        if first.block or other.block or None in kinds:
            found = self.merged(x, y, first, other)
            self.emit(form.If(test, tuple(first.block), tuple(other.block)))
            return found
        return x if is_fixed(x) and is_fixed(y) and repr(x) == repr(y) else Choice(test, x, y, _joined(*kinds))

    def truth(self, node: ast.expr) -> Expression:
        """A condition: Python takes every number but 0 for true, nan too."""
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                terms = [self.value(x) for x in (left, *comparators)]
                terms[1:-1] = [self.kept(x) if isinstance(x, (Apply, Choice)) else x for x in terms[1:-1]]
                tests = [(lambda op=op, a=a, b=b: self.compared(op, a, b)) for op, a, b in zip(ops, terms, terms[1:])]
                return self.connected(tests, True)
            case ast.BoolOp(op=op, values=values):
                return self.connected([functools.partial(self.truth, x) for x in values], isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                x = self.truth(operand)
                return not x if isinstance(x, bool) else Apply(operator.not_, (x,), bool)
        x = self.value(node)
        return bool(x) if is_fixed(x) else x if kind_of(x) is bool else Apply(bool, (x,), bool)

    def connected(self, tests: Sequence[Callable[[], Expression]], conjunction: bool) -> Expression:
        test = tests[0]()
        if len(tests) == 1:
            return test
        others, known = functools.partial(self.connected, tests[1:], conjunction), lambda: not conjunction
        return self.either(test, others, known) if conjunction else self.either(test, known, others)

    def compared(self, op: ast.cmpop, x: Expression, y: Expression) -> Expression:
        f = _COMPARED.get(type(op))
        if f is not None and is_fixed(x) and is_fixed(y):
            return bool(f(x, y))
        if f in (None, operator.is_, operator.is_not) or None in (kind_of(x), kind_of(y)):
            raise self.beyond()
        return Apply(f, (x, y), bool)


def _put(variable: Variable, x: Expression, way: _Way) -> None:
    """Let the variable be `x` at the end of a piece."""
    if kind_of(x) is bool and variable.kind is not bool:
        x = variable.kind(x) if is_fixed(x) else Apply(float, (x,), float)
    if not isinstance(x, Variable) or x.name != variable.name:
        way.block.append(Assign((variable,), x))


def _joined(a: Any, b: Any) -> Any:
    """The kind of what is of one of two kinds."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        if not isinstance(a, tuple) or not isinstance(b, tuple) or len(a) != len(b):
            raise Untranslatable("it returns one number in one place and several in another")
        return tuple(map(_joined, a, b))
    return a if a is b else float if float in (a, b) else int
