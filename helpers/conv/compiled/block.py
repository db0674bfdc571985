"""A block of a network on tensors, by the compiled loops of ``pooled``."""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from helpers.conv.compiled import pooled, target
from helpers.conv.compiled.maps import Frame, around, correlate, forward_plan, table
from helpers.conv.compiled.threads import share
from helpers.conv.geometry import Geometry, empty


class Block(NamedTuple):
    """What the three functions of a block share."""

    frame: Frame
    row: int  # between two rows of a window, in numbers of the frame
    tile: tuple[int, int, int]  # R, V, L
    wide: int  # numbers that hold a row of a window
    places: object  # of the four pixels of each maximum in the frame
    size: tuple[int, int]  # of the output


@lru_cache(maxsize=256)
def plan(g: Geometry, channels: int, itemsize: int) -> Block:
    """Return the plan of a block for images of one size."""
    frame, (s_h, s_w), (k_h, k_w) = around(g), g.stride, g.kernel_size
    height, width = (side // 2 for side in g.output_size)
    V, L, wide = target.window(k_h, k_w * channels, itemsize)
    found = [
        (y * s_h * frame.columns + x * s_w) * channels
        for i in range(height)
        for j in range(width)
        for y in (2 * i, 2 * i + 1)
        for x in (2 * j, 2 * j + 1)
    ]
    row = g.dilation[0] * frame.columns * channels
    return Block(frame, row, (k_h, V, L), wide, table(found), (height, width))


def forward(x: Tensor, weight: Tensor, bias: Tensor | None, g: Geometry) -> tuple[Tensor, Tensor]:
    """Return the output (N, O, H_out // 2, W_out // 2), and which pixel gave it, uint8.

    The pixels of two rows are 0 and 1 above 2 and 3; 4 where the output is zero by the ReLU.
    """
    (n, channels), outputs = x.shape[:2], len(weight)
    height, width = plan(g, channels, x.element_size()).size
    y = empty(x, (n, outputs, height, width), channels_last=True)
    which = x.new_empty((n, height, width, outputs), dtype=torch.uint8)
    w_o, w_c, *w_steps = weight.stride()
    frame, part = forward_plan(g, channels, *w_steps)
    part = part._replace(size=(2 * height, 2 * width))
    steps = 2 * width * outputs, outputs
    bias = None if bias is None else bias.contiguous()
    correlate(x, weight, (w_c, w_o), bias, y, frame, part, g.stride, steps, which)
    return y if g.channels_last else y.contiguous(), which


def weight_gradient(grad_output, x, weight, which, g: Geometry) -> tuple[Tensor, Tensor]:
    """Return the gradients of weight and bias."""
    (n, channels), outputs, size = x.shape[:2], len(weight), x.element_size()
    block, (k_h, k_w) = plan(g, channels, size), g.kernel_size
    R, _, _ = block.tile
    grad, bias = x.new_empty((outputs, R, block.wide)), x.new_empty(outputs)
    pixels = block.size[0] * block.size[1]
    kernel = pooled.weights(size, *block.tile)
    memory = (block.frame.rows * block.row + block.wide + outputs * pixels) * size
    arguments = (
        *(x.data_ptr(), *x.stride(), *x.shape[1:], *block.frame, block.row),
        *(grad_output.data_ptr(), *grad_output.stride(), which.data_ptr()),
        *(block.places.ctypes.data, outputs, *block.size, grad.data_ptr(), block.wide),
        *(bias.data_ptr(), n, numbers := 8 * (memory // 8 + 1)),
    )
    share(kernel, arguments, numbers + 8 * outputs * (pixels + 1), outputs)
    row = block.wide
    grad = grad.as_strided((outputs, channels, k_h, k_w), (R * row, 1, row, channels))
    return grad.contiguous() if weight.is_contiguous() else grad, bias


def input_gradient(grad_output, x, weight, which, g: Geometry) -> Tensor:
    """Return the gradient of the input."""
    (n, channels), outputs, size = x.shape[:2], len(weight), x.element_size()
    block = plan(g, channels, size)
    R, _, _ = block.tile
    packed = weight.permute(0, 2, 3, 1).flatten(2)
    packed = torch.nn.functional.pad(packed, (0, block.wide - packed.shape[2])).contiguous()
    grad = empty(x, x.shape, g.channels_last)
    kernel = pooled.inputs(size, *block.tile)
    memory = (block.frame.rows * block.row + block.wide + 5 * outputs) * size
    arguments = (
        *(grad_output.data_ptr(), *grad_output.stride(), which.data_ptr()),
        *(block.places.ctypes.data, outputs, *block.size, packed.data_ptr(), block.wide),
        *(*block.frame, block.row, grad.data_ptr(), *grad.stride(), *grad.shape[1:]),
        numbers := 8 * (memory // 8 + 1),
    )
    share(kernel, arguments, numbers + 8 * 5 * (outputs + 1), n)
    return grad
