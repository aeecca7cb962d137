"""Class names: which are valid, and which two are equal."""

from __future__ import annotations

import re
import unicodedata

from flowersorter.errors import ClassRefused
from flowersorter.messages import text

MAX_NAME_LENGTH = 100
#: Control characters, surrogates (undecodable bytes of a folder's name), line and paragraph ends.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})

#: Change the text direction: "exe.gpj" would be shown as "jpg.exe".
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
#: The folder for photos of the verdict *unsure*: not a class, and its photos are not used for training.
ASIDE = "Not sure"


def class_key(name: str) -> str:
    """The key by which class names are compared: without case and Unicode composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())


def validated_name(name: str) -> str:
    """Return the name without surrounding spaces.

    Raises:
        ClassRefused: it is not a valid class name.
    """
    name = name.strip()
    why = ""
    if not name:
        raise ClassRefused(text("A class needs a name"))
    if len(name) > MAX_NAME_LENGTH:
        why = f"it has more than {MAX_NAME_LENGTH} characters"
    elif any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in name):
        why = "it contains characters that cannot be displayed"
    elif not _BIDI_CONTROLS.isdisjoint(name):
        why = "it contains characters that change the text direction"
    elif _looks_like_path(name):
        why = "it looks like a path"
    elif class_key(name) == class_key(ASIDE):
        why = "it is the folder for photos that FlowerSorter is not sure about"
    if why:
        shown = name[:MAX_NAME_LENGTH].encode("utf-8", "replace").decode()
        shown = "".join(character if character.isprintable() else "?" for character in shown)
        raise ClassRefused(text("The class name “{shown}” cannot be used", shown=shown), why)
    return name


def _looks_like_path(name: str) -> bool:
    """Whether a name is a path, such as "../x" and "/etc"; "tea/hybrid" is not."""
    parts = re.split(r"[/\\]", unicodedata.normalize("NFKC", name))
    leads = len(parts) > 1 and any(part.strip() in ("", ".", "..") for part in parts)
    return leads or parts[0] in (".", "..", "~") or _DRIVE.match(name) is not None
