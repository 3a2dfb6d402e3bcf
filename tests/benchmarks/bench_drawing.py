"""From a graph to its SVG: networks of 10 to 5,000 nodes and the loop ``y = y * x``, as micrograd draws, as torchviz.

Run as a script: ``python tests/benchmarks/bench_drawing.py [SECONDS]``; it needs `dot`, graphviz, micrograd, torch and
torchviz. The same program builds each circuit in the three kinds of number. What takes longer than SECONDS (30) is
ended and reported as such. A figure of ours is the median of three runs, of theirs a single one. Of 100,000 nodes only
the folded picture is drawn, as by default. The last lines hold the figures to what was promised: 1,000 nodes within
1 s, 5,000 within 2 s, 100,000, folded, within 3 s.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import graphviz
import micrograd.engine
import torch
import torchviz

import autograd_lite
from autograd_lite.drawing import draw, svg
from autograd_lite.drawing.layout import layered
from autograd_lite.drawing.model import describe

Kind = Callable[[float], Any]
SECONDS = 30.0


def network(kind: Kind, count: int) -> Any:
    """Layers of up to eight neurons with eight inputs, of about `count` nodes in all, constants included."""
    rng = random.Random(0)
    x = [kind(rng.gauss(0, 1)) for _ in range(2 if count < 50 else 8)]
    made = len(x)
    while True:
        outputs = []
        for _ in range(len(x)):
            total = kind(0.1)
            for a in x:
                total = total + kind(rng.gauss(0, 1)) * a
            outputs.append(total.relu())
            made += 3 * len(x) + 2
            if made >= count:
                result = outputs[0]
                for other in outputs[1:]:
                    result = result + other
                return result
        x = outputs


def loop(kind: Kind, steps: int) -> Any:
    y, x = kind(1.0), kind(0.999)
    for _ in range(steps):
        y = y * x
    return y


CIRCUITS: dict[str, Callable[[Kind], Any]] = {
    **{
        f"network, {count:,} nodes": lambda kind, count=count: network(kind, count)
        for count in (10, 100, 1_000, 5_000, 100_000)
    },
    **{f"loop of {steps}": lambda kind, steps=steps: loop(kind, steps) for steps in (100, 400)},
}


# ---- ours ------------------------------------------------------------------------------------------------------------


def folded(root: Any) -> None:
    svg.svg(draw(root, names=False).circuit)


def whole(root: Any) -> None:
    draw(root, names=False, most=None).svg()


def built_in(root: Any) -> None:
    svg.svg(describe(root, most=None))


def as_png(root: Any) -> None:
    draw(root, names=False, most=None).image("png")


def layout_alone(root: Any) -> Callable[[], Any]:
    """The layout of the whole circuit's boxes, of the sizes that they have in SVG."""
    found: list[Any] = []
    original = svg.layered
    svg.layered = lambda *args: found.append(args) or original(*args)  # type: ignore[assignment,func-returns-value]
    try:
        built_in(root)
    finally:
        svg.layered = original
    return lambda: layered(*found[0])


# ---- theirs ----------------------------------------------------------------------------------------------------------


def by_dot(source: str, seconds: float) -> None:
    subprocess.run(["dot", "-Tsvg"], input=source.encode(), capture_output=True, timeout=seconds, check=True)


def as_in_micrograds_notebook(root: Any, seconds: float) -> None:
    """A record for each value, an oval for each operation, walked by recursion and laid out by dot."""
    nodes, edges = set(), set()

    def build(value: Any) -> None:
        if value not in nodes:
            nodes.add(value)
            for child in value._prev:
                edges.add((child, value))
                build(child)

    build(root)
    dot = graphviz.Digraph(format="svg", graph_attr={"rankdir": "LR"})
    for value in nodes:
        dot.node(str(id(value)), label=f"{{ data {value.data:.4f} | grad {value.grad:.4f} }}", shape="record")
        if value._op:
            dot.node(f"{id(value)}{value._op}", label=value._op)
            dot.edge(f"{id(value)}{value._op}", str(id(value)))
    for child, value in edges:
        dot.edge(str(id(child)), f"{id(value)}{value._op}")
    by_dot(dot.source, seconds)


def by_torchviz(root: Any, seconds: float) -> None:
    by_dot(torchviz.make_dot(root).source, seconds)


# ---- timing ----------------------------------------------------------------------------------------------------------


def seconds_of(work: Callable[[], Any], runs: int) -> float | str:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        try:
            work()
        except subprocess.TimeoutExpired:
            return "ended"
        except RecursionError:
            return "recursion"
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    limit = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    kinds: dict[str, Kind] = {
        "ours": autograd_lite.Value,
        "micrograd": micrograd.engine.Value,
        "torch": lambda x: torch.tensor(x, requires_grad=True, dtype=torch.float64),
    }
    columns = ("folded", "whole", "built-in", "its layout", "as a PNG", "micrograd", "torchviz")
    print(f"{'seconds to SVG':>22}" + "".join(f"{column:>12}" for column in columns))
    figures: dict[tuple[str, str], float | str] = {}
    for name, build in CIRCUITS.items():
        root = build(kinds["ours"])
        root.backward()
        works: dict[str, tuple[Callable[[], Any], int]] = {"folded": (lambda root=root: folded(root), 3)}
        if "100,000" not in name:
            works |= {
                "whole": (lambda root=root: whole(root), 3),
                "built-in": (lambda root=root: built_in(root), 3),
                "its layout": (layout_alone(root), 3),
                "as a PNG": (lambda root=root: as_png(root), 3),
                "micrograd": (lambda build=build: as_in_micrograds_notebook(build(kinds["micrograd"]), limit), 1),
                "torchviz": (lambda build=build: by_torchviz(build(kinds["torch"]), limit), 1),
            }
        print(f"{name:>22}", end="", flush=True)
        for column, (work, runs) in works.items():
            figure = figures[name, column] = seconds_of(work, runs)
            shown = (
                f"{figure:12.2f}"
                if isinstance(figure, float)
                else f"{f'> {limit:g}' if figure == 'ended' else figure:>12}"
            )
            print(shown, end="", flush=True)
        print()
    verdict(figures)


def verdict(figures: dict[tuple[str, str], float | str]) -> None:
    for what, most in (("1,000 nodes", 1.0), ("5,000 nodes", 2.0), ("100,000 nodes", 3.0)):
        found = [f for (name, column), f in figures.items() if f", {what}" in name and column in ("folded", "built-in")]
        figure = max(f for f in found if isinstance(f, float))
        print(f"{what}: {figure:.2f} s, {'within' if figure <= most else 'NOT WITHIN'} {most:g} s")


if __name__ == "__main__":
    main()
