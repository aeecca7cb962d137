"""Fit a linear head on the raw pooled features, for networks without the square root of our features."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature
from flowersorter.vision.classifier.class_prior_shift import correct_class_prior
from flowersorter.vision.classifier.cross_validation import fit_heads, held_out_logits
from flowersorter.vision.classifier.training_state import RANK, Examples, TrainingState
from flowersorter.vision.features.pca import PCA, SAMPLE, Coordinates, spread_sample
from flowersorter.vision.parallel import ThreadPool, row_blocks

_BLOCK_ROWS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class PlainHead:
    """A head with its temperature folded in.

    Attributes:
        weight: (C, D) float32.
        bias: (C,) float32.
        held_out_accuracy: Out-of-fold accuracy on the person's photos, None without any.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    held_out_accuracy: float | None


def fit_plain_head(
    examples: Examples, totals: NDArray[np.float32], classes: int, cancel: CancelToken, *, seed: int = 42
) -> PlainHead:
    """Fit a head on raw pooled features, with the folds of `fit`.

    Args:
        examples: Labelled photos.
        totals: (N,) sum of each photo's pooled features, which normalised features do not contain.
        classes: C.
        cancel: Checked many times a second.
        seed: Seed of the folds.

    Raises:
        Cancelled: a stop was requested.
    """

    def raw(rows: slice | NDArray[np.intp]) -> NDArray[np.float32]:
        """Recover (B, D) pooled features: their roots have length 1 when they add up to 1."""
        squares = np.square(examples.features.take(rows).unpack())
        return np.asarray(squares * (totals[rows] / size)[:, None], np.float32)

    size = np.float32(1)
    sample = spread_sample(examples.targets, SAMPLE, seed)
    size = np.float32(np.linalg.norm(raw(sample), axis=1).mean())
    with ThreadPool() as pool:
        state = TrainingState.build(examples, seed, pool, cancel)
        axes = PCA.of(raw(sample), RANK, seed)
        parts = pool.map(lambda rows: axes.transform(raw(rows)), row_blocks(len(totals), _BLOCK_ROWS))
        coordinates = Coordinates(
            np.concatenate([part.projection for part in parts]), np.concatenate([part.residual for part in parts])
        )
        state = replace(state, axes=axes, coordinates=coordinates, variants=None)
        heads = fit_heads(state, classes, None, pool, cancel)
        rows, logits = held_out_logits(state, heads.folds, heads.weights[:-1], pool)
    targets, own = state.targets[rows], examples.own[rows]
    logits, class_bias = correct_class_prior(logits, targets, state.folds[rows])
    temperature = np.float32(fit_temperature(HeldOutLoss(logits, targets)) if len(rows) else 1)
    right = logits.argmax(axis=1) == targets
    weight, bias = axes.to_feature_space(heads.weights[-1])
    bias += class_bias
    return PlainHead(weight / (size * temperature), bias / temperature, float(right[own].mean()) if own.any() else None)
