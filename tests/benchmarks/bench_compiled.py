"""Compiled code beside JAX, CasADi, PyTorch and micrograd: bundle adjustment, micrograd's network, how it grows.

Run as a script: ``python tests/benchmarks/bench_compiled.py [rows|point|network|shared|growth …]``. All run in one
process on one processor, but where two threads are measured. The systems take turns, a figure is the median of its
runs, and every system's numbers are compared with ours first. A system that is not installed is left out, and said to
be.
"""

from __future__ import annotations

import functools
import gc
import importlib.util
import itertools
import os
import resource
import statistics
import sys
import time
import types
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import problems

import autograd_lite as ag
from autograd_lite import primitives
from autograd_lite.compiler import Builder, Program, llvm, reverse

ROWS = 100_000
SECONDS = 2.0  # what a system's runs of one problem may take; there are at least five
PEERS = ("jax", "casadi", "torch", "micrograd")
Runs = dict[str, Callable[[], Any]]


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def one_processor() -> set[int]:
    """Keep this process, and the threads it will start, on one processor; the set that it had."""
    if not hasattr(os, "sched_setaffinity"):
        return set()
    had = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(had)})
    return had


def medians(runs: Runs, inner: int = 1) -> dict[str, float]:
    """The median time of one call of each, taking turns until each has had its share."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    gc.collect()
    gc.disable()
    while waiting := [name for name, taken in found.items() if len(taken) < 5 or sum(taken) * inner < SECONDS]:
        for name in waiting:
            run = runs[name]
            start = time.perf_counter()
            for _ in range(inner):
                run()
            found[name].append((time.perf_counter() - start) / inner)
            if len(found[name]) > 200:
                break
        if all(len(taken) > 200 for taken in found.values()):
            break
    gc.enable()
    return {name: statistics.median(taken) for name, taken in found.items()}


def table(title: str, found: dict[str, float], base: str, unit: tuple[str, float]) -> None:
    print(f"\n{title}")
    for name, taken in found.items():
        print(f"  {name:<44}{taken * unit[1]:>12.3f} {unit[0]}  {taken / found[base]:>9.2f} of ours")


def agree(name: str, found: Any, wanted: Any, rtol: float = 1e-8) -> None:
    scale = np.abs(wanted).max()
    assert np.allclose(found, wanted, rtol=rtol, atol=rtol * 1e-3 * scale), f"{name}: another result"


# ---- bundle adjustment -----------------------------------------------------------------------------------------------

SHAPES = [(problems.CAMERA,), (problems.POINT,), (), (problems.FEATURE,)]


def scene(n: int) -> list[Any]:
    rng = np.random.default_rng(0)
    cameras, points = rng.normal(0.0, 0.3, (n, 11)), rng.normal(0.0, 1.0, (n, 3))
    cameras[:, 6] += 1.0
    points[:, 2] += 5.0
    return [cameras, points, rng.uniform(0.5, 1.0, n), rng.normal(0.0, 0.1, (n, 2))]


def bundle_adjustment() -> Program:
    """The squared error and its gradient by camera, point and weight; the feature is data."""
    builder = Builder()
    x = [builder.input() for _ in range(17)]
    error = problems.squared_error(x[:11], x[11:14], x[14], x[15:17], ag.math)
    gradient = reverse(builder.program([error]))
    return Program(gradient.inputs, gradient.instructions, gradient.outputs[:16])


def columns(arrays: list[Any]) -> list[Any]:
    return [column for array in arrays for column in (array.T if array.ndim > 1 else [array])]


def casadi_bundle_adjustment() -> Any:
    import casadi

    parts = [casadi.SX.sym(name, *(shape or (1,))) for name, shape in zip("cpwf", SHAPES)]
    cam, point, weight, feature = [[part[i] for i in range(part.numel())] for part in parts]
    error = problems.squared_error(cam, point, weight[0], feature, casadi)
    slopes = [casadi.gradient(error, part) for part in parts[:3]]
    return casadi.Function("squared_error", parts, [error, *slopes])


def casadi_buffered(function: Any, inputs: list[Any], outputs: list[Any]) -> Callable[[], None]:
    buffer, call = function.buffer()
    for i, array in enumerate(inputs):
        buffer.set_arg(i, memoryview(array))
    for i, array in enumerate(outputs):
        buffer.set_res(i, memoryview(array))
    call.buffers = buffer  # type: ignore[attr-defined]  # keeps it
    return call  # type: ignore[no-any-return]


def jax_bundle_adjustment() -> Any:
    import jax

    m = types.SimpleNamespace(sqrt=jax.numpy.sqrt, sin=jax.numpy.sin, cos=jax.numpy.cos)
    return jax.value_and_grad(lambda c, p, w, f: problems.squared_error(c, p, w, f, m), argnums=(0, 1, 2))


def rows(everything: set[int]) -> None:
    n, given = ROWS, scene(ROWS)
    start = time.perf_counter()
    kernel = llvm.rows(bundle_adjustment(), [True] * 17, [False] * 16)
    print(f"\nbundle adjustment traced, differentiated and compiled in {time.perf_counter() - start:.3f} s")
    value, slopes = np.empty(n), [np.empty_like(array) for array in given[:3]]
    ins, outs = columns(given), columns([value, *slopes])
    fortran = [np.asfortranarray(array) for array in given]
    fortran_slopes = [np.asfortranarray(array) for array in slopes]
    f_ins, f_outs = columns(fortran), columns([np.empty(n), *fortran_slopes])
    copied = np.random.default_rng(1).normal(size=n * (17 + 16) // 2)
    there = np.empty_like(copied)
    compiled = ag.compile(lambda c, p, w, f: problems.squared_error(c, p, w, f, ag.math), in_axes=0, target="llvm")
    runs: Runs = {
        "ours: kernel, one thread": lambda: kernel(ins, outs, n, threads=1),
        "ours: kernel, columns contiguous": lambda: kernel(f_ins, f_outs, n, threads=1),
        "ours: ag.compile(…).value_and_grad": lambda: compiled.value_and_grad(*given, threads=1),
        "NumPy copying as many bytes": lambda: np.copyto(there, copied),
    }
    if installed("jax"):
        import jax

        jitted = jax.jit(jax.vmap(jax_bundle_adjustment()))
        on_device = [jax.numpy.array(array) for array in given]
        runs["JAX: jit(vmap(value_and_grad))"] = lambda: jax.block_until_ready(jitted(*on_device))
        runs["ours: kernel, one thread"]()
        their_value, their_slopes = runs["JAX: jit(vmap(value_and_grad))"]()
        agree("JAX", their_value, value)
        for found, wanted in zip(their_slopes, slopes):
            agree("JAX", found, wanted)
    if installed("casadi"):
        mapped = casadi_bundle_adjustment().map(n)
        results = [np.empty(n), *[np.empty_like(array) for array in slopes]]
        runs["CasADi: map, buffered"] = casadi_buffered(mapped, given, results)
        runs["CasADi: map, buffered"]()
        agree("CasADi", results[0], value)
        agree("CasADi", results[1], slopes[0])
    if installed("torch"):
        import torch

        torch.set_num_threads(1)
        both = torch.func.vmap(
            torch.func.grad_and_value(lambda c, p, w, f: problems.squared_error(c, p, w, f, torch), argnums=(0, 1, 2))
        )
        tensors = [torch.from_numpy(array) for array in given]
        runs["PyTorch: vmap(grad_and_value)"] = lambda: both(*tensors)
        agree("PyTorch", runs["PyTorch: vmap(grad_and_value)"]()[1], value)
    found = medians(runs)
    title = f"Bundle adjustment, value and gradient, {n:,} rows, per row"
    table(title, {name: taken / n for name, taken in found.items()}, "ours: kernel, one thread", ("ns", 1e9))
    if len(everything) > 1:
        os.sched_setaffinity(0, everything)
        pair = medians(
            {f"{k} thread{'s' * (k > 1)}": functools.partial(kernel, ins, outs, n, threads=k) for k in (1, 2)}
        )
        table("the same on two threads", {k: t / n for k, t in pair.items()}, "1 thread", ("ns", 1e9))
        one_processor()


def point(everything: set[int]) -> None:
    given = [np.ascontiguousarray(array[0]) for array in scene(1)]
    x = np.concatenate([np.ravel(array) for array in given])
    out = np.empty(16)
    kernel = llvm.scalar(bundle_adjustment())
    numbers = x.tolist()
    compiled = ag.compile(lambda x: problems.squared_error(x[:11], x[11:14], x[14], x[15:17], ag.math), target="llvm")
    runs: Runs = {
        "ours: kernel, array in, array out": lambda: kernel.into(x, out),
        "ours: kernel, floats in, list out": lambda: kernel.call(*numbers),
        "ours: ag.compile(…).value_and_grad(array)": lambda: compiled.value_and_grad(x),
    }
    if installed("casadi"):
        results = [np.empty(size) for size in (1, 11, 3, 1)]
        runs["CasADi: buffered"] = casadi_buffered(casadi_bundle_adjustment(), given, results)
        runs["CasADi: buffered"]()
        agree("CasADi", np.concatenate(results), kernel.into(x, out))
    if installed("jax"):
        import jax

        jitted = jax.jit(jax_bundle_adjustment())
        on_device = [jax.numpy.array(array.reshape(shape)) for array, shape in zip(given, SHAPES)]
        runs["JAX: jit(value_and_grad)"] = lambda: jax.block_until_ready(jitted(*on_device))
        agree("JAX", runs["JAX: jit(value_and_grad)"]()[1][0], kernel.into(x, out)[1:12])
    found = medians(runs, inner=1000)
    table("Bundle adjustment, one point", found, "ours: kernel, array in, array out", ("µs", 1e6))


# ---- micrograd's network ---------------------------------------------------------------------------------------------

SIZES = (2, 16, 16, 1)


def data(n: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(1337)
    points = rng.normal(size=(n, 2))
    return rng.uniform(-1.0, 1.0, problems.network(SIZES)), points, np.sign(points[:, 0] * points[:, 1])


def network(everything: set[int]) -> None:
    parameters, points, labels = data(20)

    def loss(parameters: Any, relu: Any) -> Any:
        return problems.hinge_loss(SIZES, parameters, points.tolist(), labels.tolist(), relu)

    start, started = time.process_time(), time.perf_counter()
    builder = Builder()
    forward = builder.program([loss([builder.input() for _ in parameters], primitives.relu)])
    traced = time.process_time()
    program = reverse(forward)
    reversed_ = time.process_time()
    kernel = llvm.scalar(program)
    done, ended = time.process_time(), time.perf_counter()
    print(
        f"\nmicrograd's network on 20 points: {len(forward.instructions)} operations, {len(program.instructions)} with "
        f"the gradient; traced in {traced - start:.2f} s, differentiated in {reversed_ - traced:.2f} s, compiled in "
        f"{done - reversed_:.2f} s, {done - start:.2f} s altogether, by the processor's time; "
        f"{ended - started:.2f} s by the clock"
    )
    out = np.empty(len(program.outputs))
    kernel.into(parameters, out)
    runs: Runs = {"ours: kernel": lambda: kernel.into(parameters, out)}
    if installed("micrograd"):
        import micrograd.engine

        def theirs() -> Any:
            leaves = [micrograd.engine.Value(float(p)) for p in parameters]
            value = loss(leaves, lambda x: x.relu())
            value.backward()
            return [value.data, *[leaf.grad for leaf in leaves]]

        sys.setrecursionlimit(100_000)
        agree("micrograd", theirs(), out)
        runs["micrograd: build and backward"] = theirs
    if installed("casadi"):
        import casadi

        p = casadi.SX.sym("p", len(parameters))
        value = loss([p[i] for i in range(len(parameters))], lambda x: casadi.fmax(x, 0.0))
        start = time.perf_counter()
        function = casadi.Function("loss", [p], [value, casadi.gradient(value, p)])
        print(f"CasADi: differentiated in {time.perf_counter() - start:.2f} s")
        results = [np.empty(1), np.empty(len(parameters))]
        runs["CasADi: virtual machine, buffered"] = casadi_buffered(function, [parameters], results)
        runs["CasADi: virtual machine, buffered"]()
        agree("CasADi", np.concatenate(results), out)
    table("micrograd's network on 20 points, loss and gradient", medians(runs), "ours: kernel", ("µs", 1e6))


def shared(everything: set[int]) -> None:
    parameters, points, labels = data(ROWS)

    def of_one(parameters: Any, x: Any, y: Any, relu: Any) -> Any:
        return relu(1.0 - y * problems.forward(SIZES, parameters, x, relu)[0])

    builder = Builder()
    count = len(parameters)
    inputs = [builder.input() for _ in range(count + 3)]
    start = time.perf_counter()
    forward = builder.program([of_one(inputs[:count], inputs[count : count + 2], inputs[-1], primitives.relu)])
    full = reverse(forward)
    program = Program(full.inputs, full.instructions, full.outputs[: count + 1])
    kernel = llvm.rows(program, [False] * count + [True] * 3, [True] * (count + 1))
    print(f"\nits loss at one point: {len(program.instructions)} operations, {time.perf_counter() - start:.2f} s")
    given, nothing = [*parameters.tolist(), *columns([points, labels])], [None] * (count + 1)
    runs: Runs = {"ours: kernel, one thread": lambda: kernel(given, nothing, ROWS, threads=1)}
    sums = np.array(runs["ours: kernel, one thread"]())
    if installed("jax"):
        import jax

        def total(p: Any, x: Any, y: Any) -> Any:
            at, layers = 0, []
            for inputs, outputs in itertools.pairwise(SIZES):
                block = p[at : at + outputs * (inputs + 1)].reshape(outputs, inputs + 1)
                layers.append(block)
                at += outputs * (inputs + 1)
            for block in layers[:-1]:
                x = jax.nn.relu(x @ block[:, :-1].T + block[:, -1])
            score = x @ layers[-1][:, :-1].T + layers[-1][:, -1]
            return jax.nn.relu(1.0 - y * score[:, 0]).sum()

        jitted = jax.jit(jax.value_and_grad(total))
        on_device = [jax.numpy.array(array) for array in (parameters, points, labels)]
        runs["JAX: jit, as matrices"] = lambda: jax.block_until_ready(jitted(*on_device))
        value, slope = runs["JAX: jit, as matrices"]()
        agree("JAX", np.concatenate([[value], slope]), sums)
    found = {name: taken / ROWS for name, taken in medians(runs).items()}
    table(
        f"The same network, {ROWS:,} rows, shared parameters, per row", found, "ours: kernel, one thread", ("ns", 1e9)
    )


# ---- growth ----------------------------------------------------------------------------------------------------------


def chained(operations: int) -> Program:
    """A program of about so many operations, a third of them in its gradient's reach: a pendulum, step by step."""
    builder = Builder()
    angle, speed, step = builder.input(), builder.input(), builder.input()
    while len(builder.values) < operations:
        speed = speed - step * ag.math.sin(angle)
        angle = angle + step * speed
    return builder.program([angle])


