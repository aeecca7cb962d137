"""A sort with keywords goes on: sidecars are made from those of now, whatever happened to them since it stopped."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.domain.journal import EntryState, RunState
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.written_keywords import read_keywords
from flowersorter.photos import sidecars
from flowersorter.photos.xmp.document import read_document
from flowersorter.photos.xmp.keywords import entries_of, named_keywords
from flowersorter.photos.xmp.splice import merged
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.sorting.runs.resume import resume
from tests.unit.photos.xmp_documents import LIGHTROOM
from tests.unit.sorting.failing_disks import Crash, CrashingSteps, unlistable
from tests.unit.sorting.file_trees import filing, go_on, names, snapshot, sort, take_back, write

MODES = (Mode.COPY, Mode.MOVE, Mode.LINK)
EDITED = LIGHTROOM.replace("<rdf:li>holiday</rdf:li>", "<rdf:li>holiday</rdf:li><rdf:li>mine</rdf:li>")


@pytest.fixture
def photos(source: Path) -> dict[Path, str]:
    """Three photos: the second has a sidecar of Lightroom and another file, the third has none."""
    write(source / "b.xmp", LIGHTROOM.encode())
    write(source / "b.pp3", b"settings of b")
    return {write(source / f"{name}.jpg", f"photo {name}".encode()): "Rose" for name in "abc"}


def planned(collection: CollectionStore, photos: dict[Path, str], destination: Path, mode: Mode) -> SortPlan:
    filings = [replace(filing(path, name), keywords=entries_of(name)) for path, name in photos.items()]
    index = read_keywords(collection.database)
    source = next(iter(photos)).parent
    return make_plan(filings, destination, mode, CancelToken(), source_root=source, index=index)


def stop(collection: CollectionStore, plan: SortPlan, done: int = 1) -> int:
    """Sort, and press Cancel after so many photos; return the run."""
    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.done == done and news.stage.endswith((" photos", "Writing keywords")):
            cancel.cancel()

    with pytest.raises(Cancelled):
        execute(plan, collection, press, cancel)
    return collection.journal.runs()[0].id


def keywords(sidecar: Path) -> tuple[str, ...]:
    return named_keywords(read_document(sidecar.read_bytes()).entries)


def reasons(result: RunResult) -> dict[str, str | None]:
    return {file.source.name: file.error for file in result.files if file.error}


@pytest.mark.parametrize("mode", MODES)
def test_keywords_are_written_into_the_sidecar_of_now(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, mode: Mode
) -> None:
    run_id = stop(collection, planned(collection, photos, destination, mode))
    assert not list(collection.kept_sidecars.rglob("*.before.xmp"))
    write(source / "b.xmp", EDITED.encode())
    before = snapshot(source)
    result = go_on(collection, run_id)
    assert (result.filed, result.sidecars, result.keywords, result.failed) == (2, 2, 2, 0)
    rose = destination / "Rose"
    assert keywords(rose / "b.xmp") == ("trip/holiday", "Rose", "mine", "Rosa & friends")
    assert keywords(rose / "c.jpg.xmp") == ("Rose",)
    assert (rose / "b.pp3").read_bytes() == b"settings of b"
    assert names(source) == (set() if mode == Mode.MOVE else {"a.jpg", "b.jpg", "c.jpg", "b.xmp", "b.pp3"})
    ours = read_keywords(collection.database).at(rose / "b.xmp")
    assert ours is not None
    assert {value for values in ours.by_field.values() for value in values} == {"Rose"}
    assert take_back(collection, run_id).refused == ()
    assert {path: seen for path, seen in snapshot(source).items() if path.name != "a.jpg"} == {
        path: seen for path, seen in before.items() if path.name != "a.jpg"
    }
    assert not destination.exists()
    assert not collection.kept_sidecars.exists()


def has_them(path: Path) -> None:
    write(path, merged(LIGHTROOM.encode(), entries_of("Rose")).data)


def damage(path: Path) -> None:
    write(path, b"not XMP")


@pytest.mark.parametrize(
    ("change", "note"), [(has_them, None), (damage, "no keywords in b.xmp: it is damaged or not XMP")]
)
@pytest.mark.parametrize("mode", MODES)
def test_a_sidecar_that_gets_none_any_more_is_filed_as_it_is(
    collection: CollectionStore,
    photos: dict[Path, str],
    source: Path,
    destination: Path,
    mode: Mode,
    change: Callable[[Path], None],
    note: str | None,
) -> None:
    run_id = stop(collection, planned(collection, photos, destination, mode))
    change(source / "b.xmp")
    was = snapshot(source)[source / "b.xmp"]
    result = go_on(collection, run_id)
    assert (result.filed, result.sidecars, result.keywords, result.failed) == (2, 2, 1, 0)
    assert reasons(result) == ({} if note is None else {"b.jpg": note})
    assert snapshot(destination)[destination / "Rose" / "b.xmp"] == was
    assert take_back(collection, run_id).refused == ()
    assert snapshot(source)[source / "b.xmp"] == was
    assert not destination.exists()


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_photo_and_sidecars_stay_where_one_is_gone_or_has_appeared(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, mode: Mode
) -> None:
    run_id = stop(collection, planned(collection, photos, destination, mode))
    (source / "b.xmp").unlink()
    write(source / "c.xmp", LIGHTROOM.encode())
    before = snapshot(source, destination)
    result = go_on(collection, run_id)
    assert (result.filed, result.failed) == (0, 2)
    assert reasons(result) == {
        "b.jpg": "b.xmp: it is not there any more",
        "c.jpg": "c.xmp has appeared beside it; sort the folder again",
    }
    assert snapshot(source, destination) == before
    assert collection.journal.run(run_id).state == RunState.DONE


def test_it_is_looked_once_for_sidecars_that_have_appeared(
    collection: CollectionStore,
    photos: dict[Path, str],
    source: Path,
    destination: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id = stop(collection, planned(collection, photos, destination, Mode.COPY))
    for copy in (source / "c.xmp", destination / "Rose" / "elsewhere.xmp"):
        write(copy, LIGHTROOM.encode())
    listed: list[str] = []
    original = sidecars._file_names

    def names_in(folder: str) -> list[str]:
        listed.append(folder)
        return original(folder)

    monkeypatch.setattr(sidecars, "_file_names", names_in)
    result = go_on(collection, run_id)
    assert reasons(result) == {"c.jpg": "c.xmp has appeared beside it; sort the folder again"}
    assert listed == [str(source)]


def test_a_sort_of_an_earlier_version_leaves_the_photos_whose_sidecars_it_does_not_know(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    run_id = stop(collection, planned(collection, photos, destination, Mode.COPY))
    with collection.database.transaction() as connection:
        connection.execute("UPDATE written_keywords SET base = NULL")
    result = go_on(collection, run_id)
    assert reasons(result) == {"b.jpg": "an earlier version prepared its keywords; sort the folder again"}
    assert names(destination) == {"Rose/a.jpg", "Rose/a.jpg.xmp", "Rose/c.jpg", "Rose/c.jpg.xmp"}


class Refusing(FileSystem):
    """A disk that cannot sync a folder of sidecars, or not make one."""

    def __init__(self, kept: Path, *, also_new: bool = False) -> None:
        self._kept, self._also_new = kept, also_new

    def sync_folder(self, folder: Path) -> None:
        """Make sure of the names in a folder."""
        if folder.parent == self._kept:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync_folder(folder)

    def mkdir(self, path: Path) -> None:
        """Make a folder."""
        if self._also_new and path == self._kept:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().mkdir(path)


@pytest.mark.parametrize("also_new", [False, True])
@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_sidecars_that_may_not_last_are_not_used(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, mode: Mode, also_new: bool
) -> None:
    run_id = stop(collection, planned(collection, photos, destination, mode), 0)
    result = go_on(collection, run_id, Refusing(collection.kept_sidecars, also_new=also_new))
    assert (result.filed, result.failed, result.keywords) == (3, 0, 0)
    assert {name: str(why).partition(":")[0] for name, why in reasons(result).items()} == {
        "a.jpg": "no keywords in a.jpg.xmp",
        "b.jpg": "no keywords in b.xmp",
        "c.jpg": "no keywords in c.jpg.xmp",
    }
    assert (destination / "Rose" / "b.xmp").read_bytes() == LIGHTROOM.encode()
    assert take_back(collection, run_id).refused == ()


def test_it_can_be_stopped_while_sidecars_are_made(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    run_id = stop(collection, planned(collection, photos, destination, Mode.MOVE))
    kept, cancel = names(collection.kept_sidecars), CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.stage == "Preparing keywords" and news.done == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        resume(collection, run_id, press, cancel)
    assert names(collection.kept_sidecars) == kept
    assert (collection.journal.run(run_id).photos, collection.journal.run(run_id).waiting) == (1, 2)
    assert go_on(collection, run_id).filed == 2


def late(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, tmp_path: Path
) -> tuple[int, Path]:
    """Photos that were sorted before get keywords, and the sort is stopped before its first sidecar."""
    for path in photos:
        write(tmp_path / "card" / path.name, path.read_bytes())
    copies = {tmp_path / "card" / path.name: "Rose" for path in photos}
    sort(collection, copies, destination, Mode.COPY, source=tmp_path / "card")
    rose = destination / "Rose"
    write(rose / "a.xmp", LIGHTROOM.encode())
    write(source / "a.pp3", b"settings of a")
    return stop(collection, planned(collection, photos, destination, Mode.COPY), 0), rose


def test_keywords_beside_photos_that_were_there_go_on(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, tmp_path: Path
) -> None:
    run_id, rose = late(collection, photos, source, destination, tmp_path)
    run = collection.journal.run(run_id)
    assert (run.waiting, run.waiting_beside, run.can_be_resumed) == (0, 5, True)  # of a and b two each, and for c
    write(rose / "a.xmp", EDITED.encode())
    before = snapshot(source, destination)
    result = go_on(collection, run_id)
    assert (result.keywords, result.sidecars, reasons(result)) == (3, 3, {})
    assert keywords(rose / "a.xmp") == ("trip/holiday", "Rose", "mine", "Rosa & friends")
    assert keywords(rose / "b.xmp") == ("trip/holiday", "Rose", "Rosa & friends")
    assert keywords(rose / "c.jpg.xmp") == ("Rose",)
    assert take_back(collection, run_id).refused == ()
    assert snapshot(source, destination) == before


def test_a_sidecar_beside_a_photo_that_was_there_fails_alone(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, tmp_path: Path
) -> None:
    run_id, rose = late(collection, photos, source, destination, tmp_path)
    write(rose / "a.xmp", b"not XMP")
    write(source / "b.xmp", b"nor this")
    write(rose / "c.xmp", LIGHTROOM.encode())
    before = snapshot(rose)
    result = go_on(collection, run_id)
    assert reasons(result) == {
        "a.jpg": "no keywords in a.xmp: it is damaged or not XMP",
        "b.jpg": "no keywords in b.xmp: it is damaged or not XMP",
        "c.jpg": "c.xmp has appeared beside it; sort the folder again",
    }
    assert (result.already_there, result.keywords, result.sidecars) == (3, 0, 3)
    after = snapshot(rose)
    assert {path.name for path in after if path not in before} == {"a.pp3", "b.xmp", "b.pp3"}
    assert {path: after[path] for path in before} == before
    failed = [entry for entry in collection.journal.filings(run_id) if entry.state == EntryState.FAILED]
    assert {entry.error for entry in failed} == {reasons(result)["a.jpg"], reasons(result)["c.jpg"]}


def test_a_sidecar_is_not_made_where_the_folder_of_its_photo_cannot_be_listed(
    collection: CollectionStore,
    photos: dict[Path, str],
    source: Path,
    destination: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id, rose = late(collection, photos, source, destination, tmp_path)
    write(rose / "c.xmp", LIGHTROOM.encode())
    unlistable(monkeypatch, rose, 100)
    assert reasons(go_on(collection, run_id)) == {"c.jpg": "its folder cannot be listed; sort the folder again"}
    assert not (rose / "c.jpg.xmp").exists()


def test_what_is_filed_is_not_made_again(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    run_id = stop(collection, planned(collection, photos, destination, Mode.COPY))
    # As if the sidecar of a filed photo had not been filed.
    sidecar = next(entry for entry in collection.journal.filings(run_id) if entry.destination.name == "a.jpg.xmp")
    collection.journal.set_state(sidecar.id, EntryState.CANCELLED)
    assert go_on(collection, run_id).filed == 2
    assert (destination / "Rose" / "a.jpg.xmp").exists()


def test_a_sidecar_that_cannot_make_room_any_more_is_not_replaced(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    run_id = stop(collection, planned(collection, photos, destination, Mode.MOVE))
    # As if it had been moved into the collection, and could not be taken back.
    old = next(entry for entry in collection.journal.filings(run_id) if entry.destination.name.endswith(".before.xmp"))
    collection.journal.set_state(old.id, EntryState.DONE)
    result = go_on(collection, run_id)
    assert reasons(result) == {
        "b.jpg": "the sidecar that it had is in the collection already; sort the folder again",
    }
    assert names(source) == {"b.jpg", "b.xmp", "b.pp3"}
    assert (source / "b.xmp").read_bytes() == LIGHTROOM.encode()


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_of_going_on_photos_and_sidecars_are_together_and_all_goes_on(
    tmp_path: Path, photos: dict[Path, str], source: Path, destination: Path, mode: Mode, after: bool
) -> None:
    at, step = 0, 41  # some steps of many, others in each trial
    folder = tmp_path / "collection"
    with CollectionStore.open(folder) as collection:
        run_id = stop(collection, planned(collection, photos, destination, mode))
    roots = (source, destination, folder)
    begun = {path: path.read_bytes() for root in roots for path in root.rglob("*") if path.is_file()}
    while True:
        for root in roots:
            for path in sorted(root.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
        for path, data in begun.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        steps = CrashingSteps(at + 20 * after, after=after)
        try:
            with CollectionStore.open(folder) as collection:
                steps.watch_database(collection)
                resume(collection, run_id, silent, CancelToken(), steps.disk())
        except Crash:
            pass
        with CollectionStore.open(folder) as collection:
            assert recover(collection).problems == ()
            _assert_together(source, destination)
            run = collection.journal.run(run_id)
            if run.can_be_resumed:
                assert go_on(collection, run_id).failed == 0
            assert names(destination) == {
                f"Rose/{name}" for name in ("a.jpg", "a.jpg.xmp", "b.jpg", "b.xmp", "b.pp3", "c.jpg", "c.jpg.xmp")
            }
            assert "Rose" in keywords(destination / "Rose" / "b.xmp")
            assert take_back(collection, run_id).refused == ()
        assert names(source) == {"a.jpg", "b.jpg", "b.pp3", "b.xmp", "c.jpg"}
        assert (source / "b.xmp").read_bytes() == LIGHTROOM.encode()
        if not steps.dead:
            break
        at += step


def _assert_together(source: Path, destination: Path) -> None:
    here, there = names(source), {Path(name).name for name in names(destination)}
    for theirs in ({"b.jpg", "b.xmp", "b.pp3"}, {"c.jpg", "c.jpg.xmp"}):
        assert theirs <= there or not theirs & there
        assert theirs - {"c.jpg.xmp"} <= here or theirs <= there
