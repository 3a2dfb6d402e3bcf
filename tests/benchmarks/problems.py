"""The benchmarks' problems, written once for every system: plain arithmetic, and a module with sin, cos, sqrt, exp …

Bundle adjustment, the mixture, the LSTM and the hand are ADBench's objectives (Šrajer, Kukelova & Fitzgibbon,
Optimization Methods and Software 33 (2018), arXiv:1807.10129), bundle adjustment away from the rotation by no angle;
the network is micrograd's demonstration. Each has an instance of ADBench's size, drawn with a fixed seed.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import operator
import types
from collections.abc import Sequence
from typing import Any

import numpy as np


def summed(terms: Sequence[Any]) -> Any:
    """Of at least one, from left to right, without the 0 that Python's `sum` begins with."""
    return functools.reduce(operator.add, terms)


# ---- bundle adjustment -----------------------------------------------------------------------------------------------

CAMERA, POINT, WEIGHT, FEATURE = 11, 3, 1, 2  # numbers in each argument


def reprojection(cam: Sequence[Any], point: Sequence[Any], weight: Any, feature: Sequence[Any], m: Any) -> list[Any]:
    """The two residuals of a point seen by a camera.

    `cam` is a rotation vector, the centre, the focal length, the principal point, and two of radial distortion.
    """
    rotation, centre, focal, principal, radial = cam[0:3], cam[3:6], cam[6], cam[7:9], cam[9:11]
    x, y, z = rotated(rotation, [point[i] - centre[i] for i in range(3)], m)
    u, v = x / z, y / z
    square = u * u + v * v
    scale = 1.0 + radial[0] * square + radial[1] * (square * square)
    return [
        weight * (u * scale * focal + principal[0] - feature[0]),
        weight * (v * scale * focal + principal[1] - feature[1]),
    ]


def rotated(r: Sequence[Any], x: Sequence[Any], m: Any) -> list[Any]:
    """Rodrigues' formula."""
    angle = m.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    c, s, inverse = m.cos(angle), m.sin(angle), 1.0 / angle
    w = [inverse * e for e in r]
    cross = [w[1] * x[2] - w[2] * x[1], w[2] * x[0] - w[0] * x[2], w[0] * x[1] - w[1] * x[0]]
    along = (w[0] * x[0] + w[1] * x[1] + w[2] * x[2]) * (1.0 - c)
    return [x[i] * c + cross[i] * s + w[i] * along for i in range(3)]


def squared_error(cam: Sequence[Any], point: Sequence[Any], weight: Any, feature: Sequence[Any], m: Any) -> Any:
    """The sum of the squared residuals."""
    a, b = reprojection(cam, point, weight, feature, m)
    return a * a + b * b


# ---- micrograd's network ---------------------------------------------------------------------------------------------


def network(sizes: Sequence[int]) -> int:
    """How many parameters a network of these layers has."""
    return sum(outputs * (inputs + 1) for inputs, outputs in itertools.pairwise(sizes))


def forward(sizes: Sequence[int], parameters: Sequence[Any], x: Sequence[Any], relu: Any) -> list[Any]:
    """micrograd's MLP: each neuron's weights, then its bias; rectified but in the last layer."""
    at = 0
    for inputs, outputs in itertools.pairwise(sizes):
        made = []
        for _ in range(outputs):
            total = parameters[at + inputs]
            for w, e in zip(parameters[at : at + inputs], x):
                total = total + w * e
            at += inputs + 1
            made.append(total if outputs == sizes[-1] and at == len(parameters) else relu(total))
        x = made
    return list(x)


def hinge_loss(
    sizes: Sequence[int], parameters: Sequence[Any], points: Sequence[Sequence[Any]], labels: Sequence[Any], relu: Any
) -> Any:
    """micrograd's loss: the mean of max(0, 1 - y·score), and 1e-4 of the squared parameters."""
    losses = [relu(1.0 - y * forward(sizes, parameters, x, relu)[0]) for x, y in zip(points, labels)]
    total = sum(losses[1:], losses[0]) * (1.0 / len(losses))
    squares = [p * p for p in parameters]
    return total + 1e-4 * sum(squares[1:], squares[0])


# ---- a mixture of Gaussians ------------------------------------------------------------------------------------------


