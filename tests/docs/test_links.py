"""The checker of links finds each kind of fault, planted in a small site."""

from __future__ import annotations

from pathlib import Path

import pytest
from links import faults

GOOD = (
    '<p id="here"><a href="#here">x</a> <a href="b.html#there">x</a> <a href="https://example.org/a?b#c">x</a>'
    '<img src="i.svg"><img src="data:image/png;base64,AA=="><a href="sub/">x</a></p>'
)


def planted(root: Path, html: str, css: str = "") -> list[str]:
    (root / "sub").mkdir(exist_ok=True)
    (root / "a.html").write_text(GOOD + html)
    (root / "b.html").write_text('<a name="there"></a><i id="twice"></i><i id="twice"></i>')
    (root / "sub" / "index.html").write_text('<a href="../a.html#here">up</a>')
    (root / "i.svg").write_text("<svg/>")
    (root / "s.css").write_text(css)
    return list(faults(root))


def test_a_whole_site_has_no_fault(tmp_path: Path) -> None:
    assert planted(tmp_path, "", "a { background: url(i.svg) } b { background: url('data:x') }") == []


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        pytest.param('<a href="c.html">', "'c.html' is not there", id="page"),
        pytest.param('<a href="b.html#nowhere">', "'b.html#nowhere' has no such anchor", id="anchor"),
        pytest.param('<a href="#nowhere">', "'#nowhere' has no such anchor", id="own-anchor"),
        pytest.param('<a href="b.html#twice">', "'b.html#twice' could be any of 2 anchors", id="twice"),
        pytest.param('<img src="j.png">', "'j.png' is not there", id="image"),
        pytest.param('<a href="../outside.html">', "'../outside.html' is not there", id="outside"),
        pytest.param('<a href="https://exam ple.org">', "'https://exam ple.org' is no address", id="space"),
        pytest.param('<a href="htps://example.org">', "'htps://example.org' is no address", id="scheme"),
        pytest.param('<img src="https://x.org/a.png">', "'https://x.org/a.png' is loaded from elsewhere", id="loaded"),
        pytest.param('<script src="//x.org/a.js"></script>', "'//x.org/a.js' is loaded from elsewhere", id="script"),
        pytest.param('<link rel="stylesheet" href="t.css">', "'t.css' is not there", id="style"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, html: str, fault: str) -> None:
    assert planted(tmp_path, html) == [f"a.html: {fault}"]


def test_a_style_that_loads_from_elsewhere(tmp_path: Path) -> None:
    assert planted(tmp_path, "", "@font-face { src: url(https://x.org/f.woff) }") == [
        "s.css: 'https://x.org/f.woff' is not in the site"
    ]
