"""Makes the sidecars with keywords of a plan, in the folder of the collection, before its sort begins.

What the journal then files are complete, synced files: a copy to its place, and before it, where a sidecar is replaced,
a move of that sidecar into the collection.
"""

from __future__ import annotations

import hashlib
import stat
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from flowersorter.domain.journal import NewEntry, WrittenKeywords
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.tables.written_keywords import read_keywords
from flowersorter.messages import Text, text
from flowersorter.photos.xmp.document import XmpUnusable
from flowersorter.photos.xmp.splice import Merged, merged
from flowersorter.sorting.failures import explain
from flowersorter.sorting.journaled_steps import StepContext
from flowersorter.sorting.keywords.kept_sidecars import BEFORE_SUFFIX, MERGED_SUFFIX, drop_merged, make_folder
from flowersorter.sorting.keywords.plan_keywords import SidecarRead, read_and_merge
from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
from flowersorter.sorting.plan import Action, Mode, PlannedFile, SortPlan
from flowersorter.sorting.safe_names import shown

#: Permissions that a new sidecar takes from its photo, and those that it always has: programs must be able to edit it.
_LIKE_PHOTO, _ALWAYS = 0o666, stat.S_IRUSR | stat.S_IWUSR


@dataclass(slots=True)
class Staged:
    """The journal entries of a plan.

    Attributes:
        entries: Of every photo, each followed by those of its sidecars; made while they are read where none of them
            gets keywords.
        notes: About sidecars that could not get keywords, by the position of their photo in the plan.
    """

    entries: Iterable[NewEntry] = ()
    notes: dict[int, list[Text]] = field(default_factory=dict)


def stage(context: StepContext, plan: SortPlan, report: Report, cancel: CancelToken) -> Staged:
    """Make the sidecars with keywords of a plan; return the journal entries of the plan.

    A sidecar that cannot get any, because it or the disk has changed since the plan, is filed as it is.

    Raises:
        Cancelled: asked to stop; what was made is deleted.
    """
    if not plan.keywords:
        return Staged(_plain(plan, cancel))
    try:
        return _staged(context, plan, report, cancel)
    except OSError as error:  # merged files that may not last are not used
        entries: list[NewEntry] = []
        staged, originals = Staged(entries), _Originals(plan.files)
        for position, planned in enumerate(chain(plan.files, plan.duplicates)):
            lead = len(entries)
            entries += _entries(plan.mode, planned, lead, originals.of(planned, lead))
            for keywords in planned.keywords:
                entries += as_it_is(plan.mode, planned, keywords, lead)
                staged.notes.setdefault(position, []).append(why_none(keywords, error))
        return staged
    except Cancelled:
        drop_merged(context)
        raise


def _plain(plan: SortPlan, cancel: CancelToken) -> Iterator[NewEntry]:
    """The entries of a plan without keywords, one after the other: there may be very many.

    Raises:
        Cancelled: asked to stop.
    """
    lead, originals = 0, _Originals(plan.files)
    for planned in chain(plan.files, plan.duplicates):
        cancel.check()
        yield from _entries(plan.mode, planned, lead, originals.of(planned, lead))
        lead += 1 + len(planned.sidecars)


def _staged(context: StepContext, plan: SortPlan, report: Report, cancel: CancelToken) -> Staged:
    """Make the sidecars of a plan.

    Raises:
        OSError: the disk refuses to make sure of them.
        Cancelled: asked to stop.
    """
    entries: list[NewEntry] = []
    staged, stager, originals = Staged(entries), Stager(context, plan.mode), _Originals(plan.files)
    wanted, done = len(plan.keywords), 0
    for position, planned in enumerate(chain(plan.files, plan.duplicates)):
        lead = len(entries)
        entries += _entries(plan.mode, planned, lead, originals.of(planned, lead))
        for keywords in planned.keywords:
            report(Progress(text("Preparing keywords"), done, wanted))
            cancel.check()
            done += 1
            try:
                entries += stager.entries(planned, keywords, lead)
            except (XmpUnusable, OSError) as error:
                staged.notes.setdefault(position, []).append(why_none(keywords, error))
                entries += as_it_is(plan.mode, planned, keywords, lead)
    stager.sync()
    return staged


class _Originals:
    """Finds the photo's own entry of each duplicate that is moved aside: these follow the photos, in their order.

    Args:
        files: The photos of the plan.
    """

    def __init__(self, files: Sequence[PlannedFile]) -> None:
        self._files, self._seen, self._next = files, 0, 0
        # Two numbers for each photo that may be moved aside: there may be very many.
        self._positions, self._entries = array("q"), array("q")

    def of(self, planned: PlannedFile, entry: int) -> int | None:
        """Take the next file of the plan, with the position of its entry; return that of the photo, if moved aside."""
        if self._seen < len(self._files):
            if not planned.action.is_filed:
                self._positions.append(self._seen)
                self._entries.append(entry)
            self._seen += 1
            return None
        while self._files[self._positions[self._next]].filing.source != planned.filing.source:
            self._next += 1
        return self._entries[self._next]


