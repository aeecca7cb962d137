"""Set or remove the label of one photo, given its path."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import PhotoUnreadable, TooFewPhotos
from flowersorter.jobs import CancelToken, Report
from flowersorter.messages import text
from flowersorter.photos.file_bytes import FileBytes, read_file
from flowersorter.workflows.labelling.set_labels import assign, clear
from flowersorter.workflows.predicting.photo_details import predictions_for
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, read_new

if TYPE_CHECKING:
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class LabelPhotoRequest:
    """Set the label of a photo.

    Attributes:
        path: The photo; one that is new to the collection is read first.
        class_name: Its class, created if there is none of that name; None confirms the suggestion.
        device: "auto", "cpu" or "cuda".
    """

    path: Path
    class_name: str | None = None
    device: str = "auto"


def label_photo(engine: Engine, request: LabelPhotoRequest, report: Report, cancel: CancelToken) -> str:
    """Label a photo on behalf of a person. The label is stored when this returns.

    Returns:
        The name of its class, as the collection spells it.

    Raises:
        PhotoUnreadable: the file is missing or not a photo.
        ClassRefused: the class name cannot be used.
        TooFewPhotos: no class was named, and there is no model that suggests one.
        WeightsMissing: the photo is new, and the backbone's weights are not on this computer.
        Cancelled: asked to stop; nothing was labelled.
    """
    collection, path = engine.collection, request.path.absolute()
    file = read_file(path)
    photo = collection.photos.by_sha256(hashlib.sha256(file.data).digest())
    photo_id = photo.id if photo is not None else _read(engine, request, path, file, report, cancel)
    name = request.class_name
    if name is None:
        names = {entry.id: entry.name for entry in collection.classes.all()}
        name = names[_suggestion(engine, photo_id, path)]
    with collection.database.transaction():
        chosen = collection.classes.resolve(
            name, ClassOrigin.PERSON
        )  # a class that a model brought along becomes the person's
        assign(collection, [photo_id], chosen.id)
    return chosen.name


def remove_label(collection: CollectionStore, path: Path) -> bool:
    """Remove the label of a photo; from then on it has the class that the model suggests.

    Returns:
        Whether it had one.

    Raises:
        PhotoUnreadable: the file is missing, or is not a regular file.
    """
    photo = collection.photos.by_sha256(hashlib.sha256(read_file(path.absolute()).data).digest())
    if photo is None:
        return False
    return clear(collection, [photo.id])[photo.id] is not None


def _read(
    engine: Engine, request: LabelPhotoRequest, path: Path, file: FileBytes, report: Report, cancel: CancelToken
) -> int:
    """Read and embed a photo that is new to the collection; return its id."""
    collection = engine.collection
    place_id = collection.photos.add_place(path, None, file.size_bytes, file.mtime_ns)
    places = collection.photos.places([place_id])
    read_new(engine, PredictFolderRequest(path.parent, request.device), places, report, cancel)
    place = collection.photos.place(place_id)
    if place.photo_id is None:
        raise PhotoUnreadable(
            text("The photo {path} cannot be read", path=path), place.error or text("it changed while it was read")
        )
    return place.photo_id


def _suggestion(engine: Engine, photo_id: int, path: Path) -> int:
    guesses = predictions_for(engine, [photo_id])
    top = guesses.top(photo_id, 1) if guesses is not None else ()
    if not top:
        raise TooFewPhotos(
            text("There is no suggestion for {path} to confirm", path=path),
            text("there is no model yet"),
            text("Name its class"),
        )
    return top[0][0]
