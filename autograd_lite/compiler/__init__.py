"""From a graph of operations to code: trace → program → emit, one file per stage and one per target.

No target knows a derivative: the rows' own local derivatives, run on tracers, are instructions like any other.
"""

from __future__ import annotations

from .calling.function import Compiled, compile
from .program import Instruction, Program
from .tracing.tracer import Builder, Recorded, Tracer, forward, from_graph, reverse

__all__ = [
    "Builder",
    "Compiled",
    "Instruction",
    "Program",
    "Recorded",
    "Tracer",
    "compile",
    "forward",
    "from_graph",
    "reverse",
]
