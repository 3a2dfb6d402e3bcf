"""A kernel as built-in functions of Python's, with nothing in between but machine code: floats in, a list out; an array
in, an array out; and the arguments of a call, numbers and arrays, if they are of the types and shapes expected.

An array is asked for its memory by the buffer protocol, so any contiguous one of doubles will do (NumPy's, `array`'s).
Either costs a tenth of a call through ctypes. The C structures are those of CPython's stable interface, an object's
type and a tuple's items excepted, whose places are looked up; under another Python the same is done in Python.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ... import host
from .row_loop import HEADER, MOVE

ON_THE_STACK = 32_768  # numbers
_FASTCALL = 0x80  # METH_FASTCALL
_READ, _WRITE = 0x3C, 0x3D  # PyBUF_C_CONTIGUOUS | PyBUF_FORMAT, and PyBUF_WRITABLE
_READ_ROWS, _WRITE_ROWS = 0x1C, 0x1D  # PyBUF_STRIDES in place of the first
# Py_buffer: buf, obj, len, itemsize, readonly and ndim, format, shape, strides, …; 80 bytes.
_LENGTH, _NDIM, _FORMAT, _SHAPE, _STRIDES = 16, 36, 40, 48, 56
_TYPE = object.__basicsize__ - ctypes.sizeof(ctypes.c_void_p)  # where an object has its type,
_LEN, _ITEMS = object.__basicsize__, tuple.__basicsize__  # and a tuple its length and what it holds


def supported() -> bool:
    """Whether this Python has that interface."""
    if not host.c_interface():
        return False
    probe = (supported,)
    found = [ctypes.c_void_p.from_address(id(probe) + at).value for at in (_TYPE, _LEN, _ITEMS)]
    return found == [id(tuple), 1, id(supported)]


def builtin(address: int, owner: Any, name: str) -> Callable[..., Any]:
    """The function at that address, which keeps `owner` alive."""
    definition = _Definition(name.encode(), address, _FASTCALL, b"")
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    function: Callable[..., Any] = make(ctypes.addressof(definition), (owner, definition), None)
    return function


class Argument(NamedTuple):
    """What an argument has to be: of that very type, and a number, or an array of doubles of that shape, or of rows of
    that shape.
    """

    kind: type
    shape: tuple[int, ...] | None = None  # None for a number
    rows: bool = False

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        found = 1
        for length in self.shape or ():
            found *= length
        return found


def assembly(inputs: int, outputs: int, kernel: str, long: bool) -> str:
    """``@call`` and ``@into``, which call `kernel`, without holding the interpreter if it runs `long`."""
    return _call(inputs, outputs, kernel, long) + _into(inputs, outputs, kernel, long)


def evaluation(arguments: Sequence[Argument], outputs: int, kernel: str, long: bool, raised: int | None = None) -> str:
    """``@evaluate(arguments, out)``, of a tuple and an array: `out` with the kernel's outputs.

    It is None if an argument is of another kind, if the last output is not 0.0, or if the word at the address `raised`
    is not 0 then.
    """
    lines, inputs = [], sum(argument.size for argument in arguments)
    alone = len(arguments) == 1 and arguments[0].shape is not None  # then it is read where it lies
    at = 0
    for i, argument in enumerate(arguments):
        if argument.shape is None:
            lines.append(_number(i, argument, at))
        else:
            lines.append(_array(i, argument, at, alone))
        at += argument.size
    source = "%a0.data" if alone else "%in"
    room, free = f"alloca [{1 if alone else max(inputs, 1)} x double], align 8", ""
    if inputs > ON_THE_STACK and not alone:
        room, free = f"call ptr @malloc(i64 {8 * inputs})", "  call void @free(ptr %in)\n"
    return f"""
