"""Standard metrics of predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.figures import CalibrationBin, ConfidenceBar


def confusion_matrix(true: NDArray[np.intp], predicted: NDArray[np.intp], classes: int) -> NDArray[np.int64]:
    """Count photos by true and predicted class.

    Args:
        true: (N,) class indices.
        predicted: (N,) class indices.
        classes: C, number of classes.

    Returns:
        (C, C) int64, rows true, columns predicted.
    """
    flat = np.bincount(true * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def recall(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compute the recall of each class; (C,) float64, NaN for a class without photos."""
    return _share(confusion.diagonal(), confusion.sum(axis=1))


def precision(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compute the precision of each class; (C,) float64, NaN for a class never predicted."""
    return _share(confusion.diagonal(), confusion.sum(axis=0))


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    result = np.full(len(whole), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def calibration_bins(
    confidence: NDArray[np.float32], right: NDArray[np.bool_], bins: int = 10
) -> tuple[CalibrationBin, ...]:
    """Group photos by confidence into equal intervals, without the empty ones.

    Args:
        confidence: (N,) probability of the predicted class.
        right: (N,) whether the prediction was right.
        bins: Number of intervals between 0 and 1.
    """
    at = bin_numbers(confidence, bins)
    result = []
    for i in range(bins):
        inside = at == i
        if inside.any():
            result.append(
                CalibrationBin(
                    low=i / bins,
                    high=(i + 1) / bins,
                    photos=int(inside.sum()),
                    confidence=float(confidence[inside].mean()),
                    accuracy=float(right[inside].mean()),
                )
            )
    return tuple(result)


def bin_numbers(confidence: NDArray[np.float32], bins: int = 10) -> NDArray[np.intp]:
    """Number of the interval each confidence falls into; (N,) from 0 to `bins` - 1."""
    return np.asarray(np.clip(np.ceil(confidence * bins).astype(np.intp) - 1, 0, bins - 1), np.intp)


def confidence_bars(
    confidence: NDArray[np.float32], right: NDArray[np.bool_], bins: int = 10
) -> tuple[ConfidenceBar, ...]:
    """Count right and wrong photos by confidence, in the intervals of `calibration_bins`, empty ones too.

    Args:
        confidence: (N,) probability of the predicted class.
        right: (N,) whether the prediction was right.
        bins: Number of intervals between 0 and 1.
    """
    at = bin_numbers(confidence, bins)
    good, bad = np.bincount(at[right], minlength=bins), np.bincount(at[~right], minlength=bins)
    return tuple(ConfidenceBar(i / bins, (i + 1) / bins, int(good[i]), int(bad[i])) for i in range(bins))


def expected_calibration_error(bins: tuple[CalibrationBin, ...]) -> float:
    """Mean gap between confidence and accuracy, weighted by photos (Guo et al., 2017); 0 for no photos."""
    photos = sum(b.photos for b in bins)
    return sum(b.photos * abs(b.confidence - b.accuracy) for b in bins) / photos if photos else 0.0
