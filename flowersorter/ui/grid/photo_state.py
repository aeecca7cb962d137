"""Words the state of a photo: the only source for its tile, tool tip, accessible text and the inspector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from flowersorter.domain.figures import whole_percent
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import Caveat, Verdict, has_percentage, is_torn
from flowersorter.messages import text, worded
from flowersorter.ui.grid.photo_columns import PhotoColumns


class PhotoState(Enum):
    """State of a photo, as its tile shows it."""

    WAITING = auto()  # not read yet
    SURE = auto()
    LIKELY = auto()
    TORN = auto()  # not sure, and the second class is nearly as probable
    UNSURE = auto()
    UNKNOWN = auto()
    CONFIRMED = auto()
    FROM_FOLDER = auto()
    NOT_MINE = auto()
    UNREADABLE = auto()  # without a class


#: States of a photo with a suggestion that a person can confirm or reject.
SUGGESTED = frozenset({PhotoState.SURE, PhotoState.LIKELY, PhotoState.TORN, PhotoState.UNSURE})
_OF_VERDICT = {
    Verdict.NONE: PhotoState.WAITING,
    Verdict.SURE: PhotoState.SURE,
    Verdict.LIKELY: PhotoState.LIKELY,
    Verdict.UNSURE: PhotoState.UNSURE,
    Verdict.UNKNOWN: PhotoState.UNKNOWN,
}
_SHORT = {
    PhotoState.SURE: text("sure"),
    PhotoState.LIKELY: text("likely"),
    PhotoState.TORN: text("not sure"),
    PhotoState.UNSURE: text("not sure"),
    PhotoState.UNKNOWN: text("unknown"),
    PhotoState.CONFIRMED: text("confirmed by you"),
    PhotoState.FROM_FOLDER: text("from folder name"),
    PhotoState.NOT_MINE: text("not mine"),
    PhotoState.UNREADABLE: text("unreadable"),
}
_SENTENCES = {
    PhotoState.WAITING: text("Waiting"),
    PhotoState.SURE: text("Sure"),
    PhotoState.LIKELY: text("Likely. Worth a look"),
    PhotoState.TORN: text("Not sure. You decide"),
    PhotoState.UNSURE: text("Not sure. You decide"),
    PhotoState.UNKNOWN: text("Doesn't match any of your classes"),
    PhotoState.CONFIRMED: text("Confirmed by you"),
    PhotoState.FROM_FOLDER: text("From its folder name"),
    PhotoState.NOT_MINE: text("Not mine. You said that it shows none of your classes"),
}
_TITLES = {
    PhotoState.UNKNOWN: text("Unknown"),
    PhotoState.NOT_MINE: text("Not mine"),
    PhotoState.UNREADABLE: text("Unreadable"),
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested class.

    Attributes:
        name: Its name.
        probability: 0 to 1.
    """

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """The data about the class of a photo.

    Attributes:
        verdict: Of the best suggestion.
        suggestions: The most probable classes, the best first; none where nothing is suggested.
        caveat: Why the verdict is not the one that the probability alone would give.
        label: Name of the class that the photo is labelled with; "" for none.
        by_person: Whether a person gave the label.
        not_mine: Whether a person said that the photo shows none of the classes.
        all_rejected: Whether a person said of every class that the photo does not show it.
        error: Why the photo is unreadable; "" if it is not.
        provisional: Name of the class suggested from its preview while the photo is not read yet; "" for none.
        provisional_likely: Whether that is likely.
        left_out: Whether the person left it out when others were confirmed as its suggestion: it is not sure then.
    """

    verdict: Verdict = Verdict.NONE
    suggestions: tuple[Suggestion, ...] = ()
    caveat: Caveat = Caveat.NONE
    label: str = ""
    by_person: bool = False
    not_mine: bool = False
    all_rejected: bool = False
    error: str = ""
    provisional: str = ""
    provisional_likely: bool = False
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class PhotoTile:
    """The data of a photo's tile, besides its picture and the names of a torn photo.

    Attributes:
        place_id: Its place.
        state: Its state.
        title: Its class or state in words.
        colour: Of its class, as "#rrggbb"; "" for none.
        second_colour: Of the second suggestion.
        error: Why it is unreadable, None if it is not.
        left_out: Whether it is left out of the next answer for its section.
        stack: Number of photos of its stack, and its own number where that is open, else 0.
    """

    place_id: int
    state: PhotoState
    title: str
    colour: str
    second_colour: str
    error: str | None
    left_out: bool
    stack: tuple[int, int]


