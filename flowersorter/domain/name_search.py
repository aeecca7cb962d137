"""Comparing names as people do: without case, and whatever Unicode form a disk gives them."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """The text without the differences of case and composed or decomposed accents."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()
