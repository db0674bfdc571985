"""``helpers.conv`` in place of torch's own layer: generated cases, and what composes with it."""

import copy
import math
from functools import partial

import pytest
import tensors
import torch
import torch.nn.functional as F
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tensors import random

from helpers import conv

close = partial(tensors.close, atol=1e-9, rtol=1e-12)

MODES = ["zeros", "reflect", "replicate", "circular"]


def pairs(low, high):
    """An int or a pair of ints, as every argument may be."""
    one = st.integers(low, high)
    return one | st.tuples(one, one)


@st.composite
def cases(draw, most_channels=4):
    """Arguments of conv2d that torch accepts: (input, weight, bias or None, options)."""
    groups = draw(st.integers(1, 3))
    in_channels = groups * draw(st.integers(1, most_channels))
    out_channels = groups * draw(st.integers(1, most_channels))
    kernel_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    dilation = draw(pairs(1, 3))
    padding = draw(pairs(0, 3) | st.sampled_from(["same", "valid"]))
    stride = 1 if padding == "same" else draw(pairs(1, 4))
    batch = draw(st.sampled_from([(), (0,), (1,), (3,)]))
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    input = random(*batch, in_channels, *size, seed=1)
    weight = random(out_channels, in_channels // groups, *kernel_size, seed=2)
    bias = draw(st.sampled_from([random(out_channels, seed=3), None]))
    if draw(st.booleans()) and input.ndim == 4:
        input = input.contiguous(memory_format=torch.channels_last)
    if draw(st.booleans()):
        weight = weight.contiguous(memory_format=torch.channels_last)
    options = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    try:
        F.conv2d(input, weight, bias, **options)
    except RuntimeError:
        assume(False)
    return input, weight, bias, options


def with_gradients(function, tensors, options):
    """The output and, for a random upstream gradient, those of input, weight and bias."""
    tensors = [None if t is None else t.detach().requires_grad_() for t in tensors]
    output = function(*tensors, **options)
    upstream = random(*output.shape, seed=4, dtype=output.dtype)
    wanted = [t for t in tensors if t is not None]
    return output, *torch.autograd.grad(output, wanted, upstream)


@given(cases())
@settings(max_examples=150)
def test_output_and_gradients(case):
    *tensors, options = case
    actual = with_gradients(conv.conv2d, tensors, options)
    for ours, theirs in zip(actual, with_gradients(F.conv2d, tensors, options), strict=True):
        close(ours, theirs)


@given(cases(most_channels=24), st.integers(1, 1 << 12))
@settings(max_examples=60)
def test_many_channels_and_small_chunks(case, chunk):
    *tensors, options = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conv.kernels, "CHUNK", chunk)  # some images at a time
        actual = with_gradients(conv.conv2d, tensors, options)
    for ours, theirs in zip(actual, with_gradients(F.conv2d, tensors, options), strict=True):
        close(ours, theirs)


ONE_PIXEL = random(1, 1, 1), random(1, 1, 1, 1), random(1), dict(padding=1)


