"""Divides the photos of a folder by the decision they need: name, choose, confirm, or none."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import counting, values_of
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import TORN_FROM, Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns, Rows
from flowersorter.ui.grid.sections import Arrangement, Section, SectionKind
from flowersorter.workflows.labelling.review_order import value_of_answer

#: The order of the sections: first the questions with the most helpful answers, last the photos that need none.
KINDS = (
    SectionKind.LOOK_ALIKES,
    SectionKind.TORN,
    SectionKind.UNSURE,
    SectionKind.LIKELY,
    SectionKind.UNKNOWN,
    SectionKind.SURE,
    SectionKind.WAITING,
    SectionKind.CONFIRMED,
    SectionKind.DONT_KNOW,
    SectionKind.NOT_MINE,
    SectionKind.UNREADABLE,
)
_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
_UNKNOWN = np.int32(_NUMBERS[SectionKind.UNKNOWN])
#: Sections with a question; a photo in view stays in them.
OPEN_KINDS = frozenset(
    {SectionKind.LOOK_ALIKES, SectionKind.TORN, SectionKind.UNSURE, SectionKind.LIKELY, SectionKind.UNKNOWN}
)


def _is_one_of(*kinds: SectionKind) -> NDArray[np.bool_]:
    """(K,) by number of a kind."""
    return np.array([kind in kinds for kind in KINDS])


#: Their titles name the verdict of their photos, as the tiles and the counts in the sidebar do.
_TITLED_BY_VERDICT = frozenset({SectionKind.UNSURE, SectionKind.LIKELY})
_IS_CONFIRMED = _is_one_of(SectionKind.UNSURE, SectionKind.LIKELY)
_IS_DOUBTFUL = _is_one_of(SectionKind.UNSURE, SectionKind.UNKNOWN)
_IS_OF_CLASS = ~_is_one_of(SectionKind.LOOK_ALIKES, SectionKind.TORN)
_IS_MOVABLE = _is_one_of(*OPEN_KINDS, SectionKind.SURE)
#: The number of the kind of a photo with a suggestion, by its verdict.
_KINDS_OF_VERDICTS = np.full(256, _UNKNOWN, np.int32)
_KINDS_OF_VERDICTS[[Verdict.SURE, Verdict.LIKELY, Verdict.UNSURE]] = [
    _NUMBERS[kind] for kind in (SectionKind.SURE, SectionKind.LIKELY, SectionKind.UNSURE)
]
#: A group, or a pair of classes, with fewer photos gets no section: its header would cost more than it saves.
SMALLEST = 2
#: Suggestions that are not sure with fewer photos share a section: a header for each would push the photos apart.
FEWEST_UNSURE = 3
_BITS = 29


@dataclass(frozen=True, slots=True, eq=False)
class PhotoGroups:
    """Groups of look-alike photos.

    Attributes:
        photo_ids: (M,) int64, ascending.
        ranks: (M,) intp; the group of each photo as its place in the order to name them.
        keys: (G,) int64; the photo id that is most typical of each group, by rank.
    """

    photo_ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ranks: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    keys: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, groups: Iterable[Iterable[int]]) -> PhotoGroups:
        """Number groups of photo ids, the most typical photo of each first, in the order to name them."""
        lists = [list(group) for group in groups]
        photo_ids = np.fromiter(itertools.chain.from_iterable(lists), np.int64)
        ranks = np.repeat(np.arange(len(lists)), np.array(list(map(len, lists)), np.intp))
        ids, first = np.unique(photo_ids, return_index=True)
        return cls(ids, ranks[first], np.array([group[0] for group in lists if group], np.int64))

    def without(self, photo_ids: Iterable[int]) -> PhotoGroups:
        """The groups that none of these photos is in; the others keep their ranks."""
        ranks = self.ranks_of(np.fromiter(photo_ids, np.int64))
        stays = np.isin(self.ranks, ranks, invert=True)
        return PhotoGroups(self.photo_ids[stays], self.ranks[stays], self.keys)

    def ranks_of(self, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """(N,) the group of each photo, -1 where it is in none."""
        return values_of(photo_ids, self.photo_ids, self.ranks, -1)


@dataclass(frozen=True, slots=True)
class KeptSection:
    """A section in view: its photos stay in it although their suggestions changed.

    Attributes:
        kind: Of the section.
        key: Of the section.
        place_ids: Its photos.
        selected: Those of them that stay although the title is no longer true of them: the person is at them.
    """

    kind: SectionKind
    key: tuple[int | str, ...]
    place_ids: tuple[int, ...]
    selected: frozenset[int] = frozenset()


def review_sections(
    columns: PhotoColumns,
    rows: Rows,
    groups: PhotoGroups,
    kept: Sequence[KeptSection] = (),
    *,
    doubtful_first: bool = False,
) -> Arrangement:
    """Divide photos into sections.

    Args:
        columns: All photos of the folder.
        rows: (M,) rows of the photos to show, in the order within a section.
        groups: Look-alikes among them.
        kept: Sections whose photos stay in them, as long as they have no answer.
        doubtful_first: Whether suggestions to confirm are in the order of their probabilities instead, the least first;
            photos of kept sections stay where they are.
    """
    if not len(rows):
        return Arrangement(rows, ())
    numbers, codes, ranks, confidences = _numbered(columns, rows, groups, kept, doubtful_first=doubtful_first)
    shown, sections = _sections(numbers, codes, confidences, groups)
    place = np.zeros(len(codes), np.int32)
    place[shown] = np.arange(len(shown))
    order = order_by_rank(place[numbers], ranks)
    return Arrangement(rows[order], sections)


def sections_of_all(
    columns: PhotoColumns, groups: PhotoGroups, kept: Sequence[KeptSection] = ()
) -> tuple[Section, ...]:
    """The sections that `review_sections` divides all photos into; the photos are not ordered, which takes longest."""
    if not len(columns):
        return ()
    numbers, codes, _, confidences = _numbered(columns, counting(len(columns)), groups, kept, doubtful_first=False)
    return _sections(numbers, codes, confidences, groups)[1]


def _numbered(
    columns: PhotoColumns, rows: Rows, groups: PhotoGroups, kept: Sequence[KeptSection], *, doubtful_first: bool
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """The sections and ranks of photos; arguments as for `review_sections`.

    Returns:
        (M,) int32 the number of each photo's section; (S,) int64 the codes of these sections, most of them without a
        photo; (M,) float32 the rank of each photo in its section; (M,) float32 the confidences.
    """
    # Columns as they are instead of a copy of each, where the photos are in the order of their names.
    at = slice(None) if len(rows) == len(columns) and bool((rows[1:] > rows[:-1]).all()) else rows
    numbers, codes = _divide(columns, rows, at, groups)
    ranks, confidences = np.zeros(len(rows), np.float32), columns.confidences[at]
    if doubtful_first:
        np.copyto(ranks, confidences, where=_IS_CONFIRMED[codes >> 2 * _BITS][numbers])
    return numbers, _keep(numbers, codes, ranks, columns, rows, kept), ranks, confidences


def _sections(
    numbers: NDArray[np.int32], codes: NDArray[np.int64], confidences: NDArray[np.float32], groups: PhotoGroups
) -> tuple[Rows, tuple[Section, ...]]:
    """The numbers of the sections that have a photo, in the order shown, and these sections."""
    counts = np.bincount(numbers, minlength=len(codes))
    doubts = np.bincount(numbers, 1 - confidences, len(codes)).astype(np.float64)
    shown = np.flatnonzero(counts)
    found, weights = codes[shown], _weights(codes[shown], counts[shown], doubts[shown], groups)
    shown = shown[np.lexsort((found, -weights, found >> 2 * _BITS))]
    sections, first = [], 0
    for code, count in zip(codes[shown].tolist(), counts[shown].tolist(), strict=True):
        kind, key = _decode(code)
        sections.append(Section(kind, key, first, count))
        first += count
    return shown, tuple(sections)


def _divide(
    columns: PhotoColumns, rows: Rows, at: Rows | slice, groups: PhotoGroups
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the section of each photo.

    Args:
        columns: All photos of the folder.
        rows: (M,) of the photos.
        at: The same, or a slice.
        groups: Look-alikes among them.

    Returns:
        (M,) int32 the number of each photo's section, and (S,) int64 the codes of these sections, most of them without
        a photo. Numbers from 0 on can be counted; codes would have to be sorted.
    """
    labels, predictions, marks = columns.label_ids[at], columns.class_ids[at], columns.marks[at]
    codes, width = _codes_of_classes(columns)
    kinds = np.where(predictions > 0, _KINDS_OF_VERDICTS[columns.shown_verdicts(at)], _UNKNOWN)
    numbers = kinds * width + np.where(kinds == _UNKNOWN, 0, predictions)
    codes = _pair(numbers, codes, columns, rows, np.flatnonzero(kinds == _NUMBERS[SectionKind.UNSURE]))
    codes = _group(numbers, codes, columns.photo_ids[at], groups, open_=(labels == 0) & (marks == Mark.NONE))
    for found, kind in (
        ((columns.photo_ids[at] == 0) & (predictions == 0), SectionKind.WAITING),
        (marks == Mark.DONT_KNOW, SectionKind.DONT_KNOW),
        (marks == Mark.NOT_MINE, SectionKind.NOT_MINE),
        (columns.unreadable[at], SectionKind.UNREADABLE),
    ):
        numbers[found] = _NUMBERS[kind] * width
    np.copyto(numbers, _NUMBERS[SectionKind.CONFIRMED] * width + labels, where=labels > 0)
    _join_few(numbers, codes, _NUMBERS[SectionKind.UNSURE] * width)
    return numbers, codes


