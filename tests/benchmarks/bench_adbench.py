"""ADBench's other objectives at their small sizes: a mixture of Gaussians, an LSTM, a hand, simple and on its skin.

Run as a script: ``python tests/benchmarks/bench_adbench.py [mixture|lstm|hand|skin …]``. One process, one processor;
every system's value and derivatives are compared with ours first, to 1e-9 of the largest. JAX, PyTorch get the
objectives in arrays (`peers`), ours and CasADi number by number (`problems`).
"""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import peers
import problems
from measure import Runs, Table, agree, beside_jax, beside_torch, casadi_buffered, first, installed, main, timed

import autograd_lite as ag

TORCH = "PyTorch, in arrays, backward()"
GAMMA, EXTRA = 1.0, 0  # of the prior, as in ADBench's instances
PIECE = 11  # characters in one compiled piece of the LSTM; 1,023 are 93 of them


def mixture(everything: set[int]) -> list[Table]:
    d, components, points = 10, 25, 1000
    alphas, means, factors, x = problems.mixture(d, components, points)
    of_points = ag.compile(
        lambda alphas, means, factors, x: problems.mixture_point(alphas, means, factors, x, ag.math),
        in_axes=(None, None, None, 0),
        argnums=(0, 1, 2),
    )
    rest = ag.compile(
        lambda alphas, factors: problems.mixture_rest(alphas, factors, points, d, GAMMA, EXTRA, ag.math), argnums=(0, 1)
    )

    def ours() -> list[Any]:
        value, (by_alphas, by_means, by_factors) = of_points.value_and_grad(alphas, means, factors, x, threads=1)
        more, (more_alphas, more_factors) = rest.value_and_grad(alphas, factors)
        return [value + more, by_alphas + more_alphas, by_means, by_factors + more_factors]

    taken, wanted = first(ours)
    notes = [f"{alphas.size + means.size + factors.size:,} parameters. The first call of ours took {taken:.2f} s."]
    runs: Runs = {"ours": ours}
    arrays = [alphas, means, factors]
    if installed("jax"):
        import jax

        both = jax.value_and_grad(lambda *p: peers.jax_mixture(*p, x, GAMMA, EXTRA), argnums=(0, 1, 2))
        notes.append(beside_jax(runs, "JAX, jit, in arrays", both, arrays, wanted))
    if installed("torch"):
        import torch

        at = torch.tensor(x)
        beside_torch(
            runs, "PyTorch, in arrays, backward()", lambda *p: peers.torch_mixture(*p, at, GAMMA, EXTRA), arrays, wanted
        )
    if installed("casadi"):
        taken, function = first(lambda: casadi_mixture(d, components, points))
        notes.append(f"CasADi's took {taken:.2f} s.")
        results = [np.empty(1), *[np.empty_like(array) for array in arrays]]
        runs["CasADi, map, buffered"] = casadi_buffered(function, [alphas, means, factors, x], results)
        runs["CasADi, map, buffered"]()
        for theirs, mine in zip(results, wanted):
            agree("CasADi", theirs, np.reshape(mine, theirs.shape))
    title = f"ADBench's GMM (d = {d}, K = {components}, {points:,} points), value and gradient"
    return [Table(title, "ours", timed(runs), notes)]


