"""The two loops that are compared in speed learn the same thing."""

import json

import pytest
import torch

from helpers import throughput
from helpers.networks import FixedNetwork, initialise


def test_both_networks_are_the_same_function():
    fixed = initialise(FixedNetwork(), torch.Generator().manual_seed(0))
    plain = throughput.plain_network()
    plain.load_state_dict(dict(zip(plain.state_dict(), fixed.state_dict().values(), strict=True)))
    images = torch.randn(5, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(plain(images), fixed(images), atol=1e-6, rtol=0)


def test_measurement_of_the_layers():
    found = throughput.measure_layers(repeats=1)
    assert found["matrix_product_gflops_per_core"] > 0
    assert set(found["share_of_it"]) == {"whole step", "conv1", "conv2", "conv3", "linear"}
    assert all(share > 0 for share in found["share_of_it"].values())


def test_the_whole_measurement_is_written(tmp_path, monkeypatch):
    arguments = ["throughput", "--results", str(tmp_path), "--rounds", "1", "--steps", "2"]
    monkeypatch.setattr("sys.argv", arguments)
    monkeypatch.setattr(throughput.schedule, "cores", lambda: 1)
    threads = torch.get_num_threads()
    try:
        throughput.main()
    finally:
        torch.set_num_threads(threads)
    loops = json.loads((tmp_path / "throughput.json").read_text())["loops"]
    speed = loops["images_per_second"]
    assert loops["ratio"]["plain"] == pytest.approx(
        speed["engine plain"] / speed["straightforward plain"], rel=0.05
    )
