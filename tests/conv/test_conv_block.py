"""A block in one step gives what convolution, pool and ReLU give, or is not used."""

import numpy as np
import pytest
import tensors
import torch
from tensors import random
from torch import nn
from torch.autograd import forward_ad

from helpers import conv
from helpers.conv import block, compiled
from helpers.conv.block import conv_pool_relu, fused
from helpers.networks import FixedNetwork, VariableNetwork, initialise

pytest.importorskip("numba")

# in, out, size of the images, and what the convolution is called with
CASES = {
    "as in the networks": (2, 8, (8, 10), {"padding": 1}),
    "one channel": (1, 5, (6, 9), {"padding": 1}),
    "odd sizes, without bias": (3, 4, (7, 11), {"padding": 1, "bias": False}),
    "a row of a window longer than a tile": (17, 9, (6, 6), {"padding": 1}),
    "stride, dilation between rows": (2, 3, (17, 11), {"stride": (2, 1), "dilation": (2, 1)}),
    "another kernel": (2, 3, (9, 12), {"kernel_size": (2, 5), "padding": (0, 2)}),
    "one maximum": (2, 3, (3, 2), {"padding": (0, 1), "kernel_size": (2, 3)}),
}


@pytest.fixture(autouse=True)
def compile_all(monkeypatch):
    """Compile blocks of every size."""
    monkeypatch.setattr(compiled, "SMALLEST", 0)
    monkeypatch.setattr(compiled, "_wanted", True)


@pytest.fixture
def calls(monkeypatch):
    """Return a list that gets an entry for each block computed in one step."""
    called, original = [], block._Block.apply
    monkeypatch.setattr(
        block._Block, "apply", lambda *arguments: called.append(1) or original(*arguments)
    )
    return called


def layer(in_channels, out_channels, kernel_size=3, kind=nn.Conv2d, dtype=torch.float64, **options):
    """Return a convolution with weights that are always the same."""
    made = kind(in_channels, out_channels, kernel_size, dtype=dtype, **options)
    return initialise(made, torch.Generator().manual_seed(1)) if options.get("bias", 1) else made


def results(way, convolution, images, grad=None):
    """Return the output and the gradients of images, weight and bias."""
    images = images.detach().requires_grad_()
    output = way(convolution, images)
    grad = random(*output.shape, seed=5, dtype=output.dtype) if grad is None else grad
    return output, *torch.autograd.grad(output, (images, *convolution.parameters()), grad)


def same(convolution, images, grad=None, close=tensors.close):
    """Assert that both ways give the same."""
    expected = results(conv_pool_relu, convolution, images, grad)
    for found, value in zip(results(fused, convolution, images, grad), expected, strict=True):
        close(found, value)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_gives_what_the_three_steps_give(calls, case):
    in_channels, out_channels, size, options = case
    images = random(3, in_channels, *size, dtype=torch.float64)
    same(layer(in_channels, out_channels, **options), images)
    assert calls == [1]


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_memory_formats_and_our_own_layer(calls, memory_format):
    convolution = layer(2, 8, kind=conv.Conv2d, padding=1).to(memory_format=memory_format)
    images = random(2, 2, 8, 6, dtype=torch.float64).to(memory_format=memory_format)
    same(convolution, images)
    same(convolution, images[:1, :, ::2].expand(2, -1, -1, -1))
    one = torch.ones((), dtype=torch.float64)
    same(convolution, images, grad=one.expand(2, 8, 4, 3))
    assert len(calls) == 3


def test_float32(calls):
    convolution, images = layer(2, 8, padding=1), random(2, 2, 8, 6, dtype=torch.float32)
    exact = results(conv_pool_relu, convolution, images.double())
    for found, value in zip(results(fused, convolution.float(), images), exact, strict=True):
        assert found.dtype == torch.float32
        tensors.close(found.double(), value, atol=2e-6, rtol=2e-6)
    assert calls == [1]


