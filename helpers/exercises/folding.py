"""Checks of the exercises of lesson 02 about the way back: to images, and fold."""

import torch
from torch.nn import functional as F

from helpers.conv import output_size
from helpers.exercises.cases import NONE, ONE, SHAPES, random
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches


def to_images(flat, batch_size, out_h, out_w, wrong=frozenset()):
    """Put the rows of the product (NP, O) into images (N, O, H_out, W_out), with a mistake."""
    channels = flat.shape[1]
    if "reshape" in wrong:
        return flat.reshape(batch_size, channels, out_h, out_w)
    if "columns" in wrong:
        return flat.reshape(batch_size, out_w, out_h, channels).permute(0, 3, 2, 1)
    if "batch last" in wrong:
        return flat.reshape(out_h, out_w, batch_size, channels).permute(2, 3, 0, 1)
    if "transposed" in wrong:
        return flat.T.reshape(batch_size, channels, out_h, out_w)
    images = flat.reshape(batch_size, out_h, out_w, channels)
    return images if "channels last" in wrong else images.permute(0, 3, 1, 2)


def check_to_images(function) -> None:
    """Exercise 2.4: ``to_images(flat, batch_size, out_h, out_w)``."""

    def reference(flat, batch_size, out_h, out_w):
        return to_images(flat, batch_size, out_h, out_w)

    words = {
        "reshape": "a reshape alone. In the rows of `flat` the channel is the last axis: reshape "
        "to (N, H_out, W_out, O), then `permute` the channel to its place.",
        "transposed": "a transpose of the whole matrix mixes the images of the batch. Split the "
        "rows into (N, H_out, W_out) first.",
        "channels last": "the channel is still the last axis. `permute` it to axis 1.",
        "columns": "the rows of `flat` are taken as running down the columns of the image. Row "
        "number i = n P + y W_out + x.",
        "batch last": "the image n does not run fastest but slowest: i = n P + y W_out + x.",
    }
    mistakes = switches(to_images, words, pairs=False)
    sizes = [(1, 1, 2, 2), (1, 3, 2, 2), (2, 2, 2, 2), (2, 3, 4, 5), (3, 1, 2, 4), (2, 5, 1, 3)]
    cases = [(random(n * h * w, o), n, h, w) for n, o, h, w in sizes]
    axes = ("image", "channel", "row", "column")
    judge(function, Task("to_images", reference, cases, mistakes, axes=axes))


def fold(columns, size, kernel_size, stride, padding, wrong=frozenset()):
    """Add the columns (N, K, P) into images by loops, with the mistakes named in ``wrong``."""
    (k_h, k_w), (s_h, s_w), (p_h, p_w), (height, width) = kernel_size, stride, padding, size
    out_h, out_w = output_size(size, kernel_size, stride, padding)
    s_h, s_w = (1, 1) if "stride" in wrong else (s_h, s_w)
    s_h, s_w = (s_w, s_h) if "stride order" in wrong else (s_h, s_w)
    patches = columns.reshape(len(columns), -1, k_h, k_w, out_h, out_w)
    if "patch order" in wrong:
        patches = columns.reshape(len(columns), -1, k_h, k_w, out_w, out_h).transpose(4, 5)
    if "places" in wrong:
        patches = columns.reshape(len(columns), -1, k_w, k_h, out_h, out_w).transpose(2, 3)
    if "turned" in wrong:
        patches = patches.flip(2, 3)
    if "channels last" in wrong:
        patches = columns.reshape(len(columns), k_h, k_w, -1, out_h, out_w).permute(
            0, 3, 1, 2, 4, 5
        )
    padded = columns.new_zeros(*patches.shape[:2], height + 2 * p_h, width + 2 * p_w)
    counts = torch.zeros_like(padded)
    for y in range(out_h):
        for x in range(out_w):
            window = (..., slice(s_h * y, s_h * y + k_h), slice(s_w * x, s_w * x + k_w))
            counts[window] += 1
            old = 0 if "overwrites" in wrong else padded[window]
            padded[window] = old + patches[..., y, x]
    padded = padded / counts.clamp(min=1) if "mean" in wrong else padded
    if "padded" in wrong:
        return padded
    p_h, p_w = (0, 0) if "corner" in wrong else (p_h, p_w)
    p_h, p_w = (p_w, p_h) if "padding order" in wrong else (p_h, p_w)
    return padded[..., p_h : p_h + height, p_w : p_w + width]


