"""The verb recover: repair after a crash or a damaged library."""

from __future__ import annotations

from flowersorter.commands.shared.context import Call, recovery_sentences
from flowersorter.commands.shared.output import local_time, shown
from flowersorter.errors import CollectionDamaged
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.restore import RestoreResult, restore_newest
from flowersorter.messages import plural, text
from flowersorter.workflows.filing.history import recover_collection


def run(call: Call) -> int:
    """Restore a damaged library, finish or roll back an interrupted sort; exit 1 if something needs the person.

    Raises:
        CollectionDamaged: the library cannot be read and there is no sound backup of it.
    """
    sentences: list[str] = []
    try:
        collection = CollectionStore.open(call.collection_folder)
    except CollectionDamaged as error:
        sentences = _restore_sentences(error, restore_newest(call.collection_folder))
        for sentence in sentences:  # said at once: the next step may fail
            call.terminal.say(sentence)
        collection = CollectionStore.open(call.collection_folder)
    with collection:
        result = recover_collection(collection)
    found = recovery_sentences(result)
    for sentence in found or ([] if sentences else [text("Nothing was left half-done.")]):
        call.terminal.say(sentence)
    summary = {
        "restored": bool(sentences),
        "finished": result.finished,
        "rolled_back": result.rolled_back,
        "problems": list(result.problems),
    }
    call.terminal.record({"summary": summary})
    return 1 if result.problems else 0


def _restore_sentences(error: CollectionDamaged, done: RestoreResult) -> list[str]:
    """Print which backup was restored, and which labels and sorts are missing."""
    backup = done.backup
    sentences: list[str] = [
        text("{what}: {why}.", what=error.what, why=error.why),
        plural(
            "The backup of {time} was restored ({number} label).",
            "The backup of {time} was restored ({number} labels).",
            backup.labels or 0,
            time=local_time(backup.made_at.isoformat()),
        ),
        text("Labels and sorts made after that backup are missing. No photo was touched."),
    ]
    if done.kept_as is not None:
        sentences.append(text("The damaged file is kept: {file}", file=shown(done.kept_as)))
    return sentences
