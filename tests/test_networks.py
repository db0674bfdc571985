import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import conv
from helpers.networks import (
    POOLINGS,
    FixedNetwork,
    VariableNetwork,
    costs,
    count_parameters,
    initialise,
    layers,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (FixedNetwork(), 29_066),
        (FixedNetwork(64), 64_266),
        (VariableNetwork(81), 29_029),
        (VariableNetwork(81, "mean"), 29_029),
        (VariableNetwork(199), 64_311),
    ],
)
def test_parameter_counts_of_the_report(network, expected):
    assert count_parameters(network) == expected


def test_costs_worked_out_by_hand():
    conv1, conv2, conv3, linear = costs(FixedNetwork(), 28)
    assert conv1 == ("conv1", (16, 28, 28), 160, 16 * 28 * 28 * 9)
    assert conv2 == ("conv2", (32, 14, 14), 4640, 32 * 14 * 14 * 16 * 9)
    assert conv3 == ("conv3", (64, 7, 7), 18496, 64 * 7 * 7 * 32 * 9)
    assert linear == ("linear", (10,), 5770, 10 * 576)


def test_costs_of_a_rectangular_image():
    assert costs(VariableNetwork(81), (32, 48))[0].output == (16, 32, 48)


def test_images_with_several_channels():
    for network in (FixedNetwork(16, in_channels=3), VariableNetwork(5, in_channels=3)):
        assert network(torch.zeros(2, 3, 16, 16)).shape == (2, 10)
        assert costs(network, 16, in_channels=3)[0].multiply_adds == 16 * 16 * 16 * 3 * 9


def test_pooling_before_relu_changes_nothing():
    network = initialise(FixedNetwork(), generator())
    input = torch.randn(3, 1, 28, 28, generator=generator(1))
    x = input
    for layer in (network.conv1, network.conv2, network.conv3):
        x = F.max_pool2d(F.relu(layer(x)), 2)
    assert torch.equal(network(input), network.linear(x.flatten(1)))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_variable_network_takes_any_size_and_pools_over_all_positions(pooling):
    network = initialise(VariableNetwork(5, pooling), generator())
    for height, width in [(8, 8), (28, 28), (32, 47), (64, 9)]:
        input = torch.randn(2, 1, height, width, generator=generator())
        maps = network.features(input)
        assert maps.shape == (2, 5, height // 8, width // 8)
        pooled = maps.flatten(2)
        pooled = {
            "max": pooled.max(dim=2).values,
            "mean": pooled.mean(dim=2),
            "sum": pooled.sum(dim=2) / 16,
            "scaled-mean": pooled.mean(dim=2) * 29 / 12,
        }[pooling]
        torch.testing.assert_close(network(input), network.linear(pooled))


def test_the_scaled_mean_is_as_large_as_the_sum_over_the_three_sizes():
    mean, total = (VariableNetwork(5, pooling) for pooling in ("scaled-mean", "sum"))
    maps = [torch.ones(1, 5, side // 8, side // 8) for side in (32, 48, 64)]
    means, sums = (torch.stack([n.pool(m) for m in maps]).mean() for n in (mean, total))
    torch.testing.assert_close(means, sums)


def test_batch_normalisation_follows_each_convolution():
    network = initialise(VariableNetwork(batch_norm=True), generator())
    assert count_parameters(network) == 29_029 - (16 + 32 + 81) + 2 * (16 + 32 + 81) == 29_158
    x = torch.randn(4, 1, 32, 48, generator=generator(1))
    network(x)  # in training: mean 0, variance 1 over batch and places, per channel
    z = network.norm1(network.conv1(x))
    torch.testing.assert_close(z.mean(dim=(0, 2, 3)), torch.zeros(16), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        z.var(dim=(0, 2, 3), correction=0), torch.ones(16), atol=1e-3, rtol=0
    )
    assert network.norm1.weight.eq(1).all() and list(layers(network)) == [
        "conv1",
        "conv2",
        "conv3",
        "linear",
    ]


@pytest.mark.parametrize("network", [FixedNetwork, VariableNetwork])
def test_own_convolution_gives_the_same_scores_and_gradients(network):
    theirs = initialise(network(), generator())
    ours = network(conv=conv.Conv2d)
    ours.load_state_dict(theirs.state_dict())
    input = torch.randn(2, 1, 28, 28, generator=generator(1))
    torch.testing.assert_close(ours(input), theirs(input), atol=1e-5, rtol=0)
    for n in (ours, theirs):
        F.cross_entropy(n(input), torch.tensor([3, 7])).backward()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-5, rtol=0)


def test_initialise_depends_on_the_generator_alone():
    torch.manual_seed(1)
    a = initialise(FixedNetwork(), generator(5)).state_dict()
    torch.manual_seed(2)
    b = initialise(FixedNetwork(conv=conv.Conv2d), generator(5)).state_dict()
    other = initialise(FixedNetwork(), generator(6)).state_dict()
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert not any(torch.equal(a[key], other[key]) for key in a)


def test_initialise_has_the_range_of_torch():
    torch.manual_seed(0)
    network = VariableNetwork()
    defaults = {name: layer.weight.abs().max() for name, layer in layers(network).items()}
    initialise(network, generator())
    for name, layer in layers(network).items():
        bound = layer.weight[0].numel() ** -0.5
        assert layer.weight.abs().max() <= bound
        assert layer.bias.abs().max() <= bound
        torch.testing.assert_close(layer.weight.abs().max(), defaults[name], rtol=0.1, atol=0)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="got 5"):
        FixedNetwork(5)
    with pytest.raises(ValueError, match="28x28 images, got 32x28"):
        FixedNetwork()(torch.zeros(1, 1, 32, 28))
    with pytest.raises(ValueError, match="'median'"):
        VariableNetwork(81, "median")
    with pytest.raises(ValueError, match="got 7x28"):
        VariableNetwork()(torch.zeros(1, 1, 7, 28))
    with pytest.raises(ValueError, match="at least 1, got 0"):
        VariableNetwork(0)


@pytest.mark.parametrize("network", [FixedNetwork(), VariableNetwork()])
def test_a_single_image_is_refused_with_the_remedy(network):
    with pytest.raises(ValueError, match=r"got \(1, 28, 28\); a single image needs image\[None\]"):
        network(torch.zeros(1, 28, 28))
    assert network(torch.zeros(1, 28, 28)[None]).shape == (1, 10)


def test_layers_skips_those_without_weights():
    assert list(layers(nn.Sequential(nn.ReLU(), nn.Linear(2, 1)))) == ["1"]


@pytest.mark.parametrize("pooling", ["max", "mean", "sum", "scaled-mean"])
def test_variable_network_exported_with_free_sizes(pooling):
    import onnxruntime  # not for the other tests: it takes a second

    network, free = VariableNetwork(pooling=pooling).eval(), torch.export.Dim.DYNAMIC
    example, shapes = torch.rand(2, 1, 32, 40), ({0: free, 2: free, 3: free},)
    program = torch.onnx.export(network, (example,), dynamic_shapes=shapes, verbose=False)
    model = program.model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (name,) = (value.name for value in session.get_inputs())
    for size in ((1, 1, 8, 8), (3, 1, 29, 57)):
        images = torch.rand(size)
        (scores,) = session.run(None, {name: images.numpy()})
        torch.testing.assert_close(torch.from_numpy(scores), network(images).detach())
    # What the docstring warns of; the network in Python refuses this image.
    assert session.run(None, {name: torch.rand(1, 1, 7, 7).numpy()})[0].shape == (1, 10)
