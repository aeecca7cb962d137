"""Files that cannot be read as photos: a class by hand, kept by their bytes, sorted, undone, and nothing learned."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flowersorter.domain.label import LabelOrigin
from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import CancelToken, silent
from flowersorter.photos import file_bytes
from flowersorter.photos.file_bytes import hash_file
from flowersorter.sorting.plan import Mode
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.history import UndoRequest, undo_run
from flowersorter.workflows.filing.sort import Include, RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.labelling.label_photo import LabelledPhoto, LabelPhotoRequest, label_photo, remove_label
from flowersorter.workflows.labelling.pending_labels import LabelStep, PendingLabels
from flowersorter.workflows.labelling.unreadable_files import identified_rows
from flowersorter.workflows.predicting.photo_details import details
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult, predict_folder
from flowersorter.workflows.predicting.settled_labels import predict_settled
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.unit.workflows.conftest import draw_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos of two colours each, and a broken one."""
    found = tmp_path / "photos"
    draw_photos(found, "red", 4)
    draw_photos(found, "blue", 4)
    (found / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no photo")
    return found


def labelled(engine: Engine, folder: Path) -> PredictFolderResult:
    return predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())


def confirm(engine: Engine, path: Path, name: str | None = "mine") -> LabelledPhoto:
    return label_photo(engine, LabelPhotoRequest(path, name), silent, CancelToken())


def row_of(result: PredictFolderResult, name: str) -> int:
    return [path.name for path in result.rows.paths].index(name)


def class_of(engine: Engine, result: PredictFolderResult, name: str) -> str | None:
    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    return names.get(int(result.rows.label_ids[row_of(result, name)]))


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE, Mode.LINK])
def test_a_labelled_file_is_sorted_and_undone(engine: Engine, folder: Path, tmp_path: Path, mode: Mode) -> None:
    broken = folder / "broken.jpg"
    data = broken.read_bytes()
    labelled(engine, folder)

    confirmed = confirm(engine, broken)
    request = SortRequest(folder, tmp_path / "to", mode, Include.LABELLED)
    plan = plan_sort(engine, request, silent, CancelToken())
    done = run_sort(engine, RunSortRequest(plan), silent, CancelToken())

    assert confirmed == LabelledPhoto("mine", "the file is incomplete")
    assert [path.read_bytes() for path in (tmp_path / "to" / "mine").iterdir()] == [data]
    assert broken.exists() == (mode != Mode.MOVE)
    sorted_one = labelled(engine, tmp_path / "to")
    assert class_of(engine, sorted_one, "broken.jpg") == "mine"
    assert sorted_one.decoded == 0
    assert len(sorted_one.unreadable) == 1

    undo_run(engine, UndoRequest(done.run_id), silent, CancelToken())
    assert broken.read_bytes() == data
    assert class_of(engine, labelled(engine, folder), "broken.jpg") == "mine"


def test_the_label_follows_the_bytes(engine: Engine, folder: Path, tmp_path: Path) -> None:
    labelled(engine, folder)
    confirm(engine, folder / "broken.jpg")
    moved = tmp_path / "elsewhere" / "other name.jpg"
    moved.parent.mkdir()
    shutil.move(folder / "broken.jpg", moved)
    (moved.parent / "another.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is another")

    result = labelled(engine, moved.parent)

    assert class_of(engine, result, "other name.jpg") == "mine"
    assert class_of(engine, result, "another.jpg") is None


def test_nothing_is_learned_from_it(engine: Engine, folder: Path) -> None:
    collection = engine.collection
    rows = labelled(engine, folder).rows
    for path in rows.paths:
        confirm(engine, path, "red" if "red" in path.name else "blue")

    trained = retrain(engine, RetrainRequest(), silent, CancelToken())
    again = labelled(engine, folder)

    assert trained.photos == 8
    assert sum(collection.labels.counts().values()) == 8
    assert len(collection.labels.class_ids()) == 8
    assert again.rows.class_ids[row_of(again, "broken.jpg")] == 0
    assert class_of(engine, again, "broken.jpg") == "blue"


def test_a_file_too_large_to_be_read_has_a_class_too(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_bytes, "MAX_BYTES", 10)
    monkeypatch.setattr(file_bytes, "_PART_BYTES", 7)

    confirmed = confirm(engine, folder / "broken.jpg")

    assert "larger than" in confirmed.unreadable
    assert class_of(engine, labelled(engine, folder), "broken.jpg") == "mine"
    assert remove_label(engine.collection, folder / "broken.jpg")
    assert class_of(engine, labelled(engine, folder), "broken.jpg") is None


def test_an_unreadable_file_has_no_suggestion_to_confirm(engine: Engine, folder: Path) -> None:
    with pytest.raises(PhotoUnreadable):
        confirm(engine, folder / "broken.jpg", None)


