"""Predict single photos, and take the model elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.errors import UserError
from flowersorter.job import CancelToken, silent
from flowersorter.library.bundle import read_bundle
from flowersorter.library.garden import Garden
from flowersorter.vision.model import Model
from flowersorter.workflows.export import ExportRequest, export_model
from flowersorter.workflows.label import LabelRequest, label
from flowersorter.workflows.models import starter
from flowersorter.workflows.predict import PredictRequest, predict_photos
from flowersorter.workflows.rows import Verdict
from flowersorter.workflows.train import TrainFolderRequest, train_folder
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos


def test_single_photos_are_predicted_in_order_and_a_broken_one_says_why(
    garden: Garden, sorted_photos: Path, tmp_path: Path
) -> None:
    train_folder(TrainFolderRequest(garden, sorted_photos), silent, CancelToken(), embedder=open_colour_network)
    red, blue = draw_photos(tmp_path, "red", 1)[0], draw_photos(tmp_path, "blue", 1)[0]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    paths = (blue, broken, red)
    result = predict_photos(PredictRequest(garden, paths), silent, CancelToken(), embedder=open_colour_network)
    assert [p.path for p in result] == list(paths)
    assert [p.class_name for p in result] == ["blue", "", "red"]
    assert result[1].error
    assert result[1].verdict is Verdict.NONE
    assert sum(p for _, p in result[0].top) == pytest.approx(1, abs=1e-3)
    assert not any(place.path in paths for place in garden.photos.all_places())


def test_single_photos_are_told_the_same_as_a_whole_folder(garden: Garden, photos: Path) -> None:
    rows = label(LabelRequest(garden, photos), silent, CancelToken(), embedder=open_colour_network).rows
    assert (rows.verdicts != Verdict.SURE).any()  # so that a second look was taken
    result = predict_photos(
        PredictRequest(garden, tuple(rows.paths)), silent, CancelToken(), embedder=open_colour_network
    )
    assert [p.confidence for p in result] == pytest.approx(rows.confidences.tolist(), abs=1e-6)
    assert [p.verdict for p in result] == rows.verdicts.tolist()


def test_a_bundle_holds_the_model_as_it_is(garden: Garden, sorted_photos: Path, tmp_path: Path) -> None:
    train_folder(TrainFolderRequest(garden, sorted_photos), silent, CancelToken(), embedder=open_colour_network)
    written = export_model(ExportRequest(garden, tmp_path / "model.safetensors"), silent, CancelToken())
    model = Model.from_bundle(*read_bundle(written.path))
    assert set(model.class_names) == {"red", "green", "blue"}


def test_the_pth_loads_into_plain_torchvision_and_agrees(garden: Garden, tmp_path: Path) -> None:
    import torch
    import torchvision

    export_model(ExportRequest(garden, tmp_path / "flower_classifier.pth"), silent, CancelToken())
    saved = torch.load(tmp_path / "flower_classifier.pth", weights_only=True)
    network = torchvision.models.resnet50(num_classes=len(saved["class_names"]))
    for layer in (network.layer2, network.layer3, network.layer4):
        layer[0].conv1.stride, layer[0].conv2.stride = [(s, s) for s in saved["strides"]]
    network.load_state_dict(saved["state_dict"])
    assert saved["class_names"] == list(starter().model.class_names)
    # Its head reads raw pooled features: on the starter's own photos it must say what their folders said.
    base = starter()
    logits = base.embeddings.astype(np.float32) @ network.fc.weight.detach().numpy().T
    logits += network.fc.bias.detach().numpy()
    assert (logits.argmax(axis=1) == base.targets).mean() > 0.9


@pytest.mark.parametrize("name", ["model.onnx", "model", "nowhere/model.pth"])
def test_a_file_that_cannot_be_written_is_refused_with_a_sentence(garden: Garden, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError) as refused:
        export_model(ExportRequest(garden, tmp_path / name), silent, CancelToken())
    assert refused.value.why
