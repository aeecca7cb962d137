"""Suggests classes for the photos of a sort that goes on, as a new sort of their folder would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.domain.arrays import sorted_unique
from flowersorter.domain.photo_rows import PhotoPredictions
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken
from flowersorter.library.cache.hash_index import HashIndex, hash_rows
from flowersorter.library.tables.filed_photos import moved_from, photos_of_run
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.predicting.predict_folder import predict_together_by

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


class PresentSuggestions:
    """Present suggestions by hash, from cached embeddings: all of a sort are computed when the first is asked for.

    Args:
        engine: Of the collection; the estimates that it keeps stay as they are.
        run_id: The sort.
        backbone: Name, or None for the collection's.
        cancel: Checked often while they are computed.
    """

    def __init__(self, engine: Engine, run_id: int, backbone: str | None, cancel: CancelToken) -> None:
        self._engine, self._run_id, self._backbone, self._cancel = engine, run_id, backbone, cancel
        self._index: HashIndex | None = None
        self._class_ids, self._names = np.empty(0, np.int32), {0: ""}

    def __call__(self, hashes: Sequence[bytes]) -> Mapping[bytes, str]:
        """Return the class name that each photo is suggested as, by its SHA-256: "" where it looks like none.

        Photos without a suggestion are left out; without a model, or where it cannot be read, all are.

        Raises:
            Cancelled: asked to stop.
        """
        if self._index is None:
            self._index = self._suggested()
        rows = self._index.find(hashes).tolist()
        return {
            sha256: self._names[int(self._class_ids[row])] for sha256, row in zip(hashes, rows, strict=True) if row >= 0
        }

    def _suggested(self) -> HashIndex:
        """Suggest classes for all photos; return the position of each in `_class_ids`."""
        index = HashIndex()
        try:
            found = self._predictions()
        except UserError:  # a damaged model, or a cache that cannot be read, suggests nothing
            found = None
        if found is not None:
            photo_ids, hashes = self._engine.collection.photos.hashes(found.photo_ids)
            index.put_all(hash_rows(hashes), found.locate(photo_ids))
            self._class_ids = np.where(found.verdicts == Verdict.UNKNOWN, np.int32(0), found.best)
            self._names |= {entry.id: entry.name for entry in self._engine.collection.classes.all()}
        return index

    def _predictions(self) -> PhotoPredictions | None:
        """Predict the photos of the sort and of its folder; None without a model.

        Photos of a folder are evidence for one another. Those that were moved are among them: otherwise the sort itself
        would change the suggestions of the photos that are left.
        """
        engine, run = self._engine, self._engine.collection.journal.run(self._run_id)
        named = model_for(engine, chosen_backbone(engine.collection, self._backbone))
        if named is None:
            return None
        photo_ids = photos_of_run(engine.collection.database, run.id)
        if run.source is not None:
            photo_ids = np.append(photo_ids, engine.collection.photos.ids_under(run.source))
        moved = () if run.source is None else moved_from(engine.collection.database, run.source)
        return predict_together_by(engine.apart(), named, sorted_unique(photo_ids), self._cancel, moved)[0]
