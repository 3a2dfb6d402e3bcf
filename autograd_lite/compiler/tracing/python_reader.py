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
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from ...primitives import Primitive
from .python_form import (
    Append,
    Apply,
    Assign,
    Choice,
    Expression,
    Function,
    If,
    Leave,
    Raise,
    Return,
    Star,
    Statement,
    Try,
    Variable,
    While,
    is_fixed,
    kind_of,
    measured,
    pattern,
)  # fmt: skip
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
                found = _Reading(self, Names(f)).whole(args)
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
_BINARY = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Mod: operator.mod, ast.FloorDiv: operator.floordiv, ast.Pow: operator.pow,
}  # fmt: skip
_RESULTS: list[tuple[Any, tuple[Any, ...]]] = [
    (bool, (bool, math.isnan, math.isinf, math.isfinite, *_COMPARED.values(), operator.not_)),
    (int, (int, round, math.floor, math.ceil, math.trunc, math.factorial)),
    ((float, int), (math.frexp,)),
    ((float, float), (math.modf,)),
]
_FOLDS: dict[Any, tuple[float, Any]] = {math.prod: (1.0, operator.mul), sum: (0.0, operator.add)}
_OF_SEQUENCES = (range, len, enumerate, zip, reversed, tuple, list, sum)
_MOST = 1000  # turns of a loop that are written out one by one


@dataclass(frozen=True, slots=True)
class _Counted:
    """A range whose ends are no constants; with `each`, what is computed for each of its numbers."""

    start: Expression
    stop: Expression
    step: int
    each: Callable[[Expression], Expression] | None = None


