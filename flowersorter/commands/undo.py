"""The verb undo: undo a sort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.json_lines import unreadable_line
from flowersorter.commands.shared.output import counted_files
from flowersorter.messages import Text, joined_texts, plural, stored, text
from flowersorter.sorting.undo import UndoResult
from flowersorter.workflows.filing.history import UndoRequest, undo_run

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


def run(call: Call) -> int:
    """Undo a sort; photos that had to be left are listed with the reason."""
    terminal, options = call.terminal, call.options
    with call.engine() as engine:
        result = _undo(call, engine, UndoRequest(options.sort, take_changed=options.yes))
        undone, refused = result.undone, result.refused
        if result.changed and terminal.ask(_question(result)):
            call.cancel.check()
            request = UndoRequest(result.run_id, result.changed, take_changed=True)
            refused = result.refused_anyway
            result = _undo(call, engine, request)
            undone, refused = undone + result.undone, (*refused, *result.refused)
    for photo in refused:
        terminal.record(unreadable_line(photo.path, photo.reason))
        terminal.say_of(photo.path, stored(photo.reason), indent=2)
    summary = {
        "sort": result.run_id,
        "undone": undone,
        "refused": len(refused),
        "moved": len(result.moved),
        "edited": len(result.edited),
    }
    terminal.record({"summary": summary})
    if not refused:
        return 0
    terminal.note(
        plural(
            "{number} photo left as they are, because undoing them is not safe.",
            "{number} photos left as they are, because undoing them is not safe.",
            len(refused),
        )
    )
    if result.changed:
        terminal.note(
            text("Take back what you moved, renamed or edited too: flowersorter undo {sort} --yes", sort=result.run_id)
        )
    return 1


def _undo(call: Call, engine: Engine, request: UndoRequest) -> UndoResult:
    with call.terminal.progress() as report:
        result = undo_run(engine, request, report, call.cancel)
    files = counted_files(result.undone, result.late_sidecars)
    call.terminal.say(text("Sort {sort}: {files} undone.", sort=result.run_id, files=files))
    return result


def _question(result: UndoResult) -> Text:
    """Ask whether changed photos are taken back too."""
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
    return joined_texts(" ", *parts, text("Take them back too?"))
