"""Checks of the exercises of lesson 03: the gradients of a convolution as code."""

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.conv import fold, output_size
from helpers.exercises.cases import IMAGE, KERNEL, NONE, ONE, SHAPES, UPSTREAM, random, tensors
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches


def _rows(grad_output: Tensor, wrong) -> Tensor:
    """Return the gradient of Y' (N, P, O), with mistakes."""
    n, out_channels = grad_output.shape[:2]
    if "permute" in wrong:
        return grad_output.reshape(n, -1, out_channels)
    rows = grad_output.flatten(2).transpose(1, 2)
    return torch.ones_like(rows) if "ones" in wrong else rows


def weight_gradient(input, grad_output, kernel_size, stride, padding, wrong=frozenset()):
    """Return the gradient of the weight, with the mistakes named in ``wrong``."""
    (k_h, k_w), (s_h, s_w), (p_h, p_w) = kernel_size, stride, padding
    s_h, s_w = (1, 1) if "stride" in wrong else (s_h, s_w)
    s_h, s_w = (s_w, s_h) if "stride order" in wrong else (s_h, s_w)
    p_h, p_w = (0, 0) if "padding" in wrong else (p_h, p_w)
    p_h, p_w = (p_w, p_h) if "padding order" in wrong else (p_h, p_w)
    padded = F.pad(input, (p_w, p_w, p_h, p_h))
    n, out_channels, out_h, out_w = grad_output.shape
    rows = _rows(grad_output, wrong)
    if wrong & _BY_CONVOLUTION.keys():
        return _by_convolution(padded, grad_output, kernel_size, (s_h, s_w), wrong)
    columns = F.unfold(padded, (k_h, k_w), stride=(s_h, s_w))
    columns = columns[:, :, : out_h * out_w] if "stride" in wrong else columns
    if "columns" in wrong:  # one matrix for the batch
        matrix = columns.reshape(-1, columns.shape[1]).T @ rows.flatten(0, 1)
        return matrix.T.reshape(out_channels, -1, k_h, k_w)
    products = (columns @ rows).transpose(1, 2)  # (N, O, K), an error if there are not P patches
    products = products.reshape(n, out_channels, -1, k_h, k_w)
    if "transposed" in wrong:  # the matrix (K, O), reshaped without a transpose
        matrix = products.sum(0).flatten(1).T
        return matrix.reshape(out_channels, -1, k_h, k_w)
    if "turned" in wrong:
        products = products.flip(3, 4)
    if wrong & {"first image", "last image"}:
        return products[0 if "first image" in wrong else -1]
    gradient = products.sum(0)
    return gradient / n if "mean" in wrong else gradient


def _by_convolution(padded, grad_output, kernel_size, stride, wrong) -> Tensor:
    """Convolve the images with the dilated upstream gradient, with mistakes."""
    images, kernels = padded.transpose(0, 1), grad_output.transpose(0, 1)
    kernels = kernels.flip(2, 3) if "upstream turned" in wrong else kernels
    options = {"dilation": 1 if wrong & {"undilated", "strided"} else stride}
    result = F.conv2d(images, kernels, stride=stride if "strided" in wrong else 1, **options)
    whole = "uncropped" in wrong
    return result.transpose(0, 1)[(...,) if whole else (..., *map(slice, kernel_size))]


# of the gradient as a convolution
_BY_CONVOLUTION = {
    "uncropped": "the result is larger than the kernel where the stride leaves pixels over. Keep "
    "the first k_h rows and k_w columns.",
    "strided": "the stride of the layer is taken for that of this convolution. Its places in the "
    "sum are those of the upstream gradient, which is read s_h rows apart: a dilation.",
    "undilated": "the stride is missing: the values of the upstream gradient belong to pixels s_h "
    "rows and s_w columns apart. That is a dilation of it.",
    "upstream turned": "the upstream gradient is turned by 180 degrees. That belongs to the "
    "gradient of the input.",
}
WEIGHT_WORDS = {
    "permute": "the upstream gradient is reshaped to rows (NP, O) without a `permute`. Its channel "
    "is axis 1 and has to become the last one first.",
    "ones": "that is the gradient for an upstream of ones: the sum of each column of U. It has to "
    "be multiplied by the upstream gradient.",
    "transposed": "the matrix of the gradient is (K, O). It needs a transpose before the reshape "
    "to (O, C, k_h, k_w).",
    "first image": "only the first image counts. The gradient sums over all images.",
    "last image": "only the last image counts. The gradient sums over all images: `+=`.",
    "columns": "the patches (N, K, P) are reshaped to (NP, K) without a transpose. Each patch is a "
    "column there, and has to become a row.",
    "mean": "the sum over the images is divided by their number. The loss is given: the gradient "
    "is the sum.",
    "turned": "the gradient is turned by 180 degrees.",
    "stride": "the stride is ignored: output (y, x) reads the window at (s_h * y, s_w * x).",
    "stride order": "the strides of height and width are exchanged.",
    "padding": "the padding is ignored: the windows lie in the padded image.",
    "padding order": "the paddings of height and width are exchanged.",
}


def _upstream(shape) -> Tensor:
    size = output_size(shape.size, shape.kernel_size, shape.stride, shape.padding)
    return random(shape.batch, shape.out_channels, *size, seed=5)