def casadi_mixture(d: int, components: int, points: int) -> Any:
    """A matrix here has a column for each row of NumPy's."""
    import casadi

    numbers = types.SimpleNamespace(exp=casadi.exp, logsumexp=lambda terms: casadi.logsumexp(casadi.vertcat(*terms)))
    sizes = [(components, 1), (d, components), (d * (d + 1) // 2, components)]
    rows = lambda a: [[a[i, j] for i in range(a.shape[0])] for j in range(a.shape[1])]
    alphas, means, factors = [casadi.SX.sym(name, *size) for name, size in zip("amf", sizes)]
    x = casadi.SX.sym("x", d)
    parts = rows(alphas)[0], rows(means), rows(factors)
    one = casadi.Function("one", [alphas, means, factors, x], [problems.mixture_point(*parts, rows(x)[0], numbers)])
    more = problems.mixture_rest(parts[0], parts[2], points, d, GAMMA, EXTRA, numbers)
    rest = casadi.Function("rest", [alphas, factors], [more])
    whole = [casadi.MX.sym(name, *size) for name, size in zip("amf", sizes)]
    data = casadi.MX.sym("x", d, points)
    value = casadi.sum2(one.map(points)(*whole, data)) + rest(whole[0], whole[2])
    slopes = [casadi.gradient(value, part) for part in whole]
    return casadi.Function("mixture", [*whole, data], [value, *slopes])


def lstm(everything: set[int]) -> list[Table]:
    main, extra, state, sequence = problems.lstm(2, 1024)
    scale = -1.0 / ((len(sequence) - 1) * sequence.shape[1])

    def piece(main: Any, extra: Any, state: Any, characters: Any) -> tuple[Any, Any]:
        values = []
        for x, gold in itertools.pairwise(characters):
            value, state = problems.lstm_step(main, extra, state, x, gold, ag.math)
            values.append(value)
        return problems.summed(values) * scale, np.array(state)

    def pulled_back(main: Any, extra: Any, state: Any, characters: Any, adjoint: Any) -> Any:
        value, after = piece(main, extra, state, characters)
        return value + (after * adjoint).sum()

    pieces = [sequence[i : i + PIECE + 1] for i in range(0, len(sequence) - 1, PIECE)]
    states = np.empty((len(pieces) + 1, *state.shape))
    characters, before, adjoint = np.array(pieces[0]), np.array(state), np.zeros_like(state)
    arguments = main, extra, before, characters
    taken, forward = first(lambda: ag.compile(piece).bind(*arguments))
    pulling = ag.compile(pulled_back, argnums=(0, 1, 2))
    taken_back, backward = first(lambda: pulling.bind(*arguments, adjoint, of="grad"))

    def ours() -> list[Any]:
        """The states forwards in time, then backwards each piece with the adjoint of the state after it."""
        total, states[0] = 0.0, state
        for i, piece in enumerate(pieces):
            before[:], characters[:] = states[i], piece
            value, after = forward()
            total, states[i + 1] = total + float(value), after
        by_main, by_extra, adjoint[:] = np.zeros_like(main), np.zeros_like(extra), 0.0
        for i in reversed(range(len(pieces))):
            before[:], characters[:] = states[i], pieces[i]
            of_main, of_extra, of_before = backward()
            by_main += of_main
            by_extra += of_extra
            adjoint[:] = of_before
        return [total, by_main, by_extra]

    wanted = ours()
    title = "ADBench's LSTM (2 layers, 1,024 characters of 14 bits), value and gradient"
    notes = [
        f"Ours is a compiled piece of {PIECE} characters, forwards and then backwards through time, bound to its "
        f"arrays and called from Python {len(pieces)} times each way; compiled in {taken + taken_back:.2f} s. Unrolled "
        "whole it would be some two million operations."
    ]
    runs: Runs = {"ours, in compiled pieces": ours}
    if installed("jax"):
        import jax

        both = jax.value_and_grad(lambda m, e: peers.jax_lstm(m, e, state, sequence), argnums=(0, 1))
        notes.append(beside_jax(runs, "JAX, jit and scan, in arrays", both, [main, extra], wanted))
    if installed("torch"):
        import torch

        at, begin = torch.tensor(sequence), torch.tensor(state)
        beside_torch(
            runs,
            "PyTorch, in arrays, backward()",
            lambda m, e: peers.torch_lstm(m, e, begin, at),
            [main, extra],
            wanted,
        )
    if installed("casadi"):
        taken, function = first(lambda: casadi_lstm(main, extra, state, sequence))
        notes.append(f"CasADi's took {taken:.2f} s.")
        results = [np.empty(1), np.empty_like(main), np.empty_like(extra)]
        runs["CasADi, mapaccum, buffered"] = casadi_buffered(function, [main, extra, state, sequence], results)
        runs["CasADi, mapaccum, buffered"]()
        for theirs, mine in zip(results, wanted):
            agree("CasADi", theirs, np.reshape(mine, theirs.shape))
    return [Table(title, "ours, in compiled pieces", timed(runs), notes)]


def casadi_lstm(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    import casadi

    numbers = types.SimpleNamespace(
        exp=casadi.exp, log=casadi.log, tanh=casadi.tanh, sigmoid=lambda x: 1.0 / (1.0 + casadi.exp(-x))
    )
    rows = lambda a: [[a[i, j] for i in range(a.shape[0])] for j in range(a.shape[1])]
    names, shapes = ("s", "x", "g", "m", "e"), (state.T.shape, (14, 1), (14, 1), main.T.shape, extra.T.shape)
    s, x, gold, m, e = symbols = [casadi.SX.sym(name, *shape) for name, shape in zip(names, shapes)]
    value, after = problems.lstm_step(rows(m), rows(e), rows(s), rows(x)[0], rows(gold)[0], numbers)
    after = casadi.horzcat(*[casadi.vertcat(*row) for row in after])
    steps = len(sequence) - 1
    along = casadi.Function("step", symbols, [after, value]).mapaccum(steps)
    m, e, s, x = [casadi.MX.sym("x", *array.T.shape) for array in (main, extra, state, sequence)]
    values = along(s, x[:, :-1], x[:, 1:], casadi.repmat(m, 1, steps), casadi.repmat(e, 1, steps))[1]
    loss = casadi.sum2(values) * (-1.0 / (steps * 14))
    return casadi.Function("lstm", [m, e, s, x], [loss, casadi.gradient(loss, m), casadi.gradient(loss, e)])


def hand(everything: set[int]) -> list[Table]:
    _, pose, model = problems.hand(100)

    def residuals(pose: Any) -> Any:
        return np.array(problems.hand_residuals(pose, model, ag.math))

    title = "ADBench's hand (26 parameters, 22 bones, 100 points), residuals and Jacobian"
    return [jacobians(title, residuals, pose, "hand", model, sparse=False)]


def skin(everything: set[int]) -> list[Table]:
    places, pose, model = problems.hand(100)

    def residuals(z: Any) -> Any:
        return np.array(problems.hand_residuals_on_skin(z[:200].reshape(100, 2), z[200:], model, ag.math))

    title = "ADBench's hand, two coordinates a point on its skin (226 parameters), residuals and Jacobian"
    return [jacobians(title, residuals, np.concatenate([places.ravel(), pose]), "hand_on_skin", model, sparse=True)]


def jacobians(title: str, residuals: Any, z: Any, name: str, model: Any, sparse: bool) -> Table:
    compiled = ag.compile(residuals)
    calls = {"ours": lambda: (compiled(z), compiled.jacobian(z))}
    if sparse:
        calls = {"ours, a sparse Jacobian": lambda: (compiled(z), compiled.jacobian(z, sparse=True)), **calls}
    notes, runs = [], dict[str, Callable[[], Any]](calls)
    for label, call in calls.items():
        taken, (wanted, slopes) = first(call)
        notes.append(f"The first calls of {label} took {taken:.2f} s.")
    if sparse:
        agree("ours, sparse", calls["ours, a sparse Jacobian"]()[1].toarray(), slopes)
    if installed("jax"):
        import jax

        function = getattr(peers, f"jax_{name}")(model)
        both = lambda z: (function(z), jax.jacfwd(function)(z))
        notes.append(beside_jax(runs, "JAX, jit(jacfwd), in arrays", both, [z], [wanted, slopes]))
    if installed("torch"):
        import torch

        of, at = getattr(peers, f"torch_{name}")(model), torch.tensor(z)
        by = torch.func.jacfwd(of) if len(z) < len(wanted) else torch.func.jacrev(of)
        runs["PyTorch, jacfwd, in arrays"] = lambda: (of(at), by(at))
        theirs = runs["PyTorch, jacfwd, in arrays"]()
        agree("PyTorch", theirs[0], wanted)
        agree("PyTorch", theirs[1], slopes)
    if installed("casadi"):
        taken, (function, pattern) = first(lambda: casadi_hand(name, model, len(z)))
        notes.append(f"CasADi's took {taken:.2f} s.")
        results = [np.empty(len(wanted)), np.empty(pattern.nnz())]
        runs["CasADi, a sparse Jacobian, buffered"] = casadi_buffered(function, [z], results)
        runs["CasADi, a sparse Jacobian, buffered"]()
        agree("CasADi", results[0], wanted)
        dense = np.zeros_like(slopes)
        dense[pattern.get_triplet()] = results[1]
        agree("CasADi", dense, slopes)
    return Table(title, next(iter(calls)), timed(runs), notes)


def casadi_hand(name: str, model: Any, size: int) -> Any:
    """CasADi has no branch: the rotation is built for an angle that is none of the smallest."""
    import casadi

    numbers = types.SimpleNamespace(sin=casadi.sin, cos=casadi.cos, sqrt=casadi.sqrt, less=lambda a, b: False)
    z = casadi.SX.sym("z", size)
    entries = [z[i] for i in range(size)]
    if name == "hand":
        residuals = problems.hand_residuals(entries, model, numbers)
    else:
        places = list(zip(entries[:-26:2], entries[1:-26:2]))
        residuals = problems.hand_residuals_on_skin(places, entries[-26:], model, numbers)
    residuals = casadi.vertcat(*residuals)
    slopes = casadi.jacobian(residuals, z)
    return casadi.Function("hand", [z], [residuals, slopes]), slopes.sparsity()


PARTS = {"mixture": mixture, "lstm": lstm, "hand": hand, "skin": skin}

if __name__ == "__main__":
    main(PARTS, sys.argv[1:])
