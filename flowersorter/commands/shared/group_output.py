"""Groups of photos to label in the terminal: the same for groups and next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flowersorter.commands.shared.output import Terminal, quoted, shown
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.domain.verdict import Verdict
from flowersorter.messages import Text, joined_texts, plural, text
from flowersorter.workflows.labelling.choose_groups import LookAlikeGroup

_DIGITS = 6
_OTHERS_SHOWN = 3
#: Least probability of a class that is asked about.
_WORTH_ASKING = 0.05


def group_line(
    group: LookAlikeGroup, names: Mapping[int, str], verdicts: Mapping[int, Verdict] | None = None
) -> dict[str, Any]:
    """Describe a group as a JSON object.

    Args:
        group: The group.
        names: Class names by id.
        verdicts: Of the suggestions for its photos, by place id; None to leave them out.
    """
    line: dict[str, Any] = {
        "path": str(group.path),
        "top": [[names[class_id], round(share, _DIGITS)] for class_id, share in group.top],
        "alike": [str(photo.path) for photo in group.alike],
        "different": group.different,
    }
    if verdicts is not None:
        line["verdicts"] = [verdicts[photo.place_id].word for photo in group.photos]
    return line


def say_groups(
    terminal: Terminal,
    groups: Sequence[LookAlikeGroup],
    names: Mapping[int, str],
    verdicts: Mapping[int, Verdict] | None = None,
) -> None:
    """Print a line for each group, and name some of the photos that look like the first.

    Args:
        terminal: Gets the lines.
        groups: To be printed.
        names: Class names by id.
        verdicts: By place id; no class is asked about for an unknown photo. None: those of the groups.
    """
    for group in groups:
        verdict = group.verdict if verdicts is None else verdicts[group.place_id]
        is_unknown = verdict is Verdict.UNKNOWN
        best = [
            f"{shown(names[class_id])} ({percent_to_tenths(share)})"
            for class_id, share in group.top[:2]
            if share >= _WORTH_ASKING and not is_unknown
        ]
        terminal.say(joined_texts("  ", shown(group.path), *_either(best)), indent=2)
        if group.alike:
            others = ", ".join(shown(photo.path.name) for photo in group.alike[:_OTHERS_SHOWN])
            terminal.say(_alike(len(group.alike), others), indent=4)


def say_how_to_label(terminal: Terminal, folder: Path | None) -> None:
    """Print the command that labels a photo of one of these groups with all others of it.

    Args:
        terminal: Gets the line.
        folder: The folder of the photos as it was given; None where they are from several.
    """
    terminal.say()
    terminal.say(
        text(
            "Label a photo with its look-alikes: flowersorter label PHOTO --group {folder} --as CLASS",
            folder="FOLDER" if folder is None else quoted(folder),
        )
    )


def _alike(number: int, others: str) -> Text:
    if number > _OTHERS_SHOWN:
        return text("{number} more look alike: {others}, ...", number=number, others=others)
    return plural("{number} more looks alike: {others}", "{number} more look alike: {others}", number, others=others)


def _either(suggestions: Sequence[str]) -> list[Text]:
    """Ask which of at most two suggestions is right."""
    match suggestions:
        case [first, second]:
            return [text("{first} or {second}?", first=first, second=second)]
        case [only]:
            return [text("{only}?", only=only)]
        case _:
            return []
