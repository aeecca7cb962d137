"""The verb export: save the current model to a file."""

from __future__ import annotations

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import percent, shown
from flowersorter.workflows.exchange.export_model import ExportRequest, export_model


def run(call: Call) -> int:
    """Save the current model to a file, and show the lines that use it without this program."""
    with call.engine(only_reads=True) as engine, call.terminal.progress() as report:
        result = export_model(engine, ExportRequest(call.options.file, call.options.backbone), report, call.cancel)
    terminal = call.terminal
    summary = {
        "path": str(result.path),
        "classes": list(result.classes),
        "backbone": result.backbone,
        "accuracy": result.accuracy,
    }
    terminal.record({"summary": summary})
    accuracy = "" if result.accuracy is None else f", {percent(result.accuracy)} right on photos it had not seen"
    terminal.say(f"Saved {shown(result.path)}: {', '.join(map(shown, result.classes))} on {result.backbone}{accuracy}")
    if result.remark:
        terminal.say(f"{result.remark}.")
    if result.script:
        terminal.say("To use it from Python:")
        terminal.say()
        for line in result.script.splitlines():
            terminal.say(f"    {line}" if line else "")
    return 0