@given(cases())
@example(ONE_PIXEL)  # even a cut-out of one pixel's width counts as contiguous
@settings(max_examples=25)
def test_first_and_second_derivatives_in_both_modes(case):
    input, weight, bias, options = case
    assume(input.numel() > 0)
    tensors = [t.detach().requires_grad_() for t in (input, weight, bias) if t is not None]

    def function(*tensors):
        return conv.conv2d(*tensors, **options)

    assert torch.autograd.gradcheck(function, tensors, fast_mode=True, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(
        function, tensors, fast_mode=True, check_fwd_over_rev=True, check_rev_over_rev=True
    )


@pytest.mark.parametrize("channels", [(3, 4), (8, 16)], ids=["patches", "rows"])
def test_every_entry_of_the_derivatives(channels):
    in_channels, out_channels = channels
    tensors = [
        random(2, in_channels, 4, 3).requires_grad_(),
        random(out_channels, in_channels, 3, 2).requires_grad_(),
        random(out_channels).requires_grad_(),
    ]

    def function(*tensors):
        return conv.conv2d(*tensors, padding=(1, 0))

    assert torch.autograd.gradcheck(function, tensors, check_forward_ad=True)


@pytest.mark.parametrize("dtype, atol", [(torch.float32, 1e-4), (torch.bfloat16, 0.25)])
@given(case=cases(most_channels=16))
@settings(max_examples=40)
def test_precisions(dtype, atol, case):
    input, weight, bias, options = case
    tensors = [None if t is None else t.to(dtype) for t in (input, weight, bias)]
    actual = with_gradients(conv.conv2d, tensors, options)
    # rounded once, in float64: torch's bfloat16 result is itself that far away
    exact = with_gradients(F.conv2d, [None if t is None else t.double() for t in tensors], options)
    for ours, theirs in zip(actual, exact, strict=True):
        assert ours.dtype == dtype
        close(ours.double(), theirs, atol=atol, rtol=4 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("shape", [(3, 4, 6, 5), (2, 16, 6, 5)])
@pytest.mark.parametrize("which", ["neither", "input", "weight", "both"])
def test_memory_format_out_is_torchs(shape, which):
    input, weight = random(*shape, seed=1), random(32, shape[1], 3, 3, seed=2)
    if which in ("input", "both"):
        input = input.contiguous(memory_format=torch.channels_last)
    if which in ("weight", "both"):
        weight = weight.contiguous(memory_format=torch.channels_last)
    ours, theirs = conv.conv2d(input, weight), F.conv2d(input, weight)
    assert ours.stride() == theirs.stride()
    close(ours, theirs)


@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    channels=st.integers(1, 3),
    batch=st.sampled_from([(), (0,), (2,)]),
    kernel_size=pairs(1, 4),
    dilation=pairs(1, 3),
    padding=pairs(0, 3),
    stride=pairs(1, 4),
)
@settings(max_examples=150)
def test_unfold_and_fold(size, channels, batch, **options):
    input = random(*batch, channels, *size).requires_grad_()
    try:
        expected = F.unfold(input, **options)
    except RuntimeError:
        with pytest.raises(ValueError, match="larger than the padded image"):
            conv.unfold(input, **options)
        return
    columns = conv.unfold(input, **options)
    close(columns, expected, atol=0, rtol=0)
    close(conv.fold(expected, size, **options), F.fold(expected, size, **options))
    upstream = random(*columns.shape, seed=5)
    ours, theirs = (torch.autograd.grad(c, input, upstream)[0] for c in (columns, expected))
    close(ours, theirs)


# The module


@given(
    case=cases(),
    padding_mode=st.sampled_from(MODES),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
@settings(max_examples=100)
def test_module(case, padding_mode, dtype):
    input, weight, bias, options = case
    input = input.to(dtype)
    arguments = dict(
        in_channels=input.shape[-3],
        out_channels=len(weight),
        kernel_size=tuple(weight.shape[2:]),
        bias=bias is not None,
        padding_mode=padding_mode,
        dtype=dtype,
        **options,
    )
    ours, theirs = conv.Conv2d(**arguments), torch.nn.Conv2d(**arguments)
    assert repr(ours) == repr(theirs)
    theirs.load_state_dict(ours.state_dict())
    ours.load_state_dict(copy.deepcopy(theirs).state_dict())
    try:
        # contiguous: dilated groups in channels last can crash torch 2.14 (float32, on a CPU)
        expected = theirs(input.contiguous())
    except RuntimeError:  # reflected or wrapped padding wider than the image
        with pytest.raises((RuntimeError, ValueError)):
            ours(input)
    else:
        close(ours(input), expected, atol=1e-4 if dtype == torch.float32 else 1e-9)


def test_module_on_meta_device():
    layer = conv.Conv2d(3, 8, 3, device="meta")
    assert layer.weight.is_meta
    assert layer(torch.empty(2, 3, 5, 5, device="meta")).shape == (2, 8, 3, 3)


# What composes with torch: each line is a function of (input, weight, bias) and of conv2d


def loss(conv2d, *tensors):
    return conv2d(*tensors).pow(3).sum()


def batched_gradients(output, tensors):
    """Gradients for three upstream gradients at once."""
    upstream = random(3, *output.shape, seed=6)
    return torch.func.vmap(lambda g: torch.autograd.grad(output, tensors, g, retain_graph=True))(
        upstream
    )


COMPOSED = {
    "func.grad": lambda f, *t: torch.func.grad(lambda w: loss(f, t[0], w, t[2]))(t[1]),
    "grad of grad": lambda f, *t: torch.func.grad(
        lambda w: torch.func.grad(lambda x: loss(f, x, w, t[2]))(t[0]).pow(2).sum()
    )(t[1]),
    "jvp": lambda f, *t: torch.func.jvp(f, t, tuple(2 * v + 1 for v in t)),
    "jvp of the bias": lambda f, *t: torch.func.jvp(lambda b: f(t[0], t[1], b), t[2:], t[2:]),
    "vjp": lambda f, *t: torch.func.vjp(f, *t)[1](f(*t)),
    "jacrev": lambda f, *t: torch.func.jacrev(f, argnums=(0, 1, 2))(*t),
    "jacfwd": lambda f, *t: torch.func.jacfwd(f, argnums=(0, 1, 2))(*t),
    "hessian": lambda f, *t: torch.func.hessian(lambda w: loss(f, t[0], w, t[2]))(t[1]),
    "gradients per example": lambda f, *t: torch.func.vmap(
        torch.func.grad(lambda w, x: loss(f, x, w, t[2])), in_dims=(None, 0)
    )(t[1], t[0]),
    "vmap over the weights": lambda f, *t: torch.func.vmap(f, in_dims=(None, 1, None))(
        t[0], torch.stack([t[1], 2 * t[1]], 1), t[2]
    ),
    "vmap over the bias": lambda f, *t: torch.func.vmap(f, in_dims=(None, None, 0))(
        t[0], t[1], torch.stack([t[2], 2 * t[2]])
    ),
    "vmap of vmap": lambda f, *t: torch.func.vmap(
        torch.func.vmap(f, in_dims=(0, None, None)), in_dims=(None, 0, 0)
    )(t[0], torch.stack([t[1], 2 * t[1]]), torch.stack([t[2], 2 * t[2]])),
    "vmap over upstream gradients": lambda f, *t: batched_gradients(f(*t), t),
    "checkpoint": lambda f, *t: torch.autograd.grad(
        torch.utils.checkpoint.checkpoint(f, t[0].requires_grad_(), *t[1:], use_reentrant=False)
        .pow(2)
        .sum(),
        t[0],
    ),
}


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("name", COMPOSED)
def test_composes_as_torchs(name, groups):
    tensors = random(3, 4, 4, 5), random(4, 4 // groups, 3, 2, seed=1), random(4, seed=2)

    def run(conv2d):
        def function(*tensors):
            return conv2d(*tensors, stride=(2, 1), padding=(1, 0), groups=groups)

        return COMPOSED[name](function, *(t.clone().requires_grad_() for t in tensors))

    close(run(conv.conv2d), run(F.conv2d), rtol=1e-9)


@pytest.mark.parametrize("channels", [(2, 3), (16, 16)], ids=["patches", "rows"])
def test_compiles_without_a_graph_break(channels):
    layer = conv.Conv2d(*channels, 3, padding="same", dtype=torch.float64)
    # the front end and autograd's tracing; no machine code, which would need a C++ compiler
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    input = random(2, channels[0], 5, 6)
    wanted = list(layer.parameters())
    expected = F.conv2d(input, *wanted, padding="same")
    close(compiled(input), expected)
    for ours, theirs in zip(
        torch.autograd.grad(compiled(input).pow(2).sum(), wanted),
        torch.autograd.grad(expected.pow(2).sum(), wanted),
        strict=True,
    ):
        close(ours, theirs)


def test_autocast():
    tensors = [t.float().requires_grad_() for t in (random(2, 3, 6, 6), random(4, 3, 3, 3))]
    with torch.autocast("cpu", torch.bfloat16):
        ours, theirs = conv.conv2d(*tensors), F.conv2d(*tensors)
        double = conv.conv2d(*(t.double() for t in tensors))
    assert ours.dtype == theirs.dtype == torch.bfloat16
    assert double.dtype == torch.float64  # autocast leaves it alone
    close(ours, theirs, atol=0.1)
    for a, b in zip(
        torch.autograd.grad(ours.sum(), tensors),
        torch.autograd.grad(theirs.sum(), tensors),
        strict=True,
    ):
        assert a.dtype == torch.float32
        close(a, b, atol=0.2, rtol=0.02)


def test_complex_and_integer():
    input, weight = random(2, 2, 4, 4), random(3, 2, 2, 3)
    close(*(f((9 * input).long(), (9 * weight).long()) for f in (conv.conv2d, F.conv2d)))
    pair = [torch.complex(t, t.flip(0)).requires_grad_() for t in (input, weight)]
    for ours, theirs in zip(
        *(with_gradients(f, [*pair, None], {}) for f in (conv.conv2d, F.conv2d)), strict=True
    ):
        close(ours, theirs)


@pytest.mark.parametrize("channels", [(16, 32), (3, 8)])
def test_saved_for_backward(channels):
    in_channels, out_channels = channels
    input = random(4, in_channels, 12, 12).requires_grad_()
    weight = random(out_channels, in_channels, 3, 3).requires_grad_()
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: saved.append(t.numel() * t.element_size()) or t, lambda t: t
    ):
        conv.conv2d(input, weight, random(out_channels).requires_grad_(), padding=1)
    assert sum(saved) <= 1.5 * 8 * (input.numel() + weight.numel())
    saved.clear()
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: saved.append(t.numel()) or t, lambda t: t
    ):
        conv.conv2d(input.detach(), weight, padding=1)
    assert sum(saved) == input.numel()  # the weight is needed for the input's gradient only


# What torch refuses

X, W = torch.zeros(2, 4, 5, 6), torch.zeros(6, 4, 3, 3)
REFUSED = [
    ((X, W), dict(groups=3), ValueError, "input has 4 channels .* groups 3 expects 12"),
    ((X, W), dict(groups=4), ValueError, "groups must .* divide the 6 output channels, got 4"),
    ((X, W), dict(groups=0), ValueError, "groups must be at least 1"),
    ((X, W), dict(groups=1.0), TypeError, "groups must be an int, got 1.0"),
    ((X, W), dict(dilation=0), ValueError, "dilation must be at least 1, got 0"),
    ((X, W), dict(dilation=3), ValueError, "larger than the padded image"),
    ((X, W), dict(padding="full"), ValueError, "'valid', 'same', an int or a pair, got 'full'"),
    ((X, W), dict(padding="same", stride=(1, 2)), ValueError, r"needs stride 1, got .*\(1, 2\)"),
    ((X, W), dict(padding=(1, -1)), ValueError, r"padding .* got \(1, -1\)"),
    ((X, W), dict(stride=True), TypeError, "stride must be an int"),
    ((X, W[:0]), {}, ValueError, "output channels"),
    ((X, W, torch.zeros(6, 1)), {}, ValueError, r"bias .*\(6,\), got \(6, 1\)"),
    ((X[:, :, :0], W), dict(padding=2), ValueError, "only the batch or the channels"),
    ((X[0, 0], W), {}, ValueError, r"\(N, C, height, width\) or \(C, height, width\)"),
    ((X.bool(), W.bool()), {}, TypeError, "input must hold numbers, got torch.bool"),
]


@pytest.mark.parametrize("args, options, error, message", REFUSED)
def test_refuses_what_torch_refuses(args, options, error, message):
    with pytest.raises((RuntimeError, TypeError)):
        F.conv2d(*args, **options)
    with pytest.raises(error, match=message):
        conv.conv2d(*args, **options)


@pytest.mark.parametrize(
    "options",
    [
        dict(groups=0),
        dict(groups=3),
        dict(padding="full"),
        dict(padding="same", stride=2),
        dict(padding_mode="mirror"),
        dict(stride=0),
        dict(dilation=0),
        dict(padding=-4),
    ],
    ids=str,
)
def test_module_refuses_what_torchs_refuses(options):
    arguments = dict(in_channels=4, out_channels=4, kernel_size=3) | options
    for layer, errors in ((torch.nn.Conv2d, (ValueError, RuntimeError)), (conv.Conv2d, ValueError)):
        with pytest.raises(errors):
            layer(**arguments)(X)


def test_initial_values_have_torchs_spread():
    layer = conv.Conv2d(8, 50, 5, groups=2)
    bound = 1 / math.sqrt(4 * 25)
    for parameter in layer.parameters():
        assert 0.8 * bound < parameter.abs().max() <= bound
