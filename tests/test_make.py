"""What the Makefile makes again, and when: in a small project whose Python only notes its calls."""

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
PYTHON = r"""#!/bin/sh
echo "$@" >> log
case "$1 $2" in
*execute.py\ execute) mkdir -p "$(dirname "$6")" && cp "$5" "$6" ;;
*execute.py\ publish) [ ! -e changes ] || echo >> notebooks/01_one.ipynb; touch "$@" ;;
*build.py\ figures) mkdir -p figures && { [ ! -e changes ] || echo >> figures/README.md; } ;;
*build.py\ pdf) git describe --always --dirty > "$4" ;;
*build.py\ site) mkdir -p "$4" && git describe --always --dirty > "$4/index.html" ;;
esac
"""
LESSONS = {
    "01_one": "steps = 3",
    "02_two": 'results = "../results"  # records',
    "03_three": 'speeds = "../results/throughput.json"',
}
RECORD = "results/a.run.json"
REPORT = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def run(*command: str, cwd: Path) -> str:
    """Run a command and return what it prints; a make without the options of one that tests."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def git(*arguments: str, cwd: Path) -> str:
    return run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments, cwd=cwd)


@pytest.fixture
def project(tmp_path):
    """Return a committed project with three lessons, a record and a measurement."""
    files = {
        ".gitignore": ".venv\nbuild\nlog\nchanges\n",
        "notebooks/profiles.toml": "[full]\n[quick]\n",
        "results/throughput.json": "{}",
        "figures/README.md": "",
        RECORD: "{}",
    }
    files |= {name: "" for name in ("pyproject.toml", "requirements.lock")}
    files |= {f"report/{name}.py": "" for name in ("execute", "build")}
    engine = ("networks", "data/images", "experiments/training")
    files |= {f"helpers/{name}.py": "" for name in engine}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name, parameters in LESSONS.items():
        nbformat.write(
            new_notebook(cells=[new_code_cell(parameters)]), tmp_path / f"notebooks/{name}.ipynb"
        )
    shutil.copy(ROOT / "Makefile", tmp_path)
    git("init", "--quiet", cwd=tmp_path)
    git("add", ".", cwd=tmp_path)
    git("commit", "--quiet", "-m", "start", cwd=tmp_path)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def make(project: Path, *targets: str) -> list[str]:
    """Return what was done: the step, and for an execution the lesson."""
    log = project / "log"
    log.write_text("")
    run("make", "PYTHON=true", *targets, cwd=project)
    calls = [line.split() for line in log.read_text().splitlines()]
    return sorted(
        Path(call[4]).stem if call[1] == "execute" else call[2 if call[0] == "-m" else 1]
        for call in calls
    )


def test_everything_is_made_once(project):
    once = ["check", "figures", "install", "pdf", "publish", "train"]
    assert make(project, "report") == sorted([*LESSONS, *once])
    assert make(project, "report") == []
    assert make(project, "book") == ["site"]
    assert make(project, "report", "book") == []


def test_the_title_page_names_the_version_that_publishing_leaves(project):
    (project / "changes").touch()
    make(project, "report")
    assert (project / "build/report.pdf").read_text().endswith("-dirty\n")
    assert make(project, "report") == []
    git("commit", "--quiet", "--all", "-m", "published", cwd=project)
    assert make(project, "report", "book") == ["pdf", "site"]
    assert (project / "build/report.pdf").read_text() == git(
        "describe", "--always", "--dirty", cwd=project
    )
    assert make(project, "report", "book") == []


@pytest.mark.parametrize(
    ("changed", "executed"),
    [
        ("requirements.lock", [*LESSONS, "install"]),
        ("helpers/data/images.py", [*LESSONS, "train"]),
        ("results/throughput.json", ["03_three", "train"]),
        (RECORD, ["02_two", "train"]),
        ("notebooks/01_one.ipynb", ["01_one", "check"]),
        ("pyproject.toml", ["install"]),
    ],
)
def test_what_is_made_again_after_a_change(project, changed, executed):
    make(project, "report")
    file = project / changed
    new = file.with_name("new")  # as records are replaced, which changes the folder's time as well
    new.write_text(file.read_text() + " ")
    new.replace(file)
    published = ["publish", "figures"] if set(executed) & set(LESSONS) else []
    assert make(project, "report") == sorted([*executed, *published, "pdf"])
    assert make(project, "report") == []


def test_a_lesson_that_goes_leaves_the_report(project):
    make(project, "report")
    (project / "notebooks/01_one.ipynb").unlink()
    assert make(project, "report") == ["figures", "pdf"]
    assert make(project, "report") == []


def test_no_record_is_an_error(project):
    (project / RECORD).unlink()
    with pytest.raises(AssertionError, match="cksum"):
        make(project, "report")
    assert not (project / "build/full/records.sum").exists()
    assert not (project / "build/report.pdf").exists()


def test_clean_keeps_what_is_not_made_again_in_a_minute(project):
    make(project, "report")
    saved = project / "build/checkpoints/run.pt"
    saved.parent.mkdir()
    saved.touch()
    for _ in range(2):
        run("make", "clean", cwd=project)
        assert [*(project / "build").rglob("*")] == [saved.parent, saved]
        assert (project / RECORD).exists() and (project / "figures/README.md").exists()
    assert "build/checkpoints" in run("make", "help", cwd=project)


@pytest.mark.parametrize("lesson", REPORT, ids=lambda p: p.stem)
def test_a_lesson_depends_on_what_its_parameters_name(lesson):
    cells = nbformat.read(lesson, as_version=4).cells
    (parameters,) = [c.source for c in cells if "parameters" in c.metadata.get("tags", [])]
    values = [node.value.value for node in ast.parse(parameters).body]
    paths = {value[3:] for value in values if str(value).startswith("../")}
    rules = run("make", "--print-data-base", "--dry-run", "help", cwd=ROOT)
    rule = re.search(rf"^build/full/notebooks/{lesson.name}: (.*)", rules, re.M)
    needs = set(rule[1].split()) if rule else set()
    records = {"build/full/records.sum"} if "results" in paths else set()
    assert {need for need in needs if "notebooks" not in need} == paths - {"results"} | records
