"""To an image: SVG to PNG and PDF by Typst, DOT to SVG by Graphviz where that was asked for.

Typst is a library whose wheel brings its own renderer of SVG and writer of PDF. It sets the letters that lie in
`fonts`, so an image is the same on every machine; for other scripts it looks among the system's fonts. Graphviz is the
system's `dot`, in a process of its own that is ended when its time is over: neither a crash nor a layout without end
takes the caller with it.
"""

from __future__ import annotations

import math
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

from .style import COLOURS

THEMES = ("auto", "light", "dark")
SECONDS = 5.0  # for Graphviz
MOST_PIXELS, LONGEST_SIDE = 100_000_000, 32_000  # of a PNG; a viewer that shows more is hard to find
MANY_PIXELS = 16_000_000  # enough for a large screen: of a drawing that is larger at its natural size, a PNG has that,
LEGIBLE_PIXELS = 40_000_000  # up to so many, for a second: what needs more is seen as a whole, with `MANY_PIXELS`
LONGEST_PAGE = 14_400.0  # points of a PDF's side, what readers agree on
PIXEL = 0.75  # of an SVG, in points

_FONTS = Path(__file__).parent / "fonts"
_FAMILY = 'font-family="Circuit Sans"'
_OTHER_SCRIPTS = re.compile("[\u0460-\u1d3f\u2c80-\U0010ffff]")  # letters that only the system's fonts have
_HEADER = 33  # bytes that a PNG begins with: its signature, and a first chunk of fixed length
_UNSEEN = re.compile("<(style|title|desc)\\b.*?</\\1>", re.DOTALL)
_DARK = dict(COLOURS.values())


class NoImage(RuntimeError):
    """No image was made, and why, in one line."""


def themed(text: str, theme: str) -> str:
    """A drawing in SVG or DOT for light pages alone, or for dark ones; "auto" leaves that to the page.

    >>> themed('<style>…</style><path stroke="#1a7f37"/>', "dark")
    '<path stroke="#3fb950"/>'
    """
    if theme not in THEMES:
        raise ValueError(f"the theme is {', '.join(THEMES)}, not {theme!r}")
    if theme == "auto":
        return text
    text = re.sub("<style>.*?</style>", "", text, flags=re.DOTALL)
    return text if theme == "light" else re.sub('"(#[0-9a-f]{6})"', lambda c: f'"{_DARK.get(c[1], c[1])}"', text)


def image(svg: str, form: str, scale: float | None = None) -> bytes:
    """A drawing in SVG as a PNG or PDF, `scale` times its size: by default 1, or up to 2 for a PNG that is not large.

    RuntimeError, in a line that says what to install, without Typst; ValueError for a scale that gives no image, or one
    of more than `MOST_PIXELS`.
    """
    try:
        import typst
    except ImportError:
        raise RuntimeError(
            f"a {form.upper()} needs the package typst: `pip install autograd_lite[draw]`; "
            ".svg, .html, .tex, .dot and .txt need nothing"
        ) from None
    width, height = _size(svg)
    most, usual = LONGEST_PAGE / max(width, height), 1.0
    if form == "png":
        pixels = width * height / PIXEL**2
        most = min((MOST_PIXELS / pixels) ** 0.5, LONGEST_SIDE / max(width, height) * PIXEL)
        usual = min(2.0, (MANY_PIXELS / pixels) ** 0.5)
        usual = max(1.0, usual) if pixels <= LEGIBLE_PIXELS else usual
    if scale is None:
        scale = min(usual, most)
    elif not 0.0 < scale <= most:
        raise ValueError(
            f"a scale is a number above 0, and up to {math.floor(100 * most) / 100:g} for a {form.upper()} of this "
            f"picture, which is {width / PIXEL:,.0f} × {height / PIXEL:,.0f} pixels at 1; got {scale:g}"
        )
    page = f"{scale * width if form == 'pdf' else width}pt"
    document = (
        "#set document(date: none)\n#set page(width: auto, height: auto, margin: 0pt)\n"
        f"#image(bytes(sys.inputs.svg), width: {page})"
    )
    options: dict[str, Any] = {
        "format": form,
        "ppi": 72.0 * scale / PIXEL,
        "sys_inputs": {"svg": re.sub('font-family="[^"]*"', _FAMILY, _UNSEEN.sub("", svg))},
        "font_paths": [str(_FONTS)],
        "ignore_system_fonts": _OTHER_SCRIPTS.search(svg) is None,
    }
    found: bytes = typst.compile(document.encode(), **options)
    if form == "png":  # its resolution stands in it, so that a document shows it at its natural size
        per_metre = round(scale * 96 / 0.0254)
        chunk = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
        found = found[:_HEADER] + struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk)) + found[_HEADER:]
    return found


def _size(svg: str) -> tuple[float, float]:
    """The drawing's width and height, in points."""
    tag = svg[: svg.index(">", svg.index("<svg"))]
    sides = {name: float(side) * (1.0 if unit == "pt" else PIXEL) for name, side, unit in _SIDE.findall(tag)}
    return sides["width"], sides["height"]


_SIDE = re.compile(r'\b(width|height)="([\d.]+)(pt|px|)"')


def laid_out(source: str, seconds: float = SECONDS) -> bytes:
    """The SVG that the system's `dot` makes of DOT `source`. NoImage without it, or if it fails or takes longer."""
    dot = shutil.which("dot")
    if dot is None:
        raise NoImage("there is no Graphviz")
    try:
        made = subprocess.run([dot, "-Tsvg"], input=source.encode(), capture_output=True, timeout=seconds)
    except OSError as error:
        raise NoImage(f"dot could not be started ({error.strerror})") from None
    except subprocess.TimeoutExpired:
        raise NoImage(f"dot took longer than {seconds:.3g} s") from None
    if made.returncode:
        lines = made.stderr.decode(errors="replace").strip().splitlines()
        said = "".join(letter if letter.isprintable() else "?" for letter in lines[-1])[:200] if lines else ""
        raise NoImage(f"dot failed ({said or f'exit status {made.returncode}'})")
    if not made.stdout.lstrip().startswith(b"<"):
        raise NoImage("dot made something else")
    return made.stdout
