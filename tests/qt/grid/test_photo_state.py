"""The words about a photo: one state, one sentence, wherever they are shown."""

from __future__ import annotations

import pytest

from flowersorter.domain.figures import whole_percent
from flowersorter.domain.verdict import Caveat, Verdict
from flowersorter.ui.grid.photo_state import (
    PhotoFacts,
    PhotoState,
    Suggestion,
    has_percentages,
    in_short,
    shares,
    spoken,
    state_of,
    title,
    tool_tip,
    verdict_sentence,
)


def photo(verdict: Verdict, first: float, second: float = 0.0, **more: object) -> PhotoFacts:
    suggestions = (Suggestion("roses", first), Suggestion("tulips", second))
    return PhotoFacts(verdict, suggestions, **more)  # type: ignore[arg-type]


SURE = photo(Verdict.SURE, 0.99, 0.004)
SURE_TOGETHER = photo(Verdict.SURE, 0.85, 0.1, caveat=Caveat.BELOW_PRECISION)
LIKELY = photo(Verdict.LIKELY, 0.85, 0.1)
UNLIKE = photo(Verdict.LIKELY, 0.98, 0.01, caveat=Caveat.UNLIKE_LABELLED)
TORN = photo(Verdict.UNSURE, 0.43, 0.39)
UNSURE = photo(Verdict.UNSURE, 0.43, 0.1)
OCTOPUS = photo(Verdict.UNSURE, 0.99, 0.004, caveat=Caveat.UNKNOWN_IN_FOLDER)
UNSURE_AT_ALL = photo(Verdict.UNSURE, 0.95, 0.01)
UNKNOWN = photo(Verdict.UNKNOWN, 0.85, 0.1)
REJECTED = PhotoFacts(Verdict.UNKNOWN, all_rejected=True)
CONFIRMED = photo(Verdict.UNKNOWN, 0.85, label="daisy", by_person=True)
FROM_FOLDER = photo(Verdict.SURE, 0.99, label="daisy")
NOT_MINE = PhotoFacts(Verdict.UNKNOWN, not_mine=True)
UNREADABLE = PhotoFacts(error="the file is cut off")
NAMED_FILE = PhotoFacts(error="the file is cut off", label="daisy", by_person=True)
WAITING = PhotoFacts()


@pytest.mark.parametrize(
    ("facts", "state", "shown", "sentence", "with_shares", "short"),
    [
        (SURE, PhotoState.SURE, "roses", "Sure", "roses 99 %", "roses, sure"),
        (SURE_TOGETHER, PhotoState.SURE, "roses", "Sure", "roses", "roses, sure"),
        (LIKELY, PhotoState.LIKELY, "roses", "Likely. Worth a look", "roses 85 %, tulips 10 %", "roses, likely"),
        (
            UNLIKE,
            PhotoState.LIKELY,
            "roses",
            "Likely: unlike your confirmed photos",
            "roses",
            "roses, likely",
        ),
        (
            OCTOPUS,
            PhotoState.UNSURE,
            "roses?",
            "Not sure: in a folder with photos of none of your classes",
            "roses",
            "roses, not sure",
        ),
        (UNSURE_AT_ALL, PhotoState.UNSURE, "roses?", "Not sure. You decide", "roses", "roses, not sure"),
        (
            TORN,
            PhotoState.TORN,
            "roses or tulips?",
            "Not sure. You decide",
            "roses 43 %, tulips 39 %",
            "roses or tulips, not sure",
        ),
        (UNSURE, PhotoState.UNSURE, "roses?", "Not sure. You decide", "roses 43 %, tulips 10 %", "roses, not sure"),
        (UNKNOWN, PhotoState.UNKNOWN, "Unknown", "Doesn't match any of your classes", "", "unknown"),
        (REJECTED, PhotoState.UNKNOWN, "Unknown", "You said that it shows none of your classes", "", "unknown"),
        (CONFIRMED, PhotoState.CONFIRMED, "daisy", "Confirmed by you", "", "daisy, confirmed by you"),
        (FROM_FOLDER, PhotoState.FROM_FOLDER, "daisy", "From its folder name", "", "daisy, from folder name"),
        (
            NOT_MINE,
            PhotoState.NOT_MINE,
            "Not mine",
            "Not mine. You said that it shows none of your classes",
            "",
            "not mine",
        ),
        (UNREADABLE, PhotoState.UNREADABLE, "Unreadable", "The file is cut off", "", "unreadable"),
        (NAMED_FILE, PhotoState.CONFIRMED, "daisy", "The file is cut off", "", "daisy, unreadable"),
        (WAITING, PhotoState.WAITING, "", "Waiting", "", ""),
    ],
)
def test_each_state_has_its_words(
    facts: PhotoFacts, state: PhotoState, shown: str, sentence: str, with_shares: str, short: str
) -> None:
    assert state_of(facts) is state
    assert (title(facts), verdict_sentence(facts), shares(facts), in_short(facts)) == (
        shown,
        sentence,
        with_shares,
        short,
    )


def test_a_photo_of_none_of_the_classes_has_no_percentage() -> None:
    assert not has_percentages(UNKNOWN)
    assert "%" not in tool_tip(UNKNOWN, "a.jpg", "/p", "") + spoken(UNKNOWN, "a.jpg")


def test_tool_tip_and_accessible_text_say_the_same() -> None:
    lines = "roses\nLikely: unlike your confirmed photos\na.jpg\n/p\nTaken 12 June 2026"
    assert tool_tip(UNLIKE, "a.jpg", "/p", "12 June 2026") == lines
    assert spoken(UNLIKE, "a.jpg") == "a.jpg, roses, likely, unlike your confirmed photos"
    assert spoken(LIKELY, "a.jpg") == "a.jpg, roses, likely, roses 85 %, tulips 10 %"
    assert (
        tool_tip(NOT_MINE, "a.jpg", "/p", "").splitlines()[0] == "Not mine. You said that it shows none of your classes"
    )


def test_99_7_per_cent_is_not_certain() -> None:
    assert [whole_percent(p) for p in (0.997, 1.0, 0.0, 0.404)] == [99, 100, 0, 40]
