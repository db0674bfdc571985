"""The layer and the backward pass of lesson 03 behave as those of ``helpers.conv`` and torch."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from lesson import definitions
from tensors import arguments, close, random
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional as F

from helpers import conv, memory
from helpers.checks import ADVERSARIAL, Shape

lesson = definitions("03_autograd_layer")


def output_and_gradients(convolution, tensors, case):
    """The output, then the gradients of the tensors that require one, for a random upstream."""
    output = convolution(*tensors, case.stride, case.padding)
    wanted = [tensor for tensor in tensors if tensor is not None and tensor.requires_grad]
    return output, *torch.autograd.grad(output, wanted, random(*output.shape, seed=9))


@pytest.mark.parametrize(
    "other", [conv.unfold_conv2d, conv.conv2d, F.conv2d], ids=["twin", "helpers", "torch"]
)
@pytest.mark.parametrize("case", ADVERSARIAL, ids=str)
def test_output_and_gradients(case, other):
    tensors = arguments(case)
    actual = output_and_gradients(lesson.unfold_conv2d, tensors, case)
    for ours, theirs in zip(actual, output_and_gradients(other, tensors, case), strict=True):
        close(ours, theirs)


@pytest.mark.parametrize("case", ADVERSARIAL, ids=str)
def test_gradcheck(case):
    def convolve(*tensors):
        return lesson.unfold_conv2d(*tensors, case.stride, case.padding)

    assert gradcheck(convolve, arguments(case), atol=1e-7, rtol=0)


def test_second_derivatives():
    case = Shape(1, 2, 2, (3, 4), (2, 3), (1, 2), (1, 0))
    assert gradgradcheck(
        lambda *tensors: lesson.unfold_conv2d(*tensors, case.stride, case.padding), arguments(case)
    )


sides = st.tuples(st.integers(1, 6), st.integers(1, 6))
kernels = st.tuples(st.integers(1, 4), st.integers(1, 4))
strides = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.tuples(st.integers(0, 2), st.integers(0, 2))


@given(st.integers(1, 3), st.integers(1, 3), sides, kernels, strides, paddings)
def test_any_shape(in_channels, out_channels, size, kernel_size, stride, padding):
    assume(all(k <= n + 2 * p for n, k, p in zip(size, kernel_size, padding, strict=True)))
    case = Shape(2, in_channels, out_channels, size, kernel_size, stride, padding)
    tensors = arguments(case)
    actual = output_and_gradients(lesson.unfold_conv2d, tensors, case)
    for ours, theirs in zip(actual, output_and_gradients(conv.conv2d, tensors, case), strict=True):
        close(ours, theirs)
    gradients_in_other_forms_agree(case)


@pytest.mark.parametrize("case", ADVERSARIAL, ids=str)
def test_gradients_in_full_and_as_convolutions(case):
    gradients_in_other_forms_agree(case)


def gradients_in_other_forms_agree(case):
    """Both gradients in full, and as convolutions, are those of torch's layer."""
    input, weight, _ = tensors = arguments(case)
    geometry = case.stride, case.padding
    output, *expected = output_and_gradients(F.conv2d, [*tensors[:2], None], case)
    upstream, input, weight = random(*output.shape, seed=9), input.detach(), weight.detach()
    close(lesson.transposed_conv2d(upstream, weight, case.size, *geometry), expected[0])
    left_over = lesson.left_over(case)
    close(F.conv_transpose2d(upstream, weight, None, *geometry, left_over), expected[0])
    for function in (lesson.weight_gradient_in_full, lesson.weight_gradient_by_convolution):
        close(function(input, upstream, case.kernel_size, *geometry), expected[1])


@pytest.mark.parametrize("wanted", [(True, False), (False, True)], ids=["input", "weight"])
def test_one_gradient_and_no_bias(wanted):
    case = ADVERSARIAL[4]
    tensors = [t.detach().requires_grad_(w) for t, w in zip(arguments(case), wanted, strict=False)]
    actual = output_and_gradients(lesson.unfold_conv2d, [*tensors, None], case)
    expected = output_and_gradients(F.conv2d, [*tensors, None], case)
    assert len(actual) == 2
    for ours, theirs in zip(actual, expected, strict=True):
        close(ours, theirs)


def gradients_returned(needs_input_grad):
    """What ``backward`` returns when the context asks for these gradients."""

    class Context:
        saved_tensors = random(1, 2, 4, 5), random(3, 2, 2, 2)
        stride, padding = 1, 0

    Context.needs_input_grad = (*needs_input_grad, False, False)
    return lesson.UnfoldConv2dFunction.backward(Context, random(1, 3, 3, 4))


