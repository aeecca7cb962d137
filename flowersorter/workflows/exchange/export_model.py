"""Exports the model for plain torchvision, for ONNX runtimes, or as a file that another collection can import."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.atomic_write import write_atomically
from flowersorter.domain.export_format import ONNX, PTH, SAFETENSORS
from flowersorter.errors import ModelFileBad, TooFewPhotos, UserError
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.files.build_info import made_by
from flowersorter.library.models.safetensors_bundle import bundle_bytes
from flowersorter.messages import text
from flowersorter.vision.backbone.packages import require_torch
from flowersorter.vision.backbone.registry import DEFAULT, Backbone, base_name, is_finetuned
from flowersorter.vision.backbone.registry import backbone as registered
from flowersorter.vision.backbone.weights_files import weights_file
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.export.linear_head import PlainHead, fit_plain_head
from flowersorter.vision.features.views import CENTRE, WIDE
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, Evaluation, evaluate
from flowersorter.workflows.exchange.model_card import CardFacts, card_path, may_replace, model_card
from flowersorter.workflows.exchange.usage_snippets import script_for
from flowersorter.workflows.models.current_model import NamedModel, chosen_backbone, model_for, starter
from flowersorter.workflows.models.finetuned_backbones import backbone_of
from flowersorter.workflows.models.training_overlap import came_from_elsewhere
from flowersorter.workflows.training.training_set import labelled_photos, with_starter

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

DEFAULT_NAME = "flower_classifier.pth"
_BLOCK_ROWS = 4096


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Export the collection's model to a file; the suffix chooses the format.

    Attributes:
        path: The file: .pth (plain torchvision), .onnx (photo in, probabilities out) or .safetensors (to import).
        backbone: Name, or None for the collection's.
    """

    path: Path
    backbone: str | None = None


@dataclass(frozen=True, slots=True)
class ExportResult:
    """An exported model.

    Attributes:
        path: The file.
        classes: The model's classes, in the order of its outputs.
        backbone: Name of its backbone.
        accuracy: Held-out accuracy of the exported model; None if it was not measured.
        remark: Limits of this format, in a sentence or two; "" without any.
        script: Python code that uses the file without this program; "" for .safetensors.
        card: The model card beside it; None where another file has its name, or it could not be written.
    """

    path: Path
    classes: tuple[str, ...]
    backbone: str
    accuracy: float | None
    remark: str = ""
    script: str = ""
    card: Path | None = None


def export_model(engine: Engine, request: ExportRequest, report: Report, cancel: CancelToken) -> ExportResult:
    """Write the current model atomically, and a model card beside it.

    A .pth gets a head and a held-out accuracy of its own: see `_plain_head`.

    Raises:
        UserError: the suffix is unknown, the file cannot hold the backbone or be written, or a package is missing.
        ModelFileBad: there is no model to export.
        TooFewPhotos: a .pth is requested, and the labels have changed since the model was trained.
        WeightsMissing: the backbone's weights are not on this computer.
        Cancelled: asked to stop; nothing was written.
    """
    collection, path = engine.collection, request.path.absolute()
    form = path.suffix.lower()
    if form not in (PTH, ONNX, SAFETENSORS):
        raise UserError(
            text("A model cannot be saved as {path}", path=path.name),
            text("only .pth, .onnx and .safetensors are supported"),
            text("Try {default_name}", default_name=DEFAULT_NAME),
        )
    if not path.parent.is_dir():
        raise UserError(
            text("The model cannot be saved as {path}", path=path),
            text("the folder does not exist"),
            text("Choose another folder"),
        )
    named = model_for(engine, chosen_backbone(collection, request.backbone))
    if named is None:
        raise ModelFileBad(
            text("There is no model to export"), text("none was trained with this backbone"), text("Train one first")
        )
    named = replace(named, model=_called_as_now(collection, named.model))
    report(Progress(text("Saving the model"), 0))
    model, accuracy, remark = named.model, named.model.training.held_out_accuracy, ""
    entry = backbone_of(engine, model.backbone)
    _check_exportable(model, entry, path)
    if form == SAFETENSORS:
        arrays, metadata = model.to_bundle()
        data = bundle_bytes(arrays, metadata | {"made_by": made_by(model.backbone)})
    elif form == ONNX:
        data, remark = _onnx(model, entry), _ONNX_REMARK
    else:
        head = _plain_head(engine, named, cancel)
        plain = head.held_out_accuracy if accuracy is not None else None  # too few for one are too few for both
        data, remark, accuracy = _torchvision(model, entry, head), _pth_remark(plain, accuracy), plain
    card = _card(engine, named, entry, path, accuracy, report, cancel)
    cancel.check()
    try:
        write_atomically(path, data)
    except OSError as error:
        raise UserError(text("The model cannot be saved as {path}", path=path), error.strerror or str(error)) from error
    written = _write_card(path, card)
    return ExportResult(path, model.class_names, model.backbone, accuracy, remark, script_for(path), written)


