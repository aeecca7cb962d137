"""Rows of the journal. A run is one sort; its entries (filings) are the files it copies, moves or links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from flowersorter.messages import Text, text

#: The class of filings that belong to none: duplicates that were moved aside.
NO_CLASS = ""
#: Their folder; its photos are not used for training.
DUPLICATES = "Duplicates"


class EntryState(StrEnum):
    """State of a filing; the docstring of `library.tables.journal` draws the transitions."""

    PLANNED = "planned"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NOTED = "noted"
    UNDOING = "undoing"
    UNDONE = "undone"


class RunState(StrEnum):
    """State of a run."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"
    PARTLY_UNDONE = "partly undone"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Volume:
    """A mounted drive or share, as far as the system tells one from another.

    Attributes:
        mount_point: Its topmost folder.
        device: `st_dev`: on Windows the serial number of the volume; elsewhere it may differ after a restart.
        filesystem_id: `f_fsid` of `os.statvfs`, which most file systems derive from their UUID; 0 where there is none.
    """

    mount_point: Path
    device: int
    filesystem_id: int

    def is_same_as(self, other: Volume) -> bool:
        """Whether both are the same drive in the same place; the root is never another one."""
        if self.mount_point != other.mount_point:
            return False
        if self.filesystem_id and other.filesystem_id:
            same = self.filesystem_id == other.filesystem_id
        else:
            same = self.device == other.device
        return same or self.mount_point == Path("/")


_SORT_AGAIN = text("Sort the folder again")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a run cannot be continued.

    Attributes:
        why: The reason, lower case.
        hint: The remedy.
    """

    why: Text
    hint: Text = _SORT_AGAIN


@dataclass(frozen=True, slots=True)
class SuggestionChoice:
    """The suggestions that a sort goes by.

    Attributes:
        backbone: Name of the backbone of their model; None for the collection's.
        included: Which of them it sorts: "all" but unknown ones, "likely" and sure ones, "sure" ones, or none
            ("labelled").
    """

    backbone: str | None
    included: str


@dataclass(frozen=True, slots=True)
class Run:
    """One sort: photos filed into class folders in one action.

    Attributes:
        mode: "copy", "move" or "link".
        source: The folder that the photos came from; None if they came from several.
        started_at: ISO 8601, UTC.
        finished_at: ISO 8601, UTC, or None while it is open.
        photos: Photos it filed, including those undone since.
        undone: Photos undone since.
        failed: Photos that could not be filed.
        late_sidecars: Sidecars it filed, or wrote keywords into, beside photos that were there already, without those
            undone since.
        touched: Files, with sidecars, that it filed or tried to, also those undone since.
        waiting: Photos that were not tried because it was stopped or interrupted, without those that are there already
            and duplicates: these are sorted only where the photo with their bytes fails.
        waiting_beside: Sidecars of photos that were there already, and duplicates to be moved aside, likewise.
        waiting_duplicates: Photos that were there already, and duplicates, likewise.
        removes_emptied: Whether it also removes the folders that become empty.
        volumes: The volume of its destination, and of folders it takes files from, also of the folders below them.
            Earlier versions stored only those of folders that files were moved out of.
        suggestions: Those it goes by; None for a run of an earlier version, and one that goes by labels only.
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
    late_sidecars: int = 0
    touched: int = 0
    waiting: int = 0
    volumes: Mapping[Path, Volume] = field(default_factory=dict)
    waiting_beside: int = 0
    waiting_duplicates: int = 0
    removes_emptied: bool = False
    suggestions: SuggestionChoice | None = None

    @property
    def has_something_to_undo(self) -> bool:
        """Whether a photo or a late sidecar is still filed."""
        return self.photos > self.undone or self.late_sidecars > 0

    @property
    def left(self) -> int:
        """Number of photos and files beside them that were not tried."""
        return self.waiting + self.waiting_beside

    @property
    def can_be_resumed(self) -> bool:
        """Whether `resume` continues it."""
        return self.refusal is None

    @property
    def refusal(self) -> Refusal | None:
        """Why it cannot be continued; None if it can. Its drives are looked at when it is."""
        return next((refusal for applies, refusal in self._refusals() if applies), None)

    def _refusals(self) -> Iterator[tuple[bool, Refusal]]:
        """Yield the reasons not to continue a run, each with whether it applies; the first that does is given."""
        interrupted = Refusal(text("it was interrupted and its drive is missing"), text("Plug the drive in"))
        yield self.state == RunState.OPEN, interrupted
        is_undone = self.undone > 0 or self.state in {RunState.UNDONE, RunState.PARTLY_UNDONE}
        yield is_undone, Refusal(text("some of it was undone since"))
        yield self.only_keywords, Refusal(text("it wrote keywords"), text("Write them again: what is done stays"))
        yield self.is_refile, Refusal(text("it moved sorted photos to the classes of their labels"))
        yield not self.left and not self.waiting_duplicates, Refusal(text("all of its photos were tried"))
        # A run is stored with its drives last of all.
        has_no_drive = self.destination not in self.volumes
        yield has_no_drive and not self.touched, Refusal(text("it ended before its first photo"))
        yield (
            has_no_drive,
            Refusal(text("the drive that it sorted to is not known; an earlier version may have begun it")),
        )

    @property
    def only_keywords(self) -> bool:
        """Whether it wrote keywords beside photos that stay: no other run copies from a folder into the same."""
        return self.mode == "copy" and self.source == self.destination

    @property
    def is_refile(self) -> bool:
        """Whether it moved sorted photos to the classes of their labels, which may be others by now."""
        return self.mode == "move" and self.source == self.destination


@dataclass(frozen=True, slots=True)
class WrittenKeywords:
    """The keywords in a sidecar that this program wrote; they go when the photo gets another class.

    Attributes:
        by_field: Values by the name of their field; a person's own keywords are not among them.
        base_sha256: Of the sidecar that they were written into; None for a new one.
        base: That sidecar; also None where an earlier version wrote them.
    """

    by_field: Mapping[str, tuple[str, ...]]
    base_sha256: bytes | None = None
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One file that a run is about to file.

    Attributes:
        sha256: Of its bytes; None for a sidecar, which is hashed when it is filed.
        lead: For a sidecar, the position of its photo in the same list.
        keywords: For a sidecar with keywords of ours, these.
        original: For a duplicate that is moved aside, the position of the photo that it is, in the same list.
    """

    class_name: str
    action: str
    source: Path
    destination: Path
    size_bytes: int
    sha256: bytes | None
    mtime_ns: int
    lead: int | None = None
    keywords: WrittenKeywords | None = None
    original: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a run, as stored in the journal.

    Attributes:
        lead_id: For a sidecar, the entry of its photo; None for a photo.
        temporary: The hidden file that a copy is written to first; None before the first start.
        sha256: Of its bytes; None for a sidecar that is not filed yet.
        error: Why it failed, or a note for the person.
        original_id: For a duplicate that is moved aside, the entry of the photo that it is; None for other files.
        by_label: Whether a photo had its label when the run began; also False where an earlier version began it.
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
    original_id: int | None = None
    by_label: bool = False

    @property
    def is_aside(self) -> bool:
        """Whether it is a duplicate that is moved aside: its photo has an entry of its own."""
        return self.original_id is not None


@dataclass(frozen=True, slots=True)
class RemovedFolder:
    """A folder that a run removed after it had emptied it, as it was before.

    Attributes:
        mode: Its permissions.
    """

    path: Path
    mode: int
    atime_ns: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class MadeFolder:
    """A folder that a run made. Only such folders are ever removed, and only when empty."""

    id: int
    run_id: int
    path: Path
