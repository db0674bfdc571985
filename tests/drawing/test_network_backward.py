"""The pictures of the network's backward pass show what they are given, or refuse it."""

import numpy as np
import pytest
from drawn import labels

from helpers.drawing.network_backward import Step, chain, pool_backward

IMAGE = np.arange(20.0).reshape(4, 5)  # the last column is in no window
OUTPUT = np.array([[6.0, 8.0], [16.0, 18.0]])
PLACES = [(1, 1), (1, 3), (3, 1), (3, 3)]


def test_the_chain_names_every_step_and_every_shape():
    rows = [[Step("a", "x", "f", "2×3"), Step("b", "y", "g", "4")], [Step("c", "", "h", "5")]]
    words = [word for word in labels(chain("1×1", rows)) if word]  # arrows have no words
    assert sorted(words) == sorted("a x f b y g c h 1×1 2×3 4 5".split())


@pytest.mark.parametrize("rows", [[], [[]]])
def test_the_chain_refuses_no_steps(rows):
    with pytest.raises(ValueError, match="at least one step"):
        chain("1×1", rows)


def test_pool_backward_draws_every_number_and_marks_the_places():
    figure = pool_backward(IMAGE, OUTPUT, -OUTPUT, np.zeros((4, 5)), PLACES)
    numbers = [word for word in labels(figure) if word.lstrip("-").isdigit()]
    assert len(numbers) == 20 + 4 + 4 + 20
    assert numbers.count("-16") == 1
    filled = [patch for patch in figure.axes[0].patches if patch.get_alpha() == 0.25]
    assert len(filled) == 4 + 4 + 4  # windows, and the chosen entries twice


def test_pool_backward_refuses_other_shapes_and_places():
    with pytest.raises(ValueError, match=r"do not have the shapes \(4, 5\), \(2, 2\), \(2, 3\)"):
        pool_backward(IMAGE, OUTPUT, np.zeros((2, 3)), IMAGE, PLACES)
    with pytest.raises(ValueError, match=r"one entry of each window, got \[\(1, 1\)\]"):
        pool_backward(IMAGE, OUTPUT, OUTPUT, IMAGE, PLACES[:1])
