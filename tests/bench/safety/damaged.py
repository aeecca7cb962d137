"""Damaged libraries: cut, flipped, zeroed, without the journal of a transaction that was interrupted."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.backups import LIBRARY_NAME, backups, restore_backup
from flowersorter.library.tables.settings import Setting
from flowersorter.sorting.plan import Mode
from tests.bench.safety.mounts import memory
from tests.bench.safety.tally import Tally
from tests.unit.sorting.file_trees import remember, sort, write

_PHOTOS, _SESSIONS = 300, 8

Content = list[tuple[Any, ...]]


def damaged_libraries(scratch: Path, trials: int = 300) -> Tally:
    """Damage a library, open it, and put the newest backup back where it cannot be opened."""
    tally = Tally()
    damages = (_cut, _flip, _zero, _lose_journal)
    opened = 0
    with memory(scratch) as here:
        sound = here / "sound"
        states = _live(sound, here)
        for number in range(trials):
            trial = here / "trial"
            shutil.rmtree(trial, ignore_errors=True)
            shutil.copytree(sound, trial)
            chance = random.Random(number)
            accepted = damages[number % len(damages)](trial, chance) or states[-1:]
            opened += _open_or_restore(trial, accepted, states, damages[number % len(damages)].__name__, tally)
            tally.tried += 1
    tally.notes.append(f"{opened} were sound enough to open, {trials - opened} came back from the newest backup")
    return tally


def _open_or_restore(folder: Path, accepted: list[Content], states: list[Content], kind: str, tally: Tally) -> bool:
    """Whether it could be opened as it was."""
    newest = backups(folder)[0]
    try:
        with CollectionStore.open(folder) as collection:
            # A bit inside a value that nothing contradicts: it is said that the bytes are others.
            known = _content(collection) in accepted or bool(collection.checksum_problem)
            tally.expect(known, f"opened with wrong content:{kind.replace('_', ' ')}")
        tally.expect(newest in backups(folder), "the newest backup is gone")
        return True
    except UserError as error:
        tally.expect(bool(error.why), "no reason was given")
    tally.expect(newest in backups(folder), "the newest backup is gone")
    restore_backup(folder)
    with CollectionStore.open(folder) as collection:
        collection.database.check_integrity()
        # The newest backup was made when the last session began.
        tally.expect(_content(collection) in (*accepted, *states[-2:]), "more was lost than since the last backup")
    return False


def _live(folder: Path, root: Path) -> list[Content]:
    """Some sessions with labels and runs; what the library held at the end of each."""
    photos = [write(root / "photos" / f"{number}.jpg", b"%d" % number) for number in range(_PHOTOS)]
    states = []
    for session in range(_SESSIONS):
        with CollectionStore.open(folder) as collection:
            if session == 0:
                remember(collection, root / "photos", photos)
            ids = sorted({place.photo_id for place in collection.photos.all_places() if place.photo_id})
            class_id = collection.classes.resolve(f"class {session}", ClassOrigin.PERSON).id
            collection.labels.assign(ids[session::5], class_id, LabelOrigin.PERSON)
            sort(collection, {photos[session]: f"class {session}"}, root / "sorted", Mode.COPY)
            states.append(_content(collection))
    return states


def _content(collection: CollectionStore) -> Content:
    """Every row of every table."""
    rows: Content = []
    for table in collection.database.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
        rows += sorted(
            tuple(row) for row in collection.database.query(f"SELECT '{table['name']}', * FROM {table['name']}")
        )
    return rows


def _cut(folder: Path, chance: random.Random) -> None:
    library = folder / LIBRARY_NAME
    os.truncate(library, chance.randrange(library.stat().st_size))


def _flip(folder: Path, chance: random.Random) -> None:
    library = folder / LIBRARY_NAME
    data = bytearray(library.read_bytes())
    for _ in range(chance.choice((1, 1, 8))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    library.write_bytes(data)


def _zero(folder: Path, chance: random.Random) -> None:
    library = folder / LIBRARY_NAME
    data = bytearray(library.read_bytes())
    start = chance.randrange(len(data))
    length = chance.choice((16, 512, 4096, 65536))
    data[start : start + length] = bytes(len(data[start : start + length]))
    library.write_bytes(data)


def _lose_journal(folder: Path, chance: random.Random) -> list[Content]:
    """A process is killed in a large transaction, half of which is in the file; then its rollback journal is lost."""
    held: list[Content] = []
    with CollectionStore.open(folder) as collection:
        held.append(_content(collection))
        if chance.random() < 0.5:
            collection.settings.set(Setting("something", 0.0), chance.random())
            held.append(_content(collection))
    count = chance.randrange(1, _PHOTOS)

    def work() -> None:
        collection = CollectionStore.open(folder)
        with collection.database.transaction() as connection:
            connection.execute("PRAGMA cache_size = 2")
            for number in range(count):
                connection.execute("UPDATE places SET error = ? WHERE id = ?", ("e" * 200, number + 1))
                connection.execute("UPDATE labels SET assigned_at = 'never' WHERE photo_id = ?", (number + 1,))
            os.kill(os.getpid(), signal.SIGKILL)

    _in_child(work)
    journal = folder / f"{LIBRARY_NAME}-journal"
    assert journal.stat().st_size > 0
    journal.unlink()
    return held[-1:]


def _in_child(work: Callable[[], None]) -> None:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    os.waitpid(child, 0)
