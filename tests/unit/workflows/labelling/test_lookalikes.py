"""The photos that would follow a label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.jobs import CancelToken, silent
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.labelling.lookalikes import lookalikes, nearest_photos, similar_photos
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder


@pytest.fixture
def ids(engine: Engine, photos: Path) -> dict[str, int]:
    """Photo id by file name, of ten photos each of red, green and blue."""
    rows = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    return {path.name: int(photo_id) for path, photo_id in zip(rows.paths, rows.photo_ids, strict=True)}


def test_photos_like_a_labelled_one_follow_it_nearest_first(engine: Engine, ids: dict[str, int]) -> None:
    collection, everything = engine.collection, np.array(sorted(ids.values()), np.int64)
    red, green = collection.classes.add("red").id, collection.classes.add("green").id
    assert lookalikes(engine, ids["red_0.jpg"], everything) == ()  # no label yet
    collection.labels.assign([ids["red_0.jpg"], ids["red_1.jpg"]], red, LabelOrigin.PERSON)
    collection.labels.assign([ids["green_0.jpg"]], green, LabelOrigin.PERSON)
    collection.answers.put(
        {
            ids["red_2.jpg"]: PhotoAnswers(frozenset({red})),
            ids["red_3.jpg"]: PhotoAnswers(mark=Mark.NOT_MINE),
            ids["red_4.jpg"]: PhotoAnswers(frozenset({green})),
        }
    )
    found = lookalikes(engine, ids["red_0.jpg"], everything, count=100)
    reds = {ids[f"red_{number}.jpg"] for number in range(4, 10)}
    assert {each.photo_id for each in found} == reds, "blue ones are as much like red ones as the green ones are"
    assert [each.similarity for each in found] == sorted((each.similarity for each in found), reverse=True)
    assert lookalikes(engine, ids["red_0.jpg"], everything, count=2) == found[:2]
    assert lookalikes(engine, ids["red_0.jpg"], np.zeros(0, np.int64)) == ()


def test_lookalikes_are_nearer_than_photos_of_different_classes_are(engine: Engine, ids: dict[str, int]) -> None:
    collection, everything = engine.collection, np.array(sorted(ids.values()), np.int64)
    mixed, green = collection.classes.add("mixed").id, collection.classes.add("green").id
    collection.labels.assign([ids["red_0.jpg"]], mixed, LabelOrigin.PERSON)
    collection.labels.assign([ids[f"green_{number}.jpg"] for number in range(1, 10)], green, LabelOrigin.PERSON)
    apart = lookalikes(engine, ids["red_0.jpg"], everything)
    assert {each.photo_id for each in apart} == {ids[f"red_{number}.jpg"] for number in range(1, 10)}
    collection.labels.assign([ids["green_0.jpg"]], mixed, LabelOrigin.PERSON)
    alike = lookalikes(engine, ids["red_0.jpg"], everything)
    most = max(each.similarity for each in similar_photos(engine, ids["green_0.jpg"], everything))
    nearer = {each.photo_id for each in apart if each.similarity > most}
    assert nearer
    assert nearer <= {each.photo_id for each in alike}
    assert len(alike) < len(apart), "the class itself shows how alike photos of different classes can be"


def test_similar_photos_need_no_label_and_labelled_ones_are_among_them(engine: Engine, ids: dict[str, int]) -> None:
    collection, everything = engine.collection, np.array([0, *ids.values(), *ids.values()], np.int64)
    reds = {ids[f"red_{number}.jpg"] for number in range(1, 10)}
    found = similar_photos(engine, ids["red_0.jpg"], everything, count=9)
    assert {each.photo_id for each in found} == reds
    assert [each.similarity for each in found] == sorted((each.similarity for each in found), reverse=True)
    collection.labels.assign([ids["red_1.jpg"]], collection.classes.add("green").id, LabelOrigin.PERSON)
    collection.answers.put({ids["red_2.jpg"]: PhotoAnswers(mark=Mark.NOT_MINE)})
    assert similar_photos(engine, ids["red_0.jpg"], everything, count=9) == found
    assert similar_photos(engine, ids["red_0.jpg"], np.zeros(0, np.int64)) == ()
    assert similar_photos(engine, 999_999, everything) == ()
    nearest = nearest_photos(engine, ids["red_0.jpg"], everything).tolist()
    assert nearest[:10] == [ids["red_0.jpg"], *(each.photo_id for each in found)]
    assert nearest_photos(engine, 999_999, everything).tolist() == [999_999]
