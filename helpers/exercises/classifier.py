"""Checks of the exercises of lesson 06: parameters, the loss, learning rates, accuracies."""

import math

import torch
from torch import Tensor, nn

from helpers.exercises.cases import random
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_values

# ---------------------------------------------------------------------------------- 6.1: parameters
_LAYERS = {
    "conv1": nn.Conv2d(3, 8, 5, padding=2),  # (3, 32, 32) -> (8, 32, 32), pooled to 16
    "conv2": nn.Conv2d(8, 12, 3, padding=1),  # -> (12, 16, 16), pooled to 8
    "linear": nn.Linear(12 * 8 * 8, 5),
}


def check_parameters(answers) -> int:
    """Exercise 6.1: the parameters of three layers and of all of them; 4 points."""
    expected = {name: sum(p.numel() for p in layer.parameters()) for name, layer in _LAYERS.items()}
    expected["all"] = sum(expected.values())
    mistakes = {}
    for name, layer in list(_LAYERS.items())[:2]:
        o, c, k, _ = layer.weight.shape
        mistakes[name] = {
            "the biases are missing, one for each output channel.": o * c * k * k,
            "a bias stands for each output channel, not for each input channel.": o * c * k * k + c,
            "the kernel has k * k values, not k.": o * c * k + o,
            "each kernel reads all input channels: their number is missing.": o * k * k + o,
            "there is one kernel for each output channel: their number is missing.": c * k * k + 1,
        }
    per_class = {
        "the biases are missing, one for each class.": 12 * 8 * 8 * 5,
        "the two poolings are forgotten. They leave 8x8 positions.": 12 * 32 * 32 * 5 + 5,
        "only one pooling is counted. The two leave 8x8 positions.": 12 * 16 * 16 * 5 + 5,
        "each of the 12 channels has 8x8 positions, and all of them are inputs.": 12 * 5 + 5,
        "that is for one class. There are five.": 12 * 8 * 8 + 1,
    }
    mistakes["linear"] = per_class
    mistakes["all"] = {
        "the sum has to be that of all three layers, biases included.": sum(
            layer.weight.numel() for layer in _LAYERS.values()
        )
    }
    return judge_values(answers, expected, mistakes)


# --------------------------------------------------------------------------- 6.2: the cross-entropy
def _cross_entropy(scores: Tensor, labels: Tensor, wrong=frozenset()) -> Tensor:
    axis = 0 if "axis" in wrong else 1
    if "overflow" in wrong:
        log_sum = scores.exp().sum(axis).log()
    else:
        log_sum = scores.logsumexp(axis)
    if "one largest" in wrong:
        largest = scores.max()
        log_sum = largest + (scores - largest).exp().sum(axis).log()
    if "not lowered" in wrong:
        log_sum = log_sum + scores.amax(axis)
    if "sum axis" in wrong:
        largest = scores.amax(1, keepdim=True)
        log_sum = largest[:, 0] + (scores - largest).exp().sum(0).log()
    if "base" in wrong:
        largest = scores.amax(1)
        log_sum = largest + (log_sum - largest) / math.log(2)
    if "not added" in wrong:
        log_sum = log_sum - scores.amax(axis)
    if "axis" in wrong:
        log_q = (scores - log_sum)[range(len(labels)), labels]
    else:
        log_q = scores[range(len(labels)), labels] - log_sum
    if "no logarithm" in wrong:
        log_q = log_q.exp()
    if "sign" in wrong:
        log_q = -log_q
    if "each" in wrong:
        return -log_q
    if "classes" in wrong:
        return -log_q.sum() / scores.shape[1]
    return -log_q.sum() if "sum" in wrong else -log_q.mean()


_ENTROPY_WORDS = {
    "overflow": "large scores overflow: their exponential is infinite. Lower all scores of an "
    "image by its largest one first, and add it again after the logarithm.",
    "one largest": "the scores of all images are lowered by one number, so that those of some "
    "images vanish. Each image has its own largest score.",
    "not added": "the largest score was subtracted and is not added again.",
    "not lowered": "the largest score is added after the logarithm, and was not subtracted before.",
    "axis": "the softmax runs over the images. It runs over the classes of each image.",
    "sum axis": "the exponentials are added up over the images. Add up those of the classes.",
    "sum": "that is the sum over the images; the loss is their mean.",
    "classes": "it is divided by the number of classes; the mean is over the images.",
    "each": "it returns one loss for each image; the loss is their mean.",
    "sign": "the sign is wrong: the logarithm of a probability is negative, the loss is not.",
    "no logarithm": "the logarithm is missing: that is the mean probability of the labels.",
    "base": "the logarithm has the base 2. Here it is the natural one.",
}


