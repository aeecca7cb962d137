"""After a move: duplicates are moved aside and emptied folders removed if asked to, and undo brings both back."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowersorter.domain.journal import RunState
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import classes_filed_as, filed_photos, filed_rows
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Action, Mode, SortPlan
from flowersorter.sorting.plan_sidecars import sidecars_and_others
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.sorting.undo import undo
from flowersorter.workflows.filing.history import run_photos
from tests.unit.sorting.failing_disks import Crash, CrashingSteps, failing
from tests.unit.sorting.file_trees import filing, names, remember, snapshot, sort, take_back, write
from tests.unit.sorting.test_properties import photo as drawn_photo
from tests.unit.sorting.test_properties import scene


def _plan(photos: dict[Path, str], destination: Path, source: Path, mode: Mode = Mode.MOVE, **more: Any) -> SortPlan:
    filings = [filing(path, class_name) for path, class_name in photos.items()]
    return make_plan(
        filings,
        destination,
        mode,
        CancelToken(),
        source_root=source,
        **({"move_duplicates": True, "remove_emptied": True} | more),
    )


def _execute(collection: CollectionStore, plan: SortPlan, files: FileSystem | None = None) -> RunResult:
    return execute(plan, collection, silent, CancelToken(), files)


def _folders(root: Path) -> dict[Path, tuple[int, int]]:
    """Times and permissions of every folder below one."""
    found = {path: path.stat() for path in root.rglob("*") if path.is_dir()}
    return {path: (status.st_mtime_ns, status.st_mode) for path, status in found.items()}


def _plant(source: Path) -> dict[Path, str]:
    """Two photos, each with a duplicate in a folder of its own, one of which has a sidecar."""
    photos = {}
    for folder, content in (("one", b"a"), ("two/deep", b"b"), ("copies", b"a"), ("more/copies", b"b")):
        photos[write(source / folder / "a.jpg", content)] = "Rose"
    write(source / "more" / "copies" / "a.xmp", b"edits")
    write(source / "stays" / "notes.txt", b"notes")
    for number, path in enumerate(sorted(source.rglob("*"), key=lambda path: -len(path.parts))):
        if path.is_dir():
            path.chmod(0o750 if number % 2 else 0o700)
            os.utime(path, ns=(10**18 + number, 10**18 + 7 * number))
    return photos


def test_duplicates_and_folders_are_offered_and_stay_unless_wanted(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _plant(source)
    plan = _plan(photos, destination, source, move_duplicates=False, remove_emptied=False)
    assert (plan.duplicates, plan.counts_by_action[Action.DUPLICATE], plan.removes_emptied) == ((), 2, False)
    assert plan.emptied.empty == (source / "two" / "deep", source / "one", source / "two")
    assert _execute(collection, plan).folders_removed == 0
    assert (source / "one").is_dir()
    assert (source / "copies" / "a.jpg").exists()


def test_duplicates_go_aside_with_their_sidecars_and_emptied_folders_go(
    tmp_path: Path, collection: CollectionStore
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _plant(source)
    remember(collection, source, list(photos))
    before, folders = snapshot(source), _folders(source)
    plan = _plan(photos, destination, source)
    assert snapshot(source) == before
    assert (len(plan.duplicates), len(plan.emptied.empty), plan.sidecars) == (2, 6, {".xmp": 1})
    result = _execute(collection, plan)
    assert (result.filed, result.duplicates, result.duplicates_moved, result.folders_removed) == (2, 0, 2, 6)
    assert names(source) == {"stays/notes.txt"}
    assert set(_folders(source)) == {source / "stays"}
    assert names(destination) == {
        "Rose/a.jpg",
        "Rose/a (2).jpg",
        "Duplicates/a.jpg",
        "Duplicates/a (2).jpg",
        "Duplicates/a (2).xmp",
    }
    undone = take_back(collection, result.run_id)
    assert (undone.refused, undone.undone) == ((), 4)
    assert snapshot(source) == before
    assert _folders(source) == folders
    assert not destination.exists()
    assert {place.path for place in collection.photos.all_places()} == set(photos)


def test_the_history_knows_which_photos_are_duplicates_moved_aside(tmp_path: Path, collection: CollectionStore) -> None:
    source = tmp_path / "photos"
    result = _execute(collection, _plan(_plant(source), tmp_path / "sorted", source))
    assert result.run_id is not None
    told = [photo.entry for photo in run_photos(collection, result.run_id)]
    assert told == [entry for entry in collection.journal.filings(result.run_id) if entry.lead_id is None]
    assert sum(entry.is_aside for entry in told) == 2


def test_duplicates_belong_to_no_class(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / "a.jpg", b"a"): "Rose", write(source / "b.jpg", b"a"): "Rose"}
    sha256 = filing(source / "a.jpg", "Rose").sha256
    _execute(collection, _plan(photos, destination, source))
    assert [photo.class_name for photo in filed_photos(collection.database, [sha256])] == ["Rose"]
    assert classes_filed_as(collection.database) == {sha256: {"Rose"}}
    assert len(filed_rows(collection.database)) == 1
    more = {write(source / "c.jpg", b"a"): "Rose"}
    again = _plan(more, destination, source, folders=collection.journal.class_folders(destination))
    assert again.files[0].action == Action.ALREADY_THERE
    assert again.duplicates[0].destination == destination / "Duplicates" / "c.jpg"


@pytest.mark.parametrize("there", ["a class", "an earlier class", "a file"])
def test_the_folder_of_duplicates_is_no_other_folder(tmp_path: Path, collection: CollectionStore, there: str) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / name, b"a"): "duplicates" if there == "a class" else "Rose" for name in ("a.jpg", "b.jpg")}
    if there == "a file":
        write(destination / "Duplicates", b"a file")
    before = {"duplicates": "Duplicates"} if there == "an earlier class" else {}
    plan = _plan(photos, destination, source, folders=before)
    assert plan.duplicates[0].destination == destination / "Duplicates (2)" / "b.jpg"


def test_a_duplicate_that_is_filed_in_place_of_its_photo_is_not_moved_aside(
    tmp_path: Path, collection: CollectionStore
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / f"{name}.jpg", b"same"): "Rose" for name in "abc"}
    before = snapshot(source)
    plan = _plan(photos, destination, source)
    (source / "a.jpg").unlink()
    result = _execute(collection, plan)
    assert [file.error for file in result.files] == ["it is not there any more", None, None]
    assert (result.filed, result.duplicates_moved) == (1, 1)
    assert names(destination) == {"Rose/a.jpg", "Duplicates/c.jpg"}
    assert take_back(collection, result.run_id).refused == ()
    write(source / "a.jpg", b"same")
    assert snapshot(source) == before


def test_a_duplicate_stays_where_the_photo_and_itself_could_not_be_filed(
    tmp_path: Path, collection: CollectionStore
) -> None:
    source = tmp_path / "photos"
    photos = {write(source / f"{name}.jpg", b"same"): "Rose" for name in "ab"}
    plan = _plan(photos, tmp_path / "sorted", source)
    result = _execute(collection, plan, failing("link_new", 0, 5, times=99))
    assert (result.failed, result.duplicates_moved) == (2, 0)
    assert names(source) == {"a.jpg", "b.jpg"}
    assert result.run_id is not None


def test_a_duplicate_that_cannot_be_moved_is_a_note(tmp_path: Path, collection: CollectionStore) -> None:
    source = tmp_path / "photos"
    photos = {write(source / f"{name}.jpg", b"same"): "Rose" for name in "ab"}
    result = _execute(collection, _plan(photos, tmp_path / "sorted", source), failing("link_new", 1, 5))
    assert [file.error for file in result.files] == [None, "the disk reports a read or write error"]
    assert (result.failed, result.duplicates_moved, names(source)) == (0, 0, {"b.jpg"})


def test_a_duplicate_that_vanishes_while_it_is_planned_stays_out(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    photos = {write(source / f"{name}.jpg", b"same"): "Rose" for name in "ab"}

    class Vanishing(FileSystem):
        asked = 0

        def stat(self, path: Path) -> os.stat_result:
            self.asked += path.name == "b.jpg"
            if self.asked > 1:
                raise FileNotFoundError
            return super().stat(path)

        def stat_text(self, path: str) -> os.stat_result:
            return self.stat(Path(path))

    assert _plan(photos, tmp_path / "sorted", source, files=Vanishing()).duplicates == ()


def test_photos_of_the_destination_are_not_moved_aside(tmp_path: Path) -> None:
    destination = tmp_path / "sorted"
    photos = [write(destination / "Rose" / f"{name}.jpg", b"same") for name in "ab"]
    filings = [filing(path, "Rose") for path in photos]
    plan = make_plan(filings, destination, Mode.MOVE, CancelToken(), source_root=None, move_duplicates=True)
    assert plan.counts_by_action == {Action.ALREADY_THERE: 2}
    assert plan.duplicates == ()


def test_a_folder_with_anything_in_it_stays(tmp_path: Path, collection: CollectionStore) -> None:
    source = tmp_path / "photos"
    photos = {
        write(source / folder / "a.jpg", folder.encode()): "Rose" for folder in ("mac", "windows", "hidden", "late")
    }
    write(source / "mac" / ".DS_Store", b"view")
    write(source / "windows" / "Thumbs.db", b"thumbnails")
    write(source / "hidden" / ".picasa.ini", b"stars")
    write(source / "a.jpg", b"in the folder itself")
    photos[source / "a.jpg"] = "Rose"
    plan = _plan(photos, tmp_path / "sorted", source)
    assert plan.emptied.empty == (source / "late",)
    assert set(plan.emptied.nearly_empty) == {source / "hidden", source / "mac", source / "windows"}
    write(source / "late" / "new.txt", b"written after the plan")
    assert _execute(collection, plan).folders_removed == 0
    assert names(source) == {"mac/.DS_Store", "windows/Thumbs.db", "hidden/.picasa.ini", "late/new.txt"}
    assert source.is_dir()


@pytest.mark.parametrize("what", ["unreadable", "replaced", "gone", "busy", "unsure"])
def test_a_folder_that_cannot_be_removed_is_left(tmp_path: Path, collection: CollectionStore, what: str) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photo = write(source / "one" / "a.jpg", b"a")
    plan = _plan({photo: "Rose"}, destination, source)

    class Odd(FileSystem):
        asked = 0

        def stat(self, path: Path) -> os.stat_result:
            self.asked += path == source / "one"
            if what == "unreadable" and path == source / "one" and self.asked == 1:
                raise OSError(5, "not here")
            return super().stat(path)

        def unlink(self, path: Path) -> None:
            super().unlink(path)
            if what in {"replaced", "gone"} and path == photo:
                shutil.move(source / "one", tmp_path / "taken away")
                if what == "replaced":
                    (source / "one").mkdir()

        def rmdir(self, folder: Path) -> None:
            if folder == source / "one" and what == "unsure":
                super().rmdir(folder)
            if folder == source / "one":
                raise OSError(16, "busy")
            super().rmdir(folder)

    result = _execute(collection, plan, Odd())
    assert (result.filed, result.folders_removed) == (1, 0)
    assert result.run_id is not None
    assert len(collection.journal.removed_folders(result.run_id)) == (what == "unsure")
    assert take_back(collection, result.run_id).refused == ()
    assert names(source) == {"one/a.jpg"}


def test_an_unreadable_or_linked_folder_is_not_offered(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    photos = {write(source / folder / "a.jpg", folder.encode()): "Rose" for folder in ("one", "two")}
    (source / "one").rename(tmp_path / "outside")
    (source / "one").symlink_to(tmp_path / "outside")

    class Unreadable(FileSystem):
        def list(self, folder: Path) -> list[str]:
            if folder == source / "two":
                raise OSError(13, "not allowed")
            return super().list(folder)

    assert _plan(photos, tmp_path / "sorted", source, files=Unreadable()).emptied.empty == ()


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.LINK])
def test_only_a_move_leaves_anything_over(tmp_path: Path, mode: Mode) -> None:
    source = tmp_path / "photos"
    plan = _plan(_plant(source), tmp_path / "sorted", source, mode)
    assert (plan.duplicates, plan.emptied.empty, plan.removes_emptied) == ((), (), False)


def test_a_part_of_a_run_makes_only_its_own_folders_again(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / folder / "a.jpg", folder.encode()): "Rose" for folder in ("one", "two/deep")}
    folders = _folders(source)
    run_id = _execute(collection, _plan(photos, destination, source)).run_id
    assert run_id is not None
    first = collection.journal.filings(run_id)[0]
    undo(collection, run_id, silent, CancelToken(), only=[first.id])
    assert _folders(source) == {source / "one": folders[source / "one"]}
    assert take_back(collection, run_id).refused == ()
    assert _folders(source) == folders


def test_a_folder_that_cannot_be_given_its_times_is_made_all_the_same(
    tmp_path: Path, collection: CollectionStore
) -> None:
    source = tmp_path / "photos"
    photo = write(source / "one" / "a.jpg", b"a")
    result = _execute(collection, _plan({photo: "Rose"}, tmp_path / "sorted", source))
    disk = failing("set_attributes", 0, 1, times=9)
    assert take_back(collection, result.run_id, disk).refused == ()
    assert photo.exists()


def test_a_cancelled_move_keeps_its_folders(tmp_path: Path, collection: CollectionStore) -> None:
    source = tmp_path / "photos"
    photos = _plant(source)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        execute(_plan(photos, tmp_path / "sorted", source), collection, silent, cancel)
    assert set(names(source)) == {
        *(str(path.relative_to(source)) for path in photos),
        "more/copies/a.xmp",
        "stays/notes.txt",
    }


@pytest.mark.parametrize("what", ["sort", "undo"])
def test_killed_at_any_step_all_comes_back_in_the_end(tmp_path: Path, what: str) -> None:
    for at in range(0, 700, 11):
        root = tmp_path / str(at)
        source, destination = root / "photos", root / "sorted"
        photos = {write(source / folder / "a.jpg", b"a"): "Rose" for folder in ("one", "two/deep")}
        write(source / "two" / "deep" / "a.xmp", b"edits")
        before, folders = snapshot(source), _folders(source)
        with CollectionStore.open(root / "collection") as collection:
            plan = _plan(photos, destination, source)
            run_id = 1 if what == "sort" else _execute(collection, plan).run_id
            assert run_id is not None
            steps = CrashingSteps(at, after=bool(at % 2))
            steps.watch_database(collection)
            with suppress(Crash):
                if what == "sort":
                    _execute(collection, plan, steps.disk())
                else:
                    take_back(collection, run_id, steps.disk())
        with CollectionStore.open(root / "collection") as collection:
            assert recover(collection).problems == ()
            runs = collection.journal.runs()
            if runs and runs[0].state != RunState.UNDONE:
                assert take_back(collection, run_id).refused == ()
        assert snapshot(source) == before
        removed = what == "undo" or not steps.dead
        assert not removed or _folders(source).keys() == folders.keys()
        assert names(destination) == set()
        if not steps.dead:
            assert _folders(source) == folders
            return
    raise AssertionError("it never came to its end")


@settings(max_examples=40, derandomize=True, deadline=None)
@given(photos=st.lists(drawn_photo, max_size=8), earlier=st.booleans())
def test_any_photos_all_go_and_all_come_back(
    photos: list[tuple[str, str, str, str, bytes, str, int]], earlier: bool
) -> None:
    with scene() as stage:
        stage.plant(photos)
        if earlier:
            first = sort(stage.collection, stage.photos, stage.destination, Mode.COPY, source=stage.source)
        before, folders = snapshot(stage.source, stage.destination), _folders(stage.source)
        known = stage.collection.journal.class_folders(stage.destination)
        plan = _plan(stage.photos, stage.destination, stage.source, folders=known)
        result = _execute(stage.collection, plan)
        assert all(file.error is None for file in result.files)
        assert not any(path.exists() for path in stage.photos)
        assert result.folders_removed == len(plan.emptied.empty)
        if result.run_id is not None:
            assert take_back(stage.collection, result.run_id).refused == ()
        assert snapshot(stage.source, stage.destination) == before
        assert _folders(stage.source) == folders
        if earlier:
            assert first.failed == 0


def test_files_that_stay_are_sidecars_or_others_and_those_named_apart_are_not_counted() -> None:
    staying = {".xmp": 3, ".mov": 1, ".pdf": 2}
    assert sidecars_and_others(staying, [Path("a.xmp")]) == ({".xmp": 2, ".mov": 1}, {".pdf": 2})
