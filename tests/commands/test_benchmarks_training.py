"""The two loops that are compared in speed learn the same thing; every measurement runs."""

import itertools
import json

import torch

from commands.bench import networks
from commands.bench import training as speed
from helpers.experiments import training
from helpers.networks import FixedNetwork, initialise


def test_both_networks_are_the_same_function():
    fixed = initialise(FixedNetwork(), torch.Generator().manual_seed(0))
    plain = speed.plain_network()
    plain.load_state_dict(dict(zip(plain.state_dict(), fixed.state_dict().values(), strict=True)))
    images = torch.randn(5, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(plain(images), fixed(images), atol=1e-6, rtol=0)


def test_a_layers_share_is_its_work_over_its_time(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(networks.time, "perf_counter", lambda: next(clock))  # each takes a second
    found = networks.measure_layers(repeats=1)
    product = 2 * 1024**3
    assert found["matrix_product_gflops_per_core"] == round(product / 1e9, 1)
    # height x width x channels out x (channels in x kernel), 16 images, operations per product:
    # 2 in the forward pass and in each of two gradients, of which the first layer needs one
    work = {
        "conv1": 28 * 28 * 16 * (1 * 9) * 16 * 4,
        "conv2": 14 * 14 * 32 * (16 * 9) * 16 * 6,
        "conv3": 7 * 7 * 64 * (32 * 9) * 16 * 6,
        "linear": 10 * 576 * 16 * 6,
    }
    work["whole step"] = sum(work.values())
    assert found["share_of_it"] == {name: round(n / product, 3) for name, n in work.items()}


def test_measurement_of_the_networks(monkeypatch):
    sizes = []

    def noted(experiment):
        network = build(experiment)
        network.register_forward_pre_hook(
            lambda _, x: sizes.append((experiment.width, *x[0].shape, x[0].dtype))
        )
        return network

    build = training.build_network
    monkeypatch.setattr(training, "build_network", noted)
    found = networks.measure_networks(seconds=0, batch_size=2, least=2)
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
    # straightforward and engine, plain and augmented; one process; 30 empty runs
    seconds = iter([2.0, 1.0, 4.0, 1.0, 0.5, *[0.01] * 30])
    monkeypatch.setattr(speed, "_seconds", lambda function: function() or next(seconds))
    threads = torch.get_num_threads()
    try:
        speed.main()
    finally:
        torch.set_num_threads(threads)
    found = json.loads((tmp_path / "throughput.json").read_text())
    assert list(found["networks"]) == [*networks.NETWORKS, "batch_size", "threads", "runs"]
    assert found["loops"] == {
        "images_per_second": {  # 2 steps of 16 images; the engine trains two runs per process
            "straightforward plain": 16,
            "engine plain": 64,
            "straightforward augmented": 8,
            "engine augmented": 64,
            "engine plain, 1 worker": 128,
        },
        "ratio": {"plain": 4.0, "augmented": 8.0},
        "1 workers against 1": 0.5,
        "scheduling_milliseconds_per_run": 10.0,
    }
