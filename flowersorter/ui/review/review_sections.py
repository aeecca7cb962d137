"""Divides the photos of a folder by the decision they need: name, choose, confirm, or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import values_of
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
#: Sections with a question; a photo in view stays in them.
OPEN_KINDS = frozenset(
    {SectionKind.LOOK_ALIKES, SectionKind.TORN, SectionKind.UNSURE, SectionKind.LIKELY, SectionKind.UNKNOWN}
)


def _is_one_of(*kinds: SectionKind) -> NDArray[np.bool_]:
    """(K,) by number of a kind."""
    return np.array([kind in kinds for kind in KINDS])


_IS_CONFIRMED = _is_one_of(SectionKind.UNSURE, SectionKind.LIKELY)
_IS_DOUBTFUL = _is_one_of(SectionKind.UNSURE, SectionKind.UNKNOWN)
_IS_MOVABLE = _is_one_of(*OPEN_KINDS, SectionKind.SURE)
#: The number of the kind of a photo with a suggestion, by its verdict.
_KINDS_OF_VERDICTS = np.full(256, _NUMBERS[SectionKind.UNKNOWN], np.int64)
_KINDS_OF_VERDICTS[[Verdict.SURE, Verdict.LIKELY, Verdict.UNSURE]] = [
    _NUMBERS[kind] for kind in (SectionKind.SURE, SectionKind.LIKELY, SectionKind.UNSURE)
]
#: A group, or a pair of classes, with fewer photos gets no section: its header would cost more than it saves.
SMALLEST = 2
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
        numbered = [(photo_id, rank) for rank, group in enumerate(groups) for photo_id in group]
        keys = {rank: photo_id for photo_id, rank in reversed(numbered)}
        pairs = np.array(sorted(numbered), np.int64).reshape(-1, 2)
        ids, first = np.unique(pairs[:, 0], return_index=True)
        return cls(ids, pairs[first, 1].astype(np.intp), np.array([keys[rank] for rank in sorted(keys)], np.int64))

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
    codes = _divide(columns, rows, groups)
    ranks = np.zeros(len(rows), np.float32)
    if doubtful_first:
        np.copyto(ranks, columns.confidences[rows], where=_IS_CONFIRMED[codes >> 2 * _BITS])
    _keep(codes, ranks, columns, rows, kept)
    found, section_of, counts = np.unique(codes, return_inverse=True, return_counts=True)
    doubts = np.bincount(section_of, weights=1 - columns.confidences[rows]).astype(np.float64)
    order_of_sections = np.lexsort((found, -_weights(found, counts, doubts, groups), found >> 2 * _BITS))
    place = np.empty(len(found), np.int64)
    place[order_of_sections] = np.arange(len(found))
    order = order_by_rank(place[section_of], ranks)
    sections, first = [], 0
    for number in order_of_sections.tolist():
        kind, key = _decode(int(found[number]))
        sections.append(Section(kind, key, first, int(counts[number])))
        first += int(counts[number])
    return Arrangement(rows[order], tuple(sections))


def _divide(columns: PhotoColumns, rows: Rows, groups: PhotoGroups) -> NDArray[np.int64]:
    """(M,) the section of each photo, as its code."""
    photo_ids, labels, guesses = columns.photo_ids[rows], columns.label_ids[rows], columns.class_ids[rows]
    marks, classes = columns.marks[rows], guesses.astype(np.int64)
    kinds = np.where(guesses > 0, _KINDS_OF_VERDICTS[columns.shown_verdicts(rows)], _NUMBERS[SectionKind.UNKNOWN])
    codes = _encode(kinds, np.where(kinds == _NUMBERS[SectionKind.UNKNOWN], 0, classes))
    _pair(columns, rows, codes)
    _group(photo_ids, groups, codes, open_=(labels == 0) & (marks == Mark.NONE))
    for found, kind in (
        ((photo_ids == 0) & (guesses == 0), SectionKind.WAITING),
        (marks == Mark.DONT_KNOW, SectionKind.DONT_KNOW),
        (marks == Mark.NOT_MINE, SectionKind.NOT_MINE),
        (columns.unreadable[rows], SectionKind.UNREADABLE),
    ):
        codes[found] = _encode(_NUMBERS[kind])
    labelled = np.flatnonzero(labels)
    codes[labelled] = _encode(_NUMBERS[SectionKind.CONFIRMED], labels[labelled].astype(np.int64))
    return codes


def _pair(columns: PhotoColumns, rows: Rows, codes: NDArray[np.int64]) -> None:
    """Put photos that are torn between the same two classes together."""
    unsure = np.flatnonzero(codes >> 2 * _BITS == _NUMBERS[SectionKind.UNSURE])
    at = rows[unsure]
    near = columns.second_confidences[at] >= TORN_FROM * columns.confidences[at]
    torn = (columns.second_class_ids[at] > 0) & near
    unsure, at = unsure[torn], at[torn]
    first, second = columns.class_ids[at].astype(np.int64), columns.second_class_ids[at].astype(np.int64)
    pairs = _encode(_NUMBERS[SectionKind.TORN], np.minimum(first, second), np.maximum(first, second))
    _, number, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    enough = counts[number] >= SMALLEST
    codes[unsure[enough]] = pairs[enough]


def _group(
    photo_ids: NDArray[np.int64], groups: PhotoGroups, codes: NDArray[np.int64], *, open_: NDArray[np.bool_]
) -> None:
    """Group look-alikes of which most are unknown or not sure, so that one answer serves all."""
    if not len(groups.keys):
        return
    ranks = np.where(open_, groups.ranks_of(photo_ids), -1)
    found = np.flatnonzero(ranks >= 0)
    doubtful = _IS_DOUBTFUL[codes[found] >> 2 * _BITS]
    sizes = np.bincount(ranks[found], minlength=len(groups.keys))
    doubts = np.bincount(ranks[found][doubtful], minlength=len(groups.keys))
    named = (sizes >= SMALLEST) & (2 * doubts >= sizes)
    grouped = found[named[ranks[found]]]
    codes[grouped] = _encode(_NUMBERS[SectionKind.LOOK_ALIKES], groups.keys[ranks[grouped]])


def _keep(
    codes: NDArray[np.int64],
    ranks: NDArray[np.float32],
    columns: PhotoColumns,
    rows: Rows,
    kept: Sequence[KeptSection],
) -> None:
    """Leave photos in the sections in view, if the title of the section is still true of them, or they are selected.

    Args:
        codes: (M,) changed to the code of the kept section.
        ranks: (M,) changed so that such photos come first, in the order seen.
        columns: All photos.
        rows: (M,) of the photos.
        kept: The sections.
    """
    if not kept:
        return
    position = np.full(len(columns), -1, np.intp)
    position[rows] = np.arange(len(rows))
    kinds = codes >> 2 * _BITS
    for section in kept:
        at = position[columns.locate(section.place_ids)]
        at = at[at >= 0]
        at = at[_IS_MOVABLE[kinds[at]] & (columns.marks[rows[at]] == Mark.NONE)]
        if section.kind is not SectionKind.LOOK_ALIKES:
            known = columns.verdicts[rows[at]] != Verdict.UNKNOWN
            selected = np.isin(columns.place_ids[rows[at]], list(section.selected))
            at = at[(np.isin(columns.class_ids[rows[at]], section.key) & known) | selected]
        elif len(at) < SMALLEST:
            continue
        codes[at] = _encode(_NUMBERS[section.kind], *map(int, section.key))
        ranks[at] = np.arange(-len(at), 0)


def order_by_rank(place: NDArray[np.int64], ranks: NDArray[np.float32]) -> NDArray[np.int64]:
    """(M,) the order of photos by the (M,) place of their section, then by rank, stably.

    Numbers of 64 bits are sorted several times faster than two keys one after the other.
    """
    bits = len(place).bit_length()
    if int(place.max()).bit_length() + 32 + bits > 63:
        return np.lexsort((ranks, place))
    numbers = ranks.view(np.int32)  # in the order of the ranks, but for the sign
    numbers = numbers ^ (numbers >> 31 & np.iinfo(np.int32).max)
    keys = ((place << 32) + numbers + 2**31 << bits) + np.arange(len(place))
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
