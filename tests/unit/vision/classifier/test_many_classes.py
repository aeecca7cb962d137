"""Hundreds of classes with a few photos each: as many products as for ten, and every photo counts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier import class_prior_shift, cross_validation
from flowersorter.vision.classifier.batched_lbfgs import FitBatch, Solver, Weights
from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature, softmax
from flowersorter.vision.classifier.class_prior_shift import correct_class_prior
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.classifier.lda import fit_lda
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.features.packed import pack
from flowersorter.vision.parallel import ThreadPool

CLASSES, EACH, WIDTH = 400, 8, 96


def photos(noise: float, seed: int = 0) -> Examples:
    draw = np.random.default_rng(seed)
    targets = np.repeat(np.arange(CLASSES), EACH)
    centres = np.random.default_rng(1).random((CLASSES, WIDTH))
    shown = np.maximum(0, centres[targets] + noise * draw.standard_normal((len(targets), WIDTH)))
    ids = np.arange(1, len(targets) + 1)
    return Examples(ids, pack(shown.astype(np.float32)), targets, np.ones(len(targets), np.bool_))


@pytest.mark.parametrize(("noise", "right"), [(0.15, 0.99), (0.3, 0.7)], ids=["easy", "hard"])
def test_hundreds_of_classes_take_few_looks_at_the_loss(
    monkeypatch: pytest.MonkeyPatch, noise: float, right: float
) -> None:
    """Where held-out photos are all right the search without the discriminant never came to an end."""
    looks: list[int] = []
    original = Solver._loss

    def loss(
        this: Solver, active: NDArray[np.intp], heads: Weights, near: Weights, decay: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], Weights]:
        looks.append(len(active))
        return original(this, active, heads, near, decay)

    monkeypatch.setattr(Solver, "_loss", loss)
    monkeypatch.setattr(cross_validation, "_LARGE", CLASSES * CLASSES)
    fitted = fit(photos(noise), [f"class {number}" for number in range(CLASSES)], "resnet50", CancelToken())
    assert fitted.held_out.right.mean() > right
    assert sum(looks) < 100


def test_the_discriminant_learns_from_every_photo_of_small_classes() -> None:
    """A sample of two photos a class would know neither their means nor their covariance."""
    draw = np.random.default_rng(0)
    targets = np.repeat(np.arange(CLASSES), EACH)
    centres = draw.standard_normal((CLASSES, 20))
    inside = np.hstack([centres[targets] + 0.6 * draw.standard_normal((len(targets), 20)), np.ones((len(targets), 1))])
    new = centres[targets] + 0.6 * draw.standard_normal((len(targets), 20))
    seen = np.stack([np.arange(len(targets)) % 4 != 0, np.ones(len(targets), np.bool_)])
    task = FitBatch(inside.astype(np.float32), targets, CLASSES, seen, np.ones(len(targets), np.float32))
    with ThreadPool() as pool:
        found = fit_lda(task, pool)
    assert found is not None
    heads = found.weights
    predictions = (new @ heads[1][:, :-1].T + heads[1][:, -1]).argmax(axis=1)
    nearest = np.square(new[:, None] - centres).sum(axis=2).argmin(axis=1)
    assert (predictions == targets).mean() > (nearest == targets).mean() - 0.05


def test_a_bias_of_many_classes_is_level_and_takes_no_matrix_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(2)
    counts = draw.integers(2, 12, CLASSES)
    targets = np.repeat(np.arange(CLASSES), counts)
    logits = (2 * draw.standard_normal((len(targets), CLASSES))).astype(np.float32)
    logits[np.arange(len(targets)), targets] += 5
    monkeypatch.setattr(np.linalg, "solve", None)
    _, bias = correct_class_prior(logits, targets, np.arange(len(targets)) % 5)

    temperature = fit_temperature(HeldOutLoss(logits, targets))
    shares = softmax((logits + bias) / np.float32(temperature)).astype(float)
    weights = 1 / (CLASSES * counts[targets])
    penalty = np.square(weights).sum() / class_prior_shift._VARIANCE
    slope = shares.T @ weights - 1 / CLASSES + penalty * bias / temperature
    at_zero = softmax(logits / np.float32(temperature)).T @ weights - 1 / CLASSES
    assert np.abs(slope).max() < 0.005 * np.abs(at_zero).max()


@pytest.mark.parametrize("sharp", [0.2, 1.0, 7.0])
def test_the_temperature_has_the_least_loss_and_takes_few_passes(monkeypatch: pytest.MonkeyPatch, sharp: float) -> None:
    draw = np.random.default_rng(4)
    targets = draw.integers(0, 50, 500)
    logits = draw.standard_normal((500, 50)).astype(np.float32)
    logits[np.arange(500), targets] += 2
    loss = HeldOutLoss(logits * np.float32(sharp), targets)
    passes: list[float] = []
    original = HeldOutLoss.derivatives

    def derivatives(this: HeldOutLoss, factor: float) -> tuple[float, float]:
        passes.append(factor)
        return original(this, factor)

    monkeypatch.setattr(HeldOutLoss, "derivatives", derivatives)
    found = fit_temperature(loss)
    least = float(loss.at(found).mean(dtype=float))
    assert all(least <= float(loss.at(found * other).mean(dtype=float)) + 1e-6 for other in (0.9, 0.98, 1.02, 1.1))
    assert len(passes) <= 10


def test_perfect_scores_are_not_sharpened_and_useless_ones_flattened() -> None:
    perfect = 100 * np.eye(4, dtype=np.float32)
    assert fit_temperature(HeldOutLoss(perfect, np.arange(4))) == pytest.approx(1, rel=0.01)
    assert fit_temperature(HeldOutLoss(-perfect, np.arange(4))) == pytest.approx(20, rel=0.01)
