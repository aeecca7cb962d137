"""No job waits for a decoder or a drive once it is cancelled; the call that does not end is left behind.

Each test lets the call end only after the cancellation was reported, so it hangs if the job waits for the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, silent
from flowersorter.jobs.worker_threads import workers_ended
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.check_sample import CheckSampleRequest, check_sample
from flowersorter.workflows.filing import sort as sort_workflow
from flowersorter.workflows.filing.refile import plan_class_move
from flowersorter.workflows.filing.sort import (
    Include,
    RunSortRequest,
    SortRequest,
    check_destination,
    plan_sort,
    run_sort,
)
from flowersorter.workflows.filing.verify import VerifyRequest, verify
from flowersorter.workflows.labelling import label_photo, unreadable_files
from flowersorter.workflows.labelling.label_photo import LabelPhotoRequest
from flowersorter.workflows.predicting import ingest
from flowersorter.workflows.training import prepare_features
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.stub_network import open_colour_network
from tests.stuck import LIMIT_S, Stuck
from tests.unit.workflows.conftest import draw_photos

Job = Callable[[Engine, Path, CancelToken], object]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One for all tests, which cancel a job and then carry it out."""
    collection = CollectionStore.open(tmp_path_factory.mktemp("stuck") / "collection")
    with Engine(collection, open_colour_network) as engine:
        yield engine


@pytest.fixture(scope="module")
def folder(engine: Engine) -> Path:
    """A folder with class folders that is learned and sorted, with a broken photo."""
    folder = engine.collection.folder.parent / "photos"
    for colour in ("red", "blue"):
        draw_photos(folder / colour, colour, 3)
    (folder / "red" / "broken.jpg").write_bytes(b"no photo")
    train_folder(engine, TrainFolderRequest(folder), silent, CancelToken())
    plan = plan_sort(engine, sort_request(folder), silent, CancelToken())
    assert run_sort(engine, RunSortRequest(plan), silent, CancelToken()).filed == 6
    return folder


def sort_request(folder: Path) -> SortRequest:
    return SortRequest(folder, folder.parent / "sorted", Mode.COPY, Include.ALL)


def train(engine: Engine, folder: Path, cancel: CancelToken) -> object:
    return train_folder(engine, TrainFolderRequest(folder), silent, cancel)


def check(engine: Engine, folder: Path, cancel: CancelToken) -> object:
    return check_sample(engine, CheckSampleRequest(folder), silent, cancel)


def verify_all(engine: Engine, folder: Path, cancel: CancelToken) -> object:
    return verify(engine, VerifyRequest(), silent, cancel)


def plan(engine: Engine, folder: Path, cancel: CancelToken) -> object:
    return plan_sort(engine, sort_request(folder), silent, cancel)


def prepare_sort(engine: Engine, folder: Path, cancel: CancelToken) -> None:
    check_destination(folder, folder.parent / "sorted", Mode.COPY, cancel)


def rename_class(engine: Engine, folder: Path, cancel: CancelToken) -> object:
    return plan_class_move(engine.collection, "red", "poppy", cancel)


def label_new(engine: Engine, folder: Path, cancel: CancelToken) -> object:
    return label_photo.label_photo(engine, LabelPhotoRequest(max(folder.glob("red_*")), "red"), silent, cancel)


def label_broken(engine: Engine, folder: Path, cancel: CancelToken) -> object:
    """A key in the window gives an unreadable file a class, which is kept with the hash of the file."""
    [broken] = [place for place in engine.collection.photos.all_places() if place.path.name == "broken.jpg"]
    [class_id] = [entry.id for entry in engine.collection.classes.all() if entry.name == "red"]
    with engine.collection.database.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO pending_labels (place_id, class_id) VALUES (?, ?)", (broken.id, class_id)
        )
    return unreadable_files.identify_files(engine.collection, [broken.id], silent, cancel)


@pytest.mark.parametrize(
    ("job", "owner", "name"),
    [
        (train, ingest, "read_photo"),
        (train, prepare_features, "check_folder"),
        (check, ingest, "read_photo"),
        (verify_all, FileSystem, "hash"),
        (verify_all, FileSystem, "stat"),
        (plan, FileSystem, "stat"),
        (plan, FileSystem, "list"),
        (prepare_sort, sort_workflow, "check_folder"),
        (prepare_sort, FileSystem, "stat_through"),
        (rename_class, FileSystem, "stat"),
        (label_new, label_photo, "hash_file"),
        (label_broken, unreadable_files, "hash_file"),
    ],
)
def test_a_cancelled_job_waits_for_no_drive(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch, job: Job, owner: object, name: str
) -> None:
    draw_photos(folder, "red", 1, first=100 + len(list(folder.glob("red_*"))))  # one that no job has read
    stuck, cancel = Stuck(), CancelToken()
    stuck.when_begun(cancel.cancel)
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, stuck)
        with pytest.raises(Cancelled):
            job(engine, folder, cancel)
        assert stuck.begun.is_set()
        stuck.gate.set()
        assert workers_ended(LIMIT_S)
    job(engine, folder, CancelToken())


def test_looking_for_moved_photos_waits_for_no_drive(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second half of a verification reads files of the same size."""
    [filed] = (folder.parent / "sorted" / "red").glob("red_0.jpg")
    filed.rename(filed.with_name("moved.jpg"))
    stuck, cancel, read = Stuck(), CancelToken(), FileSystem.hash
    stuck.when_begun(cancel.cancel)

    def read_unless_moved(files: FileSystem, path: Path, between: Callable[[], object] = lambda: None) -> bytes:
        if path.name == "moved.jpg":
            stuck()
        return read(files, path, between)

    monkeypatch.setattr(FileSystem, "hash", read_unless_moved)
    with pytest.raises(Cancelled):
        verify_all(engine, folder, cancel)
    stuck.gate.set()
    assert workers_ended(LIMIT_S)
