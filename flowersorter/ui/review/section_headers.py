"""The headers of the sections: the question, and the buttons that answer it for all photos of the section."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from PySide6.QtCore import QDate, QEvent, QLocale, QSize, QStringListModel, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QCompleter,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from flowersorter.ui.grid.sections import Section, SectionKind
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import (
    FramedField,
    ShortenedLabel,
    button,
    count_photos,
    describe,
    without_mnemonics,
)

_FIELD_LETTERS = 14
_NAME_LETTERS = 16
_NARROW_PX = 640
#: Classes offered for a group at most.
MOST_CHOICES = 3
#: Sections whose photos can all be confirmed at once.
_CONFIRMED_AT_ONCE = frozenset({SectionKind.SURE, SectionKind.LIKELY})


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
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.title.setMinimumWidth(96)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.count = QLabel(self)
        self.count.setObjectName("section_count")
        self.count.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.row = QHBoxLayout()
        self.row.setSpacing(theme.GAP_PX)
        self.row.addWidget(self.fold)
        self.row.addWidget(self.title, 1)
        self.row.addWidget(self.count)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(theme.SMALL_GAP_PX, theme.GAP_PX, theme.GAP_PX, theme.SMALL_GAP_PX)
        self._column.setSpacing(theme.SMALL_GAP_PX)
        self._column.addLayout(self.row)
        self.show_folded(folded=False)

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
            SectionKind.UNSURE: self.tr("{0}? Not sure"),
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


class ConfirmHeader(SectionHeader):
    """Photos with the same suggestion, which can be confirmed at once.

    Signals:
        confirmed(): The suggestion is right for all photos that are not left out.
    """

    confirmed = Signal()

    def __init__(self, section: Section, names: Mapping[int, str], parent: QWidget | None = None) -> None:
        super().__init__(section, names, parent)
        self.confirm = button(self, "section_confirm", "")
        self.confirm.clicked.connect(self.confirmed)
        self.row.addWidget(self.confirm)
        self.title.setForegroundRole(QPalette.ColorRole.WindowText)
        self.refresh()

    def refresh(self) -> None:
        """Show the numbers."""
        super().refresh()
        self.count.hide()
        number = QLocale().toString(self.answered)
        self.confirm.setText(self.tr("Confirm {0}").format(number) if self._left_out else _all(self, number))
        self.confirm.setEnabled(self.answered > 0)
        self.confirm.setToolTip(self.tr("The suggestion is right for these photos. Click a photo to leave it out"))
        self.confirm.setAccessibleName(f"{self.confirm.text()}, {self.title.text()}")


class PairHeader(SectionHeader):
    """Photos that are torn between two classes.

    Signals:
        chosen(class id): The photos that are not left out are of this class.
        one_by_one(): Show them one at a time.
    """

    chosen = Signal(int)
    one_by_one = Signal()

    def __init__(self, section: Section, names: Mapping[int, str], parent: QWidget | None = None) -> None:
        super().__init__(section, names, parent)
        self.choices = [button(self, f"section_all_{number}", "") for number in range(2)]
        for choice in self.choices:
            choice.clicked.connect(self._on_choice)
            self.row.addWidget(choice)
        self.single = button(self, "section_one_by_one", self.tr("One by one"), self.tr("Decide photo by photo"))
        self.single.clicked.connect(self.one_by_one)
        self.row.addWidget(self.single)
        self.refresh()

    def refresh(self) -> None:
        """Show the two classes."""
        super().refresh()
        for choice, class_id in zip(self.choices, self.section.key, strict=True):
            assert isinstance(class_id, int)
            name = self._names.get(class_id, "")
            text = self.tr("All {0}") if not self._left_out else self.tr("These {0}")
            choice.setText(text.format(without_mnemonics(_short(name))))
            choice.setProperty("class_id", class_id)
            choice.setEnabled(self.answered > 0)
            tip = self.tr("{0} are of the class {1}").format(count_photos(self.answered), name)
            describe(choice, tip, tip)

    def _title(self) -> str:
        one, other = (self._names.get(key, "") for key in self.section.key if isinstance(key, int))
        return self.tr("{0} or {1}?").format(one, other)

    @Slot()
    def _on_choice(self) -> None:
        self.chosen.emit(self.sender().property("class_id"))


class NameField(FramedField):
    """Takes Undo and Redo for what was typed in it; where there is nothing, the window undoes its last step."""

    def event(self, event: QEvent) -> bool:
        """Leave the keys to the window where the field has nothing to undo or redo."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            undo, redo = (
                event.matches(each) for each in (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
            )
            if (undo and not self.isUndoAvailable()) or (redo and not self.isRedoAvailable()):
                event.ignore()
                return True
        return super().event(event)


