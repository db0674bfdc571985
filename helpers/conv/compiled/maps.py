"""The three maps on tensors, by the compiled loops: what is where in memory, and in which thread.

The input gradient is a convolution as well: of the gradient of the output, for each place of the
stride's pattern by the weights that meet it there.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from torch import Tensor

from helpers.conv.compiled import loops, target
from helpers.conv.compiled.threads import share
from helpers.conv.geometry import Geometry

BAND = 1 << 13  # numbers of a gradient's rows that the weight gradient takes at a time
FEW = 4  # input channels for which the input gradient is scattered


class Frame(NamedTuple):
    """Zeros around an image: its rows and columns, and how many are above and on the left."""

    rows: int
    columns: int
    top: int
    left: int


class _Part(NamedTuple):
    """Outputs at regular places, and the places of the kernel that they use."""

    base: int  # of the first output, in numbers
    size: tuple[int, int]
    start: int  # what the first output sees first, in numbers of the frame
    offsets: np.ndarray  # from there, of the places of the kernel
    taps: np.ndarray  # where the weight has these places


def _wide(columns: int, VL: int) -> int:
    return -(-columns // VL) * VL


def table(values) -> np.ndarray:
    """Return numbers that a compiled loop reads."""
    return np.array(values, dtype=np.int64)


def correlate(x, weight, channel_steps, bias, y, frame, part: _Part, s, steps, which=None) -> None:
    """Write one part of ``y``; ``s`` is the stride in the frame, ``steps`` those of the output.

    With ``which``: the maxima over 2x2 pixels, and which they are; ``steps`` are those before.
    """
    size, channels, outputs = x.element_size(), x.shape[1], y.shape[1]
    P, V, L = target.tile(part.size[1], outputs, size)
    kernel, places = loops.correlate(size, P, V, L, which is not None), len(part.offsets)
    wide = _wide(outputs, V * L)
    result = frame.rows * frame.columns * channels + wide * (places * channels + 1) + P * V * L
    scratch = result + (0 if which is None else outputs * part.size[0] * part.size[1])
    arguments = (
        *(x.data_ptr(), *x.stride(), *x.shape[1:], *frame, part.start, *s),
        *(weight.data_ptr(), *channel_steps, 0 if bias is None else bias.data_ptr()),
        *(part.taps.ctypes.data, part.offsets.ctypes.data, places),
        *(y.data_ptr() + part.base * size, y.stride(0), y.stride(1), *steps, outputs, *part.size),
        *(0 if which is None else which.data_ptr(), result),
    )
    share(kernel, arguments, scratch * size, len(x))


def _places(g: Geometry, row: int, column: int) -> list[int]:
    """Return where the places of the kernel are, for these steps between rows and columns."""
    k_h, k_w = g.kernel_size
    return [u * row + v * column for u in range(k_h) for v in range(k_w)]


def _seen(g: Geometry, frame: Frame, channels: int) -> list[int]:
    """Return where the frame has what each place of the kernel sees, relative to the first."""
    row, column = g.dilation[0] * frame.columns, g.dilation[1]
    return _places(g, row * channels, column * channels)


def around(g: Geometry) -> Frame:
    """Return the frame of the input: its padding."""
    (height, width), (p_h, p_w) = g.size, g.padding
    return Frame(height + 2 * p_h, width + 2 * p_w, p_h, p_w)


@lru_cache(maxsize=256)
def forward_plan(g: Geometry, channels: int, w_h: int, w_w: int):
    """Return the frame of the input, and the outputs as one part."""
    frame = around(g)
    taps = table(_places(g, w_h, w_w))
    return frame, _Part(0, g.output_size, 0, table(_seen(g, frame, channels)), taps)


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, g: Geometry, y: Tensor) -> None:
    """Write the convolution of ``x`` (N, C, height, width) to ``y`` (N, O, H_out, W_out)."""
    w_o, w_c, *w_steps = weight.stride()
    frame, part = forward_plan(g, x.shape[1], *w_steps)
    bias = None if bias is None else bias.contiguous()
    correlate(x, weight, (w_c, w_o), bias, y, frame, part, g.stride, y.stride()[2:])


@lru_cache(maxsize=256)
def _input_plan(g: Geometry, channels: int, x_h: int, x_w: int, w_h: int, w_w: int):
    """Return the frame of the output's gradient, and a part for each place of the pattern.

    The places of the pattern are those that a stride takes apart; ``channels`` is the number of
    those of the output.
    """
    sides = []  # for each axis: margin, length of the frame, parts
    for axis in (0, 1):
        n, s, p = g.size[axis], g.stride[axis], g.padding[axis]
        d, k, out = g.dilation[axis], g.kernel_size[axis], g.output_size[axis]
        margin = d * (k - 1) // s
        parts = []
        for phase in range(s):
            first = max(0, -(-(p - phase) // s))  # first row of the part that is in the image
            count = max(0, -(-(p + n - phase) // s) - first)
            taps = [(u, margin - u * d // s) for u in range(k) if u * d % s == phase]
            if count:
                parts.append((first, count, first * s + phase - p, taps))
        sides.append((margin, max(out, (p + n - 1) // s + 1) + margin, parts))
    (top, rows, row_parts), (left, columns, column_parts) = sides
    found = []
    for first_h, count_h, y, taps_h in row_parts:
        for first_w, count_w, x, taps_w in column_parts:
            offsets = [(e_h * columns + e_w) * channels for _, e_h in taps_h for _, e_w in taps_w]
            taps = [u * w_h + v * w_w for u, _ in taps_h for v, _ in taps_w]
            start = (first_h * columns + first_w) * channels
            base, size = y * x_h + x * x_w, (count_h, count_w)
            found.append(_Part(base, size, start, table(offsets), table(taps)))
    return Frame(rows, columns, top, left), found


def input_gradient(grad_output: Tensor, weight: Tensor, g: Geometry, grad: Tensor) -> None:
    """Write the gradient of the input to ``grad`` (N, C, height, width)."""
    w_o, w_c, *w_steps = weight.stride()
    if grad.shape[1] <= FEW:
        _scatter(grad_output, weight, g, grad)
        return
    x_h, x_w = grad.stride()[2:]
    frame, parts = _input_plan(g, len(weight), x_h, x_w, *w_steps)
    steps = g.stride[0] * x_h, g.stride[1] * x_w
    for part in parts:
        correlate(grad_output, weight, (w_o, w_c), None, grad, frame, part, (1, 1), steps)


@lru_cache(maxsize=256)
def _window_plan(g: Geometry, channels: int, w_c: int, w_h: int, w_w: int):
    """Return the frame, and for each number of a window its place there and in the weight."""
    frame = around(g)
    seen = [place + c for place in _seen(g, frame, channels) for c in range(channels)]
    taps = [place + c * w_c for place in _places(g, w_h, w_w) for c in range(channels)]
    return frame, table(seen + taps)


def _scatter(grad_output: Tensor, weight: Tensor, g: Geometry, grad: Tensor) -> None:
    w_o, *w_steps = weight.stride()
    channels, outputs, size = grad.shape[1], len(weight), grad.element_size()
    frame, places = _window_plan(g, channels, *w_steps)
    window, (out_h, out_w) = len(places) // 2, g.output_size
    P, V, L = target.tile(out_h * out_w, window, size)
    scratch = frame.rows * frame.columns * channels + out_h * out_w * outputs
    scratch += outputs * _wide(window, V * L) + (P + 1) * V * L
    kernel = loops.scatter(size, P, V, L)
    arguments = (
        *(grad_output.data_ptr(), *grad_output.stride(), outputs, out_h, out_w),
        *(weight.data_ptr(), w_o, window, *frame, *g.stride, channels, places.ctypes.data),
        *(grad.data_ptr(), *grad.stride(), *grad.shape[1:]),
    )
    share(kernel, arguments, scratch * size, len(grad))


@lru_cache(maxsize=256)
def _weight_plan(g: Geometry, channels: int, outputs: int, itemsize: int, w_c, w_h, w_w):
    """Return frame, tile, where each tile begins, and where its numbers belong in the weight."""
    frame = around(g)
    seen, run = _seen(g, frame, channels), channels
    targets = [place + c * w_c for place in _places(g, w_h, w_w) for c in range(channels)]
    if g.dilation[1] == 1:  # neighbouring places see neighbouring numbers
        seen, run = seen[:: g.kernel_size[1]], g.kernel_size[1] * channels
    P, V, L = target.tile(run, outputs, itemsize)
    firsts = [min(p, run - P) for p in range(0, run, P)]  # the last tile overlaps the one before
    starts = [place + first for place in seen for first in firsts]
    rows = [m * run + first + p for m in range(len(seen)) for first in firsts for p in range(P)]
    return frame, (P, V, L), table(starts), table([targets[row] for row in rows])


def weight_gradient(x: Tensor, grad_output: Tensor, g: Geometry, grad: Tensor) -> None:
    """Write the gradient of the weight to ``grad`` (O, C, k_h, k_w)."""
    size, channels, outputs = x.element_size(), x.shape[1], grad_output.shape[1]
    w_o, *steps = grad.stride()
    frame, (P, V, L), starts, targets = _weight_plan(g, channels, outputs, size, *steps)
    kernel, wide = loops.weight_gradient(size, P, V, L), _wide(outputs, V * L)
    out_h, out_w = g.output_size
    scratch = frame.rows * frame.columns * channels
    if grad_output.stride()[1:] != (1, out_w * wide, wide):  # then an image of it is copied
        scratch += out_h * out_w * wide
    arguments = (
        *(x.data_ptr(), *x.stride(), *x.shape[1:], *frame, *g.stride),
        *(grad_output.data_ptr(), *grad_output.stride(), outputs, out_h, out_w),
        *(max(1, BAND // (out_w * wide)), starts.ctypes.data, targets.ctypes.data),
        *(grad.data_ptr(), w_o, len(x)),
    )
    share(kernel, arguments, scratch * size, len(starts), wide * P * size)
