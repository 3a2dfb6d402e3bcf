"""The command line: an expression and its inputs in; the value, the gradients and the circuit out, in any form.

The expression is read by Python's parser and evaluated by a whitelist of nodes, never by `eval`: numbers, names,
operators, comparisons, and calls of the functions of `autograd_lite.math`. All numbers are floats from the start, so
nothing grows without bound, and the walk keeps its own stack.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import functools
import inspect
import json
import os
import sys
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from math import inf, isfinite
from typing import Any, NoReturn, TextIO

from . import math, primitives
from .drawing import draw
from .drawing.model import describe
from .drawing.picture import FORMS, check_suffix
from .explain.numerical import Estimate, Quotient, numerical_gradients
from .shell import interact
from .value import Value, apply, short_label

PROGRAM = "autograd-lite"
MOST_CHARACTERS = 100_000


def main(argv: list[str] | None = None) -> int:
    """Run the program, or open the shell if there are no arguments.

    Returns the exit code: 0; 1 if a gradient does not agree with its check; 2 after one line on stderr that says what
    was wrong.

    >>> main(["x * x", "x=3"])
    f = x * x = 9
    x = 3  ∂f/∂x = 6
    <BLANKLINE>
    f: × = 9  ∂ 1
    ├─[3]─ x = 3  ∂ 6
    └─[3]─ x = 3  (see above)
    0
    """
    given = sys.argv[1:] if argv is None else argv
    if not given:
        interact()
        return 0
    try:
        if given[0] == "write-test":
            return _write_test(given[1:])
        return _run(_parser().parse_intermixed_args(_shielded(given)))
    except _Mistake as mistake:
        _print(f"{PROGRAM}: error: {mistake}", sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SystemExit as stop:  # argparse, after --help
        return stop.code if isinstance(stop.code, int) else 0
    return 0


class _Mistake(Exception):
    """What was wrong, as the user is told."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Mistake(f"{message} (see {PROGRAM} --help)")


# What is printed in place of the summary.
_FORMS = {
    "text": "the circuit as a tree",
    "latex": "the expression and the chain rule in LaTeX",
    "mermaid": "the circuit in Mermaid",
    "html": "a page that steps through the circuit and computes with it",
    "steps": "the backward pass, step by step",
    "check": "each gradient beside a numerical derivative; the exit code is 1 if they disagree",
    "json": "everything, for programs; inf and nan are strings, a gradient without a path is null",
}


def _parser() -> _Parser:
    parser = _Parser(
        prog=PROGRAM,
        description="The value of an expression, its gradients and its circuit. Without arguments it opens a shell.",
        epilog=f"example: {PROGRAM} '(x + y) * z' x=-2 y=5 z=-4 --save circuit.svg; "
        f"{PROGRAM} write-test module:function writes a property test of a gradient",
        allow_abbrev=False,
    )
    parser.add_argument(
        "expression",
        nargs="?",
        help="in Python's notation, with the functions of autograd_lite.math; - reads it from the input",
    )
    parser.add_argument("inputs", nargs="*", metavar="NAME=VALUE", help="the number that a name stands for")
    forms = parser.add_argument_group("what is printed in place of the summary").add_mutually_exclusive_group()
    for form, meaning in _FORMS.items():
        forms.add_argument(f"--{form}", action="store_const", const=form, dest="form", help=meaning)
    parser.add_argument("--save", metavar="PATH", help=f"write the circuit there too: {' '.join(FORMS)}")
    return parser


def _shielded(argv: list[str]) -> list[str]:
    """The arguments, with a space before an expression that starts with a minus sign, lest it be taken as an option."""
    options = ["-h", "--help", "--save", *(f"--{form}" for form in _FORMS)]
    shielded: list[str] = []
    seen = False
    for i, arg in enumerate(argv):
        if arg == "--" and not seen:
            return [
                *shielded,
                *(f" {rest}" if rest.startswith("-") and rest != "-" else rest for rest in argv[i + 1 :]),
            ]
        if arg in options or arg.startswith("--save=") or (i and argv[i - 1] == "--save"):
            shielded.append(arg)
        elif arg.startswith("--") and (close := difflib.get_close_matches(arg, options, 1, 0.75)):
            raise _Mistake(f"unrecognized option {short_label(arg)}: did you mean {close[0]}?")
        else:
            shielded.append(f" {arg}" if arg.startswith("-") and arg != "-" and not seen else arg)
            seen = True
    return shielded


