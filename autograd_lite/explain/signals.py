"""The error signals δ of a network's layers, and the two moves by which they flow back.

    across z = Wa + b:  ∂s/∂a = Wᵀδ        across a = f(z):  δ = ∂s/∂a ∘ f′(z)

Read off a graph by its layers (see `layers`), and checked against the graph's own reverse sweep, which knows none.
Source: the lecture on back-propagation, "the actual error signals"; Rumelhart, Hinton & Williams, Nature 323 (1986).
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..coercion import as_float
from ..expressions import number
from ..graph import successors, topological_order
from ..names import names_of
from ..value import NOT_CHOSEN, Value, reverse
from .history import same
from .layers import Layer, layers
from .wording import check_value

MOST_PASSES = 4  # are printed
MOST_NUMBERS = 6  # of a vector


# ---- the moves -------------------------------------------------------------------------------------------------------


def across_affine(W: Sequence[Sequence[Any]], delta: Sequence[Any]) -> list[float]:
    """Wᵀδ: an error signal at z = Wa + b, moved back to a. By the chain rule ∂s/∂aⱼ = Σᵢ ∂s/∂zᵢ ∂zᵢ/∂aⱼ = Σᵢ Wᵢⱼ δᵢ.

    Args:
        W: the matrix by which a was multiplied on the way forward, in rows.
        delta: ∂s/∂z, as long as W has rows.

    The numbers may be Values, whose data is taken. ValueError where the shapes don't line up.

    >>> across_affine([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]], [10.0, 1.0])
    [10.0, 21.0, 30.0]
    >>> across_affine([[1.0, 2.0, 3.0]], [10.0, 1.0])
    Traceback (most recent call last):
      ...
    ValueError: across_affine: W is 1×3, so Wᵀ is 3×1 and takes a δ of 1, not of 2
    """
    rows, signal = [_numbers(row) for row in W], _numbers(delta)
    columns = len(rows[0]) if rows else 0
    for i, row in enumerate(rows):
        if len(row) != columns:
            raise ValueError(f"across_affine: row {i} of W has {len(row)} numbers, and row 0 has {columns}")
    if len(rows) != len(signal):
        raise ValueError(
            f"across_affine: W is {len(rows)}×{columns}, so Wᵀ is {columns}×{len(rows)} and takes a δ of {len(rows)}, "
            f"not of {len(signal)}"
        )
    return [functools.reduce(operator.add, map(operator.mul, signal, column)) for column in zip(*rows)]


def across_nonlinearity(delta: Sequence[Any], slopes: Sequence[Any]) -> list[float]:
    """δ ∘ f′(z): an error signal at a = f(z), moved back to z, element by element: ∂s/∂zᵢ = ∂s/∂aᵢ f′(zᵢ).

    Args:
        delta: ∂s/∂a.
        slopes: f′(z), as long.

    The numbers may be Values, whose data is taken. ValueError where the shapes don't line up.

    >>> across_nonlinearity([10.0, 21.0], [0.5, 0.25])
    [5.0, 5.25]
    """
    signal, factors = _numbers(delta), _numbers(slopes)
    if len(signal) != len(factors):
        raise ValueError(
            f"across_nonlinearity: δ has {len(signal)} numbers and f′(z) has {len(factors)}: "
            "element by element they must be as many"
        )
    return list(map(operator.mul, signal, factors))


def outer(delta: Sequence[Any], a: Sequence[Any]) -> list[list[float]]:
    """δaᵀ: the gradient by W of an s that depends on it through z = Wa + b: ∂s/∂Wᵢⱼ = ∂s/∂zᵢ ∂zᵢ/∂Wᵢⱼ = δᵢ aⱼ.

    A row for each number of δ, a column for each of a: the shape of W. The numbers may be Values, whose data is taken.

    >>> outer([10.0, 1.0], [1.0, 2.0, 3.0])
    [[10.0, 20.0, 30.0], [1.0, 2.0, 3.0]]
    """
    along = _numbers(a)
    return [[d * x for x in along] for d in _numbers(delta)]


def _numbers(xs: Iterable[Any]) -> list[float]:
    return [x.data if isinstance(x, Value) else as_float(x) for x in xs]


# ---- what is found ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """The error signal at one layer.

    Attributes:
        layer: the layer: its name, W, inputs, z and a (see `layers.Layer`).
        delta: δ⁽ˡ⁾ = ∂s/∂z⁽ˡ⁾, by the graph's reverse sweep.
        slopes: f′(z⁽ˡ⁾); 1 where the layer is linear; [] where what follows z is not point-wise.
        move: δ⁽ˡ⁾ by the signal of the next layer: ``δ⁽²⁾ = (W⁽²⁾ᵀ δ⁽³⁾) ∘ f′(z⁽²⁾)``.
        shapes: of all that stands in it: ``(4) = (4×2)(2) ∘ (4)``.
        moved: what that formula gives.
        agrees: whether it is `delta`, but for the rounding of its products and sums.

    >>> from autograd_lite.nn import ScoringNetwork
    >>> s = ScoringNetwork(3, [4, 2], seed=1)([0.5, -1.0, 2.0])
    >>> signal = error_signals(s)["layer 2"]
    >>> signal.name, [len(row) for row in signal.by_weights()], len(signal.by_biases())
    ('layer 2', [4, 4], 2)
    """

    layer: Layer
    delta: list[float]
    slopes: list[float]
    move: str
    shapes: str
    moved: list[float]
    agrees: bool

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    def by_weights(self) -> list[list[float]]:
        """∂s/∂W = δ aᵀ, in the shape of W; a is the layer's input. Of this evaluation of the layer: where a network is
        evaluated several times, `grad` has the sum."""
        return outer(self.delta, self.layer.inputs)

    def by_biases(self) -> list[float]:
        """∂s/∂b = δ."""
        return list(self.delta)


class ErrorSignals(Sequence[Signal]):
    """The error signals of all layers, from the first to the last; printed, a table from the last to the first.

    ``signals[0]`` is that of the first layer, ``signals["layer 2"]`` the one of that name.

    Attributes:
        root: the s that they are the signals of.
        passes: the signals of each evaluation of a network: of J there are two.

    >>> from autograd_lite.nn import ScoringNetwork
    >>> s = ScoringNetwork(3, [4, 2], seed=1)([0.5, -1.0, 2.0])
    >>> signals = error_signals(s)
    >>> len(signals), signals[0] is signals["layer 1"], len(signals.passes)
    (3, True, 1)
    """

    def __init__(self, root: Value, name: str, passes: Iterable[Sequence[Signal]]) -> None:
        self.root = root
        self.name = name
        self.passes = [tuple(signals) for signals in passes]
        self._all = [signal for signals in self.passes for signal in signals]

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, which: Any) -> Any:
        if not isinstance(which, str):
            return self._all[which]
        found = [signal for signal in self._all if signal.name == which]
        if len(found) == 1:
            return found[0]
        if found:
            raise KeyError(f"{which!r} was evaluated {len(found)} times: look in .passes")
        raise KeyError(f"no layer {which!r}; there are: {', '.join(dict.fromkeys(repr(s.name) for s in self._all))}")

    def __repr__(self) -> str:
        return f"<ErrorSignals of {self.name}, of {len(self)} layer{'s' * (len(self) != 1)}: print them>"

    def __str__(self) -> str:
        s = self.name
        lines = [f"error signals of {s} = {number(self.root.data)}, from the output back: δ⁽ˡ⁾ = ∂{s}/∂z⁽ˡ⁾"]
        shown = self.passes[:MOST_PASSES]
        widths = [max(map(len, column)) for column in zip(*[_cells(signal) for signals in shown for signal in signals])]
        for i, signals in enumerate(shown):
            if len(self.passes) > 1:
                around = " / ".join(signals[-1].layer.group[:-1])
                lines.append(f"through {around}:" if around else f"evaluation {i + 1} of the network:")
            for signal in reversed(signals):
                before, equals, _ = signal.move.partition("=")
                indent = sum(widths[:2]) + 6 + len(before)
                lines.append("  " + "  ".join(map(str.ljust, _cells(signal), widths)).rstrip())
                lines.append(f"{'':{indent}}{equals} {vector_text(signal.delta)}")
        if len(self.passes) > len(shown):
            lines.append(f"… and {len(self.passes) - len(shown):,} more evaluations of the network")
        off = [signal for signal in self if not signal.agrees]
        lines += [f"{signal.name}: the move gives {vector_text(signal.moved)}, the graph δ" for signal in off]
        return "\n".join(lines if off else [*lines, "Each move gives what the graph's own reverse sweep gives."])


def _cells(signal: Signal) -> list[str]:
    f = signal.layer.f
    return [signal.name, "" if f == "linear" else f, signal.move, signal.shapes]


def vector_text(numbers: Sequence[float | None], precision: int = 4, most: int = MOST_NUMBERS) -> str:
    """A vector's numbers, rounded; of a long one the first and the last, and how many it has.

    >>> vector_text([0.5, -1.0]), vector_text(range(100))
    ('[0.5, −1]', '[0, 1, 2, 3, 4, …, 99]')
    """
    texts = ["·" if x is None else number(x, precision) for x in numbers]
    if len(texts) > most:
        texts[most - 1 : -1] = ["…"]
    return f"[{', '.join(texts)}]"


def raised(n: int) -> str:
    """The superscript of a layer.

    >>> raised(12)
    '⁽¹²⁾'
    """
    return f"⁽{n}⁾".translate(_SUPERSCRIPTS)


_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

# ---- reading them ----------------------------------------------------------------------------------------------------


def error_signals(s: Value) -> ErrorSignals:
    """δ = ∂s/∂z at each layer that s was computed through, and the moves that carry it there.

    δ is computed twice: by a reverse sweep over the graph, which knows no layers; and out of the next layer's δ, by
    `across_affine` and `across_nonlinearity`. No `grad` is read or changed. All networks of `nn` have layers, and what
    you write as sums of weights times inputs in a ``with layer_group("layer 1"):`` is one. ValueError where there is
    none.

    >>> from autograd_lite import nn
    >>> net = nn.ScoringNetwork(3, [4, 2], seed=1)
    >>> s = net([0.5, -1.0, 2.0])
    >>> print(error_signals(s))
    error signals of s = −0.4205, from the output back: δ⁽ˡ⁾ = ∂s/∂z⁽ˡ⁾
      score             δ⁽⁴⁾ = ∂s/∂s                    (1)
                             = [1]
      layer 2  sigmoid  δ⁽³⁾ = (U δ⁽⁴⁾) ∘ f′(z⁽³⁾)      (2) = (2×1)(1) ∘ (2)
                             = [−0.2371, 0.02071]
      layer 1  sigmoid  δ⁽²⁾ = (W⁽²⁾ᵀ δ⁽³⁾) ∘ f′(z⁽²⁾)  (4) = (4×2)(2) ∘ (4)
                             = [−0.0339, 0.06068, 0.004295, −0.01961]
    Each move gives what the graph's own reverse sweep gives.
    """
    check_value("error_signals", s)
    found = layers(s)
    if not found:
        raise ValueError(
            "error_signals: there is no layer in this graph: the networks of nn have them, and sums of products of a "
            'weight, which is a leaf, and an input are one, made in a `with nn.layer_group("layer 1"):`'
        )
    name = s.label or names_of([s]).get(s, "s")
    return ErrorSignals(s, name, _Reader(s, name, found).passes())


class _Reader:
    """The signals of one graph."""

    def __init__(self, s: Value, name: str, found: list[Layer]) -> None:
        self.s, self.name, self.found = s, name, found
        self.adjoints = reverse({s: 1.0})
        self.uses = successors(topological_order(s))
        self.onward: dict[Layer, list[Layer]] = {layer: [] for layer in found}
        self.network: dict[Layer, list[Layer]] = {}  # the evaluation of a network that a layer belongs to
        made_by = {a: layer for layer in found for a in layer.a}
        for layer in found:
            before = list(dict.fromkeys(made_by[x] for x in layer.inputs if x in made_by))
            mine = self.network[before[0]] if before else []
            for earlier in before:
                self.onward[earlier].append(layer)
                if self.network[earlier] is not mine:
                    mine += self.network[earlier]
                    self.network.update((other, mine) for other in self.network[earlier])
            mine.append(layer)
            self.network[layer] = mine

    def passes(self) -> Iterator[list[Signal]]:
        networks: dict[int, list[Layer]] = {}
        for layer in self.found:
            networks.setdefault(id(self.network[layer]), []).append(layer)
        for network in networks.values():
            yield [self.signal(layer) for layer in network]

    def gradients(self, nodes: Iterable[Value]) -> list[float]:
        return [self.adjoints.get(node, 0.0) for node in nodes]

    def signal(self, layer: Layer) -> Signal:
        level, n = layer.number, len(layer.z)
        delta = self.gradients(layer.z)
        if not layer.a:
            move = f"δ{raised(level)} = ∂{self.name}/∂z{raised(level)}"
            return Signal(layer, delta, [], move, f"({n})", delta, True)
        above, sizes, formula, shapes = self.above(layer)
        move, slopes, moved = f"δ{raised(level)} = {formula}", [1.0] * n, above
        if layer.f != "linear":
            slopes = [reverse({a: 1.0}, [z]).get(z, 0.0) for a, z in zip(layer.a, layer.z)]
            chosen = [0.0 if self.adjoints.get(z) is NOT_CHOSEN else x for z, x in zip(layer.z, above)]
            moved, sizes = across_nonlinearity(chosen, slopes), list(map(operator.mul, sizes, map(abs, slopes)))
            move = f"δ{raised(level)} = {f'({formula})' if ' ' in formula else formula} ∘ f′(z{raised(level)})"
            shapes = f"({n}) = {shapes} ∘ ({n})"
        elif shapes != f"({n})":
            shapes = f"({n}) = {shapes}"
        terms = 2 + sum(len(after.z) for after in self.onward[layer])
        agrees = all(map(_agree, moved, delta, [_rounding(size, terms) for size in sizes]))
        return Signal(layer, delta, slopes, move, shapes, moved, agrees)

    def above(self, layer: Layer) -> tuple[list[float], list[float], str, str]:
        """∂s/∂a, the sizes of what each of its numbers is a sum of, and how it is written, with its shapes."""
        level, n = layer.number, len(layer.a)
        if not self.is_used_by_layers_alone(layer):  # by the output itself, or by what is no layer
            above = self.gradients(layer.a)
            letter = "z" if layer.f == "linear" else "a"
            by = self.name if layer.a[0] is self.s else f"{letter}{raised(level)}"
            return above, list(map(abs, above)), f"∂{self.name}/∂{by}", f"({n})"
        above, sizes, written, shapes = [0.0] * n, [0.0] * n, [], []
        for after in self.onward[layer]:
            W, delta = after.matrix, self.gradients(after.z)
            above = list(map(operator.add, above, across_affine(W, delta)))
            size = across_affine([list(map(abs, row)) for row in W], list(map(abs, delta)))
            sizes = list(map(operator.add, sizes, size))
            written.append(f"{_transposed(after, level)} δ{raised(after.number)}")
            shapes.append(f"({n}×{len(delta)})({len(delta)})")
        return above, sizes, " + ".join(written), " + ".join(shapes)

    def is_used_by_layers_alone(self, layer: Layer) -> bool:
        onward = self.onward[layer]
        products = {product for after in onward for row in after.products for product in row}
        same = all(list(map(id, after.inputs)) == list(map(id, layer.a)) for after in onward)
        return bool(onward) and same and all(use in products for a in layer.a for use, _ in self.uses[a])


def _transposed(layer: Layer, level: int) -> str:
    """A layer's matrix transposed; a single row is a vector, called as its weights are: U, if they are U[0], U[1] …"""
    found = [re.fullmatch(r"([^\[]+)\[[0-9]+\]", w.label or "") for w in layer.weights[0]]
    stems = {match and match[1] for match in found}
    stem = stems.pop() if len(layer.weights) == len(stems) == 1 else ""
    return stem or f"W{raised(level)}ᵀ"


def _rounding(size: float, terms: int) -> float:
    """How far two sums of so many products of two or three factors may be apart, by the order of their steps alone."""
    return (2 * terms + 8) * (2.0**-53 * size + 2.0**-1074)


def _agree(a: float, b: float, bound: float) -> bool:
    return same(a, b) or abs(a - b) <= bound
