"""The tasks that a worker runs: it says of itself whether it fits the job, and reads batches of photos.

The arguments up to the version of the program are plain values, so that a worker with another version can say so.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import flowersorter
from flowersorter.domain.place import Place, Places
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken
from flowersorter.photos.scan import folder_is_gone
from flowersorter.photos.sidecars import SidecarFinder
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import find_weights, weights_version
from flowersorter.vision.parallel import map_batches, one_blas_thread
from flowersorter.workflows.predicting.ingest import ReadBatch, read_and_embed
from flowersorter.workflows.predicting.network_loader import OpenEmbedder, Opening

_JOBS_KEPT = 4


@dataclass(frozen=True, slots=True)
class ReadJob:
    """The part of the instructions that all batches of a job share.

    Attributes:
        backbone: With the path of its changes as the worker sees it.
        device: "auto", "cpu" or "cuda".
        checksums: SHA-256 of the backbone's weights and of its changes, as `checksums_of` gives them.
        open_network: Loads the network; imported by its name on the worker.
        folders: Folders that a worker must see.
    """

    backbone: Backbone
    device: str
    checksums: tuple[str, ...]
    open_network: OpenEmbedder
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a worker cannot read photos of a job.

    Attributes:
        version: Its version of the program, where that differs.
        weights: Whether it has the weights of another network, or none.
        has_weights: Whether it has any.
        unseen: A folder that it does not see.
        error: Why it cannot load the network.
    """

    version: str = ""
    weights: bool = False
    has_weights: bool = True
    unseen: str = ""
    error: UserError | None = None


def checksums_of(backbone: Backbone) -> tuple[str, ...]:
    """SHA-256, in hex, of the weights of a backbone and of its changes; "" for a file that cannot be read."""
    files = (find_weights(backbone), *(() if backbone.changes is None else (backbone.changes,)))
    return tuple("" if path is None else _checksum(path, weights_version(backbone)) for path in files)


@lru_cache(_JOBS_KEPT)
def _checksum(path: Path, version: object) -> str:
    del version  # a changed file is read again
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def check_worker(version: str, pickled: bytes) -> Unfit | None:
    """Compare this worker with a job; None if it fits.

    Args:
        version: The program's version on the machine that asks.
        pickled: A pickled `ReadJob`; not opened by another version.
    """
    if version != flowersorter.__version__:
        return Unfit(version=flowersorter.__version__)
    return _unfit(_job(pickled))


def read_places(version: str, pickled: bytes, places: Places, threads: int) -> ReadBatch | Unfit:
    """Read and embed a batch on a worker, unless it does not fit the job.

    Args:
        version: The program's version on the machine that asks.
        pickled: A pickled `ReadJob`.
        places: With their paths as this worker sees them, and their times as the other machine does.
        threads: Number of threads that share the batch.
    """
    unfit = check_worker(version, pickled)
    if unfit is not None:
        return unfit
    job, cancel, finder = _job(pickled), CancelToken(), SidecarFinder()
    opening = Opening(job.open_network, job.backbone, job.device)
    try:
        network = opening.wait(cancel)
    except UserError as error:
        return Unfit(error=error)

    def work(part: Sequence[Place]) -> ReadBatch:
        return read_and_embed(part, job.backbone, lambda: network, finder, cancel)

    # The batches of one process: an embedding may depend on the number of photos beside it.
    parts = _cut(places, network.batch_size)
    if threads == 1:
        with one_blas_thread():
            read = [work(part) for part in parts]
    else:
        read = [each for some in map_batches(parts, work, threads, cancel) for each in some]
    batch = _joined(read, places)
    # A drive that went away takes all photos with it, which is no fault of theirs.
    return (_unfit(job) or batch) if batch.gone else batch


def _unfit(job: ReadJob) -> Unfit | None:
    checksums = checksums_of(job.backbone)
    if checksums != job.checksums:
        return Unfit(weights=True, has_weights=all(checksums))
    unseen = (folder for folder in job.folders if folder_is_gone(Path(folder)))
    return next((Unfit(unseen=folder) for folder in unseen), None)


@lru_cache(_JOBS_KEPT)
def _job(pickled: bytes) -> ReadJob:
    job = pickle.loads(pickled)
    assert isinstance(job, ReadJob)
    return job


def _cut(places: Places, size: int) -> Iterator[Places]:
    for first in range(0, len(places), size):
        yield places[first : first + size]


def _joined(parts: Sequence[ReadBatch], places: Places) -> ReadBatch:
    """One batch of several, with the times of the files as the scan saw them: file systems round them differently."""
    mtime_ns = dict(zip(places.ids.tolist(), places.mtimes_ns.tolist(), strict=True))
    embedded: dict[bytes, NDArray[np.float16]] = {}
    for part in parts:
        embedded.update(zip(part.hashes, part.embeddings, strict=True))
    records = [replace(record, mtime_ns=mtime_ns[record.place_id]) for part in parts for record in part.records]
    return ReadBatch(
        records=records,
        thumbnails={sha256: jpeg for part in parts for sha256, jpeg in part.thumbnails.items()},
        unreadable=[each for part in parts for each in part.unreadable],
        out_of_reach=[each for part in parts for each in part.out_of_reach],
        gone=sum(part.gone for part in parts),
        hashes=list(embedded),
        embeddings=np.stack(list(embedded.values())) if embedded else np.empty((0, 0), np.float16),
        moments={place_id: moment for part in parts for place_id, moment in part.moments.items()},
    )
