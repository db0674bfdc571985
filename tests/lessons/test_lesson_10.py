"""The definitions of lesson 10 behave as torch, autograd and ``helpers.networks`` say."""

import math

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lesson import definitions
from tensors import close, random
from torch import nn
from torch.nn import functional as F

from helpers.checks import ADVERSARIAL
from helpers.experiments import Experiment
from helpers.networks import FixedNetwork, VariableNetwork, count_parameters
from helpers.statistics import Difference

lesson = definitions("10_global_pooling")
POOLS = {
    "max": lambda X: X.amax(dim=(2, 3)),
    "mean": lambda X: X.mean(dim=(2, 3)),
    "first": lambda X: F.adaptive_max_pool2d(X, 1).flatten(1),
}
BACKWARDS = {
    "max": lesson.max_backward,
    "mean": lesson.mean_backward,
    "first": lesson.first_max_backward,
}


def inputs(case, ties):
    X = random(case.batch, case.in_channels, *case.size)
    X = X.round() if ties else X
    return X.requires_grad_(), random(case.batch, case.in_channels, seed=1)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("case", ADVERSARIAL, ids=str)
class TestPooling:
    @pytest.mark.parametrize("pooling", ["max", "mean"])
    def test_by_loops(self, case, ties, pooling):
        X, Y_grad = inputs(case, ties)
        Y = POOLS[pooling](X)
        close(lesson.naive_pool(X.detach(), pooling), Y.detach())
        (expected,) = torch.autograd.grad(Y, X, Y_grad)
        close(lesson.naive_pool_backward(X.detach(), Y_grad, pooling), expected)

    @pytest.mark.parametrize("pooling", POOLS)
    def test_backward(self, case, ties, pooling):
        X, Y_grad = inputs(case, ties)
        (expected,) = torch.autograd.grad(POOLS[pooling](X), X, Y_grad)
        actual = BACKWARDS[pooling](X.detach(), Y_grad)
        close(actual, expected)
        close(actual.sum(dim=(2, 3)), Y_grad)


def test_the_two_ways_with_ties_differ():
    X, Y_grad = torch.zeros(1, 1, 2, 2, dtype=torch.float64), random(1, 1)
    shared, first = lesson.max_backward(X, Y_grad), lesson.first_max_backward(X, Y_grad)
    assert torch.equal(shared, (Y_grad / 4).expand(1, 1, 2, 2))
    assert first.count_nonzero() == 1 and first[0, 0, 0, 0] == Y_grad


@pytest.mark.parametrize("pooling", ["max", "mean"])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (28, 28), (32, 47), (64, 9)])
def test_the_network_is_that_of_helpers(pooling, height, width):
    torch.manual_seed(0)
    ours = lesson.VariableNetwork(7, pooling).double()
    theirs = VariableNetwork(7, pooling).double()
    theirs.load_state_dict(ours.state_dict())  # the same names and shapes
    X = random(2, 1, height, width)
    close(ours.features(X), theirs.features(X))
    close(ours(X), theirs(X))
    Y_grad = random(2, 10, seed=1)
    for network in (ours, theirs):
        network(X).backward(Y_grad)
    for name, parameter in ours.named_parameters():
        close(parameter.grad, theirs.get_parameter(name).grad)


@given(st.integers(1, 300))
def test_parameters(width):
    count = count_parameters(VariableNetwork(width))
    assert lesson.variable_parameters(width) == count
    assert lesson.nearest_width(count) == width


@pytest.mark.parametrize(("size", "width"), [(28, 81), (64, 199)])
def test_no_other_width_is_nearer(size, width):
    wanted = count_parameters(FixedNetwork(size))
    assert lesson.nearest_width(wanted) == width
    off = [abs(lesson.variable_parameters(width + k) - wanted) for k in (-1, 0, 1)]
    assert off[1] == min(off)


