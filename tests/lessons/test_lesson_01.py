"""The definitions of lesson 01 behave as those of ``helpers.conv``."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from lesson import definitions
from tensors import close, random

from helpers import conv
from helpers.checks import ADVERSARIAL
from helpers.conv.arguments import pair

lesson = definitions("01_naive_convolution")


def pairs(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high))


@given(pairs(1, 12), pairs(1, 5), pairs(1, 4), pairs(0, 3), pairs(1, 3))
def test_output_size(size, kernel_size, stride, padding, dilation):
    arguments = (size, kernel_size, stride, padding, dilation)
    try:
        expected = conv.output_size(*arguments)
    except ValueError:  # both refuse a kernel that does not fit
        with pytest.raises(ValueError, match="does not fit"):
            lesson.output_size(*arguments)
    else:
        assert lesson.output_size(*arguments) == expected


@pytest.mark.parametrize("value", [0, 3, (1, 2)])
def test_pair(value):
    assert lesson.pair(value) == pair(value)


def test_numbers_stand_for_pairs():
    assert lesson.output_size(9, 3, 2, 1, 2) == conv.output_size(9, 3, 2, 1, 2)
    input, weight = random(2, 3, 7, 6), random(4, 3, 3, 2)
    close(lesson.naive_conv2d(input, weight, None, 2, 1), conv.conv2d(input, weight, None, 2, 1))


@pytest.mark.parametrize("case", ADVERSARIAL, ids=str)
@pytest.mark.parametrize("with_bias", [True, False])
def test_naive_conv2d(case, with_bias):
    input = random(case.batch, case.in_channels, *case.size)
    weight = random(case.out_channels, case.in_channels, *case.kernel_size)
    bias = random(case.out_channels) if with_bias else None
    arguments = (input, weight, bias, case.stride, case.padding)
    close(lesson.naive_conv2d(*arguments), conv.conv2d(*arguments))
    close(lesson.naive_conv2d(*arguments), conv.naive_conv2d(*arguments))


@pytest.mark.parametrize("case", ADVERSARIAL, ids=str)
def test_seven_loops(case):
    input = random(case.batch, case.in_channels, *case.size)
    weight = random(case.out_channels, case.in_channels, *case.kernel_size)
    arguments = (input, weight, random(case.out_channels), case.stride, case.padding)
    output, multiplications = lesson.seven_loops(*arguments)
    close(output, conv.conv2d(*arguments))
    close(output, lesson.naive_conv2d(*arguments))
    assert multiplications == output.numel() * weight[0].numel()


@given(st.integers(1, 2), st.integers(1, 3), pairs(1, 6), pairs(1, 4), pairs(1, 3), pairs(0, 2))
def test_each_step_on_the_way(n, channels, size, kernel_size, stride, padding):
    assume(all(k <= h + 2 * p for h, k, p in zip(size, kernel_size, padding, strict=True)))
    input, weight = random(n, channels, *size), random(2, channels, *kernel_size)
    expected = conv.naive_conv2d(input, weight, None, stride, padding)
    close(lesson.naive_conv2d(input, weight, None, stride, padding), expected)
    close(lesson.convolve_channels(input[0], weight[1], stride, padding), expected[0, 1])

    image, kernel = input[0, 0], weight[0, 0]
    expected = conv.naive_conv2d(image[None, None], kernel[None, None], None, stride, padding)
    close(lesson.convolve_strided(lesson.pad(image, padding), kernel, stride), expected[0, 0])
    expected = conv.naive_conv2d(image[None, None], kernel[None, None], None, 1, padding)
    close(lesson.convolve_image(lesson.pad(image, padding), kernel), expected[0, 0])


@given(pairs(3, 8), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2))
def test_count_windows(size, kernel_size, stride, padding):
    counts = lesson.count_windows(size, kernel_size, stride, padding)
    ones = torch.ones(1, 1, *counts.shape)
    columns = conv.unfold(ones, kernel_size, 1, 0, stride)
    expected = conv.fold(columns, tuple(counts.shape), kernel_size, 1, 0, stride)
    assert torch.equal(counts, expected[0, 0].long())
