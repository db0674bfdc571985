#!/usr/bin/env bash
# Behaviour: onnx's reference evaluator pools otherwise than onnx's own shape inference and onnxruntime
# when ceil_mode is 1. MaxPool 3x3, stride 1, one pixel of padding on 6x6 pixels, where nothing is to be
# rounded, gives 8x8, and the additional values are 0 although every pixel is -1. AveragePool 3x3,
# stride 3 on 7x7 shifts the windows: the first has the mean of 4 pixels in place of 9.
# Seen with onnx 1.23.2 and onnxruntime 1.32.0, 2026-11-28.
# Fails when onnx does otherwise. Installs its packages into a temporary folder.
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
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)


def pool(operator, image, **attributes):
    node = helper.make_node(operator, ["x"], ["y"], kernel_shape=[3, 3], ceil_mode=1, **attributes)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, image.shape)
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None, None])
    graph = helper.make_graph([node], "pool", [given], [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    shape = onnx.shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape
    reference = ReferenceEvaluator(model).run(None, {"x": image})[0][0, 0]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    runtime = session.run(None, {"x": image})[0][0, 0]
    return [axis.dim_value for axis in shape.dim][2:], reference, runtime


image = np.full((1, 1, 6, 6), -1, dtype=np.float32)
inferred, reference, runtime = pool("MaxPool", image, strides=[1, 1], pads=[1, 1, 1, 1])
print("MaxPool: inferred", inferred, "reference", reference.shape, "runtime", runtime.shape)
assert inferred == [6, 6] and runtime.shape == (6, 6)
assert reference.shape == (8, 8) and reference[-1, -1] == 0, "MaxPool behaves otherwise now"

image = np.arange(1, 50, dtype=np.float32).reshape(1, 1, 7, 7)
_, reference, runtime = pool("AveragePool", image, strides=[3, 3])
print("AveragePool: reference", reference[0, 0], "runtime", runtime[0, 0], "mean", image[0, 0, :3, :3].mean())
assert runtime[0, 0] == 9 and reference[0, 0] == 5, "AveragePool behaves otherwise now"
PYTHON
