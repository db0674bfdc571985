"""Rows of digits and the four kinds of map: they draw what they are given, and refuse the rest."""

import numpy as np
import pytest
import torch

from helpers.drawing import affine


def picture():
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 2, 6] = 1.0
    return image


def test_rows_of_digits_have_labels_and_titles():
    images = torch.rand(6, 28, 28, generator=torch.Generator().manual_seed(0))
    titles = [["a", "b", "c"], ["d", "e", "f"]]
    figure = affine.digit_rows([images[:3], images[3:]], labels=["x", "y"], titles=titles)
    assert [ax.get_title() for ax in figure.axes] == list("abcdef")
    assert [ax.get_ylabel() for ax in figure.axes] == ["x", "", "", "y", "", ""]
    drawn = [np.asarray(ax.images[0].get_array()) for ax in figure.axes]
    assert np.array_equal(drawn, images.numpy())


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"rows of one length, got \[2, 1\]"):
        affine.digit_rows([[picture()[0, 0]] * 2, [picture()[0, 0]]])


@pytest.mark.parametrize(
    ("kind", "amount", "place"), [("rotation", 90, (2, 2)), ("shift", -3, (2, 3))]
)
def test_moved(kind, amount, place):
    result = affine.moved(picture(), kind, amount)
    expected = torch.zeros(9, 9)
    expected[place] = 1.0
    torch.testing.assert_close(result[0, 0], expected, atol=1e-5, rtol=0)


def test_kinds_leave_the_middle_picture_as_it_is():
    figure = affine.affine_kinds(picture())
    drawn = [ax for ax in figure.axes if ax.images]
    assert len(drawn) == 20
    for ax in drawn[2::5]:
        np.testing.assert_allclose(ax.images[0].get_array(), picture()[0, 0], atol=1e-6)
    with pytest.raises(ValueError, match="unknown kind of map 'flip', expected one of"):
        affine.moved(picture(), "flip", 1)
