"""The drawings of lesson 01 show what they are given, and refuse what does not fit together."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from drawn import labels

from helpers.drawing import convolution, maps

IMAGE = np.arange(20.0).reshape(4, 5)
KERNEL = np.array([[1.0, 0], [0, -1]])
OUTPUT = IMAGE[:3, :4] - IMAGE[1:, 1:]


def test_one_window_shows_the_products_and_their_sum():
    figure = convolution.one_window([[2, 3], [4, 5]], [[1, 10], [100, 1]])
    assert {"30", "400", "437", "window", "sum"} <= set(labels(figure))
    with pytest.raises(ValueError, match=r"window \(2, 2\), kernel \(2, 3\)"):
        convolution.one_window(np.ones((2, 2)), np.ones((2, 3)))


def test_marked_windows():
    figure = convolution.marked_windows(IMAGE, KERNEL, OUTPUT, [(0, 0), (2, 3)])
    marked = [p for p in figure.axes[0].patches if p.get_linewidth() == 2]
    assert [(p.get_width(), p.get_height()) for p in marked] == [(2, 2), (2, 2), (1, 1), (1, 1)]
    with pytest.raises(ValueError, match=r"\(3, 0\) lies outside"):
        convolution.marked_windows(IMAGE, KERNEL, OUTPUT, [(3, 0)])


def test_sliding_shows_the_output_as_far_as_it_is_computed():
    figure = convolution.sliding(IMAGE, OUTPUT, 2, [(1, 0)])
    written = labels(figure)
    assert written.count("-6") == 4 + 1  # the first row of the output and the step itself
    assert written.count("") == OUTPUT.size - 5
    with pytest.raises(ValueError, match=r"step \(0, 4\) lies outside"):
        convolution.sliding(IMAGE, OUTPUT, 2, [(0, 4)])


def test_window_counts_mark_what_no_window_reads():
    figure = convolution.window_counts({"counts": (np.array([[1, 2], [0, 0]]), 0)})
    marked = [p for p in figure.axes[0].patches if p.get_linewidth() == 2]
    assert len(marked) == 2 and "counts" in labels(figure)
    with pytest.raises(ValueError, match="empty"):
        convolution.window_counts({})


def test_windows_on_a_row_counts_windows_and_pixels_left_over():
    figure = convolution.windows_on_a_row(8, 3, [(1, 0, 1), (3, 0, 1), (2, 1, 1), (1, 0, 2)])
    titles = [ax.get_title().split("\n")[-1] for ax in figure.axes[:4]]
    assert titles == [
        f"{n} windows, {over} left over" for n, over in [(6, 0), (2, 2), (4, 1), (4, 0)]
    ]
    with pytest.raises(ValueError, match="does not fit"):
        convolution.windows_on_a_row(4, 3, [(1, 0, 2)])


def test_channels():
    image, kernel = np.stack([IMAGE, IMAGE]), np.stack([KERNEL, KERNEL])
    figure = convolution.channels(image, kernel, np.stack([OUTPUT, OUTPUT]), 2 * OUTPUT)
    assert labels(figure).count("-12") == OUTPUT.size
    with pytest.raises(ValueError, match="2, 1 and 1 channels"):
        convolution.channels(image, kernel[:1], OUTPUT[None], OUTPUT)


def test_weights_in_memory():
    figure = convolution.weights_in_memory(np.arange(100, 136).reshape(2, 3, 2, 3))
    assert all(labels(figure).count(str(n)) == 2 for n in range(100, 136))  # kernels and matrix
    with pytest.raises(ValueError, match=r"\(O, C, k_h, k_w\)"):
        convolution.weights_in_memory(np.ones((2, 3)))


def test_maps_are_grey_or_signed():
    figure, (grey, signed) = plt.subplots(1, 2)
    maps.draw_map(grey, np.array([[0.0, 2]]))
    maps.draw_map(signed, np.array([[-3.0, 2]]))
    assert grey.images[0].get_clim() == (0, 2) and grey.images[0].get_cmap().name == "gray"
    assert signed.images[0].get_clim() == (-3, 3)
    with pytest.raises(ValueError, match="height, width"):
        maps.draw_map(grey, np.ones(3))


def test_rows_of_maps():
    assert len(maps.kernel_on_image(IMAGE, KERNEL, OUTPUT).axes) == 3
    assert len(maps.map_row({"a": IMAGE, "b": OUTPUT}).axes) == 2
    with pytest.raises(ValueError, match="empty"):
        maps.map_row({})


def test_kernels_on_images():
    kernels, images = {"one": KERNEL, "two": KERNEL}, np.stack([IMAGE] * 3)
    figure = maps.kernels_on_images(kernels, images, np.stack([np.stack([OUTPUT] * 2)] * 3))
    assert len(figure.axes) == 4 * 3
    assert [ax.get_title() for ax in figure.axes[:3]] == ["image", "one", "two"]
    with pytest.raises(ValueError, match="3 images and 2 kernels"):
        maps.kernels_on_images(kernels, images, np.stack([np.stack([OUTPUT] * 3)] * 2))
