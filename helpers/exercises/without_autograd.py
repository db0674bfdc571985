"""Checks of the exercises of lesson 07: gradients of loss and max pooling, a step of Adam."""

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.exercises.cases import random
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches

_AXES = ("image", "channel", "row", "column")


# --------------------------------------------------------------------------- 7.1: the cross-entropy
def _cross_entropy_backward(scores: Tensor, labels: Tensor, wrong=frozenset()) -> Tensor:
    probability = scores.softmax(0 if "axis" in wrong else 1)
    if "overflow" in wrong:
        probability = scores.exp() / scores.exp().sum(1, keepdim=True)
    if "sum axis" in wrong:
        shifted = scores - scores.amax(1, keepdim=True)
        probability = shifted.exp() / shifted.exp().sum(0, keepdim=True)
    wanted = F.one_hot(labels, scores.shape[1]).to(scores.dtype)
    gradient = probability - wanted
    if "wanted" in wrong:
        gradient = probability
    if "label only" in wrong:
        gradient = gradient * wanted
    if "sign" in wrong:
        gradient = -gradient
    if "classes" in wrong:
        return gradient / scores.shape[1]
    return gradient if "sum" in wrong else gradient / len(labels)


_GRADIENT_WORDS = {
    "sum": "the loss is the mean over the images, so each gradient is divided by their number.",
    "classes": "it is divided by the number of classes; the mean is over the images.",
    "wanted": "the probability that is wanted, 1 at the label, is not subtracted.",
    "label only": "only the score of the label gets a gradient. All scores stand in the "
    "logarithm of the sum.",
    "sign": "the sign is wrong: raising the score of the label lowers the loss.",
    "axis": "the softmax runs over the images. It runs over the classes of each image.",
    "sum axis": "the exponentials are added up over the images. Add up those of the classes.",
    "overflow": "large scores overflow: their exponential is infinite. Lower all scores of an "
    "image by its largest one first.",
}


def check_cross_entropy_backward(function) -> None:
    """Exercise 7.1: ``cross_entropy_backward(scores, labels)``, of the mean over the images."""

    def cross_entropy_backward(scores, labels):
        return _cross_entropy_backward(scores, labels)

    cases = [
        (torch.zeros(1, 2).double(), torch.tensor([0])),
        (random(3, 4), torch.tensor([3, 0, 1])),
    ]
    cases += [(random(5, 3, seed=1), torch.tensor([2, 1, 0, 2, 2]))]
    cases += [(random(2, 5, seed=2) + 2000, torch.tensor([4, 0]))]
    mistakes = switches(_cross_entropy_backward, _GRADIENT_WORDS)
    task = Task(
        "cross_entropy_backward", cross_entropy_backward, cases, mistakes, axes=("image", "class")
    )
    judge(function, task)


# --------------------------------------------------------------------------------- 7.2: max pooling
def _max_pool_backward(input: Tensor, upstream: Tensor, wrong=frozenset()) -> Tensor:
    n, c, height, width = input.shape
    rows, columns = height // 2, width // 2
    windows = input[:, :, : 2 * rows, : 2 * columns].unflatten(2, (rows, 2))
    windows = windows.unflatten(4, (columns, 2)).transpose(3, 4).flatten(4)  # n, c, y, x, 4
    largest = windows == windows.amax(-1, keepdim=True)
    if "ties" in wrong:
        chosen = largest.to(input.dtype)
    elif "shared" in wrong:
        chosen = largest.to(input.dtype) / largest.sum(-1, keepdim=True)
    elif "last" in wrong:
        chosen = F.one_hot(3 - windows.flip(-1).argmax(-1), 4)
    elif "smallest" in wrong:
        chosen = F.one_hot(windows.argmin(-1), 4)
    else:
        chosen = F.one_hot(windows.argmax(-1), 4)
    if "ones" in wrong:
        upstream = torch.ones_like(upstream)
    if "all four" in wrong:
        chosen = torch.ones_like(windows)
    spread = (chosen * upstream[..., None]).unflatten(-1, (2, 2)).transpose(3, 4)
    if "value" in wrong:
        spread = spread * windows.unflatten(-1, (2, 2)).transpose(3, 4)
    gradient = spread.reshape(n, c, 2 * rows, 2 * columns).to(input.dtype)
    if "cut" in wrong:
        return gradient
    return F.pad(gradient, (0, width - 2 * columns, 0, height - 2 * rows))


