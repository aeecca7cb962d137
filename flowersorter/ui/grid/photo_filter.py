"""Selects the photos of the folder to show, and orders them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import counting, stable_order
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.filter.text_search import TextSearch
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass, Rows
from flowersorter.ui.grid.sections import Grouping

_LAST = np.iinfo(np.int64).max
#: The highest bit of a float, which tells the negative ones.
_LABELLED_BIT = 31


class Order(StrEnum):
    """The order of the shown photos."""

    NAME = "name"
    DATE = "date"
    LEAST_SURE = "least sure"
    MOST_HELPFUL = "most helpful"
    LIKENESS = "likeness"


#: Orders that change with the suggestions and the answers.
UNSTEADY = frozenset({Order.LEAST_SURE, Order.MOST_HELPFUL})


class Part(StrEnum):
    """A part of a filter, besides the class, that can hide photos."""

    TEXT = "text"
    VERDICT = "verdict"
    CONFIRMED = "confirmed"
    DATES = "dates"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days on which photos were taken.

    Attributes:
        first: None for no limit.
        last: None for no limit. Without any limit it stands for photos without a date.
    """

    first: date | None = None
    last: date | None = None

    def matches(self, taken_at: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """(M,) which of these times, datetime64[s], are in it."""
        unknown = np.isnat(taken_at)
        if self.first is None and self.last is None:
            return unknown
        days, found = taken_at.astype("datetime64[D]"), ~unknown
        if self.first is not None:
            found &= days >= np.datetime64(self.first)
        if self.last is not None:
            found &= days <= np.datetime64(self.last)
        return found


#: The fields of each part, with the values that hide nothing.
_OFF: Mapping[Part, Mapping[str, Any]] = {
    Part.TEXT: {"search": TextSearch()},
    Part.VERDICT: {"verdicts": frozenset()},
    Part.CONFIRMED: {"unchecked": False, "only_checked": False},
    Part.DATES: {"dates": None},
    Part.FOLDER: {"folder": ""},
}


@dataclass(frozen=True, slots=True)
class PhotoFilter:
    """The photos to show, and their order.

    Attributes:
        class_key: A class id or a `PseudoClass`.
        places: Exactly these places, instead of a class.
        title: A heading for `places`.
        unchecked: Whether to leave out photos that a person has labelled.
        only_checked: Whether to leave out all others.
        verdicts: Only photos with one of these suggestions, and without another answer; empty for any.
        dates: Only photos taken then; None for any.
        folder: Only photos in this folder and those below it; "" for any.
        search: Only photos with these words.
        order: How to order, within a section.
        grouping: How to divide into sections.
        ranking: Places in the order to show them, undivided, instead of `order` and `grouping`.
        before: The previous suggestions, in words by place id, where changed suggestions are shown.
    """

    class_key: int = PseudoClass.ALL
    places: frozenset[int] | None = None
    title: str = ""
    unchecked: bool = False
    only_checked: bool = False
    verdicts: frozenset[Verdict] = frozenset()
    dates: DateRange | None = None
    folder: str = ""
    search: TextSearch = field(default_factory=TextSearch)
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
        """The grouping in effect."""
        return Grouping.NONE if self.ranking else self.grouping

    @property
    def needs_dates(self) -> bool:
        """Whether order, sections or the photos shown depend on dates."""
        by_date = self.order is Order.DATE or self.grouping is Grouping.DAY
        return by_date or self.dates is not None or self.search.needs_dates

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that may hide photos."""
        return tuple(part for part, off in _OFF.items() if any(getattr(self, name) != off[name] for name in off))

    @property
    def is_open(self) -> bool:
        """Whether it shows every photo."""
        return self.class_key == PseudoClass.ALL and self.places is None and not self.parts

    def without(self, *parts: Part) -> PhotoFilter:
        """Return this filter with these parts switched off."""
        return replace(self, **{name: value for part in parts for name, value in _OFF[part].items()})

    def change(self, place_id: int, now: str) -> str:
        """Word the previous and the present suggestion; only the present one if no change is known."""
        before = self.before.get(place_id)
        return now if before in (None, now) else f"{before} → {now}"

    def rows_shown(self, columns: PhotoColumns) -> Rows:
        """(M,) the rows that are shown, ascending; read-only."""
        return counting(len(columns)) if self.is_open else np.flatnonzero(self.matches(columns))

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
        if self.unchecked or self.only_checked:
            checked = (columns.label_ids[at] > 0) & columns.by_person[at]
            shown &= checked if self.only_checked else ~checked
        if self.verdicts:
            shown &= np.isin(columns.shown_verdicts(at), list(self.verdicts)) & (columns.label_ids[at] == 0)
            shown &= (columns.marks[at] != Mark.NOT_MINE) & ~columns.unreadable[at]
        if self.dates is not None:
            shown &= self.dates.matches(columns.taken_at[at])
        if self.folder:
            shown &= self._in_folder(columns)[at]
        if self.search.words:
            shown &= self.search.matches(columns, rows)
        return shown

    def _in_folder(self, columns: PhotoColumns) -> NDArray[np.bool_]:
        """(N,) which photos are in the folder or below it."""
        folders, numbers = columns.folders
        below = self.folder.rstrip(os.sep) + os.sep
        inside = np.array([(each + os.sep).startswith(below) for each in folders], np.bool_)
        return inside[numbers]

    def ordered(self, rows: Rows, columns: PhotoColumns, ranks: PhotoNumbers | None = None) -> Rows:
        """Order the rows that are shown.

        Args:
            rows: (M,) row numbers, ascending, which is the order of their names.
            columns: The photos; labelled ones need no review, so they come last where the least sure or the most
                helpful ones come first.
            ranks: Of photos, where the most helpful or the most similar ones come first; None while these are unknown.

        Returns:
            (M,) the same row numbers. Photos without a date or a rank come last.
        """
        if self.is_by_name:
            return rows
        if self.ranking:
            places = np.full(len(columns), len(self.ranking), np.intp)
            ranked = columns.locate(self.ranking)
            places[ranked] = np.arange(len(ranked))
            return rows[np.argsort(places[rows], kind="stable")]
        at = slice(None) if len(rows) == len(columns) else rows
        if self.order is Order.DATE:
            return _at(rows, stable_order(columns.taken_at[at]), columns)
        labelled = columns.label_ids[at] > 0
        if self.order is Order.LEAST_SURE:
            keys = (columns.confidences[at] + np.float32(0)).view(np.uint32)  # in their order, as none is below 0
            keys |= np.left_shift(labelled, _LABELLED_BIT, dtype=np.uint32)
            return _at(rows, stable_order(keys), columns)
        if ranks is None:
            return rows
        ranked = ranks.of(columns.photo_ids[at], _LAST)
        if self.order is Order.MOST_HELPFUL:
            ranked = np.where(labelled, _LAST, ranked)
        return _at(rows, stable_order(ranked), columns)


def _at(rows: Rows, order: Rows, columns: PhotoColumns) -> Rows:
    """(M,) ascending rows in an order of them."""
    return order if len(rows) == len(columns) else rows[order]
