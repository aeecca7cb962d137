"""What the program kept before it was renamed and moved: a collection of version 0.1.0 opens and has lost nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from flowersorter.domain.journal import RunState
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.domain.verdict import Verdict
from flowersorter.library.collection import CollectionStore
from flowersorter.library.files.locations import default_collection, recent_collections_file
from flowersorter.library.files.recent_collections import RecentCollections, is_collection
from flowersorter.library.tables.settings import Setting
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.current_model import model_for
from flowersorter.workflows.predicting.predict_cached import predict_from_cache

OLD = Path(__file__).parents[2] / "data" / "old_garden"
HOME = Path("/home/ann")
NAMED, SPRING = HOME / "Photos/named", HOME / "Photos/spring"
FOLDER_LABELS = {
    NAMED / folder / f"IMG_000{number}.jpg": (name, LabelOrigin.FOLDER)
    for folder, name in (("asters", "asters"), ("roses", "roses"), ("tulips", "Tulpen"))
    for number in (1, 2, 3)
}
PERSON_LABELS = {
    SPRING / f"IMG_0{number}.jpg": (name, LabelOrigin.PERSON)
    for number, name in ((100, "roses"), (104, "asters"), (105, "asters"), (110, "Löwenzahn"), (111, "Löwenzahn"))
}
FILED = {
    100: "roses",
    101: "roses",
    102: "Tulpen",
    103: "Tulpen",
    104: "asters",
    105: "asters",
    110: "Löwenzahn",
    111: "Löwenzahn",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the old collection."""
    return Path(shutil.copytree(OLD, tmp_path / "old"))


@pytest.fixture
def collection(folder: Path) -> Iterator[CollectionStore]:
    with CollectionStore.open(folder) as opened:
        yield opened


def photo_at(collection: CollectionStore, path: Path) -> int:
    """Id of the photo at a place."""
    places = collection.photos.all_places()
    return next(int(photo) for each, photo in zip(places.paths, places.photo_ids, strict=True) if each == path)


def class_id(collection: CollectionStore, name: str) -> int:
    found = collection.classes.find(name)
    assert found is not None
    return found.id


def test_it_is_what_version_0_1_0_wrote(folder: Path) -> None:
    library = sqlite3.connect(folder / "library.sqlite")
    try:
        assert library.execute("PRAGMA user_version").fetchone() == (2,)
    finally:
        library.close()
    assert sum(file.stat().st_size for file in OLD.rglob("*")) < 300_000
    assert is_collection(folder)


def test_it_opens_without_a_word(collection: CollectionStore) -> None:
    assert collection.backup_problem == ""
    assert collection.journal.open_runs() == []


def test_classes_are_kept_with_their_order_and_their_old_names(collection: CollectionStore) -> None:
    assert [(each.name, each.origin) for each in collection.classes.all()] == [
        ("asters", ClassOrigin.FOLDER),
        ("roses", ClassOrigin.FOLDER),
        ("Tulpen", ClassOrigin.FOLDER),
        ("Löwenzahn", ClassOrigin.PERSON),
    ]
    meant = collection.classes.meant_by(["tulips", "blue ones", "weeds", "roses"])
    assert meant == [class_id(collection, "Tulpen"), class_id(collection, "asters"), 0, class_id(collection, "roses")]
    assert collection.classes.without_deleted(["weeds", "roses"]) == ["roses"]


def test_labels_are_kept_with_who_gave_them(collection: CollectionStore) -> None:
    names = {each.id: each.name for each in collection.classes.all()}
    labels = {photo: (names[label.class_id], label.origin) for photo, label in collection.labels.all().items()}
    expected = FOLDER_LABELS | PERSON_LABELS
    assert labels == {photo_at(collection, path): label for path, label in expected.items()}
    aster = photo_at(collection, SPRING / "IMG_0104.jpg")
    assert collection.reviewed_labels.all() == {(aster, class_id(collection, "asters"), class_id(collection, "Tulpen"))}


def test_a_label_of_an_unread_photo_is_kept(collection: CollectionStore) -> None:
    """Version 0.1 kept it among the settings."""
    places = collection.photos.all_places()
    waiting = places.paths.index(SPRING / "IMG_0120.jpg")
    assert places.photo_ids[waiting] == 0
    assert collection.pending_labels.all() == {places.ids[waiting]: class_id(collection, "roses")}


def test_places_are_kept_with_their_errors(collection: CollectionStore) -> None:
    places = collection.photos.all_places()
    spring = {*(SPRING / f"IMG_0{number}.jpg" for number in (*FILED, 112, 113, 120)), SPRING / "broken.jpg"}
    copies = {HOME / "Sorted" / name / f"IMG_0{number}.jpg" for number, name in FILED.items()}
    assert set(places.paths) == {*FOLDER_LABELS, *spring, *copies}
    errors = {path: error for path, error in zip(places.paths, places.errors, strict=True) if error is not None}
    assert errors == {SPRING / "broken.jpg": "the file is cut off"}
    photo = collection.photos.photo(photo_at(collection, NAMED / "roses/IMG_0001.jpg"))
    assert (photo.width_px, photo.height_px, photo.camera) == (96, 72, "Acme One")


