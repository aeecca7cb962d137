"""The verb next: which photos to label next, and whether there are enough labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.group_output import group_line, say_groups, say_how_to_label
from flowersorter.commands.shared.output import Terminal, shown
from flowersorter.domain.figures import NO_FIGURE, Gain, percent_to_tenths
from flowersorter.domain.photo_class import NEEDED_LABELS
from flowersorter.domain.verdict import Verdict
from flowersorter.messages import Text, joined_texts, plural, text
from flowersorter.photos.scan import absolute_folder
from flowersorter.workflows.evaluation.label_next import (
    MORE,
    LabelNextRequest,
    LabelNextResult,
    Standing,
    as_predicted,
    label_next,
)
from flowersorter.workflows.evaluation.label_outlook import LabelOutlook, Outlook, label_outlook
from flowersorter.workflows.training.unmeasured_classes import needed_to_measure

_COUNTED = (Verdict.SURE, Verdict.LIKELY, Verdict.UNSURE, Verdict.UNKNOWN)


def run(call: Call) -> int:
    """Print how accurate each class is, how much more photos would improve it, and which ones to label."""
    options = call.options
    with call.engine(only_reads=True) as engine:
        folder = None if options.folder is None else absolute_folder(options.folder)
        request = LabelNextRequest(folder, options.count, options.backbone, device=options.device)
        with call.terminal.progress() as report:
            advice = label_next(engine, request, report, call.cancel)
            advice = as_predicted(engine, request, advice, call.cancel)
        names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    for photo in advice.next:
        call.terminal.record(group_line(photo, names))
    call.terminal.record({"summary": _summary(advice)})
    _say(call.terminal, advice, names)
    if any(photo.alike for photo in advice.next):
        say_how_to_label(call.terminal, options.folder)
    return 0


def _summary(advice: LabelNextResult) -> dict[str, Any]:
    return {
        **_figures(advice.overall, enough=label_outlook(advice).kind is Outlook.ENOUGH),
        "unlabelled": advice.unlabelled,
        "verdicts": {verdict.word: int(np.count_nonzero(advice.verdicts == verdict)) for verdict in _COUNTED},
        "per_class": {each.name: _figures(each, enough=_is_enough_of(each)) for each in advice.classes},
    }


def _is_enough_of(each: Standing) -> bool:
    """Whether a class needs no more labels: the gain from more is measured on those that there are."""
    return each.enough and each.photos >= NEEDED_LABELS


def _figures(each: Standing, *, enough: bool) -> dict[str, Any]:
    gain, twice = each.gain, each.twice
    return {
        "photos": each.photos,
        "accuracy": each.accuracy,
        "interval": list(each.interval),
        "sure": each.sure,
        "ten_more": None if gain is None else {"low": gain.low, "likely": gain.likely, "high": gain.high},
        "twice_as_many": None if twice is None else {"low": twice.low, "likely": twice.likely, "high": twice.high},
        "enough": enough,
    }


def _say(terminal: Terminal, advice: LabelNextResult, names: Mapping[int, str]) -> None:
    overall = advice.overall
    if overall.accuracy is None or overall.gain is None:
        terminal.say(text("There are too few labels to measure the accuracy: {needed}.", needed=needed_to_measure()))
    else:
        low, high = overall.interval
        terminal.say(
            plural(
                "It was right on {right} of {number} labelled photo it had not seen; "
                "on similar photos expect {low} to {high}.",
                "It was right on {right} of {number} labelled photos it had not seen; "
                "on similar photos expect {low} to {high}.",
                overall.measured,
                right=percent_to_tenths(overall.accuracy),
                low=percent_to_tenths(low),
                high=percent_to_tenths(high),
            )
        )
        terminal.say(_outlook(advice, overall.gain))
    if advice.classes:
        terminal.say()
        head = (text("class"), text("photos"), text("right"), text("sure"), text("{count} more would add", count=MORE))
        table: list[list[str]] = [list(head)]
        table += [
            [
                shown(each.name),
                str(each.photos),
                percent_to_tenths(each.accuracy),
                percent_to_tenths(each.sure),
                _gain(each),
            ]
            for each in advice.classes
        ]
        terminal.say_table(table, right=(1, 2, 3), indent=2)
    terminal.say()
    if not advice.next:
        terminal.say(text("Every photo scanned so far has a label or another answer."))
        return
    terminal.say(
        plural(
            "Label these next, of {number} photo without a label:",
            "Label these next, of {number} photos without a label:",
            advice.unlabelled,
        )
    )
    say_groups(terminal, advice.next, names)


def _outlook(advice: LabelNextResult, gain: Gain) -> Text:
    """Word whether more labels would improve the accuracy, and which."""
    outlook, twice = label_outlook(advice), advice.overall.twice
    match outlook.kind:
        case Outlook.ENOUGH:
            return text("You have enough labels. More would hardly help.")
        case Outlook.MORE_OF_SOME:
            return _more_of_some(outlook)
        case Outlook.FEW_OF_SOME:
            few = text("To be surer of that, label about {count} photos of each class.", count=NEEDED_LABELS)
            return joined_texts(" ", few, _unclear(outlook)) if outlook.unclear else few
        case Outlook.TWICE if twice is not None:
            return text(
                "{count} more photos of each class would hardly help; "
                "with twice as many photos, {gain} more photos right out of 100.",
                count=MORE,
                gain=gain_in_words(twice),
            )
        case _:
            return text(
                "With {count} more photos of each class, {gain} more photos right out of 100.",
                count=MORE,
                gain=gain_in_words(gain),
            )


def _more_of_some(outlook: LabelOutlook) -> Text:
    """Word that more labels of some classes, or of photos like those of the folder, would help."""
    sentences = list[Text]()
    if outlook.classes:
        classes = ", ".join(map(shown, outlook.classes))
        sentences.append(text("More labels of {classes} would help most.", classes=classes))
    if outlook.unclear:
        sentences.append(_unclear(outlook))
    return joined_texts(" ", *sentences)


def _unclear(outlook: LabelOutlook) -> Text:
    return plural(
        "{unclear} of {number} photo without a label is less than sure: label some of these.",
        "{unclear} of {number} photos without a label are less than sure: label some of these.",
        outlook.unlabelled,
        unclear=outlook.unclear,
    )


def _gain(each: Standing) -> str:
    if each.gain is None:
        return NO_FIGURE
    if each.photos < NEEDED_LABELS:
        return text("label about {count}", count=NEEDED_LABELS)
    return text("enough") if each.enough else text("{gain} of 100", gain=gain_in_words(each.gain))


def gain_in_words(gain: Gain) -> Text:
    """A gain in whole photos of a hundred: "about 2", "about 1 to 3", "about 2 (at most 5)", "at most 4"."""
    low, likely, high = round(100 * gain.low), round(100 * gain.likely), max(1, round(100 * gain.high))
    if low <= 0:
        if 0 < likely < high:
            return text("about {likely} (at most {high})", likely=likely, high=high)
        return text("at most {high}", high=high)
    if low == high:
        return text("about {likely}", likely=low)
    return text("about {low} to {high}", low=low, high=high)
