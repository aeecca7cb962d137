"""Loads the network in a thread of its own, so that waiting can be cancelled, and keeps it for the next job."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.jobs.worker_threads import first_done
from flowersorter.messages import text
from flowersorter.vision.backbone.architecture import ResNetArchitecture
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import find_weights, weights_version


class Embeds(Protocol):
    """Turns crops into embeddings: `vision.backbone.embedder.Embedder`, or a stub in tests."""

    @property
    def batch_size(self) -> int:
        """Number of crops in a batch."""

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Embed (B, S, S, 3) uint8 crops; return (B, D) float16. Called from several threads at a time."""


#: Loads a network; called only if a photo must be embedded.
OpenEmbedder = Callable[[Backbone, str], Embeds]


def open_embedder(backbone: Backbone, device: str) -> Embeds:
    """Load the backbone's weights; imports torch for CUDA, and on the CPU only if OpenVINO cannot be used.

    Raises:
        WeightsMissing: the weights are not on this computer.
        ModelFileBad: the weights are damaged, or give no usable features.
        DeviceUnavailable: the device is not available.
        UserError: torch is needed and not installed.
    """
    from flowersorter.vision.backbone.cpu.embedder import CpuEmbedder
    from flowersorter.vision.backbone.device import CPU, choose_device
    from flowersorter.vision.backbone.packages import can_load_openvino, require_torch
    from flowersorter.vision.backbone.usable import refuse_unusable

    chosen, file = choose_device(device), backbone.changes or find_weights(backbone) or Path(backbone.name)
    if chosen == CPU and isinstance(backbone.architecture, ResNetArchitecture) and can_load_openvino():
        network = CpuEmbedder.open(backbone)
        refuse_unusable(network, file)
        return network
    require_torch(text("{title} cannot be used", title=backbone.title))
    from flowersorter.vision.backbone.embedder import Embedder

    embedder = Embedder.open(backbone, chosen)
    # This also prepares the network for a batch of this size, which takes seconds on a busy computer.
    refuse_unusable(embedder, file, embedder.batch_size)
    return embedder


def import_network_packages() -> None:
    """Import the packages that `open_embedder` will probably need, before a person waits for them.

    Raises:
        ImportError: it is not installed.
    """
    from flowersorter.vision.backbone.device import has_gpu_driver
    from flowersorter.vision.backbone.packages import can_load_openvino

    if has_gpu_driver() or not can_load_openvino():
        import_module("flowersorter.vision.backbone.embedder")  # with torch: over a second, and a quarter of a gigabyte
    else:
        import_module("flowersorter.vision.backbone.cpu.network")


@dataclass(frozen=True, slots=True)
class _NetworkKey:
    """Identifies a network: jobs with equal keys share it.

    Attributes:
        version: Version of the weights files; a changed file is loaded again.
    """

    open_network: OpenEmbedder
    backbone: Backbone
    device: str
    version: object


class NetworkLoader:
    """Loads each network once, also if several jobs request it meanwhile, and keeps the last one requested.

    A load that failed is forgotten, so that the next job tries again. Usable from every thread.

    Importing torch and reading the weights takes seconds and cannot be interrupted. It happens in a thread of its
    own: a cancelled job leaves at once, and the next job waits for the same load. The process cannot end before that
    thread unless by `os._exit`: torch aborts where the interpreter is taken down beside it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loads: dict[
            _NetworkKey, Future[Embeds]
        ] = {}  # all being loaded, and one loaded; the last requested comes last

    def load(self, open_network: OpenEmbedder, backbone: Backbone, device: str) -> Future[Embeds]:
        """Return the future of a network. Do not cancel it: other jobs may wait for it, too."""
        # A stub of a network may have no backbone, and so no files.
        version = weights_version(backbone) if isinstance(backbone, Backbone) else None
        key = _NetworkKey(open_network, backbone, device, version)
        with self._lock:
            load = self._loads.pop(key, None)
            if load is None:
                load = Future()
                threading.Thread(target=self._open, args=(key, load), name="open network").start()
            self._loads[key] = load
            return load

    def _open(self, key: _NetworkKey, load: Future[Embeds]) -> None:
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
    """A network that is loaded or being loaded, as a job waits for it.

    Args:
        open_network: Loads the network, unless it is loaded.
        backbone: The backbone.
        device: "auto", "cpu" or "cuda".
        loader: The loader that jobs share.
    """

    def __init__(
        self, open_network: OpenEmbedder, backbone: Backbone, device: str, loader: NetworkLoader = _loader
    ) -> None:
        self._future = loader.load(open_network, backbone, device)

    def wait(self, cancel: CancelToken) -> Embeds:
        """Wait until the network is loaded, and return it.

        Raises:
            Cancelled: asked to stop.
            UserError: the network could not be loaded.
        """
        cancel.check()
        first_done([self._future], cancel)
        return self._future.result()

    @property
    def batch_size(self) -> int | None:
        """Number of crops in a batch; None while the network is not loaded."""
        if not self._future.done() or self._future.exception() is not None:
            return None
        return self._future.result().batch_size
