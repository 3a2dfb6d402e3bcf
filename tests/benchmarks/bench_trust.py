"""False alarms and misses: how `check_gradients` judges right gradients and planted errors, beside other checkers.

``python tests/benchmarks/bench_trust.py [CHECKS]`` draws that many checks (20,000 by default) of the right gradients of
`tests/testing/gradients.py`, at points that hypothesis draws from ±8, ±10⁴ and the integers, then up to 100 examples of
each planted error, prints the planted errors one by one, and writes the table of docs/testing.md. What is done is kept
in a file, ``trust.json`` in the folder for temporary files, for each case: stopped, the command goes on from there.
Others run where they take the function at all: gradcheck PyTorch's in double precision, `check_grads` JAX's, and
`scipy.optimize.check_grad` gradients by hand of one output, against 1e-4 as in its examples (it has no verdict of its
own).
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "testing"))
import gradients
from gradients import Case

from autograd_lite.testing import GradientError, check_gradients

EXAMPLES = 100  # of a planted error
PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
KEPT = Path(tempfile.gettempdir()) / "trust.json"


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


def false_alarms(case: Case, checks: int) -> dict[str, list[int]]:
    """For each checker its checks, alarms and undecided ones, of one right gradient."""
    counts: dict[str, list[int]] = {}
    for number, xs in enumerate(drawn(case, checks)):
        for name, checker in CHECKERS.items():
            if checker is not ours and number >= 10:
                continue  # for the shares a part will do
            found = verdict(checker, case, xs)
            if found is None and checker is not ours:
                continue
            counted = counts.setdefault(name, [0, 0, 0])
            counted[0] += 1
            counted[1] += found is False
            counted[2] += found is None
            if checker is ours and found is False:
                print(f"ALARM {case.name} at {xs}", flush=True)
    print(f"{case.name}: {counts}", file=sys.stderr, flush=True)
    return counts


def misses(case: Case) -> dict[str, int]:
    """For each checker that takes a planted error the number of the example that found it; 0 if none did."""
    found: dict[str, int] = {}
    for name, checker in CHECKERS.items():
        if checker is not ours and verdict(checker, case, next(drawn(case, 1))) is None:
            continue
        said = (k for k, xs in enumerate(drawn(case, EXAMPLES), 1) if verdict(checker, case, xs) is False)
        found[name] = next(said, 0)
    print(f"{case.name}: {found}", file=sys.stderr, flush=True)
    return found


def main() -> None:
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    checks = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    right, planted = gradients.right_cases(), gradients.planted_cases()
    each = -(-checks // len(right))
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for case, own in [*((c, f"{c.name} × {each}") for c in right), *((c, c.name) for c in planted)]:
        if own not in kept:
            kept[own] = misses(case) if case in planted else false_alarms(case, each)
            KEPT.write_text(json.dumps(kept))
    rows = ["| | checks of right gradients | alarms | undecided | planted errors found |", "|---|--:|--:|--:|--:|"]
    found = [kept[case.name] for case in planted]
    for name in CHECKERS:
        counts = [kept[f"{case.name} × {each}"].get(name, [0, 0, 0]) for case in right]
        number, alarms, undecided = map(sum, zip(*counts))
        share = f" ({100 * alarms / number:.2g} %)" if alarms else ""
        planted_found = f"{sum(bool(f.get(name)) for f in found)} of {sum(name in f for f in found)}"
        rows.append(f"| {name} | {number:,} | {alarms}{share} | {undecided} | {planted_found} |")
    for case in planted:
        print(case.name, *[f"{name} {k or 'never'}" for name, k in kept[case.name].items()], sep=" | ")
    print("\n".join(rows))
    page, table = PAGE.read_text(encoding="utf-8"), "\n".join([*rows, "", ""])
    page, count = re.subn(r"\| \| checks of right.*?\n\n", table, page, flags=re.DOTALL)
    assert count == 1
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
