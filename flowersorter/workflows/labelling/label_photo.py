"""Set or remove the label of one photo, or give another answer about it, given its path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.domain.photo_answers import Mark, PhotoAnswer
from flowersorter.domain.photo_class import ClassOrigin, PhotoClass
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import ClassRefused, PhotoUnreadable, TooFewPhotos
from flowersorter.jobs import CancelToken, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.library.tables.unreadable_files import store_file
from flowersorter.messages import text
from flowersorter.photos.file_bytes import FileHash, hash_file
from flowersorter.photos.scanning.folder_walk import can_have_class
from flowersorter.workflows.labelling.set_labels import answer, assign, forget
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
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
        unreadable: Why it has no picture and is not used for training; "" for a photo.
    """

    class_name: str
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class AnswerPhotoRequest:
    """Store an answer about a photo other than its class.

    Attributes:
        path: The photo; one that is new to the collection is read first.
        rejected: The name of a class that it does not show; None for none.
        mark: The answer in place of a class, if `rejected` is None.
        device: "auto", "cpu" or "cuda".
    """

    path: Path
    rejected: str | None = None
    mark: Mark = Mark.NONE
    device: str = "auto"


def label_photo(engine: Engine, request: LabelPhotoRequest, report: Report, cancel: CancelToken) -> LabelledPhoto:
    """Label a photo on behalf of a person. The label is stored when this returns.

    A broken photo or a film can be given a class too: it is sorted, and not used for training.

    Raises:
        PhotoOutOfReach: the file is missing or forbidden, or changes while it is read.
        PhotoUnreadable: the file is empty or of a kind that is not sorted, or it is not a photo and no class was named.
        ClassRefused: the class name cannot be used; or none was named, and the photo looks like none of the classes.
        TooFewPhotos: no class was named, and there is no model that suggests one.
        WeightsMissing: the photo is new, and the backbone's weights are not on this computer.
        Cancelled: asked to stop; nothing was labelled.
    """
    collection, path = engine.collection, request.path.absolute()
    photo_id, unreadable = _identify(engine, request, path, report, cancel)
    name = request.class_name
    if name is None:
        names = {entry.id: entry.name for entry in collection.classes.all()}
        name = names[_suggestion(engine, photo_id, path)]
    with collection.database.transaction():
        chosen = collection.classes.resolve(name, ClassOrigin.PERSON)  # a class of a model becomes the person's
        assign(collection, [photo_id], chosen.id)
    return LabelledPhoto(chosen.name, unreadable)


def answer_photo(engine: Engine, request: AnswerPhotoRequest, report: Report, cancel: CancelToken) -> str:
    """Store a person's answer that a photo does not show a class, shows none of them, or that they cannot tell.

    A label that contradicts the answer is removed. The answer is stored when this returns.

    Returns:
        The rejected class, as the collection spells it; "" for a mark.

    Raises:
        PhotoOutOfReach: the file is missing or forbidden, or changes while it is read.
        PhotoUnreadable: the file is not a photo.
        ClassRefused: there is no class of the rejected name.
        WeightsMissing: the photo is new, and the backbone's weights are not on this computer.
        Cancelled: asked to stop; nothing was stored.
    """
    rejected = None if request.rejected is None else known_class(engine, request.rejected)
    photo_id, _ = _identify(engine, request, request.path.absolute(), report, cancel)
    answer(engine.collection, [photo_id], PhotoAnswer(0 if rejected is None else rejected.id, request.mark))
    return "" if rejected is None else rejected.name


def known_class(engine: Engine, name: str) -> PhotoClass:
    """Return the class of a name, which may be one that only the model knows.

    Raises:
        ClassRefused: there is none.
    """
    collection = engine.collection
    named = model_for(engine, chosen_backbone(collection))
    if named is not None:
        collection.classes.meant_by(named.model.class_names)
    found = collection.classes.find(name)
    if found is None:
        names = ", ".join(each.name for each in collection.classes.all())
        raise ClassRefused(
            text("There is no class “{name}”", name=name),
            text("the classes are: {names}", names=names) if names else text("there are no classes yet"),
        )
    return found


def remove_label(collection: CollectionStore, path: Path) -> bool:
    """Remove the label of a photo and all other answers; from then on it has the class that the model suggests.

    Returns:
        Whether it had any.

    Raises:
        PhotoUnreadable: the file is missing, or is not a regular file.
    """
    photo = collection.photos.by_sha256(hash_file(path.absolute(), CancelToken()).sha256)
    if photo is None:
        return False
    return forget(collection, [photo.id])


def _identify(
    engine: Engine, request: LabelPhotoRequest | AnswerPhotoRequest, path: Path, report: Report, cancel: CancelToken
) -> tuple[int, str]:
    """Find a photo in the collection, or add it; return its id, and why it has no picture."""
    file = call_apart(partial(hash_file, path, cancel), cancel)
    photo = engine.collection.photos.by_sha256(file.sha256)
    if photo is not None and photo.width_px:
        return photo.id, ""
    return _read(engine, request, path, file, report, cancel)


def _read(
    engine: Engine,
    request: LabelPhotoRequest | AnswerPhotoRequest,
    path: Path,
    file: FileHash,
    report: Report,
    cancel: CancelToken,
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
    named = isinstance(request, LabelPhotoRequest) and request.class_name is not None
    if not named or place.error is None or not can_have_class(path.name):
        raise PhotoUnreadable(text("The photo {path} cannot be read", path=path), why)
    if not file.size_bytes:
        raise PhotoUnreadable(text("The file {path} cannot be given a class", path=path), text("it is empty"))
    return store_file(collection.database, place_id, file.sha256, file.size_bytes), why


def _suggestion(engine: Engine, photo_id: int, path: Path) -> int:
    predictions = predictions_for(engine, [photo_id])
    top = predictions.top(photo_id, 1) if predictions is not None else ()
    if not top:
        raise TooFewPhotos(
            text("There is no suggestion for {path} to confirm", path=path),
            text("there is no model yet")
            if predictions is None
            else text("you said that it shows none of the classes"),
            text("Name its class"),
        )
    if predictions is not None and Verdict.UNKNOWN in predictions.verdicts:  # of this photo alone
        raise ClassRefused(
            text("The suggestion for {path} cannot be confirmed", path=path),
            text("the photo looks like none of the classes"),
            text("Name its class"),
        )
    return top[0][0]
