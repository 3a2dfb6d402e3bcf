"""The command line: an expression and its inputs in; the value, the gradients and the circuit out, in any form.

The expression is read by `notation` and evaluated term by term, never by `eval`: numbers, names, operators, and calls
of the functions of `autograd_lite.math`. All numbers are floats from the start, so nothing grows without bound.
"""

from __future__ import annotations

import argparse
import difflib
import functools
import inspect
import json
import os
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping
from math import inf, isfinite
from typing import Any, NoReturn, TextIO

from . import math, primitives
from .coercion import short_label
from .drawing import draw
from .drawing.model import describe
from .drawing.picture import FORMS, check_suffix
from .explain.numerical import Estimate, Quotient, numerical_gradients
from .notation import Mistake, Term, read
from .shell import interact
from .value import Value, apply
from .version import __version__

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
    if given[0] == "playground" and not any("=" in other for other in given):
        from .playground import main as playground

        return playground(given[1:])
    try:
        if given[0] == "write-test":
            return _write_test(given[1:])
        return _run(_parser().parse_intermixed_args(_shielded(given)))
    except Mistake as mistake:
        _print(f"{PROGRAM}: error: {mistake}", sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SystemExit as stop:  # argparse, after --help and --version
        return stop.code if isinstance(stop.code, int) else 0
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Mistake(f"{message} (see {PROGRAM} --help)")


# What is printed in place of the summary.
_FORMS = {
    "text": "the circuit as a tree",
    "latex": "the expression and the chain rule in LaTeX",
    "mermaid": "the circuit in Mermaid",
    "html": "a page that steps through the circuit and computes with it",
    "steps": "the backward pass, step by step",
    "kinks": "where it sits at a kink, a tie or an edge, with the slopes to both sides",
    "check": "each gradient beside a numerical derivative; the exit code is 1 if they disagree",
    "json": "everything, for programs; inf and nan are strings, a gradient without a path is null",
}


def _parser() -> _Parser:
    parser = _Parser(
        prog=PROGRAM,
        description="The value of an expression, its gradients and its circuit. Without arguments it opens a shell; "
        f"{PROGRAM} playground [PORT] opens the playground in a browser, "
        "and write-test module:function writes a property test of a gradient.",
        epilog=f"examples: {PROGRAM} '(x + y) * z' x=-2 y=5 z=-4 --save circuit.svg; {PROGRAM} '3x² + ln x' x=1/3..3",
        allow_abbrev=False,
    )
    parser.add_argument(
        "expression",
        nargs="?",
        help="in Python's notation or as on paper, with the functions of autograd_lite.math; - reads it from the input",
    )
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="NAME=VALUE",
        help="the number that a name stands for: 2, 1/3, pi; or -2..2 for a table of 11 values, -2..2:5 for one of 5",
    )
    forms = parser.add_argument_group("what is printed in place of the summary").add_mutually_exclusive_group()
    for form, meaning in _FORMS.items():
        forms.add_argument(f"--{form}", action="store_const", const=form, dest="form", help=meaning)
    forms.add_argument("--explain", metavar="NAME", help="why the gradient of that input is what it is")
    parser.add_argument("--save", metavar="PATH", help=f"write the circuit there too: {' '.join(FORMS)}")
    parser.add_argument("--theme", help="of what is saved, such as dark")
    parser.add_argument("--scale", metavar="NUMBER", help="of a PNG that is saved: 2 has twice as many pixels each way")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}", help="print the version")
    return parser


_TAKE_A_WORD = ("--save", "--explain", "--theme", "--scale")


def _shielded(argv: list[str]) -> list[str]:
    """The arguments, with a space before an expression that starts with a minus sign, lest it be taken as an option."""
    options = ["-h", "--help", "--version", *_TAKE_A_WORD, *(f"--{form}" for form in _FORMS)]
    shielded: list[str] = []
    seen = False
    for i, arg in enumerate(argv):
        if arg == "--" and not seen:
            return [
                *shielded,
                *(f" {rest}" if rest.startswith("-") and rest != "-" else rest for rest in argv[i + 1 :]),
            ]
        if arg in options or arg.partition("=")[0] in _TAKE_A_WORD or (i and argv[i - 1] in _TAKE_A_WORD):
            shielded.append(arg)
        elif arg.startswith("--") and (close := difflib.get_close_matches(arg, options, 1, 0.75)):
            raise Mistake(f"unrecognized option {short_label(arg)}: did you mean {close[0]}?")
        else:
            shielded.append(f" {arg}" if arg.startswith("-") and arg != "-" and not seen else arg)
            seen = True
    return shielded


