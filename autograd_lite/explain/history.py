"""Which backward sweeps a gradient is the sum of: the one account of it, for the ledger, pictures, LaTeX and pages.

`Value.backward` notes each output that it starts from, with its seed; what such a sweep brought is computed again from
there. ``.grad`` is ∂f/∂x only after one sweep from f with a seed of 1; after others it is what `History` tells.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from ..expressions import number
from ..graph import topological_order
from ..recording import sweeps
from ..value import Value, reverse
from .wording import Names, counted

MOST_NODES = 1_000  # that are accounted for
MOST_TOLD = 4  # sums, and names of nodes in one line


@dataclass(frozen=True, slots=True)
class Term:
    """What `calls` sweeps from `root`, each with that `seed`, added to one gradient: `brought` each."""

    root: Value
    seed: float
    calls: int
    brought: float


class Sweeps:
    """The sweeps that are known, oldest first, and what each brought to each node; computed once, when asked for."""

    def __init__(self) -> None:
        self.known = [(root, seed) for reference, seed in list(sweeps) if (root := reference()) is not None]
        self._nodes: dict[Value, set[Value]] = {}
        self._adjoints: dict[tuple[Value, float], dict[Value, float]] = {}

    def between(self, root: Value, node: Value) -> bool:
        """Whether a path leads from `root` back to `node`."""
        if root not in self._nodes:
            self._nodes[root] = set(topological_order(root))
        return node in self._nodes[root]

    def adjoints(self, root: Value, seed: float) -> dict[Value, float]:
        """What one sweep from `root` brings."""
        if (root, seed) not in self._adjoints:
            self._adjoints[root, seed] = reverse({root: seed})
        return self._adjoints[root, seed]

    def of(self, node: Value) -> list[Term]:
        """Those that ``node.grad`` is the sum of: all since it was forgotten, as far as they are known.

        A gradient may also have been set to zero by hand, which nobody noted: then it is the sum of the last few.
        """
        if not node.reached:
            return []
        found: list[tuple[Value, float]] = []
        for root, seed in reversed(self.known):
            if self.between(root, node):
                if seed is None:
                    break
                found.append((root, seed))
        found.reverse()
        brought = [self.adjoints(*one).get(node, 0.0) for one in found]
        rest, near = 0.0, 1e-9 * sum(map(abs, brought))  # only sums that are about right are added in the right order
        about = [0.0, *(rest := rest + one for one in reversed(brought))][::-1]
        starts = (i for i, one in enumerate(about) if not abs(one - node.grad) > near)
        first = next((i for i in starts if same(total(brought[i:]), node.grad)), 0)
        terms: list[Term] = []
        for (root, seed), one in zip(found[first:], brought[first:]):
            last = terms[-1] if terms else None
            if last is not None and last.root is root and last.seed == seed:
                terms[-1] = Term(root, seed, last.calls + 1, one)
            else:
                terms.append(Term(root, seed, 1, one))
        return terms


class History:
    """What the gradients of a picture are: ∂root/∂node each, or other sums.

    Attributes:
        adjoints: what one sweep from the root with a seed of 1 brings: ∂root/∂node.
        sums: of each node whose gradient is another one, the sweeps it is the sum of, as far as they are known.
        unknown: those of them whose gradient these do not add up to.
        count: how many of the nodes have a gradient.

    >>> x = Value(3.0, "x")
    >>> f = x * x
    >>> f.backward()
    >>> History(f, [x, f]).sums
    {}
    >>> f.backward()
    >>> found = History(f, [x, f])
    >>> x.grad, found.adjoints[x], [(term.calls, term.brought) for term in found.sums[x]]
    (12.0, 6.0, [(2, 6.0)])
    >>> found.told(Names([x, f], roots=found.roots))
    ['∂ here is 2 × ∂f/∂·, of 2 backward sweeps from f']
    """

    def __init__(self, root: Value, nodes: Iterable[Value]) -> None:
        self.adjoints: dict[Value, float] = {}
        self.sums: dict[Value, list[Term]] = {}
        self.unknown: set[Value] = set()
        reached = [node for node in nodes if node.reached]
        self.count = len(reached)
        if not reached:
            return
        account = Sweeps()
        self.adjoints = account.adjoints(root, 1.0)
        others = [
            node
            for node in reached
            if not (root.reached and node in self.adjoints and same(node.grad, self.adjoints[node]))
        ]
        for node in others[:MOST_NODES]:
            terms = self.sums[node] = account.of(node)
            if not terms or not same(total([term.brought for term in terms for _ in range(term.calls)]), node.grad):
                self.unknown.add(node)

    @property
    def roots(self) -> list[Value]:
        """The outputs of those sweeps."""
        return list(dict.fromkeys(term.root for terms in self.sums.values() for term in terms))

    def told(self, names: Names) -> list[str]:
        """A line for each sum that gradients are, and one for those that are not accounted for."""
        kinds: dict[str, list[Value]] = {}
        for node, terms in self.sums.items():
            kind = "unknown" if node in self.unknown else _sum(terms, names)
            kinds.setdefault(kind, []).append(node)
        unknown = "set by hand, replayed since, or from sweeps that are not known any more"
        lines = [
            f"∂ {_among(nodes, self.count, names)} is {unknown if kind == 'unknown' else kind}"
            for kind, nodes in list(kinds.items())[:MOST_TOLD]
        ]
        return [*lines, *(["other ∂ are of other sweeps: explain() tells"] if len(kinds) > MOST_TOLD else [])]


def _among(nodes: list[Value], count: int, names: Names) -> str:
    if len(nodes) == count:
        return "here"
    named = [name for node in nodes if (name := names.given(node))][:MOST_TOLD]
    more = len(nodes) - len(named)
    return f"of {', '.join([*named, *([counted(more, 'other node' if named else 'node')] if more else [])])}"


def _sum(terms: list[Term], names: Names) -> str:
    if len(terms) > MOST_TOLD:
        outputs = counted(len({term.root for term in terms}), "output")
        return f"the sum of {counted(sum(term.calls for term in terms), 'backward sweep')} from {outputs}"
    products, swept = [], []
    for term in terms:
        of, factors = names.atom(term.root), [number(x) for x in (float(term.calls), term.seed) if x != 1.0]
        products.append(" × ".join([*factors, f"∂{of}/∂·"]))
        seed = "" if term.seed == 1.0 else f" with the seed {number(term.seed)}"
        swept.append(f"{counted(term.calls, 'backward sweep')} from {of}{seed}")
    return f"{' + '.join(products)}, of {' and '.join(swept)}"


def total(terms: list[float]) -> float:
    """The sum from the left, one after the other, as the sweeps add; `sum` may do better, and so would not agree."""
    return reduce(operator.add, terms) if terms else 0.0


def same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)
