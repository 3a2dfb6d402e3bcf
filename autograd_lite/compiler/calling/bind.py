"""A call bound to its arrays: what they hold when it is made is read where it lies, and the results are written where
they are to be, or copied there. Nothing is left between Python and the kernel but the call of a built-in function.

Whatever is unusual (a branch taken otherwise, an inf or a nan to report) is left to the ordinary call. Imports NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import trees
from ...coercion import as_float, short_label
from .results import arrays, filled, held

if TYPE_CHECKING:
    from .function import Specialization


def bind(spec: Specialization, args: Sequence[Any], out: Any) -> Callable[[], Any]:
    """The call of `spec` with these arguments, into `out`; see `Compiled.bind`."""
    given = tuple([_source(i, x) for i, x in enumerate(args)])
    if any(axis is not None for axis in spec.axes(given)):
        raise ValueError("compile: bind is of one point; this function has rows: give out= to its call")
    trace, result = spec.at_point(given, {}, True)
    assert trace is not None
    kernel = trace.kernels["scalar"]
    size = trace.output_tree.count + len(trace.outcomes) + 1
    outputs = np.empty(size)
    out = held(trace.output_tree, out, outputs)
    filled(trace.output_tree, result, out)

    def ordinary() -> Any:
        return spec.result(given, {}, out)

    if not hasattr(kernel, "into"):
        return ordinary
    # Arrays are read and written where they lie, or by way of one that holds the numbers of all.
    inputs, copies_in, at = np.empty(len(trace.program.inputs)), [], 0
    for x in given:
        part = inputs[at : at + np.size(x)]
        part[:] = np.ravel(x)
        copies_in += [(part.reshape(x.shape), x)] if isinstance(x, np.ndarray) else []
        at += part.size
    if len(given) == 1 and copies_in:
        inputs, copies_in = given[0], []
    copies_out = [
        (y, outputs[first : first + y.size].reshape(y.shape))
        for first, y in arrays(trace.output_tree, out)
        if not np.may_share_memory(y, outputs)
    ]
    into, check, copy = kernel.into, outputs[-1:].item, np.copyto

    def bound() -> Any:
        for part, x in copies_in:
            copy(part, x)
        into(inputs, outputs)
        if check() != 0.0:
            return ordinary()
        for y, part in copies_out:
            copy(y, part)
        return out

    return bound


def _source(i: int, x: Any) -> Any:
    if isinstance(x, np.ndarray):
        if x.dtype == np.float64 and x.flags.c_contiguous and x.ndim:
            return x
        raise TypeError(
            f"compile: bind reads arrays where they lie: argument {i} has to be a contiguous array of float64, not "
            f"{x.dtype} of shape {x.shape} and strides {x.strides}"
        )
    if trees.opened(x):
        raise TypeError(f"compile: bind takes numbers and arrays: argument {i} is {short_label(repr(x), 40)}")
    return as_float(x)