def facts_of_row(columns: PhotoColumns, row: int, name_of: Callable[[int], str]) -> PhotoFacts:
    """Return the facts of a photo of the open folder.

    Args:
        columns: All photos of the folder.
        row: Number of the photo in them.
        name_of: Returns the name of a class id, "" where it is gone.
    """
    predictions = (
        (name_of(int(columns.class_ids[row])), columns.confidences[row]),
        (name_of(int(columns.second_class_ids[row])), columns.second_confidences[row]),
    )
    return PhotoFacts(
        verdict=Verdict(int(columns.verdicts[row])),
        suggestions=tuple(Suggestion(name, float(probability)) for name, probability in predictions if name),
        caveat=Caveat(int(columns.caveats[row])),
        label=name_of(int(columns.label_ids[row])),
        by_person=bool(columns.by_person[row]),
        not_mine=bool(columns.marks[row] == Mark.NOT_MINE),
        all_rejected=bool(columns.verdicts[row] == Verdict.UNKNOWN and not columns.confidences[row]),
        error=worded(columns.errors[row] or ""),
        provisional=name_of(int(columns.provisional_ids[row])),
        provisional_likely=bool(columns.provisional_likely[row]),
        left_out=bool(columns.shown_verdicts(np.array([row]))[0] != columns.verdicts[row]),
    )


def values_of_facts(columns: PhotoColumns, row: int) -> tuple[object, ...]:
    """All that `facts_of_row` makes the facts of a photo from, beside the names of classes; to compare."""
    return (
        columns.verdicts[row],
        columns.class_ids[row],
        columns.confidences[row],
        columns.second_class_ids[row],
        columns.second_confidences[row],
        columns.caveats[row],
        columns.label_ids[row],
        columns.by_person[row],
        columns.marks[row],
        columns.errors[row],
        columns.provisional_ids[row],
        columns.provisional_likely[row],
        columns.shown_verdicts(slice(row, row + 1))[0],
    )


def state_of(photo: PhotoFacts) -> PhotoState:
    """Return the state of a photo: a label counts more than an error, an error more than a suggestion."""
    if photo.label:
        return PhotoState.CONFIRMED if photo.by_person else PhotoState.FROM_FOLDER
    if photo.error:
        return PhotoState.UNREADABLE
    if photo.not_mine:
        return PhotoState.NOT_MINE
    if not photo.suggestions:
        return PhotoState.UNKNOWN if photo.verdict is Verdict.UNKNOWN else PhotoState.WAITING
    best, *others = photo.suggestions
    if others and is_torn(photo.verdict, best.probability, others[0].probability):
        return PhotoState.TORN
    state = _OF_VERDICT[photo.verdict]
    return PhotoState.UNSURE if photo.left_out and state in (PhotoState.SURE, PhotoState.LIKELY) else state


def title(photo: PhotoFacts) -> str:
    """The name on the tile and above the verdict, with a question mark where it is in doubt; "" while waiting."""
    match state_of(photo):
        case PhotoState.CONFIRMED | PhotoState.FROM_FOLDER:
            return photo.label
        case PhotoState.SURE | PhotoState.LIKELY:
            return photo.suggestions[0].name
        case PhotoState.TORN:
            return either(photo.suggestions[0].name, photo.suggestions[1].name)
        case PhotoState.UNSURE:
            return worded(text("{name}?", name=photo.suggestions[0].name))
        case PhotoState.WAITING if photo.provisional:
            return f"{photo.provisional} …" if photo.provisional_likely else f"{photo.provisional}? …"
        case state:
            return worded(_TITLES.get(state, ""))


