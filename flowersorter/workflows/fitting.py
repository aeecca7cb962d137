"""Fits for a garden, each starting from the last one: after a correction only what changed is worked out again."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from flowersorter.job import CancelToken
from flowersorter.library.garden import Garden
from flowersorter.vision.fit import Fitted, fit
from flowersorter.workflows.examples import TrainingSet

#: The last fit of each open garden. It holds the labelled photos in principal axes: a kilobyte each.
_last: WeakKeyDictionary[Garden, Fitted] = WeakKeyDictionary()


def fit_for(garden: Garden, photos: TrainingSet, backbone: str, cancel: CancelToken, note: str = "") -> Fitted:
    """Fit a head on labelled photos of a garden.

    Args:
        garden: Remembers the fit until it is closed.
        photos: What to learn from.
        backbone: Whose features they are.
        cancel: Looked at many times a second.
        note: Kept with the model.

    Raises:
        TooFewPhotos: fewer than two classes have photos.
        Cancelled: asked to stop.
    """
    fitted = fit(photos.examples, photos.class_names, backbone, cancel, note=note, last=_last.get(garden))
    _last[garden] = fitted
    return fitted
