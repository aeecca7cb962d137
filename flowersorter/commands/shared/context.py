"""One call of the program: its options, its terminal, its cancel token and its collection."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.commands.shared.output import Terminal
from flowersorter.errors import Cancelled, CollectionDamaged, LibraryFull, UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.files.locations import default_collection
from flowersorter.messages import plural, text
from flowersorter.workflows.engine import Engine

if TYPE_CHECKING:
    from flowersorter.sorting.recover import RecoveryResult

# Sorting, repairing and cleaning are imported where they are needed: a command that only predicts starts sooner.


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments of a verb.

    Attributes:
        options: The parsed command line.
        terminal: Where to write.
        cancel: Set by Ctrl+C.
    """

    options: argparse.Namespace
    terminal: Terminal
    cancel: CancelToken

    @property
    def collection_folder(self) -> Path:
        """The collection named on the command line, else the default one."""
        named: Path | None = self.options.collection
        return named.expanduser().absolute() if named else default_collection()

    @contextmanager
    def engine(self, *, only_reads: bool = False) -> Iterator[Engine]:
        """Open the collection with its caches; first recover from a crash, and say so.

        A command that read photos keeps the cache within its limit at the end.

        Args:
            only_reads: Whether the command changes nothing: where a window or another terminal has the collection open,
                it reads a copy. Its sorts may be under way then, and are left to that program.

        Raises:
            CollectionLocked: it is open in a window or another terminal.
            CollectionDamaged: it cannot be read; the message says how to restore a backup.
        """
        with Engine(self._opened(only_reads)) as engine:
            collection = engine.collection
            if not collection.read_only and collection.journal.open_runs():
                self._recover(collection, only_reads=only_reads)
            with self._problems_noted(collection):
                yield engine
            if not collection.read_only and collection.thumbnails.written_bytes:
                self._clean_cache(collection)

    def _recover(self, collection: CollectionStore, *, only_reads: bool) -> None:
        from flowersorter.workflows.filing.history import recover_collection

        try:
            found = recover_collection(collection)
        except LibraryFull as error:
            if not only_reads:
                raise
            self.terminal.note(str(error))  # a command that only reads needs no recovery
            return
        for sentence in recovery_sentences(found):
            self.terminal.note(sentence)

    def _clean_cache(self, collection: CollectionStore) -> None:
        from flowersorter.workflows.maintenance.cache import clean_cache, cleaning_due

        if cleaning_due(collection):
            with suppress(Cancelled, UserError):  # the command itself has done its work
                clean_cache(collection, silent, self.cancel)

    @contextmanager
    def _problems_noted(self, collection: CollectionStore) -> Iterator[None]:
        """Note the problems of the opening at the end, unless the command failed for the same reason."""
        known = ""
        try:
            yield
        except UserError as error:
            known = str(error.why)
            raise
        finally:
            for problem in filter(None, (collection.backup_problem, collection.checksum_problem)):
                if not known or known not in problem:
                    self.terminal.note(problem)

    def _opened(self, only_reads: bool) -> CollectionStore:
        opens = CollectionStore.open_or_read if only_reads else CollectionStore.open
        try:
            return opens(self.collection_folder)
        except CollectionDamaged as error:
            from flowersorter.library.database.restore import with_restore_hint

            raise with_restore_hint(error, self.collection_folder) from error


def recovery_sentences(result: RecoveryResult) -> list[str]:
    """Describe the recovery; nothing without interrupted sorts."""
    sentences: list[str] = []
    if files := result.finished + result.rolled_back:
        told = plural(
            "An earlier sort was interrupted with {number} file under way: {finished} finished, {back} as before it.",
            "An earlier sort was interrupted with {number} files under way: {finished} finished, {back} as before it.",
            files,
            finished=result.finished,
            back=result.rolled_back,
        )
        sentences.append(told)
    if result.copies_removed:
        sentences.append(text("Unfinished copies were removed; their originals are where they were."))
    if result.waiting:
        from flowersorter.workflows.filing.resume import waiting_sentence

        sentences += [waiting_sentence(run) for run in result.waiting]
    sentences += [text("Needs your attention: {problem}", problem=problem) for problem in result.problems]
    return sentences
