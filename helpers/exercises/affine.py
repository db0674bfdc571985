"""Checks of the exercises of lesson 08: affine maps, their order, resampling."""

import math

import torch
from torch import Tensor

from helpers.exercises.cases import random
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_values


# ---------------------------------------------------------------------------------- 8.1: a rotation
def _rotation(degrees: float, centre: tuple[float, float], wrong=frozenset()) -> Tensor:
    angle = degrees if "radians" in wrong else math.radians(degrees)
    angle = -angle if "clockwise" in wrong else angle
    cos, sin = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]], dtype=torch.float64)
    x, y = centre[::-1] if "order" in wrong else centre
    there, back = torch.eye(3).double(), torch.eye(3).double()
    there[:2, 2], back[:2, 2] = torch.tensor([-x, -y]), torch.tensor([x, y])
    if "origin" in wrong:
        return turn
    if "not back" in wrong:
        return turn @ there
    if "reversed" in wrong:
        return there @ turn @ back
    return back @ turn @ there


_ROTATION_WORDS = {
    "clockwise": "it turns clockwise. Since y points down, counter-clockwise is "
    "[[cos, sin], [-sin, cos]].",
    "radians": "`math.sin` and `math.cos` take radians; the angle is in degrees.",
    "origin": "it turns about the point (0, 0), the corner of the image, and not about the centre.",
    "not back": "the centre is moved to (0, 0) and not moved back afterwards.",
    "reversed": "the two shifts are exchanged: first the centre goes to (0, 0), and back at the "
    "end. The map that comes first stands on the right.",
    "order": "x and y of the centre are exchanged. A point is (x, y, 1).",
}


def check_rotation(function) -> None:
    """Exercise 8.1: ``rotation(degrees, centre)``, a 3x3 matrix for points (x, y, 1), y down."""

    def rotation(degrees, centre):
        return _rotation(degrees, centre)

    cases = [
        (90, (0.0, 0.0)),
        (30, (0.0, 0.0)),
        (90, (2.0, 2.0)),
        (-45, (4.0, 1.5)),
        (10, (13.5, 6.0)),
    ]
    mistakes = switches(_rotation, _ROTATION_WORDS)
    judge(function, Task("rotation", rotation, cases, mistakes, axes=("row", "column")))


# ------------------------------------------------------------------------------- 8.2: maps in a row
def _move(points: Tensor, maps: list[Tensor], wrong=frozenset()) -> Tensor:
    total = torch.eye(3).double()
    for one in reversed(maps) if "order" in wrong else maps:
        total = (one.T if "transposed" in wrong else one) @ total
    if "inverse" in wrong:
        total = torch.linalg.inv(total)
    if "first" in wrong:
        total = maps[0]
    last = torch.zeros(len(points), 1) if "direction" in wrong else torch.ones(len(points), 1)
    moved = torch.cat([points, last.double()], 1) @ total.T
    return moved if "three" in wrong else moved[:, :2]


_MOVE_WORDS = {
    "order": "the maps are applied in reverse order. The first map of the list comes first, so "
    "it stands on the right of the product.",
    "direction": "the shifts have no effect. A point has a third coordinate, 1.",
    "transposed": "the matrices are transposed. A map M moves a point p to M p; points that are "
    "rows are multiplied by the transpose of M from the right.",
    "inverse": "the points go the other way: that is the inverse map.",
    "first": "only the first map is applied.",
    "three": "the third coordinate is still there. Return x and y only.",
}


def check_move(function) -> None:
    """Exercise 8.2: ``move(points, maps)``, points (n, 2) through a list of 3x3 matrices."""

    def move(points, maps):
        return _move(points, maps)

    shift, stretch = torch.eye(3).double(), torch.diag(torch.tensor([2.0, 0.5, 1.0])).double()
    shift[:2, 2] = torch.tensor([3.0, -1.0])
    turn = _rotation(90, (0.0, 0.0)).round()
    points = torch.tensor([[1.0, 0.0], [0.0, 2.0]]).double()
    cases = [(points, [turn]), (points, [shift]), (points, [turn, shift])]
    cases += [
        (random(4, 2), [shift, stretch, turn]),
        (random(3, 2, seed=1), [stretch, turn, shift, turn]),
    ]
    mistakes = switches(_move, _MOVE_WORDS)
    judge(function, Task("move", move, cases, mistakes, axes=("point", "coordinate")))


