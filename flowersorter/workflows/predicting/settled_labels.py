"""Predicts a folder for the terminal and scripts: first turns pending labels of the window into labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flowersorter.jobs import CancelToken, Report
from flowersorter.workflows.labelling.pending_labels import PendingLabels
from flowersorter.workflows.predicting.photo_details import rows_for
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult, predict_folder

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


def predict_settled(
    engine: Engine, request: PredictFolderRequest, report: Report, cancel: CancelToken
) -> PredictFolderResult:
    """Predict a folder, and store the labels that the window gave to unread photos.

    Raises:
        FolderUnusable: the folder is missing or forbidden; of several, all are.
        WeightsMissing: the backbone's weights are not on this computer.
        Cancelled: asked to stop; photos read until then stay in the library.
    """
    result = predict_folder(engine, request, report, cancel)
    pending = PendingLabels(engine.collection)
    if not pending.found(result.rows.place_ids, result.rows.photo_ids).labels:
        return result
    places = engine.collection.photos.places(result.rows.place_ids)
    return replace(result, rows=rows_for(engine, places, request.backbone))
