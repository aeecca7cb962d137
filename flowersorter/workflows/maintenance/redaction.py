"""Removes private data from a text: paths, names of files, folders, classes and people.

In doubt it removes too much: after an unknown path, the rest of the line is removed.
"""

from __future__ import annotations

import errno
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath
from urllib.parse import quote

import flowersorter
from flowersorter.photos.sidecars import FILM_SUFFIXES, PICTURE_SUFFIXES, SIDECAR_SUFFIXES

#: Folders that every computer has; their names are not private.
_COMMON = {"home", "users", "media", "mnt", "run", "tmp", "var", "private", "volumes", "root", "photos", "pictures"}
#: Folders of the code in a traceback, up to the part of the path that is kept.
_CODE = re.compile(r"^.*[/\\](?:site-packages|python3\.\d+)[/\\]|^.*[/\\](?=flowersorter[/\\])", re.DOTALL)
_FRAME = re.compile(r'^( *File )"([^"\n]*\.pyc?)"(, line \d+(?:, in [\w<>.]+)?)$', re.MULTILINE)
_PATH = re.compile(r"(?<![\w.>/\\])(?:file:/*|~[\w-]*[/\\]|[A-Za-z]:[/\\]|\\\\|/)(?=[^\s/])")
_QUOTES = {"'": "'", '"': '"', "“": "”", "‘": "’", "«": "»", "`": "`"}
_BEFORE, _AFTER = (re.escape("".join(marks) + "/\\") for marks in (_QUOTES.keys(), _QUOTES.values()))
_REASONS = sorted({os.strerror(number) for number in errno.errorcode}, key=len, reverse=True)
_REASON = re.compile("(?:: |, )(?:" + "|".join(map(re.escape, _REASONS)) + r")\.?$")
_OF_A_SHOT = PICTURE_SUFFIXES | FILM_SUFFIXES | SIDECAR_SUFFIXES
_SUFFIXES = "|".join(sorted((suffix.removeprefix(".") for suffix in _OF_A_SHOT), key=len, reverse=True))
_PHOTO_NAME = re.compile(rf"\.(?:{_SUFFIXES})(?!\w)", re.IGNORECASE)
_MAX_NAME = 255
_PACKAGE = Path(flowersorter.__file__).parent


class Redactor:
    """Replaces private names, the same name by the same number everywhere.

    Args:
        paths: Of photos.
        folders: Other folders: those opened, the collection, the home folder.
        words: Names of classes, of the person and of the computer.
    """

    def __init__(self, paths: Iterable[Path], folders: Iterable[Path], words: Iterable[str]) -> None:
        known = list(paths)
        parents = {path.parent for path in known}
        parts = {part for folder in (*parents, *folders) for part in folder.parts}
        self._files = {form for path in known for form in _written(path.name)}
        self._names = {part for part in parts if part.strip("/\\:").casefold() not in {"", *_COMMON}}
        self._words = set(words)
        self._numbers: dict[str, dict[str, int]] = {}

    def redact(self, text: str) -> str:
        """Return the text without private data."""
        text = _without_controls(text)
        frames: list[str] = []

        def keep(match: re.Match[str]) -> str:
            path = _CODE.sub("", match[2])
            is_code = path != match[2] and (not path.startswith("flowersorter") or (_PACKAGE.parent / path).is_file())
            frames.append(f'{match[1]}"{path if is_code else "..."}"{match[3]}')
            return f"\0{len(frames) - 1}\0"

        text = _FRAME.sub(keep, text)
        # A name may hold a line break, so whole names go first.
        for name in (each for each in self._files if "\n" in each and each in text):
            text = text.replace(name, self._number("photo", name))
        text = "\n".join(self._line(line) for line in text.split("\n"))
        text = self._without_names(text, "folder", self._names)
        text = self._without_names(text, "name", self._words)
        return re.sub(r"\0(\d+)\0", lambda match: frames[int(match[1])], text)

    def _line(self, line: str) -> str:
        start = 0
        while (found := _PATH.search(line, start)) is not None:
            end = _end_of_path(line, found.start())
            replaced = self._number("path", line[found.start() : end])
            line = line[: found.start()] + replaced + line[end:]
            start = found.start() + len(replaced)
        start = 0
        while (found := _PHOTO_NAME.search(line, start)) is not None:
            begin = self._start_of_name(line, found.end(), start)
            replaced = self._number("photo", line[begin : found.end()]) + found[0].lower()
            line = line[:begin] + replaced + line[found.end() :]
            start = begin + len(replaced)
        return line

    def _start_of_name(self, line: str, end: int, least: int) -> int:
        """Find the start of the file name that ends here: a known one, else all since a quote, colon or start."""
        for begin in range(max(least, end - _MAX_NAME), end):
            if line[begin:end] in self._files:
                return begin
        found = ((line.rfind(mark, least, end), mark) for mark in (*_QUOTES, ": "))
        return max((at + len(mark) for at, mark in found if at >= 0), default=least)

    def _without_names(self, text: str, kind: str, names: set[str]) -> str:
        folded = text.casefold()
        forms = {form for name in names for form in _written(name) if form.casefold() in folded}
        if not forms:
            return text
        ordered = sorted(forms, key=len, reverse=True)
        pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(_pattern, ordered)) + r")(?!\w)", re.IGNORECASE)
        return pattern.sub(lambda match: self._number(kind, match[0].casefold()), text)

    def _number(self, kind: str, name: str) -> str:
        numbers = self._numbers.setdefault(kind, {})
        return f"<{kind} {numbers.setdefault(name, len(numbers) + 1)}>"


def _end_of_path(line: str, start: int) -> int:
    """Find the end of the path that starts here: the closing quote, a reason of the system, or the line's end."""
    closing = _QUOTES.get(line[start - 1]) if start else None
    if closing is not None and (end := line.rfind(closing, start)) > start:
        return end
    reason = _REASON.search(line, start)
    return reason.start() if reason is not None else len(line)


def _written(name: str) -> set[str]:
    """Return the forms in which a name may occur in a text: unchanged, escaped, normalised, in a URL."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    forms = {name, text, repr(name)[1:-1], ascii(name)[1:-1], quote(os.fsencode(name)), name.replace("\\", "\\\\")}
    forms |= {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
    forms.add(name.encode("utf-8", "backslashreplace").decode("utf-8"))
    return {form for form in forms if PurePath(form).name}


def _pattern(name: str) -> str:
    """Match a name, also by its folded form; a single letter only in quotes or in a path."""
    pattern = re.escape(name).replace("ss", "(?:ss|ß)")
    return pattern if len(name) > 1 else rf"(?<=[{_BEFORE}]){pattern}(?=[{_AFTER}])"


def _without_controls(text: str) -> str:
    return re.sub(r"[\0-\x08\x0b-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", text)
