"""Handles the answers to the sections' questions, keeps the sections in view, and counts the decisions left."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QStringListModel, Signal, Slot
from PySide6.QtWidgets import QWidget
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
from flowersorter.ui.grid.sections import Arrangement, Grouping, Identity, Section, SectionKind
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.review.first_folder_controller import FirstFolderController
from flowersorter.ui.review.group_finder import GroupFinder
from flowersorter.ui.review.left_out import LeftOutAnswer, LeftOutMarks
from flowersorter.ui.review.likely_classes import likely_classes
from flowersorter.ui.review.next_question import NextQuestion
from flowersorter.ui.review.progress import TO_CHECK, ReviewProgress
from flowersorter.ui.review.progress_controller import Division, ProgressController
from flowersorter.ui.review.sections.kept_sections import KeptSections, places_of, section_at
from flowersorter.ui.review.sections.review_sections import PhotoGroups, review_sections
from flowersorter.ui.review.sections.section_header import ANSWERED_AT_ONCE, SectionHeader
from flowersorter.ui.review.sections.section_headers import ConfirmHeader, GroupHeader, PairHeader, header_for
from flowersorter.ui.review.step_in_view import StepInView
from flowersorter.ui.review.steps_bar import StepsBar
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.shared.widgets import insert_above
from flowersorter.ui.window.filter_controller import FilterController
from flowersorter.workflows.labelling.class_changes import find_or_add_class
from flowersorter.workflows.labelling.review_order import is_enough_to_see_a_line

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


class ReviewController(QObject):
    """Owns the sections by likeness, the steps and the offer for a first folder. Lives in the GUI thread.

    Signals:
        single_requested(): Show the selected photo large, to decide photo by photo.
        progressed(ReviewProgress): The decisions made and left.
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
        self._progress = ProgressController(session, folder, self.steps, self._division, self)
        self._progress.progressed.connect(self.progressed)
        self._in_view = StepInView(session.photos, grid, self.steps, self)
        self._found: PhotoGroups | None = None  # the person's Skip does not take any out
        self._groups = PhotoGroups()
        self._passed_over: set[int] = set()  # photo ids
        self._kept = KeptSections(session.photos, grid, self)
        self.next = NextQuestion(session.photos, grid, self._kept, self)
        self.next.asked.connect(self._in_view.show)
        self._shown = session.photos.filter
        self._go_to_first = False  # when the groups are found
        self._names = QStringListModel(self)
        session.photos.set_likeness_arranger(self._arrange)
        session.photos.sections_changed.connect(self._on_sections)
        session.photos.counts_changed.connect(self._on_suggestions)
        grid.set_header_factory(self._header)
        self._likely_folds: dict[Identity, bool] = {}
        grid.set_folded_at_first(self._folds_at_first)
        self._left_out = LeftOutMarks(session.photos, grid, self._has_answer, self)
        self._left_out.changed.connect(self._on_sections)
        self._left_out.taken_back.connect(self._kept.clear)
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
        shown = self._session.photos.filter
        if shown != self._shown:  # the person looks at other photos: no title has to be true of those before
            self._kept.clear()
            self._shown = shown
        by_doubt = shown.is_by_name  # the person has chosen no other order
        return review_sections(columns, rows, self._groups, self._kept.now, doubtful_first=by_doubt)

    def _folds_at_first(self, section: Section) -> bool:
        """Whether a section shows one line at first: for likely photos, if the others are expected to be right."""
        if section.kind is not SectionKind.LIKELY:
            return section.kind in FOLDED_AT_FIRST
        if section.identity not in self._likely_folds:
            columns = self._session.photos.columns
            rows = columns.locate(places_of(self._session.photos, section))
            self._likely_folds[section.identity] = is_enough_to_see_a_line(columns.confidences[rows])
        return self._likely_folds[section.identity]

    @Slot(object)
    def _on_groups(self, groups: PhotoGroups) -> None:
        self._found = groups
        self._regroup()
        self.show_progress()
        if self._go_to_first:
            self._go_to_first = False
            self._go_to_groups()
        elif self._kept.is_passed_over:
            self.next.move_on()

    def _regroup(self) -> None:
        """Divide the photos again, after the groups changed."""
        self._groups = (self._found or PhotoGroups()).without(self._passed_over)
        self._session.photos.rearrange(keep_in_view=True)

    @Slot()
    def pass_over_settled(self) -> None:
        """Go on from a group that the last answer dissolved, unless the person had seen it already."""
        if self._kept.has_gone_on():
            self.next.move_on()

    @Slot()
    def _on_labels(self) -> None:
        """Keep photos in the sections in view, from the first answer on."""
        self._kept.begin()
        self._progress.note_answer()

    @Slot(object)
    def _on_opened(self, _roots: object) -> None:
        self._found, self._groups = None, PhotoGroups()
        self._likely_folds.clear()
        self._kept.restart()
        self._passed_over.clear()
        self._left_out.clear()
        self._progress.begin_anew()

    # -- headers

    def _header(self, section: Section, parent: QWidget) -> SectionHeader:
        header = header_for(section, self._session.photos.section_names, self._names, parent)
        if isinstance(header, GroupHeader):
            header.named.connect(partial(self._on_named, header))
            header.field.textEdited.connect(self._kept.begin)  # the group must not go while its name is typed
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
        """The possible classes of a group, by its present suggestions."""
        columns, names = self._session.photos.columns, self._class_names()
        found = likely_classes(columns, columns.locate(places_of(self._session.photos, section)))
        return [names[class_id] for class_id in found if class_id in names]

    def _has_answer(self, row: int) -> bool:
        """Whether the photos of the section of a row can be answered at once."""
        return section_at(self._session.photos, row).kind in ANSWERED_AT_ONCE

    @Slot()
    def leave_out(self) -> None:
        """Leave the selected photos out of the answer for their section, or include them again."""
        if not self._left_out.toggle(self._grid.selected_rows()):
            text = self.tr("Select photos below a question to leave them out of its answer.")
            self._front.bar.ask_to_select(text)

    def _take_answer(self, section: Section, class_id: int = 0) -> tuple[list[int], LeftOutAnswer]:
        """Return the places that the answer just given applies to, and the change to those left out of it."""
        others = self._left_out.answer(places_of(self._session.photos, section), class_id)
        return self._answered(section), others

    def _count_left_out(self, section: Section) -> int:
        """Number of photos of a section that are left out of its answer."""
        return section.count - len(self._answered(section)) if section.kind in ANSWERED_AT_ONCE else 0

    def _answered(self, section: Section) -> list[int]:
        """The places of a section that an answer is for: not left out, and with the suggestion to confirm."""
        photos = self._session.photos
        places = photos.all_places_at(section.rows)
        if self._left_out.place_ids:
            places = places[~np.isin(places, list(self._left_out.place_ids))]
        if section.kind in (SectionKind.SURE, SectionKind.LIKELY):
            rows = photos.columns.locate(places)
            suggested = photos.columns.verdicts[rows] != Verdict.UNKNOWN
            places = places[suggested & (photos.columns.class_ids[rows] == section.key[0])]
        answered: list[int] = places.tolist()
        return answered

    @Slot()
    def _on_sections(self) -> None:
        """Show what the headers say of their sections as they are now."""
        names = sorted(self._class_names().values(), key=str.casefold)
        if names != self._names.stringList():
            self._names.setStringList(names)
        for section in self._session.photos.sections:
            header = self._grid.header(section.identity)
            if isinstance(header, SectionHeader):
                header.show_left_out(self._count_left_out(header.section))

    @Slot()
    def _on_suggestions(self) -> None:
        """Update the classes offered for each group."""
        for section in self._session.photos.sections:
            header = self._grid.header(section.identity)
            if isinstance(header, GroupHeader):
                header.show_choices(self._choices(header.section))

    # -- answers

    def _on_named(self, header: GroupHeader, name: str) -> None:
        session, existing = self._session, class_of_name(self._session.state.classes, name)
        places, others = self._take_answer(header.section, existing.id if existing is not None else 0)
        header.field.clear()
        if existing is not None:
            self._labels.assign(places, existing.id, others)
            self._after(header.section)
            return
        header.wait()
        session.library.submit(
            partial(find_or_add_class, session.collection, name),  # the window may not know the newest class yet
            partial(self._on_class, header, places, others),
            partial(self._on_not_made, header, name),
            changes=Changes.CLASSES,
        )

    def _on_class(
        self, header: GroupHeader, places: Sequence[int], others: LeftOutAnswer, found: tuple[PhotoClass, bool]
    ) -> None:
        photo_class, made = found
        section, others = header.section, others.of(photo_class.id)
        typed = header.answered_at_last() if isValid(header) else ""  # else it was scrolled away meanwhile
        if made:
            self._labels.assign_to_made(places, photo_class, others)
        else:
            self._labels.assign(places, photo_class.id, others)
        self._after(section, typed)

    def _on_not_made(self, header: GroupHeader, name: str, error: Exception) -> None:
        if isValid(header):
            header.answered_at_last()
            header.field.setText(name)
            header.field.setFocus()
        self._front.complain(error)

    def _on_not_mine(self, header: GroupHeader) -> None:
        places, others = self._take_answer(header.section)
        self._labels.mark(places, Mark.NOT_MINE, others)
        self._after(header.section)

    def _on_passed_over(self, header: GroupHeader) -> None:
        photos = self._session.photos
        rows = photos.columns.locate(places_of(self._session.photos, header.section))
        self._passed_over.update(photos.columns.photo_ids[rows].tolist())
        self._kept.let_go(header.section)
        self._regroup()
        self._after(header.section)

    def _on_chosen(self, header: PairHeader, class_id: int) -> None:
        places, others = self._take_answer(header.section, class_id)
        self._labels.assign_possible(places, class_id, others)
        self._after(header.section)

    def _on_confirmed(self, header: ConfirmHeader) -> None:
        class_id = header.section.key[0]
        assert isinstance(class_id, int)
        columns, (places, others) = self._session.photos.columns, self._take_answer(header.section, class_id)
        if not self._labels.assign(columns.seen(places), class_id, others) and places:
            self._labels.say_just_changed()
        self._after(header.section)

    def _on_one_by_one(self, header: PairHeader) -> None:
        self._grid.select_row(header.section.first)
        self.single_requested.emit()

    def _after(self, answered: Section, typed: str = "") -> None:
        """Go on with the next question."""
        self.next.after(answered, typed)
        self.show_progress()

    # -- steps

    @property
    def progress(self) -> ReviewProgress:
        """The decisions made and left in the folder."""
        return self._progress.progress

    def _division(self) -> Division:
        return Division(self._groups, self._kept.now, pending=self._found is None)

    @Slot()
    def show_progress(self) -> None:
        """Show how many decisions are left."""
        self._progress.show()

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
        if not self.next.go_to((SectionKind.LOOK_ALIKES,)):
            text = self.tr("No groups left to name. Check the other photos, then sort them.")
            self._front.bar.say(text, until=Until.ANSWER | Until.SUGGESTIONS)

    @Slot()
    def start_checking(self) -> None:
        """Show the first photos whose suggestion is not sure."""
        self._show_sections()
        if not self.next.go_to(TO_CHECK):
            text = self.tr("No photos left to check. You can sort them now.")
            self._front.bar.say(text, until=Until.ANSWER | Until.SUGGESTIONS)

    def _show_sections(self) -> None:
        """Show the whole folder by likeness, each photo where it belongs now."""
        self._kept.clear()
        self._likely_folds.clear()
        self._filter.show_everything()
        self._filter.group_by(Grouping.LIKENESS)
        self._session.photos.rearrange()
