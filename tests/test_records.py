import json

import pytest
import torch
from safetensors.torch import save

from helpers.experiments import records
from helpers.experiments.records import RecordError


def a_record(name="trial", **fields):
    return {
        "name": name,
        "experiment": {"group": "trial", "seed": 0, "epochs": 2} | fields,
        "first_losses": [2.3025851249694824, 0.1],
        "epochs": [
            {"epoch": n, "train_loss": 1 / n, "validation_loss": 0.5, "validation_accuracy": 0.9}
            | {"per_resolution": {"32": {"loss": 0.4, "accuracy": 0.8 + n / 100}}}
            for n in (1, 2)
        ],
        "test": {"accuracy": 0.25, "per_resolution": {}, "predictions": "7210"},
        "weights": None,
        "run": {"seconds": 1.5, "threads": 1},
    }


def test_what_is_written_is_read(tmp_path):
    file = records.write(tmp_path, a_record())
    assert file == tmp_path / "trial.run.json"
    assert records.read(file) == a_record()
    assert [path.name for path in tmp_path.iterdir()] == ["trial.run.json"]


def test_a_record_is_json_with_one_line_per_epoch(tmp_path):
    text = records.write(tmp_path, a_record()).read_text()
    assert json.loads(text)["name"] == "trial"
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
def test_a_damaged_record_is_refused_by_name_and_kept(tmp_path, damage, message):
    records.write(tmp_path, a_record("good"))
    file = records.write(tmp_path, a_record())
    file.write_text(damage(file.read_text()))
    before = file.read_bytes()
    for use in (lambda: records.read(file), lambda: records.load(tmp_path)):
        with pytest.raises(RecordError, match=message) as error:
            use()
        assert str(file) in str(error.value)
    assert file.read_bytes() == before


def test_a_renamed_record_is_refused(tmp_path):
    file = records.write(tmp_path, a_record())
    with pytest.raises(RecordError, match="holds the record 'trial'"):
        records.read(file.rename(tmp_path / "other.run.json"))


def test_layout_and_key_order_do_not_matter(tmp_path):
    file = records.write(tmp_path, a_record())
    file.write_text(json.dumps(json.loads(file.read_text()), indent=4, sort_keys=True))
    assert records.read(file) == a_record()


def test_load_selects_and_sorts(tmp_path):
    for seed in (2, 0, 1):
        records.write(tmp_path, a_record(f"trial{seed}", seed=seed))
    records.write(tmp_path, a_record("another", group="another"))
    (tmp_path / "throughput.json").write_text("not a record")
    found = records.load(tmp_path, group="trial")
    assert [record["experiment"]["seed"] for record in found] == [0, 1, 2]
    assert [r["name"] for r in records.load(tmp_path, seed=(1, 2))] == ["trial1", "trial2"]
    with pytest.raises(RecordError, match="no record with group='absent'"):
        records.load(tmp_path, group="absent")
    with pytest.raises(ValueError, match="no field 'sede'"):
        records.load(tmp_path, sede=1)


def test_a_missing_record_says_how_to_get_it(tmp_path):
    with pytest.raises(RecordError, match="make results"):
        records.read(tmp_path / "absent.run.json")


def test_frames(tmp_path):
    frame = records.runs([a_record()])
    assert frame.shape[0] == 1
    assert frame.loc[0, "test_accuracy"] == 0.25
    assert frame.loc[0, "validation_accuracy"] == 0.9
    assert frame.loc[0, "seed"] == 0
    frame = records.epochs([a_record(), a_record("b", seed=1)])
    assert list(frame["epoch"]) == [1, 2, 1, 2]
    assert list(frame["validation_accuracy_32"])[:2] == pytest.approx([0.81, 0.82])
    assert records.runs([a_record() | {"test": None}])["test_accuracy"].isna().all()


def test_weights_travel_with_the_record(tmp_path):
    weights = {"weight": torch.randn(2, 3, generator=torch.Generator().manual_seed(0))}
    records.write(tmp_path, a_record(), save(weights))
    assert torch.equal(records.load_weights(tmp_path, "trial")["weight"], weights["weight"])
    (tmp_path / "trial.safetensors").write_bytes(save({"weight": torch.zeros(2, 3)}))
    with pytest.raises(RecordError, match=r"trial\.safetensors is missing or not the file"):
        records.load_weights(tmp_path, "trial")
    records.write(tmp_path, a_record("bare"))
    with pytest.raises(RecordError, match="bare stored no weights"):
        records.load_weights(tmp_path, "bare")


def test_an_interrupted_write_leaves_the_old_record(tmp_path, monkeypatch):
    file = records.write(tmp_path, a_record())
    before = file.read_bytes()

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(records.os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        records.write(tmp_path, a_record(seed=7))
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_same_ignores_speed_and_machine_only():
    assert records.same(a_record(), a_record() | {"run": {"seconds": 9.0}, "checksum": "x"})
    assert not records.same(a_record(), a_record(seed=1))
    assert not records.same(a_record(), a_record() | {"test": None})
