"""Labels of files that cannot be read as photos: kept by their bytes, used for sorting, not for training."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.unreadable_files import store_file
from flowersorter.messages import text
from flowersorter.photos.file_bytes import hash_file

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


def identify_files(
    collection: CollectionStore, place_ids: Sequence[int] | NDArray[np.int64], report: Report, cancel: CancelToken
) -> int:
    """Hash the unreadable files at these places that have a pending label, so that the label stays with their bytes.

    The label of an empty file stays pending, at its place.

    Returns:
        Number of hashed files; the pending labels become labels when their places are shown again.

    Raises:
        Cancelled: asked to stop; a file that was hashed stays so.
    """
    pending = collection.pending_labels.all()
    if not pending:
        return 0
    wanted = np.intersect1d(np.asarray(place_ids, np.int64), np.fromiter(pending, np.int64, len(pending)))
    places = [place for place in collection.photos.places(wanted) if place.photo_id is None and place.error is not None]
    hashed = 0
    for number, place in enumerate(places):
        report(Progress(text("Reading files"), number, len(places)))
        try:
            file = call_apart(partial(hash_file, place.path, cancel), cancel)
        except PhotoUnreadable:  # gone since; the label waits
            continue
        if file.size_bytes:
            store_file(collection.database, place.id, file.sha256, file.size_bytes)
            hashed += 1
    return hashed


def identified_rows(engine: Engine, place_ids: Sequence[int], report: Report, cancel: CancelToken) -> PhotoRows:
    """As `identify_files`; return the rows of the places."""
    from flowersorter.workflows.predicting.photo_details import rows_for

    identify_files(engine.collection, place_ids, report, cancel)
    return rows_for(engine, engine.collection.photos.places(place_ids))
