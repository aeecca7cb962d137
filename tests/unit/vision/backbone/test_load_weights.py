from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from flowersorter.errors import ModelFileBad, WeightsMissing
from flowersorter.vision.backbone import weights_files
from flowersorter.vision.backbone.build import assemble
from flowersorter.vision.backbone.load_weights import imagenet_layer, load_state
from flowersorter.vision.backbone.registry import backbone
from flowersorter.vision.backbone.weights_files import installed_path
from tests.unit.vision.backbone.small_network import RESNET18, SMALL, published

pytestmark = pytest.mark.usefixtures("cache")


def test_missing_weights_are_told_with_the_way_to_get_them() -> None:
    with pytest.raises(WeightsMissing, match="flowersorter backbones --download resnet18"):
        load_state(RESNET18)
    assert imagenet_layer(RESNET18) is None


def test_missing_shipped_weights_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_files, "shipped_folder", lambda: tmp_path)
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
