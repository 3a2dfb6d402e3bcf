"""A program as JavaScript, and the rows that it uses, translated from their own Python.

An instruction is a statement; a row is a function, whose value is the table's own Python function, read by
`python_reader` and printed here. What that calls in turn is printed too, down to the names that `python.js` defines. So
no formula is written a second time, in this language either.
"""

from __future__ import annotations

import functools
import json
import math
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import Any

from ... import primitives
from ...primitives import Primitive
from ..program import Operand, Operation, Program
from ..tracing import python_form as form
from ..tracing.python_form import Apply, Choice, Expression, Function, Variable, leaves, nodes, pattern
from ..tracing.python_reader import Reader
from ..tracing.python_source import Untranslatable

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
        self._reader = Reader()
        self._names: dict[Any, str] = {}

    def call(self, op: Operation, args: Sequence[str]) -> str:
        """The row applied to arguments that are JavaScript expressions without operators."""
        if not isinstance(op, Primitive):
            raise Untranslatable("a program with loops is not written in JavaScript: give its steps one by one")
        sign = _INFIX.get(op.value)
        if sign is not None:
            return f"{args[0]} {sign} {args[1]}"  # - -1 has its space
        return f"{self.row(op, len(args))}({', '.join(args)})"

    def row(self, op: Primitive, arity: int) -> str:
        """The name of a row's function of so many arguments."""
        key = op, arity
        if key not in self._names:
            taken = primitives.table.get(op.name) is not op or len(op.arities) != 1
            plain = "$" + re.sub(r"\W", "_", op.name, flags=re.ASCII)
            self._names[key] = f"{plain}_{len(self._names)}" if taken else plain
            kinds = [Variable("", kind) for kind in op.arg_types or (float,) * arity]
            value, ieee = (self.function(f, kinds) for f in (op.value, op.ieee))
            self.functions.append(f"const {self._names[key]} = row({value}, {ieee});")
        return self._names[key]

    def applied(self, f: Any, args: Sequence[Expression], text: Callable[[Expression], str]) -> str:
        """The call of a function, with what writes an argument."""
        patterns = [pattern(x) for x in args]
        name = self.function(f, patterns)
        read = isinstance(f, FunctionType) and name not in _provided()
        given = leaves(args, patterns) if read else args
        return f"{name}({', '.join(self.passed(x, patterns) if callable(x) else text(x) for x in given)})"

    def passed(self, x: Any, patterns: Sequence[Any]) -> str:
        """What a function of the runtime's is given: a function is one of those arguments that are numbers."""
        if callable(x):
            return self.function(x, [kind for kind in patterns if isinstance(kind, Variable)])
        return self.fixed(x)

    def function(self, f: Any, patterns: Sequence[Any] = ()) -> str:
        """A function in JavaScript: the runtime's, or one that is read for those arguments, of those not fixed."""
        if isinstance(f, Primitive):
            return self.row(f, len(patterns))
        if isinstance(f, functools.partial) and not f.keywords:
            bound = [*f.args, *patterns]
            name = self.function(f.func, bound)
            if name not in _provided():
                return name
            return f"((...args) => {name}({', '.join(self.passed(x, patterns) for x in f.args)}, ...args))"
        name = _qualified(f)
        if name in _provided():
            return name
        if not isinstance(f, FunctionType):
            raise Untranslatable(f"{name} has no counterpart in JavaScript")
        function = self._reader.read(f, patterns)
        if function not in self._names:
            plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
            taken = plain in self._names.values()
            self._names[function] = f"{plain}_{len(self._names)}" if taken else plain
            self.functions.append(_Printer(self, function).text(self._names[function]))
        return self._names[function]

    def fixed(self, x: Any) -> str:
        """A number, a name, or a tuple of them."""
        if isinstance(x, (float, int)):
            return f"({number(x)})" if x < 0 else number(x)
        if isinstance(x, str):  # a name, for messages
            return json.dumps(x).replace("<", "\\u003c")
        if isinstance(x, (tuple, list)):
            return f"[{', '.join(_bare(self.fixed(e)) for e in x)}]"
        raise Untranslatable(f"{x!r} is not a number")


def _qualified(f: Any) -> str:
    """``math.sin``, ``special.sigmoid``: the last part of the module's name, and the function's."""
    module = getattr(f, "__module__", None) or "?"
    ours = isinstance(f, FunctionType)
    if ours and not module.startswith(__name__.split(".")[0] + "."):
        module = "user"  # must not be taken for one of the runtime's
    return f"{module.rsplit('.')[-1].lstrip('_')}.{getattr(f, '__qualname__', repr(f))}"


# ---- one function ----------------------------------------------------------------------------------------------------

_COMPARISONS = {
    operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "===", operator.ne: "!==",
}  # fmt: skip
_PLAIN = {operator.add: "+", operator.sub: "-", operator.mul: "*"}
_TESTS = (math.isnan, math.isinf, math.isfinite)  # what gives a truth of JavaScript's
# Words of JavaScript's; in the last line, what translated code itself calls.
_RESERVED = frozenset(
    """await break case catch class const continue debugger default delete do else enum export extends false finally for
    function if implements import in instanceof interface let new null package private protected public return static
    super switch this throw true try typeof var void while with yield arguments eval NaN Infinity undefined
    math operator builtins special rounding value derivatives raise raised error""".split()  # noqa: SIM905
)


