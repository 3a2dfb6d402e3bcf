"""The table of primitives as a page to read: for each its local derivatives, where they hold, and how closely.

All of it is read from the table: a local derivative is run on tracers and what it built is written out.
``python docs/primitives.py`` measures how far every primitive is from the truth (a minute or two; needs the extra
``testing``) and writes the page. Imports the table, the compiler's tracers and the writer of LaTeX.
"""

from __future__ import annotations

import inspect
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import NamedTuple

from autograd_lite import primitives
from autograd_lite.compiler.program import Operand, Program
from autograd_lite.compiler.tracing.tracer import Builder
from autograd_lite.expressions import Latex, Term, in_latex, name_latex, number_latex, written
from autograd_lite.primitives import ATOM, CALL, SIGN, Point, Primitive

PAGE = Path(__file__).with_name("primitives.md")


class Entry(NamedTuple):
    """A row of the table, as text."""

    name: str
    value: str
    derivatives: tuple[str, ...]
    domain: str
    smooth: str
    special: tuple[str, ...]
    bound: str
    note: str


def entry(row: Primitive) -> Entry:
    """A row as text. Of one with any number of arguments, that for two of each.

    >>> tanh = entry(primitives.tanh)
    >>> tanh.value, tanh.derivatives, tanh.special
    ('tanh(x)', ('sech(x) × sech(x)',), ('0 → 1', 'inf → 0', '-inf → 0'))
    >>> entry(primitives.div).derivatives
    ('1 ÷ b', '−y ÷ b')
    """
    output, *names = _names(row)
    builder = Builder()
    program = builder.program([row(*map(builder.input, names))])
    return Entry(
        row.name,
        _expression(program) if program.instructions else f"{row.name}({', '.join(names)})",
        tuple(_derivative(row, i, output, names) for i in range(len(names))),
        repr(row.domain),
        repr(row.smooth),
        tuple(f"{_point(args)} → {_point(slopes)}" for args, slopes in row.special_slopes),
        f"{row.ulps:g} ulp",
        row.note,
    )


# How far values and slopes are from the truth, in ulps; None for what has no slopes, or nothing to compare with.
Measured = tuple[float, float | None]


def page(measured: Mapping[str, Measured]) -> str:
    """The whole table in Markdown, in its own order and under the headings of its source.

    >>> print(page({"relu": (0.0, 0.0)}).split("### relu")[1].split("###")[0].split("$$")[2].strip())
    Smooth on (−∞, 0) ∪ (0, ∞). Measured: value 0 ulp off, slope 0.
    <BLANKLINE>
    Slope at special points: `0 → 0`, `-0.0 → 0`, `nan → nan`, `inf → 1`, `-inf → 0`.
    """
    rows = [row for row in primitives.table.values() if row is not primitives.constant]
    sections = _sections()
    lines = [_INTRODUCTION]
    for row in rows:
        if row.name in sections:
            lines.append(f"## {sections[row.name]}")
        lines += _paragraphs(row, measured.get(row.name))
    return "\n\n".join(lines) + "\n"


def measured(names: Iterable[str] = ()) -> dict[str, Measured]:
    """The worst errors of those rows, or of all, in ulps."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import accuracy

    from autograd_lite.testing import oracles

    found: dict[str, Measured] = {}
    for row in [primitives.table[name] for name in names] or primitives.table.values():
        if row.name not in oracles.NO_ORACLE:
            value, slope = accuracy.worst(row)
            found[row.name] = (value.ulps, None if slope is None else slope.ulps)
    return found


_INTRODUCTION = """\
# The table of primitives

Every fact about an operation stands in one primitive of `autograd_lite.primitives`; the sweeps, the compiler, the
drawings, the tests and this page read it there. `python docs/primitives.py` writes the page.

