"""The verb undo: undo a sort."""

from __future__ import annotations

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.json_lines import unreadable_line
from flowersorter.commands.shared.output import counted, shown
from flowersorter.workflows.filing.history import UndoRequest, undo_run


def run(call: Call) -> int:
    """Undo a sort; photos that had to be left are listed with the reason."""
    terminal = call.terminal
    with call.engine() as engine, terminal.progress() as report:
        result = undo_run(engine, UndoRequest(call.options.sort), report, call.cancel)
    what = [counted(result.undone, "photo")] * bool(result.undone or not result.late_sidecars)
    what += [counted(result.late_sidecars, "sidecar file")] * bool(result.late_sidecars)
    terminal.say(f"Sort {result.run_id}: {' and '.join(what)} undone.")
    for refused in result.refused:
        terminal.record(unreadable_line(refused.path, refused.reason))
        terminal.say(f"  {shown(refused.path)}: {refused.reason}")
    summary = {"sort": result.run_id, "undone": result.undone, "refused": len(result.refused)}
    terminal.record({"summary": summary})
    if result.refused:
        terminal.note(f"{counted(len(result.refused), 'photo')} left as they are, because undoing them is not safe.")
        return 1
    return 0
