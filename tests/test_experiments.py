import math
import os
import runpy
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest
from filelock import FileLock
from made import a_record

from commands import schedule
from helpers import experiments
from helpers.experiments import Experiment, best, records, store, table, training
from helpers.experiments.store import RecordError

# A small table in place of the report's, in a process of its own.
PROGRAM = """
import sys
from commands import schedule
from helpers import experiments

def lines():
    return [experiments.Experiment(group="t", images={images}, epochs=3, seed=s) for s in range(2)]

experiments.table.WRITTEN, experiments.table.CHOSEN = (lines,), ()
if __name__ == "__main__":
    sys.exit(schedule.main(["train", "--results", sys.argv[1], *sys.argv[2:]]))
"""


@pytest.fixture(autouse=True)
def private_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(schedule, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.setattr(schedule, "LOCKS", tmp_path / "locks")
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)


@pytest.fixture
def two_runs(monkeypatch):
    lines = [Experiment(group="t", images=50, epochs=1, seed=seed) for seed in range(2)]
    monkeypatch.setattr(experiments.table, "WRITTEN", (lambda: lines,))
    monkeypatch.setattr(experiments.table, "CHOSEN", ())
    return lines


@pytest.fixture
def counted(monkeypatch):
    """Count the runs that are trained."""
    names, run = [], training.run
    monkeypatch.setattr(
        training, "run", lambda line, *rest: names.append(line.name) or run(line, *rest)
    )
    return names


def with_records_of_sweeps(results):
    """Return the whole table: with a record of each sweep, the tuned runs have their names."""
    for _, _, sweeps in experiments.table.CHOSEN:
        for line in table.lines(results):
            if line.group in sweeps:
                store.write(results, a_record(line, (0.9, 0.1)))
    return table.lines(results)


# ---------------------------------------------------------------------- the table
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
    final = {"baseline", "augmentation", "augmentation-long", "final", "final-64"}
    assert {line.group for line in lines if line.test} == final
    assert {line.group for line in lines if not line.test}.isdisjoint(final)


