"""The part of a script's collection that trains models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowersorter.api.grouped_collection import GroupedCollection
from flowersorter.api.model_answers import Training
from flowersorter.api.paths import AnyPath, given_path

if TYPE_CHECKING:
    from flowersorter.workflows.training.train import TrainResult


class TrainedCollection(GroupedCollection):
    """Trains on labels and on class folders."""

    def retrain(self, note: str = "") -> Training:
        """Train a new model on every labelled photo, and use it from now on.

        A new model that is clearly less accurate than the current one, or that would replace an imported one, is
        stored but not used: pass its number to `use_model` to use it anyway.

        Args:
            note: Text to store with the model.

        Raises:
            TooFewPhotos: no photo is labelled, or all labels are of one class.
        """
        from flowersorter.workflows.training.train import RetrainRequest, retrain

        return _training(self._run(retrain, RetrainRequest(self._device, note)))

    def train(self, folder: AnyPath, *, add: bool = False, flat: bool = False, note: str = "") -> Training:
        """Train a new model on a folder with one sub-folder per class, take these as labels, and use the model.

        The sub-folders may be in folders "train" and "val": the photos in "val" only evaluate. Folders in class
        folders, such as "rosa/canina", are classes of their own where no photo is beside them.

        Args:
            folder: The folder.
            add: Train on the collection's other labels as well.
            flat: Whether folders in class folders are parts of the same class.
            note: Text to store with the model.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            TooFewPhotos: it has fewer than two sub-folders with readable photos.
        """
        from flowersorter.workflows.training.train import TrainFolderRequest, train_folder

        request = TrainFolderRequest(given_path(folder), add, self._device, note=note, flat=flat)
        return _training(self._run(train_folder, request))


def _training(result: TrainResult) -> Training:
    """Convert the result of a training to plain values."""
    return Training(
        model=result.model_id,
        classes=result.classes,
        photos=result.photos,
        accuracy=result.held_out_accuracy,
        made_current=result.made_current,
        starter_classes=result.starter_classes,
        validated=result.validated,
        validated_right=result.validated_right,
        empty_classes=result.left_out.empty,
    )
