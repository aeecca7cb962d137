"""The filed files that later sorts neither replaced nor moved on, as a plain walk over the journal finds them."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from flowersorter.domain.journal import EntryState, NewEntry
from flowersorter.library.database.connection import Database
from flowersorter.library.journal import still_filed
from flowersorter.library.journal.still_filed import StillFiled
from flowersorter.library.tables.journal import Journal


def _walked(database: Database) -> dict[bytes, int]:
    """What the journal says, filing by filing."""
    by_path: dict[bytes, int] = {}
    for row in database.query("SELECT * FROM filings WHERE state = 'done' ORDER BY id"):
        if row["action"] == "move":
            by_path.pop(row["source"], None)
        by_path[row["destination"]] = row["id"]
    return by_path


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("at_once", [3, 10_000])
def test_it_finds_what_a_walk_finds(
    database: Database, monkeypatch: pytest.MonkeyPatch, seed: int, at_once: int
) -> None:
    monkeypatch.setattr(still_filed, "ROWS_AT_ONCE", at_once)
    chance, journal = random.Random(seed), Journal(database)
    places = [Path(f"/{root}/{name}") for root in ("sorted", "other") for name in "abcdef"]
    for number in range(4):
        entries = []
        for _ in range(8):
            source, destination = chance.sample(places, 2)
            action = chance.choice(("copy", "move"))
            entries.append(NewEntry("Rose", action, source, destination, 5, bytes([number]) * 32, 7))
        run_id = journal.begin_run("copy", None, Path("/sorted"), entries)
        for entry in journal.filings(run_id):
            journal.set_state(entry.id, chance.choice((EntryState.DONE, EntryState.DONE, EntryState.UNDONE)))
    filed, walked = StillFiled(database), _walked(database)
    found = [each.entry for block in filed.blocks(3) for each in block]
    assert {os.fsencode(entry.destination): entry.id for entry in found} == walked
    assert len(filed) == len(found) == len(walked)
    for position, entry in enumerate(found):
        assert filed.at(entry.destination) == (position, Path("/sorted"), entry)
        assert filed.is_still(entry)
        assert entry.sha256 is not None
        assert filed.has_bytes(entry.sha256)
    assert filed.at(Path("/nowhere")) is None
    assert not filed.has_bytes(bytes([99]) * 32)


def test_a_folder_limits_it_to_what_is_below_it_and_to_sorts_into_it(database: Database) -> None:
    journal = Journal(database)
    for root in ("/sorted", "/sorted2"):
        entries = [
            NewEntry("Rose", "copy", Path(f"/{name}"), Path(root, folder, name), 5, b"s" * 32, 7)
            for folder, name in (("Rose", "a"), ("Rose2", "b"))
        ]
        run_id = journal.begin_run("copy", None, Path(root), entries)
        journal.set_states([entry.id for entry in journal.filings(run_id)], EntryState.DONE)

    def below(folder: str) -> list[str]:
        return [str(each.entry.destination) for block in StillFiled(database, Path(folder)).blocks() for each in block]

    assert below("/sorted") == ["/sorted/Rose/a", "/sorted/Rose2/b"]
    assert below("/sorted/Rose") == ["/sorted/Rose/a"]
    assert below("/elsewhere") == []
    assert len(below("/")) == 4
