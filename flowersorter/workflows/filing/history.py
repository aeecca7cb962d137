"""History: every run, undoing one, and putting right what a crash left."""

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
    """Take a run back.

    Attributes:
        run_id: The run, or None for the newest with something to undo.
        only: Ids of entries of `filings`, to take back a part of the run; None for all of it.
        take_changed: Also take back photos that the person moved or renamed within the destination, and move photos
            back that were edited since they were moved.
    """

    run_id: int | None = None
    only: tuple[int, ...] | None = None
    take_changed: bool = False


def runs(collection: CollectionStore) -> list[Run]:
    """Every run of a collection, newest first."""
    return collection.journal.runs()


def filings(collection: CollectionStore, run_id: int) -> list[Entry]:
    """What a run did with each photo, sidecars left out.

    Raises:
        KeyError: there is no such run.
    """
    collection.journal.run(run_id)
    return [entry for entry in collection.journal.filings(run_id) if entry.lead_id is None]


@dataclass(frozen=True, slots=True)
class RunPhoto:
    """A photo of a run, and whether it can be taken back.

    Attributes:
        entry: What the run did with it.
        moved_on_by: The later run that moved it to another class and has to be undone first, or None.
        can_undo: Whether it is filed and nobody is at it; whether it was changed since is seen when it is read.
    """

    entry: Entry
    moved_on_by: int | None
    can_undo: bool


def run_photos(collection: CollectionStore, run_id: int) -> list[RunPhoto]:
    """The photos of a run, in the order of its plan.

    Raises:
        KeyError: there is no such run.
    """
    later = moved_on(collection.database, run_id)
    at_rest = collection.journal.run(run_id).state != RunState.OPEN
    return [
        RunPhoto(entry, later.get(entry.id), at_rest and entry.state == EntryState.DONE and entry.id not in later)
        for entry in filings(collection, run_id)
    ]


def undo_run(engine: Engine, request: UndoRequest, report: Report, cancel: CancelToken) -> UndoResult:
    """Take a run back, photo by photo, refusing what the person changed since.

    Raises:
        UndoRefused: there is no such run, or nothing left to undo.
        Cancelled: asked to stop; what is undone stays undone.
    """
    run_id = request.run_id
    if run_id is None:
        # A run that found everything already there filed nothing; the person means the one before.
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
    """Finish or roll back what a crash left half-done; does nothing where nothing is."""
    return recover(collection)
