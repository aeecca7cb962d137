"""A folder that is known already: no decoding, no network, and a fixed number of questions to the library."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.photos.scan import scan
from flowersorter.vision.backbone.registry import DEFAULT, Backbone
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import Scores, score
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import Coordinates
from flowersorter.vision.features.views import CENTRE
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.sort import SortRequest, plan_sort
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import starter
from flowersorter.workflows.predicting import extra_views, ingest
from flowersorter.workflows.predicting.features import feature_cache
from flowersorter.workflows.predicting.network_loader import Embeds
from flowersorter.workflows.predicting.photo_details import details, folder_rows, predictions_for
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult, predict_folder
from tests.stub_network import WIDTH, ColourNetwork
from tests.unit.library.conftest import sha256_of
from tests.unit.workflows.conftest import draw_photos

FEW, MANY = 40, 1500


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any photo that is opened, and any picture that is decoded, fails the test."""

    def refuse(*_args: object, **_options: object) -> object:
        raise AssertionError("a photo was read although nothing is new")

    monkeypatch.setattr(ingest, "read_photo", refuse)
    monkeypatch.setattr(extra_views, "read_photo", refuse)
    monkeypatch.setattr(extra_views, "read_small", refuse)


def no_network(backbone: Backbone, device: str) -> Embeds:
    raise AssertionError(f"the network {backbone.name} was opened on {device} although nothing is new")


def known_folder(collection: CollectionStore, folder: Path, count: int) -> Path:
    """A folder of files no one could decode, of which the library knows everything; every tenth photo is labelled."""
    for number in range(count):
        path = folder / f"day {number // 100}" / f"IMG_{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"photo %d" % number)
    places = collection.photos.sync_folder(folder, scan(folder, CancelToken()).photos.columns())
    hashes = [sha256_of(int(place.path.stem.removeprefix("IMG_"))) for place in places]
    reads = [
        ReadRecord(place.id, sha256, place.size_bytes, place.mtime_ns, 40, 30, None, None)
        for place, sha256 in zip(places, hashes, strict=True)
    ]
    photo_ids = collection.photos.record(reads)
    embeddings = np.random.default_rng(0).gamma(0.5, 1, (count, WIDTH)).astype(np.float16)
    collection.embeddings(DEFAULT).append(hashes, CENTRE, embeddings)
    # The classes of the starter are there after the first look at any folder.
    class_ids = collection.classes.meant_by(starter().model.class_names)
    collection.labels.assign_many({photo_id: Label(class_ids[0], LabelOrigin.PERSON) for photo_id in photo_ids[::10]})
    return folder


@contextmanager
def statements(collection: CollectionStore) -> Iterator[list[str]]:
    """The SQL statements that are run meanwhile."""
    run: list[str] = []
    with collection.database.transaction() as connection:
        connection.set_trace_callback(run.append)
    try:
        yield run
    finally:
        with collection.database.transaction() as connection:
            connection.set_trace_callback(None)


def look_at(engine: Engine, folder: Path) -> PredictFolderResult:
    engine.open_network = no_network
    return predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())


@pytest.mark.usefixtures("untouched")
def test_the_library_is_not_asked_more_often_for_many_photos_than_for_few(tmp_path: Path) -> None:
    asked: dict[str, list[int]] = {"first": [], "all": [], "guesses": [], "details": [], "plan": []}
    for count in (FEW, MANY):
        with Engine(CollectionStore.open(tmp_path / f"collection {count}"), no_network) as engine:
            folder = known_folder(engine.collection, tmp_path / f"photos {count}", count)
            with statements(engine.collection) as run:
                rows = folder_rows(engine, folder)
            asked["first"].append(len(run))
            with statements(engine.collection) as run:
                result = look_at(engine, folder)
            asked["all"].append(len(run))
            with statements(engine.collection) as run:
                predictions_for(engine, rows.photo_ids)
            asked["guesses"].append(len(run))
            with statements(engine.collection) as run:
                found = details(engine, int(rows.place_ids[5]))
            asked["details"].append(len(run))
            with statements(engine.collection) as run:
                plan = plan_sort(engine, SortRequest(folder, tmp_path / "sorted"), silent, CancelToken())
            asked["plan"].append(len(run))
        assert len(rows) == len(result.rows) == len(plan.files) + len(plan.skipped) == count
        assert result.decoded == 0
        assert (result.rows.class_ids > 0).all()
        assert int((rows.label_ids > 0).sum()) == count // 10
        assert len(found.neighbours) == 3
    assert all(many <= few for few, many in asked.values()), asked
    assert asked["first"][0] <= 12  # the places are asked for twice: the root itself, then the files below it
    assert (
        asked["all"][0] <= 66
    )  # also for scan options, files without a picture, answers, a checked sample, and the folder itself


