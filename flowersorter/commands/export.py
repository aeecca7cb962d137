"""The verb export: save the current model to a file."""

from __future__ import annotations

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import named, shown
from flowersorter.commands.shared.replacing import ask_to_replace
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.messages import text
from flowersorter.workflows.exchange.export_model import ExportRequest, export_model


def run(call: Call) -> int:
    """Save the current model to a file, and show the lines that use it without this program."""
    ask_to_replace(call, call.options.file)
    with call.engine(only_reads=True) as engine, call.terminal.progress() as report:
        result = export_model(engine, ExportRequest(call.options.file, call.options.backbone), report, call.cancel)
    terminal = call.terminal
    summary = {
        "path": str(result.path),
        "classes": list(result.classes),
        "backbone": result.backbone,
        "accuracy": result.accuracy,
        "card": None if result.card is None else str(result.card),
    }
    terminal.record({"summary": summary})
    saved = text(
        "Saved {path}: {classes} on {backbone}",
        path=shown(result.path),
        classes=named(result.classes),
        backbone=result.backbone,
    )
    if result.accuracy is not None:
        right = percent_to_tenths(result.accuracy)
        saved = text("{saved}, {right} right on photos it had not seen", saved=saved, right=right)
    terminal.say(saved)
    if result.remark:
        terminal.say(text("{sentence}.", sentence=result.remark))
    if result.card is not None:
        terminal.say(text("Its model card: {path}", path=shown(result.card)))
    if result.script:
        terminal.say(text("To use it from Python:"))
        terminal.say()
        for line in result.script.splitlines():
            terminal.say(line, indent=4 if line else 0)
    return 0
