"""The headers of the sections: the question, and the buttons that answer it for all photos of the section."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QLocale, QStringListModel, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QPalette, QResizeEvent
from PySide6.QtWidgets import QApplication, QBoxLayout, QCompleter, QHBoxLayout, QPushButton, QWidget

from flowersorter.ui.grid.sections import Section, SectionKind
from flowersorter.ui.review.sections.more_button import MoreButton
from flowersorter.ui.review.sections.section_header import SectionHeader
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import FramedField, button, count_photos, describe, without_mnemonics

_FIELD_LETTERS = 14
_NAME_LETTERS = 16
_NARROW_PX = 640
#: Classes offered for a group at most.
MOST_CHOICES = 3
#: Sections whose photos can all be confirmed at once.
_CONFIRMED_AT_ONCE = frozenset({SectionKind.SURE, SectionKind.LIKELY})


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
        self.add_beside_title(self.confirm)
        self.title.setForegroundRole(QPalette.ColorRole.WindowText)
        self.refresh()

    def refresh(self) -> None:
        """Show the numbers."""
        super().refresh()
        self.count.hide()
        number = QLocale().toString(self.answered)
        self.confirm.setText(self.tr("Confirm {0}").format(number) if self._left_out else _all(self, number))
        is_known = self.section.key[0] in self._names  # else the class was just deleted
        self.confirm.setEnabled(self.answered > 0 and is_known)
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
        self.single = button(self, "section_one_by_one", self.tr("One by one"), self.tr("Decide photo by photo"))
        self.single.clicked.connect(self.one_by_one)
        self.more = MoreButton(self)
        self._answers = QHBoxLayout()
        self._answers.setSpacing(theme.GAP_PX)
        for each in (*self.choices, self.single, self.more):
            self._answers.addWidget(each)
        self._answers.addWidget(self.hint, 1)
        self._column.addLayout(self._answers, 1)
        self.refresh()
        self._fit(parent.width() if parent is not None else self.width())

    def _fit(self, width_px: int) -> None:
        """Put the buttons below the title where the line is short."""
        parts = [self.row.sizeHint().width(), *(each.sizeHint().width() for each in (*self.choices, self.single))]
        # A gap before each button, and before the hint.
        needed_px, direction = sum(parts) + (len(parts) + 1) * theme.GAP_PX, QBoxLayout.Direction
        narrow = width_px < max(_NARROW_PX, needed_px)
        self._column.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)
        self._answers.setContentsMargins(self.below_title_px if narrow else 0, 0, 0, 0)
        edges = self._column.contentsMargins()
        below_px = width_px - edges.left() - edges.right() - self.below_title_px
        self.more.fit((*self.choices, self.single), below_px if narrow else needed_px, theme.GAP_PX)
        self._column.activate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the buttons to the width."""
        super().resizeEvent(event)
        self._fit(self.width())

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
            one, many = self.tr("This photo is of the class {1}"), self.tr("{0} are of the class {1}")
            tip = (one if self.answered == 1 else many).format(count_photos(self.answered), name)
            describe(choice, tip, tip)

    def _title(self) -> str:
        one, other = (self._names.get(key, "") for key in self.section.key if isinstance(key, int))
        return self.tr("{0} or {1}?").format(one, other)

    @Slot()
    def _on_choice(self) -> None:
        self.chosen.emit(self.sender().property("class_id"))


class NameField(FramedField):
    """Undoes and redoes typing; without any typing left, the window undoes its last step."""

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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hand a key on to the name asked for now: a list of names that just closed gives keys to its old field."""
        asked = QApplication.focusWidget()
        if isinstance(asked, NameField) and asked is not self:
            QApplication.sendEvent(asked, event)
        else:
            super().keyPressEvent(event)


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
        self._waits = False
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
        self.more = MoreButton(self)
        self._line = line = QHBoxLayout()
        line.setSpacing(theme.GAP_PX)
        line.setContentsMargins(self.below_title_px, 0, 0, 0)
        line.addWidget(self.field, 1)
        for each in (self.name, *self.choices, self.none, self.skip, self.more):
            line.addWidget(each)
        line.addStretch()  # only the room that the field cannot take
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
        """Show the buttons that have room, the others in a menu.

        The layout is done at once: until then a button that appears would be painted over the title.
        """
        edges, (likeliest, *further) = self._column.contentsMargins(), self.choices
        taken_px = edges.left() + edges.right() + self.below_title_px + self.field.minimumWidth()
        by_use = (likeliest, self.name, self.none, self.skip, *further)
        self.more.fit(by_use, self.width() - taken_px, self._line.spacing())
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
            each.setEnabled(self.answered > 0 and not self._waits)
        self.skip.setEnabled(not self._waits)
        number = QLocale().toString(self.answered)
        self.name.setText(self.tr("Name 1 photo") if self.answered == 1 else self.tr("Name {0} photos").format(number))
        self._fit()
        self._show_action()

    def _title(self) -> str:
        if self.section.count == 1:
            return self.tr("What is this?")  # left over, still in view
        number = QLocale().toString(self.section.count)
        return self.tr("These {0} look alike. What are they?").format(number)

    def wait(self) -> None:
        """Take no other answer until this one is stored; letters typed meanwhile are kept for the next name."""
        self._waits = True
        self.refresh()

    def answered_at_last(self) -> str:
        """Take answers again, and return and forget the letters typed meanwhile."""
        typed, completer = self.field.text(), self.field.completer()
        self._waits = False
        self.field.clear()
        names = completer.popup() if completer is not None else None
        if names is not None:
            names.hide()  # else the list would go on to take the keys
        self.refresh()
        return typed

    @Slot()
    def _show_action(self) -> None:
        self.name.setEnabled(self.answered > 0 and not self._waits and bool(self.field.text().strip()))

    @Slot()
    def _answer(self) -> None:
        name = self.field.text().strip()
        if name and self.answered and not self._waits:
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
