"""The verb import: add a shared model."""

from __future__ import annotations

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import say_class_names
from flowersorter.commands.shared.output import counted_photos, named, shown
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.messages import Text, plural, text
from flowersorter.workflows.exchange.import_model import ImportRequest, ImportResult, import_model


def run(call: Call) -> int:
    """Add a shared model, and describe it."""
    terminal = call.terminal
    with call.engine() as engine, terminal.progress() as report:
        before = [entry.name for entry in engine.collection.classes.all()]
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
        plural(
            "Model {model_id}, from {name}, on {backbone}: {number} class",
            "Model {model_id}, from {name}, on {backbone}: {number} classes",
            len(result.classes),
            model_id=result.model_id,
            name=shown(result.name),
            backbone=result.backbone,
        )
    )
    terminal.say(named(result.classes), indent=2)
    say_class_names(terminal, result.classes, before)
    terminal.say(
        text("According to whoever shared it: {claim}. Nothing of that was measured here.", claim=claim(result))
    )
    if result.note:
        terminal.say(text("Their note: {note}", note=shown(result.note)))
    if result.made_current:
        terminal.say(text("It is in use now."))
    elif result.weights_here:
        terminal.say(text("To use it: flowersorter models --use {model_id}", model_id=result.model_id))
    else:
        terminal.say(
            text(
                "The network it needs is not on this computer: flowersorter backbones --download {backbone}",
                backbone=result.backbone,
            )
        )
    return 0


def claim(result: ImportResult) -> Text:
    """The accuracy that comes with an imported model, in words."""
    if result.accuracy is None:
        return text("it learned from {photos}", photos=counted_photos(result.photos))
    return text(
        "it learned from {photos} and gets {accuracy} of unseen ones right",
        photos=counted_photos(result.photos),
        accuracy=percent_to_tenths(result.accuracy),
    )