Each primitive has its value $y$ and the local derivative by each argument, as they are computed: in the primitives
themselves, so that a derivative has one too. *Defined* says where there is a value, *smooth* where every derivative
exists; both are the whole line where nothing is said. At a kink, a tie or an edge the slopes are those listed,
`arguments → slopes`; why these, [conventions](conventions.md) says. *Measured* is the largest distance from a 50-digit
evaluation at 2,000 points or more, crowded around ends, kinks, poles and zeros, in units in the last place (ulp) on
CPython 3.11 and glibc; the tests hold each primitive to 4 ulp, or to the bound that is named with its reason."""


def _paragraphs(row: Primitive, measured: Measured | None) -> list[str]:
    told = entry(row)
    output, *names = _names(row)
    y, *xs = [name_latex(name).text for name in (output, *names)]
    formulas = [f"{y} = {in_latex(row, [Latex(x) for x in xs])}"]
    for i, x in enumerate(xs):
        formulas.append(rf"\frac{{\partial {y}}}{{\partial {x}}} = {_latex(_slope(row, i, output, names))}")
    facts = [f"${y}$ is {row.description}."] if row.description else []
    if told.domain != "ℝ":
        facts.append(f"Defined on {told.domain}.")
    if told.smooth != told.domain:
        facts.append(f"Smooth on {told.smooth}.")
    if measured is not None:
        value, slope = measured
        slopes = "" if slope is None else f", {'slope' if len(names) == 1 else 'slopes'} {slope:.2g}"
        facts.append(f"Measured: value {value:.2g} ulp off{slopes}.")
    if row.ulps != 4.0:
        facts.append(f"Bound: {row.ulps:g} ulp{f', {row.note}' if row.note else ''}.")
    paragraphs = [f"### {row.name}", *(f"$$\n{line}\n$$" for line in _lines(formulas)), " ".join(facts)]
    if told.special:
        points = ", ".join(f"`{point}`" for point in told.special)
        paragraphs.append(f"{'Slope' if len(names) == 1 else 'Slopes'} at special points: {points}.")
    return [paragraph for paragraph in paragraphs if paragraph]


def _lines(formulas: list[str], most: int = 150) -> Iterator[str]:
    """The formulas side by side, as many as fit on a line."""
    line = ""
    for formula in formulas:
        if line and len(line) + len(formula) > most:
            yield line
            line = ""
        line += (r" \qquad " if line else "") + formula
    yield line


def _sections() -> dict[str, str]:
    """By the name of the first row of each: the headings in the table's source."""
    sections, heading = {}, ""
    families = [import_module(f"{primitives.__name__}.{family.name}") for family in iter_modules(primitives.__path__)]
    for line in "\n".join(map(inspect.getsource, families)).splitlines():
        if found := re.fullmatch(r"# ---- (.+?) -+", line):
            heading = found[1]
        elif heading and (found := re.match(r"(\w+): Primitive = ", line)) and found[1] != primitives.constant.name:
            sections[found[1]] = heading[0].upper() + heading[1:]
            heading = ""
    return sections


def _names(row: Primitive) -> list[str]:
    """What the row's own derivatives call the output and the arguments."""
    if row.all_slopes is not None:
        count = 4 if min(row.arities) == 2 else 2
        return ["y", *(f"x{i}" for i in range(1, count + 1))]
    for rule in (*row.derivatives, *filter(None, row.choices)):
        names = list(inspect.signature(rule).parameters)
        if len(names) == len(row.derivatives) + 1 and names[-1] != "args":
            return names  # a rule for no numbers in particular does not name them
    return ["y", *(["x"] if len(row.derivatives) == 1 else inspect.signature(row.value).parameters)]


def _derivative(row: Primitive, i: int, output: str, names: list[str]) -> str:
    return _expression(_slope(row, i, output, names))


def _slope(row: Primitive, i: int, output: str, names: list[str]) -> Program:
    """The local derivative by an argument, run on tracers."""
    builder = Builder()
    return builder.program([row.derivative(i)(builder.input(output), *map(builder.input, names))])


def _latex(program: Program) -> str:
    """A program of one output as one expression in LaTeX."""
    terms = [name_latex(str(name)) for name in program.inputs]
    for op, operands, _ in program.instructions:
        terms.append(in_latex(op, [terms[x] if isinstance(x, int) else number_latex(_number(x)) for x in operands]))
    (result,) = program.outputs
    return format(terms[result] if isinstance(result, int) else number_latex(_number(result)))


def _expression(program: Program) -> str:
    """A program of one output as one expression: each instruction is written where it is used."""
    terms = [Term(str(name)) for name in program.inputs]

    def operand(x: Operand) -> Term:
        return terms[x] if isinstance(x, int) else Term(_number(x), ATOM if x >= 0.0 else SIGN)

    for op, operands, _ in program.instructions:
        terms.append(
            written(op, list(map(operand, operands)), op.symbol if op.infix or op.precedence < CALL else op.name)
        )
    (result,) = program.outputs
    return operand(result).text


def _point(point: Point) -> str:
    return _number(point[0]) if len(point) == 1 else f"({', '.join(map(_number, point))})"


def _number(x: float) -> str:
    return str(int(x)) if x and math.isfinite(x) and x.is_integer() else "0" if str(x) == "0.0" else str(x)


if __name__ == "__main__":
    PAGE.write_text(page(measured()), encoding="utf-8")
