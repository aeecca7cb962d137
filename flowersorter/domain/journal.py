"""Rows of the journal: runs and the files they filed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class EntryState(StrEnum):
    """How far a filing is; the docstring of `journal` draws the way through them."""

    PLANNED = "planned"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NOTED = "noted"
    UNDOING = "undoing"
    UNDONE = "undone"


class RunState(StrEnum):
    """How far a run is."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"
    PARTLY_UNDONE = "partly undone"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Run:
    """One act of filing photos.

    Attributes:
        mode: "copy", "move" or "link".
        source: The folder the photos came from, if it was one.
        started_at: ISO 8601, UTC.
        finished_at: ISO 8601, UTC, or None while it is open.
        photos: Photos it filed, those taken back since included.
        undone: Photos taken back since.
        failed: Photos that could not be filed.
    """

    id: int
    mode: str
    source: Path | None
    destination: Path
    started_at: str
    finished_at: str | None
    state: RunState
    photos: int
    undone: int
    failed: int


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One file a run is going to file.

    Attributes:
        sha256: Of its bytes; None for a sidecar, which is read when its turn comes.
        lead: The position, in the same list, of the photo a sidecar travels with.
    """

    class_name: str
    action: str
    source: Path
    destination: Path
    size_bytes: int
    sha256: bytes | None
    mtime_ns: int
    lead: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a run, as the journal has it.

    Attributes:
        lead_id: The entry of the photo this sidecar travels with, or None for a photo.
        temporary: The hidden file a copy goes through, or None before the first start.
        sha256: Of its bytes; None for a sidecar whose turn has not come.
        error: Why it failed, or what is worth knowing about it.
    """

    id: int
    run_id: int
    lead_id: int | None
    class_name: str
    action: str
    source: Path
    destination: Path
    temporary: Path | None
    size_bytes: int
    sha256: bytes | None
    mtime_ns: int
    state: EntryState
    error: str | None


@dataclass(frozen=True, slots=True)
class MadeFolder:
    """A folder a run made; only such folders are ever removed, and only when empty."""

    id: int
    run_id: int
    path: Path
