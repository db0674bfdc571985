"""Batches of images of all sizes: every image once; padding changes no score and no gradient."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from helpers import batching, data
from helpers.batching import WAYS
from helpers.networks import POOLINGS, VariableNetwork, initialise

MEAN_STD = (0.03, 0.15)  # black is not zero after normalisation


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_images(sizes):
    g = generator()
    return [torch.randint(256, (1, *size), generator=g, dtype=torch.uint8) for size in sizes]


def network(pooling):
    return initialise(VariableNetwork(11, pooling), generator())


def size(images):
    return max(i.shape[1] for i in images), max(i.shape[2] for i in images)


SIZES = st.lists(st.tuples(st.integers(8, 40), st.integers(8, 40)), min_size=1, max_size=6)


@settings(deadline=None, max_examples=40)
@given(SIZES, st.sampled_from(POOLINGS), st.integers(0, 9))
def test_padding_changes_no_score(sizes, pooling, surplus):
    images, net = random_images(sizes), network(pooling)
    largest = size(images)
    common = (largest[0] + surplus, largest[1] + surplus)
    together = batching.scores(net, images, common, MEAN_STD)
    alone = [batching.scores(net, [i], tuple(i.shape[1:]), MEAN_STD) for i in images]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=0)


def test_padding_changes_no_score_with_batch_normalisation():
    images = random_images([(9, 30), (24, 17)])
    net = initialise(VariableNetwork(11, batch_norm=True), generator())
    for norm in (net.norm1, net.norm2, net.norm3):  # as after some training
        norm.running_mean.uniform_(-1, 1, generator=generator())
        norm.running_var.uniform_(0.5, 2, generator=generator())
    net.eval()
    together = batching.scores(net, images, (32, 32), MEAN_STD)
    alone = [batching.scores(net, [i], tuple(i.shape[1:]), MEAN_STD) for i in images]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=0)


def test_an_image_alone_goes_through_the_network_as_it_is():
    (image,) = random_images([(17, 30)])
    expected = network("mean")((image[None] / 255 - MEAN_STD[0]) / MEAN_STD[1])
    found = batching.scores(network("mean"), [image], (17, 30), MEAN_STD)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_changes_no_gradient(pooling):
    images = random_images([(9, 20), (16, 8), (31, 33)])
    labels = torch.tensor([3, 1, 4])
    together, alone = network(pooling), network(pooling)
    scores = batching.scores(together, images, (33, 40), MEAN_STD)
    F.cross_entropy(scores, labels, reduction="sum").backward()
    for image, label in zip(images, labels, strict=True):
        scores = batching.scores(alone, [image], tuple(image.shape[1:]), MEAN_STD)
        F.cross_entropy(scores, label[None]).backward()
    for a, b in zip(together.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_without_masks_padding_does_change_scores(pooling):
    images = random_images([(16, 16)])
    batch, _ = data.pad(images, (32, 32))
    net = network(pooling)
    plain = net((batch / 255 - MEAN_STD[0]) / MEAN_STD[1])
    assert (plain - batching.scores(net, images, (16, 16), MEAN_STD)).abs().max() > 1e-3


@pytest.mark.parametrize("pooling", POOLINGS)
def test_an_image_too_small_is_refused_in_a_batch_as_it_is_alone(pooling):
    images = random_images([(32, 32), (7, 20)])
    with pytest.raises(ValueError, match="height and width must be at least 8, got 7x20"):
        batching.scores(network(pooling), images[1:], (7, 20), MEAN_STD)
    with pytest.raises(ValueError, match=r"at least 8, got 7x20 \(image 1 of the batch\)"):
        batching.scores(network(pooling), images, (32, 32), MEAN_STD)


@pytest.mark.parametrize("shape", [(2, 1, 16, 15), (1, 1, 16, 16), (2, 3, 16, 16)])
def test_a_mask_that_does_not_fit_the_batch_is_refused(shape):
    message = r"a mask of shape \(2, 1, 16, 16\), got \(" + ", ".join(map(str, shape))
    with pytest.raises(ValueError, match=message):
        batching.masked_scores(network("max"), torch.zeros(2, 1, 16, 16), torch.ones(shape).bool())


@pytest.mark.parametrize("way", WAYS)
@given(sizes=SIZES, batch_size=st.integers(1, 4))
def test_every_image_once_and_nothing_is_cut(way, sizes, batch_size):
    plan = WAYS[way](sizes, batch_size, generator())
    indices = torch.cat([batch for batch, _ in plan])
    assert indices.sort().values.tolist() == list(range(len(sizes)))
    limit = 1 if way == "one by one" else batch_size
    for batch, (height, width) in plan:
        assert 1 <= len(batch) <= limit
        if not way.startswith("resizing"):
            assert all(sizes[i][0] <= height and sizes[i][1] <= width for i in batch)


def test_sizes_of_batches():
    sizes = [(28, 60), (33, 41), (64, 30), (28, 60)]
    assert [size for _, size in WAYS["padding"](sizes, 4, generator())] == [(64, 60)]
    rounded = {size for _, size in WAYS["buckets"](sizes, 4, generator())}
    assert rounded == {(32, 64), (40, 48), (64, 32)}
    assert [size for _, size in WAYS["resizing to 28"](sizes, 3, generator())] == [(28, 28)] * 2


def test_count():
    sizes = [(8, 8), (16, 8)]
    found = batching.count([(torch.tensor([0, 1]), (16, 8))], sizes, network("max"))
    # 9 products per weight and output value: 1 -> 16 -> 32 -> 11 channels, then 11 -> 10
    conv = 16 * 8 * 9 * 16 + 8 * 4 * 9 * 16 * 32 + 4 * 2 * 9 * 32 * 11
    assert found == {"batches": 1, "padding": 0.25, "multiply_adds": conv + 110}
    plan = WAYS["resizing to 28"](sizes, 2, generator())
    assert math.isnan(batching.count(plan, sizes, network("max"), resized=True)["padding"])


def test_the_ways_that_resize():
    """They alone bring a batch to a size that is not the largest, or the rounded one, of it."""
    sizes = [(70, 65), (66, 66)]
    smaller = {way for way, plan in WAYS.items() if plan(sizes, 2, generator())[0][1] < (65, 65)}
    assert smaller == batching.RESIZED


def test_rectangles():
    digits = data.load_mnist().train[:300].images
    images = batching.rectangles(digits, (28, 31), generator())
    assert {s for i in images for s in i.shape[1:]} == {28, 29, 30, 31}
    for digit, image in zip(digits, images, strict=True):
        windows = image[0].unfold(0, 28, 1).unfold(1, 28, 1)  # every place the digit can have
        assert (windows == digit[0]).all(dim=(2, 3)).any()
        assert image.sum() == digit.sum()
    with pytest.raises(ValueError, match=r"at least 28, the image's, got \(20, 40\)"):
        batching.rectangles(digits, (20, 40), generator())
