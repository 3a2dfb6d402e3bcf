"""Beside micrograd, in one process: time and memory of its MLP's max-margin loss, long chains, and the import.

Run as a script: ``python tests/benchmarks/bench_micrograd.py``. The two engines take turns, each run starts from a
collected heap, and a figure is the median of its runs. The program of the network is one, for both kinds of Value.
"""

from __future__ import annotations

import gc
import itertools
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import micrograd.engine

import autograd_lite

OURS, THEIRS = autograd_lite.Value, micrograd.engine.Value
SIZES = (2, 16, 16, 1)
RUNS = 15


class Network:
    """micrograd's MLP(2, [16, 16, 1]) on 20 points, of either kind of Value; the same numbers for each."""

    def __init__(self, kind: Callable[[float], Any]) -> None:
        rng = random.Random(1337)
        self.layers = [
            [([kind(rng.uniform(-1, 1)) for _ in range(fan_in)], kind(0.0)) for _ in range(fan_out)]
            for fan_in, fan_out in itertools.pairwise(SIZES)
        ]
        self.parameters = [p for layer in self.layers for weights, bias in layer for p in (*weights, bias)]
        self.points = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(20)]
        self.signs = [1 if a * b > 0 else -1 for a, b in self.points]
        self.kind = kind

    def loss(self) -> Any:
        margins = [(1 + -sign * self.score(point)).relu() for point, sign in zip(self.points, self.signs)]
        return sum(margins) * (1.0 / len(margins)) + 1e-4 * sum(p * p for p in self.parameters)

    def score(self, point: list[float]) -> Any:
        x = [self.kind(a) for a in point]
        for layer in self.layers:
            sums = [sum((w * a for w, a in zip(weights, x)), bias) for weights, bias in layer]
            x = sums if layer is self.layers[-1] else [s.relu() for s in sums]
        return x[0]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def one_run(network: Network) -> tuple[float, float]:
    for p in network.parameters:
        p.grad = 0.0
    forward, loss = timed(network.loss)
    backward, _ = timed(loss.backward)
    return forward, backward


def bytes_a_node(kind: Callable[[float], Any], steps: int = 20_000) -> float:
    """What each step of a chain of additions and products keeps allocated."""
    x = kind(1.0)
    y, w = x, kind(0.5)
    gc.collect()
    tracemalloc.start()
    for _ in range(steps // 2):
        y = y * w
        y = y + x
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    if kind is THEIRS:
        unlink(y)
    return taken / steps


def unlink(y: Any) -> None:
    # micrograd's chains are freed by recursion through their closures, which a deep one does not survive.
    while y._prev:
        parents, y._prev, y._backward = y._prev, (), None
        y = max(parents, key=lambda p: len(p._prev))


def chain(kind: Callable[[float], Any], steps: int) -> tuple[float, float]:
    """Seconds to build and to differentiate ``y = y + x`` that many times."""
    x = kind(1.0)

    def build() -> Any:
        y = x
        for _ in range(steps):
            y = y + x
        return y

    forward, y = timed(build)
    try:
        backward, _ = timed(y.backward)
    finally:
        if kind is THEIRS:
            unlink(y)
    assert x.grad == steps + 1
    return forward, backward


def import_seconds() -> tuple[float, float]:
    """Wall seconds of a bare interpreter, and of one that imports the package; medians, taking turns."""
    times: dict[str, list[float]] = {"pass": [], "import autograd_lite": []}
    for _ in range(RUNS):
        for program, found in times.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            found.append(time.perf_counter() - start)
    bare, full = map(statistics.median, times.values())
    return bare, full


def row(name: str, theirs: float, ours: float, unit: str) -> None:
    print(f"{name:<28}{theirs:>12.3f}{ours:>12.3f} {unit:<6}{theirs / ours:>8.2f}x")


def main() -> None:
    networks = {"theirs": Network(THEIRS), "ours": Network(OURS)}
    runs: dict[str, list[tuple[float, float]]] = {"theirs": [], "ours": []}
    for _ in range(RUNS):
        for who, network in networks.items():
            runs[who].append(one_run(network))
    gradients = [[p.grad for p in network.parameters] for network in networks.values()]
    apart = max(abs(a - b) / max(1.0, abs(a)) for a, b in zip(*gradients))
    print(f"MLP(2, [16, 16, 1]), max-margin loss, 20 points; gradients agree to {apart:.1e}; medians of {RUNS}")
    print(f"{'':<28}{'micrograd':>12}{'ours':>12}{'':<7}{'ratio':>8}")
    for name, measure in (("forward", lambda r: r[0]), ("backward", lambda r: r[1]), ("total", sum)):
        theirs, ours = (1e3 * statistics.median(map(measure, runs[who])) for who in ("theirs", "ours"))
        row(name, theirs, ours, "ms")
    row("memory a node", bytes_a_node(THEIRS), bytes_a_node(OURS), "bytes")

    print("\nA chain of 100,000 additions")
    for who, kind in (("micrograd", THEIRS), ("ours", OURS)):
        try:
            forward, backward = chain(kind, 100_000)
            print(f"  {who:<12}forward {forward:.3f} s, backward {backward:.3f} s")
        except RecursionError:
            print(f"  {who:<12}RecursionError")

    print("\nChains of ours, µs a node (forward, backward)")
    for steps in (10**4, 10**5, 10**6):
        found = [chain(OURS, steps) for _ in range(3)]
        forward, backward = (1e6 * statistics.median(part) / steps for part in zip(*found))
        print(f"  {steps:>9,}  {forward:.3f}  {backward:.3f}")

    bare, full = import_seconds()
    print(
        f"\nImport: a bare interpreter {1e3 * bare:.1f} ms, with autograd_lite {1e3 * full:.1f} ms: "
        f"{1e3 * (full - bare):.1f} ms more"
    )


if __name__ == "__main__":
    main()
