"""The traces of one function for inputs of one shape: the one that is right for a call, a new one, or an eager run."""

from __future__ import annotations

import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ...coercion import as_float
from ...numerics.ieee import shows_nothing
from ...trees import Tree
from ...value import Value
from ..targets import python
from ..tracing.guards import RunsEagerly, RunsOnlyEagerly, Trace, outputs_of
from .misses import Misses

if TYPE_CHECKING:
    from .function import Specialization

_TRIES = 4  # traces that are looked at, however quick the function is


class TraceCache:
    """The traces of one function for inputs of one shape, and where none fits its eager runs."""

    def __init__(self, spec: Specialization, tree: Tree, labels: list[str | None], kept: Iterable[Trace] = ()) -> None:
        self.spec = spec
        self.tree = tree
        self.labels = labels
        # By outcomes; the one used last at the end.
        self._kept: OrderedDict[tuple[bool, ...], Trace] = OrderedDict((trace.outcomes, trace) for trace in kept)
        self._lock = threading.Lock()
        self._misses = Misses()
        self._missed = False  # whether the last call at one point was served by no trace
        self._told: set[Any] = set()  # the lines whose calls were told of an inf or a nan

    def latest(self) -> Trace | None:
        """The trace used last, if there is one."""
        with self._lock:
            return next(reversed(self._kept.values()), None)

    def kept(self) -> list[Trace]:
        """All of them, the one used last at the end."""
        with self._lock:
            return list(self._kept.values())

    def __call__(self, numbers: list[float], always: bool = False) -> tuple[Trace | None, Any]:
        """The function's result at one point, and the trace that gave it; None where it ran eagerly, which it does not
        if a trace is `always` wanted.
        """
        latest, left = self.latest(), None
        if latest is not None and not (self._missed and self.spec.target is python):
            outputs = self.run(latest, numbers)
            left = -1 if outputs[-1] == 0.0 else latest.left_in(outputs)
            if left < 0:
                return self._result(latest, numbers, outputs)
        found = self.serving(numbers, functools.partial(self.run, numbers=numbers), always, left)
        self._missed = not isinstance(found, Trace)
        if isinstance(found, Trace):
            return self._result(found, numbers, self.run(found, numbers))
        outputs, tree = found
        return None, tree.unflatten(outputs)

    def at(self, numbers: list[float]) -> Trace:
        """The trace that is right at these inputs: one that is kept, or a new one."""
        found = self.serving(numbers, lambda trace: None, True)
        assert isinstance(found, Trace)
        return found

    def serving(
        self,
        numbers: list[float],
        emit: Callable[[Trace], object],
        always: bool = False,
        left: int | None = None,
    ) -> Trace | tuple[list[float], Tree]:
        """The trace that is right at these inputs: one that is kept, or a new one where that is worth its time, which
        `emit` is a part of; else what the function gives when it runs eagerly, and the nesting of that. `left` is the
        guard that is known to come out otherwise than in the latest trace.

        Traces part at the first guard that comes out differently, so each that is tried settles one guard at least.
        """
        began = time.perf_counter()
        with self._lock:
            candidates = list(reversed(self._kept.items()))
        nearest: Trace | None = None
        start, met = 0, tuple[bool, ...]()
        tried = 0
        while candidates:  # which all begin with what is met
            outcomes, nearest = candidates[0]
            left = nearest.left_at(numbers) if left is None else left
            if left < 0:
                with self._lock:
                    if outcomes in self._kept:
                        self._kept.move_to_end(outcomes)
                return nearest
            met = (*outcomes[:left], not outcomes[left])
            candidates = [pair for pair in candidates[1:] if pair[0][start : left + 1] == met[start:]]
            start = left + 1
            tried += 1
            if not always and tried > _TRIES and 0.0 < self._misses.last < time.perf_counter() - began:
                break  # to look any further would take longer than to run the function
            if candidates:
                left = None
        where = hash(met)
        if always or nearest is None or self._misses.is_worth(where):
            try:
                return self._built(numbers, emit, where)
            except (RunsEagerly, RunsOnlyEagerly):
                if always:
                    raise RunsOnlyEagerly(
                        f"compile: at these inputs an operation of {self.spec.name} gives an inf or a nan, and the "
                        "function catches exceptions: it runs eagerly there, and is not compiled"
                    ) from None
        result = self._eagerly(numbers)
        self._misses.ran(where, time.perf_counter() - began)
        self._misses.warn(self.spec.name, nearest, left)
        return result

    def _built(self, numbers: list[float], emit: Callable[[Trace], object], where: int) -> Trace:
        began = time.perf_counter()
        trace = self.spec.traced(self.tree, numbers, self.labels)
        tracing = time.perf_counter() - began
        emit(trace)
        self._misses.built(where, time.perf_counter() - began, tracing)
        with self._lock:
            self._kept[trace.outcomes] = trace
            if len(self._kept) > self.spec.compiled.most_traces:
                self._kept.popitem(last=False)
        return trace

    def _eagerly(self, numbers: list[float]) -> tuple[list[float], Tree]:
        """What the function gives when it runs on Values; its derivatives make their own."""
        given: Iterable[Any] = map(Value, numbers) if self.spec.operator == "value" else numbers
        args, kwargs = self.tree.unflatten(given)
        leaves, tree = outputs_of(self.spec.fn, self.spec.fn(*args, **kwargs))
        return [leaf.data if isinstance(leaf, Value) else as_float(leaf) for leaf in leaves], tree

    def run(self, trace: Trace, numbers: list[float]) -> Sequence[float]:
        """What a trace gives at one point: its program's outputs, and after them what `Trace.checked` adds."""
        kernel = trace.kernels.get("scalar")
        if kernel is None:
            kernel = trace.kernels["scalar"] = self.spec.target.scalar(
                trace.checked(), self.spec.name, precise=self.spec.precise
            )
        return kernel(*numbers)  # type: ignore[no-any-return]

    def _result(self, trace: Trace, numbers: list[float], outputs: Sequence[float]) -> tuple[Trace | None, Any]:
        if outputs[-1] != 0.0:
            self._reported(numbers)
        return trace, trace.output_tree.unflatten(outputs[: trace.output_tree.count])

    def _reported(self, numbers: list[float]) -> None:
        """Run the function on Values, which report what made an inf or a nan, with its operands and their labels. Where
        that would show nothing it is not done: where all is ignored, and at a line that was told before.
        """
        if not shows_nothing(self._told):
            args, kwargs = self.tree.unflatten([Value(x, label) for x, label in zip(numbers, self.labels)])
            self.spec.fn(*args, **kwargs)
