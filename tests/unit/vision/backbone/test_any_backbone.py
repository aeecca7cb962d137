"""One registry entry is enough for a new backbone, a ResNet or not: it labels photos and is retrained."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import (
    MobileNet_V3_Small_Weights,
    ResNet101_Weights,
    VisionTransformer,
    ViT_B_16_Weights,
    WeightsEnum,
    _api,
    get_model,
)

from flowersorter.domain.export_format import ONNX, PTH, SAFETENSORS
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone import registry
from flowersorter.vision.backbone.architecture import ResNetArchitecture, TorchvisionArchitecture, empty_network
from flowersorter.vision.backbone.build import assemble, build_network, build_resnet
from flowersorter.vision.backbone.embedder import Embedder
from flowersorter.vision.backbone.load_weights import imagenet_layer, load_state
from flowersorter.vision.backbone.registry import (
    Backbone,
    WeightsSource,
    backbone,
    backbones,
    register,
    torchvision_resnet,
    torchvision_weights,
)
from flowersorter.vision.backbone.weights_files import hub_cache
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.export_model import ExportRequest, export_formats, export_model
from flowersorter.workflows.models.backbones import list_backbones
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.predicting.predict_photos import PredictRequest, predict_photos
from flowersorter.workflows.training.finetune import FinetuneRequest, finetune
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, retrain, train_folder
from tests.drawing import write_classes

_NO_WEIGHTS = WeightsSource("drawn.pth", 1, "", "https://example.org/drawn.pth")

RESNET101 = torchvision_resnet(
    "resnet101",
    "ResNet-101",
    ResNetArchitecture("bottleneck", (3, 4, 23, 3)),
    torchvision_weights("resnet101-63fe2227.pth", 178_793_939, "63fe2227"),
)
MOBILENET = Backbone(
    name="mobilenet-v3-small",
    title="MobileNet V3 Small",
    architecture=TorchvisionArchitecture("mobilenet_v3_small", "classifier.3"),
    features=1024,
    weights=_NO_WEIGHTS,
    licence="BSD-3-Clause",
    authors="the torchvision maintainers and contributors",
)
VIT = Backbone(
    name="vit-b-16",
    title="ViT-B/16",
    architecture=TorchvisionArchitecture("vit_b_16", "heads.head"),
    features=768,
    weights=_NO_WEIGHTS,
    licence="BSD-3-Clause",
    authors="the torchvision maintainers and contributors",
)
NEW = [
    (RESNET101, "resnet101", ResNet101_Weights.IMAGENET1K_V1),
    (MOBILENET, "mobilenet_v3_small", MobileNet_V3_Small_Weights.IMAGENET1K_V1),
    (VIT, "vit_b_16", ViT_B_16_Weights.IMAGENET1K_V1),
]
EVERY = [(entry, entry.name.partition("-")[0]) for entry in backbones()] + [(entry, name) for entry, name, _ in NEW]


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A registry that forgets what a test adds, and an empty cache of weights."""
    monkeypatch.setattr(registry, "_registry", dict(registry._registry))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    hub_cache().mkdir(parents=True)
    return monkeypatch


def drawn_state(builder: str) -> dict[str, Tensor]:
    """Torchvision's initial weights, with batch norms that have seen some colours: features then differ by colour."""
    torch.manual_seed(1)
    network = get_model(builder, weights=None)
    if any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None  # a plain mean
        with torch.no_grad():
            network.train()(torch.randn(32, 3, 1, 1) + 0.3 * torch.randn(32, 3, 64, 64))
    return dict(network.state_dict())


def shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize(("entry", "builder"), EVERY, ids=[entry.name for entry, _ in EVERY])
def test_an_entry_builds_torchvisions_layers(entry: Backbone, builder: str) -> None:
    with torch.device("meta"):
        theirs = get_model(builder)
    ours = empty_network(entry)
    assert shapes(ours) == shapes(theirs)
    final = ours.get_submodule(entry.architecture.final_layer)
    assert isinstance(final, nn.Linear)
    assert (final.in_features, final.out_features) == (entry.features, 1000)
    ours.set_submodule(entry.architecture.final_layer, nn.Identity())
    pixels = torch.empty(1, 3, entry.seen_px, entry.seen_px, device="meta")
    assert ours.eval()(pixels).shape == (1, entry.features)


@pytest.mark.parametrize(("entry", "published"), [(entry, published) for entry, _, published in NEW])
def test_an_entry_states_torchvisions_preprocessing(entry: Backbone, published: WeightsEnum) -> None:
    transforms = published.transforms()
    assert ([entry.short_side_px], [entry.crop_px]) == (transforms.resize_size, transforms.crop_size)
    assert [mean / 255 for mean in entry.mean] == pytest.approx(transforms.mean)
    assert [std / 255 for std in entry.std] == pytest.approx(transforms.std)


@pytest.mark.parametrize("builder", ["resnet101", "mobilenet_v3_small"])
def test_the_same_weights_give_torchvisions_output(builder: str) -> None:
    entry = next(entry for entry, name, _ in NEW if name == builder)
    theirs = get_model(builder, weights=None).eval()
    state = theirs.state_dict()
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(assemble(entry, state, classifier=True)(pixels), theirs(pixels))
        features = assemble(entry, state, classifier=False)(pixels)
    assert features.shape == (2, entry.features)


@pytest.mark.parametrize(
    "changed",
    [
        {"features": 512},
        {"crop_px": 300},
        {"shown_px": 100},
        {"std": (1.0, 0.0, 1.0)},
        {"name": "resnet101-tuned-1"},
        {"name": "resnet18"},
    ],
)
def test_an_entry_that_contradicts_itself_is_not_registered(
    registered: pytest.MonkeyPatch, changed: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="resnet"):
        register(dataclasses.replace(RESNET101, **changed))  # type: ignore[arg-type]  # chosen by the parameter
    register(RESNET101)
    assert backbone("resnet101") is RESNET101


