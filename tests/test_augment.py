"""Augmentation: known maps, one resampling, random parameters in their ranges."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from helpers import data
from helpers.data import augment
from helpers.data.augment import RECIPES, RandomAffine

SHAPES = [(3, 1, 28, 28), (2, 3, 9, 6), (4, 2, 5, 12)]


@pytest.fixture(scope="module")
def digits():
    return data.load_mnist().test[:200].images


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_images(shape):
    return torch.randint(256, shape, generator=generator(), dtype=torch.uint8)


def maps(n=1, degrees=0.0, right=0.0, down=0.0, scale=1.0, shear=0.0):
    """The same map n times."""
    shift = torch.tensor([[float(right), float(down)]]).repeat(n, 1)
    parameters = [torch.full((n,), float(value)) for value in (degrees, scale, shear)]
    return augment.affine(parameters[0], shift, *parameters[1:])


@pytest.mark.parametrize("shape", SHAPES)
def test_identity_returns_the_image(shape):
    images = random_images(shape)
    assert torch.equal(augment.warp(images, maps(shape[0])), images)
    floats = images / 255
    moved = augment.warp(floats, maps(shape[0]))
    assert moved.dtype == torch.float32
    torch.testing.assert_close(moved, floats, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64], ids=str)
@pytest.mark.parametrize("side", [28, 250])
def test_identity_in_any_precision(dtype, side):
    images = torch.rand(1, 1, side, side, generator=generator()).to(dtype)
    moved = augment.warp(images, maps())
    assert moved.dtype == dtype
    allowed = 1e-4 if dtype == torch.float64 else torch.finfo(dtype).eps
    torch.testing.assert_close(moved, images, atol=allowed, rtol=0)


def test_input_is_not_changed(digits):
    before = digits.clone()
    augment.augment(digits, "affine", generator())
    assert torch.equal(digits, before)


@pytest.mark.parametrize("quarter_turns", [1, 2, 3, -1])
def test_rotation_by_right_angles(quarter_turns):
    images = random_images((2, 3, 9, 9))
    turned = augment.warp(images, maps(2, degrees=90 * quarter_turns))
    assert torch.equal(turned, images.rot90(quarter_turns, (2, 3)))  # both counter-clockwise


def test_half_turn_of_an_image_that_is_not_square():
    images = random_images((2, 1, 5, 8))
    assert torch.equal(augment.warp(images, maps(2, degrees=180)), images.flip(2, 3))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("right, down", [(2, 0), (0, 3), (-1, -4), (2, -3)])
def test_shift_by_whole_pixels(shape, right, down):
    images = random_images(shape)
    expected = F.pad(images, (right, -right, down, -down))  # negative padding crops
    assert torch.equal(augment.warp(images, maps(shape[0], right=right, down=down)), expected)


def test_shift_by_half_a_pixel_averages_neighbours():
    images = torch.tensor([[[[0.0, 0, 8, 4, 0]]]])
    moved = augment.warp(images, maps(right=0.5))
    torch.testing.assert_close(moved, torch.tensor([[[[0.0, 0, 4, 6, 2]]]]), atol=1e-5, rtol=0)


def test_scale_about_the_centre():
    """Twice as large: each pixel of a 2x2 centre spreads over itself and its neighbours."""
    images = torch.zeros(1, 1, 6, 6)
    images[0, 0, 2:4, 2:4] = 1
    larger = augment.warp(images, maps(scale=2))
    row = torch.tensor([0.25, 0.75, 1, 1, 0.75, 0.25])
    torch.testing.assert_close(larger[0, 0], row[:, None] * row, atol=1e-5, rtol=0)


def test_shear_leans_to_the_right():
    images = torch.zeros(1, 1, 7, 7)
    images[0, 0, :, 3] = 1  # a vertical line
    leaning = augment.warp(images, maps(shear=45))
    assert torch.equal(leaning[0, 0].round(), torch.eye(7).flip(1))


def test_affine_shears_then_scales_then_rotates_then_shifts():
    chain = maps(right=3, down=1) @ maps(degrees=25) @ maps(scale=1.3) @ maps(shear=12)
    at_once = maps(degrees=25, right=3, down=1, scale=1.3, shear=12)
    torch.testing.assert_close(at_once, chain)


@settings(deadline=None)
@given(
    st.floats(-180, 180),
    st.floats(-4, 4),
    st.floats(-4, 4),
    st.floats(0.5, 1.5),
    st.floats(-30, 30),
)
def test_points_go_where_the_map_says(degrees, right, down, scale, shear):
    """The centre of gravity of a smooth blob moves by the map."""
    size, origin = 81, torch.tensor([6.0, -5.0, 1.0])
    position = torch.arange(size) - (size - 1) / 2
    y, x = torch.meshgrid(position, position, indexing="ij")
    blob = torch.exp(-((x - origin[0]) ** 2 + (y - origin[1]) ** 2) / (2 * 2.0**2))[None, None]
    matrix = maps(1, degrees, right, down, scale, shear)
    moved = augment.warp(blob, matrix)[0, 0]
    centre = torch.stack([(moved * x).sum(), (moved * y).sum()]) / moved.sum()
    torch.testing.assert_close(centre, (matrix[0] @ origin)[:2], atol=0.05, rtol=0)


@pytest.mark.parametrize("recipe", RECIPES)
def test_one_resampling_per_image(digits, recipe, monkeypatch):
    seen = []
    resample = F.grid_sample
    monkeypatch.setattr(
        augment.F, "grid_sample", lambda x, *a, **k: (seen.append(len(x)), resample(x, *a, **k))[1]
    )
    augment.augment(digits, recipe, generator())
    assert sum(seen) == len(digits)


@pytest.mark.parametrize("recipe", RECIPES)
def test_deterministic_by_seed(digits, recipe):
    state = torch.get_rng_state()
    first = augment.augment(digits, recipe, generator(1))
    assert torch.equal(first, augment.augment(digits, recipe, generator(1)))
    assert not torch.equal(first, augment.augment(digits, recipe, generator(2)))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.shape == digits.shape and first.dtype == digits.dtype


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_image_has_its_own_map(digits, recipe):
    copies = digits[:1].expand(50, -1, -1, -1)
    augmented = augment.augment(copies, recipe, generator())
    assert len(augmented.flatten(1).unique(dim=0)) == 50


def test_order_is_kept():
    """Image k of the result comes from image k, so labels need no change."""
    images = torch.arange(0, 250, 2, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 28, 28)
    augmented = augment.augment(images, "affine", generator())
    assert torch.equal(augmented[:, 0, 14, 14], images[:, 0, 14, 14])


def test_chunks_do_not_show(digits, monkeypatch):
    whole = augment.augment(digits, "affine", generator())
    monkeypatch.setattr(augment, "_PIXELS_AT_ONCE", 7 * 28 * 28)
    assert torch.equal(augment.augment(digits, "affine", generator()), whole)


@pytest.mark.parametrize("size", [(28, 28), (20, 50)])
def test_parameters_fill_their_ranges(size):
    ranges = RandomAffine(degrees=10, translate=0.1, scale=(0.8, 1.3), shear=7)
    m = ranges.sample(20_000, size, generator()).double()
    a, b, c, d = m[:, 0, 0], m[:, 0, 1], m[:, 1, 0], m[:, 1, 1]
    scale = (a * a + c * c).sqrt()  # the first column is scale (cos, -sin)
    degrees = torch.atan2(-c, a).rad2deg()
    shear = torch.atan2(
        -(a * b + c * d), scale**2
    ).rad2deg()  # columns' inner product: -scale^2 tan
    for values, low, high in (
        (degrees, -10, 10),
        (m[:, 0, 2] / size[1], -0.1, 0.1),
        (m[:, 1, 2] / size[0], -0.1, 0.1),
        (scale, 0.8, 1.3),
        (shear, -7, 7),
    ):
        _assert_uniform(values, low, high)
    parameters = torch.stack([degrees, m[:, 0, 2], m[:, 1, 2], scale, shear])
    independent = torch.corrcoef(parameters) - torch.eye(5)
    assert independent.abs().max() < 4 / 20_000**0.5


def _assert_uniform(values, low, high):
    width, n = high - low, len(values)
    assert low - 1e-4 * width <= values.min() < low + 1e-3 * width
    assert high - 1e-3 * width < values.max() <= high + 1e-4 * width
    assert abs(values.mean() - (low + high) / 2) < 4 * width / (12 * n) ** 0.5
    assert values.std() == pytest.approx(width / 12**0.5, rel=0.02)


def test_original_recipe_is_two_rotations_and_a_shift():
    first, second = RECIPES["original"]
    g = generator()
    m = (second.sample(20_000, (28, 28), g) @ first.sample(20_000, (28, 28), g)).double()
    turn = m[:, :2, :2]  # neither scale nor shear: its inverse is its transpose
    torch.testing.assert_close(
        turn @ turn.mT, torch.eye(2).double().expand_as(turn), atol=1e-6, rtol=0
    )
    degrees = torch.atan2(m[:, 0, 1], m[:, 0, 0]).rad2deg()
    assert 9 < degrees.abs().max() <= 10 + 1e-4  # 7 + 3
    assert degrees.std() == pytest.approx(((7**2 + 3**2) / 3) ** 0.5, rel=0.02)
    _assert_uniform(m[:, 0, 2], -1.4, 1.4)  # 5 % of 28 pixels
    _assert_uniform(m[:, 1, 2], -1.4, 1.4)


def test_unknown_recipe(digits):
    with pytest.raises(ValueError, match="'rotate', expected one of .*'original'"):
        augment.augment(digits, "rotate", generator())


def test_wrong_number_of_maps(digits):
    with pytest.raises(ValueError, match=r"\(200, 3, 3\), got \(5, 3, 3\)"):
        augment.warp(digits, maps(5))


def test_no_images():
    assert augment.augment(torch.zeros(0, 1, 28, 28), "affine", generator()).shape[0] == 0
