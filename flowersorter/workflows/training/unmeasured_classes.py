"""Finds classes too small for a held-out estimate, and words the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flowersorter.errors import TooFewPhotos
from flowersorter.messages import Text, joined_texts, plural, text
from flowersorter.vision.classifier.fit import Fitted
from flowersorter.vision.classifier.training_state import LEAST_TO_HOLD_OUT
from flowersorter.vision.features.near_duplicates import joined
from flowersorter.workflows.training.training_set import TrainingSet

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A class none of whose photos can be held out.

    Attributes:
        name: The class.
        photos: Labelled photos of the person.
        few: Whether these are too few; else they are all near-copies or of one burst.
    """

    name: str
    photos: int
    few: bool

    def in_words(self) -> Text:
        """Word the class with its number of photos and, unless they are too few, the reason."""
        if self.few:
            return plural("{name} ({number} photo)", "{name} ({number} photos)", self.photos, name=self.name)
        return plural(
            "{name} ({number} photo, all copies of one another or of one moment)",
            "{name} ({number} photos, all copies of one another or of one moment)",
            self.photos,
            name=self.name,
        )


def unmeasured(photos: TrainingSet, fitted: Fitted) -> tuple[Unmeasured, ...]:
    """Return the classes with too few of the person's photos to hold any out, in the order of the classes."""
    groups = joined(fitted.state.groups, photos.bursts)
    result = []
    for target in np.unique(photos.targets[photos.own]).tolist():
        here = photos.targets == target
        few = np.count_nonzero(here) < LEAST_TO_HOLD_OUT
        if few or len(np.unique(groups[here])) == 1:
            result.append(Unmeasured(photos.class_names[target], int(np.count_nonzero(here & photos.own)), bool(few)))
    return tuple(result)


def in_words(classes: Sequence[Unmeasured]) -> Text:
    """Word unmeasured classes: "roses (1 photo), asters (2 photos) and 3 more classes"."""
    named = [each.in_words() for each in classes[:_NAMED]]
    more = len(classes) - len(named)
    if more:
        named.append(plural("{number} more class", "{number} more classes", more))
    if len(named) < 2:
        return joined_texts("", *named)
    return text("{first} and {last}", first=joined_texts(", ", *named[:-1]), last=named[-1])


def needed_to_measure() -> Text:
    """Say how many labelled photos an accuracy needs; used wherever a figure is missing."""
    return text("at least two classes need {count} different labelled photos each", count=LEAST_TO_HOLD_OUT)


def too_few(classes: Sequence[Unmeasured] = (), then: str = text("evaluate again")) -> TooFewPhotos:
    """Make the error for a collection of which nothing can be measured.

    Args:
        classes: The unmeasured classes, if known.
        then: The person's intended action.
    """
    needed = needed_to_measure()
    return TooFewPhotos(
        text("There is too little to measure with"),
        text("{needed}; too few are {classes}", needed=needed, classes=in_words(classes)) if classes else needed,
        text("Label some more photos, then {then}", then=then),
    )
