"""The drawings of the lesson on the baseline draw what they are given and refuse the rest."""

import numpy as np
import pytest

from helpers.drawing import digits


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts if text.get_text()]


def corners(figure):
    """Return (left, top) of every image drawn, in the order of drawing."""
    return [(image.get_extent()[0], image.get_extent()[3]) for image in figure.axes[0].images]


@pytest.mark.parametrize("n", [6, 5])
def test_digit_grid(n):
    images = np.arange(n * 4, dtype=np.uint8).reshape(n, 2, 2)
    figure = digits.digit_grid(images, columns=3)
    drawn = figure.axes[0].images
    assert [image.get_array().tolist() for image in drawn] == images.tolist()
    assert all(image.get_clim() == (0, 255) for image in drawn)
    places = corners(figure)
    assert places[0][1] == places[2][1] < places[3][1] and places[0][0] == places[3][0]
    height, width = figure.axes[0].get_ylim()[0], figure.axes[0].get_xlim()[1]
    assert all(x + 1 <= width and y + 1 <= height + 1e-9 for x, y in places)


@pytest.mark.parametrize("titles", [["a", "b", "c"], list("abcdef"), range(3)])
def test_digit_grid_titles(titles):
    figure = digits.digit_grid(np.zeros((6, 2, 2)), titles, columns=3)
    assert texts(figure) == [str(title) for title in titles]
    assert figure.axes[0].images[0].get_clim() == (0, 1)


@pytest.mark.parametrize(
    ("shape", "titles", "message"),
    [((2, 2), [], "got the shape"), ((0, 2, 2), [], "got the shape"), ((4, 2, 2), "abc", "got 3")],
)
def test_digit_grid_refuses(shape, titles, message):
    with pytest.raises(ValueError, match=message):
        digits.digit_grid(np.zeros(shape), titles, columns=2)


def test_network_boxes():
    figure = digits.network_boxes([(1, 8, 8), (4, 4, 4), (10,)], ["block", "linear"])
    assert sorted(texts(figure)) == sorted(["1×8×8", "4×4×4", "10", "block", "linear"])
    first, second, _ = figure.axes[0].patches[:3]
    assert first.get_height() == 2 * second.get_height() and first.get_width() < second.get_width()
    with pytest.raises(ValueError, match="got 1 steps"):
        digits.network_boxes([(1, 8, 8), (4, 4, 4), (10,)], ["block"])


def test_mistakes():
    confusion = np.array([[8, 2], [0, 5]])
    figure = digits.mistakes(confusion)
    assert texts(figure) == ["2"]  # neither the diagonal nor the zero
    assert [bar.get_width() for bar in figure.axes[1].patches] == [20, 0]
    with pytest.raises(ValueError, match=r"got the shape \(2, 3\)"):
        digits.mistakes(np.zeros((2, 3)))


def test_kernels_and_outputs():
    kernels = np.array([[[1.0, -2.0]], [[3.0, 0.0]], [[0.0, 1.0]]])
    figure = digits.kernels_and_outputs(kernels, np.ones((3, 4, 4)), columns=2)
    assert texts(figure) == ["0", "1", "2"]
    limits = [image.get_clim() for image in figure.axes[0].images[::2]]
    assert limits == [(-2, 2), (-3, 3), (-1, 1)]
    places = corners(figure)
    assert places[1][0] == places[0][0] and places[1][1] > places[0][1]  # below its kernel
    with pytest.raises(ValueError, match="each of 3 kernels, got 2"):
        digits.kernels_and_outputs(kernels, np.ones((2, 4, 4)))
