"""The layers of a network, read off its graph: affine maps z = Wx + b, and what follows each, point by point.

A layer is what was made in one ``with layer_group(name):``. In it each z is a sum of products of a leaf, which is a
weight, and an input; rows on the same inputs belong together. What leads on from z inside the group is its a = f(z).
Nothing is remembered beside the graph, so a copy of it, or one read from a file, has the same layers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..graph import successors, topological_order
from ..primitives import add, constant, mul
from ..recording import group
from ..value import Value

Uses = Mapping[Value, Sequence[tuple[Value, int]]]


class LayerName(str):
    """The name of a group that is a layer."""

    __slots__ = ()


def layer_group(name: str) -> group:
    """A `group` whose nodes are a layer of a network: for drawings that fold layers, and for `error_signals`.

    >>> with layer_group("layer 1"):
    ...     z = Value(0.5, "w") * Value(3.0, "x") + Value(1.0, "b")
    >>> [layer.matrix for layer in layers(z)]
    [[[0.5]]]
    """
    scope = group(name)
    scope.name = LayerName(name)
    return scope


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One evaluation of one layer.

    Attributes:
        group: the names of the groups it was made in, outermost first; the last is the layer's own.
        number: l of its z⁽ˡ⁾: 2 for a layer whose inputs no other layer made.
        inputs: what goes in.
        weights: W, a row for each z, with a column for each input.
        products: the nodes w·x, laid out as the weights.
        biases: b, one for each z; None where there is none.
        z: what the affine map gives.
        a: what comes out; () where that is not one number for each z, made of it alone: not point-wise.
        f: what leads from z to a: the name of a row of the table, "linear" for nothing, "f" for several operations.
    """

    group: tuple[str, ...]
    number: int
    inputs: tuple[Value, ...]
    weights: tuple[tuple[Value, ...], ...]
    products: tuple[tuple[Value, ...], ...]
    biases: tuple[Value | None, ...]
    z: tuple[Value, ...]
    a: tuple[Value, ...]
    f: str

    @property
    def name(self) -> str:
        """The name of its own group."""
        return self.group[-1]

    @property
    def matrix(self) -> list[list[float]]:
        """W, as it was when the layer was evaluated: ∂z/∂x, from the local gradients of the products."""
        return [
            [product.local_grads[1 if product.parents[0] is weight else 0] for product, weight in zip(row, weights)]
            for row, weights in zip(self.products, self.weights)
        ]


def layers(root: Value) -> list[Layer]:
    """The layers that `root` was computed through, each after those before it.

    >>> from autograd_lite import math
    >>> x, w = [Value(1.0), Value(2.0)], [[Value(0.5), Value(-1.0)], [Value(0.0), Value(3.0)]]
    >>> with layer_group("layer 1"):
    ...     a = [math.tanh(row[0] * x[0] + row[1] * x[1]) for row in w]
    >>> [(layer.name, len(layer.inputs), len(layer.z), layer.f) for layer in layers(a[0] * a[1])]
    [('layer 1', 2, 2, 'tanh')]
    """
    order = topological_order(root)
    uses = successors(order)
    gathered: list[list[_Row]] = []
    known: dict[object, list[list[_Row]]] = {}
    inside: set[Value] = set()  # the products and sums that affine maps are made of
    for row in _rows(order, uses):
        inside.update(row.sums)
        inside.update(row.products)
        evaluations = known.setdefault(row.key, [])
        mine = next((rows for rows in evaluations if not any(row.is_again(other) for other in rows)), None)
        if mine is None:
            mine = []
            evaluations.append(mine)
            gathered.append(mine)
        mine.append(row)
    found: list[Layer] = []
    made_by: dict[Value, Layer] = {}
    for rows in gathered:
        layer = _layer(_in_order(rows), uses, inside, made_by)
        made_by.update((a, layer) for a in layer.a)
        found.append(layer)
    return found


class _Row(NamedTuple):
    z: Value
    sums: list[Value]
    products: list[Value]
    weights: list[int]  # by identity: Values compare by their data
    key: object  # what rows of one layer have in common: the group and the inputs
    bias: Value | None

    def is_again(self, other: _Row) -> bool:
        """Whether both can't be of one layer: the same weights, or others of the same place in a matrix: W[0][0]."""
        if self.weights == other.weights:
            return True
        label = self.first.label or ""
        return label == other.first.label and re.search(r"\[[0-9]+\]\[[0-9]+\]$", label) is not None

    @property
    def first(self) -> Value:
        """The first weight."""
        product = self.products[0]
        return product.parents[_weight(product) or 0]


