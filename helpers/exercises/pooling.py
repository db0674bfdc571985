"""Checks of the exercises of lesson 10: global poolings and what a position sees."""

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.exercises.cases import random
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_values

_AXES = ("image", "channel", "row", "column")


# ------------------------------------------------------------------- 10.1: the gradient of the mean
def _mean_backward(upstream: Tensor, size: tuple[int, int], wrong=frozenset()) -> Tensor:
    height, width = size
    positions = height * width
    if "undivided" in wrong:
        positions = 1
    if "square" in wrong:
        positions = height * height
    if "sides" in wrong:
        positions = height + width
    if "channels" in wrong:
        positions *= upstream.shape[1]
    if "batch" in wrong:
        positions *= upstream.shape[0]
    if "ones" in wrong:
        upstream = torch.ones_like(upstream)
    height, width = (width, height) if "order" in wrong else (height, width)
    return (upstream / positions)[:, :, None, None].expand(-1, -1, height, width)


_MEAN_WORDS = {
    "undivided": "the division by the number of positions is missing. A mean weighs each position "
    "with one over their number.",
    "square": "the number of positions is taken to be height * height. It is height * width.",
    "sides": "the number of positions is height * width, not height + width.",
    "channels": "it is divided by the number of channels as well. Each channel is pooled alone.",
    "batch": "it is divided by the number of images as well. The mean is over positions only.",
    "ones": "the upstream gradient is not used: the result is right where it is 1 everywhere.",
    "order": "height and width of the result are exchanged.",
}


def check_mean_backward(function) -> None:
    """Exercise 10.1: ``mean_backward(upstream, size)``, upstream (n, c) to (n, c, *size)."""

    def mean_backward(upstream, size):
        return _mean_backward(upstream, size)

    cases = [(torch.ones(1, 1).double(), (2, 2)), (random(2, 3), (3, 3)), (random(3, 2), (2, 5))]
    cases.append((random(1, 4), (7, 3)))
    mistakes = switches(_mean_backward, _MEAN_WORDS)
    judge(function, Task("mean_backward", mean_backward, cases, mistakes, axes=_AXES))


# ---------------------------------------------------------------- 10.2: the gradient of the maximum
def _max_backward(input: Tensor, upstream: Tensor, wrong=frozenset()) -> Tensor:
    axes = (2, 3)
    if "channels" in wrong or "no channel" in wrong:
        axes = (1, 2, 3)
    if "batch" in wrong or "no image" in wrong:
        axes = (0, 2, 3)
    if "rows" in wrong:
        axes = (3,)
    chosen = (input == input.amax(axes, keepdim=True)).to(input.dtype)
    if "smallest" in wrong:
        chosen = (input == input.amin(axes, keepdim=True)).to(input.dtype)
    if "first" in wrong:
        chosen = F.one_hot(input.flatten(2).argmax(2), input[0, 0].numel()).view_as(input)
    elif "whole" not in wrong:
        sharing = (2, 3) if wrong & {"no channel", "no image"} else axes
        chosen = chosen / chosen.sum(sharing, keepdim=True)
    if "ones" in wrong:
        upstream = torch.ones_like(upstream)
    if "value" in wrong:
        chosen = chosen * input
    return chosen * upstream[:, :, None, None]


_MAX_WORDS = {
    "whole": "where several positions hold the maximum, each gets the whole gradient. "
    "They have to share it: divide by their number.",
    "first": "where several positions hold the maximum, the first one gets all of it. "
    "Here they have to share it equally.",
    "ones": "the upstream gradient is not used: the result is right where it is 1 everywhere.",
    "channels": "the maximum is taken over the channels as well. Each channel has its own.",
    "batch": "the maximum is taken over the images as well. Each image has its own.",
    "no channel": "the maximum is taken over the channels as well. A channel without it has "
    "nothing to share, and 0 / 0 is nan.",
    "no image": "the maximum is taken over the images as well. An image without it has nothing to "
    "share, and 0 / 0 is nan.",
    "rows": "the maximum is taken in each row by itself. There is one for each channel.",
    "smallest": "the gradient goes to the smallest value. It belongs to the largest.",
    "value": "the gradient is multiplied by the value of the maximum. A copy has derivative 1.",
}


def check_max_backward(function) -> None:
    """Exercise 10.2: ``max_backward(input, upstream)``, equal shares for equal values."""

    def max_backward(input, upstream):
        return _max_backward(input, upstream)

    plain = torch.tensor([[[[1.0, 5.0], [2.0, 3.0]]]]).double()
    cases = [(plain, torch.ones(1, 1).double()), (random(1, 2, 3, 3), random(1, 2, seed=1))]
    ties = [random(2, 3, 4, 6).clamp(max=0), random(3, 2, 5, 2).clamp(min=3)]
    cases += [(input, random(*input.shape[:2], seed=2)) for input in ties]
    mistakes = switches(_max_backward, _MAX_WORDS)
    judge(function, Task("max_backward", max_backward, cases, mistakes, axes=_AXES))


