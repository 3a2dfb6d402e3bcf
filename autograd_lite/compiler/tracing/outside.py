"""What a function's code has to do with the world outside of it: the globals, closures, defaults and attributes that it
reads, which a trace holds as constants; and what it does that a trace cannot.

Found in the bytecode of the function and of the functions of the user's that it calls by a name. What is rebound is
told by identity; what is changed in place (an entry of a list, an array's element) is a constant of the trace.
"""

from __future__ import annotations

import dis
import functools
import operator
import os
import sys
import sysconfig
import threading
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ...numerics.ieee import PACKAGE
from .user_code import user_line

_LOADS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"}
_LIBRARIES = tuple(os.path.abspath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "purelib", "platlib"))


class Outside:
    """What `fn` reads from outside.

    >>> rate = 2.0
    >>> outside = Outside(lambda x: rate * x)
    >>> outside.is_unchanged()
    True
    >>> rate = 3.0
    >>> outside.is_unchanged()
    False
    """

    def __init__(self, fn: Any) -> None:
        self.compares_identity = False  # a truth may be compared by `is`, or asked for its type
        self.catches = False  # exceptions
        self.generators: list[Any] = []  # of random numbers
        self._names: dict[tuple[int, str], dict[str, Any]] = {}  # the dict, by its id and the name
        self._cells: list[Any] = []
        self._functions: list[Any] = []
        self._seen: set[int] = set()
        self._follow(fn)
        self._kept = self._now()

    def is_unchanged(self) -> bool:
        """Whether every name still stands for the object it stood for."""
        if not self._kept:
            return True
        try:
            return all(map(operator.is_, self._now(), self._kept))
        except (KeyError, ValueError):  # a name that is gone, a cell that is empty
            return False

    def _now(self) -> list[Any]:
        found = [names[name] for (_, name), names in self._names.items()]
        found += [cell.cell_contents for cell in self._cells]
        for function in self._functions:
            found += [function.__defaults__, *(function.__kwdefaults__ or {}).values()]
        return found

    # ---- what is found ----

    def _follow(self, x: Any) -> None:
        """Something that the code reaches."""
        if id(x) in self._seen:
            return
        self._seen.add(id(x))
        if isinstance(x, (type, ModuleType)):
            return
        if isinstance(x, MethodType):
            self._function(x.__func__, x.__self__)  # type: ignore[arg-type]
        elif isinstance(x, FunctionType):
            self._function(x)
        elif isinstance(x, functools.partial):
            for each in (x.func, *x.args, *x.keywords.values()):
                self._follow(each)
        elif hasattr(x, "bit_generator") or hasattr(x, "getstate"):
            self.generators.append(x)
        elif "_outside" in getattr(x, "__dict__", ()):  # a compiled function
            self._follow(x.fn)

    def _function(self, f: FunctionType, owner: Any = None) -> None:
        name = os.path.abspath(f.__code__.co_filename)
        if name.startswith((PACKAGE, *_LIBRARIES)):
            return
        if f.__defaults__ or f.__kwdefaults__:
            self._functions.append(f)
        cells = dict(zip(f.__code__.co_freevars, f.__closure__ or ()))
        self._code(f.__code__, f.__globals__, cells, owner)

    def _code(self, code: CodeType, names: dict[str, Any], cells: dict[str, Any], owner: Any) -> None:
        """The names that some code loads, and the attributes of what they stand for."""
        held: Any = None
        instructions = list(dis.get_instructions(code))
        for before, instruction in zip([None, *instructions], instructions):
            operation, name = instruction.opname, instruction.argval
            if operation in _LOADS and name in cells:
                held = self._cell(cells[name])
            elif operation in _LOADS and name in names:
                held = self._name(names, name)
            elif owner is not None and operation.startswith("LOAD_FAST") and _last(name) == code.co_varnames[0]:
                held = owner
            elif operation in ("LOAD_ATTR", "LOAD_METHOD") and held is not None:
                held = self._attribute(held, name)
            elif operation not in ("CACHE", "PUSH_NULL", "EXTENDED_ARG"):
                held = None
            self.compares_identity |= operation == "IS_OP" and not (before and before.argval is None)
            self.catches |= operation == "CHECK_EXC_MATCH"
            self.compares_identity |= operation in _LOADS and name == "bool"
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant, names, cells, owner if "self" in constant.co_freevars else None)

    def _cell(self, cell: Any) -> Any:
        try:
            found = cell.cell_contents
        except ValueError:  # not yet filled
            return None
        if _may_be_rebound(found) and not any(cell is each for each in self._cells):
            self._cells.append(cell)
        self._follow(found)
        return found

    def _name(self, names: dict[str, Any], name: str) -> Any:
        found = names[name]
        if _may_be_rebound(found):
            self._names[id(names), name] = names
        self._follow(found)
        return found

    def _attribute(self, held: Any, name: str) -> Any:
        """What an attribute is: of a module or an instance a name like any other, of a class a function to follow."""
        own = getattr(held, "__dict__", None)
        if type(own) is dict and name in own:
            return self._name(own, name)
        found = getattr(type(held), name, None)
        if isinstance(found, FunctionType):
            self._function(found, held)
        return None


def _last(name: Any) -> Any:
    return name[-1] if isinstance(name, tuple) else name  # one instruction may load two


def _may_be_rebound(x: Any) -> bool:
    """Whether another object may come in the place of this one and mean something else; modules, classes and what a
    library has are left alone, so that a call is quick.
    """
    if isinstance(x, (ModuleType, type)):
        return False
    module = getattr(x, "__module__", None) or getattr(type(x), "__module__", "")
    if callable(x) and isinstance(module, str):
        return module.partition(".")[0] not in (*sys.stdlib_module_names, "numpy", __package__.partition(".")[0])
    return True


# ---- what a trace cannot do ------------------------------------------------------------------------------------------


class Effects:
    """A context that notices what a function does while it is traced, and will not do when its code runs: `found` says
    it, by kind.
    """

    def __init__(self, outside: Outside) -> None:
        self.found: dict[str, str] = {}
        self._outside = outside

    def __enter__(self) -> Effects:
        self._states = self._random()
        self._stdout = sys.stdout
        while isinstance(self._stdout, _Watched):  # another thread traces as well
            self._stdout = self._stdout.stream
        self._watched = sys.stdout = _Watched(self._stdout)
        return self

    def __exit__(self, *raised: Any) -> None:
        if sys.stdout is self._watched:
            sys.stdout = self._stdout
        if self._watched.line is not None:
            self.found["prints"] = f"prints{self._watched.line}: compiled code does not, it shows at a trace alone"
        if self._random() != self._states:
            self.found["random"] = (
                "draws random numbers: compiled code holds those of its trace, the same at every call; draw them "
                "outside, and make them an argument"
            )
        if not self._outside.is_unchanged():
            self.found["rebinds"] = "rebinds a name outside of it: compiled code does not"

    def _random(self) -> list[str]:
        states = [str(getattr(g, "bit_generator", None) and g.bit_generator.state) for g in self._outside.generators]
        states += [str(g.getstate()) for g in self._outside.generators if hasattr(g, "getstate")]
        if "random" in sys.modules:
            states.append(str(sys.modules["random"].getstate()))
        if "numpy.random" in sys.modules:
            states.append(str(sys.modules["numpy.random"].get_state()))
        return states


class _Watched:
    """A stream that notices whether this thread writes to it, and which line of the user's does."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.line: str | None = None
        self._thread = threading.get_ident()

    def write(self, text: str) -> Any:
        if self.line is None and threading.get_ident() == self._thread:
            self.line = user_line()
        return self.stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
