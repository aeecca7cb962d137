"""Folders of RAW files: suggested, labelled, sorted and undone like others, also when a JPEG comes or goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.photos.decoding.raw_file import NO_LIBRAW
from flowersorter.sorting.plan import Mode
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.history import UndoRequest, undo_run
from flowersorter.workflows.filing.sort import Include, RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.labelling.gone_labels import lost_labels
from flowersorter.workflows.labelling.label_photo import LabelPhotoRequest, label_photo
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult, predict_folder
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.drawing import textured, write_dng, write_jpeg
from tests.unit.photos.test_further_formats import motion_photo, samsung_motion_photo, ultra_hdr
from tests.unit.sorting.file_trees import names, snapshot
from tests.unit.workflows.conftest import COLOURS


def draw_raws(folder: Path, colour: str, count: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [textured((960, 640), COLOURS[colour], seed) for seed in range(count)]
    return [
        write_dng(folder / f"{colour}_{i}.dng", picture, preview=picture if i % 2 else None)
        for i, picture in enumerate(pictures)
    ]


def predicted(engine: Engine, folder: Path) -> PredictFolderResult:
    return predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())


def confirm(engine: Engine, path: Path, name: str) -> None:
    label_photo(engine, LabelPhotoRequest(path, name), silent, CancelToken())


def labels_of(engine: Engine, result: PredictFolderResult) -> dict[str, str]:
    names_by_id = {entry.id: entry.name for entry in engine.collection.classes.all()} | {0: ""}
    ids = result.rows.label_ids.tolist()
    return {path.name: names_by_id[label] for path, label in zip(result.rows.paths, ids, strict=True)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nothing but RAW files, and the sidecar of one."""
    found = tmp_path / "photos"
    for colour in ("red", "blue"):
        draw_raws(found, colour, 6)
    (found / "red_0.xmp").write_text("edits")
    return found


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_a_folder_of_raws_is_predicted_labelled_learned_sorted_and_undone(
    engine: Engine, folder: Path, tmp_path: Path, mode: Mode
) -> None:
    assert predicted(engine, folder).decoded == 12
    before = snapshot(folder)
    for colour in ("red", "blue"):
        for number in range(5):
            confirm(engine, folder / f"{colour}_{number}.dng", colour)
    assert retrain(engine, RetrainRequest(), silent, CancelToken()).photos == 10
    result = predicted(engine, folder)
    assert (result.unreadable, result.skipped, result.decoded) == ((), {"sidecar": 1}, 0)
    of_class = dict(zip([path.name for path in result.rows.paths], result.rows.class_ids.tolist(), strict=True))
    ids = {entry.name: entry.id for entry in engine.collection.classes.all()}
    assert (of_class["red_5.dng"], of_class["blue_5.dng"]) == (ids["red"], ids["blue"])
    assert Verdict.NONE not in result.rows.verdicts

    plan = plan_sort(engine, SortRequest(folder, tmp_path / "to", mode, Include.ALL), silent, CancelToken())
    done = run_sort(engine, RunSortRequest(plan), silent, CancelToken())

    expected = {f"{colour}/{colour}_{number}.dng" for colour in ("red", "blue") for number in range(6)}
    assert names(tmp_path / "to") == expected | {"red/red_0.xmp"}
    assert plan.staying == {}
    undo_run(engine, UndoRequest(done.run_id), silent, CancelToken())
    assert snapshot(folder) == before


def test_a_label_stays_with_the_shot_while_its_jpeg_comes_and_goes(engine: Engine, folder: Path) -> None:
    raw, jpeg = folder / "red_1.dng", folder / "red_1.jpg"
    predicted(engine, folder)
    confirm(engine, raw, "red")

    write_jpeg(jpeg, textured((960, 640), COLOURS["red"], 1))
    with_jpeg = predicted(engine, folder)

    assert len(with_jpeg.rows) == 12
    assert labels_of(engine, with_jpeg)["red_1.jpg"] == "red"
    assert sum(engine.collection.labels.counts().values()) == 1, "one shot teaches once"
    assert lost_labels(engine.collection).gone == 0
    confirm(engine, jpeg, "crimson")
    assert labels_of(engine, predicted(engine, folder))["red_1.jpg"] == "crimson"

    jpeg.unlink()
    without = predicted(engine, folder)

    assert labels_of(engine, without)["red_1.dng"] == "crimson"
    assert "red_1.jpg" not in labels_of(engine, without)
    assert lost_labels(engine.collection).gone == 0


