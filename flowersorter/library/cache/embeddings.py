"""The cache of embeddings: what a backbone made of each photo and view, on disk and disposable."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import UserError
from flowersorter.library.cache.append_only_rows import KEY_BYTES, AppendOnlyRows

_HASH_BYTES = 32
_VIEW_BYTES = KEY_BYTES - _HASH_BYTES


class Mark(NamedTuple):
    """How far somebody has read a store: in which of its lives, and up to which row."""

    life: int
    rows: int


class EmbeddingStore:
    """The embeddings of one backbone, by SHA-256 and view; usable from every thread.

    What comes out is what went in. Whatever a crash or a bad disk took is `missing` and is computed again.

    Args:
        folder: Where its two files are; made if missing.
        backbone: Names the files.

    Raises:
        UserError: the files cannot be opened.
    """

    def __init__(self, folder: Path, backbone: str) -> None:
        self._lock = threading.RLock()
        self._life = 0  # one more each time all rows went
        self._numbers: dict[bytes, dict[bytes, int]] = {}
        with _disk_errors_in_words():
            folder.mkdir(parents=True, exist_ok=True)
            self._files = AppendOnlyRows(*self.files(folder, backbone))
        view, numbers = b"", dict[bytes, int]()
        for number, key in enumerate(self._files.keys()):
            if key is None:
                continue
            if key[_HASH_BYTES:] != view:  # most are of the same view as the one before
                view = key[_HASH_BYTES:]
                numbers = self._numbers.setdefault(view, {})
            numbers[key[:_HASH_BYTES]] = number

    @staticmethod
    def files(folder: Path, backbone: str) -> tuple[Path, Path]:
        """The files of a backbone's rows and of their keys."""
        return folder / f"{backbone}.rows", folder / f"{backbone}.keys"

    @property
    def width(self) -> int | None:
        """D, or None while nothing is stored."""
        return self._files.width

    def missing(self, hashes: Sequence[bytes], view: str) -> list[bytes]:
        """Those of `hashes` whose embedding of this view is not there, each once, in their order."""
        wanted = list(dict.fromkeys(hashes))
        with self._lock, _disk_errors_in_words():
            numbers, positions = self._find(wanted, view)
            there = np.zeros(len(wanted), np.bool_)
            there[positions[self._files.sound(numbers)]] = True
        return [wanted[position] for position in np.flatnonzero(~there).tolist()]

    def get(self, hashes: Sequence[bytes], view: str) -> tuple[NDArray[np.float16], NDArray[np.intp]]:
        """The embeddings of one view that are there.

        Returns:
            (M, D) embeddings, and (M,) the positions in `hashes` they belong to, rising.
        """
        with self._lock, _disk_errors_in_words():
            numbers, positions = self._find(hashes, view)
            rows, sound = self._files.rows(numbers)
        return (rows, positions) if sound.all() else (rows[sound], positions[sound])

    def append(self, hashes: Sequence[bytes], view: str, embeddings: NDArray[np.float16]) -> None:
        """Keep the embeddings of a block of photos; they are on disk when this returns.

        Those that are there already stay as they are. If the width differs from what is stored, that is
        of another backbone and goes.

        Args:
            hashes: N SHA-256 hashes.
            view: The view all of them are of.
            embeddings: (N, D), rows in the order of `hashes`.

        Raises:
            UserError: the disk refuses; nothing of the block was kept.
        """
        if embeddings.ndim != 2 or len(embeddings) != len(hashes) or embeddings.shape[1] == 0:
            raise ValueError(f"{len(hashes)} photos do not fit embeddings of shape {embeddings.shape}")
        with self._lock, _disk_errors_in_words():
            if self._files.width not in {None, embeddings.shape[1]}:
                self._files.clear()
                self._numbers.clear()
                self._life += 1
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
            numbers = range(first, first + len(new))
            self._numbers.setdefault(suffix, {}).update(zip(new, numbers, strict=True))

    def mark(self) -> Mark:
        """Where the store is now, for `since`."""
        with self._lock:
            return Mark(self._life, len(self._files))

    def since(self, mark: Mark) -> tuple[Mark, list[bytes]] | None:
        """The photos that something was stored of since a mark, with the mark to ask from next.

        Returns:
            Hashes in the order of storing, a photo once for each view; None if all that was there at the mark
            is gone.
        """
        with self._lock:
            if mark.life != self._life:
                return None
            keys = self._files.keys(mark.rows)
            return self.mark(), [key[:_HASH_BYTES] for key in keys if key is not None]

    def close(self) -> None:
        """Close the files; more calls do nothing."""
        with self._lock:
            self._files.close()

    def _find(self, hashes: Sequence[bytes], view: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row numbers of the embeddings that were stored, sound or not, and their positions in `hashes`."""
        number_of = self._numbers.get(_view_bytes(view), {})
        numbers = np.fromiter(map(number_of.get, hashes, itertools.repeat(-1)), np.intp, len(hashes))
        positions = np.flatnonzero(numbers >= 0)
        return numbers[positions], positions


def _view_bytes(view: str) -> bytes:
    name = view.encode()
    if not 0 < len(name) <= _VIEW_BYTES or b"\0" in name:
        raise ValueError(f"the name of the view {view!r} does not fit {_VIEW_BYTES} bytes")
    return name.ljust(_VIEW_BYTES, b"\0")


def _checked_hash(sha256: bytes) -> bytes:
    if len(sha256) != _HASH_BYTES:
        raise ValueError(f"a SHA-256 has {_HASH_BYTES} bytes, not {len(sha256)}")
    return sha256


@contextmanager
def _disk_errors_in_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError("The embeddings cannot be read or saved", error.strerror or str(error)) from error
