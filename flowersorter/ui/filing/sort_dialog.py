"""Asks where and how to sort the photos, and previews the plan before any file changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from flowersorter.errors import UserError
from flowersorter.library.tables.class_names import ASIDE
from flowersorter.sorting.folder_pattern import CLASS_ONLY
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.ui.filing.disk_space_bar import DiskSpaceBar
from flowersorter.ui.filing.include_box import IncludeBox
from flowersorter.ui.filing.keywords_box import KeywordsBox
from flowersorter.ui.filing.leftovers_field import LeftoversField
from flowersorter.ui.filing.mode_field import ModeField
from flowersorter.ui.filing.pattern_field import PatternField
from flowersorter.ui.filing.preview.choices_area import ChoicesArea
from flowersorter.ui.filing.preview.not_sorted import left_by_reason
from flowersorter.ui.filing.preview.plan_summary import button_text, mode_text, plan_summary
from flowersorter.ui.filing.preview.plan_tree import PlanTree
from flowersorter.ui.filing.sample_check_field import SampleCheckField
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.indicators import CheckBox
from flowersorter.ui.shared.widgets import (
    FramedField,
    Message,
    button,
    button_row,
    column_of,
    describe,
    open_at,
    plain,
)
from flowersorter.workers.ask_disk import AskDisk
from flowersorter.workers.paths_there import paths_there
from flowersorter.workflows.evaluation.check_sample import SampleOffer
from flowersorter.workflows.filing.sort import Include

PLAN_DELAY_MS = 350


@dataclass(frozen=True, slots=True)
class SortChoices:
    """The person's choices.

    Attributes:
        destination: Gets one folder per class.
        mode: Copy, move or link.
        include: Which photos.
        aside: The folder that gets the others; None leaves them where they are.
        pattern: The sub-folders, as `sorting.folder_pattern` reads them.
        move_duplicates: Whether a move includes photos that are there already.
        remove_emptied: Whether a move removes the folders that become empty.
        keywords: Whether sidecar files get the class of their photo as a keyword.
    """

    destination: Path
    mode: Mode = Mode.COPY
    include: Include = Include.SURE  # the person has not looked at the others
    aside: str | None = None
    pattern: str = CLASS_ONLY
    move_duplicates: bool = False
    remove_emptied: bool = False
    keywords: bool = False


class SortDialog(QDialog):
    """Sort into folders. Touches nothing itself. Lives in the GUI thread.

    Args:
        folder: The folder the photos are in.
        parent: The window.
        choices: The initial choices, such as those of the last time. Moving is never one of them: it is chosen anew
            each time.

    Signals:
        plan_requested(SortChoices): Plan the sort; answer with `show_plan` or `show_refusal`.
        check_requested(Include): Check a sample of the suggestions that would be sorted.
        doubtful_requested(list of place ids): Show these photos, which may be wrong.
    """

    plan_requested = Signal(object)
    check_requested = Signal(object)
    doubtful_requested = Signal(object)

    def __init__(self, folder: Path, parent: QWidget | None = None, choices: SortChoices | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_dialog")
        self.setWindowTitle(self.tr("Sort into folders"))
        self._folder = folder
        self._plan: SortPlan | None = None
        self._awaited: SortChoices | None = None
        self._disk = AskDisk(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PLAN_DELAY_MS)
        self._timer.timeout.connect(self._request)
        self.tree = PlanTree(self)
        self.summary = Message(self, "sort_summary")
        self.space = DiskSpaceBar(self)
        self.space.hide()
        self.sample_check = SampleCheckField(self)
        self._build(choices or SortChoices(folder.parent / self.tr("{0} sorted").format(folder.name)))
        self._connect()
        self.finished.connect(self._timer.stop)
        self.finished.connect(self._disk.shutdown)
        self._on_choice()

    # -- layout

    def _build(self, choices: SortChoices) -> None:
        self.area = ChoicesArea(self.tree, self)
        form = self.area.form
        form.addLayout(self._destination(choices.destination))
        self.pattern = PatternField(choices.pattern, self)
        form.addWidget(self.pattern)
        self.modes = ModeField(Mode.COPY if choices.mode is Mode.MOVE else choices.mode, self)
        form.addWidget(self.modes)
        form.addLayout(self._includes(choices.include, choices.aside))
        self.keywords.setChecked(choices.keywords)
        self.leftovers = LeftoversField(self)
        form.addWidget(self.leftovers)
        form.addWidget(self.tree, 1)
        form.addWidget(self.space)
        form.addWidget(self.sample_check)
        self.rest_button = button(
            self, "sort_rest_button", self.tr("Sho&w the rest"), self.tr("Show the photos that are not sorted")
        )
        self.rest_button.hide()
        self.file_button = button(self, "sort_file_button", self.tr("Copy photos"))
        self.cancel_button = button(
            self, "sort_cancel_button", self.tr("Cancel"), self.tr("Close (Esc). Nothing is changed")
        )
        chain = [
            self.browse_button,
            self.pattern.box,
            *self.modes.buttons.values(),
            self.include,
            self.aside,
            self.keywords,
        ]
        chain += [self.leftovers.duplicates, self.leftovers.folders]
        chain += [self.tree, self.sample_check.doubtful_button, self.sample_check.check_button, self.rest_button]
        for before, after in pairwise([*chain, self.cancel_button, self.file_button]):
            self.setTabOrder(before, after)
        column = column_of(self)
        column.addWidget(self.area, 1)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(self.summary, 1)
        row.addWidget(self.rest_button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)
        column.addLayout(button_row([], [self.cancel_button, self.file_button]))
        open_at(self, 84, 54, least=(46, 14))
        self.modes.buttons[self.modes.mode].setFocus()  # in a field Enter would not press the default button

    def _destination(self, destination: Path) -> QVBoxLayout:
        label = QLabel(self.tr("Create class folders &in"), self)
        self.destination = FramedField(str(destination), self)
        self.destination.setObjectName("sort_destination")
        tip = self.tr("Contains one folder per class. It is created if it does not exist")
        describe(self.destination, self.tr("Folder for the class folders"), tip)
        label.setBuddy(self.destination)
        self.browse_button = button(self, "sort_browse_button", self.tr("&Browse…"), self.tr("Choose the folder"))
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(self.destination, 1)
        row.addWidget(self.browse_button)
        column = QVBoxLayout()
        column.setSpacing(theme.SMALL_GAP_PX)
        column.addWidget(label)
        column.addLayout(row)
        return column

    def _includes(self, include: Include, aside: str | None) -> QVBoxLayout:
        label = QLabel(self.tr("&Which photos"), self)
        self.include = IncludeBox(include, self)
        label.setBuddy(self.include)
        row = QHBoxLayout()
        row.setSpacing(theme.LARGE_GAP_PX)
        row.addWidget(label)
        row.addWidget(self.include, 1)
        self.aside = CheckBox(self.tr("Put the &rest in a folder named “{0}”").format(ASIDE), self)
        self.aside.setObjectName("sort_aside")
        self.aside.setChecked(aside is not None)
        tip = self.tr("Otherwise they stay where they are. Photos that can't be read always stay.")
        name = self.tr("The folder has this name in every language, so that it is never taken for a class.")
        describe(self.aside, plain(self.aside.text()), f"{tip}\n{name}")
        self.keywords = KeywordsBox(self)
        column = QVBoxLayout()
        column.setSpacing(theme.GAP_PX)
        column.addLayout(row)
        column.addWidget(self.aside)
        column.addWidget(self.keywords)
        return column

    def _connect(self) -> None:
        self.destination.textChanged.connect(self._on_choice)
        self.destination.returnPressed.connect(self._request)
        self.browse_button.clicked.connect(self._browse)
        self.modes.mode_changed.connect(self._on_choice)
        self.include.currentIndexChanged.connect(self._on_choice)
        self.aside.toggled.connect(self._on_choice)
        self.keywords.toggled.connect(self._on_choice)
        self.pattern.pattern_changed.connect(self._on_choice)
        self.leftovers.choice_changed.connect(self._on_choice)
        self.cancel_button.clicked.connect(self.reject)
        self.file_button.clicked.connect(self.accept)
        self.rest_button.clicked.connect(self.tree.request_rest)
        self.sample_check.check_requested.connect(lambda: self.check_requested.emit(self.choices.include))
        self.sample_check.doubtful_requested.connect(self.doubtful_requested)

    # -- choices

    @property
    def choices(self) -> SortChoices:
        """The current choices."""
        mode = self.modes.mode
        aside, moving = ASIDE if self.aside.isChecked() else None, mode is Mode.MOVE
        return SortChoices(
            _path(self.destination.text()),
            mode,
            self.include.chosen,
            aside,
            self.pattern.pattern,
            moving and self.leftovers.duplicates.isChecked(),
            moving and self.leftovers.folders.isChecked(),
            self.keywords.isChecked(),
        )

    @property
    def plan(self) -> SortPlan | None:
        """The plan shown, if it fits the choices; after the dialog was accepted, the one confirmed."""
        return self._plan

    @Slot()
    def accept(self) -> None:
        """Take the plan, if there is one with something to do."""
        if self.file_button.isEnabled():
            super().accept()

    @Slot()
    def _on_choice(self) -> None:
        self._forget_plan()
        self.summary.say(self.tr("Preparing the preview…"))
        self._timer.start()

    @Slot()
    def _request(self) -> None:
        self._timer.stop()
        self._forget_plan()
        choices = self.choices
        if not self.destination.text().strip():
            self.summary.say(self.tr("Choose where to create the class folders."))
        elif not choices.destination.is_absolute():
            self.summary.say(self.tr("Enter the full path of the folder, or choose it with Browse."), warning=True)
        else:
            self._awaited = choices
            self.plan_requested.emit(choices)

    @Slot()
    def _browse(self) -> None:
        """Let the person choose, from the nearest folder that is there."""
        self._disk.ask(partial(paths_there, self._nearest(), Path.is_dir), self._choose_from)

    def _choose_from(self, folders: Sequence[Path]) -> None:
        start = next(iter(folders), self._folder.parent)
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder for the class folders"), str(start))
        if chosen:
            self.destination.setText(chosen)

    def _nearest(self) -> tuple[Path, ...]:
        wanted = self.choices.destination
        return (wanted, *wanted.parents)

    # -- the plan

    @Slot()
    def plan_again(self) -> None:
        """Request the plan anew: the suggestions have changed."""
        self._on_choice()

    def show_plan(self, plan: SortPlan, offer: SampleOffer | None = None, *, suggesting: bool = False) -> None:
        """Show a plan; drop one for choices that have changed since.

        Args:
            plan: The plan.
            offer: The state of a check of the suggestions; None shows nothing about them.
            suggesting: Whether suggestions are still being made; `plan_again` follows then.
        """
        if self._awaited is None or plan.mode is not self._awaited.mode:
            return
        self._awaited, self._plan = None, plan
        self.tree.setEnabled(True)
        left = left_by_reason(plan)
        self.tree.show_plan(plan, left)
        self.rest_button.setVisible(bool(left))
        filed = sum(plan.counts_by_class.values())
        going = filed + len(plan.duplicates)
        mode = plan.mode if going or plan.mode is not Mode.MOVE else Mode.COPY  # a sidecar stays with its photo
        self._word_button(button_text(plan, mode, going))
        self.file_button.setEnabled(plan.changes_disk)
        self.file_button.setDefault(plan.changes_disk and plan.mode is not Mode.MOVE)  # Enter never moves photos
        self.file_button.setToolTip(self._tip(plan.mode))
        summary = plan_summary(plan, filed, self._folder, left)
        if suggesting:
            summary += " " + self.tr("Some photos have no suggestion yet; the preview is updated as soon as they have.")
        self.summary.say(summary)
        self.leftovers.show_plan(plan)
        self.space.show_bytes(plan.needed_bytes, plan.free_bytes)
        self.space.setVisible(plan.changes_disk)
        self.sample_check.show_offer(offer if plan.changes_disk and not suggesting else None)

    @Slot(object)
    def show_refusal(self, error: UserError) -> None:
        """Say why there is no plan."""
        if self._awaited is None:
            return
        self._forget_plan()
        self.tree.clear()
        self.summary.say(str(error), warning=True)

    def _forget_plan(self) -> None:
        self._plan = self._awaited = None
        self.tree.setEnabled(False)
        self.rest_button.hide()
        self.space.hide()
        self.sample_check.show_offer(None)
        self.file_button.setDefault(False)
        self.file_button.setEnabled(False)
        self._word_button(mode_text(self.choices.mode, self.tr("photos")))

    def _word_button(self, text: str) -> None:
        self.file_button.setText(text)
        self.file_button.setAccessibleName(text)

    def _tip(self, mode: Mode) -> str:
        if mode is Mode.MOVE:
            return self.tr("Moves your photos. You can undo this in History")
        return self.tr("Your originals are not touched. You can undo this in History")


def _path(text: str) -> Path:
    """Parse a typed or pasted path; the result is relative if the text is no path."""
    text = text.strip().strip('"')  # some file managers copy a path with quotes around it
    if text.startswith("file:"):
        text = QUrl(text).toLocalFile()  # a folder dropped on the line
    try:
        return Path(text).expanduser()
    except RuntimeError:  # "~name" of an unknown user
        return Path(text)
