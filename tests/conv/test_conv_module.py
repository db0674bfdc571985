"""``helpers.conv.Conv2d`` beside ``torch.nn.Conv2d``, as programs that others wrote use a layer."""

import copy
import io
import pickle
from functools import partial

import numpy as np
import pytest
import tensors
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensors import random
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from helpers import conv

close = partial(tensors.close, atol=1e-5, rtol=1e-5)

OPTIONS = [
    dict(kernel_size=3),
    dict(kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), bias=False),
    dict(kernel_size=4, padding="same", padding_mode="reflect"),
    dict(kernel_size=(1, 3), dilation=2, groups=2, padding=2, padding_mode="circular"),
    dict(kernel_size=3, padding="valid", stride=[2], padding_mode="replicate"),
    dict(kernel_size=np.int64(3), stride=np.int64(2), padding=[1]),
    dict(kernel_size=2, padding=(1,), groups=4),
]


def pair(**options):
    """Our layer and torch's, made with the same seed."""
    layers = []
    for make in (conv.Conv2d, nn.Conv2d):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            layers.append(make(**dict(in_channels=4, out_channels=8) | options))
    return layers


def image(*shape, channels_last=False):
    shape = shape or (2, 4, 9, 8)
    tensor = random(*shape, seed=1).float()
    return tensor.contiguous(memory_format=torch.channels_last) if channels_last else tensor


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_is_torchs_in_everything_but_the_computation(options):
    ours, theirs = pair(**options)
    assert isinstance(ours, nn.Conv2d) and repr(ours) == repr(theirs)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)
    close(ours(image()), theirs(image()))
    close(ours(image()[0]), theirs(image()[0]))
    theirs.reset_parameters()
    ours.load_state_dict(theirs.state_dict())
    close(ours(image()), theirs(image()))


def saved_and_loaded(layer):
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda layer: pickle.loads(pickle.dumps(layer)),
    "torch.save": saved_and_loaded,
}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("options", [OPTIONS[1], OPTIONS[3]], ids=str)
def test_copies(options, duplicate):
    layer = pair(**options)[0]
    twin = duplicate(layer)
    assert type(twin) is conv.Conv2d and repr(twin) == repr(layer)
    assert torch.equal(twin(image()), layer(image()))


@pytest.mark.parametrize("channels_last", [False, True])
def test_reset_parameters_draws_torchs_values(channels_last):
    drawn = []
    for layer in pair(kernel_size=3):
        if channels_last:
            layer = layer.to(memory_format=torch.channels_last)
        with torch.random.fork_rng():
            torch.manual_seed(1)
            layer.reset_parameters()
        drawn.append(torch.cat([p.flatten() for p in layer.parameters()]))
    assert torch.equal(*drawn)


def shapes_and_strides(layer, x, channels_last):
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    x = x.requires_grad_()
    y = layer(x)
    gradients = torch.autograd.grad(y.sum(), [x, *layer.parameters()])
    return [(t.shape, t.stride(), t.dtype) for t in (y, *gradients)]


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("kind", ["meta", "fake"])
def test_without_numbers(kind, channels_last):
    # beside torch's layer with numbers: on "meta" it forgets channels last
    expected = shapes_and_strides(nn.Conv2d(4, 16, 3), image(), channels_last)
    with torch.device("meta") if kind == "meta" else FakeTensorMode():
        layer, x = conv.Conv2d(4, 16, 3), torch.empty(2, 4, 9, 8)
        assert shapes_and_strides(layer, x, channels_last) == expected
        assert layer(x).device == x.device


# Code that asks whether a layer is a torch.nn.Conv2d


def test_fused_with_batch_normalisation():
    fused = []
    for layer in pair(kernel_size=3):
        norm = nn.BatchNorm2d(8).eval()
        norm.running_mean.copy_(image(8))
        norm.running_var.copy_(image(8).square() + 1)
        both = nn.utils.fusion.fuse_conv_bn_eval(layer.eval(), norm)
        close(both(image()), norm(layer(image())))
        fused.append(both(image()))
    assert type(both) is nn.Conv2d
    close(*fused)


def test_memory_format_converter_and_initialisation():
    for layer in pair(kernel_size=3):
        net = nn.Sequential(layer, nn.ReLU())
        nn.utils.convert_conv2d_weight_memory_format(net, torch.channels_last)
        assert layer.weight.is_contiguous(memory_format=torch.channels_last)
        net.apply(lambda m: nn.init.ones_(m.weight) if isinstance(m, nn.Conv2d) else None)
        assert (layer.weight == 1).all()


def test_hooks_that_count_by_class():
    counts = []
    for layer in pair(kernel_size=3, groups=2):
        found = {}

        def count(module, inputs, output, found=found):
            if isinstance(module, nn.Conv2d):
                positions = output.numel() // module.out_channels
                found[module] = positions * module.weight.numel()

        net = nn.Sequential(layer, nn.ReLU())
        for module in net.modules():
            module.register_forward_hook(count)
        net(image())
        counts.append(sum(found.values()))
    assert counts[0] == counts[1] == 2 * 7 * 6 * 8 * 2 * 9


def test_parametrisations():
    outputs = []
    for layer in pair(kernel_size=3):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            outputs.append(nn.utils.parametrizations.weight_norm(layer)(image()))
    close(*outputs)


# Memory formats, as torch's layer gives them


def layouts(tensor):
    return tensor.is_contiguous(), tensor.is_contiguous(memory_format=torch.channels_last)


@given(
    shape=st.tuples(*map(st.sampled_from, [(1, 2, 16), (1, 3, 16), (1, 4, 16), (3, 6), (3, 6)])),
    kernel_size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    formats=st.tuples(
        st.sampled_from(["contiguous", "channels last", "cropped", "height-width-channels"]),
        st.booleans(),
        st.booleans(),
    ),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
)
@settings(max_examples=150)
def test_memory_formats(shape, kernel_size, formats, dtype):
    n, c, o, height, width = shape
    of_input, last_weight, last_upstream = formats
    last = torch.channels_last
    x = random(n, c, height + 2, width + 2).to(dtype)
    x = x.contiguous(memory_format=last) if of_input in ("channels last", "cropped") else x
    x = x[:, :, 1:-1, 1:-1] if of_input == "cropped" else x[:, :, :height, :width].clone()
    if of_input == "height-width-channels":
        x = random(n, height, width, c).to(dtype).permute(0, 3, 1, 2)
    w = random(o, c, *kernel_size, seed=2).to(dtype)
    w = w.contiguous(memory_format=last) if last_weight else w
    x, w = x.requires_grad_(), w.requires_grad_()
    found = []
    for function in (conv.conv2d, nn.functional.conv2d):
        y = function(x, w)
        g = random(*y.shape, seed=3).to(dtype)
        g = g.contiguous(memory_format=last) if last_upstream else g
        found.append((y, *torch.autograd.grad(y, (x, w), g)))
    for ours, theirs in zip(*found, strict=True):
        assert layouts(ours) == layouts(theirs)


@pytest.mark.parametrize("fused", [False, True])
def test_optimiser_that_takes_gradients_as_they_are(fused):
    results = []
    x = image(channels_last=True)
    for layer in pair(kernel_size=3):
        layer = layer.to(memory_format=torch.channels_last)
        parameters = list(layer.parameters())
        optimiser = torch.optim.Adam(parameters, lr=0.01, fused=fused)
        for _ in range(5):
            gradients = torch.autograd.grad(layer(x).pow(2).mean(), parameters)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                assert parameter.stride() == gradient.stride()
                parameter.grad = gradient
            optimiser.step()
        results.append(layer.weight)
    close(*results)
