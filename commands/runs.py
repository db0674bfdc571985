"""Many runs at once: on the processes of this computer, or on the workers of a Dask cluster."""

import hashlib
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import joblib
import torch
from filelock import FileLock, Timeout
from tqdm import tqdm

from commands import PROJECT, CommandError, cluster, environment, processes
from helpers.experiments import Experiment, checkpoints, jobs, store

PROCESS = environment.ONE_THREAD | environment.KEEP_MEMORY
CHECKPOINTS = PROJECT / "build" / "checkpoints"


def say(text: str) -> None:
    """Print a line on standard error, above the bar."""
    tqdm.write(text, file=sys.stderr)


@contextmanager
def locked(results: Path) -> Iterator[None]:
    """Be the only call that writes to a folder of records; wait if there is another."""
    results.mkdir(parents=True, exist_ok=True)
    lock = FileLock(results / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"Another call is training for {results}. Waiting until it ends; Ctrl-C to give up.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def train_all(
    lines: list[Experiment],
    results: Path,
    workers: int | None = None,
    device: str = "cpu",
    keep: Iterable[Experiment] = (),
) -> list[str]:
    """Train these runs and write each record as it comes; return the names of those that failed.

    ``workers`` processes on this computer, with 1 in this process; if None, the workers of
    DASK_SCHEDULER_ADDRESS, or as many processes as this computer bears. On a GPU one process.
    Checkpoints of the lines in ``keep`` are left alone, others of this folder are removed.
    Raises CommandError if the runs cannot be done so.
    """
    workers = _checked(workers, device)
    address = os.environ.get("DASK_SCHEDULER_ADDRESS") if workers is None else None
    folder = CHECKPOINTS / _digest(str(results.resolve()))
    checkpoints.clear(folder, {_checkpoint(line, device) for line in [*lines, *keep]})
    failed, left = [], {line.name: line for line in lines}
    with tqdm(total=len(lines), desc="runs", unit="run", disable=None, file=sys.stderr) as bar:
        while left:
            todo = [(line, _checkpoint(line, device)) for line in left.values()]
            if address:
                outcomes = cluster.outcomes(address, todo, results)
            else:
                workers = workers or processes.count()
                local = [(line, folder / checkpoint) for line, checkpoint in todo]
                outcomes = _on_this_computer(local, workers, device, bar.disable)
            try:
                with closing(outcomes):
                    for outcome in outcomes:
                        del left[outcome.line.name]
                        failed += _kept(outcome, results, f"{len(lines) - len(left)}/{len(lines)}")
                        (folder / _checkpoint(outcome.line, device)).unlink(missing_ok=True)
                        bar.update()
            except BrokenProcessPool:
                workers = max(1, workers // 2)
                say(
                    "The system ended a process, most likely because memory ran out. Going on with "
                    f"{workers} at a time, each run from its last finished epoch."
                )
    return failed


def _checked(workers: int | None, device: str) -> int | None:
    if workers is not None and workers < 1:
        raise CommandError(f"workers is {workers}; it must be at least 1, or left out")
    if device == "cpu":
        return workers
    if workers not in (None, 1):
        raise CommandError(
            f"--workers {workers} with --device {device}: a GPU is used by one process"
        )

    if not torch.cuda.is_available():
        raise CommandError(
            f"--device {device}: torch finds no GPU; leave it out to train on the CPU"
        )
    return 1


def _on_this_computer(
    todo: list[tuple[Experiment, Path]], workers: int, device: str, plain: bool
) -> Iterator[jobs.Outcome]:
    """Yield the outcomes as they come; ``plain``: each process prints a line after each epoch."""
    if workers == 1:  # in this process, where Ctrl-C is wanted
        yield from (jobs.train(line, checkpoint, device, plain) for line, checkpoint in todo)
        return
    work = joblib.delayed(partial(jobs.train, device=device, say=plain))
    with (
        warnings.catch_warnings(),
        processes.with_variables(PROCESS),
        joblib.parallel_config(
            "loky", inner_max_num_threads=1, initializer=jobs.leave_ctrl_c_to_the_caller
        ),
    ):
        # joblib begins a new process when one has grown, as it does with the first large images
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
        pool = joblib.Parallel(
            workers, return_as="generator_unordered", pre_dispatch="all", batch_size=1
        )
        yield from pool(work(line, checkpoint) for line, checkpoint in todo)


def _kept(outcome: jobs.Outcome, results: Path, number: str) -> list[str]:
    """Write the record of a finished run; return the name in a list if the run failed."""
    if outcome.error:
        say(f"{outcome.line.name} failed ({number}): {outcome.error}")
        return [outcome.line.name]
    store.write(results, outcome.record, outcome.weights)
    accuracy = outcome.record.epochs[-1].validation_accuracy
    say(f"{outcome.line.name} done ({number}): {accuracy:.2%} in validation")
    return []


def _checkpoint(line: Experiment, device: str) -> str:
    return f"{line.name}-{_digest(line.model_dump_json() + device)}.pt"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
