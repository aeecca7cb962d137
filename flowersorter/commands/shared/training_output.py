"""The result of a training in the terminal: the same for train with and without --deep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import say_left_out, say_unreadable
from flowersorter.commands.shared.json_lines import left_out_fields, unreadable_line
from flowersorter.commands.shared.output import Terminal, counted_photos
from flowersorter.domain.figures import percent_to_tenths, wilson_interval
from flowersorter.messages import text
from flowersorter.workflows.training.finetune import FinetuneResult
from flowersorter.workflows.training.train import TrainResult
from flowersorter.workflows.training.unmeasured_classes import needed_to_measure

Trained = TrainResult | FinetuneResult


def record_training(call: Call, result: Trained, more: Mapping[str, Any]) -> None:
    """Print the JSON lines: the photos that could not be read, then the summary with further fields."""
    for path, error in result.unreadable:
        call.terminal.record(unreadable_line(path, error))
    summary = {
        "model": result.model_id,
        "photos": result.photos,
        "classes": list(result.classes),
        "held_out": result.held_out,
        "accuracy": result.held_out_accuracy,
        "interval": _interval(result),
        "before": result.before,
        "current": result.made_current,
        "seconds": round(result.seconds, 3),
        **more,
        "unreadable": len(result.unreadable),
        **left_out_fields(result.left_out),
    }
    call.terminal.record({"summary": summary})


def say_held_out(terminal: Terminal, result: Trained) -> None:
    """Print how good the model is, with the uncertainty, in plain words."""
    interval = _interval(result)
    if interval is None:
        terminal.say(text("There are too few photos to measure the accuracy: {needed}.", needed=needed_to_measure()))
        return
    low, high = interval
    terminal.say(
        text(
            "It was right on {right} of {photos} it had not seen; on similar photos expect {low} to {high}.",
            right=percent_to_tenths(result.held_out_accuracy),
            photos=counted_photos(result.held_out),
            low=percent_to_tenths(low),
            high=percent_to_tenths(high),
        )
    )


def say_rest(terminal: Terminal, result: Trained) -> None:
    """Print how to use the model where the previous one stays, and which photos could not be read."""
    if not result.made_current:
        terminal.say(
            text(
                "The previous model stays in use. To use the new one: flowersorter models --use {model_id}",
                model_id=result.model_id,
            )
        )
    say_left_out(terminal, result.left_out)
    say_unreadable(terminal, result.unreadable)


def _interval(result: Trained) -> list[float] | None:
    if result.held_out_accuracy is None:
        return None
    return list(wilson_interval(round(result.held_out_accuracy * result.held_out), result.held_out))
