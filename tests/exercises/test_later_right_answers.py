"""Right answers to the exercises of lessons 06 to 13 pass, however they are written."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional as F

from helpers import data
from helpers.data.augment import affine as affine_maps
from helpers.exercises import (
    affine,
    classifier,
    comparison,
    luck,
    pooling,
    resolution,
    without_autograd,
)

RIGHT = []


def right(check):
    """Collect an answer that is right, with its check."""

    def collect(function):
        RIGHT.append((check, function))
        return function

    return collect


# --------------------------------------------------------------------------- lesson 06
right(classifier.check_cross_entropy)(F.cross_entropy)


@right(classifier.check_cross_entropy)
def by_log_softmax(scores, labels):
    return -scores.log_softmax(1).gather(1, labels[:, None]).mean()


@right(classifier.check_cross_entropy)
def image_by_image(scores, labels):
    losses = [row.logsumexp(0) - row[t] for row, t in zip(scores, labels, strict=True)]
    return sum(losses) / len(losses)


@right(classifier.check_accuracy)
def joined(scores, labels):
    return (torch.cat(scores).argmax(1) == torch.cat(labels)).double().mean().item()


@right(classifier.check_accuracy)
def weighted_by_numpy(scores, labels):
    shares = [
        (s.argmax(1) == t).double().mean().item() for s, t in zip(scores, labels, strict=True)
    ]
    return np.average(shares, weights=[len(t) for t in labels])


# --------------------------------------------------------------------------- lesson 07
@right(without_autograd.check_cross_entropy_backward)
def loss_by_autograd(scores, labels):
    scores = scores.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(scores, labels), scores)[0]


@right(without_autograd.check_cross_entropy_backward)
def written_into(scores, labels):
    gradient = scores.softmax(1)
    gradient[range(len(labels)), labels] -= 1
    return gradient.div_(len(labels))


@right(without_autograd.check_max_pool_backward)
def pool_by_autograd(input, upstream):
    input = input.clone().requires_grad_()
    return torch.autograd.grad(F.max_pool2d(input, 2), input, upstream)[0]


@right(without_autograd.check_max_pool_backward)
def pool_by_indices(input, upstream):
    _, places = F.max_pool2d(input, 2, return_indices=True)
    flat = torch.zeros_like(input).flatten(2)
    return flat.scatter_add(2, places.flatten(2), upstream.flatten(2)).view_as(input)


@right(without_autograd.check_adam_step)
def rearranged(theta, gradient, m, v, step, learning_rate):
    """Correct the learning rate instead of the means."""
    m, v = m.lerp(gradient, 0.1), v.lerp(gradient**2, 0.001)
    root = (1 - 0.999**step) ** 0.5
    rate = learning_rate * root / (1 - 0.9**step)
    return theta - rate * m / (v.sqrt() + 1e-8 * root), m, v


# --------------------------------------------------------------------------- lesson 08
@right(affine.check_rotation)
def written_out(degrees, centre):
    (x, y), angle = centre, np.deg2rad(degrees)
    c, s = np.cos(angle), np.sin(angle)
    rows = [[c, s, x - c * x - s * y], [-s, c, y + s * x - c * y], [0, 0, 1]]
    return torch.tensor(rows, dtype=torch.float64)


@right(affine.check_move)
def one_after_another(points, maps):
    for one in maps:
        points = points @ one[:2, :2].T + one[:2, 2]
    return points


@right(affine.check_warp)
def without_loops(image, matrix):
    height, width = image.shape
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    points = torch.stack([x, y, torch.ones_like(x)]).flatten(1).double()
    u, v = torch.linalg.solve(matrix, points)[:2].round().long()
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    values = image[v.clamp(0, height - 1), u.clamp(0, width - 1)]
    return torch.where(inside, values, 0).view_as(image)


def test_the_rotation_of_the_exercise_is_that_of_the_lesson():
    maps = affine_maps(torch.tensor([30.0]), torch.zeros(1, 2), torch.ones(1), torch.zeros(1))
    torch.testing.assert_close(written_out(30, (0, 0)).float(), maps[0])


# --------------------------------------------------------------------------- lesson 09
@right(resolution.check_pad)
def by_f_pad(images):
    height, width = (max(image.shape[k] for image in images) for k in (1, 2))
    batch, mask = [], []
    for image in images:
        room = (0, width - image.shape[2], 0, height - image.shape[1])
        batch.append(F.pad(image, room))
        mask.append(F.pad(torch.ones(1, *image.shape[1:], dtype=torch.bool), room))
    return torch.stack(batch), torch.stack(mask)


@right(resolution.check_masked_mean)
def selected(maps, mask):
    rows = [m[:, own[0]].mean(dim=1) for m, own in zip(maps, mask, strict=True)]
    return torch.stack(rows)


@right(resolution.check_buckets)
def by_the_helper(sizes, batch_size):
    groups = data.group_by_size(sizes).values()
    return [batch.tolist() for group in groups for batch in group.split(batch_size)]


@right(resolution.check_buckets)
def in_reverse(sizes, batch_size):
    """The order within a group is free, but not which images share a batch."""
    return [batch[::-1] for batch in by_the_helper(sizes, batch_size)[::-1]]


# --------------------------------------------------------------------------- lesson 10
@right(pooling.check_mean_backward)
def mean_by_repeating(upstream, size):
    height, width = size
    flat = (upstream / (height * width)).repeat_interleave(height * width, dim=1)
    return flat.reshape(*upstream.shape, height, width)


@right(pooling.check_max_backward)
def max_by_autograd(input, upstream):
    input = input.clone().requires_grad_()
    return torch.autograd.grad(input.amax(dim=(2, 3)), input, upstream)[0]


right(pooling.check_global_max)(lambda input: input.flatten(2).max(dim=2).values)


@right(pooling.check_global_max)
def adaptive(input):
    return nn.AdaptiveMaxPool2d(1)(input)[:, :, 0, 0]


@right(pooling.check_receptive_field)
def backwards(layers):
    """From the last layer to the first: which input a position reads."""
    first, last, step = 0, 0, 1
    for kernel_size, stride, padding in reversed(layers):
        first, last = stride * first - padding, stride * last - padding + kernel_size - 1
        step *= stride
    return last - first + 1, step, first


# --------------------------------------------------------------------- lessons 11 and 13
@right(comparison.check_paired_interval)
def by_scipy(a, b):
    low, high = stats.ttest_rel(a.numpy(), b.numpy()).confidence_interval(0.95)
    return (a - b).mean().item(), low, high


@right(comparison.check_mcnemar)
def by_binomial_test(only_a, only_b):
    return stats.binomtest(only_a, only_a + only_b).pvalue


@right(comparison.check_reported)
def a_tensor(validation, test):
    return test[validation == validation.max()].item()


@right(luck.check_winners_curse)
def trial_by_trial(validation, test):
    gaps = [v.max() - t[v.argmax()] for v, t in zip(validation, test, strict=True)]
    return torch.stack(gaps).mean()


@right(luck.check_next_run)
def by_numpy(values):
    n, values = len(values), values.numpy()
    error = np.sqrt(values.var(ddof=1) * (n + 1) / n)
    low, high = stats.t(n - 1, values.mean(), error).interval(0.95)
    return values.mean(), low, high


@pytest.mark.parametrize("check, function", RIGHT, ids=[f.__name__ for _, f in RIGHT])
def test_a_right_answer_passes(check, function, capsys):
    check(function)
    assert capsys.readouterr().out.startswith("Right: ")
