"""The table of experiments: names, what may read the test set, what is chosen from records."""

import pytest
from made import a_record

from helpers import experiments
from helpers.experiments import Experiment, best, store, table, training


def with_records_of_sweeps(results):
    """Return the whole table: with a record of each sweep, the tuned runs have their names."""
    for _, _, sweeps in experiments.table.CHOSEN:
        for line in table.lines(results):
            if line.group in sweeps:
                store.write(results, a_record(line, (0.9, 0.1)))
    return table.lines(results)


@pytest.mark.parametrize("profile", experiments.table.PROFILES)
def test_names_are_unique_and_fit_a_file_system(tmp_path, profile):
    names = [line.name for line in table.lines(tmp_path, profile)]
    assert len(names) == len(set(names)) > 20
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_") for name in names)


@pytest.mark.parametrize("profile", experiments.table.PROFILES)
def test_each_line_can_be_started(tmp_path, profile):
    seen = set()
    for line in table.lines(tmp_path, profile):
        if (key := (line.network, line.width, line.data)) not in seen:
            seen.add(key)
            training.build_network(line)
    assert len(seen) >= 6


def test_only_final_results_may_read_the_test_set(tmp_path):
    lines = with_records_of_sweeps(tmp_path)
    assert {name for name, *_ in experiments.table.CHOSEN} <= {line.group for line in lines}
    final = {
        "baseline",
        "augmentation",
        "augmentation-long",
        "best",
        "final",
        "final-64",
        "decay",
        "head",
        "mean",
        "padded",
    }
    assert {line.group for line in lines if line.test} == final
    assert {line.group for line in lines if not line.test}.isdisjoint(final)


def test_every_setting_that_matters_is_in_the_name():
    line = Experiment(group="g", network="max", width=81, data="varres")
    changes = {
        "group": "h",
        "data": "varres-28",
        "network": "mean",
        "width": 80,
        "batch_norm": True,
        "learning_rate": 0.002,
        "schedule": "linear",
        "batch_size": 8,
        "epochs": 4,
        "augmentation": "affine",
        "normalisation": False,
        "seed": 1,
        "images": 50,
    }
    # the rest does not change the result
    assert set(Experiment.model_fields) - set(changes) == {"optimiser", "test", "save_weights"}
    names = {line.model_copy(update={key: value}).name for key, value in changes.items()}
    assert len(names | {line.name}) == len(changes) + 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"network": "big"}, "network"),
        ({"lr": 0.1}, "lr"),
        ({"data": "cifar"}, "data"),
        ({"group": "two words"}, "group"),
        ({"group": "a_b"}, "group"),
        ({"group": ""}, "group"),
        ({"images": 14}, "images\n.*greater than or equal to 15"),
        ({"augmentation": "afine"}, "augmentation\n.*'original' or 'affine'"),
        ({"network": "max", "data": "varres"}, "width is missing: network='max'"),
        ({"network": "sum"}, "width is missing: network='sum'"),
        ({"network": "mean", "width": 0}, "width"),
        ({"batch_norm": True}, "batch_norm=True: only a VariableNetwork has it"),
        ({"schedule": "cosine"}, "schedule\n.*'constant' or 'linear'"),
        ({"data": "varres"}, "three sizes"),
    ],
    ids=str,
)
def test_a_wrong_line_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Experiment(**({"group": "g"} | wrong))


def test_the_fewest_images_can_be_trained(tmp_path):
    for fields in ({}, {"data": "varres", "network": "sum", "width": 2}):
        line = Experiment(group="g", images=15, epochs=1, test=True, **fields)
        record, _ = training.run(line)
        assert len(record.test.predictions) == 3


def test_unknown_profile_is_named(tmp_path):
    with pytest.raises(ValueError, match="'slow' is unknown; choose one of: full, quick"):
        table.lines(tmp_path, "slow")


def test_best_takes_the_mean_over_seeds_and_then_the_loss():
    line = Experiment(group="g", seed=0)
    rates = {0.1: [0.9, 0.7], 0.2: [0.85, 0.85], 0.3: [0.8, 0.8]}
    done = [
        a_record(line.model_copy(update={"learning_rate": rate, "seed": seed}), (accuracy, 0.1))
        for rate, accuracies in rates.items()
        for seed, accuracy in enumerate(accuracies)
    ]
    assert best(done, "g", {"network": "fixed"}).learning_rate == 0.2
    done += [a_record(line.model_copy(update={"learning_rate": 0.4}), (0.85, 0.05))]
    assert best(done, "g", {"network": "fixed"}).learning_rate == 0.4
    with pytest.raises(ValueError, match="no record of the sweep 'h'"):
        best(done, "h", {})


def test_tuned_runs_appear_when_their_sweep_is_complete(tmp_path):
    def groups():
        return {line.group for line in table.lines(tmp_path)}

    sweep = [line for line in table.lines(tmp_path) if line.group == "learning-rate"]
    for line in sweep[:-1]:
        accuracy = {0.002: 0.97, 0.003: 0.96}.get(line.learning_rate, 0.9)
        store.write(tmp_path, a_record(line, (accuracy, 0.1)))
    assert "batch-size" not in groups()
    store.write(tmp_path, a_record(sweep[-1], (0.99, 0.1)))  # the fixed network at 0.005
    sweep = [line for line in table.lines(tmp_path) if line.group == "batch-size"]
    rates = {line.network: line.learning_rate for line in sweep}
    assert rates == {"max": 0.002, "fixed": 0.005}
    assert "final" not in groups()
    for line in sweep:
        store.write(tmp_path, a_record(line, (0.9 + line.batch_size / 1000, 0.1)))
    final = [line for line in table.lines(tmp_path) if line.group == "final"]
    assert {(line.network, line.learning_rate, line.batch_size) for line in final} == {
        ("max", 0.002, 64),
        ("fixed", 0.005, 64),
    }
    assert sorted(line.seed for line in final) == sorted([*range(experiments.SEEDS["final"])] * 2)
    assert all(line.test for line in final)