def mixture_point(alphas: Sequence[Any], means: Any, factors: Any, x: Sequence[Any], m: Any) -> Any:
    """ADBench's GMM at one point: the log of the sum of its components, but for what does not depend on the point.

    A component's inverse covariance is QᵀQ; of Q, a row of `factors` has the logarithms of the diagonal, then what is
    below it, column by column.
    """
    d, terms = len(x), []
    for alpha, mean, factor in zip(alphas, means, factors):
        centred = [a - b for a, b in zip(x, mean)]
        scaled = [m.exp(q) * a for q, a in zip(factor[:d], centred)]
        at = d
        for column in range(d):
            for row in range(column + 1, d):
                scaled[row] = scaled[row] + factor[at] * centred[column]
                at += 1
        terms.append(alpha + summed(factor[:d]) - 0.5 * summed([s * s for s in scaled]))
    return m.logsumexp(terms)


def mixture_rest(alphas: Sequence[Any], factors: Any, points: int, d: int, gamma: float, extra: int, m: Any) -> Any:
    """What ADBench's GMM adds to the sum over so many points of d numbers: its weights' norm, the prior, constants.

    The prior is less the log density of Wishart's distribution of QᵀQ with d + 1 + `extra` degrees of freedom and the
    scale γ⁻².
    """
    freedom = d + 1 + extra
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi)
    log_gamma += sum(math.lgamma(0.5 * (freedom - j)) for j in range(d))
    constant = -0.5 * points * d * math.log(2.0 * math.pi)
    constant -= len(alphas) * (freedom * d * math.log(gamma / math.sqrt(2.0)) - log_gamma)
    terms = [constant - float(points) * m.logsumexp(alphas)]
    for factor in factors:
        squares = [e * e for e in [*[m.exp(q) for q in factor[:d]], *factor[d:]]]
        terms.append(0.5 * gamma * gamma * summed(squares) - float(extra) * summed(factor[:d]))
    return summed(terms)


