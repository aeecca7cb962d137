"""Executes a plan photo by photo, with a journal entry before and after each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from flowersorter.domain.journal import EntryState, Run, Volume
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import Text, joined_texts, text
from flowersorter.sorting.failures import LeftOpenError, NotDoneError
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.folders.created_folders import make_destination, remove_empty_folders, require_device
from flowersorter.sorting.folders.removed_folders import remove_emptied_folders, statuses
from flowersorter.sorting.folders.volumes import volumes_of
from flowersorter.sorting.journaled_steps import StepContext, remember_drives
from flowersorter.sorting.keywords.kept_sidecars import drop_merged, is_kept
from flowersorter.sorting.keywords.stage_keywords import stage
from flowersorter.sorting.plan import Action, Mode, SortPlan
from flowersorter.sorting.safe_names import shown
from flowersorter.sorting.sidecar_groups import Group, file_group, grouped, late_units, name_of

#: The stage of a run, for its progress line.
_STAGES: Mapping[Mode, str] = {
    Mode.COPY: text("Copying photos"),
    Mode.MOVE: text("Moving photos"),
    Mode.LINK: text("Linking photos"),
    Mode.SYMLINK: text("Making pointers"),
}


@dataclass(frozen=True, slots=True)
class FilingOutcome:
    """The outcome for one photo.

    Attributes:
        destination: Where it, or a file with the same bytes, is filed; None if it could not be filed.
        action: The planned `Action`.
        error: Why it could not be filed, or a note about a deviation from the plan.
        moved_aside: Whether it is a duplicate that was moved aside.
    """

    source: Path
    destination: Path | None
    action: str
    error: str | None = None
    moved_aside: bool = False


@dataclass(frozen=True, slots=True)
class RunBegun:
    """Event: a run is in the journal; reported before any file is touched.

    However the run ends, its caller can undo it by this id.
    """

    run_id: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """The outcome of a run.

    Attributes:
        run_id: None if the plan was empty.
        files: One outcome for each photo of the plan, in its order.
        sidecars: Number of sidecars newly filed, without those that were made for keywords.
        folders_removed: Number of emptied folders removed.
        keywords: Number of sidecars that got keywords.
    """

    run_id: int | None
    files: tuple[FilingOutcome, ...]
    sidecars: int = 0
    folders_removed: int = 0
    keywords: int = 0

    @property
    def filed(self) -> int:
        """Number of photos newly filed."""
        return sum(Action(file.action).is_filed and file.destination is not None for file in self.files)

    @property
    def already_there(self) -> int:
        """Number of photos that stay because their bytes were in the class folder already."""
        return self._staying(Action.ALREADY_THERE)

    @property
    def duplicates(self) -> int:
        """Number of photos that stay because their bytes were filed from another place in this run."""
        return self._staying(Action.DUPLICATE)

    @property
    def duplicates_moved(self) -> int:
        """Number of photos of either kind that were moved aside."""
        return sum(file.moved_aside for file in self.files)

    @property
    def failed(self) -> int:
        """Number of photos that could not be filed."""
        return sum(file.destination is None for file in self.files)

    def _staying(self, action: Action) -> int:
        return sum(
            file.action == action and file.destination is not None and not file.moved_aside for file in self.files
        )


def execute(
    plan: SortPlan, collection: CollectionStore, report: Report, cancel: CancelToken, files: FileSystem | None = None
) -> RunResult:
    """File the photos of a plan.

    A photo that cannot be filed is reported, and the run continues unless the disk is full or gone.

    Args:
        plan: The photos, and where they go.
        collection: Holds the journal.
        report: Gets `RunBegun`, then `Progress`.
        cancel: Checked between two photos.
        files: The disk.

    Raises:
        Cancelled: asked to stop; the current photo is finished, filed photos stay and can be undone.
        UserError: the library cannot be written; recovery resolves the current photo at the next start.
    """
    if not plan.files:
        return RunResult(None, ())
    context = StepContext(
        collection, files or FileSystem(), devices={} if plan.device is None else {plan.destination: plan.device}
    )
    staged = stage(context, plan, report, cancel)
    run_id = context.journal.begin_run(
        plan.mode, plan.source, plan.destination, staged.entries, _source_volumes(context.files, plan)
    )
    report(RunBegun(run_id))
    emptied = statuses(context.files, plan.emptied.empty if plan.removes_emptied else ())
    with suppress(OSError):  # unreadable folders fail photo by photo
        remember_drives(context, plan.source)
    execution = _Execution(context, plan, context.journal.run(run_id), staged.notes)
    try:
        execution.file_all(report, cancel)
    except Cancelled:
        _end(context, plan, run_id)
        raise
    removed = remove_emptied_folders(context, run_id, emptied)
    _end(context, plan, run_id)
    sidecars = [
        entry
        for entry in context.journal.filings(run_id)
        if entry.lead_id is not None and entry.state == EntryState.DONE and not is_kept(collection, entry.destination)
    ]
    keywords = [entry.destination for entry in sidecars if is_kept(collection, entry.source)]
    going = {each.destination for each in plan.keywords if each.source is not None and not each.is_in_place}
    made = sum(path not in going for path in keywords)
    return RunResult(run_id, tuple(execution.results()), len(sidecars) - made, removed, len(keywords))


def _source_volumes(files: FileSystem, plan: SortPlan) -> dict[Path, Volume]:
    """The volumes of the folders that files are moved out of, where undo may have to make a folder again."""
    if plan.mode == Mode.MOVE:
        folders = {file.filing.source.parent for file in plan.files}
    else:
        folders = {each.destination.parent for each in plan.keywords if each.is_in_place}
    return volumes_of(files, folders if plan.source is None or not folders else folders | {plan.source})


def _end(context: StepContext, plan: SortPlan, run_id: int) -> None:
    remove_empty_folders(context, plan.destination)
    context.journal.end_run(run_id)
    drop_merged(context, context.journal.filings(run_id) if plan.keywords else ())


class _Execution:
    """A run in progress, with the outcome of each photo."""

    def __init__(self, context: StepContext, plan: SortPlan, run: Run, notes: Mapping[int, Sequence[Text]]) -> None:
        self._context, self._plan, self._run, self._notes = context, plan, run, notes
        self._groups = grouped(context.journal.filings(run.id))
        self._results: list[FilingOutcome | None] = [None] * len(plan.files)
        self._filed: set[Path] = set()
        self._stopped = ""

    def file_all(self, report: Report, cancel: CancelToken) -> None:
        """File the photos in their order, then the duplicates of photos that could not be filed.

        Raises:
            Cancelled: asked to stop, between two photos.
        """
        actions = [planned.action for planned in self._plan.files]
        filed = [position for position, action in enumerate(actions) if action.is_filed]
        duplicates = [position for position, action in enumerate(actions) if action == Action.DUPLICATE]
        already_there = [position for position, action in enumerate(actions) if action == Action.ALREADY_THERE]
        self._note(already_there)
        if filed or duplicates or self._plan.duplicates:
            self._make_destination()
        late = [position for position in already_there if len(self._groups[position].entries) > 1]
        for done, position in enumerate(late):
            if self._plan.keywords:
                report(Progress(text("Writing keywords"), done, len(late)))
            cancel.check()
            self._file_late_sidecars(position)
        for done, position in enumerate(filed):
            report(Progress(_STAGES[self._plan.mode], done, len(filed)))
            cancel.check()
            self._file(position)
        report(Progress(_STAGES[self._plan.mode], len(filed), len(filed)))
        self._file_duplicates(duplicates, cancel)
        self._move_aside(cancel)

    def results(self) -> Iterator[FilingOutcome]:
        """The outcome of each photo, in the plan's order."""
        done = [(position, result) for position, result in enumerate(self._results) if result is not None]
        for position, result in done:
            error = joined_texts("; ", *filter(None, (result.error, *self._notes.get(position, ()))))
            yield replace(result, error=error or None)

    def _make_destination(self) -> None:
        try:
            require_device(self._plan, self._context.files)
            make_destination(self._context, self._run.id, self._plan.missing_folders)
        except NotDoneError as error:
            self._stopped = error.reason

    def _file_duplicates(self, positions: Sequence[int], cancel: CancelToken) -> None:
        """Leave duplicates where they are, but file one if the photo with the same bytes could not be filed."""
        kept = [position for position in positions if self._destination(position) in self._filed]
        self._note(kept)
        for position in positions:
            if position in kept:
                continue
            cancel.check()
            if self._destination(position) in self._filed:
                self._note([position])
                continue
            lead = self._groups[position].lead
            self._context.journal.change_action(lead.id, self._plan.mode)
            self._groups[position] = Group(self._context.journal.entries([lead.id]))
            self._file(position)

    def _move_aside(self, cancel: CancelToken) -> None:
        """Move the duplicates aside whose bytes are filed; one that fails is a note at its photo."""
        positions = {planned.filing.source: position for position, planned in enumerate(self._plan.files)}
        for group in self._groups[len(self._plan.files) :]:
            cancel.check()
            position = positions[group.lead.source]
            result = self._results[position]
            if result is None or result.destination is None or Action(self._groups[position].lead.action).is_filed:
                # It was filed in place of a photo that could not be, or stays with it.
                self._context.journal.set_states((entry.id for entry in group.entries), EntryState.NOTED)
                continue
            target, note = self._outcome(group)
            notes = "; ".join(filter(None, (result.error, note)))
            self._results[position] = replace(result, error=notes or None, moved_aside=target is not None)

    def _file_late_sidecars(self, position: int) -> None:
        """File the sidecars of a photo that is already there; one that fails is a note at the photo."""
        notes = []
        for unit in late_units(self._groups[position]):
            _, note = self._outcome(unit)
            if note is not None:
                notes.append(joined_texts(": ", shown(Path(name_of(unit.entries[-1]))), note))
        planned = self._plan.files[position]
        self._results[position] = FilingOutcome(
            planned.filing.source, planned.destination, planned.action, joined_texts("; ", *notes) or None
        )

    def _destination(self, position: int) -> Path:
        return self._plan.files[position].destination

    def _note(self, positions: Sequence[int]) -> None:
        """Record photos that need no change on disk."""
        ids = [self._groups[position].lead.id for position in positions]
        self._context.journal.set_states(ids, EntryState.NOTED)
        for position in positions:
            planned = self._plan.files[position]
            self._results[position] = FilingOutcome(planned.filing.source, planned.destination, planned.action)

    def _file(self, position: int) -> None:
        group = self._groups[position]
        destination, error = self._outcome(group)
        if destination is not None:
            self._filed.add(destination)
        self._results[position] = FilingOutcome(group.lead.source, destination, group.lead.action, error)

    def _outcome(self, group: Group) -> tuple[Path | None, str | None]:
        """File a photo; return its destination, if it was filed, and the reason or note."""
        try:
            self._require_going_on(group)
            return group.lead.destination, file_group(self._context, self._run, group)
        except (NotDoneError, LeftOpenError) as error:
            if error.stop:
                self._stopped = error.reason
            return None, error.reason

    def _require_going_on(self, group: Group) -> None:
        """Refuse the remaining photos once the disk is full or gone."""
        try:
            if self._stopped:
                raise NotDoneError(self._stopped, stop=True)
            require_device(self._plan, self._context.files)
        except NotDoneError as error:
            ids = [entry.id for entry in group.entries]
            self._context.journal.set_states(ids, EntryState.FAILED, error.reason)
            raise