def growth(everything: set[int]) -> None:
    print("\ncompile and run time by operations; bytes are the most that the process has held")
    for size in (100, 1_000, 10_000, 100_000):
        start = time.perf_counter()
        program = reverse(chained(size // 4))
        traced = time.perf_counter()
        kernel = llvm.scalar(program)
        done = time.perf_counter()
        x, out = np.array([1.0, 0.0, 1e-3]), np.empty(4)
        run = functools.partial(kernel.into, x, out)
        (taken,) = medians({"": run}, inner=max(1, 100_000 // size)).values()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        count = len(program.instructions)
        print(
            f"  {count:>8} operations: traced in {traced - start:7.3f} s, compiled in {done - traced:7.3f} s, "
            f"{1e6 * (done - traced) / count:6.1f} µs each; run in {1e6 * taken:9.2f} µs, "
            f"{1e9 * taken / count:6.2f} ns each; {peak // 1024} MB"
        )
    kernel = llvm.rows(bundle_adjustment(), [True] * 17, [False] * 16)
    for exponent in range(8):
        n = 10**exponent
        given = scene(n)
        value, slopes = np.empty(n), [np.empty_like(array) for array in given[:3]]
        run = functools.partial(kernel, columns(given), columns([value, *slopes]), n, threads=1)
        (taken,) = medians({"": run}, inner=max(1, 1000 // n)).values()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"  {n:>8} rows: {1e6 * taken:12.1f} µs, {1e9 * taken / n:9.1f} ns each; {peak // 1024} MB")
        del given, value, slopes, run


PARTS = {"rows": rows, "point": point, "network": network, "shared": shared, "growth": growth}


def main(names: list[str]) -> None:
    everything = one_processor()
    for name in PEERS:
        if not installed(name):
            print(f"{name}: left out, it is not installed")
    if installed("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
    packages = ["numpy", "llvmlite", *(name for name in PEERS if installed(name))]
    print("; ".join(f"{name} {version(name)}" for name in packages))
    host = llvm._host()
    print(f"{host.cpu}, vectors of {host.width}, {os.cpu_count()} processors; numbers below are medians")
    for name in names or PARTS:
        PARTS[name](everything)


if __name__ == "__main__":
    main(sys.argv[1:])
