"""Parts of dialogs: wrapping texts, messages with an icon, a row of buttons, counted photos."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPainterPath, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.icon_label import IconLabel

_CONTEXT = "DialogParts"
_ICON_PX = 20


def count_photos(count: int) -> str:
    """Word a number of photos: "1 photo", "1,292 photos"."""
    if count == 1:
        return QCoreApplication.translate(_CONTEXT, "1 photo")
    return QCoreApplication.translate(_CONTEXT, "{0} photos").format(QLocale().toString(count))


def count_classes(count: int) -> str:
    """Word a number of classes: "1 class", "5 classes"."""
    if count == 1:
        return QCoreApplication.translate(_CONTEXT, "1 class")
    return QCoreApplication.translate(_CONTEXT, "{0} classes").format(QLocale().toString(count))


def count_folders(count: int) -> str:
    """Word a number of folders: "1 folder", "5 folders"."""
    if count == 1:
        return QCoreApplication.translate(_CONTEXT, "1 folder")
    return QCoreApplication.translate(_CONTEXT, "{0} folders").format(QLocale().toString(count))


def count_sidecar_files(count: int) -> str:
    """Word a number of sidecar files: "1 sidecar file", "5 sidecar files"."""
    if count == 1:
        return QCoreApplication.translate(_CONTEXT, "1 sidecar file")
    return QCoreApplication.translate(_CONTEXT, "{0} sidecar files").format(QLocale().toString(count))


def megabytes(size_bytes: int) -> str:
    """A file size for people, "45 MB"."""
    small = size_bytes < 10_000_000_000
    return QLocale().formattedDataSize(size_bytes, 0 if small else 1, QLocale.DataSizeFormat.DataSizeSIFormat)


def breakable(text: str) -> str:
    """Let a long path break after its separators: Qt breaks lines at spaces only."""
    return "".join(f"{char}\u200b" if char in "/\\" else char for char in text)


def without_mnemonics(text: str) -> str:
    """Escape "&" in a name, so that it is no mnemonic in a button or tab."""
    return text.replace("&", "&&")


def plain(text: str) -> str:
    """Remove the mnemonic from a text, for a screen reader; "&&" becomes "&"."""
    return re.sub(r"&(.)", r"\1", text)


def text_label(parent: QWidget, name: str, text: str = "", *, muted: bool = False, scale: float = 1.0) -> QLabel:
    """Make a label with plain text that wraps and can be selected.

    Args:
        parent: Owns it.
        name: Object name.
        text: The text.
        muted: Whether it is paler, for explanations.
        scale: Relative font size; any other than 1 is also bold.
    """
    label = QLabel(text, parent)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
    policy.setHeightForWidth(True)
    label.setSizePolicy(policy)
    label.setMinimumWidth(1)  # the dialog decides the minimum width, not the longest word
    if muted:
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    if scale != 1.0:
        font = label.font()
        font.setPointSizeF(font.pointSizeF() * scale)
        font.setBold(True)
        label.setFont(font)
    return label


class Message(QWidget):
    """An icon and a text that wraps; hidden without a text."""

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._icon = IconLabel(_ICON_PX, self)
        self._icon.setFixedWidth(_ICON_PX + theme.SMALL_GAP_PX)
        self._icon.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._label = text_label(self, f"{name}_text")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL_GAP_PX)
        row.addWidget(self._icon)
        row.addWidget(self._label, 1)
        self.say("")

    @property
    def text(self) -> str:
        """The present text."""
        return self._label.text()

    def say(self, text: str, *, warning: bool = False) -> None:
        """Show this text; "" hides the message."""
        self._icon.show_icon(theme.warning_icon if warning else lambda: theme.icon("info"))
        self._label.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))


#: A text shortened to this many letters, with "…", is useless.
_FEWEST_LETTERS = 2


class ShortenedLabel(QLabel):
    """One line of plain text that ends in "…" where it has too little room: Qt cuts off in the middle of a letter.

    Nothing is shown where there is no room for two letters.
    """

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text shortened to the width."""
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        if text == self.text():
            super().paintEvent(event)  # with the part of it that is selected
            return
        if len(text) <= _FEWEST_LETTERS:
            return
        painter = QPainter(self)
        self.style().drawItemText(
            painter, self.rect(), int(self.alignment()), self.palette(), self.isEnabled(), text, self.foregroundRole()
        )
        painter.end()


class FramedField(QLineEdit):
    """A text field whose edge is visible on any background, unlike that of Qt's dark style."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the edge over the field; with the focus, the style shows a stronger one."""
        super().paintEvent(event)
        if not self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(theme.EDGE)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
            painter.end()


def button(parent: QWidget, name: str, text: str, tip: str = "") -> QPushButton:
    """Make a push button that Enter in another field does not press."""
    made = QPushButton(text, parent)
    made.setObjectName(name)
    made.setAutoDefault(False)
    describe(made, plain(text).rstrip("…"), tip)
    return made


def describe(widget: QWidget, accessible_name: str, tip: str = "") -> None:
    """Set the accessible name and the tool tip of a widget."""
    widget.setAccessibleName(accessible_name)
    if tip:
        widget.setToolTip(tip)


