from __future__ import annotations

import dataclasses
import hashlib
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from flowersorter.errors import ModelFileBad, WeightsMissing
from flowersorter.vision.backbone import weights
from flowersorter.vision.backbone.architecture import ResNetArchitecture
from flowersorter.vision.backbone.build import assemble
from flowersorter.vision.backbone.registry import Backbone, backbone, backbones
from flowersorter.vision.backbone.state_dict import read_state
from flowersorter.vision.backbone.weights import (
    find_weights,
    hub_cache,
    imagenet_layer,
    install_weights,
    installed_path,
    load_state,
    recognise_weights,
)
from flowersorter.workflows.predicting.network_loader import open_embedder
from tests.unit.vision.backbone.test_build import random_state

RESNET18 = backbone("resnet18")

#: The smallest network there is, so that the tests are quick; the class layer alone is 2 MB.
SMALL = dataclasses.replace(
    RESNET18, name="small", title="Small ResNet", architecture=ResNetArchitecture("basic", (1, 1, 1, 1))
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = hub_cache()
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return random_state(SMALL)


@pytest.fixture
def file(tmp_path: Path, state: dict[str, Tensor]) -> Path:
    path = tmp_path / "picked.pth"
    torch.save(state, path)
    return path


def published(entry: Backbone, file: Path) -> Backbone:
    """The same backbone, but with this file as its published one."""
    data = file.read_bytes()
    source = dataclasses.replace(entry.weights, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    return dataclasses.replace(entry, weights=source)


@pytest.mark.parametrize(
    "environment",
    [{"TORCH_HOME": "/somewhere/torch"}, {"TORCH_HOME": "~/mine"}, {"XDG_CACHE_HOME": "/var/my cache"}, {}],
    ids=["TORCH_HOME", "home", "XDG_CACHE_HOME", "neither"],
)
def test_the_hub_cache_is_where_torch_has_it(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert hub_cache() == Path(torch.hub.get_dir()) / "checkpoints"


def test_the_shipped_weights_are_here_and_the_others_are_not() -> None:
    assert [entry.name for entry in backbones() if find_weights(entry)] == ["resnet50"]


def test_missing_weights_are_told_with_the_way_to_get_them() -> None:
    with pytest.raises(WeightsMissing, match="flowersorter backbones --download resnet18"):
        load_state(RESNET18)
    assert imagenet_layer(RESNET18) is None


def test_missing_shipped_weights_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "shipped_folder", lambda: tmp_path)
    with pytest.raises(WeightsMissing, match="install it again"):
        load_state(backbone("resnet50"))


def test_weights_in_the_hub_cache_are_used(cache: Path, file: Path, state: dict[str, Tensor]) -> None:
    entry = published(SMALL, file)
    file.rename(cache / entry.weights.filename)
    loaded = load_state(entry)
    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[name], state[name]) for name in state)


def test_a_damaged_file_in_the_cache_is_told_before_it_is_read(cache: Path, file: Path) -> None:
    entry = published(SMALL, file)
    (cache / entry.weights.filename).write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelFileBad, match="is damaged: it has"):
        load_state(entry)


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


def test_the_published_file_is_installed_as_it_is(cache: Path, file: Path) -> None:
    entry = published(SMALL, file)
    target = install_weights(entry, file)
    assert target == cache / entry.weights.filename == find_weights(entry)
    assert target.read_bytes() == file.read_bytes()
    assert install_weights(entry, file) == target
    assert [path.name for path in cache.iterdir()] == [target.name]


def test_another_file_is_installed_under_our_own_name(cache: Path, file: Path, state: dict[str, Tensor]) -> None:
    target = install_weights(SMALL, file)
    assert target == installed_path(SMALL) == find_weights(SMALL)
    assert not (cache / SMALL.weights.filename).exists()
    assert all(torch.equal(load_state(SMALL)[name], state[name]) for name in state)
    assert load_file(target).keys() == state.keys()
    assert install_weights(SMALL, file) == target


def test_weights_are_not_exchanged_under_the_embeddings(tmp_path: Path, file: Path) -> None:
    target = install_weights(SMALL, file)
    before = target.read_bytes()
    other = tmp_path / "other.pth"
    torch.save(random_state(SMALL, seed=1), other)
    with pytest.raises(ModelFileBad, match="already installed"):
        install_weights(SMALL, other)
    assert target.read_bytes() == before