def _rows(order: list[Value], uses: Uses) -> Iterator[_Row]:
    for node in order:
        group = node.group
        if node.op not in (add, mul) or not group or type(group[-1]) is not LayerName:
            continue
        if any(use.op is add and use.group == group for use, _ in uses[node]):
            continue  # an addend of a sum that goes on
        row = _row(node, group)
        if row is not None:
            yield row


def _row(z: Value, group: tuple[str, ...]) -> _Row | None:
    """z as a sum of products and perhaps a bias, or None if it is no such sum."""
    sums: list[Value] = []
    products: list[Value] = []
    biases: list[Value] = []
    stack = [z]
    while stack:
        node = stack.pop()
        if node.op is add and node.group == group:
            sums.append(node)
            stack += reversed(node.parents)
        elif node.op is mul and node.group == group and _weight(node) is not None:
            products.append(node)
        elif node.op is None:
            biases.append(node)
        elif node.op is not constant:  # a constant is the 0 that sum() starts with
            return None
    if not products or len(biases) > 1:
        return None
    inputs = [product.parents[1 - place] for product in products if (place := _weight(product)) is not None]
    key = group, tuple([("constant", x.data) if x.op is constant else id(x) for x in inputs])
    weights = [id(product.parents[_weight(product) or 0]) for product in products]
    return _Row(z, sums, products, weights, key, biases[0] if biases else None)


def _weight(product: Value) -> int | None:
    """Which operand of a product is the weight: the first that is a leaf."""
    first, second = product.parents
    if first is second:
        return None
    return 0 if first.op is None else 1 if second.op is None else None


def _layer(rows: list[_Row], uses: Uses, inside: set[Value], made_by: Mapping[Value, Layer]) -> Layer:
    z = tuple([row.z for row in rows])
    group = z[0].group
    products = tuple([tuple(row.products) for row in rows])
    places = [[_weight(product) or 0 for product in row] for row in products]
    weights = tuple([tuple([p.parents[at] for p, at in zip(row, ats)]) for row, ats in zip(products, places)])
    inputs = tuple([p.parents[1 - at] for p, at in zip(products[0], places[0])])
    found = [_outcome(one, group, uses, inside) for one in z]
    outcomes = [outcome for outcome in found if outcome is not None]
    a: tuple[Value, ...] = ()
    kinds = {"f"}
    if len(outcomes) == len(z):
        a, kinds = tuple([one for one, _ in outcomes]), {kind for _, kind in outcomes}
    f = kinds.pop() if len(kinds) == 1 else "f"
    number = max((made_by[x].number + 1 for x in inputs if x in made_by), default=2)
    return Layer(group, number, inputs, weights, products, tuple([row.bias for row in rows]), z, a, f)


def _in_order(rows: list[_Row]) -> list[_Row]:
    """The rows by the indices in their weights' labels, where those tell them apart: W[0][0], W[1][0], …

    Else they stay in the graph's order, which is the one that what comes after uses them in.
    """
    places = [tuple(map(int, re.findall("[0-9]+", row.first.label or ""))) for row in rows]
    if not all(places) or len(set(places)) < len(rows):
        return rows
    return [row for _, row in sorted(zip(places, rows), key=lambda pair: pair[0])]


def _outcome(z: Value, group: tuple[str, ...], uses: Uses, inside: set[Value]) -> tuple[Value, str] | None:
    """The one node that z has become when it leaves its group, and by what; None if there is no such one."""
    region = dict.fromkeys([z])
    stack = [z]
    leaving: list[Value] = []
    while stack:
        node = stack.pop()
        onward = [use for use, _ in uses[node] if use not in inside and use.group[: len(group)] == group]
        if len(onward) < len(uses[node]) or not onward:
            leaving.append(node)
        for use in onward:
            if use not in region:
                region[use] = None
                stack.append(use)
    if len(leaving) != 1:
        return None
    if any(parent.parents and parent not in region for node in region if node is not z for parent in node.parents):
        return None
    (a,) = leaving
    if a is z:
        return a, "linear"
    return a, str(a.op) if len(a.parents) == 1 and a.parents[0] is z else "f"
