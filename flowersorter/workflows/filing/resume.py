"""Continues a sort that was stopped, paused or interrupted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flowersorter.domain.journal import Run
from flowersorter.domain.photo_answers import LeftOutOf
from flowersorter.errors import SortRefused
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import Text, joined_texts, plural, text
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.sorting.runs.resume import resume
from flowersorter.workflows.filing.history import runs

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class ResumeRequest:
    """Continue a sort.

    Attributes:
        run_id: The sort, or None for the newest that can be continued.
        backbone: Name of the backbone of the suggestions, or None for that of the sort.
        left_out: Class id by photo id, of photos that the person left out when others were confirmed as that class:
            they stay where that is the class of the plan.
    """

    run_id: int | None = None
    backbone: str | None = None
    left_out: LeftOutOf = field(default_factory=dict)


def resumable_runs(collection: CollectionStore) -> list[Run]:
    """List the sorts that can be continued, newest first."""
    return [run for run in runs(collection) if run.can_be_resumed]


def resume_run(engine: Engine, request: ResumeRequest, report: Report, cancel: CancelToken) -> RunResult:
    """File the photos that a sort did not come to, each journalled and verified.

    A photo without a label stays where its suggestion is another class by now, where it is less sure than those that
    the sort includes, and where its suggestion cannot be read.

    Raises:
        SortRefused: there is no such sort, nothing is left of it, or its disk is missing or too full.
        UserError: there is no such backbone, or the library cannot be read or written.
        WeightsMissing: it is the collection's own, and its file is missing or damaged.
        Cancelled: asked to stop; photos sorted until then stay sorted, and it can be continued again.
    """
    # Imported here, because others only list the sorts that wait.
    from flowersorter.workflows.filing.present_suggestions import PresentSuggestions
    from flowersorter.workflows.models.finetuned_backbones import backbone_of

    if request.backbone is not None:
        backbone_of(engine, request.backbone)
    run_id = request.run_id
    if run_id is None:
        waiting = resumable_runs(engine.collection)
        if not waiting:
            raise SortRefused(
                text("There is no sort to continue"),
                text("every sort came to its end, was undone, or its folder has to be sorted again"),
            )
        run_id = waiting[0].id
    suggestions = PresentSuggestions(engine, run_id, request.backbone, report, cancel)
    return resume(engine.collection, run_id, report, cancel, suggestions=suggestions, left_out=request.left_out)


def waiting_sentence(run: Run) -> Text:
    """Say how much of a sort is left, and how to continue it, or why it cannot be continued."""
    if run.refusal is not None and not run.waiting:
        return text(
            "Sort {sort} cannot be continued: {why}. {hint}.",
            sort=run.id,
            why=run.refusal.why,
            hint=run.refusal.hint,
        )
    if run.refusal is not None:
        return plural(
            "{number} photo of sort {sort} is not sorted yet, and the sort cannot be continued: {why}. {hint}.",
            "{number} photos of sort {sort} are not sorted yet, and the sort cannot be continued: {why}. {hint}.",
            run.waiting,
            sort=run.id,
            why=run.refusal.why,
            hint=run.refusal.hint,
        )
    if not run.left:
        return plural(
            "{number} duplicate of sort {sort} was not looked at. To continue: flowersorter resume {sort}",
            "{number} duplicates of sort {sort} were not looked at. To continue: flowersorter resume {sort}",
            run.waiting_duplicates,
            sort=run.id,
        )
    if not run.waiting:
        return plural(
            "{number} file beside the photos of sort {sort} is left. To continue: flowersorter resume {sort}",
            "{number} files beside the photos of sort {sort} are left. To continue: flowersorter resume {sort}",
            run.left,
            sort=run.id,
        )
    return plural(
        "{number} photo of sort {sort} is not sorted yet. To continue: flowersorter resume {sort}",
        "{number} photos of sort {sort} are not sorted yet. To continue: flowersorter resume {sort}",
        run.waiting,
        sort=run.id,
    )


def failed_sentence(run: Run) -> Text:
    """Say how many photos of a sort could not be sorted, and where the reasons are listed."""
    return plural(
        "{number} photo of sort {sort} could not be sorted. To see why: flowersorter history {sort}",
        "{number} photos of sort {sort} could not be sorted. To see why: flowersorter history {sort}",
        run.failed,
        sort=run.id,
    )


def paused_sentence(result: RunResult) -> Text:
    """Say why a sort paused, what to do, how much is left, and how to continue it, or why it cannot be continued."""
    assert result.run is not None  # it paused
    what = text("Paused: {why}. What is sorted stays. Make room or connect the drive again.", why=result.paused)
    return joined_texts(" ", what, waiting_sentence(result.run))
