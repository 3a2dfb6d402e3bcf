"""Keeps each notebook's outputs in step with its code: ``python notebooks/execute.py`` runs all and writes them.

``python notebooks/execute.py 1-circuits`` does one; ``--check`` writes nothing and says what differs. A file depends on
its cells alone: ids are places, and no time, version or machine is kept. Texts must come out the same, pictures and
HTML must come out; a cell with the tag ``varies``, which measures, need only give outputs of the same kinds. Needs the
extra ``docs``.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbclient
import nbformat
from nbformat import NotebookNode

HERE = Path(__file__).parent
TIMEOUT = 600  # seconds a cell


def notebooks() -> list[Path]:
    """All of them, in order."""
    return sorted(HERE.glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def executed(stored: NotebookNode) -> NotebookNode:
    """The notebook run from clean, in a process of its own, with this interpreter. An error in a cell is one here."""
    fresh = normal(stored)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    before = dict(os.environ)
    paths = [str(HERE.parent), *filter(None, [before.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory() as profile:  # nobody's settings and history
        os.environ |= {"PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0", "COLUMNS": "80", "NO_COLOR": "1"}
        os.environ["IPYTHONDIR"] = profile
        try:
            client = nbclient.NotebookClient(fresh, timeout=TIMEOUT, kernel_name="python3", record_timing=False)
            client.execute(cwd=str(HERE))
        finally:
            os.environ.clear()
            os.environ |= before
    return normal(fresh)


def normal(notebook: NotebookNode) -> NotebookNode:
    """The same cells and outputs, without what an editor, a clock or a machine adds."""
    cells = []
    for place, cell in enumerate(notebook.cells, 1):
        tags = cell.metadata.get("tags")
        kept = {"id": f"cell-{place}", "cell_type": cell.cell_type, "metadata": {"tags": tags} if tags else {}}
        kept["source"] = cell.source.strip("\n")
        if cell.cell_type == "code":
            kept |= {"execution_count": cell.execution_count, "outputs": _outputs(cell.outputs)}
        cells.append(kept)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def written(notebook: NotebookNode) -> str:
    """The text of the file."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def differences(stored: NotebookNode, fresh: NotebookNode) -> Iterator[str]:
    """What `fresh` has otherwise than `stored`: one text for each cell."""
    for place, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True), 1):
        if old.cell_type == "code":
            varies = "varies" in old.metadata.get("tags", ())
            was, now = (_comparable(cell.outputs, varies) for cell in (old, new))
            if was != now:
                yield "\n".join([f"cell {place}:", *difflib.unified_diff(was, now, "stored", "run", lineterm="", n=1)])


def _outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Without metadata, and what one stream was given in pieces in one piece."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and kept and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(nbformat.from_dict({**output, **({"metadata": {}} if "metadata" in output else {})}))
    return kept


def _comparable(outputs: list[NotebookNode], varies: bool) -> list[str]:
    """Outputs as lines: texts as they are, of the rest the kind."""
    lines = []
    for output in _outputs(outputs):
        content = {output.name: output.text} if output.output_type == "stream" else output.get("data", {})
        lines.append(output.output_type)
        if output.output_type == "error":
            lines += [output.ename, output.evalue]
        for kind in sorted(content):
            drawn = kind == "text/html" or not (kind.startswith("text/") or output.output_type == "stream")
            picture = any(
                other.startswith("image/") for other in content
            )  # whose text is "<Figure size …>" or the like
            lines += [kind] if drawn or varies or picture else [f"{kind}: {line}" for line in content[kind].split("\n")]
    return lines


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the notebooks from clean and store their outputs.")
    parser.add_argument("names", nargs="*", help="such as 1-circuits; all by default")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if an output is not as stored")
    options = parser.parse_args(argv)
    chosen = [HERE / f"{name.removesuffix('.ipynb')}.ipynb" for name in options.names] or notebooks()
    stale = 0
    for path in chosen:
        stored = read(path)
        fresh = executed(stored)
        found = list(differences(stored, fresh))
        print(f"{path.name}: {len(found)} of {len(stored.cells)} cells have other outputs", *found, sep="\n")
        stale += bool(found)
        if not options.check:
            path.write_text(written(fresh), encoding="utf-8")
    return int(options.check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
