"""Tracing: operations on numbers that have no value yet become the instructions of a program.

A `Tracer` stands for such a number, a `Builder` keeps what was done to it. The same instruction is written once, what
depends on no input is a number at once, and nothing is left out that could change a result (``0*x``, ``x-x``). The
chain rule runs on tracers as it does on Values: by `sweep` and the rows of the table. Imports both, and `Program`.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Sequence
from numbers import Number
from typing import Any, ClassVar, NamedTuple, NoReturn

from ... import primitives, sweep
from ...coercion import as_float
from ...conditions import Term, terms
from ...graph import topological_order
from ...operators import Operators
from ...primitives import Primitive
from ...value import Value
from ..program import Instruction, Operand, Operation, Part, Program, Stack
from .user_code import user_line


class Tracer(Operators):
    """A number without a value yet: an input, the result of an instruction, or a constant (its `operand` is a float).

    Operators and the rows of the table make new tracers. Comparisons are instructions as well, and give truths; a truth
    decides nothing by itself: `Builder.decide` is asked, and refuses.

    >>> x = Builder().input("x")
    >>> if x > 0.0: pass
    Traceback (most recent call last):
      ...
    TypeError: a number that is being traced has no value yet, so it decides nothing: use where(c, a, b)
    """

    __slots__ = ("__weakref__", "builder", "operand")

    def __init__(self, builder: Builder, operand: Operand) -> None:
        self.builder = builder
        self.operand = operand

    @property
    def op(self) -> Any:
        """The operation that gave this value; None for an input, `constant` for a number.

        >>> builder = Builder()
        >>> (builder.input("x") * 2.0).op
        mul
        """
        return primitives.constant if isinstance(self.operand, float) else self.builder.row(self)

    @property
    def parents(self) -> tuple[Tracer, ...]:
        """The operands, for the sweeps.

        >>> builder = Builder()
        >>> (builder.input("x") * 2.0).parents
        (%0, 2.0)
        """
        return self.builder.parents(self)

    def terms(self, factors: Sequence[Any], forward: bool) -> Sequence[Any]:
        """What `sweep.terms` asks of a value that is no row's, but of a loop or a stack.

        >>> from autograd_lite.compiler.program import STACK
        >>> stack = Builder().emit(STACK, (1.0, 2.0))
        >>> stack.terms([None, None], forward=True)
        [None, None]
        """
        return Builder._terms_of(self, factors, forward)

    def copied(self) -> Tracer:
        """A new value of the same number: an input of a derivative is told from all that it is made of.

        >>> x = Builder().input("x")
        >>> x.copied().parents
        (%0,)
        """
        return self.builder.copied(self)

    def as_recorded(self) -> tuple[Any, ...]:
        """This value and its operands, for the local derivatives; constants as floats.

        >>> builder = Builder()
        >>> (builder.input("x") * 2.0).as_recorded()
        (%1, %0, 2.0)
        """
        args = self.parents
        return self, *[arg.operand if isinstance(arg.operand, float) else arg for arg in args]

    @staticmethod
    def __apply__(op: Primitive, args: tuple[Any, ...]) -> Any:
        if any(hasattr(arg, "__apply__") and not isinstance(arg, (Tracer, Value)) for arg in args):
            return NotImplemented
        builder = next(arg.builder for arg in args if isinstance(arg, Tracer))
        return builder.emit(op, args)

    def _unary(self, op: Primitive) -> Any:
        return self.builder.emit(op, (self,))

    def _binary(self, op: Primitive, other: Any) -> Any:
        return self._operated(op, self, other)

    def _reflected(self, op: Primitive, other: Any) -> Any:
        return self._operated(op, other, self)

    def _operated(self, op: Primitive, a: Any, b: Any) -> Any:
        """``op(a, b)``, or NotImplemented where the other operand is an array, or another kind's own."""
        other = b if a is self else a
        if type(other) not in _NUMBERS:
            if _is_foreign(other):
                return NotImplemented
            if _is_scalar(other):
                a, b = (x if x is self else x.item() for x in (a, b))
        return self.builder.emit(op, (a, b))

    def _compared(self, op: Primitive, a: Any, b: Any) -> Any:
        other = b if a is self else a
        if type(other) not in _NUMBERS and not isinstance(other, (Number, Tracer, Value)) and not _is_scalar(other):
            return NotImplemented
        return self.builder.compared(self.builder.emit(op, (a, b)))

    def __round__(self, ndigits: int | None = None) -> Tracer:
        if ndigits is not None:
            raise TypeError("a number that is being traced rounds to whole numbers only: round(x)" + user_line())
        return self._unary(primitives.rint)  # type: ignore[no-any-return]

    __array_priority__ = Value.__array_priority__

    def __getattr__(self, name: str) -> NoReturn:
        if name[:2] == "__":  # whoever probes for a protocol
            raise AttributeError(name)
        reason = f"it has no .{name}"
        if name in ("backward", "grad", "local_grads"):
            reason += ": inside a compiled function derivatives are those of autograd_lite.grad and its like"
        raise AttributeError(_NO_VALUE.format(reason) + user_line())

    def named(self, label: str | None) -> Tracer:
        """Itself, as a program's values need no labels.

        >>> Builder().input("x").named("speed")
        %0
        """
        return self

    # ---- truths are Python's, where they meet what is no number of ours ----

    def __and__(self, other: Any) -> Any:
        return self._logical(lambda a, b: primitives.where(a, b, 0.0) != 0.0, other, operator.and_)

    def __or__(self, other: Any) -> Any:
        return self._logical(lambda a, b: primitives.where(a, 1.0, b) != 0.0, other, operator.or_)

    def __xor__(self, other: Any) -> Any:
        return self._logical(lambda a, b: a != b, other, operator.xor)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def _logical(self, both: Callable[[Any, Any], Any], other: Any, otherwise: Callable[[Any, Any], Any]) -> Any:
        builder = self.builder
        if not builder.is_truth(self) or _is_foreign(other):
            return NotImplemented
        if (isinstance(other, Tracer) and builder.is_truth(other)) or isinstance(other, bool):
            return both(builder.floated(self), builder.floated(other))
        return NotImplemented if isinstance(other, Tracer) else otherwise(bool(self), other)

    def __invert__(self) -> int:
        return ~self.__index__()

    # ---- copies: of the same number ----

    __copy__ = Operators.__pos__

    def __deepcopy__(self, memo: dict[int, Any]) -> Tracer:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(_NO_VALUE.format("it cannot be pickled: copy.deepcopy gives it again") + user_line())

    # ---- comparison: an instruction; identity: of the tracer ----

    def __hash__(self) -> int:
        return self.builder.hash_of(self)

    def __bool__(self) -> bool:
        return self.builder.decide(self)

    # ---- what would bake a number in ----

    def __float__(self) -> float:
        return float(
            self._whole("float() gives no number: write autograd_lite.math.sin(x) or np.sin(x), not math.sin(x)")
        )

    def __int__(self) -> int:
        return self._whole("int() gives no number: math.floor(x) and round(x) stay traced")

    def __index__(self) -> int:
        return self._whole(
            "it is no index: autograd_lite.take(xs, i) takes an entry, and static_argnums=… of compile makes an "
            "argument a plain Python number"
        )

    def __complex__(self) -> complex:
        return complex(self._whole("it is no complex number"))

    def _whole(self, refusal: str) -> int:
        """A truth as Python's; what else would be the same in every run of the program."""
        if not self.builder.is_truth(self):
            raise self.builder.refused(_NO_VALUE.format(refusal) + user_line())
        return int(bool(self))

    @property
    def data(self) -> NoReturn:
        """Refused: the number would be the same in every run of the program.

        >>> Builder().input("x").data  # doctest: +ELLIPSIS
        Traceback (most recent call last):
          ...
        TypeError: a number that is being traced has no value yet, so its .data cannot be read...
        """
        raise TypeError(_NO_VALUE.format("its .data cannot be read") + user_line())

    def __repr__(self) -> str:
        return self.builder.text(self, "")

    def __format__(self, spec: str) -> str:
        return self.builder.text(self, spec)


