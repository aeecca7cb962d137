"""Selects the photos of the folder to show, and orders them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.name_search import folded
from flowersorter.ui.grid.arrange import arrange
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass, Rows
from flowersorter.ui.grid.sections import Arrangement, Grouping


class Order(StrEnum):
    """How the shown photos are ordered."""

    NAME = "name"
    DATE = "date"
    LEAST_SURE = "least sure"


@dataclass(frozen=True, slots=True)
class PhotoFilter:
    """The photos to show, and their order.

    Attributes:
        class_key: A class id or a `PseudoClass`.
        places: Exactly these places, whatever they are, instead of a class.
        title: A heading for `places`.
        unchecked: Leave out photos that a person has labelled.
        name: Only files with this in their name, whatever its case; "" for any name.
        order: How to order, within a section.
        grouping: How to divide into sections.
        ranking: Places in the order to show them, undivided, instead of `order` and `grouping`.
        before: The suggestions before, in words by place id, where changed suggestions are shown.
    """

    class_key: int = PseudoClass.ALL
    places: frozenset[int] | None = None
    title: str = ""
    unchecked: bool = False
    name: str = ""
    order: Order = Order.NAME
    grouping: Grouping = Grouping.NONE
    ranking: tuple[int, ...] = ()
    before: Mapping[int, str] = field(default_factory=dict)

    @property
    def is_by_name(self) -> bool:
        """Whether the photos are in the order of their names."""
        return self.order is Order.NAME and not self.ranking

    @property
    def divided_by(self) -> Grouping:
        """How they are divided into sections now."""
        return Grouping.NONE if self.ranking else self.grouping

    def change(self, place_id: int, now: str) -> str:
        """The suggestion before and now, in words; that of now where it is not known to have changed."""
        before = self.before.get(place_id)
        return now if before in (None, now) else f"{before} → {now}"

    def matches(self, columns: PhotoColumns, rows: Rows | None = None) -> NDArray[np.bool_]:
        """Which rows are shown.

        Args:
            columns: The photos.
            rows: (M,) row numbers; None for all.

        Returns:
            (M,) bool.
        """
        at: Rows | slice = slice(None) if rows is None else rows
        class_keys = columns.class_keys[at]
        if self.places is not None:
            shown = np.isin(columns.place_ids[at], np.fromiter(self.places, np.int64, len(self.places)))
        elif self.class_key == PseudoClass.ALL:
            shown = np.ones(len(class_keys), np.bool_)
        else:
            shown = class_keys == self.class_key
        if self.unchecked:
            shown &= ~((columns.label_ids[at] > 0) & columns.by_person[at])
        if self.name:
            wanted, names = folded(self.name), columns.folded_names
            numbers = range(len(names)) if rows is None else rows.tolist()
            shown &= np.fromiter((wanted in names[number] for number in numbers), np.bool_, len(class_keys))
        return shown

    def arrange(self, rows: Rows, columns: PhotoColumns, class_order: Sequence[int] = ()) -> Arrangement:
        """Order the rows that are shown, and divide them into sections.

        Args:
            rows: (M,) row numbers, ascending.
            columns: The photos.
            class_order: Class ids in the order of the class list.
        """
        return arrange(self.divided_by, self.ordered(rows, columns), columns, class_order)

    def ordered(self, rows: Rows, columns: PhotoColumns) -> Rows:
        """Order the rows that are shown.

        Args:
            rows: (M,) row numbers, ascending, which is the order of their names.
            columns: The photos; labelled ones need no review, so they come last where the least sure come first.

        Returns:
            (M,) the same row numbers. Photos without a date come last.
        """
        if self.is_by_name:
            return rows
        if self.ranking:
            ranks = np.full(len(columns), len(self.ranking), np.intp)
            ranked = columns.locate(self.ranking)
            ranks[ranked] = np.arange(len(ranked))
            return rows[np.argsort(ranks[rows], kind="stable")]
        if self.order is Order.DATE:
            return rows[np.argsort(columns.taken_at[rows], kind="stable")]
        return rows[np.argsort(columns.confidences[rows] + 2.0 * (columns.label_ids[rows] > 0), kind="stable")]
