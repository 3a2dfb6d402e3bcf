"""The playground: a page that runs Python in the browser and shows what a program computes, nothing installed.

`assemble` writes it as a folder of files, for the docs' site and for ``autograd-lite playground``, which serves it:
the page, this package as an archive, and pyodide's files (CPython in WebAssembly), which are not part of the package.
`session` is what runs in there. Imports the standard library; the archive is made of the package as it lies.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import webbrowser
import zipfile
from collections.abc import Sequence
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .examples import EXAMPLES

PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
PAGES = ("index.html", "playground.css", "playground.js", "worker.js")
PORT = 8765
_HERE = Path(__file__).parent
_HOW = "run `npm install pyodide` in this folder, or name the folder of its files in AUTOGRAD_LITE_PYODIDE"


def find_pyodide(start: Path | None = None) -> Path | None:
    """The folder of pyodide's files: the one that AUTOGRAD_LITE_PYODIDE names, or node_modules/pyodide from here up.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as empty:
    ...     find_pyodide(Path(empty)) is None or "AUTOGRAD_LITE_PYODIDE" in os.environ
    True
    """
    given = os.environ.get("AUTOGRAD_LITE_PYODIDE")
    here = (start or Path.cwd()).resolve()
    folders = [Path(given)] if given else []
    for folder in (here, *here.parents):
        folders += [folder / "node_modules" / "pyodide", folder / ".node" / "node_modules" / "pyodide"]
    return next((folder for folder in folders if all((folder / name).is_file() for name in PYODIDE)), None)


def assemble(folder: Path, pyodide: Path | None) -> None:
    """Write the playground's files to `folder`; without those of pyodide the page says what is missing.

    The same files give the same bytes. OSError if they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: (_HERE / name).read_bytes() for name in PAGES}
    files["autograd_lite.zip"] = _archive()
    files["examples.json"] = json.dumps(EXAMPLES, ensure_ascii=False).encode()
    needed = [*files]
    if pyodide is not None:
        (folder / "pyodide").mkdir(exist_ok=True)
        for name in PYODIDE:
            shutil.copyfile(pyodide / name, folder / "pyodide" / name)
        needed += [f"pyodide/{name}" for name in PYODIDE]
    for name, content in files.items():
        (folder / name).write_bytes(content)
    digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in needed)).hexdigest()[:16]
    constants = f'const VERSION = "{digest}";\nconst FILES = {json.dumps(needed)};\n'
    (folder / "offline.js").write_text(constants + (_HERE / "offline.js").read_text(encoding="utf-8"), encoding="utf-8")


def _archive() -> bytes:
    """This package as a zip archive, as its wheel has it; with the same times in every file, so the same bytes."""
    package = _HERE.parent
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(package.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                name = zipfile.ZipInfo((Path(package.name) / file.relative_to(package)).as_posix())
                archive.writestr(name, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


class _Handler(SimpleHTTPRequestHandler):
    """Files, with the headers with which browsers share memory, so that a program is interrupted and not killed."""

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        types = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}
        return types.get(Path(path).suffix) or super().guess_type(path)  # whatever this machine's own table says

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server of that folder for this machine alone; port 0 takes a free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), lambda *args: _Handler(*args, directory=str(folder)))


def main(argv: Sequence[str]) -> int:
    """``autograd-lite playground [PORT]``: serve the playground on this machine until Ctrl-C, and open a browser.

    >>> main(["here"])
    2
    """
    try:
        port = int(argv[0]) if argv else PORT
    except ValueError:
        print(f"autograd-lite playground: a port is a number, not {argv[0]!r}", file=sys.stderr)
        return 2
    pyodide = find_pyodide()
    if pyodide is None:
        print(f"autograd-lite playground: pyodide's files are not here: {_HOW}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        assemble(Path(folder), pyodide)
        try:
            serving = server(Path(folder), port)
        except OSError as error:
            print(f"autograd-lite playground: port {port}: {error.strerror}; write another one", file=sys.stderr)
            return 2
        address = f"http://127.0.0.1:{serving.server_port}/"
        print(f"The playground is at {address}; Ctrl-C ends it.", flush=True)
        webbrowser.open(address)
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            serving.server_close()
    return 0
