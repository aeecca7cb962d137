"""A garden as it is after a folder was labelled and the program was taught with some of its photos."""

from __future__ import annotations

from pathlib import Path

from tests.bench.speed.big_garden import make_garden
from tests.bench.speed.process import Figures, answer

CLASSES = 10


def make_known(folder: str, photos: int, labelled: int, trained: bool) -> Figures:
    """Make a garden and, if it is to be trained, retrain it."""
    from flowersorter.job import CancelToken, silent
    from flowersorter.library.garden import Garden
    from flowersorter.workflows.train import RetrainRequest, retrain

    made = make_garden(Path(folder), photos, labelled, CLASSES)
    if trained:
        with Garden.open(made.garden) as garden:
            retrain(RetrainRequest(garden), silent, CancelToken())
    return {"garden": str(made.garden), "photos": str(made.photos)}


if __name__ == "__main__":
    answer(make_known)
