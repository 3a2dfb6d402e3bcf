"""The plots of the page of benchmarks, by matplotlib: SVG that is light or dark as its reader's system is.

Lines are named where they end, axes have units, and a colour means one thing: blue is time, orange what is faster than
ours, green memory.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from measure import Line, Table

INK, PALE, PAPER, BLUE, ORANGE, GREEN = "#1f2328", "#d1d9e1", "#ffffff", "#0969da", "#bc4c00", "#1a7f37"
DARK = {INK: "#e6edf3", PALE: "#3d444d", PAPER: "#0d1117", BLUE: "#58a6ff", ORANGE: "#f0883e", GREEN: "#3fb950"}
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "autograd_lite",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": PALE,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "axes.axisbelow": True,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
}


def saved(figure: Any, path: Path) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    text = path.read_text(encoding="utf-8").replace("'DejaVu Sans'", "Helvetica, Arial, sans-serif")
    rules = [
        f'[style*="{kind}: {light}"]{{{kind}:{dark}!important}}'
        for light, dark in DARK.items()
        for kind in ("fill", "stroke")
    ]
    style = f"<style>@media (prefers-color-scheme:dark){{{''.join(rules)}}}</style>"
    text = re.sub(r"(<svg [^>]*>)", lambda found: f"{found[1]}\n {style}", text, count=1)
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")


def systems(tables: list[tuple[Table, list[Line]]], folder: Path) -> None:
    """For each problem the peers' times over ours, on one logarithmic axis."""
    heights = [len(peers) + 1.6 for _, peers in tables]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(tables), 1, figsize=(8.0, 0.2 * sum(heights) + 0.5), height_ratios=heights, sharex=True
        )
        for at, (table, peers) in zip(axes, tables):
            ours = table[table.base]
            ordered = sorted(peers, key=lambda line: -line.median)
            for y, line in enumerate(ordered):
                ratio = line.median / ours
                colour = BLUE if ratio >= 1.0 else ORANGE
                at.plot([1.0, ratio], [y, y], color=colour, linewidth=1.5, solid_capstyle="butt")
                at.plot([ratio], [y], "o", color=colour, markersize=4)
                at.annotate(
                    f"{ratio:,.0f}×" if ratio >= 10.0 else f"{ratio:.2g}×",
                    (ratio, y),
                    (6 if ratio >= 1.0 else -6, 0),
                    textcoords="offset points",
                    ha="left" if ratio >= 1.0 else "right",
                    va="center",
                    fontsize=8,
                )
            at.axvline(1.0, color=INK, linewidth=1.0)
            at.set_yticks(range(len(ordered)), [line.system for line in ordered])
            at.set_ylim(-0.7, len(ordered) - 0.3)
            unit, size = table.unit()
            at.set_title(f"{table.title}. Ours: {ours / size:.3g} {unit}", x=-0.42, fontsize=9)
            at.tick_params(axis="both", length=0)
            at.grid(visible=False, axis="y")
            at.spines[["left", "bottom"]].set_visible(False)
            at.set_xscale("log")
            at.xaxis.set_major_formatter(lambda x, _: f"{x:,g}")
        low = min(min(line.median for line in peers) / table[table.base] for table, peers in tables)
        high = max(max(line.median for line in peers) / table[table.base] for table, peers in tables)
        axes[-1].set_xlim(min(low, 0.5) / 2.5, high * 4.0)
        axes[-1].set_xlabel("time over ours (logarithmic): right of 1 slower than ours, left of it faster")
        figure.tight_layout(h_pad=0.6)
        saved(figure, folder / "benchmarks-systems.svg")


def named(at: Any, xs: list[float], ys: list[float], name: str, colour: str, lower: float = 0.0, **line: Any) -> None:
    """A line with its name at its last point, or so many points lower."""
    at.plot(xs, ys, color=colour, marker="o", markersize=3, linewidth=1.5, **line)
    at.annotate(name, (xs[-1], ys[-1]), (6, -lower), textcoords="offset points", va="center", color=colour, fontsize=8)


def power(n: float) -> str:
    return f"$n^{{{n:.2f}}}$"


def both_logarithmic(at: Any, title: str, x: str, y: str, room: float) -> None:
    at.set_xscale("log")
    at.set_yscale("log")
    at.set_title(title)
    at.set_xlabel(x)
    at.set_ylabel(y)
    left, right = at.get_xlim()
    at.set_xlim(left, right * room)
    at.spines[["left", "bottom"]].set_visible(False)
    at.tick_params(axis="both", length=0)


def operations(growth: dict[str, Any], folder: Path) -> None:
    sizes, powers = growth["operations"], growth["exponents"]["operations"]
    n = [size["size"] for size in sizes]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(10.0, 3.2))
        named(axes[0], n, [size["compiled"] for size in sizes], f"compile, {power(powers['compiled'])}", BLUE, -3.0)
        what = "traced and differentiated"
        name = f"trace and\ndifferentiate,\n{power(powers[what])}"
        named(axes[0], n, [size[what] for size in sizes], name, BLUE, 12.0)
        both_logarithmic(axes[0], "Before the first call", "operations n", "seconds", 30.0)
        named(axes[1], n, [1e6 * size["run"] for size in sizes], power(powers["run"]), BLUE)
        both_logarithmic(axes[1], "Each call", "operations n", "microseconds", 5.0)
        named(axes[2], n, [size["memory"] / 2**20 for size in sizes], power(powers["memory"]), GREEN)
        both_logarithmic(axes[2], "Memory", "operations n", "MB", 5.0)
        figure.tight_layout()
        saved(figure, folder / "benchmarks-operations.svg")


def rows(growth: dict[str, Any], folder: Path) -> None:
    sizes, powers = growth["rows"], growth["exponents"]["rows"]
    n = [size["size"] for size in sizes]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.2))
        named(axes[0], n, [1e3 * size["run"] for size in sizes], power(powers["run"]), BLUE)
        both_logarithmic(axes[0], "Each call", "rows n", "milliseconds", 12.0)
        named(axes[1], n, [size["arrays"] / 2**20 for size in sizes], "arrays given", INK, linestyle=":")
        named(axes[1], n, [size["memory"] / 2**20 for size in sizes], "beyond them", GREEN)
        both_logarithmic(axes[1], "Memory", "rows n", "MB", 60.0)
        figure.tight_layout()
        saved(figure, folder / "benchmarks-rows.svg")
