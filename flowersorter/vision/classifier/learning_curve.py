"""Learning curve: the error rate against the number of labels, and the expected gain from more labels.

Errors follow a power law with a floor (Hestness et al., 2017). A few noisy points do not determine its three
parameters; so all laws on a grid are averaged by their likelihood, and the gain is an interval. It includes the random
draw of the labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.figures import Gain
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples

#: Fractions of the labels of the smaller fits; fewer where a fit takes a second, starter photos included.
_SHARES, _FEWER_SHARES = (0.2, 0.3, 0.42, 0.6), (0.2, 0.5)
#: Repeats of each size: many for quick fits with much scatter.
_REPEATS = ((150, 8), (600, 5), (2000, 3))
_FEWEST_REPEATS = 2
#: Largest subset fitted: beyond it, one label makes no measurable difference.
_LARGEST = 3000
#: Least photos of a class in every subset.
_LEAST_PER_CLASS = 2
#: Grid of laws: the current error as a multiple of the measured one, the floor as a fraction of it, the exponent.
_LEVELS = np.linspace(0.4, 1.8, 57)
_FLOORS = np.linspace(0.0, 0.95, 20)
_EXPONENTS = np.linspace(0.2, 1.0, 13)
#: Exponent of the prior that favours low floors: with 0 the gain from ten more photos of each flower was predicted a
#: third too low, with 8 as much too high; with 2 the mean of six draws lay in the interval at 6, 10, 20 and 40 photos.
_LOW_FLOORS = 2
#: Fraction of the binomial error that is independent between sizes. All are measured on nearly the same photos, so it
#: should be less than 1; but with 0.7 the intervals were too narrow.
_UNSHARED = 1.0


@dataclass(frozen=True, slots=True)
class Point:
    """A measured point of the curve.

    Attributes:
        photos: Number of training photos.
        error: Mean error rate on held-out photos.
        deviation: Standard error that is independent between points.
    """

    photos: float
    error: float
    deviation: float


class PowerLawPosterior:
    """Posterior over power laws.

    Args:
        points: At least one; the last one is nearest to the current number of photos.
    """

    def __init__(self, points: tuple[Point, ...]) -> None:
        self.points = points
        last = points[-1]
        levels, floors, exponents = np.meshgrid(max(last.error, 1e-3) * _LEVELS, _FLOORS, _EXPONENTS, indexing="ij")
        self._floor = (levels * floors).ravel()
        self._slope = (levels * (1 - floors)).ravel()
        self._exponent = exponents.ravel()
        self._unit = last.photos
        misfit = sum(((self._errors(p.photos) - p.error) / p.deviation) ** 2 for p in points)
        weight = np.exp(-(misfit - np.min(misfit)) / 2) * (1 - floors.ravel()) ** _LOW_FLOORS
        self._weight = weight / weight.sum()

    def gain(self, now: float, later: float) -> Gain:
        """Predict the gain in accuracy from `now` to `later` training photos."""
        return self._quantiles(self._errors(now) - self._errors(later), self._luck(now, later))

    def relative_gain(self, now: float, later: float) -> Gain:
        """Predict the gain as a fraction of the current error."""
        return self._quantiles(1 - self._errors(later) / self._errors(now), self._luck(now, later) / self._error(now))

    def _errors(self, photos: float) -> NDArray[np.float64]:
        return np.minimum(self._floor + self._slope * (photos / self._unit) ** -self._exponent, 1.0)

    def _error(self, photos: float) -> float:
        return float(np.average(self._errors(photos), weights=self._weight))

    def _luck(self, now: float, later: float) -> float:
        """Standard deviation of a gain from the random draw of the photos.

        The error of a fit of N photos scatters by 1 / sqrt(N) of itself from one draw to another (flowers, 6 to 40
        photos each: 0.9 to 1.4); the present photos are a part of the later ones. Of 320 gains that
        were measured on 750 other photos (16 draws of 6, 10, 20 and 40 photos each, five times ten more of each) 92 %
        lay in the interval; without this, and with 12 draws of three sizes, 62 % of 240.
        """
        scatter = self._error(now) ** 2 / now - self._error(later) ** 2 / later
        return float(np.sqrt(max(scatter, 0.0)))

    def _quantiles(self, values: NDArray[np.float64], luck: float) -> Gain:
        order = np.argsort(values)
        reached = np.cumsum(self._weight[order])
        low, likely, high = (float(values[order[np.searchsorted(reached, q)]]) for q in (0.025, 0.5, 0.975))
        return Gain(
            likely - float(np.hypot(likely - low, 1.96 * luck)),
            likely,
            likely + float(np.hypot(high - likely, 1.96 * luck)),
        )


def measure_curve(
    examples: Examples,
    class_names: tuple[str, ...],
    held_out: tuple[float, int],
    cancel: CancelToken,
    *,
    groups: NDArray[np.intp] | None = None,
    seed: int = 42,
) -> PowerLawPosterior:
    """Learn from subsets of the labels, measure on the others.

    The starter's photos are in every subset, near-copies and bursts on one side: both as in the fit of all labels, the
    last point of the curve.

    Args:
        examples: Training photos of the collection, at least two of each class.
        class_names: C names.
        held_out: Accuracy of the fit of all labels on photos it held out, and how many these were.
        cancel: Checked many times a second.
        groups: (N,) group of each photo; a group is never split between the two sides. None: no groups.
        seed: Draws the subsets.

    Raises:
        Cancelled: a stop was requested.
    """
    own, draw = np.flatnonzero(examples.own), np.random.default_rng(seed)
    together = np.arange(len(examples.own)) if groups is None else np.unique(groups, return_inverse=True)[1]
    everything = len(examples.targets)
    repeats = next((times for most, times in _REPEATS if everything <= most), _FEWEST_REPEATS)
    shares = _SHARES if repeats > _FEWEST_REPEATS else _FEWER_SHARES
    errors: dict[int, list[float]] = {}
    tested: dict[int, int] = {}
    for _ in range(repeats):
        # The subsets of a draw are nested, which lowers the noise of their differences.
        order = own[np.argsort(draw.random(together.max() + 1)[together[own]], kind="stable")]
        subsets = (_first_of_each_class(order, examples.targets, share) for share in shares)
        fitted = None
        for size, subset in {len(subset): subset for subset in subsets}.items():
            rest = order[~np.isin(together[order], together[subset])]
            if examples.memorised is not None:
                rest = rest[~examples.memorised[rest]]
            if size <= _LARGEST and len(rest):
                learned = np.concatenate([subset, np.flatnonzero(~examples.own)])
                fitted = _learn(examples, class_names, learned, fitted, cancel)
                errors.setdefault(size, []).append(_error(fitted.model, examples, rest))
                tested[size] = len(rest)
    others = everything - len(own)
    points = [_point(others + size, found, tested[size]) for size, found in sorted(errors.items())]
    accuracy, photos = held_out
    points.append(_point(others + 0.8 * len(own), [1 - accuracy], photos))  # five folds leave four to learn from
    return PowerLawPosterior(tuple(points))


def _first_of_each_class(order: NDArray[np.intp], targets: NDArray[np.intp], share: float) -> NDArray[np.intp]:
    parts = []
    for target in np.unique(targets[order]):
        members = order[targets[order] == target]
        parts.append(members[: max(_LEAST_PER_CLASS, round(share * len(members)))])
    return np.concatenate(parts)


def _learn(
    examples: Examples,
    class_names: tuple[str, ...],
    rows: NDArray[np.intp],
    last: Fitted | None,
    cancel: CancelToken,
) -> Fitted:
    """Fit some of the photos, with a warm start from the previous subset."""
    subset = Examples(examples.ids[rows], examples.features.take(rows), examples.targets[rows], examples.own[rows])
    return fit(subset, class_names, "", cancel, last=last)


def _error(model: Model, examples: Examples, rows: NDArray[np.intp]) -> float:
    predicted = predict(model, examples.features.take(rows)).probabilities.argmax(axis=1)
    return float((predicted != examples.targets[rows]).mean())


def _point(photos: float, errors: list[float], tested: float) -> Point:
    error = float(np.mean(errors))
    shares = (error * tested + 1) / (tested + 2)  # Laplace smoothing
    binomial = np.sqrt(shares * (1 - shares) / max(tested, 1))
    scatter = np.std(errors, ddof=1) / np.sqrt(len(errors)) if len(errors) > 1 else 0.0
    return Point(photos, error, float(np.hypot(_UNSHARED * binomial, scatter)))
