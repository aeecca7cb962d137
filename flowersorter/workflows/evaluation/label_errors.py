"""Finds labels that are probably wrong, the worst first, each with similar photos as the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_answers import NO_ANSWERS
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import Text, plural, text
from flowersorter.vision.classifier.label_errors import LabelQuality, Opinions, score_labels
from flowersorter.workflows.evaluation.cross_validated_labels import CrossValidatedLabels, second_opinion
from flowersorter.workflows.evaluation.duplicate_labels import DuplicateLabel, contradictions
from flowersorter.workflows.models.current_model import chosen_backbone
from flowersorter.workflows.training.prepare_features import embed_for_measuring
from flowersorter.workflows.training.unmeasured_classes import Unmeasured

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


#: With fewer labels and a lower accuracy than these the model is worse than the person: with 4, 8 and 10 photos of each
#: of five flowers, all labelled right, it got 61, 72 and 80 % right and doubted 9 of 20, 11 of 40 and 10 of 50 labels.
_ENOUGH_A_CLASS, _GOOD_ENOUGH = 20, 0.8


@dataclass(frozen=True, slots=True)
class LabelErrorsRequest:
    """Find labels that are probably wrong.

    Attributes:
        backbone: Name, or None for the collection's.
        device: "auto", "cpu" or "cuda"; for labelled photos without an embedding.
    """

    backbone: str | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A labelled photo that resembles a doubted one.

    Attributes:
        photo_id: The photo.
        path: Its path; None if its file is missing.
    """

    photo_id: int
    path: Path | None


@dataclass(frozen=True, slots=True)
class LabelError:
    """A label that is probably wrong.

    Attributes:
        photo_id: The photo.
        place_id: One of its places.
        path: The path of that place.
        class_id: Its label.
        better_id: The class that suits it better.
        doubt: Probability of that class against the label, 0.5 to 1; 1 for a contradiction.
        like_label: The most similar photos with the same label.
        like_better: The most similar photos of the class that suits better.
        also_at: Path of the same photo in a folder of the other class; None unless its folders contradict.
    """

    photo_id: int
    place_id: int
    path: Path
    class_id: int
    better_id: int
    doubt: float
    like_label: tuple[LookAlike, ...] = ()
    like_better: tuple[LookAlike, ...] = ()
    also_at: Path | None = None


@dataclass(frozen=True, slots=True)
class LabelErrorGroup:
    """Doubted labels of one class whose photos look like another: "9 labelled dahlia look like zinnia".

    Attributes:
        class_id: Their label.
        better_id: The class that suits them better.
        photo_ids: The photos, the worst first.
    """

    class_id: int
    better_id: int
    photo_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LabelErrorsResult:
    """The labels that are probably wrong.

    Attributes:
        doubts: The worst first; contradicting folders before all.
        groups: The same by pair of classes, the largest first.
        checked: Number of labels checked.
        kept: Number of labels that would be doubted if a person had not confirmed them in the review.
        unmeasured: Classes that could not be checked, because none of their photos can be held out.
        accuracy: Share of the labels that the models agree with; None if none was checked.
        too_early: Whether labels are too few, and the models too often wrong, to doubt any; only contradicting folders
            are listed.
    """

    doubts: tuple[LabelError, ...]
    groups: tuple[LabelErrorGroup, ...]
    checked: int
    kept: int
    unmeasured: tuple[Unmeasured, ...]
    accuracy: float | None
    too_early: bool = False

    @property
    def little_known(self) -> bool:
        """Whether the models are wrong more often than right, so that their doubts mean little."""
        return self.accuracy is not None and self.accuracy < 0.5


def find_label_errors(
    engine: Engine, request: LabelErrorsRequest, report: Report, cancel: CancelToken
) -> LabelErrorsResult:
    """Find labels that models which never saw the photo, and its look-alikes, contradict.

    Raises:
        TooFewPhotos: fewer than two classes have enough photos, and no photo is in two class folders.
        WeightsMissing: no labelled photo is embedded, and the backbone's weights are not on this computer.
        Cancelled: asked to stop.
    """
    collection, backbone = engine.collection, chosen_backbone(engine.collection, request.backbone)
    embed_for_measuring(engine, backbone, request.device, report, cancel)
    report(Progress(text("Checking labels"), 0))
    found = contradictions(collection)
    whereabouts = _Whereabouts(collection)
    listed = [_contradicting(each, whereabouts) for each in found]
    checked, accuracy = 0, None
    missing: tuple[Unmeasured, ...] = ()
    try:
        opinion = second_opinion(engine, backbone, cancel)
    except TooFewPhotos:
        if not found:
            raise
    else:
        held_out, missing = opinion.fitted.held_out, opinion.unmeasured
        checked, accuracy = int(np.count_nonzero(held_out.own)), float(held_out.right[held_out.own].mean())
        if _too_early(opinion, checked, accuracy):
            return replace(_result(collection, listed, checked, missing, accuracy), too_early=True)
        photos = opinion.photos
        opinions = Opinions(held_out.rows, held_out.logits, opinion.fitted.model.temperature)
        look = score_labels(photos.features, photos.targets, photos.own, opinions, cancel)
        already = {each.photo_id for each in found}
        listed += [each for each in _doubted(collection, opinion, look, whereabouts) if each.photo_id not in already]
    return _result(collection, listed, checked, missing, accuracy)


