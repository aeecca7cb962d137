"""Opening the network: once for all jobs that want it, again after a failure, anew for another one."""

from __future__ import annotations

import dataclasses
import os
import threading
from pathlib import Path

import pytest

from flowersorter.errors import Cancelled, WeightsMissing
from flowersorter.jobs import CancelToken
from flowersorter.vision.backbone import weights_files
from flowersorter.vision.backbone.packages import can_load_openvino
from flowersorter.vision.backbone.registry import Backbone, backbone
from flowersorter.workflows.predicting.network_loader import (
    Embeds,
    NetworkLoader,
    Opening,
    import_network_packages,
    open_embedder,
)
from tests.stub_network import ColourNetwork

ENTRY, OTHER = backbone("resnet50"), backbone("resnet18")


class SlowDisk:
    """Opens networks when it is let; counts those it opens, and how many at a time."""

    def __init__(self) -> None:
        self.gate, self.began = threading.Event(), threading.Event()
        self.opened: list[tuple[Backbone, str]] = []
        self.failures: list[Exception] = []

    def open(self, backbone: Backbone, device: str) -> Embeds:
        self.opened.append((backbone, device))
        self.began.set()
        assert self.gate.wait(60)
        if self.failures:
            raise self.failures.pop()
        return ColourNetwork()


@pytest.fixture
def disk() -> SlowDisk:
    return SlowDisk()


@pytest.fixture
def loader() -> NetworkLoader:
    return NetworkLoader()


def test_jobs_that_are_cancelled_while_it_loads_share_one_load(disk: SlowDisk, loader: NetworkLoader) -> None:
    for _ in range(4):
        opening, cancel = Opening(disk.open, ENTRY, "cpu", loader), CancelToken()
        assert disk.began.wait(60)
        cancel.cancel()
        with pytest.raises(Cancelled):
            opening.wait(cancel)
    last = Opening(disk.open, ENTRY, "cpu", loader)
    assert last.batch_size is None
    disk.gate.set()
    network = last.wait(CancelToken())
    assert disk.opened == [(ENTRY, "cpu")]
    assert Opening(disk.open, ENTRY, "cpu", loader).wait(CancelToken()) is network
    assert last.batch_size == network.batch_size


def test_a_load_that_failed_fails_for_all_who_wait_and_the_next_job_tries_again(
    disk: SlowDisk, loader: NetworkLoader
) -> None:
    disk.failures.append(WeightsMissing("The weights are not on this computer"))
    waiting = [Opening(disk.open, ENTRY, "cpu", loader) for _ in range(2)]
    disk.gate.set()
    for opening in waiting:
        with pytest.raises(WeightsMissing):
            opening.wait(CancelToken())
        assert opening.batch_size is None
    assert Opening(disk.open, ENTRY, "cpu", loader).wait(CancelToken()).batch_size
    assert len(disk.opened) == 2


def test_a_drive_that_does_not_answer_in_time_is_an_error_like_any_other(disk: SlowDisk, loader: NetworkLoader) -> None:
    """Waiting for the network ends with an error of the same type as waiting for a while does."""
    disk.failures.append(TimeoutError("the drive does not answer"))
    disk.gate.set()
    with pytest.raises(TimeoutError, match="does not answer"):
        Opening(disk.open, ENTRY, "cpu", loader).wait(CancelToken())


def test_another_device_or_backbone_is_another_network_and_one_is_kept(disk: SlowDisk, loader: NetworkLoader) -> None:
    disk.gate.set()
    for entry, device in ((ENTRY, "cpu"), (ENTRY, "cuda"), (OTHER, "cuda"), (OTHER, "cuda"), (ENTRY, "cpu")):
        Opening(disk.open, entry, device, loader).wait(CancelToken())
    assert disk.opened == [(ENTRY, "cpu"), (ENTRY, "cuda"), (OTHER, "cuda"), (ENTRY, "cpu")]


def test_of_two_that_load_at_a_time_the_one_asked_for_last_is_kept(disk: SlowDisk, loader: NetworkLoader) -> None:
    first, last = Opening(disk.open, ENTRY, "cpu", loader), Opening(disk.open, OTHER, "cpu", loader)
    disk.gate.set()
    first.wait(CancelToken())
    kept = last.wait(CancelToken())
    assert Opening(disk.open, OTHER, "cpu", loader).wait(CancelToken()) is kept
    assert len(disk.opened) == 2
    Opening(disk.open, ENTRY, "cpu", loader).wait(CancelToken())
    assert len(disk.opened) == 3


def test_a_load_that_fails_leaves_the_network_before_open(disk: SlowDisk, loader: NetworkLoader) -> None:
    disk.gate.set()
    network = Opening(disk.open, ENTRY, "cpu", loader).wait(CancelToken())
    disk.failures.append(WeightsMissing("The weights are not on this computer"))
    with pytest.raises(WeightsMissing):
        Opening(disk.open, OTHER, "cpu", loader).wait(CancelToken())
    assert Opening(disk.open, ENTRY, "cpu", loader).wait(CancelToken()) is network


@pytest.mark.parametrize("which", ["weights", "changes"])
def test_a_changed_file_is_opened_anew(
    which: str, disk: SlowDisk, loader: NetworkLoader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    changes = tmp_path / "changes.safetensors"
    entry = dataclasses.replace(OTHER, changes=changes)
    file = {"weights": weights_files.hub_cache() / entry.weights.filename, "changes": changes}[which]
    file.parent.mkdir(parents=True, exist_ok=True)
    disk.gate.set()

    def opened() -> int:
        Opening(disk.open, entry, "cpu", loader).wait(CancelToken())
        return len(disk.opened)

    assert opened() == 1
    file.write_bytes(b"some")
    os.utime(file, ns=(1, 1))
    assert [opened(), opened()] == [2, 2]
    file.write_bytes(b"more")
    os.utime(file, ns=(2, 2))
    assert [opened(), opened()] == [3, 3]
    file.unlink()
    assert opened() == 4


@pytest.mark.parametrize(("openvino", "gpu", "torch"), [(True, False, False), (True, True, True), (False, False, True)])
def test_only_the_package_that_computes_suggestions_is_loaded_beforehand(
    openvino: bool, gpu: bool, torch: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr("flowersorter.vision.backbone.packages.can_load_openvino", lambda: openvino)
    monkeypatch.setattr("flowersorter.vision.backbone.device.has_gpu_driver", lambda: gpu)
    monkeypatch.setattr("flowersorter.workflows.predicting.network_loader.import_module", loaded.append)
    import_network_packages()
    assert loaded == [f"flowersorter.vision.backbone.{'embedder' if torch else 'cpu.network'}"]


@pytest.mark.parametrize("fault", [ImportError("DLL load failed"), OSError(126, "c10.dll")])
def test_torch_takes_the_place_of_openvino_that_does_not_load(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise fault

    monkeypatch.setattr("flowersorter.vision.backbone.packages.has_openvino", lambda: True)
    monkeypatch.setattr("flowersorter.vision.backbone.packages.load_openvino", fail)
    monkeypatch.setattr("flowersorter.vision.backbone.usable.refuse_unusable", lambda *_: None)
    network = ColourNetwork()
    monkeypatch.setattr("flowersorter.vision.backbone.embedder.Embedder.open", lambda _entry, _device: network)
    can_load_openvino.cache_clear()
    try:
        assert open_embedder(ENTRY, "cpu") is network
    finally:
        can_load_openvino.cache_clear()
    assert caplog.messages == ["OpenVINO cannot be loaded; PyTorch computes suggestions"]