def test_equal_values_choose_the_pixel_that_torch_chooses():
    generator = torch.Generator().manual_seed(0)
    convolution = layer(2, 8, padding=1)
    with torch.no_grad():  # whole numbers: many maxima are tied, and many zeros stand at the ReLU
        for parameter in convolution.parameters():
            parameter.copy_(torch.randint(-1, 2, parameter.shape, generator=generator))
    images = torch.randint(0, 2, (4, 2, 12, 12), generator=generator).double()
    before = convolution(images).unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
    assert ((before == before.amax(4, keepdim=True)).sum(4) > 1).double().mean() > 0.2
    same(convolution, images)  # another choice would change gradients by whole terms


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_come_through(value):
    convolution, images = layer(2, 8, padding=1), random(2, 2, 8, 8, dtype=torch.float64)
    images[0, 1, 3, 4] = value
    expected = conv_pool_relu(convolution, images)
    torch.testing.assert_close(fused(convolution, images), expected, equal_nan=True)


def test_nan_passes_the_gradient_on_as_relu_does():
    convolution, images = layer(1, 3, padding=1), random(1, 1, 4, 4, dtype=torch.float64)
    images[0, 0, 0, 0] = float("nan")
    (_, _, _, expected), (_, _, _, found) = (
        results(way, convolution, images) for way in (conv_pool_relu, fused)
    )
    torch.testing.assert_close(found, expected)


def test_an_image_does_not_depend_on_the_others_nor_on_threads():
    convolution, images = layer(2, 8, padding=1), random(5, 2, 8, 6, dtype=torch.float64)
    grad = torch.ones(5, 8, 4, 3, dtype=torch.float64)
    output, gradient, *_ = results(fused, convolution, images, grad)
    alone = results(fused, convolution, images[1:2], grad[:1])
    assert torch.equal(output[1:2], alone[0]) and torch.equal(gradient[1:2], alone[1])
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        again = results(fused, convolution, images, grad)
    finally:
        torch.set_num_threads(threads)
    for a, b in zip((output, gradient), again, strict=False):
        assert torch.equal(a, b)


def test_saves_the_input_and_a_byte_for_each_output():
    convolution, saved = layer(2, 8, padding=1), []
    images = random(2, 2, 8, 6, dtype=torch.float64).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t) or t, lambda t: t):
        output = fused(convolution, images)
    kept = [t for t in saved if t is not convolution.weight and t is not convolution.bias]
    assert sorted(t.numel() * t.element_size() for t in kept) == sorted(
        [images.numel() * 8, output.numel()]
    )


def test_can_be_differentiated_again():
    convolution, found = layer(2, 3, padding=1), {}
    images = random(2, 2, 6, 6, dtype=torch.float64).requires_grad_()
    for way in (conv_pool_relu, fused):
        output = way(convolution, images)
        loss = output.square().sum()
        (slope,) = torch.autograd.grad(loss, images, create_graph=True)
        penalty = output.sum() + slope.square().sum()
        found[way] = torch.autograd.grad(penalty, (images, *convolution.parameters()))
    for ours, theirs in zip(found[fused], found[conv_pool_relu], strict=True):
        tensors.close(ours, theirs)


def test_gradients_of_a_batch_of_directions():
    convolution = layer(2, 3, padding=1)
    images = random(2, 2, 6, 6, dtype=torch.float64).requires_grad_()
    directions = random(5, 2, 3, 3, 3, dtype=torch.float64)
    found, expected = (
        torch.autograd.grad(way(convolution, images), images, directions, is_grads_batched=True)
        for way in (fused, conv_pool_relu)
    )
    tensors.close(found[0], expected[0])


def hooked():
    """Return a convolution that tells of its output."""
    convolution = layer(2, 4, padding=1)
    convolution.register_forward_hook(lambda *_: None)
    return convolution


def changed(**attributes):
    """Return a convolution whose attributes were changed after it was made."""
    convolution = layer(2, 4, padding=1)
    for name, value in attributes.items():
        setattr(convolution, name, value)
    return convolution


def with_own_forward(convolution):
    """Return the convolution, which now doubles its result."""
    original = convolution.forward
    convolution.forward = lambda images: 2 * original(images)
    return convolution


