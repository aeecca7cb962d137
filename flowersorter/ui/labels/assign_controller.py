"""Assigns a class that is typed while the photos have the focus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.classes.classes_controller import ClassesController
from flowersorter.ui.labels.assign_box import AssignBox, Choices
from flowersorter.ui.shared.session import MessageSink

_MOST_RECENT = 5
_TYPING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.GroupSwitchModifier


class AssignController(QObject):
    """Owns the box, and opens it on letters that are not shortcuts of the photos.

    Signals:
        assigned(list of place ids, class id): These photos are of this class.
        made(list of place ids, PhotoClass): These photos are of a class that was just created.
    """

    assigned = Signal(object, int)
    made = Signal(object, object)

    def __init__(
        self,
        front: MessageSink,
        classes: ClassesController,
        selected: Callable[[], Sequence[int]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._front, self._classes, self._selected = front, classes, selected
        self._where: dict[QWidget, Callable[[], QRect]] = {}
        self._watched: QWidget | None = None
        self._places: Sequence[int] = ()
        self._recent: list[int] = []

    @cached_property
    def box(self) -> AssignBox:
        """Created on first use."""
        box = AssignBox(self._front.window)
        box.chosen.connect(self._on_chosen)
        box.new_requested.connect(self._on_new)
        box.closed.connect(self._on_closed)
        return box

    def watch(self, widget: QWidget, photo_rect: Callable[[], QRect]) -> None:
        """Open the box with letters that are typed in a widget.

        Args:
            widget: Shows photos; its own keys take precedence.
            photo_rect: Returns the rectangle of the current photo, in the widget's coordinates.
        """
        self._where[widget] = photo_rect
        widget.installEventFilter(self)

    def remember(self, class_id: int) -> None:
        """List this class first when nothing is typed."""
        self._recent = [class_id, *(each for each in self._recent if each != class_id)][:_MOST_RECENT]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take letters that are not a shortcut of the widget, not even a disabled one."""
        if (
            isinstance(watched, QWidget)
            and isinstance(event, QKeyEvent)
            and _is_typed_letter(event)
            and not _is_command(event, watched)
        ):
            self.open_over(watched, event.text())
            return True
        return super().eventFilter(watched, event)

    @Slot()
    def open_box(self) -> None:
        """Ask for the class of the selected photos, with nothing typed yet."""
        shown = [widget for widget in self._where if widget.isVisible()]
        focused = next((widget for widget in shown if widget.hasFocus()), None)
        if shown:
            self.open_over(focused or shown[-1], "")

    def open_over(self, widget: QWidget, typed: str) -> None:
        """Ask for the class of the selected photos.

        Args:
            widget: One that is watched.
            typed: The first letter, or "".
        """
        self._places, self._watched = list(self._selected()), widget
        if not self._places:
            self._front.bar.ask_to_select(self.tr("Select photos first, then type their class."))
            return
        window, photo = self._front.window, self._where[widget]()
        visible = photo.intersected(widget.rect())
        if visible.isEmpty():
            visible = QRect(widget.rect().bottomLeft(), widget.rect().bottomLeft())
        near = QRect(widget.mapTo(window, visible.topLeft()), visible.size())
        self.box.open_box(Choices(self._classes.classes, self._recent, len(self._places)), typed, near)

    @Slot(int)
    def _on_chosen(self, class_id: int) -> None:
        self.assigned.emit(self._places, class_id)

    @Slot(str)
    def _on_new(self, name: str) -> None:
        places = self._places

        def done(made: PhotoClass) -> None:
            self.box.close_box()
            self.made.emit(places, made)

        self._classes.add(name, done, self.box.show_refusal)

    @Slot()
    def _on_closed(self) -> None:
        if self._watched is not None:
            self._watched.setFocus()


def _is_typed_letter(event: QKeyEvent) -> bool:
    pressed = event.type() == QEvent.Type.KeyPress
    return pressed and event.text().isalpha() and not event.modifiers() & ~_TYPING


def _is_command(event: QKeyEvent, widget: QWidget) -> bool:
    pressed = QKeySequence(event.keyCombination())
    return any(pressed in action.shortcuts() for action in widget.actions())
