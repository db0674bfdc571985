"""Many runs at once: ``python -m commands.schedule train | verify | list``.

Runs are independent of each other. By default Dask starts one single-threaded process per core on
this computer; with ``DASK_SCHEDULER_ADDRESS`` set, the workers of that scheduler do the work. They
need this package and nothing else: the finished record comes back as text and is written here, and
a worker without the project's ``data/`` folder is sent the archives. ``--workers N`` trains on this
computer whatever is set: with 1 in this process, without Dask.

A run is locked while it is trained, so two calls share the work and no run is done twice. After
each epoch a worker saves the run's state below ``build/checkpoints``; a run that was interrupted
continues from there. A file beside them says when an unfinished ``train --again`` was begun.
"""

import argparse
import hashlib
import math
import os
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

import dask
from distributed import Client, LocalCluster, WorkerPlugin, get_worker
from filelock import FileLock, Timeout
from tqdm import tqdm

from helpers import data, experiments
from helpers.experiments import Experiment, records, store, training

PROJECT = Path(__file__).resolve().parents[1]
CHECKPOINTS = PROJECT / "build" / "checkpoints"
LOCKS = PROJECT / "build" / "locks"
# A worker keeps the memory it frees. Dask's default gives it back to the system at once and asks
# for it again in the next step, which costs a third of the time.
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
}
# Other processors add in another order, and where two values of a max are nearly equal, that picks
# the other one: at a learning rate of 0.0045 such a difference reached 1.3e-4 after 20 steps.
# Another seed makes 3e-2 or more.
TOLERANCE = 1e-3


# ---------------------------------------------------------------------- what a worker does
def work(
    line: str, checkpoint: str, topic: str | None = None
) -> tuple[records.Record, bytes | None]:
    """Train one line of the table, given as JSON; return its record and its weights."""
    experiment = Experiment.model_validate_json(line)
    report = _reporter(topic, experiment.name) if topic else (lambda event: None)
    return training.run(experiment, CHECKPOINTS / checkpoint, report)


def _reporter(topic: str, name: str):
    """Return a function that sends progress to the caller, twice a second at most."""
    worker, last = get_worker(), 0.0

    def report(event: dict) -> None:
        nonlocal last
        if "train_loss" in event or time.monotonic() - last > 0.5:
            last = time.monotonic()
            worker.log_event(topic, {"name": name} | event)

    return report


class Prepare(WorkerPlugin):
    """Send the MNIST archives to workers that lack them; let the caller alone handle Ctrl-C."""

    name = "convolution-report"

    def __init__(self, own_cluster: bool):
        """``own_cluster``: the workers were started by this process, on this computer."""
        raw = data.DATA / "MNIST" / "raw"
        names = () if own_cluster else data.ARCHIVES
        self.archives = {name: (raw / name).read_bytes() for name in names}
        self.own_cluster = own_cluster

    def setup(self, worker) -> None:
        """Run on each worker, also on those that join later."""
        if self.own_cluster:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        elif not (data.DATA / "MNIST").is_dir():
            data.DATA = Path(worker.local_directory) / "convolution-report-data"
            raw = data.DATA / "MNIST" / "raw"
            raw.mkdir(parents=True, exist_ok=True)
            for name, content in self.archives.items():
                (raw / name).write_bytes(content)


# ---------------------------------------------------------------------- where it is done
class Here:
    """One run at a time, in this process."""

    slots = 1

    def __init__(self, on_event):
        """``on_event`` is called with each progress event."""
        self.on_event = on_event

    def submit(self, line: Experiment, checkpoint: str) -> Future:
        """Train the run now; the future returned is finished."""
        future = Future()
        try:
            record, weights = training.run(
                line, CHECKPOINTS / checkpoint, lambda e: self.on_event({"name": line.name} | e)
            )
            future.set_result((record, weights))
        except Exception as error:  # noqa: BLE001  (reported with the run's name)
            future.set_exception(error)
        return future

    def forget(self, checkpoint: str) -> None:
        """Remove the saved state of a finished run."""
        _unlink(checkpoint)


class Cluster:
    """Runs on the workers of a Dask cluster."""

    def __init__(self, client: Client, own: bool, on_event):
        """``own``: started by this process. ``on_event`` is called with each progress event."""
        self.client, self.own = client, own
        self.topic = f"progress-{uuid.uuid4().hex}"
        client.register_plugin(Prepare(own))
        client.subscribe_topic(self.topic, lambda event: on_event(event[1]))

    @property
    def slots(self) -> int:
        """How many runs can go on at once; workers may come and go."""
        return max(1, sum(self.client.nthreads().values()))

    def submit(self, line: Experiment, checkpoint: str):
        """Start a run; Dask starts it again elsewhere if its worker dies."""
        key = f"{line.name}-{uuid.uuid4().hex[:8]}"
        return self.client.submit(
            work, line.model_dump_json(), checkpoint, self.topic, key=key, pure=False
        )

    def forget(self, checkpoint: str) -> None:
        """Remove the saved state of a finished run, on whichever computer it is."""
        if self.own:
            _unlink(checkpoint)
        else:
            self.client.run(_unlink, checkpoint, on_error="ignore")