def _entries(mode: Mode, planned: PlannedFile, lead: int, original: int | None) -> Iterator[NewEntry]:
    """The entry of a photo, and those of the sidecars that are filed as they are."""
    filing = planned.filing
    yield NewEntry(
        class_name=filing.class_name,
        action=planned.action,
        source=filing.source,
        destination=planned.destination,
        size_bytes=filing.size_bytes,
        sha256=filing.sha256,
        mtime_ns=filing.mtime_ns,
        original=original,
    )
    for source, destination in planned.sidecars:
        yield _sidecar(mode, planned, source, destination, lead)


def as_it_is(mode: Mode, planned: PlannedFile, keywords: PlannedKeywords, lead: int) -> Iterator[NewEntry]:
    """Yield the entry of a sidecar that gets no keywords, if it is to be filed."""
    if keywords.source is not None and not keywords.is_in_place:
        yield _sidecar(mode, planned, keywords.source, keywords.destination, lead)


def _sidecar(mode: Mode, planned: PlannedFile, source: Path, destination: Path, lead: int) -> NewEntry:
    # A photo that is already there keeps its source, and this its sidecars.
    beside = Action.COPY if mode == Mode.MOVE else Action(mode.value)
    action = planned.action if planned.action.is_filed else beside
    return NewEntry(planned.filing.class_name, action, source, destination, 0, None, 0, lead=lead)


class Stager:
    """Makes one sidecar after the other.

    Args:
        context: The journal and the disk.
        mode: That of the run.
    """

    def __init__(self, context: StepContext, mode: Mode) -> None:
        self._context, self._mode = context, mode
        self._index = read_keywords(context.collection.database)
        self._folder: Path | None = None
        self._made = 0

    def entries(self, planned: PlannedFile, keywords: PlannedKeywords, lead: int) -> list[NewEntry]:
        """Make a sidecar and return its entries: the move of the one that was there, if any, and the copy of it.

        Raises:
            XmpUnusable: the keywords cannot be written into the one that was there.
            OSError: the disk refuses.
        """
        context, photo = self._context, planned.filing
        before, result = None, merged(None, keywords.wanted)
        if keywords.source is not None:
            before = read_and_merge(context.files, self._index, keywords.source, keywords.wanted)
            if before.result is None:  # it got them meanwhile
                return list(as_it_is(self._mode, planned, keywords, lead))
            result = before.result
        self._folder = self._folder or make_folder(context)
        self._made += 1
        kept = self._folder / f"{self._made}{BEFORE_SUFFIX}"
        new = self._new(planned, keywords, result, before, lead)
        moved = planned.action == Action.MOVE or keywords.is_in_place
        if before is None or keywords.source is None or not moved:
            return [new]
        found = before.found
        # With its hash: one that is edited meanwhile is not replaced, and its photo stays.
        old = NewEntry(
            class_name=photo.class_name,
            action=Action.MOVE,
            source=keywords.source,
            destination=kept,
            size_bytes=found.st_size,
            sha256=before.sha256,
            mtime_ns=found.st_mtime_ns,
            lead=lead,
        )
        return [old, new]

    def sync(self) -> None:
        """Make sure that a power cut cannot remove what was made."""
        if self._folder is not None:
            self._context.files.sync_folder(self._folder)

    def _new(
        self, planned: PlannedFile, keywords: PlannedKeywords, result: Merged, before: SidecarRead | None, lead: int
    ) -> NewEntry:
        assert self._folder is not None
        path, mtime_ns = self._folder / f"{self._made}{MERGED_SUFFIX}", time.time_ns()
        self._write(path, result.data, planned.filing.source, keywords.source, before, mtime_ns)
        ours = {field.value: values for field, values in result.ours.items()}
        return NewEntry(
            class_name=planned.filing.class_name,
            action=Action.COPY,
            source=path,
            destination=keywords.destination,
            size_bytes=len(result.data),
            sha256=hashlib.sha256(result.data).digest(),
            mtime_ns=mtime_ns,
            lead=lead,
            keywords=WrittenKeywords(ours, None if before is None else before.sha256, keywords.source),
        )

    def _write(
        self, path: Path, data: bytes, photo: Path, source: Path | None, before: SidecarRead | None, mtime_ns: int
    ) -> None:
        """Write a file with the attributes of the sidecar it stands for, or with its photo's permissions."""
        files = self._context.files
        descriptor = files.open_exclusive(path)
        try:
            files.write(descriptor, data)
            if source is not None and before is not None:
                files.copy_attributes(source, path, before.found)
                files.set_times(path, mtime_ns)
            else:
                mode = stat.S_IMODE(files.stat_through(photo).st_mode) & _LIKE_PHOTO | _ALWAYS
                files.set_attributes(path, mode, mtime_ns, mtime_ns)
            files.sync(descriptor)
        finally:
            files.close(descriptor)


def why_none(keywords: PlannedKeywords, error: XmpUnusable | OSError) -> Text:
    """Say why a sidecar gets no keywords, after an error."""
    reason = error.reason if isinstance(error, XmpUnusable) else explain(error)
    return no_keywords(keywords.source or keywords.destination, reason)


def no_keywords(sidecar: Path, reason: str) -> Text:
    """Say why a sidecar gets no keywords."""
    return text("no keywords in {file}: {why}", file=shown(Path(sidecar.name)), why=reason)
