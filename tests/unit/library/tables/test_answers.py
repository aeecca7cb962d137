"""Rejected classes and marks: stored, never beside a label that contradicts them, and kept with their photo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import NO_ANSWERS, Mark, PhotoAnswer, PhotoAnswers
from flowersorter.errors import UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import MIGRATIONS
from flowersorter.library.tables.edited_photos import copy_answers

PHOTOS = (1, 2, 3, 7)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    """A collection with four photos at one place each, and the classes daisy (1), rose (2) and tulip (3)."""
    with CollectionStore.open(tmp_path) as opened:
        fill(opened.database)
        for name in ("daisy", "rose", "tulip"):
            opened.classes.add(name)
        yield opened


def fill(database: Database) -> None:
    with database.transaction() as connection:
        connection.executemany(
            "INSERT INTO photos (id, sha256, size_bytes, width_px, height_px) VALUES (?, ?, 1, 1, 1)",
            [(photo_id, bytes([photo_id])) for photo_id in PHOTOS],
        )
        connection.executemany(
            "INSERT INTO places (path, photo_id, size_bytes, mtime_ns) VALUES (?, ?, 1, 1)",
            [(b"/photos/%d.jpg" % photo_id, photo_id) for photo_id in PHOTOS],
        )


def rejecting(*class_ids: int, mark: Mark = Mark.NONE) -> PhotoAnswers:
    return PhotoAnswers(frozenset(class_ids), mark)


def test_answers_are_stored_and_replaced_and_the_former_ones_returned(collection: CollectionStore) -> None:
    table = collection.answers
    assert table.put({1: rejecting(1, 3), 7: rejecting(mark=Mark.NOT_MINE)}) == {1: NO_ANSWERS, 7: NO_ANSWERS}
    assert table.get([1, 2, 3, 7, 99]) == {1: rejecting(1, 3), 7: rejecting(mark=Mark.NOT_MINE)}
    assert table.get([2, 3]) == {}
    assert table.put({1: rejecting(2), 7: NO_ANSWERS}) == {1: rejecting(1, 3), 7: rejecting(mark=Mark.NOT_MINE)}
    assert table.get(PHOTOS) == {1: rejecting(2)}


def test_a_label_removes_the_answers_that_contradict_it_and_keeps_the_others(collection: CollectionStore) -> None:
    collection.answers.put({1: rejecting(1, 2, mark=Mark.NOT_MINE), 2: rejecting(1)})
    collection.labels.assign([1], 1, LabelOrigin.PERSON)
    assert collection.answers.get(PHOTOS) == {1: rejecting(2), 2: rejecting(1)}


def test_an_answer_removes_the_label_that_contradicts_it_and_keeps_the_others(collection: CollectionStore) -> None:
    collection.labels.assign(PHOTOS, 1, LabelOrigin.FOLDER)
    marks = {2: rejecting(mark=Mark.NOT_MINE), 3: rejecting(mark=Mark.DONT_KNOW)}
    collection.answers.put({1: rejecting(1), 7: rejecting(2), **marks})
    assert set(collection.labels.all()) == {7}


def test_an_answer_about_a_class_that_is_gone_changes_nothing(collection: CollectionStore) -> None:
    collection.answers.put({1: rejecting(2)})
    with pytest.raises(UserError, match="The answers could not be changed: a class or a photo is not in the library"):
        collection.answers.put({1: rejecting(99)})
    with pytest.raises(UserError, match="The answers could not be changed: a class or a photo is not in the library"):
        collection.answers.put({10**9: rejecting(mark=Mark.NOT_MINE)})
    assert collection.answers.get([1]) == {1: rejecting(2)}


def test_marks_of_photos_that_are_gone_do_not_count(collection: CollectionStore) -> None:
    collection.answers.put(dict.fromkeys(PHOTOS, rejecting(mark=Mark.NOT_MINE)))
    with collection.database.transaction() as connection:
        connection.execute("UPDATE places SET missing = 2 WHERE photo_id = 2")  # deleted
        connection.execute("UPDATE places SET missing = 1 WHERE photo_id = 3")  # perhaps with its drive
    assert collection.answers.marked(Mark.NOT_MINE) == [1, 3, 7]
    assert collection.answers.marked(Mark.DONT_KNOW) == []


def test_a_merged_class_is_rejected_where_either_was_and_a_split_restores_both(collection: CollectionStore) -> None:
    before = {1: rejecting(1), 2: rejecting(2), 3: rejecting(2, 3)}
    collection.answers.put(before)
    collection.labels.assign([2], 1, LabelOrigin.PERSON)
    removed = collection.classes.merge(1, 2)
    assert collection.answers.get(PHOTOS) == {1: rejecting(2), 3: rejecting(2, 3)}  # the label of 2 is class 2 now
    collection.classes.restore(removed)
    assert collection.answers.get(PHOTOS) == before


def test_a_class_of_a_model_that_was_rejected_stays(collection: CollectionStore) -> None:
    [aster, lily] = collection.classes.meant_by(["aster", "lily"])
    collection.answers.put({1: rejecting(aster)})
    collection.classes.keep_model_classes(["daisy"])
    assert aster in {each.id for each in collection.classes.all()}
    assert lily not in {each.id for each in collection.classes.all()}


def test_answers_are_copied_to_a_rewritten_photo_as_far_as_it_has_none(collection: CollectionStore) -> None:
    collection.answers.put({1: rejecting(1, 2, mark=Mark.DONT_KNOW)})
    collection.labels.assign([2], 1, LabelOrigin.PERSON)
    with collection.database.transaction() as connection:
        copy_answers(connection, 1, 2)  # labelled
        copy_answers(connection, 1, 3)
    assert collection.answers.get(PHOTOS) == {
        1: rejecting(1, 2, mark=Mark.DONT_KNOW),
        2: rejecting(2),
        3: rejecting(1, 2, mark=Mark.DONT_KNOW),
    }
    with collection.database.transaction() as connection:
        copy_answers(connection, 2, 3)  # whose label contradicts what was said of 3
    assert set(collection.labels.all()) == {2}


def test_a_library_of_an_earlier_version_gets_the_tables_and_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    old = Database(file, [migration for migration in MIGRATIONS if migration[0] < 9])
    fill(old)
    old.close()
    new = Database(file)
    assert len(new.tuples("SELECT * FROM photos")) == len(PHOTOS)
    assert new.tuples("SELECT * FROM rejected_classes") == new.tuples("SELECT * FROM marks") == []
    new.close()


ANSWERS = st.builds(PhotoAnswer, st.integers(0, 3), st.sampled_from(Mark))
STEPS = st.lists(st.tuples(st.sampled_from(PHOTOS), st.integers(0, 3) | ANSWERS), max_size=12)


@settings(max_examples=15)
@given(steps=STEPS)
def test_no_label_ever_contradicts_an_answer(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int | PhotoAnswer]]
) -> None:
    with CollectionStore.open(tmp_path_factory.mktemp("answers")) as collection:
        fill(collection.database)
        for name in ("daisy", "rose", "tulip"):
            collection.classes.add(name)
        for photo_id, step in steps:
            if isinstance(step, PhotoAnswer):
                before = collection.answers.get([photo_id]).get(photo_id, NO_ANSWERS)
                collection.answers.put({photo_id: step.added_to(before)})
            elif step:
                collection.labels.assign([photo_id], step, LabelOrigin.PERSON)
            else:
                collection.labels.clear([photo_id])
            labels, answers = collection.labels.all(), collection.answers.get(PHOTOS)
            assert not any(answers.get(at, NO_ANSWERS).contradict(label.class_id) for at, label in labels.items())
