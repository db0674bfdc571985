"""Every number of the example by hand is the one that torch finds."""

import re

import nbformat
import pytest
import torch
from lesson import NOTEBOOKS
from tensors import close
from torch.nn import functional as F

from helpers import example


def loss_of(output):
    return (output - example.TARGET).square().sum() / 2


@pytest.fixture
def computed():
    """The forward and the backward pass, by torch's functions and autograd."""
    leaves = [example.IMAGE[None, None], example.KERNEL[None, None], example.BIAS]
    image, kernel, bias = (leaf.clone().requires_grad_() for leaf in leaves)
    columns = F.unfold(image, 2)
    columns.retain_grad()
    output = (kernel.reshape(1, 4) @ columns).reshape(2, 2) + bias
    output.retain_grad()
    loss = loss_of(output)
    loss.backward()
    return {
        "output": output.detach(),
        "patches": columns.detach()[0].T,
        "loss": loss.item(),
        "upstream": output.grad,
        "patches_grad": columns.grad[0].T,
        "image_grad": image.grad[0, 0],
        "kernel_grad": kernel.grad[0, 0],
        "bias_grad": bias.grad,
    }


@pytest.mark.parametrize(
    "name",
    ("output", "patches", "upstream", "patches_grad", "image_grad", "kernel_grad", "bias_grad"),
)
def test_every_tensor_is_that_of_autograd(computed, name):
    close(getattr(example, name.upper()), computed[name])


def test_the_output_is_that_of_the_layer():
    output = F.conv2d(example.IMAGE[None, None], example.KERNEL[None, None], example.BIAS)
    close(example.OUTPUT, output[0, 0])


def test_one_step_of_gradient_descent(computed):
    close(example.NEXT_KERNEL, example.KERNEL - example.LEARNING_RATE * computed["kernel_grad"])
    close(example.NEXT_BIAS, example.BIAS - example.LEARNING_RATE * computed["bias_grad"])
    kernel = example.NEXT_KERNEL[None, None]
    output = F.conv2d(example.IMAGE[None, None], kernel, example.NEXT_BIAS)[0, 0]
    close(example.NEXT_OUTPUT, output)
    assert computed["loss"] == pytest.approx(example.LOSS, abs=1e-12)
    assert loss_of(output).item() == pytest.approx(example.NEXT_LOSS, abs=1e-12)
    assert example.NEXT_LOSS < example.LOSS


def test_all_tensors_are_in_double_precision_and_ask_for_no_gradient():
    tensors = [value for value in vars(example).values() if isinstance(value, torch.Tensor)]
    assert len(tensors) == 14
    assert all(t.dtype == torch.float64 and not t.requires_grad for t in tensors)


WRITTEN = {  # what stands before a matrix in a formula of a lesson, and the matrix
    "X": example.IMAGE,
    "W": example.KERNEL,
    "Y": example.OUTPUT,
    r"Y^{\text{target}}": example.TARGET,
    r"Y - Y^{\text{target}}": example.UPSTREAM,
    r"W^{\nabla}": example.KERNEL_GRAD,
    r"X^{\nabla}": example.IMAGE_GRAD,
}


@pytest.mark.parametrize(
    "lesson, names",
    [("01_naive_convolution", {"X", "W"}), ("03_autograd_layer", set(WRITTEN))],
)
def test_the_lessons_write_the_same_matrices(lesson, names):
    cells = nbformat.read(NOTEBOOKS / f"{lesson}.ipynb", as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    form = r"(?:^|= |\\qquad\n)([A-Z][^=\n]*?) = \\begin\{pmatrix\}(.*?)\\end\{pmatrix\}"
    found = re.findall(form, text, re.MULTILINE | re.DOTALL)
    for name, body in found:
        rows = [[float(entry) for entry in row.split("&")] for row in body.split(r"\\")]
        close(torch.tensor(rows, dtype=torch.float64), WRITTEN[name])
    assert {name for name, _ in found} == names
