"""The definitions of lesson 06 behave as those of ``helpers.experiments.training`` and torch."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lesson import definitions

from helpers import conv, data
from helpers.experiments import inputs, training
from helpers.networks import FixedNetwork, initialise

lesson = definitions("06_mnist_baseline")


@pytest.fixture(scope="module")
def images():
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (70, 1, 28, 28), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 10, (70,), generator=generator)
    return data.Images(pixels, labels, torch.arange(70))


def start(**options):
    network = initialise(FixedNetwork(**options), torch.Generator().manual_seed(1))
    return network, torch.optim.Adam(network.parameters(), lr=0.001)


def prepare(images):
    return inputs.normaliser(0.5, 0.3)(images)


@pytest.mark.parametrize("layer", [torch.nn.Conv2d, conv.Conv2d])
def test_train_epoch(images, layer):
    groups = {28: images}
    batches = data.batches(groups, 16, torch.Generator().manual_seed(2))  # the last has 6 images
    network, optimiser = start(conv=layer)
    expected_network, expected_optimiser = start(conv=layer)
    for _ in range(2):  # the second epoch continues from the first
        losses = lesson.train_epoch(
            network, optimiser, images, [indices for _, indices in batches], prepare
        )
        expected = training.train_epoch(
            expected_network, expected_optimiser, groups, batches, prepare
        )
        assert losses.shape == (5,) and not losses.requires_grad
        torch.testing.assert_close(losses, expected, atol=1e-6, rtol=0)
    for own, other in zip(network.parameters(), expected_network.parameters(), strict=True):
        torch.testing.assert_close(own, other, atol=1e-6, rtol=0)


def test_train_epoch_changes_the_network(images):
    network, optimiser = start()
    before = copy.deepcopy(network.state_dict())
    batch = torch.arange(16)
    losses = lesson.train_epoch(network, optimiser, images, [batch] * 30, prepare)
    assert losses[-1] < losses[0] / 2  # 16 images are soon known by heart
    assert all(not torch.equal(before[key], now) for key, now in network.state_dict().items())


@pytest.mark.parametrize("batch_size", [1, 16, 70, 100])
def test_evaluate(images, batch_size):
    network, _ = start()
    loss, predictions = lesson.evaluate(network, images, prepare, batch_size)
    expected_loss, expected = training.evaluate(network, images, prepare, batch_size)
    assert torch.equal(predictions, expected) and predictions.dtype == torch.int64
    assert loss == pytest.approx(expected_loss, abs=1e-5)
    assert not network.training


@given(
    st.integers(1, 4),
    st.floats(1e-4, 0.1),
    st.tuples(st.floats(0, 0.99), st.floats(0.5, 0.999)),
    st.integers(0, 100),
)
def test_adam_step(steps, learning_rate, betas, seed):
    generator = torch.Generator().manual_seed(seed)
    theta = torch.randn(6, generator=generator, dtype=torch.float64)
    parameter = torch.nn.Parameter(theta.clone())
    optimiser = torch.optim.Adam([parameter], lr=learning_rate, betas=betas)
    m = v = torch.zeros(6, dtype=torch.float64)
    for tau in range(1, steps + 1):
        parameter.grad = torch.randn(6, generator=generator, dtype=torch.float64)
        theta, m, v = lesson.adam_step(theta, parameter.grad, m, v, tau, learning_rate, betas)
        optimiser.step()
    torch.testing.assert_close(theta, parameter.detach(), atol=1e-10, rtol=0)


def test_graph_nodes():
    x = torch.ones(3, requires_grad=True)
    # the product of a value with itself is one node, reached twice; with the sum and x it is three
    assert len(lesson.graph_nodes((x * x).sum().grad_fn, set())) == 3
    assert lesson.graph_nodes(x.detach().grad_fn, set()) == set()


@pytest.mark.parametrize(
    ("best", "behind", "parts"),
    [
        (0.001, 0.0, ["the original's 0.001 is the best."]),
        (
            0.002,
            0.12,
            ["0.12 points behind the best rate, 0.002", "can be chance", "We keep 0.001"],
        ),
        (0.002, 0.31, ["0.31 points apart", "can be chance", "We keep 0.001"]),
        (0.0005, 1.0, ["1.00 points behind", "0.0005 is better by more", "We keep 0.001"]),
    ],
)
def test_the_verdict_on_the_learning_rates(best, behind, parts):
    said = lesson.verdict(best, 0.001, behind, 0.31)
    assert all(part in said for part in parts) and said.endswith(".")
    assert ("can be chance" in said) == ("can be chance" in parts)
