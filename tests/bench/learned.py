"""Photos of class folders as the program knows them once it has learned from them."""

from __future__ import annotations

from pathlib import Path

from flowersorter.job import CancelToken, silent
from flowersorter.library.garden import Garden
from flowersorter.vision.backbones import DEFAULT
from flowersorter.workflows.examples import TrainingSet, labelled_photos
from flowersorter.workflows.train import TrainFolderRequest, train_folder


def learned_photos(garden: Garden, folder: Path) -> TrainingSet:
    """Train on a folder with one sub-folder per class; its photos with both views' features, as `train` embeds them."""
    train_folder(TrainFolderRequest(garden, folder, backbone=DEFAULT), silent, CancelToken())
    classes = {photo_id: label.class_id for photo_id, label in garden.labels.all().items()}
    return labelled_photos(garden, DEFAULT, classes)
