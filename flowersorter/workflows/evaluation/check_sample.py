"""Checks a random sample of the suggestions of a folder, and says how many of all of them are right.

The photos without a label are put into a random order once, with their suggestions, and stored: every statement is
about these photos and these suggestions, also when they have labels later. Where the suggestions of the folder change,
the check is withdrawn and a new one begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import TooFewPhotos, UserError
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.sample_checks import Answer, StoredSample
from flowersorter.messages import Text, plural, text
from flowersorter.photos.scan import Roots, absolute_roots
from flowersorter.workflows.evaluation.sample_bound import (
    checks_needed,
    right_at_least,
    right_fewer_than,
)
from flowersorter.workflows.filing.sort import INCLUDED_VERDICTS, Include
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.predicting.photo_details import folder_rows
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest
from flowersorter.workflows.predicting.settled_labels import predict_settled

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: So many of 100 suggestions are to be right, where the person names no other number.
GOAL = 98
HIGHEST_GOAL = 99  # more than that takes nearly every photo

_OTHER_MODEL = text("another model is in use now")
_OTHER_SUGGESTIONS = text("the suggestions have changed since")
_NEW_PHOTOS = text("there are new photos")


@dataclass(frozen=True, slots=True)
class CheckSampleRequest:
    """Draw photos of a folder, or go on with the ones drawn before.

    Attributes:
        roots: The folder, or folders and single photos together.
        goal: So many of 100 suggestions are to be right, 1 to `HIGHEST_GOAL`.
        include: Check the suggestions that such a sort would file.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the collection's.
        seed: Of the random order; None for another one each time.
    """

    roots: Roots
    goal: int = GOAL
    include: Include = Include.ALL
    device: str = "auto"
    backbone: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        """Refuse a goal that no sample shows.

        Raises:
            ValueError: the goal is not within its limits.
        """
        if not 1 <= self.goal <= HIGHEST_GOAL:
            raise ValueError(f"the goal is 1 to {HIGHEST_GOAL} of 100, not {self.goal}")


@dataclass(frozen=True, slots=True)
class DrawnPhoto:
    """A photo of the sample.

    Attributes:
        photo_id: The photo.
        path: One of its places.
        class_id: The suggestion that is checked.
        confidence: Its calibrated probability now.
        verdict: How reliable the model says it is now.
    """

    photo_id: int
    path: Path
    class_id: int
    confidence: float
    verdict: Verdict


@dataclass(frozen=True, eq=False)  # without slots: `cached_property` needs a dictionary
class SampleCheck:
    """A check as it stands. Skipped photos, and those that are gone, count as wrong where right ones are counted.

    Attributes:
        sample: The photos in the order drawn, with their suggestions.
        goal: So many of 100 are to be right.
        rows: The photos of the folder now.
        answers: By photo id; a label answers too, whoever gave it.
        withdrawn: Says that an earlier check was withdrawn just now, and why; "" if none was.
    """

    sample: StoredSample
    goal: int
    rows: PhotoRows
    answers: Mapping[int, Answer]
    withdrawn: str = ""

    # -- the sample

    @property
    def photos(self) -> int:
        """Number of photos that the statement is about."""
        return len(self.sample.photo_ids)

    @cached_property
    def drawn(self) -> list[Answer]:
        """The answers in the order drawn, up to the first photo without one.

        Later answers count once the gap is filled: only then is the sample a random one.
        """
        found: list[Answer] = []
        for photo_id, row in zip(self.sample.photo_ids.tolist(), self._row_of.tolist(), strict=True):
            if photo_id not in self.answers and row >= 0:
                break
            found.append(self.answers.get(photo_id, Answer.SKIPPED))
        return found

    @property
    def checked(self) -> int:
        """Number of suggestions that were found right or wrong."""
        return len(self.drawn) - self.skipped

    @property
    def wrong(self) -> int:
        """Number of them that are wrong."""
        return self.drawn.count(Answer.WRONG)

    @property
    def skipped(self) -> int:
        """Number of photos drawn before others that were skipped or are gone."""
        return self.drawn.count(Answer.SKIPPED)

    # -- what it says

    @cached_property
    def at_least(self) -> int:
        """At least so many of 100 suggestions are right, 95 % sure."""
        return right_at_least(self.photos, self._not_right)

    @property
    def reached(self) -> bool:
        """Whether the goal is reached, 95 % sure."""
        return self.at_least >= self.goal

    @cached_property
    def missed(self) -> bool:
        """Whether fewer suggestions than the goal are right, 95 % sure."""
        return not self.reached and right_fewer_than(self.photos, len(self.drawn), self.wrong, self.goal)

    @cached_property
    def needed(self) -> int | None:
        """How many more photos have to be right to reach the goal; None where it cannot be reached any more."""
        return checks_needed(self.photos, self._not_right, self.goal)

    @cached_property
    def done(self) -> bool:
        """Whether there is no photo left to ask about."""
        return not self.next_photos(1)

    @property
    def statement(self) -> Text:
        """How many suggestions are right, in a sentence."""
        right = self.checked - self.wrong
        if len(self.drawn) == self.photos and not self.skipped:
            return text("All photos are checked: {right} of {photos} are right.", right=right, photos=self.photos)
        if self.missed:
            return text("Fewer than {goal} of 100 are right, 95 % sure ({tally}).", goal=self.goal, tally=self.tally)
        if not self.at_least:
            return text("Too few are checked to say how many are right ({tally}).", tally=self.tally)
        return text("At least {right} of 100 are right, 95 % sure ({tally}).", right=self.at_least, tally=self.tally)

    @property
    def outlook(self) -> Text:
        """What is left to do, in a sentence; "" where nothing is."""
        if self.done:
            return text("")
        if self.needed is None:
            return text("To reach {goal} of 100, answer the photos you skipped.", goal=self.goal)
        return plural(
            "{number} more photo, if it is right, makes it {goal} of 100.",
            "{number} more photos, if all are right, make it {goal} of 100.",
            self.needed,
            goal=self.goal,
        )

    @property
    def tally(self) -> Text:
        """How many were checked and wrong, as a part of a sentence."""
        counts = {"checked": self.checked, "photos": self.photos, "wrong": self.wrong, "skipped": self.skipped}
        if self.skipped:
            return text("{checked} of {photos} checked, {wrong} wrong, {skipped} skipped or gone", **counts)
        return text("{checked} of {photos} checked, {wrong} wrong", **counts)

    # -- the photos

    def next_photos(self, count: int | None = None) -> tuple[DrawnPhoto, ...]:
        """The photos to ask about next, in the order drawn; then those that were skipped, where the rest is too few.

        Args:
            count: At most so many; None for as many as the goal needs if all are right.
        """
        if self.reached or self.missed:
            return ()
        wanted = count or self.needed or self.photos
        asked = self._with_answer(None, wanted)
        if self.needed is not None:
            return asked
        if_right = [answer is Answer.WRONG for answer in self.drawn]
        asked = asked[: checks_needed(self.photos, if_right, self.goal) or 0]
        return (*asked, *self._with_answer(Answer.SKIPPED, wanted - len(asked)))

    def _with_answer(self, answer: Answer | None, count: int) -> tuple[DrawnPhoto, ...]:
        """The first photos that are there and have an answer, or none."""
        found: list[DrawnPhoto] = []
        for at in range(0 if answer else len(self.drawn), self.photos):
            if len(found) == count:
                break
            if self.answers.get(int(self.sample.photo_ids[at])) is answer and self._row_of[at] >= 0:
                found.append(self._photo(at))
        return tuple(found)

    def photo_at(self, path: Path) -> DrawnPhoto | None:
        """The photo of the sample at a path; None where there is none."""
        try:
            photo_id = self.rows.photo_ids[self.rows.paths.index(path)]
        except ValueError:
            return None
        at = np.flatnonzero(self.sample.photo_ids == photo_id)
        return self._photo(int(at[0])) if len(at) else None

    @property
    def _not_right(self) -> list[bool]:
        return [answer is not Answer.RIGHT for answer in self.drawn]

    @cached_property
    def _row_of(self) -> NDArray[np.intp]:
        """(N,) intp: the row of each photo drawn; -1 where it is gone."""
        return _first_rows(self.rows, self.sample.photo_ids)

    def _photo(self, at: int) -> DrawnPhoto:
        row = int(self._row_of[at])
        return DrawnPhoto(
            int(self.sample.photo_ids[at]),
            self.rows.paths[row],
            int(self.sample.class_ids[at]),
            float(self.rows.confidences[row]),
            Verdict(int(self.rows.verdicts[row])),
        )


def check_sample(engine: Engine, request: CheckSampleRequest, report: Report, cancel: CancelToken) -> SampleCheck:
    """Predict a folder, and draw photos from it or go on with the ones drawn before.

    Raises:
        FolderUnusable: the folder is missing or forbidden; of several, all are.
        TooFewPhotos: no photo of the folder has a suggestion to check.
        WeightsMissing: the network's weights are not on this computer.
        Cancelled: asked to stop.
    """
    roots = absolute_roots(request.roots)
    result = predict_settled(engine, PredictFolderRequest(roots, request.device, request.backbone), report, cancel)
    return _begin(engine, request, roots, result.rows)


def check_known_sample(engine: Engine, request: CheckSampleRequest, report: Report, cancel: CancelToken) -> SampleCheck:
    """As `check_sample`, for a folder that is open in the window: the photos are not looked for again.

    Raises:
        TooFewPhotos: no photo of the folder has a suggestion to check.
    """
    del report, cancel  # it takes a fraction of a second
    roots = absolute_roots(request.roots)
    return _begin(engine, request, roots, folder_rows(engine, roots))


def answer_sample(collection: CollectionStore, check: SampleCheck, photo_id: int, answer: Answer | None) -> SampleCheck:
    """Store the answer about a photo; None takes it back. A right suggestion becomes the photo's label.

    Returns:
        The check as it stands then.

    Raises:
        UserError: the class was deleted meanwhile, or the disk refuses; nothing was stored.
    """
    class_id = int(check.sample.class_ids[check.sample.photo_ids == photo_id][0])
    with collection.database.transaction():
        if answer is Answer.RIGHT:
            name = next((entry.name for entry in collection.classes.all() if entry.id == class_id), None)
            if name is None:
                raise UserError(text("The answer was not stored"), text("the suggested class was deleted"))
            collection.classes.resolve(name, ClassOrigin.PERSON)  # a class of a model becomes the person's
            collection.labels.assign([photo_id], class_id, LabelOrigin.PERSON)
        elif (label := collection.labels.get([photo_id]).get(photo_id)) and label.class_id == class_id:
            collection.labels.clear([photo_id])  # it says that the suggestion is right
        collection.sample_checks.set_answer(check.sample.id, photo_id, answer)
    return replace(check, answers=_answers(collection, check.sample), withdrawn="")


def _begin(engine: Engine, request: CheckSampleRequest, roots: tuple[Path, ...], rows: PhotoRows) -> SampleCheck:
    collection = engine.collection
    model = _model_name(engine, request.backbone)
    sample, withdrawn = collection.sample_checks.find(roots, request.include), ""
    if sample is not None and (why := _outdated(sample, model, rows)):
        collection.sample_checks.withdraw(sample.id, why)
        before = SampleCheck(sample, request.goal, rows, collection.sample_checks.answers(sample.id))
        sample, withdrawn = None, _withdrawn(before, why)
    if sample is None:
        sample = collection.sample_checks.add(_draw(collection, request, roots, model, rows))
    return SampleCheck(sample, request.goal, rows, _answers(collection, sample), withdrawn)


def _draw(
    collection: CollectionStore, request: CheckSampleRequest, roots: tuple[Path, ...], model: str, rows: PhotoRows
) -> StoredSample:
    """Put the photos with a suggestion and without a label into a random order."""
    verdicts = [int(verdict) for verdict in INCLUDED_VERDICTS[request.include]]
    readable = (rows.photo_ids > 0) & np.array([error is None for error in rows.errors], np.bool_)
    asked = readable & (rows.label_ids == 0) & (rows.class_ids > 0) & np.isin(rows.verdicts, verdicts)
    by_hash, _ = collection.photos.by_hash(np.unique(rows.photo_ids[asked]))  # the same whatever the files are called
    if not len(by_hash):
        raise _nothing_to_check(rows, readable)
    drawn = np.random.default_rng(request.seed).permutation(by_hash)
    others = np.setdiff1d(rows.photo_ids[rows.photo_ids > 0], drawn)
    return StoredSample(0, roots, request.include, model, drawn, rows.class_ids[_first_rows(rows, drawn)], others)


def _nothing_to_check(rows: PhotoRows, readable: NDArray[np.bool_]) -> TooFewPhotos:
    what = text("There is nothing to check")
    if not readable.any():
        return TooFewPhotos(what, text("there are no photos in the folder"))
    if not rows.class_ids.any():
        return TooFewPhotos(what, text("there is no model yet"), text("Label some photos, then retrain"))
    return TooFewPhotos(what, text("every photo has a label, or no suggestion of that kind"))


def _outdated(sample: StoredSample, model: str, rows: PhotoRows) -> Text | None:
    """Why a sample does not hold any more; None where it does."""
    if sample.model != model:
        return _OTHER_MODEL
    at = _first_rows(rows, sample.photo_ids)
    now = rows.class_ids[at[at >= 0]]
    if np.any((now > 0) & (now != sample.class_ids[at >= 0])):
        return _OTHER_SUGGESTIONS
    new = rows.photo_ids[(rows.photo_ids > 0) & (rows.label_ids == 0)]
    if len(np.setdiff1d(new, np.concatenate([sample.photo_ids, sample.other_ids]))):
        return _NEW_PHOTOS
    return None


def _withdrawn(check: SampleCheck, why: str) -> Text:
    return text(
        "The check of {date} does not hold any more ({tally}): {why}.",
        date=check.sample.started_at[:10],
        tally=check.tally,
        why=why,
    )


def _answers(collection: CollectionStore, sample: StoredSample) -> dict[int, Answer]:
    """The answers by photo id; where a photo has a label, that says whether the suggestion is right."""
    labels = collection.labels.get(sample.photo_ids)
    suggested = dict(zip(sample.photo_ids.tolist(), sample.class_ids.tolist(), strict=True)) if labels else {}
    answers = collection.sample_checks.answers(sample.id)
    return answers | {
        photo_id: Answer.RIGHT if label.class_id == suggested[photo_id] else Answer.WRONG
        for photo_id, label in labels.items()
    }


def _model_name(engine: Engine, backbone: str | None) -> str:
    name = chosen_backbone(engine.collection, backbone)
    named = model_for(engine, name)
    return "" if named is None else f"{name}/{'starter' if named.id is None else named.id}"


def _first_rows(rows: PhotoRows, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
    """(N,) intp: the first row of each photo, -1 where it has none."""
    known, first = np.unique(rows.photo_ids, return_index=True)
    if not len(known):
        return np.full(len(photo_ids), -1, np.intp)
    at = np.minimum(np.searchsorted(known, photo_ids), len(known) - 1)
    return np.where(known[at] == photo_ids, first[at], -1)
