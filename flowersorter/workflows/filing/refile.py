"""Correct after sorting: photos that are filed already follow their class into its folder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.edited_photos import former_hashes
from flowersorter.library.tables.filed_photos import FiledPhoto, filed_photos, filed_under
from flowersorter.photos.file_bytes import hash_file
from flowersorter.sorting.execute import execute
from flowersorter.sorting.plan import Skipped, SortPlan
from flowersorter.sorting.refile import plan_refile

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class RefileRequest:
    """Let filed photos follow the labels a person gave them.

    Attributes:
        photo_ids: The photos that were corrected; those without a label stay where they are.
    """

    photo_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RefileResult:
    """What became of the filed photos.

    Attributes:
        run_ids: The runs that moved them, for undoing; none where nothing was filed elsewhere.
        moved: Photos that are in their new class folder now.
        left: Photos that stay where they are, and why.
    """

    run_ids: tuple[int, ...]
    moved: int
    left: tuple[Skipped, ...]


def misfiled(collection: CollectionStore, photo_ids: Sequence[int]) -> list[tuple[FiledPhoto, str]]:
    """Which of these photos are filed under another class than their label says, with the class of the label."""
    names = {entry.id: entry.name for entry in collection.classes.all()}
    labels = collection.labels.get(list(photo_ids))
    wanted = {
        photo.sha256: names[labels[photo.id].class_id]
        for photo in collection.photos.photos(sorted(labels)).values()
        if labels[photo.id].class_id in names
    }
    for photo_id, sha256 in former_hashes(collection.database, labels):  # filed before another program edited it
        if labels[photo_id].class_id in names:
            wanted.setdefault(sha256, names[labels[photo_id].class_id])
    return [
        (photo, wanted[photo.sha256])
        for photo in filed_photos(collection.database, wanted)
        if photo.class_name != wanted[photo.sha256]
    ]


def photos_at(collection: CollectionStore, paths: Sequence[Path]) -> tuple[int, ...]:
    """The ids of the photos that these files hold; files that are unknown or cannot be read are left out."""
    hashes = []
    for path in paths:
        with suppress(PhotoUnreadable):
            hashes.append(hash_file(path, CancelToken()).sha256)
    return tuple(sorted(collection.photos.known(hashes).values()))


def refile(engine: Engine, request: RefileRequest, report: Report, cancel: CancelToken) -> RefileResult:
    """Move filed photos into the folders of the classes they were given since; journalled like any other run.

    Raises:
        SortRefused: the folder they were filed into is gone or cannot be written to.
        Cancelled: asked to stop; what is moved stays moved and can be undone.
    """
    collection = engine.collection
    return run_refile(
        collection, plan_refile(collection, misfiled(collection, request.photo_ids), cancel), report, cancel
    )


def plan_class_move(collection: CollectionStore, class_name: str, to: str, cancel: CancelToken) -> list[SortPlan]:
    """Plan what renaming a class, or merging it into another one, means for the photos filed under it; reads only.

    Raises:
        SortRefused: a folder they were filed into is gone or cannot be written to.
        Cancelled: asked to stop.
    """
    return plan_refile(collection, [(photo, to) for photo in filed_under(collection.database, class_name)], cancel)


def run_refile(
    collection: CollectionStore, plans: Sequence[SortPlan], report: Report, cancel: CancelToken
) -> RefileResult:
    """Do what plans of `refile` or `plan_class_move` say.

    Raises:
        Cancelled: asked to stop; what is moved stays moved and can be undone.
    """
    results = [execute(plan, collection, report, cancel) for plan in plans if plan.files]
    left = [skipped for plan in plans for skipped in plan.skipped]
    left += [
        Skipped(file.source, file.error or "")
        for result in results
        for file in result.files
        if file.destination is None
    ]
    return RefileResult(
        run_ids=tuple(result.run_id for result in results if result.run_id is not None),
        moved=sum(result.filed for result in results),
        left=tuple(left),
    )
