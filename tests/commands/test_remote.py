"""Runs on a Dask cluster: scheduler and workers are processes of their own, without the project."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from distributed import Client

import helpers
from commands import CommandError, cluster, runs, train
from helpers.experiments import Experiment, records, remote, table, training

LINES = [Experiment(group="t", images=50, epochs=1, seed=seed, test=True) for seed in range(2)]
LONG = Experiment(group="t", images=3000, epochs=50)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def installed(folder):
    """Return a function that makes a folder with the installed package, perhaps of other code."""

    def install(name, change=lambda package: None):
        package = folder / name / "helpers"
        shutil.copytree(Path(helpers.__file__).parent, package)
        change(package)
        return package.parent

    return install


@pytest.fixture(scope="module")
def start(folder):
    """Start ``dask scheduler`` or ``dask worker`` with only ``site`` on its path."""
    started = []

    def start(command, *arguments, site):
        log = (folder / f"{site.name}-{command}.log").open("w")
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{command}", *arguments]
                + ["--host", "127.0.0.1", "--no-dashboard"],
                cwd=site,
                env=os.environ | {"PYTHONPATH": str(site), "TMPDIR": str(site)},
                stdout=log,
                stderr=log,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def address(start, folder):
    """Return the address of a scheduler without workers."""
    site = folder / "scheduler"
    site.mkdir()
    file = site / "address.json"
    start("scheduler", "--port", "0", "--scheduler-file", str(file), site=site)
    for _ in range(600):
        if file.is_file():
            break
        time.sleep(0.1)
    with Client(scheduler_file=str(file), set_as_default=False) as client:
        return client.scheduler.address


@pytest.fixture
def worker(start, address):
    """Return a function that starts a worker and waits until it is there."""
    processes = []

    def worker(site, *arguments):
        here = ["--no-nanny", "--local-directory", str(site)]
        processes.append(start("worker", address, *here, *arguments, site=site))
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
        return site

    yield worker
    for process in processes:
        process.terminate()
        process.wait(timeout=20)
    with Client(address, set_as_default=False) as client:
        while client.scheduler_info()["workers"]:
            time.sleep(0.1)


@pytest.fixture
def on_the_cluster(tmp_path, monkeypatch, address):
    monkeypatch.setattr(runs, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.setattr(table, "WRITTEN", (lambda: LINES,))
    monkeypatch.setattr(table, "CHOSEN", ())
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    return ["--results", str(tmp_path / "results")]


def test_nobody_there_is_said_in_time(on_the_cluster, address, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "SECONDS", 2)
    assert train.main(on_the_cluster) == 1
    assert f"the scheduler at {address} has no worker after 2 s" in capsys.readouterr().err
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    assert train.main(on_the_cluster) == 1
    assert "no scheduler answers at DASK_SCHEDULER_ADDRESS=tcp://127.0.0.1:1 within 2 s" in (
        capsys.readouterr().err
    )


def test_the_installed_package_is_enough_and_a_stopped_run_ends(
    on_the_cluster, address, worker, installed, tmp_path
):
    site = worker(installed("same"), "--nthreads", "1")
    assert train.main(on_the_cluster) == 0
    found = records.load(tmp_path / "results")
    assert len(found) == 2
    for record in found:
        assert records.same_result(record, training.run(record.experiment)[0])
    assert {path.name for path in site.glob("*")} >= {"helpers", remote.FOLDER}
    assert not list((site / remote.FOLDER).rglob("*.pt"))  # no longer needed
    assert len(list(site.rglob("*-ubyte.gz"))) == 4  # sent, as the package comes without them
    with Client(address, set_as_default=False) as client:

        def executing():
            def count(dask_worker):
                return len(dask_worker.state.executing)

            return sum(client.run(count).values())

        with closing(cluster.outcomes(address, [(LINES[0], "a"), (LONG, "b")], tmp_path)) as some:
            assert next(some).line == LINES[0]
            assert executing() == 1
        for _ in range(100):
            if not executing():
                break
            time.sleep(0.1)
        assert not executing()


def other_code(package):
    with (package / "networks.py").open("a") as file:
        file.write("\n# another version\n")


def another_package(package):  # which hides an installed one
    shutil.rmtree(package)
    package.with_suffix(".py").write_text("")


@pytest.mark.parametrize(
    ("name", "change", "threads", "message"),
    [
        ("other", other_code, "1", "install the same version of the project and of torch there"),
        ("threads", lambda package: None, "2", "runs 2 threads, expected 1"),
        ("none", another_package, "1", "cannot use this project"),
    ],
)
def test_a_worker_that_does_not_fit_is_refused(
    on_the_cluster, worker, installed, name, change, threads, message, capsys, tmp_path
):
    worker(installed(name, change), "--nthreads", threads)
    assert train.main(on_the_cluster) == 1
    assert message in capsys.readouterr().err
    with pytest.raises(CommandError):
        next(cluster.outcomes(os.environ["DASK_SCHEDULER_ADDRESS"], [], tmp_path))
