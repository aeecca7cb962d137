"""Places (paths where photos were found), one by one or as columns."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique, taken, which_are_given
from flowersorter.domain.name_search import JoinedTexts, joined_names
from flowersorter.domain.natural_sort import NaturalOrder, by_folder


@dataclass(frozen=True, slots=True)
class Place:
    """A path where a photo was found.

    Attributes:
        photo_id: The photo there; None while it has not been read.
        size_bytes: Of the file at the last scan.
        mtime_ns: Modification time of the file at the last scan.
        error: Why the file cannot be read as a photo, or None.
        missing: Whether the file was gone at the last scan of its folder.
    """

    id: int
    path: Path
    photo_id: int | None
    size_bytes: int
    mtime_ns: int
    error: str | None
    missing: bool


class Paths(Sequence[Path]):
    """Absolute paths, stored as strings; an item becomes a `Path` when it is accessed.

    100,000 path objects take a third of a second to make and 30 MB of memory.

    Attributes:
        names: The strings.

    Args:
        names: As above.
        folders: As the property of this name, where the caller has them.
    """

    __slots__ = ("_folders", "_joined_names", "names")

    def __init__(self, names: Sequence[str] = (), folders: tuple[list[str], NDArray[np.intp]] | None = None) -> None:
        self.names, self._folders = names, folders
        self._joined_names: JoinedTexts | None = None

    @classmethod
    def of(cls, paths: Iterable[Path]) -> Paths:
        """Convert from any collection of paths."""
        return paths if isinstance(paths, Paths) else cls(tuple(map(str, paths)))

    @property
    def folders(self) -> tuple[list[str], NDArray[np.intp]]:
        """The folders in natural order, and (N,) the number of that of each path; found when they are first needed."""
        if self._folders is None:
            self._folders = numbered_folders(by_folder(self.names), len(self))
        return self._folders

    @property
    def joined_names(self) -> JoinedTexts:
        """The file names, as `folded` gives them, to search in; joined when they are first needed."""
        if self._joined_names is None:
            self._joined_names = JoinedTexts(joined_names(self.names, *self.folders), len(self))
        return self._joined_names

    @property
    def can_be_searched(self) -> bool:
        """Whether the names are joined already."""
        return self._joined_names is not None

    def take(self, rows: NDArray[np.intp]) -> Paths:
        """Some of the paths, by number and in that order."""
        return Paths(taken(self.names, rows))

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Path]:
        folders: dict[str, Path] = {}  # parsing a path is the slow part
        for path in self.names:
            head, separator, name = path.rpartition(os.sep)
            folder = folders.get(head)
            if folder is None:
                folder = folders[head] = Path(head + separator)
            yield folder / name

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> Paths: ...
    def __getitem__(self, index: int | slice) -> Path | Paths:
        return Paths(self.names[index]) if isinstance(index, slice) else Path(self.names[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self.names) == [str(path) for path in other]

    __hash__ = None  # type: ignore[assignment]  # as with a list

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """The position of a path.

        Raises:
            ValueError: it is not among them.
        """
        return self.names.index(str(value), start, len(self.names) if stop is None else stop)


class Places(Sequence[Place]):
    """Places as columns; an item becomes a `Place` when it is accessed.

    Attributes:
        ids: (N,) int64.
        photo_ids: (N,) int64; 0 where the file has not been read.
        paths: N absolute paths.
        sizes_bytes: (N,) int64.
        mtimes_ns: (N,) int64.
        errors: N reasons why a file is unreadable, None where it is not.
        missing: (N,) bool.
    """

    __slots__ = ("errors", "ids", "missing", "mtimes_ns", "paths", "photo_ids", "sizes_bytes")

    def __init__(
        self,
        ids: NDArray[np.int64],
        photo_ids: NDArray[np.int64],
        paths: Paths,
        sizes_bytes: NDArray[np.int64],
        mtimes_ns: NDArray[np.int64],
        errors: tuple[str | None, ...],
        missing: NDArray[np.bool_],
    ) -> None:
        self.ids, self.photo_ids, self.paths = ids, photo_ids, paths
        self.sizes_bytes, self.mtimes_ns = sizes_bytes, mtimes_ns
        self.errors, self.missing = errors, missing

    @classmethod
    def from_rows(cls, rows: Sequence[tuple[Any, ...]], names: Sequence[str] | None = None) -> Places:
        """Turn rows of `PLACE_COLUMNS` into places.

        Args:
            rows: From the database.
            names: Their paths as strings, where the caller has them.
        """
        ids, paths, photo_ids, sizes, mtimes, errors, missing = zip(*rows, strict=True) if rows else ((),) * 7
        return cls(
            ids=np.array(ids, np.int64),
            photo_ids=np.array(photo_ids, np.int64),
            paths=Paths(names if names is not None else decoded(paths)),
            sizes_bytes=np.array(sizes, np.int64),
            mtimes_ns=np.array(mtimes, np.int64),
            errors=errors,
            missing=np.array(missing, np.bool_),
        )

    @classmethod
    def joined(cls, parts: Sequence[Places]) -> Places:
        """The places of all parts, one part after the other."""
        if not parts:
            return cls.from_rows([])
        return cls(
            ids=np.concatenate([part.ids for part in parts]),
            photo_ids=np.concatenate([part.photo_ids for part in parts]),
            paths=Paths([name for part in parts for name in part.paths.names]),
            sizes_bytes=np.concatenate([part.sizes_bytes for part in parts]),
            mtimes_ns=np.concatenate([part.mtimes_ns for part in parts]),
            errors=tuple([error for part in parts for error in part.errors]),
            missing=np.concatenate([part.missing for part in parts]),
        )

    @classmethod
    def of(cls, places: Sequence[Place]) -> Places:
        """Convert from any sequence of places."""
        if isinstance(places, Places):
            return places
        return cls(
            ids=np.array([place.id for place in places], np.int64),
            photo_ids=np.array([place.photo_id or 0 for place in places], np.int64),
            paths=Paths.of(place.path for place in places),
            sizes_bytes=np.array([place.size_bytes for place in places], np.int64),
            mtimes_ns=np.array([place.mtime_ns for place in places], np.int64),
            errors=tuple(place.error for place in places),
            missing=np.array([place.missing for place in places], np.bool_),
        )

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Place: ...
    @overload
    def __getitem__(self, index: slice) -> Places: ...
    def __getitem__(self, index: int | slice) -> Place | Places:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        return Place(
            id=int(self.ids[index]),
            path=self.paths[index],
            photo_id=int(self.photo_ids[index]) or None,
            size_bytes=int(self.sizes_bytes[index]),
            mtime_ns=int(self.mtimes_ns[index]),
            error=self.errors[index],
            missing=bool(self.missing[index]),
        )

    def __iter__(self) -> Iterator[Place]:
        columns = (self.ids.tolist(), self.paths, self.photo_ids.tolist(), self.sizes_bytes.tolist())
        rest = (self.mtimes_ns.tolist(), self.errors, self.missing.tolist())
        for place_id, path, photo_id, size, mtime, error, missing in zip(*columns, *rest, strict=True):
            yield Place(place_id, path, photo_id or None, size, mtime, error, missing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as with a list

    def take(self, rows: NDArray[np.intp]) -> Places:
        """Some of the places, by number and in that order."""
        return Places(
            ids=self.ids[rows],
            photo_ids=self.photo_ids[rows],
            paths=self.paths.take(rows),
            sizes_bytes=self.sizes_bytes[rows],
            mtimes_ns=self.mtimes_ns[rows],
            errors=tuple(taken(self.errors, rows)),
            missing=self.missing[rows],
        )

    @property
    def known_photo_ids(self) -> NDArray[np.int64]:
        """(M,) the ids of the readable photos at these places, ascending, each once."""
        return sorted_unique(self.photo_ids[(self.photo_ids > 0) & self._readable])

    @property
    def _readable(self) -> NDArray[np.bool_]:
        return ~which_are_given(self.errors)


def decoded(paths: Collection[bytes]) -> list[str]:
    """As `os.fsdecode` for each, in a tenth of its time."""
    encoding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
    together = b"\0".join(paths).decode(encoding, errors).split("\0")
    # None, and those of a library that something else wrote into.
    return together if len(together) == len(paths) else [path.decode(encoding, errors) for path in paths]


def numbered_folders(members: Mapping[str, Sequence[int]], count: int) -> tuple[list[str], NDArray[np.intp]]:
    """Number folders in natural order.

    Args:
        members: As `by_folder` gives it.
        count: How many paths there are.

    Returns:
        The folders, and (N,) the number of the folder of each path.
    """
    folders, numbers = sorted(members, key=NaturalOrder().folder), np.empty(count, np.intp)
    for number, folder in enumerate(folders):
        numbers[members[folder]] = number
    return folders, numbers


def common_folder(folders: Iterable[str | Path]) -> str:
    """Return the innermost folder that all of these folders are in; "" for folders on different drives."""
    try:
        return os.path.commonpath([os.path.join(folder, "") for folder in folders])  # noqa: PTH118 - "E:" is no folder
    except ValueError:
        return ""
