"""Imports a model file into a collection after checking every part of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.errors import ModelFileBad
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.models.safetensors_bundle import read_bundle
from flowersorter.messages import text
from flowersorter.vision.backbone.registry import backbone as backbone_named
from flowersorter.vision.backbone.weights_files import find_weights, missing_weights
from flowersorter.workflows.exchange.validate_import import ValidatedModel, validate_import
from flowersorter.workflows.models.current_model import use_model

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Import a model from a file.

    Attributes:
        path: A .safetensors file that `export_model` wrote, here or elsewhere.
        use: Whether to make it the current model.
    """

    path: Path
    use: bool = False


@dataclass(frozen=True, slots=True)
class ImportResult:
    """An imported model.

    Attributes:
        model_id: Its number there.
        name: Name of the file it came from.
        classes: Its classes, in the order of its outputs.
        known: Those of them that the collection already has, by their present or a former name.
        backbone: Name of its backbone.
        weights_here: Whether the backbone's weights are on this computer.
        photos: Number of training photos, according to its author.
        accuracy: Its held-out accuracy, 0 to 1, according to its author; None if not stated. Not measured here.
        note: The note of its author.
        made_current: Whether the collection uses it now.
    """

    model_id: int
    name: str
    classes: tuple[str, ...]
    known: tuple[str, ...]
    backbone: str
    weights_here: bool
    photos: int
    accuracy: float | None
    note: str
    made_current: bool


def import_model(engine: Engine, request: ImportRequest, report: Report, cancel: CancelToken) -> ImportResult:
    """Check a model file and add it to the collection's models; no code in the file is run.

    The classes it knows become classes of the collection when it is used. Its accuracy is a claim of its author: it is
    kept in the model's note, and counts neither in the list of models nor when a new model is compared with it.

    Raises:
        ModelFileBad: the file is not a model, is damaged, or needs an unknown backbone; the collection is as before.
        WeightsMissing: it was to be used, and the backbone's weights are not on this computer; it was not added.
        UserError: the disk refuses.
        Cancelled: asked to stop; the collection is as before.
    """
    collection, path = engine.collection, request.path.absolute()
    report(Progress(text("Reading the model"), 0))
    try:
        found = validate_import(*read_bundle(path))
    except ModelFileBad as error:
        raise ModelFileBad(text("The model file {path} cannot be used", path=path), error.why, error.hint) from error
    cancel.check()
    entry = backbone_named(found.model.backbone)
    weights_here = find_weights(entry) is not None
    if request.use and not weights_here:
        raise missing_weights(entry)
    known = tuple(name for name in found.model.class_names if collection.classes.find(name) is not None)
    training = replace(found.model.training, note=_note(path.name, found))
    with collection.database.transaction():
        model_id = collection.models.add(*replace(found.model, training=training).to_bundle())
        if request.use:
            use_model(engine, model_id)
    return ImportResult(
        model_id=model_id,
        name=path.name,
        classes=found.model.class_names,
        known=known,
        backbone=found.model.backbone,
        weights_here=weights_here,
        photos=found.photos,
        accuracy=found.accuracy,
        note=found.note,
        made_current=request.use,
    )


def _note(name: str, found: ValidatedModel) -> str:
    """Return the note to list with the model, in which reported figures are marked as the author's."""
    said = f"{found.photos} photos"
    if found.accuracy is not None:
        said += f", {100 * found.accuracy:.1f} % right"
    shown = "".join(c if c.isprintable() else "?" for c in name)
    note = f" Their note: “{found.note}”" if found.note else ""
    return f"From {shown}. According to whoever shared it: {said}.{note}"