@pytest.mark.parametrize("needs", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)])
def test_only_what_is_asked_for(needs):
    returned = gradients_returned(tuple(map(bool, needs)))
    assert [gradient is not None for gradient in returned] == [*map(bool, needs), False, False]


@pytest.mark.parametrize("name", ["UnfoldConv2d", "Conv2d"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kernel_size", [3, (2, 3)])
def test_layers_exchange_parameters_with_helpers_and_torch(name, bias, kernel_size):
    layer = getattr(lesson, name)(2, 3, kernel_size, stride=2, padding=1, bias=bias)
    input = random(2, 2, 7, 6).float()
    for other in (conv.Conv2d, torch.nn.Conv2d):
        twin = other(2, 3, kernel_size, stride=2, padding=1, bias=bias)
        twin.load_state_dict(layer.state_dict())
        close(layer(input), twin(input), 1e-5)
        layer.load_state_dict(twin.state_dict())


def test_initial_values_have_the_bound_of_the_helpers_layer():
    bound = (2 * 3 * 3) ** -0.5
    for layer in (lesson.UnfoldConv2d(2, 400, 3), conv.Conv2d(2, 400, 3)):
        for parameter in layer.parameters():
            assert 0.95 * bound < parameter.abs().max() <= bound


@pytest.mark.parametrize("channels, size", [((1, 1), (5, 5)), ((1, 3), (3, 3)), ((2, 3), (5, 4))])
def test_an_output_may_be_changed_in_place(channels, size):
    """Also where the permuted output would be a view: one channel, or one output pixel."""
    layer = nn.Sequential(lesson.Conv2d(*channels, 3), nn.ReLU(inplace=True))
    layer(torch.ones(2, channels[0], *size)).sum().backward()
    assert layer[0].weight.grad.shape == layer[0].weight.shape


@pytest.mark.parametrize("case", ADVERSARIAL, ids=str)
def test_naive_unfold_backward_is_fold(case):
    shape = (case.batch, case.in_channels, *case.size)
    matrix = lesson.patch_matrix(random(*shape), case.kernel_size, case.stride, case.padding)
    columns = matrix.reshape(case.batch, -1, matrix.shape[1]).transpose(1, 2)
    naive = lesson.naive_unfold_backward(matrix, shape, case.kernel_size, case.stride, case.padding)
    close(naive, conv.fold(columns, case.size, case.kernel_size, 1, case.padding, case.stride))


@pytest.mark.parametrize("layer", [lesson.UnfoldConv2d, lesson.Conv2d, nn.Conv2d])
def test_saved_bytes(layer):
    convolve, image = layer(3, 4, 3, padding=1), torch.ones(2, 3, 5, 6, requires_grad=True)
    saved = lesson.saved_bytes(convolve, image)
    assert saved == memory.saved_bytes(convolve, image)
    kept = 9 * image.numel() if layer is lesson.UnfoldConv2d else image.numel()
    assert saved == 4 * (kept + convolve.weight.numel())


class TestNotCovered:
    """What the lesson says that its Function does not do, and the layer of ``helpers`` does."""

    def test_autocast(self):
        layer, images = lesson.Conv2d(1, 2, 3), torch.ones(1, 1, 4, 4)
        with torch.autocast("cpu", torch.bfloat16):
            output = layer(images)
        with pytest.raises(RuntimeError, match="dtype"):
            output.float().sum().backward()
        layer = conv.Conv2d(1, 2, 3)
        with torch.autocast("cpu", torch.bfloat16):
            output = layer(images)
        output.float().sum().backward()
        assert layer.weight.grad.shape == (2, 1, 3, 3)

    def test_func(self):
        image, weight = random(1, 1, 4, 4), random(2, 1, 3, 3)

        def loss(convolution):
            return lambda weight: convolution(image, weight).square().sum()

        with pytest.raises(RuntimeError, match="setup_context"):
            torch.func.grad(loss(lesson.unfold_conv2d))(weight)
        expected = torch.func.grad(loss(F.conv2d))(weight)
        close(torch.func.grad(loss(conv.conv2d))(weight), expected)

    @pytest.mark.parametrize(
        "convolution, real", [(lesson.unfold_conv2d, -8), (conv.conv2d, 8), (F.conv2d, 8)]
    )
    def test_complex_weights(self, convolution, real):
        image = torch.ones(1, 1, 1, 1, dtype=torch.complex128, requires_grad=True)
        weight = torch.full((1, 1, 1, 1), 2j, dtype=torch.complex128)
        convolution(image, weight).abs().square().sum().backward()
        close(image.grad.real.flatten(), torch.tensor([real], dtype=torch.float64))
