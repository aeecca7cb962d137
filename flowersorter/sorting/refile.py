"""Plans moves of filed photos into the folders of other classes."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flowersorter.domain.journal import SuggestionChoice
from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import FiledPhoto
from flowersorter.library.tables.written_keywords import read_keywords
from flowersorter.messages import text
from flowersorter.photos.xmp.keywords import entries_of
from flowersorter.sorting.filesystem import FileSystem, stat_or_none
from flowersorter.sorting.plan import Filing, Mode, Skipped, SortPlan
from flowersorter.sorting.runs.make_plan import make_plan

_POINTER = text("it is a pointer to the photo; to move it, undo its sort and sort again")


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

    The keywords that this program wrote follow the class; a person's own stay.

    Returns:
        One plan for each destination. A photo that is not where it was filed is skipped, with the reason, and so is a
        symbolic link: a move of it has no bytes that recovery could verify.

    Raises:
        SortRefused: a destination is gone or not writable.
        Cancelled: asked to stop.
    """
    files = files or FileSystem()
    by_root: dict[Path, list[Filing]] = {}
    pointers: dict[Path, list[Skipped]] = {}
    for photo, class_name in photos:
        filings = by_root.setdefault(photo.root, [])
        found = stat_or_none(files, photo.path)
        if found is not None and stat.S_ISLNK(found.st_mode):
            pointers.setdefault(photo.root, []).append(Skipped(photo.path, _POINTER))
        else:
            filings.append(_filing(photo, class_name, found))
    plans, index = [], read_keywords(collection.database)
    for root, filings in by_root.items():
        folders = collection.journal.class_folders(root)
        plan = make_plan(
            filings,
            root,
            Mode.MOVE,
            cancel,
            source_root=None,
            folders=folders,
            files=files,
            index=index,
            only_our_keywords=True,
        )
        # Source and destination are the same on purpose: an undo may make class folders in it again.
        plan = replace(plan, source=root, suggestions=SuggestionChoice(None, "all"))  # however sure they were sorted
        plans.append(plan.with_skipped(pointers.get(root, ())))
    return plans


def _filing(photo: FiledPhoto, class_name: str, found: os.stat_result | None) -> Filing:
    # A missing photo gets impossible values, so that the plan skips it with the usual reason.
    size_bytes, mtime_ns = (found.st_size, found.st_mtime_ns) if found is not None else (0, 0)
    sub_folders = photo.path.parent.relative_to(photo.root).parts[1:]  # of the year, for instance: they stay
    return Filing(
        str(photo.path),
        photo.sha256,
        size_bytes,
        mtime_ns,
        class_name,
        sub_folders,
        keywords=entries_of(class_name),
    )
