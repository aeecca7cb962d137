"""Results of the Python API: frozen, typed, of plain values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION

if TYPE_CHECKING:
    from flowersorter.library.collection import CollectionStore
    from flowersorter.sorting.execute import RunResult
    from flowersorter.sorting.plan import SortPlan
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.filing.verify import VerifyResult
    from flowersorter.workflows.labelling.groups import GroupsResult
    from flowersorter.workflows.predicting.predict_folder import PredictFolderResult
    from flowersorter.workflows.predicting.predict_photos import PhotoPrediction

Verdict: TypeAlias = Literal["sure", "likely", "unsure", "unknown"]
_IN_WORDS = {"sure": "sure", "likely": "likely", "unsure": "not sure", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction of a model for one photo.

    Attributes:
        class_name: The most likely class; "" where a person said that the photo shows none of them.
        confidence: Its calibrated probability, 0 to 1.
        verdict: How reliable the prediction is; "unknown" means that the photo shows none of the classes.
        top: (class name, probability) of up to five classes, likeliest first.
        looks_like: The ImageNet class that an "unknown" photo resembles; None for other photos, and where it
            resembles none.
    """

    class_name: str
    confidence: float
    verdict: Verdict
    top: tuple[tuple[str, float], ...]
    looks_like: str | None = None

    def __str__(self) -> str:
        like = f", looks like: {self.looks_like}" if self.looks_like else ""
        below = self.verdict == "sure" and self.confidence < DEFAULT_SURE_PRECISION  # the verdict promises more
        number = "" if below else f"{100 * self.confidence:.0f} %, "
        return f"{self.class_name} ({number}{_IN_WORDS[self.verdict]}{like})"