@pytest.mark.parametrize(
    "layers",
    [
        [(3, 1, 1)],
        [(3, 1, 1), (2, 2, 0)] * 3,
        [(5, 2, 1), (3, 3, 2), (1, 2, 0)],
        [(2, 1, 1), (4, 2, 0), (3, 1, 1)],
    ],
    ids=str,
)
def test_receptive_field(layers):
    size, step, start = lesson.receptive_field(layers)
    convolutions = [nn.Conv1d(1, 1, k, s, p, bias=False, dtype=torch.float64) for k, s, p in layers]
    network = nn.Sequential(*convolutions)
    for convolution in convolutions:
        nn.init.ones_(convolution.weight)  # no product can vanish
    X = torch.zeros(1, 1, 200, dtype=torch.float64, requires_grad=True)
    output = network(X)
    for position in (5, 6):
        (seen,) = torch.autograd.grad(output[0, 0, position], X, retain_graph=True)
        first = start + step * position
        assert seen[0, 0].nonzero().flatten().tolist() == list(range(first, first + size))


def test_kinds_of_positions():
    images = torch.zeros(2, 1, 32, 48, dtype=torch.uint8)
    images[0, 0, 8, 15] = 1  # the first row of cell row 1, the last column of cell column 1
    kinds = lesson.kinds_of_positions(images, (22, 8, -7))
    assert kinds.shape == (3, 2, 4, 6) and (kinds.sum(dim=0) == 1).all()
    assert kinds[0].nonzero().tolist() == [[0, 1, 1]]
    # fields reach 7 pixels beyond the cell: row 8 is seen from cell rows 0 and 1, column 15 from
    # cell columns 1 and 2
    around = {tuple(position) for position in kinds[1, 0].nonzero().tolist()}
    assert around == {(0, 1), (0, 2), (1, 2)}
    assert kinds[2, 1].all()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return VariableNetwork(9, "mean").double()


@torch.no_grad()
def test_corrections(network):
    digit = random(2, 1, 16, 16)
    small, large = (F.pad(digit, (edge,) * 4) for edge in (24, 32))  # canvases of 64 and 80
    maps = {64: network.features(small), 80: network.features(large)}
    empty = {side: network.features(torch.zeros(1, 1, side, side).double()) for side in maps}
    close(lesson.excess(maps[64], empty[64]), lesson.excess(maps[80], empty[80]))
    assert lesson.excess(maps[64], empty[64]).abs().max() > 0.1
    # on the reference itself nothing changes; from another canvas one gets the reference's mean
    corrected = lesson.excess_correction(maps[80], empty[80], empty[64])
    close(corrected, maps[64].mean(dim=(2, 3)))
    assert (maps[80].mean(dim=(2, 3)) - corrected).abs().max() > 1e-3
    plain = lesson.plain_correction(maps[80], empty[64])
    close(plain, maps[80].mean(dim=(2, 3)) * 100 / 64)


@pytest.mark.parametrize(
    ("mean", "p", "words"),
    [
        (0.2, 0.049, "Global max pooling is better"),
        (-0.2, 0.049, "Global mean pooling is better"),
        (0.2, 0.05, "Neither global pooling is shown to be better"),
        (0.2, math.nan, "Neither global pooling is shown to be better"),
    ],
)
def test_better_needs_a_small_corrected_p(mean, p, words):
    assert lesson.better(Difference(mean, 0.1, 0.3, 0.01), p) == words


def test_accuracies_per_seed(monkeypatch):
    rows = [("a", "max", s, e, 3, 0.5 + s / 10 + e / 100) for s in (0, 1) for e in (1, 2, 3)]
    rows += [("a", "mean", s, e, 3, 0.0) for s in (0, 1) for e in (1, 2, 3)]
    columns = ["setting", "pooling", "seed", "epoch", "epochs", "validation_accuracy"]
    scope = lesson.per_seed.__globals__
    monkeypatch.setitem(scope, "curves", pd.DataFrame(rows, columns=columns))
    monkeypatch.setitem(scope, "in_pairs", {"a": True})
    assert lesson.per_seed("a", "max").tolist() == pytest.approx([53.0, 63.0])
    assert lesson.per_seed("a", "max", epochs=2).tolist() == pytest.approx([52.5, 62.5])
    found = lesson.difference("a", epochs=2)
    assert found.mean == pytest.approx(57.5) and found.high - found.mean == pytest.approx(
        63.531, 1e-4
    )


