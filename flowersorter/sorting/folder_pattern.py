"""Reads a pattern of sub-folders, such as ``{class}/{date:%Y}``, and gives a photo its folders below its class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from flowersorter.errors import SortRefused
from flowersorter.messages import text
from flowersorter.sorting.safe_names import folder_name

#: No sub-folders.
CLASS_ONLY = "{class}"
UNDATED = "Undated"
NO_CAMERA = "Unknown camera"

_FIELD = re.compile(r"\{(class|camera|date)(?::([^{}]*))?\}")
_DATE = "%Y-%m-%d"
#: The codes of `strftime` that mean the same on every system.
_DATE_CODES = "YymdBbHjA"


@dataclass(frozen=True, slots=True)
class FolderPattern:
    """The folders of photos below the destination; the first is that of the class.

    Attributes:
        text: As the person wrote it.
        levels: Of each folder below that of the class, its parts: kind ("text", "class", "camera", "date") and value,
            the text or the format of the date.
    """

    text: str
    levels: tuple[tuple[tuple[str, str], ...], ...] = ()

    @classmethod
    def parse(cls, pattern: str) -> FolderPattern:
        """Read a pattern.

        Raises:
            SortRefused: it does not begin with the class, or has an unknown field or an unusable folder name.
        """
        levels: list[list[tuple[str, str]]] = [[]]
        for kind, value in _parts(pattern):
            for number, piece in enumerate(value.split("/")):
                if number:
                    levels.append([])
                if piece or kind in {"class", "camera"}:
                    levels[-1].append((kind, piece))
        if levels[0] != [("class", "")]:
            raise _refused(pattern, text("it must begin with {{class}}, the folder of the class, and then a slash"))
        if not all(levels) or any(level in ([("text", ".")], [("text", "..")]) for level in levels):
            raise _refused(pattern, text("one of its folders has no name"))
        return cls(pattern, tuple(tuple(level) for level in levels[1:]))

    def folders(self, class_name: str, taken_at: datetime | None, camera: str | None) -> tuple[str, ...]:
        """Return the names of the folders of a photo below that of its class, each safe on every system."""
        names, undated = [], False
        for level in self.levels:
            dated = any(kind == "date" for kind, _ in level)
            if dated and taken_at is None:
                if undated and not any(kind in {"class", "camera"} for kind, _ in level):
                    continue  # one folder for photos without a date, not one in another
                undated = True
            names.append(folder_name("".join(_value(part, class_name, taken_at, camera) for part in level)))
        return tuple(names)


def _parts(pattern: str) -> list[tuple[str, str]]:
    """Split a pattern into (kind, value), in order."""
    parts, end = [], 0
    for field in _FIELD.finditer(pattern):
        parts.append(("text", pattern[end : field.start()]))
        kind, wanted = field[1], field[2]
        if kind == "date":
            wanted = wanted or _DATE
            _require_known_codes(pattern, wanted)
        elif wanted is not None:
            raise _refused(pattern, text("only {{date}} takes a format"))
        parts.append((kind, wanted or ""))
        end = field.end()
    parts.append(("text", pattern[end:]))
    if any(kind == "text" and re.search(r"[{}\\]", value) for kind, value in parts):
        raise _refused(
            pattern,
            text("it has a part that is not known; use {{class}}, {{date}}, {{date:%Y}}, {{camera}} and slashes"),
        )
    return parts


def _require_known_codes(pattern: str, date_format: str) -> None:
    codes = re.findall(r"%(.?)", date_format)
    if not codes or any(not code or code not in _DATE_CODES for code in codes) or "\\" in date_format:
        raise _refused(
            pattern, text("its date is not understood; use %Y, %m, %d, %B, %H or %j, such as {{date:%Y-%m}}")
        )


def _value(part: tuple[str, str], class_name: str, taken_at: datetime | None, camera: str | None) -> str:
    kind, value = part
    if kind == "class":
        return class_name
    if kind == "camera":
        return camera or NO_CAMERA
    if kind == "date":
        return UNDATED if taken_at is None else taken_at.strftime(value)
    return value


def _refused(pattern: str, why: str) -> SortRefused:
    return SortRefused(text("The pattern {pattern} cannot be used", pattern=pattern), why)
