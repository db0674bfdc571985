"""What the Makefile makes again, and when: in a small project whose Python only notes its calls."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
# What the environment's Python would do, and a note of each call.
PYTHON = r"""#!/bin/sh
case "$1 $2" in
*execute.py\ run)
    build=$4; shift 4
    for lesson; do
        name=$(basename $lesson)
        [ $build/notebooks/$name -nt $build/outdated/$name ] && continue
        echo "execute ${name%.ipynb}" >> log
        mkdir -p $build/notebooks && cp "$lesson" $build/notebooks
    done
    exit ;;
*execute.py\ publish) echo >> notebooks/01_one.ipynb ;;
*build.py\ figures) mkdir -p "$4" && echo pictures > "$4/README.md" ;;
*build.py\ pdf|*build.py\ paper) git describe --always --dirty > "$4" ;;
*build.py\ site) mkdir -p "$4" && git describe --always --dirty > "$4/index.html" ;;
-m\ pip) echo install >> log; exit ;;
-m\ *) shift ;;
esac
echo "$@" >> log
"""
# The Python of the machine: a real one that makes no environment.
SYSTEM = f"""#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec {sys.executable} "$@"
"""
LESSONS = {
    "01_one": ["steps = 3", "from helpers.drawing import grids"],
    "02_two": ['results = "results"  # records'],
    "03_three": ['speeds = "results/throughput.json"', "from helpers import networks"],
}
RECORD = "results/a.run.json"
PDFS = ["paper", "pdf"]  # of the steps of build.py


def environment() -> dict[str, str]:
    """Return the environment without the options and variables of a make that tests."""
    given = {"MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "LOCKED", "VENV", "BUILD", "PROFILE"}
    return {name: value for name, value in os.environ.items() if name not in given}


def run(*command: str, cwd: Path) -> str:
    """Run a command and return what it prints."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    return done.stdout


def git(*arguments: str, cwd: Path) -> str:
    return run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments, cwd=cwd)


@pytest.fixture
def project(tmp_path):
    """Return a committed project with three lessons, a record and a measurement."""
    files = {
        ".gitignore": (ROOT / ".gitignore").read_text() + "log\nsystem-python\n",
        "notebooks/profiles.toml": "[full]\n[quick]\n",
        "results/throughput.json": "{}",
        "figures/README.md": "",
        RECORD: "{}",
    }
    files |= {name: "" for name in ("pyproject.toml", "requirements.lock")}
    modules = ("__init__", "networks", "data/images", "experiments/training", "drawing/grids")
    files |= {f"helpers/{name}.py": "" for name in modules}
    files |= {f"report/{name}.py": "" for name in ("execute", "build")}
    for name in ("Makefile", "commands/lock.py", "report/lessons.py"):
        files[name] = (ROOT / name).read_text()
    files["commands/environment.py"] = ""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name, (parameters, *code) in LESSONS.items():
        cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]})]
        cells += map(new_code_cell, code)
        nbformat.write(new_notebook(cells=cells), tmp_path / f"notebooks/{name}.ipynb")
    git("init", "--quiet", cwd=tmp_path)
    git("add", ".", cwd=tmp_path)
    git("commit", "--quiet", "-m", "start", cwd=tmp_path)
    for name, text in {".venv/bin/python": PYTHON, "system-python": SYSTEM}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def make(project: Path, *targets: str) -> list[str]:
    """Return what was done: the step, and for an execution the lesson."""
    log = project / "log"
    log.write_text("")
    run("make", f"PYTHON={project}/system-python", *targets, cwd=project)
    calls = [line.split() for line in log.read_text().splitlines()]
    return sorted(
        call[1] if call[0] in ("execute", "report/build.py", "report/execute.py") else call[0]
        for call in calls
    )


def test_everything_is_made_once_below_build(project):
    assert make(project, "report") == sorted([*LESSONS, *PDFS, "install", "commands.train"])
    assert make(project, "report") == []
    assert make(project, "book", "figures") == ["figures", "site"]
    assert make(project, "report", "book", "notebooks", "figures") == []
    assert git("status", "--porcelain", cwd=project) == ""


