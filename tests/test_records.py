import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from made import RUN, a_record
from safetensors.torch import save

from helpers.experiments import Experiment, inputs, records, store, table, training
from helpers.experiments.profiles import profile_of
from helpers.experiments.store import Epoch, RecordError, Result, TestResult

RESULTS = Path(__file__).resolve().parents[1] / "results"
TRIAL = Experiment(group="trial", data="varres", network="max", width=8, epochs=2, test=True)
PER_RESOLUTION = {
    32: Result(loss=0.4, accuracy=0.8),
    48: Result(loss=0.3, accuracy=0.85),
    100: Result(loss=0.2, accuracy=0.9),  # as texts, 100 comes before 32
}


def trial(**fields):
    """A record with everything in it."""
    line = TRIAL.model_copy(update=fields)
    epochs = [
        Epoch(
            epoch=n,
            train_loss=1 / n,
            validation_loss=0.5,
            validation_accuracy=0.9,
            per_resolution=PER_RESOLUTION,
        )
        for n in (1, 2)
    ]
    test = TestResult(loss=1.5, accuracy=0.25, per_resolution=PER_RESOLUTION, predictions="7210")
    return a_record(line, test=test).model_copy(update={"epochs": epochs})


@pytest.fixture
def listed(monkeypatch):
    """Make a table of trials with seeds 0 to 2."""
    lines = [TRIAL.model_copy(update={"seed": seed}) for seed in range(3)]
    monkeypatch.setattr(table, "WRITTEN", (lambda: lines,))
    monkeypatch.setattr(table, "CHOSEN", ())
    return lines


# ---------------------------------------------------------------------- one record
def test_what_is_written_is_read(tmp_path):
    file = store.write(tmp_path, trial())
    assert file == store.path(tmp_path, TRIAL.name)
    assert store.read(file) == trial()
    assert list(tmp_path.iterdir()) == [file]
    assert store.read(file).epochs[-1].per_resolution[32].accuracy == 0.8


def test_a_loss_that_is_no_number_is_kept(tmp_path):
    file = store.write(tmp_path, a_record(TRIAL, (0.1, float("nan")), (0.1, float("inf"))))
    first, last = store.read(file).epochs
    assert first.validation_loss != first.validation_loss
    assert last.validation_loss == float("inf")


def test_a_record_is_json_with_one_line_per_epoch(tmp_path):
    text = store.write(tmp_path, trial()).read_text()
    assert json.loads(text)["name"] == TRIAL.name
    assert sum('"epoch": ' in line for line in text.splitlines()) == 2


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "damaged or half-written"),
        (lambda text: "", "damaged or half-written"),
        (lambda text: "[]", "damaged or half-written"),
        (lambda text: "{}", "damaged or half-written"),
        (lambda text: text.replace('"accuracy": 0.25', '"accuracy": 0.95'), "was changed"),
        (lambda text: text.replace('"7210"', '"7211"'), "was changed"),
        (lambda text: text.replace('"checksum": "', '"checksum": "0'), "was changed"),
    ],
)
def test_a_damaged_record_is_refused_by_name_and_kept(tmp_path, listed, damage, message):
    for line in listed:
        file = store.write(tmp_path, trial(seed=line.seed))
    file.write_text(damage(file.read_text()))
    before = file.read_bytes()
    for use in (lambda: store.read(file), lambda: records.load(tmp_path)):
        with pytest.raises(RecordError, match=message) as error:
            use()
        assert str(file) in str(error.value)
    assert file.read_bytes() == before


def rewritten(file, change):
    """Change the content of a record and give it the checksum of the new content."""
    content = json.loads(file.read_text())
    del content["checksum"]
    change(content)
    file.write_text(json.dumps(content | {"checksum": store._checksum(content)}))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda c: c["experiment"].update(momentum=0.9), "experiment.momentum: Extra inputs"),
        (lambda c: c["experiment"].pop("group"), "experiment.group: Field required"),
        (lambda c: c["experiment"].update(network="big"), "experiment.network: Input should be"),
        (lambda c: c["epochs"][1].pop("train_loss"), "epochs.1.train_loss: Field required"),
        (lambda c: c["run"].update(threads="two"), "run.threads: Input should be"),
        (lambda c: c.pop("test"), "test: Field required"),
    ],
)
def test_another_schema_is_refused_with_file_and_field(tmp_path, listed, change, field):
    for line in listed:
        file = store.write(tmp_path, trial(seed=line.seed))
    rewritten(file, change)
    for use in (lambda: store.read(file), lambda: records.load(tmp_path)):
        with pytest.raises(RecordError, match="does not fit this version") as error:
            use()
        assert str(file) in str(error.value)
        assert field in str(error.value)


