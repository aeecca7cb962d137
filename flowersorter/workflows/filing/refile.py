"""Moves sorted photos into the folder of their new class after a change of labels or classes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import CancelToken, Report
from flowersorter.jobs.worker_threads import call_apart
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
    """Move sorted photos into the folder of their present label.

    Attributes:
        photo_ids: Photos whose label changed; those without a label stay where they are.
    """

    photo_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RefileResult:
    """The outcome for the sorted photos.

    Attributes:
        run_ids: The sorts that moved them, for undo; none if none moved.
        moved: Photos that are in their new class folder now.
        left: Photos that stay where they are, with the reasons.
    """

    run_ids: tuple[int, ...]
    moved: int
    left: tuple[Skipped, ...]


def misfiled(collection: CollectionStore, photo_ids: Sequence[int]) -> list[tuple[FiledPhoto, str]]:
    """Return the photos sorted into another class folder than that of their label, with the class of the label."""
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
    """Move sorted photos into the folder of their present label. The journal records it as a sort.

    Raises:
        SortRefused: the folder they were filed into is gone or cannot be written to.
        Cancelled: asked to stop; photos moved until then stay moved and can be undone.
    """
    collection = engine.collection
    wrong = misfiled(collection, request.photo_ids)
    plans = call_apart(partial(plan_refile, collection, wrong, cancel), cancel)
    return run_refile(collection, plans, report, cancel)


def plan_class_move(collection: CollectionStore, class_name: str, to: str, cancel: CancelToken) -> list[SortPlan]:
    """Plan the moves of sorted photos after their class is renamed or merged; reads only.

    Raises:
        SortRefused: a folder they were filed into is gone or cannot be written to.
        Cancelled: asked to stop.
    """
    going = [(photo, to) for photo in filed_under(collection.database, class_name)]
    return call_apart(partial(plan_refile, collection, going, cancel), cancel)


def run_refile(
    collection: CollectionStore, plans: Sequence[SortPlan], report: Report, cancel: CancelToken
) -> RefileResult:
    """Carry out plans of `refile` or `plan_class_move`.

    Raises:
        Cancelled: asked to stop; photos moved until then stay moved and can be undone.
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
