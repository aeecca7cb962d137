"""A small box near the selected photos, to type the beginning of a class name and assign it with Enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from flowersorter.domain.name_search import best_matches, completion
from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.classes.class_dialogs import class_of_name, limit_length, swatch
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.overlay_field import OverlayField
from flowersorter.ui.shared.widgets import Message, count_photos, describe

_LETTERS = 34
_MOST_ROWS = 8
_NEW = 0  # in place of a class id


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """The classes to choose from.

    Attributes:
        classes: All, by position.
        recent: Ids of the recently assigned ones, newest first.
        photos: Number of photos.
    """

    classes: Sequence[PhotoClass]
    recent: Sequence[int]
    photos: int


class AssignBox(QFrame):
    """Completes the name of a class and lists the classes that match. Lives in the GUI thread.

    Signals:
        chosen(class id): The person pressed Enter on a class or clicked it; the box is closed.
        new_requested(name): Create this class; answer with `close_box` or `show_refusal`.
        closed(): The box is hidden, and had the focus.
    """

    chosen = Signal(int)
    new_requested = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("assign_box")
        self.setAccessibleName(self.tr("Assign class"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._choices = Choices((), (), 0)
        self._typed = ""
        self._near = self._around = QRect()
        self.field = _StepField(self)
        self.field.setObjectName("assign_field")
        limit_length(self.field)
        self.list = QListWidget(self)
        self.list.setObjectName("assign_list")
        self.list.setAccessibleName(self.tr("Classes"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.message = Message(self, "assign_message")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SMALL_GAP_PX, theme.SMALL_GAP_PX, theme.SMALL_GAP_PX, theme.SMALL_GAP_PX)
        column.setSpacing(theme.SMALL_GAP_PX)
        for each in (self.field, self.list, self.message):
            column.addWidget(each)
        self.hide()
        self.field.textEdited.connect(self._on_edited)
        self.field.stepped.connect(self._step)
        self.field.left.connect(self.close_box)
        self.list.itemClicked.connect(self._take)

    def open_box(self, choices: Choices, typed: str, near: QRect, around: QRect) -> None:
        """Ask for the class of photos.

        Args:
            choices: The classes.
            typed: The text typed so far.
            near: The photo beside which the box is shown, in the parent's coordinates.
            around: The photos; the box covers nothing else of the parent if it fits into them.
        """
        self._choices, self._near, self._around = choices, near, around
        title = self.tr("Class of {0}").format(count_photos(choices.photos))
        self.field.setPlaceholderText(title)
        describe(self.field, title)
        self.field.take_all()
        self.message.say("")
        self._typed = ""
        self.field.setText(typed)
        self._on_edited(typed)
        self.show()
        self._place()
        self.raise_()
        self.field.setFocus()

    def show_refusal(self, refused: Exception) -> None:
        """Say why there can be no class of this name, and stay open."""
        self.field.take_all()
        self.message.say(str(refused), warning=True)
        self._place()

    @property
    def typed_since(self) -> str:
        """The letters typed since a new class was requested: the next name begins with them."""
        return self.field.kept

    @Slot()
    def close_box(self) -> None:
        """Close the box."""
        if self.isVisible():
            had_focus = self.field.hasFocus()
            self.hide()
            if had_focus:
                self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter takes the selected row, Esc nothing."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_box()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            item = self.list.currentItem()
            if item is not None:
                self._take(item)
        else:
            event.accept()  # not for the photos below

    @Slot(QListWidgetItem)
    def _take(self, item: QListWidgetItem) -> None:
        if self.field.isReadOnly():
            return
        class_id = item.data(Qt.ItemDataRole.UserRole)
        if class_id == _NEW:
            self.field.setReadOnly(True)
            self.new_requested.emit(self._typed.strip())
        else:
            self.close_box()
            self.chosen.emit(class_id)

    @Slot(str)
    def _on_edited(self, text: str) -> None:
        """List the matches; complete the first one while the text grows at its end."""
        grows = len(text) > len(self._typed) and self.field.cursorPosition() == len(text)
        self._typed = text
        self.message.say("")
        self._fill()
        self.list.setCurrentRow(0)
        if grows:
            self._complete()
        if self.isVisible():
            self._place()

    def _fill(self) -> None:
        self.list.clear()
        for each in self._matches():
            item = QListWidgetItem(swatch(each.colour), each.name, self.list)
            item.setData(Qt.ItemDataRole.UserRole, each.id)
            item.setToolTip(each.name)
        name = self._typed.strip()
        if name and class_of_name(self._choices.classes, name) is None:
            item = QListWidgetItem(theme.icon("add"), self.tr("New class “{0}”").format(name), self.list)
            item.setData(Qt.ItemDataRole.UserRole, _NEW)

    def _matches(self) -> list[PhotoClass]:
        """Return the classes that equal, begin with or contain the text, in that order; without text, recent first."""
        classes, recent = self._choices.classes, list(self._choices.recent)
        if not self._typed.strip():
            return sorted(classes, key=lambda each: recent.index(each.id) if each.id in recent else len(recent))
        found = [classes[at] for at in best_matches([each.name for each in classes], self._typed)]
        exact = class_of_name(found, self._typed)
        return sorted(found, key=lambda each: each is not exact)

    def _complete(self) -> None:
        """Append the rest of the selected class to the typed text, selected so that the next letter replaces it."""
        item = self.list.currentItem()
        is_class = item is not None and item.data(Qt.ItemDataRole.UserRole) != _NEW
        rest = completion(item.text(), self._typed) if is_class else ""
        self.field.setText(self._typed + rest)
        self.field.setSelection(len(self._typed), len(rest))

    @Slot(int)
    def _step(self, rows: int) -> None:
        """Select another row, cyclically."""
        if self.list.count():
            self.list.setCurrentRow((self.list.currentRow() + rows) % self.list.count())
            self._complete()

    def _place(self) -> None:
        """Place the box below the photo, else above it, but always inside the photos or at least the window."""
        outside, column = self.parentWidget(), self.layout()
        assert outside is not None
        assert column is not None
        rows = min(_MOST_ROWS, max(1, self.list.count()))
        self.list.setFixedHeight(rows * max(self.list.sizeHintForRow(0), self.fontMetrics().height()) + 2)
        width = min(outside.width() - 2 * theme.GAP_PX, _LETTERS * self.fontMetrics().averageCharWidth())
        height = column.totalHeightForWidth(width) if column.hasHeightForWidth() else self.sizeHint().height()
        gap_px = theme.GAP_PX
        room = outside.rect().adjusted(gap_px, gap_px, -gap_px, -gap_px)
        photos = self._around.adjusted(gap_px, gap_px, -gap_px, -gap_px).intersected(room)
        if photos.height() >= height:
            room.setTop(photos.top())
            room.setBottom(photos.bottom())
        top = self._near.bottom() + theme.SMALL_GAP_PX
        if top + height > room.bottom():
            top = self._near.top() - theme.SMALL_GAP_PX - height
        if top < room.top():  # the photo fills the room: over its lower part
            top = room.bottom() - height
        left = max(room.left(), min(self._near.left(), room.right() - width))
        self.setGeometry(left, max(room.top(), min(top, room.bottom() - height)), width, height)


class _StepField(OverlayField):
    """Emits the steps of arrows and Tab.

    Signals:
        stepped(int): Move this many rows down; negative for up.

    Attributes:
        kept: The letters typed while the field is read-only.
    """

    stepped = Signal(int)
    kept = ""

    def take_all(self) -> None:
        """Show the letters typed from now on."""
        self.setReadOnly(False)
        self.kept = ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose a row with the arrows."""
        if self.isReadOnly() and event.text().isprintable():
            self.kept += event.text()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.stepped.emit(1 if event.key() == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802 - Qt's own name
        """Choose a row with Tab and Shift+Tab."""
        self.stepped.emit(1 if forward else -1)
        return True