def test_a_renamed_record_is_refused(tmp_path):
    file = store.write(tmp_path, trial())
    with pytest.raises(RecordError, match=f"holds the record '{TRIAL.name}'"):
        store.read(file.rename(tmp_path / "other.run.json"))
    file = store.write(tmp_path, trial().model_copy(update={"name": "other"}))
    with pytest.raises(RecordError, match=f"'other' of the run '{TRIAL.name}'"):
        store.read(file)


def test_layout_and_key_order_do_not_matter(tmp_path):
    file = store.write(tmp_path, trial())
    file.write_text(json.dumps(json.loads(file.read_text()), indent=4, sort_keys=True))
    assert store.read(file) == trial()


def test_a_missing_record_says_how_to_get_it(tmp_path):
    with pytest.raises(RecordError, match="make results"):
        store.read(tmp_path / "absent.run.json")


def test_a_record_with_other_settings_is_refused(tmp_path):
    store.write(tmp_path, trial(test=False))  # not in the name
    with pytest.raises(RecordError, match=r"'test': \(True, False\)"):
        store.read_run(tmp_path, TRIAL)


# ---------------------------------------------------------------------- those that count
def test_load_selects_and_sorts(tmp_path, listed):
    for seed in (2, 0, 1):
        store.write(tmp_path, trial(seed=seed))
    (tmp_path / "throughput.json").write_text("not a record")
    assert [r.experiment.seed for r in records.load(tmp_path, group="trial")] == [0, 1, 2]
    assert [r.experiment.seed for r in records.load(tmp_path, seed=(1, 2))] == [1, 2]
    with pytest.raises(RecordError, match="no record with group='absent'"):
        records.load(tmp_path, group="absent")
    with pytest.raises(ValueError, match="no field 'sede'"):
        records.load(tmp_path, sede=1)


def test_load_leaves_out_what_is_not_in_the_table(tmp_path, listed):
    for seed in range(5):  # two seeds more than the table has now
        store.write(tmp_path, trial(seed=seed))
    store.write(tmp_path, trial(learning_rate=0.5))
    store.write(tmp_path, trial(images=500))
    assert [r.experiment for r in records.load(tmp_path, group="trial")] == listed


def test_load_refuses_half_of_a_comparison(tmp_path, listed):
    for seed in range(2):
        store.write(tmp_path, trial(seed=seed))
    with pytest.raises(RecordError, match=f"lacks 1 of the 3 records .*{listed[2].name}"):
        records.load(tmp_path, group="trial")
    assert len(records.load(tmp_path, seed=(0, 1))) == 2


def test_a_folder_of_another_profile_has_its_own_table(tmp_path, listed):
    table.claim(tmp_path, "quick")
    quick = table.lines(tmp_path, "quick")
    assert len(quick) == 2 and {line.images for line in quick} == {500}
    for line in quick:
        store.write(tmp_path, a_record(line))
    store.write(tmp_path, trial())
    assert [r.experiment for r in records.load(tmp_path)] == quick
    table.claim(tmp_path, "quick")  # again, by the next training
    (tmp_path / "profile").write_text("slow")
    with pytest.raises(RecordError, match="names the profile 'slow'; expected: full, quick"):
        records.load(tmp_path)


def test_a_folder_holds_one_profile(tmp_path, listed):
    store.write(tmp_path / "full", trial())
    table.claim(tmp_path / "full", "full")
    table.claim(tmp_path / "quick", "quick")
    for there, other in (("full", "quick"), ("quick", "full")):
        with pytest.raises(RecordError, match=f"{there} holds records of the profile {there}"):
            table.claim(tmp_path / there, other)


# ---------------------------------------------------------------------- frames
def test_frames():
    plain = a_record(TRIAL, (0.8, 0.6), (0.9, 0.5))
    frame = records.runs([trial(), plain])
    assert frame.shape[0] == 2
    assert list(frame["test_accuracy"])[:1] == [0.25] and frame["test_accuracy"].isna()[1]
    assert frame.loc[1, "validation_accuracy"] == 0.9
    assert frame.loc[0, "seed"] == 0
    assert {"name", "group", "epoch", "train_loss", "seconds", "threads"} <= set(frame)
    assert "per_resolution" not in frame
    frame = records.epochs([trial(), plain])
    assert list(frame["epoch"]) == [1, 2, 1, 2]
    assert list(frame["validation_accuracy"]) == [0.9, 0.9, 0.8, 0.9]
    assert list(frame["validation_accuracy_32"])[:2] == [0.8, 0.8]
    assert pd.isna(frame["validation_loss_100"][2])


