"""Classes that were merged, deleted or renamed are again what they were, with everything they had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import ClassRefused
from flowersorter.library.database.connection import Database
from flowersorter.library.tables.answers import AnswerTable
from flowersorter.library.tables.classes import ClassTable
from flowersorter.library.tables.labels import LabelTable, ReviewedLabels

TABLES = ("classes", "class_aliases", "labels", "kept_labels", "rejected_classes", "marks")
PHOTOS = tuple(range(1, 7))


class Books:
    """The tables that classes stand in."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.classes, self.labels, self.kept = ClassTable(database), LabelTable(database), ReviewedLabels(database)
        self.answers = AnswerTable(database)

    def written(self) -> dict[str, Any]:
        """Everything that stands there."""
        found: dict[str, Any] = {
            table: sorted(map(tuple, self.database.query(f"SELECT * FROM {table}"))) for table in TABLES
        }
        return found | {"deleted": self.classes._deleted()}

    def ids(self) -> list[int]:
        return [each.id for each in self.classes.all()]


def books_in(folder: Path) -> Books:
    database = Database(folder / "library.sqlite")
    with database.transaction() as connection:
        connection.executemany(
            "INSERT INTO photos (id, sha256, size_bytes, width_px, height_px) VALUES (?, ?, 1, 1, 1)",
            [(photo_id, bytes([photo_id])) for photo_id in PHOTOS],
        )
        connection.executemany(
            "INSERT INTO places (path, photo_id, size_bytes, mtime_ns) VALUES (?, ?, 1, 1)",
            [(b"/photos/%d.jpg" % photo_id, photo_id) for photo_id in PHOTOS],
        )
    return Books(database)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = books_in(tmp_path)
    yield made
    made.database.close()


# -- by one example each


@pytest.mark.parametrize("merged", [True, False])
def test_a_removed_class_comes_back_as_it_was(books: Books, merged: bool) -> None:
    classes, labels = books.classes, books.labels
    ash, birch, cedar = (classes.add(name) for name in ("ash", "birch", "cedar"))
    classes.rename(birch.id, "silver birch")
    labels.assign(PHOTOS[:2], birch.id, LabelOrigin.PERSON)
    labels.assign(PHOTOS[2:4], birch.id, LabelOrigin.FOLDER)
    labels.assign(PHOTOS[4:], cedar.id, LabelOrigin.PERSON)
    books.kept.add(PHOTOS[0], birch.id, ash.id)
    books.kept.add(PHOTOS[5], cedar.id, birch.id)
    before = books.written()
    removed = classes.merge(birch.id, cedar.id) if merged else classes.delete(birch.id)
    assert removed is not None
    assert sorted(removed.photo_ids) == list(PHOTOS[:4])
    assert classes.meant_by(["birch"]) == [cedar.id if merged else 0]
    classes.restore(removed)
    assert books.written() == before
    assert classes.meant_by(["birch", "Silver Birch", "cedar"]) == [birch.id, birch.id, cedar.id]


@pytest.mark.parametrize("merged", [True, False])
def test_what_was_said_since_stays(books: Books, merged: bool) -> None:
    classes, labels = books.classes, books.labels
    ash, birch, cedar = (classes.add(name) for name in ("ash", "birch", "cedar"))
    labels.assign(PHOTOS[:3], birch.id, LabelOrigin.PERSON)
    removed = classes.merge(birch.id, cedar.id) if merged else classes.delete(birch.id)
    assert removed is not None
    labels.assign(PHOTOS[:1], ash.id, LabelOrigin.PERSON)
    classes.restore(removed)
    assert labels.counts() == {ash.id: 1, birch.id: 2}


def test_where_the_name_is_taken_by_now_nothing_comes_back(books: Books) -> None:
    ash = books.classes.add("ash")
    books.labels.assign(PHOTOS, ash.id, LabelOrigin.PERSON)
    removed = books.classes.delete(ash.id)
    assert removed is not None
    books.classes.add("Ash")
    before = books.written()
    with pytest.raises(ClassRefused, match="already a class “Ash”"):
        books.classes.restore(removed)
    assert books.written() == before


