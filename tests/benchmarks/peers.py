"""ADBench's objectives as people write them who have arrays: for JAX and for PyTorch, in float64.

What is a loop over numbers in `problems` is an axis of an array here, and rotations are matrices: the peers that the
benchmarks measure, and a second opinion on what the problems compute. Imports both libraries where a function is for.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from problems import BONES, Hand


def lower(d: int) -> tuple[Any, Any]:
    """Rows and columns of what is below the diagonal, column by column."""
    columns, rows = np.triu_indices(d, 1)
    return rows, columns


# ---- JAX -------------------------------------------------------------------------------------------------------------


def jax_mixture(alphas: Any, means: Any, factors: Any, x: Any, gamma: float, extra: int) -> Any:
    import jax
    import jax.numpy as jnp

    (n, d), components = x.shape, len(alphas)
    logs = factors[:, :d]
    q = jnp.zeros((components, d, d)).at[:, jnp.arange(d), jnp.arange(d)].set(jnp.exp(logs))
    q = q.at[:, lower(d)[0], lower(d)[1]].set(factors[:, d:])
    scaled = jnp.einsum("kij,nkj->nki", q, x[:, None] - means)
    terms = alphas + logs.sum(1) - 0.5 * (scaled**2).sum(2)
    value = jax.nn.logsumexp(terms, axis=1).sum() - n * jax.nn.logsumexp(alphas)
    freedom = d + 1 + extra
    prior = 0.5 * gamma**2 * (q**2).sum() - extra * logs.sum()
    constant = freedom * d * math.log(gamma / math.sqrt(2.0)) - jax.scipy.special.multigammaln(0.5 * freedom, d)
    return value + prior - components * constant - 0.5 * n * d * math.log(2.0 * math.pi)


def jax_lstm(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    import jax
    import jax.numpy as jnp

    def step(state: Any, pair: Any) -> Any:
        x, gold = pair
        seen, after = x * extra[0], []
        for weights, biases, hidden, cell in zip(main[::2], main[1::2], state[::2], state[1::2]):
            gates = jnp.concatenate([seen, hidden, seen, hidden]) * weights + biases
            forget, ingate, outgate, change = gates.reshape(4, -1)
            cell = cell * jax.nn.sigmoid(forget) + jax.nn.sigmoid(ingate) * jnp.tanh(change)
            seen = jax.nn.sigmoid(outgate) * jnp.tanh(cell)
            after += [seen, cell]
        y = seen * extra[1] + extra[2]
        return jnp.stack(after), gold @ (y - jnp.log(jnp.exp(y).sum() + 2.0))

    _, values = jax.lax.scan(step, state, (sequence[:-1], sequence[1:]))
    return -values.mean() / sequence.shape[1]


def jax_hand(hand: Hand) -> Any:
    """The simple residuals as a function of the pose."""
    moved = jax_skin(hand, np.array(hand.vertices))
    points = np.array(hand.points)
    return lambda pose: (points - moved(pose)).ravel()


def jax_hand_on_skin(hand: Hand) -> Any:
    """The complicated ones, of the places on triangles and the pose in one vector."""
    import jax.numpy as jnp

    corners = hand.triangles_of_points()
    moved = jax_skin(hand, corners.ravel())
    points = jnp.array(hand.points)

    def residuals(z: Any) -> Any:
        places = z[: 2 * len(points)].reshape(-1, 2)
        shares = jnp.column_stack([places, 1.0 - places.sum(1)])
        at = moved(z[2 * len(points) :]).reshape(-1, 3, 3)
        return (points - jnp.einsum("nc,nci->ni", shares, at)).ravel()

    return residuals


def jax_skin(hand: Hand, vertices: Any) -> Any:
    import jax.numpy as jnp

    relatives, inverses, skin, weights = hand.as_arrays(vertices)

    def about(axis: int, angle: Any) -> Any:
        c, s = jnp.cos(angle), jnp.sin(angle)
        i, j = [k for k in range(3) if k != axis]
        return jnp.eye(4).at[i, i].set(c).at[j, j].set(c).at[i, j].set(-s).at[j, i].set(s)

    def rotation(r: Any) -> Any:
        square = r @ r
        small = square < 1e-8
        angle = jnp.sqrt(jnp.where(small, 1.0, square))
        k = jnp.array([[0.0, -r[2], r[1]], [r[2], 0.0, -r[0]], [-r[1], r[0], 0.0]]) / angle
        return jnp.where(small, jnp.eye(3), jnp.eye(3) + jnp.sin(angle) * k + (1.0 - jnp.cos(angle)) * k @ k)

    def moved(pose: Any) -> Any:
        fingers, places = pose[6:].reshape(5, 4), []
        for bone, parent in enumerate(hand.parents):
            place = relatives[bone]
            finger, joint = divmod(bone - 2, 4)
            if bone >= 2 and joint < 3:
                if joint == 0:
                    place = place @ about(2, fingers[finger, 1])
                place = place @ about(0, fingers[finger, joint + (joint > 0)])
            places.append(place if parent < 0 else places[parent] @ place)
        at = jnp.einsum("bij,bjk,vk,vb->vi", jnp.stack(places), inverses, skin, weights, optimize=True)
        return at[:, :3] @ rotation(pose[:3]).T + pose[3:6]

    return moved


# ---- PyTorch ---------------------------------------------------------------------------------------------------------


def torch_mixture(alphas: Any, means: Any, factors: Any, x: Any, gamma: float, extra: int) -> Any:
    import torch

    (n, d), components = x.shape, len(alphas)
    logs, rest = factors[:, :d], factors[:, d:]
    diagonal = logs.exp()
    strict = torch.zeros(components, d, d, dtype=x.dtype)
    strict[:, lower(d)[0], lower(d)[1]] = rest
    centred = x[:, None] - means
    scaled = diagonal * centred + torch.einsum("kij,nkj->nki", strict, centred)
    terms = alphas + logs.sum(1) - 0.5 * scaled.square().sum(2)
    value = terms.logsumexp(1).sum() - n * alphas.logsumexp(0)
    freedom = torch.tensor(d + 1.0 + extra, dtype=x.dtype)
    prior = 0.5 * gamma**2 * (diagonal.square().sum() + rest.square().sum()) - extra * logs.sum()
    constant = freedom * d * math.log(gamma / math.sqrt(2.0)) - torch.special.multigammaln(0.5 * freedom, d)
    return value + prior - components * constant - 0.5 * n * d * math.log(2.0 * math.pi)


def torch_lstm(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    import torch

    weights, biases = main[::2].reshape(-1, 4, sequence.shape[1]), main[1::2].reshape(-1, 4, sequence.shape[1])
    hidden, cells = list(state[::2]), list(state[1::2])
    outputs = []
    for x in sequence[:-1] * extra[0]:
        for layer, (w, b) in enumerate(zip(weights, biases)):
            gates = torch.stack([x, hidden[layer], x, hidden[layer]]) * w + b
            forget, ingate, outgate = gates[:3].sigmoid()
            cells[layer] = cells[layer] * forget + ingate * gates[3].tanh()
            x = hidden[layer] = outgate * cells[layer].tanh()
        outputs.append(x)
    y = torch.stack(outputs) * extra[1] + extra[2]
    return -(sequence[1:] * (y - (y.exp().sum(1, keepdim=True) + 2.0).log())).mean()


def torch_hand(hand: Hand) -> Any:
    """The simple residuals as a function of the pose."""
    import torch

    moved, points = torch_skin(hand, np.array(hand.vertices)), torch.tensor(hand.points, dtype=torch.float64)
    return lambda pose: (points - moved(pose)).ravel()


def torch_hand_on_skin(hand: Hand) -> Any:
    """The complicated ones, of the places on triangles and the pose in one vector."""
    import torch

    moved = torch_skin(hand, hand.triangles_of_points().ravel())
    points = torch.tensor(hand.points, dtype=torch.float64)

    def residuals(z: Any) -> Any:
        places = z[: 2 * len(points)].reshape(-1, 2)
        shares = torch.column_stack([places, 1.0 - places.sum(1)])
        at = moved(z[2 * len(points) :]).reshape(-1, 3, 3)
        return (points - (shares[:, :, None] * at).sum(1)).ravel()

    return residuals


def torch_skin(hand: Hand, vertices: Any) -> Any:
    """The rotations are exponentials of what turns, and no formula of Rodrigues or Euler."""
    import torch

    relatives, inverses, skin, weights = [torch.tensor(a) for a in hand.as_arrays(vertices)]
    turns = torch.zeros(3, 4, 4, dtype=torch.float64)
    for axis in range(3):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        turns[axis, i, j], turns[axis, j, i] = -1.0, 1.0

    def moved(pose: Any) -> Any:
        fingers, places = pose[6:].reshape(5, 4), []
        flexions = torch.linalg.matrix_exp(fingers[:, [0, 2, 3], None, None] * turns[0])
        spreads = torch.linalg.matrix_exp(fingers[:, 1, None, None] * turns[2])
        for bone in range(BONES):
            place = relatives[bone]
            finger, joint = divmod(bone - 2, 4)
            if bone >= 2 and joint < 3:
                turn = flexions[finger, joint]
                place = place @ (spreads[finger] @ turn if joint == 0 else turn)
            places.append(place if bone == 0 else places[hand.parents[bone]] @ place)
        at = torch.einsum("vb,bij,vj->vi", weights, torch.stack(places) @ inverses, skin)[:, :3]
        rotation = torch.linalg.matrix_exp((pose[:3, None, None] * turns).sum(0))[:3, :3]
        return at @ rotation.T + pose[3:6]

    return moved
