"""Linear discriminant analysis with shrinkage: the head that needs the fewest photos.

It assumes that all classes share one covariance, which is nearly so and saves parameters where photos are few. Logistic
regression is regularised towards it.

Measured on 1,500 flowers, held-out accuracy and loss of logistic regression alone and from here, ten draws: 10 photos
a class 80.6 % and 0.569, 81.1 % and 0.543; 50: 89.0 % and 0.314, 89.6 % and 0.296; 240: 92.7 % and 0.231, 93.2 % and
0.213.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.classifier.batched_lbfgs import FitBatch, Weights
from flowersorter.vision.classifier.calibration import HeldOutLoss, TemperaturePrior, fit_temperature
from flowersorter.vision.features.pca import spread_sample
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: Rows sampled for the means and the covariance, and the least of each class: of 1,000 classes two each would be left.
_SAMPLE, _SAMPLE_OF_CLASS = 2000, 10
#: Photos, with their views, up to which the discriminant is fitted again after each action: 10 ms.
_MOST_AGAIN = 500
#: Classes whose means are computed together, from the photos of these alone.
_BLOCK_CLASSES = 64
#: Shrinkage: fraction of the mean variance added in all directions. 0.3 measured 0.2 points better with 10 photos a
#: class, 1 as much better with 50; chosen by held-out photos 1 point worse with 10.
_SHRINKAGE = 0.5
#: Prior of the temperature, by the number of held-out photos: the logarithm of the best one rises by 0.55 for e times
#: as many, from 25 to 150, and differs from that by 0.2 (five flowers, 5 to 30 classes of things). The one that a
#: handful of photos show differs from it by 0.2 to 0.7. Six draws without and with it: calibration error of 5 photos of
#: each of five flowers 0.074 and 0.031, of 10 0.052 and 0.035, of 5 of each of five things 0.023 and 0.017; with 5 of
#: each of the flowers 94.9 and 98.4 % of the sure photos are right.
#: No better prior was found: on 120 draws of 3 to 20 photos of each of two to five flowers the logarithm of the
#: temperature errs by 0.28, and by 0.29 where it is regressed, without the draw itself, on this prior, the best one of
#: the held-out photos, their number and accuracy, and the classes. At the best temperature of each draw the calibration
#: error of 5 photos of each of five flowers is still 0.032.
_TEMPERATURE, _RISE, _FROM, _FEWEST, _UP_TO, _PRIOR_PHOTOS = 0.5, 0.55, 25, 10, 150, 30.0
#: Least added variance: a fraction of the variance between classes, for identical photos, or an absolute number.
_LEAST, _NOTHING = 1e-3, 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Discriminants:
    """Discriminants of P fits.

    Attributes:
        weights: (P, C, R + 1) weights, then the bias, divided by the temperature of their held-out photos.
        temperature: Prior of the temperature that heads near these still need.
        divisor: The temperature by which they were divided.
    """

    weights: Weights
    temperature: TemperaturePrior
    divisor: float


def fit_lda(fits: FitBatch, pool: ThreadPool, seed: int = 0) -> Discriminants | None:
    """Fit the discriminant of every fold, calibrated on its held-out photos.

    Args:
        fits: The photos, and which of them each fit sees.
        pool: Threads that share the work.
        seed: Seed of the sample.

    Returns:
        The discriminants; None if every fit sees every photo.
    """
    rows = spread_sample(fits.targets, max(_SAMPLE, _SAMPLE_OF_CLASS * fits.classes), seed)
    rows = rows[np.argsort(fits.targets[rows], kind="stable")]
    projection, targets, seen, sample_weight = (
        fits.projection[rows],
        fits.targets[rows],
        fits.seen[:, rows],
        fits.sample_weight[rows],
    )
    held_out = [np.flatnonzero(~part) for part in seen]
    truth = np.concatenate([targets[out] for out in held_out])
    if not len(truth):
        return None
    members = (np.arange(fits.classes)[:, None] == targets) * sample_weight

    heads = pool.map(lambda part: _discriminant(projection[part, :-1], members[:, part]), seen)
    logits = [projection[out] @ head.T.astype(np.float32) for out, head in zip(held_out, heads, strict=True)]
    temperature = fit_temperature(HeldOutLoss(np.concatenate(logits), truth))
    prior = temperature_prior(len(truth))
    left = TemperaturePrior(prior.logarithm - math.log(temperature), prior.photos)
    return Discriminants(np.stack(heads) / temperature, left, temperature)


def discriminant_again(fits: FitBatch, divisor: float) -> Weights | None:
    """Fit the (1, C, R + 1) discriminant of all photos after a few labels changed, with the temperature it had.

    Returns:
        The discriminant; None for so many photos that a few hardly move it.
    """
    if len(fits.targets) > _MOST_AGAIN:
        return None
    members = (np.arange(fits.classes)[:, None] == fits.targets) * fits.sample_weight
    return _discriminant(fits.projection[:, :-1], members)[None] / divisor


def temperature_prior(held_out: int) -> TemperaturePrior:
    """Return the prior of the temperature of a discriminant, for a number of held-out photos."""
    more = math.log(min(max(held_out, _FEWEST), _UP_TO) / _FROM)
    return TemperaturePrior(_TEMPERATURE + _RISE * more, _PRIOR_PHOTOS)


def _discriminant(projection: NDArray[np.float32], members: NDArray[np.float32]) -> Weights:
    """Compute the (C, R + 1) head of (N, R) coordinates from (C, N) class memberships; every class weighs the same."""
    photos = members.sum(axis=1)
    means = _class_sums(members, projection) / np.maximum(photos, np.float32(1e-9))[:, None]
    centre = means[photos > 0].mean(axis=0)
    means[photos == 0] = centre
    # Bessel's correction: photos lie nearer to the mean of the sample than to that of the population.
    weights = 1 / (len(members) * np.maximum(photos - 1, 1))
    moved, apart = projection - centre, means - centre
    covariance = ((moved * (weights @ members)[:, None]).T @ moved).astype(np.float64)
    covariance -= (apart * (weights * photos)[:, None]).T @ apart
    directions = max(1, min(len(covariance), round(float(photos.sum())) - len(members)))
    added = max(_SHRINKAGE * np.trace(covariance) / directions + _LEAST * float(np.square(apart).mean()), _NOTHING)
    shrunk = covariance + added * np.eye(len(covariance))
    weight = np.linalg.solve(shrunk, apart.T.astype(np.float64)).T
    bias = -0.5 * ((means + centre) * weight).sum(axis=1)
    # The error of a mean of few photos inflates the distances of all others (Moran and Murphy, 1979).
    bias += 0.5 * np.trace(np.linalg.solve(shrunk, covariance)) / np.maximum(photos, 1)
    return np.hstack([weight, bias[:, None]])


def _class_sums(members: NDArray[np.float32], projection: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the (C, R) product of (C, N) memberships and (N, R) coordinates without the photos that weigh nothing."""
    result = np.empty((len(members), projection.shape[1]), np.float32)
    for block in row_blocks(len(members), _BLOCK_CLASSES):
        shown = np.flatnonzero(members[block].any(axis=0))
        result[block] = members[block][:, shown] @ projection[shown]
    return result
