"""A new class and its labels are one step: both are stored, or neither."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QApplication

from flowersorter.errors import UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.ui.classes import class_commands
from flowersorter.ui.classes.class_commands import NewClassCommand
from flowersorter.ui.labels.label_commands import LabelContext
from flowersorter.workflows.labelling.pending_labels import PendingLabels


@pytest.fixture(autouse=True)
def no_library_in_the_gui_thread() -> None:
    """Off: the test runs here what the library's own thread runs in the program."""


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    with CollectionStore.open(tmp_path / "collection") as opened:
        yield opened


def photo(collection: CollectionStore) -> int:
    """A photo that was read."""
    place_id = collection.photos.add_place(Path("/photos/1.jpg"), None, 1, 1)
    (photo_id,) = collection.photos.record([ReadRecord(place_id, b"1" * 32, 1, 1, 10, 10, None, None)])
    return photo_id


def refuse(*_: object) -> None:
    raise UserError("Not saved", "the disk is full")


def test_a_new_class_goes_and_comes_back_together_with_its_labels(
    collection: CollectionStore, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    del qapp
    made, one = collection.classes.add("ash"), photo(collection)
    nothing = cast(Any, None)
    context = LabelContext(
        nothing, QUndoStack(), PendingLabels(collection), nothing, nothing, nothing, nothing, nothing, nothing, nothing
    )
    command = NewClassCommand(context, collection, made, [one], [], "New class")
    command.apply()

    def state() -> tuple[bool, bool]:
        return collection.classes.find("ash") is not None, one in collection.labels.get([one])

    assert state() == (True, True)
    with monkeypatch.context() as full:
        full.setattr(class_commands, "take_out_class", refuse)
        with pytest.raises(UserError):
            command.revert()
    assert state() == (True, True)
    command.revert()  # it knows that the step is still in force
    assert state() == (False, False)
    with monkeypatch.context() as full:
        full.setattr(type(collection.labels), "assign_many", refuse)
        with pytest.raises(UserError):
            command.apply()
    assert state() == (False, False)
    command.apply()
    assert state() == (True, True)
