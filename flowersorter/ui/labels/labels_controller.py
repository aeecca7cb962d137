"""What the person says about photos: assigned, confirmed or taken back; saved at once and undoable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.classes.class_commands import NewClassCommand, share_of
from flowersorter.ui.labels.label_commands import LabelCommand, LabelContext
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workflows.labelling.pending_labels import LabelNews, PendingLabels

if TYPE_CHECKING:
    from flowersorter.ui.labels.refile_controller import RefileController


class LabelsController(QObject):
    """Turns wishes into commands on the undo stack.

    Signals:
        labels_changed(): Labels were written, taken back or done again.
        files_changed(): Photos that are filed already moved on disk.
    """

    labels_changed = Signal()
    files_changed = Signal()

    def __init__(
        self, session: Session, front: MessageSink, pending: PendingLabels, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._desk = LabelContext(
            session.collection,
            pending,
            self._show,
            front.complain,
            self._follow,
            self._unfollow,
        )

    @cached_property
    def _filed(self) -> RefileController:
        """Made with the first correction: all of sorting stands behind it, which takes long to load."""
        from flowersorter.ui.labels.refile_controller import RefileController

        made = RefileController(self._session, self._front, self)
        made.files_changed.connect(self.files_changed)
        return made

    def assign(self, place_ids: Iterable[int], class_id: int) -> int:
        """Say that these photos show this class; returns how many that is news for."""
        columns = self._session.photos.columns
        rows = [
            row
            for row in columns.locate(place_ids).tolist()
            if columns.errors[row] is None and not (columns.label_ids[row] == class_id and columns.by_person[row])
        ]
        name = self._names().get(class_id, "")
        return self._push(dict.fromkeys(rows, class_id), self.tr("“{0}” for {1}"), name)

    def assign_to_made(self, place_ids: Iterable[int], made: PhotoClass, refresh: Callable[[], None]) -> None:
        """Say that these photos show a class that was just made; taken back, the class goes too.

        Args:
            place_ids: The photos, none where only the class was wanted.
            made: The class.
            refresh: Shows the classes anew.
        """
        columns = self._session.photos.columns
        rows = [row for row in columns.locate(place_ids).tolist() if columns.errors[row] is None]
        photos = list(dict.fromkeys(int(columns.photo_ids[row]) for row in rows if columns.photo_ids[row]))
        unread = [int(columns.place_ids[row]) for row in rows if not columns.photo_ids[row]]
        count = self.tr("1 photo") if len(rows) == 1 else self.tr("{0} photos").format(len(rows))
        text = self.tr("New class “{0}” for {1}") if rows else self.tr("New class “{0}”")
        text = text.format(made.name, count)
        self._session.corrections.push(NewClassCommand(self._desk, made, photos, unread, text, refresh))

    def come_from(self, place_ids: Iterable[int]) -> str:
        """Which classes photos are in now, by label or guess: "9 × roses, 3 × tulips"."""
        columns, names = self._session.photos.columns, self._names()
        rows = columns.locate(place_ids).tolist()
        return share_of(Counter(names.get(int(columns.label_ids[at] or columns.class_ids[at]), "") for at in rows))

    def assign_photos(self, photo_ids: Iterable[int], class_id: int) -> None:
        """Say that photos show this class, wherever they stand: also outside the folder that is open."""
        known = dict.fromkeys(photo_ids, class_id)
        count = self.tr("1 photo") if len(known) == 1 else self.tr("{0} photos").format(len(known))
        text = self.tr("“{0}” for {1}").format(self._names().get(class_id, ""), count)
        self._session.corrections.push(LabelCommand(self._desk, known, {}, text))

    def confirm(self, place_ids: Iterable[int]) -> int:
        """Say that the guesses are right; what is new to the program has none. Returns how many are labels now."""
        columns = self._session.photos.columns
        classes: dict[int, int] = {}
        for row in columns.locate(place_ids).tolist():
            guess = int(columns.label_ids[row] or columns.class_ids[row])
            guessed = columns.label_ids[row] > 0 or columns.verdicts[row] not in (Verdict.NONE, Verdict.UNKNOWN)
            if guess and guessed and not (columns.label_ids[row] and columns.by_person[row]):
                classes[row] = guess
        return self._push(classes, self.tr("Confirm {1}"), "")

    def clear(self, place_ids: Iterable[int]) -> int:
        """Take labels back: the photos are guesses again. Returns how many had one."""
        columns = self._session.photos.columns
        rows = [row for row in columns.locate(place_ids).tolist() if columns.label_ids[row]]
        return self._push(dict.fromkeys(rows, 0), self.tr("Take back {1}"), "")

    def _push(self, classes: Mapping[int, int], text: str, name: str) -> int:
        """Push one command for class ids by column row."""
        columns = self._session.photos.columns
        known = {int(columns.photo_ids[row]): to for row, to in classes.items() if columns.photo_ids[row]}
        unread = {int(columns.place_ids[row]): to for row, to in classes.items() if not columns.photo_ids[row]}
        if not known and not unread:
            return 0
        count = self.tr("1 photo") if len(classes) == 1 else self.tr("{0} photos").format(len(classes))
        self._session.corrections.push(LabelCommand(self._desk, known, unread, text.format(name, count)))
        return len(classes)

    def _follow(self, correction: int, photo_ids: Iterable[int]) -> None:
        self._filed.follow(correction, photo_ids)

    def _unfollow(self, correction: int) -> None:
        self._filed.take_back(correction)

    def _names(self) -> dict[int, str]:
        return {each.id: each.name for each in self._session.collection.classes.all()}

    def _show(self, news: LabelNews) -> None:
        self._session.photos.show_labels(news)
        self.labels_changed.emit()
