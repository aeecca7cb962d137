from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from flowersorter.errors import ModelFileBad
from flowersorter.vision.backbone.state_dict import read_state
from tests.unit.vision.backbone.small_network import SMALL


def test_counters_may_be_left_out(tmp_path: Path, state: dict[str, Tensor]) -> None:
    old = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    save_file(old, tmp_path / "old.safetensors")
    assert read_state(SMALL, tmp_path / "old.safetensors").keys() == state.keys()


def without(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key: tensor for key, tensor in state.items() if key != name}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda state: without(state, "conv1.weight"), "its tensor conv1.weight is missing"),
        (lambda state: state | {"extra": torch.zeros(1)}, "the tensor extra does not belong to it"),
        (lambda state: state | {"fc.weight": torch.zeros(5, 512)}, r"fc.weight has the shape \(5, 512\)"),
        (lambda state: state | {"fc.bias": torch.full((1000,), torch.nan)}, "fc.bias holds something"),
        (lambda state: state | {"fc.bias": torch.zeros(1000, dtype=torch.int32)}, "fc.bias holds something"),
        pytest.param(
            lambda state: state | {"fc.bias": torch.zeros(1000).to_sparse()},
            "fc.bias holds something",
            marks=pytest.mark.filterwarnings("ignore:Validating sparse tensor"),  # torch says that it looks closely
        ),
        (lambda state: {"state_dict": state}, "not a state dict"),
        (lambda state: list(state.values()), "not a state dict"),
        (lambda state: {}, "of its tensors are missing"),
        (lambda state: state | {"extra": torch.zeros(30_000_000)}, "far more than this network has"),
    ],
)
def test_a_file_of_another_network_is_told(tmp_path: Path, state: dict[str, Tensor], change: Any, why: str) -> None:
    torch.save(change(state), tmp_path / "other.pth")
    with pytest.raises(ModelFileBad, match=why):
        read_state(SMALL, tmp_path / "other.pth")


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str, int]]:
        return os.open, (str(self.path), os.O_CREAT)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("zipped", [False, True])
def test_code_in_a_file_is_not_run(tmp_path: Path, suffix: str, zipped: bool) -> None:
    witness, file = tmp_path / "witness", tmp_path / f"evil{suffix}"
    if zipped:
        torch.save({"conv1.weight": Evil(witness)}, file)
    else:
        file.write_bytes(pickle.dumps({"conv1.weight": Evil(witness)}, protocol=2))
    with pytest.raises(ModelFileBad, match="no weights that can be read"):
        read_state(SMALL, file)
    assert not witness.exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("data", [b"", b"\x80", b"<html>", b"PK\x03\x04", b"\xff" * 64, b"\0" * 4096])
def test_rubbish_is_told(tmp_path: Path, suffix: str, data: bytes) -> None:
    file = tmp_path / f"rubbish{suffix}"
    file.write_bytes(data)
    with pytest.raises(ModelFileBad, match=r"no weights that can be read \(it is damaged, or no file of weights\)"):
        read_state(SMALL, file)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.pth", tmp_path):
        with pytest.raises(ModelFileBad, match="no weights that can be read"):
            read_state(SMALL, path)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.pth"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(80_000_000))
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(ModelFileBad, match="far more than this network has"):
        read_state(SMALL, bomb)