def _write_test(targets: list[str]) -> int:
    """A property test of a gradient, for each ``module:function``, on the output."""
    if not targets or "--help" in targets or "-h" in targets:
        raise Mistake("write-test takes module:function, and writes a property test of its gradient")
    try:
        from .testing.ghostwriter import write_test

        for target in targets:
            _print(write_test(target), sys.stdout)
    except (ModuleNotFoundError, ValueError) as error:
        raise Mistake(str(error)) from None
    return 0


def _run(options: argparse.Namespace) -> int:
    if options.expression is None:
        raise Mistake(f"the expression is missing (see {PROGRAM} --help)")
    text = sys.stdin.read(MOST_CHARACTERS + 1) if options.expression == "-" else options.expression
    text = " ".join(text.split())
    name, equals, rest = text.partition("=")
    if equals and name.strip().isidentifier() and not rest.startswith("="):
        raise Mistake(f"the expression comes first, before {short_label(text)}; and y = x² is written x²")
    try:
        how = _how_saved(options)
        swept = _inputs(options.inputs)
        count = max(map(len, swept.values()), default=1)
        if count > 1 and (options.form or options.explain or options.save):
            raise Mistake("a sweep of values gives a table: for a picture or another form give the name one value")
        rows = [{name: Value(numbers[i % len(numbers)], name) for name, numbers in swept.items()} for i in range(count)]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            outputs = [_evaluated(text, inputs) for inputs in rows]
            for output in outputs:
                output.backward()
        output, inputs = outputs[0], rows[0]
        if options.explain is not None and options.explain not in inputs:
            known = f"one of {', '.join(inputs)}" if inputs else "an input, and there is none"
            raise Mistake(f"--explain takes {known}, not {short_label(options.explain)}")
        picture = draw(output, names=False)
        if options.save is not None:
            picture.save(options.save, **how)
    except OSError as error:
        raise Mistake(f"cannot write {options.save}: {error.strerror or error}") from None
    except (RecursionError, MemoryError):
        raise Mistake("the expression is too large for the memory: give a shorter one") from None
    except (RuntimeError, TypeError, ValueError) as error:
        raise Mistake(" ".join(str(error).split())) from None
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        _print(f"warning: {message}", sys.stderr)
    checks = numerical_gradients(output, inputs.values()) if options.form == "check" else {}
    if count > 1:
        shown = _table(text, outputs, rows)
    elif options.explain is not None:
        shown = str(inputs[options.explain].explain(output, names=False))
    elif options.form == "json":
        shown = _json(text, output, inputs)
    elif options.form in ("steps", "kinks"):
        shown = str(getattr(output, options.form)(names=False))
    elif options.form == "check":
        shown = _report(text, output, inputs, checks)
    elif options.form:
        shown = getattr(picture, options.form)()
    else:
        shown = f"{_report(text, output, inputs)}\n\n{picture.text()}"
    _print(shown, sys.stdout)
    return int(any(check.verdict == "mismatch" for check in checks.values()))


def _how_saved(options: argparse.Namespace) -> dict[str, Any]:
    if options.save is not None:
        check_suffix(options.save)
    elif options.theme is not None or options.scale is not None:
        raise Mistake("--theme and --scale are for what is saved: add --save circuit.png")
    how = {"theme": options.theme, "scale": options.scale and _number(options.scale)}
    return {option: given for option, given in how.items() if given is not None}


def _json(text: str, output: Value, inputs: dict[str, Value]) -> str:
    circuit = describe(output, most=None)
    nodes, edges = [], []
    for node in circuit.nodes:
        names: dict[str, Any] = {
            "id": node.id,
            "kind": node.kind,
            "label": node.title or None,
            "op": node.op and node.op.name,
        }
        nodes.append(names | {"value": _plain(node.value), "gradient": _plain(node.gradient)})
    for edge in circuit.edges:
        ends: dict[str, Any] = {"from": edge.parent, "to": edge.child, "operand": edge.operand}
        edges.append(ends | {"local_gradient": _plain(edge.local_gradient)})
    gradients = {name: _plain(node.grad) if node.reached else None for name, node in inputs.items()}
    whole = {"expression": text, "value": _plain(output.data), "gradients": gradients, "nodes": nodes, "edges": edges}
    return json.dumps(whole, ensure_ascii=False)


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


