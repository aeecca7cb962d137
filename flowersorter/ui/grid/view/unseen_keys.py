"""Keeps keys from a section header that is out of view: the person sees other photos than those it asks about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from shiboken6 import isValid

if TYPE_CHECKING:
    from flowersorter.ui.grid.view.section_area import SectionArea

_ANSWERS = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})
#: Keys that go elsewhere, or nowhere.
_OTHERS = frozenset(
    {
        Qt.Key.Key_Tab,
        Qt.Key.Key_Backtab,
        Qt.Key.Key_Escape,
        Qt.Key.Key_Shift,
        Qt.Key.Key_Control,
        Qt.Key.Key_Alt,
        Qt.Key.Key_AltGr,
        Qt.Key.Key_Meta,
    }
)


class UnseenKeys(QObject):
    """Filters the keys of the header that has the focus, while it is scrolled out of view. Lives in the GUI thread.

    A letter goes to the topmost field in view, unless something was typed already; then, and where no field is in view,
    the header is scrolled to first. Enter, and Space on a button, answer nothing: they only show the header.
    """

    def __init__(self, area: SectionArea) -> None:
        super().__init__(area)
        self._area = area
        self._watched: QWidget | None = None

    @Slot(object)
    def watch(self, widget: QWidget | None) -> None:
        """Filter the keys of this widget of a header; of none for None."""
        if self._watched is not None and isValid(self._watched):
            self._watched.removeEventFilter(self)
        self._watched = widget
        if widget is not None:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stop or redirect a key for a header that is out of view."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress or event.key() in _OTHERS:
            return super().eventFilter(watched, event)
        identity = self._area.section_with_keyboard
        if identity is None or self._area.is_header_shown(identity):
            return False
        is_letter = isinstance(watched, QLineEdit) and event.key() not in _ANSWERS
        if is_letter and isinstance(watched, QLineEdit) and not watched.text():
            field = self._field_in_view()
            if field is not None:
                field.setFocus()
                QApplication.sendEvent(field, event)
                return True
        self._area.show_header(identity)
        return not is_letter

    def _field_in_view(self) -> QLineEdit | None:
        """The topmost text field whose header is in view."""
        for identity in self._area.header_identities:
            header = self._area.header(identity)
            if header is not None and self._area.is_header_shown(identity):
                field = header.findChild(QLineEdit)
                if isinstance(field, QLineEdit) and field.isEnabled():
                    return field
        return None
