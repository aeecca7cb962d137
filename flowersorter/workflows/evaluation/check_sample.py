"""Checks a random sample of the suggestions of a folder, and says how many of all of them are right.

The photos without a label are put into a random order once, with their suggestions, and stored: every statement is
about these photos and these suggestions, also when they have labels later. These labels may change the suggestions of a
few other photos of the folder: such photos count as wrong. Where so many change that the goal cannot be reached, the
check is withdrawn and a new one begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import NO_ANSWERS, LeftOutOf, Mark, PhotoAnswers
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import TooFewPhotos, UserError
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.sample_checks import StoredSample
from flowersorter.messages import Text, text
from flowersorter.photos.scan import Roots, absolute_roots
from flowersorter.workflows.evaluation.checked_sample import GOAL, LOOSER_GOAL, CheckedSample, first_rows
from flowersorter.workflows.evaluation.sample_bound import checks_needed
from flowersorter.workflows.evaluation.stored_check import answers_of, model_name, why_outdated
from flowersorter.workflows.filing.sort import Include, chosen_rows
from flowersorter.workflows.predicting.photo_details import folder_rows
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest
from flowersorter.workflows.predicting.settled_labels import predict_settled

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: The choices that a check tries in turn, where no photo has a suggestion of the one before.
_WIDER = {Include.SURE: (Include.SURE, Include.LIKELY, Include.ALL), Include.LIKELY: (Include.LIKELY, Include.ALL)}
HIGHEST_GOAL = 99  # a higher goal takes nearly every photo
#: Most photos that are listed as those to look at first.
MOST_DOUBTFUL = 60


@dataclass(frozen=True, slots=True)
class CheckSampleRequest:
    """Draw photos of a folder, or go on with the ones drawn before.

    Attributes:
        roots: The folder, or folders and single photos together.
        goal: The number of suggestions of 100 that are to be right, 1 to `HIGHEST_GOAL`.
        include: Check the suggestions that such a sort would file; where there are none, less certain ones too.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the collection's.
        seed: Of the random order; None for another one each time.
        left_out: As in `SortRequest`: such a suggestion is not sorted, so it is not drawn either.
    """

    roots: Roots
    goal: int = GOAL
    include: Include = Include.ALL
    device: str = "auto"
    backbone: str | None = None
    seed: int | None = None
    left_out: LeftOutOf = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a goal that no sample shows.

        Raises:
            ValueError: the goal is not within its limits.
        """
        if not 1 <= self.goal <= HIGHEST_GOAL:
            raise ValueError(f"the goal is 1 to {HIGHEST_GOAL} of 100, not {self.goal}")


def check_sample(engine: Engine, request: CheckSampleRequest, report: Report, cancel: CancelToken) -> CheckedSample:
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


def check_known_sample(
    engine: Engine, request: CheckSampleRequest, report: Report, cancel: CancelToken
) -> CheckedSample:
    """As `check_sample`, for a folder that is open in the window: it is not scanned again.

    Raises:
        TooFewPhotos: no photo of the folder has a suggestion to check.
    """
    del report, cancel  # it takes a fraction of a second
    roots = absolute_roots(request.roots)
    return _begin(engine, request, roots, folder_rows(engine, roots))


@dataclass(frozen=True, slots=True, eq=False)
class SampleOffer:
    """The state of a check of the suggestions that a sort would file, or the size of a new check.

    Attributes:
        photos: Number of photos with such a suggestion and without a label.
        needed: Number of them, drawn at random, that have to be checked if all are right.
        check: The present check of the folder; None if there is none that holds.
        doubtful: (M,) int64, places of the photos to look at first: wrong ones, then the least certain.
        needed_for_looser: As `needed`, if `LOOSER_GOAL` is enough.
    """

    photos: int
    needed: int
    check: CheckedSample | None
    doubtful: NDArray[np.int64]
    needed_for_looser: int = 0


