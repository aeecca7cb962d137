"""The photos of a plan: what is to be filed, how and where. A long plan holds them in compressed blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

from flowersorter.photos.xmp.keywords import Entries
from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
from flowersorter.sorting.packed import Packed
from flowersorter.sorting.plan_sidecars import count_kinds


class Mode(StrEnum):
    """How photos are filed."""

    COPY = "copy"
    MOVE = "move"
    LINK = "link"
    SYMLINK = "symlink"  # pointers: a photo is lost with its original

    @property
    def is_link(self) -> bool:
        """Whether photos keep their bytes at their source only."""
        return self in {Mode.LINK, Mode.SYMLINK}

    @property
    def undone_as(self) -> Mode:
        """The mode whose undo does the same: both kinds of links are deleted."""
        return Mode.LINK if self.is_link else self


class Action(StrEnum):
    """Action for one photo."""

    COPY = "copy"
    MOVE = "move"
    LINK = "link"
    SYMLINK = "symlink"
    ALREADY_THERE = "already there"  # the same bytes are in the destination; the source stays where it is
    DUPLICATE = "duplicate"  # the same bytes go to the same class from another place; the source stays

    @property
    def is_filed(self) -> bool:
        """Whether the disk changes."""
        return self in {Action.COPY, Action.MOVE, Action.LINK, Action.SYMLINK}

    @property
    def is_link(self) -> bool:
        """Whether the photo has its bytes at its source only, under one more name."""
        return self in {Action.LINK, Action.SYMLINK}


@dataclass(frozen=True, slots=True)
class Filing:
    """One photo to be filed.

    Attributes:
        source: Its absolute path.
        sha256: Of its bytes when it was read.
        size_bytes: When it was read.
        mtime_ns: When it was read.
        class_name: As the person writes it.
        folders: Names of the folders below that of the class, outermost first.
        taken_at: When it was taken, by the camera's clock; a film of another time is not its sidecar.
        keywords: Written into its XMP sidecar; None for none.
    """

    source: Path
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    class_name: str
    folders: tuple[str, ...] = ()
    taken_at: datetime | None = None
    keywords: Entries | None = None


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One photo and its destination.

    Attributes:
        destination: Its new path, or that of the file with the same bytes.
        sidecars: (from, to) of each sidecar that is filed, also beside a photo that is already there.
        keywords: The sidecars that get keywords; those of `sidecars` are filed as they are.
    """

    filing: Filing
    destination: Path
    action: Action
    sidecars: tuple[tuple[Path, Path], ...] = ()
    keywords: tuple[PlannedKeywords, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A photo that is not filed, with the reason."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class PlanTally:
    """The counts of a plan.

    Attributes:
        by_class: Number of photos newly filed, by class.
        by_action: Number of photos, by action.
        by_folder: Number of photos newly filed, by the path of their folder.
        there: Number of photos that are there already, likewise.
        renamed: Number of photos filed under another name.
        sidecars: Number of sidecars that are filed, by kind, without those that are made only now.
        keywords: Number of sidecars that get keywords.
    """

    by_class: Counter[str] = field(default_factory=Counter)
    by_action: Counter[Action] = field(default_factory=Counter)
    by_folder: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    renamed: int = 0
    sidecars: Mapping[str, int] = field(default_factory=dict)
    keywords: int = 0


def tally_of(files: Sequence[PlannedFile], duplicates: Sequence[PlannedFile]) -> PlanTally:
    """Count a plan in one walk: each photo of a long one is made again when it is read."""
    by_class, by_action, by_folder, there = Counter[str](), Counter[Action](), Counter[str](), Counter[str]()
    renamed, keywords, filed, merged = 0, 0, dict[Path, None](), dict[Path, None]()
    last = len(files)
    for position, file in enumerate(chain(files, duplicates)):
        filed.update((source, None) for source, _ in file.sidecars)
        merged.update((each.source, None) for each in file.keywords if each.source and not each.is_in_place)
        keywords += len(file.keywords)
        if position >= last:
            continue
        by_action[file.action] += 1
        if file.action.is_filed:
            by_class[file.filing.class_name] += 1
            by_folder[str(file.destination.parent)] += 1
            renamed += file.destination.name != file.filing.source.name
        elif file.action == Action.ALREADY_THERE:
            there[str(file.destination.parent)] += 1
    return PlanTally(by_class, by_action, by_folder, there, renamed, count_kinds({**filed, **merged}), keywords)


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
