r"""The picture in TikZ, for slides and papers in LaTeX: the drawing of `svg`, element by element.

Read from our own SVG, so that it shows what SVG shows, where SVG shows it: boxes, lines and texts in the document's own
sans serif. It needs ``\usepackage{tikz}`` and no more. Source of the language: tikz.dev.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from xml.etree import ElementTree

from ..expressions import GREEK
from .style import COLOURS

_NAMES = {light: f"ag{role}" for role, (light, _) in COLOURS.items()}
_OPERATORS = """
∂:partial ×:times ÷:div ±:pm ≈:approx ·:cdot •:bullet √:surd ∞:infty ≤:le ≥:ge ≠:ne →:to ←:gets ↑:uparrow ↓:downarrow
↗:nearrow ∑:sum ∏:prod ∧:wedge ∨:vee ¬:neg ⌊:lfloor ⌋:rfloor ⌈:lceil ⌉:rceil ′:prime ⊙:odot ⊕:oplus ⊗:otimes ∘:circ
∈:in ∇:nabla ‖:Vert ∫:int °:circ ∝:propto ⟨:langle ⟩:rangle"""
_MATH = GREEK | dict(pair.split(":") for pair in _OPERATORS.split())
_SIGNS = {sign: rf"\ensuremath{{\{name}}}" for sign, name in _MATH.items() if name != "omicron"}
_SIGNS |= {sign: rf"\{sign}" for sign in "%&#$_{}"} | {sign: f"${sign}$" for sign in "<>|"}
_SIGNS |= {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}", '"': "''", "−": r"\ensuremath{-}", "…": r"\dots{}"}
_SIGNS |= {"≷": r"\ensuremath{\stackrel{<}{>}}", "\u2007": r"\phantom{0}", "ο": "o"}
_RAISED = re.compile("([⁰¹²³⁴-⁾ⁿᵀ]+)|([₀-₎]+)")


def tikz(svg: str) -> str:
    """A ``tikzpicture`` of a drawing in SVG by `svg`.

    >>> from autograd_lite import Value
    >>> print(Value(3.0, "x").draw().tikz().splitlines()[0])
    \\begin{tikzpicture}[x=0.75bp, y=-0.75bp, line width=0.75bp, every node/.style={inner sep=0pt}]
    """
    root = ElementTree.fromstring(svg)
    body = list(_drawn(root))
    colours = [rf"\definecolor{{{name}}}{{HTML}}{{{light[1:].upper()}}}" for light, name in _NAMES.items()]
    more = {found for line in body for found in re.findall("agx([0-9A-F]{6})", line)}
    colours += [rf"\definecolor{{agx{hexadecimal}}}{{HTML}}{{{hexadecimal}}}" for hexadecimal in sorted(more)]
    size = f"({_number(root.get('width'))},{_number(root.get('height'))})"
    return "\n".join(
        [
            r"\begin{tikzpicture}[x=0.75bp, y=-0.75bp, line width=0.75bp, every node/.style={inner sep=0pt}]",
            *colours,
            rf"\path[use as bounding box] (0,0) rectangle {size};",
            *body[1:],  # the first is the page's own colour: the document has one
            r"\end{tikzpicture}",
        ]
    )


def _drawn(element: ElementTree.Element) -> Iterator[str]:
    for child in element:
        kind = child.tag.rpartition("}")[2]
        if kind == "g":
            title = next((one.text or "" for one in child if one.tag.endswith("title")), "")
            yield f"% {title.splitlines()[0] if title else child.get('class', '')}"
            yield from _drawn(child)
        elif kind == "rect":
            x, y, width, height = (_number(child.get(name)) for name in ("x", "y", "width", "height"))
            yield rf"\path{_look(child)} ({x},{y}) rectangle ++({width},{height});"
        elif kind == "path":
            yield rf"\path{_look(child)} {_way(child.get('d', ''))};"
        elif kind == "text":
            yield _text(child)


def _look(element: ElementTree.Element) -> str:
    """The options of a line or a filled shape."""
    found = [f"{way}={_colour(c)}" for way, name in (("draw", "stroke"), ("fill", "fill")) if (c := element.get(name))]
    for option, name, unit in (("line width", "stroke-width", 0.75), ("rounded corners", "rx", 0.75)):
        if element.get(name):
            found.append(f"{option}={float(element.get(name, '0')) * unit:g}bp")
    if element.get("fill-opacity"):
        found.append(f"fill opacity={element.get('fill-opacity')}")
    if element.get("stroke-dasharray"):
        on, off = element.get("stroke-dasharray", "").split()[:2]
        found.append(f"dash pattern=on {on}bp off {off}bp")
    return f"[{', '.join(found)}]"


def _colour(text: str) -> str:
    return _NAMES.get(text, f"agx{text[1:].upper()}" if text.startswith("#") else text)


def _way(d: str) -> str:
    """A path of straight and curved pieces in absolute coordinates."""
    pieces = []
    for command, rest in re.findall(r"([MLCZ])([^MLCZ]*)", d):
        points = [f"({x},{y})" for x, y in re.findall(r"(-?[\d.]+)[, ](-?[\d.]+)", rest)]
        if command == "Z":
            pieces.append("-- cycle")
        elif command == "C":
            for a, b, end in zip(points[::3], points[1::3], points[2::3]):
                pieces.append(f".. controls {a} and {b} .. {end}")
        else:
            pieces += [("-- " if command == "L" else "") + point for point in points]
    return " ".join(pieces)


def _text(element: ElementTree.Element) -> str:
    anchor = {"middle": "base", "end": "base east"}.get(element.get("text-anchor", ""), "base west")
    size = 0.75 * float(element.get("font-size", "13"))
    runs = [_run(element, element.text or "")]
    for span in element:
        runs.append((r"\ " if span.get("dx") else "") + _run(span, span.text or ""))
    at = f"({_number(element.get('x'))},{_number(element.get('y'))})"
    font = rf"\fontsize{{{size:g}bp}}{{{1.2 * size:g}bp}}\selectfont\sffamily"
    return rf"\node[anchor={anchor}, font={font}] at {at} {{{''.join(runs)}}};"


def _run(element: ElementTree.Element, text: str) -> str:
    if not text:
        return ""
    written = letters(text)
    if element.get("font-weight") == "bold":
        written = rf"{{\bfseries\boldmath {written}}}"
    return rf"\textcolor{{{_colour(element.get('fill', '#1f2328'))}}}{{{written}}}"


def letters(text: str) -> str:
    r"""A text in LaTeX, in any font; a letter that LaTeX has no fonts for by itself is written as its number.

    >>> letters("W⁽²⁾₁ ≈ 5%"), letters("漢")
    ('W\\textsuperscript{(2)}\\textsubscript{1} \\ensuremath{\\approx} 5\\%', 'U+6F22')
    """
    found, end = [], 0
    for run in _RAISED.finditer(text):
        found += [*map(_letter, text[end : run.start()]), r"\textsuperscript{" if run[1] else r"\textsubscript{"]
        found += [*map(_letter, unicodedata.normalize("NFKC", run[0])), "}"]
        end = run.end()
    return "".join([*found, *map(_letter, text[end:])])


def _letter(letter: str) -> str:
    known = letter in _SIGNS or " " <= letter <= "~" or "\xa1" <= letter <= "\u017f"
    return _SIGNS.get(letter, letter) if known else " " if letter.isspace() else f"U+{ord(letter):04X}"


def _number(text: str | None) -> str:
    return f"{float(text or 0):g}"