def mixture(d: int, components: int, points: int) -> tuple[Any, Any, Any, Any]:
    """An instance as ADBench draws them: weights, means, factors, and points."""
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(components, d * (d + 1) // 2))
    return rng.normal(size=components), rng.random((components, d)), factors, rng.normal(size=(points, d))


# ---- an LSTM ---------------------------------------------------------------------------------------------------------


def lstm_step(main: Any, extra: Any, state: Any, x: Any, gold: Any, m: Any) -> tuple[Any, list[Any]]:
    """ADBench's LSTM for one character: how well it foretells the next, `gold`, in nats, and the state after it.

    Its gates are diagonal: each layer has two rows in `main`, weights and biases of the four gates, of which the
    forget and the output gate see the layer's input, the other two what it put out before; and two rows in `state`,
    what it put out and its cell. `extra` scales the input, and scales and moves the output.
    """
    bits, after = len(x), []
    seen = [a * w for a, w in zip(x, extra[0])]
    for layer in range(0, len(main), 2):
        hidden, cell = state[layer], state[layer + 1]
        gates = [a * w + b for a, w, b in zip([*seen, *hidden, *seen, *hidden], main[layer], main[layer + 1])]
        forget, ingate, outgate = [[m.sigmoid(g) for g in gates[i * bits : (i + 1) * bits]] for i in range(3)]
        change = [m.tanh(g) for g in gates[3 * bits :]]
        cell = [c * f + i * a for c, f, i, a in zip(cell, forget, ingate, change)]
        seen = [o * m.tanh(c) for o, c in zip(outgate, cell)]
        after += [seen, cell]
    y = [a * w + b for a, w, b in zip(seen, extra[1], extra[2])]
    norm = m.log(summed([m.exp(a) for a in y]) + 2.0)
    return summed([g * (a - norm) for g, a in zip(gold, y)]), after


def lstm_loss(main: Any, extra: Any, state: Any, sequence: Any, m: Any) -> Any:
    """Less the mean, over characters and bits, of what `lstm_step` gives along a sequence."""
    values = []
    for x, gold in itertools.pairwise(sequence):
        value, state = lstm_step(main, extra, state, x, gold, m)
        values.append(value)
    return summed(values) * (-1.0 / (len(values) * len(sequence[0])))


def lstm(layers: int, characters: int) -> tuple[Any, Any, Any, Any]:
    """An instance as ADBench draws them, with 14 bits a character: `main`, `extra`, `state`, and the sequence."""
    rng, bits = np.random.default_rng(0), 14
    main, extra = rng.random((2 * layers, 4 * bits)), rng.random((3, bits))
    codes = rng.choice([ord(letter) for letter in "etaoin shrdlu\n,.’"], characters)
    sequence = (codes[:, None] >> np.arange(bits)[::-1] & 1).astype(float)
    return main, extra, rng.random((2 * layers, bits)), sequence


# ---- a hand ----------------------------------------------------------------------------------------------------------

BONES, POSE = 22, 26  # forearm and palm, then four a finger; numbers of a pose
Affine = list[list[Any]]  # three rows of four numbers: a rotation and a shift


@dataclasses.dataclass
class Hand:
    """A skeleton, the skin on it, and the points it is to be moved to.

    `relatives` are each bone's place as its parent (-1: none) sees it, `inverses` undo its place at rest: 3x4. `skin`
    is 3 numbers a vertex, `weights` a number a vertex and bone, `triangles` three vertices each.
    """

    parents: list[int]
    relatives: Any
    inverses: Any
    skin: Any
    weights: Any
    triangles: Any
    vertices: Any  # the vertex of each point
    faces: Any  # the triangle of each point
    points: Any

    def triangles_of_points(self) -> Any:
        return np.array(self.triangles)[self.faces]

    def as_arrays(self, vertices: Any) -> tuple[Any, Any, Any, Any]:
        """`relatives` and `inverses` as 4x4 matrices, and of these vertices four coordinates and the weights."""
        last = np.tile([0.0, 0.0, 0.0, 1.0], (BONES, 1, 1))
        maps = [np.concatenate([np.array(maps), last], axis=1) for maps in (self.relatives, self.inverses)]
        skin = np.column_stack([self.skin, np.ones(len(self.skin))])
        return maps[0], maps[1], skin[vertices], np.array(self.weights)[vertices]


def product(a: Any, b: Any) -> Affine:
    """Of two affine maps."""
    made = []
    for row in a:
        entries = [row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j] for j in range(4)]
        made.append([*entries[:3], entries[3] + row[3]])
    return made


def flexed(a: Any, flexion: Any, spread: Any, m: Any) -> Affine:
    """An affine map after a turn about x by `flexion` and then, if it is given, about z by `spread`."""
    c, s = m.cos(flexion), m.sin(flexion)
    if spread is None:
        return [[r[0], r[1] * c + r[2] * s, r[2] * c - r[1] * s, r[3]] for r in a]
    cz, sz = m.cos(spread), m.sin(spread)
    made = []
    for r in a:
        x, y = r[0] * cz + r[1] * sz, r[1] * cz - r[0] * sz
        made.append([x, y * c + r[2] * s, r[2] * c - y * s, r[3]])
    return made


def transforms(pose: Sequence[Any], hand: Hand, m: Any) -> list[Affine]:
    """Where each bone takes what is fixed to it. A finger has two angles at its first joint, one at the next two."""
    places: list[Affine] = []
    for bone, parent in enumerate(hand.parents):
        relative = hand.relatives[bone]
        finger, joint = divmod(bone - 2, 4)
        if bone >= 2 and joint < 3:
            first = 6 + 4 * finger
            spread = pose[first + 1] if joint == 0 else None
            relative = flexed(relative, pose[first + joint + (joint > 0)], spread, m)
        places.append(relative if parent < 0 else product(places[parent], relative))
    return [product(place, inverse) for place, inverse in zip(places, hand.inverses)]


def turned(r: Sequence[Any], x: Sequence[Any], m: Any) -> list[Any]:
    """`rotated`, but nothing is turned by less than 1e-4."""
    if m.less(m.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), 1e-4):
        return list(x)
    return rotated(r, x, m)


