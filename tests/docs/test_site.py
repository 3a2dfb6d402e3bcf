"""The site builds without a warning, every link in it leads somewhere, and no page needs a network."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from links import faults

from autograd_lite.playground.session import run

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("myst_nb", reason="Sphinx is not installed: pip install 'autograd_lite[docs]'")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-c", "docs", "-d", f"{out}/doctrees"]
    built = subprocess.run([*command, ".", out / "html"], cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert built.stderr == ""
    return out / "html"


def test_every_link_leads_somewhere(site: Path) -> None:
    assert list(faults(site)) == []


def test_every_page_written_is_in_the_site_and_reached_from_its_entry(site: Path) -> None:
    for file in [*ROOT.glob("docs/**/*.md"), *ROOT.glob("notebooks/*.ipynb"), ROOT / "CHANGELOG.md"]:
        page = site / file.relative_to(ROOT).with_suffix(".html")
        assert page.is_file(), page
        here = page.relative_to(site).as_posix()
        entry = site / "docs" / "index.html"
        if page != entry:
            # The sidebar of the entry has the whole tree.
            reached = {(entry.parent / link).resolve() for link in re.findall(r'href="([^"#]+)', entry.read_text())}
            assert page.resolve() in reached, here


def test_every_block_of_the_tutorial_runs_in_the_playground(site: Path) -> None:
    assert (site / "playground" / "index.html").is_file()
    count = 0
    for page in sorted((ROOT / "docs" / "tutorial").glob("*.md")):
        built = (site / "docs" / "tutorial" / f"{page.stem}.html").read_text(encoding="utf-8")
        blocks = len(re.findall(r"^```python\n>>>", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert built.count('<p class="run">') == blocks
        for code in re.findall(r"#code=([\w-]+)", built):
            program = zlib.decompress(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)), wbits=-15).decode()
            shown = json.loads(run(program))
            error = shown["error"]  # None, or the one that the page shows
            assert error is None or error["text"] in page.read_text(encoding="utf-8"), f"{error}\n{program}"
            count += 1
    assert count > 30


def test_a_name_is_found_by_the_search(site: Path) -> None:
    index = (site / "searchindex.js").read_text()
    words = json.loads(index[index.index("(") + 1 : index.rindex(")")])["terms"]
    assert {"gradient", "adjoint", "kink"} <= words.keys()


def test_formulas_are_mathml_and_nothing_is_left_of_latex(site: Path) -> None:
    table = (site / "docs" / "primitives.html").read_text(encoding="utf-8")
    assert table.count("<math") > 150
    assert re.search(r"<mfrac>\s*<mn>0.5</mn>", table)  # the slope of sqrt
    for page in site.glob("docs/**/*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<script[^>]+mathjax", text, re.IGNORECASE)
        outside_of_code = re.sub(r"<(pre|code|script)\b.*?</\1>", "", text, flags=re.DOTALL)
        assert not re.search(r"\\(frac|partial|left|operatorname)\b|\$\$", outside_of_code), page