def _table(text: str, outputs: list[Value], rows: list[dict[str, Value]]) -> str:
    """A sweep: a line for each value, with the output and the gradients beside it."""
    name = outputs[0].label or "f"
    swept = [x for x in rows[0] if rows[0][x].data != rows[-1][x].data]
    lines = [[*swept, name, *(f"∂{name}/∂{x}" for x in rows[0])]]
    for output, inputs in zip(outputs, rows):
        slopes = [f"{node.grad:.10g}" if node.reached else "·" for node in inputs.values()]
        lines.append([*(f"{inputs[x].data:.10g}" for x in swept), f"{output.data:.10g}", *slopes])
    widths = [max(map(len, column)) for column in zip(*lines)]
    shown = ["  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths)) for line in lines]
    fixed = "".join(f", {x} = {node.data:.10g}" for x, node in rows[0].items() if x not in swept)
    return "\n".join([f"{name} = {short_label(text, 100)}{fixed}", *shown])


_VERDICTS = {"agrees": "agrees", "mismatch": "DISAGREES", "kink": "a kink or an edge, where the slope was chosen"}


def _told(check: Estimate) -> str:
    left, right = check.left, check.right
    if check.jump is not None:
        return "a jump: {:.10g} on the left, {:.10g} here, {:.10g} on the right".format(*[x + 0.0 for x in check.jump])
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


def _inputs(given: list[str]) -> dict[str, list[float]]:
    """The numbers that each name is to have, one after the other."""
    inputs: dict[str, list[float]] = {}
    for text in given:
        written, equals, number = text.partition("=")
        name = unicodedata.normalize("NFKC", written.strip())  # as Python reads names
        if not equals or not name.isidentifier():
            raise Mistake(f"expected NAME=VALUE, got {short_label(repr(text), 60)}")
        if name in inputs:
            raise Mistake(f"{short_label(name)} is given twice")
        try:
            inputs[name] = _numbers(number)
        except Mistake as mistake:
            why, _, place = str(mistake).partition("\n")  # a place in the number says more than a reason
            message = f"the value of {short_label(name)} is not a number such as 2, 1/3, pi or 0..1"
            raise Mistake(f"{message}\n{place}" if place else f"{message}: {why}") from None
    if sum(len(numbers) > 1 for numbers in inputs.values()) > 1:
        raise Mistake("one name at a time takes a sweep of values such as 0..1")
    return inputs


def _numbers(text: str) -> list[float]:
    """One number, or those of a sweep: ``-2..2`` has 11, ``-2..2:5`` has 5."""
    if ".." not in text:
        return [_number(text)]
    first, _, rest = text.partition("..")
    last, colon, written = rest.partition(":")
    count = _number(written) if colon else 11.0
    if not (count.is_integer() and 2 <= count <= 1000):
        raise Mistake("a sweep has 2 to 1000 values")
    a, b = _number(first), _number(last)
    if not (isfinite(a) and isfinite(b)):
        raise Mistake("a sweep has two finite ends")
    steps = int(count) - 1
    return [a * (1 - i / steps) + b * (i / steps) for i in range(steps + 1)]


def _number(text: str) -> float:
    if not text.strip():
        raise Mistake("a number is missing")
    return _computed(text.strip(), {})  # type: ignore[no-any-return]


def _pointed(mistake: Mistake, text: str) -> Mistake:
    """The mistake with the place under its message."""
    if mistake.at is None:
        return mistake
    start = max(0, mistake.at - 60)
    return Mistake(f"{mistake}\n  {text[start : mistake.at + 20]}\n  {' ' * (mistake.at - start)}^")


# ---- evaluating ------------------------------------------------------------------------------------------------------


def _folded(function: Callable[[Any, Any], Any], numbers: Iterable[Any]) -> Any:
    return functools.reduce(function, numbers)


def _applied_to_numbers(name: str) -> Callable[..., Any]:
    return functools.partial(apply, primitives.table[name])


_SIGNS = {"neg": "-", "add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "floordiv": "//", "mod": "%"}
_SIGNS |= {"less": "<", "less_equal": "<=", "equal": "==", "unequal": "!="}
_OPERATORS = {(sign, primitives.table[name].arities[0]): _applied_to_numbers(name) for name, sign in _SIGNS.items()}
_OPERATORS |= {(">", 2): math.greater, (">=", 2): math.greater_equal, ("+", 1): lambda x: x}
_OPERATORS |= {("else", 3): lambda a, condition, b: math.where(condition, a, b)}
_CONSTANTS = {name: float(getattr(math, name)) for name in ("pi", "e", "tau", "inf", "nan")}


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: function
    for name, function in vars(math).items()
    if name in math.__all__
    and inspect.isfunction(function)
    and not str(function.__annotations__["return"]).startswith(("tuple", "list"))
}
# Those of floats give ints, which an inf has none of: here the primitives themselves.
_FUNCTIONS |= {name: _applied_to_numbers(name) for name in ("floor", "ceil", "trunc")}
_FUNCTIONS |= {f"arc{name[1:]}": _FUNCTIONS[name] for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")}
_FUNCTIONS |= {"abs": math.fabs, "sum": functools.partial(_folded, _applied_to_numbers("add"))}
_FUNCTIONS |= {"max": functools.partial(_folded, math.maximum), "min": functools.partial(_folded, math.minimum)}
_FUNCTIONS["ln"] = _applied_to_numbers("log")


def _evaluated(text: str, inputs: dict[str, Value]) -> Value:
    output = _computed(text, inputs)
    if not isinstance(output, Value):
        output = Value(output)
    if output.label is None:
        output.label = "f" if "f" not in inputs else "result"
    return output


def _computed(text: str, inputs: Mapping[str, Value]) -> Any:
    """The number of an expression: a Value if an input is in it, else a float. Mistakes say where."""
    if not text:
        raise Mistake("the expression is empty")
    if len(text) > MOST_CHARACTERS:
        raise Mistake(f"the expression has {len(text)} characters; at most {MOST_CHARACTERS} are read")
    results: list[Any] = []
    at = 0
    try:
        terms = read(text, _FUNCTIONS, {*inputs, *_CONSTANTS})
        for term in terms:
            at = term.at
            operands = results[len(results) - term.takes :]
            del results[len(results) - term.takes :]
            results.append(_applied(term, operands, inputs))
        if isinstance(results[0], list):
            raise Mistake("a list has no gradient: write sum([…]), or an expression for each", at)
    except Mistake as mistake:
        raise _pointed(Mistake(str(mistake), at if mistake.at is None else mistake.at), text) from None
    except (TypeError, ValueError, ArithmeticError) as error:
        raise _pointed(Mistake(" ".join(str(error).split()), at), text) from None
    used = {term.text for term in terms if term.kind == "name"}
    for name, value in inputs.items():
        if name not in used:
            shown = short_label(name)
            raise Mistake(f"{shown}={value.data:g} is given, but the expression has no {shown}")
    return results[0]


def _applied(term: Term, operands: list[Any], inputs: Mapping[str, Value]) -> Any:
    if term.kind == "number":
        return float(term.text)
    if term.kind == "name":
        return _named(term.text, inputs)
    if term.kind == "list":
        return operands
    if term.kind == "call":
        return _called(term.text, operands)
    if any(isinstance(operand, list) for operand in operands):
        raise Mistake("a list stands only in a call, as in sum([x, y])")
    return _OPERATORS[term.text, term.takes](*operands)


def _named(name: str, inputs: Mapping[str, Value]) -> Any:
    if name in inputs:
        return inputs[name]
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    shown, known = short_label(name), {*inputs, *_CONSTANTS}
    hint = _close(name, sorted(known))
    if set(name) <= known:
        hint = f"{'*'.join(name)} for the product"
    for cut in range(2, len(name)):
        if name[:cut] in _FUNCTIONS and name[cut:] in known:
            hint = f"{name[:cut]}({name[cut:]})"
    raise Mistake(f"unknown name {shown}: write {shown}=NUMBER after the expression{hint and f', or {hint}'}")


def _called(name: str, args: list[Any]) -> Any:
    function = _FUNCTIONS.get(name)
    if function is None:
        if inspect.isfunction(getattr(math, name, None)):
            raise Mistake(f"{name} returns several numbers: an expression takes functions that return one")
        close = _close(name, list(_FUNCTIONS))
        raise Mistake(f"unknown function {short_label(name)}{close and f': {close}'}")
    parameters = inspect.signature(function).parameters.values()
    positional = [p for p in parameters if p.kind in _POSITIONAL]
    lists = ["Iterable" in str(p.annotation) for p in positional]
    if lists == [True] and not any(isinstance(arg, list) for arg in args):  # fsum(1, 2) for fsum([1, 2])
        args = [args]
    least = sum(p.default is p.empty for p in positional)
    most = inf if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(positional)
    if not least <= len(args) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise Mistake(f"{name} takes {wanted} argument{'s' * (wanted != '1')}, not {len(args)}")
    if lists == [True] and not args[0]:
        raise Mistake(f"{name} takes at least one number")
    for place, arg in enumerate(args):
        if isinstance(arg, list) != (place < len(lists) and lists[place]):
            wanted = "one number, not a list" if isinstance(arg, list) else "a list such as [1, 2]"
            raise Mistake(f"{name}: argument {place + 1} must be {wanted}")
    for place, parameter in enumerate(positional[: len(args)]):
        if parameter.annotation == "int":
            if not isinstance(args[place], float) or not args[place].is_integer():
                raise Mistake(f"{name}: argument {place + 1} must be a whole number, written as such")
            args[place] = int(args[place])
    try:
        result = function(*args)
    except (TypeError, ArithmeticError) as error:
        raise Mistake(f"{name}: {error}") from None
    return result if isinstance(result, Value) else float(result)


def _close(name: str, known: list[str]) -> str:
    matches = difflib.get_close_matches(name[:100], known, 1)
    return f"did you mean {matches[0]}?" if matches else ""
