"""The chain rule, twice: the reverse sweep and the forward sweep over any graph, each in a few lines.

    ∂z/∂x = Σᵢ ∂z/∂yᵢ · ∂yᵢ/∂x   over the successors yᵢ of x

Neither knows a derivative or a kind of number: what one node passes on is the caller's `pull` or `push`. A term of None
is no path at all, which is not the same as a zero. Source: Griewank & Walther, Evaluating Derivatives (2008), ch. 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .graph import N
from .primitives import Primitive, unequal, where


def reverse(order: Iterable[N], adjoints: dict[N, Any], pull: Callable[[N, Any], Iterable[Any]]) -> dict[N, Any]:
    """Carry `adjoints` back from the outputs: `order` has each node before its parents.

    ``pull(node, adjoint)`` gives one term for each parent, ``adjoint · ∂node/∂parent``, or None for no path.
    """
    get = adjoints.get
    for node in order:
        parents = node.parents
        if parents and (adjoint := get(node)) is not None:
            terms = pull(node, adjoint)
            if len(parents) == 2:  # most nodes of most graphs: the loop below, unrolled, is a third faster
                (a, b), (to_a, to_b) = parents, terms
                if to_a is not None:
                    before = get(a)
                    adjoints[a] = to_a if before is None else before + to_a
                if to_b is not None:
                    before = get(b)
                    adjoints[b] = to_b if before is None else before + to_b
                continue
            for parent, term in zip(parents, terms):
                if term is not None:
                    before = get(parent)
                    adjoints[parent] = term if before is None else before + term
    return adjoints


def forward(order: Iterable[N], tangents: dict[N, Any], push: Callable[[N, list[Any]], Iterable[Any]]) -> dict[N, Any]:
    """Carry `tangents` on from the inputs: `order` has each node after its parents.

    ``push(node, tangents)`` gives one term for each parent, ``∂node/∂parent · tangent``, or None for no path; the
    tangent is None where there is none.
    """
    for node in order:
        if node.parents and node not in tangents:
            along = [tangents.get(parent) for parent in node.parents]
            total = None
            if any(tangent is not None for tangent in along):
                for term in push(node, along):
                    if term is not None:
                        total = term if total is None else total + term
            if total is not None:
                tangents[node] = total
    return tangents


# ---- terms under conditions ------------------------------------------------------------------------------------------

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


def terms(op: Primitive, record: tuple[Any, ...], factors: Sequence[Any], slopes: Callable[..., Any]) -> list[Any]:
    """What a node of numbers without a value sends to its parents, or gets from them: factor · ∂node/∂parent.

    `record` has the node and its operands, `factors` a Term or a Bundle of Terms for each operand, or None where there
    is to be no term. ``slopes(rule, record)`` applies a rule of the table.
    """
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
