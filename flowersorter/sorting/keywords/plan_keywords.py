"""Plans the keywords in the sidecars of photos; reads only.

Programs name an XMP sidecar in two ways: ``photo.jpg.xmp`` (darktable, digiKam) and ``photo.xmp`` (Adobe, for RAW
files). Every one of these that a photo has gets the keywords, also that of its RAW, because each program reads its own.
A photo without any gets ``photo.jpg.xmp``: by `photos.sidecars` the full name belongs to this photo whatever else lies
in the folder, or is sorted into it later, while ``photo.xmp`` would become the sidecar of the next ``photo.heic``. The
numbered edits of darktable (``photo_01.jpg.xmp``) stay as they are.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowersorter.domain.journal import WrittenKeywords
from flowersorter.library.tables.written_keywords import KeywordIndex
from flowersorter.messages import text
from flowersorter.photos.sidecars import RAW_SUFFIXES, sidecars_by_photo
from flowersorter.photos.xmp.document import MAX_BYTES, TOO_LARGE, XmpUnusable
from flowersorter.photos.xmp.keywords import NO_ENTRIES, Entries, Field
from flowersorter.photos.xmp.read import XMP_SUFFIX
from flowersorter.photos.xmp.splice import Merged, merged
from flowersorter.sorting.failures import NOT_A_FILE, TAKEN, explain
from flowersorter.sorting.filesystem import FileSystem, is_regular, stat_or_none
from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
from flowersorter.sorting.safe_names import MAX_NAME_BYTES, same_name_key, split_name

READ_ONLY = text("it is read-only")
_MAY_WRITE = 0o222


class KeywordPlanner:
    """Plans the keywords of photo after photo.

    Args:
        files: The disk.
        index: The sidecars that have keywords of ours.
        only_ours: Leave sidecars alone that have none.

    Attributes:
        index: As above.
        problems: Sidecars that get no keywords, with the reasons, lower case.
    """

    def __init__(self, files: FileSystem, index: KeywordIndex, *, only_ours: bool = False) -> None:
        self.index = index
        self.problems: list[tuple[Path, str]] = []
        self._files, self._only_ours = files, only_ours
        self._new_sizes: dict[tuple[tuple[Field, tuple[str, ...]], ...], int] = {}
        self._names: dict[Path, list[str]] = {}
        self._sidecars: dict[Path, dict[str, tuple[str, ...]]] = {}

    def new_name(self, photo: Path, sidecars: Sequence[Path]) -> str | None:
        """Return the name of the sidecar that a photo lacks; None if it has one, or something else has the name.

        Raises:
            OSError: the disk refuses.
        """
        if self._only_ours or self.targets(photo, sidecars):
            return None
        path = self._new_sidecar(photo)
        return None if path is None else path.name

    @staticmethod
    def targets(photo: Path, sidecars: Iterable[Path]) -> list[Path]:
        """Select the sidecars of a photo that programs read keywords from."""
        sidecars = list(sidecars)
        owners = [photo.name, split_name(photo.name)[0]]
        owners += [path.name for path in sidecars if path.suffix.lower() in RAW_SUFFIXES]
        names = {same_name_key(owner + XMP_SUFFIX) for owner in owners}
        return [path for path in sidecars if same_name_key(path.name) in names]

    def on_the_way(
        self, photo: Path, moves: Sequence[tuple[Path, Path]], wanted: Entries
    ) -> tuple[tuple[tuple[Path, Path], ...], tuple[PlannedKeywords, ...]]:
        """Divide sidecars that are filed, (from, to), into those that stay as they are and those that get keywords."""
        targets = set(self.targets(photo, [source for source, _ in moves]))
        plain, planned = [], []
        for source, destination in moves:
            keywords = self._into(source, destination, wanted) if source in targets else None
            if keywords is None:
                plain.append((source, destination))
            else:
                planned.append(keywords)
        return tuple(plain), tuple(planned)

    def new(self, destination: Path, wanted: Entries) -> PlannedKeywords:
        """Plan a new sidecar; all of a class have the same bytes."""
        key = tuple(wanted.items())
        size_bytes = self._new_sizes.get(key)
        if size_bytes is None:
            size_bytes = self._new_sizes[key] = len(merged(None, wanted).data)
        return PlannedKeywords(None, destination, wanted, size_bytes)

    def in_place(
        self, photo: Path, wanted: Entries, is_free: Callable[[str], bool] = lambda _: True, *, may_be_new: bool = True
    ) -> tuple[PlannedKeywords, ...]:
        """Plan the keywords beside a photo that stays where it is.

        Args:
            photo: It may be on its way there.
            wanted: Its keywords.
            is_free: Whether no planned file has a name in its folder.
            may_be_new: Whether it may get a sidecar that it has not.
        """
        targets = self.targets(photo, self._beside(photo))
        planned = [self._into(path, path, wanted) for path in targets]
        if not targets and may_be_new and not self._only_ours and any(wanted.values()):
            try:
                path = self._new_sidecar(photo)
                if path is not None and is_free(path.name):
                    planned.append(self.new(path, wanted))
                elif path is not None:
                    self.problems.append((path, TAKEN))
            except OSError as error:
                self.problems.append((photo, explain(error)))
        return tuple(each for each in planned if each is not None)

    def has_ours(self, photo: Path) -> bool:
        """Whether a sidecar of a photo has keywords of ours, as far as its path says."""
        return bool(self.index) and any(self.index.at(path) for path in self.targets(photo, self._beside(photo)))

    def _into(self, source: Path, destination: Path, wanted: Entries) -> PlannedKeywords | None:
        """Plan to write into a sidecar; None where that changes nothing, or cannot be done."""
        try:
            if self._only_ours and not self._is_ours(source):
                return None
            read = read_and_merge(self._files, self.index, source, wanted)
        except XmpUnusable as error:
            self.problems.append((source, error.reason))
            return None
        except OSError as error:
            self.problems.append((source, explain(error)))
            return None
        if read.result is None:
            return None
        return PlannedKeywords(source, destination, wanted, len(read.result.data))

    def _is_ours(self, sidecar: Path) -> bool:
        """Whether a sidecar has keywords of ours; its bytes decide where the person has moved it."""
        if not self.index or self.index.at(sidecar) is not None:
            return bool(self.index)
        return self.index.of_bytes(self._files.hash(sidecar)) is not None

    def _new_sidecar(self, photo: Path) -> Path | None:
        """The path of a sidecar to be made; None if a disk cannot have its name, or something else has it.

        Raises:
            OSError: the disk refuses.
        """
        path = photo.with_name(photo.name + XMP_SUFFIX)
        if len(os.fsencode(path.name)) > MAX_NAME_BYTES:
            self.problems.append((path, explain(OSError(errno.ENAMETOOLONG, ""))))
            return None
        if stat_or_none(self._files, path) is not None:
            self.problems.append((path, NOT_A_FILE))
            return None
        return path

    def _beside(self, photo: Path) -> list[Path]:
        """The sidecars in the folder of a photo, which need not be there yet."""
        folder = photo.parent
        if folder not in self._names:
            try:
                names = self._files.list(folder)
                self._names[folder] = [n for n in names if is_regular(stat_or_none(self._files, folder / n))]
            except OSError:
                self._names[folder] = []
            self._sidecars[folder] = sidecars_by_photo(self._names[folder])
        names, found = self._names[folder], self._sidecars[folder]
        if photo.name not in names and any(name.lower().endswith(XMP_SUFFIX) for name in names):
            found = sidecars_by_photo([*names, photo.name])
        return [folder / name for name in found.get(photo.name, ())]


@dataclass(frozen=True, slots=True)
class SidecarRead:
    """A sidecar that was read to write keywords into it.

    Attributes:
        found: Its status before it was read.
        sha256: Of its bytes.
        former: The keywords in it that this program wrote before.
        result: It with the keywords; None where it has them already.
    """

    found: os.stat_result
    sha256: bytes
    former: Entries
    result: Merged | None


def read_and_merge(files: FileSystem, index: KeywordIndex, source: Path, wanted: Entries) -> SidecarRead:
    """Read a sidecar and write keywords into what was read.

    Raises:
        XmpUnusable: it is read-only, too large, not XMP, or keywords cannot be written into it.
        OSError: the disk refuses.
    """
    found = files.stat(source)
    if not is_regular(found):
        raise XmpUnusable(NOT_A_FILE)
    if not found.st_mode & _MAY_WRITE:
        raise XmpUnusable(READ_ONLY)
    data = files.read(source, MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise XmpUnusable(TOO_LARGE)
    sha256 = hashlib.sha256(data).digest()
    former = entries_in(index.at(source) or index.of_bytes(sha256))
    result = merged(data, wanted, former)
    return SidecarRead(found, sha256, former, None if result.data == data else result)


def entries_in(written: WrittenKeywords | None) -> Entries:
    """Return what the journal says that we wrote as values by field; fields of later versions are left out."""
    if written is None:
        return NO_ENTRIES
    known = {field.value for field in Field}
    return {Field(name): values for name, values in written.by_field.items() if name in known}
