"""Finds the folders that a move leaves empty; reads only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flowersorter.sorting.filesystem import FileSystem, is_folder

#: Files that systems put into folders by themselves. They keep a folder: some hold a person's settings.
_OF_THE_SYSTEM = frozenset((".ds_store", "thumbs.db", "desktop.ini", ".directory"))


@dataclass(frozen=True, slots=True)
class EmptiedFolders:
    """The folders that a move leaves without a file.

    Attributes:
        empty: Those with nothing at all in them, the deepest first.
        nearly_empty: Those that hold nothing but hidden files and files of the system; they stay.
    """

    empty: tuple[Path, ...] = ()
    nearly_empty: tuple[Path, ...] = ()


def emptied_folders(files: FileSystem, root: Path, leaving: Iterable[Path | str]) -> EmptiedFolders:
    """Find the folders below `root`, never itself, that are left empty when these files have gone; reads only."""
    gone: dict[str, set[str]] = {}  # names by folder: of a million files that takes a third of the paths
    for path in leaving:
        above, name = os.path.split(path)
        gone.setdefault(above, set()).add(name)
    holding = map(Path, gone)
    folders = {each for folder in holding for each in (folder, *folder.parents) if root in each.parents}
    empty, nearly = [], []
    for folder in sorted(folders, key=lambda folder: (-len(folder.parts), folder)):
        with suppress(OSError):
            if not is_folder(files, folder):
                continue
            away = gone.get(str(folder), set())
            left = [name for name in files.list(folder) if name not in away]
            if not left:
                empty.append(folder)
                gone.setdefault(str(folder.parent), set()).add(folder.name)
            elif all(name.startswith(".") or name.lower() in _OF_THE_SYSTEM for name in left):
                nearly.append(folder)
    return EmptiedFolders(tuple(empty), tuple(nearly))
