"""Rosenbrock's gradient and Hessian beside autograd (HIPS), JAX without jit, PyTorch and XAD, in one process.

Run as a script: ``python tests/benchmarks/bench_derivatives.py``. Every system runs the same scalar program, a Python
loop over the coordinates; autograd, JAX and PyTorch are also given it vectorised, which a scalar engine is not for. The
systems take turns, and a figure is the median of its runs; each system's result is checked against ours first. A
system that is not installed is left out, and said to be.
"""

from __future__ import annotations

import gc
import importlib.util
import itertools
import statistics
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

import autograd_lite as ag

GRADIENTS, HESSIANS = (2, 10, 100), (10, 30)
SECONDS = 0.4  # what a system's runs of one problem may take; of a slow one there are at least three


def scalar(x: Any) -> Any:
    """Rosenbrock's function, coordinate by coordinate."""
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x))


def vectorised(x: Any) -> Any:
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


Systems = dict[str, dict[str, Callable[[list[float]], Any]]]


def ours() -> Systems:
    return {"ours": {"gradient": ag.grad(scalar), "Hessian": ag.hessian(scalar)}}


def hips() -> Systems:
    import autograd

    def of(fn: Any) -> dict[str, Any]:
        g, h = autograd.grad(fn), autograd.hessian(fn)
        return {"gradient": lambda x: g(np.array(x)), "Hessian": lambda x: h(np.array(x))}

    return {"autograd": of(scalar), "autograd, vectorised": of(vectorised)}


def jax() -> Systems:
    import jax

    jax.config.update("jax_enable_x64", True)

    def of(fn: Any) -> dict[str, Any]:
        g, h = jax.grad(fn), jax.hessian(fn)

        def run(f: Any) -> Any:
            return lambda x: jax.block_until_ready(f(jax.numpy.array(x)))

        return {"gradient": run(g), "Hessian": run(h)}

    return {"JAX, no jit": of(scalar), "JAX, no jit, vectorised": of(vectorised)}


def pytorch() -> Systems:
    import torch

    torch.set_num_threads(1)

    def of(fn: Any) -> dict[str, Any]:
        def gradient(x: list[float]) -> Any:
            t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
            fn(t).backward()
            return t.grad

        def hessian(x: list[float]) -> Any:
            return torch.autograd.functional.hessian(fn, torch.tensor(x, dtype=torch.float64))

        return {"gradient": gradient, "Hessian": hessian}

    return {"PyTorch": of(scalar), "PyTorch, vectorised": of(vectorised)}


def xad() -> Systems:
    import xad.adj_1st

    def gradient(x: list[float]) -> list[float]:
        with xad.adj_1st.Tape() as tape:
            inputs = [xad.adj_1st.Real(v) for v in x]
            for v in inputs:
                tape.registerInput(v)
            tape.newRecording()
            y = scalar(inputs)
            tape.registerOutput(y)
            y.derivative = 1.0
            tape.computeAdjoints()
            return [v.derivative for v in inputs]

    return {"XAD (C++ tape)": {"gradient": gradient}}  # from Python it has no second order


def installed() -> Systems:
    systems: Systems = {}
    for make in (ours, hips, jax, pytorch, xad):
        try:
            systems |= make()
        except ImportError as missing:
            print(f"{make.__name__}: left out, {missing}")
    return systems


def seconds(systems: Systems, what: str, x: list[float]) -> dict[str, float]:
    """The median time of each system, taking turns until each has had its share."""
    found: dict[str, list[float]] = {name: [] for name in systems}
    gc.collect()
    while waiting := [name for name, runs in found.items() if len(runs) < 3 or sum(runs) < SECONDS]:
        for name in waiting:
            start = time.perf_counter()
            systems[name][what](x)
            found[name].append(time.perf_counter() - start)
    return {name: statistics.median(runs) for name, runs in found.items()}


def main() -> None:
    warnings.simplefilter("ignore")
    systems = installed()
    packages = ("numpy", *(name for name in ("autograd", "jax", "torch", "xad") if importlib.util.find_spec(name)))
    print("; ".join(f"{name} {version(name)}" for name in packages))
    for what, sizes in (("gradient", GRADIENTS), ("Hessian", HESSIANS)):
        for n in sizes:
            x = [0.5 + 0.01 * i for i in range(n)]
            expected = np.array(systems["ours"][what](x))
            able = {name: system for name, system in systems.items() if what in system}
            for name, system in able.items():
                got = np.array(system[what](x), dtype=float)
                assert np.allclose(got, expected, rtol=1e-10), f"{name}: the {what} differs"
            found = seconds(able, what, x)
            print(f"\n{what} of Rosenbrock in {n} dimensions")
            for name, taken in found.items():
                print(f"  {name:<26}{1e6 * taken:>12.1f} µs  {taken / found['ours']:>9.2f} of ours")


if __name__ == "__main__":
    main()
