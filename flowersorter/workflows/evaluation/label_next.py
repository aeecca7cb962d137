"""Suggests photos to label next, with the accuracy of each class and the expected gain from more labels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.figures import Gain, wilson_interval
from flowersorter.domain.place import Places
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import FolderUnusable, TooFewPhotos
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import text
from flowersorter.photos.scan import Roots, absolute_roots, check_folder, looks_like_photo
from flowersorter.vision.classifier.active_selection import MOST_CONSIDERED
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.classifier.learning_curve import PowerLawPosterior, measure_curve
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.features.near_duplicates import joined
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.views import CENTRE
from flowersorter.workflows.evaluation.cross_validated_labels import CrossValidatedLabels, second_opinion
from flowersorter.workflows.evaluation.held_out_labels import held_out_labels
from flowersorter.workflows.labelling.choose_groups import (
    MOST_SUGGESTIONS,
    Choice,
    LookAlikeGroup,
    choose_groups,
    grouped_photos,
    without_answer,
)
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.models.sure_precision import keeping_precision
from flowersorter.workflows.predicting.predict_folder import predict_together
from flowersorter.workflows.training.prepare_features import embed_for_measuring, embed_labelled
from flowersorter.workflows.training.training_set import labelled_photos, with_starter_of

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Number of further photos for which the gain is estimated.
MORE = 10
#: A smaller gain than this, from `MORE` photos or twice as many, is not worth the work.
ENOUGH_GAIN, ENOUGH_GAIN_OF_TWICE = 0.005, 0.01
_SEED = 42


@dataclass(frozen=True, slots=True)
class LabelNextRequest:
    """Suggest photos to label next.

    Attributes:
        roots: Choose among the photos of a folder, or of several; None for every photo the collection knows.
        count: Number of photos to choose.
        backbone: Name, or None for the collection's.
        passed_over: Photos that were chosen before: those still without a label seem to have no class, and are not
            chosen again.
        device: "auto", "cpu" or "cuda"; for photos without an embedding.
    """

    roots: Roots | None = None
    count: int = MORE
    backbone: str | None = None
    passed_over: frozenset[int] = frozenset()
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Standing:
    """The accuracy of a class, or of all together, on held-out photos.

    Attributes:
        class_id: 0 for all classes together.
        name: "" for all classes together.
        photos: Labelled photos of the person.
        accuracy: Fraction of them predicted right; None if there are too few to tell.
        interval: 95 % interval of that.
        sure: Fraction of them that would be sure; None if there are too few to tell.
        gain: Expected gain from `MORE` more photos: for a class, if the others grew likewise; for all together, `MORE`
            of each. None if there are too few photos to tell.
        twice: The same for twice as many photos.
        measured: Number of held-out photos, the base of the fractions.
    """

    class_id: int
    name: str
    photos: int
    accuracy: float | None
    interval: tuple[float, float]
    sure: float | None
    gain: Gain | None
    twice: Gain | None = None
    measured: int = 0

    @property
    def hardly_more(self) -> bool:
        """Whether `MORE` more photos would hardly improve the accuracy."""
        return self.gain is not None and self.gain.likely < ENOUGH_GAIN

    @property
    def enough(self) -> bool:
        """Whether even twice as many photos would hardly improve the accuracy."""
        return self.hardly_more and self.twice is not None and self.twice.likely < ENOUGH_GAIN_OF_TWICE


@dataclass(frozen=True, slots=True)
class LabelNextResult:
    """The photos to label next, with the reasons.

    Attributes:
        overall: All classes together.
        classes: Each class with a labelled photo, the largest gain first.
        next: The photos to label, the most useful first, each with those that look like it.
        unlabelled: Number of photos without a label among which they were chosen.
        verdicts: (P,) uint8, of the suggestions for the photos without an answer, as `as_predicted` finds them.
    """

    overall: Standing
    classes: tuple[Standing, ...]
    next: tuple[LookAlikeGroup, ...]
    unlabelled: int
    verdicts: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8), compare=False)


def label_next(engine: Engine, request: LabelNextRequest, report: Report, cancel: CancelToken) -> LabelNextResult:
    """Measure the accuracy and choose photos to label next, from cached embeddings if possible.

    Raises:
        FolderUnusable: no photo in the folder has been scanned yet.
        WeightsMissing: no photo is embedded, and the backbone's weights are not on this computer.
        Cancelled: asked to stop.
    """
    collection = engine.collection
    if request.roots is not None:
        _check_looked_at(collection, request.roots)
    backbone = chosen_backbone(collection, request.backbone)
    embed_for_measuring(engine, backbone, request.device, report, cancel)
    report(Progress(text("Estimating how much more labelling would help"), 0))
    counts = collection.labels.counts()
    names = {entry.id: entry.name for entry in collection.classes.all()}
    overall = _unknown(0, "", sum(counts.values()))
    classes = {class_id: _unknown(class_id, names[class_id], photos) for class_id, photos in counts.items()}
    try:
        opinion = second_opinion(engine, backbone, cancel)
    except TooFewPhotos:
        model, known = _before_any_fit(engine, backbone)
    else:
        model, known = opinion.fitted.model, opinion.photos.features
        overall, measured = _measured(engine, opinion, overall, cancel)
        classes.update(measured)
    report(Progress(text("Choosing what to label next"), 0))
    places = _places(engine, request)
    wanted = np.setdiff1d(
        without_answer(engine.collection, places.known_photo_ids), np.array(list(request.passed_over), np.int64)
    )
    if len(collection.embeddings(backbone).missing(collection.photos.hashes(wanted)[1], CENTRE)) == len(wanted):
        some = _drawn(engine, wanted)  # all are lost
        embed_labelled(engine, request.device, some.tolist(), CENTRE, backbone, report, cancel)
    passed_over = sorted(request.passed_over - set(collection.labels.all()))
    choice = Choice(places, backbone, model, known, wanted, passed_over)
    grouped = grouped_photos(engine, backbone, places.known_photo_ids, cancel)
    chosen = choose_groups(engine, choice, grouped, request.count, cancel)
    return LabelNextResult(overall, tuple(sorted(classes.values(), key=_most_gain_first)), chosen, len(wanted))


def as_predicted(
    engine: Engine, request: LabelNextRequest, advice: LabelNextResult, cancel: CancelToken
) -> LabelNextResult:
    """Give the photos to label the suggestions and verdicts that `predict_together` finds, and keep all verdicts.

    Their own suggestions are of a model fitted on the present labels, photo by photo. That need not be the model in
    use, and a folder shows which of its photos are unknown.

    Raises:
        Cancelled: asked to stop.
    """
    backbone = chosen_backbone(engine.collection, request.backbone)
    roots = () if request.roots is None else absolute_roots(request.roots)
    places = _places(engine, request)
    found, _ = predict_together(engine, places, backbone, cancel, roots)
    if found is None:
        return advice
    unanswered = np.isin(found.photo_ids, without_answer(engine.collection, places.known_photo_ids))
    predicted = found.verdicts[unanswered & (found.verdicts != Verdict.NONE)]
    verdicts = dict(zip(found.photo_ids.tolist(), map(Verdict, found.verdicts.tolist()), strict=True))
    groups = tuple(
        replace(group, top=found.top(group.photo_id, MOST_SUGGESTIONS), verdict=verdicts[group.photo_id])
        if group.photo_id in verdicts
        else group
        for group in advice.next
    )
    return replace(advice, next=groups, verdicts=predicted)


def _check_looked_at(collection: CollectionStore, roots: Roots) -> None:
    if len(collection.photos.places_under(roots)):
        return
    folder = absolute_roots(roots)[0]
    if not looks_like_photo(folder):
        check_folder(folder)
    raise FolderUnusable(
        text("There is nothing to choose from in {folder}", folder=folder),
        text("none of its photos have been scanned yet"),
        text("Open the folder in the window, or run flowersorter predict"),
    )


def _before_any_fit(engine: Engine, backbone: str) -> tuple[Model | None, Features]:
    """Return the active model, and the features of the labelled photos."""
    named = model_for(engine, backbone)
    own = labelled_photos(engine, backbone, engine.collection.labels.class_ids())
    photos = with_starter_of(named, engine.collection, own)
    return named.model if named is not None else None, photos.features


def _unknown(class_id: int, name: str, photos: int) -> Standing:
    return Standing(class_id, name, photos, None, (0.0, 1.0), None, None)


def _most_gain_first(standing: Standing) -> tuple[float, int, str]:
    """Order classes by gain; a class without a figure needs photos most."""
    gain = standing.gain.likely if standing.gain is not None else 1.0
    return -gain, standing.photos, standing.name


def _measured(
    engine: Engine, opinion: CrossValidatedLabels, overall: Standing, cancel: CancelToken
) -> tuple[Standing, dict[int, Standing]]:
    """Measure the accuracy of the classes on held-out photos, and the gain from more labels."""
    photos, held_out, model = opinion.photos, opinion.fitted.held_out, opinion.fitted.model
    own = held_out.own
    measured = held_out_labels(engine, photos, opinion.fitted, model.backbone)
    if not own.any() or not len(measured.rows):
        return overall, {}
    right, targets = measured.right, measured.targets
    confidence = softmax(held_out.logits[own] / np.float32(model.temperature)).max(axis=1)
    thresholds = keeping_precision(engine, model).thresholds
    could = (confidence >= thresholds.sure) & (held_out.ood_score[own] <= model.ood_detector.familiar)
    sure = np.isin(measured.rows, held_out.rows[own][could])
    accuracy = float(right.mean())
    groups = joined(opinion.fitted.state.groups, photos.bursts)
    curve = measure_curve(photos.examples, photos.class_names, (accuracy, len(right)), cancel, groups=groups)
    everything = len(photos.targets)
    classes_of = engine.collection.labels.counts()
    classes: dict[int, Standing] = {}
    for target, name in enumerate(photos.class_names):
        here = targets == target
        entry = engine.collection.classes.find(name)
        if entry is None or not here.any():  # a class of the starter alone
            continue
        learned = int(np.count_nonzero(photos.targets == target))
        classes[entry.id] = Standing(
            class_id=entry.id,
            name=entry.name,
            photos=classes_of[entry.id],
            measured=int(here.sum()),
            accuracy=float(right[here].mean()),
            interval=wilson_interval(int(right[here].sum()), int(here.sum())),
            sure=float(sure[here].mean()),
            gain=_class_gain(curve, right[here], 1 - accuracy, everything, (learned + MORE) / learned),
            twice=_class_gain(curve, right[here], 1 - accuracy, everything, 2),
        )
    whole = Standing(
        class_id=0,
        name="",
        photos=overall.photos,
        measured=len(right),
        accuracy=accuracy,
        interval=wilson_interval(int(right.sum()), len(right)),
        sure=float(sure.mean()),
        gain=curve.gain(everything, everything + MORE * len(photos.class_names)),
        twice=curve.gain(everything, 2 * everything),
    )
    return whole, classes


def _class_gain(
    curve: PowerLawPosterior, right: NDArray[np.bool_], usual_error: float, everything: int, times: float
) -> Gain:
    """Estimate the gain of a class when it and all others grow by this factor.

    Growing alone it would gain more, mostly at the expense of the others: ten more photos of one of five flowers (ten
    each) improved its own accuracy by 11 points and that of all by 1 point; ten more of each improved it by 8.
    """
    errors = (float(np.count_nonzero(~right)) + usual_error) / (len(right) + 1)
    share = curve.relative_gain(everything, everything * times)
    return Gain(share.low * errors, share.likely * errors, share.high * errors)


def _drawn(engine: Engine, photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sample the photos, `MOST_CONSIDERED` at most."""
    photo_ids, _ = engine.collection.photos.by_hash(photo_ids)
    if len(photo_ids) <= MOST_CONSIDERED:
        return photo_ids
    drawn = np.random.default_rng(_SEED).choice(len(photo_ids), MOST_CONSIDERED, replace=False)
    return photo_ids[np.sort(drawn)]


def _places(engine: Engine, request: LabelNextRequest) -> Places:
    if request.roots is not None:
        return engine.collection.photos.places_under(request.roots)
    places = engine.collection.photos.all_places(left_out=False)
    return places.take(np.flatnonzero(~places.missing))
