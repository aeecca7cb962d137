"""The collection of a script: a method for each of the program's workflows, in plain values."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from flowersorter.api.answers import Prediction
from flowersorter.api.evaluated_collection import EvaluatedCollection
from flowersorter.api.exchanged_collection import ExchangedCollection
from flowersorter.api.model_answers import ModelInfo
from flowersorter.api.paths import AnyPath, given_path, given_paths, whole_number
from flowersorter.api.photo_answers import AnswerCollection
from flowersorter.api.photo_source import AnyPhoto, Given
from flowersorter.api.sorted_collection import SortedCollection
from flowersorter.api.trained_collection import TrainedCollection
from flowersorter.errors import CollectionLocked, PhotoUnreadable
from flowersorter.messages import text

_opening = threading.Lock()


class Collection(SortedCollection, TrainedCollection, EvaluatedCollection, AnswerCollection, ExchangedCollection):
    """The classes, labels, models and sorts of one task. Open it with `open`, in a ``with`` block.

    Use it in one thread only, except `predict_image`, which several may call at the same time. While it is open, no
    window and no other program can open the same collection, unless one of them opens it only for reading.
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order that the window shows."""
        return tuple(entry.name for entry in self._library.classes.all())

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """The models of this collection, newest first; the starter model, last, has no number."""
        from flowersorter.api.model_answers import model_infos

        return model_infos(self._library)

    def label(self, path: AnyPath, class_name: str | None = None, *, move_copies: bool = False) -> str:
        """Set the class of a photo: `retrain` learns from it. The label is stored when this returns.

        Args:
            path: The photo; one that is new to the collection is read first.
            class_name: Its class, created if the collection has none of that name; None confirms the suggestion.
            move_copies: Whether to move sorted copies of the photo into the folder of this class, too. `undo` moves
                them back.

        Returns:
            The name of its class, as the collection spells it.

        Raises:
            PhotoUnreadable: the path is missing or a folder, or no class was named and the file is not a photo. A file
                that is not a photo can be given a class: it is sorted, and not used for training.
            ClassRefused: the class name cannot be used; or no class was named, and the photo is unknown.
            TooFewPhotos: no class was named, and there is no model that suggests one.
        """
        from flowersorter.workflows.labelling.label_photo import LabelPhotoRequest, label_photo

        photo = given_path(path)
        if photo.is_dir():
            raise PhotoUnreadable(
                text("{folder} is a folder", folder=photo),
                text("label sets the class of one photo"),
                text("Call it for each photo; to get suggestions for a folder, call predict"),
            )
        request = LabelPhotoRequest(photo, class_name, self._device)
        name = self._run(label_photo, request).class_name
        if move_copies:
            from flowersorter.workflows.filing.refile import RefileRequest, photos_at, refile

            self._run(refile, RefileRequest(photos_at(self._library, [request.path.absolute()])))
        return name

    def label_from_keywords(
        self, folder: AnyPath | Sequence[AnyPath], keywords: Sequence[str] | None = None
    ) -> dict[Path, str]:
        """Label photos with keywords that other programs gave them (digiKam, Lightroom, darktable, Windows).

        Reads the keywords in sidecar files (.xmp) and in the photos; new photos are read first. A photo that a
        person labelled keeps its label, and one with keywords of several classes gets none. `undo_labels` takes all
        back.

        Args:
            folder: The folder with the photos, or several folders and photos.
            keywords: The keywords to take, "genus/species" for nested ones; classes are created for them. None takes
                those that are classes already.

        Returns:
            The class of each photo that was labelled.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            ClassRefused: a keyword cannot be the name of a class; no photo was labelled.
        """
        from flowersorter.photos.scan import absolute_roots
        from flowersorter.workflows.exchange import keyword_labels

        roots = absolute_roots(given_paths(folder))
        self.predict(*roots)
        found = self._run(keyword_labels.find_keywords, keyword_labels.FindKeywordsRequest(roots))
        chosen = None if keywords is None else {keyword: keyword for keyword in keywords}
        taken = self._run(keyword_labels.take_keywords, keyword_labels.TakeKeywordsRequest(found, chosen))
        return {found.paths[photo_id]: name for photo_id, name in taken.labels.items()}

    def remove_label(self, path: AnyPath) -> bool:
        """Remove the label of a photo: from then on it has the class that the model suggests.

        Returns:
            Whether it had one.

        Raises:
            PhotoUnreadable: the file is missing, or is not a regular file.
        """
        from flowersorter.workflows.labelling.label_photo import remove_label

        return remove_label(self._library, given_path(path))

    def gone_labels(self) -> int:
        """Count the labels whose photo was deleted or replaced by another picture. Training does not use them.

        Call `predict` for the folder where the photos are now to find them again.
        """
        from flowersorter.library.tables.edited_photos import gone_labels

        return len(gone_labels(self._library.database))

    def forget_gone_labels(self) -> int:
        """Delete the labels that `gone_labels` counts, and return their number."""
        from flowersorter.workflows.labelling.gone_labels import forget_gone_labels

        return len(forget_gone_labels(self._library))

    def use_model(self, number: int | None) -> None:
        """Use another model from now on; None is the starter model.

        Raises:
            ModelFileBad: there is no such model, or its file is damaged.
        """
        from flowersorter.workflows.models.current_model import use_model

        use_model(self._engine, None if number is None else whole_number(number, "number"))

    def export_model(self, path: AnyPath) -> Path:
        """Save the current model to a file, for other programs or other collections.

        Args:
            path: The file. Its suffix chooses the format: .pth for plain torchvision, .onnx takes a photo and returns
                probabilities, .safetensors can be imported into another collection.

        Raises:
            UserError: the suffix is none of these, the file cannot be written, or the package onnx is missing.
            TooFewPhotos: a .pth was requested, and the labels have changed since the model was trained.
        """
        from flowersorter.workflows.exchange.export_model import ExportRequest, export_model

        request = ExportRequest(given_path(path))
        return self._run(export_model, request).path

    def import_model(self, path: AnyPath, *, use: bool = False) -> int:
        """Add a model from a .safetensors file. No code in the file is run.

        Args:
            path: The file.
            use: Whether to use it from now on.

        Returns:
            The number of the model, for `use_model`.

        Raises:
            ModelFileBad: the file is not a model, is damaged, or needs a network that is not known.
        """
        from flowersorter.workflows.exchange.import_model import ImportRequest, import_model

        request = ImportRequest(given_path(path), use)
        return self._run(import_model, request).model_id


@overload
def predict_image(photo: list[Given]) -> list[Prediction]: ...


@overload
def predict_image(photo: AnyPhoto) -> Prediction: ...


def predict_image(photo: object) -> Prediction | list[Prediction]:
    """Predict the class of one photo, or of a list, with the model of the collection that the window opens.

    The network stays in memory for the next call. The collection is open only during the call; while the window or
    another thread has it open, it is only read. Several threads may call it at the same time.

    Args:
        photo: A path, the bytes of a photo file, a PIL image, an (H, W, 3) uint8 array in sRGB, or a list of them.

    Returns:
        The prediction; for a list a list in the same order, in which a photo that cannot be read has an `error`.

    Raises:
        PhotoUnreadable: the one photo is missing or not a photo.
        UserError: it is none of these types, or an array of another shape.
    """
    with _opening:  # one thread makes a new collection whole before another reads it
        try:
            opened = Collection.open()
        except CollectionLocked:
            opened = Collection.open(read_only=True)
    with opened as collection:
        return collection.predict_image(photo)  # type: ignore[call-overload,no-any-return]
