"""The benchmarks' problems, written once for every system: plain arithmetic, and a module with sin, cos, sqrt, exp …

Bundle adjustment is ADBench's reprojection error (Šrajer, Kukelova & Fitzgibbon, Optimization Methods and Software 33
(2018)), away from the rotation by no angle; the network is micrograd's demonstration.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

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