def test_a_label_of_another_file_of_that_name_is_not_taken(engine: Engine, folder: Path) -> None:
    """A film, a PNG beside the JPEG, a RAW in another folder."""
    other = folder / "other"
    other.mkdir()
    write_jpeg(other / "red_1.jpg", textured(seed=7))
    write_jpeg(folder / "x.jpg", textured(seed=8))
    predicted(engine, folder)
    confirm(engine, other / "red_1.jpg", "red")
    confirm(engine, folder / "x.jpg", "red")
    (other / "red_1.jpg").unlink()
    (folder / "x.jpg").unlink()
    textured(seed=9).save(folder / "x.png")
    assert set(labels_of(engine, predicted(engine, folder)).values()) == {""}


def test_a_sort_by_suggestion_of_a_pair_is_no_label_for_the_raw_that_is_left(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    write_jpeg(folder / "red_1.jpg", textured((960, 640), COLOURS["red"], 1))
    predicted(engine, folder)
    for colour in ("red", "blue"):
        for number in (0, 2, 3, 4, 5):
            confirm(engine, folder / f"{colour}_{number}.dng", colour)
    retrain(engine, RetrainRequest(), silent, CancelToken())
    predicted(engine, folder)
    to = tmp_path / "to"
    plan = plan_sort(engine, SortRequest(folder, to, Mode.COPY, Include.ALL), silent, CancelToken())
    run_sort(engine, RunSortRequest(plan), silent, CancelToken())
    assert {"red/red_1.jpg", "red/red_1.dng"} <= names(to)

    (to / "red" / "red_1.jpg").unlink()
    assert labels_of(engine, predicted(engine, to))["red_1.dng"] == ""

    (folder / "red_1.jpg").unlink()
    predicted(engine, folder)
    confirm(engine, folder / "red_1.dng", "blue")
    again = plan_sort(engine, SortRequest(folder, to, Mode.COPY, Include.LABELLED), silent, CancelToken())
    reasons = {skipped.path.name: str(skipped.reason) for skipped in again.skipped}
    assert reasons["red_1.dng"] == "it is sorted into “red” there already"


@pytest.mark.parametrize("reason", ["it is a RAW file, which is not shown", NO_LIBRAW])
def test_raws_that_could_not_be_opened_before_are_photos_now(engine: Engine, folder: Path, reason: str) -> None:
    """Also those that a person gave a class, which was not learned from."""
    places = predicted(engine, folder).rows.place_ids.tolist()
    confirm(engine, folder / "red_1.dng", "red")
    database = engine.collection.database
    with database.transaction() as connection:
        connection.execute("UPDATE places SET error = ?", (reason,))
        connection.execute("UPDATE places SET photo_id = NULL WHERE photo_id NOT IN (SELECT photo_id FROM labels)")
        connection.execute("DELETE FROM photos WHERE id NOT IN (SELECT photo_id FROM labels)")
        connection.execute("UPDATE photos SET width_px = 0, height_px = 0")

    now = predicted(engine, folder)

    assert (now.decoded, now.unreadable) == (12, ())
    assert now.rows.place_ids.tolist() == places
    assert labels_of(engine, now)["red_1.dng"] == "red"
    assert sum(engine.collection.labels.counts().values()) == 1
    assert predicted(engine, folder).decoded == 0


def test_a_broken_raw_is_one_marked_tile(engine: Engine, folder: Path) -> None:
    whole = (folder / "red_0.dng").read_bytes()
    (folder / "red_0.dng").write_bytes(whole[: len(whole) // 2])
    result = predicted(engine, folder)
    assert [(path.name, str(why)) for path, why in result.unreadable] == [("red_0.dng", "the file is incomplete")]
    assert result.decoded == 11


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_gain_maps_and_films_inside_photos_are_sorted_byte_for_byte(engine: Engine, tmp_path: Path, mode: Mode) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    files = {"PXL_1.jpg": ultra_hdr(), "PXL_2.MP.jpg": motion_photo(), "2024.jpg": samsung_motion_photo()}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    before = snapshot(folder)
    assert predicted(engine, folder).unreadable == ()
    for name in files:
        confirm(engine, folder / name, "mine")

    plan = plan_sort(engine, SortRequest(folder, tmp_path / "to", mode, Include.LABELLED), silent, CancelToken())
    done = run_sort(engine, RunSortRequest(plan), silent, CancelToken())

    assert {path.name: path.read_bytes() for path in (tmp_path / "to" / "mine").iterdir()} == files
    undo_run(engine, UndoRequest(done.run_id), silent, CancelToken())
    assert snapshot(folder) == before
