"""Finds the known photos that the names in a list of labels mean. Never touches the disk."""

from __future__ import annotations

import ntpath
import os
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cached_property
from itertools import chain
from pathlib import Path

from flowersorter.messages import Text, text
from flowersorter.workflows.csv_table import without_escape


class Unmatched(Enum):
    """Why a name means none of the photos."""

    NOT_FOUND = "not found"
    OUTSIDE = "outside"
    SEVERAL = "several"
    OTHER_BYTES = "other bytes"

    @property
    def text(self) -> Text:
        """The reason, for a person."""
        return _REASONS[self]


_REASONS = {
    Unmatched.NOT_FOUND: text("none of the photos has this name"),
    Unmatched.OUTSIDE: text("it is outside of the folder with the photos"),
    Unmatched.SEVERAL: text("several photos have this name"),
    Unmatched.OTHER_BYTES: text("none of the photos is the same file"),
}


class PhotoNames:
    """The names of photos.

    A name is a path from the folder of the list or from an opened folder, an absolute path, or the end of the path of
    one photo alone. Where an absolute path leads elsewhere, because the photos were moved or copied since the list was
    written, the relative path beside it counts. Where nothing is written exactly like it, case and the composition of
    accents do not matter. A path that leads out of the opened folders means no photo, whatever lies there. Names may be
    written as on Windows, as `csv_bytes` writes them, or between blanks.

    Args:
        names: Absolute paths of the photos, all in the opened folders.
        folder: The folder of the list.
        roots: The opened folders and photos.
    """

    def __init__(self, names: Sequence[str], folder: Path, roots: Sequence[Path]) -> None:
        self._names = [as_written(name) for name in names]
        self._row_of_path = {name: row for row, name in enumerate(self._names)}
        opened = [as_written(str(root)) for root in roots]
        self._folders = [root for root in opened if root not in self._row_of_path]
        # Thousands of photos may be opened one by one: their few folders are searched, not each of them.
        parents = [root.rpartition(os.sep)[0] for root in opened if root in self._row_of_path]
        self._opened = list(dict.fromkeys((*self._folders, *parents)))
        self._bases = list(dict.fromkeys((as_written(str(folder)), *self._opened)))

    def row_of(self, written: str, relative: str = "") -> int | Unmatched:
        """Return the number of the photo that a name means, or why there is none.

        Args:
            written: The name.
            relative: The path from the folder that was exported, where the list has it beside an absolute one.
        """
        found = self._row_of(written)
        return self._row_of(relative) if isinstance(found, Unmatched) and self._has_moved(written, relative) else found

    def _has_moved(self, written: str, relative: str) -> bool:
        """Whether an absolute path is of a folder that has nothing to do with the opened ones.

        In a folder above or below an opened one absolute paths hold, and a photo that is not open is no other photo of
        the same name.
        """
        path, tail = (_with_slashes(without_escape(as_written(name).strip())) for name in (written, relative))
        if not tail or not _is_absolute(path):
            return False
        folder = _key(os.path.normpath(path[: -len(tail)] if path.endswith(f"/{tail}") else path.rpartition("/")[0]))
        bases = map(_key, self._opened)
        return not any(_is_in(folder, base) or _is_in(base, folder) for base in bases)

    def _row_of(self, written: str) -> int | Unmatched:
        written = as_written(written)
        found = self._find(written)
        for other in (without_escape(written), written.replace("\\", "/"), _with_slashes(written.strip())):
            is_new = isinstance(found, Unmatched) and other != written
            if is_new and (again := self._find(other)) is not Unmatched.NOT_FOUND:
                found = again
        return found

    def _find(self, written: str) -> int | Unmatched:
        is_whole = Path(written).is_absolute()
        paths, rows = list[str](), set[int]()
        for base in self._bases[:1] if is_whole else self._bases:
            path = os.path.normpath(written if is_whole else f"{base.rstrip(os.sep)}{os.sep}{written}")
            if (row := self._row_of_path.get(path)) is not None:
                if not paths:  # in the folder of the list
                    return row
                rows.add(row)
            paths.append(path)
        if not rows:
            first, *rest = (self._rows_by_key.get(_key(path), ()) for path in paths)
            rows.update(first or chain.from_iterable(rest))
        if rows:
            return rows.pop() if len(rows) == 1 else Unmatched.SEVERAL
        if not _is_absolute(written) and not _climbs(written):
            return self._by_tail(written)
        is_foreign = _is_absolute(written) and not is_whole
        return Unmatched.NOT_FOUND if any(map(self._is_within, paths)) and not is_foreign else Unmatched.OUTSIDE

    def _by_tail(self, written: str) -> int | Unmatched:
        """Find the one photo whose path ends with a relative path."""
        tail = _key(os.path.normpath(written))
        same_name = self._rows_by_name.get(_name_of(tail), ())
        rows = [row for row in same_name if self._keys[row].endswith(os.sep + tail)]
        if not rows:
            return Unmatched.NOT_FOUND
        return rows[0] if len(rows) == 1 else Unmatched.SEVERAL

    def _is_within(self, path: str) -> bool:
        return any(_is_in(path, root) for root in self._folders)

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


def _with_slashes(name: str) -> str:
    """A path of Windows with "/"; in other paths a backslash is part of a name."""
    return name if "/" in name else name.replace("\\", "/")


def _is_absolute(name: str) -> bool:
    """Whether a path is absolute here or on Windows."""
    return name.startswith(("/", "\\")) or bool(ntpath.splitdrive(name)[0])


def _climbs(name: str) -> bool:
    return Path(os.path.normpath(name)).parts[:1] == (os.pardir,)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _name_of(path: str) -> str:
    return path.rpartition(os.sep)[2]
