from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from flowersorter.errors import ModelFileBad
from flowersorter.vision.backbone import install_weights as install_module
from flowersorter.vision.backbone.install_weights import install_weights, recognise_weights
from flowersorter.vision.backbone.load_weights import load_state
from flowersorter.vision.backbone.registry import backbones
from flowersorter.vision.backbone.weights_files import find_weights, installed_path
from flowersorter.workflows.predicting.network_loader import open_embedder
from tests.unit.vision.backbone.small_network import RESNET18, SMALL, published
from tests.unit.vision.backbone.test_build import random_state

pytestmark = pytest.mark.usefixtures("cache")


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

    monkeypatch.setattr(install_module, "write_atomically", refuse)
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
