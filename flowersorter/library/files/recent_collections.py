"""Checks whether a folder is or can become a collection, and remembers the recently opened ones."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from flowersorter.atomic_write import write_atomically
from flowersorter.errors import FolderUnusable
from flowersorter.library.database.backups import LIBRARY_NAME, backups
from flowersorter.library.files.lock import collection_locked
from flowersorter.messages import text

MAX_REMEMBERED = 12


def is_collection(folder: Path) -> bool:
    """Whether a folder is a collection, including one whose library is missing but has backups."""
    try:
        return (folder / LIBRARY_NAME).is_file() or bool(backups(folder))
    except OSError:
        return False


def check_can_be_opened(folder: Path) -> None:
    """Check that a folder is a collection that no other process has open.

    Raises:
        FolderUnusable: it is not a collection, or it is missing.
        CollectionLocked: another window or terminal has it open.
    """
    if not folder.is_dir():
        raise FolderUnusable(
            text("The collection {folder} was not found", folder=folder),
            text("it was moved or deleted, or its drive is not connected"),
        )
    if not is_collection(folder):
        raise FolderUnusable(
            text("The folder {folder} is not a collection", folder=folder),
            text("it has no library of FlowerSorter"),
            text("Choose the folder of a collection, or make a new one. To open a folder of photos, use “Open folder”"),
        )
    with collection_locked(folder):
        pass


def check_can_become_one(folder: Path) -> None:
    """Check that a new collection can be made in a folder: it is empty or does not exist.

    Raises:
        FolderUnusable: it cannot, with the reason.
    """
    what = text("A new collection cannot be made in {folder}", folder=folder)
    inside = next((parent for parent in folder.parents if is_collection(parent)), None)
    try:
        if is_collection(folder):
            raise FolderUnusable(
                what, text("it is a collection already"), text("Open that one, or choose another name")
            )
        if inside is not None:
            raise FolderUnusable(
                what, text("it is inside the collection {inside}", inside=inside), text("Choose a folder elsewhere")
            )
        if folder.exists() and not folder.is_dir():
            raise FolderUnusable(what, text("a file has that name"), text("Choose another name"))
        if folder.is_dir() and any(folder.iterdir()):
            raise FolderUnusable(what, text("the folder is not empty"), text("Choose another name, or an empty folder"))
    except OSError as error:
        raise FolderUnusable(what, error.strerror or str(error), text("Choose another folder")) from error


class RecentCollections:
    """The recently opened collections, newest first, in a JSON file; without the file the list is empty.

    Args:
        file: The JSON file; made when the first collection is added.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> list[Path]:
        """The ones that still exist, newest first."""
        return [folder for folder in self.remembered() if is_collection(folder)]

    def remember(self, collection: Path) -> None:
        """Move a collection to the front; a failing disk is ignored."""
        stored = self.remembered()
        wanted = [collection, *(folder for folder in stored if folder != collection)][:MAX_REMEMBERED]
        if wanted == stored:
            return
        with contextlib.suppress(OSError, UnicodeError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps([str(folder) for folder in wanted], indent=1)
            write_atomically(self._file, text.encode("utf-8"), durable=False)

    def remembered(self) -> list[Path]:
        """All of them, newest first, without asking their drives."""
        try:
            paths = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        if not isinstance(paths, list):
            return []
        folders = [Path(path) for path in paths if isinstance(path, str)]
        return [folder for folder in folders if folder.is_absolute()]
