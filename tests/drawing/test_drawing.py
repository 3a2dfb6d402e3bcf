"""The first floor of `drawing`: the DOT source, the text tree, and images by either Graphviz."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograd_lite import Value
from autograd_lite.drawing import Picture, draw
from autograd_lite.drawing.model import describe

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

HAS_TYPST = importlib.util.find_spec("typst") is not None


def circuit() -> Value:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    f = ((x + y) * z).named("f")
    f.backward()
    return f


def test_the_description_of_the_first_circuit():
    drawn = describe(circuit())
    assert [node.id for node in drawn.nodes] == ["n0", "n1", "n2", "n3", "n4"]
    assert [node.label or node.text for node in drawn.nodes] == ["x", "y", "+", "z", "f"]
    assert [node.gradient_text for node in drawn.nodes] == ["−4", "−4", "−4", "3", "1"]
    assert [(edge.parent, edge.child, edge.operand, edge.text) for edge in drawn.edges] == [
        ("n0", "n2", 0, "1"),
        ("n1", "n2", 1, "1"),
        ("n2", "n4", 0, "−4"),
        ("n3", "n4", 1, "3"),
    ]


def test_an_operand_met_twice_has_two_edges():
    x = Value(3.0, "x")
    assert draw(x * x).source.count("n0 -> n1") == 2


def test_gradient_is_unknown_before_backward_and_zero_after():
    x = Value(3.0, "x")
    f = x * 0.0
    assert [node.gradient_text for node in describe(f).nodes] == ["·", "", "·"]
    f.backward()
    assert [node.gradient_text for node in describe(f).nodes] == ["0", "", "1"]


def test_the_same_bytes_in_every_process():
    program = (
        "import sys; from autograd_lite import Value; from autograd_lite.drawing.svg import svg\n"
        "x, y = Value(1.5, 'x'), Value(2.0, 'y'); f = (x * y + x) / (y - x * 3); f.backward()\n"
        "sys.stdout.buffer.write((f.draw().source + f.draw().text() + f.draw().svg() + svg(f.draw().circuit)).encode())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert b"digraph" in outputs.pop()


def test_text_names_a_shared_node_once():
    x = Value(2.0, "x")
    s = (x + 1).named("s")
    f = s * s
    f.backward()
    assert draw(f).text().splitlines() == [
        "f: × = 9  ∂ 1",
        "├─[3]─ s: + = 3  ∂ 6",
        "│  ├─[1]─ x = 2  ∂ 6",
        "│  └── 1",
        "└─[3]─ s: + = 3  (see above)",
    ]


def test_text_of_a_deep_chain_is_abridged():
    x = Value(1.0, "x")
    f = x
    for _ in range(20_000):
        f = f + 1.0
    lines = draw(f, groups="boxes", most=400).text().splitlines()
    assert len(lines) == 202
    assert "abridged" in lines[200]
    assert "of 40001" in lines[200]
    assert "of 40,001 nodes are folded" in lines[201]


@pytest.mark.parametrize(
    ("suffix", "magic"),
    [(".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".dot", b"digraph"), (".txt", "f: ×".encode())],
)
def test_save_by_suffix(tmp_path: Path, suffix: str, magic: bytes):
    if suffix in (".png", ".pdf") and not HAS_TYPST:
        pytest.skip("typst is not installed: pip install autograd_lite[draw]")
    path = tmp_path / f"circuit{suffix}"
    assert draw(circuit()).save(path) == path
    assert path.read_bytes().startswith(magic)


@pytest.mark.parametrize("name", ["circuit.gif", "circuit"])
def test_save_names_the_known_suffixes(tmp_path: Path, name: str):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot, \.txt"):
        draw(circuit()).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_jupyter_gets_svg():
    assert "<svg" in circuit()._repr_svg_()
    assert "<svg" in draw(circuit())._repr_svg_()


def test_options():
    f = circuit()
    assert isinstance(f.draw(direction="TB"), Picture)
    assert "rankdir=TB" in f.draw(direction="TB").source
    assert "0.33 " in Value(1 / 3, "t").draw(precision=2).text()
    with pytest.raises(ValueError, match="direction"):
        f.draw(direction="up")
    with pytest.raises(ValueError, match="digits"):
        f.draw(precision=0)


def test_nodes_without_a_label_are_called_what_the_caller_calls_them():
    x, y = Value(2.0), Value(3.0, "w")
    q = x * y
    assert draw(q).text().splitlines()[:2] == q.draw().text().splitlines()[:2] == ["q: × = 6  ∂ ·", "├─[3]─ x = 2  ∂ ·"]
    assert "w = 3" in draw(q).text()
    assert draw(q, names=False).text().startswith("× = 6")
    assert draw(q, names={"z": q}).text().startswith("z: × = 6")
    assert (x.label, q.label) == (None, None)
