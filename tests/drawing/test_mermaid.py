"""The circuit in Mermaid: the lines, and that no character of a label means anything to Mermaid or to HTML.

What Mermaid 11 itself makes of these labels was looked at in a browser; here stands the rule that came of it.
"""

from __future__ import annotations

import re

import pytest

from autograd_lite import Value, errstate, group
from autograd_lite import math as ag_math
from autograd_lite.drawing.mermaid import escaped, mermaid
from autograd_lite.drawing.model import describe

HOSTILE = ["<>&\"'\\{}|", "two\nlines", "\\n\\l", "🎈 ∂ é", "\x00\x07\x1b[31m", "&amp;", "x" * 10_000, " ", "`code`"]
HOSTILE += ["$$x^2$$", "fa:fa-car", "%%{init: {}}%%", "#quot;", "**bold**", "1. item", "a-->b", "]:::c", "</script>"]


def circuit() -> Value:
    x, y = Value(-2.0, "x"), Value(5.0, "y")
    f = (x + y) * 2
    f.backward()
    return f


def test_the_whole_source():
    assert mermaid(describe(circuit()), "TB").splitlines() == [
        "flowchart TB",
        '    n0["x<br/>#8722;2<br/>∂ 2"]'.replace("#8722;", "−"),
        '    n1["y<br/>5<br/>∂ 2"]',
        '    n2("#43;<br/>3<br/>∂ 2")',
        '    n3["2"]',
        '    n4("×<br/>6<br/>∂ 1")',
        '    n0 -->|"1"| n2',
        '    n1 -->|"1"| n2',
        '    n2 -->|"2"| n4',
        "    n3 --> n4",
        "    linkStyle default stroke:#57606a,color:#0969da",
        "    linkStyle 3 stroke:#d0d7de,color:#57606a",
        "    classDef leaf fill:#ddf4ff,stroke:#0969da,color:#24292f",
        "    class n0,n1 leaf",
        "    classDef constant fill:#f6f8fa,stroke:#d0d7de,color:#57606a",
        "    class n3 constant",
        "    classDef operation fill:#ffffff,stroke:#57606a,color:#24292f",
        "    class n2,n4 operation",
    ]


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_a_label_is_letters_spaces_and_numbers_of_characters(label: str):
    with group(label):
        source = mermaid(describe(Value(1.0, label) * 2.0))
    assert len(source) < 3_000
    quoted = re.findall(r'"([^"]*)"', source)
    assert len(quoted) == 5  # three nodes, a subgraph, an edge
    for text in quoted:
        assert re.fullmatch(r"(?:[^\W_]|[ ∂×−…]|[^\x00-\x7f]|#\d+;\u2060?|<br/>)*", text), text


def test_what_is_escaped_is_what_was_written():
    for label in HOSTILE:
        shown = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), escaped(label)).replace("\u2060", "")
        assert shown == label


def test_what_mermaid_reads_after_the_numbers_is_kept_apart():
    assert [escaped(text) for text in ("\\n", "$$", "fa:x")] == ["#92;\u2060n", "#36;\u2060#36;\u2060", "fa#58;\u2060x"]


def test_groups_are_subgraphs_one_in_the_other():
    x = Value(1.0, "x")
    with group("outer"):
        y = x * 2
        with group("inner"):
            z = ag_math.tanh(y)
        f = z + 1
    lines = mermaid(describe(f)).splitlines()
    start = lines.index('    subgraph g0["outer"]')
    inner = lines.index('        subgraph g1["inner"]')
    assert start < inner
    assert lines[inner + 1].strip().startswith('n3("tanh')
    assert lines[inner + 2 : inner + 4] == ["        end", "    end"]
    assert lines[1].startswith('    n0["x')


def test_a_collapsed_group_what_is_folded_and_notes():
    x = Value(1.0, "x")
    with group("layer 1"):
        y = ag_math.tanh(x * 2)
    assert '[["layer 1<br/>' in mermaid(describe(y + 1, groups="collapsed"))
    folded = mermaid(describe(y + 1, depth=1))
    assert '(["… 3 more nodes"])' in folded
    assert "%% 3 of 6 nodes are folded" in folded


def test_kinks_and_where_an_inf_is_born_have_classes():
    x = Value(0.0, "x")
    with errstate(divide="ignore"):
        source = mermaid(describe(ag_math.relu(x) + ag_math.log(x)))
    assert re.search(r'n1\("relu<br/>0<br/>∂ ·<br/>at a kink"\)', source)
    assert "    class n1 kink" in source
    assert "    class n2 born" in source


def test_a_leaf_used_far_away_is_drawn_beside_each_use():
    y = x = Value(1.0, "x")
    for _ in range(10):
        y = y * x
    source = mermaid(describe(y))
    assert source.count('["x<br/>') == 1
    assert source.count('["↗ x<br/>11 uses<br/>1"]') == 9


def test_what_is_too_large_for_mermaid_is_folded_further():
    x = Value(0.5, "x")
    nodes = [x * (1 + i / 10) for i in range(20)]
    for i in range(150):
        nodes.append(ag_math.tanh(nodes[i] * nodes[-1] + nodes[-2]))
    f = ag_math.fsum(nodes)
    f.backward()
    circuit = describe(f, most=None)
    assert len(circuit.edges) > 600
    source = mermaid(circuit)
    assert 300 < source.count("-->") <= 500
    assert len(source) <= 50_000
    shown, left_out = source.count("<br/>∂"), re.findall(r"… (\d+) more nodes", source)
    assert f"%% {sum(map(int, left_out))} of {circuit.total} nodes are folded: Mermaid" in source
    assert shown > 100
    ends = {end for edge in re.findall(r"^ +(\w+) -->(?:\|.*\|)? (\w+)$", source, re.M) for end in edge}
    assert ends == set(re.findall(r"^ +(\w+)[\[(]", source, re.M))
    assert ag_math.fsum([x] * 3000).draw().mermaid().count("-->") <= 500


def test_a_hundred_groups_one_in_the_other():
    x = Value(1.0, "x")

    def nested(depth: int) -> Value:
        if depth == 0:
            return x * 2
        with group(f"g {depth}"):
            return nested(depth - 1)

    assert mermaid(describe(nested(100))).count("subgraph") == 100
