"""Lists sorts and their photos, undoes a sort, and recovers interrupted ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowersorter.domain.journal import Entry, EntryState, Run, RunState
from flowersorter.errors import UndoRefused
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import moved_on
from flowersorter.messages import text
from flowersorter.sorting.recover import RecoveryResult, recover
from flowersorter.sorting.undo import UndoResult, undo

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """Undo a sort.

    Attributes:
        run_id: The sort, or None for the newest with something to undo.
        only: Ids of entries of `filings`, to undo a part of the sort; None for all of it.
        take_changed: Also take back photos that the person moved or renamed within the destination, and move photos
            back that were edited since they were moved.
    """

    run_id: int | None = None
    only: tuple[int, ...] | None = None
    take_changed: bool = False


def runs(collection: CollectionStore) -> list[Run]:
    """List the sorts of a collection, newest first."""
    return collection.journal.runs()


def filings(collection: CollectionStore, run_id: int) -> list[Entry]:
    """List the journal entries of a sort's photos, without those of sidecars.

    Raises:
        KeyError: there is no such sort.
    """
    collection.journal.run(run_id)
    return [entry for entry in collection.journal.filings(run_id) if entry.lead_id is None]


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


def run_photos(collection: CollectionStore, run_id: int) -> list[RunPhoto]:
    """List the photos of a sort, in the order of its plan.

    Raises:
        KeyError: there is no such sort.
    """
    later = moved_on(collection.database, run_id)
    at_rest = collection.journal.run(run_id).state != RunState.OPEN
    return [
        RunPhoto(entry, later.get(entry.id), at_rest and entry.state == EntryState.DONE and entry.id not in later)
        for entry in filings(collection, run_id)
    ]


def undo_run(engine: Engine, request: UndoRequest, report: Report, cancel: CancelToken) -> UndoResult:
    """Undo a sort, photo by photo; keep photos that were edited since.

    Raises:
        UndoRefused: there is no such sort, or nothing left to undo.
        Cancelled: asked to stop; photos undone until then stay undone.
    """
    run_id = request.run_id
    if run_id is None:
        # A sort that found every photo already there has nothing to undo; the one before is meant.
        run_id = next((run.id for run in runs(engine.collection) if run.has_something_to_undo), None)
    if run_id is None:
        raise UndoRefused(
            text("There is nothing to undo"), text("no photos were sorted, or every sort is undone already")
        )
    later = moved_on(engine.collection.database, run_id)
    in_the_way = [run for entry, run in later.items() if request.only is None or entry in request.only]
    if in_the_way:
        raise UndoRefused(
            text("Sort {run_id} cannot be undone yet", run_id=run_id),
            text("sort {in_the_way} moved some of its photos on to another class", in_the_way=max(in_the_way)),
            text("Undo sort {in_the_way} first", in_the_way=max(in_the_way)),
        )
    return undo(engine.collection, run_id, report, cancel, only=request.only, take_changed=request.take_changed)


def recover_collection(collection: CollectionStore) -> RecoveryResult:
    """Finish or roll back sorts that a crash interrupted."""
    return recover(collection)
