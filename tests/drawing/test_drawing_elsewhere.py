"""Conventions beside each other: all values are drawn, the bright pixel is framed."""

import numpy as np
import pytest
from drawn import labels

from helpers.drawing import elsewhere

OUTPUT = [[0, 0, 0], [0, 1, 2], [0, 3, 4]]


def test_responses():
    figure = elsewhere.responses(
        {"one": [OUTPUT, OUTPUT], "two": [OUTPUT, None]}, (1, 1), ["3×3", "2×2"]
    )
    drawn = labels(figure)
    assert [drawn.count(word) for word in ("4", "refused", "one", "3×3")] == [3, 1, 1, 1]
    frames = [patch for patch in figure.axes[0].patches if patch.get_linewidth() == 2.4]
    offsets = {
        tuple(np.round(np.subtract(f.get_xy(), frames[0].get_xy()), 6).tolist()) for f in frames
    }
    assert len(frames) == 3 and offsets == {(0, 0), (0, 3.7), (4, 0)}
    with pytest.raises(ValueError, match="'one' has 1 outputs: expected 2"):
        elsewhere.responses({"one": [OUTPUT]}, (1, 1), ["a", "b"])


def test_centres():
    figure = elsewhere.centres(6, {"a": [0, 2, 4], "b": [1, 3, 5]})
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert len(points) == 6
    assert points[3].get_xdata()[0] - points[0].get_xdata()[0] == 1
    with pytest.raises(ValueError, match=r"'a' has the middles \[6\]: expected 0 to 5"):
        elsewhere.centres(6, {"a": [6]})


def test_borders():
    drawn = labels(elsewhere.borders({"zeros": [0, 0], "copies": [1, 1]}, [1, 2, 3]))
    assert drawn == ["1", "2", "3", "0", "0", "zeros", "1", "2", "3", "1", "1", "copies"]
    with pytest.raises(ValueError, match=r"as many values in every kind, got \[1, 2\]"):
        elsewhere.borders({"a": [1], "b": [1, 2]}, [1, 2])
