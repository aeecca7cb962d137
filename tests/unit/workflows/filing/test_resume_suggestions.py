"""A sort that goes on leaves the photos that the model suggests as another class by now, and no others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.label import Label
from flowersorter.errors import Cancelled, ModelFileBad
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.vision.features.views import CENTRE
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing import present_suggestions
from flowersorter.workflows.filing.resume import ResumeRequest, resume_run
from flowersorter.workflows.filing.sort import RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.predicting.features.feature_cache import FeatureTable
from flowersorter.workflows.predicting.photo_details import folder_rows, predictions_for
from flowersorter.workflows.predicting.predict_folder import predict_together
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.starter_classes import delete_starter_classes
from tests.stub_network import open_colour_network
from tests.unit.workflows.predicting.test_folder_adaptation import NAMES, near
from tests.unit.workflows.stored_photos import remember

PHOTOS = 80


@pytest.fixture
def folder(engine: Engine, tmp_path: Path) -> Path:
    """Photos that are hard to tell apart, whose folder says that most of them are asters; they have no label."""
    collection, folder = engine.collection, tmp_path / "photos"
    folder.mkdir()
    for number in range(PHOTOS):
        (folder / f"{number:02}.jpg").write_bytes(b"photo %d" % number)
    found = [(path, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.iterdir())]
    places = collection.photos.sync_folder(folder, found)
    hashes = [hashlib.sha256(place.path.read_bytes()).digest() for place in places]
    records = [
        ReadRecord(place.id, sha256, place.size_bytes, place.mtime_ns, 100, 100, None, None)
        for place, sha256 in zip(places, hashes, strict=True)
    ]
    collection.photos.record(records)
    collection.embeddings("resnet50").append(hashes, CENTRE, near((PHOTOS, 0, 0), 1).astype(np.float16))
    teach(engine, tmp_path / "labelled", NAMES)
    return folder


@pytest.fixture
def reopened(engine: Engine) -> Callable[[], Engine]:
    """Gives the collection to another engine, which has predicted nothing yet, as a new process has."""
    return lambda: Engine(engine.collection, open_colour_network)


def teach(engine: Engine, labelled: Path, names: tuple[str, ...]) -> None:
    """Make a model of labelled photos of these classes."""
    delete_starter_classes(engine.collection)
    every = [name for name in names for _ in range(12)]
    remember(engine.collection, labelled, near((12, 12, 12), 0), every)
    retrain(engine, RetrainRequest(), silent, CancelToken())


def start(engine: Engine, folder: Path, destination: Path, mode: Mode, done: int = 20) -> int:
    """Predict a folder, sort it, and press Cancel after so many photos; return the sort."""
    predict_together(engine, engine.collection.photos.places_under(folder), "resnet50", CancelToken(), folder)
    plan = plan_sort(engine, SortRequest((folder,), destination, mode), silent, CancelToken())
    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.done == done:
            cancel.cancel()

    with pytest.raises(Cancelled):
        run_sort(engine, RunSortRequest(plan), press, cancel)
    return engine.collection.journal.runs()[0].id


def go_on(engine: Engine) -> RunResult:
    return resume_run(engine, ResumeRequest(), silent, CancelToken())


def predicted(engine: Engine, folder: Path) -> dict[str, str]:
    """The suggestion of each photo of a folder, as it is shown."""
    collection = engine.collection
    predict_together(engine, collection.photos.places_under(folder), "resnet50", CancelToken(), folder)
    rows, names = folder_rows(engine, folder), {entry.id: entry.name for entry in collection.classes.all()}
    return {path.name: names[class_id] for path, class_id in zip(rows.paths, rows.class_ids.tolist(), strict=True)}


def suggested(engine: Engine) -> NDArray[np.int32]:
    found = predictions_for(engine, engine.collection.photos.ids())
    assert found is not None
    return found.best


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_no_photo_stays_where_the_model_is_the_same(
    engine: Engine, folder: Path, tmp_path: Path, reopened: Callable[[], Engine], mode: Mode
) -> None:
    start(engine, folder, tmp_path / "sorted", mode)
    other = reopened()
    alone, together = map(suggested, (other, engine))
    assert (alone != together).sum() > PHOTOS / 20, "the folder decides about some of them"
    result = go_on(other)
    assert (result.failed, result.waiting) == (0, 0)
    assert other.folder_terms is None, "the estimates of the open folder stay as they are"


def turn(engine: Engine) -> None:
    """Give every label the next class, and train: every suggestion is the next class, too."""
    collection = engine.collection
    ids = [found.id for found in map(collection.classes.find, NAMES) if found is not None]
    after = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    labels = collection.labels.all().items()
    collection.labels.assign_many({photo: Label(after[label.class_id], label.origin) for photo, label in labels})
    retrain(engine, RetrainRequest(), silent, CancelToken())


@pytest.mark.parametrize("in_same_process", [True, False])
def test_photos_stay_that_a_model_made_since_suggests_as_another_class(
    engine: Engine, folder: Path, tmp_path: Path, reopened: Callable[[], Engine], in_same_process: bool
) -> None:
    run_id = start(engine, folder, tmp_path / "sorted", Mode.COPY)
    turn(engine)
    filed = {path.name for path in (tmp_path / "sorted").rglob("*.jpg")}
    planned = {photo.source.name: photo.class_name for photo in engine.collection.journal.photos(run_id)}
    now = {name: suggestion for name, suggestion in predicted(reopened(), folder).items() if name not in filed}
    changed = {name: suggestion for name, suggestion in now.items() if suggestion != planned[name]}
    assert len(changed) > 0.9 * len(now)
    result = go_on(engine if in_same_process else reopened())
    assert (result.filed, result.failed) == (len(now) - len(changed), len(changed))
    assert {file.source.name: file.error for file in result.not_filed} == {
        name: f"its suggestion is “{suggestion}” now; sort the folder again" for name, suggestion in changed.items()
    }
    assert {path.name for path in (tmp_path / "sorted").rglob("*.jpg")} == {*planned} - {*changed}


@pytest.mark.parametrize("gone", ["model", "damaged", "embeddings"])
def test_photos_without_a_suggestion_are_sorted_as_planned(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)
    turn(engine)
    if gone == "embeddings":
        monkeypatch.setattr(FeatureTable, "scored", lambda self, photo_ids, model: iter(()))
    else:
        monkeypatch.setattr(present_suggestions, "model_for", lambda *_: no_model(damaged=gone == "damaged"))
    result = go_on(engine)
    assert (result.failed, result.waiting) == (0, 0)


def no_model(*, damaged: bool) -> None:
    if damaged:
        raise ModelFileBad("The model cannot be read")


def test_photos_of_several_folders_stay_likewise(engine: Engine, folder: Path, tmp_path: Path) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)
    with engine.collection.database.transaction() as connection:
        connection.execute("UPDATE runs SET source = NULL")
    turn(engine)
    result = go_on(engine)
    assert result.failed > 0.9 * (result.filed + result.failed)
