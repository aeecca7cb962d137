"""How much memory a very large collection takes in the window, and whether labelling more photos takes more."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from flowersorter.workflows.engine import Engine
from tests.bench.speed.bench import Bench
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row

_OPEN_MB, _SLOPE_MB = 900.0, 1.0
_LABELLED = 4000


def rows(bench: Bench) -> Iterator[Row]:
    """The window with the larger collection; labelling with the stub network."""
    made = bench.collection(bench.many, bench.some)
    bench.say("memory")
    large = run_job("memory", what="window", collection=made.collection, photos=made.photos)
    slope = run_job("memory", what="labelling", count=min(_LABELLED, bench.labelled_new))
    bench.figures["memory"] = {"window": large, "labelling": slope}
    if not large["resident_mb"]:
        yield Row("memory", None, "MB", note="this system does not tell how much is resident")
        return
    torch = "torch loaded" if large["torch"] else "torch not loaded"
    yield Row(
        f"memory: a collection of {bench.many:,} photos open in the window",
        large["resident_mb"],
        "MB",
        _OPEN_MB,
        note=f"{large['private_mb']:.0f} MB of it the program's own, the rest files that are mapped; at most "
        f"{large['highest_mb']:.0f} MB while it was opened; {torch}; an open window without photos "
        f"{large['before_mb']:.0f} MB",
    )
    yield Row(
        "memory: labelling 1,000 photos more (stub network)",
        slope["mb_per_1000"],
        "MB",
        _SLOPE_MB,
        note=f"slope over {slope['photos']:,} photos after the first quarter",
    )
    yield Row(
        f"window: first photos of {bench.many:,} in the grid",
        large["first_s"],
        "s",
        note=f"from showing the window; all labels {large['all_s']:.2f} s; look-alikes grouped {large['groups_s']:.2f}",
    )


def resident() -> dict[str, float]:
    """Megabytes this process has in memory: now, its own, and at most so far; all 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    kib = {line.partition(":")[0]: int(line.split()[1]) for line in lines if line.endswith(" kB")}
    names = {"resident_mb": "VmRSS", "private_mb": "RssAnon", "highest_mb": "VmHWM"}
    return {name: kib.get(field, 0) * 1024 / 1e6 for name, field in names.items()}


def measure(what: str, collection: str = "", photos: str = "", count: int = 0) -> Figures:
    """One of both: "window" or "labelling"."""
    return _labelling(count) if what == "labelling" else _window(Path(collection), Path(photos))


def _window(collection: Path, photos: Path) -> Figures:
    from tests.bench.speed.window import let_it_rest, opened, wait_for_labels

    with opened(collection, photos) as program:
        before = resident()
        times = wait_for_labels(program)
        rested = let_it_rest()
        return {
            **resident(),
            "before_mb": before["resident_mb"],
            **asdict(times),
            "photos": program.photos.rowCount(),
            "rested": rested,
            "torch": "torch" in sys.modules,
        }


def _labelling(count: int) -> Figures:
    from flowersorter.jobs import CancelToken, Progress
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
    from tests.bench.speed.big_collection import write_files
    from tests.bench.speed.stub import open_no_network

    samples: list[tuple[int, float]] = []

    def sample(news: object) -> None:
        if isinstance(news, Progress) and news.total == count:
            samples.append((news.done, resident()["resident_mb"]))

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "photos"
        write_files(folder, count)
        with Engine(CollectionStore.open(Path(scratch) / "collection"), open_no_network) as engine:
            predict_folder(engine, PredictFolderRequest(folder), sample, CancelToken())
    done, megabytes = np.array(samples).T
    warm = done >= count / 4
    slope = float(np.polyfit(done[warm], megabytes[warm], 1)[0])
    return {"mb_per_1000": 1000 * slope, "photos": count, "samples": samples[:: max(1, len(samples) // 50)]}


if __name__ == "__main__":
    answer(measure)