@dataclass(frozen=True, slots=True)
class Expectation:
    """The accuracy to expect on the unlabelled photos of a folder, estimated without labels.

    Attributes:
        photos: Number of photos with a suggestion; of these the accuracy is estimated.
        accuracy: Expected fraction of right suggestions, 0 to 1.
        held_out: Accuracy of the model on photos like the labelled ones; None if not measured.
        unfamiliar: Fraction of photos that are less familiar than nine in ten of the labelled ones.
        note: A sentence where the folder differs from the labelled photos, and fewer photos are "sure"; else None.
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
        remark: On a file that is not as it should be, though it can be read; None for others.
    """

    path: Path
    label: str | None
    prediction: Prediction | None
    error: str | None = None
    rejected: tuple[str, ...] = ()
    not_mine: bool = False
    dont_know: bool = False
    remark: str | None = None

    @property
    def class_name(self) -> str | None:
        """Its label, or the predicted class where it has no label."""
        return self.label or (self.prediction.class_name if self.prediction is not None else None)


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Training:
    """The result of a training.

    Attributes:
        model: Number of the new model.
        classes: Its classes.
        photos: Number of labelled photos it was trained on.
        accuracy: Cross-validated accuracy on these photos, 0 to 1; None if there are too few to measure it.
        made_current: Whether the collection uses it now; if not, pass its number to `Collection.use_model` to use it.
        starter_classes: The starter's classes that stay beside new ones without a label of their own.
        validated: Number of photos in "val" of a data set; `validated_right`: how many of these it gets right.
        empty_classes: The class folders in which no photo could be read.
    """

    model: int
    classes: tuple[str, ...]
    photos: int
    accuracy: float | None
    made_current: bool
    starter_classes: tuple[str, ...] = ()
    validated: int = 0
    validated_right: int = 0
    empty_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model of a collection.

    Attributes:
        number: For `Collection.use_model`; None is the starter model.
        current: Whether the collection uses it.
        classes: Its classes, in the order of its outputs.
        backbone: Name of its network.
        photos: Number of photos it was trained on.
        accuracy: Held-out accuracy, 0 to 1; None where it was not measured here.
        created_at: ISO 8601 in UTC; "" for the starter model.
        note: Free text.
    """

    number: int | None
    current: bool
    classes: tuple[str, ...]
    backbone: str
    photos: int
    accuracy: float | None
    created_at: str
    note: str


@dataclass(frozen=True, slots=True)
class SortedPhoto:
    """The planned or actual outcome of a sort for one photo.

    Attributes:
        path: Its path before the sort.
        class_name: The class it is sorted as; None for a photo that is left.
        to: Its path in the class folder, or the path of the same bytes there; None for a photo that is left or failed.
        action: "copy", "move", "link", "symlink", "already there", "duplicate", "left" or "failed".
        reason: Why it is left or failed; "" otherwise.
    """

    path: Path
    class_name: str | None
    to: Path | None
    action: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SortReport:
    """The outcome of a sort, or of its dry run.

    Attributes:
        dry_run: Whether this is only a plan.
        sort: Number of the sort, for `Collection.undo`; None where no photo was sorted.
        photos: The outcome for each photo of the folder.
        sidecars: Number of files that go along with their photo, by suffix: {".xmp": 9, ".mov": 5}.
        staying: Number of other files beside the photos, which stay there, by suffix.
    """

    dry_run: bool
    sort: int | None
    photos: tuple[SortedPhoto, ...]
    sidecars: Mapping[str, int] = field(default_factory=dict)
    staying: Mapping[str, int] = field(default_factory=dict)

    @property
    def sorted(self) -> int:
        """The number of photos that are copied, moved or linked."""
        return sum(photo.action in ("copy", "move", "link", "symlink") for photo in self.photos)

    @property
    def failed(self) -> tuple[SortedPhoto, ...]:
        """The photos that could not be sorted."""
        return tuple(photo for photo in self.photos if photo.action == "failed")


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A sorted photo or sidecar file that is not as it was sorted.

    Attributes:
        path: Where the sort put it.
        class_name: The class it was sorted under.
        sort: Number of the sort.
        state: "rotted" (other bytes, though size and time say that nothing wrote to it), "gone", "unreadable",
            "edited" or "moved" (moved or renamed within the destination).
        sidecar: Whether it is a sidecar file of a photo.
        now: Where a moved file is.
        intact_at: Where the original still has the bytes of the sort, for a file that is lost.
        known_edit: Whether the collection has read the edited file as the same photo.
        reason: Why it is unreadable, "" otherwise.
    """

    path: Path
    class_name: str
    sort: int
    state: Literal["rotted", "gone", "unreadable", "edited", "moved"]
    sidecar: bool
    now: Path | None
    intact_at: Path | None
    known_edit: bool
    reason: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The outcome of `Collection.verify`.

    Attributes:
        photos: How many sorted photos were read.
        sidecars: How many of their sidecar files.
        intact: How many of both are as they were sorted.
        changed: The others, the worst first.
        not_reached: Destinations that are missing or empty, such as on an unplugged drive, with their number of files.
    """

    photos: int
    sidecars: int
    intact: int
    changed: tuple[ChangedFile, ...]
    not_reached: Mapping[Path, int]

    @property
    def all_well(self) -> bool:
        """Whether everything was reached and nothing rotted, is gone or unreadable."""
        lost = any(file.state in ("rotted", "gone", "unreadable") for file in self.changed)
        return not lost and not self.not_reached


def report_of_verification(result: VerifyResult) -> VerifyReport:
    """Return the outcome of a verification in plain values."""
    changed = tuple(
        ChangedFile(
            path=file.path,
            class_name=file.class_name,
            sort=file.run_id,
            state=file.finding.value,
            sidecar=file.is_sidecar,
            now=file.now,
            intact_at=file.intact_at,
            known_edit=file.known_edit,
            reason=file.reason or "",
        )
        for file in result.changed
    )
    return VerifyReport(result.photos, result.sidecars, result.intact, changed, result.not_reached)


def prediction_of(found: PhotoPrediction) -> Prediction:
    """Convert the prediction of a readable photo to plain values."""
    verdict = cast("Verdict", found.verdict.word)
    return Prediction(found.class_name, found.confidence, verdict, found.top, found.looks_like or None)


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
    from flowersorter.domain.verdict import Verdict as Worth
    from flowersorter.photos.scan import looks_like_photo
    from flowersorter.workflows.predicting.imagenet_names import strangers
    from flowersorter.workflows.predicting.photo_details import TOP_GUESSES

    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    rows, photos = result.rows, []
    likely, remarks = strangers(engine, rows), engine.collection.photos.remarks()
    for i, (path, error) in enumerate(zip(rows.paths, rows.errors, strict=True)):
        guesses = result.guesses.top(int(rows.photo_ids[i]), TOP_GUESSES) if result.guesses is not None else ()
        prediction = None
        if guesses and rows.verdicts[i]:
            top = tuple((names[class_id], share) for class_id, share in guesses)
            verdict = cast("Verdict", Worth(int(rows.verdicts[i])).word)
            prediction = Prediction(*top[0], verdict, top, likely.get(int(rows.photo_ids[i])))
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
            )
        )
    photos += [Photo(path, None, None, why) for path, why in result.problems if looks_like_photo(path)]
    return photos


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


def model_infos(collection: CollectionStore) -> tuple[ModelInfo, ...]:
    """List the models of a collection in plain values, newest first, the starter model last."""
    from flowersorter.workflows.models.current_model import list_models, starter

    own = tuple(
        ModelInfo(
            number=entry.id,
            current=entry.current,
            classes=entry.classes,
            backbone=entry.backbone,
            photos=entry.photos,
            accuracy=entry.held_out_accuracy,
            created_at=entry.created_at,
            note=entry.note,
        )
        for entry in list_models(collection)
    )
    shipped = starter().model
    return (
        *own,
        ModelInfo(
            number=None,
            current=collection.models.current() is None,
            classes=shipped.class_names,
            backbone=shipped.backbone,
            photos=shipped.training.photos,
            accuracy=shipped.training.held_out_accuracy,
            created_at="",
            note=shipped.training.note,
        ),
    )


def report_of_plan(plan: SortPlan, *, dry_run: bool) -> SortReport:
    """Convert the plan of a sort to plain values."""
    planned = [
        SortedPhoto(file.filing.source, file.filing.class_name, file.destination, file.action.value)
        for file in plan.files
    ]
    return SortReport(dry_run, None, (*planned, *_left(plan)), plan.sidecars, plan.staying)


def report_of_run(plan: SortPlan, done: RunResult) -> SortReport:
    """Convert the outcome of a sort to plain values."""
    classes = {file.filing.source: file.filing.class_name for file in plan.files}
    outcomes = [
        SortedPhoto(
            path=file.source,
            class_name=classes[file.source],
            to=file.destination,
            action=str(file.action) if file.destination is not None else "failed",
            reason=file.error or "",
        )
        for file in done.files
    ]
    return SortReport(False, done.run_id, (*outcomes, *_left(plan)), plan.sidecars, plan.staying)


def _left(plan: SortPlan) -> list[SortedPhoto]:
    return [SortedPhoto(skipped.path, None, None, "left", skipped.reason) for skipped in plan.skipped]
