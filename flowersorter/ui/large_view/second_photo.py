"""Chooses the photo to compare another one with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.workers.thumbnail_pool import Wanted

if TYPE_CHECKING:
    from flowersorter.workflows.predicting.photo_details import PhotoDetails


def second_photo(photos: PhotoModel, row: int, selected: int, known: PhotoDetails | None) -> tuple[Wanted, int] | None:
    """Choose the other selected photo, else the most similar confirmed one, else the next one.

    Args:
        photos: The photos of the grid.
        row: The photo to compare, in the order shown.
        selected: Place that the person selected beside it, 0 for none.
        known: Its details; None while they are loaded.

    Returns:
        The photo with its class id, 0 for none; None where there is no photo, or it is not known yet. A photo of
        another folder has a place id below 0.
    """
    columns, first = photos.columns, photos.wanted(row)
    if selected not in (0, first.place_id):
        for at in columns.locate([selected]).tolist():
            return _at(photos, at)
    if known is None:
        return None
    for near in known.neighbours:
        for at in np.flatnonzero(columns.photo_ids == near.photo_id).tolist():
            return _at(photos, at)
        if near.path is not None:
            return Wanted(-near.photo_id, near.photo_id, near.path), near.class_id
    other = row + 1 if row + 1 < photos.rowCount() else row - 1
    return None if other < 0 else _at(photos, int(columns.locate([photos.wanted(other).place_id])[0]))


def _at(photos: PhotoModel, at: int) -> tuple[Wanted, int]:
    columns = photos.columns
    wanted = Wanted(int(columns.place_ids[at]), int(columns.photo_ids[at]), columns.paths[at])
    return wanted, photos.shown_class(at)
