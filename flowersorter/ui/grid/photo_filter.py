"""Which photos of the folder are shown, and in what order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.name_search import folded
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass, Rows


class Order(StrEnum):
    """How the shown photos are ordered."""

    NAME = "name"
    DATE = "date"
    LEAST_SURE = "least sure"


@dataclass(frozen=True, slots=True)
class PhotoFilter:
    """The photos to show, and their order.

    Attributes:
        shelf: A class id or a `PseudoClass`.
        places: Exactly these places, whatever they are, instead of a shelf.
        title: What `places` are, for the person.
        unchecked: Leave out what a person has labelled.
        name: Only files with this in their name, whatever its case; "" for any name.
        order: How to order.
    """

    shelf: int = PseudoClass.ALL
    places: frozenset[int] | None = None
    title: str = ""
    unchecked: bool = False
    name: str = ""
    order: Order = Order.NAME

    def matches(self, columns: PhotoColumns, rows: Rows | None = None) -> NDArray[np.bool_]:
        """Which rows are shown.

        Args:
            columns: The photos.
            rows: (M,) row numbers; None for all.

        Returns:
            (M,) bool.
        """
        at: Rows | slice = slice(None) if rows is None else rows
        shelves = columns.shelves[at]
        if self.places is not None:
            shown = np.isin(columns.place_ids[at], np.fromiter(self.places, np.int64, len(self.places)))
        elif self.shelf == PseudoClass.ALL:
            shown = np.ones(len(shelves), np.bool_)
        else:
            shown = shelves == self.shelf
        if self.unchecked:
            shown &= ~((columns.label_ids[at] > 0) & columns.by_person[at])
        if self.name:
            wanted, names = folded(self.name), columns.folded_names
            numbers = range(len(names)) if rows is None else rows.tolist()
            shown &= np.fromiter((wanted in names[number] for number in numbers), np.bool_, len(shelves))
        return shown

    def arrange(self, rows: Rows, columns: PhotoColumns) -> Rows:
        """Order the rows that are shown.

        Args:
            rows: (M,) row numbers, ascending, which is the order of their names.
            columns: The photos; labelled ones need no review, so they come last where the least sure come first.

        Returns:
            (M,) the same row numbers. Photos without a date come last.
        """
        if self.order is Order.NAME:
            return rows
        if self.order is Order.DATE:
            return rows[np.argsort(columns.taken_at[rows], kind="stable")]
        return rows[np.argsort(columns.confidences[rows] + 2.0 * (columns.label_ids[rows] > 0), kind="stable")]