def _write_test(targets: list[str]) -> int:
    """A property test of a gradient, for each ``module:function``, on the output."""
    if not targets or "--help" in targets or "-h" in targets:
        raise _Mistake("write-test takes module:function, and writes a property test of its gradient")
    try:
        from .testing.ghostwriter import write_test

        for target in targets:
            _print(write_test(target), sys.stdout)
    except (ModuleNotFoundError, ValueError) as error:
        raise _Mistake(str(error)) from None
    return 0


def _run(options: argparse.Namespace) -> int:
    if options.expression is None:
        raise _Mistake(f"the expression is missing (see {PROGRAM} --help)")
    text = sys.stdin.read(MOST_CHARACTERS + 1) if options.expression == "-" else options.expression
    text = " ".join(text.split())
    name, equals, rest = text.partition("=")
    if equals and name.strip().isidentifier() and not rest.startswith("="):
        raise _Mistake(f"the expression comes first, before {short_label(text)}")
    try:
        if options.save is not None:
            check_suffix(options.save)
        inputs = _inputs(options.inputs)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            output = _evaluated(_parsed(text), inputs)
            output.backward()
        picture = draw(output, names=False)
        if options.save is not None:
            picture.save(options.save)
    except OSError as error:
        raise _Mistake(f"cannot write {options.save}: {error.strerror or error}") from None
    except (RecursionError, MemoryError):
        raise _Mistake("the expression is nested too deeply") from None
    except (RuntimeError, ValueError) as error:
        raise _Mistake(" ".join(str(error).split())) from None
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        _print(f"warning: {message}", sys.stderr)
    checks = numerical_gradients(output, inputs.values()) if options.form == "check" else {}
    if options.form == "json":
        shown = _json(text, output, inputs)
    elif options.form == "steps":
        shown = str(output.steps(names=False))
    elif options.form == "check":
        shown = _report(text, output, inputs, checks)
    elif options.form:
        shown = getattr(picture, options.form)()
    else:
        shown = f"{_report(text, output, inputs)}\n\n{picture.text()}"
    _print(shown, sys.stdout)
    return int(any(check.verdict == "mismatch" for check in checks.values()))


def _json(text: str, output: Value, inputs: dict[str, Value]) -> str:
    circuit = describe(output, most=None)
    return json.dumps(
        {
            "expression": text,
            "value": _plain(output.data),
            "gradients": {name: _plain(node.grad) if node.reached else None for name, node in inputs.items()},
            "nodes": [
                {
                    "id": node.id,
                    "kind": node.kind,
                    "label": node.title or None,
                    "op": node.op and node.op.name,
                    "value": _plain(node.value),
                    "gradient": _plain(node.gradient),
                }
                for node in circuit.nodes
            ],
            "edges": [
                {
                    "from": edge.parent,
                    "to": edge.child,
                    "operand": edge.operand,
                    "local_gradient": _plain(edge.local_gradient),
                }
                for edge in circuit.edges
            ],
        },
        ensure_ascii=False,
    )


def _plain(x: float | None) -> float | str | None:
    return x if x is None or isfinite(x) else str(x)  # JSON has no inf and no nan


def _report(text: str, output: Value, inputs: dict[str, Value], checks: Mapping[Value, Estimate] | None = None) -> str:
    name = output.label or "f"
    rows = [
        [f"{x} = {node.data:.10g}", f"∂{name}/∂{x} = {_gradient(node)}", *([_told(checks[node])] if checks else [])]
        for x, node in inputs.items()
    ]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths)).rstrip() for row in rows]
    shown = "" if text == name else f" = {short_label(text, 100)}"
    return "\n".join([f"{name}{shown} = {output.data:.10g}", *lines])


