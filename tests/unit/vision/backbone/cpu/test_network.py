from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from flowersorter.errors import UserError
from flowersorter.photos.read import read_photo
from flowersorter.vision.backbone import packages
from flowersorter.vision.backbone.architecture import ResNetArchitecture, TorchvisionArchitecture, empty_network
from flowersorter.vision.backbone.build import assemble
from flowersorter.vision.backbone.cpu import network
from flowersorter.vision.backbone.cpu.embedder import CpuEmbedder
from flowersorter.vision.backbone.cpu.layers import tensor_shapes
from flowersorter.vision.backbone.cpu.network import CompiledResNet, ResNetGraph
from flowersorter.vision.backbone.cpu.quantise import activation_ranges, quantise_kernel
from flowersorter.vision.backbone.embedder import Embedder
from flowersorter.vision.backbone.load_weights import load_arrays
from flowersorter.vision.backbone.registry import Backbone, backbone, backbones
from flowersorter.vision.backbone.weights_files import shipped_folder
from flowersorter.vision.features.views import CENTRE, cut
from flowersorter.workflows.predicting import network_loader
from tests.unit.vision.backbone.test_build import random_state, shallow
from tests.unit.vision.backbone.test_embedder import cosines, drawn_photos, needs_photos, random_crops, real_photos

SHIPPED = backbone("resnet50")
FOLDERS = [Path(__file__).parents[6] / "shared" / name for name in ("flowers", "things")]


@cache
def shipped_network() -> CpuEmbedder:
    return CpuEmbedder.open(SHIPPED)


def exact(entry: Backbone) -> CpuEmbedder:
    """The shipped network in float32, which no machine of the tests would choose."""
    return CpuEmbedder(entry, CompiledResNet(ResNetGraph(entry, load_arrays(entry)).model()))


