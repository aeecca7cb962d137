"""Deep training: finetunes the last stages of the network on the photos, and stores a model like any other."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.figures import Epoch
from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.tables.settings import FINETUNING_PACE
from flowersorter.messages import Text, text
from flowersorter.photos.scan import absolute_folder
from flowersorter.vision.backbone.packages import require_torch
from flowersorter.vision.backbone.registry import DEFAULT, Backbone, base_name
from flowersorter.vision.backbone.registry import backbone as registered
from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature, fit_thresholds, softmax
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.features.views import CENTRE
from flowersorter.vision.finetuning.config import Recipe
from flowersorter.vision.parallel import core_count
from flowersorter.workflows.evaluation.compare_models import LearnedPhotos
from flowersorter.workflows.labelling.left_out import NOTHING_LEFT_OUT, LeftOut
from flowersorter.workflows.labelling.planned_labels import KnownClasses
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.models.finetuned_backbones import FinalLayer, backbone_of, forget_unused, store_finetuned
from flowersorter.workflows.models.training_overlap import came_from_elsewhere
from flowersorter.workflows.training.finetune_split import FinetuneSplit, finetune_split
from flowersorter.workflows.training.finetuned_model import not_better, write_model
from flowersorter.workflows.training.incremental_fit import fit_for
from flowersorter.workflows.training.prepare_features import FolderLabels, embed_labelled, plan_labels
from flowersorter.workflows.training.training_set import labelled_photos

if TYPE_CHECKING:
    from flowersorter.vision.finetuning.config import Finetuned
    from flowersorter.workflows.engine import Engine


EPOCHS = Recipe().epochs
STAGES = (0, 1, 2)
#: Seconds a photo takes in an epoch, on one core, by the number of stages; until a training on this computer has
#: measured it.
_SECONDS = (0.030, 0.050, 0.085)
_NEEDS_RESNET = "Deep training is not possible with this network"
#: Factor by which a finetuned network sees photos enlarged; in whole steps of its last stage.
_ENLARGED, _STRIDE_PX = 1.25, 32
#: Least held-out photos for an accuracy.
_ENOUGH_TO_MEASURE = 10


@dataclass(frozen=True, slots=True)
class FinetuneRequest:
    """Train the last stages of the network.

    Attributes:
        folder: Has one sub-folder per class; None: train on the collection's labels.
        add: Whether to train on the collection's other labels as well.
        unfreeze: Number of stages to train besides the final layer: 0, 1 or 2.
        epochs: Passes over the photos.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the collection's; of a finetuned one, its base is trained again.
        note: Stored with the model.
        seed: Seed of the held-out split, the order and the augmentation.
        flat: Whether folders in class folders are parts of the same class, see `ClassFolders`.
        new_classes: Whether to take sub-folders as classes also where `refuse_doubtful_folders` would not.
    """

    folder: Path | None = None
    add: bool = False
    unfreeze: int = 1
    epochs: int = EPOCHS
    device: str = "auto"
    backbone: str | None = None
    note: str = ""
    seed: int = 42
    flat: bool = False
    new_classes: bool = True


@dataclass(frozen=True, slots=True)
class FinetuneResult:
    """The result of a deep training.

    Attributes:
        model_id: The new model's number.
        backbone: Name of its network.
        classes: Its classes.
        photos: Number of labelled training photos, with held-out ones, on which the final head is trained as well.
        held_out: Photos that the network never saw.
        held_out_accuracy: Fraction of these that cross-validated heads get right; None if too few to measure.
        frozen_accuracy: The same fraction for plain training on the same photos, with the frozen network.
        before: Held-out accuracy of the previous model.
        made_current: Whether the collection uses it now.
        why_not: The reason why it is not better than plain training by its held-out photos; None if it is.
        lost_classes: Classes of the previous model that it does not know.
        replaces_import: Whether the previous model was imported: such a model is not replaced without asking.
        epochs: The finished epochs; number 0 is the accuracy before the first.
        best: Number of the epoch that was kept.
        stopped: Whether it was asked to stop before the last one.
        seconds: Duration.
        gone: Labelled photos without a readable file.
        unreadable: Files with a photo's suffix that cannot be read as one, with the reason.
        left_out: The other files of the folder, by class and kind.
    """

    model_id: int
    backbone: str
    classes: tuple[str, ...]
    photos: int
    held_out: int
    held_out_accuracy: float | None
    frozen_accuracy: float
    before: float | None
    made_current: bool
    lost_classes: tuple[str, ...]
    replaces_import: bool
    epochs: tuple[Epoch, ...]
    best: int
    stopped: bool
    seconds: float
    gone: int
    unreadable: tuple[tuple[Path, str], ...] = ()
    left_out: LeftOut = NOTHING_LEFT_OUT
    why_not: Text | None = None


def finetune(engine: Engine, request: FinetuneRequest, report: Report, cancel: CancelToken) -> FinetuneResult:
    """Train, keep the last epoch, and fit the usual head on the new features. Reports `Progress` and `Epoch`.

    From the first epoch on `cancel` only ends the training: the last finished epoch becomes the model. Photos without a
    label are embedded anew by the next scan.

    A model that is not better than plain training on the same held-out photos, or has too few of these, is not put
    into use; neither is one made from the collection's labels that is clearly worse than the previous one, or does not
    know all its classes. If an error is raised, the labels, the classes and the model in use are as before.

    Raises:
        UserError: the backbone is not a ResNet, or PyTorch is not installed.
        FolderUnusable: the folder is missing or forbidden.
        TooFewPhotos: fewer than two classes, or one with too few different photos.
        WeightsMissing: the network's weights are not on this computer.
        ModelFileBad: the file of these is damaged or of another network.
        DeviceUnavailable: the device is not there or has too little memory.
        Cancelled: asked to stop before the first epoch was finished; the previous model stays.
    """
    collection, started = engine.collection, time.perf_counter()
    entry = backbone_of(engine, base_name(chosen_backbone(collection, request.backbone)))
    _check_trainable(entry)
    found, classes = _labels(engine, request, entry.name, report, cancel)
    labels = None if found is None else found.labels
    known = collection.classes if labels is None else labels.classes
    embed_labelled(engine, request.device, classes, CENTRE, entry.name, report, cancel)
    photos = finetune_split(engine, entry, classes, request.seed, report, cancel, known)
    cancel.check()
    frozen, plain_right = _frozen_head(photos, entry, request.seed, cancel)
    finetuned = _tune(request, entry, frozen, photos, report, cancel)
    # From here on it cannot be cancelled: the rest takes seconds.
    own = partial(_on_own_network, engine, request, entry, photos, finetuned, classes, known, report)
    model, training = _head_alone(photos, frozen, finetuned, request) if request.unfreeze == 0 else own()
    before = model_for(engine, chosen_backbone(collection))
    imported = before is not None and came_from_elsewhere(before)
    why_not = not_better(photos, training, plain_right)
    model_id, lost, made_current = write_model(engine, labels, before, model, training, better=why_not is None)
    forget_unused(engine)
    _remember_pace(engine, request, photos, finetuned)
    return FinetuneResult(
        model_id=model_id,
        backbone=model.backbone,
        classes=model.class_names,
        photos=len(photos.hashes),
        held_out=int(photos.held_out.sum()),
        held_out_accuracy=model.training.held_out_accuracy,
        frozen_accuracy=float(plain_right.mean()),
        before=before.model.training.held_out_accuracy if before is not None and before.id is not None else None,
        made_current=made_current,
        lost_classes=lost,
        replaces_import=imported,
        epochs=finetuned.epochs,
        best=finetuned.best.epoch,
        stopped=finetuned.stopped,
        seconds=time.perf_counter() - started,
        gone=photos.left_out,
        unreadable=() if found is None else found.unreadable,
        left_out=NOTHING_LEFT_OUT if found is None else found.left_out,
        why_not=why_not,
    )


def check_finetuning(backbone: str) -> None:
    """Check that a backbone can be finetuned; reads nothing.

    Args:
        backbone: Its name, as the collection stores it; "" for the default.

    Raises:
        UserError: it is not a ResNet, or PyTorch is not installed.
    """
    _check_trainable(registered(base_name(backbone or DEFAULT)))


def _check_trainable(entry: Backbone) -> None:
    entry.resnet(_NEEDS_RESNET)
    require_torch(text("Deep training is not possible"))


def likely_seconds(
    paces: Mapping[str, float], unfreeze: int, epochs: int, photos: int, cores: int | None = None
) -> float:
    """Estimate the duration of a deep training, by the speed of the last one, else by that of an ordinary computer.

    Args:
        paces: Seconds per photo and epoch of the last trainings, by number of stages (`FINETUNING_PACE`).
        unfreeze: Number of stages to train besides the final layer.
        epochs: Passes over the photos.
        photos: Number of labelled photos.
        cores: Number of cores; None for those of this computer.
    """
    pace = paces.get(str(unfreeze), _SECONDS[unfreeze] / max(1, cores or core_count()))
    return float(pace) * photos * epochs


def _remember_pace(engine: Engine, request: FinetuneRequest, photos: FinetuneSplit, finetuned: Finetuned) -> None:
    paces = engine.collection.settings.get(FINETUNING_PACE)
    paces[str(request.unfreeze)] = (
        finetuned.epochs[-1].seconds / len(photos.hashes) / max(1, finetuned.epochs[-1].number)
    )
    engine.collection.settings.set(FINETUNING_PACE, paces)


def _labels(
    engine: Engine, request: FinetuneRequest, backbone: str, report: Report, cancel: CancelToken
) -> tuple[FolderLabels | None, dict[int, int]]:
    """Return the result of the scan, and class id by photo id."""
    collection = engine.collection
    if request.folder is not None:
        return plan_labels(engine, absolute_folder(request.folder), request, backbone, report, cancel)
    classes = collection.labels.class_ids()
    if not classes:
        raise TooFewPhotos(
            text("There is nothing to learn from yet"),
            text("no photo has a label of one of your classes"),
            text("Label some photos of at least two classes, then try again"),
        )
    return None, classes


def _frozen_head(
    photos: FinetuneSplit, entry: Backbone, seed: int, cancel: CancelToken
) -> tuple[Model, NDArray[np.bool_]]:
    """Fit a head on the frozen network as the start, and find (H,) which held-out photos plain training gets right.

    Neither has seen these photos.
    """
    named, learned, held_out = photos.photos, ~photos.held_out, photos.held_out
    examples = Examples(
        named.photo_ids[learned], named.features.take(learned), named.targets[learned], named.own[learned]
    )
    # A discriminant relies on the directions in which photos of a class differ least; training changes just these.
    model = fit(examples, named.class_names, entry.name, cancel, seed=seed, discriminant=False).model
    plain = fit(examples, named.class_names, entry.name, cancel, seed=seed).model
    predicted = predict(plain, named.features.take(held_out)).probabilities.argmax(axis=1)
    return model, np.asarray(predicted == named.targets[held_out], np.bool_)


def _tune(
    request: FinetuneRequest, entry: Backbone, frozen: Model, photos: FinetuneSplit, report: Report, cancel: CancelToken
) -> Finetuned:
    report(Progress(text("Loading the network"), 0))
    from flowersorter.vision.backbone.build import build_resnet
    from flowersorter.vision.backbone.device import choose_device
    from flowersorter.vision.finetuning.gradient_worker import is_out_of_memory, out_of_memory
    from flowersorter.vision.finetuning.train_loop import fine_tune

    recipe = Recipe(unfreeze=request.unfreeze, epochs=request.epochs, crop_px=entry.crop_px, seed=request.seed)
    # The head gets the crop of predictions: for a network that stays frozen, the usual one.
    seen = entry if request.unfreeze == 0 else with_own_crop(entry)
    head, device = (frozen.weight, frozen.bias), choose_device(request.device)
    try:
        return fine_tune(seen, build_resnet(entry), head, photos.config, recipe, device, report, cancel)
    except (RuntimeError, MemoryError) as error:  # where smaller batches do not help: the network itself, the steps
        if is_out_of_memory(error):
            raise out_of_memory(device) from error
        raise


def with_own_crop(entry: Backbone) -> Backbone:
    """Return a backbone with the crop of a finetuned one: the whole short side of the small picture, enlarged.

    An object in an augmented crop of 224 pixels looks smaller in one that is not augmented (Touvron et al., 2019,
    "FixRes"). Measured on 600 held-out flowers: 224 pixels 94.0 % right, 256: 93.0, 288: 93.8, 320: 94.5;
    the held-out loss is 0.172, 0.176, 0.166 and 0.158.
    """
    shown_px = round(entry.short_side_px * _ENLARGED / _STRIDE_PX) * _STRIDE_PX
    return replace(entry, crop_px=entry.short_side_px, shown_px=shown_px)


def _on_own_network(
    engine: Engine,
    request: FinetuneRequest,
    entry: Backbone,
    photos: FinetuneSplit,
    finetuned: Finetuned,
    classes: dict[int, int],
    known: KnownClasses,
    report: Report,
) -> tuple[Model, LearnedPhotos]:
    """Store the network, embed the labelled photos with it, and fit the usual head, calibrated on held-out photos."""
    cancel = CancelToken()
    changed = {name: tensor.numpy().astype(np.float16) for name, tensor in finetuned.best.changed.items()}
    seen = [sha256 for sha256, held_out in zip(photos.hashes, photos.held_out.tolist(), strict=True) if not held_out]
    own = store_finetuned(engine, with_own_crop(entry), changed, _honest_layer(photos, finetuned), seen)
    embed_labelled(engine, request.device, classes, CENTRE, own.name, report, cancel)
    report(Progress(text("Learning"), 0))
    labelled = labelled_photos(engine, own.name, classes, known)
    fitted = fit_for(engine, labelled, own.name, cancel, request.note, known)
    return fitted.model, LearnedPhotos.of(labelled, fitted)


def _honest_layer(photos: FinetuneSplit, finetuned: Finetuned) -> FinalLayer:
    """Return the final layer, calibrated on the held-out photos."""
    best, named = finetuned.best, photos.photos
    temperature = np.float32(fit_temperature(HeldOutLoss(best.logits, named.targets[best.rows])))
    return FinalLayer(named.class_names, best.weight / temperature, best.bias / temperature)


def _head_alone(
    photos: FinetuneSplit, frozen: Model, finetuned: Finetuned, request: FinetuneRequest
) -> tuple[Model, LearnedPhotos]:
    """Return the trained final layer as a head on the frozen network, calibrated on the held-out photos."""
    best, targets = finetuned.best, photos.photos.targets
    loss = HeldOutLoss(best.logits, targets[best.rows])
    temperature = fit_temperature(loss)
    predicted = best.logits.argmax(axis=1)
    right = predicted == targets[best.rows]
    confidence = softmax(best.logits / np.float32(temperature)).max(axis=1, initial=0.0)
    training = replace(
        frozen.training,
        photos=len(targets),
        own_photos=len(targets),
        memorised=len(targets) - len(right),
        held_out=len(right),
        held_out_accuracy=float(right.mean()) if len(right) >= _ENOUGH_TO_MEASURE else None,
        note=request.note,
    )
    model = replace(
        frozen,
        weight=best.weight,
        bias=best.bias,
        temperature=temperature,
        thresholds=fit_thresholds(confidence, right),
        training=training,
    )
    return model, LearnedPhotos.held_out_at(photos.photos, best.rows, predicted, confidence)
