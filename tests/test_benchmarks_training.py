"""The two loops that are compared in speed learn the same thing; every measurement runs."""

import json

import pytest
import torch

from commands.bench import training as speed
from helpers.experiments import training
from helpers.networks import FixedNetwork, initialise


def test_both_networks_are_the_same_function():
    fixed = initialise(FixedNetwork(), torch.Generator().manual_seed(0))
    plain = speed.plain_network()
    plain.load_state_dict(dict(zip(plain.state_dict(), fixed.state_dict().values(), strict=True)))
    images = torch.randn(5, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(plain(images), fixed(images), atol=1e-6, rtol=0)


def test_measurement_of_the_layers():
    found = speed.measure_layers(repeats=1)
    assert found["matrix_product_gflops_per_core"] > 0
    assert set(found["share_of_it"]) == {"whole step", "conv1", "conv2", "conv3", "linear"}
    assert all(share > 0 for share in found["share_of_it"].values())


def test_measurement_of_the_networks(monkeypatch):
    sizes = []

    def noted(experiment):
        network = build(experiment)
        network.register_forward_pre_hook(
            lambda _, x: sizes.append((experiment.width, *x[0].shape, x[0].dtype))
        )
        return network

    build = training.build_network
    monkeypatch.setattr(speed.training, "build_network", noted)
    found = speed.measure_networks(seconds=0, batch_size=2, least=2)
    circumstances = {key: found.pop(key) for key in ("batch_size", "threads", "runs")}
    assert circumstances == {"batch_size": 2, "threads": 1, "runs": 2}
    assert list(found) == ["variable, N = 81", "fixed, 28x28", "variable, N = 199", "fixed, 64x64"]
    for sides in found.values():
        assert list(sides) == ["32", "48", "64"]
        for timing in sides.values():
            assert 0 < timing["lower"] <= timing["median"] <= timing["upper"]
    seen = {(width, height) for width, _, _, height, *_ in sizes}
    assert seen == {(n, s) for n in (81, 199) for s in (32, 48, 64)} | {(None, 28), (None, 64)}
    assert {size[1] for size in sizes} == {2} and {size[-1] for size in sizes} == {torch.float32}


def test_the_whole_measurement_is_written(tmp_path, monkeypatch):
    tiny = ["--rounds", "1", "--steps", "2", "--seconds", "0"]
    monkeypatch.setattr("sys.argv", ["training", "--results", str(tmp_path), *tiny])
    monkeypatch.setattr(speed.processes, "count", lambda: 1)
    threads = torch.get_num_threads()
    try:
        speed.main()
    finally:
        torch.set_num_threads(threads)
    found = json.loads((tmp_path / "throughput.json").read_text())
    assert list(found["networks"]) == [*speed.NETWORKS, "batch_size", "threads", "runs"]
    rates = found["loops"]["images_per_second"]
    assert found["loops"]["ratio"]["plain"] == pytest.approx(
        rates["engine plain"] / rates["straightforward plain"], rel=0.05
    )
