"""Helpers for arrays of ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_Scalar = TypeVar("_Scalar", bound=np.generic)
_Item = TypeVar("_Item")

#: Values that follow one another are taken together where so many do on average.
_SHORT_RUN = 8
#: Columns up to which a maximum taken column by column is faster than NumPy's along the rows: ten times for ten.
_FEW_COLUMNS = 16
#: Numbers from which on sorting them in halves pays, and looking ids up in a table.
_MANY = 20_000
#: Ids are looked up in a table where it has at most so many entries for each of them.
_TABLE_PART = 2
_counted = np.arange(0)


def counting(count: int) -> NDArray[np.intp]:
    """The numbers from 0 up to `count`, without it; read-only, as all callers share them."""
    global _counted  # noqa: PLW0603  (the longest one so far: a million take 8 MB, and longer than all work with them)
    counted = _counted
    if len(counted) < count:
        counted = np.arange(count)
        counted.flags.writeable = False
        _counted = counted
    return counted[:count]


def sorted_unique(ids: Iterable[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Ids in rising order, each once. Rising input is returned as is; `np.unique` would sort it again."""
    wanted = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids), np.int64)
    if (wanted[1:] > wanted[:-1]).all():
        return wanted
    ordered = np.sort(wanted)
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    distinct: NDArray[np.int64] = ordered[first]
    return distinct


def positions_of(wanted: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.intp]:
    """Find ids among others.

    Args:
        wanted: (N,) int64.
        ids: (M,) int64, ascending.

    Returns:
        (N,) position of each wanted id in `ids`, -1 where it is not there.
    """
    if not len(ids):
        return np.full(len(wanted), -1, np.intp)
    if len(wanted) >= _MANY and int(ids[-1]) - int(ids[0]) < _TABLE_PART * (len(ids) + len(wanted)):
        return _positions_in_table(wanted, ids)
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[at] == wanted, at, -1)


def _positions_in_table(wanted: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.intp]:
    """As `positions_of`, for ids that lie close together, as those of a database do: several times as fast."""
    least, most = int(ids[0]), int(ids[-1])
    table = np.full(most - least + 3, -1, np.int32)  # one more entry at either end, for all others
    table[ids[::-1] - (least - 1)] = counting(len(ids))[::-1]  # the first one of equal ids comes last, and counts
    at = np.clip(wanted, least - 1, most + 1)
    at -= least - 1
    return table[at].astype(np.intp)


def without(ids: NDArray[np.int64], others: Iterable[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ids, ascending, that are not among others; five times as fast as `np.setdiff1d` for 10,000.

    Args:
        ids: (N,) int64, ascending, each once.
        others: In any order.
    """
    left: NDArray[np.int64] = ids[positions_of(ids, sorted_unique(others)) < 0]
    return left


def values_of(
    wanted: NDArray[np.int64], ids: NDArray[np.int64], values: NDArray[_Scalar], default: object
) -> NDArray[_Scalar]:
    """Look up the value of each id.

    Args:
        wanted: (N,) int64.
        ids: (M,) int64, ascending.
        values: (M,), of these ids.
        default: For ids without a value: one, or (N,).

    Returns:
        (N,) in the type of the values.
    """
    at = positions_of(wanted, ids)
    found = at >= 0
    result: NDArray[_Scalar] = np.broadcast_to(np.asarray(default, values.dtype), wanted.shape).copy()
    result[found] = values[at[found]]
    return result


def taken(values: Sequence[_Item], rows: NDArray[np.intp]) -> list[_Item]:
    """Some values by number, in that order; runs of numbers that follow one another are taken together."""
    ends = np.flatnonzero(np.diff(rows) != 1) + 1
    if len(ends) * _SHORT_RUN > len(rows):
        return [values[row] for row in rows.tolist()]
    firsts = rows[np.append(0, ends)].tolist() if len(rows) else []
    counts = np.diff(ends, prepend=0, append=len(rows)).tolist()
    runs = (values[first : first + count] for first, count in zip(firsts, counts, strict=False))
    return list(chain.from_iterable(runs))


def which_are_given(values: Sequence[object | None]) -> NDArray[np.bool_]:
    """(N,) bool, which values are not None; fastest where none is given."""
    if values.count(None) == len(values):
        return np.zeros(len(values), np.bool_)
    return np.array([value is not None for value in values], np.bool_)


def stable_order(keys: NDArray[Any]) -> NDArray[np.intp]:
    """As `np.argsort(keys, kind="stable")`, several times as fast for many numbers.

    NumPy sorts numbers of 16 bits by counting them; a longer one is sorted by its low half and then by its high one.

    Args:
        keys: (N,) integers, float32 without NaN, or datetime64, of which NaT comes last.
    """
    if len(keys) < _MANY:
        return np.argsort(keys, kind="stable")
    numbers = keys
    if keys.dtype.kind == "M":
        numbers = keys.view(np.int64)
        numbers = np.where(np.isnat(keys), np.max(numbers) + 1, numbers)
    elif keys.dtype == np.float32:
        bits = (keys + np.float32(0)).view(np.int32)  # -0 is 0
        numbers = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits)
    elif keys.dtype.kind not in "iu":
        return np.argsort(keys, kind="stable")
    least, most = int(numbers.min()), int(numbers.max())
    if most - least >= 1 << 32:
        return np.argsort(keys, kind="stable")
    above = numbers.astype(np.uint32)  # the bits cut off are the same in all of them
    above -= np.uint32(least % (1 << 32))
    order = np.argsort(above.astype(np.uint16), kind="stable")
    if most - least < 1 << 16:
        return order
    high = (above >> 16).astype(np.uint16)
    return order[np.argsort(high[order], kind="stable")]


def distinct(keys: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The distinct numbers, ascending, as `np.unique` finds them; fast for very many that lie close together."""
    if not len(keys):
        return np.zeros(0, np.int64)
    least = int(keys.min())
    if int(keys.max()) - least >= 1 << 16:
        return np.unique(keys).astype(np.int64)
    return np.flatnonzero(np.bincount(keys.astype(np.int64) - least)) + least


def counts_of(keys: NDArray[np.integer[Any]]) -> dict[int, int]:
    """How often each of some numbers occurs, by number, ascending."""
    found = distinct(keys)
    counts = np.bincount(np.searchsorted(found, keys), minlength=len(found))
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def row_maxima(rows: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """Compute the largest number of each row of (N, C), C at least 1; (N,)."""
    if rows.shape[1] > _FEW_COLUMNS:
        return np.asarray(rows.max(axis=1))
    largest = rows[:, 0].copy()
    for column in range(1, rows.shape[1]):
        np.maximum(largest, rows[:, column], out=largest)
    return largest
