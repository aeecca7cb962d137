"""Takes back labels that were taken from a file or from keywords, the last first: ``label --undo``."""

from __future__ import annotations

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import named
from flowersorter.messages import plural, text
from flowersorter.workflows.exchange.label_import.take_labels import UndoneLabels, undo_taken_labels


def take_back_labels(call: Call) -> int:
    """Restore the labels that the photos had before.

    Raises:
        UndoRefused: none were taken, or they are taken back already.
    """
    with call.engine() as engine:
        undone = undo_taken_labels(engine.collection)
    call.terminal.record({"summary": _summary(undone)})
    call.terminal.say(
        plural(
            "{number} label taken back.",
            "{number} labels taken back.",
            undone.restored,
        )
    )
    if undone.left:
        call.terminal.say(
            plural(
                "{number} photo keeps its label: it was changed since.",
                "{number} photos keep their labels: they were changed since.",
                undone.left,
            )
        )
    if undone.removed:
        call.terminal.say(text("Removed the classes that were made for them: {names}.", names=named(undone.removed)))
    if undone.kept:
        call.terminal.say(text("These classes stay, because they are in use: {names}.", names=named(undone.kept)))
    if undone.more:
        call.terminal.say(text("To take back the labels that were taken before: flowersorter label --undo"))
    return 0


def _summary(undone: UndoneLabels) -> dict[str, object]:
    return {
        "restored": undone.restored,
        "left": undone.left,
        "classes_removed": list(undone.removed),
        "classes_left": list(undone.kept),
        "earlier": undone.more,
    }
