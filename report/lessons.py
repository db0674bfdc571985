"""What the lessons are, what they need, and which values a profile gives them.

    lessons.py --profile quick --build build/quick --results build/quick/results

checks every lesson and writes below the build folder what make depends on: for each lesson
``parameters/NAME.json``, its parameters and the files that it reads (rewritten only when one of
them changed), and ``depends.mk``, the same files as rules. Needs Python alone and takes a tenth of
a second: make calls it whenever a file changed.
"""

import argparse
import ast
import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
NAME = re.compile(r"(\d\d)_[a-z0-9_]+\.ipynb")


class LessonError(ValueError):
    """A lesson or a profile is not as make needs it."""


def find(folder: Path = NOTEBOOKS) -> list[Path]:
    """Return the lessons in order; copies and notes with other names are none.

    Raises LessonError when two have the same number.
    """
    paths = sorted(path for path in folder.glob("*.ipynb") if NAME.fullmatch(path.name))
    for first, second in zip(paths, paths[1:], strict=False):
        if first.name[:2] == second.name[:2]:
            raise LessonError(
                f"{first.name} and {second.name} have the same number; rename or remove one"
            )
    return paths


def code(path: Path) -> list[tuple[list[str], str]]:
    """Return tags and source of each code cell of a notebook."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (ValueError, KeyError) as error:
        raise LessonError(f"{path} is not a readable notebook: {error}") from None
    return [
        (cell["metadata"].get("tags", []), "".join(cell["source"]))
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def parameters(path: Path) -> dict:
    """Return the values that the cell tagged ``parameters`` declares.

    Raises LessonError unless there is one such cell, of assignments of plain values.
    """
    cells = [source for tags, source in code(path) if "parameters" in tags]
    if len(cells) != 1:
        raise LessonError(
            f"{path} has {len(cells)} cells tagged 'parameters', expected one; "
            "restore the tag (in JupyterLab: property inspector, cell tags)"
        )
    declared = {}
    for node in ast.parse(cells[0]).body:
        try:
            (target,) = node.targets
            declared[target.id] = ast.literal_eval(node.value)
        except (AttributeError, ValueError):
            raise LessonError(
                f"{path}, parameters: expected only lines such as name = 3, "
                f"got {ast.unparse(node)!r}"
            ) from None
    return declared


def load_profile(profile: str, path: Path) -> dict[str, dict]:
    """Return ``{lesson: {parameter: value}}`` of a profile; LessonError when it does not exist."""
    profiles = tomllib.loads(path.read_text(encoding="utf-8"))
    if profile not in profiles:
        raise LessonError(f"profile {profile!r} is unknown; {path.name} has {', '.join(profiles)}")
    return profiles[profile]


def changed_values(profile: str, results: str, folder: Path = NOTEBOOKS) -> dict[Path, dict]:
    """Return what each lesson's parameters are set to by a profile.

    A parameter ``results`` is set to the folder of the profile's records. Raises LessonError for a
    profile that names no lesson or a parameter that its lesson does not declare.
    """
    table = folder / "profiles.toml"
    values, lessons = load_profile(profile, table), find(folder)
    unknown = sorted(set(values) - {path.stem for path in lessons})
    if unknown:
        raise LessonError(f"profile {profile!r} names {unknown}, which are not lessons")
    chosen = {}
    for path in lessons:
        declared, wanted = parameters(path), values.get(path.stem, {})
        missing = sorted(set(wanted) - set(declared))
        if missing:
            raise LessonError(
                f"profile {profile!r} sets {missing} for {path.stem}, whose parameters cell "
                f"declares only {sorted(declared)}; correct {table.name} or the cell"
            )
        if "results" in declared and declared["results"] != results:
            wanted = {"results": results} | wanted
        chosen[path] = wanted
    return chosen


def imports(source: str) -> set[str]:
    """Return the names of modules that Python code imports, such as ``helpers.data.augment``.

    What is imported from a package may be a module or a name in it, so both are returned.
    """
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def needed(source: str, root: Path = ROOT) -> set[Path]:
    """Return the files of ``helpers`` that code imports, directly or through one another."""
    found, waiting = set(), {name for name in imports(source) if name.split(".")[0] == "helpers"}
    while waiting:
        parts = waiting.pop().split(".")
        path = root.joinpath(*parts)
        files = {root.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts) + 1)}
        for file in (files | {path.with_suffix(".py")}) - found:
            if file.is_file():
                found.add(file)
                names = imports(file.read_text(encoding="utf-8"))
                waiting |= {name for name in names if name.split(".")[0] == "helpers"}
    if any(file.name == "figures.py" for file in found):
        found.add(root / "helpers" / "report.mplstyle")
    return found


def read_by(path: Path, changed: dict, build: str, root: Path = ROOT) -> list[str]:
    """Return the files that a lesson reads: helpers, exercises, measurements, sum of records."""
    source = "\n".join(source for _, source in code(path))
    files = {str(file.relative_to(root)) for file in needed(source, root)}
    exercises = path.parent / "exercises" / path.name
    if "exercises.listing(" in source and exercises.is_file():
        files.add(str(exercises.relative_to(root)))
    for name, value in (parameters(path) | changed).items():
        if name == "results":
            files.add(f"{build}/records.sum")
        elif isinstance(value, str) and (root / value).is_file():
            files.add(value)
    return sorted(files)


def rules(reads: dict[str, list[str]], build: str) -> str:
    """Return make rules: each lesson is outdated when a file that it reads is newer."""
    lines = [f"{build}/outdated/{name}: {' '.join(files)}" for name, files in reads.items()]
    every = {file for files in reads.values() for file in files if not file.startswith(build)}
    # a rule without a recipe: a file that is gone counts as changed, and is no error
    return "\n".join([*lines, f"{' '.join(sorted(every))}:\n"])


def write(path: Path, text: str) -> None:
    """Write a file unless it has this text already, so that make sees only real changes."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """Check the lessons and write what make depends on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="full")
    parser.add_argument("--build", default="build/full")
    parser.add_argument("--results", default="results")
    options = parser.parse_args()
    try:
        values = changed_values(options.profile, options.results)
    except (LessonError, SyntaxError) as error:
        sys.exit(str(error))
    build, reads = Path(options.build), {}
    for path, changed in values.items():
        reads[path.name] = read_by(path, changed, options.build)
        text = json.dumps({"parameters": changed, "reads": reads[path.name]}, indent=1)
        write(build / "parameters" / f"{path.stem}.json", text + "\n")
    (build / "depends.mk").write_text(rules(reads, options.build), encoding="utf-8")


if __name__ == "__main__":
    main()
