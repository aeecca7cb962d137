"""A fit that starts from the last one: less work, the same answer, and no photo judged by a model that saw it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier import batched_lbfgs, training_state
from flowersorter.vision.classifier.cross_validation import PENALTIES
from flowersorter.vision.classifier.fit import Fitted, fit, refit_head
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.features.packed import Features, join, pack
from flowersorter.vision.features.pca import PCA, Coordinates
from tests.unit.vision.gaussian_clusters import NAMES, clusters, examples_of, learned, with_bursts


def photos(seed: int = 0) -> Examples:
    return with_bursts(clusters(300, spread=1.3, seed=seed), copies=1)


def relabelled(examples: Examples, rows: NDArray[np.intp]) -> Examples:
    """Some photos in another class."""
    targets = examples.targets.copy()
    targets[rows] = (targets[rows] + 1) % 3
    return replace(examples, targets=targets)


class Counted:
    """What fits had to do since it was made.

    Attributes:
        solves: Penalties for which heads were solved.
        losses: Fits whose loss was looked at, each time.
        projected: Photos put into the axes.
        laid: How often everything was computed afresh.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.solves: list[float] = []
        self.losses: list[int] = []
        self.projected: list[int] = []
        self.laid = 0
        solver, loss, project = batched_lbfgs.Solver.solve, batched_lbfgs.Solver._loss, PCA.project
        lay = training_state.TrainingState.build

        def solving(
            this: batched_lbfgs.Solver,
            penalty: float,
            tolerance: float,
            start: batched_lbfgs.Weights | None,
            prior: batched_lbfgs.Weights | None = None,
            fits: int | None = None,
            steps: int = batched_lbfgs.MOST_STEPS,
        ) -> batched_lbfgs.Weights:
            self.solves.append(penalty)
            return solver(this, penalty, tolerance, start, prior, fits, steps)

        def losing(
            this: batched_lbfgs.Solver,
            active: NDArray[np.intp],
            heads: batched_lbfgs.Weights,
            near: batched_lbfgs.Weights,
            decay: NDArray[np.float64],
        ) -> tuple[NDArray[np.float64], batched_lbfgs.Weights]:
            self.losses.append(len(active))
            return loss(this, active, heads, near, decay)

        def projecting(this: PCA, features: Features, cancel: CancelToken | None = None) -> Coordinates:
            self.projected.append(len(features))
            return project(this, features, cancel)

        def laying(*arguments: object) -> training_state.TrainingState:
            self.laid += 1
            return lay(*arguments)  # type: ignore[arg-type]  # as they came

        patch.setattr(batched_lbfgs.Solver, "solve", solving)
        patch.setattr(batched_lbfgs.Solver, "_loss", losing)
        patch.setattr(PCA, "project", projecting)
        patch.setattr(training_state.TrainingState, "build", laying)


def test_after_one_correction_one_penalty_is_solved_in_a_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = photos()
    last = learned(examples)
    cold = Counted(monkeypatch)
    learned(relabelled(examples, np.array([17])))
    monkeypatch.undo()
    warm = Counted(monkeypatch)
    fitted = learned(relabelled(examples, np.array([17])), last=last)
    assert (len(cold.solves), cold.laid) == (len(PENALTIES) + 3, 1)
    assert (len(warm.solves), warm.laid, warm.projected) == (1, 0, [])
    assert warm.solves == [last.heads.penalty]
    assert 4 * sum(warm.losses) < sum(cold.losses)
    assert fitted.state.changed == 1


@pytest.mark.parametrize("share", [0.002, 0.05, 0.15])
def test_a_warm_fit_agrees_with_a_cold_one(share: float) -> None:
    examples = photos()
    rows = np.flatnonzero(np.random.default_rng(3).random(1200) < share)
    now = relabelled(examples, rows)
    warm, cold = learned(now, last=learned(examples)), learned(now)
    assert warm.state.changed == len(rows) > 0
    accuracies = [fitted.held_out.right.mean() for fitted in (warm, cold)]
    assert abs(accuracies[0] - accuracies[1]) < 0.02  # other folds: two standard errors of their difference
    fresh = clusters(1000, spread=1.3, seed=9).features
    predictions = [predict(fitted.model, fresh).probabilities.argmax(axis=1) for fitted in (warm, cold)]
    assert (predictions[0] == predictions[1]).mean() > 0.98
    assert warm.model.temperature == pytest.approx(cold.model.temperature, rel=0.15)


def test_on_the_same_folds_a_warm_fit_agrees_to_the_last_photo() -> None:
    """What remains of the difference is the folds, not how far the steps went."""
    examples = photos()
    first = learned(relabelled(examples, np.arange(0, 1200, 13)))
    warm = learned(examples, last=first)
    assert first.state.changed == 0
    folds = warm.state.folds

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_state, "assign_folds", lambda *_, **__: folds)
        cold = learned(examples)
    assert warm.held_out.right.mean() == pytest.approx(cold.held_out.right.mean(), abs=0.005)
    fresh = clusters(1000, spread=1.3, seed=9).features
    predictions = [predict(fitted.model, fresh).probabilities.argmax(axis=1) for fitted in (warm, cold)]
    assert (predictions[0] == predictions[1]).mean() > 0.995


