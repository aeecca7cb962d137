"""First suggestions from previews: before any photo is read, provisional, and without a trace in the library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.architecture import TorchvisionArchitecture
from flowersorter.vision.backbone.registry import backbone
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.sort import SortRequest, plan_sort
from flowersorter.workflows.labelling.class_changes import start_without_classes
from flowersorter.workflows.predicting import first_suggestions
from flowersorter.workflows.predicting.first_suggestions import FirstSuggestions, for_previews
from flowersorter.workflows.predicting.photo_details import folder_rows
from flowersorter.workflows.predicting.predict_folder import (
    FolderScanned,
    PredictFolderRequest,
    RowsChanged,
    find_photos,
    predict_folder,
)
from flowersorter.workflows.predicting.viewport_priority import ViewportPriority
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.drawing import BLUE, RED, textured, write_camera_photo
from tests.stub_network import open_colour_network

COUNT = 12


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_suggestions, "FEWEST", 4)


@pytest.fixture
def trained(collection: CollectionStore, sorted_photos: Path) -> Engine:
    """Knows red, green and blue."""
    engine = Engine(collection, open_colour_network)
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    return engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Blue photos whose previews are red: a suggestion tells what was read."""
    made = tmp_path / "new"
    made.mkdir()
    for number in range(COUNT):
        photo, preview = textured((320, 240), BLUE, number), textured((320, 240), RED, number)
        write_camera_photo(made / f"IMG_{number:03}.jpg", photo, preview=preview)
    return made


def run(engine: Engine, folder: Path, tried: set[int] | None, priority: ViewportPriority | None = None) -> list[object]:
    """The events of a prediction."""
    events: list[object] = []
    predict_folder(
        engine, PredictFolderRequest(folder, priority=priority, previews=tried), events.append, CancelToken()
    )
    return [event for event in events if not isinstance(event, Progress)]


def test_suggestions_from_previews_come_first_and_those_of_the_photos_take_their_place(
    trained: Engine, folder: Path
) -> None:
    (folder / "plain.png").write_bytes((folder / "IMG_000.jpg").read_bytes())  # not opened for a preview
    events = run(trained, folder, set())
    kinds = [type(event) for event in events]
    assert kinds[0] is FolderScanned
    firsts = [event for event in events if isinstance(event, FirstSuggestions)]
    assert kinds.index(RowsChanged) > max(at for at, kind in enumerate(kinds) if kind is FirstSuggestions)
    first = FirstSuggestions.joined(firsts)
    classes = {entry.name: entry.id for entry in trained.collection.classes.all()}
    assert len(set(first.place_ids.tolist())) == COUNT
    assert set(first.class_ids.tolist()) == {classes["red"]}
    rows = folder_rows(trained, folder)
    assert len(rows) == COUNT + 1
    assert set(rows.class_ids.tolist()) == {classes["blue"]}


def test_in_a_collection_without_classes_no_preview_is_read(collection: CollectionStore, folder: Path) -> None:
    start_without_classes(collection)
    tried, stages = set[int](), list[str]()

    def report(event: object) -> None:
        if isinstance(event, Progress):
            stages.append(str(event.stage))

    engine = Engine(collection, open_colour_network)
    predict_folder(engine, PredictFolderRequest(folder, previews=tried), report, CancelToken())
    assert tried == set()
    assert not any("previews" in stage for stage in stages), "there is nothing to suggest"


def test_a_job_stopped_after_the_previews_leaves_no_trace_and_is_not_begun_again(
    trained: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection, cancel, tried, events = trained.collection, CancelToken(), set[int](), list[object]()
    store, photo_ids, labels = collection.embeddings("resnet50"), collection.photos.ids(), collection.labels.all()
    cursor = store.cursor()

    def report(event: object) -> None:
        events.append(event)
        if isinstance(event, Progress) and event.total == event.done == COUNT:
            cancel.cancel()

    with pytest.raises(Cancelled):
        predict_folder(trained, PredictFolderRequest(folder, previews=tried), report, cancel)
    found = FirstSuggestions.joined([event for event in events if isinstance(event, FirstSuggestions)])
    assert set(found.place_ids.tolist()) == tried
    assert len(tried) == COUNT
    assert np.array_equal(collection.photos.ids(), photo_ids)
    assert collection.labels.all() == labels
    news = store.since(cursor)
    assert news is not None
    assert news[1] == []
    rows = folder_rows(trained, folder)
    assert not rows.photo_ids.any()
    assert not rows.class_ids.any()

    plan = plan_sort(trained, SortRequest((folder,), tmp_path / "sorted"), silent, CancelToken())
    assert not plan.files
    assert {skipped.reason for skipped in plan.skipped} == {"it has no suggestion yet"}

    monkeypatch.setattr(first_suggestions, "read_preview", None)  # cannot be called
    events = run(trained, folder, tried)
    assert not any(isinstance(event, FirstSuggestions) for event in events)
    assert folder_rows(trained, folder).photo_ids.all()


def test_the_terminal_and_small_folders_do_without(
    trained: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_suggestions, "read_preview", None)  # cannot be called
    monkeypatch.setattr(first_suggestions, "FEWEST", COUNT + 1)
    for tried in (set[int](), None):
        assert not any(isinstance(event, FirstSuggestions) for event in run(trained, folder, tried))


def test_photos_in_view_come_first_and_of_a_large_folder_some(
    trained: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_suggestions, "MOST", 5)
    priority, tried = ViewportPriority(), set[int]()
    places = find_photos(trained.collection, folder, silent, CancelToken())[1]
    priority.ask(places.ids[-3:].tolist())
    run(trained, folder, tried, priority)
    assert len(tried) == 5
    assert set(places.ids[-3:].tolist()) < tried


def test_a_preview_takes_a_smaller_input_where_the_network_has_one() -> None:
    small = for_previews(backbone("resnet50"))
    assert (small.short_side_px, small.crop_px, small.seen_px) == (219, 192, 192)
    enlarged = for_previews(replace(backbone("resnet50"), crop_px=112, shown_px=224))
    assert (enlarged.crop_px, enlarged.seen_px) == (96, 192)
    other = replace(backbone("resnet50"), architecture=TorchvisionArchitecture("vit_b_16", "heads.head"))
    assert for_previews(other) == other
