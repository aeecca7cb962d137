"""Making, naming, ordering, merging and deleting classes, and showing them wherever they appear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.changes import Changes
from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.classes.class_commands import (
    ClassCommand,
    ClassContext,
    OrderCommand,
    RemoveClassCommand,
    RenameClassCommand,
    moved,
)
from flowersorter.ui.classes.class_dialogs import (
    ask_for_name,
    ask_merge_target,
    ask_to_delete,
    ask_to_delete_several,
    ask_to_merge,
)
from flowersorter.ui.classes.several_classes import AddClassesCommand, DeleteClassesCommand
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.widgets import count_classes
from flowersorter.workflows.labelling.class_changes import add_class, check_class_name, count_filed
from flowersorter.workflows.labelling.pending_labels import PendingLabels

if TYPE_CHECKING:
    from flowersorter.ui.classes.class_moves_controller import ClassMovesController


class ClassesController(QObject):
    """Owns the list of classes as the window shows it.

    Signals:
        changed(list of PhotoClass): The classes, their names or colours have changed.
        folder_outdated(): A class was deleted or sorted photos moved: the folder should be rescanned.
        merged(class id, class id): The first class is part of the second one now.
        parted(class id): It is a class of its own again.
    """

    changed = Signal(object)
    folder_outdated = Signal()
    merged = Signal(int, int)
    parted = Signal(int)

    def __init__(
        self, session: Session, front: MessageSink, pending: PendingLabels, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._pending = session, front, pending
        self._classes: tuple[PhotoClass, ...] = ()
        self._orders_asked = 0  # shown orders that the library has not stored yet

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
        """Name of a class; "" for a deleted one."""
        return next((each.name for each in self._classes if each.id == class_id), "")

    def refresh(self) -> None:
        """Show the classes as the library has them now."""
        if not self._orders_asked:
            self._show(tuple(self._session.state.classes))

    def _show(self, classes: tuple[PhotoClass, ...]) -> None:
        if classes != self._classes:
            self._classes = classes
            self._session.photos.set_classes({each.id: ClassLook(each.name, each.colour) for each in classes})
            self.changed.emit(classes)

    @property
    def looks(self) -> dict[int, ClassLook]:
        """Name and colour by class id."""
        return {each.id: ClassLook(each.name, each.colour) for each in self._classes}

    # -- requests

    def make(self, photos: int, come_from: str = "") -> PhotoClass | None:
        """Ask for a name and create the class; None if the person cancelled.

        Args:
            photos: How many photos will go into it.
            come_from: Their present classes, in words.
        """
        return ask_for_name(self._front.window, self._classes, self.add, photos, come_from)

    def add(self, name: str, done: Callable[[PhotoClass], None], failed: Callable[[Exception], None]) -> None:
        """Create a class with a name that the person typed."""
        session = self._session
        session.library.submit(partial(add_class, session.collection, name), done, failed, changes=Changes.CLASSES)

    def add_all(self, names: Sequence[str], made: Callable[[int], None]) -> None:
        """Create several classes as one step that can be undone; `made` gets their number."""
        text = self.tr("Make {0} classes").format(len(names))
        self._session.undo_stack.push(AddClassesCommand(self._context, names, text, made))

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
        """Move it before the class with this index; the number keys follow the order."""
        ids = [each.id for each in self._classes]
        wanted = moved(ids, class_id, before)
        if class_id not in ids or wanted == ids:
            return
        text = self.tr("Move “{0}”").format(self.name(class_id))
        self._session.undo_stack.push(OrderCommand(self._context, ids, wanted, text))

    def rename(self, class_id: int, name: str, done: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        """Give a class another name, and ask whether photos sorted under the old one move along.

        Args:
            class_id: The class.
            name: As the person typed it.
            done: Called when the name was accepted.
            failed: Called with the reason where it cannot.
        """

        def accepted(name: str) -> None:
            done()
            self._with_filed(class_id, lambda one, filed: self._rename(one, name, filed))

        check = partial(check_class_name, self._session.collection, class_id, name)
        self._session.library.submit(check, accepted, failed)

    def _rename(self, one: PhotoClass, name: str, filed: int) -> None:
        if name != one.name:
            text = self.tr("Rename “{0}” to “{1}”").format(one.name, name)
            self._change(RenameClassCommand(self._context, one.id, name, text), one.name, name, filed, merging=False)

    @Slot(int)
    def merge(self, class_id: int) -> None:
        """Ask which class gets the photos of this one, and whether sorted photos move along; merge them."""
        self._with_filed(class_id, self._merge)

    def _merge(self, one: PhotoClass, filed: int) -> None:
        others = [each for each in self._classes if each.id != one.id]
        if not others:
            return
        into = ask_merge_target(self._front.window, one, others, self._labels(one.id), filed)
        if into is not None:
            self._merge_into(one, into, filed)

    @Slot(int, int)
    def merge_into(self, class_id: int, into: int) -> None:
        """Ask whether a class gets the photos of another one, and whether sorted photos move along; merge them."""
        self._with_filed(class_id, lambda one, filed: self._ask_and_merge(one, into, filed))

    def _ask_and_merge(self, one: PhotoClass, into: int, filed: int) -> None:
        other, labels = self._one(into), (self._labels(one.id), self._labels(into))
        if other is not None and ask_to_merge(self._front.window, one, other, labels, filed):
            self._merge_into(one, into, filed)

    def _merge_into(self, one: PhotoClass, into: int, filed: int) -> None:
        text = self.tr("Merge “{0}” into “{1}”").format(one.name, self.name(into))
        command = RemoveClassCommand(self._context, one.id, into, text)
        self._change(command, one.name, self.name(into), filed, merging=True)

    @Slot(int)
    def delete(self, class_id: int) -> None:
        """Ask, then delete the class; its photos stay and go back to their suggestions."""
        self._with_filed(class_id, self._delete)

    def _delete(self, one: PhotoClass, filed: int) -> None:
        if ask_to_delete(self._front.window, one, self._labels(one.id), filed):
            text = self.tr("Delete “{0}”").format(one.name)
            self._session.undo_stack.push(RemoveClassCommand(self._context, one.id, 0, text))

    def delete_unlabelled(self, then: Callable[[], None]) -> None:
        """Delete the classes that no photo is labelled with; ask first if photos are filed under them.

        Args:
            then: Called when there is none left; not where the person cancelled.
        """
        session = self._session
        names = [each.name for each in self._classes if not self._labels(each.id)]

        def answered(filed: int) -> None:
            unused = [each for each in self._classes if not self._labels(each.id)]
            if not unused:
                then()
            elif not filed or ask_to_delete_several(self._front.window, unused, filed):
                text = self.tr("Delete classes without labels")
                ids = [each.id for each in unused]
                session.undo_stack.push(DeleteClassesCommand(self._context, ids, text, deleted))

        def deleted(count: int) -> None:
            self._front.bar.say(self.tr("{0} deleted. You can undo this.").format(count_classes(count)))
            then()

        count = partial(count_filed, session.collection, *names)
        session.library.submit(count, answered, self._front.complain)

    def _with_filed(self, class_id: int, ask: Callable[[PhotoClass, int], None]) -> None:
        """Ask about a class that still exists, once the number of photos filed under it is known."""
        one = self._one(class_id)
        if one is not None:
            count = partial(count_filed, self._session.collection, one.name)
            self._session.library.submit(count, lambda filed: ask(one, filed))

    @cached_property
    def _context(self) -> ClassContext:
        session = self._session
        return ClassContext(
            session.library,
            session.undo_stack,
            session.collection,
            self._pending,
            session.photos,
            self._show_order,
            self._on_order_answered,
            self.folder_outdated.emit,
            self._front.complain,
            self._moves.move_again,
            self._moves.move_back,
            self.merged.emit,
            self.parted.emit,
        )

    def _show_order(self, ids: Sequence[int]) -> None:
        self._orders_asked += 1
        self._show(tuple(sorted(self._classes, key=lambda each: ids.index(each.id) if each.id in ids else len(ids))))

    def _on_order_answered(self) -> None:
        self._orders_asked -= 1
        self._session.library.announce(Changes.CLASSES)

    def _change(self, command: ClassCommand, old: str, new: str, filed: int, *, merging: bool) -> None:
        def commit(then: Callable[[], None]) -> None:
            command.then = then
            self._session.undo_stack.push(command)

        self._moves.change(old, new, filed, commit, command.number, merging=merging)

    def _one(self, class_id: int) -> PhotoClass | None:
        return next((each for each in self._classes if each.id == class_id), None)

    def _labels(self, class_id: int) -> int:
        return self._session.state.label_counts.get(class_id, 0)