declare ptr @malloc(i64)
declare void @free(ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define ptr @evaluate(ptr %self, ptr %given, i64 %count) nounwind {{
  %in = {room}
  %view = alloca [80 x i8], align 8
  %out.view = alloca [80 x i8], align 8
  %tuple = load ptr, ptr %given, align 8
  %args = getelementptr i8, ptr %tuple, i64 {_ITEMS}
  %length.p = getelementptr i8, ptr %tuple, i64 {_LEN}
  %length = load i64, ptr %length.p, align 8
  %right = icmp eq i64 %length, {len(arguments)}
  br i1 %right, label %argument0, label %missed
{"".join(lines)}
argument{len(arguments)}:{_asked("out", "%given", 1, _WRITE, outputs, "failed", "out.bad")}
  %out.data = load ptr, ptr %out.view, align 8
  {_run(source, "%out.data", kernel, long)}
  %last.p = getelementptr double, ptr %out.data, i64 {outputs - 1}
  %last = load double, ptr %last.p, align 8
{_well(raised)}
  %result = select i1 %well, ptr %out, ptr {_object("_Py_NoneStruct")}
  call void {_function("PyBuffer_Release")}(ptr %out.view)
  {_released(alone)}
{free}  call void {_function("Py_IncRef")}(ptr %result)
  ret ptr %result
out.bad:
  call void {_function("PyBuffer_Release")}(ptr %out.view)
  br label %failed
failed:
  {_released(alone)}
  br label %missed
{_missed(free)}
}}"""


def arrangement(arguments: Sequence[Argument], results: Sequence[Argument], most: int) -> str:
    """``@arrange(arguments, results, address)``, of two tuples and the address of a plan (see `row_loop`): where arrays
    with rows lie is added to the bases of its moves, which are of up to `most` columns, and the other numbers are put
    among those that are shared.

    It returns how many rows there are; None if there are none or an argument is of another kind, if a row is not
    contiguous, or a single number a row not next to the one before, or if a result lies over an argument.
    """
    lines, at, move = [], 0, 0
    first = next(i for i, argument in enumerate(arguments) if argument.rows)
    for i, argument in enumerate([*arguments, *results]):
        if argument.rows:
            result = i - len(arguments)
            place = ("%args", i, _READ_ROWS) if result < 0 else ("%outs", result, _WRITE_ROWS)
            lines.append(_rows(i, argument, *place, first, move, most))
            if result >= 0:
                lines += [_apart(i, j) for j, x in enumerate(arguments) if x.rows]
            lines.append(f"  br label %argument{i + 1}\n")
            move += _moves(argument, most)
        elif argument.shape is None:
            lines.append(_number(i, argument, at))
        else:
            lines.append(_array(i, argument, at, False))
        at += argument.size
    return f"""
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define ptr @arrange(ptr %self, ptr %given, i64 %count) nounwind {{
  %view = alloca [80 x i8], align 8
  %tuple = load ptr, ptr %given, align 8
  %args = getelementptr i8, ptr %tuple, i64 {_ITEMS}
  %outs.p = getelementptr ptr, ptr %given, i64 1
  %outs.tuple = load ptr, ptr %outs.p, align 8
  %outs = getelementptr i8, ptr %outs.tuple, i64 {_ITEMS}
  %plan.p = getelementptr ptr, ptr %given, i64 2
  %plan.o = load ptr, ptr %plan.p, align 8
  %plan = call ptr {_function("PyLong_AsVoidPtr")}(ptr %plan.o)
  %moves = getelementptr i64, ptr %plan, i64 {len(HEADER)}
  %in = getelementptr i64, ptr %moves, i64 {len(MOVE) * move}
  %length.p = getelementptr i8, ptr %tuple, i64 {_LEN}
  %length = load i64, ptr %length.p, align 8
  %right = icmp eq i64 %length, {len(arguments)}
  br i1 %right, label %argument0, label %missed
{"".join(lines)}
argument{len(arguments) + len(results)}:
  %rows = call ptr {_function("PyLong_FromSsize_t")}(i64 %a{first}.count)
  ret ptr %rows
{_missed()}
}}"""


def bound(
    sources: Sequence[tuple[int, int]],
    targets: Sequence[tuple[int, int, int]],
    outputs: int,
    kernel: str,
    long: bool,
    result: int,
    otherwise: int,
    raised: int | None = None,
) -> str:
    """``@bound()``: reads the inputs from `sources`, addresses and sizes, and writes the outputs to `targets`, the
    first of each, its address and size. It returns the object `result`, or, if the last output is not 0.0 or the word
    at the address `raised` not 0 then, what the object `otherwise` gives when it is called.
    """
    inputs = sum(size for _, size in sources)
    copies, at = [], 0
    for i, (address, size) in enumerate(sources):
        copies += [f"  %in{i} = getelementptr double, ptr %in, i64 {at}", _copied(f"%in{i}", _pointer(address), size)]
        at += size
    source = _pointer(sources[0][0]) if len(sources) == 1 else "%in"
    written = []
    for i, (first, address, size) in enumerate(targets):
        written += [f"  %out{i} = getelementptr double, ptr %out, i64 {first}"]
        written += [_copied(_pointer(address), f"%out{i}", size)]
    lines = "\n".join([] if len(sources) == 1 else copies)
    return f"""
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define ptr @bound(ptr %self, ptr %given, i64 %count) nounwind {{
  %in = alloca [{max(inputs, 1)} x double], align 8
  %out = alloca [{outputs} x double], align 8
{lines}
  {_run(source, "%out", kernel, long)}
  %last.p = getelementptr double, ptr %out, i64 {outputs - 1}
  %last = load double, ptr %last.p, align 8
{_well(raised)}
  br i1 %well, label %write, label %other
write:
{chr(10).join(written)}
  call void {_function("Py_IncRef")}(ptr {_pointer(result)})
  ret ptr {_pointer(result)}
other:
  %found = call ptr (ptr, ...) {_function("PyObject_CallFunctionObjArgs")}(ptr {_pointer(otherwise)}, ptr null)
  ret ptr %found
}}"""


# ---- pieces of it ----------------------------------------------------------------------------------------------------


class _Definition(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


def _pointer(address: int | None) -> str:
    return f"inttoptr (i64 {address} to ptr)"


def _function(name: str) -> str:
    """One of Python's own, to be called."""
    return _pointer(ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value)


def _object(name: str) -> str:
    """One of Python's own objects."""
    return _pointer(ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, name)))


