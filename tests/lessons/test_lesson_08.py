"""The definitions of lesson 08 behave as those of ``helpers``."""

from functools import partial

import pytest
import tensors
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lesson import definitions

from helpers import statistics
from helpers.data import augment
from helpers.experiments import records

lesson = definitions("08_augmentation")
PARAMETERS = st.tuples(
    st.floats(-180, 180), st.floats(-9, 9), st.floats(-9, 9), st.floats(0.5, 2), st.floats(-40, 40)
)

MODES = ("bilinear", "nearest")
TWO_STEPS = (((7, 0, 0, 1, 0), (-4, 1, 0, 1, 0)), ((3, 0.7, 0.7, 1, 0), (-2, 0, -1.2, 1, 5)))


def helpers_map(degrees, right, down, scale, shear):
    one = [torch.tensor([float(value)]) for value in (degrees, scale, shear)]
    return augment.affine(one[0], torch.tensor([[right, down]]).float(), *one[1:])[0]


def random_images(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


close = partial(tensors.close, atol=1e-4)


@given(PARAMETERS)
def test_maps(parameters):
    close(lesson.affine_map(*parameters), helpers_map(*parameters), atol=1e-5)


def test_a_parameter_left_out_changes_nothing():
    close(lesson.affine_map(), torch.eye(3), atol=0)
    for k, name in enumerate(("degrees", "right", "down", "scale", "shear")):
        parameters = [0, 0, 0, 1, 0]
        parameters[k] = 1.5
        close(lesson.affine_map(**{name: 1.5}), helpers_map(*parameters), atol=1e-6)


@settings(deadline=None, max_examples=25)
@given(PARAMETERS, st.integers(1, 12), st.integers(1, 12))
def test_warp_one_image(parameters, height, width):
    image, matrix = random_images(1, 1, height, width), lesson.affine_map(*parameters)
    expected = augment.warp(image, matrix[None])
    close(lesson.warp(image, matrix[None]), expected)
    close(lesson.naive_warp(image[0, 0], matrix), expected[0, 0])


@settings(deadline=None, max_examples=25)
@given(st.lists(PARAMETERS, min_size=1, max_size=5), st.sampled_from([(3, 7, 10), (1, 28, 28)]))
def test_warp_a_batch(parameters, shape):
    images = random_images(len(parameters), *shape)
    maps = torch.stack([lesson.affine_map(*values) for values in parameters])
    close(lesson.warp(images, maps), augment.warp(images, maps))


def test_push_leaves_holes_that_warp_fills():
    image, double = torch.ones(8, 8), lesson.affine_map(scale=2)
    pushed, hits = lesson.push(image, double)
    assert hits.sum() == 16  # the others land outside
    assert (hits == 0).any() and (pushed[hits == 0] == 0).all()
    close(lesson.naive_warp(image, double), image)


def test_push_moves_whole_pixels():
    image = random_images(5, 6)
    pushed, hits = lesson.push(image, lesson.affine_map(right=2, down=-1))
    close(pushed[:-1, 2:], image[1:, :-2], atol=0)
    assert hits.sum() == 16


def test_mixing_of_known_fractions():
    """2 beta (1 - beta) is 1/2 half-way between pixels, 0 on them and 3/8 at a quarter."""
    for right, expected in ((0.5, 0.25), (3.0, 0), (0.25, 0.1875)):  # the other axis has none
        matrix = lesson.affine_map(right=right)[None]
        assert lesson.mixing(matrix) == pytest.approx(expected, abs=1e-5)


def test_sharpness():
    image = torch.zeros(1, 1, 4, 4)
    image[0, 0, 1, 1] = 2.0
    assert lesson.sharpness(image) == 4 * 2.0**2


def test_displacement_of_known_shifts():
    """A shift of a quarter pixel stays below half a pixel: each value is taken 1/4 beside."""
    for right, expected in ((0.25, 0.25), (3.0, 0), (0.75, 0.25)):
        matrix = lesson.affine_map(right=right)[None]
        moved = {mode: lesson.warp(lesson.places()[None], matrix, mode) for mode in MODES}
        assert lesson.displacement(moved["nearest"], matrix) == pytest.approx(expected, abs=1e-5)
        assert lesson.displacement(moved["bilinear"], matrix) == pytest.approx(0, abs=1e-5)


def test_resample_in_four_ways():
    images = random_images(2, 1, 28, 28)
    maps = [torch.stack([lesson.affine_map(*p) for p in two]) for two in TWO_STEPS]
    found = lesson.resample(images, *maps)
    close(found["bilinear, once"], augment.warp(images, maps[1] @ maps[0]))
    close(found["bilinear, twice"], augment.warp(augment.warp(images, maps[0]), maps[1]))
    for way in ("nearest, once", "nearest, twice"):  # new values do not arise
        assert set(found[way].unique().tolist()) <= {0.0, *images.unique().tolist()}


def test_comparisons():
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(4, 200, generator=generator) > share for share in (0.1, 0.2))
    assert lesson.vote(a, b) == statistics.vote(a, b)
    means = [right.double().mean(dim=1) for right in (a, b)]
    assert lesson.paired(*means) == pytest.approx(statistics.paired(*means))


def test_the_factor_is_exact_for_one_fraction_everywhere():
    """A shift by beta along both axes, around the edge: the power of each frequency, known."""
    beta = 0.3
    image = random_images(28, 28).double()
    shifted = image
    for axis in (0, 1):
        shifted = (1 - beta) * shifted + beta * shifted.roll(-1, axis)
    omega = 2 * torch.pi * torch.fft.fftfreq(28, dtype=torch.float64)
    lesson.factor.__globals__["omega"] = omega  # which the lesson computes beside it
    expected = lesson.power(image[None, None]) * lesson.factor(2 * beta * (1 - beta))
    close(lesson.power(shifted[None, None]), expected, atol=1e-9)


def test_the_gain_at_the_slow_rate_is_one_from_normalisation():
    """What the lesson says of the runs at the rate of the original's code."""
    runs = records.runs(records.load("results", group=("original-rate", "low-rate")))
    runs["recipe"] = runs["augmentation"].fillna("none")
    runs = 100 * runs.pivot(
        index="seed", columns=["normalisation", "recipe"], values="validation_accuracy"
    )
    both, normalised, augmented = (
        statistics.paired(runs[cell], runs[False, "none"])
        for cell in ((True, "original"), (True, "none"), (False, "original"))
    )
    assert both.low < 0.53 < both.high and normalised.low > 0
    assert augmented.low < 0 < augmented.high and normalised.mean > 0.8 * both.mean


def test_votes_between_halves():
    correct = torch.rand(4, 500, generator=torch.Generator().manual_seed(0)) < 0.9
    p = lesson.votes_between_halves(correct)
    assert len(p) == 3  # 4 runs fall into two halves in three ways
    assert len(lesson.votes_between_halves(correct[:2])) == 1
    correct[:2] = True
    assert lesson.votes_between_halves(correct).min() < 1e-6 < p.min()
