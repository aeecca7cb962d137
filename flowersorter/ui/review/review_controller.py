"""Answers the questions of the sections, keeps what the person sees in its place, and counts what is left to do."""

from __future__ import annotations

import bisect
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QStringListModel, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget
from shiboken6 import isValid

from flowersorter.domain.changes import Changes
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_class import PhotoClass
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.classes.class_dialogs import class_of_name
from flowersorter.ui.classes.classes_controller import ClassesController
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.photo_columns import PhotoColumns, Rows
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.sections import Arrangement, Grouping, Section, SectionKind
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.review.first_folder_controller import FirstFolderController
from flowersorter.ui.review.group_finder import GroupFinder
from flowersorter.ui.review.left_out import LeftOutMarks
from flowersorter.ui.review.progress import TO_CHECK, ReviewProgress, review_progress
from flowersorter.ui.review.review_sections import OPEN_KINDS, KeptSection, PhotoGroups, review_sections
from flowersorter.ui.review.section_headers import (
    ConfirmHeader,
    GroupHeader,
    PairHeader,
    SectionHeader,
    header_for,
)
from flowersorter.ui.review.steps_bar import StepsBar
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.shared.widgets import insert_above
from flowersorter.ui.window.filter_controller import FilterController
from flowersorter.workflows.labelling.class_changes import find_or_add_class

if TYPE_CHECKING:
    from flowersorter.workflows.labelling.choose_groups import LookAlikeGroup

#: A class that is less probable than this is not offered for a group.
_WORTH_A_BUTTON = 0.2
#: Sections that need no decision, or one for all their photos, show one line.
FOLDED_AT_FIRST = frozenset(
    {
        SectionKind.SURE,
        SectionKind.CONFIRMED,
        SectionKind.DONT_KNOW,
        SectionKind.NOT_MINE,
        SectionKind.UNREADABLE,
    }
)
#: Sections whose header has an answer for all their photos.
_ANSWERED_AT_ONCE = OPEN_KINDS - {SectionKind.UNKNOWN} | {SectionKind.SURE}


