"""What the code of one kernel is made of: the functions that it calls, each written once, and the rows as templates.

A row's value is translated once for each kind of operands (`Unit.row`); an instruction of a program is that text with
its operands filled in. A function that loops, calls itself, or is long is an LLVM function of its own; one that cannot
be translated is called back in Python, lane by lane.
"""

from __future__ import annotations

import ctypes
import functools
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ....primitives import Primitive
from ... import host
from ...tracing.python_form import Function
from ...tracing.python_reader import Reader
from ...tracing.python_source import Untranslatable
from . import intrinsics
from .ir import INF, LARGEST, LEAST, NAN, Code, Number, Truth
from .vectorize import Frame, Handler, Lanes, NeedsBlocks

_LOST = 1 << 32  # in the word `Unit._raised`: a callback did not come to its end
PURE = "nounwind willreturn memory(none)"
_IN_LINE = 60  # about how many instructions a template may have


@dataclass(frozen=True, slots=True)
class Template:
    """A row's code: text with places for the operands and for a prefix of its own names, and what it gives."""

    lines: str
    result: str
    low: float
    high: float
    nan: bool
    weight: int


@dataclass(slots=True)
class _Called:
    name: str
    kinds: list[type] = field(default_factory=lambda: [Number])  # what it returns: several for a tuple
    is_tuple: bool = False
    raises: bool = True


