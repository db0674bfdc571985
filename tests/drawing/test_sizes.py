"""Images of many sizes: all pixels are equally large, padding is orange, misfits are refused."""

import numpy as np
import pytest
import torch

from helpers import data
from helpers.drawing import sizes


def image(height, width):
    return torch.full((1, height, width), 200, dtype=torch.uint8)


@pytest.mark.parametrize("rows", [1, 2])
def test_all_pixels_are_equally_large(rows):
    groups = {"a": [image(20, 30)] * 2, "b": [image(12, 10), image(40, 8)]}
    figure = sizes.to_scale(groups, rows=rows)
    assert [text.get_text() for text in figure.texts] == ["a", "b"]
    found = set()
    for ax, (_, height, width) in zip(
        figure.axes, [i.shape for g in groups.values() for i in g], strict=True
    ):
        box = ax.get_window_extent()
        found |= {round(box.height / height, 3), round(box.width / width, 3)}
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 + 1e-6
        assert figure.bbox.y0 <= box.y0 and box.y1 < figure.bbox.y1
    assert len(found) == 1


def test_a_group_that_does_not_fill_its_columns_is_refused():
    with pytest.raises(ValueError, match="'a' has 3 images, not a multiple of 2 rows"):
        sizes.to_scale({"a": [image(8, 8)] * 3}, rows=2)


def test_padding_is_orange():
    batch, mask = data.pad([image(8, 8), image(10, 6)])
    figure = sizes.padded_batches({"one": (batch, mask), "two": (batch, mask)})
    drawn = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    assert len(drawn) == 4
    for pixels, own in zip(drawn, [*mask[:, 0], *mask[:, 0]], strict=True):
        assert np.allclose(pixels[own], 200 / 255) and np.allclose(pixels[~own], sizes.ORANGE)
    with pytest.raises(ValueError, match=r"'one': expected a batch and a mask of one shape"):
        sizes.padded_batches({"one": (batch, mask[..., :5])})


def test_a_frame_marks_the_images_own_pixels():
    figure = sizes.padded_maps(torch.zeros(16, 16), {"m": torch.ones(8, 8)}, (10, 12), vmax=2)
    frames = [ax.patches[0] for ax in figure.axes[:2]]
    assert [(f.get_height(), f.get_width()) for f in frames] == [(10, 12), (5, 6)]
    assert figure.axes[1].images[0].get_clim() == (0, 2)


def test_a_tone_curve_and_an_image_before_and_after_it():
    figure = sizes.tone_curve(data.bend_tone, image(4, 5))
    line = figure.axes[0].lines[1]
    assert list(line.get_ydata()[[0, 128, 255]]) == [0, 64, 255]
    before, after = (ax.images[0].get_array() for ax in figure.axes[1:])
    assert (before == 200).all() and (after == 157).all()  # 200 * 200 / 255 = 156.9


def test_shares_of_places_add_up_to_all():
    counts = {(32, "row"): torch.tensor([1, 3]), (48, "row"): torch.tensor([2, 2, 4])}
    figure = sizes.shares_of_places(counts)
    assert [ax.get_title() for ax in figure.axes] == ["side 32", "side 48"]
    shares = [ax.patches[0].get_data().values for ax in figure.axes]
    np.testing.assert_allclose(shares[0], [25, 75])
    np.testing.assert_allclose(shares[1], [25, 25, 50])
