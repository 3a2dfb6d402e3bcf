"""False alarms and misses: how `check_gradients` judges right gradients and planted errors, beside other checkers.

``python tests/benchmarks/bench_trust.py [CHECKS]`` draws that many checks (20,000 by default) of the right gradients of
`tests/testing/gradients.py`, at points that hypothesis draws from ±8, ±10⁴ and the integers, then up to 100 examples of
each planted error, and prints the two tables of docs/testing.md. Others run where they take the function at all:
gradcheck PyTorch's in double precision, `check_grads` JAX's, and `scipy.optimize.check_grad` gradients by hand of one
output, against 1e-4 as in its examples (it has no verdict of its own).
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "testing"))
import gradients
from gradients import Case

from autograd_lite.testing import GradientError, check_gradients

EXAMPLES = 100  # of a planted error


def points(case: Case) -> st.SearchStrategy[list[float]]:
    """As a test would draw them: small numbers, large ones, and integers, where ties are."""
    near = st.floats(max(case.least, -8.0), min(case.most, 8.0))
    wide = st.floats(max(case.least, -1e4), min(case.most, 1e4))
    whole = st.integers(max(-4, int(max(case.least, -4.0)) + 1), int(min(case.most, 4.0))).map(float)
    whole = whole.filter(lambda x: case.least <= x <= case.most) if case.most >= 1 else near
    return st.lists(st.one_of(near, wide, whole), min_size=case.count, max_size=case.count)


def drawn(case: Case, count: int) -> Iterator[list[float]]:
    found: list[list[float]] = []

    @settings(max_examples=count, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(points(case))
    def collect(xs: list[float]) -> None:
        found.append(xs)

    collect()
    return iter(found[:count])


@contextlib.contextmanager
def precision(case: Case) -> Iterator[None]:
    if case.name.startswith("jax") and case.name.endswith("float64"):
        import jax

        with jax.enable_x64(True):
            yield
    else:
        yield


def ours(case: Case, xs: list[float]) -> bool | None:
    """True if the checker is content, False if it alarms, None if it says that it does not know."""
    try:
        return True if case.check(check_gradients, xs) else None
    except GradientError:
        return False


def of_torch(case: Case, xs: list[float]) -> bool | None:
    import torch

    def checker(fn: Callable[..., Any], *args: Any, **options: Any) -> bool:
        args = tuple(x.requires_grad_() for x in args)
        check = torch.autograd.gradgradcheck if options.get("order") == 2 else torch.autograd.gradcheck
        return bool(check(fn, args, raise_exception=False))

    if "torch" not in case.name or "float32" in case.name or "bfloat16" in case.name:
        return None  # it is for double precision
    return case.check(checker, xs)  # type: ignore[no-any-return]


def of_jax(case: Case, xs: list[float]) -> bool | None:
    def checker(fn: Callable[..., Any], *args: Any) -> bool:
        import jax.test_util

        try:
            jax.test_util.check_grads(fn, args, order=1, modes=["rev"])
        except AssertionError:
            return False
        return True

    return case.check(checker, xs) if "jax" in case.name else None  # type: ignore[no-any-return]


def of_scipy(case: Case, xs: list[float]) -> bool | None:
    from scipy import optimize

    if case.gradient is None or len(case.build(xs)) > 1:
        return None

    def checker(fn: Callable[..., Any], x: Any, gradient: Any) -> bool:
        import numpy as np

        flat = np.atleast_1d(x)
        error = optimize.check_grad(
            lambda y: float(fn(y.reshape(np.shape(x)) if np.ndim(x) else y[0])),
            lambda y: np.atleast_1d(gradient(y.reshape(np.shape(x)) if np.ndim(x) else y[0])), flat,
        )  # fmt: skip
        return bool(error <= 1e-4)

    try:
        return case.check(checker, xs)  # type: ignore[no-any-return]
    except (TypeError, ValueError):  # several outputs
        return None


def of_autograd(case: Case, xs: list[float]) -> bool | None:
    """The gradient as the rule of an operation of autograd's, as who uses it writes one."""
    import autograd.extend
    import numpy as np
    from autograd.test_util import check_grads

    if case.gradient is None or len(case.build(xs)) > 1:
        return None
    (x,) = case.build(xs)
    if np.ndim(case.fn(x)):
        return None
    rule = case.gradient
    operation = autograd.extend.primitive(case.fn)
    autograd.extend.defvjp(operation, lambda y, x: lambda g: g * rule(x))
    try:
        check_grads(operation, modes=["rev"], order=1)(x)
    except AssertionError:
        return False
    except (TypeError, ValueError, KeyError):  # of a kind of numbers that it does not take
        return None
    return True


