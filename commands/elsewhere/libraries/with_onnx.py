"""The ONNX format: its reference evaluator, and onnxruntime."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from commands.elsewhere import asking

VERSIONS = {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__}
TYPES = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.uint8): TensorProto.UINT8}


def model(operator: str, arrays: list, attributes: dict):
    """Return a model of one operator, without the shape of its output."""
    names = [f"i{n}" if array is not None else "" for n, array in enumerate(arrays)]
    node = helper.make_node(operator, names, ["output"], **attributes)
    given = [
        helper.make_tensor_value_info(name, TYPES.get(array.dtype, TensorProto.INT64), array.shape)
        for name, array in zip(names, arrays, strict=True)
        if name
    ]
    output = helper.make_empty_tensor_value_info("output")
    kind = TensorProto.INT32 if operator == "ConvInteger" else given[0].type.tensor_type.elem_type
    output.type.tensor_type.elem_type = kind
    graph = helper.make_graph([node], operator, given, [output])
    opset = [helper.make_opsetid("", 21)]
    return names, helper.make_model(graph, opset_imports=opset, ir_version=10)


def by_reference(operator, *arrays, **attributes):
    """Return what the reference evaluator makes of the operator."""
    names, made = model(operator, arrays, attributes)
    feed = {name: array for name, array in zip(names, arrays, strict=True) if name}
    return ReferenceEvaluator(made).run(None, feed)[0]


def by_runtime(operator, *arrays, **attributes):
    """Return what onnxruntime makes of the operator."""
    names, made = model(operator, arrays, attributes)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it refuses is an answer
    session = onnxruntime.InferenceSession(made.SerializeToString(), options)
    feed = {name: array for name, array in zip(names, arrays, strict=True) if name}
    return session.run(None, feed)[0]


def inferred(operator, *arrays, **attributes) -> tuple:
    """Return the shape of the output that onnx infers."""
    _, made = model(operator, arrays, attributes)
    shape = onnx.shape_inference.infer_shapes(made).graph.output[0].type.tensor_type.shape
    return tuple(axis.dim_value for axis in shape.dim)


def batch(image):
    """Return an image as a batch of one with one channel."""
    return np.asarray(image, dtype=np.float32)[None, None]


def one_input(run, operator, **attributes):
    """Return a function of an image that runs an operator."""
    return lambda x: run(operator, batch(x), **attributes)[0, 0]


def convolution(run, operator="Conv", **attributes):
    """Return a function (image, kernel) that runs a convolution."""
    return lambda image, kernel: run(operator, batch(image), batch(kernel), **attributes)[0, 0]


def resize(run, **attributes):
    """Return a function (image, side) that runs ``Resize``."""

    def resized(image, side):
        sizes = np.array([1, 1, side, side], dtype=np.int64)
        return run("Resize", batch(image), None, None, sizes, **attributes)[0, 0]

    return resized


def several(run):
    """Return a function that convolves several channels: image, weight and output."""

    def convolve(image, weight):
        image, weight = image[None].astype(np.float32), weight.astype(np.float32)
        return image, weight, run("Conv", image, weight)

    return convolve


def of_one(run) -> dict:
    """Return the answers of one of the two, by question and operator."""
    three, two, padded = {"kernel_shape": [3, 3]}, {"strides": [2, 2]}, {"pads": [1, 1, 1, 1]}
    rows = {"same": {}, "stride": {}}
    for side in ("SAME_UPPER", "SAME_LOWER"):
        rows["same"][f"Conv ({side})"] = asking.same(convolution(run, auto_pad=side))
        rows["stride"][f"Conv ({side})"] = asking.centres(convolution(run, auto_pad=side, **two))
    upper = {"auto_pad": "SAME_UPPER"}

    stride_one = one_input(run, "MaxPool", **three, **padded, ceil_mode=1)

    def bytes_with(operator):
        given = {"auto_pad": "SAME_UPPER"}
        return asking.integers(
            lambda x, w: run(operator, x[None, None], w[None, None], **given)[0, 0], means=False
        )

    return rows | {
        "weights": {"Conv": asking.layout(several(run))},
        "pooling": {
            "MaxPool, AveragePool": asking.pooling(
                one_input(run, "MaxPool", **three),
                one_input(run, "AveragePool", **three, **two, **padded),
                one_input(run, "MaxPool", **three, **two, **padded),
                one_input(run, "MaxPool", **three, **two),
                one_input(run, "AveragePool", **three, **two, ceil_mode=1),
            )
            | {"side of 6, stride 1, ceil": len(stride_one(-np.ones((6, 6))))}
        },
        "transposed": {
            "ConvTranspose": asking.transposed(
                convolution(run, "ConvTranspose"),
                convolution(run, **two, **upper),
                convolution(run, "ConvTranspose", **two, **upper),
            )
        },
        "resized": {
            "Resize": asking.resized(resize(run, mode="linear"), resize(run)),
            "Resize (antialias=1)": asking.resized(resize(run, mode="linear", antialias=1)),
        },
        "integers": {name: bytes_with(name) for name in ("Conv", "ConvInteger")},
    }


def answers() -> dict:
    """Return the answers of both, by question and operator."""
    both = {"onnx reference": of_one(by_reference), "onnxruntime": of_one(by_runtime)}
    found: dict = {}
    for name, questions in both.items():
        for question, rows in questions.items():
            found.setdefault(question, {}).update({f"{name}: {k}": v for k, v in rows.items()})
    return found
