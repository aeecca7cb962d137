"""Stops sorts of a folder with suggestions, and changes the suggestions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.errors import Cancelled, UserError
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.resume import ResumeRequest, resume_run
from flowersorter.workflows.filing.sort import Include, RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.predicting.photo_details import folder_rows, predictions_for
from flowersorter.workflows.predicting.predict_folder import predict_together
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.starter_classes import delete_starter_classes
from tests.unit.workflows.predicting.test_folder_adaptation import NAMES, near
from tests.unit.workflows.stored_photos import remember

PHOTOS = 80


def teach(engine: Engine, labelled: Path, names: tuple[str, ...]) -> None:
    """Make a model of labelled photos of these classes."""
    delete_starter_classes(engine.collection)
    every = [name for name in names for _ in range(12)]
    remember(engine.collection, labelled, near((12, 12, 12), 0), every)
    retrain(engine, RetrainRequest(), silent, CancelToken())


def start(
    engine: Engine, folder: Path, destination: Path, mode: Mode, done: int = 20, include: Include = Include.ALL
) -> int:
    """Predict a folder, sort it, and press Cancel after so many photos; return the sort."""
    predict_together(engine, engine.collection.photos.places_under(folder), "resnet50", CancelToken(), folder)
    plan = plan_sort(engine, SortRequest((folder,), destination, mode, include), silent, CancelToken())
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


def turn(engine: Engine) -> None:
    """Give every label the next class, and train: every suggestion is the next class, too."""
    collection = engine.collection
    ids = [found.id for found in map(collection.classes.find, NAMES) if found is not None]
    after = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    labels = collection.labels.all().items()
    collection.labels.assign_many({photo: Label(after[label.class_id], label.origin) for photo, label in labels})
    retrain(engine, RetrainRequest(), silent, CancelToken())


def failing(error: UserError) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def label_the_rest(engine: Engine, count: int) -> list[int]:
    """Label so many photos that are not sorted yet as the class of the plan; return their ids."""
    collection = engine.collection
    left = [photo for photo in collection.journal.photos(collection.journal.runs()[0].id) if photo.state == "cancelled"]
    labelled = []
    for photo in left[:count]:
        assert photo.sha256 is not None
        record, entry = collection.photos.by_sha256(photo.sha256), collection.classes.find(photo.class_name)
        assert record is not None
        assert entry is not None
        collection.labels.assign([record.id], entry.id, LabelOrigin.PERSON)
        labelled.append(record.id)
    return labelled


def doubt(engine: Engine) -> None:
    """Give a third of the labels of each class the next class, and train: suggestions are less sure."""
    collection = engine.collection
    ids = [found.id for found in map(collection.classes.find, NAMES) if found is not None]
    after = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    labels = list(collection.labels.all().items())[::3]
    collection.labels.assign_many({photo: Label(after[label.class_id], label.origin) for photo, label in labels})
    retrain(engine, RetrainRequest(), silent, CancelToken())


def verdicts_of(engine: Engine, folder: Path) -> dict[str, int]:
    """The verdict of each photo of a folder, as it is shown."""
    predicted(engine, folder)
    rows = folder_rows(engine, folder)
    return {path.name: verdict for path, verdict in zip(rows.paths, rows.verdicts.tolist(), strict=True)}
