"""The verb train with --deep: the last stages of the network learn too, with a line for every epoch."""

from __future__ import annotations

from typing import Any

from flowersorter.commands.call import Call
from flowersorter.commands.label import say_unreadable
from flowersorter.commands.learning import accuracy_sentence
from flowersorter.commands.photo_lines import unreadable_line
from flowersorter.terminal import Terminal, counted, percent, shown
from flowersorter.vision.metrics import wilson_interval
from flowersorter.workflows.deep import EPOCHS, DeepRequest, DeepResult, Epoch, deep_train


def run_deep(call: Call) -> int:
    """Train the network on a folder of class folders."""
    options = call.options
    with call.garden() as garden:
        request = DeepRequest(
            garden,
            options.folder,
            add=options.add,
            unfreeze=1 if options.unfreeze is None else options.unfreeze,
            epochs=options.epochs or EPOCHS,
            device=options.device,
            backbone=options.backbone,
        )
        with call.terminal.progress(tell=epoch_line) as report:
            result = deep_train(request, report, call.cancel)
    for path, error in result.unreadable:
        call.terminal.record(unreadable_line(path, error))
    call.terminal.record({"summary": deep_summary(result)})
    _say(call.terminal, result)
    return 0


def epoch_line(news: object) -> str | None:
    """What an epoch brought, on a line; None for other news."""
    if not isinstance(news, Epoch):
        return None
    right = f"{news.held_out_right} of {news.held_out} held-out photos right ({percent(news.accuracy)})"
    if news.number == 0:
        return f"before the first epoch: {right}"
    mark = ", the best so far" if news.best else ""
    return f"epoch {news.number} of {news.of}: loss {news.loss:.3f}, {right}{mark}; {news.seconds:.0f} s"


def deep_summary(result: DeepResult) -> dict[str, Any]:
    """The summary object: what `train` says without --deep, and the epochs."""
    interval = None
    if result.held_out_accuracy is not None:
        interval = list(wilson_interval(round(result.held_out_accuracy * result.held_out), result.held_out))
    return {
        "model": result.model_id,
        "backbone": result.backbone,
        "photos": result.photos,
        "classes": list(result.classes),
        "held_out": result.held_out,
        "accuracy": result.held_out_accuracy,
        "interval": interval,
        "frozen": result.frozen_accuracy,
        "before": result.before,
        "current": result.made_current,
        "seconds": round(result.seconds, 3),
        "epochs": [
            {"epoch": each.number, "loss": None if each.number == 0 else each.loss, "accuracy": each.accuracy}
            for each in result.epochs
        ],
        "best": result.best,
        "stopped": result.stopped,
        "left_out": result.left_out,
        "unreadable": len(result.unreadable),
    }


def _say(terminal: Terminal, result: DeepResult) -> None:
    kept = f"the best of {counted(len(result.epochs) - 1, 'epoch')} was number {result.best}"
    early = "Stopped early; " if result.stopped else ""
    terminal.say(
        f"{early}{kept if early else kept[0].upper() + kept[1:]}. Model {result.model_id} on {result.backbone} learned "
        f"{counted(len(result.classes), 'class', 'classes')} from {counted(result.photos, 'photo')} in "
        f"{result.seconds:.0f} s: {', '.join(map(shown, result.classes))}"
    )
    if result.held_out_accuracy is None:
        terminal.say("There are too few photos to tell how good it is; a handful more in each class will do.")
    else:
        low, high = wilson_interval(round(result.held_out_accuracy * result.held_out), result.held_out)
        terminal.say(accuracy_sentence(result.held_out_accuracy, (low, high), result.held_out))
        terminal.say(f"On the same photos the network as it was gets {percent(result.frozen_accuracy)}.")
    if result.left_out:
        terminal.say(f"{counted(result.left_out, 'labelled photo')} left out: there is no picture of it any more.")
    if not result.made_current:
        terminal.say(
            f"The model before stays in use; choose this one with: flowersorter models --use {result.model_id}"
        )
    say_unreadable(terminal, result.unreadable)
