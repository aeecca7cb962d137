"""A class nobody told of is sure of nothing, in every command that predicts a whole folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.domain.place import Places
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.classifier.predict import UNKNOWN
from flowersorter.vision.classifier.unknown_share import unknown_probabilities
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.current_model import NamedModel, model_for, starter, use_model
from flowersorter.workflows.predicting import unknown_photos
from flowersorter.workflows.predicting.photo_details import predictions_for
from flowersorter.workflows.predicting.photo_samples import FolderPhotos, output_class_ids, predicted_classes
from flowersorter.workflows.predicting.unknown_photos import (
    RunningEstimate,
    find_unknown_photos,
    unknown_probability,
    unknown_with,
)
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.starter_classes import delete_starter_classes
from tests.unit.workflows.stored_photos import remember

NAMES = ("aster", "bellis", "calendula")
LATENT, WIDTH = 16, 2048
FARTHER = 1.2


def photos(of: tuple[int, ...], per_class: int, seed: int) -> NDArray[np.float32]:
    """Embeddings of classes 0 to 2, of 3, that lies near to the first and shows nothing new, and of 4, less near."""
    fixed, draw = np.random.default_rng(99), np.random.default_rng(seed)
    centres = 1.5 * fixed.standard_normal((4, LATENT))
    near = 0.8 * fixed.standard_normal(LATENT)
    centres = np.vstack([centres[:3], centres[0] + near, centres[0] + FARTHER * near])
    channels = fixed.standard_normal((LATENT, WIDTH))
    latent = centres[np.repeat(of, per_class)] + draw.standard_normal((len(of) * per_class, LATENT))
    points = 4 + latent @ channels + 2 * draw.standard_normal((len(latent), WIDTH))
    embeddings: NDArray[np.float32] = np.square(np.maximum(0, points)).astype(np.float32) / 100
    return embeddings


@pytest.fixture
def taught(engine: Engine, tmp_path: Path) -> NamedModel:
    delete_starter_classes(engine.collection)
    remember(
        engine.collection, tmp_path / "labelled", photos((0, 1, 2), 60, 0), [name for name in NAMES for _ in range(60)]
    )
    retrain(engine, RetrainRequest(), silent, CancelToken())
    named = model_for(engine, "resnet50")
    assert named is not None
    return named


def unlabelled(collection: CollectionStore, folder: Path, embeddings: NDArray[np.float32]) -> NDArray[np.int64]:
    """Photos the collection knows but has no label of; their ids, rising."""
    ids = remember(collection, folder, embeddings, ["aster"] * len(embeddings))
    collection.labels.clear(ids)
    return np.sort(np.array(ids, np.int64))


def unknown(engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    return unknown_probability(engine, named.model, photo_ids) > UNKNOWN


def verdicts(engine: Engine, photo_ids: NDArray[np.int64]) -> list[int]:
    found = predictions_for(engine, photo_ids)
    assert found is not None
    return [int(verdict) for verdict in found.verdicts]


def test_what_stands_apart_is_not_sure_any_more(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    foreign = unlabelled(engine.collection, tmp_path / "foreign", photos((3,), 100, 1))
    assert verdicts(engine, foreign).count(Verdict.SURE) > 20, "one by one they pass for asters"
    assert find_unknown_photos(FolderPhotos(engine, taught, foreign), CancelToken())
    after = verdicts(engine, foreign)
    assert after.count(Verdict.SURE) < 5
    assert unknown(engine, taught, foreign).mean() > 0.9
    assert not find_unknown_photos(FolderPhotos(engine, taught, foreign), CancelToken()), (
        "the second time it is nothing new"
    )


def test_known_photos_beside_them_stay_sure(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    stayed = []
    foreign = unlabelled(engine.collection, tmp_path / "foreign", photos((3,), 60, 1))
    for seed in range(2, 6):  # a few photos more or less are chance
        known = unlabelled(engine.collection, tmp_path / f"known {seed}", photos((0, 1, 2), 30, seed))
        before = verdicts(engine, known).count(Verdict.SURE)
        find_unknown_photos(FolderPhotos(engine, taught, known), CancelToken())
        assert verdicts(engine, known).count(Verdict.SURE) == before > 60
        find_unknown_photos(FolderPhotos(engine, taught, np.concatenate([foreign, known])), CancelToken())
        stayed.append(verdicts(engine, known).count(Verdict.SURE) / before)
        assert verdicts(engine, foreign).count(Verdict.SURE) < 10
    assert np.mean(stayed) > 0.8


def test_another_folder_changes_nothing_for_this_one(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    foreign = unlabelled(engine.collection, tmp_path / "foreign", photos((3,), 100, 1))
    known = unlabelled(engine.collection, tmp_path / "known", photos((0, 1, 2), 30, 2))
    find_unknown_photos(FolderPhotos(engine, taught, foreign), CancelToken())
    before = unknown(engine, taught, foreign)
    find_unknown_photos(FolderPhotos(engine, taught, known), CancelToken())
    assert np.array_equal(unknown(engine, taught, foreign), before)


def test_once_they_have_a_class_they_belong(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    foreign = unlabelled(engine.collection, tmp_path / "foreign", photos((3,), 100, 1))
    find_unknown_photos(FolderPhotos(engine, taught, foreign), CancelToken())
    remember(engine.collection, tmp_path / "told", photos((3,), 60, 5), ["dahlia"] * 60)
    retrain(engine, RetrainRequest(), silent, CancelToken())
    named = model_for(engine, "resnet50")
    assert named is not None
    assert not unknown(engine, named, foreign).any(), "it was found with another model"
    find_unknown_photos(FolderPhotos(engine, named, foreign), CancelToken())
    assert unknown(engine, named, foreign).mean() < 0.05


def test_labelled_photos_and_those_of_no_embedding_are_left_out(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    foreign = unlabelled(engine.collection, tmp_path / "foreign", photos((3,), 100, 1))
    labelled = np.array(sorted(engine.collection.labels.all()), np.int64)[:60]  # most labels are of other folders
    find_unknown_photos(FolderPhotos(engine, taught, np.concatenate([labelled, foreign, [10**9]])), CancelToken())
    assert not unknown(engine, taught, labelled).any()
    assert unknown(engine, taught, foreign).any()


@pytest.mark.parametrize(("of_each", "foreign_class"), [(8, 4), (60, 3)])
def test_labels_of_the_folder_itself_take_sure_from_a_class_without_a_name(
    engine: Engine, tmp_path: Path, of_each: int, foreign_class: int
) -> None:
    """Eight photos of each class, or all there are: the other photos of these classes are not unknown."""
    collection = engine.collection
    delete_starter_classes(collection)
    names = [name for name in NAMES for _ in range(60)]
    mine = np.array(remember(collection, tmp_path / "mine", photos((0, 1, 2), 60, 0), names)).reshape(3, 60)
    foreign = unlabelled(collection, tmp_path / "foreign", photos((foreign_class,), 60, 1))
    rest = mine[:, of_each:].ravel()
    collection.labels.clear(rest.tolist())
    retrain(engine, RetrainRequest(), silent, CancelToken())
    named = model_for(engine, "resnet50")
    assert named is not None
    before = verdicts_alone(engine, named, foreign)
    assert before > 10
    find_unknown_photos(FolderPhotos(engine, named, np.concatenate([mine.ravel(), foreign])), CancelToken())
    assert verdicts(engine, foreign).count(Verdict.SURE) < 0.25 * before, "they lie near to the asters"
    assert not unknown(engine, named, rest).any()
    assert not unknown(engine, named, mine[:, :of_each].ravel()).any()


def test_a_photo_is_unknown_with_the_unlabelled_ones_of_its_folder(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    collection, folders = engine.collection, (tmp_path / "here", tmp_path / "there")
    here, there = (
        unlabelled(collection, folder, photos((3,), 50, seed)) for seed, folder in enumerate(folders, start=1)
    )
    find_unknown_photos(FolderPhotos(engine, taught, np.concatenate([here, there])), CancelToken())
    first, *others = here[unknown(engine, taught, here)].tolist()
    assert unknown_with(engine, taught, first, folders[0]) == len(others) > 40
    collection.answers.put({others[0]: PhotoAnswers(mark=Mark.NOT_MINE)})
    collection.labels.assign([others[1]], next(iter(collection.classes.all())).id, LabelOrigin.PERSON)
    assert unknown_with(engine, taught, first, folders[0]) == len(others) - 2
    assert [unknown_with(engine, taught, each, folders[0]) for each in others[:2]] == [0, 0]
    use_model(engine, None)
    other = model_for(engine, "resnet50")
    assert other is not None
    assert unknown_with(engine, other, first, folders[0]) == 0


def test_the_starter_knows_none_of_these_photos(engine: Engine, tmp_path: Path) -> None:
    """Its own photos stand for the labelled ones, so the first folder of a person is compared too."""
    foreign = unlabelled(engine.collection, tmp_path / "foreign", photos((3,), 100, 1))
    named = model_for(engine, "resnet50")
    assert named is not None
    assert named.id is None
    assert find_unknown_photos(FolderPhotos(engine, named, foreign), CancelToken())
    assert unknown(engine, named, foreign).all()


def test_photos_of_the_starters_classes_stay_sure(engine: Engine, tmp_path: Path) -> None:
    """Photos like those that the starter learned from are known to it."""
    named = model_for(engine, "resnet50")
    assert named is not None
    known = unlabelled(engine.collection, tmp_path / "known", starter_embeddings(range(0, 1500, 15)))
    before = verdicts(engine, known).count(Verdict.SURE)
    find_unknown_photos(FolderPhotos(engine, named, known), CancelToken())
    assert verdicts(engine, known).count(Verdict.SURE) >= before - 2 > 70


def starter_embeddings(rows: Iterable[int]) -> NDArray[np.float32]:
    """The pooled features that give these features of starter photos."""
    base = starter()
    at = np.fromiter(rows, np.intp)
    return np.square(base.features.take(at).unpack()) * base.totals[at, None]


def test_the_first_photos_of_an_unknown_class_are_not_sure_for_long(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    """While a folder is read, later photos show what the earlier ones are."""
    foreign = unlabelled(engine.collection, tmp_path / "foreign", photos((3,), 120, 1))
    places = Places.of([engine.collection.photos.places_of(photo_id)[0] for photo_id in foreign.tolist()])
    estimate = RunningEstimate(engine, taught)
    changed = [estimate.add(places.take(np.arange(start, start + 20)), CancelToken()) for start in range(0, 120, 20)]
    assert len(changed[0]) == 0
    first = set(foreign[:20].tolist())
    assert any(place.photo_id in first for later in changed[1:] for place in later)
    assert verdicts(engine, foreign).count(Verdict.SURE) < verdicts_alone(engine, taught, foreign) / 4


def test_the_cost_of_a_photo_does_not_grow_with_the_folder(
    engine: Engine, taught: NamedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most blocks are estimated beside the photos read before, with the fraction of unknown ones found among those."""
    estimated = list[int]()

    def count(scores: NDArray[np.float32]) -> NDArray[np.float32]:
        estimated.append(len(scores))
        return unknown_probabilities(scores)

    monkeypatch.setattr(unknown_photos, "unknown_probabilities", count)
    foreign = unlabelled(engine.collection, tmp_path / "foreign", photos((3,), 120, 1))
    places = Places.of([engine.collection.photos.places_of(photo_id)[0] for photo_id in foreign.tolist()])
    estimate = RunningEstimate(engine, taught)
    for number in range(120):
        estimate.add(places.take(np.array([number])), CancelToken())
    assert len(estimated) < 90
    assert estimated[:30] == list(range(1, 31)), "a few photos are estimated again with every other one"
    running = unknown_probability(engine, taught.model, foreign)
    scores = predicted_classes(engine, taught.model, foreign, output_class_ids(engine, taught.model), CancelToken())[1]
    assert np.allclose(running, unknown_probabilities(scores), atol=0.02)


def verdicts_alone(engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64]) -> int:
    """The number of sure photos, each by itself."""
    known, engine.unknown_photos = engine.unknown_photos, None
    alone = verdicts(engine, photo_ids).count(Verdict.SURE)
    engine.unknown_photos = known
    return alone


def test_a_running_estimate_leaves_labelled_photos_and_other_folders_alone(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    foreign = unlabelled(engine.collection, tmp_path / "foreign", photos((3,), 100, 1))
    find_unknown_photos(FolderPhotos(engine, taught, foreign), CancelToken())
    before = unknown(engine, taught, foreign)
    labelled = np.array(sorted(engine.collection.labels.all()), np.int64)
    places = Places.of([engine.collection.photos.places_of(photo_id)[0] for photo_id in labelled.tolist()])
    assert RunningEstimate(engine, taught).add(places, CancelToken()) == Places.of(())
    assert not unknown(engine, taught, labelled).any()
    assert np.array_equal(unknown(engine, taught, foreign), before)
