"""The machine and the Python that this process runs on. What depends on the platform is here, and has a fallback.

====================================  =============================  ==================================================
what                                  absent on                      then
====================================  =============================  ==================================================
`vector_address`, glibc's libmvec     macOS, Windows, musl, ARM      each lane calls the scalar function
`Processor.width`, AVX2 and AVX-512        older x86, ARM                 vectors of two numbers
`c_interface`, CPython with a GIL     PyPy, 32 bits, free threading  calls go through ctypes
====================================  =============================  ==================================================

The calling convention and the object format are LLVM's for the process's target triple. Outside the compiler, one
fact is asked for where it matters: readline, with which the plain shell completes names.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import platform
import sys
import sysconfig
import threading
from collections.abc import Iterator
from typing import Any

from ..extras import require

_lock = threading.Lock()


def c_interface() -> bool:
    """Whether machine code may call Python's C interface on objects that are borrowed."""
    cpython = sys.implementation.name == "cpython" and ctypes.sizeof(ctypes.c_void_p) == 8
    return cpython and not sysconfig.get_config_var("Py_GIL_DISABLED")


@contextlib.contextmanager
def collector_waiting() -> Iterator[None]:
    """Python's cyclic garbage collector waits: what a program is made of is no garbage, and it would go through all of
    that again and again, which takes a quarter of the time of a long one.
    """
    waited = not gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not waited:
            gc.enable()


# ---- the C library ---------------------------------------------------------------------------------------------------


@functools.cache
def libm() -> Any:
    """The C library's mathematics: glibc's, macOS's, Windows', or what the process itself holds, as with musl."""
    for name in ("libm.so.6", "libm.dylib", "ucrtbase.dll", None):
        try:
            library = ctypes.CDLL(name)
            if hasattr(library, "sin"):
                return library
        except (OSError, TypeError):  # Windows has no name for the process itself
            continue
    raise OSError("the C library's mathematics was not found")


@functools.cache
def address(name: str) -> int:
    """Where a function of the C library is."""
    found = ctypes.cast(getattr(libm(), name), ctypes.c_void_p).value
    assert found is not None
    return found


@functools.cache
def vector_address(name: str, width: int, arity: int) -> int | None:
    """Where libmvec has that function for vectors of `width` doubles; None where it has not."""
    letter = {2: "b", 4: "d", 8: "e"}.get(width)
    if letter is None or platform.machine() not in ("x86_64", "AMD64"):
        return None
    try:
        library = ctypes.CDLL("libmvec.so.1")
        return ctypes.cast(getattr(library, f"_ZGV{letter}N{width}{'v' * arity}_{name}"), ctypes.c_void_p).value
    except (OSError, AttributeError):
        return None


# ---- the processor, as LLVM knows it ---------------------------------------------------------------------------------


class Processor:
    """The processor: its name, its features, and the width of its vectors of doubles."""

    def __init__(self) -> None:
        self.llvm = llvm = require("native code", "llvmlite.binding", "compile", '; target="python" does without')
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self.triple = llvm.get_process_triple()
        self.cpu = llvm.get_host_cpu_name()
        try:
            features = llvm.get_host_cpu_features()
        except RuntimeError:  # unknown on this platform
            features = {}
        self.features = features.flatten() if features else ""
        self.width = 8 if features.get("avx512f") and features.get("avx512dq") else 4 if features.get("avx2") else 2

    def machine(self, level: int) -> Any:
        """A target machine: an engine takes it for its own."""
        target = self.llvm.Target.from_triple(self.triple)
        return target.create_target_machine(cpu=self.cpu, features=self.features, opt=level)


@functools.cache
def processor() -> Processor:
    """The one that this process runs on."""
    with _lock:
        return Processor()