def _message(name: str, text: str) -> str:
    data = text.encode() + b"\0"
    escaped = "".join(f"\\{byte:02X}" for byte in data)
    return f'{name} = internal constant [{len(data)} x i8] c"{escaped}"'


def _type_error(message: str) -> str:
    error = ctypes.c_void_p.in_dll(ctypes.pythonapi, "PyExc_TypeError").value
    return f"call void {_function('PyErr_SetString')}(ptr {_pointer(error)}, ptr {message})"


def _run(source: str, target: str, kernel: str, long: bool) -> str:
    """The kernel's call; meanwhile other threads may run, if it is worth the change."""
    call = f"call void {kernel}(ptr {source}, ptr {target})"
    if not long:
        return call
    return f"""%state = call ptr {_function("PyEval_SaveThread")}()
  {call}
  call void {_function("PyEval_RestoreThread")}(ptr %state)"""


def _missed(free: str = "") -> str:
    """The end of a function that something unusual was given: None, and no error."""
    return f"""missed:
{free}  call void {_function("PyErr_Clear")}()
  call void {_function("Py_IncRef")}(ptr {_object("_Py_NoneStruct")})
  ret ptr {_object("_Py_NoneStruct")}"""


def _well(raised: int | None) -> str:
    """Whether the last output is 0.0, and nothing was raised in Python."""
    if raised is None:
        return "  %well = fcmp oeq double %last, 0.0"
    return f"""  %zero = fcmp oeq double %last, 0.0
  %raised = load atomic i64, ptr {_pointer(raised)} monotonic, align 8
  %calm = icmp eq i64 %raised, 0
  %well = and i1 %zero, %calm"""


def _asked(which: str, among: str, place: int, flags: int, count: int | None, refused: str, bad: str) -> str:
    """The buffer of an argument, in ``%which.view``; `refused` if it has none, `bad` if it is not so many doubles, or,
    if there is no `count`, not doubles.
    """
    fits = "true"
    length = ""
    if count is not None:
        fits = f"%{which}.fits"
        length = f"""
  %{which}.lp = getelementptr i8, ptr %{which}.view, i64 {_LENGTH}
  %{which}.length = load i64, ptr %{which}.lp, align 8
  %{which}.fits = icmp eq i64 %{which}.length, {8 * count}"""
    return f"""
  %{which}.p = getelementptr ptr, ptr {among}, i64 {place}
  %{which} = load ptr, ptr %{which}.p, align 8
  %{which}.got = call i32 {_function("PyObject_GetBuffer")}(ptr %{which}, ptr %{which}.view, i32 {flags})
  %{which}.ok = icmp eq i32 %{which}.got, 0
  br i1 %{which}.ok, label %{which}.check, label %{refused}
{which}.check:{length}
  %{which}.fp = getelementptr i8, ptr %{which}.view, i64 {_FORMAT}
  %{which}.format = load ptr, ptr %{which}.fp, align 8
  %{which}.letters = load i8, ptr %{which}.format, align 1
  %{which}.sign = icmp eq i8 %{which}.letters, {ord("<" if sys.byteorder == "little" else ">")}
  %{which}.skip = zext i1 %{which}.sign to i64
  %{which}.second = getelementptr i8, ptr %{which}.format, i64 %{which}.skip
  %{which}.letter = load i8, ptr %{which}.second, align 1
  %{which}.double = icmp eq i8 %{which}.letter, {ord("d")}
  %{which}.good = and i1 {fits}, %{which}.double
  br i1 %{which}.good, label %{which}.given, label %{bad}
{which}.given:"""


