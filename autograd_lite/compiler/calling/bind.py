"""A call bound to its arrays: what they hold when it is made is read where it lies, and the results are written where
they are to be. Nothing is left between Python and the kernel but the call of a built-in function.

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
    out = held(trace.output_tree, out)
    filled(trace.output_tree, result, out)

    def ordinary() -> Any:
        return spec.result(given, {}, out)

    make = getattr(trace.kernels["scalar"], "bound", None)
    return ordinary if make is None else make(given, arrays(trace.output_tree, out), out, ordinary) or ordinary


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
