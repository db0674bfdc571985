"""What is declared is one environment, and what is used is declared."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from report import lessons

ROOT = Path(__file__).resolve().parent.parent

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BASE = [Requirement(text) for text in PROJECT["dependencies"]]
OPTIONAL = sum(PROJECT["optional-dependencies"].values(), [])
DECLARED = BASE + [Requirement(text) for text in OPTIONAL]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = (line.split(";")[0].split("==") for line in lines if line and line[0] != "#")
    return {canonicalize_name(name): pin.strip() for name, pin in pins}


@pytest.mark.parametrize("requirement", DECLARED, ids=lambda requirement: requirement.name)
def test_lock_is_within_the_range_and_installed(requirement):
    pin = locked()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pin), f"{pin} is outside of {requirement}"
    assert version(requirement.name).split("+")[0] == pin


def test_conda_installs_this_project_with_all_its_packages():
    (pip,) = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    assert pip == [f"-e .[{','.join(PROJECT['optional-dependencies'])}]"]


def test_conda_names_the_same_python():
    assert f"python{PROJECT['requires-python']}" in CONDA["dependencies"]


def test_lock_holds_exact_versions_only():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert not [line for line in lines if line and line[0] != "#" and "==" not in line]
    assert not [line for line in lines if "://" in line or "@" in line]


def imported(sources: list[str]) -> set[str]:
    """Return the packages that code imports, the project's own modules left out."""
    names = {name.split(".")[0] for source in sources for name in lessons.imports(source)}
    own = {"helpers", "commands", "report"}
    own |= {file.stem for file in (ROOT / "tests").rglob("*.py")}  # pytest finds them by name
    return names - own - set(sys.stdlib_module_names)


def undeclared(sources: list[str], requirements: list[Requirement]) -> list[str]:
    """Return what code imports and no package of ``requirements`` provides."""
    names = {canonicalize_name(requirement.name) for requirement in requirements}
    providers = packages_distributions()
    found = {
        name: {canonicalize_name(package) for package in providers.get(name, [])}
        for name in imported(sources)
    }
    assert found
    return [name for name, packages in found.items() if names.isdisjoint(packages)]


@pytest.mark.parametrize("folder", ["helpers", "commands", "report", "tests"])
def test_every_import_is_declared(folder):
    # helpers must work with the package alone, as it does on a Dask worker
    declared = BASE if folder == "helpers" else DECLARED
    others = ROOT / "commands" / "elsewhere" / "libraries"  # see tests/commands/test_elsewhere.py
    files = [file for file in (ROOT / folder).rglob("*.py") if file.parent != others]
    assert not undeclared([file.read_text(encoding="utf-8") for file in files], declared)


@pytest.mark.parametrize("lesson", lessons.find(), ids=lambda path: path.stem)
def test_every_import_of_a_lesson_is_declared(lesson):
    assert not undeclared([source for _, source in lessons.code(lesson)], BASE)


def git(*arguments, cwd):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


def test_hooks_find_their_tools_in_a_worktree(tmp_path):
    """And say what to do where nothing is installed."""
    main, other = tmp_path / "main", tmp_path / "other"
    (main / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/tool", main / ".ci")
    git("init", "--quiet", cwd=main)
    git("add", ".", cwd=main)
    git("commit", "--quiet", "-m", "start", cwd=main)
    git("worktree", "add", "--quiet", other, cwd=main)
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    for hook in hooks:
        program = hook["entry"].removeprefix("sh .ci/tool ").split()[0]
        command = ["sh", ".ci/tool", program, "file name"]
        done = subprocess.run(command, cwd=other, capture_output=True, text=True)
        assert done.returncode == 1 and f"{program} was not found: run make" in done.stderr
        tool = main / ".venv/bin" / program
        tool.parent.mkdir(parents=True, exist_ok=True)
        tool.write_text('#!/bin/sh\necho "called with $1"\n')
        tool.chmod(0o755)
        for folder in (main, other):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            assert done.stdout == "called with file name\n"
        tool.unlink()


def test_files_have_the_same_bytes_on_every_system(tmp_path):
    """A checkout with git's setting for Windows: scripts and notebooks keep their line ends."""
    for name in (".gitattributes", "Makefile", ".ci/run", "notebooks/01_naive_convolution.ipynb"):
        (tmp_path / "a" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "a" / name)
    git("init", "--quiet", cwd=tmp_path / "a")
    git("add", ".", cwd=tmp_path / "a")
    git("commit", "--quiet", "-m", "start", cwd=tmp_path / "a")
    git("-c", "core.autocrlf=true", "clone", "--quiet", tmp_path / "a", tmp_path / "b", cwd=ROOT)
    for file in (tmp_path / "b").rglob("*"):
        if file.is_file() and ".git" not in file.parts:
            assert file.read_bytes() == (ROOT / file.relative_to(tmp_path / "b")).read_bytes()


@pytest.fixture
def ci(tmp_path):
    """Return a function that runs .ci/run where ``programs``, by name, are all there is."""
    (tmp_path / ".ci").mkdir()
    script = shutil.copy(ROOT / ".ci/run", tmp_path / ".ci")

    def run(**programs: str) -> subprocess.CompletedProcess:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "dirname").symlink_to(shutil.which("dirname"))
        calls = {"id": "echo 0", "grep": "", "make": "", "apt-get": ""} | programs
        for name, text in calls.items():
            (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/log\n{text}\n')
            (folder / name).chmod(0o755)
        environment = os.environ | {"PATH": str(folder)}
        command = [shutil.which("bash"), script]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    return run


def calls(folder: Path) -> list[str]:
    lines = (folder / "log").read_text().splitlines()
    return [line for line in lines if line.startswith(("make", "apt-get"))]


MAKE = ["make lint", "make compare", "make lowest", "make test"]
INSTALL = ["apt-get update", "apt-get install --yes --no-install-recommends chromium"]


@pytest.mark.parametrize(
    ("programs", "installed"),
    [
        ({}, INSTALL),
        ({"apt-get": "exit 1"}, INSTALL[:1]),
        ({"chromium": ""}, []),
        ({"id": "echo 1000"}, []),
        ({"grep": "exit 1"}, []),  # not Debian
    ],
    ids=str,
)
def test_ci_checks_style_and_tests_with_or_without_a_browser(ci, tmp_path, programs, installed):
    done = ci(make="[ $1 != test ] || echo 9 passed", **programs)
    assert calls(tmp_path) == [*installed, *MAKE]
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.splitlines()[-1] == "9 passed"


@pytest.mark.parametrize("failing", ["lint", "compare", "lowest", "test"])
def test_ci_fails_with_the_style_and_with_the_tests(ci, tmp_path, failing):
    assert ci(make=f"[ $1 != {failing} ]").returncode == 1
    assert calls(tmp_path)[-4:] == MAKE