# --------------------------------------------------------------------- 10.3: the dilution of a mean
CANVASES = {32: 4, 48: 6, 64: 8}  # side in pixels: side of the last feature map
FEATURES = (5.0, 4.0, 2.0, 1.0)  # the values of a digit's four positions; the others are 0


def check_dilution(answers) -> int:
    """Exercise 10.3: mean and maximum of the same features on three canvases; 4 points."""
    total, largest = sum(FEATURES), max(FEATURES)
    expected = {f"mean on {side}": total / n**2 for side, n in CANVASES.items()}
    expected["maximum on 64"] = largest
    mistakes = {
        f"mean on {side}": {
            "that is the mean of the four values alone. The zeros count as well.": total / 4,
            "that is the sum divided by the side of the map. Divide by all positions.": total / n,
            "that is divided by the pixels of the canvas. The map has fewer positions.": total
            / side**2,
            "that is the sum.": total,
        }
        for side, n in CANVASES.items()
    }
    for side in (48, 64):
        mistakes[f"mean on {side}"]["that is the mean on the canvas of 32."] = total / 16
    shrunk = "the maximum is not divided by anything: zeros do not change it."
    mistakes["maximum on 64"] = {shrunk: largest / 4, f"{shrunk} ": largest / 64}
    return judge_values(answers, expected, mistakes)


# --------------------------------------------------------------------- 10.4: a pooling for any size
def _global_max(input: Tensor, wrong=frozenset()) -> Tensor:
    if "fixed" in wrong:
        input = input[:, :, :8, :8]
    if "square" in wrong:
        input = input[:, :, : input.shape[3], : input.shape[2]]
    axes = (1, 2, 3) if "channels" in wrong else (2, 3)
    if "mean" in wrong:
        return input.mean(axes, keepdim="kept" in wrong)
    return input.amax(axes, keepdim="kept" in wrong)


_GLOBAL_WORDS = {
    "kept": "the result has the shape (n, c, 1, 1). The linear layer wants (n, c): remove the axes "
    "of length 1.",
    "fixed": "only the upper left 8x8 positions are pooled. The window has to be the whole map.",
    "square": "only a square is pooled. The window has to be (height, width).",
    "channels": "the channels are pooled as well. One value for each channel remains.",
    "mean": "that is the mean, and the maximum is asked for.",
}


def check_global_max(function) -> None:
    """Exercise 10.4: ``global_max(input)``, (n, c, height, width) to (n, c), any size."""

    def global_max(input):
        return _global_max(input)

    shapes = [(1, 2, 8, 8), (2, 3, 4, 4), (2, 2, 12, 12), (3, 2, 5, 9), (1, 3, 10, 2)]
    cases = [(random(*shape, seed=3) + torch.arange(shape[3]),) for shape in shapes]
    mistakes = switches(_global_max, _GLOBAL_WORDS)
    judge(function, Task("global_max", global_max, cases, mistakes, axes=("image", "channel")))


# ------------------------------------------------------------------------ 10.5: the receptive field
def _receptive_field(layers, wrong=frozenset()) -> tuple[int, int, int]:
    size, step, start = 1, 1, 0
    for kernel_size, stride, padding in reversed(layers) if "reversed" in wrong else layers:
        grows = step if "step first" not in wrong else step * stride
        grows = 1 if "pixels" in wrong else grows
        size += (kernel_size if "whole" in wrong else kernel_size - 1) * grows
        start -= padding if "padding" in wrong else padding * step
        if "stride added" in wrong:
            step += stride - 1
        elif "stride" not in wrong:
            step *= stride
    return size, step, -start if "sign" in wrong else start


_FIELD_WORDS = {
    "whole": "a kernel of k values adds k - 1 steps to the field, not k.",
    "pixels": "a kernel adds k - 1 pixels here. After a stride its values lie further apart: "
    "k - 1 steps.",
    "step first": "the step is multiplied by the stride too early: within a layer the kernel's "
    "values are one old step apart.",
    "stride added": "the strides are added up. A step of 2 and a stride of 2 make a step of 4.",
    "reversed": "the layers are gone through from the last to the first.",
    "padding": "padding is counted in pixels of the image. It is counted in steps: padding * step.",
    "stride": "the strides are ignored.",
    "sign": "padding moves the start to the left: it is negative.",
}


def check_receptive_field(function) -> int:
    """Exercise 10.5: ``receptive_field(layers)`` as (size, step, start); 3 points."""

    def receptive_field(layers):
        return _receptive_field(layers)

    block = [(3, 1, 1), (2, 2, 0)]
    cases = [([(3, 1, 0)],), ([(3, 1, 1)],), (block,), (2 * block,), (3 * block,)]
    cases += [([(5, 2, 1), (3, 3, 2), (1, 1, 0)],), ([(2, 2, 0), (3, 1, 1), (4, 3, 1)],)]
    parts = ("the size", "the step", "the start")
    mistakes = switches(_receptive_field, _FIELD_WORDS)
    return judge(function, Task("receptive_field", receptive_field, cases, mistakes, parts))
