"""Opening a folder that was labelled before: what is shown first, what is shown last, and what is read for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from flowersorter.workflows.engine import Engine
from tests.bench.speed.bench import Bench
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row

_FIRST_S, _ALL_S, _MANY_S = 0.5, 1.5, 8.0


def rows(bench: Bench) -> Iterator[Row]:
    """Two folders, a tenth of the photos labelled by a person, the others predicted."""
    for photos, first_goal, all_goal, repeats in (
        (bench.some, _FIRST_S, _ALL_S, bench.repeats),
        (bench.many, None, _MANY_S, 1),
    ):
        made = bench.collection(photos, photos // 10 if photos == bench.some else bench.some)
        bench.say(f"opening a known folder of {photos:,} photos")
        runs = [run_job("open_folder", collection=made.collection, photos=made.photos) for _ in range(repeats)]
        bench.figures[f"open {photos}"] = runs
        first, everything = (median(run[name] for run in runs) for name in ("first_s", "all_s"))
        what = f"open a known folder of {photos:,} photos"
        yield Row(
            f"{what}: first screen", first, "s", first_goal, note="its rows are there, before the folder is scanned"
        )
        yield Row(f"{what}: all labels", everything, "s", all_goal)
        yield Row(f"{what}: photo files opened", max(run["files_opened"] for run in runs), "", 0.0)


def open_known(collection: str, photos: str) -> Figures:
    """Do what the window does when a folder is opened, without the window."""
    from flowersorter.jobs import CancelToken, silent
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.models.current_model import starter
    from flowersorter.workflows.predicting.photo_details import folder_rows
    from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder

    folder = Path(photos)
    starter()  # read while the window opens
    opened_files = _count_opened(photos)
    with Engine(CollectionStore.open(Path(collection))) as engine:
        started = time.perf_counter()
        known = folder_rows(engine, folder)
        first_s = time.perf_counter() - started
        result = predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
        all_s = time.perf_counter() - started
    assert len(known) == len(result.rows)
    return {
        "first_s": first_s,
        "all_s": all_s,
        "photos": len(result.rows),
        "without_guess": int(np.count_nonzero(result.rows.class_ids == 0)),
        "files_opened": opened_files[0],
        "torch": "torch" in sys.modules,
    }


def _count_opened(folder: str) -> list[int]:
    """Count every opening of a file below a folder from now on, whoever does it, in the one number of a list."""
    count = [0]

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(folder):
            count[0] += 1

    sys.addaudithook(hear)
    return count


if __name__ == "__main__":
    answer(open_known)
