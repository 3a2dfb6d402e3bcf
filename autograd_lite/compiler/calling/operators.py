"""What a specialization traces: the function itself, or a derivative operator, applied to the function's program.

A function is traced once for all of its derivatives. Where an operator asks for it on tracers, the program of its trace
is set in, with its guards, and the operator differentiates that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ... import derivatives
from ...derivatives import Argnums
from ...trees import flatten
from ..tracing.guards import Recorder
from ..tracing.tracer import Tracer, inserted

if TYPE_CHECKING:
    from .function import Compiled


def applied(operator: str, fn: Callable[..., Any], argnums: Argnums, sparse: bool) -> Callable[..., Any]:
    """`fn` under the operator of that name; "value" is the function itself."""
    if operator == "value":
        return fn
    if operator == "hvp":
        return functools.partial(derivatives.hvp, fn)
    if sparse:
        inner = derivatives.grad(fn, argnums) if operator == "hessian" else fn
        return derivatives.sparse_jacobian(inner, argnums, operator)
    made: Callable[..., Any] = getattr(derivatives, operator)(fn, argnums)
    return made


def programmed(compiled: Compiled) -> Callable[..., Any]:
    """The function of `compiled`, which on tracers is its program there, and on anything else itself."""
    fn = compiled.opened

    @functools.wraps(fn, updated=())
    def run(*args: Any, **kwargs: Any) -> Any:
        leaves, tree = flatten((args, kwargs))
        recorder = leaves[0].builder if leaves and isinstance(leaves[0], Tracer) else None
        mine = all(isinstance(x, Tracer) and x.builder is recorder for x in leaves)
        if not mine or not isinstance(recorder, Recorder):
            return fn(*args, **kwargs)
        trace = compiled._specialization("value").traces(tree).at([recorder.number(x) for x in leaves])
        outputs = inserted(recorder, trace.program, leaves)
        count = trace.output_tree.count
        for guard, place in zip(outputs[count:], trace.places):
            recorder.decide(guard, place)
        return trace.output_tree.unflatten(outputs[:count])

    return run
