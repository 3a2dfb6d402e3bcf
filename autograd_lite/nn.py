"""Neural networks of Values: neurons, layers, the lecture's scoring network, and the error signals that flow back.

`Neuron`, `Layer` and `MLP` are used as micrograd's are. A network holds its parameters; `forward` is the same network
as a function of them, for `compile` and the derivative operators. Error signals are read in `explain.signals`.
Notation: a⁽¹⁾ = x, z⁽ˡ⁺¹⁾ = W⁽ˡ⁾a⁽ˡ⁾ + b⁽ˡ⁾, a⁽ˡ⁾ = f(z⁽ˡ⁾). Layers count from 1, the indices in labels from 0.
"""

from __future__ import annotations

import functools
import operator
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, SupportsFloat

from . import math, primitives
from .coercion import as_float, short_label
from .explain.layers import layer_group
from .explain.signals import ErrorSignals, Signal, across_affine, across_nonlinearity, error_signals, outer, raised
from .recording import group
from .value import Value

__all__ = [
    "MLP", "ErrorSignals", "Layer", "Module", "Neuron", "ScoringNetwork", "Signal", "across_affine",
    "across_nonlinearity", "activations", "error_signals", "layer_group", "outer",
]  # fmt: skip

Activation = str | Callable[[Any], Any] | None
Randomness = int | random.Random | None


