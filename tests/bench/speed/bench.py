"""What all measurements of one run share: how much is measured, where it is made, and what was found on the way."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.speed.big_collection import BigCollection
from tests.bench.speed.process import Figures, run_job


@dataclass
class Bench:
    """One run of the table.

    Attributes:
        scratch: A folder that is removed afterwards.
        photos: A folder of labelled photos to enlarge, or None to draw some.
        walkthrough: A program to measure against instead of the bench's own yardstick.
        repeats: How often each comparison is made.
        camera_photos: How many photos of 12 megapixels are labelled.
        some: Photos of the smaller collection: 10,000.
        many: Photos of the larger collection: 100,000.
        million: Photos of the largest collection: a million.
        labelled_new: The most photos that are labelled with a stub network.
        figures: Everything measured, by what it is of.
        epoch_s_per_photo: The walkthrough's time for a photo in an epoch, once it is known.
    """

    scratch: Path
    photos: Path | None = None
    walkthrough: Path | None = None
    repeats: int = 3
    camera_photos: int = 60
    some: int = 10_000
    many: int = 100_000
    million: int = 1_000_000
    labelled_new: int = 30_000
    figures: dict[str, object] = field(default_factory=dict)
    epoch_s_per_photo: float | None = None
    _made: dict[tuple[int, int, bool], BigCollection] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """Tell whoever waits what is going on."""
        print(f"... {text}", file=sys.stderr, flush=True)

    def collection(self, photos: int, labelled: int, *, trained: bool = True) -> BigCollection:
        """A collection with so many photos, made when it is first asked for; its user leaves it as it is.

        One that is not trained is only there to be trained: its photos are not on the disk.
        """
        key = (photos, labelled, trained)
        if key not in self._made:
            self.say(f"making a collection of {photos:,} photos")
            folder = self.scratch / f"collection {photos} {labelled} {trained}"
            made: Figures = run_job("known_folder", folder=folder, photos=photos, labelled=labelled, trained=trained)
            self._made[key] = BigCollection(Path(made["collection"]), Path(made["photos"]))
        return self._made[key]
