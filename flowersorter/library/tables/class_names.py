"""Names of classes: which can be used, and which two are the same."""

from __future__ import annotations

import re
import unicodedata

from flowersorter.errors import ClassRefused

MAX_NAME_LENGTH = 100
#: Control characters, surrogates (undecodable bytes of a folder's name), line and paragraph ends.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})

#: Turn the reading direction of what follows: "exe.gpj" would be shown as "jpg.exe".
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
#: The folder for photos nobody is sure about: it holds no class, and nothing is learned from what stands in it.
ASIDE = "Not sure"


def class_key(name: str) -> str:
    """What two spellings of the same class name have in common: case and Unicode composition set aside."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())


def validated_name(name: str) -> str:
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
    elif not _BIDI_CONTROLS.isdisjoint(name):
        why = "it would be shown as something else than it is"
    elif _looks_like_path(name):
        why = "it looks like a path"
    elif class_key(name) == class_key(ASIDE):
        why = "photos nobody is sure about are filed under it"
    if why:
        shown = name[:MAX_NAME_LENGTH].encode("utf-8", "replace").decode()
        shown = "".join(character if character.isprintable() else "?" for character in shown)
        raise ClassRefused(f"The class name “{shown}” cannot be used", why)
    return name


def _looks_like_path(name: str) -> bool:
    """Whether a name leads somewhere, as "../x" and "/etc" do; "tea/hybrid" is an ordinary name."""
    parts = re.split(r"[/\\]", unicodedata.normalize("NFKC", name))
    leads = len(parts) > 1 and any(part.strip() in ("", ".", "..") for part in parts)
    return leads or parts[0] in (".", "..", "~") or _DRIVE.match(name) is not None
