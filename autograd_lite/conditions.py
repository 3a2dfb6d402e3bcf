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
Way = tuple[Choice, ...]
_MOST = 8  # so many ways into a node, and choices along a way, are told apart; of more, one truth is made


class Conditions:
    """When a term of the chain rule is there: where any of `ways` is, and a way is where all of its choices are.

    None stands for always. Truths are known by identity. What is made of conditions is kept, so that the edges of one
    node share it.
    """

    __slots__ = ("_and", "_truth", "ways")

    def __init__(self, ways: tuple[Way, ...]) -> None:
        self.ways = ways
        self._and: dict[tuple[int, bool], Conditions] = {}
        self._truth: Any = None

    def truth(self) -> Choice:
        """All of it as one choice."""
        if len(self.ways) == 1 and len(self.ways[0]) == 1:
            return self.ways[0][0]
        if self._truth is None:
            count: Any = -0.0  # of the ways that are there
            for way in self.ways:
                here: Any = 1.0
                for choice in way:  # the first innermost: ways that begin alike share what they begin with
                    here = _chosen(choice, here, 0.0)
                count = here + count
            self._truth = unequal(count, 0.0)
        return self._truth, True


def _key(choice: Choice) -> tuple[int, bool]:
    return id(choice[0]), choice[1]


def _keys(way: Way) -> set[tuple[int, bool]]:
    return {_key(choice) for choice in way}


def _chosen(choice: Choice, there: Any, elsewhere: Any) -> Any:
    truth, wanted = choice
    return where(truth, there, elsewhere) if wanted else where(truth, elsewhere, there)


def _both(conditions: Conditions | None, choice: Choice) -> Conditions:
    if conditions is None:
        return Conditions(((choice,),))
    made = conditions._and.get(_key(choice))
    if made is None:
        way = conditions.ways[0]
        if len(conditions.ways) > 1 or len(way) >= _MOST:
            way = (conditions.truth(),)
        way = way if _key(choice) in _keys(way) else (*way, choice)
        made = conditions._and[_key(choice)] = Conditions((way,))
    return made


def _either(a: Conditions | None, b: Conditions | None) -> Conditions | None:
    if a is None or b is None:
        return None
    ways = [*a.ways]
    for way in b.ways:
        place = 0
        while place < len(ways):
            merged = _merged(ways[place], way)
            if merged is None:
                place += 1
            else:
                del ways[place]
                way, place = merged, 0
        if not way:
            return None
        ways.append(way)
    made = Conditions(tuple(ways))
    return made if len(ways) <= _MOST else Conditions(((made.truth(),),))


def _merged(a: Way, b: Way) -> Way | None:
    """Where either is, as one way: "c and d, or c" and "c and d, or c and not d" are "c". None if it takes two."""
    if _keys(a) <= _keys(b):
        return a
    if _keys(b) <= _keys(a):
        return b
    decided = _apart(a, b)
    return None if decided is None else tuple([choice for choice in a if choice is not decided])


def _apart(a: Way, b: Way) -> Choice | None:
    """The choice of `a` that comes out the other way in `b`, if they are else the same."""
    others = _keys(b)
    only = [choice for choice in a if _key(choice) not in others]
    return only[0] if len(a) == len(b) and len(only) == 1 and (id(only[0][0]), not only[0][1]) in others else None


class Term:
    """An adjoint or a tangent in a sweep whose numbers have no value yet: a number, and the conditions it is under.

    Where its conditions do not hold there is no path, whatever the number is, which may be nan. They are applied, as a
    `where`, when paths meet, and at the end (`total`).

    >>> from autograd_lite import Value, math
    >>> c = math.less(Value(1.0, "x"), 0.0)
    >>> Term(float("inf")).under((c, True)).total().data
    0.0
    """

    __slots__ = ("conditions", "number")

    def __init__(self, number: Any, conditions: Conditions | None = None) -> None:
        self.number = number
        self.conditions = conditions

    def under(self, choice: Choice) -> Term | None:
        """The term where it is chosen too; None where that is known not to be."""
        truth, wanted = choice
        if isinstance(truth, float):
            return self if (truth != 0.0) is wanted else None
        return Term(self.number, _both(self.conditions, choice))

    def __mul__(self, slope: Any) -> Term:
        if type(slope) is float and slope == 1.0:
            return self
        if type(self.number) is float and self.number == 1.0:
            return Term(slope, self.conditions)
        return Term(self.number * slope, self.conditions)

    def __add__(self, other: Term) -> Term:
        a, b = self.conditions, other.conditions
        if a is b:
            return Term(self.number + other.number, a)
        conditions = _either(a, b)
        if a is not None and b is not None and len(a.ways) == len(b.ways) == 1:
            decided = _apart(a.ways[0], b.ways[0])
            if decided is not None:
                return Term(_chosen(decided, self.number, other.number), conditions)
        return Term(self.total() + other.total(), conditions)

    def total(self) -> Any:
        """The number, and 0.0 where there is no path."""
        return self.number if self.conditions is None else _chosen(self.conditions.truth(), self.number, 0.0)


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
    every = slopes(op.all_slopes, record) if op.all_slopes is not None else ()
    found: list[Any] = []
    for place, factor in enumerate(factors):
        if factor is None or (op.all_slopes is None and op.piecewise_constant[place]):
            found.append(None)
        elif op.all_slopes is not None:
            found.append(factor * every[place])
        elif (choose := op.choices[place]) is not None:
            truth, wanted, slope = slopes(choose, record)
            factor = factor.under((truth, wanted))
            found.append(None if factor is None else factor * slope)
        else:
            found.append(factor * slopes(op.derivatives[place], record))
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
