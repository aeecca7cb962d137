from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from flowersorter.errors import ModelFileBad
from flowersorter.vision.backbone.architecture import ResNetArchitecture
from flowersorter.vision.backbone.cpu.arrays import read_arrays, read_changed_arrays
from flowersorter.vision.backbone.load_weights import load_arrays, load_state
from flowersorter.vision.backbone.registry import backbone
from tests.unit.vision.backbone.test_build import random_state

SMALL = dataclasses.replace(backbone("resnet18"), architecture=ResNetArchitecture("basic", (1, 1, 1, 1)))


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return random_state(SMALL)


def same(arrays: dict[str, NDArray[Any]], state: dict[str, Tensor]) -> bool:
    return arrays.keys() == {name for name, tensor in state.items() if tensor.ndim} and all(
        np.array_equal(array, state[name].float().numpy()) for name, array in arrays.items()
    )


def test_the_shipped_weights_are_those_that_torch_reads() -> None:
    entry = backbone("resnet50")
    arrays, wanted = load_arrays(entry), load_state(entry)
    assert same(arrays, wanted)
    assert arrays["conv1.weight"].dtype == np.float16


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16, torch.float32])
def test_any_precision_is_read(tmp_path: Path, state: dict[str, Tensor], precision: torch.dtype) -> None:
    kept = {name: tensor.to(precision) if tensor.ndim else tensor for name, tensor in state.items()}
    save_file(kept, tmp_path / "weights.safetensors")
    assert same(read_arrays(SMALL, tmp_path / "weights.safetensors"), kept)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"conv1.weight": None}, "its tensor conv1.weight is missing"),
        ({"extra": torch.zeros(1)}, "the tensor extra does not belong to it"),
        ({"fc.weight": torch.zeros(5, 512)}, r"fc.weight has the shape \(5, 512\)"),
        ({"fc.bias": torch.full((1000,), torch.nan)}, "fc.bias holds something"),
        ({"fc.bias": torch.zeros(1000, dtype=torch.int32)}, "fc.bias holds something"),
        ({"fc.bias": torch.zeros(1000).to(torch.float8_e5m2)}, "fc.bias holds something"),
        ({"extra": torch.zeros(30_000_000)}, "far more than this network has"),
    ],
)
def test_a_file_of_another_network_is_told(
    tmp_path: Path, state: dict[str, Tensor], changes: dict[str, Tensor | None], why: str
) -> None:
    changed = {name: tensor for name, tensor in (state | changes).items() if tensor is not None}
    save_file(changed, tmp_path / "other.safetensors")
    with pytest.raises(ModelFileBad, match=why):
        read_arrays(SMALL, tmp_path / "other.safetensors")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\xff" * 64, b"\0" * 4096])
def test_rubbish_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "rubbish.safetensors").write_bytes(data)
    with pytest.raises(ModelFileBad, match=r"no weights that can be read \(it is damaged, or no file of weights\)"):
        read_arrays(SMALL, tmp_path / "rubbish.safetensors")
    with pytest.raises(ModelFileBad, match="no weights that can be read"):
        read_arrays(SMALL, tmp_path)


def test_what_deep_training_changed_is_read(tmp_path: Path, state: dict[str, Tensor]) -> None:
    whole = {name: tensor.numpy() for name, tensor in state.items()}
    name, file = "layer4.0.conv2.weight", tmp_path / "changes.safetensors"
    save_file({name: state[name].half(), "seen": torch.zeros(2, 32, dtype=torch.uint8)}, file)
    changed = read_changed_arrays(SMALL, file, whole)
    assert list(changed) == [name]
    assert np.array_equal(changed[name], state[name].half().numpy())
    for wrong, why in (
        ({"seen": torch.zeros(1)}, "it holds no weights"),
        ({"other": torch.zeros(1)}, "other does not"),
    ):
        save_file(wrong, file)
        with pytest.raises(ModelFileBad, match=why):
            read_changed_arrays(SMALL, file, whole)
