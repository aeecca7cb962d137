"""Label, read, undo, redo, in any order: the grid and the library have the same labels, those of the newest step."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from PySide6.QtGui import QUndoStack

from flowersorter.domain.changes import Changes
from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.labels.label_commands import LabelCommand, LabelContext
from flowersorter.ui.labels.label_view import LabelView
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.labelling.pending_labels import PendingLabels
from flowersorter.workflows.predicting.photo_details import folder_rows
from tests.qt.fake_rows import nothing_yet

T = TypeVar("T")
FOLDER = Path("/photos")
#: The photo at each place: some are the same photo, and one has a label of its class folder already.
PHOTOS = (b"one", b"one", b"other", b"third", b"third")
FROM_FOLDER = b"one"


@pytest.fixture(autouse=True)
def no_library_in_the_gui_thread() -> None:
    """Off: `SlowLibrary` runs the operations here, which the library's own thread runs in the program."""


class SlowLibrary:
    """Takes operations as the queue of the window does; runs them, and tells how they went, when it is asked to."""

    def __init__(self) -> None:
        self.operations: deque[Callable[[], None]] = deque()
        self.answers: deque[Callable[[], None]] = deque()

    def submit(
        self,
        operation: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        changes: Changes = Changes.NOTHING,
    ) -> None:
        del failed, changes
        assert done is not None
        self.operations.append(lambda: self.answers.append(partial(done, operation())))

    def work(self) -> None:
        if self.operations:
            self.operations.popleft()()

    def tell(self) -> None:
        if self.answers:
            self.answers.popleft()()

    @property
    def busy(self) -> bool:
        return bool(self.operations or self.answers)

    def rest(self) -> None:
        while self.busy:
            self.work()
            self.tell()