class Module:
    """Functions and templates of one width. It keeps what a callback raised."""

    def __init__(self, width: int, precise: bool) -> None:
        self.width = width
        self.precise = precise
        self.texts: list[str] = []
        self.callbacks: list[Any] = []  # must live as long as the code
        self._errors: dict[int, BaseException] = {}  # by thread
        self._raised = ctypes.c_int64()  # not 0 while there are errors
        self._signal = (ctypes.c_int64 * 3)()  # what a signal's handler raised: type, value and traceback
        self._lock = threading.Lock()  # of both
        self._c: dict[tuple[str, int], str] = {}
        self._called: dict[Any, _Called] = {}
        self.reader = Reader()
        self._templates: dict[Any, Template] = {}
        self._shared: dict[str, str] = {}
        self._python: dict[Any, str] = {}

    def keep(self, error: BaseException) -> None:
        """What a callback raised, till this thread is back in Python: the first only."""
        with self._lock:
            self._errors.setdefault(threading.get_ident(), error)
            self._raised.value |= 1

    def raise_kept(self) -> None:
        """Raise what is kept for this thread, if anything is."""
        if not self._raised.value:
            return
        with self._lock:
            main = threading.current_thread() is threading.main_thread()  # which alone has signals
            lost = main and self._raised.value >= _LOST
            words = [ctypes.c_void_p(word) for word in self._signal] if main and self._signal[0] else []
            if words:
                self._signal[:] = [0, 0, 0]
            error = self._errors.pop(threading.get_ident(), None)
            others = self._raised.value >= _LOST and not lost
            self._raised.value = len(self._errors) + bool(self._signal[0]) + _LOST * others
        if words:
            ctypes.pythonapi.PyErr_Restore(*words)  # raises it
        if error is not None:
            raise error
        if lost:
            raise KeyboardInterrupt

    def interrupted(self) -> str | None:
        """The name of a function that says whether what a signal's handler raised is kept: ``() -> i1``. Only the main
        thread has signals. None where Python lacks the interface.
        """
        if not host.c_interface():
            return None
        if self._signal not in self.callbacks:
            self.callbacks.append(self._signal)
            call = {
                name: f"inttoptr (i64 {ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value} to ptr)"
                for name in ("PyGILState_Ensure", "PyErr_CheckSignals", "PyErr_Fetch", "PyGILState_Release")
            }
            word = [f"ptr inttoptr (i64 {ctypes.addressof(self._signal) + 8 * k} to ptr)" for k in range(3)]
            self.texts.append(f"""define internal i1 @interrupted() noinline nounwind {{
  %state = call i32 {call["PyGILState_Ensure"]}()
  %found = call i32 {call["PyErr_CheckSignals"]}()
  %raised = icmp ne i32 %found, 0
  br i1 %raised, label %keep, label %on
keep:
  call void {call["PyErr_Fetch"]}({", ".join(word)})
  store atomic i64 1, ptr inttoptr (i64 {ctypes.addressof(self._raised)} to ptr) monotonic, align 8
  br label %on
on:
  call void {call["PyGILState_Release"]}(i32 %state)
  ret i1 %raised
}}""")
        return "@interrupted"

    # ---- what a translation asks ----

    def native(self, f: Any) -> Callable[..., Any] | None:
        return intrinsics.NATIVE.get(f) if callable(f) else None

    def ieee(self, f: Any) -> Callable[..., Any] | None:
        return intrinsics.QUIET.get(f)

    # ---- rows ----

    def row(self, op: Primitive, operands: Sequence[Number | Truth]) -> Template:
        """The code of a row for operands of that kind; their texts are left open."""
        kinds = [_kind(x) for x in operands]
        key = (op, *kinds)
        template = self._templates.get(key)
        if template is None:
            template = self._templates[key] = self._template(op, kinds)
        if template.weight > 6 and any(isinstance(x, Number) and x.low == x.high for x in operands):
            # worth while to know a constant for what it is
            kinds = [_kind(x, exactly=True) for x in operands]
            key = (op, *kinds)
            template = self._templates.get(key)
            if template is None:
                template = self._templates[key] = self._template(op, kinds)
        return template

    def _template(self, op: Primitive, kinds: Sequence[Any]) -> Template:
        code = Code(self.width)
        args: list[Any] = [
            Truth(_place(i)) if kind is None else Number(_place(i), *kind) for i, kind in enumerate(kinds)
        ]
        lanes = Lanes(self, code, blocks=False)
        try:
            found = lanes.row(op, args)
            if code.weight > _IN_LINE:
                raise NeedsBlocks
        except NeedsBlocks:
            code = Code(self.width)
            lanes = Lanes(self, code, blocks=False)
            lanes.handlers.append(Handler((Exception,)))
            try:
                found = self.called(lanes, op, args)
            except Untranslatable as reason:
                found, code = self._by_python(op, args, reason)
        except Untranslatable as reason:
            found, code = self._by_python(op, args, reason)
        if op.result_type is bool:
            truth = code.truth(found if isinstance(found, Truth) else code.nonzero(found))
            return self._filled(code, truth.text, NAN, NAN, False)
        number = code.number(found)
        return self._filled(code, number.text, number.low, number.high, number.nan)

    def _by_python(self, op: Primitive, args: Sequence[Any], reason: Untranslatable) -> tuple[Any, Code]:
        code = Code(self.width)
        lanes = Lanes(self, code, blocks=False)
        lanes.handlers.append(Handler((Exception,)))
        return self.python(lanes, op, args, str(reason)), code

    def _filled(self, code: Code, result: str, low: float, high: float, nan: bool) -> Template:
        lines = "\n".join(code.pruned([result]))
        weight = sum(_weight(line) for line in lines.splitlines())
        return Template(_format(lines + "\n" if lines else ""), _format(result), low, high, nan, weight)

    # ---- functions of their own ----

    def called(self, lanes: Lanes, f: Primitive | Function, args: Sequence[Any]) -> Any:
        """A call of a row or of a function that was read, as an LLVM function, for the kinds of `args`."""
        key = (f, tuple(type(x) if isinstance(x, (Number, Truth)) else float(x).hex() for x in args))
        entry = self._called.get(key)
        if entry is None:
            entry = self._called[key] = _Called(f"@f{len(self._called)}")
            try:
                self._write(entry, f, args)
            except Untranslatable:
                del self._called[key]
                raise
        code = lanes.code
        given = [
            f"{code.truth_type if isinstance(x, Truth) else code.number_type} {x.text}"
            for x in args
            if isinstance(x, (Number, Truth))
        ]
        given.append(f"{code.truth_type} {code.truth(lanes.active).text}")
        type_ = self._type(code, entry)
        made = code.op(f"call {type_} {entry.name}({', '.join(given)})", 12)
        parts: list[Any] = []
        for i, kind in enumerate(entry.kinds):
            parts.append(kind(code.op(f"extractvalue {type_} {made}, {i}")))
        if entry.raises:
            raised = Truth(code.op(f"extractvalue {type_} {made}, {len(entry.kinds)}"))
            lanes.raise_in(raised, ArithmeticError, ValueError)
        return tuple(parts) if entry.is_tuple else parts[0]

    def _type(self, code: Code, entry: _Called) -> str:
        kinds = [code.truth_type if kind is Truth else code.number_type for kind in entry.kinds]
        return "{ " + ", ".join([*kinds, code.truth_type]) + " }"

    def _write(self, entry: _Called, f: Primitive | Function, args: Sequence[Any]) -> None:
        code = Code(self.width)
        lanes = Lanes(self, code, blocks=True)
        parameters: list[str] = []
        inside = [_parameter(code, x, parameters) for x in args]
        lanes.active = Truth("%mask")
        lanes.handlers.append(handler := Handler((ArithmeticError, ValueError)))
        if self.width == 1:
            code.branch("%mask", "run", "skip")
            code.start("skip")
            skip = len(code.lines)
            code.lines.append("")
            code.start("run")
            lanes.active = True
        if isinstance(f, Primitive):
            found = lanes.row(f, inside)
        else:
            lanes.running.append(f)
            found = Frame(lanes, f, inside).run()
        entry.is_tuple = isinstance(found, tuple)
        parts = [
            x if isinstance(x, Truth) else code.truth(x) if isinstance(x, bool) else code.number(x)
            for x in (found if isinstance(found, tuple) else [found])
        ]
        entry.kinds = [type(part) for part in parts]
        type_ = self._type(code, entry)
        value = "poison"
        for i, part in enumerate([*parts, code.truth(handler.lanes)]):
            kind = code.truth_type if isinstance(part, Truth) else code.number_type
            value = code.op(f"insertvalue {type_} {value}, {kind} {part.text}, {i}")
        code.line(f"ret {type_} {value}")
        if self.width == 1:
            code.lines[skip] = f"  ret {type_} zeroinitializer"
        entry.raises = handler.lanes is not False
        parameters.append(f"{code.truth_type} %mask")
        head = f"define internal {type_} {entry.name}({', '.join(parameters)}) nounwind {{"
        self.texts.append("\n".join([head, "entry:", *code.lines, "}"]))

    # ---- the C library ----

    def c_function(self, code: Code, name: str, args: Sequence[str]) -> str:
        """A call of the C library's function; the name of its result."""
        key = (name, code.width)
        if key not in self._c:
            vector = None
            if code.width > 1 and not self.precise:
                vector = host.vector_address(name, code.width, len(args))
            if vector is not None:
                self._c[key] = f"inttoptr (i64 {vector} to ptr)"
            elif code.width == 1 and name != "ldexp":
                self._c[key] = f"inttoptr (i64 {host.address(name)} to ptr)"
            else:
                self._c[key] = self._by_lanes(code, name, len(args))
        given = ", ".join(f"{code.number_type} {x}" for x in args)
        return code.op(f"call {code.number_type} {self._c[key]}({given}) {PURE}", 10)

    def _by_lanes(self, code: Code, name: str, arity: int) -> str:
        n, type_, scalar = code.width, code.number_type, f"inttoptr (i64 {host.address(name)} to ptr)"
        parameters = ", ".join(f"{type_} %a{k}" for k in range(arity))
        lines = [f"define internal {type_} @each_{name}({parameters}) noinline {PURE} {{", "entry:"]
        result = "poison"
        for i in range(n):
            given = []
            for k in range(arity):
                x = f"%a{k}"
                if n > 1:
                    lines.append(f"  %x{i}.{k} = extractelement {type_} {x}, i32 {i}")
                    x = f"%x{i}.{k}"
                if name == "ldexp" and k == 1:
                    lines.append(f"  %n{i} = fptosi double {x} to i32")
                    lines.append(f"  %ok{i} = fcmp ord double {x}, 0.0")
                    lines.append(f"  %m{i} = select i1 %ok{i}, i32 %n{i}, i32 0")
                    given.append(f"i32 %m{i}")
                else:
                    given.append(f"double {x}")
            lines.append(f"  %y{i} = call double {scalar}({', '.join(given)}) {PURE}")
            if n > 1:
                lines.append(f"  %r{i} = insertelement {type_} {result}, double %y{i}, i32 {i}")
                result = f"%r{i}"
            else:
                result = f"%y{i}"
        self.texts.append("\n".join([*lines, f"  ret {type_} {result}", "}"]))
        return f"@each_{name}"

    def looked_up(self, lanes: Lanes, name: str, values: Sequence[float], n: Any) -> Number:
        """``values[n]``, lane by lane; the nearest end where there is none."""
        code = lanes.code
        count, array = len(values), f"@{name}"
        if name not in self._shared:
            plain = Code(1)
            items = ", ".join(f"double {plain.literal(x)}" for x in values)
            self.texts.append(f"{array} = internal constant [{count} x double] [{items}]")
            self._shared[name] = array
        k = code.number(n)
        k = code.select(code.compare("ogt", k, 0.0), k, 0.0)
        k = code.select(code.compare("olt", k, count - 1.0), k, count - 1.0)
        place = code.op(f"fptosi {code.number_type} {k.text} to {code.word_type}")
        result = "poison"
        for i in range(code.width):
            lane = place if code.width == 1 else code.op(f"extractelement {code.word_type} {place}, i32 {i}")
            at = code.op(f"getelementptr double, ptr {array}, i64 {lane}")
            x = code.op(f"load double, ptr {at}")
            result = (
                x if code.width == 1 else code.op(f"insertelement {code.number_type} {result}, double {x}, i32 {i}")
            )
        return Number(result)

    # ---- Python ----

    def python(self, lanes: Lanes, f: Any, args: Sequence[Any], reason: str) -> Number:
        """A call back into Python, of the lanes that run: slow, and right."""
        code = lanes.code
        key = (f, len(args))
        if key not in self._python:
            self._python[key] = self._call_back(code, f, len(args), reason)
        numbers = [code.number(x) for x in args]
        given = [f"{code.number_type} {x.text}" for x in numbers]
        given.append(f"{code.truth_type} {code.truth(lanes.active).text}")
        type_ = "{ " + f"{code.number_type}, {code.truth_type}" + " }"
        made = code.op(f"call {type_} {self._python[key]}({', '.join(given)})", 12)
        raised = Truth(code.op(f"extractvalue {type_} {made}, 1"))
        value = Number(code.op(f"extractvalue {type_} {made}, 0"))
        if not isinstance(f, Primitive):
            lanes.raise_in(raised, ArithmeticError, ValueError)
        return value

    def _call_back(self, code: Code, f: Any, arity: int, reason: str) -> str:
        keep, errors, signal, is_row = self.keep, self._errors, self._signal, isinstance(f, Primitive)

        def run(numbers: Any) -> None:
            raised, y = 0.0, NAN
            try:
                stopped = signal[0] and threading.current_thread() is threading.main_thread()
                if not stopped and threading.get_ident() not in errors:  # else the call is to end soon
                    y = float(f(*numbers[:arity]))
            except (ArithmeticError, ValueError) as error:
                raised = 1.0
                if is_row:
                    keep(error)
            except BaseException as error:
                keep(error)
            numbers[arity] = y
            numbers[arity + 1] = raised  # a signal that raises outside of the `try` leaves what was there before

        callback = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_double))(run)
        self.callbacks.append(callback)
        at = ctypes.cast(callback, ctypes.c_void_p).value
        n, name, interrupted = code.width, f"@python{len(self.callbacks)}", self.interrupted()
        word = f"inttoptr (i64 {ctypes.addressof(self._raised)} to ptr)"
        type_ = "{ " + f"{code.number_type}, {code.truth_type}" + " }"
        parameters = [f"{code.number_type} %a{k}" for k in range(arity)] + [f"{code.truth_type} %mask"]
        about = getattr(f, "__qualname__", repr(f))
        lines = [
            f"; {_printable(about)}: {_printable(reason)}",
            f"define internal {type_} {name}({', '.join(parameters)}) noinline nounwind {{",
            "entry:",
            f"  %numbers = alloca [{arity + 2} x double]",
            f"  %y = alloca {code.number_type}",
            f"  %raised = alloca [{n} x i8]",
            f"  store {code.number_type} zeroinitializer, ptr %y",
            f"  store [{n} x i8] zeroinitializer, ptr %raised",
            "  br label %lane0",
        ]
        for i in range(n):
            bit = "%mask" if n == 1 else f"%bit{i}"
            lines.append(f"lane{i}:")
            if n > 1:
                lines.append(f"  {bit} = extractelement {code.truth_type} %mask, i32 {i}")
            lines.append(f"  br i1 {bit}, label %run{i}, label %lane{i + 1}")
            lines.append(f"run{i}:")
            if interrupted:  # else the callback's first instruction would raise it, where ctypes can but print it
                lines.append(f"  %s{i} = call i1 {interrupted}()")
                lines.append(f"  br i1 %s{i}, label %lane{i + 1}, label %go{i}")
                lines.append(f"go{i}:")
            for k in range(arity):
                x = f"%a{k}"
                if n > 1:
                    lines.append(f"  %x{i}.{k} = extractelement {code.number_type} {x}, i32 {i}")
                    x = f"%x{i}.{k}"
                lines.append(f"  %p{i}.{k} = getelementptr double, ptr %numbers, i64 {k}")
                lines.append(f"  store double {x}, ptr %p{i}.{k}")
            lines += [
                f"  %e{i} = getelementptr double, ptr %numbers, i64 {arity + 1}",
                f"  store double 2.0, ptr %e{i}",
                f"  call void inttoptr (i64 {at} to ptr)(ptr %numbers)",
                f"  %q{i} = getelementptr double, ptr %numbers, i64 {arity}",
                f"  %v{i} = load double, ptr %q{i}",
                f"  %w{i} = getelementptr double, ptr %y, i64 {i}",
                f"  store double %v{i}, ptr %w{i}",
                f"  %f{i} = load double, ptr %e{i}",
                f"  %c{i} = fcmp oeq double %f{i}, 2.0",
                f"  %l{i} = select i1 %c{i}, i64 {_LOST}, i64 0",
                f"  %o{i} = atomicrmw or ptr {word}, i64 %l{i} monotonic",
                f"  %g{i} = fptosi double %f{i} to i8",
                f"  %h{i} = getelementptr i8, ptr %raised, i64 {i}",
                f"  store i8 %g{i}, ptr %h{i}",
                f"  br label %lane{i + 1}",
            ]
        bytes_ = "i8" if n == 1 else f"<{n} x i8>"
        lines += [
            f"lane{n}:",
            f"  %made = load {code.number_type}, ptr %y",
            f"  %flags = load {bytes_}, ptr %raised, align 1",
            f"  %bits = icmp ne {bytes_} %flags, zeroinitializer",
            f"  %s = insertvalue {type_} poison, {code.number_type} %made, 0",
            f"  %t = insertvalue {type_} %s, {code.truth_type} %bits, 1",
            f"  ret {type_} %t",
            "}",
        ]
        text = "\n".join(lines).replace("icmp ne i8 %flags, zeroinitializer", "icmp ne i8 %flags, 0")
        self.texts.append(text)
        return name


