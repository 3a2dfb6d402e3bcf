"""How fast programs are drawn and checked, and how many planted faults each checker finds, beside those of others.

Run as a script: ``python tests/benchmarks/bench_testing.py``. The same random programs, at the same points, are built
in each system with its own exp, whose derivative is off by a relative error; `torch.autograd.gradcheck`,
`jax.test_util.check_grads` and autograd's `check_grads` run with their own defaults, in double precision. Times are of
the processor, in one thread.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import autograd
import autograd.extend
import autograd.numpy
import autograd.test_util
import jax
import jax.numpy
import jax.test_util
import numpy as np
import torch
from hypothesis import HealthCheck, Phase, given, settings

from autograd_lite import primitives
from autograd_lite.testing import GradientError, Program, check_gradients, programs

PROGRAMS = 200
ERRORS = (0.0, 1e-2, 1e-4, 1e-6, 1e-9, 1e-12)
ROWS = ["add", "sub", "mul", "sin", "cos", "tanh", "exp"]
RIGHT = primitives.exp.derivatives[0]
jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)


def drawn(count: int, **options: Any) -> list[Program]:
    found: list[Program] = []

    @settings(max_examples=count, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(programs(**options))
    def collect(program: Program) -> None:
        found.append(program)

    collect()
    return found


def run(program: Program, functions: dict[str, Callable[..., Any]], inputs: tuple[Any, ...]) -> Any:
    numbers = list(inputs)
    for op, operands, _ in program.instructions:
        numbers.append(functions[op.name](*[numbers[x] if type(x) is int else x for x in operands]))
    return numbers[-1]


def arithmetic(module: Any, exp: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    return {
        "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
        "sin": module.sin, "cos": module.cos, "tanh": module.tanh, "exp": exp,
    }  # fmt: skip


# ---- the checkers: True where a fault is found -----------------------------------------------------------------------


def ours(program: Program, error: float) -> bool:
    primitives.exp.derivatives = (lambda *args: RIGHT(*args) * (1.0 + error),)
    try:
        check_gradients(program, *program.point, modes=("reverse",))
    except GradientError:
        return True
    finally:
        primitives.exp.derivatives = (RIGHT,)
    return False


def of_torch(program: Program, error: float) -> bool:
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.saved_tensors[0] * (1.0 + error)

    functions = arithmetic(torch, Exp.apply)
    inputs = tuple(torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.point)
    return not torch.autograd.gradcheck(lambda *xs: run(program, functions, xs), inputs, raise_exception=False)


def of_jax(program: Program, error: float) -> bool:
    @jax.custom_vjp
    def exp(x: Any) -> Any:
        return jax.numpy.exp(x)

    exp.defvjp(lambda x: (jax.numpy.exp(x), jax.numpy.exp(x)), lambda y, g: (g * y * (1.0 + error),))
    functions = arithmetic(jax.numpy, exp)
    try:
        jax.test_util.check_grads(lambda *xs: run(program, functions, xs), program.point, order=1, modes=["rev"])
    except AssertionError:
        return True
    return False


def of_autograd(program: Program, error: float) -> bool:
    exp = autograd.extend.primitive(np.exp)
    autograd.extend.defvjp(exp, lambda y, x: lambda g: g * y * (1.0 + error))
    functions = arithmetic(autograd.numpy, exp)
    try:
        for i in range(len(program.point)):
            autograd.test_util.check_grads(
                lambda x, i=i: run(program, functions, (*program.point[:i], x, *program.point[i + 1 :])),
                modes=["rev"], order=1,
            )(program.point[i])  # fmt: skip
    except AssertionError:
        return True
    return False


def main() -> None:
    warnings.simplefilter("ignore")
    for size in ({"max_size": 12}, {"min_size": 100, "max_size": 300}):
        count = 1000 if "min_size" not in size else 50
        start = time.process_time()
        found = drawn(count, **size)
        middle = time.process_time()
        for program in found:
            check_gradients(program, *program.point)
        end = time.process_time()
        length = statistics.mean(map(len, found))
        print(f"programs of {length:.0f} instructions, over all rows: {len(found) / (middle - start):,.0f} drawn and "
              f"{len(found) / (end - middle):,.0f} checked a second, in three ways each")  # fmt: skip
    # A fault counts where a derivative of the program depends on it: exp stands on a path, and its share is not lost.
    some = drawn(6 * PROGRAMS, primitives=ROWS, inputs=2, min_size=2, max_size=8)
    some = [p for p in dict.fromkeys(some) if any(op.name == "exp" for op, *_ in p.instructions) and ours(p, 0.5)]
    some = some[:PROGRAMS]
    print(f"\n{len(some)} programs with a relative error in the derivative of exp: how many each checker finds, in %")
    print(f"{'':<34}" + "".join(f"{error:>9g}" for error in ERRORS) + "   ms each")
    for name, checker in (
        ("check_gradients", ours),
        ("torch.autograd.gradcheck", of_torch),
        ("jax.test_util.check_grads", of_jax),
        ("autograd.test_util.check_grads", of_autograd),
    ):
        shares, times = [], []
        for error in ERRORS:
            start = time.process_time()
            shares.append(100.0 * sum(checker(program, error) for program in some) / len(some))
            times.append(1e3 * (time.process_time() - start) / len(some))
        print(f"{name:<34}" + "".join(f"{share:>9.1f}" for share in shares) + f"{statistics.median(times):>10.2f}")


if __name__ == "__main__":
    main()
