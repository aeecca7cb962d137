"""Many texts in one array, to be searched together: a million names take some hundredths of a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEPARATOR = "\0"
#: One in so many bytes tells which ones are frequent.
_SAMPLED = 64


class JoinedTexts:
    """Texts without NUL characters, in one array of bytes.

    Args:
        joined: N texts with NUL characters between them; undecodable bytes of file names may be among the others.
        count: N.
    """

    def __init__(self, joined: str, count: int) -> None:
        self._bytes = np.frombuffer(joined.encode("utf-8", "surrogatepass"), np.uint8)
        ends = np.flatnonzero(self._bytes == 0)
        self._starts = np.concatenate([np.zeros(min(count, 1), np.intp), ends + 1])
        self._frequency = np.bincount(self._bytes[::_SAMPLED], minlength=256)

    def __len__(self) -> int:
        return len(self._starts)

    def containing(self, wanted: str) -> NDArray[np.bool_]:
        """(N,) bool, which texts have this one in them; all of them have an empty one."""
        pattern = np.frombuffer(wanted.encode("utf-8", "surrogatepass"), np.uint8)
        found = np.zeros(len(self), np.bool_)
        if not len(pattern):
            return ~found
        last = len(self._bytes) - len(pattern)
        if last < 0 or SEPARATOR in wanted:
            return found
        # The rarest byte first: it leaves few places where the others have to be looked at.
        rarest, *others = np.argsort(self._frequency[pattern], kind="stable").tolist()
        at = np.flatnonzero(self._bytes[rarest : last + 1 + rarest] == pattern[rarest])
        for offset in others:
            at = at[self._bytes[at + offset] == pattern[offset]]
        found[np.searchsorted(self._starts, at, "right") - 1] = True
        return found
