"""Which worker is given what, with workers that are made up: no process, no connection."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from typing import Any

import numpy as np
import pytest

from flowersorter.domain.place import Places
from flowersorter.errors import WorkersUnavailable
from flowersorter.vision.backbone.registry import DEFAULT, backbone
from flowersorter.workflows.cluster import dispatch
from flowersorter.workflows.cluster.batches import Batches
from flowersorter.workflows.cluster.dispatch import Dispatch, Terms
from flowersorter.workflows.cluster.options import WorkerRefused
from flowersorter.workflows.cluster.path_map import PathMap
from flowersorter.workflows.cluster.worker_tasks import Unfit, check_worker
from flowersorter.workflows.predicting.ingest import ReadBatch
from tests.stuck import LIMIT_S
from tests.unit.workflows.cluster.reading import made_up_places

Reads = Callable[[set[int]], Awaitable[None]]


class Client:
    """Stands in for Dask's client and its scheduler.

    Attributes:
        reads: Of each worker: awaited with the place ids of a batch.
        away: Workers that are not listed now.
        on_look: Called with the number of times that the workers were listed.
        checks: Of each worker that does not simply fit: whether it does.
    """

    status = "running"

    def __init__(self, **reads: Reads) -> None:
        self.looks, self.away = 0, set[str]()
        self.on_look: Callable[[int], object] = lambda looks: None
        self.reads, self.checks = dict(reads), dict[str, Callable[[], Awaitable[Unfit | None]]]()
        self.scheduler = self

    async def identity(self, n_workers: int) -> dict[str, Any]:
        del n_workers
        self.looks += 1
        self.on_look(self.looks)
        return {"workers": {name: {"name": name, "nthreads": 1} for name in self.reads if name not in self.away}}

    async def answer(self, worker: str, task: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        if task is check_worker:
            return await self.checks[worker]() if worker in self.checks else None
        await self.reads[worker](set(arguments[2].ids.tolist()))
        return ReadBatch([], {}, [], [], 0, [], np.empty((0, 0), np.float16))


class MadeUpDispatch(Dispatch):
    def _submit(self, worker: Any, task: Callable[..., Any], *arguments: Any) -> Any:
        return asyncio.ensure_future(self._client.answer(worker.address, task, arguments))

    async def _finished(self, future: Any) -> None:
        await future


class Job:
    """Sixty places in batches of five.

    Attributes:
        read_ids: Of the places that were read.
        refusals: Sentences.
        any_refused: Set with the first one.
    """

    def __init__(self, client: Client, wait_s: float = 60.0, answer_s: float = 60.0) -> None:
        self.read_ids, self.refusals, self.any_refused = list[int](), list[str](), asyncio.Event()
        self._client = client
        self._terms = Terms(backbone(DEFAULT), b"", PathMap(), "tcp://there", wait_s, answer_s)

    def run(self) -> None:
        """Until all are read."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        batches = Batches(made_up_places(60), smallest=5, largest=5)
        self._dispatch = MadeUpDispatch(self._client, batches, self._terms, self)
        await asyncio.wait_for(self._dispatch.run(), LIMIT_S)

    def read(self, places: Places, read: ReadBatch) -> None:
        del read
        self.read_ids += places.ids.tolist()
        self._dispatch.stored()

    def refused(self, news: WorkerRefused) -> None:
        self.refusals.append(str(news.sentence))
        self.any_refused.set()


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_LOOK_EVERY_S", 0.01)


async def fine(ids: set[int]) -> None:
    """A worker that reads."""


async def out_of_memory(ids: set[int]) -> None:
    raise RuntimeError("CUDA out of memory\nand more")


def test_a_worker_that_fails_with_every_batch_is_refused_and_the_others_read_them() -> None:
    async def read_later(ids: set[int]) -> None:
        await job.any_refused.wait()

    job = Job(Client(broken=out_of_memory, good=read_later))
    job.run()
    assert sorted(job.read_ids) == list(range(1, 61))
    assert job.refusals == [
        "The worker broken is refused: reading failed there 3 times in a row: RuntimeError: CUDA out of memory."
    ]


def test_a_worker_that_fails_now_and_then_is_not_refused() -> None:
    calls, failed_often = list[set[int]](), asyncio.Event()

    async def every_second(ids: set[int]) -> None:
        calls.append(ids)
        if len(calls) == 8:
            failed_often.set()
        if len(calls) % 2:
            raise RuntimeError("a hiccup")

    async def read_later(ids: set[int]) -> None:
        await failed_often.wait()

    job = Job(Client(one=every_second, two=read_later))
    job.run()
    assert sorted(job.read_ids) == list(range(1, 61))
    assert job.refusals == []


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_batch_that_fails_on_three_workers_or_on_all_ends_the_job(count: int) -> None:
    tries = list[str]()

    def worker(name: str) -> Reads:
        async def read(ids: set[int]) -> None:
            if 7 in ids:
                tries.append(name)
                raise ValueError("seven")

        return read

    with pytest.raises(WorkersUnavailable, match="cannot read some of the photos: ValueError: seven"):
        Job(Client(**{name: worker(name) for name in "abcd"[:count]})).run()
    assert len(tries) == len(set(tries)) >= min(count, 3)