class Module:
    """What has parameters.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.k = Value(2.0, "k")
    ...     def parameters(self):
    ...         return [self.k]
    ...     def forward(self, parameters, x):
    ...         return [parameters[0] * a for a in x]
    >>> model = Scale()
    >>> sum(model([1.0, 3.0])).backward()
    >>> model.grad
    [4.0]
    """

    def parameters(self) -> list[Value]:
        """The parameters, always in the same order.

        >>> [p.label for p in Neuron(2).parameters()]
        ['w[0]', 'w[1]', 'b']
        """
        return []

    def forward(self, parameters: Sequence[Any], x: Sequence[Any]) -> Any:
        """The module with these numbers in place of its own parameters, in their order: floats, Values or tracers.

        >>> Neuron(2).forward([0.5, -1.0, 2.0], [1.0, 1.0])
        1.5
        """
        raise NotImplementedError

    def __call__(self, x: Sequence[Any]) -> Any:
        return self.forward(self.parameters(), x)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters.

        >>> neuron = Neuron(1, f=None, seed=0)
        >>> neuron([3.0]).backward()
        >>> neuron.zero_grad()
        >>> neuron.grad
        [0.0, 0.0]
        """
        for p in self.parameters():
            p.zero_grad()

    @property
    def data(self) -> list[float]:
        """The numbers of the parameters, in one flat list, the one that `forward` takes.

        Setting it sets them all; ValueError for another count.

        >>> neuron = Neuron(2, seed=1)
        >>> neuron.data = [0.5, -1.0, 2.0]
        >>> neuron.w, neuron.b
        ([Value(w[0]=0.5), Value(w[1]=-1.0)], Value(b=2.0))
        """
        return [p.data for p in self.parameters()]

    @data.setter
    def data(self, numbers: Iterable[SupportsFloat]) -> None:
        numbers, parameters = [as_float(x) for x in numbers], self.parameters()
        _counted(self, len(parameters), len(numbers), "parameter")
        for p, x in zip(parameters, numbers):
            p.data = x

    @property
    def grad(self) -> list[float]:
        """The gradients of the parameters, in the order of `data`.

        >>> neuron = Neuron(1, f=None, seed=0)
        >>> neuron([3.0]).backward()
        >>> neuron.grad
        [3.0, 1.0]
        """
        return [p.grad for p in self.parameters()]


class Neuron(Module):
    """f(w·x + b).

    Args:
        nin: how many inputs.
        nonlin: False leaves f out, as in micrograd.
        f: the name of an activation (see `activations`), or a function of one number; None or "linear" for none.
        seed: of the weights, uniform in [−1, 1]; an int, or a `random.Random` that several share. None draws them from
            the module `random`, as micrograd does, so that `random.seed` governs them.

    >>> neuron = Neuron(3, f="tanh", seed=0)
    >>> neuron
    TanhNeuron(3)
    >>> print(f"{neuron([1.0, 2.0, 3.0]):.4f}")
    0.8466
    """

    def __init__(self, nin: int, nonlin: bool = True, f: Activation = "relu", seed: Randomness = None) -> None:
        draw = _randomness(seed).uniform
        self.w = [Value(draw(-1.0, 1.0), f"w[{j}]") for j in range(nin)]
        self.b = Value(0.0, "b")
        self.f = f
        self.nonlin = nonlin and _function(f) is not None
        self._labels: tuple[str | None, str | None] = "z", "a"

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]

    def forward(self, parameters: Sequence[Any], x: Sequence[Any]) -> Any:
        _counted(self, len(self.w) + 1, len(parameters), "parameter")
        _takes(self, len(self.w), x)
        with layer_group("neuron"):
            return self._output(parameters, x)

    def _output(self, parameters: Sequence[Any], x: Sequence[Any]) -> Any:
        z = functools.reduce(operator.add, map(operator.mul, parameters[:-1], x), parameters[-1])
        f = _function(self.f) if self.nonlin else None
        for_z, for_a = self._labels
        if f is None:
            return _labelled(z, for_a and for_z)
        return _labelled(f(_labelled(z, for_z)), for_a)

    def __repr__(self) -> str:
        return f"{_shown(self.f if self.nonlin else None)}Neuron({len(self.w)})"


class Layer(Module):
    """A list of neurons that have the same inputs: f(Wx + b).

    Args:
        nin, nout: how many inputs and outputs.
        kwargs: those of `Neuron`.

    A single output comes bare, several in a list. The nodes are made in a group "layer", which drawings box or fold.

    >>> layer = Layer(3, 2, f="sigmoid", seed=0)
    >>> len(layer([1.0, 2.0, 3.0])), layer.W[1][2].label, layer.b[1].label
    (2, 'W[1][2]', 'b[1]')
    """

    def __init__(self, nin: int, nout: int, *, seed: Randomness = None, **kwargs: Any) -> None:
        draws = _randomness(seed)
        self.neurons = [Neuron(nin, seed=draws, **kwargs) for _ in range(nout)]
        self.nin = nin
        self._named("layer")

    @property
    def W(self) -> list[list[Value]]:
        """The weights, a row for each neuron, a column for each input.

        >>> layer = Layer(3, 2)
        >>> len(layer.W), len(layer.W[0]), len(layer.b)
        (2, 3, 2)
        """
        return [neuron.w for neuron in self.neurons]

    @property
    def b(self) -> list[Value]:
        """The biases."""
        return [neuron.b for neuron in self.neurons]

    def parameters(self) -> list[Value]:
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def forward(self, parameters: Sequence[Any], x: Sequence[Any]) -> Any:
        return _bare(self._outputs(parameters, x))

    def _outputs(self, parameters: Sequence[Any], x: Sequence[Any]) -> list[Any]:
        size = self.nin + 1
        _counted(self, size * len(self.neurons), len(parameters), "parameter")
        _takes(self, self.nin, x)
        with self._group:
            return [n._output(parameters[i * size : (i + 1) * size], x) for i, n in enumerate(self.neurons)]

    def _named(self, name: str, number: int | None = None, output: bool = True) -> None:
        """Name the group and the parameters, and what is computed, by the lecture; an output is the user's to name."""
        self._group = layer_group(name)
        mine, next_ = ("", "") if number is None else (raised(number), raised(number + 1))
        for i, neuron in enumerate(self.neurons):
            for j, w in enumerate(neuron.w):
                w.label = f"W{mine}[{i}][{j}]"
            neuron.b.label = f"b{mine}[{i}]"
            neuron._labels = f"z{next_}[{i}]", None if output else f"a{next_}[{i}]"

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """A multi-layer perceptron: layers, one after the other, the last one linear.

    Args:
        nin: how many inputs.
        nouts: how many outputs each layer has.
        f: the activation of all layers but the last (see `activations`).
        last: the activation of the last.
        seed: of the weights, as for `Neuron`.

    Called with a list of numbers or Values it gives a Value, or a list of them where the last layer has several
    outputs. ValueError for another number of inputs.

    >>> model = MLP(2, [3, 1], f="tanh", seed=0)
    >>> model
    MLP of [Layer of [TanhNeuron(2), TanhNeuron(2), TanhNeuron(2)], Layer of [LinearNeuron(3)]]
    >>> len(model.parameters())
    13
    >>> score = model([1.0, -2.0])
    >>> score.backward()
    >>> [round(g, 4) for g in model.layers[1].grad]
    [-0.3301, 0.6671, 0.3824, 1.0]

    As a function of its parameters it is differentiated and compiled like any other:

    >>> from autograd_lite import compile
    >>> f = compile(model.forward)
    >>> f(model.data, [1.0, -2.0]) == score.data
    True
    >>> f.grad(model.data, [1.0, -2.0]) == model.grad
    True
    """

    def __init__(
        self, nin: int, nouts: Sequence[int], f: Activation = "relu", last: Activation = None, seed: Randomness = None
    ) -> None:
        if not nouts:
            raise ValueError("MLP: nouts is the number of outputs of each layer, of one at least")
        self.layers = _stacked([nin, *nouts], [*[f] * (len(nouts) - 1), last], _randomness(seed))
        self.layers[-1]._named(f"layer {len(nouts)}", len(nouts), output=True)

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]

    def forward(self, parameters: Sequence[Any], x: Sequence[Any]) -> Any:
        return _bare(_through(self, self.layers, parameters, x)[1])

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


