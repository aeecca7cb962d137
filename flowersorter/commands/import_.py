"""The verb import: add a shared model."""

from __future__ import annotations

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import counted, percent, shown
from flowersorter.workflows.exchange.import_model import ImportRequest, ImportResult, import_model


def run(call: Call) -> int:
    """Add a shared model, and say what it holds."""
    terminal = call.terminal
    with call.engine() as engine, terminal.progress() as report:
        result = import_model(engine, ImportRequest(call.options.file, call.options.use), report, call.cancel)
    summary = {
        "model": result.model_id,
        "classes": list(result.classes),
        "backbone": result.backbone,
        "photos": result.photos,
        "claimed_accuracy": result.accuracy,
        "current": result.made_current,
    }
    terminal.record({"summary": summary})
    terminal.say(
        f"Model {result.model_id}, from {shown(result.name)}, on {result.backbone}: "
        f"{counted(len(result.classes), 'class', 'classes')}"
    )
    terminal.say(f"  {', '.join(map(shown, result.classes))}")
    terminal.say(f"According to whoever shared it: {claim(result)}. Nothing of that was measured here.")
    if result.note:
        terminal.say(f"Their note: {shown(result.note)}")
    if result.made_current:
        terminal.say("It is in use now.")
    elif result.weights_here:
        terminal.say(f"To use it: flowersorter models --use {result.model_id}")
    else:
        terminal.say(
            f"The network it needs is not on this computer: flowersorter backbones --download {result.backbone}"
        )
    return 0


def claim(result: ImportResult) -> str:
    """The accuracy that comes with an imported model, in words."""
    if result.accuracy is None:
        return f"it learned from {counted(result.photos, 'photo')}"
    return f"it learned from {counted(result.photos, 'photo')} and gets {percent(result.accuracy)} of unseen ones right"
