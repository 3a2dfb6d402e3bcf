"""A program for a process that has eight devices: what rows that are spread over them come to, as JSON.

Started by test_devices.py, with XLA_FLAGS=--xla_force_host_platform_device_count=8.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import autograd_lite as ag
from autograd_lite import math
from autograd_lite.compiler.targets.jax import function

W = {"a": np.array([0.1, -0.4, 0.3]), "b": 0.5}
RNG = np.random.default_rng(8)
X, Y = RNG.normal(size=(4000, 3)), RNG.normal(size=4000)


def smooth(w: Any, x: Any, y: Any) -> Any:
    return math.softplus(-y * math.tanh(w["a"] @ x + w["b"]))


def branching(w: Any, x: Any, y: Any) -> Any:
    p = w["a"] @ x + w["b"]
    if x[0] > 1.0:
        return abs(p - y)
    return (math.tanh(p) - y) ** 2 if y < x[1] else p * p


def told(x: Any) -> dict[str, Any]:
    """An array's numbers, and where they are."""
    shards = sorted((shard.index[0].start or 0, shard.data.shape) for shard in x.addressable_shards if x.ndim)
    return {
        "numbers": np.asarray(x).tolist(),
        "type": str(x.dtype),
        "devices": len(x.sharding.device_set),
        "everywhere": x.sharding.is_fully_replicated,
        "rows": [shape[0] for _, shape in shards],
    }


def everything(dtype: str, axis_type: Any) -> dict[str, Any]:
    mesh = jax.make_mesh((8,), ("rows",), axis_types=(axis_type,))

    def spread(x: Any, *axes: str | None) -> Any:
        return jax.device_put(jnp.asarray(x, dtype), NamedSharding(mesh, PartitionSpec(*axes)))

    x, y, columns = spread(X, "rows", None), spread(Y, "rows"), spread(X.T, None, "rows")
    found: dict[str, Any] = {}
    for fn in smooth, branching:
        f = ag.compile(fn, in_axes=(None, 0, 0), target="jax")
        found[fn.__name__] = {
            "value": f(W, x, y),
            "value_and_grad": f.value_and_grad(W, x, y, argnums=(0, 1)),
            "hvp": f.hvp((W, x, y), (W, x, y))[1],
        }
    found["hessian"] = f.hessian(W, x, y, argnums=1)
    across = ag.compile(smooth, in_axes=(None, 1, 0), target="jax")
    found["across"] = across.grad(W, columns, y)

    per_row = jax.vmap(function(smooth), in_axes=(None, 0, 0))  # the recipe: JAX's own transformations
    recipe = jax.jit(jax.value_and_grad(lambda w, x, y: per_row(w, x, y).sum()))
    everywhere = jax.tree.map(spread, W)
    found["recipe"] = recipe(everywhere, x, y)
    found["reduced by XLA"] = jnp.asarray("all-reduce" in recipe.lower(everywhere, x, y).compile().as_text())
    return jax.tree.map(told, found)


if __name__ == "__main__":
    assert len(jax.devices()) == 8
    results = {}
    for dtype, axis_type in ("float32", AxisType.Explicit), ("float64", AxisType.Auto):
        with jax.enable_x64(dtype == "float64"):
            results[dtype] = everything(dtype, axis_type)
    json.dump(results, sys.stdout)