def check_cross_entropy(function) -> None:
    """Exercise 6.2: ``cross_entropy(scores, labels)``, the mean over the images, any scores."""

    def cross_entropy(scores, labels):
        return _cross_entropy(scores, labels)

    cases = [
        (torch.zeros(1, 2).double(), torch.tensor([0])),
        (random(3, 4), torch.tensor([3, 0, 1])),
    ]
    cases += [(random(5, 3, seed=1), torch.tensor([2, 1, 0, 2, 2]))]
    apart = random(2, 5, seed=2) + torch.tensor([[2000.0], [-2000.0]])  # float64 ends at e^709
    cases += [(apart, torch.tensor([4, 0]))]
    mistakes = switches(_cross_entropy, _ENTROPY_WORDS)
    judge(function, Task("cross_entropy", cross_entropy, cases, mistakes))


# ------------------------------------------------------------------------------ 6.3: learning rates
CURVATURES = (1.0, 20.0)
RATES = {"A": 0.09, "B": 0.102, "C": 0.004}


def descend(rate: float, steps: int = 60) -> list[float]:
    """Return the losses of gradient descent on the sum of ``curvature * w ** 2 / 2``, w from 1."""
    losses, weights = [], [1.0 for _ in CURVATURES]
    for _ in range(steps):
        losses.append(sum(c * w * w / 2 for c, w in zip(CURVATURES, weights, strict=True)))
        weights = [w - rate * c * w for c, w in zip(CURVATURES, weights, strict=True)]
    return losses


def check_learning_rates(answers) -> int:
    """Exercise 6.3: which rate made which curve, and the largest that converges; 4 points."""
    expected = {**RATES, "limit": 2 / max(CURVATURES)}
    small = "with the smallest rate nothing grows or swings, and the flat direction takes longest."
    fast = "with this rate every step shrinks the loss, and few steps are enough."
    grows = "above the limit each step makes the steep direction larger: the loss grows."
    about = {0.004: small, 0.09: fast, 0.102: grows}
    mistakes = {
        name: {f"{rate:g} it is not: {about[rate]}": rate for rate in about if rate != right}
        for name, right in RATES.items()
    }
    mistakes["limit"] = {
        "that rate brings the steep direction to its minimum in one step. Up to twice as much "
        "converges.": 1 / max(CURVATURES),
        "that is the limit of the flat direction. The steepest one sets the limit.": 2,
        "a step multiplies w by 1 - rate * curvature. Between which numbers may that be?": 1,
    }
    return judge_values(answers, expected, mistakes)


# --------------------------------------------------------------------------------- 6.4: an accuracy
def _accuracy(scores, labels, wrong=frozenset()):
    right = [(s.argmax(1) == t).double() for s, t in zip(scores, labels, strict=True)]
    if "axis" in wrong:
        right = [
            (s.argmax(0)[: len(t)] == t[: s.shape[1]]).double()
            for s, t in zip(scores, labels, strict=True)
        ]
    if "last" in wrong:
        right = right[-1:]
    number, of = sum(r.sum() for r in right), sum(len(r) for r in right)
    if "nominal" in wrong:
        number = sum(r.mean() for r in right) * len(scores[0])
    if "fixed" in wrong:
        of = 10_000
    if "full batches" in wrong:
        of = len(scores) * len(scores[0])
    if "batches" in wrong:
        number, of = sum(r.mean() for r in right), len(right)
    if "count" in wrong:
        of = 1
    return (100 if "percent" in wrong else 1) * number / of


_ACCURACY_WORDS = {
    "fixed": "the number right is divided by 10,000, however many images there are.",
    "batches": "that is the mean of the accuracies of the batches. An image of a short batch "
    "then counts more than the others: add up the numbers and divide once.",
    "nominal": "the share of each batch is multiplied by the length of the first one. The last "
    "batch is shorter.",
    "full batches": "every batch is taken to be as long as the first. The last one is shorter.",
    "last": "only the last batch counts.",
    "count": "that is the number of images that are right, not their share.",
    "percent": "that is in percent; a share between 0 and 1 is asked for.",
    "axis": "the largest score is looked for among the images, not among the classes.",
}


def check_accuracy(function) -> None:
    """Exercise 6.4: ``accuracy(scores, labels)``, lists with one tensor for each batch."""

    def accuracy(scores, labels):
        return _accuracy(scores, labels).item()

    def batches(*lengths):
        scores = [random(n, 3, seed=n + 7 * k) for k, n in enumerate(lengths)]
        labels = [s.argmax(1) for s in scores]
        return scores, [torch.where(torch.arange(len(t)) % 3 > 0, t, (t + 1) % 3) for t in labels]

    cases = [batches(6), batches(4, 4), batches(7, 7, 1), batches(16, 16, 5)]
    mistakes = switches(_accuracy, _ACCURACY_WORDS)
    judge(function, Task("accuracy", accuracy, cases, mistakes))
