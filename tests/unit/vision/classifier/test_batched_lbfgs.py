"""The solver: where it stops nothing is left to gain, and fits that share the work do not share photos."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier import batched_lbfgs
from flowersorter.vision.classifier.batched_lbfgs import FitBatch, Solver, Weights
from flowersorter.vision.parallel import ThreadPool

PENALTY = 1e-3


def photos(
    count: int, classes: int = 4, width: int = 12, apart: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    draw = np.random.default_rng(3)
    targets = draw.integers(0, classes, count)
    centres = apart * draw.standard_normal((classes, width))
    inside = centres[targets] + draw.standard_normal((count, width))
    return np.hstack([inside, np.ones((count, 1))]).astype(np.float32), targets


def solved(
    inside: NDArray[np.float32],
    targets: NDArray[np.intp],
    seen: NDArray[np.bool_],
    tolerance: float = 1e-8,
    start: Weights | None = None,
    prior: Weights | None = None,
    penalty: float = PENALTY,
) -> Weights:
    with ThreadPool() as pool:
        fits = FitBatch(inside, targets, int(targets.max()) + 1, seen, np.ones(len(targets), np.float32))
        return Solver(fits, pool, CancelToken()).solve(penalty, tolerance, start, prior)


def loss_and_slope(head: Weights, inside: NDArray[np.float32], targets: NDArray[np.intp]) -> tuple[float, Weights]:
    """The definition, in double precision: balanced cross-entropy and half the penalty times the squared weights."""
    scores = inside.astype(float) @ head.T
    likely = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    balance = 1 / np.bincount(targets)[targets] / head.shape[0]
    wanted = np.eye(head.shape[0])[targets]
    decay = PENALTY * np.append(np.ones(head.shape[1] - 1), 0)
    value = -(balance[:, None] * wanted * likely).sum() + (decay * head**2).sum() / 2
    return float(value), (balance[:, None] * (np.exp(likely) - wanted)).T @ inside + decay * head


def test_at_the_solution_the_loss_is_level() -> None:
    inside, targets = photos(500)
    head = solved(inside, targets, np.ones((1, 500), np.bool_))[0]
    _, slope = loss_and_slope(head, inside, targets)
    _, at_start = loss_and_slope(np.zeros_like(head), inside, targets)
    assert np.abs(slope).max() < 1e-3 * np.abs(at_start).max()


def test_a_penalty_holds_the_head_near_to_the_prior_and_not_to_zero() -> None:
    inside, targets = photos(500)
    everything = np.ones((1, 500), np.bool_)
    prior = np.random.default_rng(0).normal(0, 3, (4, inside.shape[1]))
    near = solved(inside, targets, everything, prior=prior[None], penalty=100.0)[0]
    np.testing.assert_allclose(near[:, :-1], prior[:, :-1], atol=0.05)
    loose = solved(inside, targets, everything, prior=prior[None])[0]
    _, slope = loss_and_slope(loose, inside, targets)
    decay = PENALTY * np.append(np.ones(inside.shape[1] - 1), 0)
    np.testing.assert_allclose(slope, decay * prior, atol=1e-4)
    zero = solved(inside, targets, everything, prior=np.zeros_like(prior)[None])
    np.testing.assert_array_equal(zero, solved(inside, targets, everything))


def test_a_loose_tolerance_leaves_what_it_says() -> None:
    inside, targets = photos(500)
    everything = np.ones((1, 500), np.bool_)
    best, _ = loss_and_slope(solved(inside, targets, everything)[0], inside, targets)
    loose, _ = loss_and_slope(solved(inside, targets, everything, 1e-2)[0], inside, targets)
    assert best < loose < 1.1 * best


def test_a_fit_knows_nothing_of_photos_it_may_not_see() -> None:
    inside, targets = photos(300)
    hidden = np.arange(300) % 3 == 0
    # Beyond this tolerance the rounding of float32, which depends on the processor, moves heads along flat directions.
    tolerance = 1e-3
    together = solved(inside, targets, np.stack([~hidden, np.ones(300, np.bool_)]), tolerance)[0]
    alone = solved(inside[~hidden], targets[~hidden], np.ones((1, 200), np.bool_), tolerance)[0]
    np.testing.assert_allclose(together, alone, atol=2e-3)


def test_fits_that_take_longer_do_not_disturb_those_that_are_done() -> None:
    inside, targets = photos(600)
    seen = np.random.default_rng(0).random((6, 600)) < np.array([0.1, 0.3, 0.5, 0.7, 0.9, 1.0])[:, None]
    tolerance = 1e-3  # as above
    together = solved(inside, targets, seen, tolerance)
    for fit, only in zip(together, seen, strict=True):
        np.testing.assert_allclose(fit, solved(inside, targets, only[None], tolerance)[0], atol=2e-3)


def test_many_large_fits_are_solved_in_parts_that_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, targets = photos(600)
    seen = np.random.default_rng(0).random((6, 600)) < np.array([0.1, 0.3, 0.5, 0.7, 0.9, 1.0])[:, None]
    start = np.random.default_rng(1).normal(0, 1, (6, 4, inside.shape[1]))
    together = solved(inside, targets, seen, 1e-3, start, prior=start)
    monkeypatch.setattr(batched_lbfgs, "_TOGETHER", 2 * 4 * inside.shape[1])
    losses = _counted_losses(monkeypatch)
    in_parts = solved(inside, targets, seen, 1e-3, start, prior=start)
    assert max(losses) == 2
    np.testing.assert_allclose(in_parts, together, atol=2e-3)


def test_from_the_solution_there_is_no_step_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, targets = photos(500)
    everything = np.ones((1, 500), np.bool_)
    there = solved(inside, targets, everything, 1e-5)
    losses = _counted_losses(monkeypatch)
    np.testing.assert_array_equal(solved(inside, targets, everything, 1e-4, there), there)
    assert len(losses) == 1


def test_classes_that_lie_far_apart_are_soon_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, targets = photos(300, apart=30)
    losses = _counted_losses(monkeypatch)
    head = solved(inside, targets, np.ones((1, 300), np.bool_), 1e-4)[0]
    assert ((inside @ head.T).argmax(axis=1) == targets).all()
    assert len(losses) < 60


def test_the_solution_does_not_depend_on_how_many_cores_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, targets = photos(5000)
    everything = np.ones((2, 5000), np.bool_)
    here = solved(inside, targets, everything, 1e-4)
    monkeypatch.setattr("flowersorter.vision.parallel.worker_count", lambda: 1)
    alone = solved(inside, targets, everything, 1e-4)
    monkeypatch.setattr("flowersorter.vision.parallel.worker_count", lambda: 8)
    assert np.array_equal(here, alone)
    assert np.array_equal(here, solved(inside, targets, everything, 1e-4))


def test_a_cancelled_solver_stops_at_its_next_step() -> None:
    inside, targets = photos(100)
    cancel = CancelToken()
    with ThreadPool() as pool:
        solver = Solver(
            FitBatch(inside, targets, 4, np.ones((1, 100), np.bool_), np.ones(100, np.float32)), pool, cancel
        )
        cancel.cancel()
        with pytest.raises(Cancelled):
            solver.solve(PENALTY, 1e-4, None)


def _counted_losses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many fits took part in each look at the loss, from now on."""
    counted: list[int] = []
    original = Solver._loss

    def loss(
        self: Solver, active: NDArray[np.intp], heads: Weights, near: Weights, decay: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], Weights]:
        counted.append(len(active))
        return original(self, active, heads, near, decay)

    monkeypatch.setattr(Solver, "_loss", loss)
    return counted
