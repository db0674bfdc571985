"""The measurement on unseen sizes: what it counts, and that the stored values are its own."""

import numpy as np
import pytest

from commands import unseen
from commands.bench import environment
from helpers import data, project


def test_images_of_both_ways():
    few = data.load_mnist().validation[:5]
    canvas = unseen.images_of(few, "the canvas changes", 80)
    grown = unseen.images_of(few, "both change", 96)
    assert canvas.images.shape == (5, 1, 80, 80) and grown.images.shape == (5, 1, 96, 96)
    on_48 = unseen.images_of(few, "the canvas changes", 48)
    assert (unseen.images_of(few, "both change", 48).images == on_48.images).all()
    assert sorted(canvas.index.tolist()) == sorted(grown.index.tolist())


def test_falls_are_taken_digit_by_digit():
    right, wrong = np.ones((2, 4), dtype=bool), np.array([[1, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)
    found = {("both change", "fixed", 48): right, ("both change", "fixed", 96): wrong}
    (fall,) = unseen.summarise(found)["falls"]
    assert fall["side"] == 96 and fall["points"] == 62.5  # falls of 0, 50, 100 and 100
    assert fall["standard_error"] == pytest.approx(np.std([0, 50, 100, 100], ddof=1) / 2, abs=1e-3)


def test_the_stored_accuracies_are_those_of_the_stored_weights():
    stored = project.read_json(environment.RESULTS / "unseen.json")
    assert stored["digits"] == 10_000
    few = data.load_mnist().validation[:500]
    found = unseen.summarise(unseen.right("results", few, [48]))["accuracies"]
    by_run = {(r["way"], r["kind"], r["side"], r["seed"]): r["percent"] for r in found}
    for row in stored["accuracies"]:
        if row["side"] == 48:
            value = by_run[row["way"], row["kind"], row["side"], row["seed"]]
            assert abs(value - row["percent"]) < 3  # of 500 digits, the others' error apart
