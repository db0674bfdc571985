"""The convolution by hand: against torch, against numbers worked out on paper, and bad input."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from tensors import arguments, close

from helpers import conv
from helpers.checks import ADVERSARIAL

f64 = torch.float64


@pytest.mark.parametrize("shape", ADVERSARIAL, ids=str)
@pytest.mark.parametrize("with_bias", [True, False])
def test_forward_is_torchs(shape, with_bias):
    input, weight, bias = arguments(shape, requires_grad=False)
    bias = bias if with_bias else None
    expected = F.conv2d(input, weight, bias, shape.stride, shape.padding)
    for function in (conv.conv2d, conv.naive_conv2d):
        close(function(input, weight, bias, shape.stride, shape.padding), expected)


@pytest.mark.parametrize("shape", ADVERSARIAL, ids=str)
def test_unfold_and_fold_are_torchs(shape):
    input, _, _ = arguments(shape, requires_grad=False)
    args = (shape.kernel_size, 1, shape.padding, shape.stride)
    columns = F.unfold(input, *args)
    close(conv.unfold(input, *args), columns, 0)
    close(conv.naive_unfold(input, shape.kernel_size, shape.stride, shape.padding), columns, 0)
    close(conv.fold(columns, shape.size, *args), F.fold(columns, shape.size, *args))


@pytest.mark.parametrize("shape", ADVERSARIAL, ids=str)
def test_gradients(shape):
    args = arguments(shape)
    # gradcheck tries every direction of the output, hence any upstream gradient
    assert torch.autograd.gradcheck(
        lambda *t: conv.conv2d(*t, stride=shape.stride, padding=shape.padding), args
    )
    output = conv.conv2d(*args, stride=shape.stride, padding=shape.padding)
    upstream = torch.randn(
        output.shape, generator=torch.Generator().manual_seed(1), dtype=output.dtype
    )
    ours = torch.autograd.grad(output, args, upstream)
    theirs = F.conv2d(*args, stride=shape.stride, padding=shape.padding)
    for a, b in zip(ours, torch.autograd.grad(theirs, args, upstream), strict=True):
        close(a, b)


@given(
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
@settings(max_examples=200, deadline=None)
def test_output_size_is_torchs(size, kernel, stride, padding, dilation):
    image, weight = torch.zeros(1, 1, *size), torch.zeros(1, 1, *kernel)
    try:
        expected = F.conv2d(image, weight, None, stride, padding, dilation).shape[2:]
    except RuntimeError:
        with pytest.raises(ValueError, match="larger than the padded image"):
            conv.output_size(size, kernel, stride, padding, dilation)
    else:
        assert conv.output_size(size, kernel, stride, padding, dilation) == tuple(expected)


def test_output_size_by_hand():
    assert conv.output_size(28, 3) == (26, 26)
    assert conv.output_size((6, 9), (2, 5), 1, (0, 2)) == (5, 9)
    assert conv.output_size(7, 3, stride=2) == (3, 3)
    assert conv.output_size(8, 3, stride=2) == (3, 3)  # the floor: one row is left over
    assert conv.output_size((768, 1024), (3, 3), 2) == (383, 511)


def test_convolution_by_hand():
    image = torch.arange(1.0, 13).reshape(1, 1, 3, 4)  # rows 1-4, 5-8, 9-12
    kernel = torch.tensor([[[[1.0, 0.0], [0.0, -2.0]]]])
    # first value: 1 * 1 - 2 * 6 = -11; with stride (1, 2) columns 0 and 2 remain
    expected = torch.tensor([[[[-10.5, -12.5], [-14.5, -16.5]]]])
    for function in (conv.conv2d, conv.naive_conv2d):
        close(function(image, kernel, torch.tensor([0.5]), (1, 2)), expected, 0)


def test_unfold_by_hand():
    image = torch.arange(1.0, 7).reshape(1, 1, 2, 3)
    expected = torch.tensor([[[1.0, 2], [2, 3], [4, 5], [5, 6]]])
    for function in (conv.unfold, conv.naive_unfold):
        close(function(image, 2), expected, 0)


def test_fold_counts_the_patches_that_cover_a_pixel():
    ones = torch.ones(1, 1, 4, 4)
    counted = conv.fold(conv.unfold(ones, 3, padding=1), (4, 4), 3, padding=1)
    expected = torch.tensor([[4.0, 6, 6, 4], [6, 9, 9, 6], [6, 9, 9, 6], [4, 6, 6, 4]])
    close(counted[0, 0], expected, 0)


@pytest.mark.parametrize("shape", ADVERSARIAL, ids=str)
def test_fold_is_the_adjoint_of_unfold(shape):
    x, _, _ = arguments(shape, requires_grad=False)
    args = (shape.kernel_size, 1, shape.padding, shape.stride)
    columns = conv.unfold(x, *args)
    y = torch.randn(columns.shape, generator=torch.Generator().manual_seed(2), dtype=f64)
    close((columns * y).sum(), (x * conv.fold(y, shape.size, *args)).sum())


def test_only_the_gradients_asked_for():
    input, weight, bias = arguments(ADVERSARIAL[1], requires_grad=False)
    for wanted in range(3):
        args = [t.clone().requires_grad_(i == wanted) for i, t in enumerate((input, weight, bias))]
        conv.conv2d(*args).sum().backward()
        assert [t.grad is not None for t in args] == [i == wanted for i in range(3)]


def test_patches_are_not_saved():
    input, weight, bias = arguments(ADVERSARIAL[1])
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t.numel()), lambda t: t):
        conv.conv2d(input, weight, bias, padding=1)
    assert sum(saved) <= 1.5 * (input.numel() + weight.numel())


@pytest.mark.parametrize("with_bias", [True, False])
def test_state_dict_goes_both_ways(with_bias):
    arguments = dict(kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), bias=with_bias)
    ours, theirs = conv.Conv2d(3, 5, **arguments), torch.nn.Conv2d(3, 5, **arguments)
    image = torch.randn(2, 3, 7, 6, generator=torch.Generator().manual_seed(3))
    theirs.load_state_dict(ours.state_dict())
    close(ours(image), theirs(image), 1e-5)
    theirs.reset_parameters()
    ours.load_state_dict(theirs.state_dict())
    close(ours(image), theirs(image), 1e-5)
    assert repr(ours) == repr(theirs)


def test_same_seed_same_parameters_as_torchs():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ours = conv.Conv2d(3, 5, 3)
        torch.manual_seed(0)
        theirs = torch.nn.Conv2d(3, 5, 3)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        close(a, b, 1e-7)


X, W = torch.zeros(2, 3, 5, 6), torch.zeros(4, 3, 3, 3)
BAD = [
    ("input of 2 dimensions", (X[0, 0], W), {}, ValueError, r"input must be"),
    ("input of 5 dimensions", (X[None], W), {}, ValueError, r"input must be"),
    ("weight of 3 dimensions", (X, W[0]), {}, ValueError, r"weight must be .*\(3, 3, 3\)"),
    ("other channels", (X, W[:, :2]), {}, ValueError, r"3 channels .* 2"),
    ("bias too long", (X, W, torch.zeros(5)), {}, ValueError, r"bias .*\(4,\), got \(5,\)"),
    ("kernel too large", (X, torch.zeros(4, 3, 6, 3)), {}, ValueError, r"kernel_size \(6, 3\)"),
    ("stride 0", (X, W), {"stride": 0}, ValueError, r"stride must be at least 1, got 0"),
    ("stride -1", (X, W), {"stride": (1, -1)}, ValueError, r"stride .*got \(1, -1\)"),
    ("stride 1.0", (X, W), {"stride": 1.0}, TypeError, r"stride must be an int"),
    ("stride of three", (X, W), {"stride": (1, 1, 1)}, TypeError, r"stride .* pair"),
    ("padding -1", (X, W), {"padding": -1}, ValueError, r"padding must be at least 0, got -1"),
    ("mixed dtypes", (X, W.double()), {}, TypeError, r"weight is torch.float64 but"),
    ("mixed bias", (X, W, torch.zeros(4).double()), {}, TypeError, r"bias is torch.float64"),
    ("mixed devices", (X, W.to("meta")), {}, ValueError, r"meta .* cpu"),
    ("not a tensor", (X, [1, 2]), {}, TypeError, r"weight must be a tensor, got list"),
]


@pytest.mark.parametrize("args, kwargs, error, message", [b[1:] for b in BAD], ids=lambda v: "")
def test_bad_input(args, kwargs, error, message):
    for function in (conv.conv2d, conv.naive_conv2d):
        with pytest.raises(error, match=message):
            function(*args, **kwargs)


def test_bad_input_of_fold():
    columns = torch.zeros(1, 12, 4)
    with pytest.raises(ValueError, match="12 rows, which the kernel's 9"):
        conv.fold(columns, 3, 3)
    with pytest.raises(ValueError, match="4 columns but an image of 4x4 has 3x3 patches"):
        conv.fold(columns, 4, 2)
    with pytest.raises(ValueError, match="must be"):
        conv.fold(columns[None], 3, 2)
    with pytest.raises(ValueError, match="larger than the padded image"):
        conv.unfold(X, 7)