def _unlink(checkpoint: str) -> None:
    (CHECKPOINTS / checkpoint).unlink(missing_ok=True)


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@contextmanager
def local_client(workers: int):
    """Start single-threaded processes on this computer and give the client of their cluster."""
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ": WORKER_ENVIRONMENT}),
        tempfile.TemporaryDirectory() as scratch,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # nothing is open to the network
            worker_dashboard_address="127.0.0.1:0",
            local_directory=scratch,
            silence_logs="ERROR",
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def pool(workers: int | None, on_event):
    """Give a place to run: ``workers`` on this computer, DASK_SCHEDULER_ADDRESS's, or all cores."""
    address = os.environ.get("DASK_SCHEDULER_ADDRESS")
    if workers == 1:
        yield Here(on_event)
    elif address and workers is None:
        with Client(address) as client:
            yield Cluster(client, False, on_event)
    else:
        with local_client(workers or cores()) as client:
            yield Cluster(client, True, on_event)


# ---------------------------------------------------------------------- train
def train(
    results: Path,
    profile: str = "full",
    only: str | Sequence[str] = "*",
    again: bool = False,
    workers: int | None = None,
) -> list[str]:
    """Train what the table lists and ``results`` lacks; return the names of runs that failed.

    ``again`` trains everything anew and keeps each old record until the new one is there; a call
    after an unfinished one goes on with it. Tuned runs follow when the sweeps they are chosen from
    are complete. Raises RecordError for a damaged record before anything is trained, and ValueError
    if ``only`` matches nothing or ``workers`` is less than 1.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}; it must be at least 1, or left out: one per core")
    if not any(_matches(line.name, only) for line in experiments.table.lines(results, profile)):
        raise ValueError(
            f"no run of the profile {profile} matches {only!r}; all names, those of tuned "
            "runs once their sweeps are complete: "
            f"python -m commands.schedule list --profile {profile} --results {results}"
        )
    experiments.table.claim(results, profile)
    begun = _begun_file(results, profile, only)
    since = _begin_again(begun) if again else 0.0
    tried, failed = set(), []

    def missing() -> list[Experiment]:
        return [
            line
            for line in experiments.table.lines(results, profile)
            if _matches(line.name, only)
            and line.name not in tried
            and not finished(results, line, since)
        ]

    if missing():
        with Progress() as progress, pool(workers, progress.event) as place:
            while lines := missing():
                groups = {line.group for line in lines}
                # with `again`, old records name the tuned runs too soon: their sweeps come first
                wave = [n for n in lines if groups.isdisjoint(experiments.table.sources(n.group))]
                failed += _train(wave, results, since, place, progress)
                tried |= {line.name for line in wave}
    if again and not failed:
        begun.unlink(missing_ok=True)
    elif begun.is_file():
        print(
            f"Training anew is not complete: {results} holds old records beside new ones. "
            "make retrain, or the same command with --again, goes on with what is left. "
            f"To leave it at that, delete {begun}",
            file=sys.stderr,
        )
    return failed


def _begun_file(results: Path, profile: str, only: str | Sequence[str]) -> Path:
    """Return the file that is there while training anew is unfinished, as old as its beginning."""
    return CHECKPOINTS / f"again-{_digest(f'{results.resolve()} {profile} {only}')}"


def _begin_again(begun: Path) -> float:
    """Return when training anew began, in seconds since 1970: now, or in an unfinished call."""
    if begun.is_file():
        since = datetime.fromtimestamp(begun.stat().st_mtime)
        print(
            f"Going on with the training begun at {since:%Y-%m-%d %H:%M}: runs finished since then "
            f"are kept. To train those anew as well, delete {begun}",
            file=sys.stderr,
        )
    else:
        begun.parent.mkdir(parents=True, exist_ok=True)
        begun.touch()
    return begun.stat().st_mtime


def finished(results: Path, line: Experiment, since: float = 0.0) -> bool:
    """Say whether a run has a record written after ``since`` (seconds since 1970).

    Raises RecordError if the record is damaged or is of an experiment with other settings.
    """
    file = store.path(results, line.name)
    if not file.is_file() or file.stat().st_mtime < since:
        return False
    found, wanted = store.read(file).experiment.model_dump(), line.model_dump()
    if found != wanted:
        differs = {key: (wanted[key], found[key]) for key in wanted if wanted[key] != found[key]}
        raise records.RecordError(
            f"{file} is of an experiment with other settings than the table's: "
            f"{differs} (table, record). Delete it, or train the run anew with --again."
        )
    return True


def _train(lines, results: Path, since: float, place, progress: "Progress") -> list[str]:
    """Train these runs, sharing them with other processes; return the names that failed."""
    waiting, running, failed = list(lines), {}, []
    progress.expect(waiting)
    while waiting or running:
        for line in list(waiting):
            if len(running) >= place.slots:
                break
            if lock := _lock(results, line):
                waiting.remove(line)
                if finished(results, line, since):  # by another process, meanwhile
                    lock.release()
                    progress.done(line)
                    continue
                checkpoint = _checkpoint(results, line)
                running[place.submit(line, checkpoint)] = line, lock, checkpoint
        for future in [future for future in running if future.done()]:
            line, lock, checkpoint = running.pop(future)
            try:
                record, weights = future.result()
                store.write(results, record, weights)
                place.forget(checkpoint)
                progress.done(line)
            except Exception as error:
                failed.append(line.name)
                progress.say(f"{line.name} failed: {type(error).__name__}: {error}")
            finally:
                lock.release()
        time.sleep(0.05)
    return failed


def _identity(results: Path, line: Experiment) -> str:
    return f"{line.name}-{_digest(f'{results.resolve()} {line.model_dump_json()}')}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _checkpoint(results: Path, line: Experiment) -> str:
    return f"{_identity(results, line)}.pt"


def _lock(results: Path, line: Experiment) -> FileLock | None:
    """Take the lock of a run, or return None if another process has it."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    lock = FileLock(LOCKS / f"{_identity(results, line)}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


