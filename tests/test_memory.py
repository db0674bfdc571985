"""Bytes kept for the backward pass are counted once per tensor."""

import torch

from helpers.memory import saved_bytes


def test_a_product_keeps_both_factors():
    a = torch.ones(10, 7, requires_grad=True)
    b = torch.ones(7, 3, requires_grad=True)
    assert saved_bytes(torch.matmul, a, b) == 4 * (a.numel() + b.numel())


def test_a_tensor_that_is_kept_twice_counts_once():
    a = torch.ones(5, 4, dtype=torch.float64, requires_grad=True)
    assert saved_bytes(lambda: a * a) == 8 * a.numel()


def test_a_sum_keeps_nothing():
    a = torch.ones(5, 4, requires_grad=True)
    assert saved_bytes(lambda: a + a) == 0


def test_a_computation_that_needs_no_gradient_keeps_nothing():
    a = torch.ones(5, 4)
    assert saved_bytes(lambda: a * a) == 0
