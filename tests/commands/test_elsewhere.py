"""What other libraries answer: pinned, asked in plain values, and written the same every time."""

import ast
import json
import re
import sys

import numpy as np
import pytest
from packaging.version import Version

from commands import elsewhere
from commands.elsewhere import asking, inputs
from commands.elsewhere.__main__ import LIBRARIES, REQUIREMENTS, merge, write
from helpers.project import path

PARTS = [
    {
        "versions": {"a": "1"},
        "answers": {"same": {"a: f": [[1, 2], [3, 4]]}, "border": {"a: f": 0}},
    },
    {"versions": {"b": "2"}, "answers": {"same": {"b: g": {"refused": 'Error: "no"'}}}},
]


def pins():
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_every_requirement_is_one_exact_version():
    for name, version in pins().items():
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", name) and Version(version), name


def test_what_the_libraries_files_import_is_pinned():
    known = {"cv2": "opencv-python-headless", "skimage": "scikit-image", "PIL": "pillow"}
    names = (
        {name.lower() for name in pins()} | set(sys.stdlib_module_names) | {"commands", "helpers"}
    )
    for file in (path("commands/elsewhere/libraries")).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [node.module] if isinstance(node, ast.ImportFrom) else []
            for module in {name.split(".")[0] for name in found}:
                assert known.get(module, module) in names, f"{file.name}: {module}"


def test_the_answers_come_from_the_versions_that_are_pinned():
    pinned = {name.lower(): Version(version) for name, version in pins().items()}
    versions = json.loads(path("results/elsewhere.json").read_text(encoding="utf-8"))["versions"]
    for name, version in versions.items():
        # cv2's own version leaves out the last number of the package's
        wanted = pinned[{"opencv": "opencv-python-headless"}.get(name, name)]
        assert Version(version).release == wanted.release[: len(Version(version).release)], name


def test_each_library_has_a_file_and_each_file_is_asked():
    folder = path(elsewhere.__path__[0]) / "libraries"
    files = {file.stem.removeprefix("with_") for file in folder.glob("with_*.py")}
    assert files == {name.split(" ")[0] for name in LIBRARIES}


def test_a_second_run_writes_the_same_bytes_on_a_later_day(tmp_path):
    file = tmp_path / "elsewhere.json"
    assert write(file, PARTS, "2026-01-01")
    before = file.read_bytes()
    assert not write(file, PARTS, "2026-01-02") and file.read_bytes() == before
    content = json.loads(before)
    assert content == merge(PARTS, "2026-01-01")
    assert list(content["answers"]["same"]) == ["a: f", "b: g"]
    assert before.decode().count("\n") < 30  # a line for each answer
    changed = [*PARTS, {"versions": {"c": "3"}, "answers": {}}]
    assert write(file, changed, "2026-01-03")
    assert json.loads(file.read_bytes())["date"] == "2026-01-03"


def test_the_committed_file_is_as_it_is_written(tmp_path):
    committed = path("results/elsewhere.json").read_bytes()
    content = json.loads(committed)
    part = {"versions": content["versions"], "answers": content["answers"]}
    file = tmp_path / "elsewhere.json"
    write(file, [part], content["date"])
    python = json.loads(file.read_bytes())["python"]
    assert (
        file.read_bytes().replace(
            f'"python": "{python}"'.encode(), f'"python": "{content["python"]}"'.encode()
        )
        == committed
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(1) / 3, 0.3333),
        (np.array([[1.00000001, -0.0]]), [[1, 0]]),
        ({"a": (2, 3.5), "b": "uint8"}, {"a": [2.0, 3.5], "b": "uint8"}),
    ],
)
def test_plain_values(value, expected):
    assert json.dumps(asking.plain(value)) == json.dumps(expected)


def test_what_a_library_refuses_is_its_answer():
    def refuse(image, kernel):
        raise ValueError("no\n  such thing")

    answers = asking.same(refuse)
    assert answers["image 2x2"] == {"refused": "ValueError: no such thing"}


def test_the_questions_tell_conventions_apart():
    def correlate(image, kernel, before, mode="constant"):
        k = len(kernel)
        padded = np.pad(image, (before, k - 1 - before), mode)
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
        return (windows * kernel).sum((2, 3))

    after, before = (
        asking.same(lambda x, w, f=f: correlate(x, w, (len(w) - f) // 2)) for f in (1, 0)
    )
    assert after["image 3x3"] == before["image 3x3"]
    assert (after["image 2x2"][0][0], before["image 2x2"][0][0]) == (58, 5)
    for mode, values in {"edge": [1, 1], "reflect": [3, 2], "symmetric": [2, 1]}.items():
        assert asking.border(lambda x, w, m=mode: correlate(x, w, 2, m)) == values
        turned = asking.border(lambda x, w, m=mode: correlate(x, w[::-1, ::-1], 2, m), turned=True)
        assert turned == values


def test_images_and_kernels_change_when_they_are_turned_or_flipped():
    for kernel in [*inputs.KERNELS.values(), inputs.IMAGE, inputs.NINE]:
        changed = [np.rot90(kernel, turns) for turns in range(4)]
        changed += [turned.T for turned in changed]
        assert len({image.tobytes() for image in changed}) == 8
