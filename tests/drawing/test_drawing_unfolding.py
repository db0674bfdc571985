"""The drawings of lesson 02 show what they are given, and refuse what does not fit together."""

import numpy as np
import pytest
import torch
from drawn import labels

from helpers import conv
from helpers.drawing import unfolding

IMAGE = torch.arange(24.0).reshape(2, 3, 4)
COLUMNS = conv.unfold(IMAGE, 2)


def marked(figure):
    patches = [p for p in figure.axes[0].patches if p.get_linewidth() == 2]
    return [(p.get_width(), p.get_height()) for p in patches]


def test_one_patch_is_marked_in_each_channel():
    figure = unfolding.patches_as_columns(IMAGE, COLUMNS, (2, 2), marked=[3])
    assert marked(figure) == [(2, 2), (2, 2), (1, 4), (1, 4)]
    assert "$c, u, v = 1,0,1$    $k=5$" in labels(figure) and "1,2" in labels(figure)


def test_patches_of_one_channel():
    figure = unfolding.patches_as_columns(IMAGE[:1], COLUMNS[:4], (2, 2), marked=[0, 4])
    assert marked(figure) == [(2, 2), (2, 2), (1, 4), (1, 4)]
    assert "image" in labels(figure)


def test_patches_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"expected \(8, 6\)"):
        unfolding.patches_as_columns(IMAGE, COLUMNS[:, :5], (2, 2))
    with pytest.raises(ValueError, match="one marked patch"):
        unfolding.patches_as_columns(IMAGE, COLUMNS, (2, 2), marked=[0, 1])
    with pytest.raises(ValueError, match=r"expected \(4, 6\)"):
        list(unfolding.unfolding_steps(IMAGE[0], COLUMNS, (2, 2)))


def test_columns_fill_one_patch_at_a_time():
    steps = list(unfolding.unfolding_steps(IMAGE[0], COLUMNS[:4], (2, 2)))
    assert [labels(step).count("") for step in steps] == [20, 16, 12, 8, 4, 0]
    assert "$p = y \\cdot 3 + x = 5$" in labels(steps[-1])


def test_heat_maps():
    figure = unfolding.heat_maps({"a": np.eye(2), "b": np.eye(3)}, labels=("row", "column"))
    assert [ax.get_title() for ax in figure.axes] == ["a", "b"]
    assert figure.axes[1].get_xlabel() == "column" and labels(figure).count("1") == 5
    assert not unfolding.heat_maps({"a": np.eye(2)}).axes[0].get_xticks().size
    with pytest.raises(ValueError, match="empty"):
        unfolding.heat_maps({})


def test_window_in_memory():
    figure = unfolding.window_in_memory(np.arange(20).reshape(4, 5), (2, 3), 1, 2)
    assert marked(figure) == [(3, 2), (3, 1), (3, 1)]
    assert "first value at address $5 \\cdot 1 + 2 = 7$," in labels(figure)
    with pytest.raises(ValueError, match="sticks out"):
        unfolding.window_in_memory(np.arange(20).reshape(4, 5), (2, 3), 1, 3)


def test_one_product():
    X, weight = torch.arange(18.0).reshape(2, 1, 3, 3), torch.arange(100.0, 108).reshape(2, 1, 2, 2)
    U = conv.unfold(X, 2).transpose(1, 2).flatten(0, 1)
    W = weight.flatten(1).T
    flat, Y = U @ W, conv.conv2d(X, weight)
    figure = unfolding.one_product(X, U, W, flat, Y)
    assert {"$X$  (2, 1, 3, 3)", r"$\mathbf{U}$  (8, 4)", "$o=1$", "107"} <= set(labels(figure))
    assert all(labels(figure).count(f"{value:g}") >= 2 for value in Y.flatten().tolist())
    with pytest.raises(ValueError, match="do not fit together"):
        unfolding.one_product(X, U, W, flat[:, :1], Y)


def test_fold_matrix():
    basis = torch.eye(12).reshape(12, 1, 3, 4)
    matrix = conv.unfold(basis, 2).reshape(12, -1).T
    figure = unfolding.fold_matrix(matrix)
    assert np.array_equal(figure.axes[0].images[0].get_array(), matrix.T)
    assert labels(figure) == ["1", "2", "2", "1", "2", "4", "4", "2", "1", "2", "2", "1"]
    with pytest.raises(ValueError, match="a single 1"):
        unfolding.fold_matrix(matrix.T)
