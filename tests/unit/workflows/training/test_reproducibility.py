"""The same photos and the same seed give the same model, byte for byte, however and whenever the photos were read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import load_file

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.models.safetensors_bundle import read_bundle
from flowersorter.vision.backbone.embedder import Embedder
from flowersorter.vision.backbone.registry import DEFAULT, backbone
from flowersorter.vision.features.imagenet_prior import compute_imagenet_prior
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.label_next import LabelNextRequest, label_next
from flowersorter.workflows.exchange.export_model import ExportRequest, export_model
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import use_model
from flowersorter.workflows.models.finetuned_backbones import backbone_of
from flowersorter.workflows.predicting.ingest import ingest
from flowersorter.workflows.predicting.network_loader import OpenEmbedder, Opening, open_embedder
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, find_photos, predict_folder
from flowersorter.workflows.training.finetune import FinetuneRequest, finetune
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, retrain, train_folder
from tests.drawing import BLUE, GREEN, RED
from tests.starter_classes import delete_starter_classes
from tests.stub_network import open_colour_network
from tests.tiny_network import PATTERNS, draw_stripes, tiny_among_the_backbones

Tensors = dict[str, tuple[str, tuple[int, ...], bytes]]


def _threads(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(count)), raising=False)


def _draw(folder: Path, each: int) -> Path:
    """Photos of three colours that run into one another: where folds differ, so do the models."""
    for name, colour in (("red", RED), ("green", GREEN), ("blue", BLUE)):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            draw = np.random.default_rng((number, *colour))
            pixels = draw.integers(0, 256, (18, 24, 3)) * 0.6 + np.array(colour) * 0.4 * draw.random()
            picture = Image.fromarray(pixels.astype(np.uint8)).resize((320, 240), Image.Resampling.NEAREST)
            picture.save(folder / name / f"{name}_{number}.png")
    return folder


def _read_backwards(collection: CollectionStore, folder: Path, embedder: OpenEmbedder, name: str = DEFAULT) -> None:
    """Read the last photo first, one after the other."""
    _, places = find_photos(collection, folder, silent, CancelToken())
    entry = backbone(name)
    for place in reversed(list(places)):
        for _ in ingest(collection, [place], entry, Opening(embedder, entry, "cpu"), CancelToken()):
            pass


def _read_and_cancel(collection: CollectionStore, folder: Path, embedder: OpenEmbedder) -> None:
    """Begin a training and stop it after some photos."""
    cancel = CancelToken()

    def stop(news: object) -> None:
        if isinstance(news, Progress) and news.done >= 5:
            cancel.cancel()

    with pytest.raises(Cancelled):
        train_folder(Engine(collection, embedder), TrainFolderRequest(folder, device="cpu"), stop, cancel)


def _exported(collection: CollectionStore, folder: Path) -> Tensors:
    path = folder / f"{collection.folder.name}.safetensors"
    export_model(Engine(collection), ExportRequest(path), silent, CancelToken())
    return _as_bytes(load_file(path))


def _as_bytes(arrays: dict[str, NDArray[np.generic]]) -> Tensors:
    return {name: (str(array.dtype), array.shape, array.tobytes()) for name, array in arrays.items()}


def _assert_same(models: list[Tensors]) -> None:
    assert models[0]
    for other in models[1:]:
        assert other.keys() == models[0].keys()
        assert [name for name, tensor in other.items() if tensor != models[0][name]] == []


Before = Callable[[CollectionStore, Path, OpenEmbedder], None]


def _nothing(collection: CollectionStore, folder: Path, embedder: OpenEmbedder) -> None:
    """Read the photos when they are needed."""


WAYS: tuple[tuple[str, int, Before], ...] = (
    ("one thread", 1, _nothing),
    ("two threads", 2, _nothing),
    ("backwards", 2, _read_backwards),
    ("cancelled", 2, _read_and_cancel),
)


def _trained_in_every_way(
    folder: Path,
    scratch: Path,
    embedder: OpenEmbedder,
    monkeypatch: pytest.MonkeyPatch,
    ways: tuple[tuple[str, int, Before], ...] = WAYS,
) -> list[Tensors]:
    models = []
    for name, threads, before in ways:
        _threads(monkeypatch, threads)
        with CollectionStore.open(scratch / name) as collection:
            before(collection, folder, embedder)
            train_folder(Engine(collection, embedder), TrainFolderRequest(folder, device="cpu"), silent, CancelToken())
            models.append(_exported(collection, scratch))
    return models


def test_a_folder_teaches_the_same_however_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _draw(tmp_path / "photos", 8)
    _assert_same(_trained_in_every_way(folder, tmp_path, open_colour_network, monkeypatch))


def test_more_photos_of_small_classes_than_are_shown_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of them are must not depend on when they were read."""
    monkeypatch.setattr("flowersorter.workflows.training.training_set._MOST_SHOWN_AGAIN", 10)
    folder = _draw(tmp_path / "photos", 8)
    _assert_same(_trained_in_every_way(folder, tmp_path, open_colour_network, monkeypatch))


