"""The verb train with --deep: the last stages of the network learn too, with a line for every epoch."""

from __future__ import annotations

from typing import Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import remember_options
from flowersorter.commands.shared.output import Terminal, counted, percent, shown
from flowersorter.commands.shared.training_output import record_training, say_held_out, say_rest
from flowersorter.domain.figures import Epoch
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
        )
        with call.terminal.progress(tell=epoch_line) as report:
            result = finetune(engine, request, report, call.cancel)
    record_training(call, result, _beside(result))
    _say(call.terminal, result)
    return 0


def epoch_line(news: object) -> str | None:
    """Describe an epoch on a line; None for other news."""
    if not isinstance(news, Epoch):
        return None
    right = f"{news.held_out_right} of {news.held_out} held-out photos right ({percent(news.accuracy)})"
    if news.number == 0:
        return f"before the first epoch: {right}"
    mark = ", the best so far" if news.best else ""
    return f"epoch {news.number} of {news.of}: loss {news.loss:.3f}, {right}{mark}; {news.seconds:.0f} s"


def _beside(result: FinetuneResult) -> dict[str, Any]:
    """What the summary object has beside the fields of `train` without --deep."""
    return {
        "backbone": result.backbone,
        "frozen": result.frozen_accuracy,
        "epochs": [
            {"epoch": each.number, "loss": None if each.number == 0 else each.loss, "accuracy": each.accuracy}
            for each in result.epochs
        ],
        "best": result.best,
        "stopped": result.stopped,
        "gone": result.gone,
    }


def _say(terminal: Terminal, result: FinetuneResult) -> None:
    kept = "Stopped early; epoch" if result.stopped else "Epoch"
    terminal.say(
        f"{kept} {result.best} of {len(result.epochs) - 1} is kept. "
        f"Model {result.model_id} on {result.backbone} learned "
        f"{counted(len(result.classes), 'class', 'classes')} from {counted(result.photos, 'photo')} in "
        f"{result.seconds:.0f} s: {', '.join(map(shown, result.classes))}"
    )
    say_held_out(terminal, result)
    if result.held_out_accuracy is not None:
        terminal.say(f"Without training the network: {percent(result.frozen_accuracy)} of the same photos right.")
    if result.gone:
        terminal.say(f"{counted(result.gone, 'labelled photo')} skipped: the file is gone.")
    say_rest(terminal, result)
