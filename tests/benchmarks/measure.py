"""How the benchmarks measure: systems take turns in one process, a figure is a median, its spread stands beside it.

Each script has parts, a function a part, that give tables; run as a script it prints them, and with ``--json FILE``
writes them for the page of results. Times are the clock's, on one processor where nothing else is said.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import autograd_lite

SECONDS = float(os.environ.get("BENCHMARK_SECONDS", "2"))  # for a system's runs of one problem; there are five at least
MOST = 200  # runs
PEERS = ("jax", "casadi", "torch", "symengine", "autograd", "micrograd")
Runs = dict[str, Callable[[], Any]]
UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))


@dataclasses.dataclass
class Line:
    """A system's seconds: the median, and between which half of its runs lay."""

    system: str
    median: float
    low: float
    high: float

    def scaled(self, factor: float) -> Line:
        return Line(self.system, self.median * factor, self.low * factor, self.high * factor)


@dataclasses.dataclass
class Table:
    """Systems on one problem, each beside the one called `base`; `notes` are sentences for what was found besides."""

    title: str
    base: str
    lines: list[Line]
    notes: list[str] = dataclasses.field(default_factory=list)

    def unit(self) -> tuple[str, float]:
        ours = self[self.base]
        return next((unit for unit in UNITS if ours >= unit[1]), UNITS[-1])

    def __getitem__(self, system: str) -> float:
        return next(line.median for line in self.lines if line.system == system)

    def __str__(self) -> str:
        name, size = self.unit()
        rows = [f"\n{self.title}"]
        for line in self.lines:
            spread = f"{line.low / size:.3g}–{line.high / size:.3g}"
            ratio = line.median / self[self.base]
            rows.append(f"  {line.system:<46}{line.median / size:>10.3f} {name}  ({spread}){ratio:>10.2f} of ours")
        return "\n".join([*rows, *[f"  {note}" for note in self.notes]])


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def one_processor() -> set[int]:
    """Keep this process, and the threads it will start, on one processor; the set that it had."""
    if not hasattr(os, "sched_setaffinity"):
        return set()
    had = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(had)})
    return had


def on(processors: Iterable[int]) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, processors)


def timed(runs: Runs, per: float = 1.0) -> list[Line]:
    """Seconds of one call of each, over `per`. They take turns till each has had its share.

    A turn is 20 ms of calls that are not counted, and at least one, and then 20 ms of calls one after the other that
    are: each system is measured as it runs in a loop, not by the caches and the waiting threads that another one left
    behind. (After another system's turn even NumPy's copy of 26 MB takes twice its time at first, and for 20 ms more
    than its time.)
    """
    repeats = {}
    for name, run in runs.items():
        run()
        start = time.perf_counter()
        run()
        repeats[name] = max(1, int(2e-2 / (time.perf_counter() - start)))
    found: dict[str, list[float]] = {name: [] for name in runs}
    gc.collect()
    gc.disable()
    waiting = list(runs)
    while waiting:
        for name in waiting:
            run, count = runs[name], repeats[name]
            time.sleep(0.02)
            for _ in range(count):
                run()
            start = time.perf_counter()
            for _ in range(count):
                run()
            found[name].append((time.perf_counter() - start) / count)
        waiting = [
            name
            for name, taken in found.items()
            if len(taken) < MOST and (len(taken) < 5 or sum(taken) * repeats[name] < SECONDS)
        ]
    gc.enable()
    lines = []
    for name, taken in found.items():
        low, median, high = statistics.quantiles(taken, n=4)
        lines.append(Line(name, median / per, low / per, high / per))
    return lines


def agree(name: str, found: Any, wanted: Any, rtol: float = 1e-9) -> None:
    """AssertionError unless they are equal but for `rtol` of the largest."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape, f"{name}: shape {found.shape}, not {wanted.shape}"
    error = np.abs(found - wanted).max() / np.abs(wanted).max()
    assert error <= rtol, f"{name}: another result, by {error:.1e} of the largest"


def first(call: Callable[[], Any]) -> tuple[float, Any]:
    """How long the first call takes, which traces and compiles."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def beside_jax(runs: Runs, name: str, function: Callable[..., Any], arrays: list[Any], wanted: list[Any]) -> str:
    """Add JAX's jitted function; the note of how long it takes to compile."""
    import jax

    jitted, on_device = jax.jit(function), [jax.numpy.array(array) for array in arrays]
    runs[name] = lambda: jax.block_until_ready(jitted(*on_device))
    taken, found = first(runs[name])
    for theirs, ours in zip(jax.tree.leaves(found), wanted, strict=True):
        agree(name, theirs, ours)
    return f"JAX's took {taken:.2f} s."


def beside_torch(runs: Runs, name: str, function: Callable[..., Any], arrays: list[Any], wanted: list[Any]) -> None:
    """Add PyTorch's function and its gradient by all arrays."""
    import torch

    leaves = [torch.tensor(array, requires_grad=True) for array in arrays]

    def run() -> list[Any]:
        value = function(*leaves)
        return [value.detach(), *torch.autograd.grad(value, leaves)]

    for theirs, ours in zip(run(), wanted, strict=True):
        agree(name, theirs, ours)
    runs[name] = run


def casadi_buffered(function: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> Callable[[], None]:
    """CasADi's fastest call: from arrays and into arrays that stay where they are, a matrix column by column."""
    buffer, call = function.buffer()
    for i, array in enumerate(inputs):
        buffer.set_arg(i, memoryview(array))
    for i, array in enumerate(outputs):
        buffer.set_res(i, memoryview(array))
    call.buffers = buffer  # type: ignore[attr-defined]  # keeps it
    return call  # type: ignore[no-any-return]


def memory() -> int:
    """The most bytes that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would count what the parent held before this program was begun
        return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line[:6] == "VmHWM:")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def versions() -> dict[str, str]:
    found = {name: version(name) for name in ("numpy", "llvmlite", *PEERS) if installed(name)}
    return {"autograd_lite": autograd_lite.__version__, **found}


def main(parts: dict[str, Callable[[set[int]], list[Table]]], arguments: list[str]) -> None:
    """Run the parts that are named, or all; print their tables, and write them to the file after ``--json``."""
    path = None
    if "--json" in arguments:
        at = arguments.index("--json")
        path = arguments[at + 1]
        arguments = arguments[:at] + arguments[at + 2 :]
    everything = one_processor()
    for name in PEERS:
        if not installed(name):
            print(f"{name}: left out, it is not installed")
    if installed("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
    if installed("torch"):
        import torch

        torch.set_num_threads(1)
    tables = []
    for name in arguments or parts:
        for table in parts[name](everything):
            print(table, flush=True)
            tables.append(dataclasses.asdict(table))
    if path is not None:
        Path(path).write_text(json.dumps({"tables": tables, "versions": versions()}))
