"""Every notebook runs from clean and gives what is stored in it; and the program that sees to it does."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

nbformat = pytest.importorskip("nbformat", reason="the notebooks need pip install 'autograd_lite[docs]'")
pytest.importorskip("nbclient", reason="the notebooks need pip install 'autograd_lite[docs]'")
FOLDER = Path(__file__).parents[2] / "notebooks"


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


execute = program()


@pytest.mark.parametrize("path", execute.notebooks(), ids=lambda path: path.stem)
def test_a_notebook_gives_what_is_stored(path: Path) -> None:
    stored = execute.read(path)
    assert path.read_text(encoding="utf-8") == execute.written(execute.normal(stored)), "run notebooks/execute.py"
    counts = [cell.execution_count for cell in stored.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1)), "run notebooks/execute.py: these were not all run, from the first"
    assert list(execute.differences(stored, execute.executed(stored))) == []


def small(*sources: str, tags: list[str] | None = None) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": tags} if tags else {}) for source in sources]
    cells.append(nbformat.v4.new_markdown_cell("# Text"))
    return nbformat.v4.new_notebook(cells=cells, metadata={"widgets": {"much": "state"}})


DRAWN = "from autograd_lite import Value\n(Value(2.0, 'x') * 3).draw()"


def test_two_runs_give_the_same_bytes() -> None:
    notebook = small("print('a')\nprint('b')", "{3: 4}", DRAWN, "import this", "set('abcdef')")
    first, second = (execute.written(execute.executed(notebook)) for _ in range(2))
    assert first == second
    assert execute.written(execute.executed(nbformat.reads(first, as_version=4))) == first
    assert execute.written(execute.normal(nbformat.reads(first, as_version=4))) == first
    nbformat.validate(nbformat.reads(first, as_version=4))
    assert "much" not in first
    assert "timestamp" not in first


def test_what_is_stale_is_told_cell_by_cell() -> None:
    fresh = execute.executed(small("print('a')", "1 + 1", DRAWN))
    stored = nbformat.from_dict(fresh)
    assert list(execute.differences(stored, fresh)) == []
    stored.cells[1].outputs[0].data["text/plain"] = "3"
    assert list(execute.differences(stored, fresh)) == [
        "cell 2:\n--- stored\n+++ run\n@@ -1,2 +1,2 @@\n execute_result\n-text/plain: 3\n+text/plain: 2"
    ]
    stored.cells[0].outputs[0].text = "b\n"
    del stored.cells[2].outputs[0].data["image/svg+xml"]
    assert [told.split(":")[0] for told in execute.differences(stored, fresh)] == ["cell 1", "cell 2", "cell 3"]


def test_a_cell_that_measures_gives_the_same_kinds() -> None:
    stored = execute.executed(small("import time\ntime.perf_counter()", tags=["varies"]))
    assert stored.cells[0].metadata.tags == ["varies"]
    fresh = execute.executed(stored)
    assert fresh.cells[0].outputs != stored.cells[0].outputs
    assert list(execute.differences(stored, fresh)) == []
    stored.cells[0].outputs = []
    assert len(list(execute.differences(stored, fresh))) == 1


def test_an_error_in_a_cell_is_an_error() -> None:
    with pytest.raises(Exception, match="ZeroDivisionError"):
        execute.executed(small("1 / 0"))


def test_the_command_writes_or_only_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(execute, "HERE", tmp_path)
    path = tmp_path / "one.ipynb"
    nbformat.write(small("6 * 7"), path)
    before = path.read_text()
    assert execute.main(["--check", "one"]) == 1
    assert path.read_text() == before
    assert "text/plain: 42" in capsys.readouterr().out
    assert execute.main([]) == 0
    assert path.read_text() != before
    assert execute.main(["--check"]) == 0
