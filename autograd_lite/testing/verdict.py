"""What a check says: a report if all is right, an error that reads like a good assertion if not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import hypothesis


class GradientError(AssertionError):
    """A gradient is wrong. Its text, made when it is first asked for, says which number, where, and why.

    >>> from autograd_lite.testing import check_gradients
    >>> try:
    ...     check_gradients(lambda x: x * x, 3.0, gradient=lambda x: x)
    ... except GradientError as error:
    ...     print(error.summary)
    ∂f/∂x0 of <lambda> is wrong, as a formula, at x0=3.0
      found   3.0
      truth   6.0
    """

    def __init__(self, summary: str, details: Callable[[], Iterable[str]] = tuple) -> None:
        super().__init__(summary)
        self.summary = summary
        self._details = details
        self._text: str | None = None

    def __str__(self) -> str:
        if self._text is None:
            self._text = "\n".join([self.summary, *self._details()])
        return self._text


class Report:
    """What a check found: how many numbers were compared, and how they were decided.

    Attributes:
        numbers: values and derivatives that were compared.
        wide: those whose enclosure was too wide to say anything, and that were decided edge by edge.
        undecided: what could not be decided at all, in words.

    >>> from autograd_lite import math
    >>> from autograd_lite.testing import check_gradients
    >>> report = check_gradients(lambda x: math.sin((x + 1e17) - 1e17) * x, 3.0)
    >>> report.numbers, report.wide, report.undecided
    (4, 4, [])
    >>> report.told() is report
    True
    """

    __slots__ = ("numbers", "undecided", "wide")

    def __init__(self) -> None:
        self.numbers = 0
        self.wide = 0
        self.undecided: list[str] = []

    def __repr__(self) -> str:
        return f"Report({self.numbers} numbers are right, {self.wide} by their edges, {len(self.undecided)} undecided)"

    def told(self) -> Report:
        """Report to hypothesis' statistics what no enclosure decided."""
        if hypothesis.currently_in_test_context():
            if self.wide:
                hypothesis.event("enclosure too wide: decided edge by edge")
            for what in self.undecided:
                hypothesis.event(f"undecided: {what}")
        return self


def at_point(point: Sequence[float]) -> str:
    """A point in words: ``x0=1.0, x1=2.0``."""
    return ", ".join(f"x{i}={x!r}" for i, x in enumerate(point))
