"""The verb train: learn from class folders, or from the labels of the collection alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.finetune import run_deep
from flowersorter.commands.shared.folder_output import remember_options, say_class_names
from flowersorter.commands.shared.output import Terminal, counted_photos, named
from flowersorter.commands.shared.training_output import record_training, say_held_out, say_rest
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.jobs import Report
from flowersorter.messages import plural, text
from flowersorter.workflows.training.train import (
    RetrainRequest,
    TrainFolderRequest,
    TrainResult,
    retrain,
    starter_stays,
    train_folder,
)
from flowersorter.workflows.training.unmeasured_classes import in_words

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_CLASSES_NAMED = 12


def run(call: Call) -> int:
    """Learn from a folder of class folders, or without one from the labels of the collection."""
    if call.options.deep:
        return run_deep(call)
    with call.engine() as engine:
        before = [entry.name for entry in engine.collection.classes.all()]
        with call.terminal.progress() as report:
            result = _train(call, engine, report)
    unmeasured = [each.name for each in result.unmeasured]
    further: dict[str, Any] = {"unmeasured": unmeasured, "contradicting": result.contradicting}
    further |= {"validated": result.validated, "validated_right": result.validated_right}
    further["only_validated"] = list(result.only_validated)
    record_training(call, result, further | {"starter_classes": list(result.starter_classes)})
    _say_training(call.terminal, result)
    say_class_names(call.terminal, result.classes, before)
    return 0


def _train(call: Call, engine: Engine, report: Report) -> TrainResult:
    options = call.options
    if options.folder is None:
        return retrain(engine, RetrainRequest(options.device), report, call.cancel)
    remember_options(call, engine.collection, options.folder)
    request = TrainFolderRequest(
        options.folder,
        add=options.add,
        device=options.device,
        backbone=options.backbone,
        flat=options.flat,
        new_classes=options.new_classes,
    )
    return train_folder(engine, request, report, call.cancel)


def _classes_in_words(names: Sequence[str]) -> str:
    first = named(names[:_CLASSES_NAMED])
    more = len(names) - _CLASSES_NAMED
    return text("{classes} and {count} more", classes=first, count=more) if more > 0 else first


def _say_training(terminal: Terminal, result: TrainResult) -> None:
    terminal.say(
        plural(
            "Model {model_id} learned {number} class from {photos} in {seconds:.1f} s: {classes}",
            "Model {model_id} learned {number} classes from {photos} in {seconds:.1f} s: {classes}",
            len(result.classes),
            model_id=result.model_id,
            photos=counted_photos(result.photos),
            seconds=result.seconds,
            classes=_classes_in_words(result.classes),
        )
    )
    if result.starter_classes:
        terminal.say(starter_stays(result))
    say_held_out(terminal, result)
    if result.validated:
        terminal.say(
            text(
                "Of the {count} photos in val and test, which it never learns from, {right} are right ({share}).",
                count=result.validated,
                right=result.validated_right,
                share=percent_to_tenths(result.validated_right / result.validated),
            )
        )
    if result.only_validated:
        classes = _classes_in_words(result.only_validated)
        terminal.say(
            text("No classes of the model, so their photos in val and test count as wrong: {classes}.", classes=classes)
        )
    if result.unmeasured:
        classes = in_words(result.unmeasured)
        terminal.say(text("Not measured, because no photo of them can be held out: {classes}.", classes=classes))
    if result.contradicting:
        terminal.say(
            plural(
                "{number} photo is in the folders of two classes and can count as one class only. "
                "To list them: flowersorter label-errors",
                "{number} photos are in the folders of two classes and can count as one class only. "
                "To list them: flowersorter label-errors",
                result.contradicting,
            )
        )
    if result.compared is not None:
        photos, before, now = result.compared
        terminal.say(
            text(
                "Of {photos} photos that both models were measured on, it gets {now} right, the previous one {before}.",
                photos=photos,
                now=now,
                before=before,
            )
        )
    say_rest(terminal, result)
