"""Correct after sorting: filed photos follow their class, as runs that can be undone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flowersorter.domain.journal import Run
from flowersorter.errors import Cancelled, UndoRefused, UserError
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import RunBegun
from flowersorter.sorting.journaled_steps import StepContext
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.sidecar_groups import Group, file_group
from flowersorter.workflows.filing.history import UndoRequest, filings, run_photos, runs, undo_run
from flowersorter.workflows.filing.refile import RefileRequest, RefileResult, plan_class_move, refile, run_refile
from flowersorter.workflows.filing.refile_runs import RefileRuns
from flowersorter.workflows.filing.sort import Include, RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, label
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.stub_network import open_colour_network


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of every file by its path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


@pytest.fixture(params=[Mode.COPY, Mode.MOVE, Mode.LINK])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(request.param)


@pytest.fixture
def filed(collection: CollectionStore, sorted_photos: Path, photos: Path, tmp_path: Path, mode: Mode) -> Path:
    """Ten photos each filed into red, green and blue; one of them with a sidecar."""
    (photos / "2026" / "red_0.jpg.xmp").write_text("<x/>")
    train_folder(TrainFolderRequest(collection, sorted_photos), silent, CancelToken(), embedder=open_colour_network)
    label(PredictFolderRequest(collection, photos), silent, CancelToken(), embedder=open_colour_network)
    request = SortRequest(collection, photos, tmp_path / "filed", mode, Include.ALL)
    result = run_sort(RunSortRequest(collection, plan_sort(request, silent, CancelToken())), silent, CancelToken())
    assert result.filed == 30
    return tmp_path / "filed"


def ids_of(collection: CollectionStore, *paths: Path) -> tuple[int, ...]:
    by_path = {place.path: place.photo_id for place in collection.photos.all_places()}
    return tuple(photo_id for path in paths if (photo_id := by_path[path]) is not None)


def corrected(collection: CollectionStore, photo_ids: tuple[int, ...], class_name: str) -> RefileResult:
    wanted = collection.classes.find(class_name) or collection.classes.add(class_name)
    assign(collection, photo_ids, wanted.id)
    return refile(RefileRequest(collection, photo_ids), silent, CancelToken())


def undone(collection: CollectionStore, run_id: int | None = None) -> int:
    result = undo_run(UndoRequest(collection, run_id), silent, CancelToken())
    assert result.refused == ()
    return result.undone


def test_corrected_photos_move_to_their_class_in_one_step(collection: CollectionStore, filed: Path) -> None:
    before = tree(filed)
    chosen = ids_of(collection, filed / "red" / "red_0.jpg", filed / "red" / "red_1.jpg")
    result = corrected(collection, chosen, "blue")
    assert (len(result.run_ids), result.moved, result.left) == (1, 2, ())
    after = tree(filed)
    assert {name for name in after if name not in before} == {
        "blue/red_0.jpg",
        "blue/red_0.jpg.xmp",
        "blue/red_1.jpg",
    }
    assert sorted(after.values()) == sorted(before.values())
    assert undone(collection, result.run_ids[0]) == 2
    assert tree(filed) == before


def test_a_correction_twice_is_followed_twice_and_undone_step_by_step(collection: CollectionStore, filed: Path) -> None:
    before = tree(filed)
    chosen = ids_of(collection, filed / "red" / "red_3.jpg")
    first = corrected(collection, chosen, "blue")
    second = corrected(collection, chosen, "violet")
    assert (filed / "violet" / "red_3.jpg").exists()
    with pytest.raises(UndoRefused, match=f"Undo run {second.run_ids[0]} first"):
        undone(collection, first.run_ids[0])
    with pytest.raises(UndoRefused, match="moved some of its photos on"):
        undone(collection, 1)
    assert undone(collection) == 1
    assert not (filed / "violet").exists(), "a folder we made is removed when it is empty again"
    assert undone(collection) == 1
    assert tree(filed) == before
    assert undone(collection) == 30
    assert not filed.exists()


def test_a_correction_that_changes_nothing_on_disk_makes_no_run(collection: CollectionStore, filed: Path) -> None:
    result = corrected(collection, ids_of(collection, filed / "red" / "red_3.jpg"), "red")
    assert result == RefileResult((), 0, ())
    assert len(runs(collection)) == 1


def test_a_photo_the_person_took_away_is_left_with_a_reason(collection: CollectionStore, filed: Path) -> None:
    chosen = ids_of(collection, filed / "red" / "red_3.jpg")
    (filed / "red" / "red_3.jpg").rename(filed / "mine.jpg")
    result = corrected(collection, chosen, "blue")
    assert result.moved == 0
    assert [(skipped.path.name, bool(skipped.reason)) for skipped in result.left] == [("red_3.jpg", True)]
    assert (filed / "mine.jpg").exists()


def test_a_photo_the_person_edited_is_left_with_a_reason(collection: CollectionStore, filed: Path, mode: Mode) -> None:
    if mode is Mode.LINK:
        pytest.skip("an edited link is an edited photo")
    path = filed / "red" / "red_3.jpg"
    chosen = ids_of(collection, path)
    path.write_bytes(b"edited")
    result = corrected(collection, chosen, "blue")
    assert (result.moved, len(result.left)) == (0, 1)
    assert path.read_bytes() == b"edited"


def test_a_name_that_is_taken_gets_a_number_and_nothing_is_overwritten(
    collection: CollectionStore, filed: Path
) -> None:
    (filed / "blue" / "red_3.jpg").write_bytes(b"somebody else's")
    result = corrected(collection, ids_of(collection, filed / "red" / "red_3.jpg"), "blue")
    assert result.moved == 1
    assert (filed / "blue" / "red_3.jpg").read_bytes() == b"somebody else's"
    assert (filed / "blue" / "red_3 (2).jpg").exists()


def test_renaming_a_class_moves_its_photos_and_sorting_again_files_nothing_twice(
    collection: CollectionStore, filed: Path, photos: Path, mode: Mode
) -> None:
    before = tree(filed)
    plans = plan_class_move(collection, "red", "crimson", CancelToken())
    assert tree(filed) == before, "planning changes nothing"
    assert [plan.counts_by_class for plan in plans] == [{"crimson": 10}]
    red = collection.classes.find("red")
    assert red is not None
    collection.classes.rename(red.id, "crimson")
    result = run_refile(collection, plans, silent, CancelToken())
    assert result.moved == 10
    assert not (filed / "red").exists()
    if mode is not Mode.MOVE:
        again = plan_sort(SortRequest(collection, photos, filed, mode), silent, CancelToken())
        assert sum(file.action.is_filed for file in again.files) == 0
    assert undone(collection, result.run_ids[0]) == 10
    assert tree(filed) == before
    assert undone(collection, 1) == 30
    assert not filed.exists()


def test_sorting_again_never_files_a_photo_under_two_classes(
    collection: CollectionStore, filed: Path, photos: Path, mode: Mode
) -> None:
    if mode is Mode.MOVE:
        pytest.skip("the photos are not in their folder any more")
    blue = collection.classes.find("blue")
    assert blue is not None
    assign(collection, ids_of(collection, photos / "2026" / "red_3.jpg"), blue.id)  # corrected, but not refiled
    plan = plan_sort(SortRequest(collection, photos, filed, mode), silent, CancelToken())
    assert [(s.path.name, s.reason) for s in plan.skipped] == [("red_3.jpg", "it is filed under “red” there already")]
    assert not any(file.action.is_filed for file in plan.files)


def test_what_was_filed_on_a_guess_does_not_come_back_as_a_label(collection: CollectionStore, filed: Path) -> None:
    before = collection.labels.all()
    (filed / "red" / "red_3.jpg").rename(filed / "blue" / "moved by hand.jpg")
    result = label(PredictFolderRequest(collection, filed), silent, CancelToken(), embedder=open_colour_network)
    blue = collection.classes.find("blue")
    assert blue is not None
    new = {photo_id: lab.class_id for photo_id, lab in collection.labels.all().items() if photo_id not in before}
    assert list(new.values()) == [blue.id], "only what the person moved is a label"
    assert result.by_folder == 1


def test_nor_does_it_where_the_sorted_folder_was_renamed_or_copied(
    collection: CollectionStore, filed: Path, mode: Mode
) -> None:
    before = collection.labels.all()
    elsewhere = shutil.copytree(filed, filed.with_name("backup"), symlinks=mode is Mode.LINK)
    renamed = filed.rename(filed.with_name("sorted by FlowerSorter"))
    for folder in (elsewhere, renamed):
        result = label(PredictFolderRequest(collection, folder), silent, CancelToken(), embedder=open_colour_network)
        assert len(result.rows) > 0
        assert result.by_folder == 0
    assert collection.labels.all() == before


def test_a_part_of_a_run_is_undone_and_the_rest_stays(collection: CollectionStore, filed: Path) -> None:
    reds = [entry for entry in filings(collection, 1) if entry.class_name == "red"]
    result = undo_run(UndoRequest(collection, 1, only=tuple(entry.id for entry in reds[:4])), silent, CancelToken())
    assert result.undone == 4
    assert len(list((filed / "blue").iterdir())) == 10
    assert undone(collection, 1) == 26
    assert not filed.exists()


def test_photos_that_moved_on_do_not_keep_the_others_of_their_run_from_being_undone(
    collection: CollectionStore, filed: Path
) -> None:
    later = corrected(collection, ids_of(collection, filed / "red" / "red_3.jpg"), "blue").run_ids[0]
    by_name = {photo.entry.source.name: photo for photo in run_photos(collection, 1)}
    moved_on, other = by_name["red_3.jpg"], by_name["red_4.jpg"]
    assert (moved_on.moved_on_by, moved_on.can_undo) == (later, False)
    assert (other.moved_on_by, other.can_undo) == (None, True)
    with pytest.raises(UndoRefused, match=f"Undo run {later} first"):
        undo_run(UndoRequest(collection, 1, only=(moved_on.entry.id, other.entry.id)), silent, CancelToken())
    assert undo_run(UndoRequest(collection, 1, only=(other.entry.id,)), silent, CancelToken()).undone == 1
    assert not (filed / "red" / "red_4.jpg").exists()
    assert (filed / "blue" / "red_3.jpg").exists()
    assert not next(photo for photo in run_photos(collection, 1) if photo.entry.id == other.entry.id).can_undo


def test_a_run_that_does_not_exist_has_no_photos(collection: CollectionStore) -> None:
    with pytest.raises(KeyError):
        run_photos(collection, 7)


def cancelling(cancel: CancelToken, after: int) -> Callable[[object], None]:
    """A report that asks the job to stop once so many photos are done."""

    def take(news: object) -> None:
        if isinstance(news, Progress) and news.done == after:
            cancel.cancel()

    return take


def test_a_refiling_that_was_cancelled_halfway_moves_back_whole(collection: CollectionStore, filed: Path) -> None:
    before = tree(filed)
    reds = ids_of(collection, *sorted((filed / "red").glob("*.jpg")))
    blue = collection.classes.find("blue")
    assert blue is not None
    assign(collection, reds, blue.id)
    followed, cancel = RefileRuns(), CancelToken()
    with pytest.raises(Cancelled):
        refile(RefileRequest(collection, reds), followed.remembering(1, cancelling(cancel, 3)), cancel)
    assert len(list((filed / "red").glob("*.jpg"))) == 7
    assert 1 in followed
    results = followed.move_back(collection, 1, silent, CancelToken())
    assert [(result.undone, result.refused) for result in results] == [(3, ())]
    assert tree(filed) == before
    assert 1 not in followed


def test_a_refiling_whose_undo_was_cancelled_halfway_can_be_undone_again(
    collection: CollectionStore, filed: Path
) -> None:
    before = tree(filed)
    followed, cancel = RefileRuns(), CancelToken()
    plans = plan_class_move(collection, "red", "crimson", CancelToken())
    run_refile(collection, plans, followed.remembering(1, silent), CancelToken())
    with pytest.raises(Cancelled):
        followed.move_back(collection, 1, cancelling(cancel, 3), cancel)
    assert len(list((filed / "red").glob("*.jpg"))) == 3
    assert followed.move_back(collection, 1, silent, CancelToken())[0].undone == 7
    assert tree(filed) == before


def test_a_refiling_that_failed_halfway_moves_back_whole(
    collection: CollectionStore, filed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(filed)
    plans = plan_class_move(collection, "red", "crimson", CancelToken())
    followed, moved = RefileRuns(), list[Group]()

    def fails_at_the_fourth(desk: StepContext, run: Run, group: Group) -> str | None:
        if len(moved) == 3:
            raise UserError("The library could not be saved", "the disk is full")
        moved.append(group)
        return file_group(desk, run, group)

    monkeypatch.setattr("flowersorter.sorting.execute.file_group", fails_at_the_fourth)
    with pytest.raises(UserError, match="disk is full"):
        run_refile(collection, plans, followed.remembering(1, silent), CancelToken())
    assert len(list((filed / "crimson").glob("*.jpg"))) == 3
    assert [result.undone for result in followed.move_back(collection, 1, silent, CancelToken())] == [3]
    assert tree(filed) == before


def test_a_run_that_the_history_undid_is_not_moved_back_again(collection: CollectionStore, filed: Path) -> None:
    followed, seen = RefileRuns(), list[object]()
    plans = plan_class_move(collection, "red", "crimson", CancelToken())
    result = run_refile(collection, plans, followed.remembering(1, seen.append), CancelToken())
    assert seen[0] == RunBegun(result.run_ids[0])
    undone(collection, result.run_ids[0])
    assert followed.move_back(collection, 1, silent, CancelToken()) == []
    assert followed.move_back(collection, 2, silent, CancelToken()) == []
