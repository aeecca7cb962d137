"""Build one ONNX graph from a photo to its probabilities. Needs the package onnx, not torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from flowersorter.vision.backbone.architecture import ResNetArchitecture
from flowersorter.vision.backbone.registry import Backbone

PHOTO, PROBABILITIES = "photo", "probabilities"
#: The first with antialiasing in Resize.
_OPSET = 18
#: Supported by runtimes since 2023.
_IR_VERSION = 8
#: The same as `photos.decode.MAX_ASPECT`: longer pictures are cropped at their ends.
_MAX_ASPECT = 8


class _Graph:
    """Collects nodes and constants; every call returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operation: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Append a node with one output."""
        result = name or f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [result], **attributes))
        return result

    def constant(self, value: Any, dtype: Any = np.int64, name: str = "") -> str:
        """Append a constant; float16 is stored as such and cast to float32."""
        array = np.asarray(value, dtype)
        stored = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, stored))
        return self.add("Cast", stored, to=TensorProto.FLOAT) if array.dtype == np.float16 else stored


def build(
    entry: Backbone,
    state: Mapping[str, NDArray[Any]],
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
    notes: Mapping[str, str],
) -> bytes:
    """Build the graph.

    Its input ``photo`` is (H, W, 3) uint8, RGB, upright, of any size; its output ``probabilities`` is (C,) float32.

    Args:
        entry: The backbone.
        state: Its tensors by torchvision's name, float16 or float32.
        weight: (C, D), on the square root of the pooled features, scaled to length 1; temperature included.
        bias: (C,), temperature included.
        notes: Metadata of the file.

    Returns:
        The file.

    Raises:
        UserError: the backbone is not a ResNet.
    """
    graph = _Graph()
    architecture = entry.resnet("The model cannot be saved as .onnx")
    pooled = _network(graph, architecture, state, _pixels(graph, entry))
    _head(graph, pooled, weight, bias)
    photo = helper.make_tensor_value_info(PHOTO, TensorProto.UINT8, ["height", "width", 3])
    probabilities = helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, [len(bias)])
    made = helper.make_graph(graph.nodes, "flower_classifier", [photo], [probabilities], graph.constants)
    model = helper.make_model(
        made,
        producer_name="FlowerSorter",
        ir_version=_IR_VERSION,
        opset_imports=[helper.make_opsetid("", _OPSET)],
    )
    helper.set_model_props(model, dict(notes))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _pixels(graph: _Graph, entry: Backbone) -> str:
    """(H, W, 3) uint8 -> (1, 3, S, S) float32, normalised."""
    middle, size = _without_ends(graph)
    short = graph.add("ReduceMin", size)
    # In whole numbers, so that every runtime rounds alike: (2 * side * wanted + short) / (2 * short).
    doubled = graph.add("Mul", size, graph.constant(2 * entry.short_side_px))
    resized = graph.add("Div", graph.add("Add", doubled, short), graph.add("Mul", short, graph.constant(2)))
    upright = graph.add("Unsqueeze", graph.add("Transpose", middle, perm=[2, 0, 1]), graph.constant([0]))
    # Pillow's bicubic filter. On bytes, not floats: Pillow too rounds between its two passes.
    small = graph.add(
        "Resize", upright, "", "", resized,
        mode="cubic", cubic_coeff_a=-0.5, antialias=1, exclude_outside=1, axes=[2, 3],
    )  # fmt: skip
    spare = graph.add("Sub", resized, graph.constant(entry.crop_px))
    half = graph.add("Mul", graph.add("Cast", spare, to=TensorProto.FLOAT), graph.constant(0.5, np.float32))
    start = graph.add("Cast", graph.add("Round", half), to=TensorProto.INT64)
    end = graph.add("Add", start, graph.constant(entry.crop_px))
    crop = graph.add("Slice", small, start, end, graph.constant([2, 3]))
    if entry.seen_px != entry.crop_px:
        crop = graph.add(
            "Resize", crop, "", "", graph.constant([entry.seen_px] * 2),
            mode="cubic", cubic_coeff_a=-0.5, antialias=1, exclude_outside=1, axes=[2, 3],
        )  # fmt: skip
    channels = (1, 3, 1, 1)
    mean = graph.constant(np.reshape(entry.mean, channels), np.float32)
    std = graph.constant(np.reshape(entry.std, channels), np.float32)
    return graph.add("Div", graph.add("Sub", graph.add("Cast", crop, to=TensorProto.FLOAT), mean), std)


def _without_ends(graph: _Graph) -> tuple[str, str]:
    """Crop the photo to an aspect of at most `_MAX_ASPECT`; the photo and its (2,) height and width."""
    size = graph.add("Slice", graph.add("Shape", PHOTO), graph.constant([0]), graph.constant([2]))
    longest = graph.add("Mul", graph.add("ReduceMin", size), graph.constant(_MAX_ASPECT))
    kept = graph.add("Min", size, longest)
    start = graph.add("Div", graph.add("Sub", size, kept), graph.constant(2))
    return graph.add("Slice", PHOTO, start, graph.add("Add", start, kept), graph.constant([0, 1])), kept


def _network(graph: _Graph, architecture: ResNetArchitecture, state: Mapping[str, NDArray[Any]], pixels: str) -> str:
    """(1, 3, S, S) -> (1, D) pooled features: torchvision's ResNet, layer for layer."""

    def convolve(source: str, name: str, norm: str, stride: int = 1) -> str:
        kernel = state[f"{name}.weight"]
        side = kernel.shape[-1]
        maps = graph.add(
            "Conv", source, graph.constant(kernel, kernel.dtype, f"{name}.weight"),
            kernel_shape=[side, side], strides=[stride] * 2, pads=[side // 2] * 4,
        )  # fmt: skip
        parts = ("weight", "bias", "running_mean", "running_var")
        norms = [graph.constant(state[f"{norm}.{part}"], np.float32, f"{norm}.{part}") for part in parts]
        return graph.add("BatchNormalization", maps, *norms, epsilon=architecture.batch_norm_eps)

    maps = graph.add("Relu", convolve(pixels, "conv1", "bn1", 2))
    maps = graph.add("MaxPool", maps, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    convolutions = 3 if architecture.block == "bottleneck" else 2
    # Which convolution of a stage's first block halves the picture, counted from 1.
    halving = 1 if architecture.halves_in_first_conv else 2
    for stage, depth in enumerate(architecture.depths, start=1):
        for block in range(depth):
            prefix, halved = f"layer{stage}.{block}", stage > 1 and block == 0
            shortcut = maps
            for number in range(1, convolutions + 1):
                stride = 2 if halved and number == halving else 1
                maps = convolve(maps, f"{prefix}.conv{number}", f"{prefix}.bn{number}", stride)
                maps = graph.add("Relu", maps) if number < convolutions else maps
            if f"{prefix}.downsample.0.weight" in state:
                shortcut = convolve(shortcut, f"{prefix}.downsample.0", f"{prefix}.downsample.1", 2 if halved else 1)
            maps = graph.add("Relu", graph.add("Add", maps, shortcut))
    return graph.add("Flatten", graph.add("GlobalAveragePool", maps))


def _head(graph: _Graph, pooled: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
    """(1, D) pooled features -> (C,) probabilities."""
    roots = graph.add("Sqrt", pooled)
    length = graph.add("ReduceL2", roots, graph.constant([1]), keepdims=1)
    features = graph.add("Div", roots, graph.add("Max", length, graph.constant(1e-12, np.float32)))
    scores = graph.add("Gemm", features, graph.constant(weight, np.float32), graph.constant(bias, np.float32), transB=1)
    graph.add("Reshape", graph.add("Softmax", scores, axis=1), graph.constant([-1]), name=PROBABILITIES)
