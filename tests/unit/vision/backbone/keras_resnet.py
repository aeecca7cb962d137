"""A ResNet as Keras computes it, in plain numpy, and a folder like the npm package's to convert: the test's own truth.

Written from Keras' definition alone (channels last, kernels (h, w, in, out), a bias before each batch norm, stride
in the first 1x1), so that a slip in the conversion cannot hide here as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]

EPSILON = 1.001e-5

#: stage -> (blocks, width of the bottleneck); two blocks in one stage, so that block letters matter.
STAGES = {2: (2, 64), 3: (1, 128), 4: (1, 256), 5: (1, 512)}


def random_arrays(seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Every array by Keras' name, with biases and statistics far from 0 and 1."""
    random = np.random.default_rng(seed)
    arrays: dict[str, NDArray[np.float32]] = {}

    def convolution(name: str, norm: str, side: int, inputs: int, outputs: int) -> None:
        # As in a trained network, the statistics fit what the convolution puts out: nothing explodes or fades.
        # Small variances among them, so that a wrong epsilon shows.
        variance = (10.0 ** random.uniform(-4, 0.5, outputs)).astype(np.float32)
        deviation = np.sqrt(variance)
        gain = np.float32(1 / np.sqrt(side * side * inputs)) / np.float32(70 if name == "conv1" else 1)
        kernel = random.standard_normal((side, side, inputs, outputs), np.float32)
        arrays[f"{name}/kernel"] = gain * kernel * deviation
        arrays[f"{name}/bias"] = random.standard_normal(outputs, np.float32) * deviation
        arrays[f"{norm}/gamma"] = random.uniform(0.5, 1.5, outputs).astype(np.float32)
        arrays[f"{norm}/beta"] = random.standard_normal(outputs, np.float32)
        arrays[f"{norm}/moving_mean"] = random.standard_normal(outputs, np.float32) * deviation
        arrays[f"{norm}/moving_variance"] = variance

    convolution("conv1", "bn_conv1", 7, 3, 64)
    inputs = 64
    for stage, (blocks, width) in STAGES.items():
        for letter in "abcdef"[:blocks]:
            name = f"{stage}{letter}_branch"
            if letter == "a":
                convolution(f"res{name}1", f"bn{name}1", 1, inputs, 4 * width)
            convolution(f"res{name}2a", f"bn{name}2a", 1, inputs, width)
            convolution(f"res{name}2b", f"bn{name}2b", 3, width, width)
            convolution(f"res{name}2c", f"bn{name}2c", 1, width, 4 * width)
            inputs = 4 * width
    arrays["fc1000/kernel"] = random.standard_normal((2048, 1000), np.float32) / np.float32(45)
    arrays["fc1000/bias"] = random.standard_normal(1000, np.float32)
    return arrays


def write_package(folder: Path, arrays: dict[str, NDArray[np.float32]], shards: int = 3) -> None:
    """Write arrays as TensorFlow.js does: one stream of bytes, cut into shards anywhere."""
    model, assets = folder / "ResNet50", folder / "assets"
    model.mkdir(parents=True)
    assets.mkdir()
    names = sorted(arrays)
    data = b"".join(arrays[name].astype("<f4").tobytes() for name in names)
    paths = [f"group1-shard{number}of{shards}.bin" for number in range(1, shards + 1)]
    cuts = [len(data) * number // shards + (number % shards) for number in range(shards + 1)]
    cuts[0], cuts[-1] = 0, len(data)
    for path, start, end in zip(paths, cuts, cuts[1:], strict=False):
        (model / path).write_bytes(data[start:end])
    weights: list[dict[str, Any]] = [
        {"name": name, "shape": list(arrays[name].shape), "dtype": "float32"} for name in names
    ]
    manifest = {"weightsManifest": [{"paths": paths, "weights": weights}]}
    (model / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    labels = {str(index): f"class_{index}" for index in range(1000)}
    (assets / "labels.json").write_text(json.dumps(labels), encoding="utf-8")


def features(arrays: dict[str, NDArray[np.float32]], pixels: NDArray[np.uint8]) -> Array:
    """Pooled features of RGB pixels.

    Args:
        arrays: By Keras' name.
        pixels: (H, W, 3) uint8, RGB.

    Returns:
        (2048,) float64.
    """
    # Keras' "caffe" mode: RGB to BGR, then minus the mean in BGR order.
    maps = pixels[:, :, ::-1].astype(np.float64) - np.array([103.939, 116.779, 123.68])
    maps = np.pad(maps, ((3, 3), (3, 3), (0, 0)))
    maps = np.maximum(_convolution(arrays, "conv1", "bn_conv1", maps, stride=2), 0)
    maps = np.pad(maps, ((1, 1), (1, 1), (0, 0)))
    maps = sliding_window_view(maps, (3, 3), (0, 1))[::2, ::2].max(axis=(3, 4))
    for stage, (blocks, _) in STAGES.items():
        for letter in "abcdef"[:blocks]:
            maps = _block(arrays, f"{stage}{letter}_branch", maps, 2 if letter == "a" and stage > 2 else 1)
    pooled: Array = maps.mean(axis=(0, 1))
    return pooled


def logits(arrays: dict[str, NDArray[np.float32]], pooled: Array) -> Array:
    """(2048,) -> (1000,) float64."""
    result: Array = pooled @ arrays["fc1000/kernel"].astype(np.float64) + arrays["fc1000/bias"]
    return result


def _block(arrays: dict[str, NDArray[np.float32]], name: str, maps: Array, stride: int) -> Array:
    inner = np.maximum(_convolution(arrays, f"res{name}2a", f"bn{name}2a", maps, stride), 0)
    inner = np.pad(inner, ((1, 1), (1, 1), (0, 0)))
    inner = np.maximum(_convolution(arrays, f"res{name}2b", f"bn{name}2b", inner, 1), 0)
    inner = _convolution(arrays, f"res{name}2c", f"bn{name}2c", inner, 1)
    if f"res{name}1/kernel" in arrays:
        maps = _convolution(arrays, f"res{name}1", f"bn{name}1", maps, stride)
    return np.maximum(inner + maps, 0)


def _convolution(arrays: dict[str, NDArray[np.float32]], name: str, norm: str, maps: Array, stride: int) -> Array:
    """A convolution without padding, its bias, its batch norm: (h, w, in) -> (h', w', out)."""
    kernel = arrays[f"{name}/kernel"].astype(np.float64)
    windows = sliding_window_view(maps, kernel.shape[:2], (0, 1))[::stride, ::stride]
    result = np.einsum("hwcij,ijco->hwo", windows, kernel, optimize=True) + arrays[f"{name}/bias"]
    mean, variance = arrays[f"{norm}/moving_mean"], arrays[f"{norm}/moving_variance"].astype(np.float64)
    normal = (result - mean) / np.sqrt(variance + EPSILON)
    scaled: Array = normal * arrays[f"{norm}/gamma"] + arrays[f"{norm}/beta"]
    return scaled
