"""How compiling and running grow: programs of 100 to 100,000 operations, and one to ten million rows.

Run as a script: ``python tests/benchmarks/bench_growth.py``. Each size is measured in a process of its own, so that
its memory is of that size alone: what it held at most, less what it held before it began. The exponent is that of
the power of the size that fits best from `FITTED` on: below it most of the time is what any call, any compilation
costs.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from bench_compiled import bundle_adjustment, columns, scene, squared_error
from measure import memory, one_processor, timed

import autograd_lite as ag
from autograd_lite.compiler import Builder, Program, reverse
from autograd_lite.compiler.targets import llvm

OPERATIONS = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]
ROWS = [10**exponent for exponent in range(8)]
FITTED = {"operations": 1_000, "rows": 10_000}
Size = dict[str, float]


def pendulum(operations: int) -> Program:
    """A pendulum, step by step; about so many operations with the gradient by angle, speed and step."""
    builder = Builder()
    angle, speed, step = builder.input(), builder.input(), builder.input()
    while len(builder.values) < operations / 3.2:
        speed = speed - step * ag.math.sin(angle)
        angle = angle + step * speed
    return reverse(builder.program([angle]))


def of_operations(count: int) -> Size:
    llvm.scalar(pendulum(20))  # what is loaded once
    before = memory()
    start = time.perf_counter()
    program = pendulum(count)
    traced = time.perf_counter()
    kernel = llvm.scalar(program)
    compiled = time.perf_counter()
    x, out = np.array([1.0, 0.0, 1e-3]), np.empty(4)
    (line,) = timed({"": lambda: kernel.into(x, out)})
    return {
        "size": len(program.instructions),
        "traced and differentiated": traced - start,
        "compiled": compiled - traced,
        "run": line.median,
        "memory": memory() - before,
    }


def of_rows(count: int) -> Size:
    compiled = ag.compile(squared_error, in_axes=0, argnums=(0, 1, 2))
    kernel = llvm.rows(bundle_adjustment(), [True] * 17, [False] * 16)
    given = scene(count)
    outputs = [np.full(count, 0.0), *[np.full_like(array, 0.0) for array in given[:3]]]
    arrays = sum(array.nbytes for array in [*given, *outputs])
    alone = functools.partial(kernel, columns(given), columns(outputs), count, threads=1)
    before = memory()
    (line,) = timed({"": alone})
    kernel_memory = memory() - before
    whole = functools.partial(compiled.value_and_grad, *given, out=(None, tuple(outputs[1:])), threads=1)
    before = memory()
    (whole_line,) = timed({"": whole})
    return {
        "size": count,
        "run": whole_line.median,
        "the kernel alone": line.median,
        "arrays": arrays,
        "memory": memory() - before,
        "memory of the kernel": kernel_memory,
    }


KINDS = {"operations": of_operations, "rows": of_rows}


def measured(kind: str, sizes: list[int]) -> list[Size]:
    found = []
    for size in sizes:
        child = [sys.executable, str(Path(__file__)), kind, str(size)]
        found.append(json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout))
    return found


def exponent(kind: str, sizes: list[Size], what: str) -> float:
    """Of the power of the size that `what` is, by least squares of the logarithms."""
    fitted = [size for size in sizes if size["size"] >= 0.95 * FITTED[kind]]
    slope, _ = np.polyfit(*np.log([[size["size"], size[what]] for size in fitted]).T, 1)
    return float(slope)


def growth() -> dict[str, Any]:
    found = {"operations": measured("operations", OPERATIONS), "rows": measured("rows", ROWS)}
    powers = {
        "operations": ("traced and differentiated", "compiled", "run", "memory"),
        "rows": ("run", "the kernel alone"),
    }
    exponents = {
        kind: {what: exponent(kind, found[kind], what) for what in quantities} for kind, quantities in powers.items()
    }
    return {**found, "exponents": exponents}


def printed(found: dict[str, Any]) -> None:
    print("\nA program and its gradient, by operations")
    for size in found["operations"]:
        n = int(size["size"])
        print(
            f"  {n:>10,}: traced and differentiated in {size['traced and differentiated']:8.4f} s, compiled in "
            f"{size['compiled']:8.4f} s; run in {1e6 * size['run']:10.3f} µs, {1e9 * size['run'] / n:6.2f} ns each; "
            f"{size['memory'] / 2**20:7.1f} MB"
        )
    print("\nBundle adjustment, by rows")
    for size in found["rows"]:
        n = int(size["size"])
        print(
            f"  {n:>10,}: {1e6 * size['run']:12.2f} µs, {1e9 * size['run'] / n:10.1f} ns each, "
            f"{1e9 * size['the kernel alone'] / n:10.1f} the kernel alone; {size['memory'] / 2**20:.1f} MB beside "
            f"{size['arrays'] / 2**20:.1f} MB of arrays, {size['memory of the kernel'] / 2**20:.1f} MB the kernel alone"
        )
    for kind, exponents in found["exponents"].items():
        print(f"\nExponents from {FITTED[kind]:,} {kind} on")
        for what, power in exponents.items():
            print(f"  {what:<28}{power:6.3f}")


def main(arguments: list[str]) -> None:
    one_processor()
    if arguments and arguments[0] in KINDS:
        print(json.dumps(KINDS[arguments[0]](int(arguments[1]))))
        return
    found = growth()
    printed(found)
    if "--json" in arguments:
        Path(arguments[arguments.index("--json") + 1]).write_text(json.dumps(found))


if __name__ == "__main__":
    os.environ.setdefault("BENCHMARK_SECONDS", "1")
    main(sys.argv[1:])
