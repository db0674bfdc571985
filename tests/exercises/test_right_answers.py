"""Right answers pass, however they are written: loops, einsum, unfold, torch's own functions."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers import conv, exercises

RIGHT = []


def right(check):
    """Collect an answer that is right, with its check."""

    def collect(function):
        RIGHT.append((check, function))
        return function

    return collect


@right(exercises.check_output_length)
def counting(size, kernel_size, stride, padding, dilation):
    last = size + 2 * padding - dilation * (kernel_size - 1)
    return len(range(0, last, stride))


@right(exercises.check_output_length)
def by_torch(size, kernel_size, stride, padding, dilation):
    image, kernel = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel_size)
    return F.conv1d(image, kernel, None, stride, padding, dilation).shape[-1]


@right(exercises.check_output_length)
def rounded(size, kernel_size, stride, padding, dilation):
    return math.floor((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)


@right(exercises.check_output_length)
def of_numpy(size, kernel_size, stride, padding, dilation):
    return np.int64((size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1)


@right(exercises.check_convolve_image)
def number_by_number(image, kernel, stride, padding):
    padded = F.pad(image, (padding[1], padding[1], padding[0], padding[0]))
    height = (padded.shape[0] - kernel.shape[0]) // stride[0] + 1
    width = (padded.shape[1] - kernel.shape[1]) // stride[1] + 1
    output = torch.zeros(height, width, dtype=image.dtype)
    for y, x, u, v in np.ndindex(height, width, *kernel.shape):
        output[y, x] += padded[stride[0] * y + u, stride[1] * x + v] * kernel[u, v]
    return output


@right(exercises.check_convolve_image)
def places_of_the_kernel(image, kernel, stride, padding):
    """Loop over the kernel's weights instead of the windows."""
    padded = F.pad(image, (padding[1], padding[1], padding[0], padding[0]))
    (s_h, s_w), (k_h, k_w) = stride, kernel.shape
    height, width = (padded.shape[0] - k_h) // s_h + 1, (padded.shape[1] - k_w) // s_w + 1
    return sum(
        kernel[u, v] * padded[u : u + s_h * height : s_h, v : v + s_w * width : s_w]
        for u in range(k_h)
        for v in range(k_w)
    )


@right(exercises.check_convolve)
def torchs(input, weight, bias, stride, padding):
    return F.conv2d(input, weight, bias, stride, padding)


@right(exercises.check_convolve)
def seven_loops(input, weight, bias, stride, padding):
    (n, _, height, width), (o, *kernel) = input.shape, weight.shape
    size = conv.output_size((height, width), tuple(kernel[1:]), stride, padding)
    padded = F.pad(input, (padding[1], padding[1], padding[0], padding[0]))
    output = input.new_zeros(n, o, *size)
    for image, out, y, x, c, u, v in np.ndindex(n, o, *size, *kernel):
        pixel = padded[image, c, stride[0] * y + u, stride[1] * x + v]
        output[image, out, y, x] += pixel * weight[out, c, u, v]
    return output if bias is None else output + bias.reshape(1, -1, 1, 1)


@right(exercises.check_convolve)
def einsum(input, weight, bias, stride, padding):
    padded = F.pad(input, (padding[1], padding[1], padding[0], padding[0]))
    windows = padded.unfold(2, weight.shape[2], stride[0]).unfold(3, weight.shape[3], stride[1])
    output = torch.einsum("ncyxuv,ocuv->noyx", windows, weight)
    return output if bias is None else output + bias[:, None, None]


@right(exercises.check_convolve)
def by_unfold(input, weight, bias, stride, padding):
    columns = F.unfold(input, weight.shape[2:], 1, padding, stride)
    size = conv.output_size(tuple(input.shape[2:]), tuple(weight.shape[2:]), stride, padding)
    output = (weight.flatten(1) @ columns).unflatten(2, size)
    return output if bias is None else output + bias[:, None, None]


@right(exercises.check_cost)
def measured_cost(input_shape, weight_shape, stride, padding):
    out_channels, channels, *kernel_size = weight_shape
    layer = torch.nn.Conv2d(channels, out_channels, kernel_size, stride, padding)
    outputs = layer(torch.zeros(input_shape)).numel()
    parameters = sum(parameter.numel() for parameter in layer.parameters())
    return [parameters, outputs * channels * math.prod(kernel_size)]


@right(exercises.check_same_padding)
def searched(size, kernel_size, stride, dilation):
    total = 0
    while True:
        room = size + total - dilation * (kernel_size - 1) - 1
        if room >= 0 and room // stride + 1 >= math.ceil(size / stride):
            return total
        total += 1


