"""Training what is missing: at once, in processes, interrupted, anew."""

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import joblib
import psutil
import pytest
from made import a_record

from commands import processes, retrain, runs, train
from helpers.experiments import Experiment, records, store, table, training
from helpers.experiments.store import RecordError

ROOT = Path(__file__).resolve().parents[2]
# A small table in place of the report's, in a process of its own.
PROGRAM = """
import sys
from pathlib import Path
from commands import runs, train
from helpers.experiments import Experiment, table

def lines():
    return [Experiment(group="t", images={images}, epochs=3, seed=s) for s in range({seeds})]

table.WRITTEN, table.CHOSEN = (lines,), ()
runs.CHECKPOINTS = Path(sys.argv[1]).parent / "checkpoints"
if __name__ == "__main__":
    sys.exit(train.main(["--results", sys.argv[1], *sys.argv[2:]]))
"""


@pytest.fixture(autouse=True)
def private_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "CHECKPOINTS", tmp_path / "checkpoints")
    for module in (train, retrain):
        monkeypatch.setattr(module, "PROJECT", tmp_path / "project")
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def two_runs(monkeypatch):
    lines = [Experiment(group="t", images=50, epochs=1, seed=seed) for seed in range(2)]
    monkeypatch.setattr(table, "WRITTEN", (lambda: lines,))
    monkeypatch.setattr(table, "CHOSEN", ())
    return lines


@pytest.fixture
def counted(monkeypatch):
    """Count the runs that are trained in this process."""
    names, run = [], training.run
    monkeypatch.setattr(
        training, "run", lambda line, *rest: names.append(line.name) or run(line, *rest)
    )
    return names


# ---------------------------------------------------------------------- what is missing
def test_trains_only_what_is_missing(results, two_runs, counted):
    assert train.train(results, workers=1) == []
    assert counted == [line.name for line in two_runs]
    assert train.train(results, workers=1) == []
    assert len(counted) == 2
    before = records.load(results)
    store.path(results, two_runs[1].name).unlink()
    train.train(results, workers=1)
    assert counted[2:] == [two_runs[1].name]
    assert all(map(records.same_result, before, records.load(results)))
    assert not [file for file in runs.CHECKPOINTS.rglob("*") if file.is_file()]


