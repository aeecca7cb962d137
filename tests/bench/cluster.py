"""Photos read by workers: the same bytes, what it costs, killed workers, and jobs of a million paths."""

from __future__ import annotations

import argparse
import os
import pickle
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import overload
from unittest.mock import patch

import numpy as np
import psutil

from flowersorter.domain.place import Paths, Places
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import DEFAULT, backbone
from flowersorter.workflows.cluster import read_on_workers
from flowersorter.workflows.cluster.batches import SMALLEST, Batches
from flowersorter.workflows.cluster.dispatch import Terms
from flowersorter.workflows.cluster.options import WorkerRefused, Workers
from flowersorter.workflows.cluster.path_map import PathMap
from flowersorter.workflows.cluster.worker_tasks import ReadJob, checksums_of
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.network_loader import open_embedder
from tests.bench.cluster_stub import open_stub
from tests.unit.workflows.cluster.reading import Held, Killer, predicted, worker_processes
from tests.unit.workflows.conftest import draw_photos

_MEGABYTE = 1_000_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this measurement."""
    parser.add_argument("--kills", type=int, default=5, help="for cluster: killed workers (a release: 50)")
    parser.add_argument(
        "--paths", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], help="for cluster: made-up paths"
    )
    parser.add_argument(
        "--stored", type=int, nargs="*", default=[5_000, 20_000], help="for cluster: made-up photos stored"
    )
    parser.add_argument("--processes", type=int, default=2, help="for cluster: worker processes")


def cluster(options: argparse.Namespace) -> None:
    """two workers against one process, killed workers, and the cost of a path in large jobs"""
    with tempfile.TemporaryDirectory() as scratch:
        if options.photos.is_dir():
            _against_one_process(options.photos, options.processes, Path(scratch))
        _kills(options.kills, options.processes, Path(scratch))
        _storing(options.stored, options.processes, Path(scratch))
    _growth(options.paths, options.processes)


class _Cost:
    """Seconds on the clock and of processors, of this process and its workers, and the largest worker.

    Other programs disturb the seconds of processors less than those on the clock.
    """

    def __init__(self) -> None:
        self._begun_s, self._before = time.perf_counter(), os.times()
        self.largest_bytes = 0

    def look(self, news: object) -> None:
        """Look at the workers, as long as they are there."""
        if isinstance(news, Progress):
            for worker in worker_processes():
                with suppress(psutil.NoSuchProcess):
                    self.largest_bytes = max(self.largest_bytes, worker.memory_info().rss)

    def seconds(self) -> tuple[float, float]:
        """On the clock, and of processors, also of processes that have ended."""
        spent = [after - before for before, after in zip(self._before[:4], os.times()[:4], strict=True)]
        return time.perf_counter() - self._begun_s, sum(spent)


def _against_one_process(photos: Path, processes: int, scratch: Path) -> None:
    """Each begins with a collection of its own; a start is measured with so many photos that every worker has some."""
    few = scratch / "few"
    few.mkdir()
    for number, path in enumerate(sorted(photos.rglob("*.jpg"))[: SMALLEST * (processes + 1)]):
        shutil.copy(path, few / f"{number}.jpg")
    seconds, held = dict[tuple[str, str], tuple[float, float]](), dict[str, Held]()
    largest = 0
    for size, folder in (("start", few), ("all", photos)):
        for name, workers in (("one process", None), ("workers", Workers(processes))):
            cost = _Cost()
            held[name] = predicted(folder, scratch / f"{name} {size}", workers, cost.look, network=open_embedder)
            seconds[name, size] = cost.seconds()
            largest = max(largest, cost.largest_bytes)
    print(f"{len(held['workers'].embeddings)} photos, {processes} workers on this computer")
    print(f"  the same bytes as one process: {held['workers'] == held['one process']}")
    counted = len(list(few.iterdir()))
    for column, what in enumerate(("on the clock", "of processors")):
        start = [seconds[name, "start"][column] for name in ("one process", "workers")]
        whole = [seconds[name, "all"][column] for name in ("one process", "workers")]
        ratio = (whole[1] - start[1]) / (whole[0] - start[0])
        print(
            f"  seconds {what:14} one process {whole[0]:6.1f} ({start[0]:.1f} for the first), workers {whole[1]:6.1f} "
            f"({start[1]:.1f} for the first): {ratio:.2f} times after the first {counted}"
        )
    print(f"  the largest worker has {largest / _MEGABYTE:.0f} MB", flush=True)


def _kills(times: int, processes: int, scratch: Path) -> None:
    photos = scratch / "drawn"
    for colour in ("red", "green", "blue"):
        draw_photos(photos, colour, 100)
    one = predicted(photos, scratch / "one", None)
    killed, wrong, run = 0, 0, 0
    with patch.object(read_on_workers, "Batches", partial(Batches, smallest=5, largest=10)):
        while killed < times:
            killer = Killer(within_s=2.0, times=min(3, times - killed), seed=run)
            killer.start()
            try:
                wrong += predicted(photos, scratch / f"run {run}", Workers(processes)) != one
            finally:
                killer.stop()
            killed, run = killed + killer.killed, run + 1
    print(f"{killed} workers killed at random moments in {run} jobs of {len(one.photos)} photos")
    print(f"  jobs with a photo that was lost, read twice or other than in one process: {wrong}", flush=True)


def _storing(counts: Sequence[int], processes: int, scratch: Path) -> None:
    """Results are made up by the workers and stored here: this bounds the workers that one collection can serve."""
    root = scratch / "stored"
    draw_photos(root, "red", 1)  # a folder that is there
    print("made-up photos that are stored in a collection")
    for count in counts:
        with (
            CollectionStore.open(scratch / f"stored {count}") as collection,
            Engine(collection, open_stub) as engine,
        ):
            found = ((root / f"IMG_{number:09}.jpg", 1, 1) for number in range(count))
            places = collection.photos.sync_folder(root, found)
            begun, done = 0.0, 0
            blocks = read_on_workers.read_on_workers(
                engine, Workers(processes), places, backbone(DEFAULT), "cpu", root, silent, CancelToken()
            )
            for block in blocks:
                begun = begun or time.perf_counter()
                done += len(block.places)
            microseconds = 1e6 * (time.perf_counter() - begun) / done
            print(f"{done:11,} photos, {microseconds:6.0f} microseconds each", flush=True)


class _Names(Sequence[str]):
    """Paths that are made when they are asked for."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        assert isinstance(index, int)
        return f"/archive/{index // 1_000:06}/IMG_{index:09}.jpg"


