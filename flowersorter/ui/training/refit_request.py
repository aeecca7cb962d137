"""The quick refit after an action, as the window requests it: run in a thread, with imports on first use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.shown_predictions import ShownPredictions
from flowersorter.jobs import CancelToken

if TYPE_CHECKING:
    from flowersorter.domain.photo_rows import PhotoPredictions
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.training.incremental_fit import Refit

#: Photos from which on those in view are predicted before the others.
MANY = 2000


@dataclass(frozen=True, slots=True, eq=False)
class RefitRequest:
    """The photos of a refit.

    Attributes:
        changed: Those whose label changed since the last exact fit.
        photo_ids: (N,) int64, those to predict; 0 for a photo not read yet.
        in_view: (M,) int64, the same of those in view.
        written: Set once the labels are in the library; None if they are.
    """

    changed: tuple[int, ...]
    photo_ids: NDArray[np.int64]
    in_view: NDArray[np.int64]
    written: threading.Event | None = None


def refit(
    engine: Engine, request: RefitRequest, cancel: CancelToken, show_in_view: Callable[[ShownPredictions], None]
) -> tuple[Refit, ShownPredictions] | None:
    """Fit the head again and predict the photos.

    Args:
        engine: Has the fit of the model in use.
        request: The photos.
        cancel: Checked in every step.
        show_in_view: Called in this thread with the predictions of the photos in view, if there are many others.

    Returns:
        As `follow_labels`, with the predictions as the grid shows them.

    Raises:
        Cancelled: asked to stop.
    """
    if request.written is not None:
        request.written.wait()
    from flowersorter.workflows.training.incremental_fit import FirstPhotos, follow_labels

    def show(found: PhotoPredictions) -> None:
        cancel.check()
        show_in_view(ShownPredictions.of(found))

    wanted, first = request.photo_ids[request.photo_ids > 0], None
    if len(wanted) >= MANY:
        first = FirstPhotos(request.in_view[request.in_view > 0], show)
    found = follow_labels(engine, request.changed, wanted, cancel, first)
    return None if found is None else (found, ShownPredictions.of(found.predictions))
