"""A collection: the data folder of one sorting task, opened by one window or terminal at a time."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
from functools import partial
from pathlib import Path
from types import TracebackType

from flowersorter.errors import CollectionDamaged, CollectionLocked, FolderUnusable, LibraryFull, UserError
from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.library.cache.score_file import remove_unfinished
from flowersorter.library.cache.thumbnails import ThumbnailStore
from flowersorter.library.database.backups import (
    LIBRARY_NAME,
    back_up_if_changed,
    backups,
    damaged_with_backups,
)
from flowersorter.library.database.checksum import delete_checksum, matches_checksum, write_checksum
from flowersorter.library.database.connection import Database
from flowersorter.library.database.soundness import check_sound
from flowersorter.library.files.lock import lock_collection, opened_for_reading
from flowersorter.library.models.model_table import ModelStore
from flowersorter.library.tables.answers import AnswerTable
from flowersorter.library.tables.classes import ClassTable
from flowersorter.library.tables.journal import Journal
from flowersorter.library.tables.labels import LabelTable, ReviewedLabels
from flowersorter.library.tables.pending_labels import PendingLabelTable
from flowersorter.library.tables.photos import PhotoTable
from flowersorter.library.tables.sample_checks import SampleCheckTable
from flowersorter.library.tables.settings import Settings
from flowersorter.library.tables.written_keywords import follow_moved_collection
from flowersorter.messages import text

_BACKBONE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_OTHER_BYTES = (
    "The library is sound, but not byte for byte as it was closed: a program that synchronises folders may have "
    "exchanged it. The backups that were made before are still there."
)


class CollectionStore:
    """An open collection and all its stores; a context manager. Open one with `open`.

    Attributes:
        folder: Its folder.
        read_only: Whether it was opened only for reading: an attempt to change it raises `CollectionLocked`.
        database: The connection to its library.
        photos: The photos and their places.
        classes: The classes.
        labels: The labels.
        answers: A person's answers about photos besides their labels.
        pending_labels: Labels of photos that are not read yet.
        reviewed_labels: Labels that a person confirmed although the model suspected another class.
        sample_checks: Random samples of suggestions that a person checks.
        journal: The record of every sort.
        models: The models.
        thumbnails: The thumbnail cache.
        settings: The settings.
        backup_problem: Why the library could not be backed up when it was opened; "" if it could.
        checksum_problem: Why the library was checked in full and backed up at opening; "" if it was not.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open the collection in an existing folder; see `open`."""
        self.folder, self.read_only = folder, read_only
        self.backup_problem = self.checksum_problem = ""
        self._embeddings: dict[str, EmbeddingStore] = {}
        self._embeddings_lock = threading.Lock()
        with contextlib.ExitStack() as opened:
            if not read_only:
                opened.callback(lock_collection(folder).release)
            self.database = self._open_library()
            opened.callback(self._close_library)
            opened.callback(self._close_embeddings)
            self.photos = PhotoTable(self.database)
            self.classes = ClassTable(self.database)
            self.labels = LabelTable(self.database)
            self.answers = AnswerTable(self.database)
            self.pending_labels = PendingLabelTable(self.database)
            self.reviewed_labels = ReviewedLabels(self.database)
            self.sample_checks = SampleCheckTable(self.database)
            self.journal = Journal(self.database)
            self.models = ModelStore(self.database, folder / "models")
            self.thumbnails = ThumbnailStore(folder / "thumbnails")
            self.settings = Settings(self.database)
            if not read_only:
                follow_moved_collection(self.database, self.settings, self.kept_sidecars)
                remove_unfinished(folder / "embeddings")
            self._opened = opened.pop_all()

    @property
    def kept_sidecars(self) -> Path:
        """The folder with the sidecars that sorts with keywords keep for undo; it need not exist."""
        return self.folder / "keywords"

    @classmethod
    def open(cls, folder: Path, *, read_only: bool = False) -> CollectionStore:
        """Open the collection in a folder; the folder and an empty library are made if missing.

        Args:
            folder: The folder.
            read_only: Open a copy of its library as it is now, also while another window or terminal has it open, and
                change no file. Interrupted sorts stay as they are.

        Raises:
            CollectionLocked: another window or terminal has it open.
            CollectionDamaged: its library cannot be read; the message names its backups.
            FolderUnusable: the folder cannot be made or written to.
            UserError: a newer program made its library, or the disk refuses.
        """
        folder = folder.absolute()
        if read_only:
            if not (folder / LIBRARY_NAME).is_file():
                raise FolderUnusable(
                    text("The collection {folder} cannot be opened", folder=folder), text("there is none yet")
                )
            return cls(folder, read_only=True)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = text("it is a file, not a folder") if folder.is_file() else error.strerror or str(error)
            raise FolderUnusable(text("The collection {folder} cannot be opened", folder=folder), why) from error
        return cls(folder)

    @classmethod
    def open_or_read(cls, folder: Path) -> CollectionStore:
        """Open a collection, only for reading where another window or terminal has it open, or its disk is full.

        Raises:
            CollectionDamaged: its library cannot be read; the message names its backups.
            FolderUnusable: the folder cannot be made or written to.
            UserError: a newer program made its library, or the disk refuses.
        """
        try:
            return cls.open(folder)
        except (CollectionLocked, LibraryFull):
            return cls.open(folder, read_only=True)

    def embeddings(self, backbone: str) -> EmbeddingStore:
        """The cached embeddings of a backbone; the same store for every call.

        Raises:
            UserError: its files cannot be opened.
        """
        if not _BACKBONE_NAME.fullmatch(backbone):
            raise ValueError(f"{backbone!r} is not the name of a backbone")
        with self._embeddings_lock:
            if backbone not in self._embeddings:
                refusal = partial(opened_for_reading, self.folder) if self.read_only else None
                self._embeddings[backbone] = EmbeddingStore(self.folder / "embeddings", backbone, refusal)
            return self._embeddings[backbone]

    def score_file(self, backbone: str) -> Path:
        """The file of the scores that a model gave to the photos; it need not exist."""
        return self.folder / "embeddings" / f"{backbone}.scores"

    def forget_embeddings(self, backbone: str) -> None:
        """Delete the cached embeddings of a backbone that is no longer used; a failing disk is ignored."""
        with self._embeddings_lock:
            store = self._embeddings.pop(backbone, None)
            if store is not None:
                store.close()
            for path in (*EmbeddingStore.files(self.folder / "embeddings", backbone), self.score_file(backbone)):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close all files and unlock the collection; more calls do nothing."""
        self._opened.close()

    def __enter__(self) -> CollectionStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_library(self) -> Database:
        library = self.folder / LIBRARY_NAME
        # Otherwise a lost library would be taken for a new collection, and its backups would be rotated out.
        empty = not library.exists() or library.stat().st_size == 0
        if empty and backups(self.folder):
            raise damaged_with_backups(self.folder, "its file is missing or empty")
        try:
            if self.read_only:
                return Database(library, before_use=self._check, refusal=partial(opened_for_reading, self.folder))
            return Database(library, before_use=self._check_and_back_up)
        except CollectionDamaged as error:
            raise damaged_with_backups(self.folder, error.why or error.what) from error

    def _check(self, connection: sqlite3.Connection, migrating: bool) -> None:
        """Check the copy of a library that is only read."""
        check_sound(connection, self.folder / LIBRARY_NAME)

    def _check_and_back_up(self, connection: sqlite3.Connection, migrating: bool) -> None:
        """Check the library and back it up before anything is changed.

        Checking costs 0.03 s for a library of 100,000 photos, so it is done at every opening; in full where the bytes
        do not match the checksum.
        """
        library = self.folder / LIBRARY_NAME
        try:
            matches = matches_checksum(library)
        except OSError as error:
            raise UserError(text("The library cannot be opened"), error.strerror or str(error)) from error
        check_sound(connection, library, thoroughly=not matches)
        try:
            back_up_if_changed(connection, self.folder, always=not matches)
        except UserError as error:
            # With a full disk the collection must still open, to show photos and to undo. But a migration never
            # starts without a backup.
            if migrating or isinstance(error, CollectionDamaged):
                raise
            self.backup_problem = str(error)
        if not matches:
            self.checksum_problem = _OTHER_BYTES
            if not self.backup_problem:
                with contextlib.suppress(OSError):
                    delete_checksum(library)

    def _close_library(self) -> None:
        self.database.close()
        if not self.read_only:
            write_checksum(self.folder / LIBRARY_NAME)

    def _close_embeddings(self) -> None:
        for store in self._embeddings.values():
            store.close()
