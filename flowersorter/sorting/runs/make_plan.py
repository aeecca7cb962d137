"""Plans a run: the destination of every photo, before any file is touched; reads only."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from pathlib import Path

from flowersorter.domain.journal import NO_CLASS
from flowersorter.jobs import CancelToken
from flowersorter.library.tables.written_keywords import KeywordIndex
from flowersorter.messages import text
from flowersorter.sorting.failures import CHANGED, FIXED_FOLDER, GONE, NOT_A_FILE, explain
from flowersorter.sorting.filesystem import FileSystem, is_regular, stat_or_none
from flowersorter.sorting.folders.class_folder_contents import FolderContents, class_folders_of
from flowersorter.sorting.folders.destination_checks import disk_refusals, missing_folders, refuse_nested
from flowersorter.sorting.folders.destination_contents import DestinationContents
from flowersorter.sorting.folders.emptied_folders import EmptiedFolders, emptied_folders
from flowersorter.sorting.folders.needed_space import NeededSpace
from flowersorter.sorting.keywords.plan_keywords import KeywordPlanner
from flowersorter.sorting.plan import Action, Filing, Mode, PlannedFile, Skipped, SortPlan
from flowersorter.sorting.plan_sidecars import NO_SIDECARS, PlannedSidecars, SidecarPlanner
from flowersorter.sorting.runs.file_rows import (
    ACTION,
    CLASS_NAME,
    DESTINATION,
    SHA256,
    SOURCE,
    file_row,
    paths_in,
)
from flowersorter.sorting.runs.packed import Packed
from flowersorter.sorting.runs.packed_plan import file_of, packed_files, packed_skipped


def make_plan(
    filings: Iterable[Filing],
    destination: Path,
    mode: Mode,
    cancel: CancelToken,
    *,
    source_root: Path | None,
    class_names: Set[str] | None = None,
    folders: Mapping[str, str] | None = None,
    filed: Collection[bytes] = frozenset(),
    files: FileSystem | None = None,
    move_duplicates: bool = False,
    remove_emptied: bool = False,
    index: KeywordIndex | None = None,
    only_our_keywords: bool = False,
) -> SortPlan:
    """Plan a run; nothing on disk changes.

    Args:
        filings: The photos, in the order they are to be filed; an iterator is walked once where `class_names` is given.
        destination: Absolute.
        mode: Copy, move or link.
        cancel: Checked once a photo.
        source_root: The folder the photos were opened from; the destination may not overlap it.
        class_names: The classes of the photos; None to collect them.
        folders: Class name to folder name of earlier runs to this destination (`Journal.class_folders`).
        filed: Hashes of the photos ever filed there (`Journal.filed_hashes`); each is looked for in the whole
            destination, other photos in the folder of their class and its sub-folders.
        files: The disk.
        move_duplicates: With `Mode.MOVE`, also move photos that are there already into the folder `DUPLICATES`.
        remove_emptied: With `Mode.MOVE`, also remove the folders below `source_root` that become empty.
        index: The sidecars that have keywords of ours (`read_keywords`).
        only_our_keywords: Write keywords only into sidecars that have some of ours.

    Raises:
        SortRefused: the destination overlaps the source, cannot be written to, is too full, or would need links across
            drives.
        Cancelled: asked to stop.
    """
    files = files or FileSystem()
    with disk_refusals():
        missing = missing_folders(files, destination)
        if source_root is not None:
            refuse_nested(source_root, destination)
        move_duplicates &= mode == Mode.MOVE
        if class_names is None:
            filings = list(filings)
            class_names = {filing.class_name for filing in filings}
        class_folders = class_folders_of(
            files, class_names, destination, folders or {}, move_duplicates=move_duplicates
        )
    existing_parent = missing[0].parent if missing else destination
    keywords = KeywordPlanner(files, index or KeywordIndex(), only_ours=only_our_keywords)
    planner = _Planner(files, destination, mode, class_folders, filed, keywords)
    for filing in filings:
        cancel.check()
        planner.add(filing)
    duplicates = packed_files(planner.duplicates(class_folders[NO_CLASS]) if move_duplicates else ())
    device, needed_bytes, free_bytes = planner.space.check(existing_parent, destination)
    plan = SortPlan(mode, destination, planner.planned, planner.skipped, needed_bytes, free_bytes, source_root, missing)
    return dataclasses.replace(
        plan,
        device=device,
        staying=planner.sidecars.staying(),
        edited=tuple(planner.sidecars.edited),
        no_keywords=tuple(dict.fromkeys(Skipped(*problem) for problem in keywords.problems)),
        other_films=tuple(dict.fromkeys(planner.sidecars.other_films)),
        duplicates=duplicates,
        emptied=_emptied(files, mode, source_root, planner.planned, duplicates),
        removes_emptied=remove_emptied and mode == Mode.MOVE,
    )


def _emptied(files: FileSystem, mode: Mode, source_root: Path | None, *parts: Packed[PlannedFile]) -> EmptiedFolders:
    """Find the folders that a move of these photos leaves empty."""
    if mode != Mode.MOVE or source_root is None:
        return EmptiedFolders()
    rows = (row for part in parts for row in part.rows() if row[ACTION] == Action.MOVE)
    return emptied_folders(files, source_root, (path for row in rows for path in paths_in(row)))


class _Planner:
    """Plans photo by photo, keeping track of the reserved names."""

    def __init__(
        self,
        files: FileSystem,
        destination: Path,
        mode: Mode,
        folders: Mapping[str, Path],
        filed: Collection[bytes],
        keywords: KeywordPlanner,
    ) -> None:
        self.planned: Packed[PlannedFile] = packed_files()
        self.skipped: Packed[Skipped] = packed_skipped()
        self._files, self._destination, self._mode = files, destination, mode
        self._action = Action(mode.value)
        self._folders = folders
        self._filed = filed
        self._contents = DestinationContents(files, destination)
        self._folder_contents: dict[Path, FolderContents] = {}
        self._by_class: dict[tuple[str, tuple[str, ...]], FolderContents] = {}
        # Positions in `planned` by the hash of class and bytes, and by that of the path: one number for each photo.
        self._by_bytes: dict[int, int] = {}
        self._by_source: dict[int, int] = {}
        self._may_change: dict[str, bool] = {}
        self.sidecars = SidecarPlanner(files, keywords)
        self.space = NeededSpace(files, copies=mode == Mode.COPY, links=mode.is_link, same_drive=mode == Mode.LINK)

    def add(self, filing: Filing) -> None:
        """Plan one photo, or skip it with a reason."""
        try:
            found = stat_or_none(self._files, filing.path)
            reason = self._reason_to_skip(filing, found)
            if found is not None and not reason:
                reason = self._plan(filing, found)
        except OSError as error:
            reason = explain(error)
        if reason:
            self.skipped.append(Skipped(filing.source, reason))

    def _reason_to_skip(self, filing: Filing, found: os.stat_result | None) -> str:
        if found is None:
            return GONE
        if not is_regular(found):
            return NOT_A_FILE
        if found.st_size != filing.size_bytes:
            return CHANGED
        if found.st_mtime_ns != filing.mtime_ns and self._files.hash(filing.source) != filing.sha256:
            return CHANGED
        position = self._by_source.get(hash(filing.path))
        if position is not None and self.planned.row(position)[SOURCE] == filing.path:
            return text("it is listed twice")
        return ""

    def _may_leave(self, path: str) -> bool:
        """Whether a file can be moved out of its folder, if it is to be moved."""
        if self._mode != Mode.MOVE:
            return True
        folder = path[: path.rfind(os.sep) + 1]
        may = self._may_change.get(folder)
        if may is None:
            may = self._may_change[folder] = self._files.writable(Path(folder))
        return may

    def _plan(self, filing: Filing, found: os.stat_result) -> str:
        """Plan a photo that has not changed since it was read, or return why it is skipped."""
        contents = self._contents_for(filing)
        existing = contents.same_bytes(filing.size_bytes, filing.sha256)
        if existing is None and self._mode.is_link:
            existing = contents.linked_from(filing.source)
        if existing is None:
            within = self._contents.root if filing.sha256 in self._filed else self._folders[filing.class_name]
            existing = self._contents.same_bytes(filing.size_bytes, filing.sha256, within, but=filing.path)
        position, bytes_key = len(self.planned), hash((filing.class_name, filing.sha256))
        if existing is not None:
            beside = self.sidecars.beside_filed(filing.source, existing, contents, filing.taken_at, filing.keywords)
            self._append(filing, str(existing), Action.ALREADY_THERE, beside)
        elif (planned := self._planned_as(filing, bytes_key)) is not None:
            self._append(filing, planned, Action.DUPLICATE, NO_SIDECARS)
        elif not self._may_leave(filing.path):
            return FIXED_FOLDER
        else:
            self._plan_new(filing, found, contents)
            self._by_bytes[bytes_key] = position
        self._by_source[hash(filing.path)] = position  # a photo that failed is in no position
        return ""

    def _planned_as(self, filing: Filing, bytes_key: int) -> str | None:
        """Return where a photo of the same class and bytes goes; None if there is none."""
        position = self._by_bytes.get(bytes_key)
        if position is None:
            return None
        planned = self.planned.row(position)
        same = (planned[CLASS_NAME], planned[SHA256]) == (filing.class_name, filing.sha256)
        return planned[DESTINATION] if same else None

    def _contents_for(self, filing: Filing) -> FolderContents:
        """Return the contents of the folder that a photo goes to."""
        key = filing.class_name, filing.folders
        contents = self._by_class.get(key)
        if contents is None:
            contents = self._contents_of(self._folders[filing.class_name])
            for name in filing.folders:
                contents = self._contents_of(contents.sub_folder(name))
            self._by_class[key] = contents
        return contents

    def _contents_of(self, folder: Path) -> FolderContents:
        if folder not in self._folder_contents:
            self._folder_contents[folder] = FolderContents(self._files, folder)
        return self._folder_contents[folder]

    def duplicates(self, folder: Path) -> Iterator[PlannedFile]:
        """Plan to move the photos aside that are not filed because their bytes are there, with their sidecars."""
        for planned in map(file_of, (row for row in self.planned.rows() if row[ACTION] != self._action)):
            source = planned.filing.source
            if self._contents.root in source.parents:
                continue
            with suppress(OSError):  # it stays
                contents = self._contents_of(folder)
                name, beside = self.sidecars.with_photo(planned.filing.path, contents, planned.filing.taken_at)
                self.space.add_files([source, *(sidecar for sidecar, _ in beside.moves)])
                filing = dataclasses.replace(planned.filing, class_name=NO_CLASS, folders=(), keywords=None)
                yield PlannedFile(filing, folder / name, Action.MOVE, beside.moves)

    def _plan_new(self, filing: Filing, found: os.stat_result, contents: FolderContents) -> None:
        """Plan a photo with its sidecars, under names that are free for all of them."""
        name, beside = self.sidecars.with_photo(filing.path, contents, filing.taken_at, filing.keywords)
        self.space.add(found)
        self._append(filing, contents.path_of(name), self._action, beside)

    def _append(self, filing: Filing, destination: str, action: Action, beside: PlannedSidecars) -> None:
        if beside.moves:
            copied = self._mode == Mode.MOVE and not action.is_filed
            self.space.add_files((source for source, _ in beside.moves), copied=copied)
        for each in beside.keywords:
            self.space.add_written(each.size_bytes)
        self.planned.append_row(file_row(filing, destination, action, beside.moves, beside.keywords))
