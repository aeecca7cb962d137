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
from flowersorter.commands.shared.output import Terminal, counted_files, counted_sidecars, shown, size
from flowersorter.domain.journal import DUPLICATES
from flowersorter.errors import Cancelled
from flowersorter.library.tables.class_names import ASIDE
from flowersorter.messages import Text, joined_texts, plural, stored, text
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
        terminal.say(text("Nothing was changed: this was a dry run."))
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
        terminal.say(text("Only pointers are made: they stop working when their originals are deleted or moved."))
    if filing:
        terminal.say(_plan_sentence(plan, filing))
    table = [[shown(folder), str(number)] for folder, number in sorted(plan.counts_by_folder.items())]
    if table:
        terminal.say_table(table, right=(1,), indent=2)
    _say_sidecars(terminal, plan)
    there = Counter(_folder(plan, file) for file in plan.files if file.action == Action.ALREADY_THERE)
    if there:
        terminal.say(plural("{number} photo already there:", "{number} photos already there:", there.total()))
        rows = [[str(number), text("in {folder}", folder=folder)] for folder, number in there.most_common()]
        terminal.say_table(rows, right=(0,), indent=2)
    if same := actions.get(Action.DUPLICATE):
        terminal.say(
            plural(
                "{number} duplicate of another photo, which is sorted once",
                "{number} duplicates of another photo, which is sorted once",
                same,
            )
        )
    _say_leftovers(terminal, plan)
    unreadable = {path for path, _ in result.unreadable}
    reasons = Counter(skipped.reason for skipped in plan.skipped if skipped.path not in unreadable)
    if reasons:
        terminal.say(text("Left where they are:"))
        rows = [[str(number), stored(reason)] for reason, number in reasons.most_common()]
        terminal.say_table(rows, right=(0,), indent=2)
    if result.many_unknown:
        terminal.say(result.many_unknown)
    say_unreadable(terminal, (*result.unreadable, *lost_photos(result)))
    say_skipped(terminal, result)
    if plan.needed_bytes:
        needed, free = size(plan.needed_bytes), size(plan.free_bytes)
        terminal.say(text("Needs {needed} of {free} free.", needed=needed, free=free))


def _plan_sentence(plan: SortPlan, number: int) -> Text:
    """Say what is done with how many photos."""
    folder = shown(plan.destination)
    match plan.mode:
        case Mode.COPY:
            return plural("Copy {number} photo to {folder}", "Copy {number} photos to {folder}", number, folder=folder)
        case Mode.MOVE:
            return plural("Move {number} photo to {folder}", "Move {number} photos to {folder}", number, folder=folder)
        case Mode.LINK:
            return plural("Link {number} photo to {folder}", "Link {number} photos to {folder}", number, folder=folder)
        case Mode.SYMLINK:
            return plural(
                "Point to {number} photo to {folder}", "Point to {number} photos to {folder}", number, folder=folder
            )


def _say_leftovers(terminal: Terminal, plan: SortPlan) -> None:
    """Count the duplicates and empty folders that a move leaves or takes along."""
    if plan.mode != Mode.MOVE:
        return
    twice = sum(not file.action.is_filed for file in plan.files)
    if plan.duplicates:
        folder = shown(plan.folder_of(plan.duplicates[0]))
        terminal.say(
            plural(
                "{number} duplicate of these moved into {folder}",
                "{number} duplicates of these moved into {folder}",
                len(plan.duplicates),
                folder=folder,
            )
        )
    elif twice:
        terminal.say(
            plural(
                "{number} duplicate would stay; --move-duplicates moves them into “{folder}”",
                "{number} duplicates would stay; --move-duplicates moves them into “{folder}”",
                twice,
                folder=DUPLICATES,
            )
        )
    if empty := len(plan.emptied.empty):
        if plan.removes_emptied:
            terminal.say(text("Folders that become empty: {count}, removed", count=empty))
        else:
            terminal.say(
                text("Folders that become empty: {count}, left; --remove-empty-folders removes them", count=empty)
            )
    if nearly := len(plan.emptied.nearly_empty):
        terminal.say(
            text(
                "Folders that keep nothing but hidden files such as .DS_Store or Thumbs.db: {count}, left",
                count=nearly,
            )
        )


def _say_sidecars(terminal: Terminal, plan: SortPlan) -> None:
    """Say which files beside the photos go along, and which stay."""
    if plan.sidecars:
        going = counted_sidecars(sum(plan.sidecars.values()))
        lead = text("With them {files}", files=going) if plan.counts_by_class else text("Copy {files}", files=going)
        terminal.say(joined_texts(": ", lead, listed(plan.sidecars)))
    if plan.staying:
        staying = plural("{number} other file stays", "{number} other files stay", sum(plan.staying.values()))
        terminal.say(joined_texts(": ", staying, listed(plan.staying)))
    for path in plan.edited:
        terminal.say(text("{path} stays: the one in the class folder was edited later", path=shown(path)))


def _say_done(terminal: Terminal, plan: SortPlan, outcomes: Mapping[Path, Outcome], done: RunResult) -> int:
    failed = [(path, outcome.why or "") for path, outcome in outcomes.items() if outcome.action == "failed"]
    filed = sum(outcome.action in _FILING for outcome in outcomes.values())
    if (filed or done.sidecars) and done.run_id is not None:
        did = plan.mode if filed or plan.mode != Mode.MOVE else Mode.COPY  # the source of such a sidecar stays
        terminal.say(_done_sentence(did, counted_files(filed, done.sidecars), done.run_id))
    elif not failed and not done.duplicates_moved:
        terminal.say(text("Nothing to sort."))
    left = []
    if moved := done.duplicates_moved:
        left.append(plural("{number} duplicate moved", "{number} duplicates moved", moved))
    if removed := done.folders_removed:
        left.append(plural("{number} empty folder removed", "{number} empty folders removed", removed))
    if left:
        what = joined_texts(", ", *left)
        terminal.say(text("{what}. To undo that: flowersorter undo {sort}", what=what, sort=done.run_id))
    for file in done.files:
        if file.action == Action.ALREADY_THERE and file.error:  # a sidecar file of it could not be sorted
            terminal.say_of(file.source, stored(file.error), indent=2)
    if not failed:
        return 0
    for path, why in failed[:10]:
        terminal.say_of(path, stored(why), indent=2)
    terminal.note(
        plural(
            "{number} photo could not be sorted: {why}.",
            "{number} photos could not be sorted; the first one: {why}.",
            len(failed),
            why=stored(failed[0][1]),
        )
    )
    return 1


def _done_sentence(mode: Mode, files: Text, sort: int) -> Text:
    """Say what was done with how many files, and how to undo it."""
    match mode:
        case Mode.COPY:
            return text("{files} copied. To undo that: flowersorter undo {sort}", files=files, sort=sort)
        case Mode.MOVE:
            return text("{files} moved. To undo that: flowersorter undo {sort}", files=files, sort=sort)
        case Mode.LINK:
            return text("{files} linked. To undo that: flowersorter undo {sort}", files=files, sort=sort)
        case Mode.SYMLINK:
            return text(
                "{files} stand there as pointers. To undo that: flowersorter undo {sort}", files=files, sort=sort
            )