def test_the_journal_is_kept(collection: CollectionStore) -> None:
    undone, done = collection.journal.runs()
    assert (done.id, done.mode, done.destination, done.state) == (1, "copy", HOME / "Sorted", RunState.DONE)
    assert (done.photos, done.undone, done.failed, done.source) == (8, 0, 0, SPRING)
    assert (undone.id, undone.mode, undone.destination, undone.state) == (2, "move", HOME / "Other", RunState.UNDONE)
    assert (undone.photos, undone.undone, undone.failed, undone.source) == (8, 8, 0, SPRING)
    for run, top in ((done, "Sorted"), (undone, "Other")):
        assert {(entry.source, entry.destination) for entry in collection.journal.filings(run.id)} == {
            (SPRING / f"IMG_0{number}.jpg", HOME / top / name / f"IMG_0{number}.jpg") for number, name in FILED.items()
        }
    made = {each.path for each in collection.journal.folders(HOME / "Sorted")}
    assert made == {HOME / "Sorted", *(HOME / "Sorted" / name for name in FILED.values())}


def test_models_are_kept_and_can_be_read(collection: CollectionStore) -> None:
    newest, first = collection.models.all()
    assert (first.id, first.note, first.photos, first.current) == (1, "first", 9, False)
    assert first.classes == ("asters", "roses", "tulips")
    assert (newest.id, newest.note, newest.photos, newest.current) == (2, "with dandelions", 14, True)
    assert newest.classes == ("asters", "roses", "tulips", "Löwenzahn")
    assert (newest.backbone, newest.held_out_accuracy) == ("resnet18", 1.0)
    for entry in (newest, first):
        arrays, metadata = collection.models.load(entry.id)
        assert arrays["weight"].shape == (len(entry.classes), 512)
        assert metadata["class_names"] == list(entry.classes)
        assert metadata["photos"] == entry.photos


def test_predictions_are_those_of_then(collection: CollectionStore) -> None:
    engine = Engine(collection)
    model = model_for(engine, "resnet18")
    assert model is not None
    predictions = predict_from_cache(engine, model.model, collection.photos.ids())
    names = {each.id: each.name for each in collection.classes.all()}
    best = predictions.probabilities.argmax(axis=1)
    found = {
        int(photo): (names[int(predictions.class_ids[column])], Verdict(int(verdict)))
        for photo, column, verdict in zip(predictions.photo_ids, best, predictions.verdicts, strict=True)
    }
    expected = {path: (name, Verdict.SURE) for path, (name, _origin) in (FOLDER_LABELS | PERSON_LABELS).items()}
    expected |= {SPRING / f"IMG_0{number}.jpg": (name, Verdict.SURE) for number, name in FILED.items()}
    expected |= {
        SPRING / "IMG_0112.jpg": ("Löwenzahn", Verdict.UNKNOWN),
        SPRING / "IMG_0113.jpg": ("roses", Verdict.UNKNOWN),
    }
    assert found == {photo_at(collection, path): prediction for path, prediction in expected.items()}
    doubtful = predictions.locate(
        np.array([photo_at(collection, SPRING / f"IMG_0{number}.jpg") for number in (112, 113)])
    )
    assert predictions.probabilities[doubtful].max(axis=1) == pytest.approx([0.5432, 0.9171], abs=0.002)


def test_settings_are_kept(collection: CollectionStore) -> None:
    kept = {
        "backbone": "resnet18",
        "cache_limit_mb": 2000,
        "deleted classes": ["weeds"],
        "device": "cpu",
        "export folder": "/home/ann/Documents",
        "folder": "/home/ann/Photos/spring",
        "inspector": False,
        "learn from unlabelled photos": False,
        "order": "name",
        "recent folders": ["/home/ann/Photos/spring", "/home/ann/Photos/named"],
        "sort choices": {"destination": "/home/ann/Sorted", "mode": "copy", "include": "all", "aside": ""},
        "sure_promise": 0.95,
        "tile size": 180,
    }
    assert {key: collection.settings.get(Setting(key, type(value)())) for key, value in kept.items()} == kept


def test_the_usual_place_of_then_is_still_found(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLOWERSORTER_COLLECTION", raising=False)
    shutil.copytree(OLD, data_folder / "garden")
    with CollectionStore.open(default_collection()) as collection:
        assert len(collection.models.all()) == 2


def test_the_variable_of_then_still_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLOWERSORTER_COLLECTION", raising=False)
    monkeypatch.setenv("FLOWERSORTER_GARDEN", str(folder))
    assert default_collection() == folder


def test_the_list_of_then_is_still_read(data_folder: Path, folder: Path) -> None:
    data_folder.mkdir(parents=True)
    (data_folder / "gardens.json").write_text(f'["{folder.as_posix()}", "/home/ann/gone"]', encoding="utf-8")
    assert RecentCollections(recent_collections_file()).all() == [folder]