def test_every_setting_that_matters_is_in_the_name():
    line = Experiment(group="g", network="max", width=81, data="varres")
    changes = {
        "group": "h",
        "data": "varres-28",
        "network": "mean",
        "width": 80,
        "learning_rate": 0.002,
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
        ({"width": 81}, "width=81: the fixed network has none"),
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
    store.write(tmp_path, a_record(sweep[-1], 0.99))  # the fixed network at 0.005
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


# ---------------------------------------------------------------------- training what is missing
def test_trains_only_what_is_missing(tmp_path, two_runs, counted):
    assert schedule.train(tmp_path, workers=1) == []
    assert counted == [line.name for line in two_runs]
    assert schedule.train(tmp_path, workers=1) == []
    assert len(counted) == 2
    before = records.load(tmp_path)
    store.path(tmp_path, two_runs[1].name).unlink()
    schedule.train(tmp_path, workers=1)
    assert counted[2:] == [two_runs[1].name]
    assert all(map(records.same_result, before, records.load(tmp_path)))
    assert not list(schedule.CHECKPOINTS.iterdir())


def test_again_and_only(tmp_path, two_runs, counted):
    schedule.train(tmp_path, workers=1)
    schedule.train(tmp_path, only="*seed1", again=True, workers=1)
    assert counted == [two_runs[0].name, two_runs[1].name, two_runs[1].name]
    schedule.train(tmp_path, again=True, workers=1)  # that one is complete: everything anew
    assert counted[3:] == [line.name for line in two_runs]
    assert not list(schedule.CHECKPOINTS.iterdir())


def test_an_interrupted_training_anew_is_gone_on_with(
    tmp_path, two_runs, counted, monkeypatch, capsys
):
    command = ["train", "--results", str(tmp_path), "--workers", "1"]
    assert schedule.main(command) == 0
    run = training.run

    def interrupted(line, *rest):
        if line == two_runs[1]:
            raise KeyboardInterrupt
        return run(line, *rest)

    counted.clear()
    with monkeypatch.context() as patch:
        patch.setattr(training, "run", interrupted)
        assert schedule.main([*command, "--again"]) == 130
    assert counted == [two_runs[0].name]
    assert schedule.main(command) == 0  # nothing is missing, but half of it is old
    assert "holds old records beside new ones" in capsys.readouterr().err
    assert schedule.main([*command, "--again"]) == 0
    assert "runs finished since then are kept" in capsys.readouterr().err
    assert counted == [line.name for line in two_runs]
    assert schedule.main(command) == 0
    assert "old records" not in capsys.readouterr().err
    assert not list(schedule.CHECKPOINTS.iterdir())


def test_what_matches_nothing_is_an_error(tmp_path, two_runs, counted, capsys):
    command = ["train", "--results", str(tmp_path), "--workers", "1", "--only"]
    assert schedule.main([*command, "t-mnist*", "other_*"]) == 1
    assert "no run of the profile full matches ['t-mnist*', 'other_*']" in capsys.readouterr().err
    assert counted == []


@pytest.mark.parametrize("workers", [0, -1])
def test_too_few_workers_are_refused(tmp_path, two_runs, counted, capsys, workers):
    assert schedule.main(["train", "--results", str(tmp_path), "--workers", str(workers)]) == 1
    assert f"workers is {workers}; it must be at least 1" in capsys.readouterr().err
    assert counted == []


def test_workers_win_over_the_scheduler_of_the_environment(
    tmp_path, two_runs, counted, monkeypatch
):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")  # nobody is there
    assert schedule.train(tmp_path, workers=1) == []
    assert counted == [line.name for line in two_runs]  # in this process
    with schedule.pool(2, print) as place:
        assert place.own and place.slots == 2


def test_a_damaged_record_stops_everything_and_stays(tmp_path, two_runs, counted):
    file = store.path(tmp_path, two_runs[1].name)
    file.write_text("{")
    with pytest.raises(RecordError, match=two_runs[1].name):
        schedule.train(tmp_path, workers=1)
    assert counted == []
    assert file.read_text() == "{"
    assert schedule.main(["train", "--results", str(tmp_path), "--workers", "1"]) == 1


def test_a_record_with_other_settings_is_refused(tmp_path, two_runs):
    other = two_runs[0].model_copy(update={"images": 60})
    store.write(tmp_path, a_record(other, (0.5, 0.1)))
    with pytest.raises(RecordError, match=r"'images': \(50, 60\)"):
        schedule.train(tmp_path, workers=1)


def test_a_failing_run_is_named_and_the_others_are_trained(tmp_path, two_runs, monkeypatch, capsys):
    run = training.run

    def fail_first(line, *rest):
        if line.seed == 0:
            raise RuntimeError("out of luck")
        return run(line, *rest)

    monkeypatch.setattr(training, "run", fail_first)
    assert schedule.train(tmp_path, workers=1) == [two_runs[0].name]
    assert "RuntimeError: out of luck" in capsys.readouterr().err
    assert [record.name for record in records.load(tmp_path)] == [two_runs[1].name]


def test_a_run_that_another_process_has_is_waited_for(tmp_path, two_runs, counted, monkeypatch):
    name = schedule._identity(tmp_path, two_runs[0])
    schedule.LOCKS.mkdir()
    lock = FileLock(schedule.LOCKS / f"{name}.lock")
    lock.acquire()
    record, _ = training.run(two_runs[0])
    sleep = time.sleep

    def other_process_ends(seconds):
        sleep(seconds)
        if lock.is_locked and store.path(tmp_path, two_runs[1].name).is_file():
            store.write(tmp_path, record)
            lock.release()

    monkeypatch.setattr(schedule.time, "sleep", other_process_ends)
    counted.clear()
    assert schedule.train(tmp_path, workers=1) == []
    assert counted == [two_runs[1].name]


# ---------------------------------------------------------------------- verify, list
def test_verify_finds_a_change_of_behaviour(tmp_path, two_runs, monkeypatch, capsys):
    schedule.train(tmp_path, workers=1)
    assert schedule.verify(tmp_path) == []
    monkeypatch.setattr(training, "normaliser", lambda mean, std: lambda images: images / 300)
    assert schedule.verify(tmp_path, only="*seed1") == [two_runs[1].name]
    monkeypatch.undo()
    store.path(tmp_path, two_runs[0].name).write_text("{")
    assert schedule.main(["verify", "--results", str(tmp_path)]) == 1
    assert "damaged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "stored", "line"),
    [
        ([2.0, math.nan], [2.0, 1.0], "FAIL  inf  t_"),
        ([2.0, math.inf], [2.0, 1.0], "FAIL  inf  t_"),
        ([2.0, 1.0], [2.0, math.nan], "FAIL  inf  t_"),
        ([2.0, 0.1], [2.0, 0.0], "FAIL  1e+00  t_"),
        ([2.004, 0.0], [2.0, 0.0], "FAIL  2e-03  t_"),
        ([2.001, 0.0], [2.0, 0.0], "ok    5e-04  t_"),
    ],
)
def test_verify_compares_relative_to_the_value(tmp_path, monkeypatch, capsys, found, stored, line):
    store.write(tmp_path, a_record(Experiment(group="t"), (0.9, 0.1)) | {"first_losses": stored})
    monkeypatch.setattr(training, "first_losses", lambda experiment, steps: found)
    assert bool(schedule.verify(tmp_path)) == line.startswith("FAIL")
    assert capsys.readouterr().out.startswith(line)


