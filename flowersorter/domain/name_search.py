"""Comparing names as people do: without case, and whatever Unicode form a disk gives them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

#: Between texts that are searched together.
SEPARATOR = "\0"
#: One in so many bytes tells which ones are frequent.
_SAMPLED = 64


def folded(text: str) -> str:
    """The text without the differences of case and composed or decomposed accents."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def unaccented(text: str) -> str:
    """Lower-cased text without accents, for searching."""
    text = text.casefold()
    if text.isascii():
        return text
    return "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))


def best_matches(names: Iterable[str], typed: str) -> list[int]:
    """Positions of the names that contain the typed text, those that begin with it first, else in their order.

    A single letter is in almost every name: it has to begin a word, but for scripts in which a letter can be a word.
    """
    wanted = unaccented(typed.strip())
    plain = [unaccented(name) for name in names]
    anywhere = len(wanted) != 1 or not (wanted.isascii() or wanted != wanted.upper())
    found = [at for at, name in enumerate(plain) if wanted in name and (anywhere or _begins_word(name, wanted))]
    return sorted(found, key=lambda at: not plain[at].startswith(wanted))


def _begins_word(name: str, wanted: str) -> bool:
    """Whether a word of a name begins with a text; all characters but letters and digits end a word."""
    starts = (at for at, each in enumerate(name) if at == 0 or not name[at - 1].isalnum())
    return any(name.startswith(wanted, at) for at in starts)


def completion(name: str, typed: str) -> str:
    """The rest of a name behind its typed beginning; "" where it does not begin so."""
    wanted, name = unaccented(typed), unicodedata.normalize("NFC", name)
    ends = range(1, len(name) + 1)
    return next((name[end:] for end in ends if unaccented(name[:end]) == wanted), "")


def joined_names(paths: Sequence[str], folders: Sequence[str], numbers: NDArray[np.intp]) -> str:
    """The file names of N paths, as `folded` gives them, with NUL characters between them.

    Args:
        paths: N absolute paths; those of a folder mostly follow one another.
        folders: The folders, as `Paths.folders` gives them.
        numbers: (N,) the number of the folder of each path.
    """
    cuts = [itemgetter(slice(len(folder + os.sep), None)) for folder in folders]
    bounds = [*(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(paths)] if len(paths) else []
    parts, first = [], 0
    for end in bounds:
        # The same cut for the paths of a folder: half of the time that a slice for each path takes.
        parts.append(SEPARATOR.join(map(cuts[numbers[first]], paths[first:end])))
        first = end
    return folded(SEPARATOR.join(parts))


class JoinedTexts:
    """Texts without NUL characters in one array of bytes: a million names are searched in some hundredths of a second.

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
