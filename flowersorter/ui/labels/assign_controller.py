"""Assigns a class that is typed while the photos have the focus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.classes.classes_controller import ClassesController
from flowersorter.ui.labels.assign_box import AssignBox, Choices
from flowersorter.ui.shared.session import MessageSink

_MOST_RECENT = 5
_TYPING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.GroupSwitchModifier
_MODIFIERS = frozenset({Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta})
_ENDS_WAITING = frozenset(
    {QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride, QEvent.Type.MouseButtonPress, QEvent.Type.Close}
)
#: Milliseconds after a letter with a shortcut in which another letter makes both the beginning of a name.
TYPING_MS = 300


class LetterKeys(QObject):
    """Tells the names of classes from shortcuts of one letter. Lives in the GUI thread.

    A shortcut acts when no other letter has followed for `TYPING_MS`, or at once before any other key or click, so
    that it reaches the photos that were selected when it was pressed. The same letter again is the same shortcut again.

    Signals:
        typed(QWidget, str): A name begins with this in a watched widget.
    """

    typed = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watched: set[QWidget] = set()
        self._letters = ""
        self._action: QAction | None = None  # the one that waits
        self._waiting = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._waiting.timeout.connect(self._act)

    @property
    def waiting(self) -> bool:
        """Whether a shortcut waits: another letter may follow."""
        return self._waiting.isActive()

    def watch(self, widget: QWidget) -> None:
        """Take the letters that are typed in a widget."""
        self._watched.add(widget)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take letters of the watched widgets; while a shortcut waits, see the keys and clicks of the whole program."""
        if not isinstance(watched, QWidget):
            return super().eventFilter(watched, event)
        letter = event if isinstance(event, QKeyEvent) and _is_letter(event) else None
        if letter is not None and watched in self._watched:
            if letter.type() == QEvent.Type.ShortcutOverride:
                letter.accept()  # it arrives as a key press instead, also where it is a shortcut
                return True
            if letter.type() == QEvent.Type.KeyPress:
                self._on_letter(watched, letter)
                return True
        is_on_its_way = letter is not None and any(each.isAncestorOf(watched) for each in self._watched)
        if self.waiting and event.type() in _ENDS_WAITING and not is_on_its_way and not _is_modifier(event):
            self._act()
        return super().eventFilter(watched, event)

    def _on_letter(self, widget: QWidget, event: QKeyEvent) -> None:
        before, action = self._letters, _shortcut(event, widget)
        if event.isAutoRepeat() and (before or action is not None):
            return  # the key is held down: one answer
        if action is None or (before and action is not self._action):
            self._stop()
            self.typed.emit(widget, before + event.text())
            return
        self._letters, self._action = before + event.text(), action
        self._waiting.start()
        application = QCoreApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    @Slot()
    def _act(self) -> None:
        action, times = self._action, len(self._letters)
        self._stop()
        if action is not None:
            for _ in range(times):
                action.trigger()

    def _stop(self) -> None:
        self._letters, self._action = "", None
        self._waiting.stop()
        application = QCoreApplication.instance()
        if application is not None:
            application.removeEventFilter(self)


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
        self._letters = LetterKeys(self)
        self._letters.typed.connect(self.open_over)

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
            widget: Shows photos; its own keys take precedence, see `LetterKeys`.
            photo_rect: Returns the rectangle of the current photo, in the widget's coordinates.
        """
        self._where[widget] = photo_rect
        self._letters.watch(widget)

    def remember(self, class_id: int) -> None:
        """List this class first when nothing is typed."""
        self._recent = [class_id, *(each for each in self._recent if each != class_id)][:_MOST_RECENT]

    @Slot()
    def open_box(self) -> None:
        """Ask for the class of the selected photos, with nothing typed yet."""
        shown = [widget for widget in self._where if widget.isVisible()]
        focused = next((widget for widget in shown if widget.hasFocus()), None)
        if shown:
            self.open_over(focused or shown[-1], "")

    @Slot(object, str)
    def open_over(self, widget: QWidget, typed: str) -> None:
        """Ask for the class of the selected photos.

        Args:
            widget: One that is watched.
            typed: The first letters, or "".
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
        around = QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())
        self.box.open_box(Choices(self._classes.classes, self._recent, len(self._places)), typed, near, around)

    @Slot(int)
    def _on_chosen(self, class_id: int) -> None:
        self.assigned.emit(self._places, class_id)

    @Slot(str)
    def _on_new(self, name: str) -> None:
        places = self._places

        def done(made: PhotoClass) -> None:
            widget, typed = self._watched, self.box.typed_since
            self.box.close_box()
            self.made.emit(places, made)
            if typed and widget is not None:
                self.open_over(widget, typed)

        self._classes.add(name, done, self.box.show_refusal)

    @Slot()
    def _on_closed(self) -> None:
        if self._watched is not None:
            self._watched.setFocus()


def _is_letter(event: QKeyEvent) -> bool:
    return event.text().isalpha() and not event.modifiers() & ~_TYPING


def _is_modifier(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.key() in _MODIFIERS


def _shortcut(event: QKeyEvent, widget: QWidget) -> QAction | None:
    """The action of a widget that a key is the shortcut of, also a disabled one."""
    pressed = QKeySequence(event.keyCombination())
    return next((action for action in widget.actions() if pressed in action.shortcuts()), None)
