"""Comparing names as people do: without case, and whatever Unicode form a disk gives them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


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
    """Positions of the names that contain the typed text, those that begin with it first, else in their order."""
    wanted = unaccented(typed.strip())
    plain = [unaccented(name) for name in names]
    found = [at for at, name in enumerate(plain) if wanted in name]
    return sorted(found, key=lambda at: not plain[at].startswith(wanted))


def completion(name: str, typed: str) -> str:
    """The rest of a name behind its typed beginning; "" where it does not begin so."""
    wanted, name = unaccented(typed), unicodedata.normalize("NFC", name)
    ends = range(1, len(name) + 1)
    return next((name[end:] for end in ends if unaccented(name[:end]) == wanted), "")
