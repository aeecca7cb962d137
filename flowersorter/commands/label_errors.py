"""The verb label-errors: labels that are probably wrong, the worst first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import Terminal, counted, percent, shown
from flowersorter.workflows.evaluation.label_errors import (
    LabelError,
    LabelErrorsRequest,
    LabelErrorsResult,
    find_label_errors,
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
        "accuracy": None if result.accuracy is None else round(result.accuracy, _DIGITS),
        "unmeasured": [each.name for each in result.unmeasured],
    }


def _say(
    terminal: Terminal, result: LabelErrorsResult, listed: tuple[LabelError, ...], names: Mapping[int, str]
) -> None:
    checked = counted(result.checked, "label")
    if not result.doubts:
        terminal.say(f"No label looks wrong; {checked} checked.")
    else:
        # A photo in the folders of two classes is doubted even where none of its class could be checked.
        of = f" of {result.checked}" if result.checked >= len(result.doubts) else ""
        terminal.say(f"{counted(len(result.doubts), 'label')}{of} may be wrong.")
        if result.little_known and result.accuracy is not None:
            terminal.say(
                f"The model is still learning: it gets {percent(result.accuracy)} right, "
                "so most of these labels are probably fine."
            )
        for group in result.groups[:_GROUPS_SHOWN]:
            photos, verb = len(group.photo_ids), "looks" if len(group.photo_ids) == 1 else "look"
            terminal.say(
                f"  {photos} labelled {shown(names[group.class_id])} {verb} like {shown(names[group.better_id])}"
            )
        if len(result.groups) > _GROUPS_SHOWN:
            terminal.say(f"  and {len(result.groups) - _GROUPS_SHOWN} more mix-ups")
        terminal.say()
    for each in listed:
        _say_one(terminal, each, shown(names[each.class_id]), shown(names[each.better_id]))
    if len(listed) < len(result.doubts):
        terminal.say(f"{len(result.doubts) - len(listed)} more; a larger --limit shows them.")
    if result.kept:
        terminal.say(f"{counted(result.kept, 'label')} that you decided to keep: skipped.")
    if result.unmeasured:
        terminal.say(f"Not checked, because no photo of them can be held out: {shown(in_words(result.unmeasured))}.")


def _say_one(terminal: Terminal, each: LabelError, label: str, better: str) -> None:
    terminal.say(shown(each.path))
    if each.also_at is not None:
        terminal.say(
            f"  the same photo is also in {shown(each.also_at)}: {label} or {better}? "
            f"It counts as {label} until you choose."
        )
        return
    like = next((alike.path for alike in each.like_better if alike.path is not None), None)
    reason = f", like {shown(like)}" if like is not None else ""
    terminal.say(f"  labelled {label}, looks like {better}{reason}")