def test_weights_travel_with_the_record(tmp_path):
    weights = {"weight": torch.randn(2, 3, generator=torch.Generator().manual_seed(0))}
    store.write(tmp_path, trial(), save(weights))
    name = TRIAL.name
    assert torch.equal(records.load_weights(tmp_path, name)["weight"], weights["weight"])
    (tmp_path / f"{name}.safetensors").write_bytes(save({"weight": torch.zeros(2, 3)}))
    with pytest.raises(RecordError, match=r"\.safetensors is missing or not the file"):
        records.load_weights(tmp_path, name)
    store.write(tmp_path, trial(seed=1))
    with pytest.raises(RecordError, match="seed1 stored no weights"):
        records.load_weights(tmp_path, trial(seed=1).name)


def test_an_interrupted_write_leaves_the_old_record(tmp_path, monkeypatch):
    file = store.write(tmp_path, trial())
    before = file.read_bytes()

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store.os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        store.write(tmp_path, trial().model_copy(update={"first_losses": [3.0]}))
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_same_result_ignores_speed_and_machine_only():
    other = RUN.model_copy(update={"seconds": 9.0, "processor": "another"})
    assert records.same_result(trial(), trial().model_copy(update={"run": other}))
    assert not records.same_result(trial(), trial(seed=1))
    for change in ({"test": None}, {"first_losses": [2.0, 1.5]}, {"weights": "0"}):
        assert not records.same_result(trial(), trial().model_copy(update=change))


# ---------------------------------------------------------------------- the committed records
def test_every_committed_record_is_readable_and_in_the_table():
    assert profile_of(RESULTS) == "full"
    names = [line.name for line in table.lines(RESULTS)]
    assert sorted(names) == store.names(RESULTS)
    for name in names:
        file = store.path(RESULTS, name)
        record = store.read(file)
        content = record.as_json()
        text = store._format(content | {"checksum": store._checksum(content)})
        assert text == file.read_text(encoding="utf-8")  # written again, it has the same bytes
        if record.weights:
            assert store.load_weights(RESULTS, name)
    assert len(records.load(RESULTS)) == len(names)
    weights = {file.name for file in RESULTS.glob("*.safetensors")}
    kept = {f"{record.name}.safetensors" for record in records.load(RESULTS) if record.weights}
    assert weights == kept


def test_settings_that_are_no_longer_chosen_enter_no_comparison(tmp_path):
    for file in RESULTS.glob("*.json"):
        shutil.copy(file, tmp_path)
    before = records.load(tmp_path, group="final")
    for record in before:  # another choice, perhaps of another processor, left these
        line = record.experiment.model_copy(update={"batch_size": 64, "save_weights": False})
        store.write(tmp_path, record.model_copy(update={"name": line.name, "experiment": line}))
    assert records.load(tmp_path, group="final") == before
    assert len(before) == 10
    choice = store.read(
        store.path(tmp_path, "batch-size_varres_max81_lr0.0005_batch64_epochs10_seed0")
    )
    last = choice.epochs[-1].model_copy(update={"validation_accuracy": 1.0})
    store.write(tmp_path, choice.model_copy(update={"epochs": [*choice.epochs[:-1], last]}))
    with pytest.raises(RecordError, match="other settings than the table's: {'save_weights'"):
        records.load(tmp_path, group="final", network="max")  # now chosen, and made otherwise


@pytest.mark.parametrize("group", ["baseline", "final"])
def test_stored_weights_reproduce_the_stored_predictions(group):
    record = next(r for r in records.load(RESULTS, group=group, seed=0) if r.weights)
    network = training.build_network(record.experiment)
    network.load_state_dict(store.load_weights(RESULTS, record.name))
    _, _, prepare = inputs.load(record.experiment)
    predicted = torch.full((10_000,), -1)
    for images in inputs.load_part(record.experiment, "test").values():
        predicted[images.index] = training.evaluate(network, images, prepare)[1]
    stored = torch.tensor([int(digit) for digit in record.test.predictions])
    # another processor may round the scores of an undecided image to another digit
    assert (predicted != stored).sum() <= 2
