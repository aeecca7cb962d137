"""Finds the photos that an answer would change: what the commands store, and what the menu of a photo offers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass, Rows


def confirmable(columns: PhotoColumns, place_ids: Iterable[int]) -> dict[int, int]:
    """The class that each photo is shown with and that a person has not confirmed yet, by row; unknown have none."""
    classes: dict[int, int] = {}
    for row in columns.locate(place_ids).tolist():
        guess = int(columns.label_ids[row] or columns.class_ids[row])
        guessed = columns.label_ids[row] > 0 or columns.verdicts[row] not in (Verdict.NONE, Verdict.UNKNOWN)
        if guess and guessed and not (columns.label_ids[row] and columns.by_person[row]):
            classes[row] = guess
    return classes


def rejectable(columns: PhotoColumns, place_ids: Iterable[int]) -> dict[int, int]:
    """The class that each photo is shown with, by photo id; photos that are not read and unknown ones have none."""
    rows = columns.locate(place_ids)
    rows = rows[(columns.photo_ids[rows] > 0) & (columns.class_keys[rows] != PseudoClass.UNKNOWN)]
    shown = np.where(columns.label_ids[rows] > 0, columns.label_ids[rows], columns.class_ids[rows])
    return {int(columns.photo_ids[row]): int(class_id) for row, class_id in zip(rows, shown, strict=True) if class_id}


def labelled(columns: PhotoColumns, place_ids: Iterable[int]) -> Rows:
    """(M,) rows of the photos with a label."""
    rows = columns.locate(place_ids)
    return rows[columns.label_ids[rows] > 0]


def markable(columns: PhotoColumns, place_ids: Iterable[int], mark: Mark) -> NDArray[np.int64]:
    """(M,) the photos that were read and are not marked so."""
    rows = columns.locate(place_ids)
    photo_ids: NDArray[np.int64] = columns.photo_ids[rows[columns.marks[rows] != mark]]
    return photo_ids[photo_ids > 0]


def possible_actions(columns: PhotoColumns, place_ids: Iterable[int]) -> frozenset[str]:
    """Names of the actions on photos that would change or show something."""
    places = tuple(place_ids)
    if not places:
        return frozenset()
    possible = {
        "confirm": bool(confirmable(columns, places)),
        "reject": bool(rejectable(columns, places)),
        "clear_label": len(labelled(columns, places)) > 0,
        "not_mine": len(markable(columns, places, Mark.NOT_MINE)) > 0,
        "dont_know": len(markable(columns, places, Mark.DONT_KNOW)) > 0,
        "show_similar": len(places) == 1 and bool((columns.photo_ids[columns.locate(places)] > 0).all()),
        "compare": len(places) <= 2,  # with one photo, the most similar confirmed one beside it
    }
    always = ("new_class", "large_view", "show_in_folder", "copy_path")
    return frozenset(always) | {name for name, allowed in possible.items() if allowed}
