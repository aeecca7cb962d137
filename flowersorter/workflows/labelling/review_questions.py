"""Divides the photos of a folder without an answer into questions, each answered in one action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.photos.scan import Roots
from flowersorter.vision.classifier.predict import UNKNOWN
from flowersorter.workflows.labelling.choose_groups import grouped_photos, without_answer
from flowersorter.workflows.labelling.review_order import Question, QuestionKind, questions
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.predicting.predict_cached import predict_from_cache
from flowersorter.workflows.predicting.unknown_photos import unknown_probability

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True, eq=False)
class ReviewQuestion:
    """Photos that one action can answer.

    Attributes:
        kind: The kind of question.
        class_ids: Classes to propose, the likeliest first; empty without a model.
        photo_ids: (M,) int64, in the order to look at them.
        expected_right: Expected fraction of photos that are of the first class.
    """

    kind: QuestionKind
    class_ids: tuple[int, ...]
    photo_ids: NDArray[np.int64]
    expected_right: float


def review_questions(engine: Engine, roots: Roots, cancel: CancelToken) -> tuple[ReviewQuestion, ...]:
    """Divide the photos without an answer into questions, ordered by photos put right per effort.

    From cached embeddings; reads no photo. Each embedded photo is in one question.

    Args:
        engine: The collection; keeps the groups of look-alikes.
        roots: The folder, or folders and single photos together.
        cancel: Checked often while photos are grouped.

    Raises:
        Cancelled: a stop was requested.
    """
    collection, backbone = engine.collection, chosen_backbone(engine.collection)
    everything = collection.photos.places_under(roots).known_photo_ids
    grouped = grouped_photos(engine, backbone, everything, cancel)
    kept = np.isin(grouped.photo_ids, without_answer(collection, everything))
    ids, groups = grouped.photo_ids[kept], grouped.groups[kept]
    class_ids, probabilities = _probabilities(engine, backbone, ids)
    return tuple(_with_photos(question, ids, class_ids) for question in questions(probabilities, groups))


def expected_right(asked: tuple[ReviewQuestion, ...], answered: int) -> float:
    """Estimate the fraction of photos with the right class: answered ones count as right, others by their suggestions.

    Args:
        asked: Of all photos without an answer.
        answered: Number of photos with an answer.
    """
    photos = answered + sum(len(question.photo_ids) for question in asked)
    right = answered + sum(question.expected_right * len(question.photo_ids) for question in asked)
    return right / photos if photos else 1.0


def _probabilities(
    engine: Engine, backbone: str, ids: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return (C,) class ids and (N, C) probabilities of photos; the rest to 1 is for none of the classes.

    A photo that is not called unknown counts as of one of them: once every class has labels, few of the photos that may
    be unknown are, and a person would be asked about all of them.
    """
    named = model_for(engine, backbone)
    found = None if named is None else predict_from_cache(engine, named.model, ids)
    if named is None or found is None or not found.class_ids.any():
        return np.empty(0, np.int32), np.zeros((len(ids), 0), np.float32)
    rows = found.locate(ids)
    probabilities = np.where((rows >= 0)[:, None], found.probabilities[rows], np.float32(0))
    unknown = unknown_probability(engine, named.model, ids)
    return found.class_ids, probabilities * np.where(unknown > UNKNOWN, 1 - unknown, np.float32(1))[:, None]


def _with_photos(question: Question, ids: NDArray[np.int64], class_ids: NDArray[np.int32]) -> ReviewQuestion:
    proposed = tuple(class_ids[question.classes].tolist())
    return ReviewQuestion(question.kind, proposed, ids[question.rows], question.expected_right)
