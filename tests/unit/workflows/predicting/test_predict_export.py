"""Predict single photos, and take the model elsewhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
import torchvision

from flowersorter.domain.verdict import Verdict
from flowersorter.errors import UserError, WeightsMissing
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.files.build_info import made_by
from flowersorter.library.models.safetensors_bundle import read_bundle
from flowersorter.photos.read import read_photo
from flowersorter.vision.backbone.build import assemble, build_network
from flowersorter.vision.backbone.embedder import Embedder
from flowersorter.vision.backbone.registry import backbone
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.export.torchvision_file import torchvision_file
from flowersorter.vision.features.packed import pack
from flowersorter.vision.features.views import CENTRE, cut
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.export_model import ExportRequest, export_model
from flowersorter.workflows.exchange.usage_snippets import script_for
from flowersorter.workflows.models.current_model import starter
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.predicting.predict_photos import PredictRequest, predict_photos
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.drawn_weights import drawn_state
from tests.unit.workflows.conftest import draw_photos


def test_single_photos_are_predicted_in_order_and_a_broken_one_says_why(
    engine: Engine, sorted_photos: Path, tmp_path: Path
) -> None:
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    red, blue = draw_photos(tmp_path, "red", 1)[0], draw_photos(tmp_path, "blue", 1)[0]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    paths = (blue, broken, red)
    result = predict_photos(engine, PredictRequest(paths), silent, CancelToken())
    assert [p.photo for p in result] == list(paths)
    assert [p.class_name for p in result] == ["blue", "", "red"]
    assert result[1].error
    assert result[1].verdict is Verdict.NONE
    assert sum(p for _, p in result[0].top) == pytest.approx(1, abs=1e-3)
    assert not any(place.path in paths for place in engine.collection.photos.all_places())


def test_single_photos_are_told_the_same_as_a_whole_folder(engine: Engine, photos: Path) -> None:
    rows = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    assert (rows.verdicts != Verdict.SURE).any()
    result = predict_photos(engine, PredictRequest(tuple(rows.paths)), silent, CancelToken())
    assert [p.confidence for p in result] == pytest.approx(rows.confidences.tolist(), abs=1e-6)
    assert [p.verdict for p in result] == rows.verdicts.tolist()


def test_a_bundle_holds_the_model_as_it_is(engine: Engine, sorted_photos: Path, tmp_path: Path) -> None:
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    written = export_model(engine, ExportRequest(tmp_path / "model.safetensors"), silent, CancelToken())
    arrays, metadata = read_bundle(written.path)
    assert set(Model.from_bundle(arrays, metadata).class_names) == {"red", "green", "blue"}
    assert metadata["made_by"] == made_by(metadata["backbone"])


def as_the_five_lines_load_it(file: Path) -> tuple[Any, dict[str, Any]]:
    """What the first five lines of `script_for` make of a .pth."""
    names: dict[str, Any] = {}
    exec("\n".join(script_for(file).splitlines()[:5]), names)
    return names["net"], names["saved"]


def test_the_pth_loads_into_plain_torchvision_and_agrees(engine: Engine, tmp_path: Path) -> None:
    result = export_model(engine, ExportRequest(tmp_path / "flower_classifier.pth"), silent, CancelToken())
    network, saved = as_the_five_lines_load_it(result.path)
    assert type(network) is torchvision.models.ResNet
    assert saved["class_names"] == list(starter().model.class_names)
    assert saved["made_by"] == made_by("resnet50")
    # Its head reads raw pooled features: on the starter's own photos it must say what their folders said.
    base = starter()
    embeddings = np.square(base.features.unpack()) * base.totals[:, None]
    logits = embeddings @ network.fc.weight.detach().numpy().T
    logits += network.fc.bias.detach().numpy()
    assert (logits.argmax(axis=1) == base.targets).mean() > 0.9


def test_the_pth_says_that_its_head_is_another_one(engine: Engine, tmp_path: Path) -> None:
    result = export_model(engine, ExportRequest(tmp_path / "flower_classifier.pth"), silent, CancelToken())
    own = starter().model.training.held_out_accuracy
    assert result.accuracy is not None
    assert own is not None
    assert 0.85 < result.accuracy < own
    assert "cannot take the square root" in result.remark
    figures = f"{100 * result.accuracy:.1f} % right on unseen photos (FlowerSorter: {100 * own:.1f} %)"
    assert result.remark.endswith(figures)


@pytest.mark.parametrize("name", ["resnet18", "resnet50-v2", "resnet50"])
def test_the_pth_of_every_network_computes_what_the_backbone_computes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = backbone(name)
    state = drawn_state(entry)
    monkeypatch.setattr("flowersorter.vision.export.torchvision_file.load_state", lambda _: state)
    weight = np.random.default_rng(0).normal(0, 0.01, (3, entry.features)).astype(np.float32)
    file = tmp_path / "model.pth"
    file.write_bytes(torchvision_file(entry, ("a", "b", "c"), weight, np.zeros(3, np.float32), {}))
    network, _ = as_the_five_lines_load_it(file)
    pixels = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        features = assemble(entry, state, classifier=False)(pixels).numpy()
        assert network(pixels).numpy() == pytest.approx(features @ weight.T, rel=1e-3, abs=1e-3)


def test_the_onnx_gives_the_probabilities_of_the_model(engine: Engine, photos: Path, tmp_path: Path) -> None:
    result = export_model(engine, ExportRequest(tmp_path / "flower_classifier.onnx"), silent, CancelToken())
    model = starter().model
    assert (result.accuracy, result.classes) == (model.training.held_out_accuracy, model.class_names)
    session = onnxruntime.InferenceSession(result.path)
    notes = session.get_modelmeta().custom_metadata_map
    assert json.loads(notes["class_names"]) == list(model.class_names)
    assert json.loads(notes["made_by"]) == made_by("resnet50")
    embedder = Embedder(backbone("resnet50"), build_network(backbone("resnet50")), bfloat16=False)
    for path in sorted(photos.rglob("*.jpg"))[::10]:
        seen = read_photo(path, short_side_px=256)
        embeddings = embedder.embed(cut(seen.pixels, CENTRE, 224)[None])
        # In the program, features are rounded to a byte each.
        assert session.run(None, {"photo": seen.pixels})[0] == pytest.approx(
            predict(model, pack(embeddings)).probabilities[0], abs=5e-3
        )
        roots = np.sqrt(embeddings.astype(np.float32))
        scores = (roots / np.linalg.norm(roots) @ model.weight.T + model.bias) / model.temperature
        assert session.run(None, {"photo": seen.pixels})[0] == pytest.approx(softmax(scores)[0], abs=1e-3)


def test_without_the_package_onnx_the_reason_and_the_way_out_are_said(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "flowersorter.vision.export.torchvision_file", None)  # it would load torch
    with pytest.raises(UserError) as refused:
        export_model(engine, ExportRequest(tmp_path / "model.onnx"), silent, CancelToken())
    assert "the package onnx" in str(refused.value)
    assert 'pip install "flowersorter[onnx]"' in refused.value.hint
    assert list(tmp_path.glob("*.onnx")) == []


@pytest.mark.parametrize("suffix", [".pth", ".onnx"])
def test_without_the_weights_it_is_refused_before_anything_heavy(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr("flowersorter.vision.backbone.weights_files.find_weights", lambda _: None)
    monkeypatch.setattr("flowersorter.workflows.exchange.export_model.fit_plain_head", None)
    monkeypatch.setitem(sys.modules, "flowersorter.vision.export.torchvision_file", None)
    with pytest.raises(WeightsMissing):
        export_model(engine, ExportRequest(tmp_path / f"model{suffix}"), silent, CancelToken())


def test_a_bundle_needs_no_script_and_the_others_are_named_in_theirs(engine: Engine, tmp_path: Path) -> None:
    results = [
        export_model(engine, ExportRequest(tmp_path / f"it's mine{suffix}"), silent, CancelToken())
        for suffix in (".safetensors", ".onnx", ".PTH")
    ]
    assert results[0].script == ""
    for result in results[1:]:
        assert f'"{result.path}"' in result.script
        compile(result.script, "script", "exec")
    assert "'a\\\\b\\n.pth'" in script_for(Path("a\\b\n.pth"))


@pytest.mark.parametrize("name", ["model.h5", "model", "nowhere/model.pth"])
def test_a_file_that_cannot_be_written_is_refused_with_a_sentence(engine: Engine, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError) as refused:
        export_model(engine, ExportRequest(tmp_path / name), silent, CancelToken())
    assert refused.value.why


@pytest.mark.parametrize("suffix", [".pth", ".onnx", ".safetensors"])
def test_a_full_disk_leaves_the_file_that_was_there(
    engine: Engine, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"model{suffix}"
    file.write_bytes(b"what was there")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="No space left"):
        export_model(engine, ExportRequest(file), silent, CancelToken())
    monkeypatch.undo()
    assert [path for path in tmp_path.iterdir() if path.is_file()] == [file]
    assert file.read_bytes() == b"what was there"