def either(one: str, other: str) -> str:
    """The title of a photo that is torn between two classes."""
    return worded(text("{one} or {other}?", one=one, other=other))


def verdict_sentence(photo: PhotoFacts) -> str:
    """The verdict in a sentence, with the reason where the probability alone would give a better one."""
    state, reason = state_of(photo), photo.caveat.reason
    if state is PhotoState.UNREADABLE or (photo.label and photo.error):
        return f"{photo.error[:1].upper()}{photo.error[1:]}"
    if photo.left_out and state in SUGGESTED:
        return worded(text("Not sure. You left it out when you confirmed the others"))
    if state in SUGGESTED and reason:
        begin = text("Likely: {reason}", reason=reason)
        return worded(begin if state is PhotoState.LIKELY else text("Not sure: {reason}", reason=reason))
    if state is PhotoState.WAITING and photo.provisional:
        return worded(text("From its small preview; the photo itself is not read yet"))
    if state is PhotoState.UNKNOWN and photo.all_rejected:
        return worded(text("You said that it shows none of your classes"))
    return worded(_SENTENCES[state])


def has_percentages(photo: PhotoFacts) -> bool:
    """Whether the probabilities of its suggestions are shown as numbers: not where they contradict the verdict."""
    best = photo.suggestions[0].probability if photo.suggestions else 0.0
    return has_percentage(photo.verdict, best, with_reason=photo.caveat is not Caveat.NONE)


def shares(photo: PhotoFacts) -> str:
    """The best suggestions with their probabilities: "roses 85 %, tulips 10 %"; "" for a photo that needs none."""
    if state_of(photo) not in SUGGESTED:
        return ""
    best, *others = photo.suggestions
    if not has_percentages(photo):
        return best.name
    shown = [best, *(each for each in others[:1] if whole_percent(each.probability))]
    return ", ".join(
        worded(text("{name} {percent} %", name=each.name, percent=whole_percent(each.probability))) for each in shown
    )


def in_short(photo: PhotoFacts) -> str:
    """Class and verdict in a few words: "roses, not sure"; "" while waiting."""
    state = state_of(photo)
    if state is PhotoState.WAITING:
        name = photo.provisional
        return ", ".join((name, worded(text("from its preview")))) if name else ""
    word = text("unreadable") if photo.error else _SHORT[state]
    names = [each.name for each in photo.suggestions] if state in SUGGESTED else [photo.label]
    name = names[0]
    if state is PhotoState.TORN:
        name = worded(text("{one} or {other}", one=names[0], other=names[1]))
    return ", ".join(filter(None, (name, worded(word))))


def spoken(photo: PhotoFacts, file_name: str) -> str:
    """The accessible text of a tile: the same as its tool tip, in one line."""
    reason = worded(photo.caveat.reason) if state_of(photo) in SUGGESTED else ""
    numbers = shares(photo) if has_percentages(photo) else ""
    return ", ".join(filter(None, (file_name, in_short(photo), reason, numbers)))


def tool_tip(photo: PhotoFacts, file_name: str, folder: str, taken: str) -> str:
    """The tool tip of a tile, in lines: suggestions, verdict, file name, folder and date.

    Args:
        photo: The photo.
        file_name: Its file name.
        folder: The folder of the file.
        taken: When it was taken; "" where that is not known.
    """
    begin, sentence = shares(photo) or title(photo), verdict_sentence(photo)
    when = worded(text("Taken {date}", date=taken)) if taken else ""
    lines = ("" if sentence.startswith(begin) else begin, sentence, file_name, folder, when)
    return "\n".join(filter(None, lines))
