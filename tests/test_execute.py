"""The runner (report/notebooks.py) and the state of the committed lessons."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "report"))
import execute as runner  # noqa: E402

LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def write(path: Path, *sources: str, tag: str = "parameters") -> Path:
    cells = [new_markdown_cell("# Title")] + [new_code_cell(source) for source in sources]
    cells[1].metadata["tags"] = [tag]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


@pytest.fixture
def profiles(tmp_path) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text("[full]\n[quick]\n[quick.01_lesson]\nsteps = 3\n")
    return path


def test_check_accepts_a_lesson_with_its_parameters(tmp_path, profiles):
    runner.check("quick", [write(tmp_path / "01_lesson.ipynb", "steps = 10")], profiles)


def test_check_refuses_an_unknown_profile(tmp_path, profiles):
    with pytest.raises(ValueError, match="'slow' is unknown; profiles.toml has full, quick"):
        runner.check("slow", [write(tmp_path / "01_lesson.ipynb", "steps = 10")], profiles)


def test_check_refuses_an_undeclared_parameter(tmp_path, profiles):
    notebook = write(tmp_path / "01_lesson.ipynb", "epochs = 10")
    with pytest.raises(ValueError, match=r"sets \['steps'\] for 01_lesson.*\['epochs'\]"):
        runner.check("quick", [notebook], profiles)


def test_check_refuses_a_lesson_without_the_tag(tmp_path, profiles):
    notebook = write(tmp_path / "01_lesson.ipynb", "steps = 10", tag="other")
    with pytest.raises(ValueError, match="0 cells tagged 'parameters'"):
        runner.check("quick", [notebook], profiles)


def test_check_refuses_a_lesson_that_does_not_exist(tmp_path, profiles):
    with pytest.raises(ValueError, match="01_lesson"):
        runner.check("quick", [write(tmp_path / "02_other.ipynb", "steps = 10")], profiles)


def test_a_failing_cell_is_named_and_its_copy_kept(tmp_path):
    notebook = write(tmp_path / "01_lesson.ipynb", "steps = 10", "print(steps)", "1 / 0")
    output = tmp_path / "build" / "01_lesson.ipynb"
    with pytest.raises(SystemExit) as stop:
        runner.execute("full", notebook, output)
    message = str(stop.value)
    assert "cell [3] failed with ZeroDivisionError" in message and "1 / 0" in message
    partial = output.with_suffix(".partial.ipynb")
    assert str(partial) in message and not output.exists()
    printed = [cell for cell in nbformat.read(partial, 4).cells if cell.source == "print(steps)"]
    assert printed[0].outputs[0].text == "10\n"


def test_publish_takes_over_outputs_and_nothing_that_depends_on_the_run(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    lesson = write(folder / "01_lesson.ipynb", "steps = 10")
    executed = nbformat.read(lesson, as_version=4)
    data = {"text/plain": "ten", "image/svg+xml": "<svg/>"}
    executed.cells[1].outputs = [new_output("display_data", data=data)]
    executed.cells[1].metadata["papermill"] = {"duration": 1.5}
    executed.metadata["papermill"] = {"start_time": "now"}
    copy = tmp_path / lesson.name
    nbformat.write(executed, copy)
    runner.publish([copy], folder)
    published = nbformat.read(lesson, as_version=4)
    assert published.cells[1].outputs[0].data == {"text/plain": "ten"}
    assert published.cells[1].metadata == {"tags": ["parameters"]}
    assert "papermill" not in published.metadata
    before = lesson.read_bytes(), lesson.stat().st_mtime_ns
    runner.publish([copy], folder)
    assert (lesson.read_bytes(), lesson.stat().st_mtime_ns) == before


def test_publish_leaves_an_edited_lesson_alone(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    copy = write(tmp_path / "01_lesson.ipynb", "steps = 10")
    lesson = write(folder / "01_lesson.ipynb", "steps = 11")
    before = lesson.read_bytes()
    with pytest.raises(SystemExit, match="edited while being executed"):
        runner.publish([copy], folder)
    assert lesson.read_bytes() == before


@pytest.mark.parametrize("profile", ["full", "quick"])
def test_every_lesson_takes_every_profile(profile):
    runner.check(profile, LESSONS)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
class TestCommittedLesson:
    def test_holds_nothing_that_depends_on_the_run(self, path):
        notebook = nbformat.read(path, as_version=4)
        assert runner.cleaned(nbformat.read(path, as_version=4)) == notebook

    def test_was_executed_from_top_to_bottom(self, path):
        cells = nbformat.read(path, as_version=4).cells
        counts = [cell.execution_count for cell in cells if cell.cell_type == "code"]
        assert counts == list(range(1, len(counts) + 1))

    def test_holds_no_error_and_no_warning(self, path):
        cells = nbformat.read(path, as_version=4).cells
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        assert not [output for output in outputs if output.output_type == "error"]
        assert not [output for output in outputs if output.get("name") == "stderr"]

    def test_opens_with_its_aims_and_closes_with_a_summary(self, path):
        text = [cell.source for cell in nbformat.read(path, as_version=4).cells]
        assert text[0].startswith("# ") and "After this lesson you can" in text[0]
        headings = [line for source in text for line in source.splitlines() if line[:3] == "## "]
        assert headings[-1] == "## Summary"


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