_VERDICTS = {"agrees": "agrees", "mismatch": "DISAGREES", "kink": "a kink or an edge, where the slope was chosen"}


def _told(check: Estimate) -> str:
    left, right = check.left, check.right
    if abs(check.value) == inf:
        return f"numerically {check.value:g}, quotients grow without bound: agrees"
    if check.error < inf:
        return f"numerically {check.value:.10g} ± {check.error:.1g}: {_VERDICTS[check.verdict]}"
    if max(left.error, right.error) < inf:
        between = "lies between" if check.verdict == "agrees" else _VERDICTS["kink"]
        return f"numerically {_slope(left)} from the left, {_slope(right)} from the right: {between}"
    return "no numerical derivative"


def _slope(side: Quotient) -> str:
    return f"{side.value if abs(side.value) > side.error else 0.0:.10g}"


def _gradient(node: Value) -> str:
    return f"{node.grad:.10g}" if node.reached else "·  (no path to the output)"


def _print(text: str, stream: TextIO) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"  # a terminal without ∂ is no reason to fail
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)


# ---- reading ---------------------------------------------------------------------------------------------------------


def _inputs(given: list[str]) -> dict[str, Value]:
    inputs: dict[str, Value] = {}
    for text in given:
        written, equals, number = text.partition("=")
        name = unicodedata.normalize("NFKC", written.strip())  # as Python reads names
        if not equals or not name.isidentifier():
            raise _Mistake(f"expected NAME=VALUE, got {short_label(repr(text), 60)}")
        if name in inputs:
            raise _Mistake(f"{short_label(name)} is given twice")
        try:
            inputs[name] = Value(float(number), name)
        except ValueError:
            shown = short_label(repr(number), 60)
            raise _Mistake(f"the value of {short_label(name)} is not a number: {shown}") from None
    return inputs


def _parsed(text: str) -> ast.expr:
    if not text:
        raise _Mistake("the expression is empty")
    if len(text) > MOST_CHARACTERS:
        raise _Mistake(f"the expression has {len(text)} characters; at most {MOST_CHARACTERS} are read")
    if "\0" in text:
        raise _Mistake("the expression has null bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the parser's, about Python that is refused here anyway
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        at = min(error.offset - 1 if error.offset else len(text), len(text))  # no offset: at its end
        start = max(0, at - 60)
        excerpt = text[start : at + 20]
        message = error.msg.split(" (<")[0]
        raise _Mistake(f"{message}, at character {at + 1}\n  {excerpt}\n  {' ' * (at - start)}^") from None


# ---- evaluating ------------------------------------------------------------------------------------------------------

_BINARY: dict[type[ast.operator], primitives.Primitive] = {
    ast.Add: primitives.add,
    ast.Sub: primitives.sub,
    ast.Mult: primitives.mul,
    ast.Div: primitives.div,
    ast.Pow: primitives.pow,
    ast.FloorDiv: primitives.floordiv,
    ast.Mod: primitives.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: math.less,
    ast.LtE: math.less_equal,
    ast.Gt: math.greater,
    ast.GtE: math.greater_equal,
    ast.Eq: math.equal,
    ast.NotEq: math.not_equal,
}
_CONSTANTS = {name: float(getattr(math, name)) for name in ("pi", "e", "tau", "inf", "nan")}


def _lists(function: Callable[..., Any]) -> int:
    """How many of its parameters are lists of numbers."""
    return sum("Iterable" in str(annotation) for annotation in getattr(function, "__annotations__", {}).values())


def _gives_one_number(function: Callable[..., Any]) -> bool:
    return not str(function.__annotations__["return"]).startswith(("tuple", "list"))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: function
    for name, function in vars(math).items()
    if inspect.isfunction(function)
    and function.__module__ == math.__name__
    and not name.startswith("_")
    and _lists(function) < 2
    and _gives_one_number(function)
}
# Those of floats give ints, which an inf has none of: here the rows themselves.
_FUNCTIONS |= {name: functools.partial(apply, primitives.row(name)) for name in ("floor", "ceil", "trunc")}
_FUNCTIONS |= {"abs": math.fabs, "max": math.maximum, "min": math.minimum}


