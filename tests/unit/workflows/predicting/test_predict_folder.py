"""Label a folder: everything accounted for once, nothing decoded twice, labels from class folders, cancel."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path
from threading import Event, Lock
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import Cancelled, FolderUnusable, WeightsMissing
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.jobs.worker_threads import workers_ended
from flowersorter.library.collection import CollectionStore
from flowersorter.photos.read import LoadedPhoto, read_photo
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting import extra_views, ingest, predict_photos
from flowersorter.workflows.predicting.network_loader import Embeds
from flowersorter.workflows.predicting.photo_details import details, folder_rows
from flowersorter.workflows.predicting.predict_folder import (
    FolderScanned,
    PredictFolderRequest,
    PredictFolderResult,
    RowsChanged,
    predict_folder,
)
from flowersorter.workflows.predicting.viewport_priority import ViewportPriority
from tests.stub_network import ColourNetwork, open_colour_network
from tests.stuck import LIMIT_S, Stuck
from tests.unit.workflows.conftest import draw_photos


def labelled(engine: Engine, folder: Path) -> PredictFolderResult:
    return predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())


def no_network(backbone: Backbone, device: str) -> Embeds:
    raise AssertionError(f"the network {backbone.name} was opened on {device} although nothing is new")


def test_every_photo_is_there_once_and_predicted(engine: Engine, photos: Path) -> None:
    result = labelled(engine, photos)
    assert len(result.rows) == 30
    assert len(set(result.rows.paths)) == 30
    assert result.decoded == 30
    assert (result.rows.class_ids > 0).all()
    assert (result.rows.verdicts != Verdict.NONE).all()
    assert result.rows.paths[1].name == "blue_1.jpg"


def test_a_second_run_decodes_nothing_and_says_the_same(engine: Engine, photos: Path) -> None:
    first = labelled(engine, photos)
    engine.open_network = no_network
    again = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    assert again.decoded == 0
    assert np.array_equal(again.rows.confidences, first.rows.confidences)
    assert again.rows.paths == first.rows.paths


def test_broken_files_are_reported_and_the_rest_goes_on(engine: Engine, photos: Path) -> None:
    (photos / "empty.jpg").touch()
    (photos / "words.png").write_text("not a picture")
    (photos / "notes.txt").write_text("no photo at all")
    result = labelled(engine, photos)
    assert {path.name for path, _ in result.unreadable} == {"empty.jpg", "words.png"}
    assert all(reason for _, reason in result.unreadable)
    assert len(result.rows) == 32
    engine.open_network = no_network
    again = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    assert again.unreadable == result.unreadable


def test_photos_of_a_drive_that_was_away_while_they_were_read_are_read_when_it_is_back(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "words.png").write_text("not a picture")
    away, elsewhere = True, photos.with_name("elsewhere")

    def read(path: Path, *, short_side_px: int) -> LoadedPhoto:
        return read_photo(elsewhere / path.name if away else path, short_side_px=short_side_px)

    monkeypatch.setattr(ingest, "read_photo", read)
    lost = labelled(engine, photos)
    assert lost.decoded == 0
    assert {reason for _, reason in lost.unreadable} == {"the file is not there"}
    away = False
    back = labelled(engine, photos)
    assert back.decoded == len(back.rows) - 1
    assert [path.name for path, _ in back.unreadable] == ["words.png"]
    tried: list[Path] = []
    monkeypatch.setattr(ingest, "read_photo", lambda path, **_: tried.append(path))
    labelled(engine, photos)
    assert tried == []


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_a_folder_that_vanishes_while_it_is_read_makes_no_photo_unreadable(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    aside, one_at_a_time, unplugged = photos.with_name("aside"), Lock(), Event()

    def read(path: Path, *, short_side_px: int) -> LoadedPhoto:
        with one_at_a_time:
            if not unplugged.is_set():  # a thread may still read when the job has ended and the drive is back
                unplugged.set()
                photos.rename(aside)
                if left == "an empty folder":
                    (photos / "2026").mkdir(parents=True)
        return read_photo(path, short_side_px=short_side_px)

    monkeypatch.setattr(ingest, "read_photo", read)
    if left == "nothing":
        with pytest.raises(FolderUnusable, match=r"The folder is no longer there: .*photos\. Connect its drive"):
            labelled(engine, photos)
    else:
        lost = labelled(engine, photos)
        assert lost.unreadable == ()
        assert [str(why) for _, why in lost.problems] == ["the folder is no longer there"]
    places = engine.collection.photos.places_under((photos,))
    assert len(places) == 30
    assert set(places.errors) == {None}
    shutil.rmtree(photos, ignore_errors=True)
    aside.rename(photos)
    monkeypatch.setattr(ingest, "read_photo", read_photo)
    assert labelled(engine, photos).decoded == 30


def test_a_folder_beside_one_that_vanishes_is_read_all_the_same(
    engine: Engine, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (away,) = draw_photos(tmp_path / "drive", "red", 1, first=900)

    def read(path: Path, *, short_side_px: int) -> LoadedPhoto:
        shutil.rmtree(tmp_path / "drive", ignore_errors=True)
        return read_photo(path, short_side_px=short_side_px)

    monkeypatch.setattr(ingest, "read_photo", read)
    request = PredictFolderRequest((tmp_path / "drive", photos))
    result = predict_folder(engine, request, silent, CancelToken())
    assert (result.decoded, result.unreadable) == (30, ())
    assert result.problems == ((away.parent, "the folder is no longer there"),)


def test_a_changed_photo_is_read_again_and_only_that(engine: Engine, photos: Path) -> None:
    before = labelled(engine, photos)
    changed = draw_photos(photos / "2026", "yellow", 1)[0]
    target = photos / "2026" / "red_3.jpg"
    shutil.copyfile(changed, target)
    changed.unlink()
    after = labelled(engine, photos)
    assert after.decoded == 1
    row = after.rows.paths.index(target)
    assert after.rows.photo_ids[row] != before.rows.photo_ids[before.rows.paths.index(target)]


def test_copies_are_one_photo_in_two_places(engine: Engine, photos: Path) -> None:
    shutil.copyfile(photos / "2026" / "red_0.jpg", photos / "copy.jpg")
    rows = labelled(engine, photos).rows
    ids = {path.name: int(photo_id) for path, photo_id in zip(rows.paths, rows.photo_ids, strict=True)}
    assert ids["copy.jpg"] == ids["red_0.jpg"]
    assert len(rows) == 31


def test_a_sub_folder_named_like_a_class_is_a_label(engine: Engine, photos: Path) -> None:
    draw_photos(photos / "Tulips", "red", 2, first=50)  # the starter knows "tulips"
    result = labelled(engine, photos)
    names = {c.id: c.name for c in engine.collection.classes.all()}
    by_folder = {p.name: names[int(c)] for p, c in zip(result.rows.paths, result.rows.label_ids, strict=True) if c}
    assert by_folder == {"red_50.jpg": "tulips", "red_51.jpg": "tulips"}
    assert not result.rows.by_person.any()
    assert result.by_folder == 2


def test_a_person_overrules_the_folder(engine: Engine, photos: Path) -> None:
    draw_photos(photos / "tulips", "red", 1, first=50)
    rows = labelled(engine, photos).rows
    photo_id = int(rows.photo_ids[[p.name for p in rows.paths].index("red_50.jpg")])
    rose = engine.collection.classes.find("roses")
    assert rose is not None
    assign(engine.collection, [photo_id], rose.id)
    labelled(engine, photos)
    label_now = engine.collection.labels.get([photo_id])[photo_id]
    assert (label_now.class_id, label_now.origin) == (rose.id, LabelOrigin.PERSON)


def test_news_come_in_order_and_cover_every_photo(engine: Engine, photos: Path) -> None:
    news: list[object] = []
    predict_folder(engine, PredictFolderRequest(photos), news.append, CancelToken())
    scans = [n for n in news if isinstance(n, FolderScanned)]
    changed = [n for n in news if isinstance(n, RowsChanged)]
    assert len(scans) == 1
    assert len(scans[0].rows) == 30
    assert not scans[0].rows.class_ids.any()
    reading = [n for n in news if isinstance(n, Progress) and n.stage == "Suggesting classes"]
    assert (reading[-1].done, reading[-1].total) == (30, 30)
    before_the_second_look = changed[: sum(1 for n in reading if n.done)]
    assert sorted(i for n in before_the_second_look for i in n.rows.place_ids) == sorted(scans[0].rows.place_ids)


def test_a_cancelled_job_keeps_what_it_read_and_goes_on_there(engine: Engine, photos: Path) -> None:
    cancel = CancelToken()

    def stop_after_the_first_block(event: object) -> None:
        if isinstance(event, RowsChanged) and (event.rows.photo_ids > 0).any():
            cancel.cancel()

    with pytest.raises(Cancelled):
        predict_folder(engine, PredictFolderRequest(photos), stop_after_the_first_block, cancel)
    known = int((folder_rows(engine, photos).photo_ids > 0).sum())
    assert 0 < known < 30
    assert labelled(engine, photos).decoded == 30 - known


def test_a_job_is_cancelled_while_the_network_is_still_opening(engine: Engine, photos: Path) -> None:
    cancel, let_it_open = CancelToken(), threading.Event()

    def slow(backbone: Backbone, device: str) -> Embeds:
        cancel.cancel()
        let_it_open.wait()
        return open_colour_network(backbone, device)

    engine.open_network = slow
    with pytest.raises(Cancelled):
        predict_folder(engine, PredictFolderRequest(photos), silent, cancel)
    let_it_open.set()
    engine.open_network = open_colour_network
    assert labelled(engine, photos).decoded == 30


def test_a_network_that_cannot_be_opened_says_why(engine: Engine, photos: Path) -> None:
    def missing(backbone: Backbone, device: str) -> Embeds:
        raise WeightsMissing(f"The weights of {backbone.title} are not on this computer", device)

    engine.open_network = missing
    with pytest.raises(WeightsMissing):
        predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())


def test_lost_embeddings_are_made_again_from_the_small_pictures(engine: Engine, photos: Path, tmp_path: Path) -> None:
    first = labelled(engine, photos)
    engine.collection.close()
    shutil.rmtree(tmp_path / "collection" / "embeddings")
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as reopened:
        again = labelled(reopened, photos)
    assert again.decoded == 0
    assert np.array_equal(again.rows.class_ids, first.rows.class_ids)
    np.testing.assert_allclose(again.rows.confidences, first.rows.confidences, atol=0.05)


class _Tallying(ColourNetwork):
    """Remembers how many crops came at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        self.sizes.append(len(crops))
        return super().embed(crops)


