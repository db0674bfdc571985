"""The pictures of the backward pass show what they are given, and refuse what is wrong."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers.drawing.backward import (
    computation_graph,
    local_derivatives,
    pixel_and_patches,
    turned_kernel,
)

IMAGE = torch.arange(12.0).reshape(3, 4)
PATCHES = F.unfold(IMAGE[None, None], 2)[0].T
ENTRIES = [(0, 3), (1, 2), (3, 1), (4, 0)]


def written(figure) -> list[str]:
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_the_graph_names_every_tensor_and_its_gradient():
    text = " ".join(written(computation_graph()))
    for name in ("$X$", "{U}$", "{W}$", "$b$", "{Y}'$", "$Y$"):
        assert name in text
    assert text.count("nabla") == 6


def test_local_derivatives_share_one_colour_scale():
    figure = local_derivatives(np.eye(4), -3 * np.eye(6))
    left, right = (ax.images[0] for ax in figure.axes[:2])
    assert left.get_clim() == right.get_clim() == (-3, 3)
    with pytest.raises(ValueError, match=r"matrix, got shape \(2, 2, 2\)"):
        local_derivatives(np.zeros((2, 2, 2)), np.eye(2))


def test_pixel_and_patches_draws_every_number():
    figure = pixel_and_patches(IMAGE, PATCHES, PATCHES, IMAGE, ENTRIES, (2, 2))
    numbers = [text for text in written(figure) if text.isdigit()]
    axes = 2 * (5 + 3)  # p = 1 ... 5 and k = 1 ... 3, beside both matrices
    assert len(numbers) == len(ENTRIES) * 12 + 2 * PATCHES.numel() + 12 + axes


def test_pixel_and_patches_refuses_entries_of_several_pixels_and_other_shapes():
    with pytest.raises(ValueError, match=r"must read one pixel.*\(1, 1\), \(0, 0\)"):
        pixel_and_patches(IMAGE, PATCHES, PATCHES, IMAGE, [(0, 3), (0, 0)], (2, 2))
    with pytest.raises(ValueError, match="no patches of shape"):
        pixel_and_patches(IMAGE, PATCHES.T, PATCHES, IMAGE, ENTRIES, (2, 2))


def test_turned_kernel_turns_the_kernel():
    figure = turned_kernel([[5, 6], [7, 8]], [[1, 2], [3, 4]], np.zeros((3, 3)), (1, 1))
    numbers = [text for text in written(figure) if text.isdigit()]
    assert numbers[:8] == ["1", "2", "3", "4", "4", "3", "2", "1"]
    assert len(numbers) == 4 + 4 + 16 + 4 + 9
    with pytest.raises(ValueError, match=r"no output of shape \(1, 2\)"):
        turned_kernel([[5, 6]], [[1, 2], [3, 4]], np.zeros((3, 3)), (1, 1))
