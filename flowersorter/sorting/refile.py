"""Plans moves of filed photos into the folders of other classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import FiledPhoto
from flowersorter.sorting.filesystem import FileSystem, stat_or_none
from flowersorter.sorting.plan import Filing, Mode, SortPlan, make_plan


def plan_refile(
    collection: CollectionStore,
    photos: Sequence[tuple[FiledPhoto, str]],
    cancel: CancelToken,
    files: FileSystem | None = None,
) -> list[SortPlan]:
    """Plan moves within the destinations of earlier runs; nothing on disk changes.

    Args:
        collection: Its journal has the class folders of earlier runs.
        photos: Filed photos, each with the name of the class it belongs to now.
        cancel: Checked once a photo.
        files: The disk.

    Returns:
        One plan for each destination. A photo that is not where it was filed is skipped, with the reason.

    Raises:
        SortRefused: a destination is gone or not writable.
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
        # Source and destination are the same on purpose: an undo may make class folders in it again.
        plans.append(replace(plan, source=root))
    return plans


def _filing(files: FileSystem, photo: FiledPhoto, class_name: str) -> Filing:
    found = stat_or_none(files, photo.path)
    # A missing photo gets impossible values, so that the plan skips it with the usual reason.
    size_bytes, mtime_ns = (found.st_size, found.st_mtime_ns) if found is not None else (0, 0)
    sub_folders = photo.path.parent.relative_to(photo.root).parts[1:]  # of the year, for instance: they stay
    return Filing(photo.path, photo.sha256, size_bytes, mtime_ns, class_name, sub_folders)