@pytest.mark.parametrize("entry", backbones(), ids=lambda entry: entry.name)
def test_the_tensors_are_torchs(entry: Backbone) -> None:
    assert isinstance(entry.architecture, ResNetArchitecture)
    wanted = {name: tuple(tensor.shape) for name, tensor in empty_network(entry).state_dict().items()}
    assert tensor_shapes(entry.architecture) == wanted


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnet50-v2"])
def test_it_computes_what_torch_computes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the batch norms, the stride and the preprocessing are others."""
    monkeypatch.setattr(network, "cpu_precision", lambda _entry: "float32")
    entry = dataclasses.replace(shallow(name), crop_px=64, short_side_px=72)
    state, crops = random_state(entry), random_crops(2, 64)
    wanted = Embedder(entry, assemble(entry, state, classifier=False), bfloat16=False).embed(crops)
    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    np.testing.assert_allclose(CpuEmbedder.of(entry, arrays, Path()).embed(crops), wanted, rtol=2e-3, atol=2e-3)


def test_crops_are_enlarged_before_the_network_sees_them() -> None:
    seen: list[NDArray[np.uint8]] = []

    def maps(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen.append(crop)
        return np.zeros((1, 1, 2048), np.float32)

    crops = random_crops(1, 40)
    CpuEmbedder(dataclasses.replace(SHIPPED, crop_px=40, shown_px=52), maps).embed(crops)
    assert np.array_equal(seen[0], np.asarray(Image.fromarray(crops[0]).resize((52, 52), Image.Resampling.BICUBIC)))


def test_int8_hardly_differs_from_float32() -> None:
    assert network.cpu_precision(SHIPPED) in ("int8", "bfloat16", "float32")
    photos = drawn_photos()
    assert cosines(shipped_network().embed(photos), exact(SHIPPED).embed(photos)).min() >= 0.99


@real_photos
@needs_photos
def test_int8_hardly_differs_from_float32_on_real_photos() -> None:
    found_in = [sorted(folder.glob("*/*.jpg")) for folder in FOLDERS]
    paths = [path for each in found_in for path in each[7 :: len(each) // 20][:20]]
    photos = [read_photo(path, short_side_px=SHIPPED.short_side_px).pixels for path in paths]
    crops = np.stack([cut(pixels, CENTRE, SHIPPED.crop_px) for pixels in photos])
    found = cosines(shipped_network().embed(crops), exact(SHIPPED).embed(crops))
    assert np.quantile(found, 0.05) >= 0.99


def test_an_embedding_depends_neither_on_its_batch_nor_on_the_threads() -> None:
    embedder, crops = shipped_network(), random_crops(3, 224)
    together = embedder.embed(crops)
    assert together.shape == (3, 2048)
    assert together.min() >= 0  # behind a ReLU
    assert together.max() > 0
    assert np.array_equal(embedder.embed(crops[::-1])[::-1], together)
    with ThreadPoolExecutor(3) as pool:
        for again in pool.map(embedder.embed, [crops] * 3):
            assert np.array_equal(again, together)


def test_feature_maps_have_the_embedding_as_their_mean() -> None:
    crop = random_crops(1, 224)
    maps = shipped_network().feature_maps(crop[0])
    assert maps.shape == (2048, 7, 7)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), shipped_network().embed(crop)[0], rtol=1e-3, atol=1e-4)


def test_crops_that_may_not_be_written_are_taken() -> None:
    crops = random_crops(1, 224)
    wanted = shipped_network().embed(crops)
    crops.flags.writeable = False
    assert np.array_equal(shipped_network().embed(crops), wanted)
    assert shipped_network().embed(crops[:0]).shape == (0, 2048)


@pytest.mark.parametrize("crops", [random_crops(1, 9), random_crops(1, 224)[0], random_crops(1, 224).astype(np.int16)])
def test_crops_of_the_wrong_kind_are_an_error(crops: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match=r"\(B, 224, 224, 3\) uint8"):
        shipped_network().embed(crops)


def test_a_kernel_keeps_seven_bits_a_number() -> None:
    kernel = np.random.default_rng(0).normal(size=(5, 4, 3, 3)).astype(np.float32)
    kernel[2] = 0
    numbers, scale = quantise_kernel(kernel.copy())
    assert numbers.dtype == np.int8
    assert np.abs(numbers).max() == 63  # the sum of two products with a byte fits 16 bits
    assert np.abs(numbers * scale - kernel).max() <= scale.max() / 2 * (1 + 1e-5)
    assert not numbers[2].any()


def test_only_the_shipped_weights_have_ranges() -> None:
    ranges = activation_ranges(SHIPPED)
    assert ranges is not None
    assert set(ranges) == set(ResNetGraph(SHIPPED, load_arrays(SHIPPED)).activations)
    assert min(ranges.values()) > 0
    finetuned = dataclasses.replace(SHIPPED, changes=Path("layers.safetensors"))
    others = [finetuned, backbone("resnet18"), dataclasses.replace(SHIPPED, name="other")]
    assert [activation_ranges(entry) for entry in others] == [None, None, None]
    found = json.loads((shipped_folder() / "resnet50-int8.json").read_text(encoding="utf-8"))
    assert found["weights_sha256"] == SHIPPED.weights.sha256


@pytest.mark.parametrize(
    ("machine", "abilities", "precision"),
    [
        ("x86_64", ["FP32", "INT8"], "int8"),
        ("AMD64", ["FP32", "BF16", "INT8"], "int8"),
        ("AMD64", ["FP32", "BF16"], "bfloat16"),
        ("x86_64", ["FP32"], "float32"),
        ("arm64", ["FP32", "FP16", "BF16", "INT8"], "float32"),
    ],
)
def test_the_precision_is_the_fastest_of_the_processor(
    machine: str, abilities: list[str], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Core:
        def get_property(self, _device: str, _name: str) -> list[str]:
            return abilities

    monkeypatch.setattr(packages.load_openvino(), "Core", Core)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert network.cpu_precision(SHIPPED) == precision
    without = {"int8": "bfloat16" if "BF16" in abilities else "float32"}.get(precision, precision)
    assert network.cpu_precision(backbone("resnet18")) == without


def test_only_a_resnet_is_computed_here() -> None:
    entry = dataclasses.replace(SHIPPED, title="MobileNet", architecture=TorchvisionArchitecture("mobilenet", ""))
    with pytest.raises(UserError, match="MobileNet is not one"):
        ResNetGraph(entry, {})


def test_torch_takes_its_place_where_openvino_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def stand_in(entry: Backbone, device: str) -> CpuEmbedder:
        opened.append(device)
        return shipped_network()

    assert isinstance(network_loader.open_embedder(SHIPPED, "cpu"), CpuEmbedder)
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name == "openvino" else object())
    monkeypatch.setattr(packages, "can_load_openvino", packages.can_load_openvino.__wrapped__)  # it is answered once
    monkeypatch.setattr(Embedder, "open", stand_in)
    network_loader.open_embedder(SHIPPED, "cpu")
    assert opened == ["cpu"]
