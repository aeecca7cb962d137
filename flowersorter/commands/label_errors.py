"""The verb label-errors: labels that are probably wrong, the worst first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import Terminal, shown
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.messages import plural, text
from flowersorter.workflows.evaluation.label_errors import (
    LabelError,
    LabelErrorsRequest,
    LabelErrorsResult,
    find_label_errors,
    too_early_in_words,
)
from flowersorter.workflows.training.unmeasured_classes import in_words

_DIGITS = 6
_GROUPS_SHOWN = 10


def run(call: Call) -> int:
    """List the labels that models which never saw the photo, and its look-alikes, contradict."""
    with call.engine(only_reads=True) as engine:
        with call.terminal.progress() as report:
            result = find_label_errors(
                engine, LabelErrorsRequest(call.options.backbone, call.options.device), report, call.cancel
            )
        names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    listed = result.doubts[: call.options.limit]
    for each in listed:
        call.terminal.record(_line(each, names))
    call.terminal.record({"summary": _summary(result, names)})
    _say(call.terminal, result, listed, names)
    return 0


def _line(each: LabelError, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "path": str(each.path),
        "class": names[each.class_id],
        "better": names[each.better_id],
        "doubt": round(each.doubt, _DIGITS),
        "like_class": [str(alike.path) for alike in each.like_label if alike.path is not None],
        "like_better": [str(alike.path) for alike in each.like_better if alike.path is not None],
        "also_at": None if each.also_at is None else str(each.also_at),
    }


def _summary(result: LabelErrorsResult, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "doubted": len(result.doubts),
        "checked": result.checked,
        "kept": result.kept,
        "groups": [
            {"class": names[each.class_id], "better": names[each.better_id], "photos": len(each.photo_ids)}
            for each in result.groups
        ],
        "too_early": result.too_early,
        "accuracy": None if result.accuracy is None else round(result.accuracy, _DIGITS),
        "unmeasured": [each.name for each in result.unmeasured],
    }


def _say(
    terminal: Terminal, result: LabelErrorsResult, listed: tuple[LabelError, ...], names: Mapping[int, str]
) -> None:
    if result.too_early:
        terminal.say(too_early_in_words(result))
    if result.doubts:
        _say_doubts(terminal, result, names)
    elif not result.too_early:
        terminal.say(
            plural(
                "No label looks wrong; {number} label checked.",
                "No label looks wrong; {number} labels checked.",
                result.checked,
            )
        )
    for each in listed:
        _say_one(terminal, each, shown(names[each.class_id]), shown(names[each.better_id]))
    if len(listed) < len(result.doubts):
        more = len(result.doubts) - len(listed)
        terminal.say(text("{count} more; a larger --limit shows them.", count=more))
    if result.kept:
        terminal.say(
            plural(
                "{number} label that you decided to keep: skipped.",
                "{number} labels that you decided to keep: skipped.",
                result.kept,
            )
        )
    if result.unmeasured:
        classes = in_words(result.unmeasured)
        terminal.say(text("Not checked, because no photo of them can be held out: {classes}.", classes=classes))


def _say_doubts(terminal: Terminal, result: LabelErrorsResult, names: Mapping[int, str]) -> None:
    """Print how many labels may be wrong, and which classes are mixed up."""
    doubted = len(result.doubts)
    # A photo in the folders of two classes is doubted even where none of its class could be checked.
    if result.checked >= doubted:
        terminal.say(
            plural(
                "{number} label of {checked} may be wrong.",
                "{number} labels of {checked} may be wrong.",
                doubted,
                checked=result.checked,
            )
        )
    else:
        terminal.say(plural("{number} label may be wrong.", "{number} labels may be wrong.", doubted))
    if result.little_known and result.accuracy is not None:
        terminal.say(
            text(
                "The model is still learning: it gets {accuracy} right, so most of these labels are probably fine.",
                accuracy=percent_to_tenths(result.accuracy),
            )
        )
    for group in result.groups[:_GROUPS_SHOWN]:
        terminal.say(
            plural(
                "{number} labelled {name} looks like {better}",
                "{number} labelled {name} look like {better}",
                len(group.photo_ids),
                name=shown(names[group.class_id]),
                better=shown(names[group.better_id]),
            ),
            indent=2,
        )
    if len(result.groups) > _GROUPS_SHOWN:
        terminal.say(text("and {count} more mix-ups", count=len(result.groups) - _GROUPS_SHOWN), indent=2)
    terminal.say()


def _say_one(terminal: Terminal, each: LabelError, label: str, better: str) -> None:
    terminal.say(shown(each.path))
    if each.also_at is not None:
        terminal.say(
            text(
                "the same photo is also in {path}: {label} or {better}? It counts as {label} until you choose.",
                path=shown(each.also_at),
                label=label,
                better=better,
            ),
            indent=2,
        )
        return
    like = next((alike.path for alike in each.like_better if alike.path is not None), None)
    if like is None:
        reason = text("labelled {label}, looks like {better}", label=label, better=better)
    else:
        reason = text(
            "labelled {label}, looks like {better}, like {photo}", label=label, better=better, photo=shown(like)
        )
    terminal.say(reason, indent=2)
