"""The command that measures the compiled loops runs, and compares what it says it compares."""

import json

import pytest
import torch
from torch.nn import functional as F

from commands.bench import compiled, convolution, loops
from helpers import conv

SHAPES = ((1, 8, 8, 20, 24, 3, 1, 1), (16, 8, 8, 20, 24, 3, 1, 1))


def test_the_table(tmp_path, monkeypatch, capsys):
    threads = torch.get_num_threads()
    monkeypatch.setattr(compiled.measure, "__defaults__", (SHAPES,))
    monkeypatch.setattr(compiled, "BENCHMARK_SHAPES", SHAPES)
    monkeypatch.setattr("sys.argv", ["", "--seconds", "0", "--results", str(tmp_path)])
    try:
        compiled.main()
    finally:
        torch.set_num_threads(threads)
    found = json.loads((tmp_path / "compiled.json").read_text())
    one, many = found["shapes"]
    assert "threads" not in one and list(many["threads"]) == ["1", "2"]
    for row in (one, many):
        assert list(row["one"]) == list(row["peak"]) == list(compiled.SIDES)
        assert min(row["one"].values()) > 0
    assert 0 < found["start"]["warm"] < found["start"]["cold"]
    printed = capsys.readouterr().out
    assert printed.startswith("helpers.conv computes ") and "geometric mean" in printed


@pytest.mark.parametrize("name", compiled.SIDES)
def test_every_side_is_the_same_convolution(name, monkeypatch):
    monkeypatch.setattr(conv.compiled, "SMALLEST", 0)
    was_used = []
    chosen = conv.compiled.chosen
    monkeypatch.setattr(
        conv.compiled, "chosen", lambda *args: was_used.append(chosen(*args)) or was_used[-1]
    )
    found = compiled.side(name, SHAPES[0], torch.contiguous_format)()
    expected = convolution.both(F.conv2d, SHAPES[0])()
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-4)
    assert any(was_used) == (name == "compiled")


def test_rates_of_loops_that_give_the_same():
    found = loops.rates(0.01, (2, 3, 5, 6, 6, 3, 1, 1))  # asserts that all give one result
    assert list(found) == [
        "the seven loops",
        "output channels innermost",
        "tiles",
        "torch",
        "matrix product",
    ]
    assert min(found.values()) > 0
