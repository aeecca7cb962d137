"""Keywords of other programs are found, and taken as labels where they name one class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, silent
from flowersorter.photos.xmp.keywords import Field, entries_of
from flowersorter.photos.xmp.splice import merged
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.keyword_labels import (
    FindKeywordsRequest,
    FoundKeyword,
    FoundKeywords,
    TakeKeywordsRequest,
    find_keywords,
    take_keywords,
)
from flowersorter.workflows.exchange.label_import.take_labels import TakenLabels, restore_labels
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from tests.drawing import RED, textured
from tests.unit.photos.xmp_documents import LIGHTROOM
from tests.unit.sorting.failing_disks import unlistable
from tests.unit.workflows.conftest import draw_photos


def _give(photo: Path, *names: str) -> None:
    data = None
    for name in names:
        data = merged(data, entries_of(name)).data
    assert data is not None
    photo.with_name(f"{photo.name}.xmp").write_bytes(data)


def _found(engine: Engine, folder: Path) -> FoundKeywords:
    predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
    return find_keywords(engine, FindKeywordsRequest(folder), silent, CancelToken())


def _taken(engine: Engine, found: FoundKeywords, chosen: Mapping[str, str] | None = None) -> TakenLabels:
    return take_keywords(engine, TakeKeywordsRequest(found, chosen), silent, CancelToken())


def _by_name(found: FoundKeywords, taken: TakenLabels) -> dict[str, str]:
    return {found.paths[photo_id].name: name for photo_id, name in taken.labels.items()}


def test_the_deepest_class_that_a_keyword_names_wins(engine: Engine, tmp_path: Path) -> None:
    for name in ("Rosa", "Rosa/canina", "Lily"):
        engine.collection.classes.add(name)
    photos = draw_photos(tmp_path / "photos", "red", 6)
    for photo, names in zip(
        photos,
        (["Rosa/canina"], ["plants/Lily"], ["Rosa/gallica"], ["LILY", "holiday"], ["Lily", "Rosa"], ["holiday"]),
        strict=True,
    ):
        _give(photo, *names)
    found = _found(engine, tmp_path / "photos")
    taken = _taken(engine, found)
    assert _by_name(found, taken) == {
        "red_0.jpg": "Rosa/canina",
        "red_1.jpg": "Lily",
        "red_2.jpg": "Rosa",
        "red_3.jpg": "Lily",
    }
    assert [(path.name, set(names)) for path, names in taken.ambiguous] == [("red_4.jpg", {"Lily", "Rosa"})]
    assert FoundKeyword("holiday", "", 2, 2) in found.keywords
    restore_labels(engine.collection, taken)
    assert engine.collection.labels.all() == {}


def test_a_chosen_keyword_becomes_a_class_and_labels_stay(engine: Engine, tmp_path: Path) -> None:
    photos = draw_photos(tmp_path / "photos", "red", 2)
    for photo in photos:
        _give(photo, "Rosa/canina")
    found = _found(engine, tmp_path / "photos")
    mine = engine.collection.classes.resolve("Mine", ClassOrigin.PERSON)
    photo_id = next(each for each, path in found.paths.items() if path == photos[0])
    assign(engine.collection, [photo_id], mine.id)
    assert _taken(engine, found).labels == {}
    taken = _taken(engine, found, {"rosa/CANINA": "Dog rose"})
    assert _by_name(found, taken) == {"red_1.jpg": "Dog rose"}
    assert taken.kept == 1
    assert engine.collection.labels.get([photo_id])[photo_id].class_id == mine.id


def test_keywords_in_photos_and_in_every_sidecar_count(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    textured(colour=RED, seed=1).save(folder / "a.jpg", xmp=LIGHTROOM.encode())
    (folder / "a.xmp").write_bytes(merged(None, {Field.HIERARCHICAL: ("Rosa|canina",)}).data)
    (folder / "a.jpg.xmp").write_bytes(merged(None, {Field.SUBJECT: ("Lily",)}).data)
    textured(colour=RED, seed=2).save(folder / "b.jpg")
    (folder / "b.xmp").write_bytes(b"broken")
    found = _found(engine, folder)
    [names] = found.by_photo.values()
    assert set(names) == {"Rosa/canina", "Lily", "trip/holiday", "Rosa & friends"}
    assert found.photos == 2
    assert found.problems == ((folder / "b.xmp", "it is damaged or not XMP"),)


def test_reading_can_be_stopped(engine: Engine, tmp_path: Path) -> None:
    draw_photos(tmp_path / "photos", "red", 2)
    _found(engine, tmp_path / "photos")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        find_keywords(engine, FindKeywordsRequest(tmp_path / "photos"), silent, cancel)


def test_a_folder_that_cannot_be_listed_is_named_once(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "photos"
    for photo in draw_photos(folder, "red", 2):
        _give(photo, "Rosa")
    _found(engine, folder)
    unlistable(monkeypatch, folder, 2)
    found = find_keywords(engine, FindKeywordsRequest(folder), silent, CancelToken())
    assert found.problems == ((folder, "the drive cannot read it"),)
    assert not found.by_photo
