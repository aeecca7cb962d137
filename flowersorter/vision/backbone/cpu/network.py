"""Run a ResNet on the CPU with OpenVINO; no other module imports it.

The network is built from the weights in memory, in the fastest precision that the processor has: int8 for a backbone
with measured activation ranges, else bfloat16 or float32. A forward pass takes one crop and one thread. Nothing is
written, and nothing is sent.
"""

from __future__ import annotations

import platform
import queue
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.messages import text
from flowersorter.vision.backbone.cpu.layers import STEM, Convolution, blocks, convolutions
from flowersorter.vision.backbone.cpu.quantise import activation_ranges, quantise_kernel
from flowersorter.vision.backbone.packages import load_openvino
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import bad_file
from flowersorter.vision.parallel import core_count

INT8, BFLOAT16, FLOAT32 = "int8", "bfloat16", "float32"
_LEVELS = 256  # of a byte


class CompiledResNet:
    """A network that is ready to run; usable from several threads at a time.

    Args:
        model: An OpenVINO model: (1, S, S, 3) uint8 -> any number of outputs.
        bfloat16: Whether to compute layers without int8 in bfloat16.
    """

    def __init__(self, model: Any, *, bfloat16: bool = False) -> None:
        self._openvino = load_openvino()
        threads = core_count()
        self._compiled = self._openvino.Core().compile_model(
            model,
            "CPU",
            {
                "NUM_STREAMS": threads,
                "INFERENCE_NUM_THREADS": threads,
                "ENABLE_CPU_PINNING": False,  # the threads are the program's own
                "INFERENCE_PRECISION_HINT": "bf16" if bfloat16 else "f32",
            },
        )
        self._idle = queue.SimpleQueue[Any]()

    def __call__(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(S, S, 3) uint8, RGB -> (h, w, D) float32, the last feature maps."""
        return self.outputs(crop)[0]

    def outputs(self, crop: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Every output of the model, without the axis of the batch."""
        try:
            request = self._idle.get_nowait()
        except queue.Empty:
            request = self._compiled.create_infer_request()
        try:
            crops = np.require(crop[None], requirements=["C", "W"])
            request.set_input_tensor(self._openvino.Tensor(crops, shared_memory=True))
            request.infer()
            return [request.get_output_tensor(number).data[0].copy() for number in range(len(self._compiled.outputs))]
        finally:
            self._idle.put(request)


def compile_network(
    entry: Backbone, state: Mapping[str, NDArray[Any]], path: Path
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Prepare a ResNet: (S, S, 3) uint8, RGB -> (h, w, D) float32, the last feature maps.

    Args:
        entry: The backbone; its `seen_px` is the side of the input.
        state: Its arrays by torchvision's name.
        path: Where they are from.

    Raises:
        UserError: the backbone is not a ResNet.
        ModelFileBad: some of the weights, folded with the batch norms, are not finite.
    """
    precision = cpu_precision(entry)
    graph = ResNetGraph(entry, state, activation_ranges(entry) if precision == INT8 else None, path)
    return CompiledResNet(graph.model(), bfloat16=precision == BFLOAT16)


def cpu_precision(entry: Backbone) -> str:
    """The precision in which this processor computes a backbone fastest.

    Raises:
        ModuleNotFoundError: OpenVINO is not installed.
    """
    abilities = load_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    x86 = platform.machine().lower() in ("x86_64", "amd64")  # elsewhere int8 was not measured
    if x86 and "INT8" in abilities and activation_ranges(entry) is not None:
        return INT8
    return BFLOAT16 if x86 and "BF16" in abilities else FLOAT32


class ResNetGraph:
    """Builds a ResNet as an OpenVINO graph; its batch norms are folded into the convolutions.

    Args:
        entry: The backbone; its `seen_px` is the side of the input.
        state: Its arrays by torchvision's name.
        ranges: The largest input of each quantised convolution, by the name of the maps it takes; None: no int8.
        path: Where the weights are from.

    Attributes:
        activations: The maps that convolutions take, by name, before they are quantised.

    Raises:
        UserError: the backbone is not a ResNet.
        ModelFileBad: some of the weights, folded with the batch norms, are not finite.
    """

    def __init__(
        self,
        entry: Backbone,
        state: Mapping[str, NDArray[Any]],
        ranges: Mapping[str, float] | None = None,
        path: Path = Path(),
    ) -> None:
        self._openvino = load_openvino()
        self._ops = import_module("openvino.opset13")
        self._architecture = entry.resnet(text("The network cannot be computed without PyTorch"))
        self._state, self._ranges, self._path = state, ranges, path
        self._buffer = np.empty(max(each.size for each in convolutions(self._architecture)), np.float32)
        self.activations: dict[str, Any] = {}
        side = entry.seen_px
        self._crops = self._ops.parameter([1, side, side, 3], self._openvino.Type.u8, name="crops")
        self._maps = self._network(entry)

    def model(self, outputs: tuple[Any, ...] = ()) -> Any:
        """The OpenVINO model with the last maps (1, h, w, D) as its output, or with other nodes instead."""
        last = self._ops.transpose(self._maps, self._constant(np.array([0, 2, 3, 1])))
        return self._openvino.Model([self._ops.result(node) for node in outputs or (last,)], [self._crops], "resnet")

    def _constant(self, array: NDArray[Any]) -> Any:
        return self._ops.constant(np.ascontiguousarray(array))

    def _network(self, entry: Backbone) -> Any:
        ops, architecture = self._ops, self._architecture
        channels = (1, 3, 1, 1)
        pixels = ops.transpose(ops.convert(self._crops, "f32"), self._constant(np.array([0, 3, 1, 2])))
        pixels = ops.subtract(pixels, self._constant(np.array(entry.mean, np.float32).reshape(channels)))
        pixels = ops.divide(pixels, self._constant(np.array(entry.std, np.float32).reshape(channels)))
        # The first convolution stays in floats: it takes 3 % of the time and is the one that int8 harms most.
        maps = ops.relu(self._convolve(pixels, STEM, quantised=False))
        maps = ops.max_pool(maps, [2, 2], [1, 1], [1, 1], [1, 1], [3, 3], "floor", index_element_type="i64").output(0)
        maps = self._activation(maps, "stem")
        last = f"layer4.{architecture.depths[3] - 1}"
        for block in blocks(architecture):
            inner = maps
            for number, convolution in enumerate(block.convolutions, start=1):
                inner = self._convolve(inner, convolution)
                if number < len(block.convolutions):
                    inner = self._activation(ops.relu(inner), convolution.name)
            shortcut = maps if block.shortcut is None else self._convolve(maps, block.shortcut)
            maps = ops.relu(ops.add(inner, shortcut))
            if block.name != last:
                maps = self._activation(maps, block.name)
        return maps

    def _activation(self, maps: Any, name: str) -> Any:
        """Round maps that are not negative to a byte, where their range is known."""
        self.activations[name] = maps
        if self._ranges is None:
            return maps
        lowest, highest = (self._constant(np.full((1, 1, 1, 1), end, np.float32)) for end in (0.0, self._ranges[name]))
        return self._ops.fake_quantize(maps, lowest, highest, lowest, highest, _LEVELS)

    def _convolve(self, maps: Any, convolution: Convolution, *, quantised: bool = True) -> Any:
        ops = self._ops
        kernel, bias = convolution.folded(self._state, self._architecture, self._buffer)
        if quantised and self._ranges is not None:
            with np.errstate(invalid="ignore"):
                numbers, size = quantise_kernel(kernel)
            weight = ops.multiply(ops.convert(self._constant(numbers), "f32"), self._constant(size))
        else:
            weight, size = self._constant(kernel), kernel
        # The network would take its maximum with 0, which is 0.
        if not (np.isfinite(size).all() and np.isfinite(bias).all()):
            raise bad_file(self._path, text("with these weights the network computes values that are not numbers"))
        stride, pad = [convolution.stride] * 2, [convolution.side // 2] * 2
        maps = ops.convolution(maps, weight, stride, pad, pad, [1, 1])
        return ops.add(maps, self._constant(bias[None, :, None, None]))
