"""Finds the look-alikes of the open folder in the background."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.review.sections.review_sections import PhotoGroups
from flowersorter.ui.shared.session import Session
from flowersorter.workers.job_queue import Listener

if TYPE_CHECKING:
    from flowersorter.domain.photo_numbers import PhotoNumbers
    from flowersorter.jobs import CancelToken, Report


class GroupFinder(QObject):
    """Groups the photos of the folder after every scan. Lives in the GUI thread.

    Signals:
        found(PhotoGroups): The groups of at least two photos, in the order to name them.
        stacks_found(PhotoNumbers): The bursts and near-copies, as `GroupsResult` has them.
    """

    found = Signal(object)
    stacks_found = Signal(object)

    def __init__(self, session: Session, folder: FolderController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._folder = session, folder
        self._job_id = 0
        folder.labelled.connect(self.find)

    @Slot()
    def find(self) -> None:
        """Group the photos of the folder that look alike."""
        session, roots = self._session, self._folder.roots
        if not roots:
            return

        def run(report: Report, cancel: CancelToken) -> tuple[PhotoGroups, PhotoNumbers]:
            from flowersorter.workflows.labelling.groups import GroupsRequest, find_groups

            found = find_groups(session.engine, GroupsRequest(roots), report, cancel)
            alike = (group.ids_in_order for group in found.groups if group.alike)
            return PhotoGroups.of(alike), found.stacks

        session.queue.drop(self._job_id)
        self._job_id = session.queue.submit(
            self.tr("Grouping photos that look alike"),
            run,
            Listener(succeeded=partial(self._on_groups, roots)),
            background=True,
        )

    def _on_groups(self, roots: object, result: object) -> None:
        assert isinstance(result, tuple)
        groups, stacks = result
        if roots == self._folder.roots:
            self.stacks_found.emit(stacks)
            self.found.emit(groups)
