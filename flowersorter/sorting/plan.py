"""The plan of a run: the destination of every photo, before any file is touched."""

from __future__ import annotations

import dataclasses
import os
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path

from flowersorter.domain.journal import SuggestionChoice
from flowersorter.photos.xmp.keywords import Entries
from flowersorter.sorting.folders.emptied_folders import EmptiedFolders
from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
from flowersorter.sorting.plan_sidecars import count_kinds
from flowersorter.sorting.runs.file_rows import ACTION, CLASS_NAME, DESTINATION, KEYWORDS, SIDECARS, SOURCE, rows_in
from flowersorter.sorting.runs.packed import Chosen, Joined


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
        path: Its absolute path, as text: a sort has a million, and most are needed as text only.
        sha256: Of its bytes when it was read.
        size_bytes: When it was read.
        mtime_ns: When it was read.
        class_name: As the person writes it.
        folders: Names of the folders below that of the class, outermost first.
        taken_at: When it was taken, by the camera's clock; a film of another time is not its sidecar.
        keywords: Written into its XMP sidecar; None for none.
    """

    path: str
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    class_name: str
    folders: tuple[str, ...] = ()
    taken_at: datetime | None = None
    keywords: Entries | None = None

    @property
    def source(self) -> Path:
        """Its path, made at each call."""
        return Path(self.path)


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
class PlannedFolder:
    """A folder that gets photos.

    Attributes:
        class_name: Of its photos.
        files: These, in the order of the plan.
    """

    class_name: str
    files: Sequence[PlannedFile]


@dataclass(frozen=True, slots=True)
class PlanTally:
    """The counts of a plan, and where in it the photos of each folder and action are.

    Attributes:
        by_class: Number of photos newly filed, by class.
        by_action: Number of photos, by action.
        folders: Of each folder that gets photos, by its path: their class, and their positions.
        there: Number of photos that are there already, by the path of their folder.
        staying: Positions of the photos that are not filed, by action.
        renamed: Number of photos filed under another name.
        sidecars: Number of sidecars that are filed, by kind, without those that are made only now.
        keywords: Number of sidecars that get keywords.
    """

    by_class: Counter[str] = field(default_factory=Counter)
    by_action: Counter[Action] = field(default_factory=Counter)
    folders: dict[str, tuple[str, array[int]]] = field(default_factory=dict)
    there: Counter[str] = field(default_factory=Counter)
    staying: dict[Action, array[int]] = field(default_factory=dict)
    renamed: int = 0
    sidecars: Mapping[str, int] = field(default_factory=dict)
    keywords: int = 0


def tally_of(files: Sequence[PlannedFile], duplicates: Sequence[PlannedFile]) -> PlanTally:
    """Count a plan in one walk over its rows: a photo of a long one is made whenever it is read."""
    by_class, by_action, there = Counter[str](), Counter[str](), Counter[str]()
    folders: dict[str, tuple[str, array[int]]] = {}
    staying: dict[str, array[int]] = {}
    renamed, keywords, filed, merged = 0, 0, dict[str, None](), dict[str, None]()
    is_filed = {action.value for action in Action if action.is_filed}
    last = len(files)
    for position, row in enumerate(chain(rows_in(files), rows_in(duplicates))):
        if row[SIDECARS] or row[KEYWORDS]:
            filed.update((source, None) for source, _ in row[SIDECARS])
            merged.update((source, None) for source, result, *_ in row[KEYWORDS] if source and source != result)
            keywords += len(row[KEYWORDS])
        if position >= last:
            continue
        action = row[ACTION]
        by_action[action] += 1
        folder, name = os.path.split(row[DESTINATION])
        if action not in is_filed:
            staying.setdefault(action, array("I")).append(position)
            if action == Action.ALREADY_THERE:
                there[folder] += 1
            continue
        by_class[row[CLASS_NAME]] += 1
        if folder not in folders:
            folders[folder] = row[CLASS_NAME], array("I")
        folders[folder][1].append(position)
        renamed += not row[SOURCE].endswith(os.sep + name)
    return PlanTally(
        by_class,
        Counter({Action(action): count for action, count in by_action.items()}),
        folders,
        there,
        {Action(action): positions for action, positions in staying.items()},
        renamed,
        count_kinds(map(Path, {**filed, **merged})),
        keywords,
    )


@dataclass(frozen=True, slots=True)
class SortPlan:
    """The plan of a run, for the person to confirm.

    Attributes:
        destination: Gets one folder per class.
        files: The photos, in their order; a long sequence makes each again whenever it is read.
        source: The folder that the photos come from; None if they come from several.
        needed_bytes: Size of the copies on the destination's disk.
        free_bytes: Free space there.
        missing_folders: The destination and folders above it that have to be made, outermost first.
        device: Device of the destination.
        staying: How many files beside the photos stay because they are no sidecars of a photo that is filed, by kind.
        edited: Sidecars that stay because the one in the class folder has other, newer contents.
        no_keywords: Sidecars that get no keywords, with the reasons; their photos are filed all the same.
        other_films: Films that stay because they were taken at another time than the photo of their name.
        duplicates: Duplicates that are moved aside, without a class; each is also among `files`.
        emptied: The folders that the photos leave empty, if they are moved.
        removes_emptied: Whether these are removed.
        suggestions: Those it goes by; None where it goes by labels only.
    """

    mode: Mode
    destination: Path
    files: Sequence[PlannedFile]
    skipped: Sequence[Skipped]
    needed_bytes: int
    free_bytes: int
    source: Path | None = None
    missing_folders: tuple[Path, ...] = ()
    device: int | None = None
    staying: Mapping[str, int] = field(default_factory=dict)
    edited: tuple[Path, ...] = ()
    no_keywords: tuple[Skipped, ...] = ()
    other_films: tuple[Path, ...] = ()
    duplicates: Sequence[PlannedFile] = ()
    emptied: EmptiedFolders = field(default_factory=EmptiedFolders)
    removes_emptied: bool = False
    suggestions: SuggestionChoice | None = None
    _tallies: list[PlanTally] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def _tally(self) -> PlanTally:
        """The counts of the plan, from one walk over its photos."""
        if not self._tallies:
            self._tallies.append(tally_of(self.files, self.duplicates))
        return self._tallies[0]

    def counted(self) -> SortPlan:
        """Return the plan, counted now, so that no other thread waits for that: a million photos take two seconds."""
        assert self._tally is not None
        return self

    @property
    def changes_disk(self) -> bool:
        """Whether a photo or a sidecar is filed."""
        tally = self._tally
        return bool(self.duplicates or tally.folders or tally.sidecars or tally.keywords)

    @property
    def sidecars(self) -> Mapping[str, int]:
        """The number of sidecars that are filed, by kind, without those that are made only now."""
        return self._tally.sidecars

    @property
    def keywords(self) -> tuple[PlannedKeywords, ...]:
        """The sidecars that get keywords."""
        return tuple(each for file in self.files for each in file.keywords) if self._tally.keywords else ()

    @property
    def counts_by_class(self) -> dict[str, int]:
        """The number of photos newly filed into each class."""
        return dict(self._tally.by_class)

    @property
    def counts_by_action(self) -> dict[Action, int]:
        """The number of photos for each action."""
        return dict(self._tally.by_action)

    @property
    def counts_by_folder(self) -> dict[Path, int]:
        """The number of photos newly filed into each folder, by its path below the destination."""
        return {folder: len(photos.files) for folder, photos in self.folders.items()}

    @property
    def folders(self) -> dict[Path, PlannedFolder]:
        """The photos newly filed into each folder, by its path below the destination."""
        return {
            Path(folder).relative_to(self.destination): PlannedFolder(class_name, Chosen(self.files, positions))
            for folder, (class_name, positions) in self._tally.folders.items()
        }

    def staying_as(self, action: Action) -> Sequence[PlannedFile]:
        """Return the photos that are not filed, for one of the reasons that are actions."""
        return Chosen(self.files, self._tally.staying.get(action, ()))

    @property
    def counts_there(self) -> dict[Path, int]:
        """The number of photos that are there already in each folder, by its path below the destination."""
        return {Path(folder).relative_to(self.destination): count for folder, count in self._tally.there.items()}

    @property
    def renamed(self) -> int:
        """The number of photos that are filed under another name."""
        return self._tally.renamed

    def folder_of(self, file: PlannedFile) -> Path:
        """Return the folder of a photo below the destination."""
        return file.destination.parent.relative_to(self.destination)

    def with_skipped(self, more: Sequence[Skipped]) -> SortPlan:
        """Return the plan with more skipped photos."""
        return dataclasses.replace(self, skipped=Joined(self.skipped, more) if more else self.skipped)
