"""Sections to review: all photos without an answer, each in one of them, with the classes to propose."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.jobs import CancelToken, silent
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.labelling.review_order import QuestionKind
from flowersorter.workflows.labelling.review_questions import ReviewQuestion, expected_right, review_questions
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.starter_classes import delete_starter_classes


def sections_of(engine: Engine, folder: Path) -> tuple[ReviewQuestion, ...]:
    predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
    return review_questions(engine, folder, CancelToken())


def photo_ids(sections: tuple[ReviewQuestion, ...]) -> list[int]:
    return sorted(photo_id for section in sections for photo_id in section.photo_ids.tolist())


def test_a_folder_is_reviewed_from_no_class_to_all_of_them(engine: Engine, photos: Path) -> None:
    delete_starter_classes(engine.collection)
    sections = sections_of(engine, photos)
    everything = engine.collection.photos.ids_under(photos).tolist()
    assert photo_ids(sections) == sorted(everything)
    assert {section.kind for section in sections} == {QuestionKind.LOOK_ALIKES}
    assert all(not section.class_ids for section in sections)
    assert expected_right(sections, 0) == 0
    sizes = [len(section.photo_ids) for section in sections]
    assert sizes == sorted(sizes, reverse=True)

    paths = {place.photo_id: place.path for place in engine.collection.photos.places_under(photos)}
    colour_of = {photo_id: paths[photo_id].name.partition("_")[0] for photo_id in everything}
    classes = {name: engine.collection.classes.add(name).id for name in ("red", "green", "blue")}
    for colour, class_id in classes.items():
        assign(engine.collection, [each for each in everything if colour_of[each] == colour][:6], class_id)
    retrain(engine, RetrainRequest(), silent, CancelToken())
    answered = set(engine.collection.labels.class_ids())
    sections = sections_of(engine, photos)
    assert photo_ids(sections) == sorted(set(everything) - answered)
    for section in sections:
        proposed = {name for name, class_id in classes.items() if class_id == section.class_ids[0]}
        assert {colour_of[photo_id] for photo_id in section.photo_ids.tolist()} == proposed
    assert 0.5 < expected_right(sections, len(answered)) <= 1

    left = next(iter(set(everything) - answered))
    engine.collection.answers.put({left: PhotoAnswers(mark=Mark.NOT_MINE)})
    assert left not in photo_ids(review_questions(engine, photos, CancelToken()))


def test_an_empty_folder_has_no_sections(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sections = sections_of(engine, tmp_path / "empty")
    assert sections == ()
    assert expected_right(sections, 0) == 1


def test_a_folder_of_one_photo_is_one_section(engine: Engine, photos: Path) -> None:
    single = sorted((photos / "2026").iterdir())[0]
    sections = sections_of(engine, single)
    assert [len(section.photo_ids) for section in sections] == [1]
    assert np.isin(sections[0].photo_ids, engine.collection.photos.ids_under(photos)).all()
