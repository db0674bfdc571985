"""check_equal fails when it should, and prints what it says."""

import pytest
import torch

from helpers.checks import check_equal


def test_prints_the_largest_error(capsys):
    check_equal(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0 + 2e-5]), "sum")
    assert capsys.readouterr().out == "sum: largest error 2e-05 (allowed 1e-04)\n"


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (torch.zeros(2), torch.full((2,), 1e-3)),
        (torch.zeros(2, dtype=torch.float64), torch.full((2,), 1e-9, dtype=torch.float64)),
        (torch.zeros(2, 1), torch.zeros(2)),
        (torch.zeros(2), torch.zeros(2, dtype=torch.float64)),
        (torch.tensor([1]), torch.tensor([2])),
        (torch.tensor([float("nan")]), torch.tensor([0.0])),
    ],
    ids=["value", "float64", "shape", "dtype", "integer", "nan"],
)
def test_refuses_a_difference(actual, expected):
    with pytest.raises(AssertionError):
        check_equal(actual, expected)
