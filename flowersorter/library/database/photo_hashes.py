"""Compares the hashes of very many photos with those in the library."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.database.connection import ROWS_AT_ONCE, Database

_HASH_BYTES = 32


def same_hashes(database: Database, ids: NDArray[np.int64], hashes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Compare the SHA-256 of photos.

    Args:
        database: The library.
        ids: (N,) int64, ascending, each once.
        hashes: (N, 32) uint8.

    Returns:
        (N,) whether there is a photo with this id and hash.
    """
    same = np.zeros(len(ids), np.bool_)
    for start in range(0, len(ids), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        same[part] = _are_all(database, ids[part], hashes[part]) or _each(database, ids[part], hashes[part])
    return same


def _are_all(database: Database, ids: NDArray[np.int64], hashes: NDArray[np.uint8]) -> bool:
    """Whether ids that follow one another all have these hashes, joined by SQLite: no row becomes an object."""
    low, high = int(ids[0]), int(ids[-1])
    if high - low + 1 != len(ids):
        return False
    joined = (
        "SELECT group_concat(hex(sha256), '') FROM (SELECT sha256 FROM photos WHERE id BETWEEN ? AND ? ORDER BY id)"
    )
    (found,) = database.tuples(joined, (low, high))[0]
    return bool(found == hashes.tobytes().hex().upper())


def _each(database: Database, ids: NDArray[np.int64], hashes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    rows = database.tuples_by_id("id, sha256", "photos", "id", ids)
    at = np.searchsorted(ids, np.array([row[0] for row in rows], np.int64))
    whole = np.array([len(row[1]) == _HASH_BYTES for row in rows], np.bool_)
    now = np.frombuffer(b"".join(row[1] for row in rows if len(row[1]) == _HASH_BYTES), np.uint8)
    same = np.zeros(len(ids), np.bool_)
    same[at[whole]] = (now.reshape(-1, _HASH_BYTES) == hashes[at[whole]]).all(axis=1)
    return same
