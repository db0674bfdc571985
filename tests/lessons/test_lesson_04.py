"""The tests of lesson 04 accept right gradients and find wrong ones."""

import pytest
import torch
from lesson import definitions
from tensors import arguments, close, random
from torch.autograd.gradcheck import GradcheckError, gradcheck
from torch.nn import functional as F

from helpers import conv
from helpers.checks import ADVERSARIAL
from helpers.exercises import mutants

lesson = definitions("04_testing_gradients")
# what the parameters cell and the first cell assign
lesson.random.__globals__.update(seed=0, generator=torch.Generator().manual_seed(0))


def test_numerical_gradient():
    tensor = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64)
    before = tensor.clone()
    gradient = lesson.numerical_gradient(lambda: (tensor**3).sum(), tensor)
    close(gradient, 3 * before**2, 1e-6)
    close(tensor, before, 0)


@pytest.mark.parametrize("case", ADVERSARIAL, ids=str)
def test_every_gradient_of_the_twin_in_helpers(case):
    """What the lesson's table shows, held to the same tolerances."""
    tensors = arguments(case)

    def convolve(*tensors):
        return conv.unfold_conv2d(*tensors, case.stride, case.padding)

    upstream = random(*convolve(*tensors).shape, seed=9)
    ours = lesson.gradients_of(conv.unfold_conv2d, tensors, case, upstream)
    theirs = lesson.gradients_of(F.conv2d, tensors, case, upstream)
    assert lesson.largest_error(ours, theirs) < 1e-12
    differences = [
        lesson.numerical_gradient(lambda: (upstream * convolve(*tensors)).sum(), tensor)
        for tensor in tensors
    ]
    assert lesson.largest_error(ours, lesson.joined(differences)) < 1e-7
    assert gradcheck(convolve, tensors, atol=1e-7, rtol=0)


def test_the_deliberately_wrong_backward_is_wrong_but_not_for_ones():
    case = ADVERSARIAL[1]
    tensors = arguments(case)
    right = conv.unfold_conv2d(*tensors, case.stride, case.padding)
    wrong = lesson.wrong_conv2d(*tensors, case.stride, case.padding)
    close(wrong, right, 0)
    for upstream, agree in ((torch.ones_like(right), True), (random(*right.shape), False)):
        pairs = zip(
            torch.autograd.grad(right, tensors[:2], upstream, retain_graph=True),
            torch.autograd.grad(wrong, tensors[:2], upstream, retain_graph=True),
            strict=True,
        )
        assert [torch.allclose(a, b, atol=1e-10) for a, b in pairs] == [agree, agree]
    with pytest.raises(GradcheckError):
        gradcheck(lambda *t: lesson.wrong_conv2d(*t, case.stride, case.padding), tensors)


def test_gradcheck_says():
    weight = random(3, 2, 2, 2).requires_grad_()
    image = random(1, 2, 3, 4).requires_grad_()
    assert lesson.gradcheck_says(conv.unfold_conv2d, image, weight) == "ok"
    assert "Jacobian mismatch" in lesson.gradcheck_says(lesson.wrong_conv2d, image, weight)


@pytest.mark.parametrize("stride, padding", [(1, 1), (2, 0), ((2, 1), (0, 1))])
def test_the_layer_is_torchs_with_another_convolution(stride, padding):
    layer = lesson.OurConv2d(2, 3, (2, 3), stride=stride, padding=padding).double()
    twin = torch.nn.Conv2d(2, 3, (2, 3), stride=stride, padding=padding).double()
    twin.load_state_dict(layer.state_dict())
    image = random(2, 2, 5, 6)
    close(layer(image), twin(image))


def test_learn_finds_a_kernel_with_right_gradients_only():
    inputs, hidden = random(8, 1, 8, 8), random(1, 1, 2, 2, seed=1)
    targets, start = F.conv2d(inputs, hidden), torch.zeros(1, 1, 2, 2, dtype=torch.float64)
    found, losses = lesson.learn(conv.unfold_conv2d, start, inputs, targets, steps=60)
    close(found, hidden, 1e-6)
    assert len(losses) == 60 and losses[-1] < 1e-9 * losses[0]
    _, losses = lesson.learn(lambda x, w: conv.unfold_conv2d(x, -w), start, inputs, targets)
    assert losses[-1] < losses[0]  # another parametrisation learns as well
    _, losses = lesson.learn(
        lambda x, w: F.conv2d(x, w.detach()) + 0 * w.sum(), start, inputs, targets
    )
    assert losses[-1] == losses[0]  # without a gradient nothing is learnt


class TestOriginalFunction:
    def test_the_kernel_does_not_matter_and_yet_has_a_gradient(self):
        image, kernel = random(1, 2, 4, 4), random(18, 3).requires_grad_()
        output = lesson.original_conv2d(image, kernel)
        close(lesson.original_conv2d(image, -5 * kernel), output, 0)
        output.sum().backward()
        assert kernel.grad.abs().max() > 0

    def test_the_gradient_of_the_input_is_right_for_the_random_kernel(self):
        image = random(1, 2, 4, 4).requires_grad_()
        assert gradcheck(lambda x: lesson.original_conv2d(x, random(18, 3)), (image,))

    def test_attempt(self):
        assert lesson.attempt((8, 8), (3, 3), 1, 1) == "runs"
        assert lesson.attempt((8, 8), (5, 5), 1, 2).startswith("backward fails: ")
        assert lesson.attempt((8, 6), (3, 3), 1, 1).startswith("forward fails: ")


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.name)
def test_the_checks_notice_what_those_of_helpers_notice(mutant):
    for compare, upstream, shapes in mutants.CHECKS.values():
        for shape in shapes:
            ours = mutants.notices(mutant, shape, compare, upstream)
            assert lesson.notices(mutant, shape, compare, upstream) == ours
