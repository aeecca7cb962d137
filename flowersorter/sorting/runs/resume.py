"""Continues a run that was stopped, paused or interrupted, where it stopped, also days later."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, Run, RunState
from flowersorter.domain.photo_answers import NOTHING_LEFT_OUT, LeftOutOf
from flowersorter.errors import Cancelled, SortRefused
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.journal import Journal
from flowersorter.messages import Text, joined_texts, text
from flowersorter.sorting.execute import RunBegun, filed_sidecars
from flowersorter.sorting.filesystem import FileSystem, stat_or_none
from flowersorter.sorting.folders.created_folders import remove_empty_folders
from flowersorter.sorting.folders.destination_checks import disk_refusals, missing_folders, refuse_too_full
from flowersorter.sorting.folders.emptied_folders import emptied_folders
from flowersorter.sorting.folders.removed_folders import remove_emptied_folders, statuses
from flowersorter.sorting.folders.volumes import is_away, is_its_volume
from flowersorter.sorting.journaled_steps import StepContext, remember_drives
from flowersorter.sorting.keywords.kept_sidecars import drop_merged
from flowersorter.sorting.keywords.stage_again import StageAgain
from flowersorter.sorting.plan import Action
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.answers_since import AnswersSince, Suggestions, no_suggestions
from flowersorter.sorting.runs.appeared_sidecars import AppearedSidecars
from flowersorter.sorting.runs.outcomes import Deviation, FilingOutcome, RunResult, packed_outcomes
from flowersorter.sorting.runs.recheck import Recheck
from flowersorter.sorting.runs.run_photos import PhotoRun, Target
from flowersorter.sorting.safe_names import shown

_REPAIR = text("Each start of the program tries again")
_PLUG_IN = text("Plug the drive in, or sort the folder again")
#: Files that are looked for, of those that a run filed last: the person may have moved some.
_LOOKED_FOR = 100


def resume(
    collection: CollectionStore,
    run_id: int,
    report: Report,
    cancel: CancelToken,
    files: FileSystem | None = None,
    suggestions: Suggestions = no_suggestions,
    left_out: LeftOutOf = NOTHING_LEFT_OUT,
) -> RunResult:
    """File the photos of a run that were not tried, or failed, where its plan put them.

    Every photo is checked as in a run of its own: one that changed or is gone is reported, and no file is replaced. One
    whose bytes are in its class folder by now stays, and so does one that another sort filed, or whose label, or
    suggestion where it has no label, changed.

    Args:
        collection: The collection of the run.
        run_id: A run that ended early.
        report: Gets `RunBegun`, then `Progress`.
        cancel: Checked between two photos.
        files: The disk.
        suggestions: The present suggestions of photos; each is asked for once, in blocks.
        left_out: Class id by photo id, of photos that the person left out when others were confirmed as that class.

    Returns:
        The outcome of the photos that were left, in the order in which they were tried.

    Raises:
        SortRefused: there is no such run, it has nothing left to file, its source or destination is gone or on another
            drive than before, or its disk too full.
        Cancelled: asked to stop; filed photos stay, and it can be continued again.
        UserError: the library cannot be written; recovery resolves the open photos at the next start.
    """
    context = StepContext(collection, files or FileSystem())
    run = _resumable(context, run_id)
    with disk_refusals():
        missing = missing_folders(context.files, run.destination)
        existing = missing[0].parent if missing else run.destination
        _require_drives(context, run, existing)
        _require_filed(context, run, is_missing=bool(missing))
        device = context.files.stat_through(existing).st_dev
    context.devices[run.destination if not missing else existing] = device
    with suppress(OSError):  # unreadable folders fail photo by photo
        remember_drives(context, run.source)
    record = _Record()
    context.journal.plan_again(run_id)
    try:
        _require_room(context, run, existing, device)
        before = filed_sidecars(context, run_id)
        report(RunBegun(run_id))
        report(Progress(text("Planning"), 0))
        Recheck(context, run, record, AnswersSince(collection, suggestions, left_out)).look(cancel)
        StageAgain(context, run, record).make(report, cancel)
        emptied = _emptied(context, run)
    except BaseException:
        context.journal.end_run(run_id)
        drop_merged(context)
        raise
    target = Target(run.destination, device, missing)
    photos = PhotoRun(context, run, target, record, AppearedSidecars(context).why_not)
    removed = _file_rest(context, run, photos, record, emptied, report, cancel)
    sidecars, keywords = (now - then for now, then in zip(filed_sidecars(context, run_id), before, strict=True))
    ended = context.journal.run(run_id)
    return RunResult(run_id, record.outcomes, sidecars, removed, keywords, photos.paused, ended)


def _file_rest(
    context: StepContext,
    run: Run,
    photos: PhotoRun,
    record: _Record,
    emptied: dict[Path, os.stat_result],
    report: Report,
    cancel: CancelToken,
) -> int:
    """File what is left, and end the run; return the number of emptied folders that were removed.

    Raises:
        Cancelled: asked to stop.
        LibraryFull: the disk of the collection is full.
    """
    with photos.full_library_told():
        try:
            photos.file_all(report, cancel)
        except Cancelled:
            _end(context, run)
            raise
        if photos.paused:
            record.put_failed(context.journal, run.id)
        removed = 0 if photos.paused else remove_emptied_folders(context, run.id, emptied)
        _end(context, run)
    return removed


class _Record:
    """Takes the outcomes of the photos that are tried."""

    def __init__(self) -> None:
        self.outcomes = packed_outcomes()
        self._notes: dict[int, list[Text]] = {}

    def put(self, lead: Entry, outcome: Deviation, planned: str) -> None:
        """Take the outcome of a photo."""
        destination = lead.destination if outcome.is_filed else None
        error = joined_texts("; ", *filter(None, (outcome.error, *self._notes.pop(lead.id, ())))) or None
        self.outcomes.append(FilingOutcome(lead.source, destination, outcome.action, error))

    def put_note(self, lead: Entry, note: Text) -> None:
        """Take a note about a photo, to be given with its outcome."""
        self._notes.setdefault(lead.id, []).append(note)

    def put_failed(self, journal: Journal, run_id: int) -> None:
        """Take the photos that failed before and were not tried again."""
        for block in journal.blocks(run_id, [EntryState.PLANNED]):
            for entry in block:
                if entry.lead_id is None and not entry.is_aside:
                    self.put(entry, Deviation(entry.action, is_filed=False, error=entry.error), entry.action)

    def put_aside(self, original: Entry, lead: Entry, note: str | None, *, moved: bool) -> None:
        """Take the outcome of a duplicate that is to be moved aside, given with the entry of the photo that it is."""
        destination = lead.destination if moved else original.destination
        self.outcomes.append(FilingOutcome(lead.source, destination, original.action, note, moved))

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
        apart = [entry for entry in context.journal.open_filings() if entry.run_id == run_id and entry.error]
        if apart:
            name, why = shown(Path(apart[0].source.name)), apart[0].error
            raise _refused(
                run_id, text("{file} could not be put together with its sidecars: {why}", file=name, why=why), _REPAIR
            )
    if run.refusal is not None:
        raise _refused(run_id, run.refusal.why, run.refusal.hint)
    return run


def _require_drives(context: StepContext, run: Run, existing: Path) -> None:
    """Check that source and destination are on the drives that they were on.

    Args:
        context: The disk.
        run: Knows these drives.
        existing: The destination, or the nearest folder above it that exists.

    Raises:
        SortRefused: they are not.
    """
    if not is_its_volume(context.files, run, run.destination, existing):
        why = text("{folder} is on another drive than before; its own may be unplugged", folder=shown(run.destination))
        raise _refused(run.id, why, _PLUG_IN)
    if run.source is not None and is_away(context.files, run, run.source):
        raise _refused(run.id, _missing(run.source), _PLUG_IN)


def _missing(folder: Path) -> Text:
    return text("{folder} is missing or empty; its drive may be unplugged", folder=shown(folder))


def _require_filed(context: StepContext, run: Run, *, is_missing: bool) -> None:
    """Check that the destination is the one that the run filed into: two drives may look alike to the system.

    Raises:
        SortRefused: it is missing, or has none of the files that were filed last.
        OSError: the disk refuses.
    """
    if is_missing and run.touched and not context.journal.has_made(run.id, run.destination):
        raise _refused(run.id, _missing(run.destination), _PLUG_IN)
    newest = context.journal.newest_filed(run.id, _LOOKED_FOR)
    if newest and not any(stat_or_none(context.files, entry.destination) is not None for entry in newest):
        why = text("nothing that it sorted is in {folder}; its drive may be unplugged", folder=shown(run.destination))
        raise _refused(run.id, why, _PLUG_IN)


def _require_room(context: StepContext, run: Run, existing: Path, device: int) -> None:
    """Check that what is left fits on the disk of the destination.

    Raises:
        SortRefused: it does not.
    """
    with disk_refusals():
        found = run.source is not None and stat_or_none(context.files, run.source) is not None
        source = run.source if found else None
        here = source is not None and context.files.stat_through(source).st_dev == device
        copied = [
            each
            for each in context.journal.planned_photos(run.id)
            if each.action == Action.COPY or (each.action == Action.MOVE and source is not None and not here)
        ]
        count = sum(each.photos for each in copied)
        refuse_too_full(context.files, existing, sum(each.size_bytes for each in copied), count, count, goes_on=True)


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
