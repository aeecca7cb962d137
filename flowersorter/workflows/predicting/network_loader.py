"""The network as workflows see it: opened off to the side, so that opening it can be cancelled, and kept open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.jobs.worker_threads import first_done
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights import find_weights, weights_version


class Embeds(Protocol):
    """What turns crops into embeddings: `vision.backbone.embedder.Embedder`, or a stand-in for tests."""

    @property
    def batch_size(self) -> int:
        """Crops the network takes at once."""

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Embed (B, S, S, 3) crops; (B, D) float16. Called from several threads at a time."""


#: Opens the network; called only when there is something to embed.
OpenEmbedder = Callable[[Backbone, str], Embeds]


def open_embedder(backbone: Backbone, device: str) -> Embeds:
    """Load the backbone's weights; imports torch.

    Raises:
        WeightsMissing: the weights are not on this computer.
        ModelFileBad: the weights are damaged, or give no usable features.
        DeviceUnavailable: the device is not there.
    """
    from flowersorter.vision.backbone.device import choose_device
    from flowersorter.vision.backbone.embedder import Embedder
    from flowersorter.vision.backbone.usable import refuse_unusable

    embedder = Embedder.open(backbone, choose_device(device))
    # This also prepares the network for a batch of this size, which takes seconds on a busy computer.
    refuse_unusable(embedder, backbone.changes or find_weights(backbone) or Path(backbone.name))
    return embedder


@dataclass(frozen=True, slots=True)
class _Key:
    """Which network: jobs with equal keys share one.

    Attributes:
        version: Of the weights files: a network is opened anew where they have changed.
    """

    open_network: OpenEmbedder
    backbone: Backbone
    device: str
    version: object


class NetworkLoader:
    """Opens each network once, however many jobs ask for it meanwhile, and keeps the one asked for last.

    A load that failed is not kept: the next job tries again. Usable from every thread.

    Importing torch and reading the weights takes seconds and cannot be interrupted. It happens in a thread of its
    own: a cancelled job leaves at once, and the next job waits for the same load. The process cannot end before that
    thread unless by `os._exit`: torch aborts where the interpreter is taken down beside it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loads: dict[_Key, Future[Embeds]] = {}  # all under way and one that is done; last asked for, last here

    def load(self, open_network: OpenEmbedder, backbone: Backbone, device: str) -> Future[Embeds]:
        """The network, open or being opened; it is not to be cancelled, as other jobs may wait for it too."""
        # A stand-in for a network may have no backbone, and so no files.
        version = weights_version(backbone) if isinstance(backbone, Backbone) else None
        key = _Key(open_network, backbone, device, version)
        with self._lock:
            load = self._loads.pop(key, None)
            if load is None:
                load = Future()
                threading.Thread(target=self._open, args=(key, load), name="open network").start()
            self._loads[key] = load
            return load

    def _open(self, key: _Key, load: Future[Embeds]) -> None:
        try:
            network = key.open_network(key.backbone, key.device)
        except BaseException as error:  # noqa: BLE001 - carried over to the threads that wait
            with self._lock:
                del self._loads[key]
            load.set_exception(error)
            return
        with self._lock:
            load.set_result(network)
            done = [each for each, other in self._loads.items() if other.done()]
            for each in done[:-1]:
                del self._loads[each]


_loader = NetworkLoader()


class Opening:
    """A network on its way to a job.

    Args:
        open_network: Opens it, unless it is open.
        backbone: Which network.
        device: "auto", "cpu" or "cuda".
        loader: Shared by the jobs that may share the network.
    """

    def __init__(
        self, open_network: OpenEmbedder, backbone: Backbone, device: str, loader: NetworkLoader = _loader
    ) -> None:
        self._future = loader.load(open_network, backbone, device)

    def wait(self, cancel: CancelToken) -> Embeds:
        """The network, once it is open.

        Raises:
            Cancelled: asked to stop.
            UserError: what opening it raised.
        """
        cancel.check()
        first_done([self._future], cancel)
        return self._future.result()

    @property
    def batch_size(self) -> int | None:
        """How many crops the network takes at once, None while it is not open."""
        if not self._future.done() or self._future.exception() is not None:
            return None
        return self._future.result().batch_size
