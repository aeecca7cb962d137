"""Names of classes: which can be used, and which two are the same."""

from __future__ import annotations

import unicodedata

from flowersorter.errors import ClassRefused

MAX_NAME_LENGTH = 100
#: Control characters, surrogates (undecodable bytes of a folder's name), line and paragraph ends.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def class_key(name: str) -> str:
    """What two spellings of the same class name have in common: case and Unicode composition set aside."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())


def checked_name(name: str) -> str:
    """The name without spaces around it.

    Raises:
        ClassRefused: it cannot be used.
    """
    name = name.strip()
    why = ""
    if not name:
        raise ClassRefused("A class needs a name")
    if len(name) > MAX_NAME_LENGTH:
        why = f"it has more than {MAX_NAME_LENGTH} characters"
    elif any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in name):
        why = "it holds characters that cannot be shown"
    if why:
        shown = name[:MAX_NAME_LENGTH].encode("utf-8", "replace").decode()
        shown = "".join(character if character.isprintable() else "?" for character in shown)
        raise ClassRefused(f"The class name “{shown}” cannot be used", why)
    return name
