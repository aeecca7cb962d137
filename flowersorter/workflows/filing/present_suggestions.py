"""Suggests classes for the photos of a sort that goes on, as a new sort of their folder would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.domain.arrays import sorted_unique
from flowersorter.domain.journal import Run
from flowersorter.domain.photo_rows import PhotoPredictions
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import CacheUnusable, ModelFileBad, UserError, WeightsMissing
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.cache.hash_index import HashIndex, hash_rows
from flowersorter.library.tables.filed_photos import moved_from, photos_of_run
from flowersorter.messages import Text, joined_texts, stored, text
from flowersorter.sorting.runs.answers_since import Suggested
from flowersorter.workflows.filing.sort import INCLUDED_VERDICTS, LEFT_BECAUSE, Include
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.predicting.predict_folder import predict_together_by

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


class PresentSuggestions:
    """Present suggestions by hash, from cached embeddings: all of a sort are computed when the first is asked for.

    Args:
        engine: Of the collection; the estimates that it keeps stay as they are, and so do the classes.
        run_id: The sort.
        backbone: Name, or None for that of the sort.
        report: Gets `Progress` while they are computed.
        cancel: Checked often while they are computed.
    """

    def __init__(self, engine: Engine, run_id: int, backbone: str | None, report: Report, cancel: CancelToken) -> None:
        self._engine, self._run_id, self._backbone = engine, run_id, backbone
        self._report, self._cancel = report, cancel
        self._index: HashIndex | None = None
        self._class_ids, self._verdicts = np.empty(0, np.int32), np.empty(0, np.uint8)
        self._names: dict[int, str] = {}
        self._included: tuple[Verdict, ...] = ()
        self._problem: Text | None = None

    def __call__(self, hashes: Sequence[bytes]) -> Mapping[bytes, Suggested]:
        """Return the present suggestion of each photo, by its SHA-256.

        Photos without one are left out, and without a model all are. Where the model or the cache cannot be read, no
        class is known, and that is the reason to leave each of them.

        Raises:
            Cancelled: asked to stop.
            UserError: the library cannot be read.
        """
        if self._index is None:
            self._index = self._suggested()
        if self._problem is not None:
            return dict.fromkeys(hashes, Suggested(None, self._problem))
        rows = self._index.find(hashes).tolist()
        return {sha256: self._suggestion(row) for sha256, row in zip(hashes, rows, strict=True) if row >= 0}

    def _suggestion(self, row: int) -> Suggested:
        verdict = Verdict(int(self._verdicts[row]))
        if verdict is Verdict.UNKNOWN:
            return Suggested("")
        # A class that was deleted while they were computed is none, as one that was deleted before.
        name = self._names.get(int(self._class_ids[row]), "")
        return Suggested(name, None if verdict in self._included else LEFT_BECAUSE[verdict])

    def _suggested(self) -> HashIndex:
        """Suggest classes for all photos; return the row of each."""
        self._report(Progress(text("Suggesting classes"), 0))
        index, run = HashIndex(), self._engine.collection.journal.run(self._run_id)
        try:
            found = self._predictions(run)
        except (ModelFileBad, WeightsMissing, CacheUnusable) as error:
            self._problem = text("the suggestions could not be compared: {why}", why=_why(error))
            found = None
        if found is not None:
            photo_ids, hashes = self._engine.collection.photos.hashes(found.photo_ids)
            index.put_all(hash_rows(hashes), found.locate(photo_ids))
            self._class_ids, self._verdicts = found.best, found.verdicts
            self._names = {entry.id: entry.name for entry in self._engine.collection.classes.all()}
        self._included = _included(run)
        self._report(Progress(text("Planning"), 0))
        return index

    def _predictions(self, run: Run) -> PhotoPredictions | None:
        """Predict the photos of the sort and of its folder; None without a model.

        Photos of a folder are evidence for one another. Those that were moved are among them: otherwise the sort itself
        would change the suggestions of the photos that are left.
        """
        engine, backbone = self._engine, self._backbone
        if backbone is None and run.suggestions is not None:
            backbone = run.suggestions.backbone
        named = model_for(engine, chosen_backbone(engine.collection, backbone))
        if named is None:
            return None
        photo_ids = photos_of_run(engine.collection.database, run.id)
        if run.source is not None:
            photo_ids = np.append(photo_ids, engine.collection.photos.ids_under(run.source))
        moved = () if run.source is None else moved_from(engine.collection.database, run.source)
        apart = engine.apart(makes_classes=False)
        return predict_together_by(apart, named, sorted_unique(photo_ids), self._cancel, moved)[0]


def _included(run: Run) -> tuple[Verdict, ...]:
    """The verdicts of the suggestions that a sort includes; those of an earlier version at most likely ones."""
    return INCLUDED_VERDICTS[Include.LIKELY if run.suggestions is None else Include(run.suggestions.included)]


def _why(error: UserError) -> Text:
    return joined_texts(": ", *(stored(part) for part in (error.what, error.why) if part))
