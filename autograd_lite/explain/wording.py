"""Numbers, names and expressions as text, each of bounded length.

A node is called by its label, else by what the caller's variables call it, else by its expression: ``x + y``. Symbols
and parentheses follow from the primitives of the table. A local derivative is put into words by running the primitive
on nodes that bear its arguments' names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from itertools import chain, count

from ..coercion import short_label
from ..expressions import Term, in_python, number, number_term, spoken, written
from ..graph import topological_order
from ..names import names_of
from ..numerics.ieee import errstate
from ..primitives import CALL, PRODUCT, Primitive, constant
from ..recording import recording
from ..value import NOT_CHOSEN, Value, as_constant, has_path

LONGEST = 36  # characters of an expression; what is longer is shown to a lesser depth
DEEPEST = 4
MOST_ARGUMENTS = 4
MORE = Term("…")


def counted(n: int, thing: str) -> str:
    """How many things there are, however many.

    >>> counted(1, "path"), counted(2**50, "path"), counted(2**100_000, "path")
    ('1 path', '1,125,899,906,842,624 paths', 'about 10^30103 paths')
    """
    if n >= 10**18:
        import math

        return f"about 10^{math.log10(n):.0f} {thing}s"
    return f"{n:,} {thing}{'s' * (n != 1)}"


def product(factors: Iterable[float], result: float, precision: int = 4) -> str:
    """A product in numbers, with its result.

    >>> product([1.0, -4.0], -4.0), product([float("inf"), 0.0], float("nan"))
    ('1 × −4 = −4', 'inf × 0 = nan')
    """
    return f"{' × '.join(number(factor, precision) for factor in factors)} = {number(result, precision)}"


def no_path(op: Primitive, operand: int, slope: float, adjoint: float) -> str:
    """Why an operand is sent no term, in a few words; "" where it is sent one.

    >>> from autograd_lite.primitives import floor, maximum, mul, stop_gradient
    >>> no_path(maximum, 0, 0.0, 2.0), no_path(floor, 0, 0.0, 2.0), no_path(stop_gradient, 0, 0.0, 2.0)
    ('not chosen', 'floor is constant between steps', 'stopped')
    >>> no_path(mul, 0, 0.0, 2.0), no_path(mul, 0, 0.0, NOT_CHOSEN)
    ('', 'no path leads here')
    """
    if adjoint is NOT_CHOSEN:
        return "no path leads here"
    if has_path(op, operand, slope):
        return ""
    return op.no_path_reason if op.piecewise_constant[operand] else "not chosen"


def term(op: Primitive, operand: int, slope: float, adjoint: float, precision: int = 4) -> str:
    """What an operand is sent, in numbers: local gradient × gradient from above, or why nothing.

    >>> from autograd_lite.primitives import maximum
    >>> term(maximum, 0, 1.0, 2.0), term(maximum, 1, 0.0, float("inf"))
    ('1 × 2 = 2', '0 (not chosen)')
    """
    why = no_path(op, operand, slope, adjoint)
    return f"0 ({why})" if why else product([slope, adjoint], adjoint * slope, precision)


def check_value(asked: str, thing: object) -> None:
    """TypeError for what is no Value."""
    if not isinstance(thing, Value):
        raise TypeError(f"{asked}: expected a Value, got {type(thing).__name__} {short_label(repr(thing), 40)}")


def added(terms: Iterable[str]) -> str:
    """A sum of numbers as text.

    >>> added(["3", "−4", "1"])
    '3 − 4 + 1'
    """
    return " + ".join(terms).replace("+ −", "− ")


def with_operands(nodes: Iterable[Value]) -> dict[Value, None]:
    """The nodes and all that the expression of any of them may be written with."""
    found = dict.fromkeys(nodes)
    last = list(found)
    for _ in range(DEEPEST):
        last = [parent for node in last for parent in node.parents if parent not in found]
        found.update(dict.fromkeys(last))
    return found


class Names:
    """What the nodes of one graph are called.

    Args:
        nodes: those that may be named; nodes of other graphs can be asked about as well.
        roots: outputs, which get a letter from f on if nothing else names them: a gradient is *of* something,
        asked: and *by* something: leaves, which get a letter from x on.
        names: as for a drawing: True for the caller's variables, False for labels only, or a namespace.
        precision: how many digits the constants of an expression have.

    >>> x, y = Value(1.0, "x"), Value(2.0, "y")
    >>> q = (x + y) * 2
    >>> names = Names([x, y, q.parents[0], q], names=False)
    >>> names(x), names(q), names.expression(q)
    ('x', '(x + y) × 2', '(x + y) × 2')
    >>> Names([x, q], names={"q": q}).definition(q)
    'q = (x + y) × 2'
    """

    def __init__(
        self,
        nodes: Iterable[Value],
        names: bool | Mapping[str, object] = True,
        roots: Iterable[Value] = (),
        asked: Iterable[Value] = (),
        precision: int = 4,
    ) -> None:
        nodes = list(nodes)
        self._precision = precision
        self._symbol = spoken
        self._given = names_of(nodes, names)
        taken = {node.label for node in nodes} | set(self._given.values())
        for nameless, letters in (
            ([node for node in roots if self.given(node) is None], "fgh"),
            ([node for node in asked if self.given(node) is None and not node.parents], "xyz"),
        ):
            free = (name for name in chain(letters, map(f"{letters[0]}{{}}".format, count(1))) if name not in taken)
            self._given.update(zip(nameless, free))

    def in_python(self) -> Names:
        """The same, whose expressions have Python's operators and names of functions."""
        names = copy(self)
        names._symbol = in_python
        return names

    def given(self, node: Value) -> str | None:
        """The node's label, or the variable's name; None if it has neither."""
        name = node.label or self._given.get(node)
        return short_label(name) if name else None

    def __call__(self, node: Value) -> str:
        return self.given(node) or self.expression(node)

    def atom(self, node: Value) -> str:
        """The node's name, in parentheses if it is an operation written out."""
        return f"{self._words(node, LONGEST):{CALL}}"

    def expression(self, node: Value, longest: int = LONGEST) -> str:
        """The operation that made the node, with the names of its operands; the number of a leaf."""
        return self._fitting(node, DEEPEST, longest).text

    def definition(self, node: Value) -> str:
        """The node's name with the operation that made it; ``x`` for a leaf."""
        name = self.given(node)
        if name is None:
            return self.expression(node)
        return name if not node.parents else f"{name} = {self.expression(node)}"

    def in_numbers(self, node: Value, precision: int = 4) -> str:
        """The operation that made the node, with its operands' numbers: ``−2 + 5``."""
        if node.op is None or node.op is constant:
            return number(node.data, precision)
        operands = [number_term(x, precision) for x in node.record[1 : MOST_ARGUMENTS + 1]]
        return written(node.op, [*operands, *([MORE] if len(node.parents) > MOST_ARGUMENTS else [])]).text

    def short(self, node: Value) -> str:
        """The node's name, else the symbol of its operation, else its number."""
        name = self.given(node)
        if name is not None or node.op is None or node.op is constant:
            return name or number(node.data)
        return node.op.symbol

    def derivative(self, of: str, by: Value) -> str:
        """``∂of/∂by``."""
        return f"∂{of}/∂{self.atom(by)}"

    def slope(self, node: Value, operand: int, longest: int = 24) -> str | None:
        """The local derivative of the operation as a factor of a product, or None if it is a number or no short one.

        >>> x, y = Value(1.0, "x"), Value(2.0, "y")
        >>> Names([]).slope(x * y, 0), Names([]).slope(x.exp(), 0), Names([]).slope(x + y, 0)
        ('y', 'exp(x)', None)
        """
        op = node.op
        if op is None or op.selects:  # the local derivative of a choice is a number
            return None
        words = _slope(op, node, operand, {parent: self._words(parent, longest) for parent in node.parents}, self)
        return None if words is None or len(words.text) > longest else f"{words:{PRODUCT}}"

    def _words(self, node: Value, longest: int) -> Term:
        name = self.given(node)
        if name is not None:
            return Term(name)
        return self._fitting(node, DEEPEST - 1, longest)

    def _fitting(self, node: Value, deepest: int, longest: int) -> Term:
        """The expression as deep as it fits, and no deeper than one gap: ``… + w × x`` says more than two."""
        for depth in range(deepest, 0, -1):
            words = _written(node, self, depth)
            if len(words.text) <= longest and (depth < 3 or words.text.count("…") < 2):
                return words
        return words._replace(text=short_label(words.text, longest))