_NUMBERS = frozenset((Tracer, float, int))


def _is_foreign(x: Any) -> bool:
    """Whether an operator is the other operand's to do: an array's, element by element, or another class's."""
    return not isinstance(x, (Tracer, Value, Number)) and bool(
        getattr(x, "ndim", 0) or (not hasattr(x, "ndim") and hasattr(type(x), "__radd__"))
    )


def _is_scalar(x: Any) -> bool:
    return getattr(x, "ndim", None) == 0


_NO_VALUE = "a number that is being traced has no value yet, so {}"


class Builder:
    """A program in the making.

    >>> builder = Builder()
    >>> x = builder.input("x")
    >>> print(builder.program([primitives.sigmoid(x) * (x * x), x * x, x * 1.0, x * 0.0]))
    program(%0 "x")
      %1 = sigmoid(%0)
      %2 = mul(%0, %0)
      %3 = mul(%1, %2)
      %4 = mul(%0, 0.0)
      return %3, %2, %0, %4
    """

    _terms_of: ClassVar[Callable[[Tracer, Sequence[Any], bool], Sequence[Any]]]  # set by `loops`, written with this

    def __init__(self, inputs: Iterable[str | None] = ()) -> None:
        self._inputs = [*inputs]
        self._instructions: list[Instruction | None] = [None] * len(self._inputs)  # by the value; None for an input
        self._tracers: list[Tracer | None] = [None] * len(self._inputs)  # None where nobody has asked for it
        self._known: dict[tuple[Any, ...], Tracer] = {}
        self._truths: set[Operand] = set()  # the values that are truths

    def input(self, label: str | None = None) -> Tracer:
        """A further input.

        >>> builder = Builder()
        >>> x, y = builder.input("x"), builder.input()
        >>> builder.program([x]).inputs
        ('x', None)
        """
        self._inputs.append(label)
        return self._append(None)

    def constant(self, number: float) -> Tracer:
        """A number of the program's own.

        >>> builder = Builder()
        >>> print(builder.program([builder.constant(2.5)]))
        program()
          return 2.5
        """
        return Tracer(self, number)

    def emit(self, op: Operation, args: Sequence[Any], label: str | None = None) -> Tracer:
        """The value of ``op(*args)``; `args` are tracers of this builder and real numbers.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> builder.emit(primitives.sin, (x,))
        %1
        >>> builder.emit(primitives.add, (2.0, 3.0))
        5.0
        """
        try:
            operands = self._operands(op, args)
        except _Inside as inside:  # an operand is of a loop's body: so is the result
            return inside.builder.emit(op, args, label)
        if not isinstance(op, Primitive):
            return self._composite(op, operands)
        if op is primitives.identity:
            return self._lift(operands[0])
        if int not in map(type, operands):  # all of them numbers
            return self.constant(float(op(*operands)))
        if op.arg_types and op.arg_types[0] is bool and type(operands[0]) is float:  # a choice already made
            return self._lift(operands[1] if operands[0] else operands[2])
        if op.neutral:
            for place, neutral in enumerate(op.neutral):
                operand = operands[place]
                if neutral is not None and type(operand) is float and operand.hex() == neutral.hex():
                    return self._lift(operands[1 - place])
        if op.rewrite is not None:
            simpler = op.rewrite(*[self._lift(x) if type(x) is int else x for x in operands])
            if simpler is not None:
                return self._lift(self._operand(simpler))
        return self._once(op, operands, label)

    def _composite(self, op: Operation, operands: tuple[Operand, ...]) -> Tracer:
        if isinstance(op, Part) and op.source is list:
            made = self._instructions[int(operands[0])]
            if made is not None and isinstance(made.op, Stack):
                return self._lift(made.operands[op.index])
        return self._once(op, operands, None)

    def _once(self, op: Operation, operands: tuple[Operand, ...], label: str | None) -> Tracer:
        key = _key(op, operands)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._append(Instruction(op, operands, label))
        return found

    def replace(self, tracer: Tracer, op: Operation) -> None:
        """Give a value another operation of the same operands: a loop that has more results.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> y = primitives.sin(x)
        >>> builder.replace(y, primitives.cos)
        >>> y.op
        cos
        """
        instruction = self._instructions[int(tracer.operand)]
        assert instruction is not None
        self._instructions[int(tracer.operand)] = instruction._replace(op=op)

    def value(self, operand: Operand) -> Tracer:
        """The value that an operand stands for.

        >>> builder = Builder(["x", "y"])
        >>> builder.value(1) * builder.value(2.5)
        %2
        """
        return self._lift(operand)

    def within(self, builder: Builder) -> bool:
        """Whether this is the body of a loop in that program.

        >>> Builder().within(Builder())
        False
        """
        return False

    def adopt(self, instruction: Instruction) -> Tracer:
        """An instruction of another program, whose operands are values here: as it is.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> builder.adopt(Instruction(primitives.mul, (0, 0))), x * x
        (%1, %1)
        """
        made = self._append(instruction)
        self._known.setdefault(_key(instruction.op, instruction.operands), made)
        return made

    def _operands(self, op: Operation, args: Sequence[Any]) -> tuple[Operand, ...]:
        """The operands that stand for `args`, as the floats and truths that the row takes."""
        operands = []
        takes = op.arg_types
        for place, arg in enumerate(args):
            operand = arg.operand if type(arg) is Tracer and arg.builder is self else self._operand(arg)
            if operand in self._truths or (takes and takes[place] is bool):
                operand = self._as(takes[place] if takes else float, operand)
            operands.append(operand)
        return tuple(operands)

    def copied(self, x: float | Tracer) -> Tracer:
        """A value of its own with the number of `x`; `rebuilt` has it no more.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> builder.copied(x) is x
        False
        """
        return self._append(Instruction(primitives.identity, (self.floated(x).operand,)))

    def floated(self, x: Any) -> Tracer:
        """`x` as a float: a truth is 1.0 or 0.0.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> builder.floated(x > 0.0), builder.floated(3)
        (%2, 3.0)
        """
        return self._lift(self._as(float, self._operand(x)))

    def decide(self, truth: Tracer) -> bool:
        """What ``if truth:`` is to do. Here: only a constant is known; a compiler overrides this with a guard.

        >>> builder = Builder()
        >>> builder.decide(builder.constant(0.0))
        False
        """
        if isinstance(truth.operand, float):
            return truth.operand != 0.0
        raise TypeError(_NO_VALUE.format("it decides nothing: use where(c, a, b)"))

    def compared(self, truth: Tracer) -> Any:
        """What a comparison gives. Here: the truth itself.

        >>> builder = Builder()
        >>> builder.compared(builder.input("x"))
        %0
        """
        return truth

    def is_truth(self, tracer: Tracer) -> bool:
        """Whether a value is a truth.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> builder.is_truth(x), builder.is_truth(x > 0.0)
        (False, True)
        """
        return tracer.operand in self._truths

    def hash_of(self, tracer: Tracer) -> int:
        """What a set or a dict asks. Here: whoever asks, by identity.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> builder.hash_of(x) == hash(x)
        True
        """
        return object.__hash__(tracer)

    def refused(self, message: str) -> TypeError:
        """The error for what would bake a number in.

        >>> Builder().refused("x has no number yet")
        TypeError('x has no number yet')
        """
        return TypeError(message)

    def text(self, tracer: Tracer, spec: str) -> str:
        """A value as text. Here: its name in the program.

        >>> builder = Builder()
        >>> builder.text(builder.input("x"), "")
        '%0'
        """
        return f"%{tracer.operand}" if isinstance(tracer.operand, int) else repr(tracer.operand)

    def needed(self, operands: Iterable[Operand]) -> list[bool]:
        """For each value whether it is one of `operands`, or one of them is computed from it.

        >>> builder = Builder(["x", "y"])
        >>> x, y = builder.values
        >>> builder.needed([(x * 2.0).operand])
        [True, False, True]
        """
        needed = [False] * len(self._instructions)
        for operand in operands:
            if isinstance(operand, int):
                needed[operand] = True
        for index in range(len(needed) - 1, -1, -1):
            instruction = self._instructions[index]
            if needed[index] and instruction is not None:
                for operand in instruction.operands:
                    if isinstance(operand, int):
                        needed[operand] = True
        return needed

    def program(self, outputs: Iterable[Any], inputs: Sequence[Tracer] | None = None) -> Program:
        """The program that gives `outputs`, without the instructions that none of them needs, of all inputs, or of
        `inputs` in this order, which are all that it needs.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> unused = x + 1.0
        >>> print(builder.program([x * x]))
        program(%0 "x")
          %1 = mul(%0, %0)
          return %1
        """
        wanted = [self._operand(output) for output in outputs]
        needed = self.needed(wanted)
        if inputs is None:
            labels = self._inputs
            given = [index for index, instruction in enumerate(self._instructions) if instruction is None]
        else:
            labels = [None] * len(inputs)
            given = [int(each.operand) for each in inputs]
        kept = [index for index, instruction in enumerate(self._instructions) if instruction and needed[index]]
        moved = dict(zip(itertools.chain(given, kept), itertools.count()))

        def place(operands: Iterable[Operand]) -> tuple[Operand, ...]:
            return tuple([moved[operand] if type(operand) is int else operand for operand in operands])

        instructions = [self._instructions[index] for index in kept]
        return Program(
            tuple(labels),
            tuple([Instruction(i.op, place(i.operands), i.label) for i in instructions if i is not None]),
            place(wanted),
        )

    # ---- what is there ----

    @property
    def values(self) -> list[Tracer]:
        """The inputs and the results of the instructions so far, each after all of its operands.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> y = x * x
        >>> builder.values
        [%0, %1]
        """
        return [self._lift(index) for index in range(len(self._tracers))]

    def row(self, tracer: Tracer) -> Operation | None:
        """The row, or other operation, that gave this value; None for an input.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> builder.row(x * x), builder.row(x)
        (mul, None)
        """
        instruction = self._instructions[int(tracer.operand)]
        return None if instruction is None else instruction.op

    def parents(self, tracer: Tracer) -> tuple[Tracer, ...]:
        """The operands that this value was computed from.

        >>> builder = Builder()
        >>> x = builder.input("x")
        >>> builder.parents(x * 2.0)
        (%0, 2.0)
        """
        instruction = self._instructions[tracer.operand] if isinstance(tracer.operand, int) else None
        return () if instruction is None else tuple([self._lift(operand) for operand in instruction.operands])

    # ---- operands ----

    def _append(self, instruction: Instruction | None) -> Tracer:
        tracer = Tracer(self, len(self._tracers))
        self._instructions.append(instruction)
        self._tracers.append(tracer)
        if instruction is not None and instruction.op.result_type is bool:
            self._truths.add(tracer.operand)
        return tracer

    def _lift(self, operand: Operand) -> Tracer:
        if isinstance(operand, float):
            return self.constant(operand)
        tracer = self._tracers[operand]
        if tracer is None:
            tracer = self._tracers[operand] = Tracer(self, operand)
        return tracer

    def _operand(self, arg: Any) -> Operand:
        if not isinstance(arg, Tracer):
            return as_float(arg)
        if arg.builder is not self:
            if arg.builder.within(self):
                raise _Inside(arg.builder)
            raise ValueError(f"{arg!r} belongs to another trace: a traced number must not be kept after its trace")
        return arg.operand

    def _as(self, kind: type, operand: Operand) -> Operand:
        """The operand as a float or as a truth: the conversions are exact, and instructions as well."""
        if isinstance(operand, float):
            return operand
        if (operand in self._truths) == (kind is bool):
            return operand
        tracer = self._lift(operand)
        op, args = (primitives.unequal, (tracer, 0.0)) if kind is bool else (primitives.where, (tracer, 1.0, 0.0))
        return self.emit(op, args).operand


