"""Compiled code beside its peers: bundle adjustment by rows and at one point, micrograd's network, a layer.

Run as a script: ``python tests/benchmarks/bench_compiled.py [rows|point|network|shared|layer …]``. All in one process
on one processor, but where two threads are measured. The systems take turns, and every system's numbers are compared
with ours first. A system that is not installed is left out, and said to be.
"""

from __future__ import annotations

import functools
import itertools
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import problems
from measure import Runs, Table, agree, beside_jax, beside_torch, casadi_buffered, first, installed, main, on, timed

import autograd_lite as ag
from autograd_lite import primitives
from autograd_lite.compiler import Builder, Program, reverse
from autograd_lite.compiler.targets import llvm

ROWS = 100_000


# ---- bundle adjustment -----------------------------------------------------------------------------------------------

SHAPES = [(problems.CAMERA,), (problems.POINT,), (), (problems.FEATURE,)]


def scene(n: int) -> list[Any]:
    rng = np.random.default_rng(0)
    cameras, points = rng.normal(0.0, 0.3, (n, 11)), rng.normal(0.0, 1.0, (n, 3))
    cameras[:, 6] += 1.0
    points[:, 2] += 5.0
    return [cameras, points, rng.uniform(0.5, 1.0, n), rng.normal(0.0, 0.1, (n, 2))]


def squared_error(camera: Any, point: Any, weight: Any, feature: Any) -> Any:
    return problems.squared_error(camera, point, weight, feature, ag.math)


def bundle_adjustment() -> Program:
    """The squared error and its gradient by camera, point and weight; the feature is data."""
    builder = Builder()
    x = [builder.input() for _ in range(17)]
    gradient = reverse(builder.program([squared_error(x[:11], x[11:14], x[14], x[15:17])]))
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


def jax_bundle_adjustment() -> Any:
    import jax

    def error(camera: Any, point: Any, weight: Any, feature: Any) -> Any:
        return problems.squared_error(camera, point, weight, feature, jax.numpy)

    return jax.value_and_grad(error, argnums=(0, 1, 2))


def symengine_bundle_adjustment() -> Any:
    import symengine

    x = symengine.symbols("x0:17")
    error = problems.squared_error(x[:11], x[11:14], x[14], x[15:17], symengine)
    return symengine.Lambdify(x, [error, *[error.diff(a) for a in x[:15]]], backend="llvm", cse=True)


