"""IEEE 754 arithmetic on Python's floats: one policy for every inf and nan, and the events that report them.

Python raises where IEEE 754 has a result (``1.0 / 0.0``, ``math.log(0.0)``, ``math.exp(1000.0)``). Here its exception
is what triggers the slow path that finds that result, so that ordinary numbers pay nothing. `errstate` says what to do
about such an event, with the names and defaults of NumPy's. Imports `scopes` for its state and `warnings`.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from contextvars import ContextVar
from typing import Any

from ..scopes import Scope

INF, NAN = math.inf, math.nan


def divide(a: float, b: float) -> float:
    """a / b where ``b`` is zero: ±inf by the signs of both, nan for 0/0."""
    if b:
        return a / b
    return NAN if a == 0.0 or a != a else math.copysign(INF, a) * math.copysign(1.0, b)


def power(a: float, b: float) -> float:
    """a ** b where `math.pow` raises: poles at zero, overflow with its sign, and nan (never complex) for a negative
    base to a broken power."""
    odd = b % 2.0 == 1.0
    if a == 0.0:
        return math.copysign(INF, a) if odd else INF
    if a < 0.0 and b % 1.0 != 0.0:  # of nan too
        return NAN
    return -INF if a < 0.0 and odd else INF


def event_kind(result: float, args: tuple[float, ...], raised: BaseException | None, defined: bool) -> str | None:
    """What NumPy would call this result: "invalid", "divide" (a pole), "over", or None for no event at all.

    A nan out of no nan is invalid. An inf out of finite numbers is an overflow where the operation is `defined` or
    Python says that it is, and else a pole.
    """
    if result != result:
        return None if any(x != x for x in args) else "invalid"
    if result - result == 0.0 or any(x - x != 0.0 for x in args):
        return None
    return "over" if defined or isinstance(raised, OverflowError) else "divide"


_ENCOUNTERED = {"divide": "divide by zero", "over": "overflow", "invalid": "invalid value"}
_ACTIONS = ("warn", "raise", "ignore")
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # the folder of the package


def report(kind: str, operation: str, result: float) -> None:
    """Report that `operation`, written with its arguments, gave the non-finite `result`."""
    action = errstate.variable.get()[0][kind]
    if action == "ignore":
        return
    message = f"{_ENCOUNTERED[kind]} encountered in {operation} = {result}"
    if action == "raise":
        raise FloatingPointError(message)
    warnings.warn(message, RuntimeWarning, stacklevel=frames_to_the_user())


def shows_nothing(told: set[Any]) -> bool:
    """Whether `report` would show nothing here: all events are ignored, or the line outside this package is among those
    `told` before, and Python's filters show a warning once a line. Else the line is told now.
    """
    frame = sys._getframe(frames_to_the_user() - 1)
    actions = tuple(errstate.variable.get()[0].values())
    line = frame.f_code.co_filename, frame.f_lineno, actions
    if set(actions) == {"ignore"}:
        return True
    if line not in told or "raise" in actions:
        told.add(line)
        return False
    for action, message, category, module, _ in warnings.filters:
        if issubclass(RuntimeWarning, category):
            if action in ("always", "all", "error"):
                return False
            if message is None and module is None:
                break
    return True


def frames_to_the_user() -> int:
    """The `stacklevel` with which a warning from `report` names the first line outside this package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and os.path.abspath(frame.f_code.co_filename).startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    return level


class errstate(Scope):
    """What to do about an operation that makes an inf or a nan out of finite numbers: a context or a decorator.

    `divide` (a pole: ``1/0``, ``log 0``), `over` (overflow) and `invalid` (``sqrt(-1)``, ``0/0``) each take "warn" (the
    default: a `RuntimeWarning` naming the operation, its arguments and their labels), "raise" (`FloatingPointError`
    with the same message) or "ignore"; `all` sets the three. Contexts nest, and belong to their own thread or task.

    >>> from autograd_lite import Value, errstate
    >>> with errstate(divide="raise"):
    ...     Value(1.0, "a") / Value(0.0, "b")
    Traceback (most recent call last):
      ...
    FloatingPointError: divide by zero encountered in a=1.0 ÷ b=0.0 = inf
    """

    __slots__ = ("_changes",)

    variable = ContextVar("autograd_lite.errstate", default=(dict.fromkeys(_ENCOUNTERED, "warn"), None))

    def __init__(
        self, *, all: str | None = None, divide: str | None = None, over: str | None = None, invalid: str | None = None
    ) -> None:
        self._changes = {
            kind: action
            for kind, action in (("divide", divide or all), ("over", over or all), ("invalid", invalid or all))
            if action is not None
        }
        for kind, action in self._changes.items():
            if action not in _ACTIONS:
                raise ValueError(f'errstate({kind}={action!r}): an action is one of "warn", "raise" and "ignore"')

    def setting(self, outer: dict[str, str]) -> dict[str, str]:
        return outer | self._changes