def _card(
    engine: Engine,
    named: NamedModel,
    entry: Backbone,
    path: Path,
    accuracy: float | None,
    report: Report,
    cancel: CancelToken,
) -> str:
    """The text of the model card, with figures for each class where they were measured on this very model."""
    is_imported = came_from_elsewhere(named)
    counts = {} if is_imported else engine.collection.labels.counts()
    facts = CardFacts(
        file=path,
        model=named.model,
        backbone=entry,
        created_at=named.created_at,
        accuracy=accuracy,
        counts={each.name: counts.get(each.id, 0) for each in engine.collection.classes.all()},
        evaluation=_evaluation(engine, named, path, report, cancel),
        is_imported=is_imported,
        learned=_learned(named),
    )
    return model_card(facts)


def _learned(named: NamedModel) -> dict[str, int]:
    """Number of photos by class of the model that ships with the program: none of them is in the collection."""
    names = named.model.class_names
    if not named.is_starter or len(names) != len(starter().model.class_names):
        return {}
    return dict(zip(names, np.bincount(starter().targets, minlength=len(names)).tolist(), strict=True))


def _evaluation(
    engine: Engine, named: NamedModel, path: Path, report: Report, cancel: CancelToken
) -> Evaluation | None:
    """The figures of the exported model on the labels; None where they would be those of another one."""
    if named.id is None or came_from_elsewhere(named) or path.suffix.lower() == PTH:  # its last layer is its own
        return None
    try:
        found = evaluate(engine, EvaluateRequest(backbone=named.model.backbone), report, cancel)
    except UserError:  # too few labels, or photos that are away: the card does without
        return None
    return found if found.in_use else None


def _write_card(path: Path, card: str) -> Path | None:
    """Write the card beside the model, unless another file has its name; the model counts also without one."""
    file = card_path(path)
    if not may_replace(file):
        return None
    try:
        write_atomically(file, card.encode())
    except OSError:
        return None
    return file


def export_formats(backbone: str) -> tuple[str, ...]:
    """Suffixes of the files that a model of a backbone can be saved as.

    Args:
        backbone: Its name, as the collection stores it; "" for the default.
    """
    return registered(base_name(backbone or DEFAULT)).exports_as


def _check_exportable(model: Model, entry: Backbone, path: Path) -> None:
    """Refuse a model that this format cannot hold, before torch is loaded or a layer is fitted.

    Raises:
        UserError: such a file cannot hold the backbone, or a package is missing.
        WeightsMissing: the file would hold the backbone, whose weights are not on this computer.
        ModelFileBad: the file of these weights is damaged.
    """
    form = path.suffix.lower()
    if form not in entry.exports_as:
        raise UserError(
            text("The model cannot be saved as {path}", path=path.name),
            text("such a file holds a whole ResNet, and {entry} is not one", entry=entry.title),
            text("Save it as .safetensors"),
        )
    if form == SAFETENSORS:
        _check_shareable(model.backbone)
        return
    if form == ONNX and find_spec("onnx") is None:
        raise UserError(
            text("The model cannot be saved as {path}", path=path.name),
            text("that needs the package onnx, which is not installed"),
            text('Install it with: pip install "flowersorter[onnx]"'),
        )
    if form == PTH:
        require_torch(text("The model cannot be saved as {path}", path=path.name))
    weights_file(entry)


