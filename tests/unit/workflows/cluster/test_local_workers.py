"""Photos read by processes of this machine: the same bytes as in one process, and none lost or read twice."""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import socket
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from flowersorter.errors import Cancelled, WorkersUnavailable
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.workflows.cluster import batches, dispatch, local_workers, packages, read_on_workers
from flowersorter.workflows.cluster.batches import Batches
from flowersorter.workflows.cluster.options import Workers
from flowersorter.workflows.predicting.network_loader import Embeds
from flowersorter.workflows.predicting.predict_folder import find_photos
from tests.stub_network import ColourNetwork
from tests.unit.workflows.cluster.conftest import needs_distributed
from tests.unit.workflows.cluster.reading import Killer, predicted, worker_processes
from tests.unit.workflows.conftest import draw_photos

pytestmark = needs_distributed
TWO = Workers(2)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few photos make many batches."""
    monkeypatch.setattr(read_on_workers, "Batches", partial(Batches, smallest=3, largest=6))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos, a copy, a damaged one and a file that only looks like one."""
    folder = tmp_path / "photos"
    for colour in ("red", "green", "blue"):
        draw_photos(folder / colour, colour, 40)
    shutil.copy(folder / "red" / "red_0.jpg", folder / "copy.jpg")
    (folder / "damaged.jpg").write_bytes((folder / "red" / "red_1.jpg").read_bytes()[:300])
    (folder / "text.jpg").write_bytes(b"no photo")
    return folder


def test_two_workers_store_what_one_process_stores(folder: Path, tmp_path: Path) -> None:
    one = predicted(folder, tmp_path / "one", None)
    two = predicted(folder, tmp_path / "two", TWO)
    assert len(two.photos) == 123
    assert len(two.embeddings) == 120
    assert two == one
    assert worker_processes() == []


def test_what_is_stored_is_not_read_again(folder: Path, tmp_path: Path, small_batches: None) -> None:
    cancel, seen = CancelToken(), list[int]()

    def stop(news: object) -> None:
        if isinstance(news, Progress) and news.done and "Suggesting" in news.stage:
            seen.append(news.done)
            if news.done >= 30:
                cancel.cancel()

    with pytest.raises(Cancelled):
        predicted(folder, tmp_path / "two", TWO, stop, cancel)
    assert worker_processes() == []
    assert seen == sorted(seen)
    with CollectionStore.open(tmp_path / "two") as collection:
        _, places = find_photos(collection, folder, silent, CancelToken())
        stored = int(np.count_nonzero(places.photo_ids))
    assert stored >= seen[-1] - 2  # two are no photos
    rest = predicted(folder, tmp_path / "two", TWO)
    assert rest.decoded == 121 - stored
    one = predicted(folder, tmp_path / "one", None)
    assert (rest.photos, rest.embeddings, rest.thumbnails) == (one.photos, one.embeddings, one.thumbnails)


def test_photos_of_killed_workers_are_neither_lost_nor_read_twice(
    folder: Path, tmp_path: Path, small_batches: None, capfd: pytest.CaptureFixture[str]
) -> None:
    one = predicted(folder, tmp_path / "one", None)
    for seed in range(2):
        killer, seen = Killer(within_s=1.0, times=3, seed=seed), list[int]()

        def kill(news: object, killer: Killer = killer, seen: list[int] = seen) -> None:
            if isinstance(news, Progress) and news.done and "Suggesting" in news.stage and not seen:
                seen.append(news.done)
                killer.kill_one()  # the job may end before a random moment
                killer.start()

        try:
            two = predicted(folder, tmp_path / f"two-{seed}", TWO, kill)
        finally:
            killer.stop()
        assert killer.killed
        assert two == one
    assert capfd.readouterr().err == ""


class DeadlyNetwork(ColourNetwork):
    """Ends its process with a yellow photo, as a decoder with a fault does."""

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        red, green, blue = crops.mean(axis=(1, 2)).T
        if not ((red > 150) & (green > 150) & (blue < 100)).any():
            return super().embed(crops)
        os._exit(1)


def open_deadly_network(backbone: Backbone, device: str) -> Embeds:
    del backbone, device
    return DeadlyNetwork()


