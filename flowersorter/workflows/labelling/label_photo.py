"""Set or remove the label of one photo, given its path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import ClassRefused, PhotoUnreadable, TooFewPhotos
from flowersorter.jobs import CancelToken, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.library.tables.unreadable_files import store_file
from flowersorter.messages import text
from flowersorter.photos.file_bytes import FileHash, hash_file
from flowersorter.photos.folder_walk import can_have_class
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


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo that was labelled.

    Attributes:
        class_name: Its class, as the collection spells it.
        unreadable: Why it has no picture, so that it is not used for training; "" for a photo.
    """

    class_name: str
    unreadable: str = ""


def label_photo(engine: Engine, request: LabelPhotoRequest, report: Report, cancel: CancelToken) -> LabelledPhoto:
    """Label a photo on behalf of a person. The label is stored when this returns.

    A broken photo, a RAW or a film can be given a class too: it is sorted, and not used for training.

    Raises:
        PhotoOutOfReach: the file is missing or forbidden, or changes while it is read.
        PhotoUnreadable: the file is empty or of a kind that is not sorted, or it is not a photo and no class was named.
        ClassRefused: the class name cannot be used; or none was named, and the photo looks like none of the classes.
        TooFewPhotos: no class was named, and there is no model that suggests one.
        WeightsMissing: the photo is new, and the backbone's weights are not on this computer.
        Cancelled: asked to stop; nothing was labelled.
    """
    collection, path = engine.collection, request.path.absolute()
    file = call_apart(partial(hash_file, path, cancel), cancel)
    photo = collection.photos.by_sha256(file.sha256)
    photo_id, unreadable = photo.id if photo is not None and photo.width_px else 0, ""
    if not photo_id:
        photo_id, unreadable = _read(engine, request, path, file, report, cancel)
    name = request.class_name
    if name is None:
        names = {entry.id: entry.name for entry in collection.classes.all()}
        name = names[_suggestion(engine, photo_id, path)]
    with collection.database.transaction():
        chosen = collection.classes.resolve(name, ClassOrigin.PERSON)  # a class of a model becomes the person's
        assign(collection, [photo_id], chosen.id)
    return LabelledPhoto(chosen.name, unreadable)


def remove_label(collection: CollectionStore, path: Path) -> bool:
    """Remove the label of a photo; from then on it has the class that the model suggests.

    Returns:
        Whether it had one.

    Raises:
        PhotoUnreadable: the file is missing, or is not a regular file.
    """
    photo = collection.photos.by_sha256(hash_file(path.absolute(), CancelToken()).sha256)
    if photo is None:
        return False
    return clear(collection, [photo.id])[photo.id] is not None


def _read(
    engine: Engine, request: LabelPhotoRequest, path: Path, file: FileHash, report: Report, cancel: CancelToken
) -> tuple[int, str]:
    """Add a new photo to the collection, or a file without a picture; return its id, and why it has no picture."""
    collection = engine.collection
    place_id = collection.photos.add_place(path, None, file.size_bytes, file.mtime_ns)
    places = collection.photos.places([place_id])
    read_new(engine, PredictFolderRequest(path.parent, request.device), places, report, cancel)
    place = collection.photos.place(place_id)
    if place.photo_id is not None and place.error is None:
        return place.photo_id, ""
    why = place.error or text("it changed while it was read")
    if request.class_name is None or place.error is None or not can_have_class(path.name):
        raise PhotoUnreadable(text("The photo {path} cannot be read", path=path), why)
    if not file.size_bytes:
        raise PhotoUnreadable(text("The file {path} cannot be given a class", path=path), text("it is empty"))
    return store_file(collection.database, place_id, file.sha256, file.size_bytes), why


def _suggestion(engine: Engine, photo_id: int, path: Path) -> int:
    guesses = predictions_for(engine, [photo_id])
    top = guesses.top(photo_id, 1) if guesses is not None else ()
    if not top:
        raise TooFewPhotos(
            text("There is no suggestion for {path} to confirm", path=path),
            text("there is no model yet"),
            text("Name its class"),
        )
    if guesses is not None and Verdict.UNKNOWN in guesses.verdicts:  # of this photo alone
        raise ClassRefused(
            text("The suggestion for {path} cannot be confirmed", path=path),
            text("the photo looks like none of the classes"),
            text("Name its class"),
        )
    return top[0][0]
