"""Executes a plan, or what is left of one, with a journal entry before and after each file.

The run is walked in blocks of the journal: nothing of it lies in memory whole, and what a crash interrupted goes on
where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, Volume
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.written_keywords import written_by
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.folders.created_folders import remove_empty_folders
from flowersorter.sorting.folders.removed_folders import remove_emptied_folders, statuses
from flowersorter.sorting.folders.volumes import volumes_of
from flowersorter.sorting.journaled_steps import StepContext, remember_drives
from flowersorter.sorting.keywords.kept_sidecars import drop_merged, is_kept
from flowersorter.sorting.keywords.stage_keywords import stage
from flowersorter.sorting.plan import SortPlan
from flowersorter.sorting.runs.file_rows import SOURCE, rows_in
from flowersorter.sorting.runs.outcomes import Deviation, Outcomes, RunResult
from flowersorter.sorting.runs.run_photos import PhotoRun, Target

#: Sidecars whose keywords are read together.
_COUNTED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class RunBegun:
    """Event: a run is in the journal; reported before any file is touched.

    However the run ends, its caller can undo it by this id.
    """

    run_id: int


def execute(
    plan: SortPlan, collection: CollectionStore, report: Report, cancel: CancelToken, files: FileSystem | None = None
) -> RunResult:
    """File the photos of a plan.

    A photo that cannot be filed is reported, and the run continues unless the disk is full or gone: then it pauses, and
    `resume` continues it.

    Args:
        plan: The photos, and where they go.
        collection: Holds the journal.
        report: Gets `RunBegun`, then `Progress`.
        cancel: Checked between two photos.
        files: The disk.

    Raises:
        Cancelled: asked to stop; the current photo is finished, filed photos stay and can be undone.
        UserError: the library cannot be written; recovery resolves the open photos at the next start.
    """
    if not plan.files:
        return RunResult(None, ())
    context = StepContext(
        collection, files or FileSystem(), devices={} if plan.device is None else {plan.destination: plan.device}
    )
    staged = stage(context, plan, report, cancel)
    run_id = context.journal.begin_run(
        plan.mode,
        plan.source,
        plan.destination,
        staged.entries,
        _volumes(context.files, plan),
        removes_emptied=plan.removes_emptied,
        suggestions=plan.suggestions,
    )
    report(RunBegun(run_id))
    emptied = statuses(context.files, plan.emptied.empty if plan.removes_emptied else ())
    with suppress(OSError):  # unreadable folders fail photo by photo
        remember_drives(context, plan.source)
    outcomes = Outcomes(plan.files, plan.counts_by_action, context.journal.photo_ids(run_id), staged.notes)
    target = Target(plan.destination, plan.device, plan.missing_folders, keywords=bool(plan.keywords))
    photos = PhotoRun(context, context.journal.run(run_id), target, PlanRecord(outcomes))
    with photos.full_library_told():
        try:
            photos.file_all(report, cancel)
        except Cancelled:
            _end(context, plan, run_id)
            raise
        removed = 0 if photos.paused else remove_emptied_folders(context, run_id, emptied)
        _end(context, plan, run_id)
    sidecars, keywords = filed_sidecars(context, run_id)
    return RunResult(run_id, outcomes, sidecars, removed, keywords, photos.paused, context.journal.run(run_id))


def filed_sidecars(context: StepContext, run_id: int) -> tuple[int, int]:
    """Count the sidecars that a run filed, without those that were made for keywords, and those that got keywords."""
    sidecars = keywords = 0
    filed = context.journal.sidecars(run_id, [EntryState.DONE])
    while block := list(islice(filed, _COUNTED_AT_ONCE)):
        written = written_by(context.collection.database, (entry.id for entry in block))
        keywords += len(written)
        for entry in block:
            base = entry.source if entry.id not in written else written[entry.id].base
            sidecars += base not in {None, entry.destination} and not is_kept(context.collection, entry.destination)
    return sidecars, keywords


class PlanRecord:
    """Takes the outcomes of a run that follows a plan."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    def put(self, lead: Entry, outcome: Deviation, planned: str) -> None:
        """Take the outcome of a photo, given with the planned action."""
        if outcome != Deviation(planned, is_filed=True):
            self._outcomes.set(self._outcomes.position(lead.id), outcome)

    def put_aside(self, original: Entry, lead: Entry, note: str | None, *, moved: bool) -> None:
        """Take the outcome of a duplicate that is to be moved aside, given with the entry of the photo that it is."""
        position = self._outcomes.position(original.id)
        before = self._outcomes.of(position)
        notes = "; ".join(filter(None, (before.error, note)))
        self._outcomes.set(position, before._replace(error=notes or None, moved_aside=moved))

    def put_rest(self, rest: Iterable[tuple[int, str, bytes]], reason: str) -> None:
        """Take the photos that were not tried: id of the entry, planned action and path of each."""
        self._outcomes.set_waiting((self._outcomes.position(entry_id) for entry_id, _, _ in rest), reason)


def _volumes(files: FileSystem, plan: SortPlan) -> dict[Path, Volume]:
    """The volumes of the destination and of the folders that files come from, or are changed in.

    Undo may have to make one of these again, and a run that goes on compares them all with those of that day.
    """
    folders = set(map(Path, {os.path.dirname(row[SOURCE]) for row in rows_in(plan.files)}))  # noqa: PTH120 - text
    folders |= {each.destination.parent for each in plan.keywords if each.is_in_place}
    volumes = volumes_of(files, folders if plan.source is None else folders | {plan.source})
    existing = plan.missing_folders[0].parent if plan.missing_folders else plan.destination
    with suppress(OSError):  # the run cannot be continued then
        volumes[plan.destination] = files.volume(existing)
    return volumes


def _end(context: StepContext, plan: SortPlan, run_id: int) -> None:
    remove_empty_folders(context, plan.destination)
    context.journal.end_run(run_id)
    drop_merged(context, context.journal.sidecars(run_id) if plan.keywords else ())