def button_row(left: Sequence[QPushButton], right: Sequence[QPushButton]) -> QHBoxLayout:
    """Lay out the buttons at the lower edge of a dialog, those that close it on the right."""
    row = QHBoxLayout()
    row.setSpacing(theme.GAP_PX)
    for each in left:
        row.addWidget(each)
    row.addStretch(1)
    for each in right:
        row.addWidget(each)
    return row


def show_share(bar: QProgressBar, done: int, total: int) -> None:
    """Show a share when the window is next painted: Qt would paint it at once, with all else that waits for that."""
    if (bar.value(), bar.maximum(), bar.minimum()) != (done, total, 0):
        bar.setUpdatesEnabled(False)
        bar.setRange(0, total)
        bar.setValue(done)
        bar.setUpdatesEnabled(True)


def heading(text: str, parent: QWidget) -> QLabel:
    """A small bold line above a list."""
    label = QLabel(text, parent)
    font = label.font()
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * 0.9)
    label.setFont(font)
    return label


def insert_above(panel: QWidget, widget: QWidget, *, first: bool = False) -> None:
    """Insert a panel above a widget in the column that contains it, or above everything there."""
    middle = panel.parentWidget()
    column = None if middle is None else middle.layout()
    assert isinstance(column, QVBoxLayout)
    column.insertWidget(0 if first else column.indexOf(widget), panel)


def hide_above(panel: QWidget, widget: QWidget) -> None:
    """Insert a panel above a widget in the column that contains it, hidden at first."""
    insert_above(panel, widget)
    panel.hide()


class RoomyRows(QStyledItemDelegate):
    """Rows of a list with some space between them."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the size of the text, a little higher."""
        size = super().sizeHint(option, index)
        return QSize(size.width() + theme.GAP_PX, size.height() + theme.GAP_PX)


class FittedDialog(QDialog):
    """A dialog whose height fits its wrapped texts at the present width.

    Qt's own minimum is the height at the narrowest width, far too high for a common one.

    Args:
        letters: Initial width, in letters of average width.
        fewest_letters: Minimum width.
        parent: The window it belongs to.
    """

    def __init__(self, letters: int, fewest_letters: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        letter_px = self.fontMetrics().averageCharWidth()
        self.setMinimumWidth(letter_px * fewest_letters)
        self.resize(letter_px * letters, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the height to the new width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def event(self, event: QEvent) -> bool:
        """Fit the height after texts were shown or hidden."""
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return handled

    def _fit(self) -> None:
        layout = self.layout()
        if layout is None:
            return
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        needed = layout.totalMinimumSize().height()
        if layout.hasHeightForWidth():
            needed = layout.totalMinimumHeightForWidth(self.width())
        as_low_as_possible = self.height() <= self.minimumHeight()
        self.setMinimumHeight(needed)
        if as_low_as_possible:
            self.resize(self.width(), needed)


def column_of(dialog: QDialog) -> QVBoxLayout:
    """Return the column layout of a dialog."""
    column = QVBoxLayout(dialog)
    column.setContentsMargins(theme.LARGE_GAP_PX, theme.LARGE_GAP_PX, theme.LARGE_GAP_PX, theme.LARGE_GAP_PX)
    column.setSpacing(theme.GAP_PX)
    return column


def open_at(dialog: QDialog, letters: int, lines: int, *, least: tuple[int, int] | None = None) -> None:
    """Size a dialog by its font, but never beyond the screen.

    Args:
        dialog: Not shown yet, its parts in their layout.
        letters: Width in letters of average width.
        lines: Height in lines of text.
        least: Minimum size in letters and lines, more if its buttons need more, as in another language; None for the
            minimum of its parts.
    """
    metrics = dialog.fontMetrics()
    wanted = QSize(metrics.averageCharWidth() * letters, metrics.lineSpacing() * lines)
    window = dialog.parentWidget()
    # Not `dialog.screen()`: PySide makes the returned screen a child of the dialog, and frees it when the garbage
    # collector frees the dialog (seen in a debugger with PySide 6.11.3).
    screen = QGuiApplication.screenAt(window.frameGeometry().center()) if window is not None else None
    dialog.resize(wanted.boundedTo((screen or QGuiApplication.primaryScreen()).availableSize() * 0.92))
    if least is None:
        return
    smallest = QSize(metrics.averageCharWidth() * least[0], metrics.lineSpacing() * least[1])
    layout = dialog.layout()
    needed = layout.totalMinimumSize().width() if layout is not None else 0
    dialog.setMinimumSize(max(smallest.width(), needed), smallest.height())


def paint_photo(widget: QWidget, painter: QPainter, image: QImage) -> None:
    """Paint a photo as large as it fits into a widget, centred, with rounded corners; clips the painter to it."""
    size = image.size().scaled(widget.size(), Qt.AspectRatioMode.KeepAspectRatio)
    box = QRectF(0, 0, size.width(), size.height())
    box.moveCenter(QRectF(widget.rect()).center())
    path = QPainterPath()
    path.addRoundedRect(box, 6, 6)
    painter.setClipPath(path)
    ratio = widget.devicePixelRatioF()
    wanted = QSize(round(size.width() * ratio), round(size.height() * ratio))
    smooth = Qt.TransformationMode.SmoothTransformation
    painter.drawImage(box, image.scaled(wanted, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
