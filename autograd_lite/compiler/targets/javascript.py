"""A program as JavaScript, and the rows that it uses, translated from their own Python.

An instruction is a statement; a row is a function, whose value is translated from the source of the table's own Python
function: an expression or a short body of arithmetic, conditions and loops. What that calls in turn is translated too,
down to the names that `python.js` defines. So no formula is written a second time, in this language either.
Imports the program and the table; `python_source` reads a function's definition.
"""

from __future__ import annotations

import ast
import functools
import json
import operator
import re
from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any

from ... import primitives
from ...primitives import Primitive
from ..program import Operand, Operation, Program
from ..tracing.python_source import Names, Untranslatable, assigned

_CHUNK = 1000  # statements in a function: what an engine still compiles at once
# Where JavaScript's operators are IEEE 754's own, by the row's value.
_INFIX: dict[Any, str] = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/"}


def emit(program: Program) -> str:
    """A JavaScript expression: a function from the inputs to the outputs, both arrays of numbers.

    Untranslatable, with the reason, if a row's value cannot be translated.

    >>> from autograd_lite.compiler import Builder
    >>> builder = Builder()
    >>> x, y = builder.input("x"), builder.input("y")
    >>> lines = emit(builder.program([primitives.sigmoid(x * y)])).splitlines()
    >>> [line.strip() for line in lines if line.startswith("  v[")]
    ['v[2] = v[0] * v[1];', 'v[3] = $sigmoid(v[2]);']
    """
    translator = Translator()
    count = len(program.inputs)
    statements = [
        f"v[{index}] = {translator.call(op, [_operand(x) for x in operands])};"
        for index, (op, operands, _) in enumerate(program.instructions, count)
    ]
    size = count + len(statements)
    constants = {x.hex(): x for x in program.outputs if isinstance(x, float)}
    places = {text: size + i for i, text in enumerate(constants)}
    outputs = [places[x.hex()] if isinstance(x, float) else x for x in program.outputs]
    chunks = [statements[i : i + _CHUNK] for i in range(0, len(statements), _CHUNK)]
    return "\n".join(
        [
            "(() => {",
            runtime(),
            *translator.functions,
            f"const v = new Float64Array({size + len(places)});",
            *[f"v[{places[text]}] = {number(x)};" for text, x in constants.items()],
            "const steps = [",
            *["() => {\n  " + "\n  ".join(chunk) + "\n}," for chunk in chunks],
            "];",
            f"const outputs = {outputs};",
            "return (inputs) => {",
            "  v.set(inputs);",
            "  for (const step of steps) step();",
            "  return Float64Array.from(outputs, (i) => v[i]);",
            "};",
            "})()",
        ]
    )


@functools.cache
def runtime() -> str:
    """The text of `python.js`."""
    from importlib import resources

    return resources.files(__package__).joinpath("python.js").read_text(encoding="utf-8")


@functools.cache
def _provided() -> frozenset[str]:
    """The names that `python.js` defines."""
    text = runtime()
    names = re.findall(r"^(\w+\.\w+) = ", text, re.MULTILINE)
    listed = re.search(r"for \(const name of \[(.*?)\]\)", text, re.DOTALL)
    assert listed is not None
    return frozenset([*names, *(f"math.{name}" for name in re.findall(r'"(\w+)"', listed[1]))])


def number(x: float) -> str:
    """A number in JavaScript.

    >>> number(0.1), number(-0.0), number(float("-inf")), number(3)
    ('0.1', '-0', '-Infinity', '3')
    """
    if x != x:
        return "NaN"
    if x in (float("inf"), -float("inf")):
        return "Infinity" if x > 0 else "-Infinity"
    return repr(x).removesuffix(".0")


def _operand(operand: Operand) -> str:
    return f"v[{operand}]" if isinstance(operand, int) else number(operand)


class Translator:
    """Collects in `functions` the JavaScript of rows and of what they call, each once and after what it needs."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self._names: dict[Any, str] = {}

    def call(self, op: Operation, args: Sequence[str]) -> str:
        """The row applied to arguments that are JavaScript expressions without operators."""
        if not isinstance(op, Primitive):
            raise Untranslatable("a program with loops is not written in JavaScript: give its steps one by one")
        sign = _INFIX.get(op.value)
        if sign is not None:
            return f"{args[0]} {sign} {args[1]}"  # - -1 has its space
        return f"{self.row(op)}({', '.join(args)})"

    def row(self, op: Primitive) -> str:
        """The name of a row's function."""
        if op not in self._names:
            name = self._names[op] = (
                "$"
                + re.sub(r"\W", "_", op.name, flags=re.ASCII)
                + ("" if _is_of_the_table(op) else f"_{len(self._names)}")
            )
            value, ieee = self.function(op.value), self.function(op.ieee)
            self.functions.append(f"const {name} = row({value}, {ieee});")
        return self._names[op]

    def function(self, f: Any) -> str:
        """The name of a function's JavaScript: the runtime's, or one translated from its source."""
        if isinstance(f, Primitive):
            return self.row(f)
        if isinstance(f, functools.partial) and not f.keywords:
            bound = ", ".join(self.function(x) if callable(x) else self.literal(x, repr(f)) for x in f.args)
            return f"((...args) => {self.function(f.func)}({bound}, ...args))"
        name = _qualified(f)
        if name in _provided():
            return name
        if not isinstance(f, FunctionType):
            raise Untranslatable(f"{name} has no counterpart in JavaScript")
        if f not in self._names:
            plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
            taken = plain in self._names.values()
            self._names[f] = f"{plain}_{len(self._names)}" if taken else plain
            text = _Function(self, f).text(self._names[f])
            self.functions.append(text)
        return self._names[f]

    def literal(self, x: Any, where: str) -> str:
        """A number, a name, or a tuple of them."""
        if isinstance(x, (float, int)):
            return f"({number(x)})" if x < 0 else number(x)
        if isinstance(x, str):  # a name, for messages
            return json.dumps(x).replace("<", "\\u003c")
        if isinstance(x, (tuple, list)):
            return f"[{', '.join(_bare(self.literal(e, where)) for e in x)}]"
        raise Untranslatable(f"{where}: {type(x).__name__} is not a number")


