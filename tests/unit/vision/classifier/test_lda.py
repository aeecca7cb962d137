"""The discriminant: what it is, and that fits take it where it helps and leave it where it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier import cross_validation, lda
from flowersorter.vision.classifier.batched_lbfgs import FitBatch, Solver, Weights
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.classifier.lda import discriminant_again, fit_lda, temperature_prior
from flowersorter.vision.classifier.training_state import TrainingState
from flowersorter.vision.features.packed import pack
from flowersorter.vision.features.pca import PCA, Coordinates
from flowersorter.vision.parallel import ThreadPool
from tests.unit.vision.gaussian_clusters import examples_of

CLASSES, WIDTH = 4, 30


def photos(per_class: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Classes that differ a little in many directions and spread widely, and alike, in a few others."""
    draw = np.random.default_rng(seed)
    targets = np.repeat(np.arange(CLASSES), per_class)
    centres = np.random.default_rng(7).standard_normal((CLASSES, WIDTH))
    noise = draw.standard_normal((len(targets), WIDTH)) * np.where(np.arange(WIDTH) < 10, 4.0, 1.0)
    return np.hstack([centres[targets] + noise, np.ones((len(targets), 1))]).astype(np.float32), targets


def found(
    inside: NDArray[np.float32], targets: NDArray[np.intp], shares: NDArray[np.float32], folds: int = 5
) -> Weights:
    fold = np.arange(len(targets)) % folds
    seen = np.vstack([fold != number for number in range(folds)] + [np.ones(len(targets), np.bool_)])
    with ThreadPool() as pool:
        result = fit_lda(FitBatch(inside, targets, CLASSES, seen, shares), pool)
    assert result is not None
    return result.weights


def accuracy(head: Weights, seed: int = 99) -> float:
    inside, targets = photos(500, seed)
    return float(((inside @ head.T).argmax(axis=1) == targets).mean())


def test_with_many_photos_it_is_the_best_there_is_for_classes_spread_alike() -> None:
    inside, targets = photos(400)
    head = found(inside, targets, np.ones(len(targets), np.float32))[-1]
    centres = np.random.default_rng(7).standard_normal((CLASSES, WIDTH))
    best = centres / np.where(np.arange(WIDTH) < 10, 16.0, 1.0)
    ideal = np.hstack([best, -0.5 * (best * centres).sum(axis=1, keepdims=True)])
    assert accuracy(head) > accuracy(ideal) - 0.01


def test_its_logits_are_as_sure_as_photos_no_fit_has_seen_allow() -> None:
    inside, targets = photos(400)
    head = found(inside, targets, np.ones(len(targets), np.float32))[-1]
    inside, targets = photos(500, seed=3)
    logits = inside @ head.T
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    assert abs(likely.max(axis=1).mean() - (likely.argmax(axis=1) == targets).mean()) < 0.02


def test_a_class_of_more_photos_weighs_no_more() -> None:
    inside, targets = photos(200)
    few = np.flatnonzero((targets != 0) | (np.arange(len(targets)) % 8 == 0))
    head = found(inside[few], targets[few], np.ones(len(few), np.float32))[-1]
    inside, targets = photos(500, seed=5)
    assert ((inside @ head.T).argmax(axis=1) == 0).mean() > 0.2


def test_two_halves_of_a_photo_count_as_the_photo() -> None:
    inside, targets = photos(20)
    whole = found(inside, targets, np.ones(len(targets), np.float32))
    twice = found(np.repeat(inside, 2, axis=0), np.repeat(targets, 2), np.full(2 * len(targets), 0.5, np.float32))
    # The folds are others: only the head that saw everything is the same, but for how sure it is.
    np.testing.assert_allclose(
        twice[-1] / np.linalg.norm(twice[-1]), whole[-1] / np.linalg.norm(whole[-1]), rtol=1e-3, atol=1e-5
    )


def test_where_every_fit_sees_everything_nothing_is_said() -> None:
    inside, targets = photos(5)
    with ThreadPool() as pool:
        fits = FitBatch(
            inside, targets, CLASSES, np.ones((1, len(targets)), np.bool_), np.ones(len(targets), np.float32)
        )
        assert fit_lda(fits, pool) is None


def test_classes_that_do_not_differ_leave_a_head_of_finite_numbers() -> None:
    targets = np.repeat(np.arange(CLASSES), 10)
    assert np.isfinite(found(np.ones((40, WIDTH + 1), np.float32), targets, np.ones(40, np.float32))).all()


