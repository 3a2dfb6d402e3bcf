"""A function run once on tracers at given numbers, and what it decided on the way: a trace.

Beside its program a trace holds the guards, the truths that the function branched on, and how each came out. Its
program means what the function means for every input for which they come out the same; for another the function is
traced anew.
Imports the tracing and the nestings of arguments.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ... import primitives
from ...graph import topological_order
from ...recording import next_run, tracing
from ...trees import Tree, flatten
from ...value import Value
from .. import host
from ..program import Instruction, Loop, Operand, Program
from ..targets import python
from .loops import Recording, Tracing
from .tracer import Tracer, rebuilt, restart, user_line


class Recorder(Recording):
    """A builder that knows what every value is at the numbers it is traced with, and so can decide."""

    def __init__(self, numbers: Sequence[float], labels: Sequence[str | None]) -> None:
        super().__init__(labels)
        self.guards: dict[int, bool] = {}  # by the truth's index, in the order they were met
        self._began = next_run()
        self._numbers: dict[int, Any] = dict(enumerate(numbers))  # what is known so far

    def _number(self, operand: int) -> Any:
        """What a value is here; it is computed when it is asked for."""
        known, wanted = self._numbers, [operand]
        for index in wanted:  # grows: all that is needed for it
            if index not in known:
                wanted += [x for x in self._instructions[index].operands if isinstance(x, int)]  # type: ignore[union-attr]
        for index in sorted(set(wanted) - known.keys()):
            op, operands, _ = self._instructions[index]  # type: ignore[misc]
            args: tuple[Any, ...] = tuple([known[x] if isinstance(x, int) else x for x in operands])
            found: Any = op.run(args, python.scalar) if isinstance(op, Loop) else op(*args)
            known[index] = found if op.result_type in (list, tuple) else float(found)
        return known[operand]

    def decide(self, truth: Tracer) -> bool:
        """How a truth comes out here, remembered as a guard."""
        operand = self._as(bool, truth.operand)
        if isinstance(operand, float):
            return operand != 0.0
        return self.guards.setdefault(operand, self._number(operand) != 0.0)

    def _operand(self, arg: Any) -> Operand:
        if isinstance(arg, Value):
            return self._own_number(arg)
        return super()._operand(arg)

    def _own_number(self, node: Value) -> float:
        # A Value that the function made itself out of numbers is a number; one from outside would be baked in.
        for leaf in topological_order(node):
            if leaf.op is None and leaf.born < self._began:
                raise TypeError(
                    f"compile: {leaf!r} is a Value from outside, whose number would be baked in: make it an argument "
                    f"of the function{user_line()}"
                )
        return node.data


@dataclass(eq=False, repr=False)
class Trace:
    """What one run of a function came to.

    The program's outputs are the function's, and after them the guards; `outcomes` says how each guard came out.
    """

    program: Program
    outcomes: tuple[bool, ...]
    output_tree: Tree
    kernels: dict[Any, Any] = field(default_factory=dict)  # what was emitted of it, by layout

    def checked(self) -> Program:
        """The program with one output more: 0.0 if all of the function's own are finite and all guards come out as they
        did, else nan.
        """
        program, instructions = self.program, list(self.program.instructions)

        def emit(op: primitives.Primitive, *operands: Operand) -> Operand:
            if int not in map(type, operands):
                return float(op(*operands))
            instructions.append(Instruction(op, operands))
            return len(program.inputs) + len(instructions) - 1

        count = self.output_tree.count
        terms = [emit(primitives.mul, x, 0.0) for x in program.outputs[:count]]
        while len(terms) > 1:  # by halves: no long chain of sums
            terms = [
                emit(primitives.add, *pair) for pair in itertools.zip_longest(terms[::2], terms[1::2], fillvalue=0.0)
            ]
        well, nan = terms[0], math.nan
        for guard, outcome in zip(program.outputs[count:], self.outcomes):
            if isinstance(guard, int):
                well = emit(primitives.where, guard, *((well, nan) if outcome else (nan, well)))
            elif (guard != 0.0) is not outcome:
                well = nan
        return Program(program.inputs, tuple(instructions), (*program.outputs, well))

    def fits(self, outputs: Sequence[float]) -> bool:
        """Whether all guards came out as in the trace, in what the program gave."""
        truths = outputs[self.output_tree.count :]
        return all((truth != 0.0) == outcome for truth, outcome in zip(truths, self.outcomes))

    def truths(self, numbers: Sequence[float]) -> tuple[bool, ...]:
        """How the guards come out for other inputs; after the first that differs they mean nothing."""
        run = self.kernels.get("guards")
        if run is None:
            builder, outputs = restart(self.program)
            run = python.scalar(builder.program(outputs[self.output_tree.count :]), "guards")
            self.kernels["guards"] = run
        return tuple([truth != 0.0 for truth in run(*numbers)])

    def __getstate__(self) -> tuple[Any, ...]:
        return self.program, self.outcomes, self.output_tree

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.program, self.outcomes, self.output_tree = state
        self.kernels = {}


@host.collector_waiting()
def traced(fn: Callable[..., Any], arguments: Tree, numbers: Sequence[float], labels: Sequence[str | None]) -> Trace:
    """Run `fn` on tracers that stand for `numbers`, nested as `arguments`, a tree of ``(args, kwargs)``.

    TypeError if it returns what is no number, or asks for a number that would be baked in.
    """
    recorder = Recorder(numbers, labels)
    args, kwargs = arguments.unflatten(recorder.values)
    token = tracing.set(Tracing(recorder))
    try:
        returned = fn(*args, **kwargs)
    finally:
        tracing.reset(token)
    leaves, output_tree = flatten(returned)
    if not leaves:
        name = getattr(fn, "__name__", type(fn).__name__)
        reason = ": does it lack a return statement?" if returned is None else ""
        raise TypeError(f"compile: {name} returned {returned!r}, which has no number{reason}")
    guards = [recorder.value(index) for index in recorder.guards]
    outputs = [recorder.floated(leaf) for leaf in leaves]
    return Trace(rebuilt(recorder.program([*outputs, *guards])), tuple(recorder.guards.values()), output_tree)
