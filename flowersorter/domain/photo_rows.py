"""Photos as columns, one row a place, as the grid and the command line show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import positions_of, row_maxima
from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.domain.place import Paths, Place, Places

#: Suggestions shown of one photo.
TOP_SUGGESTIONS = 5


@dataclass(frozen=True, slots=True, eq=False)
class PhotoRows:
    """Columns of photos, one row a place.

    Attributes:
        place_ids: (N,) int64.
        photo_ids: (N,) int64; 0 where the file is not read yet or unreadable.
        paths: N absolute paths.
        errors: N reasons why a file is unreadable, None where it is not.
        label_ids: (N,) int32 class id of the label; 0 where there is none.
        by_person: (N,) bool; whether the label comes from the person; else from a class folder.
        class_ids: (N,) int32 class id of the most probable class; 0 where there is no prediction.
        confidences: (N,) float32 calibrated probability of that class.
        verdicts: (N,) uint8 `Verdict`.
        marks: (N,) uint8 `Mark` that a person gave the photo.
        second_class_ids: (N,) int32 class id of the second most probable class; 0 where there is none.
        second_confidences: (N,) float32 calibrated probability of that class.
        caveats: (N,) uint8 `Caveat` of the prediction.
    """

    place_ids: NDArray[np.int64]
    photo_ids: NDArray[np.int64]
    paths: Sequence[Path]
    errors: tuple[str | None, ...]
    label_ids: NDArray[np.int32]
    by_person: NDArray[np.bool_]
    class_ids: NDArray[np.int32]
    confidences: NDArray[np.float32]
    verdicts: NDArray[np.uint8]
    marks: NDArray[np.uint8]
    second_class_ids: NDArray[np.int32]
    second_confidences: NDArray[np.float32]
    caveats: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.paths)

    @classmethod
    def empty(cls) -> PhotoRows:
        """No photos."""
        longs, ints, floats = np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32)
        flags, bytes_ = np.zeros(0, np.bool_), np.zeros(0, np.uint8)
        return cls(longs, longs, (), (), ints, flags, ints, floats, bytes_, bytes_, ints, floats, bytes_)

    @classmethod
    def joined(cls, parts: Sequence[PhotoRows]) -> PhotoRows:
        """The rows of all parts, at least one; of a place in several parts, the row of the last one."""
        place_ids = np.concatenate([part.place_ids for part in parts])
        _, from_end = np.unique(place_ids[::-1], return_index=True)
        every = cls(
            place_ids=place_ids,
            photo_ids=np.concatenate([part.photo_ids for part in parts]),
            paths=Paths([name for part in parts for name in Paths.of(part.paths).names]),
            errors=tuple([error for part in parts for error in part.errors]),
            label_ids=np.concatenate([part.label_ids for part in parts]),
            by_person=np.concatenate([part.by_person for part in parts]),
            class_ids=np.concatenate([part.class_ids for part in parts]),
            confidences=np.concatenate([part.confidences for part in parts]),
            verdicts=np.concatenate([part.verdicts for part in parts]),
            marks=np.concatenate([part.marks for part in parts]),
            second_class_ids=np.concatenate([part.second_class_ids for part in parts]),
            second_confidences=np.concatenate([part.second_confidences for part in parts]),
            caveats=np.concatenate([part.caveats for part in parts]),
        )
        return every.take(np.sort(len(place_ids) - 1 - from_end))

    def take(self, rows: NDArray[np.intp]) -> PhotoRows:
        """Some of the rows, by number and in that order."""
        names, numbers = Paths.of(self.paths).names, rows.tolist()
        return PhotoRows(
            place_ids=self.place_ids[rows],
            photo_ids=self.photo_ids[rows],
            paths=Paths([names[row] for row in numbers]),
            errors=tuple([self.errors[row] for row in numbers]),
            label_ids=self.label_ids[rows],
            by_person=self.by_person[rows],
            class_ids=self.class_ids[rows],
            confidences=self.confidences[rows],
            verdicts=self.verdicts[rows],
            marks=self.marks[rows],
            second_class_ids=self.second_class_ids[rows],
            second_confidences=self.second_confidences[rows],
            caveats=self.caveats[rows],
        )

    @property
    def kept_class_ids(self) -> NDArray[np.int32]:
        """(N,) int32: the label where there is one, else the predicted class, else 0."""
        return np.where(self.label_ids > 0, self.label_ids, self.class_ids)


#: (N,) class ids, confidences, verdicts, caveats, second class ids and second confidences, as in `PhotoRows`.
ShownColumns = tuple[
    NDArray[np.int32],
    NDArray[np.float32],
    NDArray[np.uint8],
    NDArray[np.uint8],
    NDArray[np.int32],
    NDArray[np.float32],
]


@dataclass(frozen=True, slots=True, eq=False)
class PhotoPredictions:
    """Predictions by photo, with the model's classes as class ids of the collection.

    Attributes:
        photo_ids: (M,) int64, ascending.
        class_ids: (C,) int32, in the model's order.
        probabilities: (M, C) float32, calibrated, rows sum to 1; all 0 for a photo whose classes were all rejected.
        verdicts: (M,) uint8 `Verdict`.
        caveats: (M,) uint8 `Caveat`.
        answers: A person's answers about the photos besides their labels, by photo id; the predictions respect them.
    """

    photo_ids: NDArray[np.int64]
    class_ids: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    verdicts: NDArray[np.uint8]
    caveats: NDArray[np.uint8]
    answers: Mapping[int, PhotoAnswers] = field(default_factory=dict)

    @property
    def best(self) -> NDArray[np.int32]:
        """(M,) int32: the most probable class of each photo; 0 where none is left."""
        return np.where(self.probabilities.any(axis=1), self.class_ids[self.probabilities.argmax(axis=1)], np.int32(0))

    def second(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Find the second most probable class of each of these rows.

        Args:
            rows: (N,) row numbers.

        Returns:
            (N,) int32 class ids, 0 where there is no second class; (N,) float32 their probabilities.
        """
        shares = self.probabilities[rows]
        if shares.shape[1] < 2:
            return np.zeros(len(rows), np.int32), np.zeros(len(rows), np.float32)
        columns = np.argpartition(shares, -2, axis=1)[:, -2]
        seconds = np.take_along_axis(shares, columns[:, None], axis=1)[:, 0]
        return np.where(seconds > 0, self.class_ids[columns], np.int32(0)), seconds

    def shown(self, rows: NDArray[np.intp]) -> ShownColumns:
        """Return the shown part of the predictions in (N,) rows: the two most probable classes and the verdict."""
        seconds, second_confidences = self.second(rows)
        confidences = row_maxima(self.probabilities[rows])
        return self.best[rows], confidences, self.verdicts[rows], self.caveats[rows], seconds, second_confidences

    def locate(self, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Find the row of each photo.

        Args:
            photo_ids: (N,) int64.

        Returns:
            (N,) row of each photo, -1 for a photo without a prediction.
        """
        return positions_of(photo_ids, self.photo_ids)

    def top(self, photo_id: int, count: int) -> tuple[tuple[int, float], ...]:
        """The most probable classes of one photo as (class id, probability); empty without a prediction.

        A rejected class has no probability and is left out.
        """
        row = int(self.locate(np.array([photo_id], np.int64))[0])
        if row < 0:
            return ()
        best = np.argsort(-self.probabilities[row], kind="stable")[:count]
        best = best[self.probabilities[row, best] > 0]
        return tuple((int(self.class_ids[i]), float(self.probabilities[row, i])) for i in best)


def rows_of(
    places: Sequence[Place],
    labels: Mapping[int, Label],
    predictions: PhotoPredictions | None,
    answers: Mapping[int, PhotoAnswers] | None = None,
) -> PhotoRows:
    """Join places with their labels, predictions and other answers."""
    places = Places.of(places)
    label_ids, by_person = _label_columns(places.photo_ids, labels)
    class_ids = np.zeros(len(places), np.int32)
    confidences = np.zeros(len(places), np.float32)
    verdicts = np.zeros(len(places), np.uint8)
    second_class_ids, second_confidences = np.zeros_like(class_ids), np.zeros_like(confidences)
    caveats = np.zeros_like(verdicts)
    if predictions is not None and len(predictions.photo_ids):
        rows = predictions.locate(places.photo_ids)
        known = rows >= 0
        (
            class_ids[known],
            confidences[known],
            verdicts[known],
            caveats[known],
            second_class_ids[known],
            second_confidences[known],
        ) = predictions.shown(rows[known])
    return PhotoRows(
        place_ids=places.ids,
        photo_ids=places.photo_ids,
        paths=places.paths,
        errors=places.errors,
        label_ids=label_ids,
        by_person=by_person,
        class_ids=class_ids,
        confidences=confidences,
        verdicts=verdicts,
        marks=_marks(places.photo_ids, answers or {}),
        second_class_ids=second_class_ids,
        second_confidences=second_confidences,
        caveats=caveats,
    )


def _marks(photo_ids: NDArray[np.int64], answers: Mapping[int, PhotoAnswers]) -> NDArray[np.uint8]:
    """(N,) uint8 the `Mark` of each photo."""
    marks = np.zeros(len(photo_ids), np.uint8)
    for mark in (Mark.NOT_MINE, Mark.DONT_KNOW):
        marked = [photo_id for photo_id, each in answers.items() if each.mark is mark]
        if marked:
            marks[np.isin(photo_ids, marked)] = mark
    return marks


def _label_columns(
    photo_ids: NDArray[np.int64], labels: Mapping[int, Label]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """(N,) the class id of each photo's label, 0 for none, and whether the label comes from the person."""
    label_ids, by_person = np.zeros(len(photo_ids), np.int32), np.zeros(len(photo_ids), np.bool_)
    if labels:
        labelled = np.fromiter(labels, np.int64, len(labels))
        classes = np.fromiter((label.class_id for label in labels.values()), np.int32, len(labels))
        from_person = np.fromiter(
            (label.origin is LabelOrigin.PERSON for label in labels.values()), np.bool_, len(labels)
        )
        order = np.argsort(labelled)
        rows = order[np.minimum(np.searchsorted(labelled, photo_ids, sorter=order), len(labels) - 1)]
        found = labelled[rows] == photo_ids
        label_ids[found], by_person[found] = classes[rows[found]], from_person[rows[found]]
    return label_ids, by_person
