"""Which folders are collections, which can become one, and which ones a person has opened before."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from flowersorter.atomic_write import write_atomically
from flowersorter.errors import FolderUnusable
from flowersorter.library.database.backups import LIBRARY_NAME, backups
from flowersorter.library.files.lock import collection_locked

MAX_REMEMBERED = 12


def is_collection(folder: Path) -> bool:
    """Whether a folder is a collection, be it one whose library is damaged or gone and can be put back."""
    try:
        return (folder / LIBRARY_NAME).is_file() or bool(backups(folder))
    except OSError:
        return False


def check_can_be_opened(folder: Path) -> None:
    """Make sure that a folder is a collection that nobody has open.

    Raises:
        FolderUnusable: it is no collection, or not there.
        CollectionLocked: another window or terminal has it open.
    """
    if not folder.is_dir():
        raise FolderUnusable(
            f"The collection {folder} is not there", "it was moved or deleted, or its drive is not connected"
        )
    if not is_collection(folder):
        raise FolderUnusable(
            f"The folder {folder} is not a collection",
            "FlowerSorter has never kept anything in it",
            "Choose the folder of a collection, or make a new one. Folders of photos are opened with Open Folder",
        )
    with collection_locked(folder):
        pass


def check_can_become_one(folder: Path) -> None:
    """Make sure that a new collection can be made in a folder: it is empty, or not there yet.

    Raises:
        FolderUnusable: it cannot.
    """
    what = f"A new collection cannot be made in {folder}"
    inside = next((parent for parent in folder.parents if is_collection(parent)), None)
    try:
        if is_collection(folder):
            raise FolderUnusable(what, "there is a collection already", "Open that one, or choose another name")
        if inside is not None:
            raise FolderUnusable(what, f"it lies inside the collection {inside}", "Choose a folder elsewhere")
        if folder.exists() and not folder.is_dir():
            raise FolderUnusable(what, "there is a file of that name", "Choose another name")
        if folder.is_dir() and any(folder.iterdir()):
            raise FolderUnusable(what, "the folder is not empty", "Choose another name, or an empty folder")
    except OSError as error:
        raise FolderUnusable(what, error.strerror or str(error), "Choose another folder") from error


class RecentCollections:
    """The collections a person has opened, newest first, in a small file; without it they are just not offered.

    Args:
        file: Where they are noted; made when there is something to note.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> list[Path]:
        """Those that are still there."""
        return [folder for folder in self._noted() if is_collection(folder)]

    def remember(self, collection: Path) -> None:
        """Put a collection first. What cannot be written is not remembered, and nothing else is lost by that."""
        noted = self._noted()
        wanted = [collection, *(each for each in noted if each != collection)][:MAX_REMEMBERED]
        if wanted == noted:
            return
        with contextlib.suppress(OSError, UnicodeError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            paths = json.dumps([str(folder) for folder in wanted], indent=1)
            write_atomically(self._file, paths.encode("utf-8"), durable=False)

    def _noted(self) -> list[Path]:
        try:
            noted = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        if not isinstance(noted, list):
            return []
        paths = [Path(each) for each in noted if isinstance(each, str)]
        return [path for path in paths if path.is_absolute()]