class LabelSteps(RuleBasedStateMachine):
    """A folder whose photos are read one by one while the person labels them and the library is slow to follow."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.collection = CollectionStore.open(Path(self.folder.name) / "collection")
        collection = self.collection
        self.classes = [collection.classes.add(name).id for name in ("rose", "tulip")]
        found = [(FOLDER / f"{number}.jpg", 1, 1) for number in range(len(PHOTOS))]
        self.places = [place.id for place in collection.photos.sync_folder(FOLDER, found)]
        known = collection.photos.add_place(Path("/elsewhere/one.jpg"), None, 1, 1)
        (photo_id,) = collection.photos.record([record(known, FROM_FOLDER)])
        self.from_folder = Label(self.classes[0], LabelOrigin.FOLDER)
        collection.labels.assign([photo_id], self.classes[0], LabelOrigin.FOLDER)
        self.model, self.pending, self.stack = PhotoModel(nothing_yet), PendingLabels(collection), QUndoStack()
        self.view, self.library = LabelView(self.model), SlowLibrary()
        self.model.set_rows(folder_rows(Engine(collection), FOLDER))
        self.read: set[int] = set()  # what the library knows is read
        self.shown: set[int] = set()  # what the window knows is read
        self.said: list[tuple[frozenset[int], int]] = []

    def teardown(self) -> None:
        self.stack.clear()  # before Python collects the commands: Qt owns them
        self.collection.close()
        self.folder.cleanup()

    @rule(at=st.sets(st.integers(0, len(PHOTOS) - 1), min_size=1), wanted=st.integers(0, 1))
    def label(self, at: set[int], wanted: int) -> None:
        """As the window does: by photo where it knows the photo, by place where it does not."""
        columns, class_id = self.model.columns, self.classes[wanted]
        rows = columns.locate([self.places[each] for each in sorted(at)]).tolist()
        known = {int(columns.photo_ids[row]): class_id for row in rows if columns.photo_ids[row]}
        unread = {int(columns.place_ids[row]): class_id for row in rows if not columns.photo_ids[row]}
        del self.said[self.stack.index() :]
        self.said.append((frozenset(at), class_id))
        self.stack.push(LabelCommand(self.context, known, unread, "label"))

    @precondition(lambda self: len(self.read) < len(PHOTOS))
    @rule(data=st.data())
    def read_a_photo(self, data: st.DataObject) -> None:
        """The job has read it, and the window has not heard of it yet."""
        at = data.draw(st.sampled_from(sorted(set(range(len(PHOTOS))) - self.read)))
        self.collection.photos.record([record(self.places[at], PHOTOS[at])])
        self.read.add(at)

    @rule()
    def hear_of_it(self) -> None:
        rows = folder_rows(Engine(self.collection), FOLDER)
        self.model.merge(rows)
        self.library.submit(partial(self.pending.found, rows.place_ids, rows.photo_ids), self.view.show)
        self.shown = set(self.read)

    @rule(times=st.integers(1, 3))
    def the_library_works(self, times: int) -> None:
        for _ in range(times):
            self.library.work()

    @rule(times=st.integers(1, 3))
    def the_window_hears_of_it(self, times: int) -> None:
        for _ in range(times):
            self.library.tell()

    @rule()
    def all_is_quiet(self) -> None:
        self.library.rest()

    @rule()
    def undo(self) -> None:
        self.stack.undo()

    @rule()
    def redo(self) -> None:
        self.stack.redo()

    @invariant()
    def the_newest_step_counts(self) -> None:
        if self.shown != self.read or self.library.busy:
            return
        in_force = self.said[: self.stack.index()]
        columns = self.model.columns
        for at, place_id in enumerate(self.places):
            twins = {each for each in self.read if PHOTOS[each] == PHOTOS[at]} if at in self.read else {at}
            wanted = next((class_id for said, class_id in reversed(in_force) if said & twins), 0)
            row = int(columns.locate([place_id])[0])
            in_grid = (int(columns.label_ids[row]), bool(columns.by_person[row]))
            place = self.collection.photos.place(place_id)
            if place.photo_id is None:
                assert self.collection.pending_labels.all().get(place_id, 0) == wanted
                assert in_grid == (wanted, wanted > 0)
            else:
                label = Label(wanted, LabelOrigin.PERSON) if wanted else None
                if not wanted and PHOTOS[at] == FROM_FOLDER:
                    label = self.from_folder
                assert self.collection.labels.get([place.photo_id]).get(place.photo_id) == label
                shown = (label.class_id, label.origin == LabelOrigin.PERSON) if label else (0, False)
                assert in_grid == shown
        assert self.pending.items() == self.collection.pending_labels.all()

    @property
    def context(self) -> LabelContext:
        def failed(error: Exception) -> None:
            raise error

        def nothing(*_asked: object) -> None:
            """No photo is filed."""

        return LabelContext(
            self.library, self.stack, self.pending, self.view, nothing, nothing, failed, nothing, nothing, nothing
        )


def record(place_id: int, photo: bytes) -> ReadRecord:
    return ReadRecord(place_id, photo.ljust(32), 1, 1, 5, 5, None, None)


TestLabelSteps = LabelSteps.TestCase
TestLabelSteps.settings = settings(
    max_examples=100, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.fixture
def steps() -> object:
    made = LabelSteps()
    yield made
    made.teardown()


def read(steps: LabelSteps, at: int, *, heard: bool) -> None:
    """The job reads a photo; the window hears of it at once, or later."""
    steps.library.rest()
    steps.read.add(at)
    steps.collection.photos.record([record(steps.places[at], PHOTOS[at])])
    if heard:
        steps.hear_of_it()
        steps.library.rest()


def checked(steps: LabelSteps, *doings: Callable[[], None]) -> None:
    """Do one after the other; the labels are right after each."""
    steps.the_newest_step_counts()
    for do in doings:
        do()
        steps.library.rest()
        steps.the_newest_step_counts()


def test_redo_labels_a_photo_that_was_read_meanwhile(steps: LabelSteps) -> None:
    steps.label({2}, 1)
    read(steps, 2, heard=True)
    checked(steps, steps.undo, steps.redo, steps.undo)


def test_redo_labels_a_photo_that_was_read_while_the_step_was_undone(steps: LabelSteps) -> None:
    steps.label({2}, 1)
    steps.undo()
    read(steps, 2, heard=True)
    checked(steps, steps.redo, steps.undo)


def test_undo_leaves_the_label_that_the_photo_had_from_another_place(steps: LabelSteps) -> None:
    steps.label({0}, 1)
    read(steps, 0, heard=True)
    checked(steps, steps.undo, steps.redo)


def test_an_older_step_counts_less_also_where_its_place_is_read_last(steps: LabelSteps) -> None:
    steps.label({0}, 0)
    steps.label({1}, 1)
    read(steps, 1, heard=True)
    read(steps, 0, heard=True)
    checked(steps, steps.undo, steps.undo, steps.redo, steps.redo)


def test_an_older_step_comes_first_where_the_window_has_not_heard_of_its_photo(steps: LabelSteps) -> None:
    steps.label({2}, 0)
    read(steps, 2, heard=False)
    steps.label({2}, 1)
    steps.undo()
    checked(steps, steps.hear_of_it, steps.redo, steps.undo, steps.undo)


def test_what_was_pending_does_not_outdo_a_newer_label_after_a_restart(steps: LabelSteps) -> None:
    steps.label({2}, 0)
    read(steps, 2, heard=False)
    steps.label({2}, 1)
    steps.library.rest()
    steps.pending = PendingLabels(steps.collection)
    checked(steps, steps.hear_of_it)