def test_no_lane_gets_all_of_the_last_further_views(
    engine: Engine, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extra_views, "core_count", lambda: 2)
    labelled(engine, photos)
    engine.collection.close()
    shutil.rmtree(tmp_path / "collection" / "embeddings")
    network = _Tallying()
    with Engine(CollectionStore.open(tmp_path / "collection"), lambda _b, _d: network) as reopened:
        predict_folder(reopened, PredictFolderRequest(photos), silent, CancelToken())
    assert sorted(network.sizes, reverse=True) == [8, 8, 7, 4, 2, 1]


def test_a_lost_cache_is_made_again_from_the_photos(engine: Engine, photos: Path, tmp_path: Path) -> None:
    first = labelled(engine, photos)
    engine.collection.close()
    shutil.rmtree(tmp_path / "collection" / "embeddings")
    shutil.rmtree(tmp_path / "collection" / "thumbnails")
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as reopened:
        again = labelled(reopened, photos)
        sha256 = reopened.collection.photos.photo(int(again.rows.photo_ids[0])).sha256
        assert reopened.collection.thumbnails.get(sha256) is not None
    assert np.array_equal(again.rows.class_ids, first.rows.class_ids)


def test_what_somebody_looks_at_is_read_first(engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "core_count", lambda: 1)  # of several workers any may be the first to have finished
    looked_at = sorted(photos.rglob("red_*.jpg"))
    priority, news = ViewportPriority(), list[object]()

    def report(item: object) -> None:
        if isinstance(item, FolderScanned):
            by_path = dict(zip(item.rows.paths, item.rows.place_ids.tolist(), strict=True))
            priority.ask([by_path[path] for path in looked_at])
        news.append(item)

    predict_folder(engine, PredictFolderRequest(photos, priority=priority), report, CancelToken())
    blocks = [item.rows.paths for item in news if isinstance(item, RowsChanged)]
    assert set(blocks[0]) < set(looked_at) <= set(blocks[0]) | set(blocks[1])


