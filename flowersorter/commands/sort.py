"""The verb sort: predict new photos, plan, then put the photos into class folders."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import (
    predict_folders,
    say_missing_model,
    say_no_photos,
)
from flowersorter.commands.shared.json_lines import (
    expected_fields,
    folder_lines,
    folder_problems,
    model_fields,
    model_used,
)
from flowersorter.commands.shared.output import Terminal
from flowersorter.commands.shared.sort_outcomes import FILING, done_outcomes, outcome_lines, planned_outcomes
from flowersorter.commands.shared.sort_output import say_done, say_each_photo, say_plan
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.errors import Cancelled
from flowersorter.library.tables.class_names import ASIDE
from flowersorter.messages import plural, stored, text
from flowersorter.photos.scan import absolute_roots
from flowersorter.sorting.folder_pattern import CLASS_ONLY, FolderPattern
from flowersorter.sorting.plan import Action, Mode, SortPlan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.workflows.evaluation.stored_check import checked_note
from flowersorter.workflows.filing.history import runs
from flowersorter.workflows.filing.keywords import writes_keywords
from flowersorter.workflows.filing.refile import RefileRequest, misfiled, refile
from flowersorter.workflows.filing.resume import failed_sentence, waiting_sentence
from flowersorter.workflows.filing.sort import (
    Include,
    RunSortRequest,
    SortRequest,
    check_destination,
    chosen_rows,
    plan_sort,
    run_sort,
)
from flowersorter.workflows.filing.sort_patterns import sort_pattern
from flowersorter.workflows.filing.sorted_photos import moves_sorted_copies
from flowersorter.workflows.predicting.imagenet.names import names_of_unknown
from flowersorter.workflows.predicting.predict_folder import PredictFolderResult

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


def run(call: Call) -> int:
    """Predict, plan, and unless it is a dry run, sort."""
    options, terminal = call.options, call.terminal
    mode, roots, destination = Mode(options.mode), absolute_roots(options.folders), options.to.absolute()
    with call.engine() as engine:
        # Refused at once, not after a thousand photos were read.
        FolderPattern.parse(options.pattern or CLASS_ONLY)
        check_destination(roots, destination, mode, call.cancel)
        result = predict_folders(call, engine, roots)
        copies = _move_earlier_copies(call, engine, result)
        request = SortRequest(
            roots,
            destination,
            mode,
            Include.SURE if options.only_sure else Include.ALL,
            options.backbone,
            ASIDE if options.aside else None,
            options.pattern,
            options.move_duplicates,
            options.remove_empty_folders,
            writes_keywords(engine.collection) if options.keywords is None else options.keywords,
        )
        with terminal.progress() as report:
            plan = plan_sort(engine, request, report, call.cancel)
        if len(result.rows):
            if options.dry_run:
                say_each_photo(terminal, plan)
            pattern = sort_pattern(engine.collection, plan.destination)
            if options.pattern is None and pattern != CLASS_ONLY:
                terminal.say(
                    text(
                        'With the sub-folders of your last sort there: {pattern} (none: --pattern "")', pattern=pattern
                    )
                )
            checked = checked_note(engine, roots, result.rows, options.backbone, request.include)
            say_plan(terminal, plan, replace(result, checked=checked), dry_run=options.dry_run)
            _say_unsure(terminal, plan, result.rows)
        done = None if options.dry_run else _file(call, engine, plan)
        if terminal.as_json:
            _record(call, engine, result, plan, done, copies)
        say_missing_model(call, engine.collection, result)
    if not len(result.rows):
        say_no_photos(call, roots, result)
        return 0
    if done is None:
        terminal.say(text("Nothing was changed: this was a dry run."))
        return 0
    return say_done(terminal, plan, done)


def _record(
    call: Call,
    engine: Engine,
    result: PredictFolderResult,
    plan: SortPlan,
    done: RunResult | None,
    copies: dict[str, int],
) -> None:
    """Write a JSON object for each photo, and the summary."""
    terminal, backbone = call.terminal, call.options.backbone
    outcomes = planned_outcomes(plan)
    if done is not None:
        outcomes |= done_outcomes(done)
    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    likenesses = names_of_unknown(engine, result.rows, backbone)
    model, remarks = model_used(engine, backbone), engine.collection.photos.remarks()
    photos = folder_lines(result, names, likenesses, remarks, labels_count=True, model=model)
    actions: Counter[str] = Counter()
    unreadable = 0
    for line in outcome_lines(photos, outcomes):
        actions[line["action"]] += 1
        unreadable += "error" in line and "class" not in line
        terminal.record(line)
    summary = _summary(plan, actions, unreadable, done) | copies | _beside(result) | model_fields(model)
    terminal.record({"summary": summary})


def _say_unsure(terminal: Terminal, plan: SortPlan, rows: PhotoRows) -> None:
    """Count the suggestions in the plan that are less than sure."""
    filed = {file.filing.source for file in plan.files if file.action.is_filed}
    unsure = np.flatnonzero(chosen_rows(rows, Include.ALL) & ~chosen_rows(rows, Include.SURE))
    if number := sum(rows.paths[row] in filed for row in unsure.tolist()):
        terminal.say(
            plural(
                "{number} of them is a suggestion that is only likely or not sure; --only-sure leaves it.",
                "{number} of them are suggestions that are only likely or not sure; --only-sure leaves them.",
                number,
            )
        )


def _beside(result: PredictFolderResult) -> dict[str, Any]:
    problems = folder_problems(result.problems)
    return {"left_out": result.skipped, "problems": problems, "expected": expected_fields(result)}


def _move_earlier_copies(call: Call, engine: Engine, result: PredictFolderResult) -> dict[str, int]:
    """Move photos that were sorted before to the class of their label, if the person agrees; return how many.

    Otherwise they stay where they are: no photo is put into two class folders.
    """
    options, terminal = call.options, call.terminal
    photo_ids = tuple(sorted({int(photo_id) for photo_id in result.rows.photo_ids if photo_id}))
    waiting = len(misfiled(engine.collection, photo_ids))
    counts = {"copies_moved": 0, "copies_in_other_classes": waiting}
    if not waiting:
        return counts
    found = plural(
        "{number} photo sorted before in the folder of another class",
        "{number} photos sorted before in the folder of another class",
        waiting,
    )
    follow = options.move_copies or moves_sorted_copies(engine.collection)
    if options.dry_run:
        if follow:
            terminal.say(text("{found}: would be moved.", found=found))
        else:
            terminal.say(text("{found}: would stay; --move-copies moves them.", found=found))
        return counts
    if follow is None:
        follow = terminal.ask(text("{found}. Also move the copies you sorted?", found=found))
        call.cancel.check()
    if not follow:
        terminal.say(text("{found}: left there. To move them: --move-copies", found=found))
        return counts
    with terminal.progress() as report:
        moved = refile(engine, RefileRequest(photo_ids), report, call.cancel)
    sorts = ", ".join(map(str, moved.run_ids))
    terminal.say(
        plural(
            "{number} photo sorted before moved to the class you chose (sort {sorts}).",
            "{number} photos sorted before moved to the class you chose (sort {sorts}).",
            moved.moved,
            sorts=sorts,
        )
    )
    for skipped in moved.left:
        terminal.say_of(skipped.path, stored(skipped.reason), indent=2)
    return {"copies_moved": moved.moved, "copies_in_other_classes": waiting - moved.moved}


def _file(call: Call, engine: Engine, plan: SortPlan) -> RunResult:
    """Carry out the plan; when it is stopped, say how many photos stay sorted.

    Raises:
        Cancelled: the person pressed Ctrl+C.
    """
    if not plan.changes_disk:
        return RunResult(None, ())  # no sort without a photo in the history
    before = {run.id for run in runs(engine.collection)}
    try:
        with call.terminal.progress() as report:
            return run_sort(engine, RunSortRequest(plan, call.options.pattern), report, call.cancel)
    except Cancelled:
        for started in runs(engine.collection):
            if started.id not in before:
                call.terminal.note(
                    plural(
                        "{number} photo sorted so far. To undo that: flowersorter undo {sort}",
                        "{number} photos sorted so far. To undo that: flowersorter undo {sort}",
                        started.photos,
                        sort=started.id,
                    )
                )
                if started.left:
                    call.terminal.note(waiting_sentence(started))
                if started.failed:
                    call.terminal.note(failed_sentence(started))
        raise


def _summary(plan: SortPlan, actions: Counter[str], unreadable: int, done: RunResult | None) -> dict[str, Any]:
    return {
        "mode": plan.mode.value,
        "destination": str(plan.destination),
        "dry_run": done is None,
        "sort": None if done is None else done.run_id,
        "photos": actions.total(),
        "sorted": sum(actions[name] for name in FILING),
        "already_there": actions[Action.ALREADY_THERE.value],
        "duplicates": actions[Action.DUPLICATE.value],
        "left": actions["left"],
        "failed": actions["failed"],
        "unreadable": unreadable,
        "classes": plan.counts_by_class,
        "sidecars": dict(plan.sidecars),
        "staying": dict(plan.staying),
        "keywords": len(plan.keywords) if done is None else done.keywords,
        "without_keywords": {str(skipped.path): skipped.reason for skipped in plan.no_keywords},
        "sidecars_edited_there": [str(path) for path in plan.edited],
        "films_of_another_time": [str(path) for path in plan.other_films],
        "duplicates_moved": len(plan.duplicates) if done is None else done.duplicates_moved,
        "paused": (done.paused or None) if done is not None else None,
        "waiting": 0 if done is None else done.waiting,
        "can_be_resumed": done is not None and done.can_be_resumed,
        "folders_removed": (len(plan.emptied.empty) * plan.removes_emptied) if done is None else done.folders_removed,
    }
