"""The verb groups: the photos of a folder that look alike, in the order in which naming them helps most."""

from __future__ import annotations

from collections.abc import Sequence

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import predict_folders, say_no_photos
from flowersorter.commands.shared.group_output import group_line, say_groups, say_how_to_label
from flowersorter.commands.shared.json_lines import folder_problems
from flowersorter.domain.verdict import Verdict
from flowersorter.messages import Text, plural, text
from flowersorter.photos.scan import absolute_folder
from flowersorter.workflows.labelling.choose_groups import LookAlikeGroup
from flowersorter.workflows.labelling.groups import GroupsRequest, GroupsResult, find_groups

_SHOWN = 20


def run(call: Call) -> int:
    """Scan a folder and group its photos without a label."""
    options, terminal = call.options, call.terminal
    folder = absolute_folder(options.folder)
    with call.engine() as engine:
        scanned = predict_folders(call, engine, folder)
        with terminal.progress() as report:
            result = find_groups(engine, GroupsRequest(folder, backbone=options.backbone), report, call.cancel)
        names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    rows = scanned.rows
    verdicts = dict(zip(rows.place_ids.tolist(), map(Verdict, rows.verdicts.tolist()), strict=True))
    for group in result.groups:
        terminal.record(group_line(group, names, verdicts))
    summary = {
        "groups": len(result.groups),
        "photos": sum(len(group.photos) for group in result.groups),
        "unlabelled": result.unlabelled,
        "labelled": result.answered,
        "unreadable": len(scanned.unreadable),
        "left_out": dict(sorted(scanned.skipped.items())),
        "problems": folder_problems(scanned.problems),
    }
    terminal.record({"summary": summary})
    if not len(scanned.rows):
        say_no_photos(call, folder, scanned)
        return 0
    terminal.say(in_words(result))
    say_groups(terminal, result.groups[:_SHOWN], names, verdicts)
    if len(result.groups) > _SHOWN:
        terminal.say(text("... and {number} more groups: see --json", number=len(result.groups) - _SHOWN), indent=2)
    if any(group.alike for group in result.groups):
        say_how_to_label(terminal, options.folder)
    return 0


def in_words(result: GroupsResult) -> Text:
    """Print how many groups there are, and how much naming them saves."""
    groups: Sequence[LookAlikeGroup] = result.groups
    if not groups:
        answered = text("Every photo here has a label, or you answered that it is not yours or that you don't know.")
        return answered if result.answered else text("No photo here can be read.")
    if len(groups) == 1 and not groups[0].alike:
        return text("One photo here has no label, copies counted once, so there is nothing to group.")
    if len(groups) == 1:
        return plural(
            "The {number} photo without a label is one group: one name is enough.",
            "The {number} photos without a label look alike: one name is enough.",
            result.unlabelled,
        )
    if all(not group.alike for group in groups):
        return text(
            "None of the {number} photos without a label look alike: name them one by one.", number=result.unlabelled
        )
    return text(
        "{number} photos without a label in {groups} groups. Name these first:",
        number=result.unlabelled,
        groups=len(groups),
    )
