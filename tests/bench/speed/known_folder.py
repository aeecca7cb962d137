"""A collection as it is after a folder was labelled and the program was taught with some of its photos."""

from __future__ import annotations

from pathlib import Path

from flowersorter.workflows.engine import Engine
from tests.bench.speed.big_collection import make_collection
from tests.bench.speed.process import Figures, answer

CLASSES = 10


def make_known(folder: str, photos: int, labelled: int, trained: bool) -> Figures:
    """Make a collection and, if it is to be trained, retrain it so that predicting has nothing to read."""
    from flowersorter.jobs import CancelToken, silent
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.training.train import RetrainRequest, retrain

    made = make_collection(Path(folder), photos, labelled, CLASSES, files=trained)
    if trained:
        with Engine(CollectionStore.open(made.collection)) as engine:
            retrain(engine, RetrainRequest(), silent, CancelToken())
    return {"collection": str(made.collection), "photos": str(made.photos)}


if __name__ == "__main__":
    answer(make_known)
