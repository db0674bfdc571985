"""Checks of the exercises of lesson 09: output sizes, padded batches, masks, buckets."""

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.exercises.cases import random
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_values

_IMAGE_AXES = ("image", "channel", "row", "column")
_IMAGES = {"1024x768": (768, 1024), "1920x1080": (1080, 1920)}  # (height, width)


# -------------------------------------------------------------------------------- 9.1: output sizes
def _output(size, padding=1, up=0) -> list[int]:
    return [1, 16, *((n + 2 * padding - 5 + up) // 2 + 1 for n in size)]


def check_shapes(answers) -> int:
    """Exercise 9.1: the outputs of a strided convolution on two images; 2 points."""
    expected = {name: _output(size) for name, size in _IMAGES.items()}
    mistakes = {}
    for name, size in _IMAGES.items():
        turned = _output(size[::-1])
        mistakes[name] = {
            "the width stands before the height. Screens are named width x height; a tensor has "
            "the height first.": turned,
            "the sizes are rounded up. A window that sticks out does not count.": _output(
                size, up=1
            ),
            "the padding is forgotten; it is added on both sides.": _output(size, padding=0),
            "the padding is added on one side only.": _output(size, padding=0.5),
            "1 is missing: there is one window more than steps.": [
                1, 16, *(n - 1 for n in _output(size)[2:])
            ],
            "one channel comes in and 16 go out.": [1, 3, *_output(size)[2:]],
        }  # fmt: skip
    return judge_values(answers, expected, mistakes)


# ------------------------------------------------------------------------------ 9.2: a padded batch
def _pad(images: list[Tensor], wrong=frozenset()) -> tuple[Tensor, Tensor]:
    heights, widths = [i.shape[-2] for i in images], [i.shape[-1] for i in images]
    height, width = max(heights), max(widths)
    if "square" in wrong:
        height = width = max(height, width)
    if "area" in wrong:
        _, height, width = max((i.shape for i in images), key=lambda shape: shape[1] * shape[2])
    batch = torch.zeros(len(images), images[0].shape[0], height, width).double()
    mask = torch.zeros(len(images), 1, height, width, dtype=torch.bool)
    for k, image in enumerate(images):
        h, w = image.shape[-2:]
        top, left = (height - h, width - w) if "corner" in wrong else (0, 0)
        if "middle" in wrong:
            top, left = (height - h) // 2, (width - w) // 2
        batch[k, :, top : top + h, left : left + w] = image
        mask[k, :, top : top + h, left : left + w] = True
    if "resized" in wrong:
        batch = torch.stack([F.interpolate(i[None], (height, width))[0] for i in images])
    if "ink" in wrong:
        mask = (batch != 0).any(1, keepdim=True)
    if "full" in wrong:
        mask = torch.ones_like(mask)
    if "turned" in wrong:
        mask = ~mask
    if "channels" in wrong:
        mask = mask.expand(-1, images[0].shape[0], -1, -1)
    return batch, mask[:, 0] if "axis" in wrong else mask


_PAD_WORDS = {
    "square": "all images are padded to a square. The height is the largest height and the width "
    "the largest width, each by itself.",
    "area": "the batch has the size of the image with most pixels; another may be higher or wider.",
    "corner": "the images lie in the lower right corner; they belong in the upper left one.",
    "middle": "the images lie in the middle; they belong in the upper left corner.",
    "resized": "the images are stretched. They keep their size, and zeros are put beside them.",
    "ink": "the mask is made of the values: a black pixel of an image belongs to it as well.",
    "full": "the mask is True everywhere. It is False on the padding.",
    "turned": "the mask is True on the padding. It is True on the pixels of the image.",
    "channels": "the mask has an entry for each channel; one for all of them is asked for.",
    "axis": "the mask has the shape (n, height, width). With an axis for the channels, "
    "(n, 1, height, width), it can be multiplied with the batch.",
}


def check_pad(function) -> int:
    """Exercise 9.2: ``pad(images)``, a list of (c, height, width), as batch and mask; 2 points."""

    def pad(images):
        return _pad(images)

    shapes = [[(1, 2, 2), (1, 3, 3)], [(1, 2, 4), (1, 3, 3)], [(2, 3, 5)]]
    shapes += [[(3, 6, 2), (3, 4, 4), (3, 1, 5)], [(1, 5, 4), (1, 5, 6), (1, 2, 6)]]
    cases = [([random(*shape, seed=k) for k, shape in enumerate(some)],) for some in shapes]
    mistakes = switches(_pad, _PAD_WORDS)
    judged = Task("pad", pad, cases, mistakes, ("the batch", "the mask"), _IMAGE_AXES)
    return judge(function, judged)


# ----------------------------------------------------------------------- 9.3: the mean under a mask
def _masked_mean(maps: Tensor, mask: Tensor, wrong=frozenset()) -> Tensor:
    number = mask.sum((2, 3))
    if "all" in wrong:
        number = mask[0, 0].numel()
    if "batch" in wrong:
        number = mask.sum((2, 3)).double().mean()
    if "channels" in wrong:
        number = number * maps.shape[1]
    total = (maps if "unmasked" in wrong else maps * mask).sum((2, 3))
    return total if "sum" in wrong else total / number


_MASKED_WORDS = {
    "all": "it is divided by all positions of the batch. Each image has its own number: the sum "
    "of its mask.",
    "unmasked": "the padding is added up as well. Multiply by the mask first: after a convolution "
    "the padding is no longer 0.",
    "batch": "all images are divided by one number. Each has its own: the sum of its mask.",
    "channels": "it is divided by the number of channels as well. Each channel has its own mean.",
    "sum": "that is the sum; it is not divided by the number of positions.",
}


def check_masked_mean(function) -> None:
    """Exercise 9.3: ``masked_mean(maps, mask)``, (n, c, h, w) and (n, 1, h, w) to (n, c)."""

    def masked_mean(maps, mask):
        return _masked_mean(maps, mask)

    cases = []
    for shape, own in [
        ((1, 1, 2, 3), [(2, 3)]),
        ((2, 3, 4, 4), [(4, 4), (2, 3)]),
        ((3, 2, 5, 6), [(5, 2), (1, 6), (3, 3)]),
    ]:
        mask = torch.zeros(shape[0], 1, *shape[2:], dtype=torch.bool)
        for k, (h, w) in enumerate(own):
            mask[k, :, :h, :w] = True
        cases.append((random(*shape) + 1, mask))
    mistakes = switches(_masked_mean, _MASKED_WORDS)
    judge(function, Task("masked_mean", masked_mean, cases, mistakes, axes=("image", "channel")))


# ------------------------------------------------------------------------------------- 9.4: buckets
def _buckets(sizes, batch_size, wrong=frozenset()) -> list[list[int]]:
    groups = {}
    for index, (height, width) in enumerate(sizes):
        key = (height, width)
        if "area" in wrong:
            key = height * width
        if "height" in wrong:
            key = height
        if "sorted" in wrong:
            key = (min(key), max(key))
        if "none" in wrong:
            key = 0
        groups.setdefault(key, []).append(index)
    starts = {k: range(0, len(group), batch_size) for k, group in groups.items()}
    batches = [g[start : start + batch_size] for k, g in groups.items() for start in starts[k]]
    if "dropped" in wrong:
        batches = [batch for batch in batches if len(batch) == batch_size]
    if "first only" in wrong:
        batches = [group[:batch_size] for group in groups.values()]
    if "repeated" in wrong:
        batches = [group for k, group in groups.items() for _ in starts[k]]
    if "one batch" in wrong:
        batches = list(groups.values())
    return batches


def _batch_of_each(batches, count: int) -> Tensor:
    """Return how often each image shares a batch with each, itself included: (count, count)."""
    together = torch.zeros(count, count).double()
    for batch in batches:
        for index in batch:
            together[index, list(batch)] += 1
    return together


_BUCKET_WORDS = {
    "dropped": "the last, shorter batch of a size is dropped: its images are never seen.",
    "area": "the images are grouped by their number of pixels. 2x6 and 3x4 have equally many.",
    "height": "the images are grouped by their height. The width has to be equal as well.",
    "sorted": "an image of 2x3 and one of 3x2 get into one batch. Height and width are a pair.",
    "none": "the images are not grouped: a batch has several sizes.",
    "first only": "only the first batch of each size is made.",
    "repeated": "each batch holds all images of its size, so that they come several times.",
    "one batch": "batch_size is ignored: all images of a size are one batch.",
}


def check_buckets(function) -> None:
    """Exercise 9.4: ``buckets(sizes, batch_size)``, lists of indices, one size in each."""

    def as_matrix(make):
        def buckets(sizes, batch_size):
            batches = make(sizes, batch_size)
            return None if batches is None else _batch_of_each(batches, len(sizes))

        return buckets

    cases = [([(2, 2)] * 4, 2), ([(2, 3), (2, 2), (2, 3), (2, 2)], 2), ([(2, 2)] * 5, 2)]
    cases += [
        ([(2, 6), (3, 4), (2, 6), (3, 4), (6, 2), (2, 6), (4, 3)], 2),
        ([(1, 3), (1, 2)] * 3, 4),
    ]
    mistakes = {}
    for sentence, mistake in switches(_buckets, _BUCKET_WORDS).items():
        mistakes[sentence] = as_matrix(mistake)
    task = Task("buckets", as_matrix(_buckets), cases, mistakes, axes=("image", "other image"))
    judge(as_matrix(function) if callable(function) else function, task)
