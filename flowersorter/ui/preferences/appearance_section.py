"""The language and the colours of the window in Preferences."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLocale, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from flowersorter.library.files.personal_settings import DARK, LIGHT, SYSTEM, PersonalSettings
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import describe, plain, text_label


class AppearanceSection(QWidget):
    """Two lists of choices. Lives in the GUI thread.

    Args:
        settings: The current ones.
        languages: With a catalogue, such as "de".
        parent: The dialog.

    Signals:
        language_chosen(str): Use this language from the next start on; "" for that of the system.
        colours_chosen(str): Show these colours.
    """

    language_chosen = Signal(str)
    colours_chosen = Signal(str)

    def __init__(self, settings: PersonalSettings, languages: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("appearance_section")
        self._at_start = settings.language
        named = [(self.tr("System"), ""), *sorted((_native_name(each), each) for each in ("en", *languages))]
        self.language = self._list("language_choice", named, settings.language)
        colours = ((self.tr("System"), SYSTEM), (self.tr("Light"), LIGHT), (self.tr("Dark"), DARK))
        self.colours = self._list("colours_choice", colours, settings.colours)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.LARGE_GAP_PX)
        grid.setVerticalSpacing(theme.GAP_PX)
        grid.setColumnStretch(2, 1)
        rows = (
            (self.tr("&Language"), self.language, self.tr("Used from the next start on, for all collections")),
            (self.tr("C&olours"), self.colours, self.tr("Used at once, for all collections")),
        )
        for row, (title, box, tip) in enumerate(rows):
            label = QLabel(title, self)
            label.setBuddy(box)
            describe(box, plain(title), tip)
            box.view().setAccessibleName(box.accessibleName())
            grid.addWidget(label, row, 0)
            grid.addWidget(box, row, 1, Qt.AlignmentFlag.AlignLeft)
        self.note = text_label(self, "appearance_note", self.tr("The language changes at the next start."))
        self.note.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP_PX)
        column.addLayout(grid)
        column.addWidget(self.note)
        self.language.currentIndexChanged.connect(self._on_language)
        self.colours.currentIndexChanged.connect(self._on_colours)

    def _list(self, name: str, choices: Sequence[tuple[str, str]], chosen: str) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(name)
        box.view().setObjectName(f"{name}_list")
        for text, value in choices:
            box.addItem(text, value)
        box.setCurrentIndex(max(0, box.findData(chosen)))
        return box

    def show_settings(self, settings: PersonalSettings) -> None:
        """Show the settings that are in use."""
        with QSignalBlocker(self.language), QSignalBlocker(self.colours):
            self.language.setCurrentIndex(max(0, self.language.findData(settings.language)))
            self.colours.setCurrentIndex(max(0, self.colours.findData(settings.colours)))
        self.note.setVisible(settings.language != self._at_start)

    @Slot()
    def _on_language(self) -> None:
        language = str(self.language.currentData())
        self.note.setVisible(language != self._at_start)
        self.language_chosen.emit(language)

    @Slot()
    def _on_colours(self) -> None:
        self.colours_chosen.emit(str(self.colours.currentData()))


def _native_name(language: str) -> str:
    """Name a language in itself: a person who cannot read the present one finds their own."""
    return "English" if language == "en" else QLocale(language).nativeLanguageName().capitalize()
