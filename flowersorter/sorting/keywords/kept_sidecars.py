"""The sidecars that the collection keeps so that keywords can be undone, in a folder for each sort.

    keywords/SORT/1.merged.xmp    a sidecar with keywords, which the sort copies to its place; undo compares the two
    keywords/SORT/1.before.xmp    the sidecar that was there, which the sort moved here; undo moves it back

The first is ours and is deleted when its filing is undone, or was never done. The second is a person's file: nothing
deletes it, and it leaves only by the journal.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from flowersorter.domain.journal import Entry
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import KEPT_SIDECARS
from flowersorter.library.tables.written_keywords import staged_sources
from flowersorter.sorting.journaled_steps import StepContext

MERGED_SUFFIX, BEFORE_SUFFIX = ".merged.xmp", ".before.xmp"


def is_kept(collection: CollectionStore, path: Path) -> bool:
    """Whether a file is one that the collection keeps."""
    return collection.kept_sidecars in path.parents


def make_folder(context: StepContext) -> Path:
    """Make the folder for the sidecars of a new sort, and make sure that a power cut cannot remove it.

    What an earlier sort left that was interrupted is deleted first.

    Raises:
        OSError: the disk refuses.
    """
    kept = context.collection.kept_sidecars
    drop_merged(context)
    with suppress(FileExistsError):
        context.files.mkdir(kept)
    context.files.sync_folder(kept.parent)
    folder = kept / secrets.token_hex(8)
    context.files.mkdir(folder)
    context.files.sync_folder(kept)
    context.collection.settings.set(KEPT_SIDECARS, str(kept))
    return folder


def drop_merged(context: StepContext, entries: Iterable[Entry] | None = None) -> None:
    """Delete the sidecars with keywords that no filing needs any more, and folders that are empty.

    Args:
        context: The journal and the disk; an error of the disk leaves a file, which the next call deletes.
        entries: The filings of a sort, to look at its sidecars only; None for those of all sorts, also of one that was
            interrupted before the journal knew it.
    """
    kept = context.collection.kept_sidecars
    if entries is None:
        folders = _listed(context, kept)
    else:
        folders = sorted({entry.source.parent for entry in entries if entry.source.parent.parent == kept})
    needed = staged_sources(context.collection.database, kept) if folders else set()
    for folder in folders:
        for path in _listed(context, folder):
            if path.name.endswith(MERGED_SUFFIX) and path not in needed:
                with suppress(OSError):
                    context.files.unlink(path)
        for empty in (folder, kept):
            with suppress(OSError):
                context.files.rmdir(empty)


def _listed(context: StepContext, folder: Path) -> list[Path]:
    try:
        return [folder / name for name in context.files.list(folder)]
    except OSError:
        return []
