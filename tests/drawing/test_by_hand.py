"""The pictures of the example by hand show what they are given, and refuse what is wrong."""

import io

import numpy as np
import pytest
import torch
from drawn import labels
from PIL import Image
from torch.nn import functional as F

from helpers import example, figures
from helpers.drawing import by_hand, sheet, tensors

X, W, Y, U = example.IMAGE, example.KERNEL, example.OUTPUT, example.PATCHES


def numbers(figure) -> list[str]:
    return [text for text in labels(figure) if text.strip("−.").replace(".", "").isdigit()]


def test_a_number_has_a_minus_sign_and_zero_has_none():
    assert [tensors.number(value) for value in (-1.0, -0.0, 2.5, -0.4)] == [
        "−1",
        "0",
        "2.5",
        "−0.4",
    ]


def test_only_a_matrix_is_drawn():
    with pytest.raises(ValueError, match=r"\$X\$ must be a matrix, got shape \(2,\)"):
        tensors.draw_part(None, tensors.Part([1, 2], "$X$"), (0, 0))


def test_every_window_its_products_and_their_sum():
    shown = numbers(by_hand.windows(X, W, Y))
    assert len(shown) == 4 + 4 * (9 + 4 + 1) + 4
    assert shown[4 + 9 : 4 + 14] == ["1", "4", "0", "−1", "4"]  # the first window
    with pytest.raises(ValueError, match=r"output has shape \(3, 3\), expected \(2, 2\)"):
        by_hand.windows(X, W, X)
    with pytest.raises(ValueError, match="a kernel that fits it"):
        by_hand.windows(W, X, Y)


def test_the_product():
    shown = numbers(by_hand.product(X, U, W, Y))
    assert shown[9:25] == [f"{value:g}" for value in U.flatten().tolist()]
    assert {"$p=0$", "$k=0$", r"$\mathbf{U}$"} <= set(labels(by_hand.product(X, U, W, Y)))
    with pytest.raises(ValueError, match=r"patches has shape \(3, 3\), expected \(4, 4\)"):
        by_hand.product(X, X, W, Y)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_copies_of_the_kernel_add_up_to_the_transposed_convolution(stride):
    grad = example.UPSTREAM
    expected = F.conv_transpose2d(grad[None, None], W[None, None], stride=stride)[0, 0]
    copies = by_hand.stamps(grad, W, stride)
    assert np.allclose(np.nansum(copies, axis=0), expected, atol=1e-12)
    assert [np.isfinite(copy).sum() for copy in copies] == [4] * 4
    equation = by_hand.stamped(grad, W, stride)
    assert np.allclose(equation[-1].values, expected, atol=1e-12)
    assert [part.name for part in equation[:7:2]] == [f"${n} \\cdot W$" for n in (1, 0, 2, -1)]


def test_a_row_for_each_stride():
    figure = by_hand.transposed(example.UPSTREAM, W, (1, 2))
    assert {"stride 1", "stride 2"} <= set(labels(figure))
    assert len(numbers(figure)) == 2 * (4 + 4 * 4) + 9 + 16
    with pytest.raises(ValueError, match="two matrices"):
        by_hand.transposed(example.UPSTREAM[0], W)


@pytest.mark.parametrize("stride, padding, size", [(2, 1, 2), (1, 0, 2), (1, 1, 4)])
def test_the_weight_gradient_with_a_dilated_kernel(stride, padding, size):
    grad = torch.arange(1.0, size * size + 1).reshape(size, size)
    expected = F.conv2d(X[None, None], grad.double()[None, None], None, 1, padding, stride)[0, 0]
    figure = by_hand.dilated(X, grad, (2, 2), stride, padding)
    result = [tensors.number(value) for value in expected.flatten().tolist()]
    assert numbers(figure)[-len(result) :] == result
    with pytest.raises(ValueError, match="output_grad has shape"):
        by_hand.dilated(X, grad[:1], (2, 2), stride, padding)


def test_the_sheet_holds_every_number_of_the_example():
    figure = sheet.page()
    shown = numbers(figure)
    tensors_shown = [v for v in vars(example).values() if isinstance(v, torch.Tensor)]
    every = {tensors.number(value) for tensor in tensors_shown for value in tensor.flatten()}
    every -= {"−0.2"}  # the new bias stands in a line
    assert every <= set(shown)
    text = " ".join(labels(figure))
    for line in ("1·1 + 2·2 + 0·0 + 1·(−1) = 4", "½ (1 + 0 + 4 + 1) = 3", "0 − 0.1 · 2 = −0.2"):
        assert line in text
    assert f"= {example.NEXT_LOSS}" in text
    for name in ("X", "b", "Y"):
        assert rf"${name}^\nabla$" in text


def test_the_sheet_fits_a_page_and_can_be_read():
    """A4 with the report's margins and a caption, not scaled; nothing is below 7 points."""
    figure = sheet.page()
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    assert min(text.get_fontsize() for text in texts) >= 7
    box = figure.axes[0].get_window_extent()
    for text in texts:
        extent = text.get_window_extent()
        assert box.x0 - 1 <= extent.x0 and extent.x1 <= box.x1 + 1, text.get_text()
    (png,) = figures.encode(figure, "png")
    width, height = Image.open(io.BytesIO(png)).size
    assert width / 144 <= 6.31 and height / 144 <= 9.1  # inches
