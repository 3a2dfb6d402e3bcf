"""Time to explain one node of a large graph, and to print it: a deep chain, a wide sum, and a random graph.

Run as a script: ``python tests/benchmarks/bench_explain.py``. Figures are medians, in seconds of CPU.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from autograd_lite import Value, math

NODES = 100_000
RUNS = 5


def chain() -> tuple[Value, Value]:
    """Every node of the chain is a successor of the leaf."""
    x = Value(1.0, "x")
    f = x
    for _ in range(NODES // 2):
        f = f * 0.5 + x
    return x, f


def doublings() -> tuple[Value, Value]:
    """2^50,000 paths."""
    x = Value(1.0, "x")
    f = x
    for _ in range(NODES // 2):
        f = (f + f) * 0.5
    return x, f


def wide() -> tuple[Value, Value]:
    """A sum of products, such as a regression's loss."""
    rng = random.Random(1)
    x = Value(0.5, "x")
    return x, sum((math.sin(x * rng.gauss(0, 1)) for _ in range(NODES // 3)), Value(0.0))


def tangled() -> tuple[Value, Value]:
    """Operands far and near, of all kinds of successors."""
    rng = random.Random(2)
    nodes = [Value(rng.gauss(0, 1)) for _ in range(10)]
    while len(nodes) < NODES:
        a, b = nodes[-rng.randint(1, 10)], nodes[-rng.randint(1, len(nodes))]
        nodes.append(rng.choice((lambda a, b: (a + b) * 0.5, lambda a, b: math.sin(a * b)))(a, b))
    return nodes[0], nodes[-1]


def median(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    print(f"{'graph of about 10^5 nodes':<28}{'backward':>10}{'explain':>10}{'and print':>10}")
    for build in (chain, doublings, wide, tangled):
        x, f = build()
        backward = median(f.backward)
        f.zero_grad()
        f.backward()
        explained, told = median(x.explain), median(lambda node=x: str(node.explain()))
        print(f"{build.__name__:<28}{backward:>10.3f}{explained:>10.3f}{told:>10.3f}")


if __name__ == "__main__":
    main()