class _Reading:
    """One function being read: what its names stand for, and the statements so far."""

    def __init__(self, reader: Reader, names: Names) -> None:
        self.reader = reader
        self.names = names
        self.error = names.error
        self.variables: dict[str, Expression] | None = {}  # None where nothing is run
        self.block: list[Statement] = []
        self.results: list[Any] = []
        self.loops: list[tuple[set[str], dict[str, Any]]] = []  # the names and kinds that a loop around this changes
        self.left = False  # by a `break`
        self.bounded = (names.f.__module__ or "").startswith(_PACKAGE)  # its ints are small
        self.count = 0
        body = ast.walk(names.definition)
        self.lists = {
            n.func.value.id
            for n in body
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "append"
            if isinstance(n.func.value, ast.Name)
        }

    def whole(self, args: Sequence[Any]) -> Function:
        definition = self.names.definition
        parameters = self._bind(definition.args, args)
        if isinstance(definition, ast.Lambda):
            self.give(self.value(definition.body))
        else:
            self.statements(definition.body)
            if self.variables is not None:
                raise self.error(definition, "it may return nothing")
        result = self.results[0] if self.results else float
        for other in self.results[1:]:
            result = _joined(result, other)
        body = tuple(self.block)
        size, loops = measured(body)
        return Function(tuple(parameters), body, result, size, loops)

    def _bind(self, given: ast.arguments, args: Sequence[Any]) -> list[Variable]:
        names = [arg.arg for arg in (*given.posonlyargs, *given.args)]
        if given.kwonlyargs or given.kwarg or given.defaults:
            raise self.error(self.names.definition, "its arguments have defaults or keywords")
        if len(args) < len(names) or (len(args) > len(names) and not given.vararg):
            raise self.error(self.names.definition, f"it takes {len(names)} arguments, not {len(args)}")
        found: list[Variable] = []

        def parameter(x: Any, name: str | None) -> Expression:
            if isinstance(x, tuple):
                return tuple(parameter(e, None) for e in x)
            if is_fixed(x):
                return x
            found.append(self.fresh(x.kind) if name is None else Variable(name, x.kind))
            return found[-1]

        assert self.variables is not None
        self.variables.update((name, parameter(x, name)) for name, x in zip(names, args))
        if given.vararg:
            self.variables[given.vararg.arg] = tuple(parameter(x, None) for x in args[len(names) :])
        return found

    def fresh(self, kind: Any) -> Variable:
        self.count += 1
        return self.fresh(kind) if f"t{self.count}" in self.names.locals else Variable(f"t{self.count}", kind)

    # ---- statements ----

    def statements(self, nodes: Sequence[ast.stmt]) -> None:
        for node in nodes:
            if self.variables is None:
                return
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Return(value=ast.expr() as value):
                self.give(self.value(value))
            case ast.Assign(targets=[target]):
                self.assign(target, self.value(node.value))
            case ast.AnnAssign(value=ast.expr() as value):
                self.assign(node.target, self.value(value))
            case ast.AugAssign(target=ast.Name(id=name)):
                load = ast.copy_location(ast.Name(name, ast.Load()), node)
                self.assign(node.target, self.value(ast.copy_location(ast.BinOp(load, node.op, node.value), node)))
            case ast.If():
                self.choice(node)
            case ast.While(orelse=[]):
                self.loop(node, lambda: self.truth(node.test), lambda: self.statements(node.body), assigned(node))
            case ast.For(orelse=[]):
                self.each(node)
            case ast.Try(handlers=[handler], orelse=[], finalbody=[]) if handler.name is None and handler.type:
                self.attempt(node, handler)
            case ast.Raise(exc=ast.Call(func=kind)) | ast.Raise(exc=ast.Name() as kind):
                self.end(Raise(self.names.known_object(kind)))
            case ast.Raise(exc=None):
                self.end(Raise(None))
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass  # docstrings
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value])) if (
                name in self.lists
            ):
                self.block.append(Append(Variable(name, list), self.value(value)))
            case ast.Break() | ast.Continue() if self.loops:
                self.settle()
                self.left |= isinstance(node, ast.Break)
                self.end(Leave(isinstance(node, ast.Break)))
            case _:
                raise self.error(node, f"the statement {ast.unparse(node).splitlines()[0]!r} goes beyond arithmetic")

    def end(self, statement: Statement) -> None:
        self.block.append(statement)
        self.variables = None

    def give(self, value: Expression) -> None:
        parts = value if isinstance(value, (tuple, list)) else [value]
        if None in map(kind_of, parts):
            raise self.error(self.names.definition, "it returns what is no number")
        kinds = tuple(map(kind_of, parts))
        self.results.append(kinds if isinstance(value, (tuple, list)) else kinds[0])
        self.end(Return(tuple(value) if isinstance(value, list) else value))

    def assign(self, target: ast.expr, value: Expression) -> None:
        match target:
            case ast.Name(id=name) if name in self.lists:
                if not isinstance(value, list):
                    raise self.error(target, f"{name} is a list in one place, and something else here")
                self.set(Variable(name, list), tuple(value))
            case ast.Name(id=name) if kind_of(value) is None or is_fixed(value):
                self.variables[name] = self.kept(value)  # type: ignore[index]
            case ast.Name(id=name):
                self.set(Variable(name, kind_of(value)), value)
            case ast.Tuple(elts=elements) | ast.List(elts=elements) if isinstance(value, (tuple, list)):
                parts = self.kept(value)
                starred = next((i for i, e in enumerate(elements) if isinstance(e, ast.Starred)), None)
                if starred is not None:
                    end = starred + len(parts) - len(elements) + 1
                    parts = [*parts[:starred], list(parts[starred:end]), *parts[end:]]
                for element, x in zip(elements, parts, strict=True):
                    self.assign(element.value if isinstance(element, ast.Starred) else element, x)
            case _:
                raise self.error(target, f"{ast.unparse(target)} is assigned to")

    def set(self, variable: Variable, value: Expression) -> Variable:
        self.block.append(Assign((variable,), value))
        self.variables[variable.name] = variable  # type: ignore[index]
        return variable

    def kept(self, value: Expression) -> Expression:
        """A value that does not change with the variables that it is made of now."""
        if isinstance(value, (tuple, list)):
            return type(value)(map(self.kept, value))
        if is_fixed(value) or (isinstance(value, Variable) and value.name not in self.names.locals):
            return value
        variable = self.fresh(kind_of(value))
        self.block.append(Assign((variable,), value))
        return variable

    def apart(self, run: Callable[[], Any]) -> tuple[Any, list[Statement], dict[str, Expression] | None]:
        """What `run` gives, its statements, and the variables after it."""
        block, variables = self.block, self.variables
        self.block, self.variables = [], dict(variables or {})
        found = run()
        made, self.block = self.block, block
        after, self.variables = self.variables, variables
        return found, made, after

    def choice(self, node: ast.If) -> None:
        test = self.truth(node.test)
        if isinstance(test, bool):
            self.statements(node.body if test else node.orelse)
            return
        _, first, a = self.apart(lambda: self.statements(node.body))
        _, other, b = self.apart(lambda: self.statements(node.orelse))
        self.variables = self.meet(a, b, first, other, node)
        self.block.append(If(test, tuple(first), tuple(other)))

    def meet(
        self,
        a: dict[str, Expression] | None,
        b: dict[str, Expression] | None,
        first: list[Statement],
        other: list[Statement],
        node: ast.AST,
    ) -> dict[str, Expression] | None:
        """The variables where two ways meet; one that has ended has no say."""
        if a is None or b is None:
            return b if a is None else a
        return {
            name: self.merged(a[name], b[name], first, other, node, name)
            if name in a and name in b
            else a.get(name, b.get(name))
            for name in {**a, **b}
        }

    def merged(
        self,
        a: Expression,
        b: Expression,
        first: list[Statement],
        other: list[Statement],
        node: ast.AST,
        name: str | None = None,
    ) -> Expression:
        """What is `a` after the statements `first`, and `b` after `other`."""
        if a is b or (type(a) is type(b) and repr(a) == repr(b)):
            return a
        if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)) and len(a) == len(b):
            return type(a)([self.merged(x, y, first, other, node) for x, y in zip(a, b)])
        kinds = kind_of(a), kind_of(b)
        if None in kinds or list in kinds:
            raise self.error(node, "what is no number depends on a number")
        kind = _joined(*kinds)
        variable = self.fresh(kind) if name is None else Variable(name, kind)
        for x, block in ((a, first), (b, other)):
            self._convert(variable, x, block)
        return variable

    def _convert(self, variable: Variable, x: Expression, block: list[Statement]) -> None:
        if kind_of(x) is bool is not variable.kind:
            x = variable.kind(x) if is_fixed(x) else Apply(float, (x,), float)
        if not isinstance(x, Variable) or x.name != variable.name:
            block.append(Assign((variable,), x))

    def attempt(self, node: ast.Try, handler: ast.ExceptHandler) -> None:
        assert handler.type is not None
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        catches = tuple(self.names.known_object(kind) for kind in kinds)
        _, body, a = self.apart(lambda: self.statements(node.body))
        lost = assigned(ast.Module(node.body, []))

        def handle() -> None:
            self.variables = {name: x for name, x in (self.variables or {}).items() if name not in lost}
            self.statements(handler.body)

        _, other, b = self.apart(handle)
        if a is not None and b is not None:  # what the body may or may not have changed has no value
            a = {name: x for name, x in a.items() if name in b or name not in lost}
        self.variables = self.meet(a, b, body, other, node)
        self.block.append(Try(tuple(body), catches, tuple(other)))

    # ---- loops ----

    def each(self, node: ast.For) -> None:
        items = self.value(node.iter)
        if isinstance(items, range) and (
            len(items) > _MOST or any(isinstance(n, (ast.Break, ast.Continue)) for n in ast.walk(node))
        ):
            items = _Counted(items.start, items.stop, items.step)
        if isinstance(items, _Counted):
            counter = self.fresh(int)

            def body() -> None:
                k = self.fresh(int)
                self.block.append(Assign((k,), counter))
                self.block.append(Assign((counter,), Apply(operator.add, (counter, items.step), int)))
                self.assign(node.target, k if items.each is None else items.each(k))
                self.statements(node.body)

            self.block.append(Assign((counter,), items.start))
            self.loop(node, lambda: _counts(counter, items), body, assigned(node))
            return
        if not isinstance(items, (tuple, list, range)) or len(items) > _MOST:
            raise self.error(node, "a loop over a sequence that is long, or no sequence")
        if any(isinstance(n, (ast.Break, ast.Continue)) for n in ast.walk(node)):
            raise self.error(node, "a loop over a sequence that is left in the middle")
        for item in items if isinstance(items, range) else self.kept(items):
            if self.variables is not None:
                self.assign(node.target, item)
                self.statements(node.body)

    def loop(self, node: ast.AST, test: Callable[[], Expression], body: Callable[[], None], names: set[str]) -> None:
        """Run `body` while `test` is so. What it changes is a variable from before it; its kind may have to widen."""
        assert self.variables is not None
        changed = sorted(names & set(self.variables))
        kinds = {name: kind_of(self.variables[name]) for name in changed}
        if None in kinds.values():
            raise self.error(node, "what is no number changes in a loop")
        while True:
            for name in changed:
                self._convert(Variable(name, kinds[name]), self.variables[name], self.block)
                self.variables[name] = Variable(name, kinds[name])
            left, self.left = self.left, False
            self.loops.append((set(changed), dict(kinds)))
            holds, before, _ = self.apart(test)
            block = self.apart(lambda: self.turn(body))[1]
            if before:
                block = [*before, If(holds, (), (Leave(True),)), *block]
            found = self.loops.pop()[1]
            forever = holds is True and not self.left
            self.left = left
            if found == kinds:
                break
            kinds = found
        self.block.append(While(True if before else holds, tuple(block)))
        if forever:
            self.variables = None

    def turn(self, body: Callable[[], None]) -> None:
        body()
        if self.variables is not None:
            self.settle()

    def settle(self) -> None:
        """What the loop changes is in its variables."""
        names, kinds = self.loops[-1]
        for name in sorted(names):
            x = self.variables[name]  # type: ignore[index]
            if kind_of(x) is None:
                raise self.error(self.names.definition, f"{name} changes in a loop and is no number")
            kinds[name] = _joined(kinds[name], kind_of(x))
            self._convert(Variable(name, kinds[name]), x, self.block)

    def folded(self, items: _Counted, start: float, f: Any, node: ast.AST) -> Expression:
        """A sum or product over a counted range."""
        counter, total = self.fresh(int), self.fresh(float)
        self.block += [Assign((counter,), items.start), Assign((total,), start)]

        def body() -> None:
            x = counter if items.each is None else items.each(counter)
            self.block.append(Assign((total,), Apply(f, (total, x), float)))
            self.block.append(Assign((counter,), Apply(operator.add, (counter, items.step), int)))

        self.loop(node, lambda: _counts(counter, items), body, set())
        return total

    # ---- expressions ----

    def value(self, node: ast.expr) -> Expression:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name) if name in self.names.locals:
                if name not in self.variables:  # type: ignore[operator]
                    raise self.error(node, f"{name} may have no value")
                return self.variables[name]  # type: ignore[index]
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
                return self.binary(_BINARY.get(type(op)), self.value(left), self.value(right), node)
            case ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.BoolOp():
                return self.truth(node)
            case ast.IfExp():
                test = self.truth(node.test)
                return self.either(test, lambda: self.value(node.body), lambda: self.value(node.orelse), node)
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
                items = self.value(value)
                if is_fixed(ends) and isinstance(items, (tuple, list)):
                    return items[ends[0] : ends[1]]
            case ast.Subscript(value=value, slice=index):
                return self.item(self.value(value), self.value(index), node)
            case ast.Call(func=function, args=args, keywords=keywords) if all(k.arg == "strict" for k in keywords):
                return self.called(function, self.elements(args), node)
        raise self.error(node, f"the expression {ast.unparse(node)!r} goes beyond arithmetic")

    def elements(self, nodes: Sequence[ast.expr]) -> list[Expression]:
        found: list[Expression] = []
        for node in nodes:
            x = self.value(node.value if isinstance(node, ast.Starred) else node)
            if not isinstance(node, ast.Starred):
                found.append(x)
            elif isinstance(x, Variable):
                found.append(Star(x))
            else:
                found.extend(self.static(x, node))
        return found

    def static(self, x: Expression, node: ast.AST) -> Any:
        """What has to be known when the function is read, though its parts need not."""
        if isinstance(x, (Variable, Apply, Choice, _Counted)):
            raise self.error(node, "it depends on a number where a constant is needed")
        return x

    def item(self, items: Expression, index: Expression, node: ast.AST) -> Expression:
        if is_fixed(index) and isinstance(items, (tuple, list, range)):
            return items[index]
        if isinstance(items, (tuple, list)) and not self.bounded:  # it may be out of range
            raise self.error(node, "a place in a sequence depends on a number")
        return Apply(operator.getitem, (tuple(items) if isinstance(items, (list, range)) else items, index), float)

    def comprehension(self, elt: ast.expr, each: ast.comprehension) -> Any:
        items = self.value(each.iter)

        def one(item: Expression) -> Expression:
            before = self.variables
            self.variables = dict(before or {})
            self.bind(each.target, self.kept(item))
            found = self.value(elt)
            self.variables = before
            return found

        if isinstance(items, _Counted):
            if items.each is not None:
                raise self.error(elt, "a sequence of a length that depends on a number")
            return _Counted(items.start, items.stop, items.step, one)
        return [one(item) for item in self.static(items, elt)]

    def bind(self, target: ast.expr, item: Expression) -> None:
        """Let a name of a comprehension stand for an element."""
        if isinstance(target, ast.Name):
            self.variables[target.id] = item  # type: ignore[index]
        elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(item, (tuple, list)):
            for element, x in zip(target.elts, item, strict=True):
                self.bind(element, x)
        else:
            raise self.error(target, f"{ast.unparse(target)} is assigned to")

    def called(self, function: ast.expr, args: list[Expression], node: ast.Call) -> Expression:
        if isinstance(function, ast.Name) and function.id in self.names.locals and not is_fixed(self.value(function)):
            raise self.error(function, f"it calls {function.id}, which it was given")
        f = self.value(function)
        if isinstance(f, functools.partial) and not f.keywords:
            f, args = f.func, [*f.args, *args]
        if not callable(f):
            raise self.error(node, f"it calls {ast.unparse(function)}")
        counted = next((x for x in args if isinstance(x, _Counted)), None)
        if counted is not None:
            if f not in _FOLDS or len(args) != 1:
                raise self.error(node, "a sequence of a length that depends on a number")
            return self.folded(counted, *_FOLDS[f], node)
        if f is type and len(args) == 1:
            return kind_of(args[0]) or type(args[0])
        if f is range and not is_fixed(args):
            start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
            return _Counted(start, stop, self.static(step, node))
        if f in _OF_SEQUENCES and not any(kind_of(x) is list for x in args):
            return self.of_sequence(f, args, node)
        if f in (max, min):
            args = list(self.static(args[0], node)) if len(args) == 1 else args
            if is_fixed(args) or len(args) == 1:
                return f(args) if is_fixed(args) else args[0]
        return self.applied(f, args)

    def of_sequence(self, f: Any, args: list[Expression], node: ast.AST) -> Expression:
        for x in args:
            self.static(x, node)
        if f is sum:
            return functools.reduce(lambda a, b: self.binary(operator.add, a, b, node), args[0], 0)
        return f(*args) if f in (len, range) else list(f(*args))

    def applied(self, f: Any, args: Sequence[Expression]) -> Expression:
        args = tuple(tuple(x) if isinstance(x, list) else x for x in args)
        kind = self.reader.result(f, args)
        if not isinstance(kind, tuple):
            return Apply(f, args, kind)
        parts = tuple(map(self.fresh, kind))
        self.block.append(Assign(parts, Apply(f, args, kind)))
        return parts

    def binary(self, f: Any, a: Expression, b: Expression, node: ast.AST) -> Expression:
        if f is None:
            raise self.error(node, f"the operator of {ast.unparse(node)!r} goes beyond arithmetic")
        if is_fixed(a) and is_fixed(b):
            try:
                return f(a, b)
            except (ArithmeticError, ValueError, TypeError) as error:
                raise self.error(node, f"{ast.unparse(node)} raises {error!r}") from None
        if f is operator.add and isinstance(a, (tuple, list)) and type(a) is type(b):
            return a + b
        kinds = kind_of(a), kind_of(b)
        if None in kinds or list in kinds:
            raise self.error(node, f"the expression {ast.unparse(node)!r} goes beyond arithmetic")
        whole = float not in kinds and f is not operator.truediv
        if whole and f is not operator.mod and not self.bounded:
            raise self.error(node, f"{ast.unparse(node)} is an int of any size")
        return Apply(f, (a, b), int if whole else float)

    def either(
        self, test: Expression, yes: Callable[[], Expression], no: Callable[[], Expression], node: ast.AST
    ) -> Expression:
        """What `yes` gives where the test holds, else what `no` gives."""
        if isinstance(test, bool):
            return yes() if test else no()
        x, first, _ = self.apart(yes)
        y, other, _ = self.apart(no)
        kinds = kind_of(x), kind_of(y)
        if not first and not other and None not in kinds:
            return x if is_fixed(x) and is_fixed(y) and repr(x) == repr(y) else Choice(test, x, y, _joined(*kinds))
        found = self.merged(x, y, first, other, node)
        self.block.append(If(test, tuple(first), tuple(other)))
        return found

    def truth(self, node: ast.expr) -> Expression:
        """A condition: Python takes every number but 0 for true, nan too."""
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                terms = [self.value(x) for x in (left, *comparators)]
                terms[1:-1] = [self.kept(x) if isinstance(x, (Apply, Choice)) else x for x in terms[1:-1]]
                pairs = [self.compared(op, a, b, node) for op, a, b in zip(ops, terms, terms[1:])]
                return functools.reduce(lambda b, a: _both(a, b), reversed(pairs))
            case ast.BoolOp(op=ast.And(), values=values):
                return self.connected(values, True)
            case ast.BoolOp(values=values):
                return self.connected(values, False)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                x = self.truth(operand)
                return not x if isinstance(x, bool) else Apply(operator.not_, (x,), bool)
        x = self.value(node)
        return bool(x) if is_fixed(x) else x if kind_of(x) is bool else Apply(bool, (x,), bool)

    def connected(self, values: Sequence[ast.expr], conjunction: bool) -> Expression:
        first, *rest = values
        test = self.truth(first)
        if not rest:
            return test
        others = lambda: self.connected(rest, conjunction)
        if conjunction:
            return self.either(test, others, lambda: False, first)
        return self.either(test, lambda: True, others, first)

    def compared(self, op: ast.cmpop, x: Expression, y: Expression, node: ast.AST) -> Expression:
        f = _COMPARED.get(type(op))
        if f is not None and is_fixed(x) and is_fixed(y):
            return bool(f(x, y))
        if f in (None, operator.is_, operator.is_not) or None in (kind_of(x), kind_of(y)):
            raise self.error(node, f"the comparison {ast.unparse(node)!r} goes beyond arithmetic")
        return Apply(f, (x, y), bool)


def _both(a: Expression, b: Expression) -> Expression:
    if isinstance(a, bool):
        return b if a else False
    return a if b is True else Choice(a, b, False, bool)


def _counts(counter: Variable, items: _Counted) -> Expression:
    return Apply(operator.lt if items.step > 0 else operator.gt, (counter, items.stop), bool)


def _joined(a: Any, b: Any) -> Any:
    """The kind of what is of one of two kinds."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        if not isinstance(a, tuple) or not isinstance(b, tuple) or len(a) != len(b):
            raise Untranslatable("it returns one number in one place and several in another")
        return tuple(map(_joined, a, b))
    return a if a is b else float if float in (a, b) else int
