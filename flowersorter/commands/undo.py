"""The verb undo: undo a sort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.json_lines import unreadable_line
from flowersorter.commands.shared.output import counted, shown
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
        terminal.say(f"  {shown(photo.path)}: {photo.reason}")
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
    terminal.note(f"{counted(len(refused), 'photo')} left as they are, because undoing them is not safe.")
    if result.changed:
        what = "Take back what you moved, renamed or edited too"
        terminal.note(f"{what}: flowersorter undo {result.run_id} --yes")
    return 1


def _undo(call: Call, engine: Engine, request: UndoRequest) -> UndoResult:
    with call.terminal.progress() as report:
        result = undo_run(engine, request, report, call.cancel)
    what = [counted(result.undone, "photo")] * bool(result.undone or not result.late_sidecars)
    what += [counted(result.late_sidecars, "sidecar file")] * bool(result.late_sidecars)
    call.terminal.say(f"Sort {result.run_id}: {' and '.join(what)} undone.")
    return result


def _question(result: UndoResult) -> str:
    """Ask whether changed photos are taken back too."""
    parts = []
    if result.moved:
        parts.append(f"{counted(len(result.moved), 'photo')} moved or renamed within the destination.")
    if result.edited:
        parts.append(f"{counted(len(result.edited), 'photo')} edited since, which would go back as they are now.")
    return " ".join([*parts, "Take them back too?"])