# ---- kinds of operands -----------------------------------------------------------------------------------------------

_LOWS = (-INF, -LARGEST, 0.0, LEAST, 1.0)
_HIGHS = (-1.0, -LEAST, 0.0, LARGEST, INF)


def _kind(x: Number | Truth, exactly: bool = False) -> tuple[float, float, bool] | None:
    """What of an operand's bounds a template may lean on; None for a truth."""
    if isinstance(x, Truth):
        return None
    if x.low != x.low:
        return (-INF, INF, True)
    if exactly and x.low == x.high:
        return (x.low, x.high, x.nan)
    return _rounded(x.low, x.high, x.nan)


@functools.lru_cache(maxsize=4096)
def _rounded(low: float, high: float, nan: bool) -> tuple[float, float, bool]:
    return next(x for x in reversed(_LOWS) if x <= low), next(x for x in _HIGHS if x >= high), nan


def _parameter(code: Code, x: Any, parameters: list[str]) -> Any:
    """The argument inside of the function."""
    if not isinstance(x, (Number, Truth)):
        return x
    name = f"%p{len(parameters)}"
    parameters.append(f"{code.truth_type if isinstance(x, Truth) else code.number_type} {name}")
    return type(x)(name)


# ---- text ------------------------------------------------------------------------------------------------------------


def _place(i: int) -> str:
    return f"\x01{i}\x02"


def _format(text: str) -> str:
    """A template for `str.format`: operands by number, names with a prefix."""
    text = text.replace("{", "{{").replace("}", "}}")
    text = re.sub(r"%t(\d+)", r"%{p}t\1", text)
    return re.sub("\x01(\\d+)\x02", r"{\1}", text)


def _weight(line: str) -> int:
    return 12 if " call " in line and "@llvm." not in line else 1


def _printable(text: str) -> str:
    return text.encode("ascii", "replace").decode().replace("\n", " ")
