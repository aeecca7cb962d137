"""Has new photos read by workers, and stores what they send, block by block, in this process alone."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import threading
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from flowersorter.domain.place import Places
from flowersorter.errors import WorkersUnavailable
from flowersorter.jobs import CancelToken, Report
from flowersorter.jobs.worker_threads import CHECK_EVERY_S
from flowersorter.messages import text
from flowersorter.photos.scan import Roots, absolute_roots
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import weights_file
from flowersorter.workflows.cluster.batches import Batches
from flowersorter.workflows.cluster.dispatch import Dispatch, Terms
from flowersorter.workflows.cluster.local_worker import LOOPBACK
from flowersorter.workflows.cluster.local_workers import LocalWorkers
from flowersorter.workflows.cluster.options import MapUnused, WorkerRefused, Workers
from flowersorter.workflows.cluster.packages import require_distributed
from flowersorter.workflows.cluster.path_map import PathMap
from flowersorter.workflows.cluster.worker_tasks import ReadJob, checksums_of
from flowersorter.workflows.predicting.ingest import Block, ReadBatch, store_read

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

log = logging.getLogger(__name__)

#: Seconds that a scheduler has to answer, and without any worker after which the job fails.
_CONNECT_S, _WAIT_FOR_WORKERS_S = 10.0, 60.0
#: Messages and events that each log of Dask in this process holds.
_LOG_LENGTH = 20
#: Seconds that a connection has to close at the end, and all of them with the processes of the workers.
_CLOSE_S, _END_S = 2.0, 20.0


def read_on_workers(
    engine: Engine,
    workers: Workers,
    places: Places,
    backbone: Backbone,
    device: str,
    roots: Roots,
    report: Report,
    cancel: CancelToken,
) -> Iterator[Block]:
    """Read and embed photos on workers and store them; yield a block each time some are stored in the library.

    Reports `WorkerRefused` for workers that do not fit, and `MapUnused` for mapped folders without a photo.

    Args:
        engine: Of the collection that gets the photos.
        workers: Which workers read.
        places: The places to read.
        backbone: Embeds them.
        device: "auto", "cpu" or "cuda"; on the workers.
        roots: The folders that the workers must see.
        report: Gets the news.
        cancel: Checked while results are awaited.

    Raises:
        Cancelled: asked to stop; blocks already yielded stay.
        WorkersUnavailable: there is no scheduler, or no worker that can be used; blocks already yielded stay.
        WeightsMissing: the backbone's weights are not on this computer.
    """
    require_distributed()
    weights_file(backbone)  # fails here, and not on every worker
    _note_unused(workers.path_map, roots, engine.collection.folder, report)
    terms = Terms(
        backbone=backbone,
        job=_job(engine, workers.path_map, backbone, device, roots),
        path_map=workers.path_map,
        scheduler=workers.scheduler,
        wait_s=_WAIT_FOR_WORKERS_S,
    )
    with running(ClusterSession(workers, Batches(places), terms)) as session:
        for news in session.results(cancel):
            if isinstance(news, WorkerRefused):
                report(news)
                continue
            part, read = news
            yield store_read(engine.collection, backbone.name, part, read, cancel)
            session.stored()
            cancel.check()


def _note_unused(path_map: PathMap, roots: Roots, collection: Path, report: Report) -> None:
    """Report the mapped folders without a photo: a misspelt one would be ignored. Weights lie in the collection."""
    folders = list(map(os.fspath, absolute_roots(roots)))
    for here in path_map.unused([*folders, os.fspath(collection)]):
        unused = MapUnused(
            text(
                "The mapped folder {here} holds none of the photos, which are in {folders}.",
                here=here,
                folders=", ".join(folders),
            )
        )
        log.warning("%s", unused.sentence)
        report(unused)


def _job(engine: Engine, path_map: PathMap, backbone: Backbone, device: str, roots: Roots) -> bytes:
    folders = dict.fromkeys(root if root.is_dir() else root.parent for root in absolute_roots(roots))
    changes = None if backbone.changes is None else Path(path_map.there(os.fspath(backbone.changes)))
    job = ReadJob(
        backbone=replace(backbone, changes=changes),
        device=device,
        checksums=checksums_of(backbone),
        open_network=engine.open_network,
        folders=tuple(path_map.there(os.fspath(folder)) for folder in folders),
    )
    return pickle.dumps(job)


class ClusterSession:
    """The connection to a scheduler, in a thread of its own, for one job.

    Args:
        workers: Which workers read.
        batches: To be read.
        terms: How.

    Attributes:
        process_ids: Of the workers on this machine.
    """

    def __init__(self, workers: Workers, batches: Batches, terms: Terms) -> None:
        self._workers, self._batches, self._terms = workers, batches, terms
        self._news = SimpleQueue[tuple[Places, ReadBatch] | WorkerRefused | BaseException | None]()
        self._local: LocalWorkers | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dispatch: Dispatch | None = None
        self._work: asyncio.Task[None] | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)

    @property
    def process_ids(self) -> list[int]:
        """The ids of the worker processes of this machine."""
        return [] if self._local is None else self._local.process_ids

    def start(self) -> None:
        """Connect, and give out batches."""
        self._thread.start()

    def results(self, cancel: CancelToken) -> Iterator[tuple[Places, ReadBatch] | WorkerRefused]:
        """Wait for results until all batches are read; after each, `stored` must be called.

        Raises:
            Cancelled: asked to stop.
            WorkersUnavailable: no worker can be used.
        """
        while True:
            cancel.check()
            try:
                news = self._news.get(timeout=CHECK_EVERY_S)
            except Empty:
                continue
            if news is None:
                return
            if isinstance(news, BaseException):
                raise news
            yield news

    def stored(self) -> None:
        """Make room for another result."""
        self._call(lambda: self._dispatch.stored() if self._dispatch is not None else None)

    def stop(self) -> None:
        """End the job and close the connections."""
        self._stopped.set()
        self._call(lambda: self._work.cancel() if self._work is not None else None)
        self._thread.join(_END_S)

    def _call(self, call: Any) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(call)

    # -- in the thread

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits
            self._news.put(error)
        else:
            self._news.put(None)

    async def _main(self) -> None:
        self._loop, self._work = asyncio.get_running_loop(), asyncio.current_task()
        if self._stopped.is_set():
            return
        self._loop.set_exception_handler(_note)
        with _quiet():
            async with AsyncExitStack() as stack:
                # The connections keep their last messages: a thousand batches with all their paths.
                settings = {"distributed.admin.low-level-log-length": _LOG_LENGTH}
                stack.enter_context(import_module("dask").config.set(settings))
                if self._workers.processes:
                    client = await self._on_this_machine(stack)
                else:
                    client = await _connected(stack, self._workers.scheduler, None)
                self._dispatch = Dispatch(client, self._batches, self._terms, self)
                await self._dispatch.run()

    async def _on_this_machine(self, stack: AsyncExitStack) -> Any:
        """Start a scheduler here that only this machine reaches, encrypted and with keys that exist in memory only."""
        distributed, dask = import_module("distributed"), import_module("dask")
        # Without the keys every account of this machine could run code as this one.
        keys = _keys()
        stack.enter_context(dask.config.set({"distributed.scheduler.http.routes": []}))
        scheduler = distributed.Scheduler(
            host=LOOPBACK,
            port=0,
            protocol="tls://",
            dashboard=False,
            dashboard_address=f"{LOOPBACK}:0",
            security=distributed.Security(**keys),
        )
        await scheduler
        stack.push_async_callback(_closed, scheduler)
        self._local = stack.enter_context(LocalWorkers(self._workers.processes, scheduler.address, keys))
        self._terms = replace(
            self._terms,
            scheduler=scheduler.address,
            keep_workers=self._local.start_ended,
            answered=self._local.answered,
        )
        return await _connected(stack, scheduler.address, distributed.Security(**keys))

    def read(self, places: Places, read: ReadBatch) -> None:
        """Hand a result on to the thread that stores it."""
        self._news.put((places, read))

    def refused(self, news: WorkerRefused) -> None:
        """Hand news on to the thread that reports it."""
        self._news.put(news)


@contextmanager
def running(session: ClusterSession) -> Iterator[ClusterSession]:
    """Run a session for as long as its results are wanted."""
    session.start()
    try:
        yield session
    finally:
        session.stop()


async def _connected(stack: AsyncExitStack, address: str, security: Any) -> Any:
    made = import_module("distributed").Client
    try:
        client = made(address, security=security, asynchronous=True, timeout=_CONNECT_S, set_as_default=False)
        stack.push_async_callback(_closed, client)
        await client
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        raise WorkersUnavailable(
            text("The scheduler {address} cannot be reached", address=address),
            str(error).splitlines()[0] if str(error) else type(error).__name__,
            text("Start one with: dask scheduler"),
        ) from error
    return client


async def _closed(closable: Any) -> None:
    """Close a connection, or leave it where the other end does not answer."""
    with suppress(Exception):
        await asyncio.wait_for(closable.close(), _CLOSE_S)


def _keys() -> Mapping[str, Any]:
    """Keyword arguments of `Security` with a key made for this job."""
    made = import_module("distributed").Security.temporary()
    names = (
        "tls_ca_file",
        *(f"tls_{role}_{part}" for role in ("client", "scheduler", "worker") for part in ("key", "cert")),
    )
    return {"require_encryption": True, **{name: getattr(made, name) for name in names}}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's log off the terminal: what matters is raised as an error, and a lost worker is replaced."""
    import_module("distributed")  # sets up its log, with a level of its own for parts of it
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _note(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Log what Dask leaves behind when it loses a worker, where asyncio would print it."""
    del loop
    log.debug("%s", context.get("message"), exc_info=context.get("exception"))
