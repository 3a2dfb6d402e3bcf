"""A program as native code, by LLVM: one evaluation (`scalar`), or one a row (`rows`).

An instruction is the template of its row (`module`), in one lane or in vectors of the host's width. A long program is
written in pieces, functions that hand numbers on in memory, so that LLVM's time stays linear in its length. Needs
llvmlite (the extra `compile`), which is imported when the first kernel is made.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ....primitives import Primitive, fsum
from ... import host
from ...program import Loop, Operand, Operation, Program
from . import c_api, loops, row_layout
from .ir import INF, Code, Number, Truth
from .module import Module, Template
from .row_loop import HEADER, assembly, memory
from .thread_pool import thread_pool
from .transpose import together

_PIECE = 200  # instructions, about, in a piece
_WHOLE = 1000  # up to so many are not cut: a few per cent faster, and LLVM's time is not yet felt
_IN_LOOPS = 10_000  # the same of the body of a loop, which is run many times
_OPTIMISED = 2500  # up to so many LLVM's optimiser is worth its time: the program has no common or dead code
_LONG = 20_000  # from so many on LLVM takes the short way from instruction to instruction: a tenth of the time
_LETS_OTHERS_RUN = 2000  # from so many instructions on an evaluation does not hold the interpreter
_lock = threading.RLock()


# ---- one evaluation --------------------------------------------------------------------------------------------------


class Kernel:
    """A program compiled for one evaluation at a time. Threads may share it.

    Called with floats it gives a list of floats, as does `call`, which is a built-in function. `into` takes two
    contiguous arrays of doubles, the inputs and one for the outputs, which it returns: the fastest form. `run` takes
    the addresses of such arrays, or ctypes ones.
    """

    def __init__(self, program: Program, *, precise: bool = False) -> None:
        self.program = program
        writer = _Writer(program, 1, precise)
        self.assembly = writer.scalar()
        count, outputs = len(program.inputs), len(program.outputs)
        native, small = host.c_interface(), count + outputs < c_api.ON_THE_STACK
        if native:
            self.assembly += c_api.assembly(count, outputs, "@kernel", writer.work > _LETS_OTHERS_RUN, small)
        unit = writer.unit
        self._code = _compiled(self.assembly, writer.weight, 2 * _IN_LOOPS if writer.bodies else _OPTIMISED)
        owner = self._code, unit

        def checked(function: Callable[..., Any]) -> Callable[..., Any]:
            return functools.partial(_checked, unit, function) if unit.callbacks else function

        def builtin(name: str) -> Callable[..., Any]:
            return checked(c_api.builtin(self._code.get_function_address(name), owner, name))

        address = self._code.get_function_address("kernel")
        self.run: Callable[[Any, Any], None] = checked(
            ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address)
        )
        self._inputs = ctypes.c_double * count
        self._outputs = ctypes.c_double * outputs
        self.call: Callable[..., list[float]] = builtin("call") if native and small else self._call
        self.into: Callable[[Any, Any], Any] = builtin("into") if native else self._into

    def __call__(self, *inputs: float) -> list[float]:
        """The outputs for these inputs."""
        return self.call(*inputs)

    def _call(self, *inputs: float) -> list[float]:
        if len(inputs) != len(self.program.inputs):
            raise TypeError(f"this program has {len(self.program.inputs)} inputs")
        given, found = self._inputs(*inputs), self._outputs()
        self.run(given, found)
        return found[:]

    def _into(self, inputs: Any, outputs: Any) -> Any:
        for given, kind in ((inputs, self._inputs), (outputs, self._outputs)):
            view = memoryview(given)
            if view.format not in ("d", "<d") or view.nbytes != ctypes.sizeof(kind) or not view.c_contiguous:
                counts = f"{len(self.program.inputs)} doubles and one of {len(self.program.outputs)}"
                raise TypeError(f"expected an array of {counts} to write to, both contiguous")
        given, found = self._inputs.from_buffer_copy(inputs), self._outputs()
        self.run(given, found)
        memoryview(outputs).cast("B")[:] = memoryview(found).cast("B")
        return outputs


@host.collector_waiting()
def scalar(program: Program, name: str = "program", *, precise: bool = False) -> Kernel:
    """Compile for one evaluation at a time.

    >>> from autograd_lite.compiler import Builder
    >>> builder = Builder()
    >>> x, y = builder.input("x"), builder.input("y")
    >>> scalar(builder.program([x * y, x / y]))(3.0, 0.0)
    [0.0, inf]
    """
    return Kernel(program, precise=precise)


# ---- rows ------------------------------------------------------------------------------------------------------------


class RowsKernel:
    """A program compiled for many evaluations, a row each. Threads may share it.

    An input that varies is a column of numbers; another is one number for all rows. An output is a column, or, if it is
    reduced, the sum over the rows.
    """

    def __init__(
        self, program: Program, varying: Sequence[bool], reduced: Sequence[bool], *, precise: bool = False
    ) -> None:
        if len(varying) != len(program.inputs) or len(reduced) != len(program.outputs):
            raise ValueError("varying has an entry for each input of the program, reduced for each output")
        self.program, self.varying, self.reduced = program, tuple(varying), tuple(reduced)
        self.width = host.processor().width
        writer = _Writer(program, self.width, precise, varying=self.varying)
        self.assembly = writer.rows(self.varying, self.reduced)
        self._unit, self.weight = writer.unit, max(writer.work, 1)
        self._code = _compiled(self.assembly, writer.weight, 2 * _IN_LOOPS if writer.bodies else _OPTIMISED)
        self._loop = _loop(self.width)
        self._sums = sum(self.reduced)
        reads, writes = sum(self.varying), len(reduced) - self._sums
        # As many rows as fit the first cache, in whole vectors.
        self.batch = max(_CACHE // (8 * max(reads + writes, 1)) // self.width, 1) * self.width
        frames = 1
        if writer.by_pieces(self._sums):
            self.batch = max(self.batch, _VECTORS * self.width)
            frames = self.batch // self.width
        self.batch = min(self.batch, 32 * self.width)
        self._header = {
            "body": self._code.get_function_address("body"),
            "batch": self.batch,
            "inputs": len(varying),
            "outputs": len(reduced),
            "reads": reads,
            "writes": writes,
            "sums": self._sums,
        }
        self._memory = ctypes.c_double * memory(self._header, self.width, frames * writer.frame)
        self._found = ctypes.c_double * self._sums

    def __call__(
        self, inputs: Sequence[Any], outputs: Sequence[Any], count: int, threads: int | None = None
    ) -> list[float]:
        """Evaluate `count` rows: write the columns among the outputs, and return the sum of each of the others.

        A column is an array of doubles with one axis, of any stride; a table, with two, stands for as many columns as
        it has. Neighbours in a row-major array are read and written together. What is written must not overlap other
        arrays. An input that does not vary is a float, an output that is summed is None. The rows are dealt out to
        `threads`, by default one for each processor if they are worth it; their number does not change the sums.
        """
        ins, shared = row_layout.tables(inputs, count, self.varying, "inputs", False)
        outs, _ = row_layout.tables(outputs, count, [not is_sum for is_sum in self.reduced], "outputs", True)
        words = self.template(ins, outs)
        row_layout.share(words, shared)
        sums = iter(self.run(row_layout.Plan(words, count, (inputs, outputs)), threads))
        return [next(sums) if is_sum else 0.0 for is_sum in self.reduced]

    def template(self, ins: Sequence[row_layout.Table], outs: Sequence[row_layout.Table]) -> Any:
        """The words of a plan for columns of that layout."""
        return row_layout.words(self._header, ins, outs, self._loop.movers, together(self.width))

    def moves(self, columns: int) -> int:
        """How many moves a plan has for so many neighbouring columns."""
        return -(-columns // together(self.width))

    def run(self, plan: row_layout.Plan, threads: int | None = None) -> list[float]:
        """Carry a plan out; the sums, one for each output that is summed."""
        count = plan.count
        threads = threads or min(_processors(), 1 + count * self.weight // _WORTH_A_THREAD)
        sums_of_a_chunk = 2 * self._sums * self.width
        about = max(min(_CHUNKS, _TOTALS // max(sums_of_a_chunk, 1)), 4)  # chunks
        chunk = max(count // about, _CHUNK // self.weight, 1)
        chunk = min(chunk, max(_SLICE // self.weight, 1))
        chunk += -chunk % self.batch
        most = max(_SLICE // self.weight // chunk, 1)
        size = 2 * about * chunk  # rows of a round: there is one only, but for very many rows
        found = []
        for begin in range(0, count, size):
            each = plan if count <= size else plan.copy()
            end = min(begin + size, count)
            chunks = -(-(end - begin) // chunk)
            shares = max(min(threads, chunks), 1)
            totals = (ctypes.c_double * (chunks * sums_of_a_chunk))()
            taken = (ctypes.c_int64 * (8 * shares))()
            each.kept += totals, taken
            for name, word in (
                ("begin", begin), ("end", end), ("chunk", chunk), ("chunks", chunks), ("done", 0),
                ("totals", ctypes.addressof(totals)), ("shares", shares), ("taken", ctypes.addressof(taken)),
            ):  # fmt: skip
                each.words[_PLACE[name]] = word
            if shares > 1:
                self._spread(each, shares, most)
            else:
                self._work(each, 0, most)
            if self._sums:
                sums = self._found()
                self._loop.total(ctypes.addressof(each.words), ctypes.addressof(sums))
                found.append(sums[:])
        return found[0] if len(found) == 1 else [float(fsum(*[x[k] for x in found])) for k in range(self._sums)]

    def _work(self, plan: row_layout.Plan, share: int, most: int) -> None:
        """Take chunks till there are none, `most` at a time: then the interpreter is asked for interrupts."""
        memory = self._memory()
        start = ctypes.addressof(memory)
        start += -start % 64
        words = ctypes.addressof(plan.words)
        try:
            while not plan.stopped:
                taken = self._loop.run(words, start, share, most)
                self._unit.raise_kept()
                if taken < most:
                    return
        except BaseException:
            plan.stopped = True
            raise

    def _spread(self, plan: row_layout.Plan, threads: int, most: int) -> None:
        """Work with several threads, of which this is one; if one raises, the others stop soon."""
        tasks = [thread_pool().begin(self._work, plan, share, most) for share in range(1, threads)]
        settled = False
        try:
            self._work(plan, 0, most)
            # Most often the others are at their last chunks: to look for their end is quicker than to be woken by it.
            settled = bool(self._loop.settled(ctypes.addressof(plan.words), _LOOKS)) and not self._unit.callbacks
        finally:
            if not settled:
                for task in tasks:  # none may write any more when this is left
                    task.end()
        for task in tasks:
            if task.error is not None and not settled:
                raise task.error


@host.collector_waiting()
def rows(program: Program, varying: Sequence[bool], reduced: Sequence[bool], *, precise: bool = False) -> RowsKernel:
    """Compile for many evaluations: input i varies from row to row if ``varying[i]``; output j is summed over the rows
    if ``reduced[j]``.

    With `precise` the functions of the C library are its own, one number at a time; else those of glibc's libmvec,
    where the system has it, which are within 4 ulp (see `intrinsics`).

    >>> import numpy as np
    >>> from autograd_lite.compiler import Builder
    >>> builder = Builder()
    >>> a, x = builder.input("a"), builder.input("x")
    >>> kernel = rows(builder.program([a * x, x]), [False, True], [False, True])
    >>> y = np.empty(5)
    >>> kernel([10.0, np.arange(5.0)], [y, None], 5), y
    ([0.0, 10.0], array([ 0., 10., 20., 30., 40.]))
    """
    return RowsKernel(program, varying, reduced, precise=precise)


_CACHE = 6400
_SUMS_IN_CACHE = 250  # of a vector each
_VECTORS = 8  # in a batch at least, where there are more
_WORTH_A_THREAD = 4_000_000  # instructions
_CHUNKS = 128  # there are about so many chunks,
_CHUNK = 1_300_000  # of so many instructions at least,
_TOTALS = 1 << 20  # and their sums are about so many numbers at most
_SLICE = 100_000_000  # after so many instructions the interpreter is asked for interrupts
_LOOKS = 100_000  # for the other threads' end, a cycle or two each
_PLACE = {name: place for place, name in enumerate(HEADER)}


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Loop:
    """The loop over batches, for vectors of one width."""

    def __init__(self, width: int) -> None:
        self._code = _compiled(assembly(width), 0)
        self.movers = {
            (kind, k): self._code.get_function_address(f"{kind}{k}")
            for kind in ("in", "out")
            for k in range(1, together(width) + 1)
        }
        run, settled, total = (self._code.get_function_address(name) for name in ("run", "settled", "total"))
        self.run = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2)(run)
        self.settled = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)(settled)
        self.total = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(total)


_loop = functools.cache(_Loop)


def _checked(unit: Module, function: Callable[..., Any], *args: Any) -> Any:
    found = function(*args)
    unit.raise_kept()
    return found


# ---- writing ---------------------------------------------------------------------------------------------------------


_MEMORY = """declare ptr @malloc(i64)
declare void @free(ptr)"""


class _Writer:
    """The assembly of a program, in vectors of `width`; of a loop's body or test by its `name`, in the loop's unit."""

    def __init__(
        self,
        program: Program,
        width: int,
        precise: bool,
        unit: Module | None = None,
        name: str = "kernel",
        varying: Sequence[bool] | None = None,
    ) -> None:
        self.program = program
        self.unit = Module(width, precise) if unit is None else unit
        self.name = name
        self.varying = varying  # which inputs vary from row to row, where rows are read
        self.code = Code(width)
        self.inputs = len(program.inputs)
        self.load: Callable[[int], list[str]]  # of an input, and
        self.store: Callable[[int, str], list[str]]  # of an output: where they stand
        self.stores: dict[int, list[int]] = {}  # of a value: the outputs that it is
        for place, x in enumerate(program.outputs):
            if isinstance(x, int):
                self.stores.setdefault(x, []).append(place)
        self.bodies: dict[int, list[_Writer]] = {}  # of loops
        self.areas: dict[int, int] = {}  # of loops and stacks: their places in the frame
        self.arrays: dict[tuple[Operand, ...], str] = {}  # of stacks of constants
        self._choose()
        self._cut()
        self.slots, self.frame = self._places()

    # ---- what is where ----

    def _choose(self) -> None:
        """The template of each instruction, and what is known of its value."""
        values: list[Number | Truth] = [Number("%x")] * self.inputs
        constants: dict[str, Number] = {}
        self.templates: list[Template] = []
        self.work = 0  # as `weight`, of all steps of loops
        for index, (op, operands, _) in enumerate(self.program.instructions, self.inputs):
            if not isinstance(op, Primitive):
                self._composite(op, index)
                values.append(Number(f"%x{index}"))
                continue
            args = []
            for x in operands:
                if isinstance(x, int):
                    args.append(values[x])
                else:
                    args.append(constants.get(x.hex()) or constants.setdefault(x.hex(), self.code.number(x)))
            args = [
                Truth("") if kind is bool and isinstance(x, Number) else x for x, kind in zip(args, op.arg_types)
            ] or args
            template = self.unit.row(op, args)
            self.templates.append(template)
            values.append(
                Truth(f"%x{index}")
                if op.result_type is bool
                else Number(f"%x{index}", template.low, template.high, template.nan)
            )
        self.values, self.constants = values, constants
        self.weight = sum(template.weight for template in self.templates) + len(self.program.outputs)
        self.work += self.weight

    def _composite(self, op: Operation, index: int) -> None:
        """What is known of a loop, of a stack, or of a number of theirs."""
        weight = 1
        if isinstance(op, Loop):
            name = f"{self.name}.loop{index}"
            programs = [(op.body, f"{name}.body"), *([(op.test, f"{name}.test")] if op.test else [])]
            bodies = [_Writer(program, self.code.width, self.unit.precise, self.unit, n) for program, n in programs]
            self.bodies[index] = bodies
            weight = sum(body.weight for body in bodies) + 10
            self.work += (_LETS_OTHERS_RUN if op.count is None else op.count) * sum(body.work for body in bodies)
        self.templates.append(Template("", f"%x{index}", -INF, INF, True, weight))

    def _cut(self) -> None:
        """Where a new piece begins."""
        self.starts = [0]
        weight, whole = 0, _WHOLE if self.name == "kernel" else _IN_LOOPS
        for place, template in enumerate(self.templates):
            weight += template.weight
            if weight > _PIECE and place > self.starts[-1] and self.weight > whole:
                self.starts.append(place)
                weight = template.weight
        self.ends = [*self.starts[1:], len(self.templates)]

    def _places(self) -> tuple[dict[int, int], int]:
        """The place in the frame of each value that another piece needs; a place is used again."""
        piece_of = [0] * self.inputs
        for piece, (start, end) in enumerate(zip(self.starts, self.ends)):
            piece_of += [piece] * (end - start)
        last = dict.fromkeys(range(len(piece_of)), -1)
        for index, (_, operands, _) in enumerate(self.program.instructions, self.inputs):
            for x in operands:
                if isinstance(x, int):
                    last[x] = piece_of[index]
        slots: dict[int, int] = {}
        free: list[int] = []
        ending: dict[int, list[int]] = {}
        size = 0
        for index, (op, _, _) in enumerate(self.program.instructions, self.inputs):
            if op.result_type in (list, tuple):  # has a place of its own
                last[index] = -1
                self.areas[index] = size
                size += loops.area(self, index)
        piece = 0
        for value in range(self.inputs, len(piece_of)):
            while piece < piece_of[value]:
                free += ending.pop(piece, [])
                piece += 1
            if last[value] > piece_of[value]:
                slot = free.pop() if free else size
                size = max(size, slot + 1)
                slots[value] = slot
                ending.setdefault(last[value], []).append(slot)
        return slots, size

    # ---- text ----

    def piece(self, number: int) -> list[str]:
        """The lines of a piece."""
        lines: list[str] = []
        here: dict[int, str] = {}
        if number == 0:
            for place, x in enumerate(self.program.outputs):
                if isinstance(x, float) or x < self.inputs:
                    lines += self.store(place, self.operand(x, here, lines))
        start, end = self.starts[number], self.ends[number]
        for index in range(start + self.inputs, end + self.inputs):
            op, operands, _ = self.program.instructions[index - self.inputs]
            template = self.templates[index - self.inputs]
            if not isinstance(op, Primitive):
                loops.write(self, index, here, lines)
                self._put_away(index, here, lines)
                continue
            texts = [
                self.operand(x, here, lines, kind)
                for x, kind in zip(operands, op.arg_types or (float,) * len(operands))
            ]
            prefix = f"v{index}."
            lines.append(template.lines.format(*texts, p=prefix).rstrip("\n"))
            here[index] = template.result.format(*texts, p=prefix)
            self._put_away(index, here, lines)
        return [line for line in lines if line]

    def _put_away(self, index: int, here: dict[int, str], lines: list[str]) -> None:
        """A value goes where other pieces, or whoever asked for it, find it."""
        if index in self.slots:
            lines += self.kept(index, here[index])
        for output in self.stores.get(index, ()):
            text = here[index]
            if isinstance(self.values[index], Truth):
                lines.append(
                    f"  %o{output} = select {self.code.truth_type} {text}, {self.code.number_type} "
                    f"{self.code.literal(1.0)}, {self.code.number_type} {self.code.literal(0.0)}"
                )
                text = f"%o{output}"
            lines += self.store(output, text)

    def operand(self, x: Operand, here: dict[int, str], lines: list[str], kind: type = float) -> str:
        if isinstance(x, float):
            return self.code.truth(x != 0.0).text if kind is bool else self.code.literal(x)
        if x not in here:
            here[x] = f"%x{x}"
            lines += self.load(x) if x < self.inputs else self.again(x)
        return here[x]

    def kept(self, index: int, text: str) -> list[str]:
        """A value put into the frame, a truth as a number."""
        code, lines = self.code, []
        if isinstance(self.values[index], Truth):
            lines.append(
                f"  %k{index} = select {code.truth_type} {text}, {code.number_type} {code.literal(1.0)}, "
                f"{code.number_type} {code.literal(0.0)}"
            )
            text = f"%k{index}"
        at = self.slots[index] * code.width
        return [
            *lines,
            f"  %s{index} = getelementptr double, ptr %frame, i64 {at}",
            f"  store {code.number_type} {text}, ptr %s{index}, align 8",
        ]

    def again(self, index: int) -> list[str]:
        """A value taken out of the frame."""
        code, at = self.code, self.slots[index] * self.code.width
        truth = isinstance(self.values[index], Truth)
        name = f"%l{index}" if truth else f"%x{index}"
        lines = [
            f"  %r{index} = getelementptr double, ptr %frame, i64 {at}",
            f"  {name} = load {code.number_type}, ptr %r{index}, align 8",
        ]
        if truth:
            lines.append(f"  %x{index} = fcmp une {code.number_type} {name}, {code.literal(0.0)}")
        return lines

    # ---- one evaluation ----

    def scalar(self) -> str:
        """``@kernel(in, out)``."""
        begin, end = f"  %frame = alloca [{max(self.frame, 1)} x double], align 8", ""
        if self.frame > c_api.ON_THE_STACK:
            begin = f"  %frame = call ptr @malloc(i64 {8 * self.frame})"
            end = "  call void @free(ptr %frame)"
        whole = [
            "define void @kernel(ptr %in, ptr %out) nounwind {",
            begin,
            "  call void @kernel.whole(ptr %in, ptr %out, ptr %frame)",
            end,
            "  ret void",
            "}",
        ]
        plain = self.plain("kernel.whole")
        return "\n".join([_MEMORY, loops.movers(1), *self.unit.texts, plain, *whole])

    def plain(self, name: str) -> str:
        """``@name(in, out, frame)``, whose inputs and outputs lie one after the other, and the loops that it calls."""
        kind = self.code.number_type
        self.load = lambda i: [
            f"  %i{i} = getelementptr {kind}, ptr %in, i64 {i}",
            f"  %x{i} = load {kind}, ptr %i{i}, align 8",
        ]
        self.store = lambda place, text: [
            f"  %j{place} = getelementptr {kind}, ptr %out, i64 {place}",
            f"  store {kind} {text}, ptr %j{place}, align 8",
        ]
        arguments, calls = "(ptr %in, ptr noalias %out, ptr noalias %frame)", []
        texts = self._loops()
        kept_apart = "noinline " if len(self.starts) > 1 else ""
        for k in range(len(self.starts)):
            head = f"define internal void @{name}.{k}{arguments} {kept_apart}nounwind {{"
            texts.append("\n".join([head, *self.piece(k), "  ret void", "}"]))
            calls.append(f"  call void @{name}.{k}(ptr %in, ptr %out, ptr %frame)")
        head = f"define internal void @{name}{arguments} nounwind {{"
        return "\n".join([*texts, head, *calls, *loops.freed(self, "f"), "  ret void", "}"])

    def _loops(self) -> list[str]:
        return [
            loops.function(self, index, op)
            for index, (op, _, _) in enumerate(self.program.instructions, self.inputs)
            if isinstance(op, Loop)
        ]

    # ---- rows ----

    def rows(self, varying: Sequence[bool], reduced: Sequence[bool]) -> str:
        """``@body(in, out, shared, sums, frame, n)``: whole vectors of `n` rows; see `row_loop`."""
        code, n = self.code, self.code.width
        vector = code.number_type
        sums = list(itertools.accumulate(reduced, initial=0))

        def load(i: int) -> list[str]:
            if varying[i]:
                return [
                    f"  %q{i} = getelementptr ptr, ptr %in, i64 {i}",
                    f"  %p{i} = load ptr, ptr %q{i}, align 8",
                    f"  %i{i} = getelementptr i8, ptr %p{i}, i64 %at",
                    f"  %x{i} = load {vector}, ptr %i{i}, align 8",
                ]
            lines = [f"  %q{i} = getelementptr double, ptr %shared, i64 {i}"]
            if n == 1:
                return [*lines, f"  %x{i} = load double, ptr %q{i}, align 8"]
            return [
                *lines,
                f"  %p{i} = load double, ptr %q{i}, align 8",
                f"  %i{i} = insertelement {vector} poison, double %p{i}, i32 0",
                f"  %x{i} = shufflevector {vector} %i{i}, {vector} poison, <{n} x i32> zeroinitializer",
            ]

        def store(place: int, text: str) -> list[str]:
            if not reduced[place]:
                return [
                    f"  %z{place} = getelementptr ptr, ptr %out, i64 {place}",
                    f"  %y{place} = load ptr, ptr %z{place}, align 8",
                    f"  %j{place} = getelementptr i8, ptr %y{place}, i64 %at",
                    f"  store {vector} {text}, ptr %j{place}, align 8",
                ]
            return [
                f"  %j{place} = getelementptr {vector}, ptr %sums, i64 {sums[place]}",
                f"  %y{place} = load {vector}, ptr %j{place}, align 8",
                f"  %z{place} = fadd {vector} %y{place}, {text}",
                f"  %m{place} = select {code.truth_type} %there, {vector} %z{place}, {vector} %y{place}",
                f"  store {vector} %m{place}, ptr %j{place}, align 8",
            ]

        self.load, self.store = load, store
        lanes = "0" if n == 1 else "<" + ", ".join(f"i64 {lane}" for lane in range(n)) + ">"
        there = [  # the lanes that have a row
            f"  %left1 = insertelement <{n} x i64> poison, i64 %left, i32 0",
            f"  %lefts = shufflevector <{n} x i64> %left1, <{n} x i64> poison, <{n} x i32> zeroinitializer",
            f"  %there = icmp slt {code.word_type} {lanes}, %lefts",
        ]
        arguments = "ptr %in, ptr %out, ptr %shared, ptr %sums, ptr %frame"
        pieces, inside = self._loops(), []
        kept_apart = "noinline " if len(self.starts) > 1 else ""
        for k in range(len(self.starts)):
            head = f"define internal void @piece{k}({arguments}, i64 %at, i64 %left) {kept_apart}nounwind {{"
            pieces.append("\n".join([head, *there, *self.piece(k), "  ret void", "}"]))
            inside.append([f"  call void @piece{k}({arguments.replace('%frame', '%own')}, i64 %at, i64 %left)"])
        if not self.by_pieces(sum(reduced)):
            inside = [[*itertools.chain(*inside), *loops.freed(self, "f")]]
        body = [f"define void @body({arguments}, i64 %n) nounwind {{", "entry:", "  br label %loop0"]
        for k, calls in enumerate(inside):
            body += [
                f"loop{k}:",
                f"  %row{k} = phi i64 [ 0, %{f'loop{k - 1}' if k else 'entry'} ], [ %next{k}, %vector{k} ]",
                f"  %left{k} = sub i64 %n, %row{k}",
                f"  %more{k} = icmp sgt i64 %left{k}, 0",
                f"  br i1 %more{k}, label %vector{k}, label %loop{k + 1}",
                f"vector{k}:",
                f"  %at{k} = mul i64 %row{k}, 8",
                f"  %used{k} = mul i64 %row{k}, {self.frame if len(inside) > 1 else 0}",
                f"  %own{k} = getelementptr double, ptr %frame, i64 %used{k}",
                *[re.sub("%(own|at|left)", rf"%\g<1>{k}", call) for call in calls],
                f"  %next{k} = add i64 %row{k}, {n}",
                f"  br label %loop{k}",
            ]
        body += [f"loop{len(inside)}:", "  ret void", "}"]
        return "\n".join([_MEMORY, loops.movers(n), *self.unit.texts, *pieces, *body])

    def by_pieces(self, sums: int) -> bool:
        """Whether each piece runs over all rows of a batch before the next: then its sums stay in the first cache,
        where those of all pieces would not.
        """
        return len(self.starts) > 1 and sums > _SUMS_IN_CACHE and not self.bodies


# ---- llvmlite --------------------------------------------------------------------------------------------------------


def _compiled(assembly: str, weight: int, optimised: int = _OPTIMISED) -> Any:
    """An engine that holds the code, which the optimiser has worked on if its weight is below `optimised`."""
    processor = host.processor()
    llvm = processor.llvm
    with _lock:
        machine = processor.machine(2 if weight < _LONG else 0)
        module = llvm.parse_assembly(assembly)
        module.triple = processor.triple
        module.data_layout = str(machine.target_data)
        if weight < optimised:
            options = llvm.create_pipeline_tuning_options(speed_level=2)
            options.loop_vectorization = options.slp_vectorization = False
            builder = llvm.create_pass_builder(machine, options)
            passes = builder.getModulePassManager()
            passes.run(module, builder)
            # llvmlite 0.50's class inherits a `_dispose` that does nothing, and its own behind it: nothing is freed.
            if type(passes)._dispose is llvm.ffi.ObjectRef._dispose:
                llvm.newpassmanagers.NewPassManager._dispose(passes)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        return engine


__all__ = ["Kernel", "RowsKernel", "rows", "scalar"]
