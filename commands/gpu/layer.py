"""The hand-written layer on a device: does it agree with torch, and how fast is it beside it?"""

import statistics
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

from commands.bench.convolution import FORMATS, both
from commands.bench.timing import time_interleaved
from commands.gpu import clock
from helpers import conv
from helpers.checks import BENCHMARK_SHAPES

# (batch, in, out, height, width, kernel, groups); then stride, padding, dilation
SHAPES = [(2, 3, 5, 11, 9, (3, 3), 1), (3, 4, 6, 8, 13, (1, 3), 2), (1, 8, 8, 7, 7, (1, 1), 8)]
OPTIONS = [(1, 0, 1), (1, 1, 1), ((2, 1), (1, 2), 1), (2, 0, 2), (1, "same", 1)]
TOLERANCES = {torch.float64: 1e-11, torch.float32: 2e-5}


def cases():
    """Return every combination of shape, options, dtype and memory format that has an output."""
    for shape, (stride, padding, dilation), dtype, order in product(
        SHAPES, OPTIONS, TOLERANCES, FORMATS.values()
    ):
        yield shape, {"stride": stride, "padding": padding, "dilation": dilation}, dtype, order


def _tensors(shape, dtype, order, device: str) -> list[Tensor]:
    n, c, o, height, width, kernel, groups = shape
    generator = torch.Generator().manual_seed(0)
    sizes = ((n, c, height, width), (o, c // groups, *kernel), (o,))
    made = [torch.randn(size, generator=generator, dtype=dtype) for size in sizes]
    made[0] = made[0].contiguous(memory_format=order)
    return [t.to(device).requires_grad_() for t in made]


def _results(function, tensors, options, groups) -> list[Tensor]:
    output = function(*tensors, **options, groups=groups)
    upstream = torch.linspace(-1, 1, output.numel(), dtype=output.dtype, device=output.device)
    return [output, *torch.autograd.grad(output, tensors, upstream.view_as(output))]


def conformance(device: str) -> dict:
    """Compare output and gradients with torch's on the device, and its higher derivatives.

    Returns how many cases there were and the largest error of each dtype, relative to the largest
    value. Raises AssertionError for a case that differs, with the case.
    """
    largest = {str(dtype).removeprefix("torch."): 0.0 for dtype in TOLERANCES}
    count = 0
    for shape, options, dtype, order in cases():
        tensors = _tensors(shape, dtype, order, device)
        ours = _results(conv.conv2d, tensors, options, shape[-1])
        theirs = _results(F.conv2d, tensors, options, shape[-1])
        error = max(
            ((a - b).abs().max() / b.abs().max()).item() for a, b in zip(ours, theirs, strict=True)
        )
        assert error <= TOLERANCES[dtype], (shape, options, dtype, error)
        name = str(dtype).removeprefix("torch.")
        largest[name], count = max(largest[name], error), count + 1
    tensors = _tensors((2, 2, 3, 5, 4, (3, 2), 1), torch.float64, torch.contiguous_format, device)
    assert torch.autograd.gradcheck(conv.conv2d, tensors, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(conv.conv2d, tensors)
    x, weight, bias = (t.detach() for t in tensors)
    one_by_one = torch.stack([conv.conv2d(image[None], weight, bias) for image in x])
    mapped = torch.vmap(lambda image: conv.conv2d(image[None], weight, bias))(x)
    assert torch.allclose(mapped, one_by_one, atol=1e-12)
    return {"cases": count, "largest_error": largest}


def ratios(device: str, rounds: int, shapes=BENCHMARK_SHAPES) -> dict:
    """Return the time of ``conv2d`` over torch's, forward and backward, for each shape.

    Both in their better memory format, channels first or last; also the geometric mean.
    """
    rows = []
    for shape in shapes:
        functions = {
            (name, order): both(function, shape, FORMATS[order], device)
            for name, function in (("conv2d", conv.conv2d), ("torch", F.conv2d))
            for order in FORMATS
        }
        times = time_interleaved(functions, 0, least=rounds, measure=clock.of(device))
        best = {
            name: 1000 * min(times[name, order].median for order in FORMATS)
            for name in ("conv2d", "torch")
        }
        rows.append(
            {"shape": shape, "ratio": round(best["conv2d"] / best["torch"], 3)}
            | {f"{name}_ms": round(value, 4) for name, value in best.items()}
        )
    return {
        "shapes": rows,
        "geometric_mean": round(statistics.geometric_mean(row["ratio"] for row in rows), 3),
    }
