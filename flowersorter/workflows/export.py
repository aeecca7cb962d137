"""Take the model elsewhere: a torchvision state dict, or a bundle to share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import ModelFileBad, TooFewPhotos, UserError
from flowersorter.job import CancelToken, Progress, Report
from flowersorter.library.bundle import write_bundle
from flowersorter.library.garden import Garden
from flowersorter.workflows.examples import labelled_photos, with_starter
from flowersorter.workflows.models import NamedModel, chosen_backbone, model_for

PTH, SAFETENSORS = ".pth", ".safetensors"
DEFAULT_NAME = "flower_classifier.pth"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Write the garden's model to a file; its suffix says in which form.

    Attributes:
        garden: Whose model.
        path: Ends in .pth (plain torchvision) or .safetensors (a bundle to share).
        backbone: Name, or None for the garden's.
    """

    garden: Garden
    path: Path
    backbone: str | None = None


@dataclass(frozen=True, slots=True)
class ExportResult:
    """A file that was written.

    Attributes:
        path: The file.
        classes: The model's classes, in the order of its outputs.
        backbone: Name of its backbone.
        accuracy: Held-out accuracy of what was written, None where there is none.
    """

    path: Path
    classes: tuple[str, ...]
    backbone: str
    accuracy: float | None


def export_model(request: ExportRequest, report: Report, cancel: CancelToken) -> ExportResult:
    """Write the current model; an existing file is replaced only when the new one is whole.

    Raises:
        UserError: the suffix is unknown, or the file cannot be written.
        TooFewPhotos: a .pth is wanted but the photos it must be fitted on are not in the garden.
    """
    garden, path = request.garden, request.path.absolute()
    if path.suffix not in (PTH, SAFETENSORS):
        raise UserError(
            f"A model cannot be saved as {path.name}",
            "only .pth and .safetensors are known",
            f"Try {DEFAULT_NAME}",
        )
    if not path.parent.is_dir():
        raise UserError(f"The model cannot be saved as {path}", "the folder does not exist", "Choose another folder")
    named = model_for(garden, chosen_backbone(garden, request.backbone))
    if named is None:
        raise ModelFileBad("There is no model to export", "none was trained with this backbone", "Train one first")
    report(Progress("Saving the model", 0))
    if path.suffix == SAFETENSORS:
        write_bundle(path, *named.model.to_bundle())
        return ExportResult(path, named.model.class_names, named.model.backbone, named.model.training.held_out_accuracy)
    weight, bias, accuracy = _plain_head(garden, named, cancel)

    from flowersorter.vision.export import write_torchvision

    write_torchvision(path, named.model.backbone, named.model.class_names, weight, bias)
    return ExportResult(path, named.model.class_names, named.model.backbone, accuracy)


def _plain_head(
    garden: Garden, named: NamedModel, cancel: CancelToken
) -> tuple[NDArray[np.float32], NDArray[np.float32], float | None]:
    """Fit a head on the raw pooled features: the square root of ours has no place in a plain torchvision network."""
    from flowersorter.vision.fit import Examples, fit

    model = named.model
    classes = {photo_id: label.class_id for photo_id, label in garden.labels.all().items()} if named.id else {}
    own = labelled_photos(garden, model.backbone, classes)
    grown = named.id is None or model.training.built_on_starter
    examples = with_starter(garden, own) if grown else own
    if set(examples.class_names) != set(model.class_names):
        raise TooFewPhotos(
            "The model cannot be saved as .pth",
            "the labels of the garden are not those it was trained on any more",
            "Retrain, then export again, or save it as .safetensors",
        )
    order = [model.class_names.index(name) for name in examples.class_names]
    targets = np.array(order, np.intp)[examples.targets]
    scale = np.float32(np.linalg.norm(examples.embeddings, axis=1).mean())
    fitted = fit(
        Examples(examples.embeddings / scale, targets, examples.own),
        model.class_names,
        model.backbone,
        cancel,
    )
    divisor = np.float32(fitted.model.temperature)
    return (
        fitted.model.weight / (scale * divisor),
        fitted.model.bias / divisor,
        fitted.model.training.held_out_accuracy,
    )
