"""The benchmarks' problems are what they are said to be: beside distributions, and array code for JAX and PyTorch."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import peers
import problems


def close(found: Any, wanted: Any, rtol: float = 1e-9) -> None:
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= rtol * np.abs(wanted).max()


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Arrays as small as these are no work for several of PyTorch's threads."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def torch_gradients(function: Any, *arrays: Any) -> Any:
    import torch

    leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    value = function(*leaves)
    return value.item(), torch.autograd.grad(value, leaves)


def jax_gradients(function: Any, *arrays: Any) -> Any:
    import jax

    with jax.enable_x64():
        return jax.jit(jax.value_and_grad(function, argnums=tuple(range(len(arrays)))))(*arrays)


GAMMA, EXTRA = 1.3, 2


def mixture(alphas: Any, means: Any, factors: Any, x: Any) -> Any:
    points = [problems.mixture_point(alphas, means, factors, row, ag.math) for row in x]
    rest = problems.mixture_rest(alphas, factors, len(x), x.shape[1], GAMMA, EXTRA, ag.math)
    return problems.summed([*points, rest])


@pytest.mark.parametrize(("d", "components", "points"), [(1, 1, 1), (2, 3, 4), (3, 2, 5)], ids=str)
def test_the_mixture_is_one_of_normal_distributions_with_a_wishart_prior(d: int, components: int, points: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'autograd_lite[peers]'")
    distributions = torch.distributions
    alphas, means, factors, x = problems.mixture(d, components, points)

    def by_distributions(alphas: Any, means: Any, factors: Any) -> Any:
        q = torch.diag_embed(factors[:, :d].exp())
        q[:, *peers.lower(d)] = factors[:, d:]
        precisions = q.mT @ q
        normals = distributions.MultivariateNormal(means, precision_matrix=precisions)
        density = distributions.MixtureSameFamily(distributions.Categorical(logits=alphas), normals)
        freedom = torch.tensor(d + 1.0 + EXTRA, dtype=torch.float64)
        scale = torch.eye(d, dtype=torch.float64) / GAMMA**2
        prior = distributions.Wishart(freedom, covariance_matrix=scale)
        return density.log_prob(torch.tensor(x)).sum() - prior.log_prob(precisions).sum()

    value, gradients = ag.value_and_grad(mixture, (0, 1, 2))(alphas, means, factors, x)
    wanted, their_gradients = torch_gradients(by_distributions, alphas, means, factors)
    close(value, wanted)
    for found, theirs in zip(gradients, their_gradients):
        close(found, theirs, 1e-8)


@pytest.mark.parametrize("system", ["jax", "torch"])
def test_the_mixture_of_the_peers_is_ours(system: str) -> None:
    pytest.importorskip(system, reason=f"{system} is not installed: pip install 'autograd_lite[jax,peers]'")
    *parameters, x = problems.mixture(3, 4, 5)
    value, gradients = ag.value_and_grad(mixture, (0, 1, 2))(*parameters, x)
    if system == "jax":
        wanted, theirs = jax_gradients(lambda *p: peers.jax_mixture(*p, x, GAMMA, EXTRA), *parameters)
    else:
        import torch

        at = torch.tensor(x)
        wanted, theirs = torch_gradients(lambda *p: peers.torch_mixture(*p, at, GAMMA, EXTRA), *parameters)
    close(value, wanted)
    for ours, other in zip(gradients, theirs):
        close(ours, other)


@pytest.mark.parametrize("system", ["jax", "torch"])
def test_the_lstm_of_the_peers_is_ours(system: str) -> None:
    pytest.importorskip(system, reason=f"{system} is not installed: pip install 'autograd_lite[jax,peers]'")
    *parameters, sequence = problems.lstm(2, 6)
    value, gradients = ag.value_and_grad(problems.lstm_loss, (0, 1, 2))(*parameters, sequence, ag.math)
    if system == "jax":
        wanted, theirs = jax_gradients(lambda *p: peers.jax_lstm(*p, sequence), *parameters)
    else:
        import torch

        at = torch.tensor(sequence)
        wanted, theirs = torch_gradients(lambda *p: peers.torch_lstm(*p, at), *parameters)
    close(value, wanted)
    for ours, other in zip(gradients, theirs):
        close(ours, other)


def test_a_character_has_fourteen_bits_and_the_first_is_the_highest() -> None:
    sequence = problems.lstm(1, 200)[3]
    codes = sequence @ 2.0 ** np.arange(14)[::-1]
    assert set(map(chr, codes.astype(int))) == set("etaoin shrdlu\n,.’")


@pytest.mark.parametrize("kind", ["simple", "on skin"])
@pytest.mark.parametrize("system", ["jax", "torch"])
def test_the_hand_of_the_peers_is_ours(system: str, kind: str) -> None:
    module = pytest.importorskip(system, reason=f"{system} is not installed: pip install 'autograd_lite[jax,peers]'")
    places, pose, hand = problems.hand(4)
    z = pose if kind == "simple" else np.concatenate([places.ravel(), pose])
    compiled = ag.compile(residuals_of(hand, kind))
    make = getattr(peers, f"{system}_hand{'_on_skin' if kind == 'on skin' else ''}")
    if system == "jax":
        with module.enable_x64():
            value, slopes = module.jit(lambda z: (make(hand)(z), module.jacfwd(make(hand))(z)))(z)
    else:
        value = make(hand)(module.tensor(z))
        slopes = module.autograd.functional.jacobian(make(hand), module.tensor(z))
    close(compiled(z), value)
    close(compiled.jacobian(z), slopes)
    sparse = compiled.jacobian(z, sparse=True)
    close(sparse.toarray(), slopes)
    assert sparse.nnz < slopes.shape[0] * slopes.shape[1]


def residuals_of(hand: problems.Hand, kind: str) -> Any:
    if kind == "simple":
        return lambda pose: np.array(problems.hand_residuals(pose, hand, ag.math))
    count = 2 * len(hand.points)

    def residuals(z: Any) -> Any:
        return np.array(problems.hand_residuals_on_skin(z[:count].reshape(-1, 2), z[count:], hand, ag.math))

    return residuals


def test_a_hand_is_not_turned_by_less_than_a_ten_thousandth() -> None:
    _, pose, hand = problems.hand(2)
    residuals = ag.compile(residuals_of(hand, "simple"))
    still, barely, turned = [np.array([angle, 0.0, 0.0, *pose[3:]]) for angle in (0.0, 9e-5, 2e-4)]
    np.testing.assert_array_equal(residuals(barely), residuals(still))
    assert math.dist(residuals(turned), residuals(still)) > 1e-6
    assert not residuals.jacobian(barely)[:, :3].any()


def test_at_rest_the_skin_is_where_it_was() -> None:
    _, _, hand = problems.hand(5)
    rest = np.array(problems.hand_residuals([0.0] * problems.POSE, hand, ag.math)).reshape(5, 3)
    np.testing.assert_allclose(np.array(hand.points) - rest, np.array(hand.skin)[hand.vertices], atol=1e-15)
