"""The verb undo: undo a sort, or all since a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.json_lines import unreadable_line
from flowersorter.commands.shared.output import Terminal, counted_files, counted_photos, local_time, shown
from flowersorter.domain.journal import Run
from flowersorter.errors import Cancelled, UndoRefused
from flowersorter.messages import Text, joined_texts, plural, stored, text
from flowersorter.sorting.plan import Mode, Skipped
from flowersorter.sorting.undo import UndoResult
from flowersorter.workflows.filing.history import UndoRequest, passed_over_sentence, runs, undo_run

#: Sorts named before a question about many.
_LISTED = 10

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


def run(call: Call) -> int:
    """Undo a sort, or all since a time; photos that had to be left are listed with the reason."""
    terminal, options = call.terminal, call.options
    if options.since is not None:
        return _undo_since(call, options.since)
    with call.engine() as engine:
        result = _undo(call, engine, UndoRequest(options.sort, take_changed=options.yes))
        undone, gone, refused, passed_over = result.undone, result.gone, result.refused, result.passed_over
        if result.changed and terminal.ask(_question(result)):
            call.cancel.check()
            request = UndoRequest(result.run_id, result.changed, take_changed=True)
            refused = result.refused_anyway
            result = _undo(call, engine, request)
            undone, gone, refused = undone + result.undone, gone + result.gone, (*refused, *result.refused)
    _list_refused(terminal, refused)
    summary = {
        "sort": result.run_id,
        "undone": undone,
        "gone": gone,
        "refused": len(refused),
        "moved": len(result.moved),
        "edited": len(result.edited),
        "passed_over": list(passed_over),
    }
    terminal.record({"summary": summary})
    if not refused:
        return 0
    _note_refused(terminal, refused)
    if result.changed:
        terminal.note(_how_to_take_back(result))
    return 1


def _undo_since(call: Call, since: datetime) -> int:
    """Undo every sort that began then or later, the newest first; return 1 if a photo or a sort had to be left.

    Raises:
        UndoRefused: nothing can be undone of any of them.
        Cancelled: asked to stop; what was undone until then stays undone.
    """
    terminal, results, problems = call.terminal, list[UndoResult](), list[str]()
    with call.engine() as engine:
        chosen = [
            run
            for run in runs(engine.collection)
            if run.has_something_to_undo and datetime.fromisoformat(run.started_at) >= since
        ]
        if not chosen:
            raise UndoRefused(
                text("There is nothing to undo"),
                text(
                    "no sort that began at {time} or later has anything left to undo", time=f"{since:%Y-%m-%d %H:%M:%S}"
                ),
                text('"flowersorter history" lists the sorts'),
            )
        if len(chosen) > 1 and terminal.interactive and not call.options.yes:
            _list_sorts(terminal, chosen)
            if not terminal.ask(plural("Undo this sort?", "Undo these {number} sorts?", len(chosen))):
                call.cancel.check()
                terminal.say(text("Nothing was undone."))
                return 0
        for run in chosen:
            call.cancel.check()
            try:
                results.append(_undo(call, engine, UndoRequest(run.id, take_changed=call.options.yes)))
            except UndoRefused as error:  # a later sort holds some of its photos, which is said
                problems.append(str(error))
                terminal.note(str(error))
                continue
            _list_refused(terminal, results[-1].refused)
            if results[-1].changed:
                terminal.note(_how_to_take_back(results[-1]))
    refused = [photo for result in results for photo in result.refused]
    summary = {
        "sorts": [result.run_id for result in results],
        "undone": sum(result.undone for result in results),
        "gone": sum(result.gone for result in results),
        "refused": len(refused),
        "moved": sum(len(result.moved) for result in results),
        "edited": sum(len(result.edited) for result in results),
        "problems": problems,
    }
    terminal.record({"summary": summary})
    if refused:
        _note_refused(terminal, refused)
    return 1 if refused or problems else 0


def _list_sorts(terminal: Terminal, chosen: Sequence[Run]) -> None:
    """Print the sorts that are about to be undone, on stderr: they belong to the question."""
    for run in chosen[:_LISTED]:
        files = counted_files(run.photos - run.undone, run.late_sidecars)
        told = {"sort": run.id, "time": local_time(run.started_at), "files": files, "folder": shown(run.destination)}
        moved = text("Sort {sort}, {time}: {files} go back from {folder}", **told)
        terminal.note(moved if run.mode == Mode.MOVE else text("Sort {sort}, {time}: {files} in {folder}", **told))
    if len(chosen) > _LISTED:
        terminal.note(text("and {number} more", number=len(chosen) - _LISTED))


def _list_refused(terminal: Terminal, refused: Iterable[Skipped]) -> None:
    for photo in refused:
        terminal.record(unreadable_line(photo.path, photo.reason))
        terminal.say_of(photo.path, stored(photo.reason), indent=2)


def _note_refused(terminal: Terminal, refused: Sequence[Skipped]) -> None:
    """Note how many were left, and why the first: the list of all is on the other stream."""
    terminal.note(
        plural(
            "{number} photo was left as it is: {why}.",
            "{number} photos were left as they are; the first one: {why}.",
            len(refused),
            why=stored(refused[0].reason),
        )
    )


def _undo(call: Call, engine: Engine, request: UndoRequest) -> UndoResult:
    before = {run.id: run.undone for run in runs(engine.collection)}
    try:
        with call.terminal.progress() as report:
            result = undo_run(engine, request, report, call.cancel)
    except Cancelled:
        for run in runs(engine.collection):
            if run.undone > before.get(run.id, run.undone):
                call.terminal.note(_how_to_go_on(run, run.undone - before[run.id]))
        raise
    for run_id, photos in result.passed_over.items():
        call.terminal.note(passed_over_sentence(run_id, photos))
    files = counted_files(result.undone, result.late_sidecars)
    call.terminal.say(text("Sort {sort}: {files} undone.", sort=result.run_id, files=files))
    if result.gone:
        call.terminal.say(_gone_sentence(result))
    return result


def _how_to_go_on(run: Run, undone: int) -> Text:
    """Say how much of a sort is undone when undoing it is stopped, and how to undo the rest."""
    return text(
        "Sort {sort}: {undone} undone, {left} left. To go on: flowersorter undo {sort}",
        sort=run.id,
        undone=counted_photos(undone),
        left=counted_photos(run.photos - run.undone),
    )


def _gone_sentence(result: UndoResult) -> Text:
    if result.mode == Mode.COPY:
        return plural("{number} copy was gone already.", "{number} copies were gone already.", result.gone)
    return plural("{number} link was gone already.", "{number} links were gone already.", result.gone)


def _how_to_take_back(result: UndoResult) -> Text:
    """Name the command that also undoes the photos that the person was asked about."""
    if not result.edited:
        return text("To undo the moved and renamed ones too: flowersorter undo {sort} --yes", sort=result.run_id)
    if not result.moved:
        return text("To move the edited ones back as they are now: flowersorter undo {sort} --yes", sort=result.run_id)
    return text(
        "To undo the moved and renamed ones too, and move the edited ones back as they are now: "
        "flowersorter undo {sort} --yes",
        sort=result.run_id,
    )


def _question(result: UndoResult) -> Text:
    """Ask whether to undo the sort of changed photos too."""
    parts = []
    if result.moved:
        parts.append(
            plural(
                "{number} photo moved or renamed within the destination.",
                "{number} photos moved or renamed within the destination.",
                len(result.moved),
            )
        )
    if result.edited:
        parts.append(
            plural(
                "{number} photo edited since, which would go back as they are now.",
                "{number} photos edited since, which would go back as they are now.",
                len(result.edited),
            )
        )
    return joined_texts(" ", *parts, text("Undo these too?"))
