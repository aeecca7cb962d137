"""Photos nobody labelled, learned from where labelled ones are few: what they win, and what must not come of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier import cross_validation
from flowersorter.vision.classifier.batched_lbfgs import FitBatch, Solver, Weights
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.vision.classifier.lda import fit_lda
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples, TrainingState, few
from flowersorter.vision.features.packed import Features, join, pack
from flowersorter.vision.parallel import ThreadPool
from tests.unit.vision.gaussian_clusters import WIDTH, clusters, learned

SPREAD = 1.1


def accuracy(fitted: Fitted, examples: Examples) -> float:
    guesses = predict(fitted.model, examples.features).probabilities.argmax(axis=1)
    return float((guesses == examples.targets).mean())


def taught(seed: int, unlabelled: Features | None) -> float:
    """Accuracy with five labelled photos a class, on photos that nothing was learned from."""
    examples = replace(clusters(5, spread=SPREAD, seed=seed), unlabelled=unlabelled)
    return accuracy(learned(examples), clusters(200, spread=SPREAD, seed=1000))


def test_they_make_the_guesses_better() -> None:
    draws = range(8)
    alone = [taught(seed, None) for seed in draws]
    together = [taught(seed, clusters(100, spread=SPREAD, seed=500 + seed).features) for seed in draws]
    assert np.mean(together) > np.mean(alone) + 0.02


def test_where_one_class_is_rare_among_them_it_is_still_told() -> None:
    def rare(seed: int) -> Features:
        others = clusters(150, spread=SPREAD, seed=500 + seed)
        kept = (others.targets > 0) | (np.arange(len(others.targets)) < 8)
        return others.features.take(kept)

    draws = range(8)
    alone = [taught(seed, None) for seed in draws]
    together = [taught(seed, rare(seed)) for seed in draws]
    assert np.mean(together) > np.mean(alone)


def test_strangers_among_them_are_not_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, known = clusters(8, seed=1), clusters(30, seed=2)
    strange = pack(np.random.default_rng(5).gamma(0.2, size=(90, WIDTH)))
    both = join([known.features, strange])
    fitted = learned(replace(examples, unlabelled=both))
    assert fitted.state.unlabelled is not None
    assert 80 < len(fitted.state.unlabelled) <= 95
    monkeypatch.setattr("flowersorter.vision.classifier.fit._in_distribution", lambda _unlabelled, _model: None)
    assert learned(replace(examples, unlabelled=strange)).state.unlabelled is None, "all of them may be strange"


def joint(targets: NDArray[np.intp], inside: NDArray[np.float32], unlabelled: NDArray[np.float32]) -> Weights:
    fold = np.arange(len(targets)) % 5
    seen = np.vstack([fold != number for number in range(5)] + [np.ones(len(targets), np.bool_)])
    with ThreadPool() as lanes:
        fits = FitBatch(inside, targets, 3, seen, np.ones(len(targets), np.float32))
        found = fit_lda(fits, lanes, unlabelled)
    assert found is not None
    return found


def test_a_head_knows_nothing_of_the_labels_that_it_is_measured_with() -> None:
    """But for how sure it is, which all of them share."""
    draw = np.random.default_rng(3)
    targets = np.tile(np.arange(3), 10)[np.argsort(draw.random(30))]
    centres = 2 * draw.standard_normal((3, 8))
    inside = np.hstack([centres[targets] + draw.standard_normal((30, 8)), np.ones((30, 1))]).astype(np.float32)
    others = centres[np.arange(90) % 3] + draw.standard_normal((90, 8))
    unlabelled = np.hstack([others, np.ones((90, 1))]).astype(np.float32)
    told = joint(targets, inside, unlabelled)
    out = np.arange(30) % 5 == 0
    lied_to = joint(np.where(out, (targets + 1) % 3, targets), inside, unlabelled)
    one, other = (head[0] / np.linalg.norm(head[0]) for head in (told, lied_to))
    # The first guesses are as sure as held-out photos allow: of that, and of nothing else, a trace is left.
    np.testing.assert_allclose(one, other, atol=0.02)
    assert np.abs(told[1] / np.linalg.norm(told[1]) - lied_to[1] / np.linalg.norm(lied_to[1])).max() > 0.05


@pytest.mark.parametrize("misleading", [False, True])
def test_where_held_out_photos_clearly_say_so_labelled_ones_alone_count(
    monkeypatch: pytest.MonkeyPatch, misleading: bool
) -> None:
    answers: list[Weights] = []

    def answered(fits: FitBatch, lanes: ThreadPool, unlabelled: NDArray[np.float32] | None = None) -> Weights | None:
        found = fit_lda(fits, lanes)
        assert found is not None
        answers.append(np.roll(found, 1, axis=1) if misleading and unlabelled is not None else found.copy())
        return answers[-1]

    def chosen(ground: TrainingState, folds: NDArray[np.intp], solver: Solver, near: Weights, *rest: object) -> object:
        held_near_to.append(near)
        return choose(ground, folds, solver, near, *rest)  # type: ignore[arg-type]  # as they came

    choose, held_near_to = cross_validation._choose, list[Weights]()
    monkeypatch.setattr(cross_validation, "_choose", chosen)
    monkeypatch.setattr(cross_validation, "fit_lda", answered)
    learned(replace(clusters(15, spread=0.8, seed=4), unlabelled=clusters(60, spread=0.8, seed=6).features))
    alone, together = answers[-2:]
    assert held_near_to[-1] is (alone if misleading else together)


def test_where_many_more_have_come_the_fit_begins_anew() -> None:
    labelled, others = clusters(5, seed=7), clusters(60, seed=8).features
    first = learned(replace(labelled, unlabelled=others.take(slice(20))))
    again = learned(replace(labelled, unlabelled=others), last=first)
    afresh = learned(replace(labelled, unlabelled=others))
    assert again.model.training.guessed > first.model.training.guessed
    assert (again.model.weight == afresh.model.weight).all()


def test_after_a_correction_they_are_still_there() -> None:
    examples = replace(clusters(12, seed=7), unlabelled=clusters(50, seed=8).features)
    first = learned(examples)
    corrected = replace(examples, targets=np.where(np.arange(36) == 5, 1, examples.targets))
    again = learned(corrected, last=first)
    assert again.state.axes is first.state.axes
    assert again.state.unlabelled is not None
    assert again.model.weight.tobytes() == learned(corrected, last=first).model.weight.tobytes()


def test_without_two_folds_nothing_is_lost() -> None:
    examples = replace(clusters(1, seed=9), unlabelled=clusters(20, seed=8).features)
    fitted = fit(examples, ("a", "b", "c"), "resnet50", CancelToken())
    assert np.isfinite(fitted.model.weight).all()


@pytest.mark.parametrize(
    ("counts", "are_few"), [([15, 15], True), ([16, 15], False), ([1, 29], True), ([2], True), ([], False)]
)
def test_what_few_means(counts: list[int], are_few: bool) -> None:
    assert few(np.repeat(np.arange(len(counts)), counts)) is are_few
