"""Reads filed files and judges them: intact, rotted, gone, unreadable, edited or moved; changes nothing."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from flowersorter.domain.journal import Entry
from flowersorter.jobs.pace import Pace
from flowersorter.library.cache.verified_files import Known, Verified
from flowersorter.library.collection import CollectionStore
from flowersorter.library.journal.still_filed import Filed, StillFiled
from flowersorter.library.tables.edited_photos import edits_of, last_reads
from flowersorter.messages import text
from flowersorter.sorting.failures import NotDoneError, disk_errors_as_failures
from flowersorter.sorting.filesystem import CHUNK_BYTES, FileSystem, has_something, is_regular, stat_or_none
from flowersorter.sorting.folders.destination_contents import DestinationContents

_ORIGINAL_GONE = text("its original is not there any more")
#: FAT stores times to two seconds: within that time a file counts as not written since.
_SAME_TIME_NS = 2_000_000_000


class Finding(StrEnum):
    """The state of a filed file that is not as it was sorted; the worst first."""

    ROTTED = "rotted"
    GONE = "gone"
    UNREADABLE = "unreadable"
    EDITED = "edited"
    MOVED = "moved"

    @property
    def is_loss(self) -> bool:
        """Whether the file has lost the bytes of its sort although the person did not change it."""
        return self in {Finding.ROTTED, Finding.GONE, Finding.UNREADABLE}


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """A filed file that is not as it was sorted.

    Attributes:
        path: Where the sort put it.
        now: Where it is, if the person moved or renamed it within the destination.
        intact_at: Where the original still has the bytes of the sort; None if it does not, or the file is no loss.
        known_edit: Whether the collection has read the edited file as the same photo.
        reason: Why it cannot be read, or None.
    """

    path: Path
    finding: Finding
    class_name: str
    run_id: int
    is_sidecar: bool
    now: Path | None = None
    intact_at: Path | None = None
    known_edit: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """The file at the path of a sort.

    Attributes:
        found: Its size, mtime_ns and SHA-256; None if there is none.
        reason: Why it cannot be read, or None.
    """

    found: tuple[int, int, bytes] | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A file whose bytes are not at its path.

    Attributes:
        found: Size, mtime_ns and SHA-256 of the file that is there, or None.
        reason: Why it cannot be read, or None.
    """

    root: Path
    entry: Entry
    sha256: bytes
    found: tuple[int, int, bytes] | None
    reason: str | None = None