def test_the_shipped_network_gives_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _draw(tmp_path / "photos", 2)
    ways = tuple(way for way in WAYS if way[0] in ("one thread", "backwards"))
    _assert_same(_trained_in_every_way(folder, tmp_path, open_embedder, monkeypatch, ways))


@pytest.mark.parametrize("names", [("red", "green", "blue"), ("roses", "tulips", "daisy")], ids=["own", "starter"])
def test_retrain_and_its_advice_are_the_same(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a correction, where the fit starts from the last one, and beside the starter's photos."""
    folder = _draw(tmp_path / "photos", 10)
    models, advice = [], []
    for way in ("forwards", "backwards"):
        _threads(monkeypatch, 2)
        with CollectionStore.open(tmp_path / way) as collection:
            engine = Engine(collection, open_colour_network)
            if way == "backwards":
                _read_backwards(collection, folder, open_colour_network)
            request = PredictFolderRequest(folder, "cpu")
            rows = predict_folder(engine, request, silent, CancelToken()).rows
            photo = {path.name: int(photo_id) for path, photo_id in zip(rows.paths, rows.photo_ids, strict=True)}
            if "red" in names:
                delete_starter_classes(collection)
            classes = [collection.classes.resolve(name, ClassOrigin.PERSON).id for name in names]
            for class_id, colour in zip(classes, ("red", "green", "blue"), strict=True):
                assign(collection, [photo[f"{colour}_{number}.png"] for number in range(7)], class_id)
            for wrong in (None, "red_0.png"):
                if wrong is not None:
                    assign(collection, [photo[wrong]], classes[1])
                result = retrain(engine, RetrainRequest("cpu"), silent, CancelToken())
                use_model(engine, result.model_id)
                models.append(_exported(collection, tmp_path))
            chosen = label_next(engine, LabelNextRequest(count=5), silent, CancelToken())
            advice.append(([each.path.name for each in chosen.next], chosen.overall))
    _assert_same([models[0], models[2]])
    _assert_same([models[1], models[3]])
    assert advice[0] == advice[1]


@pytest.mark.parametrize("unfreeze", [0, 1])
def test_deep_training_gives_the_same_network_and_model(
    unfreeze: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "stripes"
    for name in PATTERNS:
        draw_stripes(folder, name, 9)
    models = []
    with tiny_among_the_backbones(tmp_path, monkeypatch):
        for threads in (1, 2):
            _threads(monkeypatch, threads)
            with CollectionStore.open(tmp_path / str(threads)) as collection:
                if threads == 2:
                    _read_backwards(collection, folder, open_embedder, "tiny")
                request = FinetuneRequest(folder, False, unfreeze, 2, "cpu", "tiny")
                engine = Engine(collection)
                result = finetune(engine, request, silent, CancelToken())
                arrays = dict(collection.models.load(result.model_id)[0])
                for name in [name for name in arrays if name.startswith("learned_")]:
                    del arrays[name]  # they say which photo, by its number
                changes = backbone_of(engine, result.backbone).changes
                if changes is not None:
                    arrays |= {f"network {name}": array for name, array in read_bundle(changes)[0].items()}
                models.append(_as_bytes(arrays))
    assert any(name.startswith("network") for name in models[0]) == (unfreeze > 0)
    _assert_same(models)


@pytest.mark.parametrize("bfloat16", [False, True])
def test_an_embedding_does_not_depend_on_its_batch(bfloat16: bool) -> None:
    from flowersorter.vision.backbone.build import build_network

    entry = backbone(DEFAULT)
    embedder = Embedder(entry, build_network(entry), "cpu", bfloat16=bfloat16)
    crops = np.random.default_rng(0).integers(0, 256, (5, entry.crop_px, entry.crop_px, 3)).astype(np.uint8)
    together = embedder.embed(crops)
    assert np.array_equal(embedder.embed(crops[::-1])[::-1], together)
    assert np.array_equal(np.concatenate([embedder.embed(crops[:1]), embedder.embed(crops[1:])]), together)


def test_a_resemblance_does_not_depend_on_the_photos_beside_it() -> None:
    draw = np.random.default_rng(0)
    layer = draw.normal(size=(1000, 2048)).astype(np.float32), draw.normal(size=1000).astype(np.float32)
    embeddings = draw.random((40, 2048)).astype(np.float16)
    together = compute_imagenet_prior(embeddings, layer)
    for count in (1, 2, 3, 17):
        for row in range(40 - count):
            alone = compute_imagenet_prior(embeddings[row : row + count], layer)
            assert np.array_equal(alone.imagenet_ids, together.imagenet_ids[row : row + count])
            assert np.array_equal(alone.probabilities, together.probabilities[row : row + count])
