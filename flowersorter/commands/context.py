"""One call of the program: its options, its terminal, its way to be stopped, and the garden it works on."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flowersorter.commands.output import Terminal, counted
from flowersorter.errors import Cancelled, GardenDamaged, UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import Garden
from flowersorter.library.database.restore import with_way_out
from flowersorter.library.files.locations import default_garden
from flowersorter.workflows.filing.history import RecoveryResult, recover_garden
from flowersorter.workflows.maintenance.cache import clean_cache, cleaning_due


@dataclass(frozen=True, slots=True)
class Call:
    """What a verb gets.

    Attributes:
        options: The parsed command line.
        terminal: Where to write.
        cancel: Set by Ctrl+C.
    """

    options: argparse.Namespace
    terminal: Terminal
    cancel: CancelToken

    @property
    def garden_folder(self) -> Path:
        """The garden that was named, else the person's own."""
        named: Path | None = self.options.garden
        return named.expanduser().absolute() if named else default_garden()

    @contextmanager
    def garden(self) -> Iterator[Garden]:
        """Open the garden; what a crash left open in it is put right first, and said.

        A command that read photos keeps the cache within its limit at the end.

        Raises:
            GardenLocked: it is open in a window or another terminal.
            GardenDamaged: it cannot be read; the message says how a backup is put back.
        """
        with self._opened() as garden:
            if garden.backup_problem:
                self.terminal.note(garden.backup_problem)
            if garden.journal.open_runs():
                for sentence in recovery_sentences(recover_garden(garden)):
                    self.terminal.note(sentence)
            yield garden
            if garden.thumbnails.written_bytes and cleaning_due(garden):
                with suppress(Cancelled, UserError):  # what was asked for is done
                    clean_cache(garden, silent, self.cancel)

    def _opened(self) -> Garden:
        try:
            return Garden.open(self.garden_folder)
        except GardenDamaged as error:
            raise with_way_out(error, self.garden_folder) from error


def recovery_sentences(result: RecoveryResult) -> list[str]:
    """Say what recovery did; nothing where nothing was open."""
    sentences = []
    if result.finished or result.rolled_back:
        sentences.append(
            f"An earlier run was interrupted: {counted(result.finished, 'photo')} finished, "
            f"{counted(result.rolled_back, 'photo')} put back as before."
        )
    sentences += [f"Needs your attention: {problem}" for problem in result.problems]
    return sentences
