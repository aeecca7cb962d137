"""The verb train: learn from class folders."""

from __future__ import annotations

from collections.abc import Sequence

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.finetune import run_deep
from flowersorter.commands.shared.folder_output import remember_options
from flowersorter.commands.shared.output import Terminal, counted, percent, shown
from flowersorter.commands.shared.training_output import record_training, say_held_out, say_rest
from flowersorter.workflows.training.train import TrainFolderRequest, TrainResult, train_folder
from flowersorter.workflows.training.unmeasured_classes import in_words

_CLASSES_NAMED = 12


def run(call: Call) -> int:
    """Learn from a folder of class folders."""
    options = call.options
    if options.deep:
        return run_deep(call)
    with call.engine() as engine:
        remember_options(call, engine.collection, options.folder)
        request = TrainFolderRequest(options.folder, add=options.add, device=options.device, backbone=options.backbone)
        with call.terminal.progress() as report:
            result = train_folder(engine, request, report, call.cancel)
    unmeasured = [each.name for each in result.unmeasured]
    record_training(call, result, {"unmeasured": unmeasured, "contradicting": result.contradicting})
    _say_training(call.terminal, result)
    return 0


def _classes_in_words(names: Sequence[str]) -> str:
    more = f" and {len(names) - _CLASSES_NAMED} more" if len(names) > _CLASSES_NAMED else ""
    return ", ".join(map(shown, names[:_CLASSES_NAMED])) + more


def _say_training(terminal: Terminal, result: TrainResult) -> None:
    terminal.say(
        f"Model {result.model_id} learned {counted(len(result.classes), 'class', 'classes')} from "
        f"{counted(result.photos, 'photo')} in {result.seconds:.1f} s: {_classes_in_words(result.classes)}"
    )
    say_held_out(terminal, result)
    if result.unmeasured:
        terminal.say(f"Not measured, because no photo of them can be held out: {shown(in_words(result.unmeasured))}.")
    if result.contradicting:
        stand = "is" if result.contradicting == 1 else "are"
        terminal.say(
            f"{counted(result.contradicting, 'photo')} {stand} in the folders of two classes and can count as one "
            "class only. To list them: flowersorter label-errors"
        )
    if result.before is not None:
        terminal.say(f"The previous model scored {percent(result.before)} on its own photos.")
    say_rest(terminal, result)
