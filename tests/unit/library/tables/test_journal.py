"""The journal: what is written stays, and the state of a run follows from its filings."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from flowersorter.domain.journal import EntryState, NewEntry, RunState
from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import MIGRATIONS
from flowersorter.library.tables.filed_photos import classes_filed_as
from flowersorter.library.tables.journal import Journal

HERE, THERE = Path("/photos"), Path("/sorted")


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database)


def _new(name: str, lead: int | None = None, mtime_ns: int = 7) -> NewEntry:
    return NewEntry("Rose", "copy", HERE / name, THERE / "Rose" / name, 5, b"s" * 32, mtime_ns, lead)


def _begin(journal: Journal, *names: str) -> int:
    return journal.begin_run("copy", HERE, THERE, [_new(name) for name in names])


def test_a_run_is_written_down_before_it_begins(journal: Journal) -> None:
    run_id = journal.begin_run("move", None, THERE, [_new("a"), _new("a.xmp", lead=0), _new("b")])
    run = journal.run(run_id)
    assert (run.mode, run.source, run.destination, run.state) == ("move", None, THERE, RunState.OPEN)
    assert (run.photos, run.undone, run.failed, run.finished_at) == (0, 0, 0, None)
    first, sidecar, second = journal.filings(run_id)
    assert (first.lead_id, sidecar.lead_id, second.lead_id) == (None, first.id, None)
    assert first.source == HERE / "a"
    assert {entry.state for entry in (first, sidecar, second)} == {EntryState.PLANNED}
    assert journal.open_filings() == []
    assert [run.id for run in journal.open_runs()] == [run_id]


def test_a_run_that_cannot_be_written_whole_is_not_written(journal: Journal, database: Database) -> None:
    with pytest.raises(IndexError):
        journal.begin_run("copy", HERE, THERE, [_new("a"), _new("b", lead=5)])
    assert journal.runs() == []
    assert database.query("SELECT * FROM filings") == []


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["done", "done"], RunState.DONE),
        (["done", "failed"], RunState.DONE),
        (["noted"], RunState.DONE),
        ([], RunState.DONE),
        (["done", "planned"], RunState.CANCELLED),
        (["done", "started"], RunState.OPEN),
        (["done", "undoing"], RunState.OPEN),
        (["done", "undone"], RunState.PARTLY_UNDONE),
        (["undone", "undone"], RunState.UNDONE),
        (["undone", "planned"], RunState.UNDONE),
    ],
)
def test_the_state_of_a_run_follows_from_its_filings(journal: Journal, states: list[str], expected: RunState) -> None:
    run_id = _begin(journal, *(f"{n}" for n in range(len(states))))
    for entry, state in zip(journal.filings(run_id), states, strict=True):
        journal.set_state(entry.id, EntryState(state))
    assert journal.end_run(run_id) == expected
    run = journal.run(run_id)
    assert run.state == expected
    assert (run.finished_at is None) == (expected == RunState.OPEN)
    assert [open_run.id for open_run in journal.open_runs()] == ([run_id] if expected == RunState.OPEN else [])


def test_starting_and_settling(journal: Journal) -> None:
    run_id = _begin(journal, "a")
    (entry,) = journal.filings(run_id)
    journal.start(entry, THERE / ".t", b"h" * 32, 9, 2**80)
    (started,) = journal.open_filings()
    assert (started.temporary, started.sha256, started.size_bytes) == (THERE / ".t", b"h" * 32, 9)
    assert started.mtime_ns == 2**63 - 1
    journal.set_state(entry.id, EntryState.DONE, "a note")
    assert journal.open_filings() == []
    assert journal.filings(run_id)[0].error == "a note"
    journal.start_undo(entry, HERE / ".u")
    (undoing,) = journal.open_filings()
    assert (undoing.state, undoing.temporary, undoing.error) == (EntryState.UNDOING, HERE / ".u", None)


def test_counts_are_of_photos_not_of_sidecars(journal: Journal) -> None:
    run_id = journal.begin_run("copy", HERE, THERE, [_new("a"), _new("a.xmp", lead=0), _new("b"), _new("c")])
    entries = journal.filings(run_id)
    journal.set_states([entry.id for entry in entries[:2]], EntryState.DONE)
    journal.set_state(entries[2].id, EntryState.UNDONE)
    journal.set_state(entries[3].id, EntryState.FAILED, "why")
    run = journal.run(run_id)
    assert (run.photos, run.undone, run.failed) == (2, 1, 1)


def test_names_and_reasons_need_not_be_utf8(journal: Journal) -> None:
    name = os.fsdecode(b"\xff\n.jpg")
    run_id = _begin(journal, name)
    (entry,) = journal.filings(run_id)
    assert entry.source == HERE / name
    journal.set_state(entry.id, EntryState.FAILED, f"{name} is gone")
    assert "gone" in str(journal.filings(run_id)[0].error)


def test_runs_come_newest_first_and_stay(journal: Journal) -> None:
    ids = [_begin(journal, "a") for _ in range(3)]
    assert [run.id for run in journal.runs()] == ids[::-1]
    with pytest.raises(KeyError):
        journal.run(99)


def test_made_folders_are_remembered_until_they_are_gone(journal: Journal) -> None:
    run_id = _begin(journal, "a")
    outer, inner = journal.add_folder(run_id, THERE), journal.add_folder(run_id, THERE / "Rose")
    assert [made.path for made in journal.folders(THERE)] == [THERE / "Rose", THERE]
    assert journal.folders(HERE) == []
    journal.forget_folders([inner])
    assert [made.id for made in journal.folders(THERE)] == [outer]
    assert journal.abandoned_folders() == []
    journal.mark_undone(run_id)
    assert [made.id for made in journal.abandoned_folders()] == [outer]


def test_classes_remember_their_folders(journal: Journal) -> None:
    new = NewEntry("a/b", "copy", HERE / "a", THERE / "a_b" / "a", 1, b"", 0)
    run_id = journal.begin_run("copy", HERE, THERE, [new])
    assert journal.class_folders(THERE) == {}
    journal.set_state(journal.filings(run_id)[0].id, EntryState.DONE)
    assert journal.class_folders(THERE) == {"a/b": "a_b"}
    assert journal.class_folders(HERE) == {}


def test_a_reopened_run_is_open_until_it_ends(journal: Journal) -> None:
    run_id = _begin(journal)
    journal.end_run(run_id)
    finished_at = journal.run(run_id).finished_at
    journal.reopen_run(run_id)
    assert [run.id for run in journal.open_runs()] == [run_id]
    assert journal.end_run(run_id) == RunState.DONE
    assert journal.run(run_id).finished_at == finished_at


def test_an_entry_can_change_its_action(journal: Journal) -> None:
    run_id = _begin(journal, "a", "b")
    first, second = journal.filings(run_id)
    journal.change_action(second.id, "move")
    assert [entry.action for entry in journal.entries([second.id, first.id])] == ["copy", "move"]


def test_as_what_photos_were_filed_is_known_by_their_bytes_until_it_is_undone(
    journal: Journal, database: Database
) -> None:
    runs = [("Rose", "a", 0), ("Rose", "b", 1), ("Tulip", "a", 0), ("Tulip", "c", 2), ("Daisy", "never done", 3)]
    for class_name, name, number in runs:
        there = THERE / class_name / name
        entry = NewEntry(class_name, "copy", HERE / name, there, 5, bytes([number]) * 32, 7, None)
        journal.begin_run("copy", HERE, THERE, [entry])
    with database.transaction() as connection:
        connection.execute("UPDATE filings SET state = 'done' WHERE class_name <> 'Daisy'")
        connection.execute("UPDATE filings SET state = 'undone' WHERE sha256 = ?", [b"\2" * 32])
    assert classes_filed_as(database) == {bytes(32): {"Rose", "Tulip"}, b"\1" * 32: {"Rose"}}


def _photos(journal: Journal, count: int, *, sidecar_every: int = 3) -> int:
    entries: list[NewEntry] = []
    for number in range(count):
        lead = len(entries)
        entries.append(_new(f"{number}.jpg"))
        if number % sidecar_every == 0:
            entries.append(_new(f"{number}.xmp", lead))
    return journal.begin_run("copy", HERE, THERE, entries)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_run_is_read_in_blocks_that_keep_sidecars_with_their_photo(
    journal: Journal, limit: int, backwards: bool
) -> None:
    _photos(journal, 4)
    run_id = _photos(journal, 10)
    everything = journal.filings(run_id)
    blocks = list(journal.blocks(run_id, [EntryState.PLANNED], backwards=backwards, limit=limit))
    read = [entry for block in blocks for entry in block]
    assert read == (everything[::-1] if backwards else everything)
    for block in blocks:
        leads = {entry.lead_id or entry.id for entry in block}
        assert len(block) == sum((entry.lead_id or entry.id) in leads for entry in everything)
    journal.set_state(everything[0].id, EntryState.DONE)
    journal.set_state(everything[4].id, EntryState.FAILED)
    wanted = [entry.id for block in journal.blocks(run_id, [EntryState.DONE, EntryState.FAILED]) for entry in block]
    assert wanted == [everything[0].id, everything[4].id]
    sidecars = [entry.id for entry in journal.sidecars(run_id)]
    assert sidecars == [entry.id for entry in everything if entry.lead_id is not None]


def test_blocks_are_read_when_they_are_wanted(journal: Journal) -> None:
    run_id = _photos(journal, 6)
    blocks = journal.blocks(run_id, [EntryState.PLANNED], limit=2)
    first = next(blocks)
    journal.cancel_planned(run_id, "the disk is full")
    assert list(blocks) == []
    journal.plan_again(run_id)
    assert {entry.error for entry in journal.filings(run_id)} == {None}
    assert first[0].state == EntryState.PLANNED


def _steps_of_sqlite(database: Database, call: Callable[[], object]) -> int:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection = database._connection
    connection.set_progress_handler(count, 100)
    call()
    connection.set_progress_handler(None, 0)
    return steps


def test_the_work_for_a_run_grows_with_its_photos_and_no_faster(journal: Journal, database: Database) -> None:
    """It grew with their square: with 100,000 photos the history took minutes."""
    few, many = _photos(journal, 300), _photos(journal, 3000)
    for run_id in (few, many):
        with database.transaction() as connection:
            connection.execute("UPDATE filings SET state = 'done' WHERE run_id = ?", (run_id,))
            connection.execute(
                "UPDATE filings SET state = 'noted' WHERE run_id = ? AND id % 2 AND lead_id IS NULL", (run_id,)
            )
    reads: list[Callable[[int], object]] = [
        journal.run,
        lambda run_id: list(journal.blocks(run_id, [EntryState.DONE])),
        lambda run_id: list(journal.blocks(run_id, [EntryState.DONE], backwards=True)),
        lambda run_id: list(journal.sidecars(run_id)),
        journal.count_late,
        journal.photo_ids,
        journal.planned_photos,
        lambda run_id: list(journal.untried_photos(run_id)),
        lambda run_id: list(journal.moved_sources(run_id)),
        journal.count_filed,
    ]
    for read in reads:
        small = _steps_of_sqlite(database, partial(read, few))
        large = _steps_of_sqlite(database, partial(read, many))
        assert large < 15 * small + 50


def test_duplicates_that_an_older_version_moved_aside_are_known(tmp_path: Path) -> None:
    [version] = [number for number, script in MIGRATIONS if "ADD COLUMN original_id" in script]
    file = tmp_path / "library.sqlite"
    old = Database(file, [migration for migration in MIGRATIONS if migration[0] < version])
    filings = [
        (1, "Rose", "move", b"/a", b"1" * 32, None),
        (2, "Rose", "duplicate", b"/b", b"1" * 32, None),
        (3, "", "move", b"/b", b"1" * 32, None),  # the second, moved aside
        (4, "", "move", b"/b.xmp", b"2" * 32, 3),  # and its sidecar
        (5, "", "move", b"/c", b"3" * 32, None),  # of no photo of the run
    ]
    with old.transaction() as connection:
        connection.execute("INSERT INTO runs VALUES (1, 'move', NULL, ?, '', NULL, 'done', NULL, 0)", (b"/sorted",))
        connection.executemany(
            "INSERT INTO filings (id, class_name, action, source, sha256, lead_id, run_id, destination, size_bytes,"
            " mtime_ns, state) VALUES (?, ?, ?, ?, ?, ?, 1, '', 1, 1, 'done')",
            filings,
        )
    old.close()
    new = Database(file)
    entries = Journal(new).entries([1, 2, 3, 4, 5])
    assert [entry.original_id for entry in entries] == [None, None, 2, None, None]
    assert [entry.is_aside for entry in entries] == [False, False, True, False, False]
    new.close()


def test_duplicates_of_one_photo_are_looked_up_in_one_pass_when_an_older_library_is_opened() -> None:
    """Of very many alike, a search among all of them for each would take hours."""
    [(version, script)] = [each for each in MIGRATIONS if "ADD COLUMN original_id" in each[1]]

    def steps(count: int) -> int:
        steps = 0

        def one_more() -> None:
            nonlocal steps
            steps += 1

        library = sqlite3.connect(":memory:", isolation_level=None)
        for number, before in MIGRATIONS:
            library.executescript(before if number < version else "")
        library.execute("INSERT INTO runs VALUES (1, 'move', NULL, ?, '', NULL, 'done', NULL, 0)", (b"/sorted",))
        for class_name, action in (("Rose", "already there"), ("", "move")):
            library.executemany(
                "INSERT INTO filings (class_name, action, source, sha256, run_id, destination, size_bytes, mtime_ns,"
                " state) VALUES (?, ?, ?, x'01', 1, '', 1, 1, 'done')",
                [(class_name, action, b"/photos/%d" % number) for number in range(count)],
            )
        library.set_progress_handler(one_more, 100)
        library.executescript(script)
        library.set_progress_handler(None, 0)
        pairs = library.execute("SELECT original_id, id FROM filings WHERE original_id IS NOT NULL").fetchall()
        assert pairs == [(number, count + number) for number in range(1, count + 1)]
        library.close()
        return steps

    assert steps(2000) < 3 * steps(1000)
