"""Photos read by the workers of a scheduler: which are refused, and what happens when something fails."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter import __version__
from flowersorter.errors import Cancelled, WorkersUnavailable
from flowersorter.jobs import CancelToken, Progress
from flowersorter.vision.backbone.registry import DEFAULT, Backbone, backbone
from flowersorter.workflows.cluster import dispatch, read_on_workers
from flowersorter.workflows.cluster.batches import Batches
from flowersorter.workflows.cluster.options import WorkerRefused, Workers
from flowersorter.workflows.cluster.path_map import PathMap
from tests.stub_network import ColourNetwork
from tests.stuck import LIMIT_S
from tests.unit.workflows.cluster.conftest import needs_distributed
from tests.unit.workflows.cluster.dask_processes import Cluster, cluster
from tests.unit.workflows.cluster.reading import predicted
from tests.unit.workflows.conftest import draw_photos

pytestmark = needs_distributed

_WEIGHTS = """
from pathlib import Path
from flowersorter.vision.backbone import weights_files
weights_files.shipped_folder = lambda: Path({!r})
"""
_VERSION = "import flowersorter\nflowersorter.__version__ = '0.0.9'\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with one worker that fits."""
    with cluster(tmp_path_factory.mktemp("dask")) as made:
        made.worker("good")
        yield made


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler without workers."""
    with cluster(tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few photos make many batches."""
    monkeypatch.setattr(read_on_workers, "Batches", partial(Batches, smallest=3, largest=6))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for colour in ("red", "green"):
        draw_photos(tmp_path / "photos", colour, 20)
    return tmp_path / "photos"


def on(made: Cluster, **pairs: str) -> Workers:
    return Workers(scheduler=made.address, path_map=PathMap.of(pairs.items()))


def test_the_workers_of_a_scheduler_store_what_one_process_stores(
    running: Cluster, folder: Path, tmp_path: Path
) -> None:
    assert predicted(folder, tmp_path / "many", on(running)) == predicted(folder, tmp_path / "one", None)


def test_workers_read_the_paths_that_they_see(running: Cluster, folder: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    for path in folder.iterdir():  # other photos, so that it shows which were read
        draw_photos(there, "blue", 1)
        shutil.move(there / "blue_0.jpg", there / path.name)
    mapped = Workers(scheduler=running.address, path_map=PathMap.of([(str(folder), str(there))]))
    many = predicted(folder, tmp_path / "many", mapped)
    one = predicted(there, tmp_path / "one", None)
    assert {path.name: photo for path, photo in many.photos.items()} == {
        path.name: photo for path, photo in one.photos.items()
    }
    assert all(path.parent == folder for path in many.photos)


def test_files_keep_the_time_that_this_machine_sees(running: Cluster, folder: Path, tmp_path: Path) -> None:
    """Other machines may round it, and the photo would be read again at every scan."""
    there = shutil.copytree(folder, tmp_path / "there", copy_function=shutil.copyfile)
    mapped = Workers(scheduler=running.address, path_map=PathMap.of([(str(folder), str(there))]))
    assert predicted(folder, tmp_path / "many", mapped).decoded == 40
    assert predicted(folder, tmp_path / "many", mapped).decoded == 0


def test_a_photo_of_google_takeout_has_the_same_date_wherever_it_is_read(
    empty: Cluster, folder: Path, tmp_path: Path
) -> None:
    """Takeout's moment has no zone; the clock of this machine decides, and not that of the worker."""
    for name in ("red_0.jpg", "green_3.jpg"):
        about = {"title": name, "photoTakenTime": {"timestamp": "1557000000"}}
        (folder / f"{name}.supplemental-metadata.json").write_text(json.dumps(about))
    empty.worker("tokyo", TZ="Asia/Tokyo")
    many = predicted(folder, tmp_path / "many", on(empty))
    assert {date for date in many.dates.values() if date} == {datetime.fromtimestamp(1_557_000_000).isoformat()}
    assert sum(date is not None for date in many.dates.values()) == 2
    assert many == predicted(folder, tmp_path / "one", None)


def other_weights(tmp_path: Path) -> str:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / backbone(DEFAULT).weights.filename).write_bytes(b"other weights")
    return _WEIGHTS.format(str(tmp_path / "other"))