def _join_few(numbers: NDArray[np.int32], codes: NDArray[np.int64], joined: np.int32) -> None:
    """Put photos that are not sure together where only few have the same suggestion: each is decided by itself.

    Args:
        numbers: (M,) changed to the number of the section without a class.
        codes: (S,) of the sections.
        joined: The number of that section.
    """
    counts = np.bincount(numbers, minlength=len(codes))
    few = (codes >> 2 * _BITS == _NUMBERS[SectionKind.UNSURE]) & (counts > 0) & (counts < FEWEST_UNSURE)
    if np.count_nonzero(few) > 1:
        numbers[few[numbers]] = joined


def _codes_of_classes(columns: PhotoColumns) -> tuple[NDArray[np.int64], np.int32]:
    """(S,) the codes of a section of each kind for each class, and the number of sections of a kind."""
    width = 1 + max(int(ids.max(initial=0)) for ids in (columns.label_ids, columns.class_ids))
    kinds, classes = np.repeat(np.arange(len(KINDS)), width), np.tile(np.arange(width), len(KINDS))
    codes = np.where(_IS_OF_CLASS[kinds], _encode(kinds, classes), -1)  # the keys of the other kinds are no classes
    return codes, np.int32(width)


def _pair(
    numbers: NDArray[np.int32], codes: NDArray[np.int64], columns: PhotoColumns, rows: Rows, unsure: Rows
) -> NDArray[np.int64]:
    """Put photos that are torn between the same two classes together.

    Args:
        numbers: (M,) changed to the number of the section of such a pair.
        codes: (S,) of the sections so far.
        columns: All photos.
        rows: (M,) of the photos.
        unsure: The positions in these of the photos that are not sure.

    Returns:
        The codes with those of the pairs.
    """
    at = rows[unsure]
    near = columns.second_confidences[at] >= TORN_FROM * columns.confidences[at]
    torn = (columns.second_class_ids[at] > 0) & near
    unsure, at = unsure[torn], at[torn]
    first, second = columns.class_ids[at].astype(np.int64), columns.second_class_ids[at].astype(np.int64)
    pairs = _encode(_NUMBERS[SectionKind.TORN], np.minimum(first, second), np.maximum(first, second))
    found, number, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    enough = counts[number] >= SMALLEST
    numbers[unsure[enough]] = len(codes) + number[enough]
    return np.append(codes, found)