class Verification:
    """A verification in progress.

    Args:
        collection: Has the journal.
        filed: The files.
        files: The disk.
        pace: Counts what is read.

    Attributes:
        photos: Number of photos that were reached.
        sidecars: Number of sidecars that were reached.
        intact: How many of both have the bytes of their sort.
        earlier: How many of these an interrupted verification has read.
        earlier_ns: When it read the first of these, in nanoseconds since 1970; None without any.
        suspects: The others.
        not_reached: Files in destinations that are missing or empty.
        fresh: Intact files that were read just now.
    """

    def __init__(self, collection: CollectionStore, filed: StillFiled, files: FileSystem, pace: Pace) -> None:
        self._database, self._filed, self._files, self._pace = collection.database, filed, files, pace
        self.photos = self.sidecars = self.intact = self.earlier = 0
        self.earlier_ns: int | None = None
        self.suspects: list[Suspect] = []
        self.not_reached: Counter[Path] = Counter()
        self.fresh: list[Verified] = []
        self._is_intact = np.zeros(len(filed), np.bool_)
        self._unclaimed: dict[tuple[Path, int], dict[bytes, list[Path]]] = {}
        self._roots: dict[Path, DestinationContents | None] = {}
        self._edits: dict[bytes, dict[bytes, int]] = {}
        self._read_before: dict[Path, tuple[int, int, bytes]] = {}

    def contents(self, entry: Entry, before: Known | None) -> Contents:
        """Read one file at the path of its sort.

        Args:
            entry: The file.
            before: As it was found intact earlier: it is not read again if it still has that size and time.

        Raises:
            Cancelled: asked to stop.
        """
        assert entry.sha256 is not None  # it was filed
        try:
            known = None if before is None else (before.size_bytes, before.mtime_ns, entry.sha256)
            return Contents(self._contents(entry.destination, known))
        except NotDoneError as error:
            return Contents(None, error.reason)

    def is_there(self, root: Path) -> bool:
        """Whether a destination is there and not empty."""
        return self._contents_of(root) is not None

    def leave(self, filed: Filed) -> None:
        """Count a file as not reached, unless it was undone meanwhile."""
        if self._filed.is_still(filed.entry):
            self.not_reached[filed.root] += 1

    def take(self, filed: Filed, read: Contents, known: Known | None) -> None:
        """Judge a file by its contents.

        Args:
            filed: The file.
            read: Its contents.
            known: As an interrupted verification found it intact; None if it was read just now.
        """
        entry = filed.entry
        assert entry.sha256 is not None  # it was filed
        if read.found is None or read.found[2] != entry.sha256:
            self.suspects.append(Suspect(filed.root, entry, entry.sha256, read.found, read.reason))
            return
        self._count(entry)
        self.intact += 1
        self._is_intact[filed.position] = True
        if known is not None:
            self.earlier += 1
            self.earlier_ns = min(self.earlier_ns or known.verified_ns, known.verified_ns)
        else:
            self.fresh.append(Verified(entry, *read.found[:2]))

    def compare_with_library(self) -> None:
        """Look the suspects up in the library: the bytes it read there last, and their known edits."""
        self._edits = edits_of(self._database, {suspect.sha256 for suspect in self.suspects})
        self._read_before = last_reads(self._database, [suspect.entry.destination for suspect in self.suspects])

    def explained(self, suspect: Suspect) -> Iterator[VerifiedFile]:
        """Determine the state of a suspect; none if its destination is not there, or it was undone meanwhile."""
        contents = self._contents_of(suspect.root)
        if not self._filed.is_still(suspect.entry):
            return
        if contents is None:
            self.not_reached[suspect.root] += 1
            return
        self._count(suspect.entry)
        if suspect.reason is not None:
            yield self._loss(suspect, Finding.UNREADABLE)
        elif suspect.found is not None and suspect.found[2] in self._edits.get(suspect.sha256, ()):
            yield _verified(suspect, Finding.EDITED, known_edit=True)
        elif suspect.found is not None and self._has_rotted(suspect, suspect.found):
            yield self._loss(suspect, Finding.ROTTED)
        else:
            yield self._searched(suspect, contents)

    def _count(self, entry: Entry) -> None:
        self.photos += entry.lead_id is None
        self.sidecars += entry.lead_id is not None

    def _searched(self, suspect: Suspect, contents: DestinationContents) -> VerifiedFile:
        """Find a file under another name, or tell an edited from a deleted one."""
        entry = suspect.entry
        if (now := self._moved(contents, entry, entry.size_bytes, suspect.sha256)) is not None:
            return _verified(suspect, Finding.MOVED, now=now)
        if suspect.found is not None:
            return _verified(suspect, Finding.EDITED)
        for sha256, size_bytes in self._edits.get(suspect.sha256, {}).items():
            if (now := self._moved(contents, entry, size_bytes, sha256)) is not None:
                return _verified(suspect, Finding.EDITED, now=now, known_edit=True)
        return self._loss(suspect, Finding.GONE)

    def _contents(self, path: Path, before: tuple[int, int, bytes] | None = None) -> tuple[int, int, bytes] | None:
        """Read the file at a path, or the one that a symbolic link there points to; None if there is none.

        Args:
            path: Of the file.
            before: Its size, mtime_ns and SHA-256 when it was read earlier; it is not read again if it has not changed.

        Raises:
            NotDoneError: it cannot be read, or the link points to nothing.
        """
        with disk_errors_as_failures():
            found = stat_or_none(self._files, path)
            if found is not None and stat.S_ISLNK(found.st_mode):
                path = path.parent / self._files.read_link(path)
                found = stat_or_none(self._files, path)
                if found is None:
                    raise NotDoneError(_ORIGINAL_GONE)
            if found is None or not is_regular(found):
                return None
            if before is not None and before[:2] == (found.st_size, found.st_mtime_ns):
                return before
            sha256 = self._hash(path, found.st_size)
            found = self._files.stat(path)  # a program may have written to it meanwhile
            return found.st_size, found.st_mtime_ns, sha256

    def _hash(self, path: Path, size_bytes: int | None = None) -> bytes:
        left = self._files.stat(path).st_size if size_bytes is None else size_bytes

        def spend() -> None:
            nonlocal left
            part = min(left, CHUNK_BYTES)
            left -= part
            self._pace.spend(part)

        return self._files.hash(path, spend)

    def _intact_hash(self, path: Path) -> bytes | None:
        """The hash of an intact filed file at a path; None if there is none."""
        found = self._filed.at(path)
        return found.entry.sha256 if found is not None and self._is_intact[found.position] else None

    def _contents_of(self, root: Path) -> DestinationContents | None:
        """The files in a destination; None if it is missing or empty, as the place of an unplugged drive."""
        if root not in self._roots:
            there = has_something(self._files, root)
            self._roots[root] = DestinationContents(self._files, root, self._intact_hash, self._hash) if there else None
        return self._roots[root]

    def _has_rotted(self, suspect: Suspect, found: tuple[int, int, bytes]) -> bool:
        """Whether a file has other bytes although nothing wrote to it since it was filed or read."""
        size_bytes, mtime_ns, sha256 = found
        filed = suspect.entry
        if self._filed.has_bytes(sha256):  # another filed file has its name now
            return False
        if size_bytes == filed.size_bytes and abs(mtime_ns - filed.mtime_ns) <= _SAME_TIME_NS:
            return True
        last = self._read_before.get(filed.destination)
        return last is not None and last[:2] == (size_bytes, mtime_ns) and last[2] != sha256

    def _moved(self, contents: DestinationContents, entry: Entry, size_bytes: int, sha256: bytes) -> Path | None:
        """The file with these bytes that is no other filed file, preferably one of the same name."""
        same = self._unclaimed_of(contents, size_bytes).get(sha256, [])
        now = min(same, key=lambda path: path.name != entry.destination.name, default=None)
        if now is not None:
            same.remove(now)
        return now

    def _unclaimed_of(self, contents: DestinationContents, size_bytes: int) -> dict[bytes, list[Path]]:
        """The files of a size that are no intact filed file, by hash."""
        key = contents.root, size_bytes
        if key not in self._unclaimed:
            self._unclaimed[key] = {}
            for path, sha256 in contents.hashes(size_bytes):
                if sha256 is not None and self._intact_hash(path) is None:
                    self._unclaimed[key].setdefault(sha256, []).append(path)
        return self._unclaimed[key]

    def _loss(self, suspect: Suspect, finding: Finding) -> VerifiedFile:
        found = None
        with suppress(NotDoneError):
            found = self._contents(suspect.entry.source)
        is_intact = found is not None and found[2] == suspect.sha256
        return _verified(suspect, finding, intact_at=suspect.entry.source if is_intact else None)


def _verified(
    suspect: Suspect,
    finding: Finding,
    *,
    now: Path | None = None,
    intact_at: Path | None = None,
    known_edit: bool = False,
) -> VerifiedFile:
    entry = suspect.entry
    return VerifiedFile(
        path=entry.destination,
        finding=finding,
        class_name=entry.class_name,
        run_id=entry.run_id,
        is_sidecar=entry.lead_id is not None,
        now=now,
        intact_at=intact_at,
        known_edit=known_edit,
        reason=suspect.reason,
    )