def no_weights(tmp_path: Path) -> str:
    return _WEIGHTS.format(str(tmp_path / "none"))


def other_version(tmp_path: Path) -> str:
    return _VERSION


def no_program(tmp_path: Path) -> str:
    return "import sys\nsys.modules['flowersorter.workflows.cluster.worker_tasks'] = None\n"


@contextmanager
def logged_refusal() -> Iterator[threading.Event]:
    """Set once a refusal is logged, in the thread that hears of it first."""
    logged, log, handler = threading.Event(), logging.getLogger(dispatch.__name__), logging.Handler()
    handler.emit = lambda record: logged.set()  # type: ignore[method-assign]
    log.addHandler(handler)
    try:
        yield logged
    finally:
        log.removeHandler(handler)


REFUSED = {
    "other weights": (other_weights, "its weights of ResNet-50 are not the same"),
    "no weights": (no_weights, "it has no weights of ResNet-50"),
    "other version": (other_version, f"it has FlowerSorter 0.0.9, and this program is {__version__}"),
    "no program": (no_program, "it cannot run FlowerSorter: "),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_worker_that_does_not_fit_is_refused_and_the_others_read(
    running: Cluster, folder: Path, tmp_path: Path, kind: str
) -> None:
    preload, why = REFUSED[kind]
    bad = running.worker(f"bad {kind}".replace(" ", "-"), preload(tmp_path))
    refused = list[str]()

    def hear(news: object) -> None:
        if isinstance(news, WorkerRefused):
            refused.append(news.sentence)
        elif isinstance(news, Progress) and news.done:
            assert logged.wait(LIMIT_S)  # or the job could end before the other worker has answered

    with logged_refusal() as logged:
        try:
            many = predicted(folder, tmp_path / "many", on(running), hear)
        finally:
            bad.end()
    assert many.decoded == 40
    [sentence] = refused
    assert sentence.startswith(f"The worker bad-{kind.replace(' ', '-')} is refused: {why}")
    assert sentence.endswith(f"Install the same version there: pip install flowersorter=={__version__}.")


def test_without_any_worker_that_fits_the_first_refusal_is_the_error(
    empty: Cluster, folder: Path, tmp_path: Path
) -> None:
    empty.worker("old", _VERSION)
    with pytest.raises(WorkersUnavailable, match=r"The worker old is refused: it has FlowerSorter 0\.0\.9"):
        predicted(folder, tmp_path / "many", on(empty))


def test_a_worker_that_does_not_see_the_folder_is_refused(running: Cluster, folder: Path, tmp_path: Path) -> None:
    mapped = Workers(scheduler=running.address, path_map=PathMap.of([(str(folder), "/nowhere/photos")]))
    with pytest.raises(WorkersUnavailable, match=r"does not see the folder /nowhere/photos.*--map HERE=THERE"):
        predicted(folder, tmp_path / "many", mapped)


def test_a_lost_scheduler_is_said_and_what_was_read_is_stored(empty: Cluster, folder: Path, tmp_path: Path) -> None:
    empty.worker("good")
    seen = 0

    def end(news: object) -> None:
        nonlocal seen
        if isinstance(news, Progress) and "Suggesting" in news.stage and news.done:
            seen = news.done
            empty.scheduler.process.kill()

    with pytest.raises(WorkersUnavailable, match="does not answer any more: all photos read until now are stored"):
        predicted(folder, tmp_path / "many", on(empty), end)
    assert 0 < seen < 40
    assert predicted(folder, tmp_path / "many", None).decoded == 40 - seen


def test_a_scheduler_that_is_not_there_is_said(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_on_workers, "_CONNECT_S", 0.5)
    with pytest.raises(WorkersUnavailable, match=r"The scheduler tcp://127\.0\.0\.1:9 cannot be reached"):
        predicted(folder, tmp_path / "many", Workers(scheduler="tcp://127.0.0.1:9"))


def test_a_scheduler_without_workers_is_said(
    empty: Cluster, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_on_workers, "_WAIT_FOR_WORKERS_S", 0.5)
    with pytest.raises(WorkersUnavailable, match=f"has no workers.*dask worker {empty.address}"):
        predicted(folder, tmp_path / "many", on(empty))


class StillNetwork(ColourNetwork):
    """Never ends in a worker that stands still."""

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        if "STANDS_STILL" in os.environ:
            threading.Event().wait()
        return super().embed(crops)


def open_still_network(backbone: Backbone, device: str) -> StillNetwork:
    del backbone, device
    return StillNetwork()


def test_a_worker_that_stands_still_holds_up_no_other_one(running: Cluster, folder: Path, tmp_path: Path) -> None:
    still = running.worker("still", STANDS_STILL="1")
    try:
        many = predicted(folder, tmp_path / "many", on(running), network=open_still_network)
    finally:
        still.end()
    assert many == predicted(folder, tmp_path / "one", None)


class LoudNetwork(ColourNetwork):
    """Writes more to the log than a pipe holds."""

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        sys.stderr.write("a line of the log\n" * 20_000)
        return super().embed(crops)


def open_loud_network(backbone: Backbone, device: str) -> LoudNetwork:
    del backbone, device
    return LoudNetwork()


def test_a_worker_with_a_long_log_does_not_stop(empty: Cluster, folder: Path, tmp_path: Path) -> None:
    empty.worker("loud")
    assert predicted(folder, tmp_path / "many", on(empty), network=open_loud_network).decoded == 40
    assert (tmp_path / "loud.log").read_text().count("a line of the log") >= 20_000


def test_workers_can_come_and_go(empty: Cluster, folder: Path, tmp_path: Path) -> None:
    first = empty.worker("first")
    done = list[int]()

    def change(news: object) -> None:
        if isinstance(news, Progress) and "Suggesting" in news.stage and news.done and not done:
            done.append(news.done)
            first.end()
            empty.worker("second")

    many = predicted(folder, tmp_path / "many", on(empty), change)
    assert done
    assert many == predicted(folder, tmp_path / "one", None)


def test_a_cancelled_job_leaves_the_scheduler_and_its_workers(running: Cluster, folder: Path, tmp_path: Path) -> None:
    cancel = CancelToken()

    def stop(news: object) -> None:
        if isinstance(news, Progress) and "Suggesting" in news.stage and news.done:
            cancel.cancel()

    with pytest.raises(Cancelled):
        predicted(folder, tmp_path / "many", on(running), stop, cancel)
    assert predicted(folder, tmp_path / "many", on(running)).decoded > 0


def test_encrypted_connections_take_dasks_own_settings(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dask
    from distributed import Security

    made: Any = Security.temporary()  # type: ignore[no-untyped-call]
    ca, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    ca.write_text(made.tls_ca_file)
    key.write_text(made.tls_client_key)
    tls = ("--tls-ca-file", str(ca), "--tls-cert", str(ca), "--tls-key", str(key))
    with cluster(tmp_path, tls) as running:
        running.worker("good")
        assert running.address.startswith("tls://")
        monkeypatch.setattr(read_on_workers, "_CONNECT_S", 2.0)
        with pytest.raises(WorkersUnavailable, match="cannot be reached"):
            predicted(folder, tmp_path / "many", on(running))
        tls_settings = {"ca-file": str(ca), "client.cert": str(ca), "client.key": str(key)}
        with dask.config.set({f"distributed.comm.tls.{name}": value for name, value in tls_settings.items()}):
            assert predicted(folder, tmp_path / "many", on(running)).decoded == 40
