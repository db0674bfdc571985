"""The definitions of lesson 02 behave as those of ``helpers.conv``."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lesson import definitions
from tensors import close, random

from helpers import conv
from helpers.checks import ADVERSARIAL

lesson = definitions("02_unfolding")


def pairs(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high))


@pytest.mark.parametrize("case", ADVERSARIAL, ids=str)
def test_adversarial_shapes(case):
    input = random(case.batch, case.in_channels, *case.size)
    weight = random(case.out_channels, case.in_channels, *case.kernel_size)
    bias = random(case.out_channels)
    arguments = (input, weight, bias, case.stride, case.padding)
    close(lesson.conv2d_by_product(*arguments), conv.conv2d(*arguments))
    close(lesson.conv2d_by_product(*arguments), conv.naive_conv2d(*arguments))
    naive = (input, case.kernel_size, case.stride, case.padding)
    close(lesson.naive_unfold(*naive), conv.naive_unfold(*naive), 0)


@given(
    st.integers(1, 2),
    st.integers(1, 3),
    pairs(1, 7),
    pairs(1, 4),
    pairs(1, 2),
    pairs(0, 2),
    pairs(1, 3),
)
def test_unfold_and_fold(n, channels, size, kernel_size, dilation, padding, stride):
    sides = zip(size, kernel_size, dilation, padding, strict=True)
    assume(all(d * (k - 1) + 1 <= h + 2 * p for h, k, d, p in sides))
    input, arguments = random(n, channels, *size), (kernel_size, dilation, padding, stride)
    columns = conv.unfold(input, *arguments)
    close(lesson.unfold(input, *arguments), columns, 0)
    columns = random(*columns.shape)
    close(lesson.fold(columns, size, *arguments), conv.fold(columns, size, *arguments), 0)
    if dilation == (1, 1):
        naive = lesson.naive_unfold(input, kernel_size, stride, padding)
        close(naive, conv.naive_unfold(input, kernel_size, stride, padding), 0)


def test_numbers_stand_for_pairs():
    input = random(2, 3, 9, 8)
    columns = conv.unfold(input, 3, 2, 1, 2)
    close(lesson.unfold(input, 3, 2, 1, 2), columns, 0)
    close(lesson.fold(columns, (9, 8), 3, 2, 1, 2), conv.fold(columns, (9, 8), 3, 2, 1, 2), 0)
    close(lesson.naive_unfold(input, 3, 2, 1), conv.naive_unfold(input, 3, 2, 1), 0)


def test_covering_patches():
    counts = lesson.covering_patches((5, 6), 3, padding=1)[0, 0]
    assert counts[0, 0] == 4
    assert counts[0, 1] == counts[1, 0] == 6
    assert counts[1, 1] == 9
