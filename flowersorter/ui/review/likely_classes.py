"""The classes that a group of look-alikes may be of, for the buttons in its header."""

from __future__ import annotations

import numpy as np

from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns, Rows

#: Least share of a group's photos with a suggested class that gets a button.
_WORTH_A_BUTTON = 0.2


def likely_classes(columns: PhotoColumns, rows: Rows) -> list[int]:
    """List the possible classes of a group, the likeliest first, by the suggestions on its tiles.

    An unknown photo has no suggestion: it counts for none of the classes.

    Args:
        columns: All photos.
        rows: (M,) those of the group.
    """
    verdicts = columns.verdicts[rows]
    known = rows[(verdicts != Verdict.UNKNOWN) & (verdicts != Verdict.NONE)]
    class_ids = np.concatenate([columns.class_ids[known], columns.second_class_ids[known]])
    shares = np.concatenate([columns.confidences[known], columns.second_confidences[known]])
    found, at = np.unique(class_ids, return_inverse=True)
    means = np.bincount(at, weights=shares, minlength=len(found)) / max(1, len(rows))
    order = np.argsort(-means, kind="stable")
    return [int(found[each]) for each in order.tolist() if found[each] > 0 and means[each] >= _WORTH_A_BUTTON]