def _evaluated(tree: ast.expr, inputs: dict[str, Value]) -> Value:
    results: list[Any] = []
    used: set[str] = set()
    for node in _postfix(tree):
        if isinstance(node, ast.Name):
            used.add(node.id)
            results.append(_named(node.id, inputs))
            continue
        count = len(_operands(node))
        operands = results[len(results) - count :]
        del results[len(results) - count :]
        results.append(_applied(node, operands))
    for name, value in inputs.items():
        if name not in used:
            raise _Mistake(
                f"{short_label(name)}={value.data:g} is given, but the expression has no {short_label(name)}"
            )
    output = results[0]
    if not isinstance(output, Value):
        output = Value(output)
    if output.label is None:
        output.label = "f" if "f" not in inputs else "result"
    return output


def _postfix(tree: ast.expr) -> list[ast.expr]:
    """Every node after its operands, from left to right."""
    order, stack = [], [tree]
    while stack:
        node = stack.pop()
        order.append(node)
        stack += _operands(node)
    order.reverse()
    return order


def _operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    return node.args if isinstance(node, ast.Call) else []


def _applied(node: ast.expr, operands: list[Any]) -> Any:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return _literal(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.BitXor):
            raise _Mistake("^ is not a power: write **")
        if type(node.op) in _BINARY:
            return apply(_BINARY[type(node.op)], *operands)
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub):
            return apply(primitives.neg, *operands)
        if isinstance(node.op, ast.UAdd):
            return operands[0]
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        return _COMPARISONS[type(node.ops[0])](*operands)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _called(node.func.id, operands)
    raise _Mistake(
        f"character {node.col_offset + 1}: an expression has numbers, names, + - * / // % **, "
        "one comparison at a time and calls such as sin(x), nothing else"
    )


def _literal(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # an int beyond all floats
        return float("inf")


def _named(name: str, inputs: dict[str, Value]) -> Any:
    if name in inputs:
        return inputs[name]
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    shown = short_label(name)
    if name in _FUNCTIONS:
        raise _Mistake(f"{shown} is a function: write {shown}(…)")
    close = _close(name, [*inputs, *_CONSTANTS])
    raise _Mistake(f"unknown name {shown}: write {shown}=NUMBER after the expression{close and f', or {close}'}")


def _called(name: str, args: list[Any]) -> Any:
    function = _FUNCTIONS.get(name)
    if function is None:
        close = _close(name, list(_FUNCTIONS))
        raise _Mistake(f"unknown function {short_label(name)}{close and f': {close}'}")
    if name in ("max", "min") and len(args) >= 2:
        return functools.reduce(function, args)
    if _lists(function):  # fsum(1, 2) for fsum([1, 2])
        args = [args]
    else:
        _check_arity(name, function, len(args))
    for place, annotation in enumerate(getattr(function, "__annotations__", {}).values()):
        if annotation == "int" and place < len(args):
            if not isinstance(args[place], float) or not args[place].is_integer():
                raise _Mistake(f"{name}: argument {place + 1} must be a whole number, written as such")
            args[place] = int(args[place])
    try:
        result = function(*args)
    except (TypeError, ArithmeticError) as error:
        raise _Mistake(f"{name}: {error}") from None
    return result if isinstance(result, Value) else float(result)


def _check_arity(name: str, function: Callable[..., Any], given: int) -> None:
    if isinstance(function, functools.partial):  # a row of one argument
        least, most = 1, 1.0
    else:
        parameters = inspect.signature(function).parameters.values()
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        least = sum(p.default is p.empty for p in positional)
        most = float("inf") if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(positional)
    if not least <= given <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise _Mistake(f"{name} takes {wanted} argument{'s' * (wanted != '1')}, not {given}")


def _close(name: str, known: list[str]) -> str:
    matches = difflib.get_close_matches(name[:100], known, 1)
    return f"did you mean {matches[0]}?" if matches else ""
