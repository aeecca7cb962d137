"""Divides photos into sections by class, day or folder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import distinct, stable_order
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass, Rows
from flowersorter.ui.grid.sections import Arrangement, Grouping, Identity, Section, SectionKind

#: The order of the photos without a class, as in the class list; photos not read yet come last.
_PSEUDO_CLASSES = (
    PseudoClass.UNSURE,
    PseudoClass.UNKNOWN,
    PseudoClass.NOT_MINE,
    PseudoClass.UNREADABLE,
    PseudoClass.WAITING,
)
_UNDATED = np.iinfo(np.int64).max


def arrange(grouping: Grouping, rows: Rows, columns: PhotoColumns, class_order: Sequence[int] = ()) -> Arrangement:
    """Divide photos into sections.

    Args:
        grouping: By class, day or folder; by likeness counts as by class, for want of features.
        rows: (M,) column rows, in the order that they keep within a section.
        columns: The photos.
        class_order: Class ids in the order of the class list.
    """
    if grouping is Grouping.NONE:
        return whole(rows)
    if grouping is Grouping.DAY:
        return _by_day(rows, columns)
    if grouping is Grouping.FOLDER:
        return _by_folder(rows, columns)
    return _by_class(rows, columns, class_order)


def whole(rows: Rows) -> Arrangement:
    """Put all photos into one section; no photos into none."""
    sections = (Section(SectionKind.ALL, (), 0, len(rows)),) if len(rows) else ()
    return Arrangement(rows, sections)


def move_only(shown: Arrangement, wanted: Arrangement, free: NDArray[np.bool_]) -> Arrangement:
    """Move some photos to the section they belong to; all others stay where they are.

    Args:
        shown: The present arrangement, which may be out of date.
        wanted: The new arrangement.
        free: (N,) bool by column row: the photos that may move.

    Returns:
        Photos that come to a section are its last ones; a section that was not shown comes last.
    """
    names = list(dict.fromkeys((each.kind, each.key) for each in (*shown.sections, *wanted.sections)))
    before, now = (_numbers_in(each, names, len(free)) for each in (shown, wanted))
    moving = free & (before != now)
    staying, coming = shown.order[~moving[shown.order]], wanted.order[moving[wanted.order]]
    rows, ranks = np.concatenate([staying, coming]), np.concatenate([before[staying], now[coming]])
    counts = np.bincount(ranks, minlength=len(names))
    firsts = np.cumsum(counts) - counts
    sections = tuple(
        Section(kind, key, first, count)
        for (kind, key), first, count in zip(names, firsts.tolist(), counts.tolist(), strict=True)
        if count
    )
    return Arrangement(rows[stable_order(ranks)], sections)


def in_their_order(
    wanted: Arrangement, shown: Arrangement, sections: Collection[Identity], until: int = -1
) -> Arrangement:
    """Keep the shown order of the photos in some sections.

    Args:
        wanted: The new arrangement.
        shown: The present one.
        sections: Those that the person sees.
        until: Column row of the last photo in view: later ones in its section follow in the new order, as do photos
            added to a section. -1 for no such photo.
    """
    held = {each.identity: each for each in shown.sections if each.identity in sections}
    if not held:
        return wanted
    order, last = wanted.order.copy(), 1 + int(max(wanted.order.max(initial=-1), shown.order.max(initial=-1)))
    ranks = np.full(last, last, np.intp)
    for section in wanted.sections:
        before = held.get(section.identity)
        if before is not None:
            rows = shown.order[before.first : before.first + before.count]
            rows = rows[: 1 + next(iter(np.flatnonzero(rows == until)), len(rows))]
            part = order[section.first : section.first + section.count].copy()
            ranks[rows] = np.arange(len(rows))
            order[section.first : section.first + section.count] = part[np.argsort(ranks[part], kind="stable")]
            ranks[rows] = last
    return Arrangement(order, wanted.sections)


def _numbers_in(
    arrangement: Arrangement, names: Sequence[tuple[SectionKind, tuple[int | str, ...]]], rows: int
) -> NDArray[np.intp]:
    """(N,) the number of the section of each column row among the named ones; -1 where it is in none."""
    number_of = {name: number for number, name in enumerate(names)}
    numbers = np.full(rows, -1, np.intp)
    ranks = [number_of[each.kind, each.key] for each in arrangement.sections]
    numbers[arrangement.order] = np.repeat(np.array(ranks, np.intp), [each.count for each in arrangement.sections])
    return numbers


def _by_class(rows: Rows, columns: PhotoColumns, class_order: Sequence[int]) -> Arrangement:
    """A section for each class and pseudo-class; its key is the class id or the `PseudoClass`."""
    of_rows = columns.class_keys[rows]
    keys = distinct(of_rows)
    known = dict.fromkeys([*class_order, *(key for key in keys.tolist() if key > 0), *map(int, _PSEUDO_CLASSES)])
    ranks = {key: rank for rank, key in enumerate(known)}
    names = list(known)
    return _divided(rows, _numbered(of_rows, keys, ranks), SectionKind.CLASS, names.__getitem__)


def _numbered(of_rows: NDArray[np.int32], keys: NDArray[np.int64], numbers: Mapping[int, int]) -> NDArray[np.int32]:
    """(M,) the number of each key; `keys` are the distinct ones, ascending."""
    if not len(keys):
        return np.zeros(0, np.int32)
    found = np.array([numbers[key] for key in keys.tolist()], np.int32)
    if int(keys[-1]) - int(keys[0]) > len(of_rows):
        return found[np.searchsorted(keys, of_rows)]
    # A search for each of a million keys takes twenty times as long.
    table = np.zeros(int(keys[-1]) - int(keys[0]) + 1, np.int32)
    table[keys - keys[0]] = found
    return np.asarray(table[of_rows - np.int32(keys[0])], np.int32)


def _by_day(rows: Rows, columns: PhotoColumns) -> Arrangement:
    """A section for each day, the newest last; its key is the day as "2026-05-31", "" for photos without a date."""
    days = columns.taken_at[rows].astype("datetime64[D]")
    numbers = np.where(np.isnat(days), _UNDATED, days.astype(np.int64))
    return _divided(
        rows, numbers, SectionKind.DAY, lambda number: "" if number == _UNDATED else str(np.datetime64(number, "D"))
    )


def _by_folder(rows: Rows, columns: PhotoColumns) -> Arrangement:
    """A section for each folder, in natural order; its key is the path."""
    folders, numbers = columns.folders
    return _divided(rows, numbers[rows], SectionKind.FOLDER, folders.__getitem__)


def _divided(rows: Rows, ranks: NDArray[Any], kind: SectionKind, key_of: Callable[[int], int | str]) -> Arrangement:
    """Sections of photos with the same rank, by rank.

    Args:
        rows: (M,) column rows.
        ranks: (M,) integers.
        kind: Of all sections.
        key_of: Gives the key of the section with a rank.
    """
    order = stable_order(ranks)
    ordered = ranks[order]
    firsts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    counts = np.diff(np.append(firsts, len(rows)))
    sections = tuple(
        Section(kind, (key_of(rank),), first, count)
        for rank, first, count in zip(ordered[firsts].tolist(), firsts.tolist(), counts.tolist(), strict=True)
    )
    return Arrangement(rows[order], sections)
