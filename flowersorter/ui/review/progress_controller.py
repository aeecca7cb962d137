"""Shows in the steps above the photos how many are left to name, check and sort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.sections import Grouping, Section
from flowersorter.ui.review.progress import ReviewProgress, review_progress
from flowersorter.ui.review.sections.review_sections import KeptSection, PhotoGroups, sections_of_all
from flowersorter.ui.review.steps_bar import StepsBar
from flowersorter.ui.shared.session import Session

if TYPE_CHECKING:
    from flowersorter.library.collection import CollectionStore


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """The present division of the folder's photos by likeness.

    Attributes:
        groups: Look-alikes.
        kept: Sections whose photos stay in them for now.
        pending: Whether the look-alikes are not known yet.
    """

    groups: PhotoGroups
    kept: Sequence[KeptSection]
    pending: bool


class ProgressController(QObject):
    """Counts the decisions left, and reports a rise since the last answer. Lives in the GUI thread.

    Signals:
        progressed(ReviewProgress): The decisions made and left.
    """

    progressed = Signal(object)

    def __init__(
        self,
        session: Session,
        folder: FolderController,
        steps: StepsBar,
        division: Callable[[], Division],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._steps, self._division = session, steps, division
        self._sorted = PhotoNumbers()
        self._most_done = 0  # since the last answer
        self._shown: ReviewProgress | None = None
        self._counted: tuple[tuple[object, ...], ReviewProgress] | None = None  # the photos counted, and the counts
        folder.labelled.connect(self._read_sorted)

    @property
    def progress(self) -> ReviewProgress:
        """Counts of the decisions in the folder that are made, and that are left."""
        counted = self._count(self._division())
        return replace(counted, no_longer_sure=max(0, self._most_done - counted.done))

    @Slot()
    def show(self) -> None:
        """Show how much is left."""
        progress = self.progress
        self._most_done = max(self._most_done, progress.done)
        if progress != self._shown:
            self._shown = progress
            self._steps.show_progress(progress)
            self.progressed.emit(progress)

    def note_answer(self) -> None:
        """From here on less is done only by learning; how much is left is shown with the other counts, in a moment."""
        self._most_done = 0

    @Slot()
    def begin_anew(self) -> None:
        """Show how much is left, as in another folder."""
        self._most_done = 0
        self.show()

    def _count(self, division: Division) -> ReviewProgress:
        """Count, once until the photos or their division change: another filter or order changes nothing here."""
        columns, shown = self._session.photos.columns, self._shown_sections()
        counted = columns, columns.version, division.groups, tuple(division.kept), division.pending, shown, self._sorted
        if self._counted is None or self._counted[0] != counted:
            sections = sections_of_all(columns, division.groups, division.kept) if shown is None else shown
            self._counted = counted, review_progress(columns, sections, self._sorted, pending=division.pending)
        return self._counted[1]

    def _shown_sections(self) -> Sequence[Section] | None:
        """Return the sections shown, if they cover the whole folder."""
        photos = self._session.photos
        covered = photos.filter.divided_by is Grouping.LIKENESS and photos.filter.is_open
        return photos.sections if covered else None

    @Slot()
    def _read_sorted(self) -> None:
        """Read which photos are sorted, after a scan, which follows each sort and its undo."""
        self._session.library.submit(partial(_sorted_photos, self._session.collection), self._on_sorted)

    def _on_sorted(self, found: PhotoNumbers) -> None:
        self._sorted = found
        self.begin_anew()


def _sorted_photos(collection: CollectionStore) -> PhotoNumbers:
    from flowersorter.workflows.filing.sorted_photos import sorted_photos

    return sorted_photos(collection)
