"""Holds the photos of a plan in compressed blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
from flowersorter.sorting.plan import Action, Filing, PlannedFile, Skipped
from flowersorter.sorting.plan_sidecars import Moves
from flowersorter.sorting.runs.packed import Packed

#: Places of some values in the row of a planned file.
SOURCE, SHA256, CLASS_NAME, DESTINATION, ACTION, SIDECARS, KEYWORDS = 0, 1, 4, 8, 9, 10, 11


def packed_files(files: Iterable[PlannedFile] = ()) -> Packed[PlannedFile]:
    """Return a growing sequence of planned files."""
    return Packed(_row_of, file_of, files)


def packed_skipped(skipped: Iterable[Skipped] = ()) -> Packed[Skipped]:
    """Return a growing sequence of skipped photos."""
    return Packed(lambda each: (str(each.path), each.reason), lambda row: Skipped(Path(row[0]), row[1]), skipped)


def file_row(
    filing: Filing,
    destination: str,
    action: Action,
    sidecars: Moves = (),
    keywords: tuple[PlannedKeywords, ...] = (),
) -> tuple[Any, ...]:
    """Return a planned file, given with its parts, as `packed_files` stores it."""
    return (
        filing.path,
        filing.sha256,
        filing.size_bytes,
        filing.mtime_ns,
        filing.class_name,
        filing.folders,
        filing.taken_at,
        None if filing.keywords is None else dict(filing.keywords),
        destination,
        action.value,
        [(str(source), str(target)) for source, target in sidecars] if sidecars else (),
        [_keywords_row(each) for each in keywords] if keywords else (),
    )


def _row_of(file: PlannedFile) -> tuple[Any, ...]:
    return file_row(file.filing, str(file.destination), file.action, file.sidecars, file.keywords)


def _keywords_row(each: PlannedKeywords) -> tuple[Any, ...]:
    return None if each.source is None else str(each.source), str(each.destination), dict(each.wanted), each.size_bytes


def paths_in(row: tuple[Any, ...]) -> Iterator[str]:
    """Yield the files that a planned file is about: the photo, its sidecars, and those that get keywords."""
    yield row[SOURCE]
    yield from (source for source, _ in row[SIDECARS])
    yield from (source for source, *_ in row[KEYWORDS] if source is not None)


def file_of(row: tuple[Any, ...]) -> PlannedFile:
    """Return the planned file of such a row."""
    source, sha256, size_bytes, mtime_ns, class_name, folders, taken_at, entries, destination, action, beside, own = row
    return PlannedFile(
        Filing(source, sha256, size_bytes, mtime_ns, class_name, folders, taken_at, entries),
        Path(destination),
        Action(action),
        tuple((Path(source), Path(target)) for source, target in beside),
        tuple(
            PlannedKeywords(None if before is None else Path(before), Path(after), wanted, size)
            for before, after, wanted, size in own
        ),
    )
