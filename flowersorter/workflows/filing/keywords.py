"""Writes the classes of labelled photos into the XMP sidecars beside them, without sorting the photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import WRITE_KEYWORDS
from flowersorter.messages import text
from flowersorter.photos.scan import Roots, absolute_roots, is_single_file
from flowersorter.photos.xmp.keywords import NO_ENTRIES, entries_of
from flowersorter.sorting.execute import execute
from flowersorter.sorting.keywords.plan_in_place import plan_in_place
from flowersorter.sorting.plan import Filing, SortPlan
from flowersorter.sorting.runs.outcomes import RunResult

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class KeywordsRequest:
    """Write the classes of labelled photos into their sidecars.

    Attributes:
        roots: A folder, or folders and single photos together.
    """

    roots: Roots


@dataclass(frozen=True, slots=True)
class RunKeywordsRequest:
    """Carry out plans that the person has confirmed."""

    plans: tuple[SortPlan, ...]


def plan_keywords(engine: Engine, request: KeywordsRequest, report: Report, cancel: CancelToken) -> list[SortPlan]:
    """Plan the keywords beside labelled photos, one plan for each opened folder; reads only.

    Keywords of ours beside a photo that has another label now are replaced, and those beside one without a label taken
    away. Folders where nothing changes have a plan too, with the sidecars that cannot get keywords.

    Raises:
        SortRefused: a folder is gone, or its disk too full.
        Cancelled: asked to stop.
    """
    report(Progress(text("Planning"), 0))
    return call_apart(partial(_plan, engine.collection, absolute_roots(request.roots), cancel), cancel)


def write_keywords(engine: Engine, request: RunKeywordsRequest, report: Report, cancel: CancelToken) -> list[RunResult]:
    """Write the keywords of plans, each a sort of its own in the history.

    Raises:
        Cancelled: asked to stop; what is written stays and can be undone.
    """
    return [execute(plan, engine.collection, report, cancel) for plan in request.plans if plan.changes_disk]


def writes_keywords(collection: CollectionStore) -> bool:
    """Whether Sort writes keywords unless the person chooses otherwise."""
    return collection.settings.get(WRITE_KEYWORDS)


def _plan(collection: CollectionStore, roots: Sequence[Path], cancel: CancelToken) -> list[SortPlan]:
    names = {entry.id: entry.name for entry in collection.classes.all()}
    by_folder: dict[Path, list[Filing]] = {}
    for root in roots:
        folder = root.parent if is_single_file(root) else root
        by_folder.setdefault(folder, []).extend(_filings(collection, root, names))
    return [plan_in_place(collection, filings, folder, cancel) for folder, filings in by_folder.items()]


def _filings(collection: CollectionStore, root: Path, names: dict[int, str]) -> list[Filing]:
    """The photos under a folder that are labelled, and those that may have been."""
    places = collection.photos.places_under([root])
    known = np.flatnonzero(places.photo_ids > 0)
    labels = collection.labels.get(places.photo_ids[known])
    ids, hashes = collection.photos.hashes(places.photo_ids[known])
    sha256_of = dict(zip(ids.tolist(), hashes, strict=True))
    filings = []
    for i in known.tolist():
        photo_id = int(places.photo_ids[i])
        label = labels.get(photo_id)
        class_name = names.get(label.class_id, "") if label is not None else ""
        filings.append(
            Filing(
                path=places.paths.names[i],
                sha256=sha256_of.get(photo_id, b""),
                size_bytes=int(places.sizes_bytes[i]),
                mtime_ns=int(places.mtimes_ns[i]),
                class_name=class_name,
                keywords=entries_of(class_name) if class_name else NO_ENTRIES,
            )
        )
    return filings
