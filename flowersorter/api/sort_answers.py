"""Results of the Python API about sorts: plans, outcomes, verification and history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from flowersorter.api.short_repr import short_repr

if TYPE_CHECKING:
    from flowersorter.domain.journal import Run
    from flowersorter.sorting.plan import SortPlan
    from flowersorter.sorting.runs.outcomes import RunResult
    from flowersorter.workflows.filing.verify import VerifyResult


@dataclass(frozen=True, slots=True)
class SortedPhoto:
    """The planned or actual outcome of a sort for one photo.

    Attributes:
        path: Its path before the sort.
        class_name: The class it is sorted as; None for a photo that is left.
        to: Its path in the class folder, or the path of the same bytes there; None for a photo that is left or failed.
        action: "copy", "move", "link", "symlink", "already there", "duplicate", "left", "waiting" (the sort
            paused before it) or "failed".
        reason: Why it is left, waits or failed; "" otherwise.
    """

    path: Path
    class_name: str | None
    to: Path | None
    action: str
    reason: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class SortReport:
    """The outcome of a sort, or of its dry run.

    Attributes:
        dry_run: Whether this is only a plan.
        sort: Number of the sort, for `Collection.undo`; None where no photo was sorted.
        photos: The outcome for each photo of the folder.
        sidecars: Number of files that are sorted with their photo, by suffix: {".xmp": 9, ".mov": 5}.
        staying: Number of other files beside the photos, which stay where they are, by suffix.
        keywords: Number of sidecar files that get the class of their photo as a keyword.
        without_keywords: Sidecar files that cannot get any, with the reasons.
        paused: Why the sort stopped before its end, such as a full disk; "" if it did not.
        can_be_resumed: Whether `Collection.resume` continues it then; else its folder has to be sorted again.
    """

    dry_run: bool
    sort: int | None
    photos: tuple[SortedPhoto, ...]
    sidecars: Mapping[str, int] = field(default_factory=dict)
    staying: Mapping[str, int] = field(default_factory=dict)
    keywords: int = 0
    without_keywords: Mapping[Path, str] = field(default_factory=dict)
    paused: str = ""
    can_be_resumed: bool = False

    @property
    def sorted(self) -> int:
        """The number of photos that are copied, moved or linked."""
        return sum(photo.action in ("copy", "move", "link", "symlink") for photo in self.photos)

    @property
    def failed(self) -> tuple[SortedPhoto, ...]:
        """The photos that could not be sorted."""
        return tuple(photo for photo in self.photos if photo.action == "failed")

    def __repr__(self) -> str:
        actions = Counter(photo.action for photo in self.photos)
        counts = {"photos": len(self.photos), **actions, "keywords": self.keywords, "paused": self.paused}
        return short_repr(self, "a plan" if self.dry_run else f"sort {self.sort}", counts)


@dataclass(frozen=True, slots=True, repr=False)
class ResumeReport:
    """The outcome of `Collection.resume`.

    Attributes:
        sort: Number of the sort.
        sorted: Number of photos sorted now.
        failed: The photos that could not be sorted, with the reasons.
        waiting: Number of photos that were not tried, because it paused again.
        paused: Why it paused; "" if it did not.
        can_be_resumed: Whether another call continues it then.
    """

    sort: int
    sorted: int
    failed: Mapping[Path, str]
    waiting: int
    paused: str
    can_be_resumed: bool = False

    def __repr__(self) -> str:
        counts = {"sorted": self.sorted, "failed": len(self.failed), "waiting": self.waiting, "paused": self.paused}
        return short_repr(self, f"sort {self.sort}", counts)


@dataclass(frozen=True, slots=True, repr=False)
class KeywordReport:
    """The outcome of `Collection.write_keywords`, or of its dry run.

    Attributes:
        dry_run: Whether this is only a plan.
        sorts: Numbers for `Collection.undo`, one for each folder in which a sidecar file changed.
        written: The sidecar files with new keywords, each with the class; "" where the photo has no label any more.
        left: The sidecar files and photos without, each with the reason.
    """

    dry_run: bool
    sorts: tuple[int, ...]
    written: Mapping[Path, str]
    left: Mapping[Path, str]

    def __repr__(self) -> str:
        begun = f"sorts {', '.join(map(str, self.sorts))}" if self.sorts else "no sort"
        counts = {"written": len(self.written), "left": len(self.left)}
        return short_repr(self, "a plan" if self.dry_run else begun, counts)


@dataclass(frozen=True, slots=True)
class Sort:
    """A past sort.

    Attributes:
        number: For `Collection.undo`.
        mode: "copy", "move", "link" or "symlink"; "keywords" where keywords were written beside photos that stay.
        source: The folder that the photos came from; None if they came from several.
        destination: The folder with the class folders.
        started_at: ISO 8601 in UTC.
        finished_at: The same; None while it is under way, or was interrupted.
        state: "open", "done", "cancelled", "partly undone" or "undone".
        photos: Number of photos sorted, with those undone since.
        undone: Number of photos undone since.
        failed: Number of photos that could not be sorted.
        waiting: Number of photos that were not tried, because it was stopped, paused or interrupted.
        can_be_resumed: Whether `Collection.resume` continues it.
    """

    number: int
    mode: str
    source: Path | None
    destination: Path
    started_at: str
    finished_at: str | None
    state: str
    photos: int
    undone: int
    failed: int
    waiting: int = 0
    can_be_resumed: bool = False


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A sorted photo or sidecar file that is not as it was sorted.

    Attributes:
        path: Where the sort put it.
        class_name: The class it was sorted under.
        sort: Number of the sort.
        state: "rotted" (other bytes, though size and time say that nothing wrote to it), "gone", "unreadable",
            "edited" or "moved" (moved or renamed within the destination).
        sidecar: Whether it is a sidecar file of a photo.
        now: Where a moved file is.
        intact_at: Where the original still has the bytes of the sort, for a file that is lost.
        known_edit: Whether the collection has read the edited file as the same photo.
        reason: Why it is unreadable, "" otherwise.
    """

    path: Path
    class_name: str
    sort: int
    state: Literal["rotted", "gone", "unreadable", "edited", "moved"]
    sidecar: bool
    now: Path | None
    intact_at: Path | None
    known_edit: bool
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class VerifyReport:
    """The outcome of `Collection.verify`.

    Attributes:
        photos: How many sorted photos were read.
        sidecars: How many of their sidecar files.
        intact: How many of both are as they were sorted.
        changed: The others, the worst first.
        not_reached: Destinations that are missing or empty, such as on an unplugged drive, with their number of files.
        earlier: How many of the intact files an interrupted call had read.
        earlier_since: When it read the first of these, ISO 8601 in UTC; None without any. At most 30 days ago.
    """

    photos: int
    sidecars: int
    intact: int
    changed: tuple[ChangedFile, ...]
    not_reached: Mapping[Path, int]
    earlier: int = 0
    earlier_since: str | None = None

    @property
    def all_well(self) -> bool:
        """Whether everything was reached and nothing rotted, is gone or unreadable."""
        lost = any(file.state in ("rotted", "gone", "unreadable") for file in self.changed)
        return not lost and not self.not_reached

    def __repr__(self) -> str:
        found = Counter(str(file.state) for file in self.changed)
        counts: dict[str, int] = {"intact": self.intact, **found, "not reached": sum(self.not_reached.values())}
        return short_repr(self, f"{self.photos} photos, {self.sidecars} sidecars", counts)