def _group(
    numbers: NDArray[np.int32],
    codes: NDArray[np.int64],
    photo_ids: NDArray[np.int64],
    groups: PhotoGroups,
    *,
    open_: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Group look-alikes of which most are unknown or not sure, so that one answer serves all; as `_pair`."""
    if not len(groups.keys):
        return codes
    ranks = np.where(open_, groups.ranks_of(photo_ids), -1)
    found = np.flatnonzero(ranks >= 0)
    doubtful = _IS_DOUBTFUL[codes >> 2 * _BITS][numbers[found]]
    sizes = np.bincount(ranks[found], minlength=len(groups.keys))
    doubts = np.bincount(ranks[found][doubtful], minlength=len(groups.keys))
    named = (sizes >= SMALLEST) & (2 * doubts >= sizes)
    grouped = found[named[ranks[found]]]
    numbers[grouped] = len(codes) + ranks[grouped]
    return np.append(codes, _encode(_NUMBERS[SectionKind.LOOK_ALIKES], groups.keys))


def _keep(
    numbers: NDArray[np.int32],
    codes: NDArray[np.int64],
    ranks: NDArray[np.float32],
    columns: PhotoColumns,
    rows: Rows,
    kept: Sequence[KeptSection],
) -> NDArray[np.int64]:
    """Leave photos in the sections in view, if the title of the section is still true of them, or they are selected.

    Args:
        numbers: (M,) changed to the number of the kept section.
        codes: (S,) of the sections so far.
        ranks: (M,) changed so that such photos come first, in the order seen.
        columns: All photos.
        rows: (M,) of the photos.
        kept: The sections.

    Returns:
        The codes with those of the kept sections.
    """
    if not kept:
        return codes
    position = np.full(len(columns), -1, np.intp)
    position[rows] = np.arange(len(rows))
    movable = _IS_MOVABLE[codes >> 2 * _BITS][numbers]
    for section in kept:
        at = position[columns.locate(section.place_ids)]
        at = at[at >= 0]
        at = at[movable[at] & (columns.marks[rows[at]] == Mark.NONE)]
        if section.kind is not SectionKind.LOOK_ALIKES:
            kinds = _KINDS_OF_VERDICTS[columns.shown_verdicts(rows[at])]
            true = kinds == _NUMBERS[section.kind] if section.kind in _TITLED_BY_VERDICT else kinds != _UNKNOWN
            selected = np.isin(columns.place_ids[rows[at]], list(section.selected))
            of_any_class = section.kind is SectionKind.UNSURE and not section.key
            same = np.isin(columns.class_ids[rows[at]], section.key) | of_any_class
            at = at[(same & true) | selected]
        elif len(at) < SMALLEST:
            continue
        code = _encode(_NUMBERS[section.kind], *map(int, section.key))
        if code not in codes:
            codes = np.append(codes, code)
        numbers[at] = np.flatnonzero(codes == code)[0]
        ranks[at] = np.arange(-len(at), 0)
    return codes


def order_by_rank(place: NDArray[np.int32], ranks: NDArray[np.float32]) -> NDArray[np.int64]:
    """(M,) the order of photos by the (M,) place of their section, then by rank, stably.

    Numbers of 64 bits are sorted several times faster than two keys one after the other, numbers of 16 bits faster
    still.
    """
    bits, last = len(place).bit_length(), int(place.max())
    if last <= np.iinfo(np.uint16).max and not ranks.any():
        return np.argsort(place.astype(np.uint16), kind="stable")
    if last.bit_length() + 32 + bits > 63:
        return np.lexsort((ranks, place))
    numbers = ranks.view(np.int32)  # in the order of the ranks, but for the sign
    numbers = numbers ^ (numbers >> 31 & np.iinfo(np.int32).max)
    keys = ((place.astype(np.int64) << 32) + numbers + 2**31 << bits) + np.arange(len(place))
    keys.sort()
    return np.asarray(keys & ((1 << bits) - 1), np.int64)


def _weights(
    found: NDArray[np.int64], counts: NDArray[np.intp], doubts: NDArray[np.float64], groups: PhotoGroups
) -> NDArray[np.float64]:
    """(S,) weights for the order within a kind: groups in the order to name them, suggestions by value, others by size.

    Args:
        found: (S,) codes of the sections.
        counts: (S,) their photos.
        doubts: (S,) how many of these are expected to be wrong.
        groups: The groups.
    """
    weights, kinds = counts.astype(np.float64), found >> 2 * _BITS
    asked = _IS_CONFIRMED[kinds]
    weights[asked] = value_of_answer(doubts[asked], counts[asked], doubts[asked])
    grouped = np.flatnonzero(kinds == _NUMBERS[SectionKind.LOOK_ALIKES])
    typical = found[grouped] >> _BITS & ((1 << _BITS) - 1)
    weights[grouped] = -groups.ranks_of(typical)
    return weights


@overload
def _encode(kind: int, first: int = 0, second: int = 0) -> int: ...
@overload
def _encode(
    kind: int | NDArray[np.int64], first: NDArray[np.int64], second: int | NDArray[np.int64] = 0
) -> NDArray[np.int64]: ...
def _encode(kind: Any, first: Any = 0, second: Any = 0) -> Any:
    """Encode kind and key of a section as one number; ids are below 2 ** 29, half a billion."""
    return kind << 2 * _BITS | first << _BITS | second


def _decode(code: int) -> tuple[SectionKind, tuple[int, ...]]:
    mask = (1 << _BITS) - 1
    first, second = code >> _BITS & mask, code & mask
    return KINDS[code >> 2 * _BITS], tuple(each for each in (first, second) if each)