def test_a_class_of_a_model_is_the_models_again(books: Books) -> None:
    ash, birch = (books.classes.add(name, ClassOrigin.MODEL) for name in ("ash", "birch"))
    removed = books.classes.merge(ash.id, birch.id)
    assert [each.origin for each in books.classes.all()] == [ClassOrigin.PERSON]
    books.classes.restore(removed)
    assert books.classes.all() == [ash, birch]
    removed = books.classes.merge(ash.id, birch.id)
    books.classes.rename(birch.id, "silver birch")
    books.classes.restore(removed)
    assert [each.origin for each in books.classes.all()] == [ClassOrigin.MODEL, ClassOrigin.PERSON]


def test_a_class_that_is_gone_has_nothing_to_come_back(books: Books) -> None:
    assert books.classes.delete(999) is None


def test_a_class_that_was_renamed_has_its_old_name_again_and_only_that(books: Books) -> None:
    classes = books.classes
    ash = classes.add("ash", ClassOrigin.MODEL)
    classes.delete(classes.add("elm").id)
    before = books.written()
    renamed = classes.rename(ash.id, "Elm")
    assert classes.meant_by(["ash", "elm"]) == [ash.id, ash.id]
    classes.rename_back(renamed)
    assert books.written() == before
    assert classes.meant_by(["ash", "elm"]) == [ash.id, 0]
    renamed = classes.rename(ash.id, "Elm")
    classes.add("ash")
    with pytest.raises(ClassRefused, match="already a class “ash”"):
        classes.rename_back(renamed)


# -- whatever was done before

DEEDS = st.tuples(
    st.sampled_from(
        (
            "add",
            "add for a model",
            "rename",
            "label",
            "label by folder",
            "keep",
            "reject",
            "not mine",
            "delete",
            "merge",
        )
    ),
    st.integers(0, 5),
    st.integers(0, 5),
)
CHANGES = st.tuples(st.sampled_from(("merge", "delete", "rename")), st.integers(0, 5), st.integers(0, 5))


def do(books: Books, action: str, first: int, second: int) -> None:
    """Do something to the classes, chosen by numbers; nothing where it cannot be done."""
    classes, ids = books.classes, books.ids()
    name = f"class {second}"
    one, other = (ids[number % len(ids)] if ids else 0 for number in (first, second))
    try:
        match action:
            case "add":
                classes.add(name)
            case "add for a model":
                classes.add(name, ClassOrigin.MODEL)
            case "rename":
                classes.rename(one, name)
            case "label" if ids:
                books.labels.assign(PHOTOS[:second], one, LabelOrigin.PERSON)
            case "label by folder" if ids:
                books.labels.assign(PHOTOS[second:], one, LabelOrigin.FOLDER)
            case "keep" if ids:
                books.kept.add(PHOTOS[first], one, other)
            case "reject" if ids:
                books.answers.put({PHOTOS[first]: PhotoAnswers(frozenset((one, other)))})
            case "not mine":
                books.answers.put({PHOTOS[first]: PhotoAnswers(mark=Mark.NOT_MINE)})
            case "delete":
                classes.delete(one)
            case "merge":
                classes.merge(one, other)
    except ClassRefused:
        pass


def change(books: Books, kind: str, first: int, second: int) -> Callable[[], None] | None:
    """Change a class, chosen by numbers; returns what takes it back, None where it cannot be changed."""
    classes, ids = books.classes, books.ids()
    one = ids.pop(first % len(ids))
    if kind == "rename":
        try:
            renamed = classes.rename(one, f"Class {second}")
        except ClassRefused:
            return None
        return lambda: classes.rename_back(renamed)
    removed = classes.merge(one, ids[second % len(ids)]) if kind == "merge" else classes.delete(one)
    assert removed is not None
    return lambda: classes.restore(removed)


@settings(max_examples=150)
@given(before=st.lists(DEEDS, min_size=5, max_size=25), changes=st.lists(CHANGES, min_size=1, max_size=5))
def test_changes_are_undone_one_after_the_other(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[str, int, int]],
    changes: list[tuple[str, int, int]],
) -> None:
    books = books_in(tmp_path_factory.mktemp("collection"))
    for action in before:
        do(books, *action)
    done: list[tuple[dict[str, Any], Callable[[], None]]] = []
    for each in changes:
        if len(books.ids()) < 2:
            break
        written, take_back = books.written(), change(books, *each)
        if take_back is not None:
            done.append((written, take_back))
    for written, take_back in reversed(done):
        take_back()
        assert books.written() == written
    books.database.close()