CHECKERS = {
    "`check_gradients`": ours,
    "`torch.autograd.gradcheck`": of_torch,
    "`jax.test_util.check_grads`": of_jax,
    "`scipy.optimize.check_grad`": of_scipy,
    "`autograd.test_util.check_grads`": of_autograd,
}


def verdict(checker: Callable[..., Any], case: Case, xs: list[float]) -> bool | None:
    """A checker that crashes on a right gradient alarms."""
    with warnings.catch_warnings(), precision(case):
        warnings.simplefilter("ignore")
        try:
            return checker(case, xs)  # type: ignore[no-any-return]
        except Exception as error:
            if checker is ours:
                print(f"{case.name} at {xs}: {type(error).__name__}: {error}", file=sys.stderr)
            return False


def false_alarms(checks: int, cases: list[Case], checkers: dict[str, Any], show: bool = True) -> dict[str, list[int]]:
    """For each checker its checks, alarms and undecided ones, over right gradients."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for case in cases:
        own = [0, 0, 0]
        for number, xs in enumerate(drawn(case, -(-checks // len(cases)))):
            for name, checker in checkers.items():
                if checker is not ours and number >= 10:
                    continue  # for the shares a part will do
                found = verdict(checker, case, xs)
                if found is None and checker is not ours:
                    continue
                for counted in (counts[name], *([own] if checker is ours else [])):
                    counted[0] += 1
                    counted[1] += found is False
                    counted[2] += found is None
                if show and checker is ours and found is False:
                    print(f"ALARM {case.name} at {xs}", flush=True)
        if show:
            print(f"{case.name}: {own[0]} checks, {own[1]} alarms, {own[2]} undecided", file=sys.stderr, flush=True)
    return counts


def misses(cases: list[Case], checkers: dict[str, Any], examples: int = EXAMPLES) -> dict[str, dict[str, int | None]]:
    """For each planted error and checker the number of the example that found it; 0 if none did."""
    table: dict[str, dict[str, int | None]] = {}
    for case in cases:
        table[case.name] = {}
        for name, checker in checkers.items():
            said = [verdict(checker, case, xs) for xs in [next(drawn(case, 1))]]
            if said == [None] and checker is not ours:
                continue
            table[case.name][name] = next(
                (k for k, xs in enumerate(drawn(case, examples), 1) if verdict(checker, case, xs) is False), 0
            )
    return table


def main() -> None:
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    checks = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    right, planted = gradients.right_cases(), gradients.planted_cases()
    counts = false_alarms(checks, right, CHECKERS)
    print(f"\nOf {len(right)} right gradients, hypothesis {hypothesis.__version__}:\n")
    print("| | checks | alarms | undecided |\n|---|--:|--:|--:|")
    for name, (number, alarms, undecided) in counts.items():
        print(f"| {name} | {number:,} | {alarms} ({100 * alarms / number:.2g} %) | {undecided} |")
    table = misses(planted, CHECKERS)
    print(f"\n{len(planted)} planted errors, and the example of {EXAMPLES} that found each, – for none:\n")
    print(f"| | {' | '.join(CHECKERS)} |\n|---|{'--:|' * len(CHECKERS)}")
    for case, found in table.items():
        cells = ["" if name not in found else str(found[name] or "–") for name in CHECKERS]
        print(f"| {case} | {' | '.join(cells)} |")
    print("| found | " + " | ".join(
        f"{sum(bool(f[name]) for f in table.values() if name in f)} of {sum(name in f for f in table.values())}"
        for name in CHECKERS) + " |")  # fmt: skip


if __name__ == "__main__":
    main()