def laid(inside: NDArray[np.float32], targets: NDArray[np.intp]) -> TrainingState:
    """Photos whose axes are the coordinates they come in."""
    rows = np.arange(len(targets))
    axes = PCA(np.eye(WIDTH, dtype=np.float32), np.zeros(WIDTH, np.float32))
    there = Coordinates(inside, np.zeros(len(rows), np.float32))
    return TrainingState(rows, np.ones(len(rows), np.float32), targets, axes, there, rows, rows // CLASSES % 5)


def solved(inside: NDArray[np.float32], targets: NDArray[np.intp]) -> cross_validation.CrossValidatedHeads:
    with ThreadPool() as pool:
        return cross_validation.fit_heads(laid(inside, targets), CLASSES, None, pool, CancelToken())


@pytest.mark.parametrize("fewest", [1, 2, 3])
def test_the_discriminant_is_tried_where_every_class_has_photos_enough(fewest: int) -> None:
    """The mean of one photo or two is far off, and no held-out photo of its class shows it."""
    inside, targets = photos(12)
    kept = np.concatenate([np.flatnonzero(targets > 0), np.flatnonzero(targets == 0)[:fewest]])
    heads = solved(inside[kept], targets[kept])
    assert (heads.prior is not None) == (heads.divisor is not None) == (fewest > 2)


def test_the_discriminant_of_a_refit_follows_the_labels() -> None:
    inside, targets = photos(12)
    heads, state = solved(inside, targets), laid(inside, targets)
    assert heads.prior is not None
    assert heads.divisor is not None
    with ThreadPool() as pool:
        every = FitBatch(inside, targets, CLASSES, np.ones((1, 48), np.bool_), np.ones(48, np.float32))
        again = discriminant_again(every, heads.divisor)
        assert again is not None
        np.testing.assert_allclose(again[0], heads.prior[-1], rtol=1e-4, atol=1e-6)
        relabelled = replace(state, targets=np.where(np.arange(48) == 0, (targets + 1) % CLASSES, targets))
        quick = cross_validation.refit_last(relabelled, heads, pool, CancelToken())
        former = cross_validation.refit_last(relabelled, replace(heads, divisor=None), pool, CancelToken())
    exact = solved(inside, relabelled.targets)
    assert exact.prior is not None
    assert np.abs(quick - exact.weights[-1]).max() < np.abs(former - exact.weights[-1]).max()


def test_few_photos_do_better_from_the_discriminant(monkeypatch: pytest.MonkeyPatch) -> None:
    """By 0.4 points in 60 draws; the mean of as many as here is at least three standard errors above 0."""
    draws = [photos(12, seed) for seed in range(40)]
    from_it = [accuracy(solved(*draw).weights[-1]) for draw in draws]
    monkeypatch.setattr(cross_validation, "fit_lda", lambda fits, pool: None)
    alone = [accuracy(solved(*draw).weights[-1]) for draw in draws]
    gains = np.array(from_it) - alone
    assert gains.mean() > 3 * gains.std(ddof=1) / np.sqrt(len(gains))


def test_it_is_left_where_held_out_photos_clearly_say_so() -> None:
    """Classes that are told by ten channels of their own each: their photos are anything but spread alike."""
    classes, per_class = 100, 4
    draw = np.random.default_rng(0)
    targets = np.repeat(np.arange(classes), per_class)
    embeddings = draw.gamma(0.3, size=(len(targets), 1024)).astype(np.float32)
    for row, target in enumerate(targets):
        embeddings[row, 10 * target : 10 * target + 10] += 2
    names = [f"kind {number}" for number in range(classes)]
    fitted = fit(examples_of(pack(embeddings), targets), names, "resnet50", CancelToken())
    assert fitted.heads.prior is None
    assert fitted.held_out.right.mean() > 0.8


def test_where_it_is_the_better_start_the_search_for_a_penalty_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    solved_for: list[float] = []
    solve = Solver.solve

    def counted(this: Solver, penalty: float, *arguments: object, **others: object) -> Weights:
        solved_for.append(penalty)
        return solve(this, penalty, *arguments, **others)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(Solver, "solve", counted)
    found = solved(*photos(12))
    assert found.prior is not None
    assert solved_for == [found.penalty] * 3, "from the discriminant, without it, and the heads of all photos"


def test_a_class_of_few_photos_is_found_as_often_as_one_of_many() -> None:
    """The mean of few is off by chance; classes that differ in nothing else are named equally often all the same."""
    few, many = 2, 200
    recalls = []
    for seed in range(20):
        inside, targets = photos(many, seed)
        keep = (targets != 0) | (np.arange(len(targets)) < few)
        head = found(inside[keep], targets[keep], np.ones(int(keep.sum()), np.float32))[-1]
        inside, targets = photos(100, 1000 + seed)
        predicted = (inside @ head.T).argmax(axis=1)
        recalls.append([(predicted == targets)[targets == number].mean() for number in range(CLASSES)])
    rare, *others = np.mean(recalls, axis=0)
    assert rare > 0.85 * np.mean(others)


@pytest.mark.parametrize("shown", [1.0, 8.0])
def test_the_temperature_that_is_left_leads_back_from_one_that_few_photos_showed(
    monkeypatch: pytest.MonkeyPatch, shown: float
) -> None:
    monkeypatch.setattr(lda, "fit_temperature", lambda loss: shown)
    inside, targets = photos(12, 3)
    seen = np.vstack([np.arange(len(targets)) % 4 > 0, np.ones(len(targets), np.bool_)])
    with ThreadPool() as pool:
        result = fit_lda(FitBatch(inside, targets, CLASSES, seen, np.ones(len(targets), np.float32)), pool)
    assert result is not None
    usual = temperature_prior(12)
    assert result.temperature.photos == usual.photos
    assert shown * np.exp(result.temperature.logarithm) == pytest.approx(np.exp(usual.logarithm))


def test_the_more_photos_the_higher_is_the_usual_temperature() -> None:
    usual = [temperature_prior(held_out).logarithm for held_out in (0, 10, 25, 60, 150, 10_000)]
    assert usual == sorted(usual)
    assert usual[0] == usual[1]
    assert usual[2] == pytest.approx(0.5)
    assert usual[-2] == usual[-1]