class ScoringNetwork(Module):
    """The lecture's network: s = Uᵀ f(W⁽²⁾ f(W⁽¹⁾x + b⁽¹⁾) + b⁽²⁾), of any number of layers.

    Args:
        nin: n, the length of x.
        nouts: the lengths of a⁽²⁾, a⁽³⁾, …; W⁽ˡ⁾ has a row for each number of a⁽ˡ⁺¹⁾ and a column for each of a⁽ˡ⁾.
        f: the activation of all layers (see `activations`).
        seed: of the weights, as for `Neuron`.

    >>> net = ScoringNetwork(3, [4, 2], seed=1)
    >>> s = net([0.5, -1.0, 2.0])
    >>> s.label, round(s.data, 4)
    ('s', -0.4205)
    >>> error_signals(s)["layer 1"].move
    'δ⁽²⁾ = (W⁽²⁾ᵀ δ⁽³⁾) ∘ f′(z⁽²⁾)'
    """

    def __init__(self, nin: int, nouts: Sequence[int], f: Activation = "sigmoid", seed: Randomness = None) -> None:
        if not nouts:
            raise ValueError("ScoringNetwork: nouts is the length of each hidden layer, of one at least")
        draws = _randomness(seed)
        self.layers = _stacked([nin, *nouts], [f] * len(nouts), draws)
        self.U = [Value(draws.uniform(-1.0, 1.0), f"U[{i}]") for i in range(nouts[-1])]

    def parameters(self) -> list[Value]:
        return [*(p for layer in self.layers for p in layer.parameters()), *self.U]

    def forward(self, parameters: Sequence[Any], x: Sequence[Any]) -> Any:
        """The score s of x, with these numbers in place of the network's own parameters.

        >>> net = ScoringNetwork(2, [1], f="relu")
        >>> net.forward([1.0, 0.5, 0.0, 3.0], [2.0, 4.0])
        12.0
        """
        U, a = _through(self, self.layers, parameters, x)
        with layer_group("score"):
            return _labelled(functools.reduce(operator.add, map(operator.mul, U, a)), "s")

    def objective(self, x: Sequence[Any], x_c: Sequence[Any]) -> Any:
        """J = max(0, 1 − s + s_c): nothing to learn once x scores higher than the corrupt x_c by a margin of 1.

        The two evaluations are made in groups "s" and "s_c".

        >>> net = ScoringNetwork(3, [4, 2], seed=0)
        >>> J = net.objective([0.5, -1.0, 2.0], [0.5, 3.0, 2.0])
        >>> J.label, round(J.data, 4)
        ('J', 1.0933)
        """
        with group("s"):
            s = self(x)
        with group("s_c"):
            s_c = _labelled(self(x_c), "s_c")
        return _labelled(math.maximum(0.0, 1.0 - s + s_c), "J")

    def __repr__(self) -> str:
        return f"ScoringNetwork of [{', '.join(map(str, self.layers))}, U of {len(self.U)}]"


