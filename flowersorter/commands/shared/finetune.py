"""The verb train with --deep: the last stages of the network learn too, with a line for every epoch."""

from __future__ import annotations

from typing import Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import remember_options
from flowersorter.commands.shared.output import Terminal, counted_photos, named
from flowersorter.commands.shared.training_output import record_training, say_held_out, say_rest
from flowersorter.domain.figures import Epoch, percent_to_tenths
from flowersorter.messages import joined_texts, plural, text
from flowersorter.workflows.training.finetune import EPOCHS, FinetuneRequest, FinetuneResult, finetune


def run_deep(call: Call) -> int:
    """Train the network on a folder of class folders."""
    options = call.options
    with call.engine() as engine:
        remember_options(call, engine.collection, options.folder)
        request = FinetuneRequest(
            options.folder,
            add=options.add,
            unfreeze=1 if options.unfreeze is None else options.unfreeze,
            epochs=options.epochs or EPOCHS,
            device=options.device,
            backbone=options.backbone,
            flat=options.flat,
            new_classes=options.new_classes,
        )
        with call.terminal.progress(tell=epoch_line) as report:
            result = finetune(engine, request, report, call.cancel)
    record_training(call, result, _beside(result))
    _say(call.terminal, result)
    return 0


def epoch_line(news: object) -> str | None:
    """Describe an epoch on a line; None for any other report."""
    if not isinstance(news, Epoch):
        return None
    right = text(
        "{right} of {held_out} held-out photos right ({accuracy})",
        right=news.held_out_right,
        held_out=news.held_out,
        accuracy=percent_to_tenths(news.accuracy),
    )
    if news.number == 0:
        return text("before the first epoch: {right}", right=right)
    if not news.best:
        right = text("{right}, not kept: the loss has risen", right=right)
    return text(
        "epoch {number} of {all}: loss {loss:.3f}, {right}; {seconds:.0f} s",
        number=news.number,
        all=news.of,
        loss=news.loss,
        right=right,
        seconds=news.seconds,
    )


def _beside(result: FinetuneResult) -> dict[str, Any]:
    """Return the fields that the summary object has besides those of `train` without --deep."""
    return {
        "backbone": result.backbone,
        "frozen": result.frozen_accuracy,
        "epochs": [
            {"epoch": each.number, "loss": None if each.number == 0 else each.loss, "accuracy": each.accuracy}
            for each in result.epochs
        ],
        "best": result.best,
        "better": result.why_not is None,
        "stopped": result.stopped,
        "gone": result.gone,
    }


def _say(terminal: Terminal, result: FinetuneResult) -> None:
    best, epochs = result.best, len(result.epochs) - 1
    if result.stopped:
        kept = text("Stopped early; epoch {best} of {epochs} is kept.", best=best, epochs=epochs)
    else:
        kept = text("Epoch {best} of {epochs} is kept.", best=best, epochs=epochs)
    learned = plural(
        "Model {model_id} on {backbone} learned {number} class from {photos} in {seconds:.0f} s: {classes}",
        "Model {model_id} on {backbone} learned {number} classes from {photos} in {seconds:.0f} s: {classes}",
        len(result.classes),
        model_id=result.model_id,
        backbone=result.backbone,
        photos=counted_photos(result.photos),
        seconds=result.seconds,
        classes=named(result.classes),
    )
    terminal.say(joined_texts(" ", kept, learned))
    say_held_out(terminal, result)
    if result.held_out_accuracy is not None:
        frozen = percent_to_tenths(result.frozen_accuracy)
        terminal.say(text("Without training the network: {frozen} of the same photos right.", frozen=frozen))
    if result.why_not is not None:
        terminal.say(result.why_not)
    if result.gone:
        terminal.say(
            plural(
                "{number} labelled photo skipped: the file is gone.",
                "{number} labelled photos skipped: the file is gone.",
                result.gone,
            )
        )
    say_rest(terminal, result)
