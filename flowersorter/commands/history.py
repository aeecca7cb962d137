"""The verbs history, undo and recover: what was filed, taking it back, and putting right what a crash left."""

from __future__ import annotations

from typing import Any

from flowersorter.commands.context import Call, recovery_sentences
from flowersorter.commands.models import local_time
from flowersorter.commands.output import counted, shown
from flowersorter.domain.journal import EntryState, Run
from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.restore import RestoreResult, restore_newest
from flowersorter.workflows.filing.history import RunPhoto, UndoRequest, recover_collection, run_photos, runs, undo_run


def run(call: Call) -> int:
    """List every run, newest first; with a number, the photos of that run.

    Raises:
        UserError: there is no run of that number.
    """
    if call.options.run is not None:
        return _run_photos(call, call.options.run)
    with call.engine() as engine:
        found = runs(engine.collection)
    for entry in found:
        call.terminal.record(_line(entry))
    if not found:
        call.terminal.say("No photos were filed yet.")
        return 0
    table = [["run", "started", "mode", "photos", "state", "to"]]
    table += [
        [
            str(entry.id),
            local_time(entry.started_at),
            entry.mode,
            str(entry.photos),
            str(entry.state),
            shown(entry.destination),
        ]
        for entry in found
    ]
    call.terminal.say_table(table, right=(0, 3))
    call.terminal.say("See its photos with: flowersorter history RUN. Take a run back with: flowersorter undo RUN")
    return 0


def _run_photos(call: Call, run_id: int) -> int:
    with call.engine() as engine:
        try:
            found = run_photos(engine.collection, run_id)
        except KeyError:
            raise UserError(f"There is no run {run_id}", hint='"flowersorter history" lists them') from None
    for photo in found:
        call.terminal.record(_photo_line(photo))
    if not found:
        call.terminal.say(f"Run {run_id} filed no photos.")
        return 0
    table = [["state", "class", "photo", "to", ""]]
    table += [
        [
            str(photo.entry.state),
            shown(photo.entry.class_name),
            shown(photo.entry.source),
            shown(photo.entry.destination),
            shown(_remark(photo)),
        ]
        for photo in found
    ]
    call.terminal.say_table(table)
    return 0


def _remark(photo: RunPhoto) -> str:
    if photo.moved_on_by is not None:
        return f"moved on by run {photo.moved_on_by}"
    return photo.entry.error or (photo.entry.action if photo.entry.state == EntryState.NOTED else "")


def _photo_line(photo: RunPhoto) -> dict[str, Any]:
    entry = photo.entry
    line: dict[str, Any] = {
        "run": entry.run_id,
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
        "run": entry.id,
        "mode": entry.mode,
        "source": None if entry.source is None else str(entry.source),
        "destination": str(entry.destination),
        "started_at": entry.started_at,
        "finished_at": entry.finished_at,
        "state": str(entry.state),
        "photos": entry.photos,
        "undone": entry.undone,
        "failed": entry.failed,
    }


def run_undo(call: Call) -> int:
    """Take a run back; what had to be left is named with its reason."""
    terminal = call.terminal
    with call.engine() as engine, terminal.progress() as report:
        result = undo_run(engine, UndoRequest(call.options.run), report, call.cancel)
    terminal.say(f"Run {result.run_id}: {counted(result.undone, 'photo')} taken back.")
    for refused in result.refused:
        terminal.say(f"  {shown(refused.path)}: {refused.reason}")
    if result.refused:
        terminal.note(
            f"{counted(len(result.refused), 'photo')} left as they are, because they cannot be taken back safely."
        )
        return 1
    return 0


def run_recover(call: Call) -> int:
    """Put a damaged library right, finish or roll back what is open; exit 1 if something needs the person.

    Raises:
        CollectionDamaged: the library cannot be read and there is no sound backup of it.
    """
    sentences = []
    try:
        collection = CollectionStore.open(call.collection_folder)
    except CollectionDamaged as error:
        sentences = _rescue_sentences(error, restore_newest(call.collection_folder))
        for sentence in sentences:  # said at once: what comes next may fail
            call.terminal.say(sentence)
        collection = CollectionStore.open(call.collection_folder)
    with collection:
        result = recover_collection(collection)
    found = recovery_sentences(result)
    for sentence in found or ([] if sentences else ["Nothing was left half-done."]):
        call.terminal.say(sentence)
    return 1 if result.problems else 0


def _rescue_sentences(error: CollectionDamaged, done: RestoreResult) -> list[str]:
    """Say what was put in the place of what, and what that means."""
    backup = done.backup
    sentences = [
        f"{shown(error.what)}: {shown(error.why)}.",
        f"The backup of {local_time(backup.made_at.isoformat())} was put in its place "
        f"({counted(backup.labels or 0, 'label')}).",
        "What you labelled or filed since then is no longer remembered. No photo was touched.",
    ]
    if done.kept_as is not None:
        sentences.append(f"The damaged file is kept: {shown(done.kept_as)}")
    return sentences