def test_processes_make_the_same_records_and_leave_the_environment(results, two_runs, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # a value of the caller's does not beat ours
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    before = dict(os.environ)
    assert train.train(results, workers=2) == []
    assert dict(os.environ) == before
    for record in records.load(results):
        assert record.run.threads == 1
        assert records.same_result(record, training.run(record.experiment)[0])


def test_processes_get_our_variables(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1")
    with processes.with_variables(runs.PROCESS), joblib.parallel_config("loky"):
        found = joblib.Parallel(2)(joblib.delayed(os.getenv)(name) for name in runs.PROCESS)
    assert found == list(runs.PROCESS.values())
    assert os.environ["MALLOC_TRIM_THRESHOLD_"] == "1"


def test_tuned_runs_follow_their_sweep(results, monkeypatch):
    sweep = [Experiment(group="s", images=50, epochs=1, learning_rate=lr) for lr in (1e-9, 1e-2)]
    monkeypatch.setattr(table, "WRITTEN", (lambda: sweep,))
    chosen = (
        ("f", lambda done: [table.best(done, "s", {}).model_copy(update={"group": "f"})], "s"),
    )
    monkeypatch.setattr(table, "CHOSEN", chosen)
    assert train.train(results, workers=1) == []
    assert [r.experiment.learning_rate for r in records.load(results, group="f")] == [1e-2]


def test_what_matches_nothing_is_an_error(results, two_runs, counted, capsys):
    command = ["--results", str(results), "--workers", "1", "--only", "t-mnist*", "other_*"]
    assert train.main(command) == 1
    assert "no run of the profile full matches t-mnist* other_*" in capsys.readouterr().err
    assert counted == []
    assert not results.exists()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--workers", "0"], "workers is 0; it must be at least 1"),
        (["--workers", "-1"], "workers is -1; it must be at least 1"),
        (["--workers", "2", "--device", "cuda"], "a GPU is used by one process"),
        (["--device", "cuda"], "torch finds no GPU"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused(
    results, two_runs, counted, capsys, monkeypatch, asked, message
):
    monkeypatch.setattr(runs.torch.cuda, "is_available", lambda: False)
    assert train.main(["--results", str(results), *asked]) == 1
    assert message in capsys.readouterr().err
    assert counted == []


def test_a_gpu_trains_in_this_process(results, two_runs, monkeypatch):
    devices = []

    def run(line, checkpoint, report, device):
        devices.append(device)
        return a_record(line), None

    monkeypatch.setattr(runs.torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    monkeypatch.setattr(training, "run", run)
    assert train.train(results, device="cuda") == []
    assert devices == ["cuda"] * 2


def test_a_damaged_record_stops_everything_and_stays(results, two_runs, counted):
    file = store.write(results, a_record(two_runs[1]))
    file.write_text("{")
    with pytest.raises(RecordError, match=two_runs[1].name):
        train.train(results, workers=1)
    assert train.main(["--results", str(results), "--workers", "1"]) == 1
    assert counted == []
    assert file.read_text() == "{"


def test_a_failing_run_is_named_and_the_others_are_trained(results, two_runs, monkeypatch, capsys):
    run = training.run

    def fail_first(line, *rest):
        if line.seed == 0:
            raise RuntimeError("out of luck")
        return run(line, *rest)

    monkeypatch.setattr(training, "run", fail_first)
    assert train.train(results, workers=1) == [two_runs[0].name]
    assert f"{two_runs[0].name} failed (1/2): RuntimeError: out of luck" in capsys.readouterr().err
    assert store.names(results) == [two_runs[1].name]


# ---------------------------------------------------------------------- what does not belong
def test_a_rehearsal_stays_out_of_the_records(results, two_runs, counted, capsys):
    store.write(results, a_record(two_runs[0]))
    with pytest.raises(RecordError, match="holds records of the profile full, not quick"):
        train.train(results, "quick", workers=1)
    assert counted == []
    default = train.options.results_of
    assert (
        default("full").name == "results" and default("full").parent == default("quick").parents[2]
    )
    assert default("quick").parts[-3:] == ("build", "quick", "results")
    assert (
        train.main(["--profile", "quick", "--results", str(results.parent / "q"), "--workers", "1"])
        == 0
    )
    assert all("_images500_" in name or name.endswith("_images500") for name in counted)


def test_lines_that_differ_in_images_only_have_a_record_each(results, monkeypatch):
    lines = [Experiment(group="t", images=n, epochs=1) for n in (40, 50)]
    monkeypatch.setattr(table, "WRITTEN", (lambda: lines,))
    monkeypatch.setattr(table, "CHOSEN", ())
    assert train.train(results, workers=1) == []
    assert [r.experiment.images for r in records.load(results)] == [40, 50]
    assert train.train(results, workers=1) == []


def test_list_names_what_does_not_count_and_retire_moves_it(results, tmp_path, two_runs, capsys):
    command = ["--results", str(results), "--workers", "1"]
    assert train.main([*command, "--only", "*seed0*"]) == 0
    old = Experiment(group="old")
    store.write(results, a_record(old), b"weights")
    assert train.main(["list", *command]) == 0
    text = capsys.readouterr().out
    assert f"missing  {two_runs[1].name}" in text
    assert "1 of 2 runs" in text
    assert f"not in the table: {old.name}" in text
    assert train.main(["retire", *command]) == 0
    retired = tmp_path / "project" / "build" / "retired" / "1"
    assert f"moved to {retired}" in capsys.readouterr().out
    assert store.names(results) == [two_runs[0].name]
    assert store.names(retired) == [old.name]
    assert (retired / f"{old.name}.safetensors").read_bytes() == b"weights"
    assert train.main(["retire", *command]) == 0
    assert "nothing to move" in capsys.readouterr().out


def test_left_overs_of_earlier_calls_are_removed(results, two_runs):
    folder = runs.CHECKPOINTS / runs._digest(str(results.resolve()))
    folder.mkdir(parents=True)
    mine = folder / runs._checkpoint(two_runs[1], "cpu")
    for name in (mine.name, "old-line.pt", "t.123.tmp"):
        (folder / name).write_bytes(b"")
    runs.train_all([], results, 1, keep=two_runs)
    assert list(folder.iterdir()) == [mine]


# ---------------------------------------------------------------------- anew
@pytest.fixture
def anew(tmp_path, results):
    return ["--results", str(results), "--workers", "1"], tmp_path / "project/build/retrained/full"


def test_training_anew_compares_before_it_replaces(results, two_runs, counted, anew, capsys):
    command, retrained = anew
    train.train(results, workers=1)
    stored = {file: file.read_bytes() for file in results.glob("*.json")}
    counted.clear()
    assert retrain.main(command) == 0
    assert counted == [line.name for line in two_runs]
    assert "2 of 2 new records hold the same results" in capsys.readouterr().out
    assert {file: file.read_bytes() for file in results.glob("*.json")} == stored
    assert len(store.names(retrained)) == 2


def test_training_anew_is_gone_on_with_and_says_so(results, two_runs, counted, anew, capsys):
    command, retrained = anew
    store.write(retrained, a_record(two_runs[0]))
    assert retrain.main(command) == 0
    assert counted == [two_runs[1].name]
    out, err = capsys.readouterr()
    assert f"{retrained} holds 1 records of an earlier call" in err
    assert out.count("there was none before") == 2
    assert not store.names(results)


def test_what_differs_is_told_and_replaced_on_request(results, tmp_path, two_runs, anew, capsys):
    command, retrained = anew
    left = Experiment(group="left")
    for line in (*two_runs, left):
        store.write(results, a_record(line, (0.9, 0.1)))
    store.write(retrained, a_record(two_runs[0], (0.9, 0.1)))
    store.write(retrained, a_record(two_runs[1], (0.8, 0.1), first_losses=(2.0, 1.5)), b"weights")
    assert retrain.main(["compare", *command]) == 0
    text = capsys.readouterr().out
    assert "first losses beyond 0.001; validation 90.00%, now 80.00%" in text
    assert "1 of 2 new records hold the same results" in text
    assert retrain.main(["replace", *command]) == 0
    found = store.read(store.path(results, two_runs[1].name))
    assert found.epochs[-1].validation_accuracy == 0.8
    assert (results / f"{found.name}.safetensors").read_bytes() == b"weights"
    assert store.names(results) == [line.name for line in two_runs]
    assert store.names(tmp_path / "project/build/retired/1") == [left.name]
    assert not retrained.exists()
    for action in ("compare", "replace"):
        assert retrain.main([action, *command]) == 1


def test_only_some_are_trained_anew(results, two_runs, counted, anew):
    command, retrained = anew
    train.train(results, workers=1)
    counted.clear()
    assert retrain.main([*command, "--only", "*seed1*"]) == 0
    assert counted == [two_runs[1].name] == store.names(retrained)


# ---------------------------------------------------------------------- processes
def test_a_second_call_waits_and_says_so(results, two_runs, counted, capsys):
    results.mkdir()
    descriptor = os.open(results / ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # as another process does
    record, _ = training.run(two_runs[0])
    counted.clear()

    def other_call_ends():
        while "Another call is training" not in "".join(said):
            said.append(capsys.readouterr().err)
            time.sleep(0.01)
        store.write(results, record)
        os.close(descriptor)  # its process ends

    said = []
    other = threading.Thread(target=other_call_ends)
    other.start()
    assert train.train(results, workers=1) == []
    other.join()
    assert counted == [two_runs[1].name]


@pytest.fixture
def start(tmp_path):
    """Start the command in a process group of its own, as a terminal does."""
    started = []

    def start(*arguments, images, seeds=2):
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(PROGRAM.format(images=images, seeds=seeds)))
        process = subprocess.Popen(
            [sys.executable, program, tmp_path / "results", *arguments],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},  # commands is in no package
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


def records_of(results):
    return [store.read(store.path(results, name)) for name in store.names(results)]


def test_ctrl_c_in_this_process(results, two_runs, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "run", interrupted)
    assert train.main(["--results", str(results), "--workers", "1"]) == 130
    assert "goes on from the last finished epoch" in capsys.readouterr().err


def test_ctrl_c_ends_all_processes_and_the_same_command_goes_on(
    results, start, monkeypatch, capsys
):
    process = start("--workers", "2", images=1500)
    for line in process.stderr:
        if "epoch 1/3" in line:
            break
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130
    assert "goes on from the last finished epoch" in said
    assert "Traceback" not in said
    assert not psutil.wait_procs(children, timeout=10)[1]  # nobody trains on
    lines = [Experiment(group="t", images=1500, epochs=3, seed=seed) for seed in range(2)]
    monkeypatch.setattr(table, "WRITTEN", (lambda: lines,))
    monkeypatch.setattr(table, "CHOSEN", ())
    assert train.train(results, workers=1) == []
    said = capsys.readouterr().err
    assert said.count("epoch 1/3") < 2  # what was begun is continued
    assert said.count("epoch 3/3") == 2
    for record in records.load(results):
        assert records.same_result(record, training.run(record.experiment)[0])


def test_a_killed_process_loses_nothing(results, start):
    process = start("--workers", "2", images=1500)
    for line in process.stderr:
        if "epoch 1/3" in line:
            break
    children = psutil.Process(process.pid).children(recursive=True)
    working = max(children, key=lambda child: child.memory_info().rss)
    working.kill()
    said = process.communicate()[1]
    assert process.returncode == 0
    assert "ended a process, most likely because memory ran out. Going on with 1" in said
    assert len(records_of(results)) == 2
    for record in records_of(results):
        assert records.same_result(record, training.run(record.experiment)[0])
