"""Results of the Python API: frozen, typed, of plain values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from flowersorter.api.short_repr import short_repr
from flowersorter.domain import verdict

if TYPE_CHECKING:
    from flowersorter.domain.photo_rows import PhotoRows
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.labelling.groups import GroupsResult
    from flowersorter.workflows.models.current_model import NamedModel
    from flowersorter.workflows.predicting.predict_folder import PredictFolderResult
    from flowersorter.workflows.predicting.predict_photos import PhotoPrediction

Verdict: TypeAlias = Literal["sure", "likely", "unsure", "unknown"]
_IN_WORDS = {"sure": "sure", "likely": "likely", "unsure": "not sure", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction of a model for one photo.

    Attributes:
        class_name: The most likely class; "" where a person said that the photo shows none of them, and for a photo
            that cannot be read.
        confidence: Its calibrated probability, 0 to 1.
        verdict: How reliable the prediction is; "unknown" means that the photo shows none of the classes.
        top: (class name, probability) of up to five classes, likeliest first.
        looks_like: The ImageNet class that an "unknown" photo resembles; None for other photos, and where it
            resembles none.
        error: The reason why the photo cannot be read; None for a readable photo.
        model: Number of the model that made it, or "starter"; None where that is not known.
        model_created_at: When that model was made, ISO 8601 in UTC; "" for the starter model.
        reason: Why the photo is less than "sure" though its confidence would do; "" for any other photo, and where a
            whole folder is predicted.
    """

    class_name: str
    confidence: float
    verdict: Verdict
    top: tuple[tuple[str, float], ...]
    looks_like: str | None = None
    error: str | None = None
    model: int | Literal["starter"] | None = None
    model_created_at: str = field(default="", compare=False)
    reason: str = field(default="", compare=False)

    def __str__(self) -> str:
        if self.error is not None:
            return f"cannot be read: {self.error}"
        like = f", looks like: {self.looks_like}" if self.looks_like else ""
        like += f"; {self.reason}" if self.reason else ""
        if self.verdict == "unknown":  # no class of the person's, so none is named
            return f"{_IN_WORDS[self.verdict]}{like}"
        level, sure_precision = verdict.Verdict[self.verdict.upper()], verdict.DEFAULT_SURE_PRECISION
        is_number = verdict.has_percentage(level, self.confidence, sure_precision, with_reason=bool(self.reason))
        number = f"{100 * self.confidence:.0f} %, " if is_number else ""
        return f"{self.class_name} ({number}{_IN_WORDS[self.verdict]}{like})"