def test_a_wrong_file_installs_nothing(cache: Path, file: Path) -> None:
    with pytest.raises(ModelFileBad, match="not a ResNet-18"):
        install_weights(RESNET18, file)
    assert list(cache.iterdir()) == []


def zero(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: torch.zeros_like(tensor) for name, tensor in state.items()}


def changed(name: str, change: Callable[[Tensor], Tensor]) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    return lambda state: state | {name: change(state[name])}


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (changed("bn1.running_var", lambda each: -each), "computes values that are not numbers"),
        (changed("layer4.0.bn2.weight", lambda each: each * 1e12), "computes values that are not numbers"),
        (changed("conv1.weight", lambda each: each.double() * 1e200), "computes values that are not numbers"),
        (changed("conv1.weight", torch.zeros_like), "the same result for every photo"),
        (zero, "the same result for every photo"),
        (changed("conv1.weight", lambda each: each.to("meta")), "the shape of conv1.weight without its numbers"),
        (changed("conv1.weight", lambda each: each.to(torch.float8_e5m2)), "conv1.weight holds something that is not"),
    ],
    ids=["negative variance", "too large", "too large for 32 bits", "one layer zero", "zero", "meta", "float8"],
)
def test_weights_that_give_no_features_are_refused(
    cache: Path,
    tmp_path: Path,
    state: dict[str, Tensor],
    spoil: Callable[[dict[str, Tensor]], dict[str, Tensor]],
    why: str,
) -> None:
    """A negative running variance is finite itself; a model "55 % right" was trained on the NaN it gives."""
    file = tmp_path / "spoilt.pth"
    torch.save(spoil(state), file)
    with pytest.raises(ModelFileBad, match=why):
        install_weights(SMALL, file)
    assert list(cache.iterdir()) == []


def test_weights_installed_before_that_are_refused_when_the_network_is_opened(
    cache: Path, state: dict[str, Tensor]
) -> None:
    save_file(state | {"bn1.running_var": -state["bn1.running_var"]}, installed_path(SMALL))
    with pytest.raises(ModelFileBad, match="computes values that are not numbers"):
        open_embedder(SMALL, "cpu")
    save_file(state, installed_path(SMALL))
    assert open_embedder(SMALL, "cpu").batch_size


def test_a_cache_that_cannot_be_written_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(target: Path, data: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(weights, "write_atomically", refuse)
    with pytest.raises(ModelFileBad, match=r"cannot be written to .*Permission denied"):
        install_weights(SMALL, file)
    assert find_weights(SMALL) is None


def test_a_file_tells_its_backbone_by_name_or_by_content(tmp_path: Path, file: Path) -> None:
    choice = [entry for entry in backbones() if not entry.weights.shipped]
    named = tmp_path / "resnet34-b627a593.pth"
    named.write_bytes(b"")
    assert recognise_weights(named, choice).name == "resnet34"
    assert recognise_weights(file, [*choice, SMALL]) is SMALL
    with pytest.raises(ModelFileBad, match="not a ResNet-50 V2"):
        recognise_weights(file, choice)
    with pytest.raises(ModelFileBad, match="no backbone"):
        recognise_weights(file, [])


def test_the_imagenet_layer_is_the_classifiers() -> None:
    entry = backbone("resnet50")
    layer = imagenet_layer(entry)
    assert layer is not None
    classifier = assemble(entry, load_state(entry), classifier=True)
    assert np.array_equal(layer[0], classifier.get_parameter("fc.weight").numpy())
    assert np.array_equal(layer[1], classifier.get_parameter("fc.bias").numpy())
    assert {array.dtype for array in layer} == {np.dtype(np.float32)}


def test_the_imagenet_layer_of_torchs_own_file(cache: Path, file: Path, state: dict[str, Tensor]) -> None:
    entry = published(SMALL, file)
    file.rename(cache / entry.weights.filename)
    layer = imagenet_layer(entry)
    assert layer is not None
    assert np.array_equal(layer[0], state["fc.weight"].numpy())
    assert imagenet_layer(dataclasses.replace(entry, has_imagenet_layer=False)) is None


@pytest.mark.parametrize("layer", [{}, {"fc.weight": torch.zeros(5, 512), "fc.bias": torch.zeros(5)}])
def test_a_damaged_imagenet_layer_is_told(layer: dict[str, Tensor]) -> None:
    save_file(layer | {"other": torch.zeros(1)}, installed_path(SMALL))
    with pytest.raises(ModelFileBad, match=r"damaged or of another network|has the shape"):
        imagenet_layer(SMALL)
