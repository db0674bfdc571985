"""The definitions of lesson 06 behave as those of ``helpers.experiments.training`` and torch."""

import copy
import gzip

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


def test_read_idx(tmp_path):
    folder = data.DATA / "MNIST" / "raw"
    images = lesson.read_idx(folder / "t10k-images-idx3-ubyte.gz")
    labels = lesson.read_idx(folder / "t10k-labels-idx1-ubyte.gz")
    expected = data.load_mnist().test
    assert images.dtype == torch.uint8 and torch.equal(images[:, None], expected.images)
    assert torch.equal(labels.long(), expected.labels)
    small = tmp_path / "small.gz"  # axes of unequal lengths, the last one changing fastest
    header = bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3])
    small.write_bytes(gzip.compress(header + bytes(range(6))))
    assert lesson.read_idx(small).tolist() == [[[0, 1, 2], [3, 4, 5]]]


def test_the_network_is_that_of_helpers(images):
    own = lesson.initialise(lesson.Network(), torch.Generator().manual_seed(1)).double()
    other = initialise(FixedNetwork(), torch.Generator().manual_seed(1)).double()
    own_state, other_state = own.state_dict(), other.state_dict()
    assert list(own_state) == list(other_state)  # the same names, in the same order
    assert all(torch.equal(own_state[name], other_state[name]) for name in own_state)
    input = prepare(images.images).double()
    upstream = torch.randn(70, 10, generator=torch.Generator().manual_seed(2)).double()
    outputs = [network(input) for network in (own, other)]
    torch.testing.assert_close(*outputs, atol=1e-10, rtol=0)
    gradients = [
        torch.autograd.grad(output, list(network.parameters()), upstream)
        for output, network in zip(outputs, (own, other), strict=True)
    ]
    for actual, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(actual, expected, atol=1e-10, rtol=0)


def test_the_network_takes_our_convolution(images):
    network = lesson.initialise(lesson.Network(conv.Conv2d), torch.Generator().manual_seed(1))
    expected = lesson.initialise(lesson.Network(), torch.Generator().manual_seed(1))
    assert isinstance(network.conv1, conv.Conv2d)
    input = prepare(images.images)
    torch.testing.assert_close(network(input), expected(input), atol=1e-5, rtol=0)


def test_normaliser(images):
    actual = lesson.normaliser(0.13, 0.31)(images.images)
    expected = inputs.normaliser(0.13, 0.31)(images.images)
    assert actual.dtype == torch.float32
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=0)


@given(st.floats(1e-3, 1e5), st.integers(0, 100))
def test_cross_entropy_of_scores_of_any_size(size, seed):
    generator = torch.Generator().manual_seed(seed)
    Z = size * torch.randn(5, 10, generator=generator, dtype=torch.float64)
    t = torch.randint(10, (5,), generator=generator)
    torch.testing.assert_close(
        lesson.cross_entropy(Z, t), torch.nn.functional.cross_entropy(Z, t), atol=1e-9, rtol=1e-12
    )


def test_first_switch():
    closed, opened = torch.tensor([False, True]), torch.tensor([True, True])
    assert lesson.first_switch([closed] * 9, [closed] * 9) is None
    for block in (3, 4, 5):  # of the second step
        other = [closed] * block + [opened] * (9 - block)
        assert lesson.first_switch([closed] * 9, other) == 2


def test_wilson():
    # the interval of Wilson's formula, (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    assert lesson.wilson(9900, 10_000) == "98.79 to 99.18"
    assert lesson.wilson(10, 10).endswith("to 100.00")
