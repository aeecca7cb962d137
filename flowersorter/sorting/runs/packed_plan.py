"""Holds the photos of a plan in compressed blocks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
from flowersorter.sorting.plan import Action, Filing, PlannedFile, Skipped
from flowersorter.sorting.runs.packed import Packed


def packed_files(files: Iterable[PlannedFile] = ()) -> Packed[PlannedFile]:
    """Return a growing sequence of planned files."""
    return Packed(_file_row, _file_of, files)


def packed_skipped(skipped: Iterable[Skipped] = ()) -> Packed[Skipped]:
    """Return a growing sequence of skipped photos."""
    return Packed(lambda each: (str(each.path), each.reason), lambda row: Skipped(Path(row[0]), row[1]), skipped)


def _file_row(file: PlannedFile) -> tuple[Any, ...]:
    filing = file.filing
    return (
        str(filing.source),
        filing.sha256,
        filing.size_bytes,
        filing.mtime_ns,
        filing.class_name,
        filing.folders,
        filing.taken_at,
        None if filing.keywords is None else dict(filing.keywords),
        str(file.destination),
        file.action.value,
        [(str(source), str(target)) for source, target in file.sidecars],
        [_keywords_row(each) for each in file.keywords],
    )


def _keywords_row(each: PlannedKeywords) -> tuple[Any, ...]:
    return None if each.source is None else str(each.source), str(each.destination), dict(each.wanted), each.size_bytes


def _file_of(row: tuple[Any, ...]) -> PlannedFile:
    source, sha256, size_bytes, mtime_ns, class_name, folders, taken_at, entries, destination, action, beside, own = row
    return PlannedFile(
        Filing(Path(source), sha256, size_bytes, mtime_ns, class_name, folders, taken_at, entries),
        Path(destination),
        Action(action),
        tuple((Path(source), Path(target)) for source, target in beside),
        tuple(
            PlannedKeywords(None if before is None else Path(before), Path(after), wanted, size)
            for before, after, wanted, size in own
        ),
    )
