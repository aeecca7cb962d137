"""Photos are divided by what is left to do with them, and stay where the person sees them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass
from flowersorter.ui.grid.photo_filter import PhotoFilter
from flowersorter.ui.grid.sections import Arrangement, SectionKind
from flowersorter.ui.review.likely_classes import likely_classes
from flowersorter.ui.review.progress import ReviewProgress, review_progress
from flowersorter.ui.review.sections.review_sections import (
    KeptSection,
    PhotoGroups,
    order_by_rank,
    review_sections,
)
from tests.qt.fake_rows import rows

DAISY, ROSES, TULIPS = 1, 2, 3
S, L, U, X = Verdict.SURE, Verdict.LIKELY, Verdict.UNSURE, Verdict.UNKNOWN
NO_GROUPS = PhotoGroups()


def columns_of(*photos: tuple[Verdict, int, int], **changes: object) -> PhotoColumns:
    """Photos 1001, 1002, ... at places 1, 2, ...; each with its verdict, class and second class."""
    made = rows(len(photos))
    verdicts, firsts, seconds = zip(*photos, strict=True)
    given: dict[str, object] = {
        "verdicts": np.array(verdicts, np.uint8),
        "class_ids": np.array(firsts, np.int32),
        "second_class_ids": np.array(seconds, np.int32),
        "confidences": np.full(len(photos), 0.5, np.float32),
        "second_confidences": np.full(len(photos), 0.4, np.float32),
    }
    return PhotoColumns(replace(made, **(given | changes)))  # type: ignore[arg-type]


def shown(
    columns: PhotoColumns, groups: PhotoGroups = NO_GROUPS, *kept: KeptSection
) -> dict[tuple[object, ...], list[int]]:
    """The places of each section, in the order shown."""
    made = review_sections(columns, np.arange(len(columns)), groups, kept)
    return {(each.kind, *each.key): columns.place_ids[made.order[list(each.rows)]].tolist() for each in made.sections}


def progress_of(
    columns: PhotoColumns, groups: PhotoGroups = NO_GROUPS, filed: PhotoNumbers | None = None
) -> ReviewProgress:
    sections = review_sections(columns, np.arange(len(columns)), groups).sections
    return review_progress(columns, sections, filed or PhotoNumbers())


def test_a_photo_left_out_of_its_suggestion_is_not_sure_and_not_done() -> None:
    columns = columns_of((S, ROSES, 0), (S, ROSES, 0), (L, DAISY, 0), (S, TULIPS, 0), (X, ROSES, 0))
    left_out = {1002: ROSES, 1003: DAISY, 1004: ROSES, 1005: ROSES}  # the fourth has another suggestion by now
    assert columns.leave_out(left_out).tolist() == [1, 2, 3, 4]
    assert shown(columns) == {
        (SectionKind.UNSURE,): [2, 3],
        (SectionKind.UNKNOWN,): [5],
        (SectionKind.SURE, ROSES): [1],
        (SectionKind.SURE, TULIPS): [4],
    }
    counted = progress_of(columns)
    assert (counted.to_check, counted.done, counted.to_sort) == (3, 2, 2)
    assert columns.counts()[PseudoClass.UNSURE] == 2
    assert PhotoFilter(verdicts=frozenset({U})).matches(columns).nonzero()[0].tolist() == [1, 2]
    columns.replace_classes([ROSES], DAISY)
    assert columns.left_out_of[1002] == DAISY
    columns.leave_out(dict.fromkeys(left_out, 0))
    assert columns.left_out_of == {}
    assert PseudoClass.UNSURE not in columns.counts()


def test_photos_are_together_by_the_question_that_they_pose() -> None:
    columns = columns_of(
        (S, ROSES, TULIPS),
        (U, ROSES, TULIPS),
        (U, TULIPS, ROSES),
        (L, DAISY, ROSES),
        (X, DAISY, ROSES),
        (S, TULIPS, ROSES),
        (S, ROSES, TULIPS),
        (U, DAISY, ROSES),
    )
    assert shown(columns) == {
        (SectionKind.TORN, ROSES, TULIPS): [2, 3],
        (SectionKind.UNSURE, DAISY): [8],  # a pair of classes with one photo gets no section
        (SectionKind.LIKELY, DAISY): [4],
        (SectionKind.UNKNOWN,): [5],
        (SectionKind.SURE, ROSES): [1, 7],
        (SectionKind.SURE, TULIPS): [6],
    }


def test_photos_that_need_no_decision_come_last() -> None:
    columns = columns_of(
        (U, DAISY, ROSES),
        (S, ROSES, TULIPS),
        (X, DAISY, ROSES),
        (L, DAISY, ROSES),
        (Verdict.NONE, 0, 0),
        label_ids=np.array([TULIPS, 0, 0, 0, 0], np.int32),
        marks=np.array([0, 0, Mark.NOT_MINE, 0, 0], np.uint8),
        errors=(None, None, None, "It is not a photo", None),
        photo_ids=np.array([1001, 1002, 1003, 0, 0], np.int64),
    )
    assert shown(columns) == {
        (SectionKind.SURE, ROSES): [2],
        (SectionKind.WAITING,): [5],
        (SectionKind.CONFIRMED, TULIPS): [1],
        (SectionKind.NOT_MINE,): [3],
        (SectionKind.UNREADABLE,): [4],
    }


def test_look_alikes_are_together_where_most_are_unknown_or_not_sure_in_the_order_to_name_them() -> None:
    columns = columns_of(
        (X, 1, 2), (X, 1, 2), (L, DAISY, 2), (X, 1, 2), (X, 1, 2), (L, DAISY, 2), (X, 1, 2), (L, DAISY, 2)
    )
    groups = PhotoGroups.of([[1005, 1004], [1002, 1001, 1003], [1006, 1008], [1007]])
    assert shown(columns, groups) == {
        (SectionKind.LOOK_ALIKES, 1005): [4, 5],
        (SectionKind.LOOK_ALIKES, 1002): [1, 2, 3],
        (SectionKind.LIKELY, DAISY): [6, 8],
        (SectionKind.UNKNOWN,): [7],
    }
    unsure = columns_of((U, DAISY, 0), (L, DAISY, 0), (X, 1, 2))
    assert shown(unsure, groups) == {(SectionKind.LOOK_ALIKES, 1002): [1, 2, 3]}, "asked together, not one by one"
    named = columns_of(*[(X, 1, 2)] * 3, label_ids=np.array([ROSES, ROSES, 0], np.int32))
    assert (SectionKind.LOOK_ALIKES, 1002) not in shown(named, groups), "one photo is no group"


def test_a_photo_stays_in_a_section_that_is_seen_until_it_has_an_answer() -> None:
    kept = KeptSection(SectionKind.TORN, (ROSES, TULIPS), (2, 3, 4))
    columns = columns_of(
        (S, ROSES, TULIPS),
        (S, ROSES, TULIPS),
        (U, TULIPS, ROSES),
        (X, 1, 2),
        label_ids=np.array([0, 0, TULIPS, 0], np.int32),
    )
    assert shown(columns, NO_GROUPS, kept) == {
        (SectionKind.TORN, ROSES, TULIPS): [2],
        (SectionKind.UNKNOWN,): [4],  # the header would say something untrue of it
        (SectionKind.SURE, ROSES): [1],
        (SectionKind.CONFIRMED, TULIPS): [3],
    }


@pytest.mark.parametrize(("kind", "verdict"), [(SectionKind.UNSURE, U), (SectionKind.LIKELY, L)])
def test_a_section_in_view_that_names_a_verdict_holds_only_photos_with_this_verdict(
    kind: SectionKind, verdict: Verdict
) -> None:
    columns = columns_of((S, ROSES, 0), (L, ROSES, 0), (U, ROSES, 0), (X, ROSES, 0))
    found = shown(columns, NO_GROUPS, KeptSection(kind, (ROSES,), (1, 2, 3, 4)))
    assert found[kind, ROSES] == [1 + [S, L, U].index(verdict)], "as the tiles say, and as the sidebar counts"
    at_it = KeptSection(kind, (ROSES,), (1, 2, 3, 4), frozenset({1}))
    assert 1 in shown(columns, NO_GROUPS, at_it)[kind, ROSES], "the person is at it"


def test_a_section_in_view_is_given_up_where_nothing_is_left_to_confirm() -> None:
    kept = KeptSection(SectionKind.LIKELY, (DAISY,), (1, 2))
    half, none = columns_of((L, DAISY, ROSES), (L, ROSES, DAISY)), columns_of((L, ROSES, DAISY), (X, DAISY, ROSES))
    assert shown(half, NO_GROUPS, kept) == {(SectionKind.LIKELY, DAISY): [1], (SectionKind.LIKELY, ROSES): [2]}
    assert shown(none, NO_GROUPS, kept) == {(SectionKind.LIKELY, ROSES): [1], (SectionKind.UNKNOWN,): [2]}


@pytest.mark.parametrize("seed", range(5))
def test_every_photo_is_in_one_section_and_sections_follow_one_another(seed: int) -> None:
    rng, count = np.random.default_rng(seed), 300
    verdicts = rng.integers(0, 5, count)
    columns = columns_of(
        *[(Verdict(int(v)), int(rng.integers(1, 4)), int(rng.integers(0, 4))) for v in verdicts],
        label_ids=(rng.integers(0, 4, count) * (rng.random(count) < 0.2)).astype(np.int32),
        marks=(rng.integers(0, 3, count) * (rng.random(count) < 0.1)).astype(np.uint8),
    )
    members = rng.permutation(1001 + np.arange(count))
    groups = PhotoGroups.of(np.split(members, np.sort(rng.choice(count, 40, replace=False))))
    wanted = np.flatnonzero(rng.random(count) < 0.7)
    kept = KeptSection(SectionKind.UNSURE, (DAISY,), tuple(range(1, 60)))
    made = review_sections(columns, wanted, groups, [kept])
    assert sorted(made.order.tolist()) == wanted.tolist()
    assert _follow_one_another(made, len(wanted))
    assert len({(each.kind, each.key) for each in made.sections}) == len(made.sections)


def _follow_one_another(made: Arrangement, count: int) -> bool:
    ends = [0, *(each.first + each.count for each in made.sections)]
    return [each.first for each in made.sections] == ends[:-1] and ends[-1] == count


def test_progress_counts_decisions() -> None:
    columns = columns_of(
        (X, 1, 2), (X, 1, 2), (X, 1, 2), (U, ROSES, TULIPS), (L, DAISY, ROSES), (S, ROSES, TULIPS), (S, DAISY, ROSES),
        label_ids=np.array([0] * 6 + [DAISY], np.int32),
    )  # fmt: skip
    progress = progress_of(columns, PhotoGroups.of([[1001, 1002]]))
    assert (progress.groups, progress.to_name) == (1, 2)
    assert (progress.to_check, progress.to_sort) == (3, 2), "what a sort takes without being asked"
    assert (progress.done, progress.total, progress.percent) == (2, 7, 28)
    assert progress_of(PhotoColumns(PhotoRows.empty())).percent == 0


def test_a_photo_that_is_sorted_under_its_class_is_done() -> None:
    columns = columns_of((S, ROSES, 0), (S, DAISY, 0), (X, 1, 2), (S, TULIPS, 0), label_ids=np.array([0, 0, DAISY, 0]))
    filed = PhotoNumbers(np.array([1001, 1002, 1003, 1009]), np.array([ROSES, ROSES, DAISY, DAISY], np.int32))
    progress = progress_of(columns, filed=filed)
    assert (progress.to_sort, progress.sorted_photos) == (2, 2), "one is in the folder of another class"
    assert PhotoNumbers().of(columns.photo_ids, 0).tolist() == [0, 0, 0, 0]


def test_a_photo_of_which_the_person_does_not_know_the_class_needs_no_check() -> None:
    columns = columns_of((U, ROSES, TULIPS), marks=np.array([Mark.DONT_KNOW], np.uint8))
    assert progress_of(columns).to_check == 0


def test_the_most_doubtful_suggestions_come_first_and_those_seen_keep_their_order() -> None:
    columns = columns_of(
        *[(L, DAISY, ROSES)] * 4, (S, ROSES, DAISY), confidences=np.array([0.9, 0.7, 0.8, 0.6, 0.99], np.float32)
    )

    def likely(*kept: KeptSection) -> list[int]:
        made = review_sections(columns, np.arange(5), NO_GROUPS, kept, doubtful_first=True)
        return [int(place_id) for place_id in columns.place_ids[made.order[:4]]]

    assert likely() == [4, 2, 3, 1]
    assert likely(KeptSection(SectionKind.LIKELY, (DAISY,), (3, 1, 2))) == [3, 1, 2, 4]


def test_a_group_offers_classes_by_the_suggestions_on_its_tiles() -> None:
    columns = columns_of(
        (X, TULIPS, ROSES), (X, TULIPS, ROSES), (L, DAISY, TULIPS), (U, ROSES, DAISY), (Verdict.NONE, 0, 0),
        confidences=np.array([0.9, 0.9, 0.9, 0.6, 0], np.float32),
        second_confidences=np.array([0.1, 0.1, 0.1, 0.5, 0], np.float32),
    )  # fmt: skip
    assert likely_classes(columns, np.arange(4)) == [DAISY], "an unknown photo has no suggestion"
    assert likely_classes(columns, np.array([2, 3])) == [DAISY, ROSES]
    assert likely_classes(columns, np.array([0, 1, 4])) == []


def test_sections_to_confirm_come_in_the_order_of_what_an_answer_is_worth() -> None:
    many_right = [(L, DAISY, ROSES)] * 6
    few_wrong = [(L, ROSES, DAISY)] * 4
    confidences = np.array([0.97] * 6 + [0.65] * 4, np.float32)
    assert list(shown(columns_of(*many_right, *few_wrong, confidences=confidences))) == [
        (SectionKind.LIKELY, ROSES),
        (SectionKind.LIKELY, DAISY),
    ]


def test_groups_without_some_photos_lack_the_groups_of_these() -> None:
    groups = PhotoGroups.of([[7, 3], [5], [4, 9]])
    left = groups.without({3, 8})
    assert left.ranks_of(np.array([3, 4, 5, 7, 9])).tolist() == [-1, 2, 1, -1, 2]
    assert left.keys[left.ranks].tolist() == [4, 5, 4]
    assert groups.without(()).photo_ids.tolist() == [3, 4, 5, 7, 9]


@pytest.mark.parametrize("sections", [1, 7, 2**27])
def test_photos_are_in_the_order_of_section_and_rank_and_else_as_they_were(sections: int) -> None:
    random = np.random.default_rng(sections)
    place = random.integers(0, sections, 500, np.int32)
    ranks = random.choice(np.array([-300, -2, -0.0, 0, 1e-30, 0.25, 0.9999999, 1], np.float32), 500)
    ranks += np.float32(0)  # as in the program, there is no negative zero
    np.testing.assert_array_equal(order_by_rank(place, ranks), np.lexsort((ranks, place)))


@pytest.mark.parametrize("sections", [1, 2**16, 2**16 + 1, 2**27])
def test_photos_without_ranks_are_in_the_order_of_their_sections(sections: int) -> None:
    place = np.random.default_rng(sections).integers(0, sections, 500, np.int32)
    place[7] = sections - 1
    order = order_by_rank(place, np.zeros(500, np.float32))
    np.testing.assert_array_equal(order, np.argsort(place, kind="stable"))


def test_few_suggestions_that_are_not_sure_share_a_section_and_stay_in_it_while_it_is_seen() -> None:
    columns = columns_of((U, DAISY, 0), (U, ROSES, 0), (U, ROSES, 0), *[(U, TULIPS, 0)] * 3, (X, 0, 0))
    assert shown(columns) == {
        (SectionKind.UNSURE, TULIPS): [4, 5, 6],
        (SectionKind.UNSURE,): [1, 2, 3],
        (SectionKind.UNKNOWN,): [7],
    }
    columns.class_ids[:3], columns.verdicts[:3] = [DAISY, DAISY, ROSES], [U, X, U]
    seen = KeptSection(SectionKind.UNSURE, (), (1, 2, 3))
    assert shown(columns, NO_GROUPS, seen) == {
        (SectionKind.UNSURE, TULIPS): [4, 5, 6],
        (SectionKind.UNSURE,): [1, 3],
        (SectionKind.UNKNOWN,): [2, 7],
    }
    assert shown(columns_of((U, DAISY, 0), (L, ROSES, 0))).keys() == {
        (SectionKind.UNSURE, DAISY),
        (SectionKind.LIKELY, ROSES),
    }, "one alone keeps the question of its class"


def test_a_group_in_view_stays_one_section_whatever_numbers_its_photos_have() -> None:
    columns = columns_of(*[(X, 5, 0)] * 4, photo_ids=np.array([1, 2, 3, 4], np.int64))
    groups = PhotoGroups.of([[3, 2, 4, 1]])  # 3 is the number of a class, too
    seen = KeptSection(SectionKind.LOOK_ALIKES, (3,), (2, 3))
    for kept in ((), (seen,)):
        assert {key: sorted(places) for key, places in shown(columns, groups, *kept).items()} == {
            (SectionKind.LOOK_ALIKES, 3): [1, 2, 3, 4]
        }
        made = review_sections(columns, np.arange(4), groups, kept)
        assert len({each.identity for each in made.sections}) == len(made.sections)