def test_a_photo_that_ends_every_worker_is_out_of_reach_and_the_others_are_read(
    tmp_path: Path, small_batches: None
) -> None:
    folder = tmp_path / "photos"
    draw_photos(folder, "red", 8)
    [bad] = draw_photos(folder, "yellow", 1)
    found = predicted(folder, tmp_path / "two", TWO, network=open_deadly_network)
    assert found.photos[bad] == "the processes that read it ended"
    assert found.decoded == 8
    assert predicted(folder, tmp_path / "two", None).decoded == 1  # it is tried again


def test_one_worker_finds_the_photo_that_ends_it(tmp_path: Path) -> None:
    """It ends seven times until then: with both photos, and with the bad one alone."""
    [bad] = draw_photos(tmp_path / "photos" / "1", "yellow", 1)  # the first one: nothing is read before it is found
    [good] = draw_photos(tmp_path / "photos" / "2", "red", 1)
    found = predicted(tmp_path / "photos", tmp_path / "one", Workers(1), network=open_deadly_network)
    assert found.photos[bad] == "the processes that read it ended"
    assert isinstance(found.photos[good], bytes)
    assert worker_processes() == []


def test_several_photos_that_end_workers_are_out_of_reach(
    tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_MOST_DEATHS", 1)
    monkeypatch.setattr(batches, "_MOST_DEATHS_ALONE", 1)
    monkeypatch.setattr(local_workers, "_MOST_STARTS", 1)
    bad = draw_photos(tmp_path / "photos", "yellow", 4)
    good = draw_photos(tmp_path / "photos", "red", 1)
    found = predicted(tmp_path / "photos", tmp_path / "two", TWO, network=open_deadly_network)
    assert {path: photo for path, photo in found.photos.items() if path not in good} == dict.fromkeys(
        bad, "the processes that read it ended"
    )
    assert found.decoded == 1


def test_workers_that_end_before_they_answer_are_given_up(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_workers, "_MODULE", "flowersorter.workflows.cluster.not_there")
    with pytest.raises(WorkersUnavailable, match=r"The worker processes end again and again: .*not_there"):
        predicted(folder, tmp_path / "two", TWO)
    assert worker_processes() == []


def test_workers_that_end_with_every_photo_are_given_up(
    tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_MOST_DEATHS", 1)
    monkeypatch.setattr(batches, "_MOST_DEATHS_ALONE", 1)
    monkeypatch.setattr(dispatch, "_MOST_GIVEN_UP", 2)
    draw_photos(tmp_path / "photos", "yellow", 4)
    with pytest.raises(WorkersUnavailable, match="end again and again: they ended with each of 2 photos"):
        predicted(tmp_path / "photos", tmp_path / "two", TWO, network=open_deadly_network)
    assert worker_processes() == []


def test_only_this_machine_reaches_a_port_and_only_with_the_key(
    folder: Path, tmp_path: Path, small_batches: None
) -> None:
    """With small batches most of them wait for `look`, so that no port is closed meanwhile."""
    heard = dict[tuple[str, int], bytes]()

    def look(news: object) -> None:
        if isinstance(news, Progress) and news.done and not heard:
            for process in (psutil.Process(), *worker_processes()):
                for connection in process.net_connections("inet"):
                    if connection.status == psutil.CONN_LISTEN:
                        heard[connection.laddr.ip, connection.laddr.port] = _answer(connection.laddr.port)

    predicted(folder, tmp_path / "two", TWO, look)
    assert len(heard) >= 3
    assert {ip for ip, _ in heard} == {"127.0.0.1"}
    assert not any(b"Scheduler" in answer or b"workers" in answer for answer in heard.values())


def _answer(port: int) -> bytes:
    """What a program without the key is told."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
        try:
            return connection.recv(1_000)
        except OSError:
            return b""


def test_dask_writes_nothing_to_the_terminal_of_a_job() -> None:
    importlib.import_module("distributed")
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "distributed.core")]
    before = [each.getEffectiveLevel() for each in loggers]
    with read_on_workers._quiet():
        assert not any(each.isEnabledFor(logging.CRITICAL) for each in loggers)
    assert [each.getEffectiveLevel() for each in loggers] == before


def test_without_the_package_a_sentence_names_the_command(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(WorkersUnavailable, match=r'pip install "flowersorter\[cluster\]"'):
        predicted(folder, tmp_path / "two", TWO)
