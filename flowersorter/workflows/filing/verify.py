"""Compares every filed photo and sidecar with the hash of its sort; changes nothing."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from flowersorter.domain.journal import Entry
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.edited_photos import edits_of, last_reads
from flowersorter.library.tables.filed_photos import still_filed
from flowersorter.messages import text
from flowersorter.photos.scan import absolute_folder
from flowersorter.sorting.failures import NotDoneError, disk_errors_as_failures
from flowersorter.sorting.filesystem import FileSystem, has_something, is_regular, stat_or_none
from flowersorter.sorting.folders.destination_contents import DestinationContents

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_ORIGINAL_GONE = text("its original is not there any more")
#: FAT stores times to two seconds: within that time a file counts as not written since.
_SAME_TIME_NS = 2_000_000_000

Hashed: TypeAlias = dict[Path, tuple[int, int, bytes]]
"""The size, mtime_ns and SHA-256 of files that were read, so that a verification that gave way need not read twice."""


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
class VerifyRequest:
    """Verify filed files.

    Attributes:
        destination: Only files at or below this folder; None for all sorts.
    """

    destination: Path | None = None


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
class VerifyResult:
    """The outcome of a verification.

    Attributes:
        photos: Number of photos checked.
        sidecars: Number of sidecars checked.
        intact: How many of both are where the sort put them, with its bytes.
        changed: The others, the worst first.
        not_reached: Destinations that are missing or empty, such as on an unplugged drive, with their number of files.
    """

    photos: int
    sidecars: int
    intact: int
    changed: tuple[VerifiedFile, ...]
    not_reached: Mapping[Path, int] = field(default_factory=dict)

    @property
    def all_well(self) -> bool:
        """Whether every file was reached and none is lost; edited and moved files are well."""
        return not self.not_reached and not any(file.finding.is_loss for file in self.changed)

    def counts(self) -> Counter[Finding]:
        """The number of files by finding."""
        return Counter(file.finding for file in self.changed)


def verify(
    engine: Engine,
    request: VerifyRequest,
    report: Report,
    cancel: CancelToken,
    *,
    hashed: Hashed | None = None,
    files: FileSystem | None = None,
) -> VerifyResult:
    """Read every filed photo and sidecar, and compare it with the hash of its sort.

    Files that were undone, or moved on by a later sort, are left out.

    Args:
        engine: Its collection has the journal.
        request: The scope.
        report: Gets `Progress`.
        cancel: Takes effect even while a drive does not answer.
        hashed: The hashes read by an interrupted call; this one adds to them.
        files: The disk.

    Raises:
        UserError: nothing was sorted into the requested folder.
        Cancelled: asked to stop.
    """
    filed = _requested(engine.collection, request)
    work = _Verification(engine.collection, files or FileSystem(), cancel, {} if hashed is None else hashed)
    for done, (root, entry) in enumerate(filed):
        report(Progress(text("Verifying"), done, len(filed)))
        cancel.check()
        work.read(root, entry)
    report(Progress(text("Verifying"), len(filed), len(filed)))
    work.compare_with_library()
    changed: list[VerifiedFile] = []
    for done, suspect in enumerate(work.suspects):
        report(Progress(text("Looking for moved photos"), done, len(work.suspects)))
        cancel.check()
        changed += call_apart(partial(list, work.explained(suspect)), cancel)
    order = list(Finding)
    changed.sort(key=lambda file: (order.index(file.finding), file.path))
    reached = [entry for root, entry in filed if root not in work.not_reached]
    photos = sum(entry.lead_id is None for entry in reached)
    return VerifyResult(photos, len(reached) - photos, len(work.intact), tuple(changed), work.not_reached)


def _requested(collection: CollectionStore, request: VerifyRequest) -> list[tuple[Path, Entry]]:
    filed = still_filed(collection.database)
    if request.destination is None:
        return filed
    folder = absolute_folder(request.destination)
    within = [(root, entry) for root, entry in filed if root == folder or folder in entry.destination.parents]
    if not within:
        raise UserError(
            text("No photos are sorted into {folder}", folder=folder),
            hint=text('"flowersorter history" lists the destinations'),
        )
    return within


@dataclass(frozen=True, slots=True)
class _Suspect:
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


class _Verification:
    """A verification in progress.

    Attributes:
        intact: Files with the bytes of their sort, with their hash; no other filed file was moved there.
        suspects: The others.
        not_reached: Files in destinations that are missing or empty.
    """

    def __init__(self, collection: CollectionStore, files: FileSystem, cancel: CancelToken, hashed: Hashed) -> None:
        self._database, self._files, self._cancel, self._hashed = collection.database, files, cancel, hashed
        self.intact: dict[Path, bytes] = {}
        self.suspects: list[_Suspect] = []
        self.not_reached: Counter[Path] = Counter()
        self._filed_hashes: set[bytes] = set()
        self._unclaimed: dict[tuple[Path, int], dict[bytes, list[Path]]] = {}
        self._roots: dict[Path, DestinationContents | None] = {}
        self._edits: dict[bytes, dict[bytes, int]] = {}
        self._read_before: dict[Path, tuple[int, int, bytes]] = {}

    def read(self, root: Path, entry: Entry) -> None:
        """Read one file at the path of its sort."""
        assert entry.sha256 is not None  # it was filed
        self._filed_hashes.add(entry.sha256)
        found, reason = None, None
        try:
            found = call_apart(partial(self._contents, entry.destination), self._cancel)
        except NotDoneError as error:
            reason = error.reason
        if found is not None and found[2] == entry.sha256:
            self.intact[entry.destination] = entry.sha256
        else:
            self.suspects.append(_Suspect(root, entry, entry.sha256, found, reason))

    def compare_with_library(self) -> None:
        """Look the suspects up in the library: the bytes it read there last, and their known edits."""
        self._edits = edits_of(self._database, {suspect.sha256 for suspect in self.suspects})
        self._read_before = last_reads(self._database, [suspect.entry.destination for suspect in self.suspects])

    def explained(self, suspect: _Suspect) -> Iterator[VerifiedFile]:
        """Determine the state of a suspect; None if its destination is not there."""
        contents = self._contents_of(suspect.root)
        if contents is None:
            self.not_reached[suspect.root] += 1
        elif suspect.reason is not None:
            yield self._loss(suspect, Finding.UNREADABLE)
        elif suspect.found is not None and suspect.found[2] in self._edits.get(suspect.sha256, ()):
            yield _verified(suspect, Finding.EDITED, known_edit=True)
        elif suspect.found is not None and self._has_rotted(suspect, suspect.found):
            yield self._loss(suspect, Finding.ROTTED)
        else:
            yield self._searched(suspect, contents)

    def _searched(self, suspect: _Suspect, contents: DestinationContents) -> VerifiedFile:
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

    def _contents(self, path: Path) -> tuple[int, int, bytes] | None:
        """Read the file at a path, or the one that a symbolic link there points to; None if there is none.

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
            before = self._hashed.get(path)
            if before is None or before[:2] != (found.st_size, found.st_mtime_ns):
                sha256 = self._hash(path)
                found = self._files.stat(path)  # a program may have written to it meanwhile
                before = self._hashed[path] = found.st_size, found.st_mtime_ns, sha256
            return before

    def _hash(self, path: Path) -> bytes:
        return self._files.hash(path, self._cancel.check)

    def _contents_of(self, root: Path) -> DestinationContents | None:
        """The files in a destination; None if it is missing or empty, as the place of an unplugged drive."""
        if root not in self._roots:
            there = has_something(self._files, root)
            self._roots[root] = DestinationContents(self._files, root, self.intact, self._hash) if there else None
        return self._roots[root]

    def _has_rotted(self, suspect: _Suspect, found: tuple[int, int, bytes]) -> bool:
        """Whether a file has other bytes although nothing wrote to it since it was filed or read."""
        size_bytes, mtime_ns, sha256 = found
        filed = suspect.entry
        if sha256 in self._filed_hashes:  # another filed file has its name now
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
                if sha256 is not None and path not in self.intact:
                    self._unclaimed[key].setdefault(sha256, []).append(path)
        return self._unclaimed[key]

    def _loss(self, suspect: _Suspect, finding: Finding) -> VerifiedFile:
        found = None
        with suppress(NotDoneError):
            found = self._contents(suspect.entry.source)
        is_intact = found is not None and found[2] == suspect.sha256
        return _verified(suspect, finding, intact_at=suspect.entry.source if is_intact else None)


def _verified(
    suspect: _Suspect,
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
