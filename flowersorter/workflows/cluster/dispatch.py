"""Gives batches to the workers of a Dask scheduler, each to one worker, and takes their results.

A worker first says whether it fits the job. Then it has at most four batches at a time, so that one that is slow, or
stands still, holds up no other one; what a worker that ended had is read by another one.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol
from uuid import uuid4

from flowersorter import __version__
from flowersorter.domain.place import Paths, Places
from flowersorter.errors import WorkersUnavailable
from flowersorter.messages import text
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.workflows.cluster.batches import Batch, Batches
from flowersorter.workflows.cluster.options import WorkerRefused
from flowersorter.workflows.cluster.path_map import PathMap
from flowersorter.workflows.cluster.refusals import (
    batch_failed,
    ended_again_and_again,
    no_answer,
    no_worker_left,
    refusal,
    refused_by_error,
    refused_by_failures,
)
from flowersorter.workflows.cluster.worker_tasks import Unfit, check_worker, read_places
from flowersorter.workflows.predicting.ingest import ReadBatch

log = logging.getLogger(__name__)

#: Batches that a worker has at most, under way and waiting.
MOST_BATCHES = 4
#: Results that are here at most; the others stay with the workers until these are stored.
MOST_RESULTS = 4
#: Photos given up one after another, with no batch read between them, after which it is not the photos' fault.
_MOST_GIVEN_UP = 20
_LOOK_EVERY_S = 0.5
#: Workers on which reading a batch raises an unexpected error before it ends the job, and batches in a row with which a
#: worker does so before it is refused.
_MOST_WORKERS_FAILED, _MOST_BATCHES_FAILED = 3, 3
#: Seconds without an answer after which a scheduler is taken to be lost.
_LOST_AFTER_S = 30.0


class Results(Protocol):
    """Receives what happens, in the thread of the dispatch."""

    def read(self, places: Places, read: ReadBatch) -> None:
        """A batch was read; the next result comes once this one is stored."""

    def refused(self, news: WorkerRefused) -> None:
        """A worker does not fit."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a job is dispatched.

    Attributes:
        backbone: For the words about a worker that does not fit.
        job: A pickled `worker_tasks.ReadJob`.
        path_map: How workers see the paths.
        scheduler: Its address, for the words about it.
        wait_s: Seconds without any worker that can be used after which the job fails; at once where those that there
            are do not fit, and none ever did.
        answer_s: Seconds that a worker has to say whether it fits; until then it is waited for. One that is later is
            welcome, but the job does not wait for it.
        keep_workers: Called twice a second; starts workers that ended.
        answered: Called with the name of each worker that says that it fits.
    """

    backbone: Backbone
    job: bytes
    path_map: PathMap
    scheduler: str
    wait_s: float
    answer_s: float = 120.0
    keep_workers: Callable[[], None] = field(default=lambda: None)
    answered: Callable[[str], None] = field(default=lambda name: None)


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker that the scheduler lists.

    Attributes:
        asked_s: When it was asked whether it fits.
        fits: Whether it has said so.
        refused: Why it reads nothing.
        failures: Batches in a row whose reading raised an unexpected error.
        serving: Asks it whether it fits, then gives it batches.
    """

    address: str
    name: str
    threads: int
    asked_s: float = field(default_factory=time.monotonic)
    fits: bool = False
    refused: WorkersUnavailable | None = None
    failures: int = 0
    serving: asyncio.Task[None] | None = None


