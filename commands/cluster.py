"""Runs on the workers of a Dask scheduler: DASK_SCHEDULER_ADDRESS says which."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from distributed import Client, KilledWorker, as_completed

from commands import CommandError
from helpers.experiments import Experiment, jobs, remote

SECONDS = 30  # to wait for the scheduler and for its first worker


def outcomes(
    address: str, todo: list[tuple[Experiment, str]], results: Path
) -> Iterator[jobs.Outcome]:
    """Yield what comes of each pair of a line and the name of its checkpoint, as they come.

    Ends with the runs stopped, also if the generator is closed early. Raises CommandError if no
    scheduler or no worker is there in time, and if a worker runs other code.
    """
    folder = sha256(str(results.resolve()).encode()).hexdigest()[:8]
    try:
        client = Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CommandError(
            f"no scheduler answers at DASK_SCHEDULER_ADDRESS={address} within {SECONDS:g} s "
            f"({error}). Start one (dask scheduler), or unset the variable to train here"
        ) from None
    with client:
        wanted = _agreed(client, address)
        client.register_plugin(remote.Archives())
        futures = {}

        # A function within a function travels as code: the scheduler, which reads what it passes
        # on, needs no package of the project.
        def train(*line_checkpoint_wanted):
            from helpers.experiments import remote

            return remote.train(*line_checkpoint_wanted)

        for line, name in todo:
            key = f"{line.name}-{uuid4().hex[:8]}"
            checkpoint = f"{folder}-{name}"
            future = client.submit(
                train, line.model_dump_json(), checkpoint, wanted, key=key, pure=False
            )
            futures[future] = line, checkpoint
        try:
            for future in as_completed(list(futures), loop=client.loop):
                line, checkpoint = futures.pop(future)
                yield _outcome(future, line)
                client.run(remote.forget, checkpoint, on_error="ignore")
        finally:  # with the caller gone, a run ends itself within a second or so
            client.cancel(list(futures))
            client.unregister_worker_plugin(remote.Archives.name)


def _agreed(client: Client, address: str) -> dict[str, str]:
    """Return this computer's versions after all workers have confirmed them."""
    try:
        client.wait_for_workers(1, timeout=SECONDS)
    except TimeoutError:
        raise CommandError(
            f"the scheduler at {address} has no worker after {SECONDS:g} s. Start some: "
            f"dask worker {address} --nthreads 1 --nworkers N"
        ) from None
    wanted = remote.versions()
    answers = client.run(remote.objection, wanted, on_error="return")
    for worker, answer in answers.items():
        if isinstance(answer, Exception):
            raise CommandError(
                f"{worker} cannot use this project ({type(answer).__name__}: {answer}): install "
                "the same version of it there, and start the worker again"
            )
        if answer:
            raise CommandError(answer)
    return wanted


def _outcome(future, line: Experiment) -> jobs.Outcome:
    try:
        return future.result()
    except KilledWorker as error:
        reason = f"its worker died {error.allowed_failures + 1} times, most likely for lack of "
        return jobs.Outcome(line, None, None, f"{reason}memory: 2 GB per worker are enough")
    except Exception as error:  # noqa: BLE001  (such as a result that cannot be read here)
        return jobs.Outcome(line, None, None, f"{type(error).__name__}: {error}")
