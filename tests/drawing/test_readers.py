"""Mermaid and KaTeX themselves read what is written for them: no label breaks a diagram or a formula.

Both come from npm, into a folder of the checkout: ``npm install --no-save --prefix .node mermaid@11 katex@0.16``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd_lite import Value, errstate, group, primitives
from autograd_lite import math as ag_math
from autograd_lite.drawing.latex import latex
from autograd_lite.drawing.mermaid import mermaid
from autograd_lite.drawing.model import describe

MODULES = Path(__file__).parents[2] / ".node" / "node_modules"
SCRIPTS = [MODULES / "mermaid/dist/mermaid.min.js", MODULES / "katex/dist/katex.min.js"]

HOSTILE = ["<>&\"'\\{}|", "two\nlines\r\t", "\\N\\G\\l", "🎈 ∂ é", "\x00\x07\x1b[31m\ud800", "&amp;", "x" * 10_000, " "]
HOSTILE += ["x_1", "W²", "%", "\\", "100% of x", "a^b", "~", "$x$", "x__1", "_", "W⁽²⁾", "x₁", "w[0]", "A[0, 1]", "x'"]
HOSTILE += [
    "p['bias']",
    "alpha",
    "λ",
    "変数",
    "</script>",
    "end",
    "\\end{aligned}",
    "f",
    "v_{1}",
    "#1",
    "`",
    "--",
    "x**2",
]
HOSTILE += ["1. list", "- item", "# head", "**bold**", "`code`", "$$x^2$$", "a;b", "#quot;", "#35;", "&lt;b&gt;", "…"]
HOSTILE += ["%%{init: {}}%%", "%% comment", "click", "subgraph", "default", "flowchart LR", "call()", "http://a.b/?c=1"]
HOSTILE += [
    "fa:fa-car",
    "a-->b",
    "[x]",
    "((",
    "a|b",
    "o",
    "* a",
    "> q",
    "[[ab]]",
    "@{a}",
    ":::c",
    "line<br/>two",
    "_it_",
]

Ask = Callable[[str, str], Any]

MERMAID = """async source => {
  const { svg } = await mermaid.render("drawn", source);
  document.body.innerHTML = svg;
  return [...document.querySelectorAll(".nodeLabel")].map(label => label.innerText);
}"""
KATEX = "source => katex.renderToString(source, { displayMode: true, throwOnError: true, strict: 'ignore' })"


@pytest.fixture(scope="module")
def ask(browser: Any) -> Iterator[Ask]:
    """Runs a function of the page, in which both are loaded, on a text."""
    missing = [script.name for script in SCRIPTS if not script.exists()]
    if missing:
        pytest.skip(f"{' and '.join(missing)} are not installed: see the head of this file")
    page = browser.new_page()
    for script in SCRIPTS:
        page.add_script_tag(path=script)
    page.evaluate("mermaid.initialize({ startOnLoad: false })")
    yield page.evaluate
    page.close()


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u2060", "").replace("\u200b", "")).strip()


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_mermaid_shows_every_label_as_it_is(ask: Ask, label: str):
    with group(label):
        f = Value(2.0, label) * Value(3.0, label) + 1
    f.backward()
    circuit = describe(f)
    shown = one_line(" ".join(ask(MERMAID, mermaid(circuit))))
    for node in circuit.nodes:
        assert one_line(node.label) in shown
    assert shown.count(one_line(circuit.nodes[0].label)) >= 3


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_katex_reads_every_label(ask: Ask, label: str):
    f = Value(2.0, label) ** 2 * Value(3.0, label) + 1
    f.backward()
    assert "katex-html" in ask(KATEX, latex(describe(f)))


def test_a_reader_refuses_what_is_wrong(ask: Ask):
    with pytest.raises(Exception, match="KaTeX parse error"):
        ask(KATEX, r"x^{2}^{3}")
    with pytest.raises(Exception, match="Parse error"):
        ask(MERMAID, 'flowchart LR\n    n0["a"b"]')


def test_both_read_every_operation(ask: Ask):
    for row in primitives.table.values():
        if row is not primitives.constant:
            with errstate(divide="ignore", over="ignore", invalid="ignore"):
                node = row(*(Value(0.5, name) for name in "abcdef"[: row.arities[-1]]))
            assert "katex-html" in ask(KATEX, latex(describe(node))), row
            assert ask(MERMAID, mermaid(describe(node))), row


def test_both_read_a_large_circuit(ask: Ask):
    nodes = [Value(i / 10, f"x_{i}") for i in range(20)]
    with group("layer"):
        for i in range(300):
            nodes.append(ag_math.tanh(nodes[i] * nodes[-1] + nodes[-2]))
    f = ag_math.fsum(nodes)
    f.backward()
    assert ask("async source => (await mermaid.parse(source)).diagramType", f.draw().mermaid()) == "flowchart-v2"
    assert "katex-html" in ask(KATEX, f.draw().latex())
