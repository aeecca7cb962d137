"""Stores the intents of many small steps in one transaction, and their outcomes in another.

The order that recovery relies on stays: the intent of a step is on the disk before its file is touched, its outcome
only after the file is. A crash leaves at most the steps of one batch open, and recovery looks at each of their files,
as it does for a single step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from flowersorter.domain.journal import Entry, EntryState
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.failures import NotDoneError
from flowersorter.sorting.filesystem import FileSystem, stat_or_none

#: Recovery after a crash reads the files of one batch again, so a batch is small in both.
MOST_FILES, MOST_BYTES = 64, 64 << 20


class _Sized(Protocol):
    @property
    def entries(self) -> list[Entry]: ...


Sized = TypeVar("Sized", bound=_Sized)


@dataclass(frozen=True, slots=True)
class Begun:
    """The intent of a step that is in the journal already.

    Attributes:
        temporary: The hidden file of the step.
        contents: SHA-256, size and mtime_ns that were stored; None for an undo.
        rests_as: The state and the note it has again if the step is not tried after all.
    """

    entry: Entry
    temporary: Path
    contents: tuple[bytes, int, int] | None
    rests_as: tuple[EntryState, str | None]


@dataclass(slots=True)
class StepBatch:
    """The steps of one batch; empty outside of one.

    Attributes:
        waiting: Steps whose intent is stored and that are not tried yet, by entry id.
        later: Outcomes to be stored.
        no_folder: Class folders that could not be made for the batch, with the reasons; the next photo of one has it.
    """

    waiting: dict[int, Begun] = field(default_factory=dict)
    later: list[Callable[[], None]] = field(default_factory=list)
    no_folder: dict[Path, NotDoneError] = field(default_factory=dict)

    def begin_filing(self, collection: CollectionStore, steps: Iterable[tuple[Entry, Path, bytes, int, int]]) -> None:
        """Store that files are about to be filed: entry, temporary, SHA-256, size and mtime_ns of each."""
        begun = list(steps)
        if begun:
            collection.journal.start_all(begun)
        for entry, temporary, sha256, size_bytes, mtime_ns in begun:
            contents = sha256, size_bytes, mtime_ns
            self.waiting[entry.id] = Begun(entry, temporary, contents, (EntryState.PLANNED, entry.error))

    def begin_undo(self, collection: CollectionStore, steps: Iterable[tuple[Entry, Path]]) -> None:
        """Store that files are about to be restored: entry and temporary of each."""
        begun = list(steps)
        if begun:
            collection.journal.start_undo_all(begun)
        for entry, temporary in begun:
            self.waiting[entry.id] = Begun(entry, temporary, None, (EntryState.DONE, entry.error))

    def take(self, entry: Entry) -> Begun | None:
        """Return the stored intent of a step that is tried now; None if it is not in the batch."""
        return self.waiting.pop(entry.id, None)

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Take steps out of the batch that are not tried: their photo failed."""
        for entry in entries:
            self.take(entry)

    def store_outcomes(self, collection: CollectionStore) -> None:
        """Store the outcomes so far, as a step that undoes one of them needs them in the journal.

        Raises:
            UserError: the library cannot be written; recovery resolves the steps.
        """
        later, self.later = self.later, []
        with collection.database.transaction():
            for store in later:
                store()

    def settle(self, collection: CollectionStore) -> None:
        """Store all outcomes, and that the rest was not tried, in one transaction.

        Raises:
            UserError: the library cannot be written; recovery resolves the steps.
        """
        later, waiting = self.later, self.waiting
        self.later, self.waiting, self.no_folder = [], {}, {}
        if not (later or waiting):
            return
        with collection.database.transaction():
            for store in later:
                store()
            for begun in waiting.values():
                state, note = begun.rests_as
                collection.journal.set_state(begun.entry.id, state, note)


@dataclass(frozen=True, slots=True)
class PhotoBatch(Generic[Sized]):
    """Photos whose steps are stored together.

    Attributes:
        groups: The photos.
        sizes: The size of each of their files in bytes, by the id of its entry.
    """

    groups: list[Sized] = field(default_factory=list)
    sizes: dict[int, int] = field(default_factory=dict)


def in_batches(groups: Iterable[Sized], size_of: Callable[[Entry], int]) -> Iterator[PhotoBatch[Sized]]:
    """Yield photos in batches that are small in files and in bytes; a large photo, or one with many files, is alone.

    Args:
        groups: The photos.
        size_of: The size of a file; called once for each.
    """
    batch: PhotoBatch[Sized] = PhotoBatch()
    size_bytes = 0
    for group in groups:
        sizes = {entry.id: size_of(entry) for entry in group.entries}
        size = sum(sizes.values())
        if batch.groups and (len(batch.sizes) + len(sizes) > MOST_FILES or size_bytes + size > MOST_BYTES):
            yield batch
            batch, size_bytes = PhotoBatch(), 0
        batch.groups.append(group)
        batch.sizes.update(sizes)
        size_bytes += size
    if batch.groups:
        yield batch


def size_now(files: FileSystem, entry: Entry) -> int:
    """The size of a file that is to be filed: that of a sidecar is stored only then. 0 where the disk does not say."""
    if entry.sha256 is not None:
        return entry.size_bytes
    with suppress(OSError):
        found = stat_or_none(files, entry.source)
        return 0 if found is None else found.st_size
    return 0
