"""The scope of a folder: links, patterns, several folders; nothing outside it is shown, sorted or forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import FolderUnusable, SortRefused
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.tables.settings import SCAN_OPTIONS
from flowersorter.photos.scan import Roots
from flowersorter.photos.scanning.scan_options import ScanOptions
from flowersorter.sorting.plan import Mode
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.sort import RunSortRequest, SortRequest, check_destination, plan_sort, run_sort
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.photo_details import folder_rows
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult, predict_folder
from flowersorter.workflows.predicting.scan_scope import remember_scan_options, scan_options
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.unit.workflows.conftest import draw_photos


def labelled(engine: Engine, roots: Roots) -> PredictFolderResult:
    return predict_folder(engine, PredictFolderRequest(roots), silent, CancelToken())


def names(result: PredictFolderResult) -> list[str]:
    return [path.name for path in result.rows.paths]


def label_all(engine: Engine, result: PredictFolderResult) -> int:
    chosen = engine.collection.classes.resolve("mine", ClassOrigin.PERSON)
    assign(engine.collection, sorted({int(each) for each in result.rows.photo_ids}), chosen.id)
    return chosen.id


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Two photos, two in a sub-folder, and links to two photos elsewhere."""
    folder = tmp_path / "album"
    draw_photos(folder, "red", 2)
    draw_photos(folder / "drafts", "blue", 2)
    draw_photos(tmp_path / "elsewhere", "green", 2)
    (folder / "far").symlink_to("../elsewhere")
    return folder


def test_photos_behind_a_link_are_neither_shown_nor_sorted(engine: Engine, album: Path, tmp_path: Path) -> None:
    result = labelled(engine, album)
    label_all(engine, result)
    plan = plan_sort(engine, SortRequest(album, tmp_path / "to", Mode.MOVE), silent, CancelToken())
    run_sort(engine, RunSortRequest(plan), silent, CancelToken())

    assert names(result) == ["blue_0.jpg", "blue_1.jpg", "red_0.jpg", "red_1.jpg"]
    assert result.skipped == {"link to another folder": 1}
    assert len(plan.files) == 4
    assert len(list((tmp_path / "elsewhere").iterdir())) == 2


def test_a_narrower_scope_hides_photos_and_keeps_their_labels(engine: Engine, album: Path, tmp_path: Path) -> None:
    collection = engine.collection
    remember_scan_options(collection, album, ScanOptions(follow_links=True))
    class_id = label_all(engine, labelled(engine, album))
    assert collection.labels.counts() == {class_id: 6}

    remember_scan_options(collection, album, ScanOptions(exclude=("drafts",)))
    narrow = labelled(engine, album)
    plan = plan_sort(engine, SortRequest(album, tmp_path / "to", Mode.COPY), silent, CancelToken())

    assert names(narrow) == ["red_0.jpg", "red_1.jpg"]
    assert narrow.skipped == {"link to another folder": 1, "excluded folder": 1}
    assert list(folder_rows(engine, album).paths) == list(narrow.rows.paths)
    assert len(plan.files) + len(plan.skipped) == 2
    assert collection.labels.counts() == {class_id: 6}

    remember_scan_options(collection, album, ScanOptions(follow_links=True))
    wide = labelled(engine, album)

    assert wide.decoded == 0
    assert (wide.rows.label_ids == class_id).all()
    assert len(wide.rows) == 6


def test_sub_folders_are_left_out_and_come_back(engine: Engine, album: Path) -> None:
    remember_scan_options(engine.collection, album, ScanOptions(recursive=False))
    flat = labelled(engine, album)
    remember_scan_options(engine.collection, album, ScanOptions())
    whole = labelled(engine, album)

    assert names(flat) == ["red_0.jpg", "red_1.jpg"]
    assert flat.skipped == {"sub-folder": 2}
    assert len(whole.rows) == 4


def test_a_photo_deleted_while_it_was_left_out_is_missing_afterwards(engine: Engine, album: Path) -> None:
    labelled(engine, album)
    remember_scan_options(engine.collection, album, ScanOptions(exclude=("drafts",)))
    labelled(engine, album)
    (album / "drafts" / "blue_0.jpg").unlink()
    remember_scan_options(engine.collection, album, ScanOptions())

    assert names(labelled(engine, album)) == ["blue_1.jpg", "red_0.jpg", "red_1.jpg"]
    assert len(folder_rows(engine, album)) == 3


def test_several_folders_and_a_photo_are_one_view(engine: Engine, album: Path, tmp_path: Path) -> None:
    other = draw_photos(tmp_path / "other", "yellow", 3)
    roots = (album / "drafts", tmp_path / "elsewhere", other[1])

    result = labelled(engine, roots)

    assert names(result) == ["blue_0.jpg", "blue_1.jpg", "green_0.jpg", "green_1.jpg", "yellow_1.jpg"]
    assert list(folder_rows(engine, roots).paths) == list(result.rows.paths)


def test_the_destination_overlaps_none_of_several_folders(engine: Engine, album: Path, tmp_path: Path) -> None:
    other = draw_photos(tmp_path / "other", "yellow", 2)
    roots = (album, other[0])
    label_all(engine, labelled(engine, roots))

    for inside in (album / "to", tmp_path / "other" / "to", tmp_path):
        with pytest.raises(SortRefused):
            check_destination(roots, inside, Mode.MOVE, CancelToken())
        with pytest.raises(SortRefused):
            plan_sort(engine, SortRequest(roots, inside, Mode.MOVE), silent, CancelToken())
    check_destination(roots, tmp_path / "to", Mode.MOVE, CancelToken())
    plan = plan_sort(engine, SortRequest(roots, tmp_path / "to", Mode.MOVE), silent, CancelToken())
    run_sort(engine, RunSortRequest(plan), silent, CancelToken())

    assert len(plan.files) == 5
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["yellow_1.jpg"]


def test_photos_of_one_folder_come_from_that_folder(engine: Engine, album: Path, tmp_path: Path) -> None:
    roots = tuple(sorted((album / "drafts").iterdir()))
    label_all(engine, labelled(engine, roots))

    assert plan_sort(engine, SortRequest(roots, tmp_path / "to"), silent, CancelToken()).source == album / "drafts"


def test_default_options_are_not_kept(engine: Engine, album: Path) -> None:
    remember_scan_options(engine.collection, album, ScanOptions(recursive=False))
    assert not scan_options(engine.collection, album).recursive
    remember_scan_options(engine.collection, album, ScanOptions())
    assert engine.collection.settings.get(SCAN_OPTIONS) == {}


def test_training_on_links_alone_says_that_they_were_not_followed(engine: Engine, tmp_path: Path) -> None:
    draw_photos(tmp_path / "real" / "red", "red", 2)
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "red").symlink_to(tmp_path / "real" / "red")

    with pytest.raises(FolderUnusable, match="links to other folders were not followed: 1"):
        train_folder(engine, TrainFolderRequest(tmp_path / "set"), silent, CancelToken())