def test_publishing_brings_notebooks_and_figures_up_to_date(project):
    make(project, "report")
    assert make(project, "publish") == ["figures", "figures", "publish"]
    changed = git("status", "--porcelain", cwd=project).split()[1::2]
    assert changed == ["figures/README.md", "notebooks/01_one.ipynb"]


def test_another_checkout_shares_the_environment(project, tmp_path_factory):
    """Its files are newer, but what they ask for is installed."""
    make(project, "report")
    other = tmp_path_factory.mktemp("other") / "checkout"
    git("worktree", "add", "--quiet", str(other), cwd=project)
    steps = f"PYTHON={project}/system-python", f"VENV={project}/.venv", "report"
    run("make", *steps, cwd=other)
    assert "install" not in (other / "log").read_text().splitlines()
    assert make(project, "report") == []


def test_only_the_full_profile_is_published(project):
    with pytest.raises(AssertionError, match="make publish takes no PROFILE"):
        make(project, "publish", "PROFILE=quick")


def test_the_title_page_names_the_version(project):
    make(project, "report")
    (project / "notes.txt").touch()
    assert make(project, "report") == []
    git("add", "notes.txt", cwd=project)
    git("commit", "--quiet", "-m", "notes", cwd=project)
    assert make(project, "report", "book") == [*PDFS, "site"]
    version = git("describe", "--always", "--dirty", cwd=project)
    assert (project / "build/report.pdf").read_text() == version
    assert make(project, "report", "book") == []


@pytest.mark.parametrize(
    ("changed", "done"),
    [
        ("requirements.lock", [*LESSONS, "install"]),
        ("pyproject.toml", ["install"]),
        ("helpers/drawing/grids.py", ["01_one"]),
        ("helpers/networks.py", ["03_three", "commands.train"]),
        ("helpers/data/images.py", ["commands.train"]),
        ("helpers/__init__.py", ["01_one", "03_three"]),
        ("results/throughput.json", ["03_three", "commands.train"]),
        (RECORD, ["02_two", "commands.train"]),
        ("notebooks/01_one.ipynb", ["01_one"]),
        ("commands/environment.py", [*LESSONS]),
        ("report/build.py", []),
    ],
)
def test_what_is_made_again_after_a_change(project, changed, done):
    make(project, "report")
    file = project / changed
    new = file.with_name("new")  # replaced as records are, which changes the folder's time as well
    new.write_text((file.read_text() if file.exists() else "") + " ")
    new.replace(file)
    assert make(project, "report") == sorted([*done, *PDFS])
    assert make(project, "report") == []


@pytest.mark.parametrize(
    ("changed", "done"),
    [(RECORD, ["02_two", "commands.train"]), ("results/throughput.json", ["03_three"])],
)
def test_an_edit_in_place_is_noticed(project, changed, done):
    make(project, "report")
    (project / changed).write_text("{ }")
    assert make(project, "report") == sorted([*done, *PDFS])


def test_a_profile_that_changes_concerns_the_lessons_whose_values_changed(project):
    make(project, "report", "PROFILE=quick", "RESULTS=results")
    profiles = project / "notebooks/profiles.toml"
    profiles.write_text(profiles.read_text() + "[quick.01_one]\nsteps = 1\n")
    assert make(project, "report", "PROFILE=quick", "RESULTS=results") == ["01_one", *PDFS]
    assert make(project, "report", "PROFILE=quick", "RESULTS=results") == []


def test_a_helper_that_goes_is_no_error(project):
    make(project, "report")
    (project / "helpers/drawing/grids.py").unlink()
    assert make(project, "report") == ["01_one", *PDFS]
    assert make(project, "report") == []


def test_a_lesson_that_comes_or_goes_changes_the_report(project):
    make(project, "report")
    (project / "notebooks/01_one.ipynb").rename(project / "notebooks/04_four.ipynb")
    assert make(project, "report") == ["04_four", *PDFS]
    (project / "notebooks/04_four.ipynb").unlink()
    assert make(project, "report") == PDFS
    assert make(project, "report") == []


def test_copies_of_a_lesson_are_left_alone(project):
    make(project, "report")
    shutil.copy(project / "notebooks/01_one.ipynb", project / "notebooks/01_one-Copy1.ipynb")
    assert make(project, "report") == []