def sample_offer(engine: Engine, request: CheckSampleRequest) -> SampleOffer:
    """Return the state of a stored check of an open folder, or the size of a new one; draws and stores nothing."""
    collection, roots = engine.collection, absolute_roots(request.roots)
    rows = folder_rows(engine, roots)
    asked = _asked(rows, request)
    photos = len(np.unique(rows.photo_ids[asked]))
    sample, check = collection.sample_checks.find(roots, request.include), None
    if sample is not None:
        check = CheckedSample(sample, request.goal, rows, answers_of(collection, sample))
        if why_outdated(collection, check, model_name(engine, request.backbone)) is not None:
            check = None
    answers = {} if check is None else check.answers
    wrong = np.isin(rows.photo_ids, [each for each, answer in answers.items() if answer is CheckAnswer.WRONG])
    doubtful = np.flatnonzero(asked | (wrong & (rows.label_ids == 0)))  # a wrong suggestion is not made again
    order = np.lexsort((rows.confidences[doubtful], ~wrong[doubtful]))
    needed, looser = ((checks_needed(photos, [], goal) or 0) if photos else 0 for goal in (request.goal, LOOSER_GOAL))
    return SampleOffer(photos, needed, check, rows.place_ids[doubtful[order[:MOST_DOUBTFUL]]], looser)


def answer_sample(
    collection: CollectionStore, check: CheckedSample, photo_id: int, answer: CheckAnswer | None
) -> CheckedSample:
    """Store the answer about a photo; None removes it. A right suggestion becomes the photo's label.

    A wrong one is a class that the photo does not show: it is not suggested again.

    Returns:
        The check as it stands then.

    Raises:
        UserError: the class was deleted meanwhile, or the disk refuses; nothing was stored.
    """
    class_id = check.suggestion(photo_id)
    with collection.database.transaction():
        if answer is CheckAnswer.RIGHT:
            name = next((entry.name for entry in collection.classes.all() if entry.id == class_id), None)
            if name is None:
                raise UserError(text("The answer was not stored"), text("the suggested class was deleted"))
            collection.classes.resolve(name, ClassOrigin.PERSON)  # a class of a model becomes the person's
            collection.labels.assign([photo_id], class_id, LabelOrigin.PERSON)
        elif (label := collection.labels.get([photo_id]).get(photo_id)) and label.class_id == class_id:
            collection.labels.clear([photo_id])  # the label says that the suggestion is right
        before = collection.answers.get([photo_id]).get(photo_id, NO_ANSWERS)
        rejected = before.rejected | {class_id} if answer is CheckAnswer.WRONG else before.rejected - {class_id}
        if rejected != before.rejected:
            collection.answers.put({photo_id: replace(before, rejected=rejected)})
        collection.sample_checks.set_answer(check.sample.id, photo_id, answer)
    return replace(check, answers=answers_of(collection, check.sample), withdrawn="")


def answer_sample_undoably(
    collection: CollectionStore, check: CheckedSample, photo_id: int, answer: CheckAnswer
) -> tuple[CheckedSample, PhotoAnswers]:
    """Store the answer about a photo as `answer_sample` does.

    Returns:
        The check after that, and the previous other answers about the photo, for `take_back_answer`: a label removes
        those that contradict it.
    """
    with collection.database.transaction():
        before = collection.answers.get([photo_id]).get(photo_id, NO_ANSWERS)
        return answer_sample(collection, check, photo_id, answer), before


def take_back_answer(
    collection: CollectionStore, check: CheckedSample, photo_id: int, answer: CheckAnswer | None, before: PhotoAnswers
) -> CheckedSample:
    """Restore the answer about a photo, None for none, and the other answers about it.

    Returns:
        The check as it stands then.

    Raises:
        UserError: the class was deleted meanwhile, or the disk refuses; nothing was stored.
    """
    with collection.database.transaction():
        check = answer_sample(collection, check, photo_id, answer)
        collection.answers.put({photo_id: before})
    return check


