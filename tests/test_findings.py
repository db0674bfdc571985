"""The scripts of findings/ have one form, and README.md lists each with its versions."""

import re
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "findings"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
ROW = re.compile(r"^\| \[([\w-]+)\]\(([\w-]+)\.sh\) \| (.+) \| (.+) \|$", re.MULTILINE)


def test_each_script_is_listed_once():
    listed = ROW.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
    assert all(name == file for name, file, *_ in listed)
    assert sorted(name for name, *_ in listed) == [script.stem for script in SCRIPTS]


def test_the_list_names_the_versions_that_are_installed():
    listed = ROW.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
    for name, _, _, versions in listed:
        script = (FOLDER / f"{name}.sh").read_text(encoding="utf-8")
        for version in versions.split(", "):
            assert version.replace(" ", "==") in script, f"{name} does not install {version}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_form(script):
    text = script.read_text(encoding="utf-8")
    about = re.match(r"#!/usr/bin/env bash\n((?:#.*\n)+)set -euo pipefail\n", text)
    assert about, "a script begins with what it shows, and stops at the first failure"
    for part in ("# Behaviour: ", "\n# Seen with ", "\n# Fails when "):
        assert part in "\n" + about[1], f"the head lacks {part.strip()!r}"
    assert re.search(r"\d{4}-\d\d-\d\d", about[1]), "the head lacks the day"
    assert "folder=$(mktemp -d)\ntrap 'rm -rf \"$folder\"' EXIT\n" in text
    (packages,) = re.findall(r"pip-version-check (?:\\\n)?(.+)\n", text)
    assert all("==" in package for package in packages.split()), "a version is not pinned"
    assert not re.search(r"import helpers|from helpers", text), "runs without our code"
    assert script.stat().st_mode & 0o111, "not executable"
    subprocess.run(["bash", "-n", script], check=True)
