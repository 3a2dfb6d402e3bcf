"""All measurements, and the page of them: ``python tests/benchmarks/report.py`` writes docs/benchmarks.md and plots.

Each part runs in a process of its own, one after the other; that takes a quarter of an hour, on a machine that does
nothing else. ``--keep FILE`` writes the measurements too. ``--from FILE`` makes the page of such a file, and measures
anew only the parts that are named: ``report.py --from FILE rows growth``.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import plots
from bench_growth import FITTED
from measure import Line, Table, versions

from autograd_lite.compiler.host import processor

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"

PROSE = {
    "rows": """
An observation is a camera (11 numbers: a rotation vector, the centre, the focal length, the principal point, two of
radial distortion), a point (3), a weight, and the feature seen (2). Each row's squared residuals are differentiated by
the first three: 17 numbers are read and 16 written a row. "Ours" writes its gradients into arrays that are there
(`out=`), and gives the values' sum; CasADi and symengine also write into arrays that are there. The kernel alone is the
machine code on columns, without the layer of Python that finds it. The copy is NumPy's of as many bytes as a row has.
""",
    "point": """
The same at one observation: what a call costs that an optimiser makes in a loop. First the ordinary call, which makes
its results anew; then a bound one (`compile(f).bind(x, of="value_and_grad")`), which reads and writes arrays that stay
where they are, as CasADi's buffered and symengine's `unsafe_real` do.
""",
    "network": """
