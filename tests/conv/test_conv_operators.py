"""``conv2d`` among other operators: changes in place, precision, memory, counters, autocast."""

from functools import partial

import numpy as np
import pytest
import tensors
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from tensors import random
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from helpers import conv

close = partial(tensors.close, atol=1e-9, rtol=1e-9)

BOTH = [pytest.param(conv.conv2d, id="ours"), pytest.param(F.conv2d, id="torch")]
CHANNELS = [pytest.param((1, 16), id="patches"), pytest.param((16, 16), id="rows")]


# Results may be changed in place


@pytest.mark.parametrize("change", ["relu_", "add_", "detach_"])
@pytest.mark.parametrize("last", [False, True], ids=["contiguous", "channels last"])
@pytest.mark.parametrize("batch", [1, 2, 80])
@pytest.mark.parametrize("channels", [*CHANNELS, (3, 1)])
@pytest.mark.parametrize("size", [(28, 28), (3, 3)])
def test_output_in_place(channels, batch, last, change, size):
    x, w = random(batch, channels[0], *size), random(channels[1], channels[0], 3, 3, seed=1)
    x = x.contiguous(memory_format=torch.channels_last) if last else x
    w = w.requires_grad_()
    found = []
    for function in (conv.conv2d, F.conv2d):
        y = function(x, w)
        arguments = (1,) if change == "add_" else ()
        y = getattr(y, change)(*arguments)
        found.append([y] if change == "detach_" else [y, *torch.autograd.grad(y.sum(), w)])
    close(*found, atol=1e-7)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("kernel_size", [1, 3])
def test_gradients_in_place(channels, kernel_size):
    x = random(2, channels[0], 5, 4).requires_grad_()
    w = random(channels[1], channels[0], kernel_size, kernel_size, seed=1).requires_grad_()
    found = []
    for function in (conv.conv2d, F.conv2d):
        gradients = torch.autograd.grad(function(x, w).pow(2).sum(), (x, w), create_graph=True)
        total = sum(g.mul_(2).pow(2).sum() for g in gradients)
        found.append(torch.autograd.grad(total, (x, w)))
    close(*found, atol=1e-5)


@pytest.mark.parametrize("function", BOTH)
def test_in_place_below_vmap(function):
    x, w = random(3, 2, 5, 4), random(4, 2, 3, 3, seed=1)
    expected = F.conv2d(x, w).relu()
    close(torch.func.vmap(lambda image: function(image[None], w).relu_()[0])(x), expected)


@pytest.mark.parametrize("layer", [conv.Conv2d, nn.Conv2d])
@pytest.mark.parametrize("batch", [1, 80])
def test_trains_before_a_relu_in_place(layer, batch):
    net = nn.Sequential(layer(1, 16, 3), nn.ReLU(inplace=True), layer(16, 16, 3), nn.ReLU(True))
    net(random(batch, 1, 28, 28).float()).sum().backward()
    assert net[0].weight.grad.isfinite().all()


@pytest.mark.parametrize("kernel_size", [1, 3, (3, 1), (1, 4)])
def test_unfold_never_shares_memory_with_the_image(kernel_size):
    image = random(1, 2, 3, 4)
    before = image.clone()
    for x in (image, image[0]):
        conv.unfold(x, kernel_size).mul_(5)
        conv.unfold(x, 3, stride=3).mul_(5)
    assert torch.equal(image, before)


@pytest.mark.parametrize("fold", [conv.fold, F.fold])
def test_fold_is_contiguous(fold):
    for columns in (random(2, 9, 9), random(9, 9)):
        image = fold(columns, (3, 3), 3, padding=1)
        assert image.is_contiguous() and image.view(-1).mul_(2).numel() == columns.numel() // 9


# Half precision: finished sums are rounded, not their parts