class _Inside(Exception):
    """A value belongs to the body of a loop."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder


def _key(op: Operation, operands: Iterable[Operand]) -> tuple[Any, ...]:
    """What two instructions that give the same have in common; as text 0.0 is not -0.0, and nan is itself."""
    return (op, *[x if type(x) is int else x.hex() for x in operands])  # type: ignore[union-attr]


# ---- the chain rule on tracers ---------------------------------------------------------------------------------------


def is_variable(tracer: Tracer) -> bool:
    """Whether a derivative can flow through: constants and truths have none."""
    op = tracer.op
    return op is None or (op is not primitives.constant and op.result_type is not bool)


def _applied(rule: Callable[..., Any], record: tuple[Any, ...]) -> Any:
    """A rule of the table on tracers; numbers where it gives constants."""
    found = rule(*record)
    return tuple(map(_number, found)) if isinstance(found, tuple) else _number(found)


def _number(x: Any) -> Any:
    return x.operand if isinstance(x, Tracer) and isinstance(x.operand, float) else x


def push(node: Tracer, factors: Iterable[Any], forward: bool = True) -> Sequence[Any]:
    """∂node/∂parent · factor for each parent, or None where there is no factor, or no path."""
    op, args = node.op, node.parents
    factors = [factor if is_variable(arg) else None for arg, factor in zip(args, factors)]
    return terms(op, (node, *args), factors, _applied, forward)


def pull(node: Tracer, adjoint: Any) -> Sequence[Any]:
    """adjoint · ∂node/∂parent for each parent, or None where there is no path."""
    return push(node, [adjoint] * len(node.parents), forward=False)


def reverse(program: Program, output: int = 0) -> Program:
    """The program that gives the outputs of `program`, and after them the derivatives of one of them by every input.

    An input from which there is no path to that output has derivative 0.0.

    >>> builder = Builder()
    >>> x, y = builder.input("x"), builder.input("y")
    >>> print(reverse(builder.program([x * y + primitives.exp(x)])))
    program(%0 "x", %1 "y")
      %2 = mul(%0, %1)
      %3 = exp(%0)
      %4 = add(%2, %3)
      %5 = add(%3, %1)
      return %4, %5, %0
    """
    builder, outputs = restart(program)
    inputs = builder.values[: len(program.inputs)]
    order = [value for value in reversed(builder.values) if is_variable(value)]
    root = outputs[output]
    adjoints = sweep.reverse(order, {root: Term(1.0)} if is_variable(root) else {}, pull)
    return builder.program([*outputs, *[adjoints[x].total() if x in adjoints else 0.0 for x in inputs]])


def forward(program: Program) -> Program:
    """The program of twice as many inputs, the second half the tangents of the first, that gives the outputs of
    `program` and after them their tangents.

    >>> builder = Builder()
    >>> x = builder.input("x")
    >>> forward(builder.program([x * x]))(3.0, 1.0)
    (9.0, 6.0)
    """
    builder, outputs = restart(program)
    inputs = builder.values[: len(program.inputs)]
    order = [value for value in builder.values if is_variable(value)]
    tangents: dict[Tracer, Any] = {
        x: Term(builder.input(None if label is None else f"{label}'")) for x, label in zip(inputs, program.inputs)
    }
    sweep.forward(order, tangents, push)
    return builder.program([*outputs, *[tangents[y].total() if y in tangents else 0.0 for y in outputs]])


def rebuilt(program: Program) -> Program:
    """The program as it is when built anew: without copies, and what they had kept apart made one."""
    builder = Builder(program.inputs)
    return builder.program(replayed(builder, program))


def replayed(builder: Builder, program: Program, inputs: Sequence[Tracer] = ()) -> list[Tracer]:
    """The outputs of `program` for these inputs, or for the first ones of `builder`, by instructions of `builder`."""
    values: list[Any] = [*inputs] or [None] * len(program.inputs)

    def lifted(operands: Iterable[Operand]) -> list[Tracer]:
        found = [(x, values[x] if isinstance(x, int) else None) for x in operands]
        return [builder.value(x) if value is None else value for x, value in found]

    for op, operands, label in program.instructions:
        values.append(builder.emit(op, lifted(operands), label))
    return lifted(program.outputs)


def inserted(builder: Builder, program: Program, inputs: Sequence[Tracer]) -> list[Tracer]:
    """The outputs of `program` for inputs of `builder`, which takes its instructions as they are.

    >>> builder = Builder()
    >>> x = builder.input("x")
    >>> (y,) = inserted(builder, rebuilt(builder.program([x * x])), [x + 1.0])
    >>> print(builder.program([y]))
    program(%0 "x")
      %1 = add(%0, 1.0)
      %2 = mul(%1, %1)
      return %2
    """
    if not all(isinstance(x.operand, int) for x in inputs):
        return replayed(builder, program, inputs)
    values: list[Operand] = [x.operand for x in inputs]
    for op, operands, label in program.instructions:
        place = tuple([values[x] if isinstance(x, int) else x for x in operands])
        values.append(builder.adopt(Instruction(op, place, label)).operand)
    return [builder.value(values[x] if isinstance(x, int) else x) for x in program.outputs]


def restart(program: Program) -> tuple[Builder, list[Tracer]]:
    """A builder that holds `program` as it is, and its outputs."""
    builder = Builder(program.inputs)
    for instruction in program.instructions:
        builder.adopt(instruction)
    return builder, [builder.value(operand) for operand in program.outputs]


# ---- a recorded graph ------------------------------------------------------------------------------------------------


class Recorded(NamedTuple):
    """A graph as a program of its leaves, and in `nodes` its nodes, each after all of its parents.

    The outputs are every number in the picture: for each node its value; for each node its adjoint, the gradient of the
    root by it (0.0 for constants, which have none); for each operand of each node the local gradient; and again for
    each its term, the product of adjoint and local gradient (0.0 for constants).

    >>> program, nodes = from_graph(Value(3.0, "x") * 2)
    >>> len(nodes), len(program.outputs)
    (3, 10)
    """

    program: Program
    nodes: tuple[Value, ...]


def from_graph(root: Value, seed: float = 1.0) -> Recorded:
    """The graph that `root` was computed by, forward and backward, as a program whose inputs are its leaves.

    The backward pass starts with `seed`.

    >>> x, y = Value(3.0, "x"), Value(4.0, "y")
    >>> print(from_graph((x * y).named("f")).program)
    program(%0 "x", %1 "y")
      %2 "f" = mul(%0, %1)
      return %0, %1, %2, %1, %0, 1.0, %1, %0, %1, %0
    """
    builder = Builder()
    nodes = topological_order(root)
    traced: dict[Value, Tracer] = {}
    slopes: dict[Value, list[Any]] = {}
    for node in nodes:
        args = [traced[parent] for parent in node.parents]
        if node.op is None:
            traced[node] = builder.input(node.label)
        elif node.op is primitives.constant:
            traced[node] = builder.constant(node.data)
        else:
            traced[node] = y = builder.emit(node.op, args, node.label)
            slopes[node] = list(node.op.slopes((y, *args)))
    sent: dict[Value, Sequence[Any]] = {}

    def kept(node: Value, adjoint: Any) -> Sequence[Any]:
        factors = [None if parent.op is primitives.constant else adjoint for parent in node.parents]
        record = (traced[node], *[traced[parent] for parent in node.parents])
        sent[node] = terms(node.op, record, factors, _applied)
        return sent[node]

    adjoints: dict[Value, Any] = {root: Term(seed)}
    sweep.reverse(reversed(nodes), adjoints, kept)
    outputs = [
        *[traced[node] for node in nodes],
        *[adjoints[node].total() if node in adjoints else 0.0 for node in nodes],
        *[slope for node in nodes for slope in slopes.get(node, ())],
        *[
            0.0 if term is None else term.total()
            for node in nodes
            for term in sent.get(node, [None] * len(node.parents))
        ],
    ]
    return Recorded(builder.program(outputs), tuple(nodes))