# ---- activations -----------------------------------------------------------------------------------------------------


@functools.cache
def activations() -> tuple[str, ...]:
    """The names of the activations: "linear", and the functions of `autograd_lite.math` that are primitives of one real
    number, of any size, and not piecewise constant, as a step is.

    >>> [name in activations() for name in ("linear", "relu", "tanh", "sigmoid", "silu", "sign", "sqrt")]
    [True, True, True, True, True, False, False]
    """
    return ("linear", *[name for name, op in primitives.table.items() if name in math.__all__ and _activates(op)])


def _activates(op: primitives.Primitive) -> bool:
    if op.arities != (1,) or op.result_type is not float or op.piecewise_constant[0]:
        return False
    return all((x,) in op.domain for x in (-2.5, -1.0, 0.0, 0.5))


@functools.cache
def _function(f: Activation) -> Callable[[Any], Any] | None:
    """What an activation does; None for nothing."""
    if f is None or f == "linear":
        return None
    if callable(f):
        return f
    if f not in activations():
        raise ValueError(
            f"there is no activation {f!r}: a name is one of {', '.join(activations())}; "
            "any function of one number will do too"
        )
    return getattr(math, f)  # type: ignore[no-any-return]


def _shown(f: Activation) -> str:
    """An activation in front of "Neuron": micrograd writes ReLU and Linear."""
    name = f if isinstance(f, str) else "linear" if f is None else getattr(f, "__name__", type(f).__name__)
    return "ReLU" if name == "relu" else name[:1].upper() + name[1:]


# ---- what the modules share ------------------------------------------------------------------------------------------


def _randomness(seed: Any) -> Any:
    """What draws the weights: the module `random` itself, or a generator of one's own."""
    if seed is None:
        return random
    return seed if hasattr(seed, "uniform") else random.Random(seed)


def _counted(module: Module, expected: int, given: int, thing: str) -> None:
    if given != expected:
        shown = short_label(repr(module), 60)
        raise ValueError(f"{shown} has {expected} {thing}{'s' * (expected != 1)}, and {given} were given")


def _takes(module: Module, nin: int, x: Any) -> None:
    if not hasattr(x, "__len__"):
        shown = short_label(repr(x), 40)
        raise TypeError(
            f"{short_label(repr(module), 60)} takes a list of {nin} numbers, not {type(x).__name__} {shown}"
        )
    _counted(module, nin, len(x), "input")


def _stacked(sizes: list[int], activations: list[Activation], draws: Any) -> list[Layer]:
    """Layers of these lengths, one after the other, named by their numbers."""
    layers = [Layer(nin, nout, f=f, seed=draws) for nin, nout, f in zip(sizes, sizes[1:], activations)]
    for i, layer in enumerate(layers, 1):
        layer._named(f"layer {i}", i, output=False)
    return layers


def _through(
    module: Module, layers: list[Layer], parameters: Sequence[Any], x: Sequence[Any]
) -> tuple[Sequence[Any], list[Any]]:
    """The parameters that are left after the layers, and what x becomes in them."""
    _counted(module, len(module.parameters()), len(parameters), "parameter")
    _takes(module, layers[0].nin, x)
    a = list(x)
    for layer in layers:
        size = (layer.nin + 1) * len(layer.neurons)
        mine, parameters = parameters[:size], parameters[size:]
        a = layer._outputs(mine, a)
    return parameters, a


def _bare(outputs: list[Any]) -> Any:
    return outputs[0] if len(outputs) == 1 else outputs


def _labelled(x: Any, label: str | None) -> Any:
    if label is not None and type(x) is Value:
        x.label = label
    return x
