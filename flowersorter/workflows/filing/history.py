"""Lists sorts and their photos, undoes a sort, and recovers interrupted ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowersorter.domain.journal import Entry, EntryState, Run, RunState
from flowersorter.errors import UndoRefused
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import moved_on
from flowersorter.messages import Text, plural, text
from flowersorter.sorting.recover import RecoveryResult, recover
from flowersorter.sorting.runs.packed import Packed
from flowersorter.sorting.undo import UndoResult, photos_that_stay, undo

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """Undo a sort.

    Attributes:
        run_id: The sort, or None for the newest of which something can be undone.
        only: Ids of entries of `filings`, to undo a part of the sort; None for all of it.
        take_changed: Also undo photos that the person moved or renamed within the destination, and moved photos that
            were edited since.
    """

    run_id: int | None = None
    only: tuple[int, ...] | None = None
    take_changed: bool = False


def runs(collection: CollectionStore) -> list[Run]:
    """List the sorts of a collection that did something, can be continued or are under way, newest first."""
    return [run for run in collection.journal.runs() if run.touched or run.can_be_resumed or run.state == RunState.OPEN]


def find_run(collection: CollectionStore, run_id: int) -> Run:
    """Return a sort as it is now.

    Raises:
        KeyError: there is no such sort.
    """
    return collection.journal.run(run_id)


@dataclass(frozen=True, slots=True)
class RunPhoto:
    """A photo of a sort, and whether it can be undone.

    Attributes:
        entry: Its journal entry.
        moved_on_by: The later sort that moved it to another class and must be undone first, or None.
        can_undo: Whether it is sorted and no job is moving it. A later change of the file is found when it is undone.
    """

    entry: Entry
    moved_on_by: int | None
    can_undo: bool


def run_photos(collection: CollectionStore, run_id: int) -> Sequence[RunPhoto]:
    """List the photos of a sort as they are now, in the order of its plan; each is made when it is read.

    Raises:
        KeyError: there is no such sort.
    """
    later = moved_on(collection.database, run_id)
    at_rest = collection.journal.run(run_id).state != RunState.OPEN
    return Packed(
        _row_of,
        _photo_of,
        (
            RunPhoto(entry, later.get(entry.id), at_rest and entry.state == EntryState.DONE and entry.id not in later)
            for entry in collection.journal.photos(run_id)
        ),
    )


def _row_of(photo: RunPhoto) -> tuple[Any, ...]:
    entry = photo.entry
    names = [None if path is None else str(path) for path in (entry.source, entry.destination, entry.temporary)]
    before = entry.id, entry.run_id, entry.lead_id, entry.class_name, entry.action
    after = entry.size_bytes, entry.sha256, entry.mtime_ns, entry.state, entry.error, entry.original_id
    return before, names, after, photo.moved_on_by, photo.can_undo


def _photo_of(row: tuple[Any, ...]) -> RunPhoto:
    before, names, after, moved_on_by, can_undo = row
    paths: list[Any] = [None if name is None else Path(name) for name in names]
    return RunPhoto(Entry(*before, *paths, *after), moved_on_by, can_undo)


def undo_run(engine: Engine, request: UndoRequest, report: Report, cancel: CancelToken) -> UndoResult:
    """Undo a sort, photo by photo; keep photos that were edited since.

    Raises:
        UndoRefused: there is no such sort, or nothing left to undo.
        Cancelled: asked to stop; photos undone until then stay undone.
    """
    run_id, passed_over = request.run_id, dict[int, int]()
    if run_id is None:
        newest, passed_over = newest_to_undo(engine.collection, cancel, take_changed=request.take_changed)
        if newest is None:
            takes_more = not request.take_changed and newest_to_undo(engine.collection, cancel, take_changed=True)[0]
            raise _nothing_to_undo(passed_over, takes_more=bool(takes_more))
        run_id = newest.id
    later = moved_on(engine.collection.database, run_id)
    in_the_way = [run for entry, run in later.items() if request.only is None or entry in request.only]
    if not passed_over.keys() >= set(in_the_way):
        why = text("sort {in_the_way} moved some of its photos on to another class", in_the_way=max(in_the_way))
        if engine.collection.journal.run(max(in_the_way)).only_keywords:
            why = text("sort {in_the_way} wrote keywords into some of its sidecar files", in_the_way=max(in_the_way))
        raise UndoRefused(
            text("Sort {run_id} cannot be undone yet", run_id=run_id),
            why,
            text("Undo sort {in_the_way} first", in_the_way=max(in_the_way)),
        )
    result = undo(engine.collection, run_id, report, cancel, only=request.only, take_changed=request.take_changed)
    return replace(result, passed_over=passed_over)


def newest_to_undo(
    collection: CollectionStore, cancel: CancelToken, *, take_changed: bool = False
) -> tuple[Run | None, dict[int, int]]:
    """Find the newest sort of which something can be undone; reads only.

    Skips a sort that found every photo already there, and one whose photos an earlier undo left and another would leave
    again.

    Returns:
        The sort, or None; and the number of photos that stay, by run id of newer, skipped sorts.

    Raises:
        Cancelled: asked to stop.
    """
    passed_over: dict[int, int] = {}
    for run in runs(collection):
        if not run.has_something_to_undo:
            continue
        staying = photos_that_stay(collection, run, cancel, take_changed=take_changed)
        if not staying:
            return run, passed_over
        passed_over[run.id] = staying
    return None, passed_over


def passed_over_sentence(run_id: int, photos: int) -> Text:
    """Say that a newer sort was skipped, and where the reasons are listed."""
    return plural(
        "Sort {sort}: {number} photo could not be undone, see `flowersorter undo {sort}`.",
        "Sort {sort}: {number} photos could not be undone, see `flowersorter undo {sort}`.",
        photos,
        sort=run_id,
    )


def _nothing_to_undo(passed_over: Mapping[int, int], *, takes_more: bool) -> UndoRefused:
    if not passed_over:
        return UndoRefused(
            text("There is nothing to undo"), text("no photos were sorted, or every sort is undone already")
        )
    run_id, photos = next(iter(passed_over.items()))
    return UndoRefused(
        text("There is nothing more to undo"),
        plural(
            "{number} photo of sort {sort} could not be undone",
            "{number} photos of sort {sort} could not be undone",
            photos,
            sort=run_id,
        ),
        text(
            '"flowersorter undo {sort}" lists the reasons, and with --yes it also takes back photos that were moved, '
            "renamed or edited since",
            sort=run_id,
        )
        if takes_more
        else text('"flowersorter undo {sort}" lists the reasons', sort=run_id),
    )


def recover_collection(collection: CollectionStore) -> RecoveryResult:
    """Finish or roll back sorts that a crash interrupted."""
    return recover(collection)
