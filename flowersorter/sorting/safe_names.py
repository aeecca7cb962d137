"""Converts class names into folder names that are safe on every system, and finds free file names.

Two names are the same if they are on any common file system: compared without case and in one Unicode form. File names
themselves are never normalised.
"""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from pathvalidate import sanitize_filename

_MAX_FOLDER_BYTES = 200
#: As most file systems allow.
MAX_NAME_BYTES = 255
_NO_NAME = "unnamed"
#: Unicode categories of invisible characters: control and format characters (some change the text direction, so that
#: a name is displayed as another), surrogates, line ends.
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
#: Joiners, which are part of words and emoji.
_HARMLESS = frozenset("\u200c\u200d")


def same_name_key(name: str) -> str:
    """Return a key that is equal for two names that are the same on some file system."""
    if name.isascii():
        return name.lower()  # the result of the rest for ASCII
    decomposed = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", decomposed))


@lru_cache(maxsize=1000)  # photos share few, and making one safe takes longer than all else that is planned of a photo
def folder_name(class_name: str) -> str:
    """Return a safe folder name for a class: readable, never empty, hidden, reserved or a path, ≤ 200 bytes."""
    name = unicodedata.normalize("NFC", class_name)
    name = "".join(" " if _is_invisible(character) else character for character in name)
    name = sanitize_filename(name, replacement_text="_", platform="universal", max_len=MAX_NAME_BYTES)
    name = _cut(name.lstrip(".-~ \t").rstrip(". \t"), _MAX_FOLDER_BYTES).rstrip(". \t")
    # Cutting and stripping can leave a name that Windows reserves for a device, such as "CON ", also before a dot.
    name = re.sub(r"\s+\.", ".", name)
    name = sanitize_filename(name, replacement_text="_", platform="universal", max_len=MAX_NAME_BYTES)
    return name or _NO_NAME


def folder_names(class_names: Iterable[str], before: Mapping[str, str], existing: Mapping[str, bool]) -> dict[str, str]:
    """Give every class a distinct folder name.

    A class keeps its earlier folder name; otherwise it gets its safe name, in the spelling of an existing folder.
    `` (2)`` is appended to a name that another class or a file has.

    Args:
        class_names: The classes; the result depends on the set alone.
        before: Class name to folder name, from earlier runs to the same destination.
        existing: Entries of the destination: name to whether it is a real folder.
    """
    spellings: dict[str, list[str]] = {}
    blocked = set()
    for name in sorted(existing):
        spellings.setdefault(same_name_key(name), []).append(name)
        if not existing[name]:
            blocked.add(same_name_key(name))
    # A class with a folder of exactly its name takes it before classes with a similar name.
    wanted = sorted(set(class_names), key=lambda name: (folder_name(name) not in existing, name))
    names = {
        name: before[name]
        for name in wanted
        if before.get(name) and same_name_key(before[name]) not in blocked and _is_safe(before[name])
    }
    # The earlier folders of other classes stay reserved, also if no photo goes to them this time.
    taken = blocked | {same_name_key(name) for name in before.values()}
    for class_name in wanted:
        if class_name not in names:
            safe = folder_name(class_name)
            [free] = free_names([(safe, "")], lambda name: same_name_key(name) not in taken)
            same = spellings.get(same_name_key(free), [free])
            names[class_name] = free if free in same else same[0]
        taken.add(same_name_key(names[class_name]))
    return names


def free_names(parts: Sequence[tuple[str, str]], is_free: Callable[[str], bool]) -> list[str]:
    """Return the names of a photo and its sidecars, all with the first number under which all are free.

    Args:
        parts: Of each name, the part before a number (" (2)") and the part after it. The first is shortened where the
            number would make a name too long.
        is_free: Whether a name is free.
    """
    names = [before + after for before, after in parts]
    if all(map(is_free, names)):
        return names
    longest = max((after for _, after in parts), key=lambda after: len(os.fsencode(after)))
    for number in itertools.count(2):
        names = [_numbered(before, number, longest) + after for before, after in parts]
        if all(map(is_free, names)):
            return names
    raise AssertionError  # pragma: no cover - counting does not end


def split_name(name: str) -> tuple[str, str]:
    """Return stem and suffix of a file name; a leading dot belongs to the stem."""
    return os.path.splitext(name)  # noqa: PTH122 - a name, not a path


def shown(path: Path) -> str:
    """Return a path as text that every terminal and log can print."""
    return os.fsencode(path).decode("utf-8", "replace")


def _numbered(stem: str, number: int, suffix: str) -> str:
    addition = f" ({number})"
    return _cut(stem, MAX_NAME_BYTES - len(os.fsencode(addition + suffix))) + addition


def _cut(name: str, max_bytes: int) -> str:
    """Shorten a name to a number of bytes, never inside a character."""
    while len(os.fsencode(name)) > max_bytes:
        name = name[:-1]
    return name


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE and character not in _HARMLESS


def _is_safe(name: str) -> bool:
    """Whether a name from an earlier run is one that this program can give; others are not trusted."""
    return name == name.strip() and name not in {".", ".."} and "/" not in name and "\\" not in name
