"""The network as workflows see it: opened off to the side, so that opening it can be cancelled, and kept open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.backbone.registry import Backbone

_LOOK_EVERY_S = 0.1


class Embeds(Protocol):
    """What turns crops into embeddings: `vision.backbone.embedder.Embedder`, or a stand-in for tests."""

    @property
    def batch_size(self) -> int:
        """Crops the network takes at once."""

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Embed (B, S, S, 3) crops; (B, D) float16. Called from several threads at a time."""


#: Opens the network; called only when there is something to embed.
OpenEmbedder = Callable[[Backbone, str], Embeds]


@lru_cache(maxsize=1)
def open_embedder(backbone: Backbone, device: str) -> Embeds:
    """Load the backbone's weights and keep them for the next job; imports torch.

    Raises:
        WeightsMissing: the weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    from flowersorter.vision.backbone.device import choose_device
    from flowersorter.vision.backbone.embedder import Embedder

    embedder = Embedder.open(backbone, choose_device(device))
    # The first batch of a size is prepared for it, which takes seconds on a busy computer; here nobody waits for that.
    embedder.embed(np.zeros((embedder.batch_size, backbone.crop_px, backbone.crop_px, 3), np.uint8))
    return embedder


class Opening:
    """A network on its way.

    Importing torch and reading the weights takes seconds and cannot be interrupted. It happens in a thread of its
    own: a cancelled job leaves at once, and the next job finds the network open. The process cannot end before that
    thread unless by `os._exit`: torch aborts where the interpreter is taken down beside it.
    """

    def __init__(self, open_network: OpenEmbedder, backbone: Backbone, device: str) -> None:
        self._future: Future[Embeds] = Future()
        threading.Thread(target=self._open, args=(open_network, backbone, device), name="open network").start()

    def wait(self, cancel: CancelToken) -> Embeds:
        """The network, once it is open.

        Raises:
            Cancelled: asked to stop.
            UserError: what opening it raised.
        """
        while True:
            cancel.check()
            try:
                return self._future.result(_LOOK_EVERY_S)
            except NotYet:
                continue

    @property
    def batch_size(self) -> int | None:
        """How many crops the network takes at once, None while it is not open."""
        if not self._future.done() or self._future.exception() is not None:
            return None
        return self._future.result().batch_size

    def _open(self, open_network: OpenEmbedder, backbone: Backbone, device: str) -> None:
        try:
            self._future.set_result(open_network(backbone, device))
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits
            self._future.set_exception(error)