class Progress:
    """One live line per running job and one for all; plain lines if the output is no terminal."""

    def __init__(self):
        """Look whether there is a terminal."""
        self.live = sys.stderr.isatty()
        self.bars: dict[str, tqdm] = {}
        self.epochs: dict[str, int] = {}  # counted in the bar for all
        self.accuracy: dict[str, str] = {}

    def __enter__(self):
        """Start; the bar for all counts epochs."""
        self.overall = tqdm(total=0, desc="all runs", unit="epoch", disable=not self.live)
        self.total = self.finished = 0
        return self

    def __exit__(self, *exception):
        """Remove the lines."""
        for bar in [*self.bars.values(), self.overall]:
            bar.close()

    def expect(self, lines: list[Experiment]) -> None:
        """Announce more runs."""
        self.total += len(lines)
        self.overall.total += sum(line.epochs for line in lines)
        self.overall.refresh()
        self.say(f"{len(lines)} runs to train")

    def event(self, event: dict) -> None:
        """Show where a run is: ``name``, ``epoch`` of ``epochs``, ``step`` of ``steps``, ..."""
        name, epoch, steps = event["name"], event["epoch"], event["steps"]
        if ended := "train_loss" in event:
            self._count(name, epoch)
            self.accuracy[name] = f"{event['validation_accuracy']:.4f}"
        if not self.live:
            if ended:
                self.say(
                    f"{name} epoch {epoch}/{event['epochs']}: train loss "
                    f"{event['train_loss']:.4f}, validation loss {event['validation_loss']:.4f}, "
                    f"accuracy {event['validation_accuracy']:.4f}"
                )
            return
        if name not in self.bars:
            used = {-bar.pos for bar in self.bars.values()}
            place = next(i for i in range(1, 1000) if i not in used)
            total = event["epochs"] * steps
            self.bars[name] = tqdm(total=total, desc=name, position=place, leave=False, unit="step")
        bar = self.bars[name]
        bar.n = (epoch - 1) * steps + event["step"]
        shown = {"epoch": f"{epoch}/{event['epochs']}"}
        if "loss" in event:
            shown["loss"] = f"{event['loss']:.3f}"
        if name in self.accuracy:
            shown["accuracy"] = self.accuracy[name]
        bar.set_postfix(shown)

    def done(self, line: Experiment) -> None:
        """Take away the line of a finished run."""
        self.finished += 1
        self._count(line.name, line.epochs)
        if bar := self.bars.pop(line.name, None):
            bar.close()
        self.say(f"{line.name} done ({self.finished} of {self.total})")

    def _count(self, name: str, epochs: int) -> None:
        self.overall.update(epochs - self.epochs.get(name, 0))
        self.epochs[name] = epochs

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        tqdm.write(text, file=sys.stderr)


