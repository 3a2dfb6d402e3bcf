"""Every link, anchor, image and script of a built site leads somewhere, found without a network.

``python tests/docs/links.py build/site`` prints those that do not. An address elsewhere is checked for its form, and
may only be something to click: a page that loads anything from elsewhere would not work offline.
"""

from __future__ import annotations

import base64
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"img": ("src", "srcset"), "script": ("src",), "iframe": ("src",), "source": ("src", "srcset"),
          "video": ("src",), "audio": ("src",), "embed": ("src",), "object": ("data",), "use": ("href", "xlink:href"),
          "image": ("href", "xlink:href")}  # fmt: skip


class Page(HTMLParser):
    """The ids of one page, and what it refers to: address, and whether the browser loads it by itself."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.references: list[tuple[str, bool]] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids[given["id"]] += 1
        if tag == "a" and "name" in given and given["name"] != given.get("id"):
            self.ids[given["name"]] += 1
        if tag in ("a", "area") and "href" in given:
            self.references.append((given["href"], False))
        if tag == "link" and "href" in given:
            self.references.append(
                (given["href"], bool({"stylesheet", "icon", "preload"} & {*given.get("rel", "").split()}))
            )
        for name in LOADED.get(tag, ()):
            if name in given:
                entries = given[name].split(", ") if name == "srcset" else [given[name]]
                self.references += [(entry.split()[0] if name == "srcset" else entry, True) for entry in entries]


def faults(root: Path) -> Iterator[str]:
    """What is wrong in the HTML and CSS files under `root`, one line each."""
    pages = {file.resolve(): Page(file) for file in sorted(root.rglob("*.html"))}
    for file, page in pages.items():
        for address, loaded in page.references:
            if found := _fault(file, address, loaded, pages, root.resolve()):
                yield f"{file.relative_to(root.resolve())}: {address!r} {found}"
    for style in sorted(root.rglob("*.css")):
        for address in re.findall(r"url\(\s*['\"]?(?!data:)([^'\")]+)", style.read_text(encoding="utf-8")):
            if urlsplit(address).scheme or not (style.parent / unquote(urlsplit(address).path)).is_file():
                yield f"{style.relative_to(root)}: {address!r} is not in the site"


def _fault(file: Path, address: str, loaded: bool, pages: dict[Path, Page], root: Path) -> str | None:
    parts = urlsplit(address)
    if parts.scheme == "data":
        return None
    if parts.scheme or parts.netloc:
        if loaded:
            return "is loaded from elsewhere"
        fine = (parts.scheme in ("http", "https") and "." in parts.netloc) or (
            parts.scheme == "mailto" and "@" in parts.path
        )
        return None if fine and not re.search(r"\s", address) else "is no address"
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if target.is_dir():
        target /= "index.html"
    if root not in target.parents or not target.is_file():
        return "is not there"
    if parts.fragment.startswith("code="):  # a program, packed for the playground
        packed = parts.fragment.removeprefix("code=")
        program = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), wbits=-15).decode()
        return None if target.name == "index.html" and program.strip() else "holds no program"
    if parts.fragment and target in pages:
        count = pages[target].ids[unquote(parts.fragment)]
        return None if count == 1 else "has no such anchor" if count == 0 else f"could be any of {count} anchors"
    return None


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1])))
    print(*found, sep="\n")
    sys.exit(bool(found))
