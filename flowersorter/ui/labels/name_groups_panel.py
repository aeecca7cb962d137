"""Above a group of look-alike photos: the question for their class, the field for the answer and the progress."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLocale, QStringListModel, Qt, Signal, Slot
from PySide6.QtWidgets import QCompleter, QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import button, text_label, without_mnemonics
from flowersorter.workflows.labelling.choose_groups import MOST_SUGGESTIONS

_FIELD_LETTERS = 14


class NameGroupsPanel(QFrame):
    """Asks for the class of a group. Lives in the GUI thread.

    Signals:
        named(str): The selected photos are of the class of this name.
        not_mine(): The selected photos are of none of the person's classes.
        passed_over(): Show the next group; this one stays without a label.
    """

    named = Signal(str)
    not_mine = Signal()
    passed_over = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("name_groups_panel")
        self.setAccessibleName(self.tr("Name groups of photos that look alike"))
        self._selected = 0
        self.question = text_label(self, "group_question", scale=1.05)
        self.progress = text_label(self, "group_progress", muted=True)
        self.field = QLineEdit(self)
        self.field.setObjectName("group_name")
        self.field.setAccessibleName(self.tr("Class of these photos"))
        self.field.setPlaceholderText(self.tr("Class"))
        self.field.setClearButtonEnabled(True)
        self.field.setMaximumWidth(self.fontMetrics().averageCharWidth() * 3 * _FIELD_LETTERS)
        self.field.setMinimumWidth(self.fontMetrics().averageCharWidth() * _FIELD_LETTERS)
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.field.setCompleter(completer)
        self.name_button = button(self, "group_name_button", "", self.tr("Give the selected photos this class (Enter)"))
        self.suggestions = [button(self, f"group_suggestion_{number}", "") for number in range(MOST_SUGGESTIONS)]
        self.not_mine_button = button(
            self,
            "group_not_mine_button",
            self.tr("Not &mine"),
            self.tr("The selected photos are of none of your classes: they are neither suggested nor sorted"),
        )
        self.pass_button = button(
            self, "group_pass_button", self.tr("S&kip"), self.tr("Leave these without a label, and go on")
        )
        self._lay_out()
        self.field.returnPressed.connect(self._answer)
        self.field.textChanged.connect(self._show_action)
        self.name_button.clicked.connect(self._answer)
        for suggestion in self.suggestions:
            suggestion.clicked.connect(self._take_suggestion)
        self.not_mine_button.clicked.connect(self.not_mine)
        self.pass_button.clicked.connect(self.passed_over)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(self.field, 3)
        row.addWidget(self.name_button)
        for suggestion in self.suggestions:
            row.addWidget(suggestion)
        row.addStretch(1)
        below = QHBoxLayout()
        below.setSpacing(theme.GAP_PX)
        below.addWidget(self.progress, 1)
        below.addWidget(self.not_mine_button)
        below.addWidget(self.pass_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.LARGE_GAP_PX, theme.SMALL_GAP_PX, theme.GAP_PX, theme.GAP_PX)
        column.setSpacing(theme.SMALL_GAP_PX)
        column.addWidget(self.question)
        column.addLayout(row)
        column.addLayout(below)

    def show_group(self, photos: int, suggestions: Sequence[str]) -> None:
        """Ask for the class of a group.

        Args:
            photos: Number of its photos.
            suggestions: Names of the classes it may be of, likeliest first.
        """
        number = QLocale().toString(photos)
        self.question.setText(self.tr("These {0} photos look alike. What are they?").format(number))
        for at, suggestion in enumerate(self.suggestions):
            suggestion.setVisible(at < len(suggestions))
            if at < len(suggestions):
                suggestion.setText(without_mnemonics(suggestions[at]))
                suggestion.setProperty("class_name", suggestions[at])
                suggestion.setAccessibleName(self.tr("They are of the class {0}").format(suggestions[at]))
        self.field.clear()
        self.field.setFocus()
        self.show_selected(photos)

    def show_progress(self, groups: int, photos: int) -> None:
        """Show how many groups, and photos in them, are left to name."""
        one, many = self.tr("Last group."), self.tr("{0} groups, {1} photos left.")
        left = one if groups == 1 else many.format(QLocale().toString(groups), QLocale().toString(photos))
        self.progress.setText(left + " " + self.tr("Ctrl+click leaves a photo out."))

    def show_class_names(self, names: Sequence[str]) -> None:
        """Complete these names."""
        self._names.setStringList(list(names))

    def show_selected(self, photos: int) -> None:
        """Show how many photos the answer is for."""
        self._selected = photos
        one, many = self.tr("&Name 1 photo"), self.tr("&Name {0} photos")
        self.name_button.setText(one if photos == 1 else many.format(QLocale().toString(photos)))
        for each in (*self.suggestions, self.not_mine_button):
            each.setEnabled(photos > 0)
        self._show_action()

    @Slot()
    def _show_action(self) -> None:
        self.name_button.setEnabled(self._selected > 0 and bool(self.field.text().strip()))

    @Slot()
    def _answer(self) -> None:
        name = self.field.text().strip()
        if name and self._selected:
            self.named.emit(name)

    @Slot()
    def _take_suggestion(self) -> None:
        self.named.emit(self.sender().property("class_name"))
