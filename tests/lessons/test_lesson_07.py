"""The steps, the network and the optimiser of lesson 07 behave as those of torch."""

from functools import partial

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from lesson import definitions
from tensors import close, random
from torch import nn
from torch.nn import functional as F

from helpers.data import Images
from helpers.networks import FixedNetwork, initialise

lesson = definitions("07_without_autograd")

RULES = {  # for equal entries, as in the lesson
    "first": lambda tied: tied & (tied.cumsum(1) == 1),
    "last": lambda tied: tied & (tied.flip(1).cumsum(1).flip(1) == 1),
    "shared": lambda tied: tied / tied.double().sum(1, keepdim=True),
}


def integers(*shape, seed=0, high=3):
    """Return float64 values from a few integers, so that many are equal."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-1, high, shape, generator=generator).double()


def same_as_torch(step, function, input, parameters=()):
    """Output and all gradients of a step, for a random upstream gradient."""
    input = input.clone().requires_grad_()
    parameters = [p.clone().requires_grad_() for p in parameters]
    expected = function(input, *parameters)
    upstream = random(*expected.shape, seed=9)
    gradients = torch.autograd.grad(expected, [input, *parameters], upstream)
    close(step.forward(input.detach()), expected.detach())
    close(step.backward(upstream), gradients[0])
    assert len(step.gradients) == len(parameters)
    for ours, theirs in zip(step.gradients, gradients[1:], strict=True):
        close(ours, theirs)


sides = st.tuples(st.integers(1, 7), st.integers(1, 7))
kernels = st.tuples(st.integers(1, 4), st.integers(1, 4))
strides = st.tuples(st.integers(1, 3), st.integers(1, 3))


@given(st.integers(1, 3), st.integers(1, 3), sides, kernels, strides, st.integers(0, 99))
def test_max_pool_of_any_shape_with_ties(n, channels, size, kernel_size, stride, seed):
    assume(all(k <= side for k, side in zip(kernel_size, size, strict=True)))
    input = integers(n, channels, *size, seed=seed)
    pool = lesson.MaxPool2d(kernel_size, stride)
    same_as_torch(pool, lambda x: F.max_pool2d(x, kernel_size, stride), input)


@pytest.mark.parametrize("kernel_size", [1, 2, (2, 3)])
def test_the_stride_of_a_pool_is_its_kernel_unless_it_is_given(kernel_size):
    pool = lesson.MaxPool2d(kernel_size)
    same_as_torch(pool, nn.MaxPool2d(kernel_size), random(2, 3, 6, 7))


@given(st.integers(1, 2), st.integers(1, 2), sides, st.integers(0, 99))
def test_the_rules_for_ties(n, channels, size, seed):
    assume(min(size) >= 2)
    input, pools = integers(n, channels, *size, seed=seed), {}
    for name, rule in RULES.items():
        pool = pools[name] = lesson.TiedMaxPool2d(rule)
        close(pool.forward(input), F.max_pool2d(input, 2))
    upstream = random(*F.max_pool2d(input, 2).shape, seed=seed)
    found = {name: pool.backward(upstream) for name, pool in pools.items()}

    def by_autograd(largest):
        x = input.clone().requires_grad_()
        windows = F.unfold(x.reshape(-1, 1, *size), 2, stride=2)
        return torch.autograd.grad(largest(windows).flatten(), x, upstream.flatten())[0]

    close(found["first"], by_autograd(lambda windows: windows.max(1).values))
    close(found["last"], by_autograd(lambda windows: windows.cummax(1).values[:, -1]))
    close(found["shared"], by_autograd(lambda windows: windows.amax(1)))


def test_what_differs_by_rounding_is_a_tie():
    pool = lesson.TiedMaxPool2d(RULES["shared"])
    pool.forward(torch.tensor([[1.0, 1.0 + 1e-12], [0.0, 1.0 - 1e-7]]).double()[None, None])
    expected = torch.tensor([[0.5, 0.5], [0.0, 0.0]]).double()[None, None]
    close(pool.backward(torch.ones(1, 1, 1, 1).double()), expected)


@given(st.integers(1, 3), st.integers(1, 4), st.integers(0, 99))
def test_relu_with_zeros(rows, columns, seed):
    same_as_torch(lesson.ReLU(), F.relu, integers(rows, columns, seed=seed))


def test_relu_of_values_that_are_no_numbers():
    step = lesson.ReLU()
    output = step.forward(torch.tensor([-torch.inf, torch.inf, torch.nan]))
    assert output[0] == 0 and output[1].isinf() and output[2].isnan()


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_relu_with_a_slope_at_zero(slope):
    step = lesson.SlopedReLU(slope)
    close(step.forward(torch.tensor([-2.0, 0, 3])), torch.tensor([0.0, 0, 3]))
    close(step.backward(torch.tensor([1.0, 1, 1])), torch.tensor([0.0, slope, 1]))


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), sides)
def test_convolution(n, in_channels, out_channels, size):
    weight, bias = random(out_channels, in_channels, 3, 3, seed=1), random(out_channels, seed=2)
    step = lesson.Conv2d(weight, bias)
    function = partial(F.conv2d, padding=1)
    same_as_torch(step, function, random(n, in_channels, *size), (weight, bias))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_linear(n, inputs, outputs):
    weight, bias = random(outputs, inputs, seed=1), random(outputs, seed=2)
    same_as_torch(lesson.Linear(weight, bias), F.linear, random(n, inputs), (weight, bias))


def test_flatten():
    same_as_torch(lesson.Flatten(), nn.Flatten(), random(2, 3, 4, 5))


@given(st.integers(1, 5), st.integers(2, 10), st.floats(1e-3, 1e6), st.integers(0, 99))
def test_cross_entropy_of_scores_of_any_size(n, classes, size, seed):
    scores = (size * random(n, classes, seed=seed)).requires_grad_()
    labels = torch.randint(classes, (n,), generator=torch.Generator().manual_seed(seed))
    expected = F.cross_entropy(scores, labels)
    (expected_grad,) = torch.autograd.grad(expected, scores)
    loss = lesson.CrossEntropyLoss()
    close(loss.forward(scores.detach(), labels), expected.detach(), rtol=1e-12)
    close(loss.backward(), expected_grad)


def test_the_loss_in_two_steps_needs_small_scores():
    scores, labels = random(4, 10), torch.tensor([3, 1, 4, 1])
    loss = lesson.CrossEntropyLoss()
    loss.forward(scores, labels)
    for softmax in (lesson.softmax, lesson.shifted_softmax):
        close(softmax(scores), scores.softmax(1))
        close(lesson.two_steps(softmax, scores, labels), loss.backward())
        assert lesson.two_steps(softmax, 1000 * scores, labels).isnan().any()
    close(lesson.shifted_softmax(1000 * scores), (1000 * scores).softmax(1))


@given(
    st.integers(1, 6),
    st.floats(1e-4, 0.1),
    st.tuples(st.floats(0, 0.99), st.floats(0.5, 0.999)),
    st.sampled_from([1e-12, 1e-8, 1e-3]),
    st.integers(0, 99),
)
def test_adam(steps, lr, betas, eps, seed):
    parameters = [random(3, 2, seed=seed), random(4, seed=seed + 1)]
    twins = [nn.Parameter(parameter.clone()) for parameter in parameters]
    ours = lesson.Adam(parameters, lr, betas, eps)
    theirs = torch.optim.Adam(twins, lr=lr, betas=betas, eps=eps)
    for step in range(steps):
        gradients = [10.0**-step * random(*p.shape, seed=seed + step) for p in parameters]
        gradients[1][0] = 0
        for twin, gradient in zip(twins, gradients, strict=True):
            twin.grad = gradient.clone()
        ours.step(gradients)
        theirs.step()
    for parameter, twin in zip(parameters, twins, strict=True):
        close(parameter, twin.detach(), 1e-12)


def test_adam_leaves_gradients_as_they_are():
    gradient = random(3)
    before = gradient.clone()
    lesson.Adam([random(3, seed=1)]).step([gradient])
    assert torch.equal(gradient, before)


@pytest.fixture(scope="module")
def network():
    return initialise(FixedNetwork(), torch.Generator().manual_seed(1)).double()


def gradients(network, input, labels, loss=lesson.CrossEntropyLoss):
    loss = loss()
    loss.forward(network.forward(input), labels)
    return network.backward(loss.backward()), network.gradients()


@pytest.mark.parametrize("black", [False, True], ids=["noise", "much black"])
def test_the_network(network, black):
    state = {name: t.detach().clone() for name, t in network.state_dict().items()}
    input, labels = random(5, 1, 28, 28), torch.tensor([3, 1, 4, 1, 5])
    if black:
        input[:, :, :20] = -0.4
    ours = lesson.Network(state)
    assert [p.shape for p in ours.parameters] == [p.shape for p in network.parameters()]
    leaf = input.clone().requires_grad_()
    loss = F.cross_entropy(network(leaf), labels)
    expected = torch.autograd.grad(loss, [leaf, *network.parameters()])
    close(ours.forward(input), network(input).detach())
    image_grad, found = gradients(ours, input, labels)
    assert sum(gradient.numel() for gradient in found) == 29_066
    for gradient, other in zip(found, expected[1:], strict=True):
        close(gradient, other, 1e-12)
    if not black:  # where there are ties, rounding decides which entry is the first
        close(image_grad, expected[0], 1e-12)


def test_equal_patches_leave_the_weights_gradients_as_they_are(network):
    """Whatever the rule for ties; the gradient of the image differs."""
    state = {name: t.detach().clone() for name, t in network.state_dict().items()}
    input, labels = torch.full((3, 1, 28, 28), -0.4).double(), torch.tensor([3, 1, 4])
    input[:, :, 8:14, 5:20] = random(3, 1, 6, 15)
    results = []
    for rule in RULES.values():
        pooled = lesson.Network(state, pool=partial(lesson.TiedMaxPool2d, rule))
        results.append(gradients(pooled, input, labels))
    for image_grad, found in results[1:]:
        for gradient, other in zip(found, results[0][1], strict=True):
            close(gradient, other, 1e-12)
        assert (image_grad - results[0][0]).abs().sum() > 0.01 * image_grad.abs().sum()


MISTAKES = {
    "mask of the gradient": {"relu": lesson.MaskOfGradient},
    "always open": {"relu": lesson.AlwaysOpen},
    "not turned": {"conv": lesson.KernelNotTurned},
    "channels last": {"flatten": lesson.ChannelsLast},
}


@pytest.mark.parametrize("steps", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_changes_gradients_and_no_value(network, steps):
    state = {name: t.detach().clone() for name, t in network.state_dict().items()}
    input, labels = random(3, 1, 28, 28), torch.tensor([3, 1, 4])
    right, wrong = lesson.Network(state), lesson.Network(state, **steps)
    close(wrong.forward(input), right.forward(input))
    _, expected = gradients(right, input, labels)
    _, found = gradients(wrong, input, labels)
    assert [g.shape for g in found] == [g.shape for g in expected]
    for gradient, other in zip(found[6:], expected[6:], strict=True):
        close(gradient, other)  # on the side of the loss
    assert (found[0] - expected[0]).abs().max() > 1e-6


def test_the_sum_is_the_mean_times_the_batch():
    scores, labels = random(4, 10), torch.tensor([3, 1, 4, 1])
    mean, total = lesson.CrossEntropyLoss(), lesson.Sum()
    close(total.forward(scores, labels), mean.forward(scores, labels))
    close(total.backward(), 4 * mean.backward())


def test_central_difference(network, monkeypatch):
    """It is the gradient, and leaves the entry as it was."""
    namespace = lesson.central_difference.__globals__
    monkeypatch.setitem(namespace, "inputs", lambda images: images.images)
    images = Images(random(2, 1, 28, 28), torch.tensor([1, 2]), torch.arange(2))
    ours = lesson.Network({name: t.detach().clone() for name, t in network.state_dict().items()})
    _, found = gradients(ours, images.images, images.labels)
    before = ours.parameters[0].clone()
    slope = lesson.central_difference(ours, images, ours.parameters[0].view(-1)[3])
    close(slope, found[0].flatten()[3], 1e-7)
    close(ours.parameters[0], before, 1e-15)
