"""The definitions of lesson 09 behave as those of ``helpers.data`` and ``helpers.batching``."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lesson import definitions

from helpers import batching, data
from helpers.networks import VariableNetwork, initialise

lesson = definitions("09_variable_resolution")
SIZES = st.lists(st.tuples(st.integers(8, 33), st.integers(8, 33)), min_size=1, max_size=5)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def network(pooling):
    return initialise(VariableNetwork(9, pooling), generator())


def padded(sizes):
    images = [torch.randn(1, *size, generator=generator(k)) for k, size in enumerate(sizes)]
    return images, *data.pad(images)


def test_tone_curve():
    values = torch.arange(256).to(torch.uint8)
    assert torch.equal(lesson.bend_tone(values), data.bend_tone(values))


@pytest.mark.parametrize("size", [(28, 28), (20, 31)])
@pytest.mark.parametrize("sides", [(32, 48, 64), (31, 40)])
def test_canvases(size, sides):
    images = torch.randint(256, (60, 1, *size), generator=generator(), dtype=torch.uint8)
    labels = torch.zeros(60, dtype=torch.int64)
    ours = lesson.random_canvases(images, sides, generator(1))
    theirs = data.random_canvases(data.Images(images, labels, labels), sides, generator(1))
    assert ours.keys() == theirs.keys()
    for side in sides:
        assert torch.equal(ours[side], theirs[side].images)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 17), st.integers(0, 9))
def test_batches(lengths, batch_size, seed):
    groups = {f"group {k}": range(length) for k, length in enumerate(lengths)}
    ours = lesson.batches(groups, batch_size, generator(seed))
    theirs = data.batches(groups, batch_size, generator(seed))
    assert [key for key, _ in ours] == [key for key, _ in theirs]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(ours, theirs, strict=True))


@settings(deadline=None, max_examples=30)
@given(SIZES, st.sampled_from(["max", "mean"]))
def test_masked_scores(sizes, pooling):
    images, batch, mask = padded(sizes)
    ours = lesson.masked_scores(network(pooling), batch, mask)
    theirs = batching.masked_scores(network(pooling), batch, mask)
    assert torch.equal(ours, theirs)
    alone = torch.cat([network(pooling)(image[None]) for image in images])
    torch.testing.assert_close(ours, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("pooling", ["max", "mean"])
def test_a_mask_at_the_end_only_is_not_enough(pooling):
    images, batch, mask = padded([(16, 16), (32, 32)])
    scores = lesson.masked_at_the_end(network(pooling), batch, mask)
    alone = torch.cat([network(pooling)(image[None]) for image in images])
    assert (scores[0] - alone[0]).abs().max() > 1e-4  # padded
    torch.testing.assert_close(scores[1], alone[1], atol=1e-5, rtol=0)  # fills the batch's size


def test_digit_height():
    images = torch.zeros(3, 1, 12, 10, dtype=torch.uint8)
    images[0, 0, 2:9, 4] = 255  # 7 rows
    images[1, 0, 11, 3] = 200  # the last row
    images[2, 0, 3:5, 2], images[2, 0, 0, 0] = 255, 50  # what is too dark does not count
    assert lesson.digit_height(images).tolist() == [7, 1, 2]
