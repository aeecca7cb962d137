"""The outcome of a sort for each photo: planned, done, and as JSON fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowersorter.commands.shared.output import shown
from flowersorter.messages import text
from flowersorter.sorting.plan import Action, PlannedFile, SortPlan
from flowersorter.sorting.runs.outcomes import FilingOutcome, RunResult

#: The actions that put a photo into a class folder.
FILING = tuple(action.value for action in Action if action.is_filed)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The action on one photo, planned or done."""

    action: str
    to: Path | None = None
    why: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return the part of the photo's JSON object that sorting adds."""
        fields: dict[str, Any] = {"to": None if self.to is None else str(self.to), "action": self.action}
        if self.why is not None:
            fields["error" if self.action == "failed" else "reason"] = self.why
        return fields


def folder_in(plan: SortPlan, file: PlannedFile) -> str:
    """Return the folder of a planned file, relative to the destination."""
    return shown(file.destination.parent.relative_to(plan.destination))


def planned_outcomes(plan: SortPlan) -> dict[Path, Outcome]:
    """Return the planned action on each photo, by its path."""
    outcomes = {
        file.filing.source: Outcome(file.action.value, file.destination, _place(plan, file)) for file in plan.files
    }
    outcomes |= {skipped.path: Outcome("left", why=skipped.reason) for skipped in plan.skipped}
    return outcomes


def _place(plan: SortPlan, file: PlannedFile) -> str | None:
    """Return the folder that a photo is in already, in words; None for a photo that is to be sorted."""
    if file.action != Action.ALREADY_THERE:
        return None
    return text("already there, in {folder}", folder=folder_in(plan, file))


def done_outcomes(done: RunResult) -> dict[Path, Outcome]:
    """Return the result for each photo that was to be sorted, by its path."""
    return {file.source: Outcome(_action(file), file.destination, file.error) for file in done.files}


def _action(file: FilingOutcome) -> str:
    if file.destination is not None:
        return file.action
    return "waiting" if file.waits else "failed"


def outcome_lines(photos: Iterable[dict[str, Any]], outcomes: Mapping[Path, Outcome]) -> Iterator[dict[str, Any]]:
    """Add the outcome to the JSON object of each photo."""
    for line in photos:
        outcome = outcomes.get(Path(line["path"]))
        if outcome is None:
            outcome = Outcome("left", why=text("it cannot be read") if "error" in line else text("it has no class"))
        fields = outcome.fields()
        if "error" in line:
            fields.pop("reason", None)  # the error says it already
        yield line | fields
