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
from ...coercion import as_float
from ...graph import topological_order
from ...recording import next_run, recording, tracing
from ...trees import Tree, flatten
from ...value import Value
from .. import host
from ..program import Instruction, Loop, Operand, Operation, Program
from ..targets import python
from .loops import Recording, Tracing
from .outside import Outside
from .tracer import Tracer, rebuilt, restart
from .user_code import user_frame, user_line


class RunsEagerly(BaseException):
    """Raised out of a trace at inputs where an operation has an event, in a function that catches exceptions."""


class RunsOnlyEagerly(TypeError):
    """Raised where a trace is wanted at such inputs."""


class IsPartOfAGraph(Exception):
    """Raised where a number is wanted and a Value, or a tracer of another function, is given."""


def number(x: Any) -> float:
    """The float of a real number; see `as_float`."""
    if isinstance(x, (Value, Tracer)):
        raise IsPartOfAGraph
    try:
        return as_float(x)
    except TypeError as error:
        raise TypeError(f"{error}; static_argnums of compile is for what is no number to trace") from None


class Recorder(Recording):
    """A builder that knows what every value is at the numbers it is traced with, and so can decide."""

    def __init__(self, numbers: Sequence[float], labels: Sequence[str | None], outside: Outside | None = None) -> None:
        super().__init__(labels)
        self.guards: dict[int, bool] = {}  # by the truth's index, in the order they were met
        self.places: list[tuple[str, int]] = []  # the file and line that each was met in
        self.refusal: TypeError | None = None  # the last one
        self._began = next_run()
        self._outside = outside
        self._numbers: dict[int, Any] = dict(enumerate(numbers))  # what is known so far

    def emit(self, op: Operation, args: Sequence[Any], label: str | None = None) -> Tracer:
        """As a builder does; where the function catches exceptions, a guard holds that an operation has no event."""
        made = super().emit(op, args, label)
        catches = self._outside is not None and self._outside.catches
        if catches and isinstance(made.operand, int) and op.result_type is float:
            finite = super().emit(primitives.equal, (super().emit(primitives.sub, (made, made)), 0.0))
            if not self.decide(finite):
                raise RunsEagerly
        return made

    def _number(self, operand: int) -> Any:
        """What a value is here; it is computed when it is asked for."""
        known = self._numbers
        needed = set() if operand in known else {operand}
        left = [*needed]
        while left:
            instruction = self._instructions[left.pop()]
            assert instruction is not None  # the inputs are known
            new = {x for x in instruction.operands if isinstance(x, int) and x not in known and x not in needed}
            needed |= new
            left += new
        for index in sorted(needed):
            op, operands, _ = self._instructions[index]  # type: ignore[misc]
            args: tuple[Any, ...] = tuple([known[x] if isinstance(x, int) else x for x in operands])
            found: Any = op.run(args, python.scalar) if isinstance(op, Loop) else op(*args)
            known[index] = found if op.result_type in (list, tuple) else float(found)
        return known[operand]

    def number(self, tracer: Tracer) -> float:
        """What a tracer of this builder is at the numbers it is traced with."""
        operand = tracer.operand
        return operand if isinstance(operand, float) else float(self._number(operand))

    def decide(self, truth: Tracer, place: tuple[str, int] | None = None) -> bool:
        """How a truth comes out here, remembered as a guard that was met at a file and line, by default the user's."""
        operand = self._as(bool, truth.operand)
        if isinstance(operand, float):
            return operand != 0.0
        if operand not in self.guards and not self.ended:
            self.guards[operand] = self._number(operand) != 0.0
            frame = user_frame() if place is None else None
            self.places.append(place or ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno))
        return self.guards[operand]

    def compared(self, truth: Tracer) -> Any:
        """A truth; Python's own at once, by a guard, where the function's code may ask what it is."""
        return self.decide(truth) if self._outside is not None and self._outside.compares_identity else truth

    def refused(self, message: str) -> TypeError:
        """The error for what would bake a number in, remembered for when it is caught and another one raised."""
        self.refusal = TypeError(message)
        return self.refusal

    def shown(self, tracer: Tracer, spec: str) -> str:
        """A value's text is what eager code has, and guards hold the number."""
        if self.is_truth(tracer):
            return format(self.decide(tracer), spec)
        number = self._number(int(tracer.operand))
        if number == number:
            self.decide(self.emit(primitives.equal, (tracer, number)))
        else:
            self.decide(self.emit(primitives.unequal, (tracer, tracer)))
        if number == 0.0:
            self.decide(self.emit(primitives.less, (self.emit(primitives.copysign, (1.0, tracer)), 0.0)))
        return format(Value(number), spec)

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
    places: tuple[tuple[str, int], ...] = ()  # the file and line of each guard
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

    def left_in(self, outputs: Sequence[float]) -> int:
        """The first guard that came out otherwise than in the trace, in what the program gave; -1 if all are as they
        were.
        """
        return python.first_other(outputs[self.output_tree.count :], self.outcomes)

    def left_at(self, numbers: Sequence[float]) -> int:
        """The first guard that comes out otherwise than in the trace for other inputs; -1 if all are as they were."""
        run = self.kernels.get("guards")
        if run is None:
            builder, outputs = restart(self.program)
            guards = builder.program(outputs[self.output_tree.count :])
            run = self.kernels["guards"] = python.parting(guards, self.outcomes)
        return run(*numbers)

    def __getstate__(self) -> tuple[Any, ...]:
        return self.program, self.outcomes, self.output_tree, self.places

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.program, self.outcomes, self.output_tree, self.places = state
        self.kernels = {}


@host.collector_waiting()
def traced(
    fn: Callable[..., Any],
    arguments: Tree,
    numbers: Sequence[float],
    labels: Sequence[str | None],
    outside: Outside | None = None,
) -> Trace:
    """Run `fn` on tracers that stand for `numbers`, nested as `arguments`, a tree of ``(args, kwargs)``.

    TypeError if it returns what is no number, or asks for a number that would be baked in.
    """
    recorder = Recorder(numbers, labels, outside)
    args, kwargs = arguments.unflatten(recorder.values)
    token = tracing.set(Tracing(recorder))
    try:
        with recording():  # also for a call in a `no_grad` block: a derivative may be of this trace
            returned = fn(*args, **kwargs)
    except IndexError as error:  # NumPy's, of an index that it asked for its number
        if recorder.refusal is None:
            raise
        raise recorder.refusal from error
    finally:
        tracing.reset(token)
    leaves, output_tree = outputs_of(fn, returned)
    guards = [recorder.value(index) for index in recorder.guards]
    outputs = [recorder.floated(leaf) for leaf in leaves]
    recorder.ended = True
    program = rebuilt(recorder.program([*outputs, *guards]))
    return Trace(program, tuple(recorder.guards.values()), output_tree, tuple(recorder.places))


def outputs_of(fn: Callable[..., Any], returned: Any) -> tuple[list[Any], Tree]:
    """The numbers that a function returned, and their nesting; TypeError if there are none."""
    leaves, tree = flatten(returned)
    if not leaves:
        name = getattr(fn, "__name__", type(fn).__name__)
        reason = ": does it lack a return statement?" if returned is None else ""
        raise TypeError(f"compile: {name} returned {returned!r}, which has no number{reason}")
    return leaves, tree
