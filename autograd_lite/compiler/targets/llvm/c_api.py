"""A kernel as built-in functions of Python's, with nothing in between but machine code: floats in, a list out; an array
in, an array out.

An array is asked for its memory by the buffer protocol, so any contiguous one of doubles will do (NumPy's, `array`'s).
Either costs a tenth of a call through ctypes. All C structures are those of CPython's stable interface; under another
Python the same is done in Python.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

ON_THE_STACK = 32_768  # numbers
_FASTCALL = 0x80  # METH_FASTCALL
_READ, _WRITE = 0x3C, 0x3D  # PyBUF_C_CONTIGUOUS | PyBUF_FORMAT, and PyBUF_WRITABLE
# Py_buffer: buf, obj, len, itemsize, readonly and ndim, format, shape, strides, …; 80 bytes.
_LENGTH, _FORMAT = 16, 40


def builtin(address: int, owner: Any, name: str) -> Callable[..., Any]:
    """The function at that address, which keeps `owner` alive."""
    definition = _Definition(name.encode(), address, _FASTCALL, b"")
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    function: Callable[..., Any] = make(ctypes.addressof(definition), (owner, definition), None)
    return function


def assembly(inputs: int, outputs: int, kernel: str, long: bool, small: bool) -> str:
    """``@into`` and, if its numbers are few, ``@call``, which call `kernel`: without holding the interpreter if it runs
    `long`.
    """
    return _into(inputs, outputs, kernel, long) + (_call(inputs, outputs, kernel, long) if small else "")


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


def _asked(which: str, place: int, flags: int, count: int, refused: str, bad: str) -> str:
    """The buffer of an argument, in ``%which.view``; `refused` if it has none, `bad` if it is not so many doubles."""
    return f"""
  %{which}.p = getelementptr ptr, ptr %args, i64 {place}
  %{which} = load ptr, ptr %{which}.p, align 8
  %{which}.got = call i32 {_function("PyObject_GetBuffer")}(ptr %{which}, ptr %{which}.view, i32 {flags})
  %{which}.ok = icmp eq i32 %{which}.got, 0
  br i1 %{which}.ok, label %{which}.check, label %{refused}
{which}.check:
  %{which}.lp = getelementptr i8, ptr %{which}.view, i64 {_LENGTH}
  %{which}.length = load i64, ptr %{which}.lp, align 8
  %{which}.fits = icmp eq i64 %{which}.length, {8 * count}
  %{which}.fp = getelementptr i8, ptr %{which}.view, i64 {_FORMAT}
  %{which}.format = load ptr, ptr %{which}.fp, align 8
  %{which}.letters = load i8, ptr %{which}.format, align 1
  %{which}.sign = icmp eq i8 %{which}.letters, {ord("<" if sys.byteorder == "little" else ">")}
  %{which}.skip = zext i1 %{which}.sign to i64
  %{which}.second = getelementptr i8, ptr %{which}.format, i64 %{which}.skip
  %{which}.letter = load i8, ptr %{which}.second, align 1
  %{which}.double = icmp eq i8 %{which}.letter, {ord("d")}
  %{which}.good = and i1 %{which}.fits, %{which}.double
  br i1 %{which}.good, label %{which}.given, label %{bad}
{which}.given:"""


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
    source = _asked("in", 0, _READ, inputs, "refused", "in.bad")
    target = _asked("out", 1, _WRITE, outputs, "in.only", "out.bad")
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
