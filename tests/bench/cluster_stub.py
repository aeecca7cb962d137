"""Replaces the reading of photos in a worker, to measure what sending batches there and results back costs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from flowersorter.domain.place import Place
from flowersorter.jobs import CancelToken
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.photos.sidecars import SidecarFinder
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.workflows.cluster import worker_tasks
from flowersorter.workflows.predicting.ingest import ReadBatch
from flowersorter.workflows.predicting.network_loader import Embeds
from tests.stub_network import WIDTH, ColourNetwork

#: Bytes of a made-up thumbnail; a real one has 40 kB.
_THUMBNAIL = bytes(1_000)


def open_stub(backbone: Backbone, device: str) -> Embeds:
    """Open a network that is never asked: from now on this process makes the results up."""
    del backbone, device
    vars(worker_tasks)["read_and_embed"] = _made_up
    return ColourNetwork()


def _made_up(
    places: Sequence[Place],
    backbone: Backbone,
    network: Callable[[], Embeds],
    finder: SidecarFinder,
    cancel: CancelToken,
) -> ReadBatch:
    del backbone, network, finder, cancel
    records = [
        ReadRecord(place.id, hashlib.sha256(b"%d" % place.id).digest(), 1, 1, 4_000, 3_000, None, None)
        for place in places
    ]
    hashes = [record.sha256 for record in records]
    return ReadBatch(
        records, dict.fromkeys(hashes, _THUMBNAIL), [], [], 0, hashes, np.ones((len(hashes), WIDTH), np.float16)
    )
