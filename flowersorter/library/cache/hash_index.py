"""Row numbers by SHA-256, in sorted arrays: a million take 44 MB, in a dictionary 200 MB, and an instant to make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HASH_BYTES = 32
_KEY = np.dtype(f"S{HASH_BYTES}")
#: Hashes added one by one are in a dictionary until there are so many, and as many as this part of the sorted ones.
_LEAST_RECENT, _RECENT_PART = 4096, 4


class HashIndex:
    """A mapping from hashes to row numbers; for one thread at a time."""

    def __init__(self) -> None:
        self._keys = np.empty(0, _KEY)  # ascending
        self._firsts = np.empty(0, np.uint64)  # the first eight bytes of each, which nearly always decide
        self._rows = np.empty(0, np.int32)
        self._recent: dict[bytes, int] = {}

    def find(self, hashes: Sequence[bytes]) -> NDArray[np.intp]:
        """(N,) the row number of each hash, -1 for one that is not there."""
        wanted = hash_rows(hashes)
        keys, firsts = _columns(wanted)
        rows = np.full(len(keys), -1, np.intp)
        if len(self._keys):
            at = np.minimum(np.searchsorted(self._firsts, firsts), len(self._keys) - 1)
            found = self._keys[at] == keys
            other = np.flatnonzero(~found & (self._firsts[at] == firsts))  # the same beginning, another hash
            at[other] = np.minimum(np.searchsorted(self._keys, keys[other]), len(self._keys) - 1)
            found[other] = self._keys[at[other]] == keys[other]
            rows[found] = self._rows[at[found]]
        if self._recent:
            for position, sha256 in enumerate(hashes):
                rows[position] = self._recent.get(sha256, rows[position])
        return rows

    def put(self, hashes: Sequence[bytes], rows: NDArray[np.intp]) -> None:
        """Add hashes with their (N,) row numbers; one that is there already gets the new number."""
        self._recent.update(zip(hashes, rows.tolist(), strict=True))
        if len(self._recent) >= max(_LEAST_RECENT, len(self._keys) // _RECENT_PART):
            self.put_all(np.empty((0, HASH_BYTES), np.uint8), np.empty(0, np.intp))

    def put_all(self, hashes: NDArray[np.uint8], rows: NDArray[np.intp]) -> None:
        """As `put`, for very many: (N, 32) uint8 hashes; of several equal ones the last one counts."""
        recent, self._recent = self._recent, {}  # before the new ones, which count where a hash is among both
        keys, firsts = _columns(np.vstack([hash_rows(list(recent)), hashes]) if recent else hashes)
        together = np.append(np.fromiter(recent.values(), np.int32, len(recent)), rows).astype(np.int32)
        if len(self._keys):
            keys, firsts = np.concatenate([self._keys, keys]), np.concatenate([self._firsts, firsts])
            together = np.concatenate([self._rows, together])
        order = np.argsort(firsts)
        ordered = firsts[order]
        if (ordered[1:] == ordered[:-1]).any():
            order = np.argsort(keys, kind="stable")
            again = keys[order]
            order = order[np.append(again[1:] != again[:-1], True)]
            ordered = firsts[order]
        self._keys, self._firsts, self._rows = keys[order], ordered, together[order]


def hash_rows(hashes: Sequence[bytes]) -> NDArray[np.uint8]:
    """(N, 32) uint8 of SHA-256 hashes.

    Raises:
        ValueError: one of them has another length.
    """
    rows = np.frombuffer(b"".join(hashes), np.uint8)
    if len(rows) != HASH_BYTES * len(hashes):
        raise ValueError(f"a SHA-256 has {HASH_BYTES} bytes")
    return rows.reshape(-1, HASH_BYTES)


def _columns(hashes: NDArray[np.uint8]) -> tuple[NDArray[np.bytes_], NDArray[np.uint64]]:
    """(N,) the hashes as they are sorted, and (N,) their first eight bytes."""
    whole = np.ascontiguousarray(hashes)
    firsts = np.ascontiguousarray(whole[:, :8]).view(">u8")[:, 0]
    return whole.view(_KEY)[:, 0], firsts.astype(np.uint64)