The loss of micrograd's demonstration, `MLP(2, [16, 16, 1])` on 20 points, unrolled to single operations. Python's
garbage collector is off while anything is measured here, which spares an engine of objects half of its time: with it
on, micrograd takes longer (see [the eager engine](#the-eager-engine)).
""",
    "shared": """
The parameters are shared by all rows: the gradient is summed over the rows, and no array of rows × parameters is made.
JAX and PyTorch compute with matrices, which is how their users write a network.
""",
    "layer": """
A layer of a size for which matrices are made: every number of it is an operation here.
""",
    "mixture": """
`in_axes` makes rows of the points; weights, means and factors are shared. The prior and the norm of the weights, which
depend on no point, are a second compiled function. JAX and PyTorch compute the same as tensors of points × components ×
dimensions.
""",
    "lstm": """
The recurrence is sequential, so there are no rows. A good user compiles a piece of it, and its vector-Jacobian product
(`grad` of the piece's value plus the adjoint of the state after it), and goes through time in Python.
""",
    "hand": """
The pose is 26 numbers, and the residuals three of each point. ADBench's own hand is a scan that we do not have: this
one has as many bones and vertices, drawn with a fixed seed.
""",
    "skin": """
Two more unknowns a point, its place on a triangle: the Jacobian is sparse. Ours and CasADi's are told so and compute
no structural zero; ours gives a new matrix of SciPy's, CasADi writes its entries into an array that is there.
""",
}

SECTIONS = [
    ("Bundle adjustment", "bench_compiled.py", ["rows", "point"]),
    ("micrograd's network", "bench_compiled.py", ["network", "shared", "layer"]),
    ("ADBench's other objectives", "bench_adbench.py", ["mixture", "lstm", "hand", "skin"]),
]

BEHIND = """
Where the work is linear algebra on large arrays, a compiler of arrays has loops over blocks of numbers, and ours has an
operation for each number, which has to be traced, compiled, and read as code each time. Use JAX or PyTorch there.
Compiling takes us longer than CasADi, which interprets, and for a long program than JAX, which compiles an operation on
an array once however large the array is.
"""


def child(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(DOCS.parent), os.environ.get("PYTHONPATH", "")])}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an import is to be measured as it is from the second time on
    done = subprocess.run(
        [sys.executable, *arguments], cwd=HERE, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def written_json(script: str, *parts: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        child(script, *parts, "--json", str(path))
        return json.loads(path.read_text())


EAGER_SCRIPTS = ("bench_micrograd.py", "bench_derivatives.py")


def measured(found: dict[str, Any], wanted: list[str]) -> None:
    """Measure these parts, or all if there are none, and add them to what is there."""
    found["machine"], found["versions"] = machine(), versions()
    scripts = {part: script for _, script, parts in SECTIONS for part in parts}
    for part in wanted or [*scripts, "growth", *EAGER_SCRIPTS]:
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        print(f"{part}, with a load of {load:.1f} before", flush=True)
        found.setdefault("loads", {})[part] = load
        if part in EAGER_SCRIPTS:
            found[part] = child(part)
        elif part == "growth":
            found[part] = written_json("bench_growth.py")
        else:
            found.setdefault("tables", {})[part] = written_json(scripts[part], part)["tables"]


def machine() -> dict[str, str]:
    host = processor()
    name = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    system = f"{platform.system()}, {' '.join(platform.libc_ver())}, {platform.machine()}"
    return {
        "Processor": f"{name} ({host.cpu} to LLVM), {os.cpu_count()} cores",
        "Vectors": f"{host.width} doubles, {64 * host.width} bits",
        "System": system,
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Measured": f"{datetime.date.today():%Y-%m-%d}",
    }


def table_of(found: dict[str, Any]) -> Table:
    return Table(found["title"], found["base"], [Line(**line) for line in found["lines"]], found["notes"])


def markdown(table: Table) -> str:
    unit, size = table.unit()
    lines = [f"| {table.title} | {unit} | middle half | × ours |", "| --- | ---: | ---: | ---: |"]
    for line in table.lines:
        low, median, high = [three(x / size) for x in (line.low, line.median, line.high)]
        name = f"**{line.system}**" if line.system == table.base else line.system
        lines.append(f"| {name} | {median} | {low} – {high} | {three(line.median / table[table.base])} |")
    return "\n".join([*lines, "", filled(" ".join(table.notes))]).rstrip()


def filled(paragraph: str) -> str:
    return textwrap.fill(paragraph.strip(), 120, break_long_words=False, break_on_hyphens=False)


def three(x: float) -> str:
    """With three digits."""
    if x >= 100.0:
        return f"{x:,.0f}"
    return f"{x:.1f}" if x >= 10.0 else f"{x:.2f}" if x >= 1.0 else f"{x:.3g}"


def peers_of(table: Table) -> list[Line]:
    return [line for line in table.lines if not line.system.startswith(("ours", "1 thread", "2 threads"))]


def faster(tables: list[Table]) -> str:
    """What was faster than ours, said of each table."""
    lines = []
    for table in tables:
        ours = min(
            line.median for line in table.lines if line.system.startswith("ours") and "kernel" not in line.system
        )
        ahead = [line for line in peers_of(table) if line.median < ours and "copying" not in line.system]
        if ahead:
            said = ", ".join(f"{line.system} ({three(ours / line.median)} times)" for line in ahead)
            lines.append(f"- {table.title}: {said}.")
    return "\n".join(lines) or "In this run, nothing."


def page(found: dict[str, Any]) -> str:
    tables = {part: [table_of(table) for table in given] for part, given in found["tables"].items()}
    loads = found["loads"].values()
    parts = [INTRODUCTION.strip(), "", "| | |", "| --- | --- |"]
    parts += [f"| {name} | {said} |" for name, said in found["machine"].items()]
    parts.append(f"| Load before the parts | {min(loads):.1f} to {max(loads):.1f} |")
    parts.append(f"| Versions | {', '.join(f'{name} {v}' for name, v in found['versions'].items())} |")
    parts += ["", "## At a glance", "", "![Time of each system over ours, by problem](images/benchmarks-systems.svg)"]
    for heading, _, names in SECTIONS:
        parts += ["", f"## {heading}"]
        for name in names:
            parts += ["", PROSE[name].strip(), "", *["\n".join([markdown(t), ""]) for t in tables[name]]]
    parts += ["", "## How it grows", "", *grown(found["growth"])]
    parts += [
        "",
        "## Where others are faster",
        "",
        faster([t for given in tables.values() for t in given if peers_of(t)]),
    ]
    parts += ["", BEHIND.strip(), "", "## The eager engine", "", EAGER.strip()]
    for script in EAGER_SCRIPTS:
        parts += ["", "```text", found[script].strip(), "```"]
    parts += ["", "## Measure again", "", AGAIN.strip(), ""]
    text = "\n".join(parts)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


INTRODUCTION = """
# Benchmarks

Compiled functions beside what else a person might use, in float64. Every problem is written once for the systems that
compute with single numbers, and once more in arrays for JAX and PyTorch, as their users would. Before anything is
timed, each system's value and gradient are compared with ours, to 1e-9 of the largest entry. The systems run in one
process on one processor (threads are said where there are more) and take turns: 20 ms of calls that are not counted,
which bring the caches back to what they are in a loop, and then 20 ms, or one call, that are. A figure is the median,
beside it the range of the middle half of the turns. Time is the clock's. What counts is the ratio: it carries over to
other machines better than a time does.
"""

EAGER = """
Without compiling, a `Value` records each operation as it is computed. Beside other engines of this kind, with Python's
garbage collector on, as the scripts print it:
"""

AGAIN = """
`python tests/benchmarks/report.py` in a checkout, after `pip install -e '.[compile,jax,peers]'`, writes this page and
its plots in about a quarter of an hour. A system that is not installed is left out. Each script in `tests/benchmarks`
also runs on its own and prints its tables, and takes the names of its parts, as in
`python tests/benchmarks/bench_compiled.py rows point`. `BENCHMARK_SECONDS` sets for how long a system is measured on a
problem, 2 by default.
"""


OPERATIONS = """
A pendulum's steps, differentiated by angle, speed and step width, as one program. Each size is compiled in a process of
its own; its memory is what the process held at most, less what it held before. From {:,} operations on, time and memory
grow as powers of the number of operations: tracing and differentiating with the exponent {:.2f}, compiling {:.2f},
running {:.2f}, memory {:.2f}; 1 would be proportional.
"""

ROWS = """
Bundle adjustment by rows, on one thread, with `out=`. Below ten thousand rows a call costs what any call costs. From
{:,} rows on, time grows with the exponent {:.2f}, the kernel's alone with {:.2f}. Memory beyond the arrays that are
given does not grow.
"""


def grown(growth: dict[str, Any]) -> list[str]:
    powers = growth["exponents"]
    lines = [
        filled(OPERATIONS.format(FITTED["operations"], *powers["operations"].values())),
        "",
        "![Time and memory by operations](images/benchmarks-operations.svg)",
        "",
        "| operations | traced, differentiated | compiled | run | run, each | memory |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in growth["operations"]:
        n = int(size["size"])
        lines.append(
            f"| {n:,} | {three(1e3 * size['traced and differentiated'])} ms | {three(1e3 * size['compiled'])} ms | "
            f"{three(1e6 * size['run'])} µs | {three(1e9 * size['run'] / n)} ns | {three(size['memory'] / 2**20)} MB |"
        )
    lines += [
        "",
        filled(ROWS.format(FITTED["rows"], *powers["rows"].values())),
        "",
        "![Time and memory by rows](images/benchmarks-rows.svg)",
        "",
        "| rows | ours | a row | the kernel alone, a row | arrays | memory beyond |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in growth["rows"]:
        n = int(size["size"])
        lines.append(
            f"| {n:,} | {three(1e3 * size['run'])} ms | {three(1e9 * size['run'] / n)} ns | "
            f"{three(1e9 * size['the kernel alone'] / n)} ns | {three(size['arrays'] / 2**20)} MB | "
            f"{three(size['memory'] / 2**20)} MB |"
        )
    return lines


def main(arguments: list[str]) -> None:
    options = {}
    for option in ("--from", "--keep"):
        if option in arguments:
            at = arguments.index(option)
            _, options[option] = arguments[at : at + 2]
            arguments = arguments[:at] + arguments[at + 2 :]
    found = json.loads(Path(options["--from"]).read_text()) if "--from" in options else {}
    if arguments or not found:
        measured(found, arguments)
    if "--keep" in options:
        Path(options["--keep"]).write_text(json.dumps(found))
    tables = [table_of(table) for given in found["tables"].values() for table in given]
    plots.systems([(table, peers_of(table)) for table in tables if peers_of(table)], DOCS / "images")
    plots.operations(found["growth"], DOCS / "images")
    plots.rows(found["growth"], DOCS / "images")
    (DOCS / "benchmarks.md").write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
