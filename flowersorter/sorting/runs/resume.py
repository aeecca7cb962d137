"""Continues a run that was stopped, paused or interrupted, where it stopped, also days later."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, Run, RunState
from flowersorter.errors import Cancelled, SortRefused
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import text
from flowersorter.sorting.execute import RunBegun, filed_sidecars
from flowersorter.sorting.filesystem import FileSystem, has_something, stat_or_none
from flowersorter.sorting.folders.created_folders import remove_empty_folders
from flowersorter.sorting.folders.destination_checks import disk_refusals, missing_folders, refuse_too_full
from flowersorter.sorting.folders.emptied_folders import emptied_folders
from flowersorter.sorting.folders.removed_folders import remove_emptied_folders, statuses
from flowersorter.sorting.journaled_steps import StepContext, remember_drives
from flowersorter.sorting.keywords.kept_sidecars import drop_merged
from flowersorter.sorting.plan import Action
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.outcomes import Deviation, FilingOutcome, RunResult, packed_outcomes
from flowersorter.sorting.runs.run_photos import PhotoRun, Target
from flowersorter.sorting.safe_names import shown

#: What was prepared is deleted when a run ends.
_KEYWORDS = text("its keywords have to be prepared again; sort its folder once more")


def resume(
    collection: CollectionStore,
    run_id: int,
    report: Report,
    cancel: CancelToken,
    files: FileSystem | None = None,
) -> RunResult:
    """File the photos of a run that were not tried, or failed, where its plan put them.

    Every photo is checked as in a run of its own: one that changed or is gone is reported, and no file is replaced.

    Args:
        collection: The collection of the run.
        run_id: A run that ended early.
        report: Gets `RunBegun`, then `Progress`.
        cancel: Checked between two photos.
        files: The disk.

    Returns:
        The outcome of the photos that were left, in the order in which they were tried.

    Raises:
        SortRefused: there is no such run, it has nothing left to file, its destination is gone, or its disk too full.
        Cancelled: asked to stop; filed photos stay, and it can be continued again.
        UserError: the library cannot be written; recovery resolves the open photos at the next start.
    """
    context = StepContext(collection, files or FileSystem())
    run = _resumable(context, run_id)
    with disk_refusals():
        missing = missing_folders(context.files, run.destination)
        _require_filed(context, run)
        existing = missing[0].parent if missing else run.destination
        device = context.files.stat_through(existing).st_dev
    context.journal.plan_again(run_id)
    try:
        staged = context.journal.fail_staged(run_id, context.collection.kept_sidecars, _KEYWORDS)
        _require_room(context, run, existing, device)
    except BaseException:
        context.journal.end_run(run_id)
        raise
    context.devices[run.destination if not missing else existing] = device
    remember_drives(context, run.source)
    report(RunBegun(run_id))
    record = _Record()
    for lead in staged:
        record.put(lead, Deviation(lead.action, is_filed=False, error=_KEYWORDS), lead.action)
    emptied = _emptied(context, run)
    sidecars_before = filed_sidecars(context, run_id)[0]
    photos = PhotoRun(context, run, Target(run.destination, device, missing), record)
    try:
        photos.file_all(report, cancel)
    except Cancelled:
        _end(context, run)
        raise
    removed = 0 if photos.paused else remove_emptied_folders(context, run_id, emptied)
    _end(context, run)
    sidecars = filed_sidecars(context, run_id)[0] - sidecars_before
    ended = context.journal.run(run_id)
    return RunResult(run_id, record.outcomes, sidecars, removed, paused=photos.paused, run=ended)


class _Record:
    """Takes the outcomes of the photos that are tried."""

    def __init__(self) -> None:
        self.outcomes = packed_outcomes()

    def put(self, lead: Entry, outcome: Deviation, planned: str) -> None:
        """Take the outcome of a photo."""
        destination = lead.destination if outcome.is_filed else None
        self.outcomes.append(FilingOutcome(lead.source, destination, outcome.action, outcome.error))

    def put_aside(self, original_id: int, lead: Entry, note: str | None, *, moved: bool) -> None:
        """Take the outcome of a duplicate that is moved aside."""
        self.outcomes.append(FilingOutcome(lead.source, lead.destination, Action.DUPLICATE, note, moved))

    def put_rest(self, rest: Iterable[tuple[int, str, bytes]], reason: str) -> None:
        """Take the photos that were not tried: id of the entry, planned action and path of each."""
        for _, action, path in rest:
            self.outcomes.append(FilingOutcome(Path(os.fsdecode(path)), None, action, reason, waits=True))


def _resumable(context: StepContext, run_id: int) -> Run:
    """Return a run that can be continued, after recovery.

    Raises:
        SortRefused: it cannot.
    """
    try:
        run = context.journal.run(run_id)
    except KeyError:
        raise _refused(run_id, text("there is no such sort")) from None
    if run.state == RunState.OPEN:
        recover(context.collection, context.files)
        run = context.journal.run(run_id)
    if run.refusal is not None:
        raise _refused(run_id, run.refusal.why, run.refusal.hint)
    return run


def _require_filed(context: StepContext, run: Run) -> None:
    """Check that the destination is the one that the run filed into: its drive may be unplugged.

    Raises:
        SortRefused: it is missing or empty.
        OSError: the disk refuses.
    """
    newest = context.journal.newest_filed(run.id)
    if newest is None or stat_or_none(context.files, newest.destination) is not None:
        return
    if not has_something(context.files, run.destination):
        raise _refused(
            run.id,
            text("{folder} is missing or empty; its drive may be unplugged", folder=shown(run.destination)),
            text("Plug the drive in"),
        )


def _require_room(context: StepContext, run: Run, existing: Path, device: int) -> None:
    """Check that what is left fits on the disk of the destination.

    Raises:
        SortRefused: it does not.
    """
    source = run.source if run.source is not None and stat_or_none(context.files, run.source) is not None else None
    with disk_refusals():
        here = source is not None and context.files.stat_through(source).st_dev == device
        copied = [
            each
            for each in context.journal.planned_photos(run.id)
            if each.action == Action.COPY or (each.action == Action.MOVE and source is not None and not here)
        ]
        count = sum(each.photos for each in copied)
        refuse_too_full(context.files, existing, sum(each.size_bytes for each in copied), count, count)


def _emptied(context: StepContext, run: Run) -> dict[Path, os.stat_result]:
    """The folders that are empty once the rest is moved, if the run removes them, with their status now."""
    if run.source is None or not run.removes_emptied:
        return {}
    found = emptied_folders(context.files, run.source, context.journal.moved_sources(run.id))
    return statuses(context.files, found.empty)


def _end(context: StepContext, run: Run) -> None:
    remove_empty_folders(context, run.destination)
    context.journal.end_run(run.id)
    drop_merged(context, context.journal.sidecars(run.id, [EntryState.CANCELLED, EntryState.FAILED]))


def _refused(run_id: int, why: str, hint: str = "") -> SortRefused:
    return SortRefused(text("Sort {run_id} cannot be continued", run_id=run_id), why, hint)