class _Call:
    """A call that is made where it is unpickled.

    So the scheduler sees bytes, and needs no FlowerSorter; and a worker without it raises an error in the task, where
    one that cannot load a task would never answer.
    """

    def __init__(self, task: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._task, self._arguments = task, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._task, self._arguments


class Dispatch:
    """One job; all of it runs in one event loop.

    Args:
        client: Dask's client, asynchronous.
        batches: To be read.
        terms: How.
        results: Gets them.
    """

    def __init__(self, client: Any, batches: Batches, terms: Terms, results: Results) -> None:
        self._client, self._batches, self._terms, self._results = client, batches, terms, results
        self._workers: dict[str, _Worker] = {}
        self._room = asyncio.Semaphore(MOST_RESULTS)
        self._changed = asyncio.Event()
        self._failure: BaseException | None = None
        self._last_worker_s = time.monotonic()
        self._ever_usable = set[str]()

    def stored(self) -> None:
        """Make room for another result."""
        self._room.release()

    async def run(self) -> None:
        """Give out batches until all are read.

        Raises:
            WorkersUnavailable: the scheduler is lost, no worker can be used, or a batch fails on several workers or on
                all that there were.
        """
        look_s = 0.0
        try:
            while not self._batches.finished:
                if time.monotonic() >= look_s:
                    self._terms.keep_workers()
                    self._update(await self._listed())
                    self._fail_if_stuck()
                    look_s = time.monotonic() + _LOOK_EVERY_S
                await self._wait_for_change()
                if self._client.status != "running":  # it would try to connect anew, to a scheduler without the job
                    raise self._lost()
                if self._failure is not None:
                    raise self._failure
        finally:
            serving = [worker.serving for worker in self._workers.values() if worker.serving is not None]
            for each in serving:
                each.cancel()
            await asyncio.gather(*serving, return_exceptions=True)

    async def _wait_for_change(self) -> None:
        # Before Python 3.12, `asyncio.wait_for` may lose that the task was cancelled, which would then never end.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_EVERY_S):
                await self._changed.wait()

    def _notify(self) -> None:
        """Wake all that wait; who waits from now on waits for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()

    # -- the workers

    async def _listed(self) -> Mapping[str, Mapping[str, Any]]:
        try:
            async with asyncio.timeout(_LOST_AFTER_S):
                identity = await self._client.scheduler.identity(n_workers=-1)
        except (OSError, TimeoutError) as error:
            raise self._lost() from error
        listed: Mapping[str, Mapping[str, Any]] = identity["workers"]
        return listed

    def _lost(self) -> WorkersUnavailable:
        return WorkersUnavailable(
            text("The scheduler {address} does not answer any more", address=self._terms.scheduler),
            text("all photos read until now are stored"),
            text("Start it again and repeat the command: it goes on from here"),
        )

    def _update(self, listed: Mapping[str, Mapping[str, Any]]) -> None:
        for address, worker in list(self._workers.items()):
            # A worker whose service ended is checked again: another client may have cancelled its futures.
            ended = worker.refused is None and worker.serving is not None and worker.serving.done()
            if address not in listed or ended:
                del self._workers[address]
                if worker.serving is not None:
                    worker.serving.cancel()
        for address, about in listed.items():
            if address not in self._workers and about.get("status", "running") in ("running", "paused"):
                worker = _Worker(address, str(about.get("name") or address), int(about["nthreads"]))
                self._workers[address] = worker
                worker.serving = asyncio.create_task(self._guarded(worker))

    def _fail_if_stuck(self) -> None:
        """Raise the reason where no worker can read what is left."""
        now = time.monotonic()
        usable = {worker.address for worker in self._usable()}
        asked = {worker.address for worker in self._asked() if now - worker.asked_s <= self._terms.answer_s}
        failed = self._batches.failed_on(usable | asked, _MOST_WORKERS_FAILED)
        # One that has not tried the batch may be away for a moment only.
        if failed is not None and (
            len(failed.failed) >= _MOST_WORKERS_FAILED or self._ever_usable <= failed.failed.keys()
        ):
            raise batch_failed(failed.failed)
        if usable and failed is None:
            self._last_worker_s = now
            return
        waited_s = now - self._last_worker_s
        # Not for ever: new ones could come, and be lost before they answer, again and again.
        if asked and waited_s <= self._terms.wait_s + self._terms.answer_s:
            return
        refused = next((worker.refused for worker in self._workers.values() if worker.refused is not None), None)
        if refused is not None and not usable and not self._ever_usable:
            raise no_worker_left(refused)
        if waited_s > self._terms.wait_s:
            if failed is not None:
                raise batch_failed(failed.failed)
            raise self._without_workers() if refused is None else no_worker_left(refused)

    def _usable(self) -> list[_Worker]:
        return [worker for worker in self._workers.values() if worker.fits and worker.refused is None]

    def _asked(self) -> list[_Worker]:
        return [worker for worker in self._workers.values() if not worker.fits and worker.refused is None]

    def _without_workers(self) -> WorkersUnavailable:
        silent = next(iter(self._asked()), None)
        if silent is not None:
            return no_answer(silent.name, self._terms.answer_s)
        return WorkersUnavailable(
            text("The scheduler {address} has no workers", address=self._terms.scheduler),
            text("none came within {seconds} seconds", seconds=round(self._terms.wait_s)),
            text("Start some with: dask worker {address}", address=self._terms.scheduler),
        )

    async def _guarded(self, worker: _Worker) -> None:
        """Serve a worker; an unexpected error ends the job."""
        try:
            await self._serve(worker)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - raised by `run`
            self._failure = error
            self._notify()

    async def _serve(self, worker: _Worker) -> None:
        try:
            unfit = await self._submit(worker, check_worker, __version__, self._terms.job)
        except CancelledError:  # the scheduler was lost, or another client did it: not the worker's fault
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, this worker cannot be used
            self._refuse(worker, refused_by_error(worker.name, error))
            return
        if unfit is not None:
            self._refuse(worker, refusal(worker.name, unfit, self._terms.backbone))
            return
        worker.fits = True
        self._ever_usable.add(worker.address)
        self._terms.answered(worker.name)
        lanes = [asyncio.create_task(self._lane(worker)) for _ in range(min(MOST_BATCHES, worker.threads + 1))]
        try:
            await asyncio.gather(*lanes)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    def _refuse(self, worker: _Worker, error: WorkersUnavailable) -> None:
        if worker.refused is None:
            worker.refused = error
            log.warning("%s", error)
            self._results.refused(WorkerRefused(error.sentence))
            self._notify()

    # -- the batches

    async def _lane(self, worker: _Worker) -> None:
        """Give one batch after the other to a worker."""
        while not self._batches.finished and worker.refused is None:
            threads = sum(each.threads for each in self._usable())
            batch = self._batches.take(worker.address, threads)
            if batch is None:
                await self._wait_for_change()
                continue
            await self._read(worker, batch)
            self._notify()

    async def _read(self, worker: _Worker, batch: Batch) -> None:
        """Have a batch read, and hand the result on; it goes back where that fails."""
        died, failure = True, None
        share = max(1, worker.threads // MOST_BATCHES)
        future = self._submit(worker, read_places, __version__, self._terms.job, self._there(batch.places), share)
        try:
            await self._finished(future)  # the result stays with the worker until there is room for it
            await self._room.acquire()
            handed_on = False
            try:
                if self._batches.is_under_way(batch):  # else another worker was faster
                    found = await future
                    if isinstance(found, Unfit):
                        died = False
                        self._refuse(worker, refusal(worker.name, found, self._terms.backbone))
                    elif self._batches.done(batch):
                        handed_on = True
                        worker.failures = 0
                        self._results.read(batch.places, found)
            finally:
                if not handed_on:
                    self._room.release()
        except CancelledError as error:  # the scheduler was lost, or another client did it: not the worker's fault
            died = False
            log.debug("worker %s: %s", worker.name, error)
        except Exception as error:  # another worker may succeed
            died, failure = False, error
            log.warning("worker %s: %s", worker.name, error, exc_info=error)
            worker.failures += 1
            if worker.failures >= _MOST_BATCHES_FAILED:
                self._refuse(worker, refused_by_failures(worker.name, worker.failures, error))
        finally:
            with suppress(Exception):
                future.release()
            given_up = self._batches.give_back(batch, worker.address, died=died, error=failure)
            if given_up is not None:
                self._results.read(batch.places, given_up)
                if self._batches.given_up_in_a_row >= _MOST_GIVEN_UP:
                    self._failure = ended_again_and_again(self._batches.given_up_in_a_row)
            self._notify()

    async def _finished(self, future: Any) -> None:
        """Wait for a task, and leave its result where it is.

        Raises:
            Exception: raised by the task.
        """
        with self._client.as_current():
            await import_module("distributed").wait(future)
        if future.status == "error":
            raise await future.exception()

    def _submit(self, worker: _Worker, task: Callable[..., Any], *arguments: Any) -> Any:
        return self._client.submit(
            pickle.loads,
            pickle.dumps(_Call(task, arguments)),
            key=f"flowersorter-{uuid4().hex}",
            workers=[worker.address],
            allow_other_workers=False,
        )

    def _there(self, places: Places) -> Places:
        names = [self._terms.path_map.there(name) for name in places.paths.names]
        return Places(
            places.ids,
            places.photo_ids,
            Paths(names),
            places.sizes_bytes,
            places.mtimes_ns,
            places.errors,
            places.missing,
        )