def _growth(counts: Sequence[int], processes: int) -> None:
    """Results are made up by the workers and dropped here: this is the cost of the batches alone."""
    print(f"made-up photos, {processes} workers on this computer")
    print("      paths    seconds  microseconds a path: clock, client's processor  memory above the first result")
    first: tuple[float, float] | None = None
    for count in counts:
        seconds, client_s, megabytes = _made_up_job(count, processes)
        each, client = 1e6 * seconds / count, 1e6 * client_s / count
        first = first or (client, megabytes)
        ratios = f"client {client / first[0]:5.2f} times the first, memory {megabytes - first[1]:+.0f} MB"
        print(f"{count:11,} {seconds:10.1f} {each:20.0f} {client:36.1f} {megabytes:20.0f} MB   {ratios}", flush=True)


def _made_up_job(count: int, processes: int) -> tuple[float, float, float]:
    """Seconds from the first result to the last, those of this process, and its largest memory above that then, in MB.

    The scheduler and the client are threads of this process; the workers are others.
    """
    entry = backbone(DEFAULT)
    ids, zeros = np.arange(1, count + 1), np.zeros(count, np.int64)
    places = Places(ids, zeros, Paths(_Names(count)), zeros, zeros, (None,) * count, np.zeros(count, np.bool_))
    job = ReadJob(entry, "cpu", checksums_of(entry), open_stub, ())
    terms = Terms(entry, pickle.dumps(job), PathMap(), "", 60.0)
    process, begun, spent, read, before, largest = psutil.Process(), 0.0, 0.0, 0, 0, 0
    with read_on_workers.running(read_on_workers.ClusterSession(Workers(processes), Batches(places), terms)) as session:
        for news in session.results(CancelToken()):
            if isinstance(news, WorkerRefused):
                raise RuntimeError(news.sentence)
            if not begun:
                begun, spent, before = time.perf_counter(), time.process_time(), process.memory_info().rss
            read += len(news[1].records)
            largest = max(largest, process.memory_info().rss)
            session.stored()
        seconds, client_s = time.perf_counter() - begun, time.process_time() - spent
    if read != count:
        raise RuntimeError(f"{read} of {count} were read")
    return seconds, client_s, (largest - before) / _MEGABYTE
