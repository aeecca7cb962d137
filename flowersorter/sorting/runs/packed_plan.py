"""Holds the photos of a plan in compressed blocks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
from flowersorter.sorting.plan import Action, Filing, PlannedFile, Skipped
from flowersorter.sorting.runs.file_rows import FileRow, row_of
from flowersorter.sorting.runs.packed import Packed


def packed_files(files: Iterable[PlannedFile] = ()) -> Packed[PlannedFile]:
    """Return a growing sequence of planned files."""
    return Packed(row_of, file_of, files)


def packed_skipped(skipped: Iterable[Skipped] = ()) -> Packed[Skipped]:
    """Return a growing sequence of skipped photos."""
    return Packed(lambda each: (str(each.path), each.reason), lambda row: Skipped(Path(row[0]), row[1]), skipped)


def file_of(row: FileRow) -> PlannedFile:
    """Make a planned file from its row."""
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