def _slope(op: Primitive, node: Value, operand: int, words: dict[Value, Term], names: Names) -> Term | None:
    y = Value(node.record[0])
    arguments = [
        number if parent.op is constant else Value(number) for parent, number in zip(node.parents, node.record[1:])
    ]
    known = {x: words[parent] for x, parent in zip(arguments, node.parents) if isinstance(x, Value)}
    name = names.given(node)
    known[y] = _written(node, names, 2) if name is None else Term(name)
    try:
        with recording(), errstate(all="ignore"):
            slope = op.derivative(operand)(y, *arguments)
    except Exception:  # of the user's own operation, whose derivative may be for floats only
        return None
    if not isinstance(slope, Value) or slope.op is constant:
        return None
    slope = _simplified(_simplified(slope, known), known)
    if any(step.op is not None and "_" in spoken(step.op) for step in topological_order(slope) if step not in known):
        return None  # a primitive that only derivatives use
    return known[slope] if slope in known else _written(slope, names, DEEPEST, known)


def _simplified(slope: Value, known: Mapping[Value, Term]) -> Value:
    """The same for reading: in operations that people write, with nothing left to compute among constants."""
    same: dict[Value, Value] = {}
    with recording(), errstate(all="ignore"):
        for node in topological_order(slope, until=known):
            op, operands = node.op, [same[parent] for parent in node.parents]
            if node in known or op is None or op is constant:
                same[node] = node
            elif all(operand.op is constant for operand in operands):
                same[node] = as_constant(op(*[operand.data for operand in operands]))
            else:
                neutral = [
                    operands[1 - place]
                    for place, number in enumerate(op.neutral)
                    if number is not None and operands[place].op is constant and operands[place].data == number
                ]
                same[node] = neutral[0] if neutral else (op.display_as or op)(*operands)
    return same[slope]


def _written(node: Value, names: Names, depth: int, known: Mapping[Value, Term] | None = None) -> Term:
    """The operation of `node`, its operands written out to so many levels or until they have a name."""
    op = node.op
    if op is None or op is constant:
        return number_term(node.data, names._precision)
    operands = []
    for parent in node.parents[:MOST_ARGUMENTS]:
        name = names.given(parent)
        if known and parent in known:
            operands.append(known[parent])
        elif name is not None:
            operands.append(Term(name))
        elif depth == 1 and parent.parents:
            operands.append(MORE)
        else:
            operands.append(_written(parent, names, depth - 1, known))
    if len(node.parents) > MOST_ARGUMENTS:
        operands.append(MORE)
    return written(op, operands, names._symbol(op))
