"""Plans the class folder of each photo, then sorts the photos."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.journal import SuggestionChoice
from flowersorter.domain.photo_answers import NOTHING_LEFT_OUT, LeftOutOf, Mark, is_left_out
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.place import Places
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import SortRefused
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_names import ASIDE
from flowersorter.library.tables.filed_photos import filed_files
from flowersorter.library.tables.written_keywords import read_keywords
from flowersorter.messages import Text, stored, text
from flowersorter.photos.scan import Roots, absolute_folder, absolute_roots, check_folder, is_single_file
from flowersorter.photos.xmp.keywords import entries_of
from flowersorter.sorting.execute import execute
from flowersorter.sorting.folder_pattern import FolderPattern
from flowersorter.sorting.folders.destination_checks import disk_refusals, refuse_nested
from flowersorter.sorting.plan import Filing, Mode, Skipped, SortPlan
from flowersorter.sorting.runs.answers_since import LEFT_OUT, NOT_MINE
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.sorting.runs.packed import Packed
from flowersorter.sorting.runs.packed_plan import packed_skipped
from flowersorter.workflows.filing.gc_pause import paused_gc
from flowersorter.workflows.filing.sort_patterns import remember_pattern, sort_pattern
from flowersorter.workflows.models.current_model import chosen_backbone
from flowersorter.workflows.predicting.photo_details import rows_for

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


#: Photos whose details are read at once.
_AT_ONCE = 5000
#: Hash, time and camera of a photo that is not known any more.
_UNKNOWN = b"", None, None


class Include(StrEnum):
    """The photos to sort besides labelled ones."""

    ALL = "all"  # every suggestion but "unknown"
    LIKELY = "likely"
    SURE = "sure"
    LABELLED = "labelled"

    @classmethod
    def _missing_(cls, value: object) -> Include | None:
        return cls.LIKELY if value == "probable" else None  # as earlier versions stored it in a collection


#: The verdicts of the suggestions that each choice sorts.
INCLUDED_VERDICTS = {
    Include.ALL: (Verdict.SURE, Verdict.LIKELY, Verdict.UNSURE),
    Include.LIKELY: (Verdict.SURE, Verdict.LIKELY),
    Include.SURE: (Verdict.SURE,),
    Include.LABELLED: (),
}
#: Why a photo is left whose suggestion a sort does not include.
LEFT_BECAUSE = {
    Verdict.NONE: text("it has no suggestion yet"),
    Verdict.SURE: text("you did not confirm it"),
    Verdict.LIKELY: text("the suggestion is only likely"),
    Verdict.UNSURE: text("the suggestion is not sure"),
    Verdict.UNKNOWN: text("it looks like none of the classes"),
}


@dataclass(frozen=True, slots=True)
class SortRequest:
    """File the photos of a folder into class folders.

    Attributes:
        roots: A folder, or folders and single photos together.
        destination: Gets one folder per class.
        mode: Copy, move or link.
        include: Which photos.
        backbone: Name, or None for the collection's.
        aside: The folder for photos that were read and are not included (`ASIDE`); None leaves them where they are.
        pattern: The sub-folders, such as "{class}/{date:%Y}"; "" for none, None for those of the last sort into this
            destination.
        move_duplicates: With `Mode.MOVE`, also move photos that are there already into the folder `DUPLICATES`.
        remove_emptied: With `Mode.MOVE`, also remove the folders that become empty.
        keywords: Also write the class of each photo into its XMP sidecar. Those of earlier sorts follow it anyway.
        left_out: Class id by photo id, of photos that the person left out when others were confirmed as that class: a
            suggestion of it is not included.
        unfinished: Photos that another program still writes: they stay for now.
        only_new: Whether photos stay that a sort put there before and that are not in their place any more: it was
            undone, or the copy was deleted or moved.
    """

    roots: Roots
    destination: Path
    mode: Mode = Mode.COPY
    include: Include = Include.ALL
    backbone: str | None = None
    aside: str | None = None
    pattern: str | None = None
    move_duplicates: bool = False
    remove_emptied: bool = False
    keywords: bool = False
    left_out: LeftOutOf = field(default_factory=dict)
    unfinished: frozenset[Path] = frozenset()
    only_new: bool = False


@dataclass(frozen=True, slots=True)
class RunSortRequest:
    """Carry out a plan that the person has confirmed.

    Attributes:
        pattern: The sub-folders of the plan, to be stored for its destination; None keeps the stored ones.
    """

    plan: SortPlan
    pattern: str | None = None


def plan_sort(engine: Engine, request: SortRequest, report: Report, cancel: CancelToken) -> SortPlan:
    """Plan the destination of every photo; reads only.

    Raises:
        SortRefused: the destination cannot be used safely.
        Cancelled: asked to stop.
    """
    report(Progress(text("Planning"), 0))
    with paused_gc():
        return call_apart(partial(_plan, engine, request, cancel), cancel)


def check_destination(roots: Roots, destination: Path, mode: Mode, cancel: CancelToken) -> None:
    """Refuse a destination before photos are read for it.

    Raises:
        FolderUnusable: an opened folder is missing or forbidden; it is named before the destination.
        SortRefused: the destination overlaps an opened folder, or cannot be written to.
        Cancelled: asked to stop.
    """
    call_apart(partial(_check_destination, roots, destination, mode, cancel), cancel)


def _check_destination(roots: Roots, destination: Path, mode: Mode, cancel: CancelToken) -> None:
    opened = absolute_roots(roots)
    for root in opened:
        if not is_single_file(root):
            check_folder(root)
    make_plan((), destination, mode, cancel, source_root=_only_source(opened, destination))


def _only_source(roots: Sequence[Path], destination: Path) -> Path | None:
    """Return the folder that all photos come from; None if they come from several, which are checked here.

    Raises:
        SortRefused: the destination overlaps one of several.
    """
    folders = absolute_roots(root.parent if is_single_file(root) else root for root in roots)
    if len(folders) == 1:
        return folders[0]
    with disk_refusals():
        for folder in folders:
            refuse_nested(folder, destination)
    return None


def _refuse_collection(collection: CollectionStore, destination: Path) -> None:
    """Refuse a destination inside the collection: deleting the collection would delete the photos."""
    if destination.resolve().is_relative_to(collection.folder.resolve()):
        raise SortRefused(
            text("The destination cannot be used"),
            text("it is inside FlowerSorter's data folder {folder}", folder=collection.folder),
            text("Choose another folder"),
        )


def _plan(engine: Engine, request: SortRequest, cancel: CancelToken) -> SortPlan:
    collection, roots = engine.collection, absolute_roots(request.roots)
    destination = absolute_folder(request.destination)
    pattern = FolderPattern.parse(sort_pattern(collection, destination, request.pattern))
    places = collection.photos.places_under(roots)
    # A class may be deleted, merged or added while the rows are read: the plan has the classes from before and after.
    names = _class_names(collection)
    rows = rows_for(engine, places, request.backbone)
    names |= _class_names(collection)
    certain, left_out = chosen_rows(rows, request.include, request.left_out), _left_out_rows(rows, request.left_out)
    going = certain if request.aside is None else certain | _looked_at(rows)
    _refuse_collection(collection, destination)
    filed = collection.journal.filed_hashes(destination)
    index = read_keywords(collection.database)
    staying = np.flatnonzero(~going)
    left = packed_skipped(
        Skipped(path, reason_left(rows, i, left_out=bool(left_out[i])))
        for i, path in zip(staying.tolist(), places.paths.take(staying), strict=True)
    )
    source = _Source(collection, request, destination, pattern, rows, names, certain, going, filed, left)
    class_names = source.class_names()
    # A class keeps the folder of an earlier run, even if its name would be made safe differently now.
    folders = collection.journal.class_folders(destination)
    plan = make_plan(
        source.filings(places, with_keywords=request.keywords or bool(index)),
        destination,
        request.mode,
        cancel,
        source_root=_only_source(roots, destination),
        class_names=class_names,
        folders=folders,
        filed=filed,
        move_duplicates=request.move_duplicates,
        remove_emptied=request.remove_emptied,
        index=index,
        only_our_keywords=not request.keywords,
    )
    chosen = SuggestionChoice(chosen_backbone(collection, request.backbone), request.include)
    return replace(plan, suggestions=chosen).with_skipped(left)


def _class_names(collection: CollectionStore) -> dict[int, str]:
    return {entry.id: entry.name for entry in collection.classes.all()}


@dataclass(frozen=True, slots=True)
class _Source:
    """The photos of a sort, read from the library in blocks.

    Attributes:
        names: Of the classes, by id, read once: the folders of the plan are those of these names.
        certain: (N,) bool: sorted under their class.
        going: (N,) bool: sorted at all; the others of them are put aside.
        filed: Hashes of the photos ever filed there.
        left: Gets the photos that wait.
    """

    collection: CollectionStore
    request: SortRequest
    destination: Path
    pattern: FolderPattern
    rows: PhotoRows
    names: Mapping[int, str]
    certain: NDArray[np.bool_]
    going: NDArray[np.bool_]
    filed: Set[bytes]
    left: Packed[Skipped]

    def class_names(self) -> set[str]:
        """Return the classes of the photos."""
        found = {self.names[class_id] for class_id in np.unique(self.rows.kept_class_ids[self.certain]).tolist()}
        return found | ({self._aside} if (self.going & ~self.certain).any() else set())

    def filings(self, places: Places, *, with_keywords: bool) -> Iterator[Filing]:
        """Yield the photos in their order."""
        rows, class_ids = np.flatnonzero(self.going), self.rows.kept_class_ids
        for first in range(0, len(rows), _AT_ONCE):
            block = rows[first : first + _AT_ONCE]
            yield from self._block(places.take(block), class_ids[block], self.certain[block], with_keywords)

    def _block(
        self, places: Places, class_ids: NDArray[np.int32], certain: NDArray[np.bool_], with_keywords: bool
    ) -> Iterator[Filing]:
        """Yield some of the photos, at (B,) places, with their classes and whether these are certain."""
        photos = _photos(self.collection, places.photo_ids)
        before = _filed_before(self.collection, self.destination, [sha256 for sha256, _, _ in photos.values()])
        columns = (places.photo_ids, places.sizes_bytes, places.mtimes_ns, class_ids, certain)
        values = zip(places.paths.names, *(column.tolist() for column in columns), strict=True)
        for path, photo_id, size_bytes, mtime_ns, class_id, is_certain in values:
            sha256, taken_at, camera = photos.get(photo_id, _UNKNOWN)
            class_name = self.names[class_id] if is_certain else self._aside
            was_there = sha256 in self.filed
            if why := _reason_to_wait(self.request, path, before.get(sha256), class_name, was_there=was_there):
                self.left.append(Skipped(Path(path), why))
                continue
            yield Filing(
                path=path,
                sha256=sha256,
                size_bytes=size_bytes,
                mtime_ns=mtime_ns,
                class_name=class_name,
                folders=self.pattern.folders(class_name, taken_at, camera),
                taken_at=taken_at,
                keywords=entries_of(class_name) if is_certain and with_keywords else None,
            )

    @property
    def _aside(self) -> str:
        return self.request.aside or ASIDE


def _reason_to_wait(
    request: SortRequest, path: str, there_as: str | None, class_name: str, *, was_there: bool
) -> Text | None:
    """Say why a photo that is included is not sorted; None for one that is.

    Args:
        request: The sort.
        path: The photo.
        there_as: The class under which an earlier sort put it there, where it still is.
        class_name: The class it would be sorted under now.
        was_there: Whether an earlier sort put it there.
    """
    if request.unfinished and Path(path) in request.unfinished:
        return text("it changed just now, and is sorted once it rests")
    if request.only_new and was_there and there_as is None:
        return text("it was sorted there before, and you undid that or took it away")
    if there_as is not None and there_as != class_name:
        return text("it is sorted into “{name}” there already", name=there_as)
    return None


def _photos(
    collection: CollectionStore, photo_ids: NDArray[np.int64]
) -> dict[int, tuple[bytes, datetime | None, str | None]]:
    """Return the hash of photos, and their time and camera as far as known, by photo id."""
    rows = collection.database.tuples_by_id("id, sha256, taken_at, camera", "photos", "id", photo_ids)
    at = datetime.fromisoformat
    return {photo_id: (sha256, at(taken) if taken else None, camera) for photo_id, sha256, taken, camera in rows}


def _filed_before(collection: CollectionStore, destination: Path, hashes: Sequence[bytes]) -> dict[bytes, str]:
    """Return the class under which earlier sorts filed each photo at a destination, so that none gets a second one."""
    return {
        photo.sha256: photo.class_name
        for photo in filed_files(collection.database, hashes)
        if photo.root == destination and os.path.lexists(photo.path)
    }


class ClassColumns(Protocol):
    """Columns of N photos, as `PhotoRows` has them."""

    @property
    def photo_ids(self) -> NDArray[np.int64]:
        """(N,) int64."""

    @property
    def label_ids(self) -> NDArray[np.int32]:
        """(N,) int32."""

    @property
    def class_ids(self) -> NDArray[np.int32]:
        """(N,) int32."""

    @property
    def verdicts(self) -> NDArray[np.uint8]:
        """(N,) uint8."""


def chosen_rows(rows: ClassColumns, include: Include, left_out: LeftOutOf = NOTHING_LEFT_OUT) -> NDArray[np.bool_]:
    """Return (N,) bool: the rows that are sorted; `left_out` is that of the request."""
    predicted = (rows.class_ids > 0) & np.isin(rows.verdicts, [int(v) for v in INCLUDED_VERDICTS[include]])
    predicted &= ~_left_out_rows(rows, left_out)
    return (rows.photo_ids > 0) & ((rows.label_ids > 0) | predicted)


def _left_out_rows(rows: ClassColumns, left_out: LeftOutOf) -> NDArray[np.bool_]:
    return is_left_out(rows.photo_ids, rows.label_ids, rows.class_ids, left_out)


def _looked_at(rows: PhotoRows) -> NDArray[np.bool_]:
    """(N,) bool: the rows of photos with a prediction, however uncertain, and not marked *not mine*."""
    predicted: NDArray[np.bool_] = (rows.verdicts != int(Verdict.NONE)) & (rows.marks != int(Mark.NOT_MINE))
    return (rows.photo_ids > 0) & predicted


def reason_left(rows: PhotoRows, i: int, *, left_out: bool = False) -> str:
    """Why row `i` is not filed, for the person; `left_out`: its suggestion would be."""
    error = rows.errors[i]
    if rows.marks[i] == Mark.NOT_MINE:
        return NOT_MINE
    if left_out and not error:
        return LEFT_OUT
    return (
        text("it cannot be read: {why}", why=stored(error)) if error else LEFT_BECAUSE[Verdict(int(rows.verdicts[i]))]
    )


def run_sort(engine: Engine, request: RunSortRequest, report: Report, cancel: CancelToken) -> RunResult:
    """File the photos of a plan, each journalled and verified.

    Raises:
        Cancelled: asked to stop; photos sorted until then stay sorted and can be undone.
    """
    if request.pattern is not None:
        remember_pattern(engine.collection, request.plan.destination, request.pattern)
    return execute(request.plan, engine.collection, report, cancel)
