"""The sections that the person sees: their photos stay in them when suggestions change."""

from __future__ import annotations

import bisect
import math
import time

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication

from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.grid.sections import Section, SectionKind
from flowersorter.ui.review.review_sections import OPEN_KINDS, KeptSection
from flowersorter.ui.review.section_headers import GroupHeader

#: Seconds in which a person has not yet looked at the group that the keyboard went to after an answer.
UNSEEN_S = 1.5


class KeptSections(QObject):
    """Remembers the sections in view from the first answer on. Lives in the GUI thread.

    Before, while a folder is read, suggestions that change have no place yet.

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
        self._asked_at_s = -math.inf  # when the keyboard went to the group that follows an answer; -inf: it was seen
        grid.visible_changed.connect(self.keep_visible)
        grid.pressed.connect(self._on_pressed)

    @property
    def now(self) -> list[KeptSection]:
        """Of the groups only the one whose name is typed: the others go where they turn out to belong."""
        return [each for each in self._kept if each.kind is not SectionKind.LOOK_ALIKES or self._is_asked(each)]

    def begin(self) -> None:
        """From the first answer on, photos stay where the person sees them."""
        if not self._is_answered:
            self._is_answered = True
            self.keep_visible()

    def restart(self) -> None:
        """Another folder is open."""
        self._kept, self._is_answered = [], False

    @Slot()
    def clear(self) -> None:
        """Let each photo go where it belongs now."""
        self._kept = []

    def let_go(self, section: Section) -> None:
        """Keep a section no longer."""
        self._kept = [each for each in self._kept if each.key != section.key]

    @Slot()
    def keep_visible(self) -> None:
        """Remember what the person sees: it stays where it is when suggestions change."""
        if not self._is_answered:
            return
        seen = {section.identity: section for section in self._sections_in_view()}
        self._kept = [
            KeptSection(section.kind, section.key, tuple(places_of(self._photos, section)))
            for section in seen.values()
            if section.kind in OPEN_KINDS
        ]

    def _sections_in_view(self) -> list[Section]:
        return [section_at(self._photos, row) for row in self._grid.visible_rows()]

    # -- the group with the keyboard

    def ask(self) -> None:
        """Note that the keyboard has gone to a group by itself: it may go on before the person has seen it."""
        self._asked_at_s = time.monotonic()
        self.keep_visible()

    def has_gone_on(self) -> bool:
        """Whether the group with the keyboard went before the person had seen it; asked after suggestions changed."""
        is_unseen, self._asked_at_s = self._asked_at_s > -math.inf, -math.inf
        return is_unseen and all(self._group_with_keyboard(each) is None for each in self._photos.sections)

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
