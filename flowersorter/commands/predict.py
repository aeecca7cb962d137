"""The verb predict: top guesses for single photos."""

from __future__ import annotations

from flowersorter.commands.context import Call
from flowersorter.commands.json_lines import photo_line, unreadable_line
from flowersorter.commands.output import Terminal, percent, shown
from flowersorter.domain.verdict import Verdict
from flowersorter.workflows.predicting.predict_photos import PhotoPrediction, PredictRequest, predict_photos

_IN_WORDS = {
    Verdict.SURE: "sure",
    Verdict.PROBABLE: "probably",
    Verdict.UNSURE: "not sure",
    Verdict.NEW: "new to me",
    Verdict.NONE: "no guess",
}


def run(call: Call) -> int:
    """Predict the photos in the order given."""
    options = call.options
    with call.engine() as engine:
        request = PredictRequest(tuple(options.photos), options.device, options.backbone)
        with call.terminal.progress() as report:
            predictions = predict_photos(engine, request, report, call.cancel)
    for prediction in predictions:
        call.terminal.record(_line(prediction))
        _say(call.terminal, prediction)
    return 0 if any(prediction.error is None for prediction in predictions) else 1


def _line(prediction: PhotoPrediction) -> dict[str, object]:
    if prediction.error is not None:
        return unreadable_line(prediction.path.absolute(), prediction.error)
    return photo_line(
        prediction.path.absolute(),
        prediction.class_name,
        prediction.confidence,
        prediction.verdict,
        prediction.top,
        prediction.looks_like,
    )


def _say(terminal: Terminal, prediction: PhotoPrediction) -> None:
    if prediction.error is not None:
        terminal.say(f"{shown(prediction.path)}: cannot be read: {prediction.error}")
        return
    like = f", looks like: {prediction.looks_like}" if prediction.looks_like else ""
    terminal.say(f"{shown(prediction.path)}: {_IN_WORDS[prediction.verdict]}{like}")
    terminal.say_table([[shown(name), percent(share)] for name, share in prediction.top], right=(1,), indent=2)
