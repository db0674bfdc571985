"""Execute the lessons with papermill and put their outputs where readers find them.

Used by the Makefile, one call per step::

    notebooks.py check   --profile quick NOTEBOOK...      before anything runs
    notebooks.py execute --profile quick NOTEBOOK OUTPUT  one lesson
    notebooks.py publish NOTEBOOK...                      executed copies -> notebooks/
"""

import argparse
import os
import sys
import tomllib
from pathlib import Path

# jsonschema would compile a grammar of web addresses, which no notebook needs, for over a second.
sys.modules["rfc3987_syntax"] = None

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbstripout import strip_output
from papermill.exceptions import PapermillExecutionError

ROOT = Path(__file__).resolve().parent.parent
PROFILES = ROOT / "notebooks" / "profiles.toml"
# What depends on the run or on this machine and says nothing to a reader.
RUN_DEPENDENT = [
    "metadata.papermill",
    "metadata.widgets",
    "metadata.language_info.version",
    "cell.metadata.papermill",
    "cell.metadata.execution",
]
KERNEL_ENVIRONMENT = {
    "REPORT_FIGURES": "1",
    "SOURCE_DATE_EPOCH": "0",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # One set of instructions, so that the last digits do not depend on the processor's age.
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4",
}


def load_profile(profile: str, path: Path = PROFILES) -> dict[str, dict]:
    """Return ``{lesson: {parameter: value}}`` of a profile; ValueError when it does not exist."""
    profiles = tomllib.loads(path.read_text())
    if profile not in profiles:
        raise ValueError(f"profile {profile!r} is unknown; {path.name} has {', '.join(profiles)}")
    return profiles[profile]


def check(profile: str, notebooks: list[Path], path: Path = PROFILES) -> None:
    """Raise ValueError unless every lesson can take the profile's parameters."""
    values = load_profile(profile, path)
    unknown = sorted(set(values) - {notebook.stem for notebook in notebooks})
    if unknown:
        raise ValueError(f"profile {profile!r} names {unknown}, which are not lessons")
    for notebook in notebooks:
        cells = nbformat.read(notebook, as_version=4).cells
        tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
        if len(tagged) != 1:
            raise ValueError(
                f"{notebook} has {len(tagged)} cells tagged 'parameters', expected one; "
                "restore the tag (in JupyterLab: property inspector, cell tags)"
            )
        declared = papermill.inspect_notebook(str(notebook))
        missing = sorted(set(values.get(notebook.stem, {})) - set(declared))
        if missing:
            raise ValueError(
                f"profile {profile!r} sets {missing} for {notebook.stem}, whose parameters cell "
                f"declares only {sorted(declared)}; correct {path.name} or the cell"
            )


def execute(profile: str, notebook: Path, output: Path) -> None:
    """Execute a lesson in its own folder; ``output`` appears only when every cell succeeded."""
    partial = output.with_suffix(".partial.ipynb")
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            str(notebook),
            str(partial),
            parameters=load_profile(profile).get(notebook.stem, {}),
            cwd=str(notebook.parent),
            kernel_name="python3",
            progress_bar=False,
            start_timeout=180,
            # Ports of this computer only, and signed messages; not worth a warning per lesson.
            extra_arguments=["--IPKernelApp.log_level=50"],
        )
    except DeadKernelError as error:
        raise SystemExit(f"{notebook}: {error}; the copy so far: {partial}") from None
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


def cleaned(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove what depends on the run, and vector copies of figures (``figures/`` holds those)."""
    # The kernel sends printed text in pieces whose borders depend on its timing.
    notebook, _ = CoalesceStreamsPreprocessor(enabled=True).preprocess(notebook, {})
    notebook = strip_output(
        notebook, keep_output=True, keep_count=True, keep_id=True, extra_keys=RUN_DEPENDENT
    )
    for cell in notebook.cells:
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]  # papermill adds an empty list
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/svg+xml", None)
    return notebook


def sources(notebook: nbformat.NotebookNode) -> list[tuple[str, str]]:
    """Return what a reader wrote: the type and source of every cell."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def publish(executed: list[Path], folder: Path = ROOT / "notebooks") -> None:
    """Give the lessons in ``folder`` the outputs of their executed copies.

    A lesson that was edited while it was executed is left alone, and SystemExit says so.
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
            temporary = target.with_suffix(".tmp")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(target)
        os.utime(path)  # newer than the lesson it was made from
    if edited:
        raise SystemExit(f"edited while being executed, run make again: {', '.join(edited)}")


def main() -> None:
    """Parse the command line and run one step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["check", "execute", "publish"])
    parser.add_argument("--profile", default="full")
    parser.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args()
    try:
        if options.step == "check":
            check(options.profile, options.paths)
        elif options.step == "execute":
            os.environ.update(KERNEL_ENVIRONMENT)
            execute(options.profile, *options.paths)
        else:
            publish(options.paths)
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
