"""Finds the photos that an answer would change, for the commands and for the context menu."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass, Rows


def confirmable(columns: PhotoColumns, place_ids: Iterable[int]) -> dict[int, int]:
    """Return the unconfirmed class that each photo is shown with, by row; unknown photos have none."""
    rows = _confirmable(columns, columns.locate(place_ids))
    return dict(zip(rows.tolist(), _shown(columns, rows).tolist(), strict=True))


def rejectable(columns: PhotoColumns, place_ids: Iterable[int]) -> dict[int, int]:
    """Return the class that each photo is shown with, by photo id; unread and unknown photos have none."""
    rows = _rejectable(columns, columns.locate(place_ids))
    return dict(zip(columns.photo_ids[rows].tolist(), _shown(columns, rows).tolist(), strict=True))


def _confirmable(columns: PhotoColumns, rows: Rows) -> Rows:
    labelled = columns.label_ids[rows] > 0
    suggested = ~np.isin(columns.verdicts[rows], (Verdict.NONE, Verdict.UNKNOWN)) & (columns.class_ids[rows] > 0)
    return rows[np.where(labelled, ~columns.by_person[rows], suggested)]


def _rejectable(columns: PhotoColumns, rows: Rows) -> Rows:
    rows = rows[(columns.photo_ids[rows] > 0) & (columns.class_keys[rows] != PseudoClass.UNKNOWN)]
    return rows[_shown(columns, rows) > 0]


def _shown(columns: PhotoColumns, rows: Rows) -> NDArray[np.int32]:
    """(M,) int32 the class of the label, else the suggested one."""
    return np.where(columns.label_ids[rows] > 0, columns.label_ids[rows], columns.class_ids[rows])


def labelled(columns: PhotoColumns, place_ids: Iterable[int] | NDArray[np.int64]) -> Rows:
    """(M,) rows of the photos with a label."""
    rows = columns.locate(place_ids)
    return rows[columns.label_ids[rows] > 0]


def markable(columns: PhotoColumns, place_ids: Iterable[int] | NDArray[np.int64], mark: Mark) -> NDArray[np.int64]:
    """(M,) the photos that were read and do not have this mark."""
    rows = columns.locate(place_ids)
    photo_ids: NDArray[np.int64] = columns.photo_ids[rows[columns.marks[rows] != mark]]
    return photo_ids[photo_ids > 0]


def possible_actions(columns: PhotoColumns, place_ids: Iterable[int], tiles: int | None = None) -> frozenset[str]:
    """Names of the actions that would have an effect on these photos, which are on `tiles` tiles."""
    places = np.fromiter(place_ids, np.int64)
    if not len(places):
        return frozenset()
    rows, tiles = columns.locate(places), len(places) if tiles is None else tiles
    possible = {
        "confirm": len(_confirmable(columns, rows)) > 0,
        "reject": len(_rejectable(columns, rows)) > 0,
        "clear_label": len(labelled(columns, places)) > 0,
        "not_mine": len(markable(columns, places, Mark.NOT_MINE)) > 0,
        "dont_know": len(markable(columns, places, Mark.DONT_KNOW)) > 0,
        "open_stack": tiles < len(places),
        "show_similar": tiles == 1 and bool((columns.photo_ids[rows] > 0).all()),
        "compare": tiles <= 2,  # with one photo, the most similar confirmed one beside it
    }
    always = ("new_class", "large_view", "show_in_folder", "copy_path")
    return frozenset(always) | {name for name, allowed in possible.items() if allowed}