_POOL_WORDS = {
    "ties": "where two values of a window are equal and largest, both get the gradient. "
    "Here the first one gets it, as in `max_pool2d`.",
    "shared": "where two values of a window are equal and largest, they share the gradient. "
    "Here the first one gets all of it, as in `max_pool2d`.",
    "last": "where two values of a window are equal and largest, the last one gets the gradient. "
    "Here the first one gets it, as in `max_pool2d`.",
    "ones": "the upstream gradient is not used: the result is right where it is 1 everywhere.",
    "all four": "all four values of a window get the gradient. Only the largest has an influence.",
    "smallest": "the gradient goes to the smallest value. It belongs to the largest.",
    "cut": "the gradient has to be as large as the input. A row or column that no window reads "
    "has the gradient 0.",
    "value": "the gradient is multiplied by the value of the maximum. A copy has derivative 1.",
}


def check_max_pool_backward(function) -> None:
    """Exercise 7.2: ``max_pool_backward(input, upstream)``, windows 2x2, ties to the first."""

    def max_pool_backward(input, upstream):
        return _max_pool_backward(input, upstream)

    plain = torch.tensor([[[[1.0, 5.0], [2.0, 3.0]]]]).double()
    cases = [(plain, torch.ones(1, 1, 1, 1).double())]
    for number, shape in enumerate([(1, 2, 4, 4), (2, 3, 6, 4), (2, 1, 5, 7), (3, 2, 2, 9)]):
        input = random(*shape, seed=number)
        input = input.clamp(max=0) if number % 2 else input  # with more ties
        cases.append((input, random(*shape[:2], shape[2] // 2, shape[3] // 2, seed=9)))
    mistakes = switches(_max_pool_backward, _POOL_WORDS)
    judge(function, Task("max_pool_backward", max_pool_backward, cases, mistakes, axes=_AXES))


# ---------------------------------------------------------------------------------------- 7.3: Adam
_BETAS, _EPSILON = (0.9, 0.999), 1e-8


def _adam_step(theta, gradient, m, v, step, learning_rate, wrong=frozenset()):
    beta1, beta2 = _BETAS[::-1] if "betas" in wrong else _BETAS
    m = beta1 * m + (1 - beta1) * gradient
    v = beta2 * v + (1 - beta2) * (gradient.abs() if "square" in wrong else gradient**2)
    power = step - 1 if "from 0" in wrong else step
    m_hat = m if "m bias" in wrong else m / (1 - beta1**power)
    v_hat = v if "v bias" in wrong else v / (1 - beta2**power)
    if "root" in wrong:
        scale = v_hat + _EPSILON
    elif "epsilon" in wrong:
        scale = (v_hat + _EPSILON) ** 0.5
    elif "no epsilon" in wrong:
        scale = v_hat**0.5
    else:
        scale = v_hat**0.5 + _EPSILON
    move = learning_rate * m_hat / scale
    theta = theta + move if "sign" in wrong else theta - move
    return (theta, m_hat, v_hat) if "kept" in wrong else (theta, m, v)


_ADAM_WORDS = {
    "v bias": "the running mean v is not corrected for its start at 0: divide it by "
    "1 - beta2 ** step.",
    "m bias": "the running mean m is not corrected for its start at 0: divide it by "
    "1 - beta1 ** step.",
    "epsilon": "epsilon stands inside the root, where it is 10,000 times as strong. It is added "
    "to the root.",
    "no epsilon": "epsilon is missing: where the gradient has always been 0 the step is 0 / 0.",
    "square": "v is the running mean of the squared gradient.",
    "betas": "the two betas are exchanged: 0.9 belongs to m, 0.999 to v.",
    "root": "the root is missing: the step is divided by the root of v.",
    "sign": "the step goes up the gradient. It is subtracted.",
    "from 0": "the steps are counted from 0, so that the first correction divides by 0. The first "
    "step is step 1.",
    "kept": "what is kept for the next step is m and v as they are, without the correction.",
}


def check_adam_step(function) -> int:
    """Exercise 7.3: ``adam_step(theta, gradient, m, v, step, learning_rate)``; 3 points."""

    def adam_step(theta, gradient, m, v, step, learning_rate):
        return _adam_step(theta, gradient, m, v, step, learning_rate)

    none = torch.zeros(4).double()
    small = torch.tensor([1e-3, -1e-4, 1e-5, -1e-7]).double()
    cases = [
        (random(4), random(4, seed=1) + 0.5, none, none, 1, 0.1),
        (random(4), small, none, none, 1, 0.1),
    ]
    cases += [(random(4), torch.tensor([0.0, 2, -1, 0]).double(), none, none, 2, 0.01)]
    v = torch.tensor([0.5, 1e-6, 2, 1e-9]).double()
    cases += [(random(4, seed=2), random(4, seed=3), random(4, seed=4) / 9, v, 7, 0.001)]
    parts = ("theta", "m", "v")
    mistakes = switches(_adam_step, _ADAM_WORDS)
    return judge(function, Task("adam_step", adam_step, cases, mistakes, parts, atol=1e-10))