def test_photos_are_embedded_once_also_where_the_prediction_is_not_sure(engine: Engine, photos: Path) -> None:
    network = ColourNetwork()
    engine.open_network = lambda _b, _d: network
    rows = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    assert (rows.verdicts != Verdict.SURE).any()
    assert network.embedded == len(rows) == 30
    predict_photos.predict_photos(engine, predict_photos.PredictRequest(tuple(rows.paths)), silent, CancelToken())
    assert network.embedded == 60


def test_a_photo_that_vanished_is_missing_and_not_forgotten(engine: Engine, photos: Path) -> None:
    labelled(engine, photos)
    gone = photos / "2026" / "red_0.jpg"
    content = gone.read_bytes()
    stat = gone.stat()
    gone.unlink()
    assert len(labelled(engine, photos).rows) == 29
    gone.write_bytes(content)
    os.utime(gone, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    engine.open_network = no_network
    back = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    assert len(back.rows) == 30


def test_a_missing_folder_is_said_and_nothing_is_forgotten(engine: Engine, photos: Path) -> None:
    labelled(engine, photos)
    photos.rename(photos.with_name("unplugged"))
    with pytest.raises(FolderUnusable):
        labelled(engine, photos)
    photos.with_name("unplugged").rename(photos)
    engine.open_network = no_network
    assert predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).decoded == 0


