"""The table of primitives as a table to read: for each row its local derivatives, where they hold, and how closely.

All of it is read from the rows: a local derivative is run on tracers and what it built is written out.
``python -m autograd_lite.reference`` prints it as Markdown, for the docs. Imports the table and the compiler's tracers.
"""

from __future__ import annotations

import inspect
import math
from typing import NamedTuple

from . import primitives
from .compiler.program import Operand, Program
from .compiler.trace import Builder
from .primitives import ATOM, CALL, SIGN, Point, Primitive


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
        tuple(f"{_point(args)} → {_point(slopes)}" for args, slopes in row.at),
        f"{row.ulps:g} ulp",
        row.note,
    )


def markdown() -> str:
    """The whole table, in its own order.

    >>> print(*markdown().splitlines()[:3], sep="\\n")
    | operation | local derivatives | defined | smooth | at special points | within | why |
    |---|---|---|---|---|---|---|
    | `a + b` | `1`, `1` | ℝ | ℝ | (inf, 1) → (1, 1); (inf, -inf) → (1, 1); (0, inf) → (1, 1) | 4 ulp |  |
    """
    lines = [
        "| operation | local derivatives | defined | smooth | at special points | within | why |",
        "|---" * 7 + "|",
    ]
    for row in primitives.table.values():
        if row is not primitives.constant:
            told = entry(row)
            cells = [
                f"`{told.value}`",
                ", ".join(f"`{derivative}`" for derivative in told.derivatives),
                told.domain,
                told.smooth,
                "; ".join(told.special),
                told.bound,
                told.note,
            ]
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def _names(row: Primitive) -> list[str]:
    """What the row's own derivatives call the output and the arguments."""
    if row.each is not None:
        count = 4 if min(row.arities) == 2 else 2
        return ["y", *(f"x{i}" for i in range(1, count + 1))]
    return list(inspect.signature(row.derivatives[0]).parameters)


def _derivative(row: Primitive, i: int, output: str, names: list[str]) -> str:
    builder = Builder()
    slope = row.derivative(i)(builder.input(output), *map(builder.input, names))
    return _number(slope) if isinstance(slope, float) else _expression(builder.program([slope]))


def _expression(program: Program) -> str:
    """A program of one output as one expression: each instruction is written where it is used."""
    written = [(str(name), ATOM) for name in program.inputs]

    def operand(x: Operand, least: int = 0) -> str:
        text, precedence = written[x] if isinstance(x, int) else (_number(x), ATOM if x >= 0.0 else SIGN)
        return text if precedence >= least else f"({text})"

    for op, operands, _ in program.instructions:
        if op.infix:
            left, right = operands
            text = f"{operand(left, op.precedence)} {op.symbol} {operand(right, op.precedence + 1)}"
        elif op.precedence == SIGN:
            text = f"{op.symbol}{operand(operands[0], SIGN)}"
        else:
            text = f"{op.name}({', '.join(map(operand, operands))})"
        written.append((text, op.precedence if op.infix or op.precedence == SIGN else CALL))
    (result,) = program.outputs
    return operand(result)


def _point(point: Point) -> str:
    return _number(point[0]) if len(point) == 1 else f"({', '.join(map(_number, point))})"


def _number(x: float) -> str:
    return str(int(x)) if x and math.isfinite(x) and x.is_integer() else "0" if str(x) == "0.0" else str(x)


if __name__ == "__main__":
    print(markdown())
