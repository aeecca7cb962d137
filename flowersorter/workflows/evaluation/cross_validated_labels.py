"""Cross-validated predictions of the labelled photos, for finding label errors and photos to label next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.fit import Fitted
from flowersorter.workflows.models.current_model import model_for
from flowersorter.workflows.training.incremental_fit import fit_for
from flowersorter.workflows.training.training_set import (
    TrainingSet,
    labelled_photos,
    with_starter_of,
)
from flowersorter.workflows.training.unmeasured_classes import Unmeasured, too_few, unmeasured

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidatedLabels:
    """A fit of the collection's labels with held-out predictions.

    Attributes:
        photos: The training set.
        fitted: The fit.
        unmeasured: The classes of which no photo could be held out.
    """

    photos: TrainingSet
    fitted: Fitted
    unmeasured: tuple[Unmeasured, ...]


def second_opinion(engine: Engine, backbone: str, cancel: CancelToken) -> CrossValidatedLabels:
    """Fit the collection's labels and predict each labelled photo by a model that was not trained on it.

    Raises:
        TooFewPhotos: fewer than two classes have enough photos.
        Cancelled: asked to stop.
    """
    classes = engine.collection.labels.class_ids()
    own = labelled_photos(engine, backbone, classes)
    photos = with_starter_of(model_for(engine, backbone), engine.collection, own)
    if not photos.own.any() or len(photos.class_names) < 2:
        raise too_few(then="try again")
    fitted = fit_for(engine, photos, backbone, cancel)
    missing = unmeasured(photos, fitted)
    if not fitted.held_out.own.any():
        raise too_few(missing, "try again")
    return CrossValidatedLabels(photos, fitted, missing)
