"""The answers that would change something, of photos in every state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns
from flowersorter.ui.labels.possible_answers import confirmable, possible_actions, rejectable
from tests.qt.fake_rows import rows, unread

#: By place id.
SURE, UNKNOWN, CONFIRMED, FROM_FOLDER, NOT_MINE = 1, 2, 3, 4, 5


def columns() -> PhotoColumns:
    verdicts = [Verdict.SURE, Verdict.UNKNOWN, Verdict.SURE, Verdict.SURE, Verdict.UNKNOWN]
    return PhotoColumns(
        replace(
            rows(5),
            verdicts=np.array(verdicts, np.uint8),
            class_ids=np.array([1, 2, 3, 1, 0], np.int32),
            label_ids=np.array([0, 0, 2, 3, 0], np.int32),
            by_person=np.array([False, False, True, False, False]),
            marks=np.array([Mark.NONE] * 4 + [Mark.NOT_MINE], np.uint8),
        )
    )


def test_a_label_from_a_folder_and_a_suggestion_can_be_confirmed_and_whatever_is_shown_rejected() -> None:
    every = range(1, 6)
    assert confirmable(columns(), every) == {0: 1, 3: 3}
    assert rejectable(columns(), every) == {1001: 1, 1003: 2, 1004: 3}


def test_the_menu_offers_what_changes_something() -> None:
    answers = {"confirm", "reject", "clear_label", "not_mine", "dont_know", "show_similar", "compare"}
    unknown, always = {"not_mine", "dont_know", "show_similar", "compare"}, {"new_class", "show_in_folder", "copy_path"}
    expected = {
        SURE: answers - {"clear_label"},
        UNKNOWN: unknown,
        CONFIRMED: answers - {"confirm"},
        FROM_FOLDER: answers,
        NOT_MINE: unknown - {"not_mine"},
    }
    for place_id, possible in expected.items():
        found = possible_actions(columns(), [place_id])
        assert found & answers == possible
        assert always <= found
    assert possible_actions(columns(), []) == frozenset()
    assert not {"show_similar", "compare"} & possible_actions(columns(), range(1, 6))
    assert not answers - {"compare"} & possible_actions(PhotoColumns(unread(2)), [1])


def test_photos_in_every_mix_of_states_agree_with_the_rules_one_by_one() -> None:
    count, random = 2000, np.random.default_rng(1)
    mixed = PhotoColumns(
        replace(
            rows(count),
            photo_ids=np.where(random.random(count) < 0.8, np.arange(count) + 1, 0),
            verdicts=random.choice([int(each) for each in Verdict], count).astype(np.uint8),
            class_ids=random.integers(0, 4, count).astype(np.int32),
            label_ids=np.where(random.random(count) < 0.5, random.integers(1, 4, count), 0).astype(np.int32),
            by_person=random.random(count) < 0.5,
        )
    )
    place_ids = random.permutation(count + 9)  # a few are not in the folder
    confirmed, rejected = {}, {}
    for row in mixed.locate(place_ids).tolist():
        label, suggestion = int(mixed.label_ids[row]), int(mixed.class_ids[row])
        is_suggestion = suggestion and mixed.verdicts[row] not in (Verdict.NONE, Verdict.UNKNOWN)
        if not mixed.by_person[row] if label else is_suggestion:
            confirmed[row] = label or suggestion
        if mixed.photo_ids[row] and (label or (suggestion and mixed.verdicts[row] != Verdict.UNKNOWN)):
            rejected[int(mixed.photo_ids[row])] = label or suggestion
    assert list(confirmable(mixed, place_ids).items()) == list(confirmed.items())
    assert list(rejectable(mixed, place_ids).items()) == list(rejected.items())