def _too_early(opinion: CrossValidatedLabels, checked: int, accuracy: float) -> bool:
    """Whether labels are few, and held-out predictions often wrong."""
    classes = len(np.unique(opinion.photos.targets[opinion.photos.own]))
    return checked < _ENOUGH_A_CLASS * classes and accuracy < _GOOD_ENOUGH


def too_early_in_words(result: LabelErrorsResult) -> Text:
    """Say why no label is doubted."""
    return plural(
        "There are too few labels to doubt any: the model gets {accuracy} % of {number} label right. "
        "Label about {enough} photos of each class first.",
        "There are too few labels to doubt any: the model gets {accuracy} % of {number} labels right. "
        "Label about {enough} photos of each class first.",
        result.checked,
        accuracy=round(100 * (result.accuracy or 0)),
        enough=_ENOUGH_A_CLASS,
    )


def find_duplicate_labels(collection: CollectionStore) -> LabelErrorsResult:
    """List only the photos that are in the folders of two classes, as `find_label_errors` does; reads no photo."""
    whereabouts = _Whereabouts(collection)
    return _result(collection, [_contradicting(each, whereabouts) for each in contradictions(collection)], 0, (), None)


def _result(
    collection: CollectionStore,
    listed: Sequence[LabelError],
    checked: int,
    missing: tuple[Unmeasured, ...],
    accuracy: float | None,
) -> LabelErrorsResult:
    kept = collection.reviewed_labels.all()
    answers = collection.answers.get(each.photo_id for each in listed)
    listed = [each for each in listed if each.better_id not in answers.get(each.photo_id, NO_ANSWERS).rejected]
    news = [each for each in listed if (each.photo_id, each.class_id, each.better_id) not in kept]
    return LabelErrorsResult(tuple(news), _groups(news), checked, len(listed) - len(news), missing, accuracy)


def keep(collection: CollectionStore, photo_id: int, class_id: int, better_id: int) -> None:
    """Store that a person reviewed a label and kept it: it is not doubted again in favour of that class."""
    collection.reviewed_labels.add(photo_id, class_id, better_id)


def keep_no_longer(collection: CollectionStore, photo_id: int, class_id: int, better_id: int) -> None:
    """Undo `keep`."""
    collection.reviewed_labels.remove(photo_id, class_id, better_id)


class _Whereabouts:
    """Finds the present place of a photo."""

    def __init__(self, collection: CollectionStore) -> None:
        places = collection.photos.all_places()
        there = np.flatnonzero(~places.missing & (places.photo_ids > 0))[::-1]
        self._at = dict(zip(places.photo_ids[there].tolist(), there.tolist(), strict=True))  # the first one stays
        self._places = places

    def place(self, photo_id: int) -> tuple[int, Path] | None:
        """Return id and path of the first place of a photo whose file is there; None without one."""
        at = self._at.get(photo_id)
        return None if at is None else (int(self._places.ids[at]), self._places.paths[at])

    def look_alikes(self, photo_ids: Sequence[int]) -> tuple[LookAlike, ...]:
        """Photos with their paths."""
        return tuple(LookAlike(each, place[1] if (place := self.place(each)) else None) for each in photo_ids)


def _contradicting(each: DuplicateLabel, whereabouts: _Whereabouts) -> LabelError:
    place = whereabouts.place(each.photo_id)
    assert place is not None, "its places were found a moment ago"
    path = each.paths.get(each.class_id, place[1])
    other = each.other_ids[0]
    return LabelError(each.photo_id, place[0], path, each.class_id, other, 1.0, also_at=each.paths[other])


def _doubted(
    collection: CollectionStore, opinion: CrossValidatedLabels, look: LabelQuality, whereabouts: _Whereabouts
) -> list[LabelError]:
    photos = opinion.photos
    class_ids = [collection.classes.resolve(name, ClassOrigin.MODEL).id for name in photos.class_names]

    def alike(rows: NDArray[np.intp]) -> tuple[LookAlike, ...]:
        return whereabouts.look_alikes(photos.photo_ids[rows[rows >= 0]].tolist())

    result = []
    for number, row in enumerate(look.rows[: look.suspicious].tolist()):
        photo_id = int(photos.photo_ids[row])
        place = whereabouts.place(photo_id)
        if place is None:  # its file is missing: it cannot be reviewed now
            continue
        result.append(
            LabelError(
                photo_id=photo_id,
                place_id=place[0],
                path=place[1],
                class_id=class_ids[photos.targets[row]],
                better_id=class_ids[look.better[number]],
                doubt=float(look.doubts[number]),
                like_label=alike(look.like_label[number]),
                like_better=alike(look.like_better[number]),
            )
        )
    return result


def _groups(doubts: Sequence[LabelError]) -> tuple[LabelErrorGroup, ...]:
    pairs = Counter((each.class_id, each.better_id) for each in doubts)
    return tuple(
        LabelErrorGroup(*pair, tuple(each.photo_id for each in doubts if (each.class_id, each.better_id) == pair))
        for pair, _ in pairs.most_common()
    )