def judge_weight_gradient(function, name: str) -> None:
    """Judge ``(input, grad_output, kernel_size, stride, padding)``, whatever way it goes."""

    def reference(input, grad_output, kernel_size, stride, padding):
        weight = (grad_output.shape[1], input.shape[1], *kernel_size)
        return torch.nn.grad.conv2d_weight(input, weight, grad_output, stride, padding)

    cases = [(IMAGE, UPSTREAM, (2, 2), ONE, NONE)]
    for shape in SHAPES:
        options = shape.kernel_size, shape.stride, shape.padding
        cases.append((tensors(shape)[0], _upstream(shape), *options))
    axes = ("output channel", "input channel", "row", "column")
    mistakes = switches(weight_gradient, WEIGHT_WORDS | _BY_CONVOLUTION)
    judge(function, Task(name, reference, cases, mistakes, axes=axes))


def check_weight_gradient(function) -> None:
    """Exercise 3.2: ``weight_gradient(input, grad_output, kernel_size, stride, padding)``."""
    judge_weight_gradient(function, "weight_gradient")


def check_weight_gradient_by_convolution(function) -> None:
    """Exercise 3.6: the same by one convolution, ``weight_gradient_by_convolution(...)``."""
    judge_weight_gradient(function, "weight_gradient_by_convolution")


def input_gradient(grad_output, weight, size, stride, padding, wrong=frozenset()):
    """Return the gradient of the input, with the mistakes named in ``wrong``."""
    (s_h, s_w), (p_h, p_w), (height, width) = stride, padding, size
    out_channels, _, k_h, k_w = weight.shape
    rows = _rows(grad_output, wrong)
    matrix = weight.flatten(1)  # (O, K)
    if "weight" in wrong:
        matrix = weight.reshape(-1, out_channels).T
    matrix = weight.flip(2, 3).flatten(1) if "turned" in wrong else matrix
    if "one channel" in wrong:
        rows, matrix = rows[..., :1], matrix[:1]
    columns = (rows @ matrix).transpose(1, 2)
    step = (1, 1) if "stride" in wrong else (s_w, s_h) if "stride order" in wrong else (s_h, s_w)
    inner = (height + 2 * p_h, width + 2 * p_w)
    if step == tuple(stride):
        padded = fold(columns, inner, (k_h, k_w), 1, 0, step)
        if "mean" in wrong:
            counts = fold(torch.ones_like(columns), inner, (k_h, k_w), 1, 0, step)
            padded = padded / counts.clamp(min=1)
    else:
        padded = _fold_loosely(columns, inner, (k_h, k_w), step, grad_output.shape[2:])
    if "padded" in wrong:
        return padded
    p_h, p_w = (0, 0) if "corner" in wrong else (p_h, p_w)
    p_h, p_w = (p_w, p_h) if "padding order" in wrong else (p_h, p_w)
    gradient = padded[..., p_h : p_h + height, p_w : p_w + width]
    return gradient[:1].expand_as(gradient) if "first image" in wrong else gradient


def _fold_loosely(columns, size, kernel_size, step, out_size) -> Tensor:
    """Fold with a step that does not belong to the number of patches; what sticks out is cut."""
    (k_h, k_w), (out_h, out_w) = kernel_size, out_size
    patches = columns.reshape(len(columns), -1, k_h, k_w, out_h, out_w)
    room = max(size[0], step[0] * out_h + k_h), max(size[1], step[1] * out_w + k_w)
    padded = columns.new_zeros(*patches.shape[:2], *room)
    for y in range(out_h):
        for x in range(out_w):
            top, left = step[0] * y, step[1] * x
            padded[..., top : top + k_h, left : left + k_w] += patches[..., y, x]
    return padded[..., : size[0], : size[1]]


INPUT_WORDS = {
    "permute": "the upstream gradient is reshaped to rows (NP, O) without a `permute`. Its channel "
    "is axis 1 and has to become the last one first.",
    "weight": "the weight is reshaped to (K, O) directly. It is stored as (O, K): "
    "`weight.reshape(O, -1)` is the matrix that is needed.",
    "ones": "that is the gradient for an upstream of ones.",
    "mean": "the sum is divided by the number of patches that cover a pixel. That undoes unfold; "
    "the gradient is the sum, which is fold alone.",
    "one channel": "only the first output channel counts. The gradient sums over all of them.",
    "turned": "the kernel is turned. Fold puts every weight back where it was; a convolution with "
    "the upstream gradient needs the turned kernel.",
    "stride": "the stride is ignored: output (y, x) belongs to the window at (s_h * y, s_w * x).",
    "stride order": "the strides of height and width are exchanged.",
    "padded": "the gradient of the padding is still there. Only that of the image is needed.",
    "corner": "the padding is cut off at the wrong side. The image begins at row p_h and column "
    "p_w of the padded one.",
    "padding order": "the paddings of height and width are exchanged.",
    "first image": "all images get the gradient of the first one.",
}


def check_input_gradient(function) -> None:
    """Exercise 3.3: ``input_gradient(grad_output, weight, size, stride, padding)``."""

    def reference(grad_output, weight, size, stride, padding):
        shape = (len(grad_output), weight.shape[1], *size)
        return torch.nn.grad.conv2d_input(shape, weight, grad_output, stride, padding)

    cases = [(UPSTREAM, KERNEL, (3, 3), ONE, NONE)]
    for shape in SHAPES:
        options = shape.size, shape.stride, shape.padding
        cases.append((_upstream(shape), tensors(shape)[1], *options))
    axes = ("image", "channel", "row", "column")
    mistakes = switches(input_gradient, INPUT_WORDS)
    judge(function, Task("input_gradient", reference, cases, mistakes, axes=axes))