@pytest.mark.parametrize("function", BOTH)
def test_large_terms_that_cancel(function):
    x = torch.full((1, 16, 8, 8), 200.0, dtype=torch.float16)
    rows = torch.tensor([10.0, -5.0, -5.0], dtype=torch.float16)
    weight = rows[:, None].expand(16, 16, 3, 3).contiguous()
    assert (function(x, weight) == 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("channels", [(3, 4), (16, 16)], ids=["patches", "rows"])
def test_gradient_of_a_large_batch_is_rounded_once(channels, dtype):
    x = random(2048, channels[0], 6, 6).to(dtype)
    w = random(channels[1], channels[0], 3, 3, seed=1).to(dtype).requires_grad_()
    y = conv.conv2d(x, w)
    g = random(*y.shape, seed=2).to(dtype)
    (gradient,) = torch.autograd.grad(y, w, g)
    exact = w.detach().double().requires_grad_()
    (exact,) = torch.autograd.grad(F.conv2d(x.double(), exact), exact, g.double())
    close(gradient.double(), exact, atol=1e-2, rtol=0.6 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_fold_adds_more_than_256_ones(dtype):
    columns = torch.ones(1, 900, 901, dtype=dtype)  # 901 places of a kernel of 900 columns
    image = conv.fold(columns, (1, 1800), (1, 900))
    counts = torch.arange(1, 1801).clamp(max=900)
    counts = torch.minimum(counts, counts.flip(0)).to(dtype)
    assert torch.equal(image[0, 0, 0], counts)


# Memory and counters


class Largest(TorchDispatchMode):
    """Remembers the largest tensor, in numbers."""

    numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **kwargs or {})
        for tensor in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(tensor, torch.Tensor) and tensor.is_contiguous():
                self.numbers = max(self.numbers, tensor.untyped_storage().nbytes() // 4)
        return result


@pytest.mark.parametrize("channels", [(3, 8), (16, 16)], ids=["patches", "rows"])
def test_patches_of_one_large_image_are_never_in_memory_together(channels):
    x = torch.zeros(1, channels[0], 300, 200).requires_grad_()
    w = torch.zeros(channels[1], channels[0], 7, 7).requires_grad_()
    with Largest() as largest:
        conv.conv2d(x, w, padding=3).sum().backward()
    whole = x.numel() * 7
    limit = max(x.numel(), channels[1] * 300 * 200, conv.kernels.CHUNK)
    assert largest.numbers <= 1.2 * limit < whole * (7 if channels[0] == 3 else 1)


@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 4)),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 5),
    dilation=st.integers(1, 3),
    channels=st.sampled_from([(2, 3, 1), (2, 4, 2), (16, 16, 1)]),
    chunk=st.sampled_from([1, 40, 300]),
    dtype=st.sampled_from([torch.float64, torch.float16]),
)
@settings(max_examples=100)
def test_strips_of_an_image(size, kernel, stride, padding, dilation, channels, chunk, dtype):
    c, o, groups = channels
    x = random(2, c, *size).to(dtype).requires_grad_()
    w = random(o, c // groups, kernel, 1, seed=1).to(dtype).requires_grad_()
    options = dict(stride=stride, padding=(padding, 0), dilation=dilation, groups=groups)
    found = []
    for cut in (chunk, conv.kernels.CHUNK):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conv.kernels, "CHUNK", cut)
            try:
                y = conv.conv2d(x, w, **options)
            except ValueError:
                return  # the kernel does not fit
            g = random(*y.shape, seed=2).to(dtype)
            found.append((y, *torch.autograd.grad(y, (x, w), g)))
    close(*found, atol=0.05 if dtype == torch.float16 else 1e-9)


@pytest.mark.parametrize("channels", [(3, 4), (16, 32)], ids=["patches", "rows"])
@pytest.mark.parametrize("stride", [1, 2])
def test_every_multiply_add_is_counted(channels, stride):
    found = []
    for function in (conv.conv2d, F.conv2d):
        x = random(4, channels[0], 14, 14).requires_grad_()
        w = random(channels[1], channels[0], 3, 3).requires_grad_()
        with FlopCounterMode(display=False) as counter:
            y = function(x, w, None, stride, 1)
            forward = counter.get_total_flops()
            y.sum().backward()
        found.append((forward, counter.get_total_flops()))
    assert found[0] == found[1]


# Arguments


@pytest.mark.parametrize("value", [np.int64(2), [2], (2,), [2, 1], torch.Size([2, 1])], ids=repr)
def test_whole_numbers_of_any_type(value):
    x, w = random(2, 3, 8, 7), random(4, 3, 3, 3)
    close(conv.conv2d(x, w, None, value, value), F.conv2d(x, w, None, value, value))
    close(conv.conv2d(x, w, dilation=value), F.conv2d(x, w, dilation=value))
    one = np.int64(1)
    close(conv.conv2d(x, w, None, one, one, one, one), F.conv2d(x, w, padding=1))


# Autocast, and many gradients at once


