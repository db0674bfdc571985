#!/usr/bin/env bash
# Behaviour: onnx.version_converter accepts models whose numbers it changes. Resize from version 10 to
# 11 takes the new default of the sampling grid (half_pixel for asymmetric), so that linear resizing
# gives other values; so does Upsample from 9. Softmax over the channels from 13 to 11 becomes a softmax
# over everything from that axis on, the older meaning. The checker has nothing to say to the result.
# Seen with onnx 1.23.2, run in onnxruntime 1.32.0, 2026-11-28: [0, 1, 2, 3] doubled is 0 .5 1 1.5 ...
# before and 0 .25 .75 1.25 ... after; the softmax over 2 channels of 3 pixels sums to 1/3 per pixel.
# Fails when onnx does otherwise. What helps: export the version that is needed, or compare outputs.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.version_converter import convert_version


def model(node, shape, out, version, **constants):
    tensors = [numpy_helper.from_array(np.float32(value), name) for name, value in constants.items()]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, size)
        for name, size in (("x", shape), ("y", out))
    ]
    graph = helper.make_graph([node], "graph", values[:1], values[1:], tensors)
    versions = [helper.make_opsetid("", version)]
    return helper.make_model(graph, opset_imports=versions, ir_version=8)


def run(model, x):
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]


print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
row = np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4)
sizes = (1, 1, 1, 4), (1, 1, 1, 8)
for name, before, after in (("Resize", 10, 11), ("Upsample", 9, 13)):
    node = helper.make_node(name, ["x", "scales"], ["y"], mode="linear")
    resize = model(node, *sizes, before, scales=[1, 1, 1, 2])
    old, new = run(resize, row), run(convert_version(resize, after), row)
    print(f"{name} {before}: {old.ravel()}", f"{name} {after}: {new.ravel()}", sep="\n")
    assert np.allclose(old.ravel()[:4], [0, 0.5, 1, 1.5]), "the runtime does otherwise now"
    assert np.allclose(new.ravel()[:4], [0, 0.25, 0.75, 1.25]), "the converter does otherwise now"

node, scores = helper.make_node("Softmax", ["x"], ["y"], axis=1), np.zeros((1, 2, 3), np.float32)
softmax = model(node, scores.shape, scores.shape, 13)
old, new = run(softmax, scores).sum(1), run(convert_version(softmax, 11), scores).sum(1)
print(f"Softmax 13, sum over channels: {old.ravel()}", f"Softmax 11: {new.ravel()}", sep="\n")
assert np.allclose(old, 1) and np.allclose(new, 1 / 3), "the converter does otherwise now"
PYTHON
