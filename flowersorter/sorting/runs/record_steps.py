"""Stores the outcome of a step in the journal and the library."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from flowersorter.domain.journal import Entry, EntryState
from flowersorter.sorting.filesystem import FileSystem, is_regular, stat_or_none
from flowersorter.sorting.plan import Action

if TYPE_CHECKING:
    from flowersorter.sorting.journaled_steps import StepContext


def record_filed(context: StepContext, entry: Entry, sha256: bytes, note: str | None) -> None:
    """Store that a file is filed and the new place of its photo, in one transaction."""
    store_filed(context, entry, sha256, note, place_of(context.files, entry))


def place_of(files: FileSystem, entry: Entry) -> os.stat_result | None:
    """Return the status of a filed file, for the library; None if the disk does not say."""
    with suppress(OSError):  # it is filed anyway; scanning its folder finds it
        return stat_or_none(files, entry.destination)
    return None


def store_filed(
    context: StepContext, entry: Entry, sha256: bytes, note: str | None, found: os.stat_result | None
) -> None:
    """Store that a file is filed, given its status, and the new place of its photo, in one transaction."""
    photos = context.collection.photos
    with context.collection.database.transaction():
        context.journal.set_state(entry.id, EntryState.DONE, note)
        if entry.lead_id is not None:
            return
        if entry.action == Action.MOVE and note is None:
            photos.relocate(entry.source, entry.destination)
        photo = photos.by_sha256(sha256)
        # A symbolic link is not a place of a photo: scanning skips it.
        if photo is not None and found is not None and is_regular(found):
            photos.add_place(entry.destination, photo.id, found.st_size, found.st_mtime_ns)


def record_undone(context: StepContext, entry: Entry) -> None:
    """Store that a filing is undone and the place of its photo, in one transaction."""
    with context.collection.database.transaction():
        context.journal.set_state(entry.id, EntryState.UNDONE)
        if entry.lead_id is not None:
            return
        if entry.action == Action.MOVE:
            context.collection.photos.relocate(entry.destination, entry.source)
        else:
            context.collection.photos.drop_place(entry.destination)
