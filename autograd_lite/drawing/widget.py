"""The page as a widget of notebooks, by anywidget: what is dragged there is written into the Values, and back.

It keeps one graph in both places: the page computes while a leaf is dragged, and Python replays the graph with the
leaves' new numbers. Imports anywidget, and nothing does that has not asked for a widget.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..graph import topological_order
from .model import Circuit
from .page import page, resource

if TYPE_CHECKING:
    from ..value import Value


class Widget(anywidget.AnyWidget):
    """The page of a circuit, live: Jupyter, VS Code, Colab and marimo show it.

    A slider moved there sets its leaf's `data`; then the graph is replayed and swept, so that every `data` and `grad`
    of the circuit is the page's. After ``x.data = 2.0`` in Python, `update` shows it; IPython does so after each cell.

    Attributes:
        value: the output.
        leaves: by each leaf's place in the graph its number, as a text; `observe` it to be called when one changes.
    """

    _esm = resource("widget.js")
    page = traitlets.Unicode().tag(sync=True)
    leaves = traitlets.Dict().tag(sync=True)

    def __init__(self, circuit: Circuit, direction: str = "LR") -> None:
        self.value: Value = circuit.root
        self._leaves = {str(i): node for i, node in enumerate(topological_order(self.value)) if node.op is None}
        super().__init__(page=str(page(circuit, direction)), leaves=self._numbers())
        if not self.value.reached:
            self.value.backward()
        _after_each_cell(self)

    def update(self) -> None:
        """Compute with the leaves' `data` as they are, and show it."""
        if any(repr(leaf.data) != repr(float(self.leaves[place])) for place, leaf in self._leaves.items()):
            self._computed()
            self.leaves = self._numbers()

    def _numbers(self) -> dict[str, str]:
        """As JavaScript reads them."""
        texts = {place: repr(leaf.data) for place, leaf in self._leaves.items()}
        return {place: text.replace("inf", "Infinity").replace("nan", "NaN") for place, text in texts.items()}

    @traitlets.observe("leaves")
    def _changed(self, change: Any) -> None:
        brought = {place: float(text) for place, text in change["new"].items() if place in self._leaves}
        moved = [(self._leaves[at], x) for at, x in brought.items() if repr(x) != repr(self._leaves[at].data)]
        for leaf, x in moved:
            leaf.data = x
        if moved:
            self._computed()

    def _computed(self) -> None:
        self.value.replay()
        self.value.backward()


def _after_each_cell(widget: Widget) -> None:
    """Have IPython, if it is there, call `update` after each cell, for as long as the widget lives."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return
    of = weakref.ref(widget)

    def callback(result: Any) -> None:
        here = of()
        if here is None:
            shell.events.unregister("post_run_cell", callback)
        else:
            here.update()

    shell.events.register("post_run_cell", callback)
