"""The project's files are found from anywhere, and a missing one says where to get it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import project
from helpers.experiments import records

ROOT = Path(__file__).resolve().parent.parent


def test_a_path_of_the_project(tmp_path):
    assert project.path("results") == ROOT / "results"
    assert project.path(tmp_path) == tmp_path
    assert project.read_json("results/batching.json")["batch_size"] > 0


@pytest.mark.parametrize(
    "folder", [ROOT, ROOT / "notebooks", "elsewhere"], ids=["root", "notebooks", "elsewhere"]
)
def test_records_are_found_from_anywhere(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path if folder == "elsewhere" else folder)
    assert len(records.load("results", group="baseline")) == 5


def test_what_is_missing_says_where_to_get_the_rest():
    with pytest.raises(FileNotFoundError, match="lessons need the whole project.*README"):
        project.path("results/nothing.json")


def test_the_package_alone_says_what_it_lacks(tmp_path):
    """As installed in another environment, without the repository."""
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers")
    code = "import sys; sys.path[0] = '.'; from helpers import data; data.load_mnist()"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "FileNotFoundError" in done.stderr and "come with the project" in done.stderr
