"""What make is told about the lessons: parameters, profiles and the files that each one reads."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from report import lessons
from report.lessons import LessonError


def write(path, *sources, tag="parameters"):
    cells = [new_markdown_cell("# Title")] + [new_code_cell(source) for source in sources]
    cells[1].metadata["tags"] = [tag]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def folder(tmp_path):
    """A folder of one lesson and a profile that changes it."""
    (tmp_path / "profiles.toml").write_text("[full]\n[quick]\n[quick.01_lesson]\nsteps = 3\n")
    write(tmp_path / "01_lesson.ipynb", 'steps = 10\nresults = "results"')
    return tmp_path


def test_values_of_a_profile(folder):
    path = folder / "01_lesson.ipynb"
    assert lessons.changed_values("full", "results", folder) == {path: {}}
    expected = {"results": "build/quick/results", "steps": 3}
    assert lessons.changed_values("quick", "build/quick/results", folder) == {path: expected}


def test_an_unknown_profile_is_refused(folder):
    with pytest.raises(LessonError, match="'slow' is unknown; profiles.toml has full, quick"):
        lessons.changed_values("slow", "results", folder)


def test_an_undeclared_parameter_is_refused(folder):
    write(folder / "01_lesson.ipynb", "epochs = 10")
    with pytest.raises(LessonError, match=r"sets \['steps'\] for 01_lesson.*\['epochs'\]"):
        lessons.changed_values("quick", "results", folder)


def test_a_lesson_without_the_tag_is_refused(folder):
    write(folder / "01_lesson.ipynb", "steps = 10", tag="other")
    with pytest.raises(LessonError, match="0 cells tagged 'parameters'"):
        lessons.changed_values("quick", "results", folder)


def test_a_profile_of_a_lesson_that_does_not_exist_is_refused(folder):
    (folder / "01_lesson.ipynb").rename(folder / "02_other.ipynb")
    with pytest.raises(LessonError, match="01_lesson"):
        lessons.changed_values("quick", "results", folder)


def test_a_lesson_reads_the_exercises_that_it_lists(folder):
    path = write(folder / "01_lesson.ipynb", "steps = 1", "exercises.listing(1)")
    assert lessons.read_by(path, {}, "build/full", folder) == []
    (folder / "exercises").mkdir()
    (folder / "exercises" / path.name).touch()
    assert lessons.read_by(path, {}, "build/full", folder) == ["exercises/01_lesson.ipynb"]


def test_parameters_are_read_as_python(tmp_path):
    source = 'pair = (\n    1,\n    2,\n)\ntable = {"a": [1]}\nname = "x"  # a comment\nminus = -1'
    path = write(tmp_path / "01_lesson.ipynb", source)
    assert lessons.parameters(path) == {
        "pair": (1, 2),
        "table": {"a": [1]},
        "name": "x",
        "minus": -1,
    }


@pytest.mark.parametrize("line", ["a = dict(b=1)", "print(1)", "a, b = 1, 2", "import torch"])
def test_anything_but_plain_values_is_refused(tmp_path, line):
    path = write(tmp_path / "01_lesson.ipynb", f"steps = 1\n{line}")
    with pytest.raises(LessonError, match="expected only lines such as name = 3, got"):
        lessons.parameters(path)


@pytest.mark.parametrize(
    "name", ["01_lesson-Copy1.ipynb", "Untitled.ipynb", "01_lesson.partial.ipynb", "1_x.ipynb"]
)
def test_other_notebooks_in_the_folder_are_no_lessons(folder, name):
    write(folder / name, "steps = 10")
    assert lessons.find(folder) == [folder / "01_lesson.ipynb"]


def test_two_lessons_with_one_number_are_refused(folder):
    write(folder / "01_other.ipynb", "steps = 10")
    with pytest.raises(LessonError, match=r"01_lesson.ipynb and 01_other.ipynb have the same"):
        lessons.find(folder)


def test_a_file_that_is_no_notebook_is_named(folder):
    (folder / "01_lesson.ipynb").write_text("<<<<<<< HEAD")
    with pytest.raises(LessonError, match="01_lesson.ipynb is not a readable notebook"):
        lessons.changed_values("full", "results", folder)


@pytest.fixture
def project(tmp_path):
    """Helpers that import one another, and a lesson that imports some of them."""
    for name, text in {
        "__init__": "",
        "figures": "import matplotlib",
        "conv/__init__": "from helpers.conv.layer import Conv2d",
        "conv/layer": "from helpers import checks",
        "conv/unused": "",
        "checks": "",
        "drawing/__init__": "",
        "drawing/grids": "from helpers.figures import show",
        "drawing/other": "",
    }.items():
        file = tmp_path / "helpers" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("import torch", ""),
        ("from helpers import checks", "__init__ checks"),
        ("from helpers import conv", "__init__ conv/__init__ conv/layer checks"),
        ("from helpers.conv import Conv2d", "__init__ conv/__init__ conv/layer checks"),
        ("import helpers.checks as c", "__init__ checks"),
        (
            "from helpers.drawing.grids import canvas",
            "__init__ drawing/__init__ drawing/grids figures report.mplstyle",
        ),
    ],
)
def test_the_helpers_that_a_lesson_needs(project, source, files):
    found = {str(path.relative_to(project / "helpers")) for path in lessons.needed(source, project)}
    assert found == {name if "." in name else f"{name}.py" for name in files.split()}


def test_rules_name_helpers_records_and_measurements(project):
    (project / "results").mkdir()
    (project / "results/speeds.json").write_text("{}")
    source = 'results = "results"\nspeeds = "results/speeds.json"\nword = "hello"'
    path = write(project / "01_lesson.ipynb", source, "from helpers import checks")
    build = "build/quick"
    reads = lessons.read_by(path, {"results": "build/quick/results"}, build, project)
    own = ["helpers/__init__.py", "helpers/checks.py", "results/speeds.json"]
    assert reads == sorted([*own, "build/quick/records.sum"])
    first, second = lessons.rules({path.name: reads}, build).splitlines()
    assert first == f"build/quick/outdated/01_lesson.ipynb: {' '.join(reads)}"
    assert second == f"{' '.join(own)}:"


def test_a_file_is_written_only_when_it_changed(tmp_path):
    file = tmp_path / "folder" / "values.json"
    lessons.write(file, json.dumps({}))
    before = file.stat().st_mtime_ns
    lessons.write(file, json.dumps({}))
    assert file.stat().st_mtime_ns == before
    lessons.write(file, json.dumps({"a": 1}))
    assert file.read_text() == '{"a": 1}'


@pytest.mark.parametrize("profile", ["full", "quick"])
def test_every_lesson_takes_every_profile(profile):
    values = lessons.changed_values(profile, "results")
    assert [path.stem[:2] for path in values] == [f"{n:02d}" for n in range(1, len(values) + 1)]