def report_of_verification(result: VerifyResult) -> VerifyReport:
    """Return the outcome of a verification in plain values."""
    changed = tuple(
        ChangedFile(
            path=file.path,
            class_name=file.class_name,
            sort=file.run_id,
            state=file.finding.value,
            sidecar=file.is_sidecar,
            now=file.now,
            intact_at=file.intact_at,
            known_edit=file.known_edit,
            reason=file.reason or "",
        )
        for file in result.changed
    )
    return VerifyReport(
        result.photos,
        result.sidecars,
        result.intact,
        changed,
        result.not_reached,
        result.earlier,
        result.earlier_since,
    )


def report_of_plan(plan: SortPlan, *, dry_run: bool) -> SortReport:
    """Convert the plan of a sort to plain values."""
    planned = [
        SortedPhoto(file.filing.source, file.filing.class_name, file.destination, file.action.value)
        for file in plan.files
    ]
    photos = (*planned, *_left(plan))
    return SortReport(dry_run, None, photos, plan.sidecars, plan.staying, len(plan.keywords), _without_keywords(plan))


def report_of_run(plan: SortPlan, done: RunResult) -> SortReport:
    """Convert the outcome of a sort to plain values."""
    classes = {file.filing.source: file.filing.class_name for file in plan.files}
    outcomes = [
        SortedPhoto(
            path=file.source,
            class_name=classes[file.source],
            to=file.destination,
            action=str(file.action) if file.destination is not None else "waiting" if file.waits else "failed",
            reason=file.error or "",
        )
        for file in done.files
    ]
    photos = (*outcomes, *_left(plan))
    return SortReport(
        False,
        done.run_id,
        photos,
        plan.sidecars,
        plan.staying,
        done.keywords,
        _without_keywords(plan),
        done.paused,
        done.can_be_resumed,
    )


def report_of_resume(done: RunResult) -> ResumeReport:
    """Convert the outcome of a continued sort to plain values."""
    assert done.run_id is not None  # it was continued
    failed = {file.source: file.error or "" for file in done.not_filed}
    return ResumeReport(done.run_id, done.filed, failed, done.waiting, done.paused, done.can_be_resumed)


def report_of_keywords(plans: Sequence[SortPlan], done: Sequence[RunResult] | None) -> KeywordReport:
    """Convert the plans of keywords, and their outcomes if they were carried out, to plain values."""
    left = {skipped.path: skipped.reason for plan in plans for skipped in (*plan.no_keywords, *plan.skipped)}
    failed = {file.source: file.error or "" for result in done or () for file in result.files if file.error}
    written = {}
    for planned in (file for plan in plans for file in plan.files):
        for each in planned.keywords:
            if planned.filing.source in failed:
                left[each.destination] = failed[planned.filing.source]
            else:
                written[each.destination] = planned.filing.class_name
    sorts = tuple(result.run_id for result in done or () if result.run_id is not None)
    return KeywordReport(done is None, sorts, written, left)


def _left(plan: SortPlan) -> list[SortedPhoto]:
    return [SortedPhoto(skipped.path, None, None, "left", skipped.reason) for skipped in plan.skipped]


def _without_keywords(plan: SortPlan) -> dict[Path, str]:
    return {skipped.path: skipped.reason for skipped in plan.no_keywords}


def sort_of(run: Run) -> Sort:
    """Convert a sort of the journal to plain values."""
    return Sort(
        number=run.id,
        mode="keywords" if run.only_keywords else str(run.mode),
        source=run.source,
        destination=run.destination,
        started_at=run.started_at,
        finished_at=run.finished_at,
        state=run.state.value,
        photos=run.photos,
        undone=run.undone,
        failed=run.failed,
        waiting=run.waiting,
        can_be_resumed=run.can_be_resumed,
    )
