"""Layers with one mistake each: which check notices which."""

import pytest
import torch
from tensors import arguments, close
from torch.nn import functional as F

from helpers.checks import ADVERSARIAL
from helpers.exercises.mutants import CHECKS, MUTANTS, SQUARE, Mutant, caught

# one letter a check, in the order of CHECKS: y for noticed
NOTICED = {
    "gradient of the weight returned as (K, O)": "yyyyy",
    "random weights in the forward pass": "-yyyy",
    "last row and column never computed": "-yyyy",
    "gradients divided by the batch": "-yyyy",
    "fold divided by the counts": "-yyyy",
    "kernel turned in fold": "-yyyy",
    "reshape without a permute, backward": "--yyy",
    "sum of U for the gradient of W": "--yyy",
    "width taken from the height": "-y-yy",
    "pairs read as (width, height)": "----y",
    "fold for 3×3 and padding 1 only": "----y",
    "stride forgotten in fold": "----y",
    "pixels left over not cut off": "----y",
    "all gradients computed, needed or not": "-----",
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_which_check_notices_which_mistake(mutant):
    noticed = caught(mutant)
    assert list(noticed) == list(CHECKS)
    assert "".join("y" if yes else "-" for yes in noticed.values()) == NOTICED[mutant.name]


def test_no_check_complains_of_a_right_layer():
    assert not any(caught(F.conv2d).values())
    assert not any(caught(Mutant("right")).values())


@pytest.mark.parametrize("shape", ADVERSARIAL, ids=str)
def test_a_layer_without_a_mistake_is_torchs(shape):
    right, theirs = arguments(shape), arguments(shape)
    ours = Mutant("right")(*right, shape.stride, shape.padding)
    expected = F.conv2d(*theirs, shape.stride, shape.padding)
    close(ours, expected)
    upstream = torch.ones_like(expected)
    pairs = zip(
        torch.autograd.grad(ours, right, upstream),
        torch.autograd.grad(expected, theirs, upstream),
        strict=True,
    )
    for our, their in pairs:
        close(our, their)


def test_the_square_layer_is_square_and_plain():
    assert SQUARE.size[0] == SQUARE.size[1] and SQUARE.stride == (1, 1)
