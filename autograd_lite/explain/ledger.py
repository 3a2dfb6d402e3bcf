"""The ledger of one node: the terms that its successors sent back, which add up to its gradient.

    ∂z/∂x = Σᵢ ∂yᵢ/∂x · ∂z/∂yᵢ   over the successors yᵢ of x

A node does not know what was computed from it; `Value.backward` notes the outputs it starts from, and what lies between
such an output and the node is found from there. Terms stand, and are added, in the order in which the sweep adds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..expressions import number
from ..primitives import constant
from ..value import Value, pull
from .history import Sweeps, Term, same, total
from .paths import Between, Path
from .tables import from_text
from .wording import Names, check_value, with_operands

MOST_PATHS = 20


def explain(
    node: Value, z: Value | None = None, *, names: bool | Mapping[str, object] = True, precision: int = 4
) -> Explanation:
    """Why the gradient of `node` is what it is: print it, or read its fields.

    Args:
        node: whose gradient.
        z: of which output; then one sweep from there is explained, whatever `node.grad` is. If it is not given, the
            `backward` calls that `node.grad` came from are.
        names: what nodes without a label are called: True for the caller's variables, False, or a namespace.
        precision: how many significant digits are printed.

    TypeError for what is no Value, ValueError for a constant, which has no gradient.

    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> q = x + y
    >>> f = q * z
    >>> f.backward()
    >>> print(explain(x))
    x = −2,  x.grad = ∂f/∂x = −4
    <BLANKLINE>
      local gradient × gradient from above:
      via q = x + y:  1 × −4 = −4    1 × ∂f/∂q
    <BLANKLINE>
      1 path from f to x, each the product of its local gradients:
      f ← q ← x:  −4 × 1 = −4
    """
    for thing in (node,) if z is None else (node, z):
        check_value("explain", thing)
    if node.op is constant:
        raise ValueError(
            f"{number(node.data)} is a constant and has no gradient: write Value({node.data!r}) in its place"
        )
    return Explanation(node, z, names, precision)


class Explanation:
    """The ledger of one node's gradient.

    Attributes:
        node: the node asked about.
        z: the output that was asked for, or None.
        sections: one for each output and seed, in the order of their sweeps.
        total: what the sections add up to, in floats, added as the sweeps did.
        gradient: what is explained: ``node.grad``, or ∂z/∂node.
        remainder: ``gradient - total``, 0.0 where everything is explained.

    >>> x = Value(3.0, "x")
    >>> f = x * x + 2 * x
    >>> f.backward()
    >>> found = explain(x)
    >>> [line.term for line in found.lines], found.gradient
    ([2.0, 3.0, 3.0], 8.0)
    >>> found.path_count, len(found.paths)
    (3, 3)
    """

    def __init__(self, node: Value, z: Value | None, names: bool | Mapping[str, object], precision: int) -> None:
        self.node = node
        self.z = z
        between: dict[Value, Between] = {}
        self.sections: list[Section] = []
        sweeps = Sweeps()
        for one in [Term(z, 1.0, 1, 0.0)] if z is not None else sweeps.of(node):
            if one.root not in between:
                between[one.root] = Between(one.root, node)
            if between[one.root].nodes:
                self.sections.append(Section(one, node, between[one.root], sweeps.adjoints(one.root, one.seed)))
        self.total = total([section.gradient for section in self.sections for _ in range(section.calls)])
        self.reached = node.reached if z is None else bool(self.sections)
        self.gradient = node.grad if z is None else self.total
        self.remainder = 0.0 if same(self.gradient, self.total) else self.gradient - self.total
        self._precision = precision
        roots = [*(section.root for section in self.sections), *([] if z is None else [z])]
        nodes = with_operands({node: None for section in self.sections for node in section.nodes})
        self._names = Names([node, *nodes, *roots], names, dict.fromkeys(roots), [node])

    @property
    def lines(self) -> tuple[Line, ...]:
        """The terms of every section, one sweep of each."""
        return tuple(line for section in self.sections for line in section.lines)

    @property
    def path_count(self) -> int:
        """How many paths lead from the outputs back to the node."""
        return sum(section.path_count for section in self.sections)

    @property
    def paths(self) -> list[Path]:
        """The paths that add most, at most `MOST_PATHS` of each section."""
        return [path for section in self.sections for path in section.paths]

    def __str__(self) -> str:
        from .report import Reporter

        return Reporter(self).text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return from_text(str(self))


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """What one operand's place in one successor adds to the gradient: local gradient × gradient from above.

    Attributes:
        successor: the node computed from the one asked about, which is its operand number `operand`.
        local_grad: ∂successor/∂node.
        adjoint: the gradient of the output by the successor, times the seed.
        term: their product; 0 where no path leads to the node: it was not chosen, or stopped, or there are steps.

    >>> x = Value(3.0, "x")
    >>> f = x * 5
    >>> f.backward()
    >>> (line,) = explain(x).lines
    >>> line.local_grad, line.adjoint, line.term, line.operand
    (5.0, 1.0, 5.0, 0)
    """

    successor: Value
    operand: int
    local_grad: float
    adjoint: float
    term: float


class Section:
    """The ledger of one output: what one backward sweep from `root` brought, and how many there were.

    Attributes:
        root, seed: where each sweep started, and with which gradient.
        calls: how many times in a row.
        lines: the terms of one sweep.
        gradient: their sum: what each sweep added to the node's `.grad`.
        path_count: how many paths lead from `root` back to the node.

    >>> x = Value(3.0, "x")
    >>> f = x * x
    >>> f.backward()
    >>> f.backward()
    >>> (section,) = explain(x).sections
    >>> section.calls, section.gradient, section.path_count, section.nodes == [f, x]
    (2, 6.0, 2, True)
    >>> [path.product for path in section.paths], len(section.heaviest(1))
    ([3.0, 3.0], 1)
    >>> section.passed_on(x, lambda node: node is f) is x
    True
    """

    def __init__(self, one: Term, node: Value, between: Between, adjoints: Mapping[Value, float]) -> None:
        self.root, self.seed, self.calls = one.root, one.seed, one.calls
        self._between = between
        self.gradient: float = adjoints.get(node, 0.0)
        self.lines = tuple(_lines(node, between, adjoints))

    @property
    def nodes(self) -> list[Value]:
        """The output first, the node asked about last, and between them all that is on a path."""
        return self._between.nodes

    def passed_on(self, node: Value, named: Callable[[Value], bool]) -> Value:
        """The first named node whose gradient `node` is handed unchanged, by sums; else `node` itself.

        In ``z = w * a + b`` the product's gradient is that of z: an error signal is met under its own name.
        """
        return self._between.passed_on(node, named)

    @cached_property
    def path_count(self) -> int:
        """How many paths lead from `root` back to the node, exactly."""
        return self._between.count()

    @cached_property
    def paths(self) -> list[Path]:
        """The paths that add most, in absolute value, at most `MOST_PATHS` of them."""
        return self.heaviest(MOST_PATHS)

    def heaviest(self, most: int) -> list[Path]:
        """The `most` paths that add most, in absolute value: the first costs as much as the ledger itself, each
        further one its length."""
        return self._between.heaviest(most, self.seed)


# ---- terms -----------------------------------------------------------------------------------------------------------


def _lines(node: Value, between: Between, adjoints: Mapping[Value, float]) -> list[Line]:
    lines, last = [], len(between.nodes) - 1
    for successor, edges in zip(between.nodes, between.edges):
        terms: Sequence[float | None] = ()
        for parent, operand, slope in edges:
            if parent == last:
                terms = terms or pull(successor, adjoints[successor])
                lines.append(Line(successor, operand, slope, adjoints[successor], terms[operand] or 0.0))
    return lines
