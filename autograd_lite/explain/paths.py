"""The paths from an output back to a node: how many there are, and the heaviest of them.

A gradient is the sum, over all paths, of the product of the local gradients along each. There may be 2^50 paths in a
graph of 100 nodes, so they are counted, not listed: one sum a node. The heaviest are found one at a time, as paths of
greatest Σ log|∂| with what deviates from those found before (Lawler, Management Science 18, 1972).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass

from ..graph import operations
from ..operators import quietly
from ..value import NOT_CHOSEN, Value, has_path

Edge = tuple[int, int, float]  # to which node it leads back, as which operand, and the local gradient


class Between:
    """The nodes on the paths from `z` back to `x`, in the order of the reverse sweep: z first, x last.

    Empty where there is no path. `edges` has, for each node, those of its operands that are on a path too.

    >>> x, y = Value(3.0, "x"), Value(2.0, "y")
    >>> between = Between(x * x + y, x)
    >>> [str(node.op or node.label) for node in between.nodes], between.count()
    (['add', 'mul', 'x'], 2)
    """

    __slots__ = ("_place", "_successors", "edges", "nodes")

    def __init__(self, z: Value, x: Value) -> None:
        after = {x}
        order = operations(z, until=[x])
        for node in order:
            for parent in node.parents:
                if parent in after:
                    after.add(node)
                    break
        self.nodes = [*[node for node in reversed(order) if node in after], x] if z in after else []
        place = self._place = {node: i for i, node in enumerate(self.nodes)}
        self._successors: list[list[tuple[int, float]]] | None = None
        self.edges: list[list[Edge]] = [[] for _ in self.nodes]
        for node, edges in zip(self.nodes[:-1], self.edges):
            record, derivative = node.record, node.op.derivative  # type: ignore[union-attr]
            for operand, parent in enumerate(node.parents):
                if parent in place:
                    try:
                        slope = derivative(operand)(*record)
                    except (ArithmeticError, ValueError):
                        slope = quietly(derivative(operand), record)
                    edges.append((place[parent], operand, slope))

    def passed_on(self, node: Value, named: Callable[[Value], bool]) -> Value:
        """The first `named` node reached from `node` by single successors with local gradients of 1, or `node`."""
        if self._successors is None:
            self._successors = [[] for _ in self.nodes]
            for child, edges in enumerate(self.edges):
                for parent, _, slope in edges:
                    self._successors[parent].append((child, slope))
        place = self._place[node]
        while not named(self.nodes[place]):
            onward = self._successors[place]
            if len(onward) != 1 or onward[0][1] != 1.0:
                return node
            place = onward[0][0]
        return self.nodes[place]

    def count(self) -> int:
        """How many paths there are, exactly; the counts of nodes left behind are forgotten, for each may be huge."""
        if not self.nodes:
            return 0
        counts = {0: 1}
        for i, edges in enumerate(self.edges[:-1]):
            ways = counts.pop(i)
            for parent, _, _ in edges:
                counts[parent] = counts.get(parent, 0) + ways
        return counts[len(self.nodes) - 1]

    def heaviest(self, most: int, seed: float = 1.0) -> list[Path]:
        """The `most` paths whose products are greatest in absolute value, those first; all of them if there are fewer.

        Time is proportional to the size of the graph, and for each path to its length.
        """
        if not self.nodes:
            return []
        onward = self._heaviest_onward()
        last = len(self.nodes) - 1
        found: list[Path] = []
        # A candidate is a path found before, up to some node, there another edge, and from there the heaviest way.
        heap: list[tuple[float, int, list[Edge], int, int]] = [(0.0, 0, [], 0, 0)]
        made = 0
        while heap and len(found) < most:
            _, _, before, kept, rank = heapq.heappop(heap)
            way = before[:kept]
            weight = sum([_weight(slope) for _, _, slope in way])
            node = way[-1][0] if way else 0
            deviations = []
            while node != last:
                choices = self.edges[node]
                if len(choices) > 1:  # of equals the first operand comes first, for sorting is stable
                    choices = sorted(choices, key=lambda edge: -(_weight(edge[2]) + onward[edge[0]]))
                if rank + 1 < len(choices):
                    made += 1
                    other, _, slope = choices[rank + 1]
                    deviations.append((-(weight + _weight(slope) + onward[other]), made, way, len(way), rank + 1))
                edge = choices[rank]
                way.append(edge)
                weight += _weight(edge[2])
                node = edge[0]
                rank = 0
            for deviation in heapq.nsmallest(most, deviations):
                heapq.heappush(heap, deviation)
            found.append(self._path(way, seed))
        return found

    def _heaviest_onward(self) -> list[float]:
        """For each node the weight of the heaviest path from there."""
        weights = [0.0] * len(self.nodes)
        for i in range(len(self.nodes) - 2, -1, -1):
            weights[i] = max([_weight(slope) + weights[parent] for parent, _, slope in self.edges[i]])
        return weights

    def _path(self, edges: list[Edge], seed: float) -> Path:
        product, node = seed, 0
        for parent, operand, slope in edges:
            op = self.nodes[node].op
            assert op is not None  # it has parents
            product = product * slope if product is not NOT_CHOSEN and has_path(op, operand, slope) else NOT_CHOSEN
            node = parent
        return Path(
            (self.nodes[0], *(self.nodes[parent] for parent, _, _ in edges)),
            tuple(operand for _, operand, _ in edges),
            tuple(slope for _, _, slope in edges),
            0.0 if product is NOT_CHOSEN else product,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One way from the output back to a node.

    Attributes:
        nodes: the output first, the node asked about last.
        operands: which operand of each node the next one is.
        local_grads: the local gradient of each step.
        product: of them all, times the seed: what this path adds to the gradient.

    >>> from autograd_lite.explain import explain
    >>> x = Value(3.0, "x")
    >>> (path,) = explain(x, x * 2).paths
    >>> path.product
    2.0
    """

    nodes: tuple[Value, ...]
    operands: tuple[int, ...]
    local_grads: tuple[float, ...]
    product: float


def _weight(slope: float) -> float:
    # A zero makes the whole product zero, whatever else is on the path; an infinity or a nan comes first of the others.
    if slope == 1.0 or slope == -1.0:
        return 0.0
    size = abs(slope)
    return math.log(size) if 0.0 < size < math.inf else -1e12 if size == 0.0 else 1e6