def vertex(v: int, bones: list[Affine], pose: Sequence[Any], hand: Hand, m: Any) -> list[Any]:
    """Where a vertex of the skin comes to lie: by each bone's weight where that bone takes it, and then the whole."""
    x, y, z = hand.skin[v]
    moved: list[Any] = []
    for axis in range(3):
        terms = []
        for bone, weight in enumerate(hand.weights[v]):
            if weight:
                row = bones[bone][axis]
                terms.append((row[0] * x + row[1] * y + row[2] * z + row[3]) * weight)
        moved.append(summed(terms))
    return [a + b for a, b in zip(turned(pose[0:3], moved, m), pose[3:6])]


def hand_residuals(pose: Sequence[Any], hand: Hand, m: Any) -> list[Any]:
    """ADBench's hand tracking, the simple one: from the vertex that belongs to a point to the point, three a point."""
    bones = transforms(pose, hand, m)
    moved = {v: vertex(v, bones, pose, hand, m) for v in sorted(set(hand.vertices))}
    return [a - b for v, point in zip(hand.vertices, hand.points) for a, b in zip(point, moved[v])]


def hand_residuals_on_skin(places: Any, pose: Sequence[Any], hand: Hand, m: Any) -> list[Any]:
    """The complicated one: a point belongs to a place on a triangle, whose two coordinates are to be found too."""
    bones = transforms(pose, hand, m)
    corners = [hand.triangles[face] for face in hand.faces]
    moved = {v: vertex(v, bones, pose, hand, m) for v in sorted({v for corner in corners for v in corner})}
    residuals = []
    for (a, b, c), (s, t), point in zip(corners, places, hand.points):
        rest = 1.0 - s - t
        on_skin = [s * i + t * j + rest * k for i, j, k in zip(moved[a], moved[b], moved[c])]
        residuals += [p - q for p, q in zip(point, on_skin)]
    return residuals


def hand(points: int) -> tuple[Any, Any, Hand]:
    """An instance of ADBench's sizes: places on triangles, a pose, and a hand of 544 vertices in 22 bones.

    ADBench's own hand is a scan. This one has bones of its lengths, skin around them that two or three bones share,
    and points near the skin of another pose.
    """
    rng = np.random.default_rng(0)
    parents = [-1, 0, *[1 if joint == 0 else 4 * finger + joint + 1 for finger in range(5) for joint in range(4)]]
    relatives = np.tile(np.eye(4), (BONES, 1, 1))
    for bone in range(BONES):
        finger, joint = divmod(bone - 2, 4)
        turn = rng.normal(0.0, 0.1, 3)
        relatives[bone, :3, :3] = np.array([rotated(turn, axis, np) for axis in np.eye(3)]).T
        relatives[bone, :3, 3] = (0.03 * (finger - 2), 0.09, 0.0) if bone >= 2 and joint == 0 else (0.0, 0.035, 0.0)
    rest = np.array(relatives)
    for bone, parent in enumerate(parents[1:], 1):
        rest[bone] = rest[parent] @ relatives[bone]
    bones = rng.integers(0, BONES, 544)
    around = np.concatenate([rng.normal(0.0, 0.008, (544, 3)), np.ones((544, 1))], axis=1)
    skin = np.einsum("nij,nj->ni", rest[bones], around)[:, :3]
    weights = np.zeros((544, BONES))
    for v, bone in enumerate(bones):
        near = [bone, max(parents[bone], 0), max(parents[parents[bone]], 0)]
        np.add.at(weights[v], near, rng.dirichlet([4.0, 2.0, 1.0]))
    made = Hand(
        parents,
        relatives[:, :3].tolist(),
        np.linalg.inv(rest)[:, :3].tolist(),
        skin.tolist(),
        weights.tolist(),
        rng.permuted(np.tile(np.arange(544), (1000, 1)), axis=1)[:, :3].tolist(),
        rng.integers(0, 544, points).tolist(),
        rng.integers(0, 1000, points).tolist(),
        [[0.0] * 3] * points,
    )
    pose, other = rng.normal(0.0, 0.3, (2, POSE))
    numbers = types.SimpleNamespace(sin=math.sin, cos=math.cos, sqrt=math.sqrt, less=operator.lt)
    away = np.array(hand_residuals(other.tolist(), made, numbers)).reshape(points, 3)
    made.points = (rng.normal(0.0, 0.005, (points, 3)) - away).tolist()
    return rng.dirichlet([1.0, 1.0, 1.0], points)[:, :2], pose, made
