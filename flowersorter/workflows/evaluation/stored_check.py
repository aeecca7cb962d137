"""Reads the stored check of a folder: its answers, whether it still holds, and its statement about the folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.sample_checks import StoredSample
from flowersorter.messages import Text, text
from flowersorter.workflows.evaluation.checked_sample import GOAL, CheckedSample
from flowersorter.workflows.models.current_model import chosen_backbone, model_for

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_OTHER_MODEL = text("another model is in use now")
_OTHER_SUGGESTIONS = text("the suggestions have changed since")
_NEW_PHOTOS = text("there are new photos")


def checked_note(
    engine: Engine, roots: Sequence[Path], rows: PhotoRows, backbone: str | None, include: str | None = None
) -> Text | None:
    """State what the newest check of these folders that still holds proves; None where none proves anything.

    Args:
        engine: Of the collection.
        roots: The folders and photos.
        rows: Their present photos.
        backbone: Name, or None for the collection's.
        include: Only a check of the suggestions that such a sort files, as another says nothing of these; None: any.
    """
    collection, model = engine.collection, model_name(engine, backbone)
    for sample in collection.sample_checks.holding(roots):
        if include not in (None, sample.include):
            continue
        check = CheckedSample(sample, GOAL, rows, answers_of(collection, sample))
        check = replace(check, goal=check.goal_in_reach)
        if why_outdated(collection, check, model) is None and check.note is not None:
            return check.note
    return None


def why_outdated(collection: CollectionStore, check: CheckedSample, model: str) -> Text | None:
    """Return the reason why a sample does not hold any more; None if it does."""
    sample, rows = check.sample, check.rows
    if sample.model != model:
        return _OTHER_MODEL
    classes = [entry.id for entry in collection.classes.all()]
    if check.out_of_reach or not np.isin(sample.class_ids, classes).all():
        return _OTHER_SUGGESTIONS
    new = rows.photo_ids[(rows.photo_ids > 0) & (rows.label_ids == 0)]
    if len(np.setdiff1d(new, np.concatenate([sample.photo_ids, sample.other_ids]))):
        return _NEW_PHOTOS
    return None


def answers_of(collection: CollectionStore, sample: StoredSample) -> dict[int, CheckAnswer]:
    """Return the answers by photo id; the photo's label, or another answer about it, counts as an answer too."""
    suggested = dict(zip(sample.photo_ids.tolist(), sample.class_ids.tolist(), strict=True))
    answers = collection.sample_checks.answers(sample.id)
    for photo_id, said in collection.answers.get(sample.photo_ids).items():
        if said.mark is Mark.NOT_MINE or suggested[photo_id] in said.rejected:
            answers[photo_id] = CheckAnswer.WRONG
        elif said.mark is Mark.DONT_KNOW:
            answers.setdefault(photo_id, CheckAnswer.SKIPPED)
    for photo_id, label in collection.labels.get(sample.photo_ids).items():
        answers[photo_id] = CheckAnswer.RIGHT if label.class_id == suggested[photo_id] else CheckAnswer.WRONG
    return answers


def model_name(engine: Engine, backbone: str | None) -> str:
    """Name the model that predicts now, as a sample stores it; "" without one."""
    name = chosen_backbone(engine.collection, backbone)
    named = model_for(engine, name)
    return "" if named is None else f"{name}/{'starter' if named.id is None else named.id}"
