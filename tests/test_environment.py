"""What is declared is one environment, and what is used is declared."""

import ast
import os
import shlex
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

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "report"))
import execute as runner  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OPTIONAL = sum(PROJECT["optional-dependencies"].values(), [])
DECLARED = [Requirement(text) for text in PROJECT["dependencies"] + OPTIONAL]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): pin for name, pin in pins}


@pytest.mark.parametrize("requirement", DECLARED, ids=lambda requirement: requirement.name)
def test_lock_is_within_the_range_and_installed(requirement):
    pin = locked()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pin), f"{pin} is outside of {requirement}"
    assert version(requirement.name).split("+")[0] == pin


def test_conda_names_the_same_packages_and_ranges():
    (pip,) = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    *packages, project = pip
    assert project == "-e ."  # without it the lessons do not find helpers
    assert sorted(map(str, map(Requirement, packages))) == sorted(map(str, DECLARED))


def test_conda_names_the_same_python():
    assert f"python{PROJECT['requires-python']}" in CONDA["dependencies"]


def test_lock_holds_exact_versions_only():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert not [line for line in lines if line and line[0] != "#" and "==" not in line]
    assert not [line for line in lines if "://" in line or "@" in line]


def imported(folder: str) -> set[str]:
    """Return the packages that a folder's code imports, the project's own modules left out."""
    names = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.split(".")[0])
    scripts = [*(ROOT / "report").glob("*.py"), *(ROOT / "tests").rglob("*.py")]
    own = {"helpers", "commands", "report"} | {file.stem for file in scripts}
    return names - own - set(sys.stdlib_module_names)


@pytest.mark.parametrize("folder", ["helpers", "commands", "report", "tests"])
def test_every_import_is_declared(folder):
    # helpers must work with the package alone, as it does on a Dask worker
    declared = map(Requirement, PROJECT["dependencies"]) if folder == "helpers" else DECLARED
    names = {canonicalize_name(requirement.name) for requirement in declared}
    providers = packages_distributions()
    found = {
        name: {canonicalize_name(package) for package in providers.get(name, [])}
        for name in imported(folder)
    }
    assert found
    assert not [name for name, packages in found.items() if names.isdisjoint(packages)]


def test_commits_and_make_remove_the_same_from_lessons():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    (entry,) = [hook["entry"] for hook in hooks if "nbstripout" in hook["entry"]]
    words = shlex.split(entry)
    assert words[words.index("--extra-keys") + 1].split() == runner.RUN_DEPENDENT


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
    done = ci(make="[ $1 = lint ] || echo 9 passed", **programs)
    assert calls(tmp_path) == [*installed, "make lint", "make test"]
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.splitlines()[-1] == "9 passed"


@pytest.mark.parametrize("failing", ["lint", "test"])
def test_ci_fails_with_the_style_and_with_the_tests(ci, tmp_path, failing):
    assert ci(make=f"[ $1 != {failing} ]").returncode == 1
    assert calls(tmp_path)[-2:] == ["make lint", "make test"]
