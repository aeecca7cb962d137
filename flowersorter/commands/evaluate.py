"""The verb evaluate: how often the model is right."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import remember_options, say_left_out, say_unreadable
from flowersorter.commands.shared.json_lines import left_out_fields, unreadable_line
from flowersorter.commands.shared.output import Terminal, shown
from flowersorter.commands.shared.replacing import ask_to_replace
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, Report
from flowersorter.messages import text
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, Evaluation, evaluate
from flowersorter.workflows.evaluation.learning_curve import LearningCurve, LearningCurveRequest, learning_curve
from flowersorter.workflows.evaluation.report import PAGE, TABLE, ReportRequest, classes_file, save_report
from flowersorter.workflows.evaluation.report_page import headline

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_MATRIX_CLASSES = 10  # a wider matrix does not fit a terminal
_CONFUSIONS_SHOWN = 10


def run(call: Call) -> int:
    """Measure the current model on a folder of class folders, or out of fold on the collection's own labels."""
    options = call.options
    file: Path | None = options.report.absolute() if options.report else None
    if file is not None and not file.parent.is_dir():  # said before minutes of measuring, not after
        raise UserError(text("{file} cannot be written", file=file), text("its folder does not exist"))
    if file is not None:
        ask_to_replace(call, file, *([classes_file(file)] if file.suffix.lower() == TABLE else []))
    saved: tuple[Path, ...] = ()
    with call.engine(only_reads=options.folder is None) as engine:
        if options.folder is not None:
            remember_options(call, engine.collection, options.folder)
        request = EvaluateRequest(options.folder, options.device, options.backbone, flat=options.flat)
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
        call.terminal.say(text("Saved {file}", file=shown(each)))
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
        **left_out_fields(result.left_out),
    }


def _figure(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _say_evaluation(terminal: Terminal, result: Evaluation) -> None:
    low, high = result.interval
    terminal.say(text("{sentence}.", sentence=headline(result)))
    terminal.say(
        text(
            "Accuracy {accuracy} (95 % interval {low} to {high})",
            accuracy=percent_to_tenths(result.accuracy),
            low=percent_to_tenths(low),
            high=percent_to_tenths(high),
        )
    )
    terminal.say(text("Measured on {how}.", how=result.how))
    terminal.say()
    photos = result.confusion.sum(axis=1)
    table: list[list[str]] = [[text("class"), text("photos"), text("recall"), text("precision")]]
    table += [
        [
            shown(name),
            str(photos[i]),
            percent_to_tenths(float(result.recall[i])),
            percent_to_tenths(float(result.precision[i])),
        ]
        for i, name in enumerate(result.class_names)
    ]
    terminal.say_table(table, right=(1, 2, 3), indent=2)
    terminal.say()
    _say_confusion(terminal, result)
    terminal.say(
        text("On average its confidence is off by {error}.", error=percent_to_tenths(result.calibration_error))
    )
    say_left_out(terminal, result.left_out)
    say_unreadable(terminal, result.unreadable)


def _say_confusion(terminal: Terminal, result: Evaluation) -> None:
    """The matrix where it fits, else the most frequent mistakes."""
    names = [shown(name) for name in result.class_names]
    if len(names) <= _MATRIX_CLASSES:
        terminal.say(text("Rows: the right class. Columns: the suggested class."))
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
            count, right, wrong = mistakes[true, taken_for], names[true], names[taken_for]
            terminal.say(text("{count} {right} taken for {wrong}", count=count, right=right, wrong=wrong), indent=2)
    terminal.say()
