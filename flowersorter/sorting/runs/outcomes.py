"""The outcomes of a run: of a long one only those that differ from its plan are held."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from flowersorter.domain.journal import Run
from flowersorter.messages import Text, joined_texts
from flowersorter.sorting.plan import Action, PlannedFile
from flowersorter.sorting.runs.packed import ByPosition, Packed


@dataclass(frozen=True, slots=True)
class FilingOutcome:
    """The outcome for one photo.

    Attributes:
        destination: Where it, or a file with the same bytes, is filed; None if it could not be filed.
        action: The planned `Action`.
        error: Why it could not be filed, or a note about a deviation from the plan.
        moved_aside: Whether it is a duplicate that was moved aside.
        waits: Whether it was not tried, because the run paused.
    """

    source: Path
    destination: Path | None
    action: str
    error: str | None = None
    moved_aside: bool = False
    waits: bool = False


class Kind(NamedTuple):
    """The parts of an outcome by which it is counted."""

    action: str
    is_filed: bool
    moved_aside: bool = False
    waits: bool = False


def kinds_of(files: Iterable[FilingOutcome]) -> Counter[Kind]:
    """Count outcomes by kind."""
    if isinstance(files, Outcomes):
        return files.kinds
    return Counter(Kind(file.action, file.destination is not None, file.moved_aside, file.waits) for file in files)


class Deviation(NamedTuple):
    """An outcome that differs from the plan; many photos share one."""

    action: str
    is_filed: bool
    error: str | None = None
    moved_aside: bool = False

    @property
    def kind(self) -> Kind:
        """Its parts by which it is counted."""
        return Kind(self.action, self.is_filed, self.moved_aside)


class Outcomes(ByPosition[FilingOutcome]):
    """The outcome of each photo of a plan, in its order: filed as planned, but for some.

    Args:
        planned: The photos.
        by_action: Their number by action.
        entry_ids: The ids of their journal entries, rising.
        notes: About sidecars that could not get keywords, by position.
    """

    def __init__(
        self,
        planned: Sequence[PlannedFile],
        by_action: Mapping[Action, int],
        entry_ids: Sequence[int],
        notes: Mapping[int, Sequence[Text]],
    ) -> None:
        self._planned, self._by_action, self._ids, self._notes = planned, by_action, entry_ids, notes
        self._deviations: dict[int, Deviation] = {}
        self._same: dict[Deviation, Deviation] = {}
        self._waiting, self._why_waiting = array("q"), ""

    def position(self, entry_id: int) -> int:
        """Return the position of a photo by its journal entry."""
        return bisect_left(self._ids, entry_id)

    def set(self, position: int, deviation: Deviation) -> None:
        """Store an outcome that may differ from the plan."""
        self._deviations[position] = self._same.setdefault(deviation, deviation)

    def set_waiting(self, positions: Iterable[int], why: str) -> None:
        """Store that photos were not tried; their positions rise."""
        self._waiting, self._why_waiting = array("q", positions), why

    def of(self, position: int) -> Deviation:
        """Return the outcome at a position, without its paths."""
        return self._of(position, self._planned[position])

    def _of(self, position: int, planned: PlannedFile) -> Deviation:
        if (found := self._deviations.get(position)) is not None:
            return found
        at = bisect_left(self._waiting, position)
        waits = at < len(self._waiting) and self._waiting[at] == position
        return Deviation(planned.action.value, not waits, self._why_waiting if waits else None)

    @property
    def kinds(self) -> Counter[Kind]:
        """The number of outcomes by kind, without a walk over the photos that were filed as planned."""
        kinds = Counter({Kind(action.value, is_filed=True): count for action, count in self._by_action.items()})
        for position, deviation in self._deviations.items():
            kinds[Kind(self._planned[position].action.value, is_filed=True)] -= 1
            kinds[deviation.kind] += 1
        for position in self._waiting:
            action = self._planned[position].action.value
            kinds[Kind(action, is_filed=True)] -= 1
            kinds[Kind(action, is_filed=False, waits=True)] += 1
        return kinds

    def unusual(self) -> Iterator[FilingOutcome]:
        """Yield the outcomes that differ from the plan or have a note, in its order, but for photos not tried."""
        return (self[position] for position in sorted({*self._deviations, *self._notes}))

    def __len__(self) -> int:
        return len(self._planned)

    def __iter__(self) -> Iterator[FilingOutcome]:
        return (self._outcome(position, planned) for position, planned in enumerate(self._planned))

    def _at(self, position: int) -> FilingOutcome:
        return self._outcome(position, self._planned[position])

    def _outcome(self, position: int, planned: PlannedFile) -> FilingOutcome:
        action, is_filed, error, moved_aside = self._of(position, planned)
        waits = not is_filed and position not in self._deviations
        if notes := self._notes.get(position):
            error = joined_texts("; ", *filter(None, (error, *notes)))
        return FilingOutcome(
            planned.filing.source, planned.destination if is_filed else None, action, error or None, moved_aside, waits
        )


@dataclass(frozen=True, slots=True)
class RunResult:
    """The outcome of a run.

    Attributes:
        run_id: None if the plan was empty.
        files: One outcome for each photo of the plan, in its order.
        sidecars: Number of sidecars newly filed, without those that were made for keywords.
        folders_removed: Number of emptied folders removed.
        keywords: Number of sidecars that got keywords.
        paused: Why the run stopped before its end, lower case; "" if it did not.
        run: The run as its end left it: how many photos it did not try, and whether `resume` continues it. None if the
            plan was empty.
    """

    run_id: int | None
    files: Sequence[FilingOutcome]
    sidecars: int = 0
    folders_removed: int = 0
    keywords: int = 0
    paused: str = ""
    run: Run | None = None
    _kinds: list[Counter[Kind]] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def not_filed(self) -> Iterator[FilingOutcome]:
        """The photos that could not be filed, with the reasons, without those that wait."""
        return (file for file in self._unusual if file.destination is None and not file.waits)

    @property
    def noted(self) -> Iterator[FilingOutcome]:
        """The photos that are where they belong, but of which something is worth knowing."""
        return (file for file in self._unusual if file.destination is not None and file.error)

    @property
    def _unusual(self) -> Iterable[FilingOutcome]:
        return self.files.unusual() if isinstance(self.files, Outcomes) else self.files

    @property
    def filed(self) -> int:
        """Number of photos newly filed."""
        return sum(count for kind, count in self._counted if kind.is_filed and Action(kind.action).is_filed)

    @property
    def already_there(self) -> int:
        """Number of photos that stay because their bytes were in the class folder already."""
        return self._staying(Action.ALREADY_THERE)

    @property
    def duplicates(self) -> int:
        """Number of photos that stay because their bytes were filed from another place in this run."""
        return self._staying(Action.DUPLICATE)

    @property
    def duplicates_moved(self) -> int:
        """Number of photos of either kind that were moved aside."""
        return sum(count for kind, count in self._counted if kind.moved_aside)

    @property
    def failed(self) -> int:
        """Number of photos that could not be filed, without those that wait."""
        return sum(count for kind, count in self._counted if not kind.is_filed and not kind.waits)

    @property
    def waiting(self) -> int:
        """Number of photos of the run that were not tried, because it paused."""
        return 0 if self.run is None else self.run.waiting

    @property
    def has_something_to_undo(self) -> bool:
        """Whether a file was filed, moved aside or changed."""
        return bool(self.filed or self.sidecars or self.duplicates_moved or self.keywords)

    @property
    def can_be_resumed(self) -> bool:
        """Whether `resume` continues the run."""
        return self.run is not None and self.run.can_be_resumed

    @property
    def _counted(self) -> Iterable[tuple[Kind, int]]:
        if not self._kinds:
            self._kinds.append(kinds_of(self.files))
        return self._kinds[0].items()

    def _staying(self, action: Action) -> int:
        staying = Kind(action.value, is_filed=True)
        return sum(count for kind, count in self._counted if kind == staying)


def packed_outcomes() -> Packed[FilingOutcome]:
    """Return a growing sequence of outcomes."""
    return Packed(
        lambda each: (
            str(each.source),
            None if each.destination is None else str(each.destination),
            each.action,
            each.error,
            each.moved_aside,
            each.waits,
        ),
        lambda row: FilingOutcome(Path(row[0]), None if row[1] is None else Path(row[1]), *row[2:]),
    )
