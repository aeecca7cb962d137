"""Shows an error without stopping the program: the event, its cause, the remedy, and the details."""

from __future__ import annotations

import logging
import traceback

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from flowersorter.errors import Cancelled, UserError
from flowersorter.messages import worded
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.icon_label import IconLabel
from flowersorter.ui.shared.widgets import FittedDialog, breakable, button, button_row, column_of, describe, text_label

log = logging.getLogger(__name__)

_ICON_PX = 32
#: The open boxes: keeps those without a parent alive, and prevents a second box with the same text.
_open_boxes: list[ErrorDialog] = []


class ErrorDialog(FittedDialog):
    """Shows one error. An unexpected exception shows its traceback under "Details"."""

    def __init__(self, error: BaseException, parent: QWidget | None = None) -> None:
        super().__init__(76, 44, parent)
        self.setObjectName("error_box")
        self.setWindowTitle(self.tr("FlowerSorter"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        what, why, hint = self._texts(error)
        self.setAccessibleName(what)
        self.setAccessibleDescription(f"{why} {hint}".strip())
        self.said = (what, why, hint)
        self.what = text_label(self, "error_what", breakable(what), scale=1.1)
        self.why = text_label(self, "error_why", breakable(why))
        self.hint = text_label(self, "error_hint", hint)
        for label in (self.what, self.why, self.hint):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setVisible(bool(label.text()))
        self.details = QPlainTextEdit(self)
        self.details.setObjectName("error_details")
        describe(self.details, self.tr("Details"))
        self._build()
        self._fill_details(error)

    def _texts(self, error: BaseException) -> tuple[str, str, str]:
        if isinstance(error, UserError):
            return worded(error.what), _sentence(worded(error.why)), _sentence(worded(error.hint))
        if isinstance(error, OSError):
            why = error.strerror or str(error)
            where = f" ({error.filename})" if error.filename else ""
            return self.tr("Disk error"), _sentence(why + where), ""
        return (
            self.tr("Unexpected error"),
            "",
            self.tr("You can keep working. If it happens again, copy the details and report them."),
        )

    def _build(self) -> None:
        picture = IconLabel(_ICON_PX, self, theme.warning_icon)
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(theme.GAP_PX)
        for label in (self.what, self.why, self.hint):
            texts.addWidget(label)
        texts.addStretch(1)
        top = QHBoxLayout()
        top.setSpacing(theme.LARGE_GAP_PX)
        top.addWidget(picture)
        top.addLayout(texts, 1)
        self.details_button = button(self, "error_details_button", self.tr("&Details"), self.tr("Show details"))
        self.details_button.setCheckable(True)
        self.details_button.toggled.connect(self._show_details)
        self.copy_button = button(self, "error_copy_button", self.tr("C&opy"), self.tr("Copy this message"))
        self.copy_button.clicked.connect(self._copy)
        self.close_button = button(self, "error_close_button", self.tr("&Close"), self.tr("Close (Esc)"))
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.accept)
        column = column_of(self)
        column.setSpacing(theme.LARGE_GAP_PX)
        column.addLayout(top)
        column.addWidget(self.details, 1)
        column.addLayout(button_row([self.details_button, self.copy_button], [self.close_button]))
        self.close_button.setFocus()

    def _fill_details(self, error: BaseException) -> None:
        self.details.setReadOnly(True)
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setMinimumHeight(self.fontMetrics().lineSpacing() * 10)
        self.details.hide()
        expected = isinstance(error, UserError)
        self.details_button.setVisible(not expected)
        if not expected:
            self.details.setPlainText("".join(traceback.format_exception(error)))

    @Slot(bool)
    def _show_details(self, shown: bool) -> None:
        self.details.setVisible(shown)

    @Slot()
    def _copy(self) -> None:
        parts = [*filter(None, self.said), self.details.toPlainText()]
        QGuiApplication.clipboard().setText("\n\n".join(filter(None, parts)))


def show_error(parent: QWidget | None, error: Exception) -> ErrorDialog | None:
    """Show an error and return at once; a box that says the same is brought to the front instead.

    Args:
        parent: The window it belongs to; None while there is none.
        error: A `UserError` shows its sentences; anything else also its traceback.

    Returns:
        The box, for a caller that has to wait for it; None where there is nothing to show.
    """
    if isinstance(error, Cancelled):
        return None
    if not isinstance(error, UserError):
        log.error("Unexpected error", exc_info=error)
    _open_boxes[:] = [box for box in _open_boxes if isValid(box) and box.isVisible()]
    box = ErrorDialog(error, parent)
    for other in _open_boxes:
        if other.said == box.said:
            box.deleteLater()
            other.raise_()
            return other
    _open_boxes.append(box)
    box.open()
    return box


def _sentence(text: str) -> str:
    """Start with a capital letter and end with a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")