# ----------------------------------------------------------------------- 8.3: one resampling or two
def check_resampling(answers) -> int:
    """Exercise 8.3: a row with one bright pixel, moved by linear interpolation; 3 points."""
    expected = {"half": [0, 0, 4, 4, 0], "half twice": [0, 0, 2, 4, 2], "one": [0, 0, 0, 8, 0]}
    left = "the row was moved to the left."
    whole = "that is the nearest pixel. Halfway, a pixel is the mean of its two neighbours."
    mistakes = {
        "half": {
            left: [0, 4, 4, 0, 0],
            whole: [0, 0, 0, 8, 0],
            "the row was not moved.": [0, 0, 8, 0, 0],
            "a mean is half the sum: interpolation does not make light.": [0, 0, 8, 8, 0],
        },
        "half twice": {
            left: [2, 4, 2, 0, 0],
            "two resamplings are not one: each of them takes a mean of neighbours.": [
                0,
                0,
                0,
                8,
                0,
            ],
            "that is after the first move.": [0, 0, 4, 4, 0],
            "that is the move by a half, twice as wide. Take the mean of neighbours of the row "
            "(0, 0, 4, 4, 0).": [0, 0, 0, 4, 4],
        },
        "one": {
            left: [0, 8, 0, 0, 0],
            "a move by a whole pixel needs no interpolation.": [0, 0, 4, 4, 0],
            "that is what two moves by a half give. One move resamples once.": [0, 0, 2, 4, 2],
        },
    }
    return judge_values(answers, expected, mistakes)


# -------------------------------------------------------------------------------- 8.4: push or pull
def _warp(image: Tensor, matrix: Tensor, wrong=frozenset()) -> Tensor:
    height, width = image.shape
    result = torch.zeros_like(image)
    inverse = matrix if "not inverted" in wrong else torch.linalg.inv(matrix)
    for y in range(height):
        for x in range(width):
            place = torch.tensor([x, y, 1.0]).double()
            if "exchanged" in wrong:
                place = torch.tensor([y, x, 1.0]).double()
            source = ((matrix if "push" in wrong else inverse) @ place)[:2]
            source = source.floor() if "floor" in wrong else source
            u, v = (source if "cut" in wrong else source.round()).int().tolist()
            if "exchanged" in wrong:
                u, v = v, u
            if "clamp" in wrong:
                u, v = min(max(u, 0), width - 1), min(max(v, 0), height - 1)
            if 0 <= u < width and 0 <= v < height:
                if "push" in wrong:
                    result[v, u] = image[y, x]
                else:
                    result[y, x] = image[v, u]
            elif "wrap" in wrong:
                result[y, x] = image[v % height, u % width]
    return result


_WARP_WORDS = {
    "push": "the pixels are pushed: where the image grows, no pixel lands in some places, and "
    "holes are left. Ask for each pixel of the result where it comes from.",
    "not inverted": "the map is used where its inverse is needed: it says where a pixel goes, and "
    "here we ask where it comes from.",
    "floor": "the position is rounded down. The nearest pixel is asked for: `round`.",
    "cut": "the digits behind the point are cut off. The nearest pixel is asked for: `round`.",
    "clamp": "what comes from outside the image repeats the border. It has to be 0.",
    "wrap": "what comes from outside the image comes in on the other side. A negative index "
    "counts from the end: test for it.",
    "exchanged": "x and y are exchanged. The map takes (x, y, 1), an image is indexed [y, x].",
}


def check_warp(function) -> None:
    """Exercise 8.4: ``warp(image, matrix)``, the nearest pixel, 0 from outside."""

    def warp(image, matrix):
        return _warp(image, matrix)

    def about_centre(linear, size):
        x, y = (size[1] - 1) / 2, (size[0] - 1) / 2
        there, back, turn = torch.eye(3).double(), torch.eye(3).double(), torch.eye(3).double()
        there[:2, 2], back[:2, 2] = torch.tensor([-x, -y]), torch.tensor([x, y])
        turn[:2, :2] = torch.tensor(linear).double()
        return back @ turn @ there

    shift = torch.eye(3).double()
    shift[0, 2], shift[1, 2] = 2, -1
    cases = [(random(3, 3), torch.eye(3).double()), (random(4, 6), shift)]
    linear = {"turn": [[0.0, 1.0], [-1.0, 0.0]], "grow": [[3.0, 0.0], [0.0, 1.7]]}
    linear["lean"] = [[0.9, 0.35], [-0.4, 1.1]]
    sizes = {"turn": (5, 5), "grow": (7, 5), "lean": (6, 9)}
    cases += [(random(*sizes[k], seed=4) + 6, about_centre(linear[k], sizes[k])) for k in linear]
    mistakes = switches(_warp, _WARP_WORDS)
    judge(function, Task("warp", warp, cases, mistakes, axes=("row", "column")))
