"""The result of a training in the terminal: the same for train with and without --deep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import say_left_out, say_unreadable
from flowersorter.commands.shared.json_lines import left_out_fields, unreadable_line
from flowersorter.commands.shared.output import Terminal, counted, percent
from flowersorter.domain.figures import wilson_interval
from flowersorter.workflows.training.finetune import FinetuneResult
from flowersorter.workflows.training.train import TrainResult
from flowersorter.workflows.training.unmeasured_classes import needed_to_measure

Trained = TrainResult | FinetuneResult


def record_training(call: Call, result: Trained, more: Mapping[str, Any]) -> None:
    """Print the JSON lines: the photos that could not be read, then the summary with what else is to be in it."""
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
    """Say how good the model is, with the uncertainty, in plain words."""
    interval = _interval(result)
    if interval is None:
        terminal.say(f"There are too few photos to measure the accuracy: {needed_to_measure()}.")
        return
    low, high = interval
    terminal.say(
        f"It was right on {percent(result.held_out_accuracy)} of {counted(result.held_out, 'photo')} it had not seen; "
        f"on similar photos expect {percent(low)} to {percent(high)}."
    )


def say_rest(terminal: Terminal, result: Trained) -> None:
    """Say how to use the model where the previous one stays, and which photos could not be read."""
    if not result.made_current:
        terminal.say(
            f"The previous model stays in use. To use the new one: flowersorter models --use {result.model_id}"
        )
    say_left_out(terminal, result.left_out)
    say_unreadable(terminal, result.unreadable)


def _interval(result: Trained) -> list[float] | None:
    if result.held_out_accuracy is None:
        return None
    return list(wilson_interval(round(result.held_out_accuracy * result.held_out), result.held_out))
