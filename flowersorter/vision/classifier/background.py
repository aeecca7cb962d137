"""Detects background photos: more similar to photos marked *not mine* than to labelled ones.

Labelled photos, each compared with the others, show how much more similar to the background a photo of a class can be.

Measured with ResNet-50 (15 draws, each of five flowers left out, 40 labelled photos of each other one; 4 draws of ten
of 30 everyday things, 10 labelled photos of each other one): ten photos called not mine take Sure among 200 others of
these from 42 to 10 % (things: 10 to 5 %) and Unknown from 9 to 68 % (59 to 79 %); of photos of the classes 75 % instead
of 78 % are sure (88 instead of 91 %) and 4 % instead of 2 % unknown. That was before `_AS_SIMILAR`, which takes Sure
from as many, and makes fewer unknown. A class of its own in the fit left as few of the others sure, but only 65 % of
the known flowers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import spread_sample
from flowersorter.vision.parallel import row_blocks

#: Labelled photos compared at most, and similar photos of either kind that count. One or five measured the same.
MOST_KNOWN, _NEAREST = 1000, 3
#: Fractions of labelled photos with less evidence than a photo that is not sure, and than an unknown one; and the
#: probabilities of such photos. 0.92 and 0.98 left 6.5 % of the other flowers sure, and 73 % of the known ones.
_FRACTIONS, _PROBABILITIES = (0.96, 0.99), (0.1, 0.7)
#: Least evidence of an unknown photo: it is at least as similar to the background. Labels that were given to groups of
#: look-alikes are more similar to one another than to the others of their class, and few marks reach less than many.
#: Three draws, 8 look-alikes of each class labelled: 1, 4 and 20 photos called not mine make 7, 6 and 17 % of the other
#: photos of known flowers unknown instead of 23, 31 and 33 %, and 41, 63 and 90 % of the others of their class instead
#: of 78, 92 and 95 %; of things 0, 0 and 2 % instead of 12, 17 and 19 %, and 93, 99 and 100 % instead of 100.
_AS_SIMILAR = 0.0
_LEAST_STEP = 1e-6
_SEED, _BLOCK_ROWS = 42, 4096


@dataclass(frozen=True, slots=True, eq=False)
class BackgroundDetector:
    """Compares photos with the background and with labelled photos.

    Attributes:
        background: (D, B) float32 features of photos that show none of the classes.
        known: (D, K) float32 features of labelled photos.
        evidence: (2,) evidence of a photo that is not sure, and of an unknown one.
    """

    background: NDArray[np.float32]
    known: NDArray[np.float32]
    evidence: tuple[float, float]

    @classmethod
    def fit(
        cls, background: Features, known: Features, classes: NDArray[np.intp], cancel: CancelToken
    ) -> BackgroundDetector | None:
        """Choose the thresholds by the labelled photos.

        Args:
            background: Of photos that show none of the classes.
            known: Of N labelled photos.
            classes: (N,) their classes.
            cancel: Checked for each block.

        Returns:
            The detector; None where there are too few photos to compare with.

        Raises:
            Cancelled: a stop was requested.
        """
        if not len(background) or len(known) <= _NEAREST:
            return None
        known = known.take(spread_sample(classes, MOST_KNOWN, _SEED))
        columns = background.unpack().T, known.unpack().T
        low, high = np.quantile(_evidence(known, *columns, cancel, leave_out=True), _FRACTIONS)
        return cls(*columns, (float(low), max(float(high), _AS_SIMILAR)))

    def probabilities(self, photos: Features, cancel: CancelToken) -> NDArray[np.float32]:
        """Estimate the (N,) float32 probabilities of photos to be background.

        Raises:
            Cancelled: a stop was requested.
        """
        low, high = self.evidence
        step = max(high - low, _LEAST_STEP)
        points = [low - step, low, low + step, low + 2 * step]
        evidence = _evidence(photos, self.background, self.known, cancel)
        return np.interp(evidence, points, [0.0, *_PROBABILITIES, 1.0]).astype(np.float32)


def _evidence(
    photos: Features,
    background: NDArray[np.float32],
    known: NDArray[np.float32],
    cancel: CancelToken,
    *,
    leave_out: bool = False,
) -> NDArray[np.float32]:
    """(N,) how much more similar photos are to the background than to labelled photos.

    Args:
        photos: Of N photos.
        background: (D, B) features.
        known: (D, K) features.
        cancel: Checked for each block.
        leave_out: Whether the photos are the labelled ones, of which none is compared with itself.
    """
    result = np.empty(len(photos), np.float32)
    for rows in row_blocks(len(photos), _BLOCK_ROWS):
        cancel.check()
        part = photos.take(rows)
        to_known = part.matmul(known)
        if leave_out:
            to_known[np.arange(len(part)), np.arange(rows.start, rows.stop)] = -1
        result[rows] = _mean_of_nearest(part.matmul(background)) - _mean_of_nearest(to_known)
    return result


def _mean_of_nearest(similarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) mean of the largest similarities in each row of (N, M)."""
    count = min(_NEAREST, similarity.shape[1])
    return np.asarray(np.partition(similarity, -count, axis=1)[:, -count:].mean(axis=1), np.float32)