class _Printer:
    """The text of one function. A truth in a variable, or returned, is 1 or 0."""

    def __init__(self, translator: Translator, function: Function) -> None:
        self.translator = translator
        self.function = function

    def text(self, name: str) -> str:
        parameters = [_local(x.name) for x in self.function.parameters]
        assigned = {x.name for node in nodes(self.function.body) if isinstance(node, form.Assign) for x in node.targets}
        own = sorted({_local(x) for x in assigned} - {*parameters})
        lines = [f"function {name}({', '.join(parameters)}) {{", *([f"  let {', '.join(own)};"] if own else [])]
        return "\n".join([*lines, *self.block(self.function.body, "  "), "}"])

    def block(self, statements: Sequence[form.Statement], indent: str) -> list[str]:
        return [line for statement in statements for line in self.statement(statement, indent)]

    def statement(self, statement: form.Statement, indent: str) -> Iterator[str]:
        inner = indent + "  "
        match statement:
            case form.Assign(targets=targets, value=value):
                names = [_local(x.name) for x in targets]
                target = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
                yield f"{indent}{target} = {self.whole(value)};"
            case form.Append(items=items, value=value):
                yield f"{indent}{_local(items.name)}.push({self.whole(value)});"
            case form.If(test=test, body=body, orelse=orelse):
                yield f"{indent}if ({self.truth(test)}) {{"
                yield from self.block(body, inner)
                if orelse:
                    yield f"{indent}}} else {{"
                    yield from self.block(orelse, inner)
                yield indent + "}"
            case form.While(test=test, body=body):
                yield f"{indent}while ({self.truth(test)}) {{"
                yield from self.block(body, inner)
                yield indent + "}"
            case form.Try(body=body, catches=catches, handler=handler):
                names = [f'"{kind.__name__}"' for kind in catches]
                yield indent + "try {"
                yield from self.block(body, inner)
                yield f"{indent}}} catch (error) {{"
                yield f"{inner}if (!raised(error, {', '.join(names)})) throw error;"
                yield from self.block(handler, inner)
                yield indent + "}"
            case form.Return(value=value):
                yield f"{indent}return {self.whole(value)};"
            case form.Raise(kind=kind) if kind is not None:
                yield f'{indent}raise("{kind.__name__}");'
            case form.Leave(loop=loop):
                yield indent + ("break;" if loop else "continue;")
            case _:
                raise Untranslatable("it raises what was caught elsewhere")

    def expression(self, x: Expression) -> str:
        """An expression in JavaScript, in parentheses where it has an operator."""
        match x:
            case Variable(name=name):
                return _local(name)
            case tuple():
                return f"[{', '.join(map(self.whole, x))}]"
            case bool():
                return str(int(x))
            case Choice(test=test, yes=yes, no=no) if x.kind is not bool:
                return f"({self.truth(test)} ? {self.expression(yes)} : {self.expression(no)})"
            case Apply(function=f, args=(a, b)) if f in _PLAIN:
                return f"({self.expression(a)} {_PLAIN[f]} {self.expression(b)})"
            case Apply(function=operator.truediv, args=(a, b)) if isinstance(b, (float, int)) and b:
                return f"({self.expression(a)} / {self.expression(b)})"
            case Apply(function=operator.neg, args=(a,)):
                return f"(-{self.expression(a)})"
            case Apply(function=operator.getitem, args=(items, index)):
                return f"{self.expression(items)}.at({self.whole(index)})"
            case Apply() if x.kind is bool and (x.function in _COMPARISONS or x.function in (operator.not_, *_TESTS)):
                return f"({self.truth(x)} ? 1 : 0)"
            case Apply(function=f, args=args):
                return self.translator.applied(f, args, self.whole)
            case Choice():
                return f"({self.truth(x)} ? 1 : 0)"
        return self.translator.fixed(x)

    def whole(self, x: Expression) -> str:
        """An expression that stands alone."""
        return _bare(self.expression(x))

    def truth(self, x: Expression) -> str:
        """A condition of JavaScript's."""
        match x:
            case bool():
                return "true" if x else "false"
            case Apply(function=f, args=(a, b)) if f in _COMPARISONS:
                return f"{self.expression(a)} {_COMPARISONS[f]} {self.expression(b)}"
            case Apply(function=operator.not_, args=(a,)):
                return f"!({self.truth(a)})"
            case Apply(function=f, args=(a,)) if f is bool:
                return f"{self.expression(a)} !== 0"
            case Apply(function=f, args=(a,)) if f in _TESTS:
                return f"{self.translator.function(f)}({self.whole(a)})"
            case Choice(test=test, yes=yes, no=False):
                return f"({self.truth(test)} && {self.truth(yes)})"
            case Choice(test=test, yes=True, no=no):
                return f"({self.truth(test)} || {self.truth(no)})"
            case Choice(test=test, yes=yes, no=no):
                return f"({self.truth(test)} ? {self.truth(yes)} : {self.truth(no)})"
        return f"{self.expression(x)} !== 0"


def _bare(text: str) -> str:
    """Without the parentheses around all of it."""
    depth = 0
    for at, character in enumerate(text):  # of no string: there are none in arithmetic
        depth += (character == "(") - (character == ")")
        if depth == 0 and at < len(text) - 1:
            return text
    return text[1:-1] if text.startswith("(") else text


def _local(name: str) -> str:
    return name + "_" if name in _RESERVED else name
