"""The verb history: all sorts, or the photos of one."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import local_time, shown
from flowersorter.domain.journal import EntryState, Run, RunState
from flowersorter.errors import UserError
from flowersorter.messages import Text, plural, stored, text
from flowersorter.sorting.plan import Action, Mode
from flowersorter.workflows.filing.history import RunPhoto, find_run, run_photos, runs
from flowersorter.workflows.filing.resume import waiting_sentence

_MODES: dict[str, Text] = {
    Mode.COPY: text("copy"),
    Mode.MOVE: text("move"),
    Mode.LINK: text("link"),
    Mode.SYMLINK: text("symlink"),
}
_RUN_STATES = {
    RunState.OPEN: text("open"),
    RunState.DONE: text("done"),
    RunState.CANCELLED: text("stopped"),
    RunState.PARTLY_UNDONE: text("partly undone"),
    RunState.UNDONE: text("undone"),
}
_STATES = {
    EntryState.PLANNED: text("planned"),
    EntryState.STARTED: text("started"),
    EntryState.DONE: text("done"),
    EntryState.FAILED: text("failed"),
    EntryState.CANCELLED: text("not reached"),
    EntryState.UNDOING: text("undoing"),
    EntryState.UNDONE: text("undone"),
}


def run(call: Call) -> int:
    """List every sort, newest first; with a number, the photos of that sort.

    Raises:
        UserError: there is no sort of that number.
    """
    if call.options.sort is not None:
        return _list_photos(call, call.options.sort)
    with call.engine(only_reads=True) as engine:
        found = runs(engine.collection)
    for entry in found:
        call.terminal.record(_line(entry))
    call.terminal.record({"summary": {"sorts": len(found), "photos": sum(entry.photos for entry in found)}})
    if not found:
        call.terminal.say(text("No photos were sorted yet."))
        return 0
    head = (text("sort"), text("started"), text("mode"), text("photos"), text("state"), text("to"))
    table: list[list[str]] = [list(head)]
    table += [
        [
            str(entry.id),
            local_time(entry.started_at),
            text("keywords") if entry.only_keywords else _MODES.get(entry.mode, entry.mode),
            str(entry.late_sidecars if entry.only_keywords else entry.photos),
            _RUN_STATES[entry.state],
            shown(entry.destination),
        ]
        for entry in found
    ]
    call.terminal.say_table(table, right=(0, 3))
    call.terminal.say(
        text("To see the photos of a sort: flowersorter history SORT. To undo it: flowersorter undo SORT")
    )
    for entry in found:
        if entry.can_be_resumed:
            call.terminal.say(waiting_sentence(entry))
    return 0


def _list_photos(call: Call, run_id: int) -> int:
    with call.engine(only_reads=True) as engine:
        try:
            found = run_photos(engine.collection, run_id)
            only_keywords = find_run(engine.collection, run_id).only_keywords
        except KeyError:
            raise UserError(
                text("There is no sort {run_id}", run_id=run_id), hint=text('"flowersorter history" lists them')
            ) from None
    for photo in found:
        call.terminal.record(_photo_line(photo))
    states = Counter(str(photo.entry.state) for photo in found)
    call.terminal.record({"summary": {"sort": run_id, "photos": len(found), "states": dict(sorted(states.items()))}})
    if not found:
        call.terminal.say(text("Sort {run_id} has no photos.", run_id=run_id))
        return 0
    noted = [photo for photo in found if photo.entry.state == EntryState.NOTED]
    table: list[list[str]] = [[text("state"), text("class"), text("photo"), text("to"), ""]]
    table += [
        [
            _STATES[photo.entry.state],
            shown(photo.entry.class_name),
            shown(photo.entry.source),
            shown(photo.entry.destination),
            _remark(photo),
        ]
        for photo in found
        if photo.entry.state != EntryState.NOTED
    ]
    if len(table) > 1:
        call.terminal.say_table(table)
    there = sum(photo.entry.action == Action.ALREADY_THERE for photo in noted)
    if only_keywords:
        call.terminal.say(
            plural(
                "Keywords were written beside {number} photo:", "Keywords were written beside {number} photos:", there
            )
        )
        rows = [[shown(photo.entry.class_name), shown(photo.entry.source), _remark(photo)] for photo in noted]
        call.terminal.say_table(rows, indent=2)
    elif there:
        call.terminal.say(plural("{number} photo was already there.", "{number} photos were already there.", there))
    if twice := len(noted) - there:
        call.terminal.say(
            plural(
                "{number} duplicate of another photo, which is sorted once",
                "{number} duplicates of another photo, which is sorted once",
                twice,
            )
        )
    return 0


def _remark(photo: RunPhoto) -> str:
    if photo.moved_on_by is not None:
        return text("moved on by sort {run_id}", run_id=photo.moved_on_by)
    if photo.entry.error:
        return stored(photo.entry.error)
    return ""


def _photo_line(photo: RunPhoto) -> dict[str, Any]:
    entry = photo.entry
    line: dict[str, Any] = {
        "sort": entry.run_id,
        "path": str(entry.source),
        "to": str(entry.destination),
        "class": entry.class_name,
        "action": entry.action,
        "state": str(entry.state),
    }
    if photo.moved_on_by is not None:
        line["moved_on_by"] = photo.moved_on_by
    if entry.error is not None:
        line["error"] = entry.error
    return line


def _line(entry: Run) -> dict[str, Any]:
    return {
        "sort": entry.id,
        "mode": "keywords" if entry.only_keywords else entry.mode,
        "source": None if entry.source is None else str(entry.source),
        "destination": str(entry.destination),
        "started_at": entry.started_at,
        "finished_at": entry.finished_at,
        "state": str(entry.state),
        "photos": entry.photos,
        "undone": entry.undone,
        "failed": entry.failed,
        "waiting": entry.waiting,
        "can_be_resumed": entry.can_be_resumed,
    }
