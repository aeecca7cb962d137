"""Divides the photos of a folder by what is left to do with them: name, choose, confirm, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import values_of
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import TORN_FROM, Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns, Rows
from flowersorter.ui.grid.sections import Arrangement, Section, SectionKind
from flowersorter.workflows.labelling.review_order import value_of_answer

#: The order of the sections: first the questions whose answer brings most, last the photos that need none.
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
#: Sections with a question; a photo keeps its place in them while the person looks at it.
OPEN_KINDS = frozenset(
    {SectionKind.LOOK_ALIKES, SectionKind.TORN, SectionKind.UNSURE, SectionKind.LIKELY, SectionKind.UNKNOWN}
)
_CONFIRMED_NUMBERS = [_NUMBERS[kind] for kind in (SectionKind.UNSURE, SectionKind.LIKELY)]
#: A group, or a pair of classes, of fewer photos gets no section of its own: its header would cost more than it saves.
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

    def ranks_of(self, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """(N,) the group of each photo, -1 where it is in none."""
        return values_of(photo_ids, self.photo_ids, self.ranks, -1)


@dataclass(frozen=True, slots=True)
class KeptSection:
    """A section that the person sees: its photos stay in it although their suggestions changed.

    Attributes:
        kind: Of the section.
        key: Of the section.
        place_ids: Its photos.
    """

    kind: SectionKind
    key: tuple[int | str, ...]
    place_ids: tuple[int, ...]


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
        rows: (M,) rows of the photos to show, in the order that is wanted within a section.
        groups: Look-alikes among them.
        kept: Sections whose photos stay in them, as long as they have no answer.
        doubtful_first: Whether suggestions to confirm are in the order of their probabilities instead, the least first;
            photos of kept sections stay where they are.
    """
    if not len(rows):
        return Arrangement(rows, ())
    kinds, keys = _divide(columns, rows, groups)
    codes = _encode(kinds, keys)
    ranks = np.where(np.isin(kinds, _CONFIRMED_NUMBERS), columns.confidences[rows], 0) if doubtful_first else 0
    ranks = _keep(codes, np.broadcast_to(ranks, len(rows)).astype(np.float32), columns, rows, kept)
    found, section_of, counts = np.unique(codes, return_inverse=True, return_counts=True)
    doubts = np.bincount(section_of, weights=1 - columns.confidences[rows]).astype(np.float64)
    order_of_sections = np.lexsort((found, -_weights(found, counts, doubts, groups), found >> 2 * _BITS))
    place = np.empty(len(found), np.intp)
    place[order_of_sections] = np.arange(len(found))
    order = np.lexsort((ranks, place[section_of]))
    sections, first = [], 0
    for number in order_of_sections.tolist():
        kind, key = _decode(int(found[number]))
        sections.append(Section(kind, key, first, int(counts[number])))
        first += int(counts[number])
    return Arrangement(rows[order], tuple(sections))


def _divide(columns: PhotoColumns, rows: Rows, groups: PhotoGroups) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(M,) the kind of each photo's section, as its number, and (M, 2) its key."""
    labels, guesses, verdicts = columns.label_ids[rows], columns.class_ids[rows], columns.verdicts[rows]
    kinds = np.full(len(rows), _NUMBERS[SectionKind.UNKNOWN], np.int64)
    keys = np.zeros((len(rows), 2), np.int64)
    for verdict, kind in (
        (Verdict.SURE, SectionKind.SURE),
        (Verdict.LIKELY, SectionKind.LIKELY),
        (Verdict.UNSURE, SectionKind.UNSURE),
    ):
        found = (verdicts == verdict) & (guesses > 0)
        kinds[found], keys[found, 0] = _NUMBERS[kind], guesses[found]
    _pair(columns, rows, kinds, keys)
    _group(columns.photo_ids[rows], groups, kinds, keys, open_=(labels == 0) & (columns.marks[rows] == Mark.NONE))
    waiting = (columns.photo_ids[rows] == 0) & (guesses == 0)
    for found, kind in (
        (waiting, SectionKind.WAITING),
        (columns.marks[rows] == Mark.DONT_KNOW, SectionKind.DONT_KNOW),
        (columns.marks[rows] == Mark.NOT_MINE, SectionKind.NOT_MINE),
        (columns.unreadable[rows], SectionKind.UNREADABLE),
    ):
        kinds[found], keys[found] = _NUMBERS[kind], 0
    kinds[labels > 0] = _NUMBERS[SectionKind.CONFIRMED]
    keys[labels > 0, 0], keys[labels > 0, 1] = labels[labels > 0], 0
    return kinds, keys


