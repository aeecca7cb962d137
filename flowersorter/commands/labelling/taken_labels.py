"""Prints the labels that photos got from keywords or from files of other programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from flowersorter.commands.shared.output import Terminal, shown
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark
from flowersorter.messages import plural, text
from flowersorter.workflows.exchange.label_import.take_labels import TakenLabels

#: Classes that are listed with their number of photos.
_CLASSES = 50


def record_labelled(terminal: Terminal, taken: TakenLabels, paths: Mapping[int, Path], ambiguous: str) -> None:
    """Print a line of JSON for each photo that was labelled, and for each that was given several classes.

    Args:
        terminal: The output.
        taken: The labels.
        paths: The path of each photo, by photo id.
        ambiguous: Name of the field with the several classes.
    """
    for photo_id, class_name in taken.labels.items():
        terminal.record({"path": str(paths[photo_id]), "label": class_name, "by": LabelOrigin.PERSON.value})
    for photo_id, mark in taken.marks.items():
        line = {"path": str(paths[photo_id]), "label": None, "by": LabelOrigin.PERSON.value, mark.name.lower(): True}
        terminal.record(line)
    for path, names in taken.ambiguous:
        terminal.record({"path": str(path), "label": None, ambiguous: list(names)})


def say_labelled(terminal: Terminal, taken: TakenLabels) -> None:
    """Print the number of photos that were labelled with each class, the most frequent first."""
    classes = Counter(taken.labels.values())
    for name, number in classes.most_common(_CLASSES):
        terminal.say(
            plural("{number} photo labelled {name}.", "{number} photos labelled {name}.", number, name=shown(name))
        )
    say_more(terminal, classes, _CLASSES)
    marks = Counter(taken.marks.values())
    if number := marks[Mark.NOT_MINE]:
        terminal.say(plural("{number} photo marked Not mine.", "{number} photos marked Not mine.", number))
    if number := marks[Mark.DONT_KNOW]:
        terminal.say(plural("{number} photo marked Don't know.", "{number} photos marked Don't know.", number))
    if taken.replaced:
        terminal.say(
            plural(
                "{number} of these labels replaces that of a class folder.",
                "{number} of these labels replace those of class folders.",
                taken.replaced,
            )
        )


def say_how_to_undo(terminal: Terminal, taken: TakenLabels) -> None:
    """Print the command that takes the labels back, if there are any."""
    if taken.changed:
        terminal.say(text("To take these labels back: flowersorter label --undo"))


def say_more(terminal: Terminal, everything: Collection[object], named: int) -> None:
    """Print how many there are beside those that were named."""
    if len(everything) > named:
        terminal.say(text("and {count} more; use --json for all", count=f"{len(everything) - named:,}"), indent=2)
