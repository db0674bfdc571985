"""How far compiled loops come: the forward pass of one layer, in GFLOP/s.

The same sum three times. ``seven`` is the program of lesson 01; ``inner`` has the output channels
as its innermost loop, so that the compiler can take several at once; the tiles are those of
``helpers.conv.compiled``. Beside them torch's convolution and a plain matrix product.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit

from commands.bench.timing import arguments, flops, time_interleaved
from helpers import conv
from helpers.checks import BENCHMARK_SHAPES

SHAPE = BENCHMARK_SHAPES[3]
SIZE = 1024  # of the two matrices


@njit(fastmath={"contract"}, error_model="numpy")
def seven(x, w, y):
    """Add the products as in lesson 01: padded (N, C, H, W), (O, C, k_h, k_w), (N, O, H', W')."""
    n_, o_, height, width = y.shape
    _, c_, k_h, k_w = w.shape
    for n in range(n_):
        for o in range(o_):
            for i in range(height):
                for j in range(width):
                    total = np.float32(0)
                    for c in range(c_):
                        for u in range(k_h):
                            for v in range(k_w):
                                total += x[n, c, i + u, j + v] * w[o, c, u, v]
                    y[n, o, i, j] = total


@njit(fastmath={"contract"}, error_model="numpy")
def inner(x, w, y):
    """Add the same, output channels last and innermost: (N, H, W, C), (k_h, k_w, C, O), ..."""
    n_, height, width, o_ = y.shape
    k_h, k_w, c_, _ = w.shape
    y[:] = 0
    for n in range(n_):
        for i in range(height):
            for j in range(width):
                for u in range(k_h):
                    for v in range(k_w):
                        for c in range(c_):
                            value = x[n, i + u, j + v, c]
                            for o in range(o_):
                                y[n, i, j, o] += value * w[u, v, c, o]


def rates(seconds: float, shape=SHAPE) -> dict[str, float]:
    """Return the GFLOP/s of each way, from medians of runs that take turns, stride 1."""
    (x, w, bias), stride, padding = arguments(shape)
    x, w, bias = x.detach(), w.detach(), torch.zeros_like(bias)
    padded = F.pad(x, (padding,) * 4)
    y = F.conv2d(x, w, None, stride, padding)
    last = padded.permute(0, 2, 3, 1).contiguous().numpy()
    weight, out = w.permute(2, 3, 1, 0).contiguous().numpy(), np.empty_like(y)
    wide = np.empty(y.permute(0, 2, 3, 1).shape, np.float32)
    cl = x.contiguous(memory_format=torch.channels_last)
    a, b = (torch.rand(SIZE, SIZE) for _ in range(2))
    ways = {
        "the seven loops": lambda: seven(padded.numpy(), w.numpy(), out),
        "output channels innermost": lambda: inner(last, weight, wide),
        "tiles": lambda: conv.conv2d(cl, w, None, stride, padding),
        "torch": lambda: F.conv2d(cl, w, None, stride, padding),
        "matrix product": lambda: a @ b,
    }
    timed = time_interleaved(ways, seconds)
    torch.testing.assert_close(torch.from_numpy(out), y, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(torch.from_numpy(wide).permute(0, 3, 1, 2), y, rtol=1e-3, atol=1e-3)
    work = dict.fromkeys(ways, flops(shape, False)) | {"matrix product": 2 * SIZE**3}
    return {name: round(work[name] / timing.median / 1e9, 2) for name, timing in timed.items()}
