"""The pictures of the network's backward pass show what they are given, or refuse it."""

import numpy as np
import pytest
import torch
from drawn import labels

from helpers.drawing.network_backward import chain, pool_backward, training_curves
from helpers.networks import FixedNetwork

IMAGE = np.arange(20.0).reshape(4, 5)  # the last column is in no window
OUTPUT = np.array([[6.0, 8.0], [16.0, 18.0]])
PLACES = [(1, 1), (1, 3), (3, 1), (3, 3)]


def test_the_chain_has_the_steps_and_shapes_of_the_network():
    words = labels(chain())
    assert [words.count(name) for name in ("convolution", "max pool", "ReLU", "linear")] == [
        3,
        3,
        3,
        1,
    ]
    network, shapes = FixedNetwork(), []
    for layer in (network.conv1, network.conv2, network.conv3):
        layer.register_forward_hook(lambda layer, _, output: shapes.append(output))
    network(torch.zeros(1, 1, 28, 28))
    for output in shapes:
        assert f"{output.shape[1]}×{output.shape[2]}²" in words
    assert str(network.linear.in_features) in words and str(network.linear.out_features) in words


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


def test_training_curves():
    mistakes = {"none": [3.0, 1.0, 2.0], "a mistake": [3.0, 3.0, 0.0]}
    figure = training_curves([1.0, 0.5], [1.0, 0.5], mistakes, window=2)
    left, right = figure.axes
    assert [list(line.get_ydata()) for line in left.lines] == [[1, 0.5], [1, 0.5]]
    assert [list(line.get_ydata()) for line in right.lines] == [[3, 2, 1.5], [3, 3, 1.5]]
    assert [text.get_text() for text in right.get_legend().texts] == ["no mistake", "a mistake"]
    with pytest.raises(ValueError, match="got 2 and 1"):
        training_curves([1.0, 0.5], [1.0], mistakes)
