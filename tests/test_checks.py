"""check_equal fails when it should, and prints what it says."""

import math

import numpy as np
import pytest
import torch

from helpers.checks import check_equal


def test_prints_the_tolerance_and_the_error_on_request_only(capsys):
    close = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0 + 2e-5])
    check_equal(*close, "sum")
    check_equal(*close, "sum", show_error=True)
    said = capsys.readouterr().out.splitlines()
    assert said == ["sum: equal within 1e-04", "sum: equal within 1e-04, largest error 2e-05"]


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (torch.zeros(2), torch.full((2,), 1e-3)),
        (torch.zeros(2, dtype=torch.float64), torch.full((2,), 1e-9, dtype=torch.float64)),
        (torch.zeros(2, 1), torch.zeros(2)),
        (torch.zeros(2), torch.zeros(2, dtype=torch.float64)),
        (torch.tensor([1]), torch.tensor([2])),
        (torch.tensor([float("nan")]), torch.tensor([0.0])),
        (0.5, 0.50005),
        (0.5, 0.5 + 1e-9),
        (np.float64(0.5), 0.5 + 1e-9),
        ([0.5], [0.5 + 1e-9]),
        (2, 3),
        (2, 2.0),
        (torch.tensor(0.5), 0.5),
        (1j, 1j + 1e-9),
        (torch.tensor([1 + 2j]), torch.tensor([1 - 2j])),
    ],
    ids=["value", "float64", "shape", "dtype", "integer", "nan"]
    + ["number", "close number", "numpy number", "list", "int", "int and float"]
    + ["number and float32", "complex number", "conjugate"],
)
def test_refuses_a_difference(actual, expected):
    with pytest.raises(AssertionError):
        check_equal(actual, expected)


def test_numbers_are_compared_in_full_precision(capsys):
    check_equal(0.5, 0.5 + 5e-11, "a number")
    check_equal(7, 7)
    check_equal(math.pi, np.float64(math.pi), atol=0)
    assert capsys.readouterr().out.splitlines() == [
        "a number: equal within 1e-10",
        "equal",
        "equal",
    ]


@pytest.mark.parametrize(
    ("dtype", "said"),
    [
        (torch.complex64, "equal within 1e-04, largest error 5e-05\n"),
        (torch.complex128, "equal within 1e-02, largest error 5e-05\n"),
    ],
    ids=str,
)
def test_the_error_of_complex_numbers_has_both_parts(capsys, dtype, said, recwarn):
    expected = torch.tensor([1 + 2j, 0], dtype=dtype)
    atol = None if dtype == torch.complex64 else 1e-2
    check_equal(expected + (3e-5 + 4e-5j), expected, atol=atol, show_error=True)
    assert capsys.readouterr().out == said and not recwarn.list


@pytest.mark.parametrize(
    "dtype",
    [torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16],
    ids=str,
)
def test_other_dtypes(capsys, dtype):
    check_equal(torch.tensor([0, 1], dtype=dtype), torch.tensor([0, 1], dtype=dtype))
    check_equal(torch.zeros(0, dtype=dtype), torch.zeros(0, dtype=dtype), show_error=True)
    assert capsys.readouterr().out.count("equal") == 2


def test_half_precision_is_compared_as_floating_point():
    check_equal(torch.tensor(1.0).half(), torch.tensor(1.001).half())


def test_equal_infinities_have_no_error(capsys):
    infinite = torch.tensor([math.inf, 1.0])
    check_equal(infinite, infinite.clone(), show_error=True)
    assert capsys.readouterr().out == "equal within 1e-04, largest error 0e+00\n"
