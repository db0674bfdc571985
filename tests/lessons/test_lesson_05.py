"""The implementations of lesson 05 behave as those of ``helpers`` and torch."""

import itertools

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from lesson import definitions
from tensors import arguments, close, random
from torch.autograd import gradgradcheck
from torch.nn import functional as F

from commands.bench import timing
from commands.bench.convolution import LADDER
from helpers import conv
from helpers.checks import ADVERSARIAL, BENCHMARK_SHAPES, Shape
from helpers.conv.kernels import Geometry, _use_rows
from helpers.memory import saved_bytes

lesson = definitions("05_from_loops_to_hardware")
WIDE = (
    Shape(2, 6, 16, (7, 5), (3, 3), (1, 2), (1, 2)),
    Shape(3, 16, 17, (4, 6), (1, 1), (1, 1), (0, 0)),
    Shape(2, 16, 16, (5, 4), (2, 3), (1, 1), (3, 0)),  # more padding than the kernel needs
    Shape(1, 20, 16, (3, 4), (5, 6), (1, 1), (1, 1)),
)
CASES = ADVERSARIAL + WIDE


def output_and_gradients(convolution, case):
    tensors = arguments(case)
    output = convolution(*tensors, case.stride, case.padding)
    return output, *torch.autograd.grad(output, tensors, random(*output.shape, seed=9))


def same(convolution, other, case):
    pairs = zip(
        output_and_gradients(convolution, case), output_and_gradients(other, case), strict=True
    )
    for actual, expected in pairs:
        close(actual, expected)