@pytest.mark.usefixtures("untouched")
def test_a_photo_is_looked_at_without_reading_all_others_from_the_disk(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_cache, "_WORTH_KEEPING", 10)
    folder = known_folder(engine.collection, tmp_path / "photos", 200)
    rows = folder_rows(engine, folder)
    details(engine, int(rows.place_ids[0]))
    read: list[int] = []
    real = EmbeddingStore.get

    def get(store: EmbeddingStore, hashes: Sequence[bytes], view: str) -> tuple[NDArray[np.float16], NDArray[np.intp]]:
        read.append(len(hashes))
        return real(store, hashes, view)

    monkeypatch.setattr(EmbeddingStore, "get", get)
    details(engine, int(rows.place_ids[1]))
    assert sum(read) == 0


@pytest.mark.usefixtures("untouched")
def test_a_photo_is_scored_once_while_its_folder_is_opened(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For its row, for the unknown photos, for the terms of the folder, and for the predictions of the result."""
    scored: list[int] = []

    def count(model: Model, features: Features, coordinates: Coordinates) -> Scores:
        scored.append(len(features))
        return score(model, features, coordinates)

    monkeypatch.setattr(feature_cache, "score", count)
    folder = known_folder(engine.collection, tmp_path / "photos", MANY)
    folder_rows(engine, folder)
    look_at(engine, folder)
    assert sum(scored) == MANY
    predictions_for(engine, engine.collection.photos.ids())
    assert sum(scored) == MANY


def test_a_photo_edited_outside_is_another_photo(engine: Engine, photos: Path) -> None:
    """Size or time of change tell, then the hash: it is read again, and what was said of the old one stays there."""
    before = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    edited, untouched = photos / "2026" / "red_3.jpg", photos / "2026" / "red_4.jpg"
    old = int(before.photo_ids[before.paths.index(edited)])
    rose = engine.collection.classes.add("Rose at the gate")
    assign(engine.collection, [old], rose.id)
    old_bytes = edited.read_bytes()
    drawn = draw_photos(photos / "drawn", "yellow", 1)[0]
    shutil.copyfile(drawn, edited)
    shutil.rmtree(drawn.parent)

    network = ColourNetwork()
    engine.open_network = lambda _b, _d: network
    result = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    row = result.rows.paths.index(edited)
    new = int(result.rows.photo_ids[row])
    assert result.decoded == 1
    assert new != old
    assert result.rows.place_ids[row] == before.place_ids[before.paths.index(edited)]
    new_hash, old_hash = engine.collection.photos.photo(new).sha256, engine.collection.photos.photo(old).sha256
    store = engine.collection.embeddings(DEFAULT)
    assert store.missing([new_hash, old_hash], CENTRE) == []
    assert not np.array_equal(store.get([new_hash], CENTRE)[0], store.get([old_hash], CENTRE)[0])
    assert network.embedded == 1
    assert result.rows.label_ids[row] == 0
    assert engine.collection.labels.get([old])[old].class_id == rose.id
    kept = result.rows.paths.index(untouched)
    assert result.rows.photo_ids[kept] == before.photo_ids[before.paths.index(untouched)]

    edited.write_bytes(old_bytes)  # as by undoing the edit in the other program
    engine.open_network = no_network
    again = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    assert int(again.photo_ids[row]) == old
    assert int(again.label_ids[row]) == rose.id


def test_a_photo_with_a_new_time_and_the_same_bytes_is_the_same_photo(engine: Engine, photos: Path) -> None:
    """As after copying a disk: the bytes are read once more, but nothing runs through the network."""
    before = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    rose = engine.collection.classes.add("Rose at the gate")
    assign(engine.collection, [int(before.photo_ids[0])], rose.id)
    for path in before.paths:
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000_000))
    engine.open_network = no_network
    after = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    assert np.array_equal(after.photo_ids, before.photo_ids)
    assert np.array_equal(after.confidences, before.confidences)
    assert int(after.label_ids[0]) == rose.id
    assert look_at(engine, photos).decoded == 0
