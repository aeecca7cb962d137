"""The verb recover: repair after a crash or a damaged library."""

from __future__ import annotations

from flowersorter.commands.models import local_time
from flowersorter.commands.shared.context import Call, recovery_sentences
from flowersorter.commands.shared.output import counted, shown
from flowersorter.errors import CollectionDamaged
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.restore import RestoreResult, restore_newest
from flowersorter.workflows.filing.history import recover_collection


def run(call: Call) -> int:
    """Restore a damaged library, finish or roll back an interrupted sort; exit 1 if something needs the person.

    Raises:
        CollectionDamaged: the library cannot be read and there is no sound backup of it.
    """
    sentences = []
    try:
        collection = CollectionStore.open(call.collection_folder)
    except CollectionDamaged as error:
        sentences = _restore_sentences(error, restore_newest(call.collection_folder))
        for sentence in sentences:  # said at once: what comes next may fail
            call.terminal.say(sentence)
        collection = CollectionStore.open(call.collection_folder)
    with collection:
        result = recover_collection(collection)
    found = recovery_sentences(result)
    for sentence in found or ([] if sentences else ["Nothing was left half-done."]):
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
    """Say which backup was restored, and what is missing."""
    backup = done.backup
    sentences = [
        f"{shown(error.what)}: {shown(error.why)}.",
        f"The backup of {local_time(backup.made_at.isoformat())} was restored "
        f"({counted(backup.labels or 0, 'label')}).",
        "Labels and sorts made after that backup are missing. No photo was touched.",
    ]
    if done.kept_as is not None:
        sentences.append(f"The damaged file is kept: {shown(done.kept_as)}")
    return sentences