# ---------------------------------------------------------------------- verify, list
def verify(results: Path, only: str | Sequence[str] = "*") -> list[str]:
    """Train the first steps of every record again; return the names of those that do not match.

    Raises ValueError if there is no record that matches ``only``.
    """
    wrong = []
    names = [file.name.removesuffix(store.SUFFIX) for file in results.glob(f"*{store.SUFFIX}")]
    names = sorted(name for name in names if _matches(name, only))
    if not names:
        raise ValueError(
            f"{results} has no record that matches {only!r}: nothing to verify. "
            "Name another folder with --results, or train with: make results"
        )
    for name in names:
        try:
            record = store.read(store.path(results, name))
            stored = record.first_losses
            found = training.first_losses(record.experiment, len(stored))
            pairs = list(zip(found, stored, strict=True))
        except ValueError as problem:  # damaged, or settings that no longer exist
            print(f"FAIL  {problem}")
            wrong.append(name)
            continue
        same = all(math.isclose(a, b, rel_tol=TOLERANCE) for a, b in pairs)
        print(f"{'ok   ' if same else 'FAIL '} {_largest_error(pairs):.0e}  {name}", flush=True)
        wrong += [] if same else [name]
    print(
        f"{len(names) - len(wrong)} records match the code: their first {training.FIRST} losses "
        f"differ by at most {TOLERANCE:g} of their value. {len(wrong)} do not match."
    )
    return wrong


def _largest_error(pairs: list[tuple[float, float]]) -> float:
    """Return the largest difference relative to the larger value; inf if one is not finite."""
    if not all(math.isfinite(value) for pair in pairs for value in pair):
        return math.inf
    return max(abs(a - b) / (max(abs(a), abs(b)) or 1.0) for a, b in pairs)


def _matches(name: str, only: str | Sequence[str]) -> bool:
    """Say whether a name matches one of the globs."""
    globs = [only] if isinstance(only, str) else only
    return any(fnmatchcase(name, glob) for glob in globs)


def show(results: Path, profile: str, only: str | Sequence[str] = "*") -> None:
    """Print the table: what has a record and with which accuracy, and records not in the table."""
    lines = [
        line for line in experiments.table.lines(results, profile) if _matches(line.name, only)
    ]
    there = 0
    for line in lines:
        state = "missing"
        if finished(results, line):
            there += 1
            last = store.read(store.path(results, line.name)).epochs[-1]
            state = f"{100 * last.validation_accuracy:6.2f}%"
        print(f"{state}  {line.name}")
    print(f"{there} of {len(lines)} runs have a record in {results}; in % their accuracy in")
    print("validation. Tuned runs are listed once their sweeps are complete.")
    names = {line.name for line in experiments.table.lines(results, profile)}
    for file in sorted(results.glob(f"*{store.SUFFIX}")):
        if (name := file.name.removesuffix(store.SUFFIX)) not in names:
            print(f"not in the table: {name}")


# ---------------------------------------------------------------------- command line
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m commands.schedule", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "train": "train the runs that have no record",
        "verify": f"compare the first {training.FIRST} losses of each record with the code's",
        "list": "show the table and what is there",
    }
    for command, text in helps.items():
        sub = commands.add_parser(command, help=text, description=text)
        if command != "verify":  # a record holds all that it was trained with
            sub.add_argument("--profile", default="full", choices=experiments.table.PROFILES)
        sub.add_argument("--results", type=Path, default=PROJECT / "results", metavar="DIR")
        sub.add_argument(
            "--only", default="*", nargs="+", metavar="GLOB", help="runs whose name matches"
        )
        if command == "train":
            sub.add_argument("--again", action="store_true", help="train everything anew")
            sub.add_argument(
                "--workers", type=int, metavar="N", help="processes on this computer; 1: this one"
            )
    options = parser.parse_args(arguments)
    try:
        if options.command == "list":
            show(options.results, options.profile, options.only)
            return 0
        if options.command == "verify":
            return 1 if verify(options.results, options.only) else 0
        failed = train(
            options.results, options.profile, options.only, options.again, options.workers
        )
    except KeyboardInterrupt:
        print(
            "\nStopped. Finished runs are recorded and will not be trained again; the same command "
            "goes on from the last finished epoch of the others.",
            file=sys.stderr,
        )
        return 130
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if failed:
        print(f"{len(failed)} runs failed: {', '.join(failed)}", file=sys.stderr)
        return 1
    print(f"Every run of the profile {options.profile} that matches has a record.")
    return 0


if __name__ == "__main__":
    # Under its proper name: workers import what they are sent by the name of its module.
    from commands.schedule import main

    sys.exit(main())