def _pair(columns: PhotoColumns, rows: Rows, kinds: NDArray[np.int64], keys: NDArray[np.int64]) -> None:
    """Put photos that are torn between the same two classes together."""
    seconds = columns.second_class_ids[rows]
    near = columns.second_confidences[rows] >= TORN_FROM * columns.confidences[rows]
    torn = np.flatnonzero((kinds == _NUMBERS[SectionKind.UNSURE]) & (seconds > 0) & near)
    pairs = np.sort(np.stack([keys[torn, 0], seconds[torn].astype(np.int64)], axis=1), axis=1)
    _, number, counts = np.unique(pairs[:, 0] << _BITS | pairs[:, 1], return_inverse=True, return_counts=True)
    enough = counts[number] >= SMALLEST
    kinds[torn[enough]], keys[torn[enough]] = _NUMBERS[SectionKind.TORN], pairs[enough]


def _group(
    photo_ids: NDArray[np.int64],
    groups: PhotoGroups,
    kinds: NDArray[np.int64],
    keys: NDArray[np.int64],
    *,
    open_: NDArray[np.bool_],
) -> None:
    """Put look-alikes together, most of which are unknown or not sure: one answer for all is less than one for each."""
    ranks = np.where(open_, groups.ranks_of(photo_ids), -1)
    found = np.flatnonzero(ranks >= 0)
    if not len(found):
        return
    open_kinds = [_NUMBERS[SectionKind.UNKNOWN], _NUMBERS[SectionKind.UNSURE]]
    doubtful = np.isin(kinds[found], open_kinds)
    sizes = np.bincount(ranks[found], minlength=len(groups.keys))
    doubts = np.bincount(ranks[found][doubtful], minlength=len(groups.keys))
    named = (sizes >= SMALLEST) & (2 * doubts >= sizes)
    grouped = found[named[ranks[found]]]
    kinds[grouped] = _NUMBERS[SectionKind.LOOK_ALIKES]
    keys[grouped, 0], keys[grouped, 1] = groups.keys[ranks[grouped]], 0


def _keep(
    codes: NDArray[np.int64],
    ranks: NDArray[np.float32],
    columns: PhotoColumns,
    rows: Rows,
    kept: Sequence[KeptSection],
) -> NDArray[np.float32]:
    """Leave photos in the sections where the person sees them, as far as what these say of them is true.

    Returns:
        (M,) `ranks`, with those of such photos, in the order seen, below all others.
    """
    ranks = ranks.copy()
    position = np.full(len(columns), -1, np.intp)
    position[rows] = np.arange(len(rows))
    kinds = codes >> 2 * _BITS
    movable = (columns.marks[rows] == Mark.NONE) & np.isin(
        kinds, [_NUMBERS[kind] for kind in OPEN_KINDS | {SectionKind.SURE}]
    )
    unknown = columns.verdicts[rows] == Verdict.UNKNOWN
    for section in kept:
        at = position[columns.locate(section.place_ids)]
        at = at[at >= 0]
        at = at[movable[at]]
        if section.kind is not SectionKind.LOOK_ALIKES:
            at = at[np.isin(columns.class_ids[rows[at]], section.key) & ~unknown[at]]
        elif len(at) < SMALLEST:
            continue
        key = np.array([[*section.key, 0, 0][:2]], np.int64)
        codes[at] = _encode(np.array([_NUMBERS[section.kind]]), key)[0]
        ranks[at] = np.arange(-len(at), 0)
    return ranks


def _weights(
    found: NDArray[np.int64], counts: NDArray[np.intp], doubts: NDArray[np.float64], groups: PhotoGroups
) -> NDArray[np.float64]:
    """(S,) what comes first within a kind: groups in the order to name them, suggestions by value, all others by size.

    Args:
        found: (S,) codes of the sections.
        counts: (S,) their photos.
        doubts: (S,) how many of these are expected to be wrong.
        groups: The groups.
    """
    weights, kinds = counts.astype(np.float64), found >> 2 * _BITS
    asked = np.isin(kinds, _CONFIRMED_NUMBERS)
    weights[asked] = value_of_answer(doubts[asked], counts[asked], doubts[asked])
    grouped = np.flatnonzero(kinds == _NUMBERS[SectionKind.LOOK_ALIKES])
    typical = found[grouped] >> _BITS & ((1 << _BITS) - 1)
    weights[grouped] = -groups.ranks_of(typical)
    return weights


def _encode(kinds: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """(M,) one number for kind and key; ids are below 2 ** 29, half a billion."""
    return kinds << 2 * _BITS | keys[:, 0] << _BITS | keys[:, 1]


def _decode(code: int) -> tuple[SectionKind, tuple[int, ...]]:
    mask = (1 << _BITS) - 1
    first, second = code >> _BITS & mask, code & mask
    return KINDS[code >> 2 * _BITS], tuple(each for each in (first, second) if each)
