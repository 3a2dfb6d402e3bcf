"""A layer of a network as one box: the parameters that are folded into it, and the vectors a and δ that it shows.

What a layer is, `explain.layers` reads off the graph. Imports that, and how error signals are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..explain.layers import Layer, layers
from ..explain.signals import raised, vector_text
from .abridge import Parents

if TYPE_CHECKING:
    from ..value import Value

Path = tuple[str, ...]
MOST_SHOWN = 4  # numbers of a vector
MOST_CELLS = 1_100  # of a matrix


@dataclass(slots=True)
class Vector:
    """Numbers that a box shows in one row.

    Attributes:
        name: with how many they are, ``δ⁽²⁾ (4)``.
        ids: of each number the id of the node that it belongs to.
        numbers: exact; None where there is none yet.
        text: what is shown, ``δ⁽²⁾ (4) = [0.1, −0.2, 0.3, −0.4]``.
    """

    name: str
    ids: tuple[str, ...]
    numbers: tuple[float | None, ...]
    text: str


@dataclass(slots=True)
class Matrix:
    """The weights of a layer, or their gradients, as coloured cells.

    Attributes:
        name: "W⁽¹⁾" or "∂W⁽¹⁾".
        numbers: a row for each z, a column for each input, and one more for the bias; None where there is none yet.
        biased: whether the last column is the biases'.
    """

    name: str
    numbers: list[list[float | None]]
    biased: bool


def unsigned(numbers: Sequence[float | None]) -> list[float | None]:
    """The numbers, without the signs of zeros."""
    return [x if x is None else x or 0.0 for x in numbers]


class Layers:
    """The layers of a graph, for its drawing. Nodes are known by their place in `order`."""

    def __init__(self, root: Value, order: Sequence[Value]) -> None:
        self.found = layers(root)
        self.place = {node: i for i, node in enumerate(order)} if self.found else {}
        self.of = {self.place[z]: layer for layer in self.found for z in layer.z}
        self.names: dict[int, str] = {}  # of each parameter: what a group of such is called
        for layer in self.found:
            for p in [*(w for row in layer.weights for w in row), *layer.biases]:
                if p is not None:
                    stem, bracket, _ = (p.label or "").partition("[")
                    self.names[self.place[p]] = stem if bracket else f"parameters of {layer.name}"

    def prefixes(self, paths: list[Path]) -> list[Path]:
        """For each node, given the groups it was made in, the path of the one that is a layer; () if none is."""
        groups = {layer.group for layer in self.found}
        inner = {
            path: next((path[:end] for end in range(len(path), 0, -1) if path[:end] in groups), ())
            for path in set(paths)
        }
        return [inner[path] for path in paths]

    def with_parameters(self, parents: Parents, paths: list[Path]) -> list[Path]:
        """The groups of each node, a weight or bias being in those of the layer that alone uses it."""
        users = self._users(parents, paths)
        return [next(iter(users[at])) if len(users.get(at, ())) == 1 else path for at, path in enumerate(paths)]

    def _users(self, parents: Parents, paths: list[Path]) -> dict[int, dict[Path, None]]:
        """The groups of what uses each parameter."""
        users: dict[int, dict[Path, None]] = {at: {} for at in self.names}
        for node, operands in enumerate(parents):
            for parent in operands:
                if parent in users:
                    users[parent][paths[node]] = None
        return users

    def fold_parameters(self, parents: Parents, prefixes: list[Path]) -> None:
        """Put each weight and bias into the collapsed group that alone uses it, in `prefixes`.

        Those that several collapsed groups use and nothing else does, as where one network is evaluated twice, are put
        into a group of their own, called by their names.
        """
        shared: dict[tuple[Path, ...], list[int]] = {}
        for at, paths in self._users(parents, prefixes).items():
            if () not in paths and not prefixes[at]:
                shared.setdefault(tuple(paths), []).append(at)
        for users_of_all, places in shared.items():
            path = users_of_all[0]
            if len(users_of_all) > 1:
                path = (", ".join(dict.fromkeys(self.names[at] for at in places)),)
            for at in places:
                prefixes[at] = path

    def matrices(self, members: Sequence[int]) -> tuple[Matrix, ...]:
        """The weights and their gradients, where a box stands for the parameters of one layer."""
        inside = set(members)
        weights = {
            tuple([id(w) for row in layer.weights for w in row]): layer
            for layer in self.found
            if self.place[layer.weights[0][0]] in inside
        }
        if len(weights) != 1:
            return ()
        (layer,) = weights.values()
        biased = any(b is not None for b in layer.biases)
        rows = [[*row, bias] if biased else [*row] for row, bias in zip(layer.weights, layer.biases)]
        if len({len(row) for row in rows}) > 1 or len(rows) * len(rows[0]) > MOST_CELLS:
            return ()
        stem = (rows[0][0].label or "W").partition("[")[0] if rows[0][0] is not None else "W"
        values = [[None if w is None else w.data for w in row] for row in rows]
        gradients = [[w.grad if w is not None and w.reached else None for w in row] for row in rows]
        found = [Matrix(stem, values, biased)]
        if any(g is not None for row in gradients for g in row):
            found.append(Matrix(f"∂{stem}", gradients, biased))
        return tuple(found)

    def vectors(self, members: Sequence[int], precision: int) -> tuple[Vector | None, Vector | None]:
        """What a box shows that stands for these nodes: a, if it is longer than one number, and δ, of the one layer."""
        touched = list(dict.fromkeys(self.of[i] for i in members if i in self.of))
        if len(touched) != 1:
            return None, None
        (layer,) = touched
        output = None
        if len(layer.a) > 1:
            output = self._vector("a", layer, layer.a, [a.data for a in layer.a], precision)
        signal = self._vector("δ", layer, layer.z, [z.grad if z.reached else None for z in layer.z], precision)
        return output, signal

    def _vector(
        self, letter: str, layer: Layer, nodes: Sequence[Value], numbers: Sequence[float | None], precision: int
    ) -> Vector:
        name = f"{letter}{raised(layer.number)} ({len(nodes)})"
        text = f"{name} = {vector_text(unsigned(numbers), precision, MOST_SHOWN)}"
        return Vector(name, tuple([f"n{self.place[node]}" for node in nodes]), tuple(numbers), text)
