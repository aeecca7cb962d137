"""The header of a section: its title and the number of its photos."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from PySide6.QtCore import QDate, QLocale, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from flowersorter.ui.grid.sections import Section, SectionKind
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import ShortenedLabel, count_photos, describe

#: Sections whose header has an answer for all their photos.
ANSWERED_AT_ONCE = frozenset({SectionKind.LOOK_ALIKES, SectionKind.TORN, SectionKind.LIKELY, SectionKind.SURE})
_LEAST_TITLE_PX = 96
_EDGE = 0.25  # share of the text colour in the line above a header


class HintLabel(QLabel):
    """Takes the room that is left in a line, and shows its text only where all of it fits."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._whole = ""
        self.setObjectName("section_hint")
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def say(self, text: str) -> None:
        """Show a text."""
        self._whole = text
        self._fit()

    def _fit(self) -> None:
        fits = self.fontMetrics().horizontalAdvance(self._whole) <= self.contentsRect().width()
        self.setText(self._whole if fits else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the text, or none."""
        super().resizeEvent(event)
        self._fit()


class SectionHeader(QFrame):
    """Title and number of photos of a section. Lives in the GUI thread.

    Args:
        section: The section.
        names: The name of each class id.
        parent: The viewport of the grid.

    Signals:
        fold_requested(): Show only the first line of the section, or all of it again.

    Attributes:
        section: The section as it is now.
    """

    fold_requested = Signal()

    def __init__(self, section: Section, names: Mapping[int, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"section_header_{section.kind.name.lower()}")
        self.section, self._names = section, names
        self._left_out = 0
        self._folded: bool | None = None
        self._said: tuple[str, int, int] | None = None  # title and numbers as shown
        self.fold = QToolButton(self)
        self.fold.setObjectName("section_fold")
        self.fold.setAutoRaise(True)
        self.fold.setArrowType(Qt.ArrowType.DownArrow)
        self.fold.setIconSize(QSize(12, 12))
        self.fold.clicked.connect(self.fold_requested)
        self.title = ShortenedLabel(self)
        self.title.setObjectName("section_title")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.title.setMinimumWidth(_LEAST_TITLE_PX)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.count = QLabel(self)
        self.count.setObjectName("section_count")
        self.count.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.hint = HintLabel(self)
        self._show_hint()
        self.row = QHBoxLayout()
        self.row.setSpacing(theme.GAP_PX)
        self.row.addWidget(self.fold)
        self.row.addWidget(self.title)
        self.row.addWidget(self.count)
        self.row.addWidget(self.hint, 1)  # the buttons are beside the title, however wide the window is
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(theme.SMALL_GAP_PX, theme.GAP_PX, theme.GAP_PX, theme.SMALL_GAP_PX)
        self._column.setSpacing(theme.SMALL_GAP_PX)
        self._column.addLayout(self.row)
        self.show_folded(folded=False)

    def _show_hint(self) -> None:
        """Say how a click is answered here: it leaves a photo out where all photos are answered at once."""
        if self.section.kind in ANSWERED_AT_ONCE:
            self.hint.say(self.tr("A click leaves a photo out"))
            self.hint.setToolTip(self.tr("Out of the answer for this section. Ctrl and a click only select a photo"))
        elif self.section.kind in (SectionKind.UNSURE, SectionKind.UNKNOWN):
            self.hint.say(self.tr("A click selects a photo"))
            tip = self.tr("Each of these photos is answered by itself, so there is nothing to leave it out of")
            self.hint.setToolTip(tip)

    def add_beside_title(self, widget: QWidget) -> None:
        """Add a widget to the line of the title, behind the others."""
        self.row.insertWidget(self.row.count() - 1, widget)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a line at the upper edge: above the topmost header is a line of the same ground."""
        super().paintEvent(event)
        palette, painter = self.palette(), QPainter(self)
        text, ground = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
        painter.fillRect(0, 0, self.width(), 1, theme.mixed(text, ground, _EDGE))
        painter.end()

    def update_section(self, section: Section) -> None:
        """Show the section as it is now."""
        self.section = section
        if (self._title(), section.count, self._left_out) != self._said:
            self.refresh()

    def refresh(self) -> None:
        """Show title and numbers."""
        text = self._title()
        self._said = text, self.section.count, self._left_out
        self.title.setText(text)
        self.title.setToolTip(text)
        self.count.setText(QLocale().toString(self.section.count))
        self.setAccessibleName(f"{text}, {count_photos(self.section.count)}")

    def show_left_out(self, count: int) -> None:
        """Show that this many photos of the section are left out of the answer."""
        if count != self._left_out:
            self._left_out = count
            self.refresh()

    @property
    def answered(self) -> int:
        """Number of photos that an answer is for."""
        return self.section.count - self._left_out

    def show_folded(self, *, folded: bool) -> None:
        """Show whether only the first line of the section is visible."""
        if folded == self._folded:
            return
        self._folded = folded
        self.fold.setArrowType(Qt.ArrowType.RightArrow if folded else Qt.ArrowType.DownArrow)
        describe(self.fold, self.tr("Show all photos of this section") if folded else self.tr("Show one line only"))
        self.fold.setToolTip(self.fold.accessibleName())

    def _title(self) -> str:
        templates = {
            SectionKind.UNKNOWN: self.tr("Unknown"),
            SectionKind.WAITING: self.tr("No final suggestion yet"),
            SectionKind.DONT_KNOW: self.tr("Don't know"),
            SectionKind.NOT_MINE: self.tr("Not mine"),
            SectionKind.UNREADABLE: self.tr("Unreadable"),
            SectionKind.CONFIRMED: self.tr("{0}, confirmed"),
            SectionKind.SURE: self.tr("{0}, sure"),
            SectionKind.LIKELY: self.tr("{0}, likely"),
            SectionKind.UNSURE: self.tr("{0}? Not sure") if self.section.key else self.tr("Not sure"),
        }
        return templates.get(self.section.kind, "{0}").format(self._key_text())

    def _key_text(self) -> str:
        """Return the class, day or folder of the section as text."""
        key = self.section.key[0] if self.section.key else 0
        if isinstance(key, int):
            return self._names.get(key, "")
        if self.section.kind is SectionKind.DAY:
            return _day(key) or self.tr("Without a date")
        return Path(key).name or key

    @property
    def below_title_px(self) -> int:
        """The left margin of a second line."""
        return self.fold.sizeHint().width() + theme.GAP_PX


def _day(text: str) -> str:
    """The day "2026-05-01" as the person's language writes it; "" for no day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return ""
    return QLocale().toString(QDate(day.year, day.month, day.day), QLocale.FormatType.LongFormat)
