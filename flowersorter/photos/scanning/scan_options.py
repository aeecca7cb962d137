"""Which folders and photos below an opened folder a scan leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from flowersorter.domain.name_search import folded

_ANY_DEPTH = "**"


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """The scope of a scan.

    Attributes:
        exclude: Patterns of folders and photos to leave out, as in a .gitignore file: `*` and `?` stand for letters
            of a name, `**` for folders at any depth. A pattern without a slash matches a name at any depth, one with a
            slash a path from the opened folder; a slash at the end limits it to folders. Case does not matter.
        recursive: Whether to scan sub-folders.
        follow_links: Whether to follow links that lead out of the opened folder.
    """

    exclude: tuple[str, ...] = ()
    recursive: bool = True
    follow_links: bool = False

    @classmethod
    def from_stored(cls, stored: object) -> ScanOptions:
        """Read the values of `stored`; anything else is the default."""
        values: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
        exclude = values.get("exclude")
        return cls(
            exclude=tuple(each for each in exclude if isinstance(each, str)) if isinstance(exclude, list) else (),
            recursive=values.get("recursive") is not False,
            follow_links=values.get("follow_links") is True,
        )

    @property
    def stored(self) -> dict[str, object]:
        """The options as JSON values."""
        return {"exclude": list(self.exclude), "recursive": self.recursive, "follow_links": self.follow_links}

    def excludes(self, path: str, *, folder: bool) -> bool:
        """Whether a pattern matches.

        Args:
            path: Path from the opened folder, with "/" between the names.
            folder: Whether it is a folder.
        """
        if not self.exclude:
            return False
        names = folded(path).split("/")
        return any(
            _matches(names, _parts(pattern)) for pattern in self.exclude if folder or not pattern.rstrip().endswith("/")
        )


def _parts(pattern: str) -> list[str]:
    """The names of a pattern; one that may match at any depth begins with `**`."""
    pattern = folded(pattern.strip().replace("\\", "/")).rstrip("/")
    parts = [part for part in pattern.split("/") if part]
    return [_ANY_DEPTH, *parts] if parts and "/" not in pattern else parts


def _matches(names: Sequence[str], parts: Sequence[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == _ANY_DEPTH:
        return any(_matches(names[start:], parts[1:]) for start in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], parts[0]) and _matches(names[1:], parts[1:])