class GroupHeader(SectionHeader):
    """Photos that look alike: asks for their class.

    Args:
        section: The section.
        names: The name of each class id.
        completions: The class names that the field completes.
        parent: The viewport of the grid.

    Signals:
        named(str): The photos that are not left out are of the class of this name.
        not_mine(): They show none of the person's classes.
        passed_over(): They stay without a class.
    """

    named = Signal(str)
    not_mine = Signal()
    passed_over = Signal()

    def __init__(
        self,
        section: Section,
        names: Mapping[int, str],
        completions: QStringListModel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(section, names, parent)
        self._offered: tuple[str, ...] | None = None
        self.field = NameField(self)
        self.field.setObjectName("section_name")
        self.field.setAccessibleName(self.tr("Class of these photos"))
        self.field.setPlaceholderText(self.tr("Class"))
        self.field.setClearButtonEnabled(True)
        self.field.setMinimumWidth(self.fontMetrics().averageCharWidth() * _FIELD_LETTERS)
        self.field.setMaximumWidth(self.fontMetrics().averageCharWidth() * 3 * _FIELD_LETTERS)
        completer = QCompleter(completions, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.field.setCompleter(completer)
        self.name = button(self, "section_name_button", "", self.tr("Give these photos this class (Enter)"))
        self.choices = [button(self, f"section_choice_{number}", "") for number in range(MOST_CHOICES)]
        tip = self.tr("These photos are of none of your classes: they are neither suggested nor sorted")
        self.none = button(self, "section_not_mine", self.tr("Not mine"), tip)
        self.skip = button(self, "section_skip", self.tr("Skip"), self.tr("Leave these photos without a class"))
        line = QHBoxLayout()
        line.setSpacing(theme.GAP_PX)
        line.setContentsMargins(self.fold.sizeHint().width() + theme.GAP_PX, 0, 0, 0)
        line.addWidget(self.field, 1)
        for each in (self.name, *self.choices, self.none, self.skip):
            line.addWidget(each)
        line.addStretch(1)
        self._column.addLayout(line)
        self.field.returnPressed.connect(self._answer)
        self.field.textChanged.connect(self._show_action)
        self.name.clicked.connect(self._answer)
        for choice in self.choices:
            choice.clicked.connect(self._on_choice)
        self.none.clicked.connect(self.not_mine)
        self.skip.clicked.connect(self.passed_over)
        self.show_choices(())
        self.refresh()

    def show_choices(self, names: Sequence[str]) -> None:
        """Offer these classes, the likeliest first."""
        if tuple(names) == self._offered:
            return
        self._offered = tuple(names)
        for choice, name in itertools.zip_longest(self.choices, names[: len(self.choices)], fillvalue=""):
            assert isinstance(choice, QPushButton)
            choice.setText(without_mnemonics(_short(name)))
            choice.setProperty("class_name", name)
            text = self.tr("These photos are of the class {0}").format(name)
            describe(choice, text, text)
        self._fit()

    def _fit(self) -> None:
        """Fit the header: a narrow one has no button that Enter can replace, and offers only the likeliest class.

        The layout is done at once: until then a button that appears would be painted over the title.
        """
        narrow = self.width() < _NARROW_PX
        self.name.setVisible(not narrow)
        for number, choice in enumerate(self.choices):
            choice.setVisible(bool(choice.text()) and not (narrow and number))
        self._column.activate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the buttons to the width."""
        super().resizeEvent(event)
        self._fit()

    def refresh(self) -> None:
        """Show the numbers."""
        super().refresh()
        self.count.hide()
        for each in (*self.choices, self.none):
            each.setEnabled(self.answered > 0)
        number = QLocale().toString(self.answered)
        self.name.setText(self.tr("Name 1 photo") if self.answered == 1 else self.tr("Name {0} photos").format(number))
        self._show_action()

    def _title(self) -> str:
        if self.section.count == 1:
            return self.tr("What is this?")  # left over, still in view
        number = QLocale().toString(self.section.count)
        return self.tr("These {0} look alike. What are they?").format(number)

    @Slot()
    def _show_action(self) -> None:
        self.name.setEnabled(self.answered > 0 and bool(self.field.text().strip()))

    @Slot()
    def _answer(self) -> None:
        name = self.field.text().strip()
        if name and self.answered:
            self.named.emit(name)

    @Slot()
    def _on_choice(self) -> None:
        self.named.emit(self.sender().property("class_name"))


def header_for(
    section: Section, names: Mapping[int, str], completions: QStringListModel, parent: QWidget | None = None
) -> SectionHeader:
    """Make the header of a section."""
    if section.kind is SectionKind.LOOK_ALIKES:
        return GroupHeader(section, names, completions, parent)
    if section.kind is SectionKind.TORN:
        return PairHeader(section, names, parent)
    if section.kind in _CONFIRMED_AT_ONCE:
        return ConfirmHeader(section, names, parent)
    made = SectionHeader(section, names, parent)
    made.refresh()
    return made


def _all(header: QWidget, number: str) -> str:
    return header.tr("Confirm 1") if number == "1" else header.tr("Confirm all {0}").format(number)


def _short(name: str) -> str:
    return name if len(name) <= _NAME_LETTERS else name[: _NAME_LETTERS - 1] + "…"


def _day(text: str) -> str:
    """The day "2026-05-01" as the person's language writes it; "" for no day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return ""
    return QLocale().toString(QDate(day.year, day.month, day.day), QLocale.FormatType.LongFormat)