def test_verify_of_nothing_is_an_error(tmp_path, two_runs, capsys):
    schedule.train(tmp_path, only="*seed0", workers=1)
    for results, only in ((tmp_path / "missing", "*"), (tmp_path, "other_*")):
        assert schedule.main(["verify", "--results", str(results), "--only", only]) == 1
        assert f"{results} has no record that matches ['{only}']" in capsys.readouterr().err


def test_list_shows_what_is_there_and_what_no_longer_belongs(tmp_path, two_runs, capsys):
    schedule.train(tmp_path, only="*seed0", workers=1)
    store.write(tmp_path, a_record(Experiment(group="old"), (0.5, 0.1)))
    assert schedule.main(["list", "--results", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert f"missing  {two_runs[1].name}" in text
    assert "1 of 2 runs" in text
    assert "not in the table: old_mnist" in text


def test_the_command_is_the_module_under_its_proper_name(monkeypatch):
    monkeypatch.setattr(schedule, "main", lambda: 7)  # workers are sent what it defines, by name
    with pytest.warns(RuntimeWarning), pytest.raises(SystemExit, match="7"):
        runpy.run_module("commands.schedule", run_name="__main__")


# ---------------------------------------------------------------------- processes
@pytest.fixture
def start(tmp_path):
    """Start the command in a process group of its own, as a terminal does."""
    started = []

    def start(*arguments, images):
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(PROGRAM.format(images=images)))
        process = subprocess.Popen(
            [sys.executable, program, tmp_path / "results", *arguments],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            # a program started in the background inherits that Ctrl-C is ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_ctrl_c_says_how_to_go_on_and_two_processes_share_the_rest(tmp_path, start):
    process = start("--workers", "1", images=1500)
    for line in process.stderr:
        if "epoch 1/3" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130
    assert "goes on from the last finished epoch" in said
    assert "Traceback" not in said
    both = [start("--workers", "1", images=1500) for _ in range(2)]
    said = "".join(process.communicate()[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said.count("seed0 epoch 1/3") == 0  # continued
    assert said.count("seed0 epoch 3/3") == said.count("seed1 epoch 3/3") == 1  # once
    for record in records.load(tmp_path / "results"):
        whole, _ = training.run(record.experiment)
        assert records.same_result(record, whole)


def test_a_killed_worker_loses_nothing(tmp_path, start):
    process = start("--workers", "2", images=1500)
    for line in process.stderr:
        if "epoch 1/3" in line:
            break
    children = psutil.Process(process.pid).children()
    workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    workers[0].kill()
    process.communicate()
    assert process.returncode == 0
    for record in records.load(tmp_path / "results"):
        whole, _ = training.run(record.experiment)
        assert records.same_result(record, whole)
