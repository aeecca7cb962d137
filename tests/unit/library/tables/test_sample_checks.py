"""The tables of checked samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import MIGRATIONS
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.library.tables.sample_checks import SampleCheckTable, StoredSample


@pytest.fixture
def photo_ids(collection: CollectionStore) -> list[int]:
    """Two photos that were read."""
    places = collection.photos.sync_folder(Path("/p"), [(Path(f"/p/{i}.jpg"), 1, 1) for i in range(2)])
    return collection.photos.record(
        [ReadRecord(place.id, bytes([place.id]) * 32, 1, 1, 10, 10, None, None) for place in places]
    )


def sample(*photo_ids: int, roots: tuple[Path, ...] = (Path("/p"),)) -> StoredSample:
    ids = np.array(photo_ids, np.int64)
    return StoredSample(0, roots, "all", "resnet50/starter", ids, np.arange(len(ids), dtype=np.int32), ids + 10)


def test_a_sample_is_found_again_as_it_was_drawn(collection: CollectionStore, photo_ids: list[int]) -> None:
    table = collection.sample_checks
    added = table.add(sample(photo_ids[1], photo_ids[0], roots=(Path("/p"), Path("/a"))))
    found = table.find((Path("/a"), Path("/p")), "all")  # whatever the order of the folders
    assert found is not None
    assert (found.id, found.model, found.started_at) == (added.id, "resnet50/starter", added.started_at)
    assert found.photo_ids.tolist() == [photo_ids[1], photo_ids[0]]
    assert found.class_ids.tolist() == [0, 1]
    assert found.other_ids.tolist() == [photo_ids[1] + 10, photo_ids[0] + 10]
    assert table.find((Path("/p"),), "all") is None
    assert table.find((Path("/p"), Path("/a")), "sure") is None


def test_a_withdrawn_sample_is_not_found(collection: CollectionStore, photo_ids: list[int]) -> None:
    table = collection.sample_checks
    table.withdraw(table.add(sample(*photo_ids)).id, "the suggestions have changed since")
    assert table.find((Path("/p"),), "all") is None
    assert table.add(sample(*photo_ids)).id == 2


def test_answers_are_replaced_and_taken_back(collection: CollectionStore, photo_ids: list[int]) -> None:
    table = collection.sample_checks
    number = table.add(sample(*photo_ids)).id
    table.set_answer(number, photo_ids[0], CheckAnswer.RIGHT)
    table.set_answer(number, photo_ids[1], CheckAnswer.SKIPPED)
    table.set_answer(number, photo_ids[0], CheckAnswer.WRONG)
    assert table.answers(number) == {photo_ids[0]: CheckAnswer.WRONG, photo_ids[1]: CheckAnswer.SKIPPED}
    table.set_answer(number, photo_ids[1], None)
    assert table.answers(number) == {photo_ids[0]: CheckAnswer.WRONG}
    assert table.answers(number + 1) == {}


def test_an_older_library_gets_the_tables(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    Database(file, [migration for migration in MIGRATIONS if migration[0] < 8]).close()
    new = Database(file)
    assert SampleCheckTable(new).find((Path("/p"),), "all") is None
    assert new.query("PRAGMA user_version")[0][0] == MIGRATIONS[-1][0]
    new.close()
