"""When another specialization of a function is worth its compile time.

Calls that no trace serves run eagerly. They are told apart by the guard at which they leave the traces there are; once
those that left at one guard have taken as long as a specialization is estimated to take, one is made. So whatever the
sequence of calls, what is spent on compiling stays below what the eager engine has spent.
"""

from __future__ import annotations

import warnings

from ...numerics.ieee import frames_to_the_user
from ..tracing.guards import Trace
from ..tracing.user_code import written

_MANY = 8  # guards at which calls have left the traces, from which on the user is told
_LONG = 1.0  # seconds of eager calls, from which on as well
_KEPT = 10_000  # of such, for which times are kept


class Misses:
    """The eager calls of one function for inputs of one shape. Times are in seconds."""

    def __init__(self) -> None:
        self.last = 0.0  # what the last eager call took
        self._eager: dict[int, tuple[float, int]] = {}  # by where they left: time, and calls
        self._ratio = 0.0  # of the time that a specialization took to that of an eager call
        self._spent = 0.0
        self._builds = 0
        self._warned = False

    def built(self, where: int, seconds: float, tracing: float) -> None:
        """A specialization was made for such calls, in so many seconds, of which the function was traced in some."""
        time, calls = self._eager.pop(where, (0.0, 0))
        eager = time / calls if calls else tracing / _TRACING
        self._ratio = max(seconds / max(eager, 1e-7), self._ratio / 2)
        self._builds += 1

    def is_worth(self, where: int) -> bool:
        """Whether another specialization is, for calls that left there."""
        time, calls = self._eager.get(where, (0.0, 0))
        return calls > 0 and time >= self._ratio * time / calls

    def ran(self, where: int, seconds: float) -> None:
        """Such a call ran eagerly, in so many seconds."""
        self.last = seconds
        self._spent += seconds
        time, calls = self._eager.get(where, (0.0, 0))
        if len(self._eager) >= _KEPT and not calls:
            self._eager.clear()
        self._eager[where] = time + seconds, calls + 1

    def warn(self, name: str, trace: Trace | None, guard: int | None) -> None:
        """Tell the user once, if calls keep leaving the traces, with the line of the guard at which this one did."""
        if self._warned or (len(self._eager) + self._builds < _MANY and self._spent < _LONG):
            return
        self._warned = True
        known = trace is not None and guard is not None and guard < len(trace.places)
        place = trace.places[guard] if known else ("", 0)  # type: ignore[union-attr, index]
        line = f" at {written(*place)}" if place[0] else ""
        warnings.warn(
            f"compile: {name} branches in many ways on its inputs{line}: where no compiled specialization fits, it "
            "runs eagerly. What compiles once for all inputs: where(c, a, b), maximum and minimum for a choice, "
            "autograd_lite.while_loop and scan for a loop, take(xs, i) and interp(x, xp, fp) for a table",
            RuntimeWarning,
            stacklevel=frames_to_the_user(),
        )


_TRACING = 10.0  # to trace a function takes up to about so many times as long as to run it
