"""The scores that a model gave to a collection's photos, in a file of their own: disposable, and read at once.

A collection that is opened again shows its suggestions without reading an embedding: the scores of a photo take 50
bytes, its embedding 4,096.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.atomic_write import atomic_replacement
from flowersorter.library.cache.hash_index import HASH_BYTES

_MAGIC = b"FSSCOR02"
#: Magic, key of the scoring, key of the embeddings, rows of these, photos, numbers a photo; a checksum of all follows.
_HEADER = struct.Struct("<8s32s32sQQI")
_CRC = struct.Struct("<I")
_LEAST_NUMBERS, _MOST_NUMBERS = 1, 1 << 12


@dataclass(frozen=True, slots=True, eq=False)
class StoredScores:
    """Scores of N photos.

    Attributes:
        scoring: Key of all that determines the scores besides the embeddings, 32 bytes.
        embeddings: Key of the embeddings they were made of, 32 bytes.
        rows: How many embeddings there were; a photo with a later one has to be scored again.
        photo_ids: (N,) int64.
        hashes: (N, 32) uint8, the SHA-256 of each photo: an id can get another hash, or be of another photo in a
            restored library.
        numbers: (N, K) float32.
    """

    scoring: bytes
    embeddings: bytes
    rows: int
    photo_ids: NDArray[np.int64]
    hashes: NDArray[np.uint8]
    numbers: NDArray[np.float32]


def write_scores(path: Path, scores: StoredScores) -> None:
    """Replace the file; its folder must exist.

    Raises:
        OSError: the disk refuses; the file is as it was.
    """
    shape = scores.numbers.shape
    header = _HEADER.pack(_MAGIC, scores.scoring, scores.embeddings, scores.rows, *shape)
    parts = [
        np.ascontiguousarray(scores.photo_ids, "<i8"),
        np.ascontiguousarray(scores.hashes),
        np.ascontiguousarray(scores.numbers, "<f4"),
    ]
    checked = zlib.crc32(header)
    with atomic_replacement(path, durable=False) as temporary, temporary.open("xb") as file:
        file.write(header)
        for part in parts:
            content = part.data.cast("B") if part.size else b""
            checked = zlib.crc32(content, checked)
            file.write(content)
        file.write(_CRC.pack(checked))


def stored_photos(path: Path) -> int:
    """How many photos have a stored score, by any model; 0 where the file cannot be read."""
    with contextlib.suppress(OSError, struct.error), path.open("rb") as file:
        magic, *_, photos, _ = _HEADER.unpack(file.read(_HEADER.size))
        return int(photos) if magic == _MAGIC else 0
    return 0


def read_scores(path: Path, scoring: bytes) -> StoredScores | None:
    """Read the scores with this key; None if there are none, or they are damaged."""
    with contextlib.suppress(OSError, struct.error, ValueError), path.open("rb") as file:
        header = file.read(_HEADER.size)
        magic, by, embeddings, rows, photos, width = _HEADER.unpack(header)
        size = _HEADER.size + photos * (8 + HASH_BYTES + 4 * width) + _CRC.size
        known_width = _LEAST_NUMBERS <= width <= _MOST_NUMBERS
        if magic != _MAGIC or by != scoring or not known_width or os.fstat(file.fileno()).st_size != size:
            return None
        photo_ids = np.fromfile(file, "<i8", photos)
        hashes = np.fromfile(file, np.uint8, photos * HASH_BYTES).reshape(photos, HASH_BYTES)
        numbers = np.fromfile(file, "<f4", photos * width).reshape(photos, width)
        checked = zlib.crc32(header)
        for part in (photo_ids, hashes, numbers):
            checked = zlib.crc32(part.data.cast("B") if part.size else b"", checked)
        if _CRC.pack(checked) == file.read():
            return StoredScores(by, embeddings, rows, photo_ids, hashes, numbers)
    return None


def remove_unfinished(folder: Path) -> None:
    """Remove the parts that programs left behind that were ended while they wrote scores; a failing disk is ignored.

    Only the program that has the collection open may call it.
    """
    with contextlib.suppress(OSError):
        for left in folder.glob("*.scores.*.part"):
            left.unlink(missing_ok=True)
