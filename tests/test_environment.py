"""pyproject.toml, requirements.lock and environment.yml describe one environment."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
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
    assert sorted(map(str, map(Requirement, pip))) == sorted(map(str, DECLARED))


def test_conda_names_the_same_python():
    assert f"python{PROJECT['requires-python']}" in CONDA["dependencies"]


def test_lock_holds_exact_versions_only():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert not [line for line in lines if line and line[0] != "#" and "==" not in line]
    assert not [line for line in lines if "://" in line or "@" in line]