def _begin(engine: Engine, request: CheckSampleRequest, roots: tuple[Path, ...], rows: PhotoRows) -> CheckedSample:
    collection, withdrawn, widened = engine.collection, "", ""
    model, chosen = model_name(engine, request.backbone), request.include
    for include in _WIDER.get(chosen, (chosen,)):
        request, widened = replace(request, include=include), _why_wider(chosen, include)
        sample = collection.sample_checks.find(roots, include)
        if sample is not None:
            check = CheckedSample(sample, request.goal, rows, answers_of(collection, sample), withdrawn, widened)
            why = why_outdated(collection, check, model)
            if why is None:
                return check
            collection.sample_checks.withdraw(sample.id, why)
            withdrawn = _withdrawn(replace(check, answers=collection.sample_checks.answers(sample.id)), why)
        if _asked(rows, request).any():
            break
    sample = collection.sample_checks.add(_draw(collection, request, roots, model, rows))
    return CheckedSample(sample, request.goal, rows, answers_of(collection, sample), withdrawn, widened)


def _why_wider(chosen: Include, include: Include) -> str:
    """Say why a check is about more suggestions than were chosen; "" where it is not."""
    if include is chosen:
        return ""
    if include is Include.LIKELY:
        return text("No suggestion is sure here, so the likely ones are checked too.")
    return text("No suggestion is sure or likely here, so all others but the unknown ones are checked.")


def _draw(
    collection: CollectionStore, request: CheckSampleRequest, roots: tuple[Path, ...], model: str, rows: PhotoRows
) -> StoredSample:
    """Put the photos with a suggestion and without a label into a random order."""
    asked = _asked(rows, request)
    by_hash, _ = collection.photos.by_hash(np.unique(rows.photo_ids[asked]))  # the same whatever the files are called
    if not len(by_hash):
        raise _nothing_to_check(rows)
    drawn = np.random.default_rng(request.seed).permutation(by_hash)
    others = np.setdiff1d(rows.photo_ids[rows.photo_ids > 0], drawn)
    return StoredSample(0, roots, request.include, model, drawn, rows.class_ids[first_rows(rows, drawn)], others)


def _asked(rows: PhotoRows, request: CheckSampleRequest) -> NDArray[np.bool_]:
    """(N,) bool: the photos with a suggestion that such a sort files, and without a label."""
    asked: NDArray[np.bool_] = chosen_rows(rows, request.include, request.left_out) & (rows.label_ids == 0)
    return asked & _readable(rows)


def _readable(rows: PhotoRows) -> NDArray[np.bool_]:
    readable: NDArray[np.bool_] = (rows.photo_ids > 0) & np.array([error is None for error in rows.errors], np.bool_)
    return readable


def _nothing_to_check(rows: PhotoRows) -> TooFewPhotos:
    what = text("There is nothing to check")
    if not _readable(rows).any():
        return TooFewPhotos(what, text("there are no photos in the folder"))
    waiting = _readable(rows) & (rows.label_ids == 0) & (rows.marks == Mark.NONE)
    if not waiting.any():
        return TooFewPhotos(what, text("every photo has a label or another answer"))
    if not rows.class_ids[waiting].any():
        return TooFewPhotos(what, text("there is no model yet"), text("Label some photos, then train"))
    if (rows.verdicts[waiting] == Verdict.UNKNOWN).all():
        return TooFewPhotos(
            what,
            text("all photos without an answer look like none of your classes, so none would be sorted"),
            text("Label some of them first"),
        )
    return TooFewPhotos(what, text("no photo without an answer has a suggestion that would be sorted"))


def _withdrawn(check: CheckedSample, why: str) -> Text:
    return text(
        "The check of {date} does not hold any more ({tally}): {why}.",
        date=check.sample.started_at[:10],
        tally=check.tally,
        why=why,
    )
