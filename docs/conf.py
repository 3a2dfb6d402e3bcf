"""The site: Sphinx reads docs/, notebooks/, CHANGELOG.md and CONTRIBUTING.md from the top, so that a relative link
is the same on a forge and here. ``sphinx-build -W -n -c docs . build/site`` builds it; nothing in it needs a network.
"""

from __future__ import annotations

import ast
import base64
import doctest
import importlib
import operator
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.domains.python import PyObject
from sphinx.util import logging

import autograd_lite
from autograd_lite import playground

project = "autograd_lite"
author = "the autograd_lite contributors"
version = release = autograd_lite.__version__
html_title = "autograd_lite"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
root_doc = "docs/index"
include_patterns = ["docs/**", "notebooks/*.ipynb", "CHANGELOG.md", "CONTRIBUTING.md"]
exclude_patterns = [".*", "build", "dist", "**/__pycache__", "**/.ipynb_checkpoints"]

# Markdown. A page without a prompt in its blocks is no notebook: outputs are those stored in notebooks/.
myst_enable_extensions = ["dollarmath", "deflist", "attrs_inline", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True

# The reference. A docstring is plain text with code in backticks: what is documented under that name is linked.
default_role = "py:obj"
nitpick_ignore_regex = [  # prose in backticks; types of other projects, and inner ones, which are on no page
    ("py:obj", ".*"),
    ("py:class", r"Axes|Widget"),
    (
        "py:class",
        r"(collections|hypothesis|os|pathlib|random)\..*|Operand|Operation|Page|"
        r".*\.(Circuit|Layer|Between|Names|N|history\.Term|program\.(Loop|Part|Stack)|Outside)",
    ),
    ("py:class", r".*\.micrograd\.engine\.Value"),
]
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 110
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["entry"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = html_show_copyright = False
pygments_dark_style = "github-dark"
html_theme_options = {"navigation_with_keys": True}


COLON = "\ue000"  # of a property's first line, which napoleon would take for the end of a type


def hidden(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Before napoleon reads it: the first line of a property is a sentence."""
    if what == "property":
        lines[0] = lines[0].replace(":", COLON)


def plain(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """A docstring is plain text: only code in backticks, a bullet and a prompt mean more than their characters."""
    lines[:] = [line.replace(COLON, ":") for line in one_by_one(lines)]
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = re.split(r"(``.+?``|`.+?`)", line)
            # A star, a bar and a final underscore are themselves, but for a bullet.
            parts[::2] = [re.sub(r"(?<=.)\*(?! )|(?<=\S)\*|\||(?<=\w)_(?!\w)", r"\\\g<0>", part) for part in parts[::2]]
            for j in range(1, len(parts), 2):
                code, after = parts[j].strip("`"), parts[j + 1]
                # `.data` is the attribute of whatever has one; in `Program`s the letter belongs to the word.
                parts[j] = (f"``{code}``" if code.startswith(".") else parts[j]) + "\\ " * after[:1].isalnum()
            lines[i] = "".join(parts)


def one_by_one(lines: list[str]) -> Iterator[str]:
    """What is said of several attributes together is said of each, as Sphinx has it."""
    names: list[str] = []
    said: list[str] = []
    for line in [*lines, ""]:
        if names and line.startswith(" "):
            said.append(line)
            continue
        for name in names:
            yield from (f":ivar {name}:{said[0]}", *said[1:])
        found = re.fullmatch(r":ivar (\w+(?:, \w+)+):(.*)", line)
        names, said = (found[1].split(", "), [found[2]]) if found else ([], [])
        if not found:
            yield line


def mathml(self: Any, node: nodes.Element) -> None:
    """Formulas as MathML, which browsers render themselves: no script, no font, no network."""
    block = isinstance(node, nodes.math_block)
    text = node.astext().replace(r"\hphantom", r"\phantom")  # which docutils lacks
    try:
        formula = str(latex2mathml.tex2mathml(text, as_block=block))
        self.body.append(f'<div class="formula">{formula}</div>' if block else formula)
    except MathError as error:
        logging.getLogger(__name__).warning("no MathML for %r: %s", node.astext(), error, location=node)
    raise nodes.SkipNode


def trimmed(app: object, doctree: nodes.document) -> None:
    """Without the blank line that ends a doctest in a block."""
    for block in doctree.findall(nodes.literal_block):
        if block.astext().endswith("\n"):
            block.rawsource = block.astext().rstrip("\n")
            block.children = [nodes.Text(block.rawsource)]


# The playground lies beside the pages, from this checkout; pyodide's files too, where they are.
PYODIDE = playground.find_pyodide(Path(__file__).parent)


def playground_written(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        playground.assemble(Path(app.outdir) / "playground", PYODIDE)


def address_of(program: str) -> str:
    """Where a program opens in the playground, seen from the tutorial: packed as `playground.js` unpacks it."""
    packed = zlib.compress(program.encode(), 9, wbits=-15)
    return f"../../playground/index.html#code={base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def run_and_change(app: Any, doctree: nodes.document, page: str) -> None:
    """Under each Python block of the tutorial a link that opens it in the playground, with what it needs before it."""
    if not page.startswith("docs/tutorial/") or app.builder.format != "html":
        return
    before: list[str] = []
    lost: set[str] = set()  # names that only NumPy's blocks give
    for block in list(doctree.findall(nodes.literal_block)):
        examples = doctest.DocTestParser().get_examples(block.astext())
        found = [example for example in examples if not example.exc_msg] or examples  # a block may be about its error
        if not found:
            continue
        names = [
            node for example in found for node in ast.walk(ast.parse(example.source)) if isinstance(node, ast.Name)
        ]
        bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        if lost & {node.id for node in names} - bound or any("numpy" in example.source for example in found):
            lost |= bound | {"np"}
            link = "It needs NumPy, which the playground lacks."
        else:
            lost -= bound
            program = "".join([*before, *(example.source for example in found)])
            link = f'<a href="{address_of(program)}">Run and change</a>'
            # What comes after needs the statements, and not what is shown.
            fine = [example.source for example in found if not example.exc_msg]
            before += [source for source in fine if not source.startswith("print(")]
        shown = nodes.raw("", f'<p class="run">{link}</p>', format="html")
        block.parent.insert(block.parent.index(block) + 1, shown)


def defined_here(app: object, module: str, name: str) -> str | None:
    """What `math` has from the standard module has no source of ours."""
    whole = operator.attrgetter(name)(importlib.import_module(module)) if module == "autograd_lite.math" else None
    return module if getattr(whole, "__module__", None) == "math" else None


def documented(app: Any, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """From a name's source back to where it is documented, also where that is as part of another module."""
    objects = app.env.domains.python_domain.objects

    def back(match: re.Match[str]) -> str:
        path, name = match.groups()
        here = {known: entry for known, entry in objects.items() if path.endswith(f"{entry.docname}.html")}
        ids = [
            entry.node_id for known, entry in here.items() if known.endswith(f".{name}") and entry.objtype != "module"
        ]
        return f'class="viewcode-back" href="{path}#{min(ids, key=len)}"'

    if page.startswith("_modules/"):
        # The name within its module begins at a class, or is the last part.
        pattern = r'class="viewcode-back" href="([^"#]+)#[a-z_.]*?((?:\b[A-Z]\w*\.)?\w+)"'
        context["body"] = re.sub(pattern, back, context["body"])


def setup(app: Any) -> None:
    if PYODIDE is not None:
        app.tags.add("pyodide")
    app.add_html_math_renderer("mathml", (mathml, None), (mathml, None))
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("autodoc-process-docstring", hidden, priority=400)
    app.connect("autodoc-process-docstring", plain, priority=600)
    app.connect("doctree-read", trimmed)
    app.connect("doctree-resolved", run_and_change)
    app.connect("build-finished", playground_written)
    app.connect("viewcode-follow-imported", defined_here)
    app.connect("html-page-context", documented)
