"""Labels photos: assign, confirm, remove, or another answer; shown and written at once, and undoable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from flowersorter.domain.label import Label
from flowersorter.domain.photo_answers import Mark, PhotoAnswer
from flowersorter.domain.photo_class import PhotoClass
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.library.collection import CollectionStore
from flowersorter.ui.classes.class_commands import NewClassCommand, share_of
from flowersorter.ui.labels.label_commands import Beside, LabelCommand, LabelContext
from flowersorter.ui.labels.label_view import LabelView
from flowersorter.ui.labels.possible_answers import confirmable, labelled, markable, rejectable
from flowersorter.ui.labels.rejected_here import RejectedHere
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.labelling.pending_labels import LabelNews, PendingLabels

if TYPE_CHECKING:
    from flowersorter.ui.labels.refile_controller import RefileController


class LabelsController(QObject):
    """Pushes label changes on the undo stack.

    Attributes:
        rejected: The classes that photos were said not to show.

    Signals:
        labels_changed(): Labels that were set or removed are in the library.
        acting(photo ids): Labels and other answers of these photos are being written; `acted` follows, unless that
            fails.
        acted(list of photo ids): Labels and other answers that the person gave, undid or redid are in the library.
        assigned(class id, class name, list of photo ids): These photos are about to get this label.
        files_changed(): Sorted photos moved on disk.
        suggestions_outdated(): The mark *not mine* was set or removed: similar photos may become unknown, or known.
        files_labelled(list of place ids): Unreadable files were given a class; their label is to stay with their bytes.
    """

    labels_changed = Signal()
    acting = Signal(object)
    acted = Signal(object)
    assigned = Signal(int, str, object)
    files_changed = Signal()
    suggestions_outdated = Signal()
    files_labelled = Signal(object)

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        pending: PendingLabels,
        view: LabelView,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._undecided: list[tuple[int, tuple[int, ...]]] = []  # corrections that the open question is about
        self._answer: bool | None = None  # to that question, until it is stored
        self.rejected = RejectedHere()
        self._context = LabelContext(
            session.library,
            session.undo_stack,
            pending,
            view,
            self.acting.emit,
            self._on_written,
            front.complain,
            self._follow,
            self._unfollow,
            self._refresh,
        )

    @cached_property
    def _filed(self) -> RefileController:
        """Created on the first label change, because importing the sorting code is slow."""
        from flowersorter.ui.labels.refile_controller import RefileController

        made = RefileController(self._session, self._front, self)
        made.files_changed.connect(self.files_changed)
        return made

    def assign(self, place_ids: Iterable[int], class_id: int, beside: Beside | None = None) -> int:
        """Label these photos with this class; `beside` comes and goes with that. Returns how many changed."""
        columns = self._session.photos.columns
        rows = [
            row
            for row in columns.locate(place_ids).tolist()
            if not (columns.label_ids[row] == class_id and columns.by_person[row])
        ]
        name = self._names().get(class_id, "")
        count = self._push(dict.fromkeys(rows, class_id), self.tr("“{0}” for {1}"), name, beside)
        self._tell_of_files(rows, name)
        return count

    def assign_to_made(self, place_ids: Iterable[int], made: PhotoClass, beside: Beside | None = None) -> None:
        """Label these photos with a newly created class; undo also deletes the class.

        Args:
            place_ids: The photos; none if only the class was created.
            made: The class.
            beside: Comes and goes with the labels.
        """
        columns = self._session.photos.columns
        rows = columns.locate(place_ids).tolist()
        photos = list(dict.fromkeys(int(columns.photo_ids[row]) for row in rows if columns.photo_ids[row]))
        unread = [int(columns.place_ids[row]) for row in rows if not columns.photo_ids[row]]
        count = self.tr("1 photo") if len(rows) == 1 else self.tr("{0} photos").format(len(rows))
        text = self.tr("New class “{0}” for {1}") if rows else self.tr("New class “{0}”")
        text = text.format(made.name, count)
        self._session.undo_stack.push(
            NewClassCommand(self._context, self._session.collection, made, photos, unread, text, beside)
        )
        self.assigned.emit(made.id, made.name, photos)
        self._tell_of_files(rows, made.name)

    def _tell_of_files(self, rows: Iterable[int], class_name: str) -> None:
        """Say that unreadable files were given a class, and have them hashed, so that labels stay with their bytes."""
        columns = self._session.photos.columns
        files = [row for row in rows if columns.errors[row] is not None]
        if not files:
            return
        one, many = (
            self.tr("“{0}” for 1 unreadable file: it is sorted, but not used for training."),
            self.tr("“{0}” for {1} unreadable files: they are sorted, but not used for training."),
        )
        self._front.bar.say((one if len(files) == 1 else many).format(class_name, len(files)), until=Until.ANSWER)
        self.files_labelled.emit([int(columns.place_ids[row]) for row in files if not columns.photo_ids[row]])

    def come_from(self, place_ids: Iterable[int]) -> str:
        """List the classes that photos are shown with: "9 × roses, 3 × tulips"; unknown photos have none."""
        photos, names = self._session.photos, self._names()
        rows = photos.columns.locate(place_ids).tolist()
        return share_of(Counter(names.get(photos.shown_class(at), "") for at in rows))

    def assign_photos(self, photo_ids: Iterable[int], class_id: int) -> None:
        """Label photos with this class, also outside the open folder."""
        known = dict.fromkeys(photo_ids, class_id)
        count = self.tr("1 photo") if len(known) == 1 else self.tr("{0} photos").format(len(known))
        text = self.tr("“{0}” for {1}").format(self._names().get(class_id, ""), count)
        self._session.undo_stack.push(LabelCommand(self._context, known, {}, text))

    def show_stored(self, labels: Mapping[int, Label | None], answered: Iterable[int] = ()) -> None:
        """Show labels that were stored without a command of this controller, by photo id, and marks with them.

        Args:
            labels: None for a photo without one.
            answered: Photos with other answers than before.
        """
        self._context.view.show(LabelNews(labels))
        self._refresh({*labels, *answered})
        self.labels_changed.emit()

    def assign_possible(self, place_ids: Iterable[int], class_id: int, beside: Beside | None = None) -> None:
        """Label these photos with this class, except those that the person said do not show it."""
        places = list(place_ids)
        possible = self.rejected.without(self._session.photos.columns, places, class_id)
        self.assign(possible, class_id, beside)
        if places and not possible:
            text = self.tr("Nothing changed: you said that these photos do not show “{0}”.")
            self._front.bar.say(text.format(self._names().get(class_id, "")), until=Until.ANSWER)

    def confirm(self, place_ids: Iterable[int]) -> int:
        """Confirm the suggestions; unknown photos have none. Returns how many were confirmed."""
        classes = confirmable(self._session.photos.columns, place_ids)
        return self._push(classes, self.tr("Confirm {1}"), "")

    def say_just_changed(self) -> None:
        """Say that no suggestion was confirmed, because it changed just before."""
        text = self.tr("Not confirmed: the suggestion has just changed. Confirm it again if it is right.")
        self._front.bar.say(text, until=Until.ANSWER)

    def clear(self, place_ids: Iterable[int]) -> int:
        """Remove labels, so that the photos go back to their suggestions. Returns how many had one."""
        rows = labelled(self._session.photos.columns, place_ids)
        return self._push(dict.fromkeys(rows.tolist(), 0), self.tr("Remove label from {1}"), "")

    def reject(self, place_ids: Iterable[int]) -> int:
        """Store that photos do not show the class they are shown with. Returns how many were shown with one."""
        shown = rejectable(self._session.photos.columns, place_ids)
        answers = {photo_id: PhotoAnswer(class_id) for photo_id, class_id in shown.items()}
        return self._push_answers(answers, self.tr("Not this class for {0}"), self.rejected.answer(shown.items()))

    def mark(self, place_ids: Iterable[int], mark: Mark, beside: Beside | None = None) -> int:
        """Mark photos as not mine, or as not known to the person. Returns how many were not marked so."""
        photo_ids = markable(self._session.photos.columns, place_ids, mark)
        text = self.tr("Not mine for {0}") if mark is Mark.NOT_MINE else self.tr("Don't know for {0}")
        return self._push_answers({int(each): PhotoAnswer(mark=mark) for each in photo_ids}, text, beside)

    def _push_answers(self, answers: Mapping[int, PhotoAnswer], text: str, beside: Beside | None = None) -> int:
        if answers:
            text = text.format(count_photos(len(answers)))
            command = LabelCommand(self._context, {}, {}, text, answers=answers, beside=beside)
            self._session.undo_stack.push(command)
        return len(answers)

    def _refresh(self, photo_ids: Collection[int]) -> None:
        """Show the suggestions of photos anew; those of photos similar to *not mine* ones change later."""
        if not photo_ids:
            return
        columns = self._session.photos.columns
        place_ids = columns.place_ids[np.isin(columns.photo_ids, list(photo_ids))]
        not_mine = columns.marks == Mark.NOT_MINE

        def show(rows: PhotoRows) -> None:
            self._session.photos.merge(rows)
            if not np.array_equal(columns.marks == Mark.NOT_MINE, not_mine):
                self.suggestions_outdated.emit()

        self._session.library.submit(partial(_rows, self._session.engine, place_ids), show)

    def _push(self, classes: Mapping[int, int], text: str, name: str, beside: Beside | None = None) -> int:
        """Push one command for class ids by column row."""
        columns = self._session.photos.columns
        known = {int(columns.photo_ids[row]): to for row, to in classes.items() if columns.photo_ids[row]}
        unread = {int(columns.place_ids[row]): to for row, to in classes.items() if not columns.photo_ids[row]}
        if not known and not unread:
            return 0
        count = self.tr("1 photo") if len(classes) == 1 else self.tr("{0} photos").format(len(classes))
        text = text.format(name, count)
        self._session.undo_stack.push(LabelCommand(self._context, known, unread, text, beside=beside))
        if len(class_ids := set(known.values()) - {0}) == 1:
            class_id = class_ids.pop()
            self.assigned.emit(class_id, self._names().get(class_id, ""), list(known))
        return len(classes)

    def _on_written(self, photo_ids: Collection[int]) -> None:
        self.acted.emit(photo_ids)  # first: the refit runs while the rest is shown
        self.labels_changed.emit()

    def _follow(self, correction: int, photo_ids: Iterable[int]) -> None:
        """Move the sorted copies of these photos, if there are any."""
        photos = tuple(photo_ids)

        def follow(state: tuple[int, bool | None]) -> None:
            misfiled, wanted = state
            if not misfiled:
                return
            if wanted or self._answer:
                self._filed.follow(correction, photos)
            elif self._answer is None and self._front.window.isVisible():  # a hidden one is being closed
                self._undecided.append((correction, photos))
                if len(self._undecided) == 1:
                    self._ask_to_move(misfiled)

        self._session.library.submit(partial(_misfiled, self._session.collection, photos), follow)

    def _ask_to_move(self, count: int) -> None:
        """Ask once per collection whether sorted copies follow a label, also one that changes before the answer."""
        from flowersorter.ui.labels.move_copies_question import ask_to_move_copies

        self._answer = ask_to_move_copies(count)
        undecided, self._undecided = self._undecided, []
        if self._answer is None:
            return
        self._session.library.submit(
            partial(_remember_answer, self._session.collection, self._answer), self._on_remembered
        )
        for correction, photos in undecided if self._answer else ():
            self._filed.follow(correction, photos)

    def _on_remembered(self, _result: None) -> None:
        self._answer = None

    def _unfollow(self, correction: int) -> None:
        if "_filed" in self.__dict__:  # else no copy was ever moved
            self._filed.take_back(correction)

    def _names(self) -> dict[int, str]:
        return {each.id: each.name for each in self._session.state.classes}


def _rows(engine: Engine, place_ids: NDArray[np.int64]) -> PhotoRows:
    from flowersorter.workflows.predicting.photo_details import rows_at

    return rows_at(engine, place_ids)


def _misfiled(collection: CollectionStore, photo_ids: tuple[int, ...]) -> tuple[int, bool | None]:
    """Return how many sorted copies are in the folder of another class than their label, and whether they move."""
    from flowersorter.workflows.filing.refile import misfiled
    from flowersorter.workflows.filing.sorted_photos import moves_sorted_copies

    wanted = moves_sorted_copies(collection)
    return (0 if wanted is False else len(misfiled(collection, photo_ids))), wanted


def _remember_answer(collection: CollectionStore, wanted: bool) -> None:
    from flowersorter.workflows.filing.sorted_photos import set_moves_sorted_copies

    set_moves_sorted_copies(collection, wanted)
