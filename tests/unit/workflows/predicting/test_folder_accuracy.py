"""A folder on which the model is less accurate is said to be, and its photos are sure of less."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.domain.verdict import Caveat, Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.vision.classifier.predict import caveats_of
from flowersorter.vision.dataset_shift.accuracy_estimation import LEAST_PHOTOS, AccuracyEstimate
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.current_model import NamedModel, model_for
from flowersorter.workflows.predicting import folder_accuracy
from flowersorter.workflows.predicting.folder_accuracy import accuracy_note, find_accuracy, sure_thresholds
from flowersorter.workflows.predicting.photo_details import predictions_for
from flowersorter.workflows.predicting.photo_samples import FolderPhotos
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.starter_classes import delete_starter_classes
from tests.unit.workflows.stored_photos import remember

NAMES = ("aster", "bellis", "calendula")
LATENT, WIDTH = 16, 2048
ESTIMATE = AccuracyEstimate(200, 0.838, 0.954, 0.07, differs=True, sure_from=0.99, agreed_only=True)


def photos(per_class: int, seed: int, *, noise: float = 1.0) -> NDArray[np.float32]:
    """Embeddings of three classes, in turn; the more noise the more are predicted wrong."""
    fixed, draw = np.random.default_rng(99), np.random.default_rng(seed)
    centres, channels = fixed.standard_normal((3, LATENT)), fixed.standard_normal((LATENT, WIDTH))
    latent = 0.7 * np.tile(centres, (per_class, 1)) + noise * draw.standard_normal((3 * per_class, LATENT))
    points = 4 + latent @ channels + 2 * draw.standard_normal((len(latent), WIDTH))
    embeddings: NDArray[np.float32] = (np.square(np.maximum(0, points)) / 100).astype(np.float32)
    return embeddings


@pytest.fixture
def taught(engine: Engine, tmp_path: Path) -> NamedModel:
    delete_starter_classes(engine.collection)
    remember(engine.collection, tmp_path / "labelled", photos(40, 0), list(NAMES) * 40)
    retrain(engine, RetrainRequest(), silent, CancelToken())
    named = model_for(engine, "resnet50")
    assert named is not None
    return named


def unlabelled(engine: Engine, folder: Path, embeddings: NDArray[np.float32]) -> NDArray[np.int64]:
    ids = remember(engine.collection, folder, embeddings, ["aster"] * len(embeddings))
    engine.collection.labels.clear(ids)
    return np.sort(np.array(ids, np.int64))


def found(engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64]) -> AccuracyEstimate | None:
    return find_accuracy(FolderPhotos(engine, named, photo_ids), CancelToken())[0]


def sure(engine: Engine, photo_ids: NDArray[np.int64]) -> int:
    predictions = predictions_for(engine, photo_ids)
    assert predictions is not None
    return int(np.count_nonzero(predictions.verdicts == Verdict.SURE))


def test_a_folder_that_is_read_worse_is_sure_of_less(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    hard = unlabelled(engine, tmp_path / "hard", photos(40, 1, noise=2.2))
    before = sure(engine, hard)
    estimate = found(engine, taught, hard)
    assert estimate is not None
    assert estimate.differs
    assert estimate.held_out is not None
    assert estimate.accuracy < estimate.held_out - 0.05
    assert sure(engine, hard) < 0.7 * before
    assert accuracy_note(estimate) is not None


def test_a_folder_like_the_labelled_photos_stays_as_sure(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    same = unlabelled(engine, tmp_path / "same", photos(40, 2))
    before = sure(engine, same)
    estimate = found(engine, taught, same)
    assert estimate is not None
    assert (estimate.differs, accuracy_note(estimate)) == (False, None)
    assert sure(engine, same) == before > 40


def test_another_folder_keeps_what_was_found(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    hard = unlabelled(engine, tmp_path / "hard", photos(40, 1, noise=2.2))
    same = unlabelled(engine, tmp_path / "same", photos(40, 2))
    found(engine, taught, hard)
    withdrawn = sure_thresholds(engine, taught.model, hard)
    found(engine, taught, same)
    assert np.array_equal(sure_thresholds(engine, taught.model, hard), withdrawn)
    assert not sure_thresholds(engine, taught.model, same).any()


def test_the_second_time_nothing_changes(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    hard = unlabelled(engine, tmp_path / "hard", photos(40, 1, noise=2.2))
    folder = FolderPhotos(engine, taught, hard)
    assert find_accuracy(folder, CancelToken())[1]
    assert not find_accuracy(folder, CancelToken())[1]


@pytest.mark.parametrize("compared", [50, 60, 70])
def test_photos_that_were_not_compared_keep_to_a_threshold_too(
    engine: Engine, taught: NamedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compared: int
) -> None:
    doubtful = AccuracyEstimate(
        60, 0.9, 0.9, 0.05, differs=False, sure_from=0, agreed_only=True, sure_from_uncompared=0.99
    )
    monkeypatch.setattr(folder_accuracy, "MOST_OTHERS", compared)
    monkeypatch.setattr(folder_accuracy, "estimate_accuracy", lambda *_: doubtful)
    same = unlabelled(engine, tmp_path / "same", photos(40, 2))
    found(engine, taught, same)
    thresholds = sure_thresholds(engine, taught.model, same)
    assert np.count_nonzero(thresholds == np.float32(0.99)) == len(same) - compared
    assert compared / 2 < np.count_nonzero(thresholds == 0) <= compared


def test_photos_of_a_deleted_class_have_no_suggestion(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    same = unlabelled(engine, tmp_path / "same", photos(40, 2))
    before = found(engine, taught, same)
    entry = engine.collection.classes.find("aster")
    assert entry is not None
    engine.collection.classes.delete(entry.id)
    after = found(engine, taught, same)
    assert before is not None
    assert after is not None
    assert after.photos < before.photos - 30


def test_photos_that_are_not_mine_are_left_out(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    same = unlabelled(engine, tmp_path / "same", photos(40, 2))
    engine.collection.answers.put(dict.fromkeys(same[:60].tolist(), PhotoAnswers(mark=Mark.NOT_MINE)))
    estimate = found(engine, taught, same)
    assert estimate is not None
    assert estimate.photos <= 60


@pytest.mark.parametrize("number", [0, 1, LEAST_PHOTOS - 1])
def test_a_handful_of_photos_has_no_estimate(engine: Engine, taught: NamedModel, tmp_path: Path, number: int) -> None:
    few = unlabelled(engine, tmp_path / "few", photos(40, 1)[:number])
    assert found(engine, taught, few) is None


def test_labelled_photos_and_those_without_an_embedding_are_left_out(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    same = unlabelled(engine, tmp_path / "same", photos(40, 2))
    labelled = np.array(sorted(engine.collection.labels.all()), np.int64)
    estimate = found(engine, taught, np.concatenate([labelled, same, [10**9]]))
    assert estimate is not None
    assert estimate.photos <= len(same)


def test_a_photo_shown_a_hundred_times_is_read_without_a_fault(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    burst = unlabelled(engine, tmp_path / "burst", np.repeat(photos(1, 1)[:1], 100, axis=0))
    estimate = found(engine, taught, burst)
    assert estimate is None or 0 <= estimate.accuracy <= 1


def test_the_sentence_says_how_many_are_right_and_usually_are() -> None:
    assert str(accuracy_note(ESTIMATE)) == (
        "About 84 of 100 suggestions are right here, usually 95; check 20 photos to know."
    )
    assert accuracy_note(replace(ESTIMATE, differs=False)) is None
    assert accuracy_note(None) is None


def test_a_folder_with_the_labelled_photos_is_not_said_to_be_unusual() -> None:
    """Those held out are look-alikes of one another: they are right more often than other photos of the folder."""
    own = replace(ESTIMATE, of_folder=True)
    assert accuracy_note(own) is None
    assert str(accuracy_note(replace(own, sure_withdrawn=True))) == (
        "About 84 of 100 suggestions are right here; check 20 photos to know."
    )


def test_an_estimate_knows_whether_the_labelled_photos_are_of_the_folder(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    others = unlabelled(engine, tmp_path / "others", photos(40, 1, noise=2.2))
    own = np.concatenate([others, np.array(list(engine.collection.labels.all()), np.int64)])
    for ids, of_folder in ((others, False), (own, True)):
        estimate = found(engine, taught, ids)
        assert estimate is not None
        assert estimate.of_folder == of_folder


@pytest.mark.parametrize(
    ("by_folder", "reason"),
    [(None, Caveat.FOLDER_DIFFERS), (False, Caveat.FOLDER_DIFFERS), (True, Caveat.FEW_LABELLED)],
)
def test_a_folder_does_not_differ_from_its_own_labelled_photos(
    taught: NamedModel, by_folder: bool | None, reason: Caveat
) -> None:
    judged = None if by_folder is None else np.array([by_folder])
    numbers = np.array([0.995], np.float32), np.array([0.0], np.float32)
    sure_from, known = np.array([1.01], np.float32), np.array([0.0], np.float32)
    likely = np.array([Verdict.LIKELY], np.uint8)
    found_caveats = caveats_of(taught.model, likely, *numbers, known, sure_from, by_folder=judged)
    assert found_caveats.tolist() == [reason]
    assert "differs" not in str(Caveat.FEW_LABELLED.reason)


@pytest.mark.parametrize("held_out", [None, 0.8, 0.838, 0.848])
def test_a_difference_not_worth_saying_is_told_only_where_sure_was_withdrawn(held_out: float | None) -> None:
    near = replace(ESTIMATE, held_out=held_out)
    assert accuracy_note(near) is None
    assert str(accuracy_note(replace(near, sure_withdrawn=True))) == (
        "About 84 of 100 suggestions are right here; check 20 photos to know."
    )
    assert "usually 86" in str(accuracy_note(replace(ESTIMATE, held_out=0.86)))


def test_the_estimate_knows_whether_sure_was_withdrawn(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    hard = unlabelled(engine, tmp_path / "hard", photos(40, 1, noise=2.2))
    same = unlabelled(engine, tmp_path / "same", photos(40, 2))
    before = sure(engine, hard)
    estimates = [found(engine, taught, ids) for ids in (hard, same)]
    assert [estimate is not None and estimate.sure_withdrawn for estimate in estimates] == [
        2 * sure(engine, hard) <= before,
        False,
    ]
