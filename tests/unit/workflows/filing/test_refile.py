"""Correct after sorting: filed photos follow their class, as runs that can be undone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from flowersorter.domain.journal import EntryState, Run
from flowersorter.errors import Cancelled, UndoRefused, UserError
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import RunBegun
from flowersorter.sorting.journaled_steps import StepContext
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.sidecar_groups import Group, file_group
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.history import UndoRequest, run_photos, runs, undo_run
from flowersorter.workflows.filing.refile import RefileRequest, RefileResult, plan_class_move, refile, run_refile
from flowersorter.workflows.filing.refile_runs import RefileRuns
from flowersorter.workflows.filing.sort import Include, RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.drawing import BLUE, RED, jpeg_bytes, textured, write_jpeg
from tests.unit.workflows.conftest import draw_photos


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of every file by its path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


@pytest.fixture(params=[Mode.COPY, Mode.MOVE, Mode.LINK])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(request.param)


@pytest.fixture
def filed(engine: Engine, sorted_photos: Path, photos: Path, tmp_path: Path, mode: Mode) -> Path:
    """Ten photos each filed into red, green and blue; one of them with a sidecar."""
    (photos / "2026" / "red_0.jpg.xmp").write_text("<x/>")
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    request = SortRequest(photos, tmp_path / "filed", mode, Include.ALL)
    result = run_sort(engine, RunSortRequest(plan_sort(engine, request, silent, CancelToken())), silent, CancelToken())
    assert result.filed == 30
    return tmp_path / "filed"


def ids_of(collection: CollectionStore, *paths: Path) -> tuple[int, ...]:
    by_path = {place.path: place.photo_id for place in collection.photos.all_places()}
    return tuple(photo_id for path in paths if (photo_id := by_path[path]) is not None)


def corrected(engine: Engine, photo_ids: tuple[int, ...], class_name: str) -> RefileResult:
    wanted = engine.collection.classes.find(class_name) or engine.collection.classes.add(class_name)
    assign(engine.collection, photo_ids, wanted.id)
    return refile(engine, RefileRequest(photo_ids), silent, CancelToken())


def undone(engine: Engine, run_id: int | None = None) -> int:
    result = undo_run(engine, UndoRequest(run_id), silent, CancelToken())
    assert result.refused == ()
    return result.undone


def test_corrected_photos_move_to_their_class_in_one_step(engine: Engine, filed: Path) -> None:
    before = tree(filed)
    chosen = ids_of(engine.collection, filed / "red" / "red_0.jpg", filed / "red" / "red_1.jpg")
    result = corrected(engine, chosen, "blue")
    assert (len(result.run_ids), result.moved, result.left) == (1, 2, ())
    after = tree(filed)
    assert {name for name in after if name not in before} == {
        "blue/red_0.jpg",
        "blue/red_0.jpg.xmp",
        "blue/red_1.jpg",
    }
    assert sorted(after.values()) == sorted(before.values())
    assert undone(engine, result.run_ids[0]) == 2
    assert tree(filed) == before


def test_a_correction_twice_is_followed_twice_and_undone_step_by_step(engine: Engine, filed: Path) -> None:
    before = tree(filed)
    chosen = ids_of(engine.collection, filed / "red" / "red_3.jpg")
    first = corrected(engine, chosen, "blue")
    second = corrected(engine, chosen, "violet")
    assert (filed / "violet" / "red_3.jpg").exists()
    with pytest.raises(UndoRefused, match=f"Undo sort {second.run_ids[0]} first"):
        undone(engine, first.run_ids[0])
    with pytest.raises(UndoRefused, match="moved some of its photos on"):
        undone(engine, 1)
    assert undone(engine) == 1
    assert not (filed / "violet").exists(), "a folder we made is removed when it is empty again"
    assert undone(engine) == 1
    assert tree(filed) == before
    assert undone(engine) == 30
    assert not filed.exists()


def test_a_correction_that_changes_nothing_on_disk_makes_no_run(engine: Engine, filed: Path) -> None:
    result = corrected(engine, ids_of(engine.collection, filed / "red" / "red_3.jpg"), "red")
    assert result == RefileResult((), 0, ())
    assert len(runs(engine.collection)) == 1


def test_a_photo_the_person_took_away_is_left_with_a_reason(engine: Engine, filed: Path) -> None:
    chosen = ids_of(engine.collection, filed / "red" / "red_3.jpg")
    (filed / "red" / "red_3.jpg").rename(filed / "mine.jpg")
    result = corrected(engine, chosen, "blue")
    assert result.moved == 0
    assert [(skipped.path.name, bool(skipped.reason)) for skipped in result.left] == [("red_3.jpg", True)]
    assert (filed / "mine.jpg").exists()


def test_a_photo_the_person_edited_is_left_with_a_reason(engine: Engine, filed: Path, mode: Mode) -> None:
    if mode is Mode.LINK:
        pytest.skip("an edited link is an edited photo")
    path = filed / "red" / "red_3.jpg"
    chosen = ids_of(engine.collection, path)
    path.write_bytes(b"edited")
    result = corrected(engine, chosen, "blue")
    assert (result.moved, len(result.left)) == (0, 1)
    assert path.read_bytes() == b"edited"


def test_a_name_that_is_taken_gets_a_number_and_nothing_is_overwritten(engine: Engine, filed: Path) -> None:
    (filed / "blue" / "red_3.jpg").write_bytes(b"somebody else's")
    result = corrected(engine, ids_of(engine.collection, filed / "red" / "red_3.jpg"), "blue")
    assert result.moved == 1
    assert (filed / "blue" / "red_3.jpg").read_bytes() == b"somebody else's"
    assert (filed / "blue" / "red_3 (2).jpg").exists()


def test_renaming_a_class_moves_its_photos_and_sorting_again_files_nothing_twice(
    engine: Engine, filed: Path, photos: Path, mode: Mode
) -> None:
    before = tree(filed)
    plans = plan_class_move(engine.collection, "red", "crimson", CancelToken())
    assert tree(filed) == before, "planning changes nothing"
    assert [plan.counts_by_class for plan in plans] == [{"crimson": 10}]
    red = engine.collection.classes.find("red")
    assert red is not None
    engine.collection.classes.rename(red.id, "crimson")
    result = run_refile(engine.collection, plans, silent, CancelToken())
    assert result.moved == 10
    assert not (filed / "red").exists()
    if mode is not Mode.MOVE:
        again = plan_sort(engine, SortRequest(photos, filed, mode), silent, CancelToken())
        assert sum(file.action.is_filed for file in again.files) == 0
    assert undone(engine, result.run_ids[0]) == 10
    assert tree(filed) == before
    assert undone(engine, 1) == 30
    assert not filed.exists()


def test_sorting_again_never_files_a_photo_under_two_classes(
    engine: Engine, filed: Path, photos: Path, mode: Mode
) -> None:
    if mode is Mode.MOVE:
        pytest.skip("the photos are not in their folder any more")
    blue = engine.collection.classes.find("blue")
    assert blue is not None
    assign(
        engine.collection, ids_of(engine.collection, photos / "2026" / "red_3.jpg"), blue.id
    )  # corrected, but not refiled
    plan = plan_sort(engine, SortRequest(photos, filed, mode), silent, CancelToken())
    assert [(s.path.name, s.reason) for s in plan.skipped] == [("red_3.jpg", "it is sorted into “red” there already")]
    assert not any(file.action.is_filed for file in plan.files)


def test_what_was_filed_on_a_guess_does_not_come_back_as_a_label(engine: Engine, filed: Path) -> None:
    before = engine.collection.labels.all()
    (filed / "red" / "red_3.jpg").rename(filed / "blue" / "moved by hand.jpg")
    result = predict_folder(engine, PredictFolderRequest(filed), silent, CancelToken())
    blue = engine.collection.classes.find("blue")
    assert blue is not None
    new = {photo_id: lab.class_id for photo_id, lab in engine.collection.labels.all().items() if photo_id not in before}
    assert list(new.values()) == [blue.id], "only what the person moved is a label"
    assert result.by_folder == 1


def test_nor_does_it_where_the_sorted_folder_was_renamed_or_copied(engine: Engine, filed: Path, mode: Mode) -> None:
    before = engine.collection.labels.all()
    elsewhere = shutil.copytree(filed, filed.with_name("backup"), symlinks=mode is Mode.LINK)
    renamed = filed.rename(filed.with_name("sorted by FlowerSorter"))
    for folder in (elsewhere, renamed):
        result = predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
        assert len(result.rows) > 0
        assert result.by_folder == 0
    assert engine.collection.labels.all() == before


def rewritten(path: Path) -> Path:
    """The photo as a viewer leaves it that turned it: other bytes, the same moment."""
    with Image.open(path) as picture:
        exif, turned = picture.getexif(), picture.rotate(90, expand=True)
    path.unlink()  # as programs that write safely do; a link to it keeps its bytes
    turned.save(path, quality=92, exif=exif)
    return path


def opened(engine: Engine, folder: Path) -> dict[str, str]:
    """Open a folder; the classes that its folders gave photos now, by file name."""
    before = engine.collection.labels.all()
    predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    new = engine.collection.labels.all().items() - before.items()
    paths = {place.photo_id: place.path for place in engine.collection.photos.all_places()}
    return {paths[photo_id].name: names[each.class_id] for photo_id, each in new}


def test_nor_does_it_where_another_program_wrote_the_file_anew(engine: Engine, filed: Path) -> None:
    rewritten(filed / "red" / "red_1.jpg")
    rewritten(filed / "red" / "red_2.jpg").rename(filed / "red" / "turned.jpg")
    rewritten(filed / "blue" / "blue_1.jpg")
    assert opened(engine, filed) == {}
    assert opened(engine, filed) == {}, "nor when it is known already"
    rewritten(filed / "blue" / "blue_1.jpg")
    assert opened(engine, filed) == {}, "nor when it is changed once more"
    shutil.copy2(filed / "blue" / "blue_1.jpg", filed / "a copy.jpg")
    assert opened(engine, filed) == {}, "nor when it stands elsewhere too"


def test_nor_where_the_folder_was_renamed_as_well(engine: Engine, filed: Path) -> None:
    if any(path.is_symlink() for path in filed.rglob("*")):
        pytest.skip("a link leads to the photo in its own folder")
    rewritten(filed / "red" / "red_1.jpg")
    (filed / "blue").rename(filed / "BLUE")
    rewritten(filed / "BLUE" / "blue_1.jpg")
    assert opened(engine, filed.rename(filed.with_name("my flowers"))) == {}


def test_nor_where_the_sorted_folder_is_opened_by_another_path(engine: Engine, filed: Path, tmp_path: Path) -> None:
    rewritten(filed / "red" / "red_1.jpg")
    (tmp_path / "shortcut").symlink_to(filed)
    assert opened(engine, tmp_path / "shortcut") == {}


def test_nor_after_sorting_twice_and_renaming_the_class(
    engine: Engine, filed: Path, photos: Path, tmp_path: Path, mode: Mode
) -> None:
    source = filed if mode is Mode.MOVE else photos
    plan = plan_sort(engine, SortRequest(source, tmp_path / "again", Mode.COPY), silent, CancelToken())
    run_sort(engine, RunSortRequest(plan), silent, CancelToken())
    red = engine.collection.classes.find("red")
    assert red is not None
    plans = plan_class_move(engine.collection, "red", "crimson", CancelToken())
    engine.collection.classes.rename(red.id, "crimson")
    run_refile(engine.collection, plans[:1], silent, CancelToken())
    moved, kept = (next(iter(tmp_path.glob(f"*/{name}/red_1.jpg"))) for name in ("crimson", "red"))
    kept.parent.rename(kept.parent.with_name("crimson"))
    for path in (moved, kept.parent.with_name("crimson") / kept.name):
        rewritten(path)
    assert opened(engine, filed) | opened(engine, tmp_path / "again") == {}


def test_what_a_person_put_into_a_class_folder_is_a_label_as_before(engine: Engine, filed: Path) -> None:
    """Moved by hand and changed, or a photo of their own, also of the name of one that was filed elsewhere."""
    rewritten(filed / "red" / "red_1.jpg").rename(filed / "blue" / "red_1.jpg")
    draw_photos(filed / "green", "green", 1, first=70)
    draw_photos(filed / "mine" / "blue", "blue", 1, first=2)[0].write_bytes(jpeg_bytes(textured(colour=BLUE, seed=80)))
    assert opened(engine, filed) == {"red_1.jpg": "blue", "green_70.jpg": "green", "blue_2.jpg": "blue"}


def test_the_moment_tells_a_photo_of_the_persons_from_one_that_was_renamed(
    engine: Engine, filed: Path, photos: Path
) -> None:
    """Where a filed photo is gone from its folder, and another one is new there."""
    morning, noon = datetime(2026, 5, 1, 8), datetime(2026, 5, 1, 12)
    dated = photos.with_name("dated")
    dated.mkdir()
    for number in range(2):
        write_jpeg(dated / f"IMG_{number}.jpg", textured(colour=RED, seed=60 + number), taken_at=morning)
    predict_folder(engine, PredictFolderRequest(dated), silent, CancelToken())
    plan = plan_sort(engine, SortRequest(dated, filed), silent, CancelToken())
    assert run_sort(engine, RunSortRequest(plan), silent, CancelToken()).filed == 2
    rewritten(filed / "red" / "IMG_0.jpg").rename(filed / "red" / "morning.jpg")
    write_jpeg(filed / "red" / "noon.jpg", textured(colour=RED, seed=63), taken_at=noon)
    assert opened(engine, filed) == {"noon.jpg": "red"}


def test_a_confirmed_photo_that_was_changed_is_its_class_by_its_folder(engine: Engine, filed: Path) -> None:
    red = engine.collection.classes.find("red")
    assert red is not None
    assign(engine.collection, ids_of(engine.collection, filed / "red" / "red_1.jpg"), red.id)
    rewritten(filed / "red" / "red_1.jpg")
    rewritten(filed / "red" / "red_2.jpg")
    opened(engine, filed)
    labels = engine.collection.labels.all()
    one, two = (ids_of(engine.collection, filed / "red" / f"red_{number}.jpg")[0] for number in (1, 2))
    assert labels[one].class_id == red.id
    assert two not in labels


def test_a_part_of_a_run_is_undone_and_the_rest_stays(engine: Engine, filed: Path) -> None:
    photos = run_photos(engine.collection, 1)
    reds = [photo.entry for photo in photos if photo.entry.class_name == "red"]
    result = undo_run(engine, UndoRequest(1, only=tuple(entry.id for entry in reds[:4])), silent, CancelToken())
    assert result.undone == 4
    assert len(list((filed / "blue").iterdir())) == 10
    assert undone(engine, 1) == 26
    assert not filed.exists()


def test_photos_that_moved_on_do_not_keep_the_others_of_their_run_from_being_undone(
    engine: Engine, filed: Path
) -> None:
    later = corrected(engine, ids_of(engine.collection, filed / "red" / "red_3.jpg"), "blue").run_ids[0]
    by_name = {photo.entry.source.name: photo for photo in run_photos(engine.collection, 1)}
    moved_on, other = by_name["red_3.jpg"], by_name["red_4.jpg"]
    assert (moved_on.moved_on_by, moved_on.can_undo) == (later, False)
    assert (other.moved_on_by, other.can_undo) == (None, True)
    with pytest.raises(UndoRefused, match=f"Undo sort {later} first"):
        undo_run(engine, UndoRequest(1, only=(moved_on.entry.id, other.entry.id)), silent, CancelToken())
    assert undo_run(engine, UndoRequest(1, only=(other.entry.id,)), silent, CancelToken()).undone == 1
    assert not (filed / "red" / "red_4.jpg").exists()
    assert (filed / "blue" / "red_3.jpg").exists()
    assert not next(photo for photo in run_photos(engine.collection, 1) if photo.entry.id == other.entry.id).can_undo


def test_the_photos_of_a_run_are_those_of_its_plan(engine: Engine, filed: Path) -> None:
    photos = run_photos(engine.collection, 1)
    assert [photo.entry for photo in photos] == [
        entry for entry in engine.collection.journal.filings(1) if entry.lead_id is None
    ]
    assert {photo.entry.state for photo in photos} == {EntryState.DONE}
    assert len(photos) == len(list(filed.rglob("*.jpg")))


def test_a_run_that_does_not_exist_has_no_photos(collection: CollectionStore) -> None:
    with pytest.raises(KeyError):
        run_photos(collection, 7)


def cancelling(cancel: CancelToken, after: int) -> Callable[[object], None]:
    """A report that asks the job to stop once so many photos are done."""

    def take(news: object) -> None:
        if isinstance(news, Progress) and news.done == after:
            cancel.cancel()

    return take


def test_a_refiling_that_was_cancelled_halfway_moves_back_whole(engine: Engine, filed: Path) -> None:
    before = tree(filed)
    reds = ids_of(engine.collection, *sorted((filed / "red").glob("*.jpg")))
    blue = engine.collection.classes.find("blue")
    assert blue is not None
    assign(engine.collection, reds, blue.id)
    followed, cancel = RefileRuns(), CancelToken()
    with pytest.raises(Cancelled):
        refile(engine, RefileRequest(reds), followed.remembering(1, cancelling(cancel, 3)), cancel)
    assert len(list((filed / "red").glob("*.jpg"))) == 7
    assert 1 in followed
    results = followed.move_back(engine, 1, silent, CancelToken())
    assert [(result.undone, result.refused) for result in results] == [(3, ())]
    assert tree(filed) == before
    assert 1 not in followed


def test_a_refiling_whose_undo_was_cancelled_halfway_can_be_undone_again(engine: Engine, filed: Path) -> None:
    before = tree(filed)
    followed, cancel = RefileRuns(), CancelToken()
    plans = plan_class_move(engine.collection, "red", "crimson", CancelToken())
    run_refile(engine.collection, plans, followed.remembering(1, silent), CancelToken())
    with pytest.raises(Cancelled):
        followed.move_back(engine, 1, cancelling(cancel, 3), cancel)
    assert len(list((filed / "red").glob("*.jpg"))) == 3
    assert followed.move_back(engine, 1, silent, CancelToken())[0].undone == 7
    assert tree(filed) == before


def test_a_refiling_that_failed_halfway_moves_back_whole(
    engine: Engine, filed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(filed)
    plans = plan_class_move(engine.collection, "red", "crimson", CancelToken())
    followed, moved = RefileRuns(), list[Group]()

    def fails_at_the_fourth(context: StepContext, run: Run, group: Group) -> str | None:
        if len(moved) == 3:
            raise UserError("The library could not be saved", "the disk is full")
        moved.append(group)
        return file_group(context, run, group)

    monkeypatch.setattr("flowersorter.sorting.runs.run_photos.file_group", fails_at_the_fourth)
    with pytest.raises(UserError, match="disk is full"):
        run_refile(engine.collection, plans, followed.remembering(1, silent), CancelToken())
    assert len(list((filed / "crimson").glob("*.jpg"))) == 3
    assert [result.undone for result in followed.move_back(engine, 1, silent, CancelToken())] == [3]
    assert tree(filed) == before


def test_a_run_that_the_history_undid_is_not_moved_back_again(engine: Engine, filed: Path) -> None:
    followed, seen = RefileRuns(), list[object]()
    plans = plan_class_move(engine.collection, "red", "crimson", CancelToken())
    result = run_refile(engine.collection, plans, followed.remembering(1, seen.append), CancelToken())
    assert seen[0] == RunBegun(result.run_ids[0])
    undone(engine, result.run_ids[0])
    assert followed.move_back(engine, 1, silent, CancelToken()) == []
    assert followed.move_back(engine, 2, silent, CancelToken()) == []
