"""One array in, arrays and numbers out: the shortest way from Python to a kernel, for calls of microseconds.

Where a function is called with one contiguous array of doubles, its kernel reads them where they lie and writes into an
array that the results are views of. Whatever is unusual (another layout, a branch taken otherwise, an inf or a nan to
report) is left to the general way. Imports NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..trees import Tree
from .record import Trace

MISSED = object()  # the array, or what came out, is for the general way


def call(trace: Trace, run: Callable[[Any, Any], None]) -> Callable[[Any], Any]:
    """The trace as a function of one array of the right shape; `run` takes addresses of inputs and outputs.

    The program's outputs are the function's, its guards, and last a 0.0 if all the function's are finite.
    """
    tree = trace.output_tree
    count, size = tree.count, tree.count + len(trace.outcomes) + 1
    guards = [(count + i, 1.0 if outcome else 0.0) for i, outcome in enumerate(trace.outcomes)]
    build = _builder(tree, 0)
    empty = np.empty

    def at(x: Any) -> Any:
        given = x.__array_interface__
        if given["strides"] is not None or given["typestr"] != "<f8":
            return MISSED
        out = empty(size)
        run(given["data"][0], out.__array_interface__["data"][0])
        if out[-1] != 0.0:
            return MISSED
        for place, truth in guards:
            if out[place] != truth:
                return MISSED
        return build(out)

    return at


def _builder(tree: Tree, start: int) -> Callable[[Any], Any]:
    """What makes the nesting of the outputs from an array of them, of which they begin at `start`."""
    shape = tree.shape
    if shape == ():
        return lambda out: out.item(start)
    stop = start + tree.count
    if shape is not None and len(shape) == 1:
        return lambda out: out[start:stop]
    if shape is not None:
        return lambda out: out[start:stop].reshape(shape)
    parts = []
    for child in tree.children:
        parts.append(_builder(child, start))
        start += child.count
    if tree.make is tuple and len(parts) == 2:
        first, second = parts
        return lambda out: (first(out), second(out))
    if all(child.shape == () for child in tree.children):
        return lambda out: tree.built(out[stop - tree.count : stop].tolist())
    return lambda out: tree.built([part(out) for part in parts])
