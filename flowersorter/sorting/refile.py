"""Plans to move photos that are filed already into the folder of another class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import FiledPhoto
from flowersorter.sorting.filesystem import FileSystem, look
from flowersorter.sorting.plan import Filing, Mode, SortPlan, make_plan


def plan_refile(
    collection: CollectionStore,
    photos: Sequence[tuple[FiledPhoto, str]],
    cancel: CancelToken,
    files: FileSystem | None = None,
) -> list[SortPlan]:
    """Plan moves within the folders that photos were filed into; nothing on disk changes.

    Args:
        collection: Knows the class folders of earlier runs.
        photos: Filed photos, each with the name of the class it belongs to now.
        cancel: Looked at once a photo.
        files: The disk.

    Returns:
        One plan for each folder that photos were filed into. A photo that is not where it was filed is among its
        skipped ones, with the reason.

    Raises:
        SortRefused: such a folder is gone or cannot be written to.
        Cancelled: asked to stop.
    """
    files = files or FileSystem()
    by_root: dict[Path, list[Filing]] = {}
    for photo, class_name in photos:
        by_root.setdefault(photo.root, []).append(_filing(files, photo, class_name))
    plans = []
    for root, filings in by_root.items():
        folders = collection.journal.class_folders(root)
        plan = make_plan(filings, root, Mode.MOVE, cancel, source_root=None, folders=folders, files=files)
        # Source and destination are one on purpose here: an undo may make class folders below it again.
        plans.append(replace(plan, source=root))
    return plans


def _filing(files: FileSystem, photo: FiledPhoto, class_name: str) -> Filing:
    found = look(files, photo.path)
    # A photo that is gone is planned with what cannot be, so that the plan says so like of any other.
    size_bytes, mtime_ns = (found.st_size, found.st_mtime_ns) if found is not None else (0, 0)
    return Filing(photo.path, photo.sha256, size_bytes, mtime_ns, class_name)