def test_who_waits_for_a_change_can_be_cancelled_in_the_moment_it_comes() -> None:
    """Else a job that has failed would wait for a worker that goes on."""

    async def cancelled() -> None:
        terms = Terms(backbone(DEFAULT), b"", PathMap(), "tcp://there", 60.0)
        made_up = MadeUpDispatch(Client(), Batches(made_up_places(5)), terms, Job(Client()))
        waiting = asyncio.create_task(made_up._wait_for_change())
        await asyncio.sleep(0)
        made_up._notify()
        waiting.cancel()
        await waiting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


async def old() -> Unfit:
    """A worker with another version."""
    return Unfit(version="0.0.9")


def leaves_after_three_batches(client: Client, left_at: list[int]) -> Reads:
    """A good worker that is gone after some batches, before the last one is read."""
    batches = list[set[int]]()

    async def read(ids: set[int]) -> None:
        batches.append(ids)
        if len(batches) > 3:
            client.away.add("good")
            left_at.append(client.looks)
            await asyncio.Event().wait()

    return read


def test_a_good_worker_that_is_away_for_a_moment_is_waited_for_though_another_one_is_refused() -> None:
    client, left_at = Client(old=fine), list[int]()
    client.checks["old"] = old
    client.reads["good"] = leaves_after_three_batches(client, left_at)

    def come_back(looks: int) -> None:
        if left_at and looks > left_at[0] + 5:
            client.reads["again"] = fine

    client.on_look = come_back
    job = Job(client)
    job.run()
    assert sorted(job.read_ids) == list(range(1, 61))
    assert len(job.refusals) == 1


def test_a_good_worker_that_stays_away_leaves_the_refusal_as_the_reason() -> None:
    client = Client(old=fine)
    client.checks["old"] = old
    client.reads["good"] = leaves_after_three_batches(client, [])
    job = Job(client, wait_s=0.0)
    with pytest.raises(WorkersUnavailable, match=r"The worker old is refused: it has FlowerSorter 0\.0\.9"):
        job.run()
    assert len(job.read_ids) == 15


def test_a_cancelled_batch_is_read_again_and_nobody_is_blamed(caplog: pytest.LogCaptureFixture) -> None:
    """As when the scheduler is lost: Dask cancels all futures."""
    calls = list[set[int]]()

    async def cancelled_first(ids: set[int]) -> None:
        calls.append(ids)
        if len(calls) <= 6:
            raise CancelledError("1 Future cancelled")

    job = Job(Client(one=cancelled_first))
    with caplog.at_level(logging.INFO):
        job.run()
    assert sorted(job.read_ids) == list(range(1, 61))
    assert job.refusals == []
    assert "Future cancelled" not in caplog.text


def test_where_no_worker_ever_fitted_the_refusal_is_said_at_once() -> None:
    client = Client(old=fine)
    client.checks["old"] = old
    with pytest.raises(WorkersUnavailable, match="The worker old is refused"):
        Job(client, wait_s=math.inf).run()


async def never() -> None:
    """A worker that stands still."""
    await asyncio.Event().wait()


def test_a_worker_that_never_says_whether_it_fits_is_not_waited_for() -> None:
    client = Client(silent=fine)
    client.checks["silent"] = never
    with pytest.raises(WorkersUnavailable, match="The worker silent does not answer"):
        Job(client, wait_s=0.0, answer_s=0.0).run()


def test_a_silent_worker_does_not_hide_that_the_others_are_refused() -> None:
    client = Client(silent=fine, old=fine)
    client.checks.update(silent=never, old=old)
    with pytest.raises(WorkersUnavailable, match="The worker old is refused"):
        Job(client, wait_s=math.inf, answer_s=0.0).run()


def test_a_worker_that_takes_its_time_to_answer_is_waited_for() -> None:
    client, slept = Client(slow=fine), asyncio.Event()

    async def slow() -> None:
        await slept.wait()

    def wake(looks: int) -> None:
        if looks > 5:
            slept.set()

    client.checks["slow"], client.on_look = slow, wake
    job = Job(client, wait_s=0.0)
    job.run()
    assert sorted(job.read_ids) == list(range(1, 61))
