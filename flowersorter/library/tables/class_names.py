"""Class names: which are valid, and which two are equal."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from flowersorter.domain.journal import DUPLICATES
from flowersorter.errors import ClassRefused
from flowersorter.messages import Text, text

MAX_NAME_LENGTH = 100
_HASH_DIGITS = 6
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
    why: Text | None = None
    if not name:
        raise ClassRefused(text("A class needs a name"))
    if len(name) > MAX_NAME_LENGTH:
        why = text("it has more than {count} characters", count=MAX_NAME_LENGTH)
    elif any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in name):
        why = text("it contains characters that cannot be displayed")
    elif not _BIDI_CONTROLS.isdisjoint(name):
        why = text("it contains characters that change the text direction")
    elif _looks_like_path(name):
        why = text("it looks like a path")
    elif class_key(name) == class_key(ASIDE):
        why = text("it is the folder for photos that FlowerSorter is not sure about")
    elif class_key(name) == class_key(DUPLICATES):
        why = text("it is the folder for duplicates")
    if why:
        shown = name[:MAX_NAME_LENGTH].encode("utf-8", "replace").decode()
        shown = "".join(character if character.isprintable() else "?" for character in shown)
        raise ClassRefused(text("The class name “{shown}” cannot be used", shown=shown), why)
    return name


def class_name_of_folder(folder: str) -> str:
    """Return the class name of a folder: its own name, changed as little as needed to be valid.

    Different folders keep different names: refused characters become their bytes in hexadecimal ("~" is "%7E"), and a
    name that is too long ends with a few digits of its hash.
    """
    name = unicodedata.normalize("NFC", folder).strip()
    if _is_valid(name):
        return name
    name = "".join(_as_bytes(each) if _is_refused(each) else each for each in name)
    if not _is_valid(name[:MAX_NAME_LENGTH]):
        name = _as_bytes(name[0]) + name[1:] if name else "%20"
    if len(name) > MAX_NAME_LENGTH:
        digits = hashlib.sha256(folder.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
        name = f"{name[: MAX_NAME_LENGTH - _HASH_DIGITS - 2].rstrip()}… {digits}"
    return name


def _is_valid(name: str) -> bool:
    try:
        return validated_name(name) == name
    except ClassRefused:
        return False


def _is_refused(character: str) -> bool:
    separates = not {"/", "\\"}.isdisjoint(unicodedata.normalize("NFKC", character))
    return separates or unicodedata.category(character) in _REFUSED_CATEGORIES or character in _BIDI_CONTROLS


def _as_bytes(character: str) -> str:
    undecodable = "\udc80" <= character <= "\udcff"  # a byte of a name that is no text; Windows has other surrogates
    return "".join(
        f"%{b:02X}" for b in character.encode("utf-8", "surrogateescape" if undecodable else "surrogatepass")
    )


def _looks_like_path(name: str) -> bool:
    """Whether a name is a path, such as "../x" and "/etc"; "tea/hybrid" is not."""
    parts = re.split(r"[/\\]", unicodedata.normalize("NFKC", name))
    leads = len(parts) > 1 and any(part.strip() in ("", ".", "..") for part in parts)
    return leads or parts[0] in (".", "..", "~") or _DRIVE.match(name) is not None