def check_fold(function) -> None:
    """Exercise 2.5: ``fold(columns, size, kernel_size, stride, padding)``, pairs."""

    def reference(columns, size, kernel_size, stride, padding):
        return F.fold(columns, size, kernel_size, 1, padding, stride)

    words = {
        "overwrites": "where patches overlap, the last one is kept. `=` overwrites; fold adds, "
        "with `+=`.",
        "mean": "the sum is divided by the number of patches that cover a pixel. That undoes "
        "unfold; fold is the sum alone.",
        "stride": "the stride is ignored: the patch (y, x) goes to row s_h * y and column s_w * x.",
        "stride order": "the strides of height and width are exchanged.",
        "padded": "the padding is still there. Return the image without it.",
        "corner": "the upper left part of the padded image is returned. The image begins at "
        "row p_h and column p_w of it.",
        "padding order": "the paddings of height and width are exchanged.",
        "patch order": "the patches are taken down the columns. Patch number p = y * W_out + x.",
        "places": "the values of a patch are written down its columns. They stand row by row.",
        "turned": "each patch is written upside down.",
        "channels last": "the values of a patch are taken in the order (u, v, c). The channel "
        "comes first.",
    }
    patches = torch.arange(1.0, 17, dtype=torch.float64).reshape(1, 4, 4)
    cases = [(patches, (3, 3), (2, 2), ONE, NONE)]
    for shape in SHAPES:
        out_h, out_w = output_size(shape.size, shape.kernel_size, shape.stride, shape.padding)
        k = shape.in_channels * shape.kernel_size[0] * shape.kernel_size[1]
        columns = random(shape.batch, k, out_h * out_w, seed=4)
        cases.append((columns, shape.size, shape.kernel_size, shape.stride, shape.padding))
    axes = ("image", "channel", "row", "column")
    judge(function, Task("fold", reference, cases, switches(fold, words), axes=axes))


def covering(pixel, size, kernel_size, stride, padding, wrong=frozenset()):
    """Return how many windows along an axis read a pixel of the image, with mistakes."""
    padding = 0 if "padding" in wrong else padding
    stride = 1 if "stride" in wrong else stride
    place = pixel if "place" in wrong else pixel + padding
    windows = (size + 2 * padding - kernel_size) // stride + 1
    last = place // stride
    last = last if "end" in wrong else min(last, windows - 1)
    first = -((kernel_size - 1 - place) // stride)  # ceil((place - kernel_size + 1) / stride)
    first = first if "begin" in wrong else max(first, 0)
    if "inner" in wrong:
        return kernel_size // stride
    return max(last - first + (0 if "one" in wrong else 1), 0)


def check_covering(function) -> None:
    """Exercise 2.6: ``covering(pixel, size, kernel_size, stride, padding)``, along one axis."""

    def reference(pixel, size, kernel_size, stride, padding):
        return covering(pixel, size, kernel_size, stride, padding)

    words = {
        "inner": "that holds for pixels far from the ends, where the stride divides the kernel.",
        "padding": "the padding is ignored.",
        "place": "the pixel is number pixel + padding of the padded image.",
        "stride": "the stride is ignored.",
        "begin": "there are no windows with negative numbers: the first is at least window 0.",
        "end": "there are no windows after the last one: it is window H_out - 1.",
        "one": "from window a to window b there are b - a + 1 windows.",
    }
    sizes = [(5, 3, 1, 0), (5, 3, 1, 1), (7, 2, 2, 0), (8, 3, 2, 0), (7, 3, 3, 1), (6, 2, 3, 0)]
    cases = [(pixel, *size) for size in sizes for pixel in range(size[0])]
    mistakes = switches(covering, words)
    judge(function, Task("covering", reference, cases, mistakes))
