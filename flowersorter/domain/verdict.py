"""Verdicts: how reliable a prediction is, in four levels."""

from __future__ import annotations

from enum import IntEnum

from flowersorter.messages import Text, text


class Verdict(IntEnum):
    """How reliable a suggestion is; stored as uint8 in arrays."""

    NONE = 0  # not predicted: not read yet, or unreadable
    SURE = 1
    LIKELY = 2
    UNSURE = 3
    UNKNOWN = 4

    @property
    def word(self) -> str:
        """The word used on the command line and in files."""
        return self.name.lower()


#: Target precisions of *sure* (the fraction of such predictions that must be right) that a person can choose from.
SURE_PRECISIONS = (0.90, 0.95, 0.97, 0.99)
DEFAULT_SURE_PRECISION = 0.97


#: A suggestion that is not sure is torn between two classes where the second has at least this share of the
#: probability of the first.
TORN_FROM = 0.5


class Caveat(IntEnum):
    """Why the verdict of a suggestion is not the one its probability alone would give; stored as uint8 in arrays."""

    NONE = 0
    #: Sure: photos from this probability on are right often enough together, the lowest ones alone are not.
    BELOW_PRECISION = 1
    #: The others: less than sure, though the probability would do.
    REJECTED = 2
    UNLIKE_LABELLED = 3
    UNKNOWN_IN_FOLDER = 4
    FOLDER_DIFFERS = 5
    CLEAR_IN_FOLDER_ONLY = 6
    FEW_LABELLED = 7

    @property
    def reason(self) -> Text | str:
        """Why the suggestion is less than sure; "" where it is not."""
        return _REASONS.get(self, "")


_REASONS = {
    Caveat.REJECTED: text("you rejected another suggestion"),
    Caveat.UNLIKE_LABELLED: text("unlike your confirmed photos"),
    Caveat.UNKNOWN_IN_FOLDER: text("in a folder with photos of none of your classes"),
    Caveat.FOLDER_DIFFERS: text("in a folder that differs from your confirmed photos"),
    Caveat.FEW_LABELLED: text("too few confirmed photos in this folder yet"),
    Caveat.CLEAR_IN_FOLDER_ONLY: text("less clear without the other photos of its folder"),
}


#: Probability from which a number would contradict *not sure*: this share of the likely photos is right.
_CLEAR = 0.8


def has_percentage(verdict: Verdict, confidence: float, precision: float = 0.0, *, with_reason: bool = False) -> bool:
    """Whether the probability of a suggestion is shown as a number beside its verdict: not where it contradicts that.

    Photos are sure from a confidence on above which enough are right together; the lowest ones would contradict that.
    Where there is a reason to be less sure than the probability, the probability does not hold. That of an unknown
    photo holds only if it shows one of the classes after all.

    Args:
        verdict: Of the suggestion.
        confidence: Its probability, 0 to 1.
        precision: Target precision of *sure*.
        with_reason: Whether a `Caveat` says why the verdict is not the one that the probability would give.
    """
    if with_reason or verdict is Verdict.UNKNOWN:
        return False
    return confidence >= precision if verdict is Verdict.SURE else verdict is Verdict.LIKELY or confidence < _CLEAR


def is_torn(verdict: Verdict, confidence: float, second: float) -> bool:
    """Whether a suggestion is torn between its two most probable classes.

    Args:
        verdict: Of the suggestion.
        confidence: Probability of the most probable class.
        second: Probability of the second.
    """
    return verdict is Verdict.UNSURE and 0 < second >= TORN_FROM * confidence