@pytest.mark.parametrize("function", [conv.conv2d, conv.unfold_conv2d])
@pytest.mark.parametrize("channels", [(3, 4), (16, 16)], ids=["patches", "rows"])
def test_backward_inside_autocast(channels, function):
    found = []
    for convolve in (function, F.conv2d):
        tensors = random(2, channels[0], 9, 9), random(channels[1], channels[0], 3, 3, seed=1)
        tensors = [t.float().requires_grad_() for t in (*tensors, random(channels[1]))]
        y = convolve(*tensors)
        with torch.autocast("cpu", torch.bfloat16):
            y.pow(2).sum().backward()
        found.append([t.grad for t in tensors])
    close(*found, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("function", [conv.conv2d, conv.unfold_conv2d])
def test_forward_inside_autocast(function):
    found = []
    for convolve in (function, F.conv2d):
        tensors = [t.float().requires_grad_() for t in (random(2, 3, 6, 6), random(4, 3, 3, 3))]
        with torch.autocast("cpu", torch.bfloat16):
            y = convolve(*tensors)
        y.sum().backward()
        found.append([y, *(t.grad for t in tensors)])
    close(*found, atol=0.2, rtol=0.02)


CASES = [
    ((3, 4), (1, 1), dict()),
    ((3, 4), (3, 2), dict(stride=(1, 2), padding=1, dilation=(2, 1))),
    ((4, 6), (2, 2), dict(stride=2, groups=2, padding=(0, 3))),
    ((16, 16), (3, 2), dict(padding=(1, 0))),
]


@pytest.mark.parametrize("channels, kernel_size, options", CASES)
def test_vectorised_jacobian(channels, kernel_size, options):
    x = random(2, channels[0], 6, 5)
    w = random(channels[1], channels[0] // options.get("groups", 1), *kernel_size)
    found = [
        torch.autograd.functional.jacobian(lambda *t: f(*t, **options), (x, w), vectorize=True)  # noqa: B023
        for f in (conv.conv2d, F.conv2d)
    ]
    close(*found)


@pytest.mark.parametrize("outer", ["reverse-mode", "forward-mode"])
def test_vectorised_hessian(outer):
    tensors = random(1, 2, 3, 4), random(3, 2, 2, 2)
    found = [
        torch.autograd.functional.hessian(
            lambda *t: f(*t).pow(3).sum(),  # noqa: B023
            tensors,
            vectorize=True,
            outer_jacobian_strategy=outer,
        )
        for f in (conv.conv2d, F.conv2d)
    ]
    close(*found)


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_batched_gradients_of_gradients(dtype):
    shapes = (1, 2, 3, 3), (4, 1, 2, 2), (4,)
    tensors = [random(*s, seed=i).to(dtype).requires_grad_() for i, s in enumerate(shapes)]

    def function(*tensors):
        return conv.conv2d(*tensors, padding=1, groups=2)

    batched = dict(check_batched_grad=True, fast_mode=False)
    assert torch.autograd.gradcheck(
        function, tensors, check_forward_ad=True, check_batched_forward_grad=True, **batched
    )
    assert torch.autograd.gradgradcheck(function, tensors, **batched)


def test_forward_mode_through_a_backward_pass():
    """A tangent of a gradient, taken without ``create_graph``."""
    found = []
    for function in (conv.conv2d, F.conv2d):
        w = random(4, 3, 3, 3).requires_grad_()
        with torch.autograd.forward_ad.dual_level():
            x = torch.autograd.forward_ad.make_dual(random(2, 3, 6, 6), random(2, 3, 6, 6, seed=1))
            (gradient,) = torch.autograd.grad(function(x, w).pow(2).sum(), w)
            found.append(torch.autograd.forward_ad.unpack_dual(gradient).tangent)
    close(*found)


# The Function of lesson 03, in ``helpers``


def composed(name, f, x, w):
    if name == "a gradient per image":
        one = torch.func.grad(lambda w, image: f(image[None], w).pow(2).sum())
        return torch.func.vmap(one, (None, 0))(w, x)
    if name == "jacrev":
        return torch.func.jacrev(lambda w: f(x, w))(w)
    return torch.autograd.grad(f(x, w).abs().pow(2).sum(), (x, w))


@pytest.mark.parametrize("name", ["a gradient per image", "jacrev", "complex"])
def test_function_of_lesson_03(name):
    x, w = random(2, 3, 4, 5), random(2, 3, 2, 2, seed=1)
    if name == "complex":
        x, w = (torch.complex(t, t.flip(0)).requires_grad_() for t in (x, w))
    close(composed(name, conv.unfold_conv2d, x, w), composed(name, F.conv2d, x, w))


def test_complex_gradient_by_hand():
    x = torch.ones(1, 1, 1, 1, dtype=torch.complex128).requires_grad_()
    weight = torch.full((1, 1, 1, 1), 2j, dtype=torch.complex128)
    for function in (conv.unfold_conv2d, conv.conv2d):
        loss = function(x, weight).abs().pow(2).sum()  # |2i x|^2 = 4 |x|^2
        assert torch.autograd.grad(loss, x)[0].item() == 8
