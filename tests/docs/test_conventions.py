"""The tables on the page of conventions are what is measured: ours, and another's where that version is installed."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("mpmath", reason="the truth needs pip install 'autograd_lite[testing]'")
DOCS = Path(__file__).parents[2] / "docs"


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("conventions", DOCS / "conventions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


conventions = program()
TEXT = (DOCS / "conventions.md").read_text(encoding="utf-8")


def columns(lines: list[str]) -> dict[str, list[str]]:
    """A table by the heads of its columns."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return dict(zip(rows[0], map(list, zip(*rows[2:])), strict=True))


def committed(place: str) -> dict[str, list[str]]:
    section = TEXT.split(f"<!-- measured: {place} -->")[1].split("<!-- end -->")[0]
    return columns([line for line in section.splitlines() if line.startswith("|")])


def test_ours_is_what_is_measured_now() -> None:
    us = [conventions.ours()]
    for place, table in (("special points", conventions.special_points), ("identities", conventions.identities)):
        told, found = committed(place), columns(table(us).splitlines())
        assert {head: told[head] for head in found} == found, "run python docs/conventions.py"


@pytest.mark.parametrize("peer", conventions.PEERS, ids=lambda peer: peer.__name__)
def test_another_is_what_is_measured_now(peer: object) -> None:
    name = peer.__name__  # type: ignore[attr-defined]
    pytest.importorskip(name, reason=f"{name} is not installed: pip install 'autograd_lite[jax,peers]'")
    system = peer()  # type: ignore[operator]
    told = committed("special points")
    (head,) = [head for head in told if head.startswith(f"{system.name} ")]
    found = [system.slopes(case) for case in conventions.CASES]
    assert len([slopes for slopes in found if slopes != "–"]) > 20
    if head == f"{system.name} {system.version}":  # another version may give something else
        assert told[head] == found
        assert committed("identities")[head] == [system.slopes(case) for case in conventions.IDENTITIES]


def test_every_system_has_a_column_and_the_page_is_of_its_program() -> None:
    told = committed("special points")
    heads = [re.sub(r" [\d.]+", "", head) for head in told]
    assert heads == ["derivative of", "ours", "PyTorch", "JAX", "autograd", "CasADi", "TensorFlow †", "DiffRules.jl †"]
    assert told["TensorFlow 2.21 †"] == [case.tensorflow or "–" for case in conventions.CASES]
    assert told["DiffRules.jl †"] == [case.diffrules or "–" for case in conventions.CASES]


def test_the_truth_is_known_without_any_system() -> None:
    assert [conventions.truth(case) for case in conventions.IDENTITIES] == ["1", "1", "½", "0", "1"]
