"""A suggestion for one photo in the terminal: a new process in a new collection."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.speed.bench import Bench
from tests.bench.speed.camera_photos import drawn
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row

_CPU_S = 1.5


def rows(bench: Bench) -> Iterator[Row]:
    """One small photo, so that what is timed is the start of the program and of the network."""
    photo = bench.scratch / "one.jpg"
    drawn(0).save(photo, "JPEG")
    bench.say("predicting one photo in a new process")
    run_job("cold", photo=photo)  # Python compiles what it has not compiled yet
    runs = [run_job("cold", photo=photo) for _ in range(bench.repeats)]
    bench.figures["cold"] = runs
    yield Row(
        "predict one photo, a new process: processor time",
        median(run["cpu_s"] for run in runs),
        "s",
        _CPU_S,
        note=f"{median(run['process_s'] for run in runs):.2f} s from start to end",
    )


def predict_one(photo: str) -> Figures:
    """Run the command and return the processor time of this process since it started."""
    from flowersorter.__main__ import main

    with tempfile.TemporaryDirectory() as folder:
        code = main(["predict", photo, "--collection", str(Path(folder) / "collection")])
        return {"cpu_s": time.process_time(), "code": code}


if __name__ == "__main__":
    answer(predict_one)
