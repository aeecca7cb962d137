"""Translates the paths of photos for workers that see the same folders under other names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

_WINDOWS = re.compile(r"[A-Za-z]:|\\\\")


@dataclass(frozen=True, slots=True)
class PathMap:
    """Folders here and the same folders as the workers see them.

    Attributes:
        pairs: (folder here, folder there); the longest folder that a path lies in decides.
    """

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> PathMap:
        """Sort the pairs; folders here become absolute, those there are taken as they are."""
        absolute = {os.path.abspath(here): there for here, there in pairs}  # noqa: PTH100 - strings, as in `Places`
        return cls(tuple(sorted(absolute.items(), key=lambda pair: len(pair[0]), reverse=True)))

    def unused(self, folders: Iterable[str]) -> list[str]:
        """Return the folders here that neither are in one of some folders, nor hold one of these."""
        heads = [_head(folder) for folder in folders]
        return [
            here
            for here, _ in self.pairs
            if not any(_head(here).startswith(head) or head.startswith(_head(here)) for head in heads)
        ]

    def there(self, path: str) -> str:
        """Return the path by which the workers know a path of this machine; the path itself where no pair fits."""
        for here, there in self.pairs:
            head = here.rstrip(os.sep)
            if path == here or path.startswith(head + os.sep):
                rest = path[len(head) :]
                separator = "\\" if _WINDOWS.match(there) else "/"
                rest = rest.replace(os.sep, separator)
                return there.rstrip("/\\") + rest if rest.strip("/\\") else there
        return path


def _head(folder: str) -> str:
    return folder.rstrip(os.sep) + os.sep