def _of_type(which: str, among: str, place: int, kind: type) -> str:
    """Whether an argument is of that very type: on to ``which.typed``, or it is a miss."""
    return f"""
  %{which}.ap = getelementptr ptr, ptr {among}, i64 {place}
  %{which}.a = load ptr, ptr %{which}.ap, align 8
  %{which}.tp = getelementptr i8, ptr %{which}.a, i64 {_TYPE}
  %{which}.type = load ptr, ptr %{which}.tp, align 8
  %{which}.same = icmp eq ptr %{which}.type, {_pointer(id(kind))}
  br i1 %{which}.same, label %{which}.typed, label %missed
{which}.typed:"""


def _number(i: int, argument: Argument, at: int) -> str:
    return f"""
argument{i}:{_of_type(f"a{i}", "%args", i, argument.kind)}
  %x{i} = call double {_function("PyFloat_AsDouble")}(ptr %a{i}.a)
  %x{i}.p = getelementptr double, ptr %in, i64 {at}
  store double %x{i}, ptr %x{i}.p, align 8
  %odd{i} = fcmp oeq double %x{i}, -1.0
  br i1 %odd{i}, label %doubt{i}, label %argument{i + 1}
doubt{i}:
  %error{i} = call ptr {_function("PyErr_Occurred")}()
  %raised{i} = icmp ne ptr %error{i}, null
  br i1 %raised{i}, label %missed, label %argument{i + 1}
"""


def _array(i: int, argument: Argument, at: int, alone: bool) -> str:
    which = f"a{i}"
    lines = [
        f"  %{which}.view = bitcast ptr %view to ptr",
        _asked(which, "%args", i, _READ, argument.size, "missed", f"{which}.bad"),
        *_of_shape(which, argument.shape or ()),
        f"  %{which}.data = load ptr, ptr %{which}.view, align 8",
    ]
    release = f"  call void {_function('PyBuffer_Release')}(ptr %{which}.view)"
    if not alone:
        lines += [
            f"  %{which}.there = getelementptr double, ptr %in, i64 {at}",
            _copied(f"%{which}.there", f"%{which}.data", argument.size),
            release,
        ]
    lines += [f"  br label %argument{i + 1}", f"{which}.bad:", release, "  br label %missed"]
    return f"\nargument{i}:{_of_type(which, '%args', i, argument.kind)}\n" + "\n".join(lines) + "\n"


def _of_shape(which: str, shape: Sequence[int], rows: bool = False) -> list[str]:
    """Whether the buffer in ``%which.view`` has those axes, after one of rows if there is one; ``which.bad`` if not."""
    lines = [
        *_field(which, "ndim", _NDIM, "i32"),
        *_unless(which, "axes", f"icmp eq i32 %{which}.ndim, {len(shape) + rows}"),
        *_field(which, "shape", _SHAPE, "ptr"),
    ]
    for k, length in enumerate(shape):
        lines += [
            f"  %{which}.s{k} = getelementptr i64, ptr %{which}.shape, i64 {k + rows}",
            f"  %{which}.n{k} = load i64, ptr %{which}.s{k}, align 8",
            *_unless(which, f"e{k}", f"icmp eq i64 %{which}.n{k}, {length}"),
        ]
    return lines


def _field(which: str, name: str, offset: int, kind: str) -> list[str]:
    return [
        f"  %{which}.{name}.p = getelementptr i8, ptr %{which}.view, i64 {offset}",
        f"  %{which}.{name} = load {kind}, ptr %{which}.{name}.p, align 4",
    ]


