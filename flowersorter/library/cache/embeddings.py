"""The embedding cache: the embedding of each photo and view by one backbone, on disk and disposable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import CacheUnusable, UserError
from flowersorter.library.cache.append_only_rows import KEY_BYTES, AppendOnlyRows
from flowersorter.library.cache.hash_index import HashIndex
from flowersorter.messages import text

_HASH_BYTES = 32
_VIEW_BYTES = KEY_BYTES - _HASH_BYTES


class Cursor(NamedTuple):
    """A position in a store: its generation, which rises when all rows are dropped, and the next row."""

    generation: int
    row: int


class EmbeddingStore:
    """The embeddings of one backbone, by SHA-256 and view; usable from every thread.

    Rows are returned exactly as stored. Rows lost to a crash or a bad disk are `missing` and computed again.

    Args:
        folder: The folder of its two files; made if missing.
        backbone: Names the files.
        refusal: Where given, the files are only read, also while another program appends to them, and `append` raises
            the error that this makes.

    Raises:
        CacheUnusable: the files cannot be opened.
    """

    def __init__(self, folder: Path, backbone: str, refusal: Callable[[], UserError] | None = None) -> None:
        self._lock, self._refusal = threading.RLock(), refusal
        self._generation = 0  # rises when all rows are dropped
        self._numbers: dict[bytes, HashIndex] = {}  # by view
        with _disk_errors_as_user_errors():
            if refusal is None:
                folder.mkdir(parents=True, exist_ok=True)
            self._files = AppendOnlyRows(*self.files(folder, backbone), read_only=refusal is not None)
        self._indexed = False

    @staticmethod
    def files(folder: Path, backbone: str) -> tuple[Path, Path]:
        """The paths of a backbone's rows and of their keys."""
        return folder / f"{backbone}.rows", folder / f"{backbone}.keys"

    @property
    def read_only(self) -> bool:
        """Whether nothing can be stored."""
        return self._refusal is not None

    @property
    def width(self) -> int | None:
        """D, or None while nothing is stored."""
        return self._files.width

    def missing(self, hashes: Sequence[bytes], view: str) -> list[bytes]:
        """The distinct `hashes` without a stored embedding of this view, in their order."""
        wanted = list(dict.fromkeys(hashes))
        with self._lock, _disk_errors_as_user_errors():
            numbers, positions = self._find(wanted, view)
            stored = np.zeros(len(wanted), np.bool_)
            stored[positions[self._files.sound(numbers)]] = True
        return [wanted[position] for position in np.flatnonzero(~stored).tolist()]

    def get(self, hashes: Sequence[bytes], view: str) -> tuple[NDArray[np.float16], NDArray[np.intp]]:
        """Read the stored embeddings of one view.

        Returns:
            (M, D) embeddings, and (M,) their positions in `hashes`, rising.
        """
        with self._lock, _disk_errors_as_user_errors():
            numbers, positions = self._find(hashes, view)
            rows, sound = self._files.rows(numbers)
        return (rows, positions) if sound.all() else (rows[sound], positions[sound])

    def append(self, hashes: Sequence[bytes], view: str, embeddings: NDArray[np.float16]) -> None:
        """Store the embeddings of a block of photos; they are on disk when this returns.

        Embeddings that are stored already are kept. If the width differs, the stored rows are of another backbone and
        are dropped.

        Args:
            hashes: N SHA-256 hashes.
            view: The view of all of them.
            embeddings: (N, D), rows in the order of `hashes`.

        Raises:
            UserError: the disk refuses, or the store is only read; nothing of the block was stored.
        """
        if self._refusal is not None:
            raise self._refusal()
        if embeddings.ndim != 2 or len(embeddings) != len(hashes) or embeddings.shape[1] == 0:
            raise ValueError(f"{len(hashes)} photos do not match embeddings of shape {embeddings.shape}")
        with self._lock, _disk_errors_as_user_errors():
            if self._files.width not in {None, embeddings.shape[1]}:
                self._files.clear()
                self._numbers.clear()
                self._generation += 1
            new = self.missing(hashes, view)
            if not new:
                return
            position_of = {sha256: position for position, sha256 in enumerate(hashes)}
            suffix = _view_bytes(view)
            first = len(self._files)
            self._files.append(
                [_checked_hash(sha256) + suffix for sha256 in new],
                embeddings[[position_of[sha256] for sha256 in new]],
            )
            self._numbers.setdefault(suffix, HashIndex()).put(new, np.arange(first, first + len(new)))

    def cursor(self) -> Cursor:
        """The present end of the store, for `since`."""
        with self._lock:
            return Cursor(self._generation, len(self._files))

    def digest(self, cursor: Cursor) -> bytes | None:
        """A key of all that is stored before a cursor, 32 bytes; None if rows before it were dropped or lost."""
        with self._lock:
            return self._files.digest(cursor.row) if cursor.generation == self._generation else None

    def cursor_at(self, row: int, digest: bytes) -> Cursor | None:
        """The end of the store when it had so many rows and this digest; None if it never was so, or lost one since."""
        with self._lock:
            return Cursor(self._generation, row) if self._files.digest(row) == digest else None

    def since(self, cursor: Cursor) -> tuple[Cursor, list[bytes]] | None:
        """The photos with embeddings stored since a cursor, and the cursor for the next call.

        Returns:
            Hashes in the order of storing, a photo once for each view; None if the rows before the cursor were
            dropped.
        """
        with self._lock:
            if cursor.generation != self._generation:
                return None
            keys = self._files.keys(cursor.row)
            return self.cursor(), [key[:_HASH_BYTES] for key in keys if key is not None]

    def close(self) -> None:
        """Close the files; more calls do nothing."""
        with self._lock:
            self._files.close()

    def _index(self) -> None:
        """Find out which hashes are in the files, when that is first needed: stored scores may do without."""
        if self._indexed:
            return
        self._indexed = True
        # Damaged keys are among them: a row is checked together with its key when it is read.
        records = self._files.key_rows()
        for view, rows in _rows_by_view(records[:, _HASH_BYTES:]):
            # All rows of a view together: an insertion for each run of them would sort the index again each time.
            hashes = records[:, :_HASH_BYTES] if len(rows) == len(records) else records[rows, :_HASH_BYTES]
            self._numbers.setdefault(view, HashIndex()).put_all(hashes, rows)

    def _find(self, hashes: Sequence[bytes], view: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row numbers of the stored embeddings, sound or damaged, and their positions in `hashes`."""
        self._index()
        index = self._numbers.get(_view_bytes(view))
        numbers = np.full(len(hashes), -1) if index is None else index.find(hashes)
        positions = np.flatnonzero(numbers >= 0)
        return numbers[positions], positions


def _rows_by_view(views: NDArray[np.uint8]) -> list[tuple[bytes, NDArray[np.intp]]]:
    """Each view in (N, V) uint8, and the ascending rows that have it."""
    if not len(views):
        return []
    # Only the first row of each run is compared with those of all others: most photos lie beside others of their view.
    numbers = np.ascontiguousarray(views).view(np.uint64)  # a third of the comparisons at a time
    differs = np.logical_or.reduce([part[1:] != part[:-1] for part in numbers.T])
    firsts = np.flatnonzero(np.append(True, differs))
    if len(firsts) == 1:
        return [(views[0].tobytes(), np.arange(len(views)))]
    names = np.ascontiguousarray(views[firsts]).view(np.dtype((np.void, views.shape[1])))[:, 0]
    distinct, of_run = np.unique(names, return_inverse=True)
    of_row = np.repeat(of_run, np.diff(np.append(firsts, len(views))))
    return [(name.tobytes(), np.flatnonzero(of_row == number)) for number, name in enumerate(distinct)]


def _view_bytes(view: str) -> bytes:
    name = view.encode()
    if not 0 < len(name) <= _VIEW_BYTES or b"\0" in name:
        raise ValueError(f"the name of the view {view!r} does not fit into {_VIEW_BYTES} bytes")
    return name.ljust(_VIEW_BYTES, b"\0")


def _checked_hash(sha256: bytes) -> bytes:
    if len(sha256) != _HASH_BYTES:
        raise ValueError(f"a SHA-256 has {_HASH_BYTES} bytes, not {len(sha256)}")
    return sha256


@contextmanager
def _disk_errors_as_user_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CacheUnusable(text("The embeddings cannot be read or saved"), error.strerror or str(error)) from error
