"""Every block of code in the project's pages is run.

Blocks with prompts are doctests, which pytest collects from its `testpaths`. A page's Python blocks without prompts are
one program, and its shell blocks one script; both run here, in an empty folder. The README's shell blocks are what
.ci/run begins with, and CONTRIBUTING's begin with it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

markdown_it = pytest.importorskip("markdown_it", reason="the pages need pip install 'autograd_lite[docs]'")
ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TESTPATHS = PROJECT["tool"]["pytest"]["ini_options"]["testpaths"]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")})
NO_CODE = {"text", "diff", "toml", "yaml", "json", "html", "latex", "mermaid", "dot"}
DIRECTIVES = {"{toctree}", "{eval-rst}", "{note}", "{figure}"}


class Block(NamedTuple):
    line: int
    language: str
    text: str


def blocks(text: str) -> Iterator[Block]:
    for token in markdown_it.MarkdownIt("commonmark").parse(text):
        if token.type in ("fence", "code_block"):
            line, _ = token.map
            yield Block(line + 1, (token.info.split() or [""])[0], token.content)


def of(page: Path, language: str) -> list[Block]:
    return [block for block in blocks(page.read_text(encoding="utf-8")) if block.language == language]


def prompted(block: Block) -> bool:
    return block.text.lstrip().startswith(">>>")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


PROGRAMS = [page for page in PAGES if any(not prompted(block) for block in of(page, "python"))]
SCRIPTS = [page for page in PAGES if of(page, "sh") and page.parent != ROOT]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_block_escapes(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        here = f"{name(page)}:{block.line}"
        assert block.language in {"python", "sh", *NO_CODE, *DIRECTIVES}, f"{here}: who runs {block.language!r}?"
        assert prompted(block) or not re.search(r"^\s*>>>", block.text, re.MULTILINE), (
            f"{here}: prompts, not from the start"
        )
        if prompted(block):
            assert block.language == "python", here
            assert any(name(page) == path or name(page).startswith(f"{path}/") for path in TESTPATHS), here


def test_no_example_is_skipped() -> None:
    for file in [*PAGES, *ROOT.glob("autograd_lite/**/*.py")]:
        assert not re.search(r"doctest:.*\+SKIP", file.read_text(encoding="utf-8")), file


def test_text_between_the_cells_of_a_notebook_has_no_code_that_is_not_run() -> None:
    nbformat = pytest.importorskip("nbformat")
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                assert {block.language for block in blocks(cell.source)} <= NO_CODE, path


@pytest.mark.parametrize("page", PROGRAMS, ids=name)
def test_the_program_of_a_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in of(page, "python"):
        if not prompted(block):
            lines = "\n" * block.line + block.text  # a traceback names the page's own line
            try:
                exec(compile(lines, str(page), "exec"), namespace)
            except ModuleNotFoundError as error:  # another library, to come from
                pytest.skip(f"{error.name} is not installed: pip install 'autograd_lite[dev,docs,jax,peers]'")


@pytest.mark.parametrize("page", SCRIPTS, ids=name)
def test_the_script_of_a_page(page: Path, tmp_path: Path) -> None:
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for program, module in (("python", ""), ("autograd-lite", "-m autograd_lite"), ("pytest", "-m pytest")):
        (programs / program).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        (programs / program).chmod(0o755)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    for block in of(page, "sh"):
        lines = [line for line in block.text.splitlines() if not installed(line)]
        command = ["bash", "-euo", "pipefail", "-c", "\n".join(lines)]
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, f"{name(page)}:{block.line}\n{ran.stdout}{ran.stderr}"


def installed(line: str) -> bool:
    """Whether a line installs this package, which it is then: its extras are there to install."""
    words = shlex.split(line, comments=True)
    if words[:2] != ["pip", "install"]:
        return False
    for word in words[2:]:
        found = re.fullmatch(r"autograd_lite(?:\[([\w,]+)\])?", word)
        assert found, f"a page installs {word}"
        extras = found[1].split(",") if found[1] else []
        assert PROJECT["project"]["optional-dependencies"].keys() >= set(extras), line
    return True


def test_what_contributors_run_is_there() -> None:
    page = ROOT / "CONTRIBUTING.md"
    for block in of(page, "sh") if page.is_file() else []:
        for line in block.text.splitlines():
            for word in shlex.split(line, comments=True):
                if "/" in word and not word.startswith((".venv", "http")):
                    assert (ROOT / word).exists(), f"CONTRIBUTING.md: {word}"