def test_the_label_of_an_empty_file_is_not_that_of_all_empty_files(engine: Engine, folder: Path) -> None:
    for name in ("empty.jpg", "other.jpg"):
        (folder / name).touch()
    with pytest.raises(PhotoUnreadable, match=r"empty\.jpg cannot be given a class: it is empty"):
        confirm(engine, folder / "empty.jpg")
    rows = labelled(engine, folder).rows
    place_id = int(rows.place_ids[[path.name for path in rows.paths].index("empty.jpg")])
    pending = PendingLabels(engine.collection)
    pending.apply(LabelStep({}, {place_id: engine.collection.classes.add("mine").id}))  # in the window

    assert identified_rows(engine, [place_id], silent, CancelToken()).photo_ids.tolist() == [0]
    result = labelled(engine, folder)
    assert not result.rows.label_ids.any()
    assert list(pending.items()) == [place_id]


def test_a_file_that_is_no_photo_by_name_is_refused(engine: Engine, folder: Path) -> None:
    (folder / "notes.txt").write_text("text")
    with pytest.raises(PhotoUnreadable):
        confirm(engine, folder / "notes.txt")
    with pytest.raises(PhotoUnreadable, match="not a file"):
        hash_file(folder, CancelToken())


def test_a_label_given_in_the_window_becomes_that_of_the_bytes(engine: Engine, folder: Path) -> None:
    collection, pending = engine.collection, PendingLabels(engine.collection)
    rows = labelled(engine, folder).rows
    place_id = int(rows.place_ids[[path.name for path in rows.paths].index("broken.jpg")])
    class_id = collection.classes.add("mine").id
    step = LabelStep({}, {place_id: class_id})
    pending.apply(step)

    identified = identified_rows(engine, [place_id], silent, CancelToken())
    news = pending.found(identified.place_ids, identified.photo_ids)

    photo_id = int(identified.photo_ids[0])
    assert photo_id > 0
    assert [(each.class_id, each.origin) for each in news.labels.values() if each] == [(class_id, LabelOrigin.PERSON)]
    assert collection.labels.get([photo_id])[photo_id].class_id == class_id
    found = details(engine, place_id)
    assert found.photo is None
    assert found.label is not None
    pending.take_back(step)
    assert collection.labels.get([photo_id]) == {}


def test_a_pending_label_waits_for_a_file_that_is_gone(engine: Engine, folder: Path) -> None:
    pending = PendingLabels(engine.collection)
    rows = labelled(engine, folder).rows
    place_id = int(rows.place_ids[[path.name for path in rows.paths].index("broken.jpg")])
    pending.apply(LabelStep({}, {place_id: engine.collection.classes.add("mine").id}))
    (folder / "broken.jpg").unlink()

    assert identified_rows(engine, [place_id], silent, CancelToken()).photo_ids.tolist() == [0]
    assert pending.items()


def test_broken_raws_and_films_are_shown_without_a_picture_and_sorted_by_hand(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    (folder / "alone.nef").write_bytes(b"II*\0 raw")
    (folder / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    (folder / "red_0.mov").write_bytes(b"a sidecar")
    for name in ("alone.xmp", "alone.nef.pp3", "film.THM"):
        (folder / name).write_bytes(b"of a RAW or a film")

    result = labelled(engine, folder)
    reasons = {path.name: error for path, error in result.unreadable}
    for name in ("alone.nef", "film.mp4"):
        confirm(engine, folder / name)
    request = SortRequest(folder, tmp_path / "to", Mode.MOVE, Include.LABELLED)
    plan = plan_sort(engine, request, silent, CancelToken())
    run_sort(engine, RunSortRequest(plan), silent, CancelToken())

    assert set(reasons) == {"alone.nef", "broken.jpg", "film.mp4"}
    assert reasons["alone.nef"] == "the file is incomplete"
    assert reasons["film.mp4"] == "it is a film, which is not shown"
    assert plan.staying == {".mov": 1}
    assert sorted(path.name for path in (tmp_path / "to" / "mine").iterdir()) == [
        *("alone.nef", "alone.nef.pp3", "alone.xmp", "film.THM", "film.mp4"),
    ]
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".jpg") == ["red_0.mov"]


def test_a_label_the_window_left_pending_is_used_without_a_window(engine: Engine, folder: Path, tmp_path: Path) -> None:
    rows = labelled(engine, folder).rows
    place_id = int(rows.place_ids[[path.name for path in rows.paths].index("broken.jpg")])
    PendingLabels(engine.collection).apply(LabelStep({}, {place_id: engine.collection.classes.add("mine").id}))

    result = predict_settled(engine, PredictFolderRequest(folder), silent, CancelToken())
    plan = plan_sort(engine, SortRequest(folder, tmp_path / "to", include=Include.LABELLED), silent, CancelToken())

    assert class_of(engine, result, "broken.jpg") == "mine"
    assert [file.filing.source.name for file in plan.files] == ["broken.jpg"]
    assert engine.collection.pending_labels.all() == {}
