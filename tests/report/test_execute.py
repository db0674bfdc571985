"""Executing and publishing lessons, and the state of the committed ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from report import execute as runner
from report import lessons

ROOT = Path(__file__).resolve().parents[2]
LESSONS = lessons.find()


def write(path: Path, *sources: str, tag: str = "parameters") -> Path:
    cells = [new_markdown_cell("# Title")] + [new_code_cell(source) for source in sources]
    cells[1].metadata["tags"] = [tag]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def run(project: Path, *names: str, values=None, **environment: str):
    """Execute lessons as make does, in a process of its own; return what it ended with."""
    (project / "build/parameters").mkdir(parents=True, exist_ok=True)
    for name in names:
        text = json.dumps({"parameters": (values or {}).get(name, {})})
        (project / f"build/parameters/{name}.json").write_text(text)
    paths = [f"notebooks/{name}.ipynb" for name in names]
    command = [sys.executable, ROOT / "report/execute.py", "run", "--build", "build", *paths]
    return subprocess.run(
        command, cwd=project, capture_output=True, text=True, env=os.environ | environment
    )


def printed(path: Path) -> str:
    outputs = [o for cell in nbformat.read(path, 4).cells for o in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def test_lessons_are_executed_with_their_parameters(tmp_path):
    write(tmp_path / "notebooks/01_one.ipynb", "steps = 10", "print(steps)")
    write(tmp_path / "notebooks/02_two.ipynb", "steps = 10", "print(steps)")
    done = run(tmp_path, "01_one", "02_two", values={"02_two": {"steps": 3}})
    assert done.returncode == 0, done.stderr
    assert printed(tmp_path / "build/notebooks/01_one.ipynb") == "10\n"
    assert printed(tmp_path / "build/notebooks/02_two.ipynb") == "3\n"


def test_a_failing_cell_is_named_its_copy_kept_and_the_others_go_on(tmp_path):
    write(tmp_path / "notebooks/01_lesson.ipynb", "steps = 10", "print(steps)", "1 / 0")
    write(tmp_path / "notebooks/02_good.ipynb", "steps = 10", "print(steps)")
    done = run(tmp_path, "01_lesson", "02_good")
    assert done.returncode == 1
    assert "cell [3] failed with ZeroDivisionError" in done.stderr and "1 / 0" in done.stderr
    partial = "build/notebooks/01_lesson.partial.ipynb"
    assert partial in done.stderr and not (tmp_path / "build/notebooks/01_lesson.ipynb").exists()
    assert printed(tmp_path / partial) == "10\n"
    assert printed(tmp_path / "build/notebooks/02_good.ipynb") == "10\n"


def test_the_users_own_settings_play_no_part(tmp_path):
    """Another kernel of the same name, IPython's start-up file, python -O, another helpers."""
    hostile = tmp_path / "hostile"
    kernel = hostile / "kernels/python3/kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps({"argv": ["false"], "display_name": "x", "language": "python"}))
    startup = hostile / "profile_default/startup/00.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("import torch; torch.set_printoptions(precision=1); leaked = True")
    (hostile / "helpers").mkdir()
    (hostile / "helpers/__init__.py").write_text("")
    (hostile / "matplotlibrc").write_text("image.origin: lower")
    cells = (
        "steps = 1",
        "import sys, helpers, matplotlib",
        "print('leaked' in globals(), sys.flags.optimize, sys.executable)",
        "print(helpers.__file__, matplotlib.rcParams['image.origin'])",
    )
    write(tmp_path / "notebooks/01_lesson.ipynb", *cells)
    names = ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "IPYTHONDIR", "PYTHONPATH", "MPLCONFIGDIR")
    environment = dict.fromkeys(names, str(hostile)) | {"PYTHONOPTIMIZE": "1"}
    environment |= {"MATPLOTLIBRC": str(hostile / "matplotlibrc")}
    done = run(tmp_path, "01_lesson", **environment)
    assert done.returncode == 0, done.stderr
    first, second = printed(tmp_path / "build/notebooks/01_lesson.ipynb").splitlines()
    assert first == f"False 0 {sys.executable}"
    assert second == f"{ROOT / 'helpers/__init__.py'} upper"


def test_a_lesson_is_executed_again_only_when_it_is_outdated(tmp_path):
    write(tmp_path / "notebooks/01_lesson.ipynb", "steps = 10")
    asked = tmp_path / "build/outdated/01_lesson.ipynb"
    asked.parent.mkdir(parents=True)
    asked.touch()
    copy = tmp_path / "build/notebooks/01_lesson.ipynb"
    assert "Executing" in run(tmp_path, "01_lesson").stdout
    before = copy.stat().st_mtime_ns
    assert run(tmp_path, "01_lesson").stdout == "" and copy.stat().st_mtime_ns == before
    os.utime(asked, ns=(before + 1, before + 1))
    assert "Executing" in run(tmp_path, "01_lesson").stdout


def test_publish_takes_over_outputs_and_nothing_that_depends_on_the_run(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    lesson = write(folder / "01_lesson.ipynb", "steps = 10")
    executed = nbformat.read(lesson, as_version=4)
    data = {"text/plain": "ten", "image/svg+xml": "<svg/>"}
    executed.cells[1].outputs = [new_output("display_data", data=data)]
    executed.cells[1].metadata["papermill"] = {"duration": 1.5}
    executed.cells[1].metadata["lines_to_next_cell"] = 2
    executed.metadata["kernelspec"]["display_name"] = "My Python"
    executed.metadata["papermill"] = {"start_time": "now"}
    copy = tmp_path / lesson.name
    nbformat.write(executed, copy)
    runner.publish([copy], folder)
    published = nbformat.read(lesson, as_version=4)
    assert published.cells[1].outputs[0].data == {"text/plain": "ten"}
    assert published.cells[1].metadata == {"tags": ["parameters"]}
    assert "papermill" not in published.metadata
    assert published.metadata["kernelspec"] == runner.KERNEL
    before = lesson.read_bytes(), lesson.stat().st_mtime_ns
    runner.publish([copy], folder)
    assert (lesson.read_bytes(), lesson.stat().st_mtime_ns) == before


def test_publish_leaves_an_edited_lesson_alone(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    copy = write(tmp_path / "01_lesson.ipynb", "steps = 10")
    lesson = write(folder / "01_lesson.ipynb", "steps = 11")
    before = lesson.read_bytes()
    with pytest.raises(SystemExit, match="edited since they were executed"):
        runner.publish([copy], folder)
    assert lesson.read_bytes() == before


def test_most_of_a_lesson_is_no_plumbing():
    cells = [cell for path in LESSONS for cell in nbformat.read(path, as_version=4).cells]
    hidden = [c.source for c in cells if "hide-input" in c.metadata.get("tags", [])]
    assert sum(len(source.splitlines()) for source in hidden) <= 125 * len(LESSONS)


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

    def test_plumbing_is_short_and_collapsed(self, path):
        for cell in nbformat.read(path, as_version=4).cells:
            hidden = "hide-input" in cell.metadata.get("tags", [])
            assert cell.metadata.get("jupyter", {}) == ({"source_hidden": True} if hidden else {})
            assert not hidden or len(cell.source.splitlines()) <= 30, cell.source

    def test_opens_with_its_aims_and_closes_with_a_summary(self, path):
        text = [cell.source for cell in nbformat.read(path, as_version=4).cells]
        assert text[0].startswith("# ") and "After this lesson you can" in text[0]
        headings = [line for source in text for line in source.splitlines() if line[:3] == "## "]
        assert [heading for heading in headings if heading != "## Exercises"][-1] == "## Summary"
