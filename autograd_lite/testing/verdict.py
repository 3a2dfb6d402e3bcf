"""What a check says: a report if nothing is wrong, an error that reads like a good assertion if something is."""

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
    ∂f/∂x0 of <lambda> is wrong, in the gradient handed in, at x0=3.0
      found   3.0
      truth   6.0, to 50 digits
      ratio   0.5
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
    """What a check found: how many numbers were compared, and how they were decided. True if every one is right.

    Attributes:
        numbers: values and derivatives that were compared.
        wide: those whose enclosure was too wide to say anything, and that were decided edge by edge.
        undecided: what could not be decided at all, in words, one entry a number.
        notes: what else there is to know: a mode that the library does not offer, how many gradients are stopped.

    >>> from autograd_lite import math
    >>> from autograd_lite.testing import check_gradients
    >>> report = check_gradients(lambda x: math.sin((x + 1e17) - 1e17) * x, 3.0)
    >>> report.numbers, report.wide, report.undecided, bool(report)
    (4, 4, [], True)
    >>> report.told().add_note("seen")
    >>> report.notes
    ['seen']
    >>> check_gradients(lambda x: abs(x) ** 2, 0.0, order=2)
    Report(4 of 5 numbers are right, 0 by their edges, 1 undecided: no second derivative: a kink of abs)
    """

    __slots__ = ("notes", "numbers", "undecided", "wide")

    def __init__(self) -> None:
        self.numbers = 0
        self.wide = 0
        self.undecided: list[str] = []
        self.notes: list[str] = []

    def __bool__(self) -> bool:
        return not self.undecided

    def __repr__(self) -> str:
        decided = self.numbers - len(self.undecided)
        count = f"{decided} of {self.numbers}" if self.undecided else f"{decided}"
        reasons = f": {'; '.join(dict.fromkeys(self.undecided))}" if self.undecided else ""
        notes = "".join(f"; {note}" for note in self.notes)
        by_edges = f"{self.wide} by their edges"
        return f"Report({count} numbers are right, {by_edges}, {len(self.undecided)} undecided{reasons}{notes})"

    def add_note(self, what: str) -> None:
        """Add to the notes, once."""
        if what not in self.notes:
            self.notes.append(what)

    def told(self) -> Report:
        """Report to hypothesis' statistics what was not decided as it should be."""
        if hypothesis.currently_in_test_context():
            if self.wide:
                hypothesis.event("enclosure too wide: decided edge by edge")
            for what in dict.fromkeys([*self.undecided, *self.notes]):
                hypothesis.event(f"{'undecided: ' if what in self.undecided else ''}{what}")
        return self


def at_point(point: Sequence[float], names: Sequence[str] | None = None, most: int = 8) -> str:
    """A point in words: ``x0=1.0, x1=2.0``; of many numbers, the first."""
    names = names or [f"x{i}" for i in range(len(point))]
    shown = ", ".join(f"{name}={x!r}" for name, x in zip(names[:most], point))
    return shown if len(point) <= most else f"{shown}, … ({len(point)} numbers)"
