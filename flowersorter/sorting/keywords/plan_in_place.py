"""Plans keywords beside photos that stay where they are; reads only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.written_keywords import read_keywords
from flowersorter.photos.xmp.keywords import NO_ENTRIES
from flowersorter.sorting.failures import CHANGED, GONE, NOT_A_FILE, explain
from flowersorter.sorting.filesystem import FileSystem, is_regular, stat_or_none
from flowersorter.sorting.folders.destination_checks import disk_refusals
from flowersorter.sorting.folders.needed_space import NeededSpace
from flowersorter.sorting.keywords.plan_keywords import KeywordPlanner
from flowersorter.sorting.plan import Action, Filing, Mode, PlannedFile, Skipped, SortPlan


def plan_in_place(
    collection: CollectionStore,
    filings: Sequence[Filing],
    root: Path,
    cancel: CancelToken,
    files: FileSystem | None = None,
) -> SortPlan:
    """Plan to write the keywords of photos into the sidecars beside them.

    The plan copies from `root` to `root`, as no other sort does: its photos are there already, and their sidecars are
    filed beside them.

    Args:
        collection: Its journal has the keywords of earlier sorts.
        filings: The photos, with their keywords; `NO_ENTRIES` only takes away those that this program wrote.
        root: The folder that they are in.
        cancel: Checked once a photo.
        files: The disk.

    Returns:
        The plan; a photo whose sidecars have the keywords already is in none of its lists.

    Raises:
        SortRefused: the folder is gone, or its disk too full.
        Cancelled: asked to stop.
    """
    files = files or FileSystem()
    planner = KeywordPlanner(files, read_keywords(collection.database))
    space = NeededSpace(files, copies=False, links=False, same_drive=False)
    planned, skipped = [], []
    for filing in filings:
        cancel.check()
        wanted = filing.keywords or NO_ENTRIES
        if not any(wanted.values()) and not planner.has_ours(filing.source):
            continue
        reason = _reason_to_skip(files, filing)
        if reason:
            skipped.append(Skipped(filing.source, reason))
            continue
        keywords = planner.in_place(filing.source, wanted)
        if keywords:
            planned.append(PlannedFile(filing, filing.source, Action.ALREADY_THERE, keywords=keywords))
        for each in keywords:
            space.add_written(each.size_bytes)
    with disk_refusals():
        device, needed_bytes, free_bytes = space.check(root, root)
    return SortPlan(
        mode=Mode.COPY,
        destination=root,
        files=tuple(planned),
        skipped=tuple(skipped),
        needed_bytes=needed_bytes,
        free_bytes=free_bytes,
        source=root,
        device=device,
        no_keywords=tuple(dict.fromkeys(Skipped(*problem) for problem in planner.problems)),
    )


def _reason_to_skip(files: FileSystem, filing: Filing) -> str:
    try:
        found = stat_or_none(files, filing.source)
        if found is None:
            return GONE
        if not is_regular(found):
            return NOT_A_FILE
        same = found.st_size == filing.size_bytes
        return "" if same and found.st_mtime_ns == filing.mtime_ns else _unless_same_bytes(files, filing, same=same)
    except OSError as error:
        return explain(error)


def _unless_same_bytes(files: FileSystem, filing: Filing, *, same: bool) -> str:
    return "" if same and files.hash(filing.source) == filing.sha256 else CHANGED
