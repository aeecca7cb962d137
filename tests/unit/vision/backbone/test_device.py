from __future__ import annotations

import platform
from pathlib import Path

import pytest
import torch

from flowersorter.errors import DeviceUnavailable
from flowersorter.vision.backbone import device
from flowersorter.vision.backbone.device import choose_device, computes_bfloat16


@pytest.mark.parametrize(
    ("there", "wanted", "chosen"), [(True, "auto", "cuda"), (False, "auto", "cpu"), (True, "cpu", "cpu")]
)
def test_the_device_that_is_there(monkeypatch: pytest.MonkeyPatch, there: bool, wanted: str, chosen: str) -> None:
    monkeypatch.setattr(device, "has_gpu_driver", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert choose_device(wanted) == chosen


def test_torch_is_not_asked_where_there_is_no_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(device, "_NVIDIA_DRIVER", str(tmp_path / "nothing.so"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("it was asked"))
    monkeypatch.setattr(device, "_AMD_DEVICE", tmp_path / "nothing")
    assert choose_device("auto") == "cpu"
    monkeypatch.setattr(device, "_AMD_DEVICE", tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == "cuda"


def test_cuda_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match="Use auto or cpu"):
        choose_device("cuda")


def test_an_unknown_device_is_told() -> None:
    with pytest.raises(DeviceUnavailable, match="tpu"):
        choose_device("tpu")


@pytest.mark.parametrize(
    ("machine", "abilities", "fast"),
    [
        ("x86_64", {"avx512_bf16": True}, True),
        ("AMD64", {"avx512_bf16": False, "amx_bf16": True}, True),
        ("x86_64", {"avx512_f": True, "avx512_bf16": False}, False),
        ("x86_64", {}, False),
        ("arm64", {"avx512_bf16": True}, False),
    ],
)
def test_bfloat16_only_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, machine: str, abilities: dict[str, bool], fast: bool
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: abilities)
    assert computes_bfloat16("cpu") is fast


def test_this_computers_capabilities_can_be_read() -> None:
    assert computes_bfloat16("cpu") in (True, False)
