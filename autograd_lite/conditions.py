"""Terms of the chain rule under conditions: sweeps over numbers without a value yet, or that are differentiated again.

Where an operation selects, a term is there or not by a truth that is a number of the program too. A term keeps the
conditions that it is under, and a `where` applies them as late as possible. `terms` is what one node passes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import primitives
from .primitives import Primitive, constant, unequal, where
from .value import Value

Choice = tuple[Any, bool]  # a truth, and how it comes out where a path is chosen
_MOST = 8  # so many choices along a way are told apart; of more, one truth is made


class Way:
    """When a term of the chain rule is there: where all of its `choices` come out as they are wanted.

    Truths are known by identity. What is made of a way is kept, so that all that goes the same way shares it.
    """

    __slots__ = ("_made", "_truth", "choices", "keys")

    def __init__(self, choices: dict[tuple[int, bool], Choice]) -> None:
        self.choices = choices
        self.keys = choices.keys()
        self._truth = next(iter(choices.values())) if len(choices) == 1 else None
        self._made: dict[Any, tuple[Any, Way]] = {}  # with what it was made of, whose identity is the key

    def truth(self) -> Choice:
        """All of it as one choice."""
        if self._truth is None:
            here: Any = 1.0
            for choice in self.choices.values():  # the first innermost: what ways begin alike with is shared
                here = _chosen(choice, here, 0.0)
            self._truth = unequal(here, 0.0), True
        truth, wanted = self._truth
        return (truth.number() if isinstance(truth, _Any) else truth), wanted

    def both(self, choice: Choice) -> Way:
        """The way on which that choice is made too."""
        key = _key(choice)
        if key in self.keys:
            return self
        if key not in self._made:
            before = self.choices if len(self.choices) < _MOST else _choices(self.truth())
            self._made[key] = choice, Way({**before, key: choice})
        return self._made[key][1]

    def either(self, other: Way) -> Way:
        """The way that is there where one of the two is."""
        if id(other) not in self._made:
            ((truth, _),) = self.choices.values() if len(self.choices) == 1 else ((None, True),)
            before = truth if isinstance(truth, _Any) else _Any(None, self)
            self._made[id(other)] = other, Way(_choices((_Any(before, other), True)))
        return self._made[id(other)][1]

    def without(self, key: tuple[int, bool]) -> Way | None:
        """The way without one of its choices; None for always."""
        rest = {k: choice for k, choice in self.choices.items() if k != key}
        return Way(rest) if rest else None


class _Any:
    """Whether any of several ways is there: a truth that is a number only when one is asked for."""

    __slots__ = ("_count", "_number", "before", "way")

    def __init__(self, before: _Any | None, way: Way) -> None:
        self.before = before
        self.way = way
        self._count: Any = None  # of the ways that are there
        self._number: Any = None

    def number(self) -> Any:
        if self._number is None:
            uncounted, found = [], self
            while found is not None and found._count is None:
                uncounted.append(found)
                found = found.before  # type: ignore[assignment]
            count = -0.0 if found is None else found._count
            for found in reversed(uncounted):
                count = found._count = _chosen(found.way.truth(), 1.0, 0.0) + count
            self._number = unequal(count, 0.0)
        return self._number


def _key(choice: Choice) -> tuple[int, bool]:
    return id(choice[0]), choice[1]


def _choices(choice: Choice) -> dict[tuple[int, bool], Choice]:
    return {_key(choice): choice}


def _chosen(choice: Choice, there: Any, elsewhere: Any) -> Any:
    truth, wanted = choice
    if isinstance(truth, _Any):
        truth = truth.number()
    return where(truth, there, elsewhere) if wanted else where(truth, elsewhere, there)


class Term:
    """An adjoint or a tangent in a sweep whose numbers have no value yet: a number, and the way that it is there on.

    Elsewhere there is no path, whatever the number is, which may be nan. The conditions are applied, as a `where`, when
    paths meet, and at the end (`total`).

    >>> from autograd_lite import Value, math
    >>> c = math.less(Value(1.0, "x"), 0.0)
    >>> Term(float("inf")).under((c, True)).total().data
    0.0
    """

    __slots__ = ("number", "way", "zero")

    def __init__(self, number: Any, way: Way | None = None, zero: bool = False) -> None:
        self.number = number
        self.way = way  # None for always
        self.zero = zero  # whether the number is 0.0 elsewhere

    def under(self, choice: Choice) -> Term | None:
        """The term where it is chosen too; None where that is known not to be."""
        truth, wanted = choice
        if isinstance(truth, float):
            return self if (truth != 0.0) is wanted else None
        if self.way is None:
            return Term(self.number, Way(_choices(choice)))
        return None if (id(truth), not wanted) in self.way.keys else Term(self.number, self.way.both(choice))

    def __mul__(self, slope: Any) -> Term:
        if type(slope) is float and slope == 1.0:
            return self
        if type(self.number) is float and self.number == 1.0:
            return Term(slope, self.way)
        return Term(self.number * slope, self.way)

    def __add__(self, other: Term) -> Term:
        a, b = self.way, other.way
        if a is b or (a is not None and b is not None and a.keys == b.keys):
            return Term(self.number + other.number, a, self.zero and other.zero)
        if a is None or (b is not None and a.keys < b.keys):
            return Term(self.number + other.total(), a)
        if b is None or b.keys < a.keys:
            return Term(self.total() + other.number, b)
        apart = a.keys - b.keys
        if len(apart) == 1 and len(a.keys) == len(b.keys):
            ((truth, wanted),) = apart
            if (truth, not wanted) in b.keys:
                return Term(_chosen(a.choices[truth, wanted], self.number, other.number), a.without((truth, wanted)))
        return Term(self.total() + other.total(), a.either(b), zero=True)

    def total(self) -> Any:
        """The number, and 0.0 where there is no path."""
        return self.number if self.way is None or self.zero else _chosen(self.way.truth(), self.number, 0.0)


class Bundle(dict[int, Any]):
    """Adjoints, or tangents, of many directions at once: a sparse vector, that a sweep carries as it does a number.

    What is missing has no path.

    >>> Bundle({0: 2.0}) * 3.0 + Bundle({0: 1.0, 5: 4.0})
    {0: 7.0, 5: 4.0}
    """

    __slots__ = ()

    def __add__(self, other: Any) -> Bundle:
        total = Bundle(self)
        if isinstance(other, Bundle):
            for k, x in other.items():
                total[k] = total[k] + x if k in total else x
        return total

    def __mul__(self, slope: Any) -> Bundle:
        return Bundle({k: x * slope for k, x in self.items()})

    def under(self, choice: Choice) -> Bundle:
        """As `Term.under`, direction by direction."""
        found = {k: x.under(choice) for k, x in self.items()}
        return Bundle({k: x for k, x in found.items() if x is not None})

    def total(self) -> Bundle:
        """As `Term.total`, direction by direction."""
        return Bundle({k: x.total() for k, x in self.items()})


def terms(
    op: Any, record: tuple[Any, ...], factors: Sequence[Any], slopes: Callable[..., Any], forward: bool = False
) -> Sequence[Any]:
    """What a node of numbers without a value sends to its parents, or, `forward`, gets from them:
    factor · ∂node/∂parent.

    `record` has the node and its operands, `factors` a Term or a Bundle of Terms for each operand, or None where there
    is to be no term. ``slopes(rule, record)`` applies a rule of the table. A loop, which is
    outside the table of primitives, knows its terms itself.
    """
    if not isinstance(op, Primitive):
        return record[0].terms(factors, forward)  # type: ignore[no-any-return]
    if op.all_slopes is not None:
        every = slopes(op.all_slopes, record)
        return [None if factor is None else factor * every[place] for place, factor in enumerate(factors)]
    found: list[Any] = []
    for factor, slope, choose, never in zip(factors, op.derivatives, op.choices, op.piecewise_constant):
        if factor is None or never:
            factor = None
        elif choose is None:
            factor = factor * slopes(slope, record)
        else:
            truth, wanted, chosen = slopes(choose, record)
            factor = factor.under((truth, wanted))
            factor = None if factor is None else factor * chosen
        found.append(factor)
    return found


def as_recorded(node: Any) -> tuple[Any, ...]:
    """`node` and its parents as they were when it was made, for its local derivatives: constants as floats, the others
    as Values, with an identity in between where one's data was set since."""
    if not isinstance(node, Value):  # a compiler's tracer
        return node.as_recorded()  # type: ignore[no-any-return]
    y, *numbers = node.record
    return (
        _with_data(node, y),
        *[
            number if parent.op is constant else _with_data(parent, number)
            for parent, number in zip(node.parents, numbers)
        ],
    )


def _with_data(node: Value, number: float) -> Value:
    data = node._data
    if data is number or data == number or (data != data and number != number):
        return node
    frozen: Value = primitives.identity(node)
    frozen._data, frozen.record = number, (number, number)
    return frozen
