"""First suggestions for photos never seen, from the previews in their files."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median

from tests.bench.speed.bench import Bench
from tests.bench.speed.camera_photos import write_camera_photos
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row

_PHOTOS, _WITHIN_S = 1000, 30.0
_started = time.perf_counter()


def rows(bench: Bench) -> Iterator[Row]:
    """A folder of a thousand photos of 12 megapixels, until the last one has a suggestion, provisional or final."""
    camera = bench.scratch / "camera"
    paths = sorted(camera.rglob("*.jpg")) or write_camera_photos(camera, bench.camera_photos, bench.photos)
    folder = bench.scratch / "first"
    folder.mkdir()
    for number in range(_PHOTOS):
        os.link(paths[number % len(paths)], folder / f"IMG_{number:04}.jpg")  # 3 GB of photos, stored once
    bench.say(f"first suggestions for {_PHOTOS:,} photos")
    runs = [run_job("first", photos=folder) for _ in range(bench.repeats)]
    bench.figures["first"] = runs
    seconds = median(run["seconds"] for run in runs)
    yield Row(
        f"first suggestions for {_PHOTOS:,} photos of 12 megapixels, from their previews",
        seconds,
        "s",
        _WITHIN_S,
        note=f"{runs[0]['suggested']:,} photos have one, {runs[0]['suggested'] / seconds:.0f} a second, counted from "
        "the start of the process; the photos themselves are read afterwards",
    )


def suggest_first(photos: str) -> Figures:
    """Open a folder in a new collection, as the window does, until the first photo itself is read."""
    from flowersorter.errors import Cancelled
    from flowersorter.jobs import CancelToken
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.predicting.first_suggestions import FirstSuggestions
    from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, RowsChanged, predict_folder

    cancel, suggested, at = CancelToken(), set[int](), [0.0]

    def report(event: object) -> None:
        if isinstance(event, FirstSuggestions):
            suggested.update(event.place_ids.tolist())
            at[0] = time.perf_counter() - _started
        elif isinstance(event, RowsChanged):
            cancel.cancel()

    with (
        tempfile.TemporaryDirectory() as folder,
        Engine(CollectionStore.open(Path(folder))) as engine,
        suppress(Cancelled),
    ):
        predict_folder(engine, PredictFolderRequest(Path(photos), previews=set()), report, cancel)
    return {"seconds": at[0], "suggested": len(suggested)}


if __name__ == "__main__":
    answer(suggest_first)
