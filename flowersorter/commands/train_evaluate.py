"""The verbs train and evaluate: learning from class folders, and measuring on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flowersorter.commands.context import Call
from flowersorter.commands.finetune import run_deep
from flowersorter.commands.json_lines import unreadable_line
from flowersorter.commands.label import say_unreadable
from flowersorter.commands.output import Terminal, counted, percent, shown
from flowersorter.commands.training_output import record_training, say_held_out, say_rest
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, Report
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, Evaluation, evaluate
from flowersorter.workflows.evaluation.learning_curve import LearningCurve, LearningCurveRequest, learning_curve
from flowersorter.workflows.evaluation.report import PAGE, ReportRequest, save_report
from flowersorter.workflows.evaluation.report_page import headline
from flowersorter.workflows.training.train import TrainFolderRequest, TrainResult, train_folder
from flowersorter.workflows.training.unmeasured_classes import in_words

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_MATRIX_CLASSES = 10  # a wider matrix does not fit a terminal
_CONFUSIONS_SHOWN = 10
_CLASSES_NAMED = 12


def run_train(call: Call) -> int:
    """Learn from a folder of class folders."""
    options = call.options
    if options.deep:
        return run_deep(call)
    with call.engine() as engine:
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
        terminal.say(f"Not measured, because none can be held out: {shown(in_words(result.unmeasured))}.")
    if result.contradicting:
        stand = "stands" if result.contradicting == 1 else "stand"
        terminal.say(
            f"{counted(result.contradicting, 'photo')} {stand} in the folders of two classes and can count as one "
            "class only; flowersorter doubts tells which."
        )
    if result.before is not None:
        terminal.say(f"The model before had {percent(result.before)} on its own photos.")
    say_rest(terminal, result)


def run_evaluate(call: Call) -> int:
    """Measure the current model on a folder of class folders, or out of fold on the collection's own labels."""
    options = call.options
    file: Path | None = options.report.absolute() if options.report else None
    if file is not None and not file.parent.is_dir():  # said before minutes of measuring, not after
        raise UserError(f"{file} cannot be written", "its folder does not exist")
    saved: tuple[Path, ...] = ()
    with call.engine() as engine:
        request = EvaluateRequest(options.folder, options.device, options.backbone)
        with call.terminal.progress() as report:
            result = evaluate(engine, request, report, call.cancel)
            if file is not None:
                curve = _curve_for(file, engine, request, report, call.cancel)
                saved = save_report(engine, ReportRequest(result, file, curve), report, call.cancel).files
    for path, error in result.unreadable:
        call.terminal.record(unreadable_line(path, error))
    summary = evaluation_summary(result)
    call.terminal.record({"summary": {**summary, "report": [str(each) for each in saved]} if saved else summary})
    _say_evaluation(call.terminal, result)
    for each in saved:
        call.terminal.say(f"Saved {shown(each)}")
    return 0


def _curve_for(
    file: Path, engine: Engine, request: EvaluateRequest, report: Report, cancel: CancelToken
) -> LearningCurve | None:
    """The learning curve, where the report shows one: a page about the collection's own labels."""
    if file.suffix.lower() != PAGE or request.folder is not None:
        return None
    return learning_curve(engine, LearningCurveRequest(request.backbone), report, cancel)


def evaluation_summary(result: Evaluation) -> dict[str, Any]:
    """The summary object; a figure that does not exist is null, never NaN."""
    photos = result.confusion.sum(axis=1)
    return {
        "accuracy": _figure(result.accuracy),
        "interval": [_figure(bound) for bound in result.interval],
        "photos": result.photos,
        "classes": list(result.class_names),
        "per_class": {
            name: {
                "recall": _figure(result.recall[i]),
                "precision": _figure(result.precision[i]),
                "photos": int(photos[i]),
            }
            for i, name in enumerate(result.class_names)
        },
        "confusion": result.confusion.tolist(),
        "calibration_error": _figure(result.calibration_error),
        "calibration": [
            {
                "low": b.low,
                "high": b.high,
                "photos": b.photos,
                "confidence": _figure(b.confidence),
                "accuracy": _figure(b.accuracy),
            }
            for b in result.bins
        ],
        "seen": result.seen,
        "how": result.how,
        "unreadable": len(result.unreadable),
    }


def _figure(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _say_evaluation(terminal: Terminal, result: Evaluation) -> None:
    low, high = result.interval
    terminal.say(f"{headline(result)}.")
    terminal.say(f"Accuracy {percent(result.accuracy)} (95 % interval {percent(low)} to {percent(high)})")
    terminal.say(f"Measured on {shown(result.how)}.")
    terminal.say()
    photos = result.confusion.sum(axis=1)
    table = [["class", "photos", "recall", "precision"]]
    table += [
        [shown(name), str(photos[i]), percent(float(result.recall[i])), percent(float(result.precision[i]))]
        for i, name in enumerate(result.class_names)
    ]
    terminal.say_table(table, right=(1, 2, 3), indent=2)
    terminal.say()
    _say_confusion(terminal, result)
    terminal.say(f"Its confidence is off by {percent(result.calibration_error)} on average.")
    say_unreadable(terminal, result.unreadable)


def _say_confusion(terminal: Terminal, result: Evaluation) -> None:
    """The matrix where it fits, else the most frequent mistakes."""
    names = [shown(name) for name in result.class_names]
    if len(names) <= _MATRIX_CLASSES:
        terminal.say("Rows: what it is. Columns: what it was taken for.")
        table = [["", *names]]
        table += [[name, *map(str, result.confusion[i])] for i, name in enumerate(names)]
        terminal.say_table(table, right=range(1, len(names) + 1), indent=2)
        terminal.say()
        return
    mistakes = result.confusion.copy()
    np.fill_diagonal(mistakes, 0)
    worst = np.argsort(-mistakes, axis=None, kind="stable")[:_CONFUSIONS_SHOWN]
    for flat in worst:
        true, taken_for = divmod(int(flat), len(names))
        if mistakes[true, taken_for]:
            terminal.say(f"  {mistakes[true, taken_for]} {names[true]} taken for {names[taken_for]}")
    terminal.say()
