"""Predicts a folder in this process or on workers, and compares what the collections hold then."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from flowersorter.domain.place import Paths, Places
from flowersorter.jobs import CancelToken, Report, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.features.views import CENTRE
from flowersorter.workflows.cluster.options import Workers
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.network_loader import OpenEmbedder
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from tests.stub_network import open_colour_network


@dataclass(frozen=True)
class Held:
    """What a collection holds of a folder.

    Attributes:
        photos: By path: the photo's hash, or why it cannot be read.
        embeddings: Bytes of each photo's embedding, by its hash.
        thumbnails: The JPEG of each photo, by its hash.
        dates: When each photo was taken, by its hash; None where nobody knows.
        decoded: Number of photos that the last run decoded.
    """

    photos: dict[Path, bytes | str]
    embeddings: dict[bytes, bytes]
    thumbnails: dict[bytes, bytes | None]
    dates: dict[bytes, str | None]
    decoded: int


def predicted(
    folder: Path,
    into: Path,
    workers: Workers | None,
    report: Report = silent,
    cancel: CancelToken | None = None,
    network: OpenEmbedder = open_colour_network,
    device: str = "cpu",
) -> Held:
    """Predict a folder with the collection in `into`."""
    with CollectionStore.open(into) as collection, Engine(collection, network) as engine:
        request = PredictFolderRequest(folder, device, workers=workers)
        result = predict_folder(engine, request, report, cancel or CancelToken())
        ids, hashes = collection.photos.hashes(result.rows.photo_ids[result.rows.photo_ids > 0])
        hash_of = dict(zip(ids.tolist(), hashes, strict=True))
        rows = zip(result.rows.paths, result.rows.photo_ids.tolist(), result.rows.errors, strict=True)
        photos = {path: hash_of[photo] if error is None else error for path, photo, error in rows if photo or error}
        embeddings, there = collection.embeddings("resnet50").get(hashes, CENTRE)
        by_hash = {hashes[place]: row.tobytes() for place, row in zip(there.tolist(), embeddings, strict=True)}
        thumbnails = {sha256: collection.thumbnails.get(sha256) for sha256 in hashes}
        dates = {photo.sha256: photo.taken_at for photo in collection.photos.photos(ids).values()}
        return Held(photos, by_hash, thumbnails, dates, result.decoded)


def made_up_places(count: int) -> Places:
    """Places 1, 2 and so on, of files that do not exist."""
    ids = np.arange(1, count + 1)
    zeros = np.zeros(count, np.int64)
    names = [f"/photos/{number}.jpg" for number in ids.tolist()]
    return Places(ids, zeros, Paths(names), zeros, zeros, (None,) * count, np.zeros(count, np.bool_))


def worker_processes() -> list[psutil.Process]:
    """The worker processes that this process started."""
    return [each for each in psutil.Process().children() if _is_worker(each)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return any("local_worker" in word for word in process.cmdline())
    except psutil.Error:
        return False


class Killer:
    """Kills one worker process after another, each at a random moment.

    Args:
        within_s: The longest wait before each.
        times: Number of kills.
        seed: Of the moments.
    """

    def __init__(self, within_s: float, times: int, seed: int) -> None:
        self._within_s, self._left, self._draw = within_s, times, random.Random(seed)
        self._end = threading.Event()
        self.killed = 0
        self._thread = threading.Thread(target=self._kill, daemon=True)

    def start(self) -> None:
        """Begin to wait for the first moment."""
        self._thread.start()

    def stop(self) -> None:
        """Kill no other one."""
        self._end.set()
        if self._thread.ident is not None:
            self._thread.join()

    def kill_one(self) -> None:
        """Kill one now, if any is there."""
        running = worker_processes()
        if running:
            with suppress(psutil.NoSuchProcess):
                self._draw.choice(running).kill()
                self.killed += 1

    def _kill(self) -> None:
        while self.killed < self._left and not self._end.wait(self._draw.uniform(0, self._within_s)):
            self.kill_one()
