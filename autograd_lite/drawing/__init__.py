"""The circuit as a picture: one model of what is drawn, one file per form.

`draw` describes a graph as it stands now, its numbers included, and hands back a `Picture` of it, in any form: DOT,
SVG, PNG, PDF, text. Nothing beyond the standard library is imported before a form that needs it is asked for.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..value import Value
from .functions import evaluated
from .model import MOST_NODES, describe
from .picture import Picture
from .plots import plot

__all__ = ["Picture", "draw", "plot"]


def draw(
    root: Value | Callable[..., Any],
    *args: Any,
    precision: int = 4,
    direction: str = "LR",
    depth: int | None = None,
    around: Value | None = None,
    constants: bool = True,
    groups: str | Collection[str] = "auto",
    expand: Collection[str | Value] = (),
    names: bool | Mapping[str, object] = True,
    check: bool = False,
    most: int | None = MOST_NODES,
    engine: str = "built-in",
) -> Picture:
    """A picture of the circuit that `root` was computed by: every node's value and gradient, every local gradient.

    Args:
        root: the output; what it was computed from is drawn with it. Or a function, which is then evaluated at `args`
            and swept back from once: its inputs are called what its parameters are, and no gradient changes.
        args: the arguments of a function: numbers, or nestings and arrays of them.
        precision: how many significant digits the numbers are given; SVG shows them exactly on hover.
        direction: where the output lies, in Graphviz's terms: "LR", "RL", "TB" or "BT".
        depth: draw only so many levels back from the output.
        around: draw only the neighbourhood of this node, at most `depth` (or 2) edges away.
        constants: False writes constants into the operation that uses them, "× 2", in place of a node each.
        groups: "boxes" around what was made in a ``with group(name):``, "collapsed" for one node in place of each
            outermost group, "layers" for one in place of each layer of a network, or the names of those to collapse.
            What is collapsed and is one layer takes its weights and biases in, and shows its a and its error signal δ.
            "auto" is boxes, and where that is more than `most` nodes, layers or else groups are collapsed, and then
            what is alike is drawn as one: of a loss over examples one example, each box with how many it stands for.
        expand: names of groups, of what is alike, or nodes, that are drawn whole though the others are folded; "loop"
            is the name of loops.
        names: a node without a label is called what the caller's variables call it; False leaves it without a name, and
            a namespace such as ``locals()`` is looked in instead.
        check: True puts a numerical derivative of `root` beside each gradient, with a bound on its error, and outlines
            a gradient that is further off (see `explain.numerical_gradients`; it takes some fifty evaluations a node,
            so of a large graph not all are checked, leaves first, and a note says so).
        most: fold a graph of more nodes than this, and abridge what is left to so many; None never does.
        engine: what lays it out: "built-in", or "graphviz", where that is installed.

    A gradient is shown as "·" where no backward sweep has come by. What is left out stands as "… n more nodes".
    ValueError for an option that does not fit; TypeError for a `root` that is no Value and no function of one number.

    >>> from autograd_lite import Value
    >>> x = Value(3.0, "x")
    >>> f = x * x
    >>> f.backward()
    >>> print(draw(f).text())
    f: × = 9  ∂ 1
    ├─[3]─ x = 3  ∂ 6
    └─[3]─ x = 3  (see above)
    >>> print(draw(lambda w, x: w[0] * x + w[1], [2.0, 1.0], 3.0))
    + = 7  ∂ 1
    ├─[1]─ × = 6  ∂ 1
    │  ├─[3]─ w[0] = 2  ∂ 3
    │  └─[2]─ x = 3  ∂ 2
    └─[1]─ w[1] = 1  ∂ 1
    """
    if direction not in ("LR", "RL", "TB", "BT"):
        raise ValueError(f"draw: the direction is LR, RL, TB or BT, not {direction!r}")
    if engine not in ("built-in", "graphviz"):
        raise ValueError(f"draw: the engine is built-in or graphviz, not {engine!r}")
    if not 1 <= precision <= 17:
        raise ValueError(f"draw: a float has 1 to 17 significant digits to show, not {precision!r}")
    for option, number, least in (("depth", depth, 0), ("most", most, 1)):
        if number is not None and number < least:
            raise ValueError(f"draw: {option} is a whole number from {least} on, not {number!r}")
    options: dict[str, Any] = {
        "depth": depth, "around": around, "constants": constants, "groups": groups, "expand": expand, "names": names,
        "check": check, "most": most,
    }  # fmt: skip
    if isinstance(root, Value):
        if args:
            raise TypeError(f"draw: arguments are for a function, and {root!r} is a Value; options are given by name")
        source: AbstractContextManager[Value] = nullcontext(root)
    elif callable(root):
        source = evaluated(root, args)
    else:
        raise TypeError(f"draw: expected a Value, or a function and its arguments, got {type(root).__name__}")
    collects = gc.isenabled()
    gc.disable()  # a description has no garbage in circles, and to search for it takes half of a large graph's time
    try:
        with source as output:
            return Picture(describe(output, precision, **options), direction, engine)
    finally:
        if collects:
            gc.enable()
