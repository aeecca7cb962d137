"""Selects the photos of the folder to show, and orders them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from flowersorter.ui.grid.photo_columns import PseudoClass, Rows


class Order(StrEnum):
    """How the shown photos are ordered."""

    NAME = "name"
    LEAST_SURE = "least sure"


@dataclass(frozen=True, slots=True)
class PhotoFilter:
    """The photos to show, and their order.

    Attributes:
        class_key: A class id or a `PseudoClass`.
        places: Exactly these places, whatever they are, instead of a class.
        title: A heading for `places`.
        unchecked: Leave out photos that a person has labelled.
        order: How to order.
    """

    class_key: int = PseudoClass.ALL
    places: frozenset[int] | None = None
    title: str = ""
    unchecked: bool = False
    order: Order = Order.NAME

    def matches(
        self, class_keys: NDArray[np.int32], place_ids: NDArray[np.int64], checked: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Which rows are shown.

        Args:
            class_keys: (N,) int32 class id or `PseudoClass`.
            place_ids: (N,) int64.
            checked: (N,) whether a person has labelled it.

        Returns:
            (N,) bool.
        """
        if self.places is not None:
            shown = np.isin(place_ids, np.fromiter(self.places, np.int64, len(self.places)))
        elif self.class_key == PseudoClass.ALL:
            shown = np.ones(len(class_keys), np.bool_)
        else:
            shown = class_keys == self.class_key
        return shown & ~checked if self.unchecked else shown

    def arrange(self, rows: Rows, confidences: NDArray[np.float32], labelled: NDArray[np.bool_]) -> Rows:
        """Order the rows that are shown.

        Args:
            rows: (M,) row numbers, ascending, which is the order of their names.
            confidences: (N,) of all rows.
            labelled: (N,) of all rows; these need no review, so they come last.

        Returns:
            (M,) the same row numbers.
        """
        if self.order is Order.NAME:
            return rows
        return rows[np.argsort(confidences[rows] + 2.0 * labelled[rows], kind="stable")]
