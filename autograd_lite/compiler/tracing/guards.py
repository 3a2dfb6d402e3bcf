"""A function run once on tracers at given numbers, and what it decided on the way: a trace.

Beside its program a trace holds the guards, the truths that the function branched on, and how each came out. Its
program means what the function means for every input for which they come out the same; for another the function is
traced anew.
Imports the tracing and the nestings of arguments.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ... import primitives
from ...coercion import as_float
from ...graph import topological_order
from ...primitives import Primitive
from ...recording import is_recording, next_run, tracing
from ...trees import Tree, flatten
from ...value import Value, is_node
from ..program import Instruction, Operand, Program
from ..targets import python
from .outside import Outside
from .tracer import Builder, Tracer, is_own, rebuilt, restart, user_frame, user_line


class RunsEagerly(BaseException):
    """Raised out of a trace at inputs where an operation has an event, in a function that catches exceptions."""


class IsPartOfAGraph(Exception):
    """Raised where a number is wanted and a Value, or a tracer of another function, is given."""


def number(x: Any) -> float:
    """The float of a real number; see `as_float`."""
    if is_node(x):
        raise IsPartOfAGraph
    try:
        return as_float(x)
    except TypeError as error:
        raise TypeError(f"{error}; static_argnums of compile is for what is no number to trace") from None


class Recorder(Builder):
    """A builder that knows what every value is at the numbers it is traced with, and so can decide."""

    def __init__(self, outside: Outside | None = None) -> None:
        super().__init__()
        self.numbers: list[float] = []
        self.guards: dict[int, bool] = {}  # by the truth's index, in the order they were met
        self.places: list[tuple[str, int]] = []  # the file and line that each was met in
        self.refusal: TypeError | None = None  # the last one
        self.ended = False
        self._began = next_run()
        self._outside = outside

    def input_at(self, number: float, label: str | None = None) -> Tracer:
        """A further input, with the number it has here."""
        self.numbers.append(number)
        return self.input(label)

    def emit(self, op: Primitive, args: Sequence[Any], label: str | None = None) -> Tracer:
        """As a builder does; nothing is differentiated through what is made in a `no_grad` block."""
        made = super().emit(op, args, label)
        if not is_recording():
            made = super().emit(primitives.stop_gradient, (made,))
        if (
            self._outside is not None
            and self._outside.catches
            and type(made.operand) is int
            and op.result_type is float
        ):
            finite = super().emit(primitives.equal, (super().emit(primitives.sub, (made, made)), 0.0))
            if not self.decide(finite):
                raise RunsEagerly
        return made

    def decide(self, truth: Tracer) -> bool:
        """How a truth comes out here, remembered as a guard."""
        operand = self._as(bool, truth.operand)
        if isinstance(operand, float):
            return operand != 0.0
        if operand not in self.guards and not self.ended:
            self.guards[operand] = self.numbers[operand] != 0.0
            frame = user_frame()
            self.places.append(("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno))
        return self.numbers[operand] != 0.0

    def compared(self, truth: Tracer) -> Any:
        """A truth; Python's own at once, by a guard, where the function's code may ask what it is."""
        return self.decide(truth) if self._outside is not None and self._outside.compares_identity else truth

    def hash_of(self, tracer: Tracer) -> int:
        """That of a truth, by a guard. TypeError for a number, which equal ones would be looked up by."""
        if is_own(sys._getframe(2)) or self.ended:
            return object.__hash__(tracer)
        if self.is_truth(tracer):
            return hash(self.decide(tracer))
        raise TypeError(
            "a number that is being traced has no value yet, so no set and no dict finds it, and it has no hash: "
            f"compare with ==, as x in (1.0, 2.0) does{user_line()}"
        )

    def refused(self, message: str) -> TypeError:
        """The error for what would bake a number in, remembered for when it is caught and another one raised."""
        self.refusal = TypeError(message)
        return self.refusal

    def text(self, tracer: Tracer, spec: str) -> str:
        """To the user's code a value's text is what eager code has, and a guard holds the number; else its name."""
        if is_own(sys._getframe(2)) or self.ended or not isinstance(tracer.operand, int):
            return super().text(tracer, spec)
        if self.is_truth(tracer):
            return format(self.decide(tracer), spec)
        number = self.numbers[tracer.operand]
        if number == number:
            self.decide(self.emit(primitives.equal, (tracer, number)))
        else:
            self.decide(self.emit(primitives.unequal, (tracer, tracer)))
        if number == 0.0:
            self.decide(self.emit(primitives.less, (self.emit(primitives.copysign, (1.0, tracer)), 0.0)))
        return format(Value(number), spec)

    def _append(self, instruction: Instruction | None) -> Tracer:
        if instruction is not None:
            op, operands, _ = instruction
            numbers = self.numbers
            numbers.append(float(op(*[numbers[x] if type(x) is int else x for x in operands])))
        return super()._append(instruction)

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
        builder, _, outputs = restart(self.program)
        count = self.output_tree.count
        terms: list[Any] = [output * 0.0 for output in outputs[:count]]
        while len(terms) > 1:  # by halves: no long chain of sums
            terms = [a + b for a, b in itertools.zip_longest(terms[::2], terms[1::2], fillvalue=0.0)]
        well, nan = terms[0], math.nan
        for guard, outcome in zip(outputs[count:], self.outcomes):
            well = primitives.where(guard, well, nan) if outcome else primitives.where(guard, nan, well)
        return builder.program([*outputs, well])

    def left_in(self, outputs: Sequence[float]) -> int:
        """The first guard that came out otherwise than in the trace, in what the program gave; -1 if all are as they
        were.
        """
        return python.first_other(outputs[self.output_tree.count :], self.outcomes)

    def left_at(self, numbers: Sequence[float]) -> int:
        """The first guard that comes out otherwise than in the trace for other inputs; -1 if all are as they were."""
        run = self.kernels.get("guards")
        if run is None:
            builder, _, outputs = restart(self.program)
            guards = builder.program(outputs[self.output_tree.count :])
            run = self.kernels["guards"] = python.parting(guards, self.outcomes)
        return run(*numbers)

    def __getstate__(self) -> tuple[Any, ...]:
        return self.program, self.outcomes, self.output_tree, self.places

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.program, self.outcomes, self.output_tree, self.places = state
        self.kernels = {}


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
    recorder = Recorder(outside)
    inputs = [recorder.input_at(number, label) for number, label in zip(numbers, labels)]
    args, kwargs = arguments.unflatten(inputs)
    token = tracing.set(recorder.copied)
    try:
        returned = fn(*args, **kwargs)
    except IndexError as error:  # NumPy's, of an index that it asked for its number
        if recorder.refusal is None:
            raise
        raise recorder.refusal from error
    finally:
        tracing.reset(token)
    leaves, output_tree = outputs_of(fn, returned)
    guards = [recorder.values[index] for index in recorder.guards]
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
