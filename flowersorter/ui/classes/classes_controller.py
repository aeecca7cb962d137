"""Making, naming, ordering, merging and deleting classes, and showing them wherever they appear."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.classes.class_commands import (
    ClassCommand,
    ClassContext,
    OrderCommand,
    RemoveClassCommand,
    RenameClassCommand,
    moved,
)
from flowersorter.ui.classes.class_dialogs import ask_for_name, ask_merge_target, ask_new_name, ask_to_delete
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workflows.labelling.pending_labels import PendingLabels

if TYPE_CHECKING:
    from flowersorter.ui.classes.class_moves_controller import ClassMovesController


class ClassesController(QObject):
    """Owns the list of classes as the window shows it.

    Signals:
        changed(list of PhotoClass): Other classes, names or colours.
        folder_outdated(): A class was deleted or sorted photos moved: the folder should be rescanned.
    """

    changed = Signal(object)
    folder_outdated = Signal()

    def __init__(
        self, session: Session, front: MessageSink, pending: PendingLabels, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._pending = session, front, pending
        self._classes: tuple[PhotoClass, ...] = ()

    @cached_property
    def _moves(self) -> ClassMovesController:
        """Created on first use, because importing the sorting code is slow."""
        from flowersorter.ui.classes.class_moves_controller import ClassMovesController

        made = ClassMovesController(self._session, self._front, self)
        made.files_changed.connect(self.folder_outdated)
        return made

    @property
    def classes(self) -> Sequence[PhotoClass]:
        """Every class, by position."""
        return self._classes

    def name(self, class_id: int) -> str:
        """Name of a class; "" for one that is gone."""
        return next((each.name for each in self._classes if each.id == class_id), "")

    def refresh(self) -> None:
        """Read the classes again."""
        classes = tuple(self._session.collection.classes.all())
        if classes != self._classes:
            self._classes = classes
            self._session.photos.set_classes({each.id: ClassLook(each.name, each.colour) for each in classes})
            self.changed.emit(classes)

    @property
    def looks(self) -> dict[int, ClassLook]:
        """Name and colour by class id."""
        return {each.id: ClassLook(each.name, each.colour) for each in self._classes}

    # -- wishes

    def make(self, photos: int, come_from: str = "") -> PhotoClass | None:
        """Ask for a name and create the class; None if the person cancelled.

        Args:
            photos: How many photos will go into it.
            come_from: Which classes these are in now, for the person.
        """
        made = ask_for_name(self._front.window, self._session.collection.classes, photos, come_from)
        self.refresh()
        return made

    @Slot(int)
    def move_up(self, class_id: int) -> None:
        """Put it before the class above it."""
        ids = [each.id for each in self._classes]
        if class_id in ids:
            self.move(class_id, max(0, ids.index(class_id) - 1))

    @Slot(int)
    def move_down(self, class_id: int) -> None:
        """Put it behind the class below it."""
        ids = [each.id for each in self._classes]
        if class_id in ids:
            self.move(class_id, min(len(ids), ids.index(class_id) + 2))

    @Slot(int, int)
    def move(self, class_id: int, before: int) -> None:
        """Put it where the class with this number stands now; the digit keys follow the order."""
        ids = [each.id for each in self._classes]
        wanted = moved(ids, class_id, before)
        if class_id not in ids or wanted == ids:
            return
        text = self.tr("Move “{0}”").format(self.name(class_id))
        table, stack = self._session.collection.classes, self._session.corrections
        stack.push(OrderCommand(table, ids, wanted, text, self.refresh, self._front.complain))

    @Slot(int)
    def rename(self, class_id: int) -> None:
        """Ask for another name, and whether photos filed under the old one move along."""
        one = self._one(class_id)
        if one is None:
            return
        table = self._session.collection.classes
        name = ask_new_name(self._front.window, table, one, self._moves.filed(one.name))
        if name is not None and name != one.name:
            text = self.tr("Rename “{0}” to “{1}”").format(one.name, name)
            self._change(RenameClassCommand(self._desk, class_id, name, text), one.name, name, merging=False)

    @Slot(int)
    def merge(self, class_id: int) -> None:
        """Ask which class gets the photos of this one, and whether the filed ones move along; merge them."""
        one = self._one(class_id)
        others = [each for each in self._classes if each.id != class_id]
        if one is None or not others:
            return
        filed = self._moves.filed(one.name)
        into = ask_merge_target(self._front.window, one, others, self._labels(class_id), filed)
        if into is not None:
            text = self.tr("Merge “{0}” into “{1}”").format(one.name, self.name(into))
            command = RemoveClassCommand(self._desk, class_id, into, text)
            self._change(command, one.name, self.name(into), merging=True)

    @Slot(int)
    def delete(self, class_id: int) -> None:
        """Ask, then delete the class; its photos stay and go back to their suggestions."""
        one = self._one(class_id)
        if one is None:
            return
        if ask_to_delete(self._front.window, one, self._labels(class_id), self._moves.filed(one.name)):
            text = self.tr("Delete “{0}”").format(one.name)
            self._push(RemoveClassCommand(self._desk, class_id, 0, text))

    @cached_property
    def _desk(self) -> ClassContext:
        session = self._session
        return ClassContext(
            session.collection,
            self._pending,
            session.photos,
            self.refresh,
            self.folder_outdated.emit,
            self._front.complain,
            self._moves.move_again,
            self._moves.move_back,
        )

    def _change(self, command: ClassCommand, old: str, new: str, *, merging: bool) -> None:
        self._moves.change(old, new, lambda: self._push(command), command.number, merging=merging)

    def _push(self, command: ClassCommand) -> bool:
        """Change a class in the library and show it; returns whether it could be done."""
        stack = self._session.corrections
        before = stack.index()
        stack.push(command)
        return stack.index() > before

    def _one(self, class_id: int) -> PhotoClass | None:
        return next((each for each in self._classes if each.id == class_id), None)

    def _labels(self, class_id: int) -> int:
        return self._session.collection.labels.counts().get(class_id, 0)