def _is_of_the_table(op: Primitive) -> bool:
    return primitives.table.get(op.name) is op


def _qualified(f: Any) -> str:
    """``math.sin``, ``special.sigmoid``: the last part of the module's name, and the function's."""
    module = getattr(f, "__module__", None) or "?"
    ours = isinstance(f, FunctionType)
    if ours and not module.startswith(__name__.split(".")[0] + "."):
        module = "user"  # must not be taken for one of the runtime's
    return f"{module.rsplit('.')[-1].lstrip('_')}.{getattr(f, '__qualname__', repr(f))}"


# ---- one function ----------------------------------------------------------------------------------------------------

_COMPARISONS = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "===", ast.NotEq: "!==",
}  # fmt: skip
_PLAIN = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_CALLED = {
    ast.Div: "operator.truediv",
    ast.Mod: "operator.mod",
    ast.FloorDiv: "operator.floordiv",
    ast.Pow: "operator.pow",
}
# Words of JavaScript's; in the last line, what translated code itself calls.
_RESERVED = """await break case catch class const continue debugger default delete do else enum export extends false
finally for function if implements import in instanceof interface let new null package private protected public return
static super switch this throw true try typeof var void while with yield arguments eval NaN Infinity undefined
math operator builtins special rounding value derivatives raise raised error"""


