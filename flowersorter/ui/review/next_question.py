"""Goes on from an answered section to the next question, with the keyboard, and moves the keyboard to a group."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from flowersorter.domain.photo_answers import Mark
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.grid.sections import Identity, Section, SectionKind
from flowersorter.ui.review.sections.kept_sections import KeptSections, places_of, section_at
from flowersorter.ui.review.sections.section_headers import ConfirmHeader, GroupHeader, NameField, PairHeader


class NextQuestion(QObject):
    """Decides which section has the keyboard. Lives in the GUI thread.

    Args:
        photos: The model of the grid.
        grid: The grid.
        kept: Keeps the sections in view.
        parent: Owns it.

    Signals:
        asked(): Another section is in view, with the keyboard in its header.
    """

    asked = Signal()

    def __init__(self, photos: PhotoModel, grid: PhotoGrid, kept: KeptSections, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._photos, self._grid, self._kept = photos, grid, kept
        self._returning: list[int] = []  # places of an answer that is undone, until they are a group again
        self._was_naming = False  # until a click took the keyboard from the name of a group
        photos.sections_changed.connect(self._on_sections)
        grid.clicked.connect(self._on_clicked)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)

    def after(self, answered: Section, typed: str = "") -> None:
        """Go on with the next group after one; after another section no button has the keyboard.

        Nothing stays selected: the photos selected before may be out of view by now, and a key would answer for them.

        Args:
            answered: The section.
            typed: Letters typed since the answer; they begin the name of the next group.
        """
        self._returning = []
        self._grid.clearSelection()
        if answered.kind is SectionKind.LOOK_ALIKES:
            self.move_on(answered.identity, typed)
        else:
            self._grid.setFocus()  # the button would be for the photos left out, which are still in its section

    def move_on(self, answered: Identity | None = None, typed: str = "") -> None:
        """Ask about the next group that is not the answered one, which may still be shown until it is stored."""
        groups = (each for each in self._photos.sections if each.kind is SectionKind.LOOK_ALIKES)
        following = next((each for each in groups if each.identity != answered), None)
        if following is None:
            self._grid.setFocus()
            return
        self.focus(following)
        header = self._grid.header(following.identity)
        if typed and isinstance(header, GroupHeader):
            header.field.insert(typed)
        self._kept.ask()

    def go_to(self, kinds: Collection[SectionKind]) -> bool:
        """Ask about the first section of one of these kinds; return whether there is one."""
        section = next((each for each in self._photos.sections if each.kind in kinds), None)
        if section is not None:
            self.focus(section)
            self._kept.keep_visible()
        return section is not None

    def focus(self, section: Section) -> None:
        """Bring a section into view, with the focus in its header."""
        self._grid.scrollTo(self._photos.index(section.first), QAbstractItemView.ScrollHint.PositionAtTop)
        header = self._grid.header(section.identity)
        if isinstance(header, GroupHeader):
            header.field.setFocus()
        elif isinstance(header, PairHeader):
            header.choices[0].setFocus()
        elif isinstance(header, ConfirmHeader):
            header.confirm.setFocus()
        self.asked.emit()

    @Slot(object)
    def ask_again(self, place_ids: list[int]) -> None:
        """Ask about the group of photos whose answer was undone: a name that is typed next is meant for it."""
        self._returning = list(place_ids)
        self._on_sections()
        marks = self._photos.columns.marks[self._photos.columns.locate(place_ids)]
        if not (marks == Mark.NOT_MINE).any():  # else they are shown as a group when this mark is gone
            self._returning = []

    @Slot()
    def _on_sections(self) -> None:
        groups = (section_at(self._photos, row) for row in self._photos.rows_of(self._returning))
        group = next((each for each in groups if each.kind is SectionKind.LOOK_ALIKES), None)
        if group is None or not self._is_about(group, self._returning):
            return
        self._returning = []
        self._grid.clearSelection()
        self.focus(group)

    def _is_about(self, group: Section, place_ids: list[int]) -> bool:
        """Whether an answer for photos was one for their group, or leaves the keyboard in the name of another group."""
        if set(places_of(self._photos, group)) - self._photos.left_out <= set(place_ids):
            return True
        elsewhere = self._grid.section_with_keyboard not in (None, group.identity)
        return elsewhere and not self._photos.is_one_tile(place_ids)

    @Slot("QWidget*", "QWidget*")
    def _on_focus(self, before: QWidget | None, now: QWidget | None) -> None:
        pressed = QApplication.mouseButtons() == Qt.MouseButton.LeftButton
        self._was_naming = pressed and now is self._grid and isinstance(before, NameField)

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        """Give the keyboard back to the name of a group: the click left a photo out of it, or took it in again."""
        was_naming, self._was_naming = self._was_naming, False
        header = self._grid.header(section_at(self._photos, index.row()).identity)
        plain = QApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier
        if was_naming and plain and isinstance(header, GroupHeader):
            header.field.setFocus()
