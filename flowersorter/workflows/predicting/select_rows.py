"""Orders the photos of a labelled folder by date, and selects those with a text in their name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.name_search import folded
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.workflows.predicting.predict_folder import PredictFolderResult

if TYPE_CHECKING:
    from flowersorter.library.collection import CollectionStore

RowOrder: TypeAlias = Literal["name", "date"]


def select_rows(
    collection: CollectionStore, result: PredictFolderResult, order: RowOrder, name: str = ""
) -> PredictFolderResult:
    """Order and select the rows of a result.

    Args:
        collection: Has the dates.
        result: The folder.
        order: "name", or "date" for the date taken; photos without one come last, in the order of their names.
        name: Only files with this in their name, whatever its case; "" for any name.

    Returns:
        The result with these rows, and with the files among them that cannot be read.
    """
    rows = result.rows
    kept = np.arange(len(rows))
    if name:
        wanted = folded(name)
        kept = np.array([i for i, path in enumerate(rows.paths) if wanted in folded(path.name)], np.intp)
    if order == "date":
        kept = kept[np.argsort(_taken_at(collection, rows)[kept], kind="stable")]
    selected = rows.take(kept)
    shown = set(selected.paths)
    unreadable = tuple(each for each in result.unreadable if each[0] in shown)
    problems = tuple(each for each in result.problems if not name or folded(name) in folded(each[0].name))
    return replace(result, rows=selected, unreadable=unreadable, problems=problems)


def taken_at(collection: CollectionStore, photo_ids: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """(N,) datetime64[s] when photos were taken by the cameras' clocks, NaT where that is unknown.

    Args:
        collection: Has the photos.
        photo_ids: (N,), all of them known.
    """
    return collection.photos.moments(photo_ids)[0]


def _taken_at(collection: CollectionStore, rows: PhotoRows) -> NDArray[np.datetime64]:
    """(N,) datetime64[s] when the photo of each row was taken, NaT where that is unknown."""
    taken = np.full(len(rows), np.datetime64("NaT"), "datetime64[s]")
    known = rows.photo_ids > 0
    photo_ids, at = np.unique(rows.photo_ids[known], return_inverse=True)
    taken[known] = taken_at(collection, photo_ids)[at]
    return taken
