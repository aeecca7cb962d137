"""Keeps photos in the sections in view while suggestions change."""

from __future__ import annotations

import bisect
import math
import time
from dataclasses import replace

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication

from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.grid.sections import Section, SectionKind
from flowersorter.ui.review.sections.review_sections import OPEN_KINDS, KeptSection
from flowersorter.ui.review.sections.section_headers import GroupHeader

#: Seconds after an answer in which the person is assumed not to have seen the next group yet.
UNSEEN_S = 1.5


class KeptSections(QObject):
    """Remembers the sections in view from the first answer on. Lives in the GUI thread.

    Before the first answer, while a folder is read, photos move freely.

    Args:
        photos: The model of the grid.
        grid: The grid.
        parent: Owns it.
    """

    def __init__(self, photos: PhotoModel, grid: PhotoGrid, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._photos, self._grid = photos, grid
        self._kept: list[KeptSection] = []
        self._is_answered = False
        self._selected: frozenset[int] = frozenset()  # places of the only selected tile: the next key is for it
        self._asked_at_s = -math.inf  # when the next group got the focus after an answer; -inf: it was seen
        grid.visible_changed.connect(self.keep_visible)
        grid.selection_settled.connect(self._note_selected)
        grid.pressed.connect(self._on_pressed)

    @property
    def now(self) -> list[KeptSection]:
        """Return the kept sections; of the groups only the one being named, as the others move where they belong."""
        kept = [each for each in self._kept if each.kind is not SectionKind.LOOK_ALIKES or self._is_asked(each)]
        return [replace(each, selected=self._selected.intersection(each.place_ids)) for each in kept]

    @Slot()
    def begin(self) -> None:
        """Begin to keep the sections in view."""
        if not self._is_answered:
            self._is_answered = True
            self.keep_visible()

    def restart(self) -> None:
        """Start over for another folder."""
        self._kept, self._is_answered = [], False

    @Slot()
    def clear(self) -> None:
        """Keep no section: each photo moves where it belongs."""
        self._kept = []

    def let_go(self, section: Section) -> None:
        """Stop keeping a section."""
        self._kept = [each for each in self._kept if (each.kind, each.key) != section.identity]

    @Slot()
    def keep_visible(self) -> None:
        """Keep the sections in view when suggestions change."""
        if not self._is_answered:
            return
        seen = {section.identity: section for section in self._sections_in_view()}
        self._kept = [
            KeptSection(section.kind, section.key, tuple(places_of(self._photos, section)))
            for section in seen.values()
            if section.kind in OPEN_KINDS
        ]

    def _sections_in_view(self) -> list[Section]:
        """The sections in view, and the group with the keyboard: something may be typed in its field."""
        asked = [each for each in self._photos.sections if self._group_with_keyboard(each) is not None]
        return [*(section_at(self._photos, row) for row in self._grid.visible_rows()), *asked]

    @Slot()
    def _note_selected(self) -> None:
        selected = self._grid.selected_places()
        self._selected = frozenset(selected) if self._photos.is_one_tile(selected) else frozenset()

    # -- the group with the keyboard

    def ask(self) -> None:
        """Note that a group got the focus by itself: the focus may go on before the person has seen it."""
        self._asked_at_s = time.monotonic()
        self.keep_visible()

    @property
    def is_passed_over(self) -> bool:
        """Whether the group that was asked about last is gone before the person had seen it."""
        is_unseen = self._asked_at_s > -math.inf
        return is_unseen and all(self._group_with_keyboard(each) is None for each in self._photos.sections)

    def has_gone_on(self) -> bool:
        """Return `is_passed_over`; from now on the group stays."""
        passed_over, self._asked_at_s = self.is_passed_over, -math.inf
        return passed_over

    @Slot()
    def _on_pressed(self) -> None:
        self._asked_at_s = -math.inf

    def _is_asked(self, section: KeptSection) -> bool:
        header = self._group_with_keyboard(section)
        if header is None:
            return False
        is_touched = bool(header.field.text()) or header.answered < header.section.count
        return is_touched or time.monotonic() - self._asked_at_s > UNSEEN_S

    def _group_with_keyboard(self, section: Section | KeptSection) -> GroupHeader | None:
        header, focus = self._grid.header((section.kind, section.key)), QApplication.focusWidget()
        has_keyboard = isinstance(header, GroupHeader) and focus is not None and header.isAncestorOf(focus)
        return header if has_keyboard and isinstance(header, GroupHeader) else None


def section_at(photos: PhotoModel, row: int) -> Section:
    """The section of a model row."""
    return photos.sections[bisect.bisect_right(photos.sections, row, key=lambda section: section.first) - 1]


def places_of(photos: PhotoModel, section: Section) -> list[int]:
    """The places of a section, in the order shown."""
    places: list[int] = photos.all_places_at(section.rows).tolist()
    return places
