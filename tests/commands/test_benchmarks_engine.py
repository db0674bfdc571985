"""Blocks in one step, as they are measured for lesson 07."""

import pytest

from commands.bench import engine
from commands.bench.environment import RESULTS
from helpers.experiments import store

pytest.importorskip("numba")


def test_blocks_have_real_gradients():
    found = engine.measure_blocks(RESULTS, seconds=0)
    for name in ("conv1", "conv2", "conv3"):
        assert 0 < found[name]["nonzero"] <= 1 / 4
        assert found[name]["seconds"].keys() == found[name]["share"].keys()
    assert engine.measure_steps(RESULTS, seconds=0).keys() == found["conv1"]["seconds"].keys()


def test_a_record_compared_with_itself():
    record = store.read(store.path(RESULTS, engine.NETWORK))
    found = engine.compare(record, record, RESULTS)
    assert found["first_losses"] == found["predictions_that_differ"] == 0
    assert len(set(found["accuracy"].values())) == 1
    assert record.test.accuracy in found["accuracy_of_seeds"]
    assert len(found["accuracy_of_seeds"]) == 5
