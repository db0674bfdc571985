#!/usr/bin/env bash
# Behaviour: in onnxruntime a pool whose window is larger than the map gives one pixel, where the formula
# floor((size - window) / stride) + 1 of the ONNX standard gives none: the quotient is cut, not floored.
# torch raises. So an exported network for images of any size takes images that are too small for it, and
# gives scores, although the network in torch refuses them; a test of the size in Python does not become
# part of an exported graph.
# Seen with onnxruntime 1.32.0, 2026-11-28: 2x2 maximum and mean with stride 2 of one pixel: one pixel,
# where the formula gives floor(-1/2) + 1 = 0; with stride 1, where there is nothing to cut, none.
# Fails when onnxruntime does otherwise.
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
from onnx import TensorProto, helper

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
onnxruntime.set_default_logger_severity(4)
point = np.full((1, 1, 1, 1), 3, np.float32)
for name in ("MaxPool", "AveragePool"):
    for stride, expected in ((2, 1), (1, 0)):
        values = [
            helper.make_tensor_value_info(value, TensorProto.FLOAT, (1, 1, *sides))
            for value, sides in (("x", ("height", "width")), ("y", ("h", "w")))
        ]
        node = helper.make_node(name, ["x"], ["y"], kernel_shape=[2, 2], strides=[stride] * 2)
        graph = helper.make_graph([node], "graph", values[:1], values[1:])
        opset = [helper.make_opsetid("", 18)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(model.SerializeToString())
        (found,) = session.run(None, {"x": point})
        formula = (1 - 2) // stride + 1
        print(f"{name} stride {stride}: {found.shape[2:]}, by the formula {(formula, formula)}")
        assert formula == 0
        assert found.shape[2:] == (expected, expected), "onnxruntime does otherwise now"
PYTHON