@pytest.mark.parametrize("other", [conv.conv2d, F.conv2d], ids=["helpers", "torch"])
@pytest.mark.parametrize("name", ["conv2d", "unfold_product_conv2d", "pixel_conv2d"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_output_and_gradients(case, name, other):
    same(getattr(lesson, name), other, case)


sides = st.tuples(st.integers(1, 6), st.integers(1, 6))
kernels = st.tuples(st.integers(1, 4), st.integers(1, 4))
strides = st.tuples(st.integers(1, 2), st.integers(1, 3))
paddings = st.tuples(st.integers(0, 2), st.integers(0, 2))
channels = st.sampled_from([1, 3, 16, 17])


@given(channels, channels, sides, kernels, strides, paddings)
def test_any_shape(in_channels, out_channels, size, kernel_size, stride, padding):
    assume(all(k <= n + 2 * p for n, k, p in zip(size, kernel_size, padding, strict=True)))
    case = Shape(2, in_channels, out_channels, size, kernel_size, stride, padding)
    same(lesson.conv2d, conv.conv2d, case)


@pytest.mark.parametrize("way", ["rows", "patches"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_ways_on_every_shape(case, way):
    if way == "rows" and case.stride[0] != 1:
        pytest.skip("rows need s_h = 1")
    geometry = lesson.Geometry(*case[3:])
    output, X_grad, W_grad, _ = output_and_gradients(
        lambda X, W, b, *rest: F.conv2d(X, W, None, *rest) + 0 * b.sum(), case
    )
    X, W, _ = (tensor.detach() for tensor in arguments(case))
    G = random(*output.shape, seed=9)
    close(getattr(lesson, f"{way}_convolve")(X, W, geometry), output.detach())
    close(getattr(lesson, f"{way}_input_gradient")(G, W, geometry), X_grad)
    close(getattr(lesson, f"{way}_weight_gradient")(X, G, geometry), W_grad)


@pytest.mark.parametrize("shape", BENCHMARK_SHAPES, ids=str)
def test_the_choice_is_that_of_helpers(shape):
    _, c, o, *size, k, stride, padding = shape
    ours = lesson.Geometry(tuple(size), (k, k), (stride, stride), (padding, padding))
    theirs = Geometry(*ours, (1, 1), 1, ours.output_size)
    by_rows = _use_rows(c, o, theirs)
    assert lesson.use_rows(c, o, ours) == by_rows
    assert lesson.path_of(lesson.Layer(*shape)) == ("rows" if by_rows else "patches")


@pytest.mark.parametrize(("chunk", "largest"), [(1, 1), (20, 2), (30, 3), (100, 5)])
def test_chunks_change_nothing(chunk, largest):
    batch, other = random(5, 2), random(5, 3)
    parts = lesson.in_chunks(
        lambda a, b: torch.cat([a, b], 1), batch, other, copied=50, chunk=chunk
    )
    assert max(map(len, parts)) == largest
    close(torch.cat(parts), torch.cat([batch, other], 1), 0)


@pytest.mark.parametrize("way", ["rows", "patches"])
def test_copied_numbers(way):
    geometry = lesson.Geometry((6, 7), (3, 2), (1, 2), (0, 0))
    X = random(2, 3, 6, 7)
    rows = lesson.row_matrix(X, geometry)
    columns = conv.unfold(X, (3, 2), 1, 0, (1, 2))
    expected = rows if way == "rows" else columns
    assert lesson.copied(2, 3, way == "rows", geometry) == expected.numel()


@pytest.mark.parametrize("case", [CASES[1], CASES[4], WIDE[0]], ids=str)
def test_second_derivatives(case):
    assert gradgradcheck(
        lambda *tensors: lesson.conv2d(*tensors, case.stride, case.padding),
        arguments(case),
        fast_mode=True,
    )


def test_rows_are_fewer_numbers_and_every_patch_is_in_them():
    geometry = lesson.Geometry((6, 7), (3, 2), (1, 2), (1, 0))
    X = random(2, 3, 6, 7)
    rows = lesson.row_matrix(X, geometry)
    columns = conv.unfold(X, (3, 2), 1, (1, 0), (1, 2))
    assert rows.shape == (6 + 2, 2 * 3, 2 * 3) and rows.numel() < columns.numel()
    blocks = torch.stack([rows[u : u + 6] for u in range(3)])  # (u, y, (n, x), (v, c))
    blocks = blocks.view(3, 6, 2, 3, 2, 3).permute(2, 5, 0, 4, 1, 3)  # (n, c, u, v, y, x)
    close(blocks.reshape(columns.shape), columns, 0)


@pytest.mark.parametrize("shape", BENCHMARK_SHAPES, ids=str)
def test_the_arithmetic_is_that_of_the_benchmarks(shape):
    layer = lesson.Layer(*shape)
    assert 2 * layer.multiply_adds == timing.flops(shape, both=False)
    tensors, stride, padding = timing.arguments(shape)
    output = F.conv2d(*tensors, stride, padding)
    assert layer.numbers == tensors[0].numel() + tensors[1].numel() + output.numel()


def test_the_loops_are_those_that_are_timed():
    case = ADVERSARIAL[1]
    X, W, b = (tensor.detach() for tensor in arguments(case))
    ours = X, W, b, (1, 1), (1, 1)
    close(timing.pixels_conv2d(X, W, b, 1, 1), lesson.pixel_conv2d(*ours))
    close(timing.unfold_product_conv2d(X, W, b, 1, 1), lesson.unfold_product_conv2d(*ours))
    assert LADDER["loops over pixels"][0] is timing.pixels_conv2d
    assert LADDER["unfold, autograd's backward"][0] is timing.unfold_product_conv2d
    assert LADDER["unfold, our Function"][0] is conv.unfold_conv2d
    assert LADDER["conv2d"][0] is conv.conv2d


@pytest.mark.parametrize("seconds", [0.0, 5.0, 60.0])
def test_the_timer_is_that_of_the_benchmarks(monkeypatch, seconds):
    def run(timer):
        clock = itertools.accumulate(itertools.cycle([0.1, 0.4, 0.2, 0.9, 0.3]))
        monkeypatch.setattr("time.perf_counter", lambda: next(clock))
        calls = []
        functions = {name: lambda n=name: calls.append(n) for name in "abc"}
        return timer(functions, seconds, warm_up=2, least=3), calls

    (ours, our_calls), (theirs, their_calls) = (
        run(lesson.time_interleaved),
        run(timing.time_interleaved),
    )
    assert our_calls == their_calls and our_calls[:6] == list("aabbcc")
    for name, found in theirs.items():
        expected = [found.lower, found.median, found.upper]
        assert ours[name].tolist() == pytest.approx(expected)
        assert our_calls.count(name) == found.runs + 2


def test_what_is_kept_for_backward():
    X, W, _ = arguments(WIDE[2])
    for convolution in (lesson.conv2d, conv.conv2d, F.conv2d, conv.unfold_conv2d):
        kept = saved_bytes(lambda f=convolution: f(X, W, None, (1, 1), (1, 1)))
        assert kept == 8 * (X.numel() + W.numel())


@pytest.mark.parametrize(
    ("name", "first", "second", "expected"),
    [("convolve", 2, 3, 6), ("input_gradient", 5, 3, 15), ("weight_gradient", 2, 5, 10)],
)
def test_the_smallest_case_of_the_trilinear_form(name, first, second, expected):
    """x = 2, w = 3 and a gradient of y of 5, one number each."""
    geometry = lesson.Geometry((1, 1), (1, 1), (1, 1), (0, 0))
    first, second = (torch.full((1, 1, 1, 1), float(value)) for value in (first, second))
    assert getattr(lesson, name)(first, second, geometry).item() == expected


def test_the_margin_is_that_of_the_condition():
    """The slices of the padded gradient name exactly the output rows r - u that exist."""
    geometry = lesson.Geometry((6, 5), (4, 1), (1, 1), (2, 0))
    X, W = random(1, 1, 6, 5, seed=0), random(1, 1, 4, 1, seed=1)
    Y_grad = random(1, 1, *geometry.output_size, seed=2)
    expected = torch.zeros(6, 5, dtype=torch.float64)
    for r in range(2, 8):
        for u in range(4):
            if 0 <= r - u < geometry.output_size[0]:
                expected[r - 2] += Y_grad[0, 0, r - u] * W[0, 0, u]
    close(lesson.rows_input_gradient(Y_grad, W, geometry)[0, 0], expected)
    close(lesson.gradients(X, W, Y_grad, geometry)[0][0, 0], expected)


@pytest.mark.parametrize(("P", "V"), [(1, 1), (3, 4), (4, 5), (99, 99)])
def test_tiles_cover_the_output(P, V):
    random = torch.Generator().manual_seed(0)
    image = torch.rand(7, 9, 3, generator=random, dtype=torch.float64)
    weight = torch.rand(3, 2, 3, 5, generator=random, dtype=torch.float64)
    ours = lesson.tiled(image, weight, P, V)
    theirs = conv.conv2d(image.permute(2, 0, 1), weight.permute(3, 2, 0, 1)).permute(1, 2, 0)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_reads_of_a_tile():
    assert lesson.reads(1, 1) == 2 and lesson.reads(14, 2) == 16 / 28