def _unless(which: str, name: str, condition: str) -> list[str]:
    """To ``which.bad`` unless the condition holds."""
    return [
        f"  %{which}.{name} = {condition}",
        f"  br i1 %{which}.{name}, label %{which}.{name}.holds, label %{which}.bad",
        f"{which}.{name}.holds:",
    ]


def _moves(argument: Argument, most: int) -> int:
    return -(-argument.size // most)


def _rows(i: int, argument: Argument, among: str, place: int, flags: int, first: int, move: int, most: int) -> str:
    """An array with rows, whose moves begin with that one; all of it lies between ``%ai.low`` and ``%ai.high``."""
    which, shape, size = f"a{i}", argument.shape or (), argument.size
    rows = f"%a{first}.count"
    many = "sgt i64 %{}, 0" if i == first else f"eq i64 %{{}}, {rows}"
    lines = [
        f"\nargument{i}:{_of_type(which, among, place, argument.kind)}",
        f"  %{which}.view = bitcast ptr %view to ptr",
        _asked(which, among, place, flags, None, "missed", f"{which}.bad"),
        *_of_shape(which, shape, rows=True),
        f"  %{which}.count = load i64, ptr %{which}.shape, align 8",
        *_unless(which, "many", f"icmp {many.format(f'{which}.count')}"),
        *_field(which, "strides", _STRIDES, "ptr"),
        f"  %{which}.stride = load i64, ptr %{which}.strides, align 8",
        f"  %{which}.data = load i64, ptr %{which}.view, align 8",
        f"  %{which}.odd = and i64 %{which}.data, 7",
        *_unless(which, "even", f"icmp eq i64 %{which}.odd, 0"),
    ]
    if size == 1:
        lines += _unless(which, "next", f"icmp eq i64 %{which}.stride, 8")
    step = 8 * size
    for k, length in enumerate(shape):
        step //= length
        if length > 1:  # else its stride means nothing
            lines += [
                f"  %{which}.t{k} = getelementptr i64, ptr %{which}.strides, i64 {k + 1}",
                f"  %{which}.d{k} = load i64, ptr %{which}.t{k}, align 8",
                *_unless(which, f"dense{k}", f"icmp eq i64 %{which}.d{k}, {step}"),
            ]
    release = f"  call void {_function('PyBuffer_Release')}(ptr %{which}.view)"
    lines += [
        release,
        f"  br label %{which}.moves",
        f"{which}.bad:",
        release,
        "  br label %missed",
        f"{which}.moves:",
        f"  %{which}.rest = sub i64 {rows}, 1",
        f"  %{which}.way = mul i64 %{which}.rest, %{which}.stride",
        f"  %{which}.end = add i64 %{which}.data, %{which}.way",
        f"  %{which}.down = icmp slt i64 %{which}.way, 0",
        f"  %{which}.low = select i1 %{which}.down, i64 %{which}.end, i64 %{which}.data",
        f"  %{which}.top = select i1 %{which}.down, i64 %{which}.data, i64 %{which}.end",
        f"  %{which}.high = add i64 %{which}.top, {8 * size}",
    ]
    for k in range(_moves(argument, most)):
        base, stride = (len(MOVE) * (move + k) + MOVE.index(word) for word in ("base", "stride"))
        lines += [
            f"  %{which}.base{k}.p = getelementptr i64, ptr %moves, i64 {base}",
            f"  %{which}.offset{k} = load i64, ptr %{which}.base{k}.p, align 8",
            f"  %{which}.base{k} = add i64 %{which}.data, %{which}.offset{k}",
            f"  store i64 %{which}.base{k}, ptr %{which}.base{k}.p, align 8",
            f"  %{which}.stride{k}.p = getelementptr i64, ptr %moves, i64 {stride}",
            f"  store i64 %{which}.stride, ptr %{which}.stride{k}.p, align 8",
        ]
    return "\n".join(lines) + "\n"


def _apart(i: int, j: int) -> str:
    """A miss if a result lies over an argument."""
    return f"""  %o{i}.{j}.under = icmp ule i64 %a{i}.high, %a{j}.low
  %o{i}.{j}.over = icmp uge i64 %a{i}.low, %a{j}.high
  %o{i}.{j} = or i1 %o{i}.{j}.under, %o{i}.{j}.over
  br i1 %o{i}.{j}, label %apart{i}.{j}, label %missed
apart{i}.{j}:
"""


def _copied(target: str, source: str, size: int) -> str:
    """So many doubles copied."""
    return f"  call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {source}, i64 {8 * size}, i1 false)"


def _released(alone: bool) -> str:
    return f"call void {_function('PyBuffer_Release')}(ptr %view)" if alone else ""


def _call(inputs: int, outputs: int, kernel: str, long: bool) -> str:
    return f"""
{_message("@call.message", f"this program has {inputs} inputs")}
define ptr @call(ptr %self, ptr %args, i64 %count) nounwind {{
entry:
  %in = alloca [{max(inputs, 1)} x double], align 8
  %out = alloca [{max(outputs, 1)} x double], align 8
  %right = icmp eq i64 %count, {inputs}
  br i1 %right, label %reading, label %wrong
reading:
  %i = phi i64 [ 0, %entry ], [ %i2, %read ]
  %more = icmp slt i64 %i, {inputs}
  br i1 %more, label %read.one, label %run
read.one:
  %arg.p = getelementptr ptr, ptr %args, i64 %i
  %arg = load ptr, ptr %arg.p, align 8
  %x = call double {_function("PyFloat_AsDouble")}(ptr %arg)
  %x.p = getelementptr double, ptr %in, i64 %i
  store double %x, ptr %x.p, align 8
  %odd = fcmp oeq double %x, -1.0
  br i1 %odd, label %doubt, label %read
doubt:
  %error = call ptr {_function("PyErr_Occurred")}()
  %raised = icmp ne ptr %error, null
  br i1 %raised, label %failed, label %read
read:
  %i2 = add i64 %i, 1
  br label %reading
run:
  {_run("%in", "%out", kernel, long)}
  %list = call ptr {_function("PyList_New")}(i64 {outputs})
  %none = icmp eq ptr %list, null
  br i1 %none, label %failed, label %writing
writing:
  %j = phi i64 [ 0, %run ], [ %j2, %wrote ]
  %less = icmp slt i64 %j, {outputs}
  br i1 %less, label %write, label %done
write:
  %y.p = getelementptr double, ptr %out, i64 %j
  %y = load double, ptr %y.p, align 8
  %float = call ptr {_function("PyFloat_FromDouble")}(double %y)
  %full = icmp eq ptr %float, null
  br i1 %full, label %dropped, label %wrote
wrote:
  %set = call i32 {_function("PyList_SetItem")}(ptr %list, i64 %j, ptr %float)
  %j2 = add i64 %j, 1
  br label %writing
done:
  ret ptr %list
dropped:
  call void {_function("Py_DecRef")}(ptr %list)
  br label %failed
wrong:
  {_type_error("@call.message")}
  br label %failed
failed:
  ret ptr null
}}"""


def _into(inputs: int, outputs: int, kernel: str, long: bool) -> str:
    text = f"expected an array of {inputs} doubles and one of {outputs} to write to, both contiguous"
    release = _function("PyBuffer_Release")
    source = _asked("in", "%args", 0, _READ, inputs, "refused", "in.bad")
    target = _asked("out", "%args", 1, _WRITE, outputs, "in.only", "out.bad")
    return f"""
{_message("@into.message", text)}
define ptr @into(ptr %self, ptr %args, i64 %count) nounwind {{
  %in.view = alloca [80 x i8], align 8
  %out.view = alloca [80 x i8], align 8
  %two = icmp eq i64 %count, 2
  br i1 %two, label %first, label %wrong
first:{source}{target}
  %in.data = load ptr, ptr %in.view, align 8
  %out.data = load ptr, ptr %out.view, align 8
  {_run("%in.data", "%out.data", kernel, long)}
  call void {release}(ptr %in.view)
  call void {release}(ptr %out.view)
  call void {_function("Py_IncRef")}(ptr %out)
  ret ptr %out
in.bad:
  call void {release}(ptr %in.view)
  br label %wrong
out.bad:
  call void {release}(ptr %out.view)
  call void {release}(ptr %in.view)
  br label %wrong
in.only:
  call void {release}(ptr %in.view)
  br label %refused
wrong:
  {_type_error("@into.message")}
  br label %refused
refused:
  ret ptr null
}}"""
