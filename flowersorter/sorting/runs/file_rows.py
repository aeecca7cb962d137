"""The photos of a plan as tuples of plain values: a million of them are walked in seconds, without an object each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flowersorter.sorting.runs.packed import Packed

if TYPE_CHECKING:
    from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
    from flowersorter.sorting.plan import Action, Filing, PlannedFile
    from flowersorter.sorting.plan_sidecars import Moves

#: A planned file, as `file_row` makes it.
FileRow = tuple[Any, ...]
#: Places of some values in such a row.
SOURCE, SHA256, CLASS_NAME, DESTINATION, ACTION, SIDECARS, KEYWORDS = 0, 1, 4, 8, 9, 10, 11


def file_row(
    filing: Filing,
    destination: str,
    action: Action,
    sidecars: Moves = (),
    keywords: tuple[PlannedKeywords, ...] = (),
) -> FileRow:
    """Return the row of a planned file, given with its parts; paths in it are text."""
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


def row_of(file: PlannedFile) -> FileRow:
    """Return the row of a planned file."""
    return file_row(file.filing, str(file.destination), file.action, file.sidecars, file.keywords)


def rows_in(files: Sequence[PlannedFile]) -> Iterator[FileRow]:
    """Yield the rows of planned files; packed ones are rows already."""
    return files.rows() if isinstance(files, Packed) else map(row_of, files)


def paths_in(row: FileRow) -> Iterator[str]:
    """Yield the files that a planned file is about: the photo, its sidecars, and those that get keywords."""
    yield row[SOURCE]
    yield from (source for source, _ in row[SIDECARS])
    yield from (source for source, *_ in row[KEYWORDS] if source is not None)


def _keywords_row(each: PlannedKeywords) -> tuple[Any, ...]:
    return None if each.source is None else str(each.source), str(each.destination), dict(each.wanted), each.size_bytes
