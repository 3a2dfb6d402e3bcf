"""micrograd's `Module`, `Neuron`, `Layer` and `MLP`: those of `autograd_lite.nn`, with micrograd's Values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import nn
from ..nn import Module
from .engine import adopted

__all__ = ["MLP", "Layer", "Module", "Neuron"]


class _Adopted(Module):
    def __init__(self, *sizes: Any, **options: Any) -> None:
        super().__init__(*sizes, **options)
        for p in self.parameters():
            adopted(p)

    def __call__(self, x: Sequence[Any]) -> Any:
        outputs = super().__call__(x)
        return list(map(adopted, outputs)) if isinstance(outputs, list) else adopted(outputs)


class Neuron(_Adopted, nn.Neuron):
    """``Neuron(nin, nonlin=True)``: see `autograd_lite.nn.Neuron`.

    >>> Neuron(2), Neuron(2)([1.0, 2.0])._op
    (ReLUNeuron(2), 'ReLU')
    """


class Layer(_Adopted, nn.Layer):
    """``Layer(nin, nout)``: see `autograd_lite.nn.Layer`.

    >>> Layer(2, 2, nonlin=False)
    Layer of [LinearNeuron(2), LinearNeuron(2)]
    """


class MLP(_Adopted, nn.MLP):
    """``MLP(nin, [nout, …])``: see `autograd_lite.nn.MLP`.

    >>> len(MLP(3, [4, 4, 1]).parameters())
    41
    """