@pytest.mark.parametrize("field", ["seed", "data", "images", "batch_size", "learning_rate"])
def test_runs_begin_alike_whatever_the_learning_rate(field):
    first = Experiment(group="a", network="max", width=8, data="varres", images=300)
    changes = {"seed": 0, "data": "varres-28", "images": 600, "batch_size": 32}
    second = first.model_copy(update={"network": "mean"} | {field: changes.get(field, 0.002)})
    assert lesson.begin_alike(first, second) == (field in ("seed", "learning_rate"))


def test_other_seeds_do_not_begin_alike():
    first = Experiment(group="a", network="max", width=8, data="varres")
    with pytest.raises(AssertionError):
        lesson.begin_alike(first, first.model_copy(update={"seed": 1}))


def test_error_at_an_equal_loss():
    rows = [
        ("max", 0, 1.0, 9.0),
        ("max", 0, 0.1, 5.0),
        ("max", 0, 0.01, 1.0),
        ("mean", 0, 2.0, 20.0),
        ("mean", 0, 0.1 * 10**0.5, 8.0),  # halfway from 1.0 to 0.1, as a logarithm
        ("max", 1, 1.0, 7.0),
        ("max", 1, 0.5, 6.0),
        ("mean", 1, 0.5, 4.0),
    ]
    frame = pd.DataFrame(rows, columns=["pooling", "seed", "train_loss", "error"])
    of_max, of_mean = lesson.at_equal_loss(frame)
    assert of_max == pytest.approx((7.0, 6.0)) and of_mean == (8.0, 4.0)


def test_half_of_a_gradient():
    gradient = torch.zeros(2, 2, 3)
    gradient[:, 0, 0] = 3.0
    gradient[0, 1, 1] = -5.0
    gradient[1, 1, 2] = 1.0
    assert lesson.positions_for_half(gradient) == 1  # 6 of 12
    assert lesson.positions_for_half(torch.ones(4, 6, 6)) == 18


def test_margins():
    scores = torch.tensor([[1.0, 3.0, 2.0], [4.0, 0.0, 1.0]])
    close(lesson.margins(scores, torch.tensor([1, 2])), torch.tensor([1.0, -3.0]))


def test_spread():
    close(lesson.spread(torch.tensor([[1.0, 3.0, 2.0], [4.0, 0.0, 1.0]])), torch.tensor([2.0, 4.0]))


def test_share_of_maxima():
    maps = torch.zeros(1, 4, 2, 3)
    maps[0, 0, 1, 2] = 5.0
    maps[0, 1, 0, 0] = maps[0, 1, 1, 2] = 2.0  # a tie
    maps[0, 2] = 0.5  # equal everywhere
    # channel 3 is zero everywhere and counts nowhere
    share = lesson.share_of_maxima(maps)
    sixth = 1 / 6
    expected = torch.full((2, 3), sixth)
    expected[1, 2] += 1.5
    expected[0, 0] += 0.5
    close(share[0], expected / 3, 1e-6)


def test_fitted_layer_is_at_the_optimum():
    features, labels = random(200, 5), torch.arange(200) % 10
    layer = lesson.fit_linear(features, labels, penalty=0.01)
    loss, gradient = lesson.objective(layer, features, labels, penalty=0.01)
    expected = F.cross_entropy(layer(features), labels) + 0.01 * layer.weight.square().sum()
    assert loss == pytest.approx(expected.item())
    assert gradient.shape == (60,) and abs(gradient).max() < 1e-4
    assert loss < math.log(10)  # better than equal scores
    with torch.no_grad():
        layer.weight[0, 0] += 0.1  # elsewhere the gradient is not small
    assert abs(lesson.objective(layer, features, labels, penalty=0.01)[1]).max() > 1e-3
