"""The verb sort: predict new photos, plan, then put the photos into class folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import (
    predict_folders,
    say_missing_model,
    say_no_photos,
    say_skipped,
    say_unreadable,
)
from flowersorter.commands.shared.json_lines import folder_lines, folder_problems, lost_photos, model_name
from flowersorter.commands.shared.output import Terminal, counted, shown, size
from flowersorter.domain.journal import DUPLICATES
from flowersorter.errors import Cancelled
from flowersorter.library.tables.class_names import ASIDE
from flowersorter.messages import text
from flowersorter.photos.scan import absolute_roots
from flowersorter.sorting.execute import RunResult
from flowersorter.sorting.folder_pattern import CLASS_ONLY, FolderPattern
from flowersorter.sorting.plan import Action, Mode, PlannedFile, SortPlan
from flowersorter.sorting.plan_sidecars import listed
from flowersorter.workflows.filing.history import runs
from flowersorter.workflows.filing.refile import RefileRequest, misfiled, refile
from flowersorter.workflows.filing.sort import (
    Include,
    RunSortRequest,
    SortRequest,
    check_destination,
    plan_sort,
    run_sort,
)
from flowersorter.workflows.filing.sorted_copies import moves_sorted_copies
from flowersorter.workflows.predicting.imagenet_names import strangers
from flowersorter.workflows.predicting.predict_folder import PredictFolderResult

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_FILING = tuple(action.value for action in Action if action.is_filed)
_VERBS = {Mode.COPY: "Copy", Mode.MOVE: "Move", Mode.LINK: "Link", Mode.SYMLINK: "Point to"}
_DONE = {Mode.COPY: "copied", Mode.MOVE: "moved", Mode.LINK: "linked", Mode.SYMLINK: "stand there as pointers"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens, or would happen, to one photo."""

    action: str
    to: Path | None = None
    why: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return the part of the photo's JSON object that sorting adds."""
        fields: dict[str, Any] = {"to": None if self.to is None else str(self.to), "action": self.action}
        if self.why is not None:
            fields["error" if self.action == "failed" else "reason"] = self.why
        return fields


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
        )
        with terminal.progress() as report:
            plan = plan_sort(engine, request, report, call.cancel)
        if len(result.rows):
            _say_plan(terminal, plan, result)
        outcomes = _planned(plan)
        done = None
        if not options.dry_run:
            done = _file(call, engine, plan)
            outcomes |= _happened(done)
        names = {entry.id: entry.name for entry in engine.collection.classes.all()}
        likenesses = strangers(engine, result.rows, options.backbone)
        model = model_name(engine, options.backbone)
        photos = folder_lines(result, names, likenesses, labels_count=True, model=model)
        lines = list(_lines(photos, outcomes))
        for line in (*lines, {"summary": _summary(plan, lines, done) | copies | _beside(result)}):
            terminal.record(line)
        say_missing_model(call, engine.collection, result)
    if not len(result.rows):
        say_no_photos(call, roots, result)
        return 0
    if done is None:
        terminal.say("Nothing was changed: this was a dry run.")
        return 0
    return _say_done(terminal, plan, outcomes, done)


def _beside(result: PredictFolderResult) -> dict[str, Any]:
    return {"left_out": result.skipped, "problems": folder_problems(result.problems)}


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
    found = f"{counted(waiting, 'photo')} sorted before in the folder of another class"
    follow = options.move_copies or moves_sorted_copies(engine.collection)
    if options.dry_run:
        terminal.say(f"{found}: {'would be moved' if follow else 'would stay; --move-copies moves them'}.")
        return counts
    if follow is None:
        follow = terminal.ask(f"{found}. Also move the copies you sorted?")
        call.cancel.check()
    if not follow:
        terminal.say(f"{found}: left there. To move them: --move-copies")
        return counts
    with terminal.progress() as report:
        moved = refile(engine, RefileRequest(photo_ids), report, call.cancel)
    sorts = ", ".join(map(str, moved.run_ids))
    terminal.say(f"{counted(moved.moved, 'photo')} sorted before moved to the class you chose (sort {sorts}).")
    for skipped in moved.left:
        terminal.say(f"  {shown(skipped.path)}: {skipped.reason}")
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
                filed = counted(started.photos, "photo")
                call.terminal.note(f"{filed} sorted so far. To undo that: flowersorter undo {started.id}")
        raise


