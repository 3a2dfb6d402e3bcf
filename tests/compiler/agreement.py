"""How far each target's numbers are from eager code's: result by result, each beside what the row itself makes of the
very operands that the target had.

So no rounding is carried on and amplified, and there is no tolerance to choose: a row is bit for bit the same on a
target, or within the ulps that docs/compile.md has for it. ``python tests/compiler/agreement.py`` measures every
row on every target against the truth, and prints that page's table.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import accuracy

from autograd_lite import primitives
from autograd_lite.compiler import Builder, Program
from autograd_lite.primitives import Primitive
from autograd_lite.testing import oracles

Point = tuple[float, ...]
Run = Callable[[Sequence[Point]], list[list[float]]]
_TINY = sys.float_info.min


class Difference(NamedTuple):
    """One result of a target that is not eager code's, and by how much."""

    ulps: float
    op: Primitive
    args: Point
    found: float
    expected: float

    def __str__(self) -> str:
        at = f"{self.op}({', '.join(map(repr, self.args))})"
        return f"{at} is {self.found!r} and should be {self.expected!r}: {self.ulps:.3g} ulp"


def differences(program: Program, target: str, points: Sequence[Point]) -> Iterator[Difference]:
    """Where a target's results, of each instruction at each point, are not bit for bit the row's own.

    `target` is one of `TARGETS`. Only which nan it is does not count; a nan, an infinity or the sign of a zero that is
    not eager code's is off by inf ulp.

    >>> from autograd_lite.compiler import Builder
    >>> builder = Builder()
    >>> x = builder.input("x")
    >>> list(differences(builder.program([primitives.sin(x / 3.0)]), "python", [(1.0,), (math.inf,)]))
    []
    """
    whole = every_result(program)
    for found in TARGETS[target](whole)(points):
        for index, (op, operands, _) in enumerate(program.instructions, len(program.inputs)):
            args = tuple([found[x] if isinstance(x, int) else x for x in operands])
            expected = float(op(*args))
            if not is_same(found[index], expected):
                yield Difference(distance(found[index], expected), op, args, found[index], expected)


def every_result(program: Program) -> Program:
    """The program whose outputs are its inputs and the results of all its instructions."""
    return Program(program.inputs, program.instructions, tuple(range(len(program.inputs) + len(program.instructions))))


def is_same(a: float, b: float) -> bool:
    """Whether two floats are the same, the sign of a zero included; all nan are.

    >>> is_same(0.0, -0.0), is_same(math.nan, -math.nan)
    (False, True)
    """
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


def distance(found: float, expected: float) -> float:
    """The ulps of `expected` between two floats; inf where one is nan or infinite, or both are zeros of two signs."""
    if is_same(found, expected):
        return 0.0
    difference = abs(found - expected)
    return difference / math.ulp(expected) if 0.0 < difference < math.inf else math.inf


# ---- targets ---------------------------------------------------------------------------------------------------------


def _at_points(name: str) -> Callable[[Program], Run]:
    def compiled(program: Program) -> Run:
        kernel = importlib.import_module(f"autograd_lite.compiler.targets.{name}").scalar(program)
        return lambda points: [list(kernel(*point)) for point in points]

    return compiled


def _over_rows(name: str, **options: Any) -> Callable[[Program], Run]:
    def compiled(program: Program) -> Run:
        import numpy as np

        target = importlib.import_module(f"autograd_lite.compiler.targets.{name}")
        kernel = target.rows(program, [True] * len(program.inputs), [False] * len(program.outputs), **options)

        def run(points: Sequence[Point]) -> list[list[float]]:
            given = np.array(points, dtype=float).reshape(len(points), len(program.inputs))
            found = np.empty((len(points), len(program.outputs)))
            kernel(list(given.T), list(found.T), len(points))
            return found.tolist()

        return run

    return compiled


def _on_jax(program: Program) -> Run:
    # One operation after the other: to compile each program for a few points would take seconds.
    import jax
    import numpy as np

    from autograd_lite.compiler.targets.jax import evaluate

    def run(points: Sequence[Point]) -> list[list[float]]:
        with jax.enable_x64(True):
            columns = list(np.array(points, dtype=float).reshape(len(points), len(program.inputs)).T)
            outputs = evaluate(program, [jax.numpy.asarray(column) for column in columns])
            columns = [np.broadcast_to(np.asarray(y, dtype=float), len(points)) for y in outputs]
        return np.array(columns).T.tolist()  # type: ignore[no-any-return]

    return run


TARGETS: dict[str, Callable[[Program], Run]] = {
    "python": _at_points("python"),
    "llvm": _at_points("llvm"),
    "llvm rows": _over_rows("llvm"),
    "llvm rows, precise": _over_rows("llvm", precise=True),
    "jax": _on_jax,
}


# ---- as a table ------------------------------------------------------------------------------------------------------


def errors(row: Primitive, target: str, count: int = accuracy.POINTS) -> Iterator[accuracy.Error]:
    """How far the row's value on that target is from the truth, at points of its domain; `accuracy` has the same of
    eager code. JAX's code takes subnormal numbers for zero, so that there they are left out."""
    for arity in row.arities:
        points = [args for args in accuracy.points(row, count) if len(args) == arity]
        if target == "jax":
            points = [args for args in points if not any(0.0 < abs(x) < _TINY for x in (*args, row(*args)))]
        if not points:
            continue
        builder = Builder()
        program = builder.program([builder.floated(row(*[builder.input() for _ in range(arity)]))])
        for args, (found,) in zip(points, TARGETS[target](program)(points)):
            yield accuracy.Error(accuracy.ulps(found, oracles.true_value(row, args)), row, None, args, found)


def main(names: Iterable[str]) -> None:
    """Print the worst error of each row of those names, or of all, on each target, as Markdown."""
    targets = ["python", *[target for target in TARGETS if target != "python"]]
    print(f"| row | {' | '.join(targets)} |\n|---|{'--:|' * len(targets)}", flush=True)
    for row in [primitives.table[name] for name in names] or primitives.table.values():
        if row.name not in oracles.NO_ORACLE:
            worst = [max(error.ulps for error in errors(row, target)) for target in targets]
            print(f"| {row} | {' | '.join(f'{x:.3g}' for x in worst)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
