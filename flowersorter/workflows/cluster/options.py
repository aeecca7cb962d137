"""Which workers read the photos of a folder, and the news of one that does not fit."""

from __future__ import annotations

from dataclasses import dataclass, field

from flowersorter.errors import UserError, WorkersUnavailable
from flowersorter.messages import Text, text
from flowersorter.workflows.cluster.path_map import PathMap


@dataclass(frozen=True, slots=True)
class Workers:
    """Worker processes on this machine, or those of a scheduler.

    Attributes:
        processes: Number of processes to start on this machine; 0: those of the scheduler are used.
        scheduler: Address of a Dask scheduler, such as "tls://10.0.0.5:8786"; "" for processes on this machine.
        path_map: How the workers of a scheduler see the folders of this machine.
    """

    processes: int = 0
    scheduler: str = ""
    path_map: PathMap = field(default_factory=PathMap)


@dataclass(frozen=True, slots=True)
class WorkerRefused:
    """Event: a worker does not fit the job and reads no photo of it.

    Attributes:
        sentence: Names the worker, the difference and the remedy.
    """

    sentence: Text


@dataclass(frozen=True, slots=True)
class MapUnused:
    """Event: a mapped folder holds none of the photos.

    Attributes:
        sentence: Names it, and the folders of the photos.
    """

    sentence: Text


class NoWorkerLeft(WorkersUnavailable):
    """All workers were refused; the reason is that of one of them."""


def chosen_workers(processes: int | None, scheduler: str | None, pairs: tuple[tuple[str, str], ...]) -> Workers | None:
    """Make the choice from the options of a command line or a script; None: this process reads the photos.

    Raises:
        UserError: the options contradict one another.
    """
    if processes is not None and processes < 1:
        raise UserError(text("There must be at least one worker"))
    if processes and scheduler:
        raise UserError(
            text("Choose either workers on this machine or those of a scheduler"),
            "",
            text("Leave one of the two options out"),
        )
    if pairs and not scheduler:
        raise UserError(
            text("Paths are mapped only for the workers of a scheduler"),
            text("workers on this machine see the same paths"),
        )
    if not processes and not scheduler:
        return None
    return Workers(processes or 0, scheduler or "", PathMap.of(pairs))