def test_details_name_the_guesses_and_the_nearest_confirmed_photos(engine: Engine, photos: Path) -> None:
    rows = labelled(engine, photos).rows
    ids = {path.name: int(i) for path, i in zip(rows.paths, rows.photo_ids, strict=True)}
    reds = engine.collection.classes.add("my reds")
    blues = engine.collection.classes.add("my blues")
    assign(engine.collection, [ids["red_0.jpg"], ids["red_1.jpg"], ids["red_2.jpg"]], reds.id)
    assign(engine.collection, [ids["blue_0.jpg"]], blues.id)
    place_id = int(rows.place_ids[[p.name for p in rows.paths].index("red_5.jpg")])
    found = details(engine, place_id)
    assert [n.class_id for n in found.neighbours] == [reds.id] * 3
    assert found.photo is not None
    assert sum(p for _, p in found.top) == pytest.approx(1, abs=1e-3)
    assert found.verdict is not Verdict.NONE


@pytest.mark.parametrize(
    ("module", "name"),
    [(ingest, "read_photo"), (sys.modules[predict_folder.__module__], "scan")],
)
def test_a_job_is_cancelled_whatever_a_decoder_or_a_drive_does(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    stuck, cancel = Stuck(), CancelToken()
    stuck.when_begun(cancel.cancel)
    monkeypatch.setattr(module, name, stuck)
    with pytest.raises(Cancelled):
        predict_folder(engine, PredictFolderRequest(photos), silent, cancel)
    stuck.gate.set()
    monkeypatch.undo()
    assert len(labelled(engine, photos).rows) == 30


def test_a_lost_cache_made_again_is_cancelled_whatever_a_decoder_does(
    engine: Engine, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled(engine, photos)
    engine.collection.close()
    shutil.rmtree(tmp_path / "collection" / "embeddings")
    stuck, cancel = Stuck(), CancelToken()
    stuck.when_begun(cancel.cancel)
    monkeypatch.setattr(extra_views, "pixels_of", stuck)
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as reopened:
        with pytest.raises(Cancelled):
            predict_folder(reopened, PredictFolderRequest(photos), silent, cancel)
        stuck.gate.set()
        monkeypatch.undo()
        assert len(labelled(reopened, photos).rows) == 30


def test_single_photos_are_cancelled_whatever_a_decoder_does(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, cancel = Stuck(), CancelToken()
    stuck.when_begun(cancel.cancel)
    monkeypatch.setattr(predict_photos, "read_photo", stuck)
    request = predict_photos.PredictRequest((photos / "2026" / "red_1.jpg",))
    with pytest.raises(Cancelled):
        predict_photos.predict_photos(engine, request, silent, cancel)
    stuck.gate.set()


def test_what_a_decoder_makes_after_its_job_was_cancelled_is_dropped(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The collection may be closed by then."""
    stuck, cancel = Stuck(), CancelToken()

    def read(path: Path, *, short_side_px: int) -> LoadedPhoto:
        stuck()
        return read_photo(path, short_side_px=short_side_px)

    stuck.when_begun(cancel.cancel)
    monkeypatch.setattr(ingest, "read_photo", read)
    with pytest.raises(Cancelled):
        predict_folder(engine, PredictFolderRequest(photos), silent, cancel)
    stuck.gate.set()
    assert workers_ended(LIMIT_S)
    assert not list(engine.collection.thumbnails.files())
