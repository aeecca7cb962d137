"""Finds filed photos that the person moved, renamed or edited since, so that undo can include them if asked to."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, Run
from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.edited_photos import edits_of
from flowersorter.messages import joined_texts, text
from flowersorter.sorting.filesystem import FileSystem, is_our_link, is_regular, stat_or_none
from flowersorter.sorting.folders.destination_contents import DestinationContents
from flowersorter.sorting.keywords.kept_sidecars import is_kept
from flowersorter.sorting.plan import Action
from flowersorter.sorting.plan_sidecars import name_beside
from flowersorter.sorting.safe_names import shown
from flowersorter.sorting.sidecar_groups import Group, name_of

_EDITED = text("it has changed since it was sorted")
#: Words in the names of sidecars that go back to a folder where their name is taken.
_EDITED_NAME, _BEFORE_NAME = "edited", "before"
#: A file system may store times to two seconds.
_CLOCK_S = 2


@dataclass(frozen=True, slots=True)
class FileAsFound:
    """A filed file that is not as its run left it.

    Attributes:
        path: Where it is now.
        sha256: Of the bytes that undo has to find there.
        size_bytes: Of these.
        mtime_ns: Of these.
        goes_to: Where undo moves it, if that is not where it came from: an edited sidecar with keywords, which is only
            here, and the one that it replaced.
    """

    entry: Entry
    path: Path
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    goes_to: Path | None = None

    @property
    def is_moved(self) -> bool:
        """Whether it has another folder or name."""
        return self.path != self.entry.destination


@dataclass(frozen=True, slots=True)
class ChangedPhoto:
    """A filed photo that is not as its run left it, or whose sidecars are not.

    Attributes:
        lead: Its journal entry.
        files: Those of its files, itself and sidecars, that have changed; at least one.
    """

    lead: Entry
    files: tuple[FileAsFound, ...]

    @property
    def is_moved(self) -> bool:
        """Whether it has another folder or name; otherwise it was edited."""
        return any(file.is_moved for file in self.files)

    def reason(self, destination: Path) -> str:
        """Why it stays unless the person agrees."""
        first = self.files[0]
        if self.is_moved:
            now = shown(first.path.relative_to(destination))
            return text("it was moved or renamed since: {path}", path=now)
        if first.entry is self.lead:
            return _EDITED
        return joined_texts(": ", shown(Path(name_of(first.entry))), _EDITED)


def changed_photos(
    collection: CollectionStore, run: Run, groups: Iterable[Group], files: FileSystem, cancel: CancelToken
) -> list[ChangedPhoto]:
    """Find the photos that are elsewhere in the destination now, and moved photos that were edited; reads only.

    Edited copies are not among them: their originals are there, so undo only ever keeps them. Photos that later runs
    moved on are not either.

    Args:
        collection: Holds the journal.
        run: The run to be undone.
        groups: Its photos.
        files: The disk.
        cancel: Checked once a photo.

    Raises:
        Cancelled: asked to stop.
    """
    finder = _Finder(collection, run, files)
    changed = []
    for group in groups:
        cancel.check()
        with suppress(OSError):  # undo refuses an unreadable file by itself, later
            found = tuple(finder.changed_files(group))
            if found:
                changed.append(ChangedPhoto(group.lead, found))
    return changed


def adopt(collection: CollectionStore, changed: Iterable[ChangedPhoto]) -> None:
    """Store where filed photos are now and which bytes they have, all or none, so that the run can be undone."""
    with collection.database.transaction():
        for file in (file for photo in changed for file in photo.files):
            collection.journal.change_filed(file.entry.id, file.path, file.sha256, file.size_bytes, file.mtime_ns)
            if file.goes_to is not None:
                collection.journal.move_back_to(file.entry.id, file.goes_to)
            if file.entry.lead_id is None:
                collection.photos.relocate(file.entry.destination, file.path)


class _Finder:
    """Finds the files of photo after photo; no file is found for two."""

    def __init__(self, collection: CollectionStore, run: Run, files: FileSystem) -> None:
        self._journal, self._run, self._files = collection.journal, run, files
        self._collection = collection
        self._database = collection.database
        self._contents = DestinationContents(files, run.destination)
        self._taken: Collection[Path] | None = None
        self._found: set[Path] = set()
        self._reserved: set[Path] = set()
        self._began = datetime.fromisoformat(run.started_at).timestamp() - _CLOCK_S

    def changed_files(self, group: Group) -> Iterator[FileAsFound]:
        """Yield the photo, if it has changed, then those of its sidecars that have."""
        lead = group.lead
        if lead.state != EntryState.DONE or lead.action == Action.SYMLINK:
            return
        now = lead.destination
        if stat_or_none(self._files, now) is None:
            moved = None if self._journal.moved_on(lead) else self._elsewhere(lead)
            if moved is None:
                return
            self._found.add(moved)
            now = moved
        yield from self._if_changed(lead, now)
        before: Entry | None = None
        for entry in [entry for entry in group.entries[1:] if entry.state == EntryState.DONE]:
            if is_kept(self._collection, entry.destination):
                before = entry  # the one with keywords follows it
                continue
            # Edits of the sidecar with keywords of a photo that was moved are nowhere else.
            is_only_here = lead.action == Action.MOVE and is_kept(self._collection, entry.source)
            for found in self._if_changed(entry, self._beside(entry, lead, now), is_only_here=is_only_here):
                yield from self._both(lead, found, before) if is_only_here else (found,)
            before = None

    def _both(self, lead: Entry, found: FileAsFound, before: Entry | None) -> Iterator[FileAsFound]:
        """Yield a sidecar with keywords, and the one that it replaced; an edited one goes back with its photo.

        It has the name that the one before had, if that is free: programs read it there. The one before gets another.
        """
        if found.sha256 == found.entry.sha256:
            yield found
            return
        name = name_beside(lead.destination.name, lead.source.name, found.entry.destination.name)
        back = lead.source.with_name(name) if before is None else before.source
        goes_to = back if self._is_free(back) else self._free_beside(back, _EDITED_NAME)
        self._reserved.add(goes_to)
        yield replace(found, goes_to=goes_to)
        if before is not None:
            assert before.sha256 is not None  # it is filed
            other, kept = self._free_beside(back, _BEFORE_NAME), before.destination
            yield FileAsFound(before, kept, before.sha256, before.size_bytes, before.mtime_ns, other)

    def _free_beside(self, path: Path, word: str) -> Path:
        """A free name that makes a file a sidecar of the same photo; it is reserved."""
        numbers = (path.with_name(f"{path.stem}.{word}{end}{path.suffix}") for end in ("", *map(str, range(2, 1000))))
        found = next(other for other in numbers if self._is_free(other))
        self._reserved.add(found)
        return found

    def _is_free(self, path: Path) -> bool:
        return path not in self._reserved and stat_or_none(self._files, path) is None

    def _elsewhere(self, entry: Entry) -> Path | None:
        """Find where a sorted photo was moved: a file with its bytes that no journal entry explains, same name first.

        Without one, a file that the library knows as an edited version of the photo.
        """
        assert entry.sha256 is not None  # of a photo it is always known
        same = self._others_with(entry, entry.sha256, entry.size_bytes)
        if not same and entry.action != Action.LINK:
            edits = edits_of(self._database, [entry.sha256]).get(entry.sha256, {})
            same = [path for sha256, size in edits.items() for path in self._others_with(entry, sha256, size)]
        return min(same, key=lambda path: path.name != entry.destination.name, default=None)

    def _others_with(self, entry: Entry, sha256: bytes, size_bytes: int) -> list[Path]:
        found = self._contents.all_with(size_bytes, sha256)
        return [path for path in found if path not in self._found and not self._is_another(entry, path)]

    def _is_another(self, entry: Entry, path: Path) -> bool:
        """Whether a file with the bytes of a filed one is known to be another."""
        if self._taken is None:
            self._taken = self._journal.filed_paths()
        if path in self._taken or path == entry.source:
            return True
        if entry.action == Action.LINK:
            return not is_our_link(self._files, entry.source, path)
        # Renaming a file sets this time, so one that was there before the run has an older one. On Windows it is the
        # time of creation, which a moved file keeps.
        created_before = self._files.stat(path).st_ctime < self._began
        return created_before and (os.name != "nt" or entry.action == Action.COPY)

    def _beside(self, entry: Entry, lead: Entry, photo: Path) -> Path:
        """Return the present path of a sidecar: beside its photo by either name, else where it was filed."""
        name = entry.destination.name
        if photo == lead.destination or stat_or_none(self._files, entry.destination) is not None:
            return entry.destination
        names = (name, name_beside(lead.destination.name, photo.name, name))
        beside = (photo.with_name(each) for each in names)
        return next((path for path in beside if is_regular(stat_or_none(self._files, path))), entry.destination)

    def _if_changed(self, entry: Entry, path: Path, *, is_only_here: bool = False) -> Iterator[FileAsFound]:
        assert entry.sha256 is not None  # it is filed
        sha256, size_bytes, mtime_ns = entry.sha256, entry.size_bytes, entry.mtime_ns
        found = stat_or_none(self._files, path)
        if found is None or not is_regular(found):
            return
        # Another edited copy stays: undo looks for the bytes that were filed, and refuses it.
        is_only_here = is_only_here or entry.action == Action.MOVE
        if is_only_here and (found.st_size, found.st_mtime_ns) != (size_bytes, mtime_ns):
            sha256, size_bytes, mtime_ns = self._files.hash(path), found.st_size, found.st_mtime_ns
        if path != entry.destination or sha256 != entry.sha256:
            yield FileAsFound(entry, path, sha256, size_bytes, mtime_ns)