class ReviewController(QObject):
    """Owns the sections by likeness, the steps and the offer for a first folder. Lives in the GUI thread.

    Signals:
        single_requested(): Show the selected photo large, to decide photo by photo.
        progressed(ReviewProgress): What is done and left to do.
    """

    single_requested = Signal()
    progressed = Signal(object)

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        folder: FolderController,
        grid: PhotoGrid,
        labels: LabelsController,
        classes: ClassesController,
        photo_filter: FilterController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder, self._grid = session, front, folder, grid
        self._labels, self._filter = labels, photo_filter
        self.steps = StepsBar(grid.parentWidget())
        insert_above(self.steps, grid, first=True)
        self.first_folder = FirstFolderController(session, front, folder, classes, grid, self)
        self._found: tuple[LookAlikeGroup, ...] | None = None
        self._answered_here = False
        self._groups = PhotoGroups()
        self._passed_over: set[int] = set()  # photo ids
        self._kept: list[KeptSection] = []
        self._go_to_first = False  # when the groups are found
        self._names = QStringListModel(self)
        session.photos.set_likeness_arranger(self._arrange)
        session.photos.sections_changed.connect(self._on_sections)
        grid.set_header_factory(self._header)
        grid.set_folded_at_first(lambda section: section.kind in FOLDED_AT_FIRST)
        grid.visible_changed.connect(self._keep_visible)
        self._left_out = LeftOutMarks(session.photos, grid, self._has_answer, self)
        self._left_out.changed.connect(self._on_sections)
        folder.opened.connect(self._on_opened)
        self._finder = GroupFinder(session, folder, self)
        self._finder.found.connect(self._on_groups)
        self._finder.stacks_found.connect(session.photos.set_stacks)
        labels.labels_changed.connect(self._on_labels)
        self.steps.name_requested.connect(self.start_naming)
        self.steps.check_requested.connect(self.start_checking)
        self.first_folder.naming_requested.connect(self.start_naming)

    # -- sections

    def _arrange(self, columns: PhotoColumns, rows: Rows) -> Arrangement:
        return review_sections(columns, rows, self._groups, self._kept_now)

    @Slot(object)
    def _on_groups(self, groups: tuple[LookAlikeGroup, ...]) -> None:
        self._found = groups
        self._regroup()
        self.show_progress()
        if self._go_to_first:
            self._go_to_first = False
            self._go_to_groups()

    def _regroup(self) -> None:
        """Divide the photos again, after groups came or went."""
        groups = [group for group in self._found or () if self._passed_over.isdisjoint(group.photo_ids)]
        self._groups = PhotoGroups.of([photo.photo_id for photo in group.photos] for group in groups)
        self._session.photos.rearrange(keep_in_view=True)

    @Slot()
    def _keep_visible(self) -> None:
        """Remember what the person sees: it stays where it is when suggestions change."""
        if not self._answered_here:
            return  # suggestions that change while a folder is read have no place yet
        seen = {section.identity: section for section in map(self._section_at, self._grid.visible_rows())}
        self._kept = [
            KeptSection(section.kind, section.key, tuple(self._places_of(section)))
            for section in seen.values()
            if section.kind in OPEN_KINDS
        ]

    @property
    def _kept_now(self) -> list[KeptSection]:
        """Of the groups only the one whose name is typed: the others go where they turn out to belong."""
        return [each for each in self._kept if each.kind is not SectionKind.LOOK_ALIKES or self._has_keyboard(each)]

    def _has_keyboard(self, section: KeptSection) -> bool:
        header, focus = self._grid.header((section.kind, section.key)), QApplication.focusWidget()
        return header is not None and focus is not None and header.isAncestorOf(focus)

    def _section_at(self, row: int) -> Section:
        sections = self._session.photos.sections
        return sections[bisect.bisect_right(sections, row, key=lambda section: section.first) - 1]

    def _places_of(self, section: Section) -> list[int]:
        """The places of a section, in the order shown."""
        places: list[int] = self._session.photos.all_places_at(section.rows).tolist()
        return places

    @Slot()
    def _on_labels(self) -> None:
        """From the first answer on, photos stay where the person sees them."""
        if not self._answered_here:
            self._answered_here = True
            self._keep_visible()

    @Slot(object)
    def _on_opened(self, _roots: object) -> None:
        self._found, self._groups, self._kept = None, PhotoGroups(), []
        self._answered_here = False
        self._passed_over.clear()
        self._left_out.clear()
        self.show_progress()

    # -- headers

    def _header(self, section: Section, parent: QWidget) -> SectionHeader:
        header = header_for(section, self._session.photos.section_names, self._names, parent)
        if isinstance(header, GroupHeader):
            header.named.connect(partial(self._on_named, header))
            header.not_mine.connect(partial(self._on_not_mine, header))
            header.passed_over.connect(partial(self._on_passed_over, header))
            header.show_choices(self._choices(section))
        elif isinstance(header, PairHeader):
            header.chosen.connect(partial(self._on_chosen, header))
            header.one_by_one.connect(partial(self._on_one_by_one, header))
        elif isinstance(header, ConfirmHeader):
            header.confirmed.connect(partial(self._on_confirmed, header))
        header.show_left_out(self._count_left_out(section))
        return header

    def _class_names(self) -> dict[int, str]:
        return {each.id: each.name for each in self._session.state.classes}

    def _choices(self, section: Section) -> list[str]:
        """The classes that a group may be of; none where it looks like none of them."""
        group = next((each for each in self._found or () if section.key[0] in each.photo_ids), None)
        if group is None or self._looks_like_no_class(section):
            return []
        names = self._class_names()
        likely = [names.get(class_id, "") for class_id, share in group.top if share >= _WORTH_A_BUTTON]
        return [name for name in likely if name]

    def _looks_like_no_class(self, section: Section) -> bool:
        columns = self._session.photos.columns
        verdicts = columns.verdicts[columns.locate(self._places_of(section))]
        return 2 * int(np.count_nonzero(verdicts == Verdict.UNKNOWN)) >= len(verdicts)

    def _has_answer(self, row: int) -> bool:
        """Whether the photos of the section of a row can be answered at once."""
        return self._section_at(row).kind in _ANSWERED_AT_ONCE

    def _take_answer(self, section: Section) -> list[int]:
        """The places that the answer just given is for; those left out of it are asked about anew."""
        answered = self._answered(section)
        self._left_out.take_in(self._places_of(section))
        return answered

    def _count_left_out(self, section: Section) -> int:
        """Number of photos of a section that its answer is not for."""
        return section.count - len(self._answered(section)) if section.kind in _ANSWERED_AT_ONCE else 0

    def _answered(self, section: Section) -> list[int]:
        """The places of a section that an answer is for: not left out, and with the suggestion to confirm."""
        photos = self._session.photos
        places = photos.all_places_at(section.rows)
        if self._left_out.place_ids:
            places = places[~np.isin(places, list(self._left_out.place_ids))]
        if section.kind in (SectionKind.SURE, SectionKind.LIKELY, SectionKind.UNSURE):
            rows = photos.columns.locate(places)
            suggested = photos.columns.verdicts[rows] != Verdict.UNKNOWN
            places = places[suggested & (photos.columns.class_ids[rows] == section.key[0])]
        answered: list[int] = places.tolist()
        return answered

    @Slot()
    def _on_sections(self) -> None:
        """Show what the headers say of their sections as they are now."""
        self._names.setStringList(sorted(self._class_names().values(), key=str.casefold))
        for section in self._session.photos.sections:
            header = self._grid.header(section.identity)
            if isinstance(header, SectionHeader):
                header.show_left_out(self._count_left_out(header.section))

    # -- answers

    def _on_named(self, header: GroupHeader, name: str) -> None:
        places, session = self._take_answer(header.section), self._session
        header.field.clear()
        existing = class_of_name(session.state.classes, name)
        if existing is not None:
            self._labels.assign(places, existing.id)
            self._after(header.section.kind)
            return
        header.setEnabled(False)  # a second Enter would make the class twice
        session.library.submit(
            partial(find_or_add_class, session.collection, name),  # the window may not know the newest class yet
            partial(self._on_class, header, places),
            partial(self._on_not_made, header),
            changes=Changes.CLASSES,
        )

    def _on_class(self, header: GroupHeader, places: Sequence[int], found: tuple[PhotoClass, bool]) -> None:
        photo_class, made = found
        if made:
            self._labels.assign_to_made(places, photo_class)
        else:
            self._labels.assign(places, photo_class.id)
        if isValid(header):  # else it was scrolled away meanwhile
            header.setEnabled(True)
        self._after(SectionKind.LOOK_ALIKES)

    def _on_not_made(self, header: GroupHeader, error: Exception) -> None:
        if isValid(header):
            header.setEnabled(True)
            header.field.setFocus()
        self._front.complain(error)

    def _on_not_mine(self, header: GroupHeader) -> None:
        self._labels.mark(self._take_answer(header.section), Mark.NOT_MINE)
        self._after(header.section.kind)

    def _on_passed_over(self, header: GroupHeader) -> None:
        photos = self._session.photos
        rows = photos.columns.locate(self._places_of(header.section))
        self._passed_over.update(photos.columns.photo_ids[rows].tolist())
        self._kept = [each for each in self._kept if each.key != header.section.key]
        self._regroup()
        self._after(header.section.kind)

    def _on_chosen(self, header: PairHeader, class_id: int) -> None:
        columns, places = self._session.photos.columns, self._take_answer(header.section)
        rows = columns.locate(places)
        possible = (columns.class_ids[rows] == class_id) | (columns.second_class_ids[rows] == class_id)
        self._labels.assign(columns.place_ids[rows[possible]].tolist(), class_id)  # the class was rejected for others
        self._after(header.section.kind)

    def _on_confirmed(self, header: ConfirmHeader) -> None:
        class_id = header.section.key[0]
        assert isinstance(class_id, int)
        columns, places = self._session.photos.columns, self._take_answer(header.section)
        self._labels.assign(columns.seen(places), class_id)
        self._after(header.section.kind)

    def _on_one_by_one(self, header: PairHeader) -> None:
        self._grid.select_row(header.section.first)
        self.single_requested.emit()

    def _after(self, kind: SectionKind) -> None:
        """Go on with the next question of this kind."""
        following = next((each for each in self._session.photos.sections if each.kind is kind), None)
        if following is None:
            self._grid.setFocus()
        elif kind is SectionKind.LOOK_ALIKES:
            self._focus(following)
        self.show_progress()

    def _focus(self, section: Section) -> None:
        """Bring a section into view, with the keyboard in its header."""
        self._grid.scrollTo(self._session.photos.index(section.first), QAbstractItemView.ScrollHint.PositionAtTop)
        header = self._grid.header(section.identity)
        if isinstance(header, GroupHeader):
            header.field.setFocus()
        elif isinstance(header, PairHeader):
            header.choices[0].setFocus()
        elif isinstance(header, ConfirmHeader):
            header.confirm.setFocus()

    # -- steps

    @property
    def progress(self) -> ReviewProgress:
        """What is done and left to do in the folder."""
        photos, columns = self._session.photos, self._session.photos.columns
        sections = photos.sections
        if not photos.filter.is_open or photos.filter.divided_by is not Grouping.LIKENESS:
            sections = review_sections(columns, np.arange(len(columns)), self._groups, self._kept_now).sections
        return review_progress(columns, sections, pending=self._found is None)

    @Slot()
    def show_progress(self) -> None:
        """Show how many decisions are left."""
        progress = self.progress
        self.steps.show_progress(progress)
        self.progressed.emit(progress)

    @Slot()
    def start_naming(self) -> None:
        """Show the first group of look-alikes, and ask for its class."""
        if not self._folder.roots:
            self._front.bar.say(self.tr("Open a folder of photos first"))
            return
        self._show_sections()
        if self._found is not None:
            self._go_to_groups()
            return
        self._go_to_first = True
        self._finder.find()

    def _go_to_groups(self) -> None:
        if not self._go_to((SectionKind.LOOK_ALIKES,)):
            text = self.tr("No groups left to name. Check the other photos, then sort them.")
            self._front.bar.say(text, until=Until.ANSWER | Until.SUGGESTIONS)

    @Slot()
    def start_checking(self) -> None:
        """Show the first photos whose suggestion is not sure."""
        self._show_sections()
        if not self._go_to(TO_CHECK):
            text = self.tr("No photos left to check. You can sort them now.")
            self._front.bar.say(text, until=Until.ANSWER | Until.SUGGESTIONS)

    def _show_sections(self) -> None:
        """Show the whole folder by likeness, each photo where it belongs now."""
        self._kept = []
        self._filter.show_everything()
        self._filter.group_by(Grouping.LIKENESS)
        self._session.photos.rearrange()

    def _go_to(self, kinds: Collection[SectionKind]) -> bool:
        section = next((each for each in self._session.photos.sections if each.kind in kinds), None)
        if section is not None:
            self._focus(section)
            self._keep_visible()
        return section is not None