@right(exercises.check_patch_number)
def looked_up(y, x, out_h, out_w):
    return torch.arange(out_h * out_w).reshape(out_h, out_w)[y, x].item()


@right(exercises.check_unfold)
def strided(input, kernel_size, stride, padding):
    padded = F.pad(input, (padding[1], padding[1], padding[0], padding[0]))
    windows = padded.unfold(2, kernel_size[0], stride[0]).unfold(3, kernel_size[1], stride[1])
    n, c, out_h, out_w, k_h, k_w = windows.shape
    return windows.permute(0, 1, 4, 5, 2, 3).reshape(n, c * k_h * k_w, out_h * out_w)


@right(exercises.check_unfold)
def gathered(input, kernel_size, stride, padding):
    """Unfold the numbers of the pixels, then look the pixels up."""
    padded = F.pad(input, (padding[1], padding[1], padding[0], padding[0]))
    numbers = torch.arange(padded[0].numel(), dtype=torch.float64).reshape(padded[0].shape)
    places = F.unfold(numbers[None], kernel_size, stride=stride)[0].long()
    return padded.flatten(1)[:, places]


@right(exercises.check_to_images)
def transposed(flat, batch_size, out_h, out_w):
    columns = flat.unflatten(0, (batch_size, out_h * out_w)).transpose(1, 2)
    return columns.reshape(batch_size, -1, out_h, out_w)


@right(exercises.check_to_images)
def one_by_one(flat, batch_size, out_h, out_w):
    images = flat.new_empty(batch_size, flat.shape[1], out_h, out_w)
    for n, y, x in np.ndindex(batch_size, out_h, out_w):
        images[n, :, y, x] = flat[(n * out_h + y) * out_w + x]
    return images


@right(exercises.check_fold)
def autograds(columns, size, kernel_size, stride, padding):
    """Fold as the gradient of unfold."""
    channels = columns.shape[1] // math.prod(kernel_size)
    image = columns.new_zeros(len(columns), channels, *size).requires_grad_()
    unfolded = F.unfold(image, kernel_size, 1, padding, stride)
    return torch.autograd.grad(unfolded, image, columns)[0]


@right(exercises.check_covering)
def counted(pixel, size, kernel_size, stride, padding):
    starts = range(0, size + 2 * padding - kernel_size + 1, stride)
    return sum(start <= pixel + padding < start + kernel_size for start in starts)


@right(exercises.check_weight_gradient)
def weight_by_autograd(input, grad_output, kernel_size, stride, padding):
    shape = (grad_output.shape[1], input.shape[1], *kernel_size)
    weight = input.new_zeros(shape).requires_grad_()
    output = F.conv2d(input, weight, None, stride, padding)
    return torch.autograd.grad(output, weight, grad_output)[0]


@right(exercises.check_weight_gradient)
def weight_by_loops(input, grad_output, kernel_size, stride, padding):
    padded = F.pad(input, (padding[1], padding[1], padding[0], padding[0]))
    _, out_channels, out_h, out_w = grad_output.shape
    gradient = input.new_zeros(out_channels, input.shape[1], *kernel_size)
    for o, c, u, v in np.ndindex(*gradient.shape):
        rows = slice(u, u + stride[0] * out_h, stride[0])
        columns = slice(v, v + stride[1] * out_w, stride[1])
        gradient[o, c, u, v] = (padded[:, c, rows, columns] * grad_output[:, o]).sum()
    return gradient


@right(exercises.check_weight_gradient)
def weight_by_einsum(input, grad_output, kernel_size, stride, padding):
    columns = conv.unfold(input, kernel_size, 1, padding, stride)
    gradient = torch.einsum("nkp,nop->ok", columns, grad_output.flatten(2))
    return gradient.unflatten(1, (-1, *kernel_size))


@right(exercises.check_weight_gradient_by_convolution)
def weight_by_torch(input, grad_output, kernel_size, stride, padding):
    shape = (grad_output.shape[1], input.shape[1], *kernel_size)
    return torch.nn.grad.conv2d_weight(input, shape, grad_output, stride, padding)


@right(exercises.check_input_gradient)
def input_by_transposed_convolution(grad_output, weight, size, stride, padding):
    smallest = [
        (n - 1) * s + k - 2 * p
        for n, s, k, p in zip(grad_output.shape[2:], stride, weight.shape[2:], padding, strict=True)
    ]
    rest = [n - m for n, m in zip(size, smallest, strict=True)]
    return F.conv_transpose2d(grad_output, weight, None, stride, padding, rest)


