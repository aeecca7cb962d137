"""Labels of class folders: written in chunks that let other threads in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.labelling import folder_labels
from flowersorter.workflows.labelling.folder_labels import label_by_known_folders


def read_photos(collection: CollectionStore, folder: Path, count: int) -> None:
    """Store photos as read, without any file."""
    places = collection.photos.sync_folder(folder, [(folder / f"{at}.jpg", 10, 10) for at in range(count)])
    collection.photos.record(
        [ReadRecord(place.id, place.id.to_bytes(32, "big"), 10, 10, 4, 3, None, None) for place in places]
    )


def test_labels_of_known_folders_are_committed_in_chunks(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = engine.collection
    collection.classes.resolve("daisy", ClassOrigin.PERSON)
    read_photos(collection, tmp_path / "daisy", 25)
    places = collection.photos.places_under(tmp_path)
    committed: list[int] = []
    write = folder_labels.label_by_names

    def watched(*arguments: object) -> int:
        committed.append(sum(collection.labels.counts().values()))
        assert not collection.database._connection.in_transaction  # a reader gets its turn
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(folder_labels, "label_by_names", watched)
    monkeypatch.setattr(folder_labels, "_LABELS_AT_ONCE", 10)
    assert label_by_known_folders(collection, tmp_path, places, ()) == 25
    assert committed == [0, 10, 20]
    assert len(collection.labels.all()) == 25
