"""Name groups: shows groups of look-alike photos one after the other and gives each a class in one action."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.changes import Changes
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_class import PhotoClass
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.classes.class_dialogs import class_of_name
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.labels.name_groups_panel import NameGroupsPanel
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.widgets import hide_above
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.labelling.choose_groups import LookAlikeGroup
from flowersorter.workflows.labelling.class_changes import add_class
from flowersorter.workflows.labelling.groups import GroupsRequest, GroupsResult, find_groups

#: A class that is less probable than this gets no button.
_WORTH_A_BUTTON = 0.2


class NameGroupsController(QObject):
    """Owns the panel, which is visible while the grid shows a group. Lives in the GUI thread.

    After each answer the next group is shown at once, and the groups are ordered again in the background: what was
    named changes which answer brings most.

    Signals:
        places_requested(set of place ids, title): Show these photos.
        everything_requested(): Show all photos again.
    """

    places_requested = Signal(object, str)
    everything_requested = Signal()

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        folder: FolderController,
        grid: PhotoGrid,
        labels: LabelsController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder, self._grid, self._labels = session, front, folder, grid, labels
        self._job_id = 0
        self._groups: list[LookAlikeGroup] = []
        self._shown: LookAlikeGroup | None = None
        self._passed_over: set[int] = set()  # photo ids
        self.panel = NameGroupsPanel(grid.parentWidget())
        hide_above(self.panel, grid)
        self.panel.named.connect(self._on_named)
        self.panel.not_mine.connect(self._on_not_mine)
        self.panel.passed_over.connect(self._on_passed_over)
        session.photos.modelReset.connect(self._on_reset)
        grid.selection_settled.connect(self._on_selection)
        grid.clicked.connect(self._on_clicked)
        labels.labels_changed.connect(self._on_labels)
        folder.opened.connect(self._on_opened)

    @Slot()
    def start(self) -> None:
        """Group the photos of the open folder that have no label, and ask for the class of the first group."""
        if not self._folder.roots:
            self._front.bar.say(self.tr("Open a folder of photos first"))
            return
        self._passed_over.clear()
        self._find(background=False)

    def _find(self, *, background: bool) -> None:
        session, request = self._session, GroupsRequest(self._folder.roots)
        session.queue.drop(self._job_id)
        self._job_id = session.queue.submit(
            self.tr("Grouping photos that look alike"),
            lambda report, cancel: find_groups(session.engine, request, report, cancel),
            Listener(succeeded=self._on_groups),
            background=background,
        )

    def _on_groups(self, result: object) -> None:
        assert isinstance(result, GroupsResult)
        shown = frozenset[int]() if self._shown is None else self._shown.photo_ids
        self._groups = [
            group
            for group in result.groups
            if group.alike and self._is_open(group) and shown.isdisjoint(group.photo_ids)
        ]
        if self._shown is None:
            self._next()
        else:
            self._show_progress(self._shown)

    def _is_open(self, group: LookAlikeGroup) -> bool:
        """Whether a group is still to be named: not passed over, and a photo of it is shown without an answer."""
        columns = self._session.photos.columns
        rows = columns.locate(group.place_ids)
        unanswered = (columns.label_ids[rows] == 0) & (columns.marks[rows] == Mark.NONE)
        return bool(unanswered.any()) and self._passed_over.isdisjoint(group.photo_ids)

    def _is_unknown(self, group: LookAlikeGroup) -> bool:
        """Whether at least half of the photos look like none of the classes."""
        columns = self._session.photos.columns
        verdicts = columns.verdicts[columns.locate(group.place_ids)]
        return 2 * int((verdicts == Verdict.UNKNOWN).sum()) >= len(verdicts)

    def _next(self) -> None:
        """Show the next group; without one, all photos."""
        while self._groups:
            group = self._groups.pop(0)
            if self._is_open(group):
                self._show(group)
                return
        self._leave()
        self._front.bar.say(self.tr("No groups left to name. Review the other photos, then sort them."))
        self.everything_requested.emit()

    def _show(self, group: LookAlikeGroup) -> None:
        self._shown = group
        self.places_requested.emit(group.place_ids, self.tr("Group"))
        self._grid.select_places(group.place_ids)
        self.panel.show()
        self._show_question(group)
        self._show_progress(group)

    def _show_question(self, group: LookAlikeGroup) -> None:
        classes = {each.id: each.name for each in self._session.state.classes}
        self.panel.show_class_names(sorted(classes.values(), key=str.casefold))
        likely = [classes.get(class_id, "") for class_id, share in group.top if share >= _WORTH_A_BUTTON]
        if self._is_unknown(group):
            likely = []
        self.panel.show_group(len(group.photos), [name for name in likely if name])

    def _show_progress(self, group: LookAlikeGroup) -> None:
        left = [group, *self._groups]
        self.panel.show_progress(len(left), sum(len(each.photos) for each in left))

    # -- answers

    @Slot(str)
    def _on_named(self, name: str) -> None:
        selected = self._grid.selected_places()
        session = self._session
        existing = class_of_name(session.state.classes, name)
        if existing is not None:
            self._labels.assign(selected, existing.id)
            self._go_on()
            return
        self.panel.setEnabled(False)  # a second Enter would make the class twice
        session.library.submit(
            partial(add_class, session.collection, name),
            partial(self._on_made, self._shown, selected),
            self._on_not_made,
            changes=Changes.CLASSES,
        )

    def _on_made(self, group: LookAlikeGroup | None, selected: Sequence[int], made: PhotoClass) -> None:
        self.panel.setEnabled(True)
        self._labels.assign_to_made(selected, made)
        if self._shown is group:
            self._go_on()

    def _on_not_made(self, error: Exception) -> None:
        self.panel.setEnabled(True)
        self._front.complain(error)

    @Slot()
    def _on_not_mine(self) -> None:
        self._labels.mark(self._grid.selected_places(), Mark.NOT_MINE)
        self._go_on()

    @Slot()
    def _on_passed_over(self) -> None:
        if self._shown is not None:
            self._passed_over.update(self._shown.photo_ids)
        self._next()

    def _go_on(self) -> None:
        self._next()
        if self._shown is not None:
            self._find(background=True)

    # -- the panel goes with its photos

    @Slot()
    def _on_reset(self) -> None:
        """Hide the panel when the grid shows other photos."""
        if self._shown is not None and self._session.photos.filter.places != self._shown.place_ids:
            self._leave()

    @Slot(object)
    def _on_opened(self, _roots: object) -> None:
        self._leave()

    def _leave(self) -> None:
        self._session.queue.drop(self._job_id)
        self._shown, self._groups = None, []
        self.panel.hide()

    @Slot()
    def _on_selection(self) -> None:
        if self._shown is not None:
            self.panel.show_selected(len(self._grid.selected_places()))

    @Slot()
    def _on_clicked(self) -> None:
        """The answer is typed after a photo was left out."""
        if self._shown is not None:
            self.panel.field.setFocus()

    @Slot()
    def _on_labels(self) -> None:
        """Go on when the group has got its labels by a key or a drag."""
        if self._shown is not None and not self._is_open(self._shown):
            self._go_on()