class _Function(Names):
    """The translation of one Python function: its names are its own, a closure's, its module's, or a builtin."""

    def __init__(self, translator: Translator, f: FunctionType) -> None:
        super().__init__(f)
        self.translator = translator

    def text(self, name: str) -> str:
        args = self.definition.args
        if args.kwonlyargs or args.kwarg or args.defaults:
            raise self.error(self.definition, "its arguments have defaults or keywords")
        names = [_local(arg.arg) for arg in (*args.posonlyargs, *args.args)]
        if args.vararg:
            names.append(f"...{_local(args.vararg.arg)}")
        if isinstance(self.definition, ast.Lambda):
            body = [f"  return {self.whole(self.definition.body)};"]
        else:
            body = self.block(self.definition.body, "  ")
            own = sorted(assigned(self.definition) - {a.arg for a in args.args})
            if own:
                body.insert(0, f"  let {', '.join(map(_local, own))};")
        return "\n".join([f"function {name}({', '.join(names)}) {{", *body, "}"])

    # ---- statements ----

    def block(self, statements: Sequence[ast.stmt], indent: str) -> list[str]:
        return [line for statement in statements for line in self.statement(statement, indent)]

    def statement(self, node: ast.stmt, indent: str) -> Iterator[str]:
        inner = indent + "  "
        match node:
            case ast.Return(value=ast.expr() as value):
                yield f"{indent}return {self.whole(value)};"
            case ast.Assign(targets=[target]):
                yield f"{indent}{self.target(target)} = {self.whole(node.value)};"
            case ast.AnnAssign(value=ast.expr() as value):
                yield f"{indent}{self.target(node.target)} = {self.whole(value)};"
            case ast.AugAssign():
                changed = ast.copy_location(ast.BinOp(_loaded(node.target), node.op, node.value), node)
                yield f"{indent}{self.target(node.target)} = {self.whole(changed)};"
            case ast.If():
                yield f"{indent}if ({self.truth(node.test)}) {{"
                yield from self.block(node.body, inner)
                if node.orelse:
                    yield f"{indent}}} else {{"
                    yield from self.block(node.orelse, inner)
                yield indent + "}"
            case ast.While(orelse=[]):
                yield f"{indent}while ({self.truth(node.test)}) {{"
                yield from self.block(node.body, inner)
                yield indent + "}"
            case ast.For(orelse=[]):
                yield f"{indent}for ({self.target(node.target)} of {self.whole(node.iter)}) {{"
                yield from self.block(node.body, inner)
                yield indent + "}"
            case ast.Try(handlers=[handler], orelse=[], finalbody=[]) if handler.name is None:
                kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
                names = ", ".join(f'"{ast.unparse(kind)}"' for kind in kinds if kind is not None)
                yield indent + "try {"
                yield from self.block(node.body, inner)
                yield f"{indent}}} catch (error) {{"
                yield f"{inner}if (!raised(error, {names})) throw error;"
                yield from self.block(handler.body, inner)
                yield indent + "}"
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name))) | ast.Raise(exc=ast.Name(id=name)):
                yield f'{indent}raise("{name}");'
            case ast.Expr(value=ast.Constant()) | ast.ImportFrom() | ast.Pass():
                pass  # docstrings; what an import names is looked up where it is used
            case ast.Expr(value=ast.Call() as call):
                yield f"{indent}{self.expression(call)};"
            case ast.Break() | ast.Continue():
                yield indent + ("break;" if isinstance(node, ast.Break) else "continue;")
            case _:
                raise self.error(node, f"the statement {ast.unparse(node).splitlines()[0]!r} goes beyond arithmetic")

    def target(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return _local(name)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return f"[{', '.join(map(self.target, elements))}]"
        raise self.error(node, f"{ast.unparse(node)} is assigned to")

    # ---- expressions ----

    def expression(self, node: ast.expr) -> str:
        """An expression in JavaScript, in parentheses where it has an operator."""
        match node:
            case ast.Constant(value=float() | int() as value):
                return self.translator.literal(value, "")
            case ast.Name(id=name) if name in self.locals:
                return _local(name)
            case ast.Name() | ast.Attribute():
                return self.global_(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self.expression(operand)})"
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.expression(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _PLAIN:
                return f"({self.expression(left)} {_PLAIN[type(op)]} {self.expression(right)})"
            case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=divisor)) if divisor:
                return f"({self.expression(left)} / {self.translator.literal(divisor, '')})"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _CALLED:
                return f"{_CALLED[type(op)]}({self.whole(left)}, {self.whole(right)})"
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                return f"({self.truth(node)} ? 1 : 0)"
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return f"({self.truth(test)} ? {self.expression(body)} : {self.expression(orelse)})"
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return f"[{', '.join(map(self.whole, elements))}]"
            case ast.Starred(value=value):
                return f"...{self.expression(value)}"
            case ast.ListComp(elt=elt, generators=[each]) | ast.GeneratorExp(elt=elt, generators=[each]) if (
                not each.ifs
            ):
                return f"Array.from({self.whole(each.iter)}, ({self.target(each.target)}) => {self.expression(elt)})"
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                ends = f"{self.expression(lower) if lower else 0}, {self.expression(upper) if upper else 'undefined'}"
                return f"{self.expression(value)}.slice({ends})"
            case ast.Subscript(value=value, slice=index):
                return f"{self.expression(value)}.at({self.whole(index)})"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[arg]) if (
                name in self.locals
            ):
                return f"{_local(name)}.push({self.whole(arg)})"
            case ast.Call(func=function, args=args, keywords=keywords) if all(k.arg == "strict" for k in keywords):
                return f"{self.callee(function)}({', '.join(map(self.whole, args))})"
        raise self.error(node, f"the expression {ast.unparse(node)!r} goes beyond arithmetic")

    def whole(self, node: ast.expr) -> str:
        """An expression that stands alone."""
        return _bare(self.expression(node))

    def truth(self, node: ast.expr) -> str:
        """A condition: Python takes every number but 0 for true, nan too."""
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators) if all(
                type(op) in _COMPARISONS for op in ops
            ):
                terms = [self.expression(x) for x in (left, *comparators)]
                pairs = [f"{a} {_COMPARISONS[type(op)]} {b}" for a, op, b in zip(terms, ops, terms[1:])]
                return pairs[0] if len(pairs) == 1 else f"({' && '.join(pairs)})"
            case ast.BoolOp(op=op, values=values):
                return f"({(' && ' if isinstance(op, ast.And) else ' || ').join(map(self.truth, values))})"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"!({self.truth(operand)})"
            case ast.Call(func=ast.Attribute(attr="isnan" | "isinf" | "isfinite")):
                return self.expression(node)
        return f"{self.expression(node)} !== 0"

    def callee(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name) and node.id in self.locals:
            raise self.error(node, f"it calls {node.id}, which it was given")
        return self.translator.function(self.known_object(node))

    def global_(self, node: ast.expr) -> str:
        found = self.known_object(node)
        if callable(found):
            return self.translator.function(found)
        return self.translator.literal(found, str(self.error(node, ast.unparse(node))))


def _bare(text: str) -> str:
    """Without the parentheses around all of it."""
    depth = 0
    for at, character in enumerate(text):  # of no string: there are none in arithmetic
        depth += (character == "(") - (character == ")")
        if depth == 0 and at < len(text) - 1:
            return text
    return text[1:-1] if text.startswith("(") else text


def _loaded(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _local(name: str) -> str:
    return name + "_" if name in _RESERVED.split() else name
