"""Every fallback of the platform, simulated on this one: the numbers are right without what is taken away."""

from __future__ import annotations

import ctypes
import math as std
import platform
import sysconfig
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import math

llvmlite = pytest.importorskip(
    "llvmlite.binding", reason="llvmlite is not installed: pip install 'autograd_lite[compile]'"
)

from autograd_lite.compiler import host  # noqa: E402
from autograd_lite.compiler.targets import llvm  # noqa: E402
from autograd_lite.compiler.targets.llvm import c_api  # noqa: E402

CACHED = host.libm, host.address, host.vector_address, host.processor, llvm.kernel._loop
X = np.linspace(-3.0, 3.0, 37)


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()


def model(x: Any) -> Any:
    return math.sin(x) * math.exp(-x) + math.atan2(x, 2.0) if x > -2 else math.cosh(x) ** 3


def slope(x: float) -> float:
    """From the textbook, with Python's own functions."""
    if x > -2:
        return std.exp(-x) * (std.cos(x) - std.sin(x)) + 2.0 / (x * x + 4.0)
    return 3.0 * std.cosh(x) ** 2 * std.sinh(x)


def check(rtol: float = 4e-15) -> Any:
    """A point and rows, values and slopes, in every number of rows that is left over; the kernel that was made."""
    f = ag.compile(model, in_axes=0, target="llvm")
    g = ag.compile(lambda x: ag.grad(model)(x), in_axes=0, target="llvm")
    for count in (1, 2, 3, 7, 8, 37):
        assert f(X[:count]) == pytest.approx([model(x) for x in X[:count].tolist()], rel=rtol)
        assert g(X[:count]) == pytest.approx([slope(x) for x in X[:count].tolist()], rel=rtol, abs=1e-15)
    point = ag.compile(model, target="llvm")
    for x in (0.5, -2.5, 0.5, 1):
        value, gradient = point.value_and_grad(x)
        assert (value, gradient) == (pytest.approx(model(x), rel=rtol), pytest.approx(slope(x), rel=rtol))


def without_library(monkeypatch: pytest.MonkeyPatch, *missing: str | None) -> list[Any]:
    """As on a platform that lacks these libraries; the names that were asked for."""
    load, asked = ctypes.CDLL, []

    def fails(name: Any, *args: Any, **options: Any) -> Any:
        asked.append(name)
        if name in missing:
            raise OSError(f"{name}: cannot open shared object file")
        return load(name, *args, **options)

    monkeypatch.setattr(ctypes, "CDLL", fails)
    return asked


def test_as_it_is() -> None:
    check()


def test_without_libmvec(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS, Windows and musl: each lane calls the scalar function, so rows have the very digits of one point."""
    asked = without_library(monkeypatch, "libmvec.so.1")
    check()
    sines = ag.compile(math.sin, in_axes=0, target="llvm")(X)
    assert sines.tolist() == [std.sin(x) for x in X.tolist()]
    assert host.vector_address("sin", 2, 1) is None
    assert platform.machine() != "x86_64" or "libmvec.so.1" in asked


def test_on_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert host.vector_address("sin", 2, 1) is None
    check()


@pytest.mark.parametrize(
    "missing",
    [["libm.so.6", "libm.dylib", "ucrtbase.dll"], ["libm.so.6"]],
    ids=["the process itself, as with musl", "macOS or Windows"],
)
def test_where_the_c_library_is(monkeypatch: pytest.MonkeyPatch, missing: list[str]) -> None:
    asked = without_library(monkeypatch, *missing)
    sine = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(host.address("sin"))
    assert sine(0.5) == std.sin(0.5)
    assert asked[: len(missing)] == missing


def test_no_c_library_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    without_library(monkeypatch, "libm.so.6", "libm.dylib", "ucrtbase.dll", None)
    with pytest.raises(OSError, match=r"^the C library's mathematics was not found$"):
        host.address("sin")


def no_features() -> Any:
    raise RuntimeError("unknown on this platform")


class Features(dict[str, bool]):
    def flatten(self) -> str:
        return ",".join(f"{'+' if has else '-'}{name}" for name, has in self.items())


OLD = Features(llvmlite.get_host_cpu_features())
for feature in OLD:
    if feature.startswith(("avx", "fma", "f16c", "vaes", "vpclmul", "xop", "gfni", "amx", "sha")):
        OLD[feature] = False


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="AVX is of x86")
@pytest.mark.parametrize("features", [lambda: OLD, no_features], ids=["SSE2", "unknown"])
def test_without_avx(monkeypatch: pytest.MonkeyPatch, features: Callable[[], Any]) -> None:
    monkeypatch.setattr(llvmlite, "get_host_cpu_features", features)
    monkeypatch.setattr(llvmlite, "get_host_cpu_name", lambda: "x86-64")
    processor = host.processor()
    assert processor.width == 2
    machine = processor.machine(2)
    kernel = llvm.RowsKernel(*_program())
    module = llvmlite.parse_assembly(kernel.assembly)
    module.triple = processor.triple
    assert "ymm" not in machine.emit_assembly(module)
    check()


def _program() -> Any:
    from autograd_lite.compiler import Builder

    builder = Builder()
    x = builder.input()
    return builder.program([math.sin(x) * x]), [True], [False]


@pytest.mark.parametrize(
    ("triple", "third"),
    [
        ("x86_64-unknown-linux-gnu", "rdx"),
        ("x86_64-pc-windows-msvc", "r8"),
        ("x86_64-apple-darwin", "rdx"),
        ("arm64-apple-darwin", "x2"),
        ("aarch64-unknown-linux-musl", "x2"),
    ],
)
def test_code_for_another_platform(triple: str, third: str) -> None:
    """The code becomes an object file there; the third argument of a point's kernel is passed as that system has it."""
    llvmlite.initialize_all_targets()
    llvmlite.initialize_all_asmprinters()
    machine = llvmlite.Target.from_triple(triple).create_target_machine(opt=2)
    for kernel in (llvm.RowsKernel(*_program()), llvm.scalar(_program()[0])):
        module = llvmlite.parse_assembly(kernel.assembly)
        module.triple, module.data_layout = triple, str(machine.target_data)
        assert len(machine.emit_object(module)) > 500
    _, _, after = machine.emit_assembly(module).partition("kernel:")
    assert third in after.partition("ret")[0]


@pytest.mark.parametrize("build", ["free-threaded", "PyPy", "32 bits"])
def test_a_python_whose_c_interface_is_not_used(monkeypatch: pytest.MonkeyPatch, build: str) -> None:
    """The fast path declines, and the numbers are those of the other."""
    assert host.c_interface()
    if build == "free-threaded":
        monkeypatch.setattr(sysconfig, "get_config_var", lambda name: int(name == "Py_GIL_DISABLED"))
    elif build == "PyPy":
        monkeypatch.setattr("sys.implementation.name", "pypy")
    else:
        monkeypatch.setattr(ctypes, "sizeof", lambda kind: 4)
    assert not host.c_interface()
    monkeypatch.undo()
    monkeypatch.setattr(host, "c_interface", lambda: False)
    monkeypatch.setattr(c_api, "builtin", None)  # which would fail if it were called
    check()
