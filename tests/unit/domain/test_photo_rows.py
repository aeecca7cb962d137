"""Rows of photos: the two most probable classes of each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from flowersorter.domain.photo_rows import PhotoPredictions, PhotoRows, rows_of
from flowersorter.domain.place import Place
from flowersorter.domain.shown_predictions import ShownPredictions
from flowersorter.domain.verdict import Caveat, Verdict

CLASS_IDS = np.array([7, 3, 9], np.int32)


def predictions(*shares: list[float]) -> PhotoPredictions:
    return PhotoPredictions(
        photo_ids=np.arange(1, len(shares) + 1),
        class_ids=CLASS_IDS[: len(shares[0])],
        probabilities=np.array(shares, np.float32),
        verdicts=np.full(len(shares), Verdict.LIKELY, np.uint8),
        caveats=np.full(len(shares), Caveat.UNLIKE_LABELLED, np.uint8),
    )


def rows(found: PhotoPredictions, *photo_ids: int) -> PhotoRows:
    places = [Place(photo_id, Path(f"/{photo_id}.jpg"), photo_id, 1, 1, None, missing=False) for photo_id in photo_ids]
    return rows_of(places, {}, found)


def test_a_row_has_the_most_probable_class_and_the_second() -> None:
    found = rows(predictions([0.1, 0.7, 0.2], [0.5, 0.1, 0.4]), 2, 1, 5)
    assert found.class_ids.tolist() == [7, 3, 0]
    assert found.second_class_ids.tolist() == [9, 9, 0]
    np.testing.assert_allclose(found.second_confidences, [0.4, 0.2, 0])


def test_the_grid_is_given_the_same_columns_in_rows_and_in_predictions() -> None:
    found = predictions([0.1, 0.7, 0.2], [0.5, 0.1, 0.4])
    whole, shown = rows(found, *found.photo_ids.tolist()), ShownPredictions.of(found)
    for name in ("class_ids", "confidences", "verdicts", "caveats", "second_class_ids", "second_confidences"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(shown, name))


def test_there_is_no_second_class_where_all_others_are_excluded_or_there_are_none() -> None:
    assert rows(predictions([0.0, 1.0, 0.0]), 1).second_class_ids.tolist() == [0]
    assert rows(predictions([1.0]), 1).second_class_ids.tolist() == [0]


def test_rows_keep_their_second_class_when_parts_are_joined_and_taken() -> None:
    found = rows(predictions([0.1, 0.7, 0.2], [0.5, 0.1, 0.4]), 1, 2)
    joined = PhotoRows.joined([found.take(np.array([1])), found.take(np.array([0])), PhotoRows.empty()])
    assert joined.second_class_ids.tolist() == [9, 9]
    np.testing.assert_allclose(joined.take(np.array([1])).second_confidences, [0.2])
