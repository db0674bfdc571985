"""Lesson 12 is right about SciPy, which is here, and about the file with the others' answers."""

import ast
import copy
import json

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lesson import NOTEBOOKS, definitions
from scipy import ndimage, signal
from tensors import close, random
from torch.nn import functional as F

from commands.elsewhere import inputs
from commands.elsewhere.by_hand import ByHand
from helpers import project

lesson = definitions("12_elsewhere")
SOURCES = [
    cell.source
    for cell in nbformat.read(NOTEBOOKS / "12_elsewhere.ipynb", as_version=4).cells
    if cell.cell_type == "code" and "hide-input" not in cell.metadata.get("tags", [])
]
RECORD = project.read_json("results/elsewhere.json")
sizes = st.tuples(st.integers(1, 5), st.integers(1, 5))


@given(sizes)
def test_the_kinds_are_those_of_scipy(size):
    image, kernel = random(6, 7), random(*size, seed=1)
    x, w = image.numpy(), kernel.numpy()
    for expected, switches in [
        (signal.correlate2d(x, w, "same"), {}),
        (signal.correlate(x, w, "same", "direct"), {"first": True}),
        (ndimage.correlate(x, w, mode="constant"), {"first": True}),
        (ndimage.convolve(x, w, mode="constant"), {"turned": True}),
        (signal.convolve2d(x, w, "same"), {"turned": True, "first": True}),
    ]:
        close(lesson.convolve(image, kernel, **switches), torch.tensor(expected))


@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 5), st.booleans())
def test_same_padding(size, kernel_size, stride, first):
    before, after = lesson.same_padding(size, kernel_size, stride, first)
    assert (before - after if first else after - before) in (0, 1)
    row = F.pad(random(1, 1, size), (before, after))
    output = F.conv1d(row, random(1, 1, kernel_size), stride=stride)
    assert output.shape[2] == -(-size // stride)
    if before + after:  # one zero less would be one output less
        assert (size + before + after - 1 - kernel_size) // stride + 1 < output.shape[2]


def test_middles():
    assert lesson.middles(7, (1, 1)) == [0, 2, 4, 6]
    assert lesson.middles(6, (0, 1)) == [1, 3, 5]
    assert lesson.middles(9, (2, 2), kernel_size=5, stride=3) == [0, 3, 6]


def test_the_layer_by_hand_is_the_one_that_was_counted():
    shown, counted = lesson.ByHand(3, 4), ByHand(3, 4)
    image = random(2, 3, 8, 7, dtype=torch.float32)
    close(shown(image), counted(image), 1e-5)
    close(shown(image), F.conv2d(image, shown.weight), 1e-4)
    assert [*shown.state_dict()] == [*counted.state_dict()]


def test_the_inputs_are_those_that_the_libraries_got():
    names = {"IMAGE", "POINT", "K3", "K2", "up", "down", "channels", "weight", "x", "y", "NINE"}
    found = {"torch": torch}
    for node in ast.walk(ast.parse("\n".join(SOURCES))):
        if isinstance(node, ast.Assign):
            bases = {n.id for target in node.targets for n in ast.walk(target) if hasattr(n, "id")}
            first = bases - found.keys() or bases & {"POINT"}
            if bases & names and first:
                exec(compile(ast.Module([node], []), "12_elsewhere", "exec"), found)
    for name, expected in {
        "IMAGE": inputs.IMAGE,
        "POINT": inputs.POINT,
        "K3": inputs.K3,
        "K2": inputs.KERNELS["2x2"],
        "up": inputs.UP[0],
        "down": inputs.DOWN[0],
        "channels": inputs.CHANNELS[None],
        "weight": inputs.WEIGHT,
        "x": inputs.X[None, None],
        "y": inputs.Y[None, None],
        "NINE": inputs.NINE,
    }.items():
        assert np.array_equal(found[name].numpy(), expected), name


def run(record, monkeypatch):
    """Execute the lesson's visible cells with this record."""
    monkeypatch.setattr(project, "read_json", lambda name: record)
    namespace: dict = {"__name__": "12_elsewhere"}
    for number, source in enumerate(SOURCES, start=1):
        exec(compile(source, f"12_elsewhere.ipynb, code cell {number}", "exec"), namespace)


def changed(value):
    """Return a copy in which the last number is another one."""
    if isinstance(value, dict):
        key = [*value][-1]
        return value | {key: changed(value[key])}
    if isinstance(value, list):
        return [*value[:-1], changed(value[-1])]
    return value + 1


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_the_lesson_holds_for_the_file(monkeypatch, capsys):
    run(RECORD, monkeypatch)
    plt.close("all")


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(
    ("question", "call"),
    [
        ("same", "scipy: signal.correlate2d"),
        ("same", "keras on jax: Conv2D (same)"),
        ("same", "ncnn: Convolution (pad -234)"),
        ("same", "Pillow: ImageFilter.Kernel"),
        ("stride", "flax: nnx.Conv (SAME)"),
        ("border", "cv2: filter2D"),
        ("weights", "mlx: conv2d"),
        ("pooling", "keras on torch: MaxPooling2D, AveragePooling2D"),
        ("pooling", "onnx reference: MaxPool, AveragePool"),
        ("transposed", "equinox: nn.ConvTranspose2d"),
        ("resized", "torchvision: v2.resize"),
        ("turned", "kornia: RandomAffine"),
        ("integers", "cv2: filter2D"),
        ("counted", "thop: profile"),
    ],
)
def test_a_changed_answer_stops_the_lesson(question, call, monkeypatch, capsys):
    record = copy.deepcopy(RECORD)
    answer = record["answers"][question][call]
    record["answers"][question][call] = (
        answer | {"image 3x3": changed(answer["image 3x3"])}
        if call[:6] == "Pillow"
        else changed(answer)
    )
    assert json.dumps(record) != json.dumps(RECORD)
    with pytest.raises((AssertionError, KeyError, ValueError)):
        run(record, monkeypatch)


def test_every_question_is_read():
    for question in RECORD["answers"]:
        assert f'answers["{question}"]' in "\n".join(SOURCES), question