def test_a_lesson_that_make_cannot_use_is_named(project):
    make(project, "report")
    nbformat.write(new_notebook(), project / "notebooks/01_one.ipynb")
    with pytest.raises(AssertionError, match="01_one.ipynb has 0 cells tagged 'parameters'"):
        make(project, "report")


def test_no_record_is_an_error(project):
    (project / RECORD).unlink()
    with pytest.raises(AssertionError, match="cksum"):
        make(project, "report")
    assert not (project / "build/full/records.sum").exists()
    assert not (project / "build/report.pdf").exists()


def test_two_at_once_share_the_work(project):
    command = ["make", f"PYTHON={project}/system-python", "report"]
    (project / "log").write_text("")
    both = [
        subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True, env=environment())
        for _ in range(2)
    ]
    assert [process.communicate()[1] for process in both] == ["", ""]
    assert [process.returncode for process in both] == [0, 0]
    calls = (project / "log").read_text().splitlines()
    assert len(calls) == len({*calls})  # nothing was done twice


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


def test_clean_removes_no_environment_of_the_users_own(project):
    own = project / "own"
    own.mkdir()
    run("make", "clean", f"VENV={own}", cwd=project)
    assert own.is_dir()


def test_a_checkout_that_cannot_be_written_to(project, tmp_path_factory):
    """With folders elsewhere nothing in it is written, so that permissions do not matter."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (project / ".venv").rename(elsewhere / "venv")

    def files() -> dict:
        paths = (path for path in project.rglob("*") if ".git" not in path.parts)
        return {p: p.stat().st_mtime_ns for p in paths if p.is_file() and p.name != "log"}

    before = files()
    folders = [f"VENV={elsewhere}/venv", f"BUILD={elsewhere}/build"]
    assert "pdf" in make(project, "report", *folders)
    assert make(project, "report", "book", "figures", *folders) == ["figures", "site"]
    assert files() == before


@pytest.mark.parametrize("goal", ["results", "retrain", "verify"])
def test_some_runs_only(project, goal):
    """A pattern goes through as it is: the shell must not take it for names of files."""
    make(project, goal, "ONLY=a*")
    assert "--only a*" in (project / "log").read_text()
    assert "--only 'a*'" in run("make", "--dry-run", goal, "ONLY=a*", cwd=project)
    make(project, goal)
    assert "--only" not in (project / "log").read_text()


@pytest.mark.parametrize(("user", "option"), [("0", " --allow-root"), ("1000", "")])
def test_lab_passes_options_on(project, user, option):
    """It opens the project's root, on this computer alone, for root as well (in a container).

    Lessons import the helpers of this checkout, whichever one the environment was made for.
    """
    programs = {"id": f"echo {user}"}
    programs["jupyter"] = 'echo "jupyter $*" >> log; pwd >> log; echo "${PYTHONPATH:-none}" >> log'
    for name, text in programs.items():
        (project / ".venv/bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (project / ".venv/bin" / name).chmod(0o755)
    path = f"PATH={project}/.venv/bin:{os.environ['PATH']}"
    make(project, "lab")
    (project / "log").write_text("")
    options = f"PYTHON={project}/system-python", "OPTIONS=--no-browser --port=9"
    run("env", path, "make", "lab", *options, cwd=project)
    command = f"jupyter lab --ip=localhost{option} --no-browser --port=9"
    assert (project / "log").read_text().splitlines() == [command, str(project), str(project)]


def run_make(*arguments: str) -> subprocess.CompletedProcess:
    command = ["make", "--dry-run", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_make_refuses_an_unknown_profile():
    result = run_make("report", "PROFILE=slow")
    assert result.returncode != 0
    assert "PROFILE=slow is unknown; choose one of: full quick" in result.stderr


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (None, "was not found: install Python 3.11 or newer"),
        ("#!/bin/sh\n[ $1 = --version ] && echo Python 3.9.2\nexit 1\n", "Python 3.9.2 is too old"),
        ("#!/bin/sh\ncase $2 in *venv*) exit 1;; esac\n", "install its venv module"),
    ],
    ids=["missing", "old", "without venv"],
)
def test_make_says_what_to_install(tmp_path, script, message):
    python = tmp_path / "python"
    if script:
        python.write_text(script)
        python.chmod(0o755)
    ready = tmp_path / "venv" / "ready"
    command = ["make", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}", str(ready)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode != 0 and message in result.stderr
