"""Takes back the labels that were last taken from a file or from keywords: ``label --undo``."""

from __future__ import annotations

from flowersorter.commands.shared.context import Call
from flowersorter.messages import plural, text
from flowersorter.workflows.exchange.label_import.take_labels import undo_taken_labels


def take_back_labels(call: Call) -> int:
    """Restore the labels that the photos had before.

    Raises:
        UndoRefused: none were taken, or they are taken back already.
    """
    with call.engine() as engine:
        undone = undo_taken_labels(engine.collection)
    call.terminal.record({"summary": {"restored": undone.restored, "left": undone.left}})
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
    call.terminal.say(text("Classes that were made for them stay."))
    return 0