OTHERS = {
    "a weight of another size": lambda: changed(
        weight=nn.Parameter(random(4, 2, 5, 5, dtype=torch.float64))
    ),
    "padding as one number": lambda: changed(padding=1),
    "a forward of its own": lambda: with_own_forward(layer(2, 4, padding=1)),
    "groups": lambda: layer(2, 4, padding=1, groups=2),
    "padding by name": lambda: layer(2, 4, padding="same"),
    "padding with values": lambda: layer(2, 4, padding=1, padding_mode="reflect"),
    "dilation within rows": lambda: layer(2, 4, padding=1, dilation=2),
    "another class": lambda: nn.Sequential(layer(2, 4, padding=1)),
    "another device": lambda: layer(2, 4, padding=1).to("meta"),
    "another dtype": lambda: layer(2, 4, padding=1, dtype=torch.bfloat16),
    "hooks": hooked,
}


@pytest.mark.parametrize("name", OTHERS)
def test_takes_the_three_steps_where_one_does_not_suit(calls, name):
    convolution = OTHERS[name]()
    images = random(2, 2, 8, 8, dtype=torch.float64).to(next(convolution.parameters()))
    if images.device.type == "meta":
        assert fused(convolution, images).shape == (2, 4, 4, 4) and not calls
        return
    same(convolution, images, close=lambda a, b: torch.testing.assert_close(a, b, rtol=0, atol=0))
    assert not calls


def test_takes_the_three_steps_when_switched_off_or_watched(calls):
    convolution = layer(2, 4, padding=1).requires_grad_(False)
    images = random(2, 2, 8, 8, dtype=torch.float64)
    expected = conv_pool_relu(convolution, images)
    tensors.close(torch.func.vmap(lambda x: fused(convolution, x[None])[0])(images), expected)
    traced = torch.jit.trace(lambda x: fused(convolution, x), images, check_trace=False)
    tensors.close(traced(images), expected)
    with torch.autocast("cpu", torch.bfloat16):
        single = layer(2, 4, padding=1, dtype=torch.float32)
        assert fused(single, images.float()).dtype == torch.bfloat16
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(images, images)
        assert forward_ad.unpack_dual(fused(convolution, dual)).tangent is not None
    compiled.use(False)
    tensors.close(fused(convolution, images), expected)
    assert not calls


def test_sizes_of_numpy(calls):
    kernel_size = (np.int64(3), np.int64(3))
    same(layer(2, 4, kernel_size, padding=np.int64(1)), random(2, 2, 8, 8, dtype=torch.float64))
    assert calls == [1]


def test_results_can_be_viewed_and_changed_as_the_layers(calls):
    convolution, images = layer(2, 4, padding=1), random(2, 2, 8, 8, dtype=torch.float64)
    output, *gradients = results(fused, convolution, images)
    assert output.is_contiguous() and all(gradient.is_contiguous() for gradient in gradients)
    last = fused(convolution, images.to(memory_format=torch.channels_last))
    assert last.is_contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        for memory_format in (torch.contiguous_format, torch.channels_last):
            fused(convolution, images.to(memory_format=memory_format)).mul_(convolution.bias[0])
    with torch.device("meta"):
        assert fused(convolution, images).device.type == "cpu"
    assert len(calls) == 5


def test_images_that_do_not_fit_are_refused_as_by_the_layer():
    convolution = layer(2, 4, padding=1)
    with pytest.raises(RuntimeError, match="type"):
        fused(convolution, torch.zeros(1, 2, 8, 8))
    with pytest.raises(RuntimeError, match="negative padding"):
        fused(changed(padding=(-1, -1)), torch.zeros(1, 2, 8, 8, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="channels"):
        fused(convolution, torch.zeros(1, 3, 8, 8, dtype=torch.float64))
    with pytest.raises(ValueError, match="larger than the padded image"):
        fused(layer(2, 4), torch.zeros(1, 2, 2, 8, dtype=torch.float64))


@pytest.mark.parametrize("network", [FixedNetwork, VariableNetwork])
def test_a_network_computes_the_same(calls, network):
    images, labels = random(4, 1, 28, 28, dtype=torch.float64), torch.arange(4)
    gradients = []
    for way in (conv_pool_relu, fused):
        made = initialise(network(block=way), torch.Generator().manual_seed(1)).double()
        loss = nn.functional.cross_entropy(made(images), labels)
        gradients.append(torch.autograd.grad(loss, made.parameters()))
    for found, expected in zip(*gradients, strict=True):
        tensors.close(found, expected)
    assert calls == [1, 1, 1]