def _planned(plan: SortPlan) -> dict[Path, Outcome]:
    outcomes = {
        file.filing.source: Outcome(file.action.value, file.destination, _place(plan, file)) for file in plan.files
    }
    outcomes |= {skipped.path: Outcome("left", why=skipped.reason) for skipped in plan.skipped}
    return outcomes


def _place(plan: SortPlan, file: PlannedFile) -> str | None:
    """Say in which folder a photo is already; None for a photo that is to be sorted."""
    if file.action != Action.ALREADY_THERE:
        return None
    return text("already there, in {folder}", folder=_folder(plan, file))


def _folder(plan: SortPlan, file: PlannedFile) -> str:
    return shown(file.destination.parent.relative_to(plan.destination))


def _happened(done: RunResult) -> dict[Path, Outcome]:
    return {
        file.source: Outcome("failed" if file.destination is None else file.action, file.destination, file.error)
        for file in done.files
    }


def _lines(photos: Iterable[dict[str, Any]], outcomes: Mapping[Path, Outcome]) -> Iterator[dict[str, Any]]:
    for line in photos:
        outcome = outcomes.get(Path(line["path"]))
        if outcome is None:
            outcome = Outcome("left", why=text("it cannot be read") if "error" in line else text("it has no class"))
        fields = outcome.fields()
        if "error" in line:
            fields.pop("reason", None)  # the error says it already
        yield line | fields


def _summary(plan: SortPlan, lines: Sequence[Mapping[str, Any]], done: RunResult | None) -> dict[str, Any]:
    actions = Counter(line["action"] for line in lines)
    return {
        "mode": plan.mode.value,
        "destination": str(plan.destination),
        "dry_run": done is None,
        "sort": None if done is None else done.run_id,
        "photos": len(lines),
        "sorted": sum(actions[name] for name in _FILING),
        "already_there": actions[Action.ALREADY_THERE.value],
        "duplicates": actions[Action.DUPLICATE.value],
        "left": actions["left"],
        "failed": actions["failed"],
        "unreadable": sum("error" in line and "class" not in line for line in lines),
        "classes": plan.counts_by_class,
        "sidecars": dict(plan.sidecars),
        "staying": dict(plan.staying),
        "sidecars_edited_there": [str(path) for path in plan.edited],
        "duplicates_moved": len(plan.duplicates) if done is None else done.duplicates_moved,
        "folders_removed": (len(plan.emptied.empty) * plan.removes_emptied) if done is None else done.folders_removed,
    }


def _say_plan(terminal: Terminal, plan: SortPlan, result: PredictFolderResult) -> None:
    actions = plan.counts_by_action
    filing = sum(number for action, number in actions.items() if action.is_filed)
    if plan.mode == Mode.SYMLINK and filing:
        terminal.say("Only pointers are made: they stop working when their originals are deleted or moved.")
    if filing:
        terminal.say(f"{_VERBS[plan.mode]} {counted(filing, 'photo')} to {shown(plan.destination)}")
    table = [[shown(folder), str(number)] for folder, number in sorted(plan.counts_by_folder.items())]
    if table:
        terminal.say_table(table, right=(1,), indent=2)
    _say_sidecars(terminal, plan)
    there = Counter(_folder(plan, file) for file in plan.files if file.action == Action.ALREADY_THERE)
    if there:
        terminal.say(f"{counted(there.total(), 'photo')} already there:")
        rows = [[str(number), text("in {folder}", folder=folder)] for folder, number in there.most_common()]
        terminal.say_table(rows, right=(0,), indent=2)
    if same := actions.get(Action.DUPLICATE):
        terminal.say(f"{counted(same, 'duplicate')} of another photo, which is sorted once")
    _say_leftovers(terminal, plan)
    unreadable = {path for path, _ in result.unreadable}
    reasons = Counter(skipped.reason for skipped in plan.skipped if skipped.path not in unreadable)
    if reasons:
        terminal.say("Left where they are:")
        terminal.say_table([[str(number), reason] for reason, number in reasons.most_common()], right=(0,), indent=2)
    if result.many_unknown:
        terminal.say(result.many_unknown)
    say_unreadable(terminal, (*result.unreadable, *lost_photos(result)))
    say_skipped(terminal, result)
    if plan.needed_bytes:
        terminal.say(f"Needs {size(plan.needed_bytes)} of {size(plan.free_bytes)} free.")