def rows(everything: set[int]) -> list[Table]:
    n, given = ROWS, scene(ROWS)
    kernel = llvm.rows(bundle_adjustment(), [True] * 17, [False] * 16)
    value, slopes = np.empty(n), [np.empty_like(array) for array in given[:3]]
    ins, outs = columns(given), columns([value, *slopes])
    fortran = columns([np.asfortranarray(array) for array in given])
    fortran_outs = columns([np.empty(n), *[np.asfortranarray(array) for array in slopes]])
    copied = np.random.default_rng(1).normal(size=n * (17 + 16) // 2)
    there = np.empty_like(copied)
    compiled = ag.compile(squared_error, in_axes=0, argnums=(0, 1, 2))
    start = time.perf_counter()
    compiled.value_and_grad(*[array[:1] for array in given])
    notes = [f"Traced, differentiated and compiled in {time.perf_counter() - start:.2f} s."]
    into = None, tuple([np.empty_like(array) for array in given[:3]])
    runs: Runs = {
        "ours": lambda: compiled.value_and_grad(*given, out=into, threads=1),
        "ours, into new arrays": lambda: compiled.value_and_grad(*given, threads=1),
        "ours, the kernel alone": lambda: kernel(ins, outs, n, threads=1),
        "ours, the kernel alone, columns contiguous": lambda: kernel(fortran, fortran_outs, n, threads=1),
        "NumPy, copying as many bytes": lambda: np.copyto(there, copied),
    }
    runs["ours, the kernel alone"]()
    our_value, our_slopes = runs["ours"]()
    agree("ours", our_value, value.sum())
    for found, wanted in zip(our_slopes, slopes):
        agree("ours", found, wanted)
    if installed("jax"):
        import jax

        jitted = jax.jit(jax.vmap(jax_bundle_adjustment()))
        on_device = [jax.numpy.array(array) for array in given]
        runs["JAX, jit(vmap(value_and_grad))"] = lambda: jax.block_until_ready(jitted(*on_device))
        their_value, their_slopes = runs["JAX, jit(vmap(value_and_grad))"]()
        agree("JAX", their_value, value)
        for found, wanted in zip(their_slopes, slopes):
            agree("JAX", found, wanted)
    if installed("casadi"):
        mapped = casadi_bundle_adjustment().map(n)
        results = [np.empty(n), *[np.empty_like(array) for array in slopes]]
        runs["CasADi, map, buffered"] = casadi_buffered(mapped, given, results)
        runs["CasADi, map, buffered"]()
        for found, wanted in zip(results, [value, *slopes]):
            agree("CasADi", found, wanted)
    if installed("torch"):
        torch_rows(given, value, slopes, runs, notes)
    if installed("symengine"):
        function, flat = symengine_bundle_adjustment(), np.column_stack(given)
        result = np.empty((n, 16))
        runs["symengine, Lambdify by LLVM"] = lambda: function(flat, out=result)
        runs["symengine, Lambdify by LLVM"]()
        agree("symengine", result, np.column_stack([value, *slopes]))
    if installed("autograd"):
        import autograd

        def error(parts: Any) -> Any:
            return autograd.numpy.sum(problems.squared_error(*parts, given[3].T, autograd.numpy))

        both, parts = autograd.value_and_grad(error), tuple([array.T.copy() for array in given[:3]])
        runs["autograd, vectorised"] = lambda: both(parts)
        for found, wanted in zip(runs["autograd, vectorised"]()[1], slopes):
            agree("autograd", found, wanted.T)
    tables = [Table(f"Bundle adjustment, value and gradient, {n:,} rows: a row", "ours", timed(runs, n), notes)]
    if len(everything) > 1:
        on(everything)
        both_ways: Runs = {}
        for k in (1, 2):
            threads = f"{k} thread{'s' * (k > 1)}"
            both_ways[threads] = functools.partial(compiled.value_and_grad, *given, out=into, threads=k)
            both_ways[f"{threads}, the kernel alone"] = functools.partial(kernel, ins, outs, n, threads=k)
        title = f"Bundle adjustment over {n:,} rows, one thread and two: a row"
        tables.append(Table(title, "1 thread", timed(both_ways, n)))
        on({max(everything)})
    return tables


def torch_rows(given: list[Any], value: Any, slopes: list[Any], runs: Runs, notes: list[str]) -> None:
    """PyTorch two ways: operation by operation, and compiled."""
    import torch

    leaves = [torch.tensor(array, requires_grad=True) for array in given[:3]]
    features = torch.tensor(given[3])

    def error(camera: Any, point: Any, weight: Any, feature: Any) -> Any:
        return problems.squared_error(camera.unbind(1), point.unbind(1), weight, feature.unbind(1), torch)

    def backward(function: Callable[..., Any]) -> Any:
        for leaf in leaves:
            leaf.grad = None
        found = function(*leaves, features)
        found.sum().backward()
        return found.detach()

    start = time.perf_counter()
    ways = {"PyTorch, backward()": error, "PyTorch, torch.compile and backward()": torch.compile(error)}
    for name, function in ways.items():
        runs[name] = functools.partial(backward, function)
        try:
            agree(name, runs[name](), value)
        except torch._dynamo.exc.BackendCompilerFailed:  # it needs a C++ compiler
            notes.append(f"{name}: left out, there is no C++ compiler.")
            del runs[name]
            continue
        for leaf, wanted in zip(leaves, slopes):
            agree(name, leaf.grad, wanted)
    notes.append(f"torch.compile took {time.perf_counter() - start:.1f} s.")


def point(everything: set[int]) -> list[Table]:
    given = [np.ascontiguousarray(array[0]) for array in scene(1)]
    x = np.concatenate([np.ravel(array) for array in given])
    out = np.empty(16)
    kernel = llvm.scalar(bundle_adjustment())
    numbers = x.tolist()
    compiled = ag.compile(lambda x: squared_error(x[:11], x[11:14], x[14], x[15:17]))
    bound, (value, slope) = compiled.bind(x, of="value_and_grad"), compiled.value_and_grad(x)
    new: Runs = {"ours": lambda: compiled.value_and_grad(x)}
    held: Runs = {
        "ours, bound": bound,
        "ours, the kernel alone, an array in and one out": lambda: kernel.into(x, out),
        "ours, the kernel alone, floats in, a list out": lambda: kernel.call(*numbers),
    }
    kernel.into(x, out)
    agree("ours", [value, *slope[:15]], out)
    agree("ours, bound", [bound()[0], *bound()[1]], [value, *slope])
    if installed("jax"):
        import jax

        jitted = jax.jit(jax_bundle_adjustment())
        on_device = [jax.numpy.array(array.reshape(shape)) for array, shape in zip(given, SHAPES)]
        new["JAX, jit(value_and_grad)"] = lambda: jax.block_until_ready(jitted(*on_device))
        agree("JAX", new["JAX, jit(value_and_grad)"]()[1][0], out[1:12])
    if installed("symengine"):
        function, result = symengine_bundle_adjustment(), np.empty(16)
        new["symengine, Lambdify by LLVM"] = lambda: function(x)
        held["symengine, Lambdify by LLVM, unsafe_real"] = lambda: function.unsafe_real(x, result)
        held["symengine, Lambdify by LLVM, unsafe_real"]()
        agree("symengine", result, out)
    if installed("casadi"):
        results = [np.empty(size) for size in (1, 11, 3, 1)]
        held["CasADi, buffered"] = casadi_buffered(casadi_bundle_adjustment(), given, results)
        held["CasADi, buffered"]()
        agree("CasADi", np.concatenate(results), out)
    title = "Bundle adjustment, value and gradient at one point"
    return [
        Table(f"{title}, an array in, new ones out", "ours", timed(new)),
        Table(f"{title}, in arrays that stay where they are", "ours, bound", timed(held)),
    ]


# ---- micrograd's network ---------------------------------------------------------------------------------------------

SIZES = (2, 16, 16, 1)


def data(n: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(1337)
    points = rng.normal(size=(n, 2))
    return rng.uniform(-1.0, 1.0, problems.network(SIZES)), points, np.sign(points[:, 0] * points[:, 1])


def network(everything: set[int]) -> list[Table]:
    parameters, points, labels = data(20)

    def loss(parameters: Any, relu: Any = primitives.relu) -> Any:
        return problems.hinge_loss(SIZES, parameters, points.tolist(), labels.tolist(), relu)

    start, started = time.process_time(), time.perf_counter()
    builder = Builder()
    forward = builder.program([loss([builder.input() for _ in parameters])])
    traced = time.process_time()
    program = reverse(forward)
    reversed_ = time.process_time()
    kernel = llvm.scalar(program)
    done, ended = time.process_time(), time.perf_counter()
    notes = [
        f"{len(forward.instructions):,} operations, {len(program.instructions):,} with the gradient; traced in "
        f"{traced - start:.2f} s, differentiated in {reversed_ - traced:.2f} s, compiled in {done - reversed_:.2f} s: "
        f"{done - start:.2f} s of the processor's time, {ended - started:.2f} s by the clock."
    ]
    compiled = ag.compile(loss)
    start = time.perf_counter()
    compiled.value_and_grad(parameters)
    notes.append(f"The first call of `ag.compile(loss).value_and_grad` took {time.perf_counter() - start:.2f} s.")
    out = np.empty(len(program.outputs))
    kernel.into(parameters, out)
    agree("ours", compiled.value_and_grad(parameters)[1], out[1:])
    runs: Runs = {
        "ours": lambda: compiled.value_and_grad(parameters),
        "ours, the kernel alone": lambda: kernel.into(parameters, out),
    }
    if installed("micrograd"):
        import micrograd.engine

        def theirs() -> Any:
            leaves = [micrograd.engine.Value(float(p)) for p in parameters]
            value = loss(leaves, lambda x: x.relu())
            value.backward()
            return [value.data, *[leaf.grad for leaf in leaves]]

        sys.setrecursionlimit(100_000)
        agree("micrograd", theirs(), out)
        runs["micrograd"] = theirs

    def eager() -> Any:
        leaves = [ag.Value(float(p)) for p in parameters]
        loss(leaves).backward()
        return [leaf.grad for leaf in leaves]

    agree("ours, eager", eager(), out[1:])
    runs["ours, eager: Values and backward()"] = eager
    if installed("casadi"):
        import casadi

        p = casadi.SX.sym("p", len(parameters))
        value = loss([p[i] for i in range(len(parameters))], lambda x: casadi.fmax(x, 0.0))
        start = time.perf_counter()
        function = casadi.Function("loss", [p], [value, casadi.gradient(value, p)])
        notes.append(f"CasADi differentiated in {time.perf_counter() - start:.2f} s.")
        results = [np.empty(1), np.empty(len(parameters))]
        runs["CasADi, virtual machine, buffered"] = casadi_buffered(function, [parameters], results)
        runs["CasADi, virtual machine, buffered"]()
        agree("CasADi", np.concatenate(results), out)
    if installed("jax"):
        import jax

        jitted = jax.jit(jax.value_and_grad(jax_loss))
        on_device = [jax.numpy.array(array) for array in (parameters, points, labels)]
        runs["JAX, jit, as matrices"] = lambda: jax.block_until_ready(jitted(*on_device))
        agree("JAX", runs["JAX, jit, as matrices"]()[1], out[1:])
    return [Table("micrograd's network, loss and gradient over 20 points", "ours", timed(runs), notes)]


def layers(parameters: Any) -> list[Any]:
    """A vector of parameters as one matrix a layer, biases last."""
    at, blocks = 0, []
    for inputs, outputs in itertools.pairwise(SIZES):
        blocks.append(parameters[at : at + outputs * (inputs + 1)].reshape(outputs, inputs + 1))
        at += outputs * (inputs + 1)
    return blocks


def hinges(parameters: Any, x: Any, y: Any, relu: Any) -> Any:
    """The network as those write it who have matrices: max(0, 1 - y·score) of each row of `x`."""
    *hidden, last = layers(parameters)
    for block in hidden:
        x = relu(x @ block[:, :-1].T + block[:, -1])
    return relu(1.0 - y * (x @ last[:, :-1].T + last[:, -1])[:, 0])


def jax_loss(parameters: Any, x: Any, y: Any) -> Any:
    import jax

    return hinges(parameters, x, y, jax.nn.relu).mean() + 1e-4 * (parameters * parameters).sum()


def shared(everything: set[int]) -> list[Table]:
    parameters, points, labels = data(ROWS)

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        return primitives.relu(1.0 - y * problems.forward(SIZES, parameters, x, primitives.relu)[0])

    compiled = ag.compile(loss, in_axes=(None, 0, 0))
    start = time.perf_counter()
    value, slope = compiled.value_and_grad(parameters, points, labels, threads=1)
    notes = [f"The first call took {time.perf_counter() - start:.2f} s."]
    runs: Runs = {"ours": lambda: compiled.value_and_grad(parameters, points, labels, threads=1)}
    if installed("jax"):
        import jax

        jitted = jax.jit(jax.value_and_grad(lambda p, x, y: hinges(p, x, y, jax.nn.relu).sum()))
        on_device = [jax.numpy.array(array) for array in (parameters, points, labels)]
        runs["JAX, jit, as matrices"] = lambda: jax.block_until_ready(jitted(*on_device))
        their_value, their_slope = runs["JAX, jit, as matrices"]()
        agree("JAX", their_value, value)
        agree("JAX", their_slope, slope)
    if installed("torch"):
        import torch

        leaf = torch.tensor(parameters, requires_grad=True)
        x, y = torch.tensor(points), torch.tensor(labels)

        def backward(function: Any) -> Any:
            leaf.grad = None
            function(leaf, x, y, torch.relu).sum().backward()
            return leaf.grad

        agree("PyTorch", backward(hinges), slope)
        runs["PyTorch, as matrices, backward()"] = functools.partial(backward, hinges)
    title = f"The same network, loss and gradient over {ROWS:,} rows, shared parameters: a row"
    return [Table(title, "ours", timed(runs, ROWS), notes)]


def layer(everything: set[int]) -> list[Table]:
    d, rng = 100, np.random.default_rng(0)
    matrix, x = rng.normal(size=(d, d)) / 10.0, rng.normal(size=d)
    compiled = ag.compile(lambda matrix, x: sum(map(ag.math.tanh, matrix @ x)), argnums=(0, 1))
    taken, (value, slopes) = first(lambda: compiled.value_and_grad(matrix, x))
    notes = [f"The first call took {taken:.2f} s."]
    runs: Runs = {"ours": lambda: compiled.value_and_grad(matrix, x)}
    if installed("jax"):
        import jax

        both = jax.value_and_grad(lambda matrix, x: jax.numpy.tanh(matrix @ x).sum(), argnums=(0, 1))
        beside_jax(runs, "JAX, jit, as matrices", both, [matrix, x], [value, *slopes])
    if installed("torch"):
        name, wanted = "PyTorch, as matrices, backward()", [value, *slopes]
        beside_torch(runs, name, lambda matrix, x: (matrix @ x).tanh().sum(), [matrix, x], wanted)
    title = f"The sum of tanh of a matrix of {d} × {d} times a vector, value and gradient by both"
    return [Table(title, "ours", timed(runs), notes)]


PARTS = {"rows": rows, "point": point, "network": network, "shared": shared, "layer": layer}

if __name__ == "__main__":
    main(PARTS, sys.argv[1:])