def test_a_wrong_number_of_features_is_found_when_the_layers_are_built() -> None:
    with pytest.raises(ValueError, match="vit-b-16 is registered with 1024 features, its layers give 768"):
        empty_network(dataclasses.replace(VIT, features=1024))


def small_mobilenet() -> Backbone:
    """An entry on small crops, its weights in the cache of torch's hub."""
    file = hub_cache() / "drawn.pth"
    torch.save(drawn_state("mobilenet_v3_small"), file)
    weights = dataclasses.replace(_NO_WEIGHTS, size_bytes=file.stat().st_size)
    return register(dataclasses.replace(MOBILENET, short_side_px=72, crop_px=64, weights=weights))


def small_vit(*, weights: None) -> VisionTransformer:
    """As ViT-B/16, two layers of it on crops of 64 pixels."""
    assert weights is None
    return VisionTransformer(image_size=64, patch_size=16, num_layers=2, num_heads=4, hidden_dim=64, mlp_dim=128)


def test_the_imagenet_layer_is_read_under_its_own_name(registered: pytest.MonkeyPatch) -> None:
    entry = small_mobilenet()
    layer = imagenet_layer(entry)
    assert layer is not None
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        features, logits = (
            build_network(entry)(pixels).numpy(),
            assemble(entry, load_state(entry), classifier=True)(pixels).numpy(),
        )
    np.testing.assert_allclose(features @ layer[0].T + layer[1], logits, rtol=1e-3, atol=1e-4)


def labels_and_learns(engine: Engine, entry: Backbone, folder: Path, per_class: int) -> None:
    """Train on a folder, label it, retrain, and predict single photos, all with one backbone."""
    paths = write_classes(folder, {"daisies": per_class, "roses": per_class}, size=(100, 80))
    trained = train_folder(engine, TrainFolderRequest(folder, backbone=entry.name), silent, CancelToken())
    assert set(trained.classes) == {"daisies", "roses"}
    rows = predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken()).rows
    assert len(rows.photo_ids) == 2 * per_class
    again = retrain(engine, RetrainRequest(), silent, CancelToken())
    assert set(again.classes) == {"daisies", "roses"}
    said = predict_photos(engine, PredictRequest(tuple(paths)), silent, CancelToken())
    right = sum(prediction.class_name == path.parent.name for prediction, path in zip(said, paths, strict=True))
    assert right >= 0.8 * len(paths), "random weights still tell two colours apart"


def test_a_network_without_a_resnets_layers_labels_and_is_retrained(
    registered: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    entry = small_mobilenet()
    with Engine(CollectionStore.open(tmp_path / "collection")) as engine:
        labels_and_learns(engine, entry, tmp_path / "photos", 5)
        assert export_formats(entry.name) == (SAFETENSORS,)
        for suffix in (PTH, ONNX):
            with pytest.raises(UserError, match=r"MobileNet V3 Small is not one.*\.safetensors"):
                export_model(engine, ExportRequest(tmp_path / f"model{suffix}"), silent, CancelToken())
        bundle = ExportRequest(tmp_path / "model.safetensors")
        assert export_model(engine, bundle, silent, CancelToken()).path.is_file()
        before = engine.collection.models.all()
        with pytest.raises(UserError, match="needs a ResNet, and MobileNet V3 Small is not one"):
            finetune(engine, FinetuneRequest(), silent, CancelToken())
        assert engine.collection.models.all() == before


def test_a_network_without_batch_norm_and_with_signed_features_labels_and_is_retrained(
    registered: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    registered.setitem(_api.BUILTIN_MODELS, "small_vit", small_vit)
    architecture = TorchvisionArchitecture("small_vit", VIT.architecture.final_layer)
    entry = register(dataclasses.replace(VIT, architecture=architecture, features=64, short_side_px=72, crop_px=64))
    network = Embedder(entry, assemble(entry, drawn_state("small_vit"), classifier=False))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network._network.modules())
    embeddings = network.embed(np.zeros((1, 64, 64, 3), np.uint8))
    assert embeddings.min() < 0 < embeddings.max()
    registered.setattr(Embedder, "open", lambda *_: network)
    with Engine(CollectionStore.open(tmp_path / "collection")) as engine:
        labels_and_learns(engine, entry, tmp_path / "photos", 3)


def test_vit_b_16_itself_labels_and_is_retrained(registered: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All its twelve layers, on crops of 224 pixels, with random weights."""
    file = hub_cache() / "drawn.pth"
    torch.save(drawn_state("vit_b_16"), file)
    entry = register(dataclasses.replace(VIT, weights=dataclasses.replace(_NO_WEIGHTS, size_bytes=file.stat().st_size)))
    with Engine(CollectionStore.open(tmp_path / "collection")) as engine:
        labels_and_learns(engine, entry, tmp_path / "photos", 3)
        current = engine.collection.models.current()
        assert current is not None
        assert current.backbone == "vit-b-16"


def test_only_a_resnet_is_offered_for_all_that_only_a_resnet_can(registered: pytest.MonkeyPatch) -> None:
    register(MOBILENET)
    register(RESNET101)
    offered = {info.name: (info.supports_finetuning, info.exports_as) for info in list_backbones()}
    assert offered["resnet101"] == offered["resnet50"] == (True, (PTH, ONNX, SAFETENSORS))
    assert offered["mobilenet-v3-small"] == (False, (SAFETENSORS,))
    with pytest.raises(UserError, match="MobileNet V3 Small is not one"):
        build_resnet(MOBILENET)
