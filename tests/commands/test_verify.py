"""Records are compared with the code that made them; those that are shipped, too."""

import math
from pathlib import Path

import pytest
from made import a_record

from commands import verify
from helpers.conv import compiled
from helpers.experiments import Experiment, inputs, store, training

RESULTS = Path(__file__).resolve().parents[2] / "results"
LINES = [Experiment(group="t", images=50, epochs=1, seed=seed) for seed in range(2)]


def test_verify_finds_a_change_of_behaviour(tmp_path, monkeypatch, capsys):
    for line in LINES:
        store.write(tmp_path, *training.run(line))
    assert verify.verify(tmp_path) == []
    monkeypatch.setattr(inputs, "normaliser", lambda mean, std: lambda images: images / 300)
    assert verify.verify(tmp_path, ["*seed1*"]) == [LINES[1].name]
    monkeypatch.undo()
    store.path(tmp_path, LINES[0].name).write_text("{")
    assert verify.main(["--results", str(tmp_path)]) == 1
    text = capsys.readouterr().out
    assert f"FAIL  {LINES[0].name}: " in text and "damaged" in text
    assert "1 records match the code" in text and "1 do not match" in text


@pytest.mark.parametrize(
    ("found", "stored", "line"),
    [
        ([2.0, math.nan], [2.0, 1.0], "FAIL  inf  t_"),
        ([2.0, math.inf], [2.0, 1.0], "FAIL  inf  t_"),
        ([2.0, 1.0], [2.0, math.nan], "FAIL  inf  t_"),
        ([2.0, 0.1], [2.0, 0.0], "FAIL  1e+00  t_"),
        ([2.004, 0.0], [2.0, 0.0], "FAIL  2e-03  t_"),
        ([2.001, 0.0], [2.0, 0.0], "ok    5e-04  t_"),
        ([2.0], [2.0, 1.0], "FAIL  t_"),  # of another number of steps
    ],
)
def test_verify_compares_relative_to_the_value(tmp_path, monkeypatch, capsys, found, stored, line):
    store.write(tmp_path, a_record(LINES[0], first_losses=stored))
    monkeypatch.setattr(training, "first_losses", lambda experiment, steps: found)
    assert bool(verify.verify(tmp_path)) == line.startswith("FAIL")
    assert capsys.readouterr().out.startswith(line)


def test_verify_of_nothing_is_an_error(tmp_path, capsys):
    store.write(tmp_path, a_record(LINES[0]))
    for results, only in ((tmp_path / "missing", "*"), (tmp_path, "other_*")):
        assert verify.main(["--results", str(results), "--only", only]) == 1
        assert f"{results} has no record that matches {only}" in capsys.readouterr().err


def test_a_committed_record_of_each_kind_matches_the_code():
    """One of each data set and network, with an augmentation and without a normalisation."""
    kinds = {}
    for name in store.names(RESULTS):
        line = store.read(store.path(RESULTS, name)).experiment
        key = line.data, line.network, line.augmentation, line.normalisation
        kinds.setdefault(key, name)
    assert len({key[:2] for key in kinds}) == 10
    assert verify.verify(RESULTS, list(kinds.values())) == []


def test_takes_the_convolutions_that_a_record_was_trained_with(tmp_path, monkeypatch):
    pytest.importorskip("numba")
    seen = []

    def first_losses(experiment, steps):
        seen.append(compiled.is_on())
        return [0.0] * steps

    monkeypatch.setattr(verify.training, "first_losses", first_losses)
    monkeypatch.setattr(compiled, "_wanted", True)
    for convolutions in ("torch", "blocks"):
        record = a_record(LINES[0])
        run = record.run.model_copy(update={"convolutions": convolutions})
        store.write(tmp_path, record.model_copy(update={"run": run}))
        assert store.read(store.path(tmp_path, record.name)).run == run
        verify.matches(tmp_path, record.name)
        verify.matches(tmp_path, record.name, now=True)
    assert seen == [False, True, True, True]
    assert compiled.is_on()