@right(exercises.check_input_gradient)
def input_by_scattering(grad_output, weight, size, stride, padding):
    n, out_channels, out_h, out_w = grad_output.shape
    (p_h, p_w), (k_h, k_w) = padding, weight.shape[2:]
    padded = weight.new_zeros(n, weight.shape[1], size[0] + 2 * p_h, size[1] + 2 * p_w)
    for o, y, x in np.ndindex(out_channels, out_h, out_w):
        window = (..., slice(stride[0] * y, stride[0] * y + k_h))
        window += (slice(stride[1] * x, stride[1] * x + k_w),)
        padded[window] += grad_output[:, o, y, x, None, None, None] * weight[o]
    return padded[..., p_h : p_h + size[0], p_w : p_w + size[1]]


@right(exercises.check_backward)
def backward_by_autograd(input, weight, grad_output, stride, padding):
    bias = input.new_zeros(len(weight)).requires_grad_()
    input, weight = input.clone().requires_grad_(), weight.clone().requires_grad_()
    output = F.conv2d(input, weight, bias, stride, padding)
    return torch.autograd.grad(output, (input, weight, bias), grad_output)


@right(exercises.check_backward)
def backward_in_a_list(input, weight, grad_output, stride, padding):
    kernel_size, size = tuple(weight.shape[2:]), tuple(input.shape[2:])
    return [
        input_by_scattering(grad_output, weight, size, stride, padding),
        weight_by_loops(input, grad_output, kernel_size, stride, padding),
        torch.einsum("noyx->o", grad_output),
    ]


@right(exercises.check_transposed_size)
def smallest_that_fits(size, kernel_size, stride, padding):
    n = 1
    while (n + 2 * padding - kernel_size) // stride + 1 < size:
        n += 1
    return n


@right(exercises.check_numerical_gradient)
def differences_in_place(function, tensor, step):
    gradient = torch.empty_like(tensor)
    for index in np.ndindex(*tensor.shape):
        value = tensor[index].item()
        tensor[index] = value + step
        above = function(tensor)
        tensor[index] = value - step
        gradient[index] = (above - function(tensor)) / (2 * step)
        tensor[index] = value
    return gradient


@right(exercises.check_best_step)
def best_step_by_logarithms(precision, loss, third):
    return math.exp((math.log(1.5) + math.log(precision * loss) - math.log(third)) / 3)


@right(exercises.check_intensity)
def intensity_in_parts(input_shape, weight_shape, output_shape):
    nop = torch.tensor(output_shape).prod()
    k = torch.tensor(weight_shape[1:]).prod()
    moved = sum(torch.tensor(shape).prod() for shape in (input_shape, weight_shape, output_shape))
    return nop * k / 2 / moved


@right(exercises.check_copied)
def copied_by_counting(channels, size, kernel_size, padding):
    image = F.pad(torch.zeros(channels, *size), (padding[1],) * 2 + (padding[0],) * 2)
    along_rows = image.unfold(2, kernel_size[1], 1)
    return along_rows.numel(), along_rows.unfold(1, kernel_size[0], 1).numel()


@right(exercises.check_rows_convolve)
def rows_by_torch(input, weight, padding):
    return F.conv2d(input, weight, padding=padding)


@right(exercises.check_rows_convolve)
def rows_by_unfold(input, weight, padding):
    padded = F.pad(input, (padding[1], padding[1], padding[0], padding[0]))
    k_h, out_h = weight.shape[2], padded.shape[2] - weight.shape[2] + 1
    return sum(F.conv2d(padded[:, :, u : u + out_h], weight[:, :, [u]]) for u in range(k_h))


@right(exercises.check_chunked_weight_gradient)
def in_one_piece(input, grad_output, kernel_size, chunk):
    return weight_by_loops(input, grad_output, kernel_size, (1, 1), (0, 0))


@pytest.mark.parametrize("check, function", RIGHT, ids=[f.__name__ for _, f in RIGHT])
def test_a_right_answer_passes(check, function, capsys):
    check(function)
    assert capsys.readouterr().out.startswith("Right: ")


@pytest.mark.parametrize("kind", [list, tuple, np.array, torch.tensor], ids=lambda k: k.__name__)
def test_a_prediction_may_be_of_any_type(kind, capsys):
    exercises.check_output(kind([[4, 5], [-2, 5]]))
    exercises.check_patches(kind([[2, 0, 1, 3], [0, 1, 3, 0], [1, 3, 0, 1], [3, 0, 1, 2]]))
    assert capsys.readouterr().out.count("Right: ") == 2
