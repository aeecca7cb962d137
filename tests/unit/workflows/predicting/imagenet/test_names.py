"""What a photo that is new looks like is named in words, in every answer the program gives."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from flowersorter.api.answers import photos_of, prediction_of
from flowersorter.commands.shared.json_lines import folder_lines
from flowersorter.commands.shared.output import Terminal
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.weights_files import imagenet_classes
from flowersorter.vision.features.imagenet_prior import ImageNetPrior
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting import predict_photos as predicting
from flowersorter.workflows.predicting.imagenet import names as module
from flowersorter.workflows.predicting.imagenet import prior_cache
from flowersorter.workflows.predicting.imagenet.names import likenesses, looks_like, names_of_unknown
from flowersorter.workflows.predicting.photo_details import details
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult, predict_folder
from flowersorter.workflows.predicting.predict_photos import PredictRequest, predict_photos
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.stub_network import STRAWBERRY, TABBY, colour_layer
from tests.unit.workflows.conftest import draw_photos

DAISY = 985


def seen(*found: tuple[int, float]) -> ImageNetPrior:
    """Each photo as one thing with this share."""
    result = ImageNetPrior.unknown(len(found))
    for row, (kind, share) in enumerate(found):
        result.imagenet_ids[row, 0], result.probabilities[row, 0] = kind, share
    return result


def test_a_clear_likeness_has_a_name_that_stands_for_itself() -> None:
    assert likenesses(seen((TABBY, 0.9), (DAISY, 0.21), (STRAWBERRY, 0.19)), ["lily"]) == ["tabby cat", "daisy", ""]
    assert likenesses(ImageNetPrior.unknown(1), []) == [""]


def test_a_photo_that_is_none_of_the_classes_looks_like_none_of_them() -> None:
    assert likenesses(seen((TABBY, 0.9), (DAISY, 0.9)), ["Daisy"]) == ["tabby cat", ""]


def test_clearer_names_stand_where_the_list_has_unclear_ones() -> None:
    names = imagenet_classes()
    for kind, clearer in module._CLEARER.items():
        assert names[kind] != clearer, kind
    assert (names[134], names[517], names[639], names[101]) == ("crane", "crane", "maillot", "tusker")


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is yellow is a strawberry, all else a tabby."""
    for each in (prior_cache, predicting):
        monkeypatch.setattr(each, "layer_of", lambda name: colour_layer())


@pytest.fixture
def labelled(layer: None, engine: Engine, sorted_photos: Path, photos: Path) -> PredictFolderResult:
    """A collection that knows red, green and blue has looked at a folder with yellow ones as well."""
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    draw_photos(photos / "2026", "yellow", 3)
    return predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())


def new_ones(result: PredictFolderResult) -> set[int]:
    rows = result.rows
    return set(rows.photo_ids[rows.verdicts == Verdict.UNKNOWN].tolist())


def yellow_ones(result: PredictFolderResult) -> set[int]:
    rows = result.rows
    return {int(at) for at, path in zip(rows.photo_ids, rows.paths, strict=True) if path.name.startswith("yellow")}


def test_what_is_new_in_a_folder_is_named(engine: Engine, labelled: PredictFolderResult) -> None:
    named = names_of_unknown(engine, labelled.rows)
    assert set(named) == new_ones(labelled)
    yellow = yellow_ones(labelled)
    assert yellow
    assert {named.get(photo_id) for photo_id in yellow} == {"strawberry"}
    others = set(labelled.rows.photo_ids.tolist()) - yellow
    assert set(looks_like(engine, "resnet50", sorted(others)).values()) == {"tabby cat"}
    assert looks_like(engine, "resnet50", []) == {}
    assert looks_like(engine, "resnet50", [9999]) == {}


def test_nobody_is_asked_where_no_layer_is(
    engine: Engine, labelled: PredictFolderResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prior_cache, "layer_of", lambda name: None)
    assert names_of_unknown(engine, labelled.rows) == {}


def test_the_terminal_and_python_say_it_of_new_photos_only(engine: Engine, labelled: PredictFolderResult) -> None:
    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    lines = list(folder_lines(labelled, names, names_of_unknown(engine, labelled.rows), labels_count=False))
    photos = photos_of(engine, labelled)
    assert {line["verdict"] for line in lines} > {"unknown"}
    for line, photo in zip(lines, photos, strict=True):
        assert ("looks_like" in line) == (line["verdict"] == "unknown")
        assert photo.prediction is not None
        assert photo.prediction.looks_like == line.get("looks_like")
    said = {photo.path.name[:6]: str(photo.prediction) for photo in photos}
    assert said["yellow"] == "unknown, looks like: strawberry", "no class of theirs is named"
    assert "looks like" not in said["red_0."]
    out = io.StringIO()
    Terminal(out, io.StringIO(), as_json=True).record(lines[-1])
    assert json.loads(out.getvalue())["looks_like"] == "strawberry"


def test_a_new_photo_of_which_nobody_knows_more_says_so(
    collection: CollectionStore, labelled: PredictFolderResult
) -> None:
    names = {entry.id: entry.name for entry in collection.classes.all()}
    lines = [line for line in folder_lines(labelled, names, {}, labels_count=False) if line["verdict"] == "unknown"]
    assert lines
    assert all(line["looks_like"] is None for line in lines)


def test_single_photos_are_told_the_same(engine: Engine, labelled: PredictFolderResult) -> None:
    rows, named = labelled.rows, names_of_unknown(engine, labelled.rows)
    found = predict_photos(engine, PredictRequest(tuple(rows.paths)), silent, CancelToken())
    assert [each.looks_like for each in found] == [named.get(photo_id, "") for photo_id in rows.photo_ids.tolist()]
    assert prediction_of(found[-1]).looks_like == "strawberry"
    assert prediction_of(found[0]).looks_like is None


def test_what_is_known_of_one_place_holds_it(engine: Engine, labelled: PredictFolderResult) -> None:
    rows = labelled.rows
    known = {row: details(engine, int(rows.place_ids[row])).looks_like for row in (0, len(rows) - 1)}
    assert known == {0: "", len(rows) - 1: "strawberry"}