@dataclass(frozen=True, slots=True)
class Expectation:
    """The accuracy to expect on the unlabelled photos of a folder, estimated without labels.

    Attributes:
        photos: Number of photos with a suggestion; of these the accuracy is estimated.
        accuracy: Expected fraction of right suggestions, 0 to 1.
        held_out: Accuracy of the model on photos like the labelled ones; None if not measured.
        unfamiliar: Fraction of photos that are less familiar than nine in ten of the labelled ones.
        note: The statement of a checked sample of the folder, or a sentence where fewer suggestions are right than
            usual or fewer photos are "sure"; else None.
    """

    photos: int
    accuracy: float
    held_out: float | None
    unfamiliar: float
    note: str | None


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of a folder, with its label and prediction.

    Attributes:
        path: Its absolute path.
        label: The class set by a person or by its class folder; None without a label.
        prediction: The prediction of the model; None where the photo is unreadable or there is no model yet.
        error: The reason why the photo cannot be read; None for a readable photo.
        rejected: The classes that a person said it does not show; they are never suggested for it.
        not_mine: Whether a person said that it shows none of the classes; then it has no prediction.
        dont_know: Whether a person said that they cannot tell its class.
        by: The source of its class: "person" or "folder" for a label, "model" for a suggestion; None without a class.
        remark: The fault of a file that can be read all the same; None for a sound file.
    """

    path: Path
    label: str | None
    prediction: Prediction | None
    error: str | None = None
    rejected: tuple[str, ...] = ()
    not_mine: bool = False
    dont_know: bool = False
    by: Literal["person", "folder", "model"] | None = None
    remark: str | None = None

    @property
    def class_name(self) -> str | None:
        """Its label, or the predicted class where it has no label."""
        return self.label or (self.prediction.class_name if self.prediction is not None else None)


@dataclass(frozen=True, slots=True, repr=False)
class PhotoGroup:
    """Photos without a label that look alike, to be named at once with `Collection.label_group`.

    Attributes:
        photos: Their paths, the most typical one first.
        top: (class name, probability) of up to three suggestions for the first photo, likeliest first.
        different: Number of photos, near-duplicates and bursts counted once.
    """

    photos: tuple[Path, ...]
    top: tuple[tuple[str, float], ...]
    different: int

    def __repr__(self) -> str:
        like = ", ".join(f"{name} {share:.2f}" for name, share in self.top)
        counts = {"photos": len(self.photos), "different": self.different, "like": like}
        return short_repr(self, str(self.photos[0]) if self.photos else "empty", counts)


@dataclass(frozen=True, slots=True, repr=False)
class LabelledGroup:
    """The outcome of labelling a group.

    Attributes:
        class_name: The name of the class, as the collection spells it.
        labelled: The photos that have the label now.
        unreadable: The photos that could not be read any more, each with the reason.
    """

    class_name: str
    labelled: tuple[Path, ...]
    unreadable: Mapping[Path, str]

    def __repr__(self) -> str:
        return short_repr(self, self.class_name, {"labelled": len(self.labelled), "unreadable": len(self.unreadable)})


def prediction_of(found: PhotoPrediction, named: NamedModel | None = None) -> Prediction:
    """Convert the prediction of a photo by a model to plain values."""
    if found.error is not None:
        return Prediction("", 0.0, "unknown", (), error=str(found.error))
    verdict = cast("Verdict", found.verdict.word)
    made = Prediction(found.class_name, found.confidence, verdict, found.top, found.looks_like or None)
    made = replace(made, reason=str(found.reason))
    return made if named is None else replace(made, model=named.name, model_created_at=named.created_at)


def expectation_of(result: PredictFolderResult) -> Expectation | None:
    """Convert the accuracy to expect on a predicted folder; None where it is not estimated."""
    estimate, note = result.estimate, result.accuracy_note
    if estimate is None:
        return None
    return Expectation(
        estimate.photos, estimate.accuracy, estimate.held_out, estimate.unfamiliar, None if note is None else str(note)
    )


def photos_of(engine: Engine, result: PredictFolderResult) -> list[Photo]:
    """Convert the photos of a predicted folder to plain values, files that cannot be opened last."""
    from flowersorter.domain.photo_answers import NO_ANSWERS, Mark
    from flowersorter.domain.photo_rows import TOP_SUGGESTIONS
    from flowersorter.domain.verdict import Verdict as Worth
    from flowersorter.photos.scan import looks_like_photo
    from flowersorter.workflows.models.current_model import chosen_backbone, model_for
    from flowersorter.workflows.predicting.imagenet.names import names_of_unknown

    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    rows, photos = result.rows, []
    likely, remarks = names_of_unknown(engine, rows), engine.collection.photos.remarks()
    named = model_for(engine, chosen_backbone(engine.collection))
    made_by = (None, "") if named is None else (named.name, named.created_at)
    for i, (path, error) in enumerate(zip(rows.paths, rows.errors, strict=True)):
        predictions = (
            result.predictions.top(int(rows.photo_ids[i]), TOP_SUGGESTIONS) if result.predictions is not None else ()
        )
        top = tuple((names[class_id], share) for class_id, share in predictions if class_id)  # a deleted class has id 0
        prediction = None
        if top and rows.verdicts[i]:
            verdict = cast("Verdict", Worth(int(rows.verdicts[i])).word)
            prediction = Prediction(*top[0], verdict, top, likely.get(int(rows.photo_ids[i])), None, *made_by)
        said = result.answers.get(int(rows.photo_ids[i]), NO_ANSWERS)
        photos.append(
            Photo(
                path=path,
                label=names.get(int(rows.label_ids[i])),
                prediction=prediction,
                error=error,
                remark=remarks.get(int(rows.photo_ids[i])),
                rejected=tuple(sorted(names[class_id] for class_id in said.rejected)),
                not_mine=said.mark is Mark.NOT_MINE,
                dont_know=said.mark is Mark.DONT_KNOW,
                by=_by(rows, i, prediction, said.mark is Mark.NOT_MINE),
            )
        )
    photos += [Photo(path, None, None, why) for path, why in result.problems if looks_like_photo(path)]
    return photos


def _by(
    rows: PhotoRows, row: int, prediction: Prediction | None, not_mine: bool
) -> Literal["person", "folder", "model"] | None:
    """Name the source of a photo's class; that it has none can be a person's answer, too."""
    if rows.label_ids[row]:
        return "person" if rows.by_person[row] else "folder"
    if not_mine:
        return "person"
    return None if prediction is None else "model"


def groups_of(engine: Engine, result: GroupsResult) -> list[PhotoGroup]:
    """Convert groups to plain values."""
    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    return [
        PhotoGroup(
            photos=tuple(photo.path for photo in group.photos),
            top=tuple((names[class_id], share) for class_id, share in group.top),
            different=group.different,
        )
        for group in result.groups
    ]