def _check_shareable(backbone: str) -> None:
    """Refuse a .safetensors of a finetuned model: the file holds no network, and no other collection has it.

    Raises:
        UserError: the network was finetuned in this collection.
    """
    if is_finetuned(backbone):
        raise UserError(
            text("This model cannot be saved as .safetensors"),
            text("such a file holds no network, and {backbone} is in this collection alone", backbone=backbone),
            text("Save it as .onnx or .pth, which hold the whole network"),
        )


def _called_as_now(collection: CollectionStore, model: Model) -> Model:
    """Return the model with the current class names, or unchanged if two of its classes were merged since."""
    entries = [collection.classes.find(name) for name in model.class_names]
    names = [name if entry is None else entry.name for name, entry in zip(model.class_names, entries, strict=True)]
    return replace(model, class_names=tuple(names)) if len(set(names)) == len(names) else model


_ONNX_REMARK = text("It expects upright photos and names a class for every photo: it does not recognise Unknown photos")


def _pth_remark(plain: float | None, own: float | None) -> str:
    remark = text(
        "Plain torchvision cannot take the square root of the features as FlowerSorter does, so this file has its own "
        "last layer"
    )
    if plain is None or own is None:
        return remark
    return text(
        "{remark}: {plain:.1f} % right on unseen photos (FlowerSorter: {own:.1f} %)",
        remark=remark,
        plain=100 * plain,
        own=100 * own,
    )


def _onnx(model: Model, entry: Backbone) -> bytes:
    from flowersorter.vision.export.onnx_file import onnx_file

    return onnx_file(model, entry, made_by(model.backbone))


def _torchvision(model: Model, entry: Backbone, head: PlainHead) -> bytes:
    from flowersorter.vision.export.torchvision_file import torchvision_file

    return torchvision_file(entry, model.class_names, head.weight, head.bias, made_by(model.backbone))


def _plain_head(engine: Engine, named: NamedModel, cancel: CancelToken) -> PlainHead:
    """Fit a head on the raw pooled features: a plain torchvision network cannot take their square root."""
    collection = engine.collection
    model = named.model
    classes = collection.labels.class_ids() if named.id else {}
    own = labelled_photos(engine, model.backbone, classes)
    grown = named.id is None or model.training.built_on_starter
    examples = with_starter(collection, own, background=True) if grown else own
    if set(examples.class_names) != set(model.class_names):
        raise TooFewPhotos(
            text("The model cannot be saved as .pth"),
            text("the labels of the collection have changed since it was trained"),
            text("Retrain, then export again, or save it as .safetensors"),
        )
    order = [model.class_names.index(name) for name in examples.class_names]
    targets = np.array(order, np.intp)[examples.targets]
    starters = -1 - examples.photo_ids[~examples.own]  # not every one: the person may have deleted a class
    totals = [_totals(collection, model.backbone, own.photo_ids), starter().totals[starters]]
    learned_from = replace(examples.examples, targets=targets)
    if named.id is None:  # the starter model's accuracy was measured on its own photos, too
        learned_from = replace(learned_from, own=np.ones(len(targets), np.bool_))
    return fit_plain_head(learned_from, np.concatenate(totals), len(model.class_names), cancel)


def _totals(collection: CollectionStore, backbone: str, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return (N,) float32 sums of the pooled features of photos, in hash order; the mean over two views if cached."""
    _, hashes = collection.photos.by_hash(photo_ids)
    store = collection.embeddings(backbone)
    totals = np.empty(len(hashes), np.float32)
    for start in range(0, len(hashes), _BLOCK_ROWS):
        block = hashes[start : start + _BLOCK_ROWS]
        sums = store.get(block, CENTRE)[0].sum(axis=1, dtype=np.float32)
        wide, again = store.get(block, WIDE)
        sums[again] = (sums[again] + wide.sum(axis=1, dtype=np.float32)) / 2
        totals[start : start + len(block)] = sums
    return totals
