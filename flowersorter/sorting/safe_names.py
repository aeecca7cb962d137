"""Turns class names into folder names that are safe everywhere, and finds file names that are still free.

Two names count as the same if any common file system would take them for the same: compared without case and
in one Unicode form. File names themselves are never normalised.
"""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pathvalidate import sanitize_filename

_MAX_FOLDER_BYTES = 200
_MAX_NAME_BYTES = 255
_NO_NAME = "unnamed"
#: Unicode categories of what nobody sees: control and format signs (some turn the direction of text, so that a
#: name reads as another), halves of signs, line ends.
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
#: Joiners that belong to words and emoji.
_HARMLESS = frozenset("\u200c\u200d")


def same_name_key(name: str) -> str:
    """Return what two names have in common if some file system takes them for one name."""
    if name.isascii():
        return name.lower()  # what the rest comes to, too
    decomposed = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", decomposed))


def folder_name(class_name: str) -> str:
    """Return a safe folder name for a class: readable, never empty, hidden, reserved or a path, ≤ 200 bytes."""
    name = unicodedata.normalize("NFC", class_name)
    name = "".join(" " if _is_invisible(sign) else sign for sign in name)
    name = sanitize_filename(name, replacement_text="_", platform="universal", max_len=_MAX_NAME_BYTES)
    name = _cut(name.lstrip(".-~ \t").rstrip(". \t"), _MAX_FOLDER_BYTES).rstrip(". \t")
    # Cutting and stripping can lay bare a name Windows keeps for a device, such as "CON ", also before a dot.
    name = re.sub(r"\s+\.", ".", name)
    name = sanitize_filename(name, replacement_text="_", platform="universal", max_len=_MAX_NAME_BYTES)
    return name or _NO_NAME


def folder_names(class_names: Iterable[str], before: Mapping[str, str], existing: Mapping[str, bool]) -> dict[str, str]:
    """Give every class a folder name of its own.

    A class keeps the name it had before; else it takes its safe name, in the spelling of a folder that is
    already there; a name another class or a file has is followed by `` (2)``.

    Args:
        class_names: The classes; the result depends on the set alone.
        before: Class name to folder name, from earlier runs to the same destination.
        existing: What is in the destination: name to whether it is a real folder.
    """
    there: dict[str, list[str]] = {}
    blocked = set()
    for name in sorted(existing):
        there.setdefault(same_name_key(name), []).append(name)
        if not existing[name]:
            blocked.add(same_name_key(name))
    # Who finds a folder of exactly its own name takes it before anyone whose name only looks like it.
    wanted = sorted(set(class_names), key=lambda name: (folder_name(name) not in existing, name))
    names = {
        name: before[name]
        for name in wanted
        if before.get(name) and same_name_key(before[name]) not in blocked and _is_safe(before[name])
    }
    # What other classes had before stays theirs, also where they are not sorted this time.
    taken = blocked | {same_name_key(name) for name in before.values()}
    for class_name in wanted:
        if class_name not in names:
            safe = folder_name(class_name)
            free = free_stem(safe, ("",), lambda name: same_name_key(name) not in taken)
            same = there.get(same_name_key(free), [free])
            names[class_name] = free if free in same else same[0]
        taken.add(same_name_key(names[class_name]))
    return names


def free_stem(stem: str, rests: Iterable[str], is_free: Callable[[str], bool]) -> str:
    """Return the first of ``stem``, ``stem (2)``... under which a photo and all its sidecars are free.

    Args:
        stem: Of the photo's name; shortened where the number would make a name too long.
        rests: What follows the stem in the name of the photo and of each sidecar (``.jpg``, ``.jpg.xmp``).
        is_free: Asked with every full name.
    """
    rests = tuple(rests)
    if all(is_free(stem + rest) for rest in rests):
        return stem
    longest = max(rests, key=lambda rest: len(os.fsencode(rest)))
    for number in itertools.count(2):
        tried = _numbered(stem, number, longest)
        if all(is_free(tried + rest) for rest in rests):
            return tried
    raise AssertionError  # pragma: no cover - counting does not end


def split_name(name: str) -> tuple[str, str]:
    """Return stem and suffix of a file name; a leading dot belongs to the stem."""
    return os.path.splitext(name)  # noqa: PTH122 - a name, not a path


def shown(path: Path) -> str:
    """Return a path as text that every terminal and log can print."""
    return os.fsencode(path).decode("utf-8", "replace")


def _numbered(stem: str, number: int, suffix: str) -> str:
    sign = f" ({number})"
    return _cut(stem, _MAX_NAME_BYTES - len(os.fsencode(sign + suffix))) + sign


def _cut(name: str, max_bytes: int) -> str:
    """Shorten a name to a number of bytes, never inside a sign."""
    while len(os.fsencode(name)) > max_bytes:
        name = name[:-1]
    return name


def _is_invisible(sign: str) -> bool:
    return unicodedata.category(sign) in _INVISIBLE and sign not in _HARMLESS


def _is_safe(name: str) -> bool:
    """A name from an earlier run is trusted only if it is one that this program gives."""
    return name == name.strip() and name not in {".", ".."} and "/" not in name and "\\" not in name