def test_corrections_one_after_the_other_lead_where_all_at_once_do() -> None:
    examples = photos()
    fitted = learned(examples)
    for rows in np.split(np.arange(60), 12):
        examples = relabelled(examples, rows)
        fitted = learned(examples, last=fitted)
    assert fitted.state.changed == 60
    cold = learned(examples)
    fresh = clusters(1000, spread=1.3, seed=9).features
    predictions = [predict(each.model, fresh).probabilities.argmax(axis=1) for each in (fitted, cold)]
    assert (predictions[0] == predictions[1]).mean() > 0.98
    assert abs(fitted.held_out.right.mean() - cold.held_out.right.mean()) < 0.02


def test_the_same_history_gives_the_same_model_to_the_last_bit() -> None:
    def history() -> Fitted:
        return learned(relabelled(photos(), np.arange(9)), last=learned(photos()))

    assert np.array_equal(history().model.weight, history().model.weight)


def test_new_photos_are_held_out_like_the_others() -> None:
    """Their labels are drawn by lot: whoever gets them right has seen them."""
    old, new = clusters(300, spread=0.3), clusters(60, spread=0.3, seed=5)
    by_lot = np.random.default_rng(8).integers(0, 3, 180)
    both = join([old.features, new.features])
    now = examples_of(both, np.concatenate([old.targets, by_lot]))
    warm = learned(now, last=learned(old))
    assert warm.state.changed == 180
    assert len(warm.held_out.rows) == 1080
    assert warm.held_out.right[:900].mean() > 0.95
    assert warm.held_out.right[900:].mean() < 0.5


def test_a_photo_that_changed_class_is_held_out_like_the_others() -> None:
    """The last fit knew their true classes, the heads of their new folds among them."""
    examples = clusters(300, spread=0.3)
    wrong = np.arange(0, 900, 7)
    warm = learned(relabelled(examples, wrong), last=learned(examples))
    assert warm.held_out.right[wrong].mean() < 0.05
    assert warm.held_out.right[np.setdiff1d(np.arange(900), wrong)].mean() > 0.95


def test_a_new_copy_of_a_photo_joins_its_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = clusters(300, spread=1.3)
    last = learned(examples)
    copies = np.arange(0, 900, 100)
    now = examples_of(
        join([examples.features, examples.features.take(copies)]), np.append(examples.targets, examples.targets[copies])
    )
    counted = Counted(monkeypatch)
    ground = learned(now, last=last).state
    assert counted.projected == [9], "the others are where they were"
    np.testing.assert_array_equal(ground.folds[:900], last.state.folds)
    np.testing.assert_array_equal(ground.folds[900:], last.state.folds[copies])
    np.testing.assert_array_equal(ground.groups[900:], copies)


def test_photos_that_only_a_third_held_together_part_with_it() -> None:
    others = clusters(100, spread=1.0)
    turn = np.arange(8) * 0.2  # neighbours are near-copies, others are not
    chain = np.zeros((8, others.features.width))
    chain[:, 0], chain[:, 1] = np.cos(turn), np.sin(turn)
    both = join([others.features, pack(np.square(chain))])
    examples = examples_of(both, np.append(others.targets, np.zeros(8, np.intp)))
    last = learned(examples)
    assert len(np.unique(last.state.groups[300:])) == 1
    now = relabelled(examples, np.array([304]))
    warm, cold = learned(now, last=last).state, learned(now).state
    assert (warm.changed, cold.changed) == (1, 0)
    assert warm.groups[300:].tolist() == [300, 300, 300, 300, 304, 305, 305, 305]
    np.testing.assert_array_equal(warm.groups, cold.groups)


def test_photos_may_come_in_another_order_and_some_may_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = photos()
    last = learned(examples)
    left = np.random.default_rng(2).permutation(1200)[:1150]
    now = Examples(examples.ids[left], examples.features.take(left), examples.targets[left], examples.own[left])
    counted = Counted(monkeypatch)
    warm = learned(now, last=last)
    assert (counted.laid, counted.projected, warm.state.changed) == (0, [], 50)
    np.testing.assert_array_equal(warm.state.folds, last.state.folds[left])
    np.testing.assert_array_equal(warm.state.coordinates.projection, last.state.coordinates.projection[left])