def _say_leftovers(terminal: Terminal, plan: SortPlan) -> None:
    """Count the duplicates and empty folders that a move leaves or takes along."""
    if plan.mode != Mode.MOVE:
        return
    twice = sum(not file.action.is_filed for file in plan.files)
    if plan.duplicates:
        folder = shown(plan.folder_of(plan.duplicates[0]))
        terminal.say(f"{counted(len(plan.duplicates), 'duplicate')} of these moved into {folder}")
    elif twice:
        terminal.say(f"{counted(twice, 'duplicate')} would stay; --move-duplicates moves them into “{DUPLICATES}”")
    if empty := len(plan.emptied.empty):
        what = "removed" if plan.removes_emptied else "left; --remove-empty-folders removes them"
        terminal.say(f"Folders that become empty: {empty}, {what}")
    if nearly := len(plan.emptied.nearly_empty):
        hidden = "hidden files such as .DS_Store or Thumbs.db"
        terminal.say(f"Folders that keep nothing but {hidden}: {nearly}, left")


def _say_sidecars(terminal: Terminal, plan: SortPlan) -> None:
    """Say which files beside the photos go along, and which stay."""
    if plan.sidecars:
        going = counted(sum(plan.sidecars.values()), "sidecar file")
        lead = text("With them {files}", files=going) if plan.counts_by_class else text("Copy {files}", files=going)
        terminal.say(shown(f"{lead}: {listed(plan.sidecars)}"))
    if plan.staying:
        staying = counted(sum(plan.staying.values()), "other file stays", "other files stay")
        terminal.say(shown(f"{staying}: {listed(plan.staying)}"))
    for path in plan.edited:
        terminal.say(f"{shown(path)} stays: the one in the class folder was edited later")


def _say_done(terminal: Terminal, plan: SortPlan, outcomes: Mapping[Path, Outcome], done: RunResult) -> int:
    failed = [(path, outcome.why) for path, outcome in outcomes.items() if outcome.action == "failed"]
    filed = sum(outcome.action in _FILING for outcome in outcomes.values())
    if (filed or done.sidecars) and done.run_id is not None:
        what = [counted(filed, "photo")] * bool(filed)
        what += [counted(done.sidecars, "sidecar file")] * bool(done.sidecars)
        did = _DONE[plan.mode if filed or plan.mode != Mode.MOVE else Mode.COPY]  # the source of such a sidecar stays
        terminal.say(f"{' and '.join(what)} {did}. To undo that: flowersorter undo {done.run_id}")
    elif not failed and not done.duplicates_moved:
        terminal.say("Nothing to sort.")
    left = [counted(done.duplicates_moved, "duplicate") + " moved"] * bool(done.duplicates_moved)
    left += [counted(done.folders_removed, "empty folder") + " removed"] * bool(done.folders_removed)
    if left:
        terminal.say(f"{', '.join(left)}. To undo that: flowersorter undo {done.run_id}")
    for file in done.files:
        if file.action == Action.ALREADY_THERE and file.error:  # a sidecar file of it could not be sorted
            terminal.say(f"  {shown(file.source)}: {file.error}")
    if not failed:
        return 0
    for path, why in failed[:10]:
        terminal.say(f"  {shown(path)}: {why}")
    terminal.note(
        f"{counted(len(failed), 'photo')} could not be sorted"
        + (f": {failed[0][1]}." if len(failed) == 1 else f"; the first one: {failed[0][1]}.")
    )
    return 1
