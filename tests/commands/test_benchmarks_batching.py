"""The ways to form batches are measured in turn, and only if padding changes no score."""

import importlib
import json
import sys

import pytest
import torch

from commands.bench import batching
from helpers import data
from helpers.batching import WAYS, rectangles


def test_medians_leave_out_the_first_round(monkeypatch):
    speeds = {way: iter([1000.0, 7.0 + k, 5.0, 9.0]) for k, way in enumerate(WAYS)}
    monkeypatch.setattr(batching, "train", lambda way, *_: lambda: next(speeds[way]))
    found = batching.measure(n=20, batch_size=8, repeats=3)
    assert json.loads(json.dumps(found)) == found
    assert found["images_per_second"] == {
        way: {"median": min(7.0 + k, 9.0), "lowest": 5.0, "highest": max(9.0, 7.0 + k)}
        for k, way in enumerate(WAYS)
    }
    assert (found["images"], found["batch_size"], found["repeats"]) == (20, 8, 3)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_trains_on_every_image(monkeypatch, way):
    seen, scores = [], batching.scores

    def noted(network, images, *rest, **options):
        seen.append((len(images), [parameter.clone() for parameter in network.parameters()]))
        return scores(network, images, *rest, **options)

    monkeypatch.setattr(batching, "scores", noted)
    digits = data.load_mnist().train[:20]
    images = rectangles(digits.images, (28, 40), torch.Generator().manual_seed(0))
    assert batching.train(way, images, digits.labels, 8)() > 0
    assert sum(n for n, _ in seen) == 20
    for (_, before), (_, after) in zip(seen, seen[1:], strict=False):  # a step after each batch
        assert not all(map(torch.equal, before, after))


def test_nothing_is_written_when_scores_differ(tmp_path, monkeypatch):
    monkeypatch.setattr(batching, "largest_difference", lambda: 0.5)
    monkeypatch.setattr(sys, "argv", ["batching", "--results", str(tmp_path)])
    with pytest.raises(SystemExit, match="up to 5.0e-01; nothing measured"):
        batching.main()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["batching", "convolution", "training"])
def test_help_names_the_command(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["-m", "--help"])
    with pytest.raises(SystemExit, match="0"):
        importlib.import_module(f"commands.bench.{name}").main()
    out = capsys.readouterr().out
    assert f"commands.bench.{name}" in out and "--results" in out
