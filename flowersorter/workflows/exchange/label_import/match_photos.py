"""Finds the known photos that the names in a list of labels mean. Never touches the disk."""

from __future__ import annotations

import ntpath
import os
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cached_property
from pathlib import Path

from flowersorter.messages import Text, text
from flowersorter.workflows.csv_table import without_escape


class Unmatched(Enum):
    """Why a name means none of the photos."""

    NOT_FOUND = "not found"
    OUTSIDE = "outside"
    SEVERAL = "several"

    @property
    def text(self) -> Text:
        """The reason, for a person."""
        return _REASONS[self]


_REASONS = {
    Unmatched.NOT_FOUND: text("none of the photos has this name"),
    Unmatched.OUTSIDE: text("it is outside of the folder with the photos"),
    Unmatched.SEVERAL: text("several photos have this name"),
}


class PhotoNames:
    """The names of photos.

    A name is a path from the folder of the list or from an opened folder, an absolute path, or the end of the path of
    one photo alone. Where nothing is written exactly like it, case and the composition of accents do not matter. A path
    that leads out of the opened folders means no photo, whatever lies there. Names may be written as on Windows, or as
    `csv_bytes` writes them.

    Args:
        names: Absolute paths of the photos, all in the opened folders.
        folder: The folder of the list.
        roots: The opened folders and photos.
    """

    def __init__(self, names: Sequence[str], folder: Path, roots: Sequence[Path]) -> None:
        self._names = [as_written(name) for name in names]
        self._row_of = {name: row for row, name in enumerate(self._names)}
        self._bases = list(dict.fromkeys(as_written(str(base)) for base in (folder, *roots)))
        self._within = tuple(as_written(str(root)) for root in roots)

    def row_of(self, written: str) -> int | Unmatched:
        """Return the number of the photo that a name means, or why there is none."""
        written = as_written(written)
        found = self._find(written)
        for other in (without_escape(written), written.replace("\\", "/")):
            is_new = isinstance(found, Unmatched) and other != written
            if is_new and (again := self._find(other)) is not Unmatched.NOT_FOUND:
                found = again
        return found

    def _find(self, written: str) -> int | Unmatched:
        if Path(written).is_absolute():
            paths = [os.path.normpath(written)]
        else:
            paths = [os.path.normpath(f"{base}{os.sep}{written}") for base in self._bases]
        for path in paths:
            if (row := self._row_of.get(path)) is not None:
                return row
        for path in paths:
            rows = self._rows_by_key.get(_key(path), ())
            if rows:
                return rows[0] if len(rows) == 1 else Unmatched.SEVERAL
        if not any(map(self._is_within, paths)) or (_is_absolute(written) and not Path(written).is_absolute()):
            return Unmatched.OUTSIDE
        return Unmatched.NOT_FOUND if _is_absolute(written) or _climbs(written) else self._by_tail(written)

    def _by_tail(self, written: str) -> int | Unmatched:
        """Find the one photo whose path ends with a relative path."""
        tail = _key(os.path.normpath(written))
        same_name = self._rows_by_name.get(_name_of(tail), ())
        rows = [row for row in same_name if self._keys[row].endswith(os.sep + tail)]
        if not rows:
            return Unmatched.NOT_FOUND
        return rows[0] if len(rows) == 1 else Unmatched.SEVERAL

    def _is_within(self, path: str) -> bool:
        return any(path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in self._within)

    @cached_property
    def _keys(self) -> list[str]:
        return list(map(_key, self._names))

    @cached_property
    def _rows_by_key(self) -> Mapping[str, Sequence[int]]:
        rows = defaultdict[str, list[int]](list)
        for row, key in enumerate(self._keys):
            rows[key].append(row)
        return dict(rows)

    @cached_property
    def _rows_by_name(self) -> Mapping[str, Sequence[int]]:
        rows = defaultdict[str, list[int]](list)
        for row, key in enumerate(self._keys):
            rows[_name_of(key)].append(row)
        return dict(rows)


def as_written(name: str) -> str:
    """Return a name as files hold it: bytes that are no text as escapes, as ``csv_bytes`` writes them."""
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()


def _key(name: str) -> str:
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def _is_absolute(name: str) -> bool:
    """Whether a path is absolute here or on Windows."""
    return name.startswith(("/", "\\")) or bool(ntpath.splitdrive(name)[0])


def _climbs(name: str) -> bool:
    return Path(os.path.normpath(name)).parts[:1] == (os.pardir,)


def _name_of(path: str) -> str:
    return path.rpartition(os.sep)[2]
