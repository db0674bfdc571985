"""Execute the lessons with papermill, and put their outputs where readers find them.

Used by the Makefile, one call per step::

    execute.py run --build build/full NOTEBOOK...      the lessons, several at once
    execute.py publish NOTEBOOK...                     executed copies -> notebooks/
    execute.py clean NOTEBOOK...                       in place, before a commit

``run`` takes the parameters from ``parameters/NAME.json`` in the build folder (see lessons.py).
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial as bind
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts a script's own folder first on the path, where site.py would hide Python's module.
    sys.path[0] = str(ROOT)

# jsonschema would compile a grammar of web addresses, which no notebook needs, for over a second.
sys.modules["rfc3987_syntax"] = None

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbstripout import strip_output
from papermill.exceptions import PapermillExecutionError

from commands import environment, processes

# What depends on the run or on this machine and says nothing to a reader.
RUN_DEPENDENT = [
    "metadata.papermill",
    "metadata.widgets",
    "metadata.language_info.version",
    "cell.metadata.papermill",
    "cell.metadata.execution",
    "cell.metadata.lines_to_next_cell",
]
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def execute(notebook: Path, output: Path, values: dict) -> None:
    """Execute a lesson in its own folder; ``output`` appears only when every cell succeeded.

    ``values`` are set after its cell of parameters. Raises SystemExit with the cell that failed.
    """
    partial = output.with_suffix(".partial.ipynb")
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            str(notebook),
            str(partial),
            parameters=values,
            cwd=str(notebook.parent),
            kernel_name="python3",
            progress_bar=False,
            # Writing the growing notebook twice for each cell takes a quarter of the time.
            request_save_on_cell_execute=False,
            shutdown_kernel="immediate",  # there is nothing to put away; waiting takes seconds
            start_timeout=180,
            # Ports of this computer only, and signed messages; not worth a warning per lesson.
            extra_arguments=["--IPKernelApp.log_level=50"],
        )
    except DeadKernelError as error:
        raise SystemExit(
            f"{notebook}: {error}\n"
            "  The kernel ended by itself: often there was too little memory. With fewer lessons "
            f"at once each has more: python report/execute.py run --jobs 1 --build ... {notebook}"
        ) from None
    except PapermillExecutionError as error:
        raise SystemExit(
            f"{notebook}: cell [{error.exec_count}] failed with {error.ename}: {error.evalue}\n"
            f"  it begins: {first_line(error.source)}\n"
            f"  partly executed copy: {partial}\n"
            "  Nothing was replaced; lessons that succeeded are kept and will not run again."
        ) from None
    partial.replace(output)


def first_line(source: str) -> str:
    """Return the first line of a cell that is not blank or a comment."""
    lines = (line for line in source.splitlines() if line.strip() and line.strip()[0] != "#")
    return next(lines, "")


def run(notebooks: list[Path], build: Path, jobs: int, instructions: str | None = None) -> None:
    """Execute lessons, ``jobs`` at once; each copy in ``build`` appears as soon as it is ready.

    A lesson is left out when its copy is newer than its file in ``outdated/``, which make touches.
    The environment of this process becomes that of the kernels. Raises SystemExit, after all have
    been tried, with what failed.
    """
    notebooks = [notebook for notebook in notebooks if _is_outdated(notebook, build)]
    with tempfile.TemporaryDirectory(prefix="lessons-") as scratch:
        variables = environment.kernel(ROOT, Path(scratch), build.resolve(), instructions)
        os.environ.clear()
        os.environ.update(variables)
        # papermill changes the folder of its process, so each has one; a forked one has the imports
        start = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        with ProcessPoolExecutor(jobs, mp_context=start) as pool:
            failures = [*filter(None, pool.map(bind(_run_one, build=build), notebooks))]
    if failures:
        raise SystemExit("\n".join(failures))


def _is_outdated(notebook: Path, build: Path) -> bool:
    copy, asked = (build / folder / notebook.name for folder in ("notebooks", "outdated"))
    return not (copy.is_file() and asked.is_file() and copy.stat().st_mtime > asked.stat().st_mtime)


def _run_one(notebook: Path, build: Path) -> str | None:
    """Execute a lesson and return what failed."""
    print(f"Executing {notebook}", flush=True)
    lesson = json.loads((build / "parameters" / f"{notebook.stem}.json").read_text("utf-8"))
    try:
        execute(notebook, build / "notebooks" / notebook.name, lesson["parameters"])
    except SystemExit as stop:
        return str(stop)
    return None


def cleaned(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove what depends on the run, and vector copies of figures (``figures/`` holds those).

    Cells tagged ``hide-input`` become collapsed in JupyterLab as well.
    """
    # The kernel sends printed text in pieces whose borders depend on its timing.
    notebook, _ = CoalesceStreamsPreprocessor(enabled=True).preprocess(notebook, {})
    notebook = strip_output(
        notebook, keep_output=True, keep_count=True, keep_id=True, extra_keys=RUN_DEPENDENT
    )
    notebook.metadata["kernelspec"] = KERNEL
    for cell in notebook.cells:
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]  # papermill adds an empty list
        if "hide-input" in cell.metadata.get("tags", []):
            cell.metadata["jupyter"] = {"source_hidden": True}
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop("image/svg+xml", None)
            if "image/png" in data:  # stays in the place of a figure that one can touch
                data.pop("application/vnd.jupyter.widget-view+json", None)
    return notebook


def sources(notebook: nbformat.NotebookNode) -> list[tuple[str, str]]:
    """Return what a reader wrote: the type and source of every cell."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def publish(executed: list[Path], folder: Path = ROOT / "notebooks") -> None:
    """Give the lessons in ``folder`` the outputs of their executed copies.

    A lesson that was edited since it was executed is left alone, and SystemExit says so.
    """
    edited = []
    for path in executed:
        target = folder / path.name
        notebook = cleaned(nbformat.read(path, as_version=4))
        text = nbformat.writes(notebook, version=4) + "\n"
        current = target.read_text(encoding="utf-8")
        if sources(nbformat.reads(current, as_version=4)) != sources(notebook):
            edited.append(str(target))
        elif text != current:
            _replace(target, text)
    if edited:
        raise SystemExit(f"edited since they were executed, run make again: {', '.join(edited)}")


def clean(paths: list[Path]) -> None:
    """Remove from notebooks what depends on the run; the others stay as they are."""
    for path in paths:
        text = nbformat.writes(cleaned(nbformat.read(path, as_version=4)), version=4) + "\n"
        if text != path.read_text(encoding="utf-8"):
            _replace(path, text)
            print(f"{path}: removed what depends on the run")


def _replace(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def main() -> None:
    """Parse the command line and run one step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["run", "publish", "clean"])
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "full")
    parser.add_argument("--jobs", type=int, default=None, help="lessons at once")
    parser.add_argument("--instructions", choices=[*environment.SETS], help="of the processor")
    parser.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args()
    if options.step == "publish":
        publish(options.paths)
    elif options.step == "clean":
        clean(options.paths)
    else:
        jobs = options.jobs or processes.count()
        run(options.paths, options.build, jobs, options.instructions)


if __name__ == "__main__":
    main()
