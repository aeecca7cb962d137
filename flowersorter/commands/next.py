"""The verb next: which photos to label next, and whether there are enough labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import Terminal, counted, percent, shown
from flowersorter.domain.figures import NO_FIGURE, Gain
from flowersorter.photos.scan import absolute_folder
from flowersorter.workflows.evaluation.label_next import (
    MORE,
    LabelNextRequest,
    LabelNextResult,
    NextPhoto,
    Standing,
    label_next,
)
from flowersorter.workflows.training.unmeasured_classes import needed_to_measure

_DIGITS = 6


def run(call: Call) -> int:
    """Say how accurate each class is, how much more photos would improve it, and which ones to label."""
    options = call.options
    with call.engine(only_reads=True) as engine:
        folder = None if options.folder is None else absolute_folder(options.folder)
        request = LabelNextRequest(folder, options.count, options.backbone, device=options.device)
        with call.terminal.progress() as report:
            advice = label_next(engine, request, report, call.cancel)
        names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    for photo in advice.next:
        call.terminal.record(_line(photo, names))
    call.terminal.record({"summary": _summary(advice)})
    _say(call.terminal, advice, names)
    return 0


def _line(photo: NextPhoto, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "path": str(photo.path),
        "top": [[names[class_id], round(share, _DIGITS)] for class_id, share in photo.top],
    }


def _summary(advice: LabelNextResult) -> dict[str, Any]:
    return {
        **_figures(advice.overall),
        "unlabelled": advice.unlabelled,
        "per_class": {each.name: _figures(each) for each in advice.classes},
    }


def _figures(each: Standing) -> dict[str, Any]:
    gain, twice = each.gain, each.twice
    return {
        "photos": each.photos,
        "accuracy": each.accuracy,
        "interval": list(each.interval),
        "sure": each.sure,
        "ten_more": None if gain is None else {"low": gain.low, "likely": gain.likely, "high": gain.high},
        "twice_as_many": None if twice is None else {"low": twice.low, "likely": twice.likely, "high": twice.high},
        "enough": each.enough,
    }


def _say(terminal: Terminal, advice: LabelNextResult, names: Mapping[int, str]) -> None:
    overall = advice.overall
    if overall.accuracy is None or overall.gain is None:
        terminal.say(f"There are too few labels to measure the accuracy: {needed_to_measure()}.")
    else:
        low, high = overall.interval
        terminal.say(
            f"It was right on {percent(overall.accuracy)} of {counted(overall.measured, 'labelled photo')} it had not "
            f"seen; on similar photos expect {percent(low)} to {percent(high)}."
        )
        terminal.say(_outlook(overall, overall.gain))
    if advice.classes:
        terminal.say()
        table = [["class", "photos", "right", "sure", f"{MORE} more would add"]]
        table += [
            [shown(each.name), str(each.photos), percent(each.accuracy), percent(each.sure), _gain(each)]
            for each in advice.classes
        ]
        terminal.say_table(table, right=(1, 2, 3), indent=2)
    terminal.say()
    if not advice.next:
        terminal.say("Every photo scanned so far has a label.")
        return
    terminal.say(f"Label these next, of {counted(advice.unlabelled, 'photo')} without a label:")
    for photo in advice.next:
        suggestions = " or ".join(f"{shown(names[class_id])} ({percent(share)})" for class_id, share in photo.top[:2])
        terminal.say(f"  {shown(photo.path)}" + (f"  {suggestions}?" if suggestions else ""))


def _outlook(overall: Standing, gain: Gain) -> str:
    """Say how much more photos of each class would improve the accuracy."""
    if overall.enough:
        return "You have enough labels. More would hardly help."
    if overall.hardly_more and overall.twice is not None:
        return (
            f"{MORE} more photos of each class would hardly help; "
            f"with twice as many photos, {gain_in_words(overall.twice)} more photos right out of 100."
        )
    return f"With {MORE} more photos of each class, {gain_in_words(gain)} more photos right out of 100."


def _gain(each: Standing) -> str:
    if each.gain is None:
        return NO_FIGURE
    return "enough" if each.enough else f"{gain_in_words(each.gain)} of 100"


def gain_in_words(gain: Gain) -> str:
    """A gain in whole photos of a hundred: "about 2", "about 1 to 3", "about 2 (at most 5)", "at most 4"."""
    low, likely, high = round(100 * gain.low), round(100 * gain.likely), max(1, round(100 * gain.high))
    if low <= 0:
        return f"about {likely} (at most {high})" if 0 < likely < high else f"at most {high}"
    return f"about {low}" if low == high else f"about {low} to {high}"