def test_a_photo_whose_features_changed_is_put_into_the_axes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its mirror image was embedded since."""
    examples = photos()
    last = learned(examples)
    rows = np.square(examples.features.unpack())
    rows[4] = rows[5] * 0.7 + rows[4] * 0.3
    counted = Counted(monkeypatch)
    warm = learned(replace(examples, features=pack(rows)), last=last)
    assert counted.projected == [1]
    assert warm.state.changed == 1
    assert not np.array_equal(warm.state.coordinates.projection[4], last.state.coordinates.projection[4])


def test_when_much_has_changed_everything_is_computed_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = photos()
    last = learned(examples)
    counted = Counted(monkeypatch)
    a_seventh, next_seventh = np.arange(0, 1200, 7), np.arange(1, 1200, 7)
    once = learned(relabelled(examples, a_seventh), last=last)
    assert counted.laid == 0
    twice = learned(relabelled(relabelled(examples, a_seventh), next_seventh), last=once)
    assert counted.laid == 1, "two sevenths since everything was computed"
    assert twice.state.changed == 0


@pytest.mark.parametrize("other", ["names", "backbone", "seed", "photos"])
def test_another_task_starts_afresh(other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = photos()
    last = learned(examples)
    counted = Counted(monkeypatch)
    names = tuple(reversed(NAMES)) if other == "names" else NAMES
    backbone = "resnet18" if other == "backbone" else "resnet50"
    if other == "photos":
        examples = replace(examples, ids=examples.ids + 10_000)
    fitted = fit(examples, names, backbone, CancelToken(), seed=1 if other == "seed" else 42, last=last)
    assert counted.laid == 1
    assert len(counted.solves) == len(PENALTIES) + 3
    assert fitted.state.changed == 0


def test_more_than_a_few_corrections_have_the_penalty_chosen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = photos()
    last = learned(examples)
    counted = Counted(monkeypatch)
    warm = learned(relabelled(examples, np.arange(40)), last=last)
    assert counted.laid == 0
    assert len(counted.solves) == len(PENALTIES) + 3
    again = learned(relabelled(examples, np.arange(41)), last=warm)
    assert len(counted.solves) == len(PENALTIES) + 4
    assert again.heads.penalty == warm.heads.penalty


def test_the_first_photos_of_all_classes_are_enough_to_start_from() -> None:
    few = clusters(2)
    more = clusters(12)
    chosen = [few.features.take(slice(0, 2)), more.features]
    now = examples_of(join(chosen), np.append([0, 0], more.targets))
    assert learned(now, last=learned(few)).model.training.held_out_accuracy is not None
    assert learned(few, last=learned(now)).model.training.held_out_accuracy is None


def chosen(examples: Examples, rows: NDArray[np.intp]) -> Examples:
    """Some of the photos."""
    return replace(
        examples,
        ids=examples.ids[rows],
        features=examples.features.take(rows),
        targets=examples.targets[rows],
        own=examples.own[rows],
    )


def test_the_head_alone_is_fitted_at_once_and_nearly_as_the_exact_fit_will_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some labels are others, some new, some gone."""
    everything = photos()
    known = np.flatnonzero(np.arange(len(everything.ids)) % 200 != 7)
    last = learned(chosen(everything, known))
    now = relabelled(everything, np.array([17, 300, 801]))
    gone = np.array([40, 950])
    exact = learned(chosen(now, np.setdiff1d(np.arange(len(now.ids)), gone)), last=last)
    changed = np.union1d([17, 300, 801], np.setdiff1d(np.arange(len(now.ids)), known))
    counted = Counted(monkeypatch)
    quick = refit_head(last, chosen(now, changed), now.ids[gone], CancelToken())
    assert quick is not None
    assert (len(counted.solves), counted.laid, set(counted.losses)) == (1, 0, {1})
    assert counted.projected == [len(now.ids) - len(known)]
    fresh = clusters(1000, spread=1.3, seed=9).features
    predictions = [predict(model, fresh).probabilities for model in (quick, exact.model, last.model)]
    assert (predictions[0].argmax(axis=1) == predictions[1].argmax(axis=1)).mean() > 0.995
    apart = [np.abs(predictions[each] - predictions[1]).mean() for each in (0, 2)]
    assert apart[0] < 0.01
    assert apart[0] < apart[1]


def test_the_exact_fit_that_follows_is_the_same_to_the_last_bit() -> None:
    examples = photos()
    last, now = learned(examples), relabelled(examples, np.array([17]))
    without = learned(now, last=last)
    assert refit_head(last, chosen(now, np.array([17])), np.empty(0, np.int64), CancelToken()) is not None
    with_it = learned(now, last=last)
    np.testing.assert_array_equal(with_it.model.weight, without.model.weight)
    np.testing.assert_array_equal(with_it.model.bias, without.model.bias)
    assert with_it.model.temperature == without.model.temperature


def test_a_class_that_lost_its_last_photo_waits_for_the_exact_fit() -> None:
    examples = clusters(30)
    last = learned(examples)
    removed = examples.ids[examples.targets == 2]
    assert refit_head(last, chosen(examples, np.empty(0, np.intp)), removed, CancelToken()) is None
    assert refit_head(last, chosen(examples, np.empty(0, np.intp)), removed[1:], CancelToken()) is not None
