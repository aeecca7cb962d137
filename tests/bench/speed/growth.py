"""What one photo costs in a small, a large and a very large collection: it should be the same."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from flowersorter.workflows.engine import Engine
from tests.bench.speed.bench import Bench
from tests.bench.speed.big_collection import write_files
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row, growth, worst_ratio

_WITHIN = 1.3
#: Everything is done over and over, at least so many times and until so long was measured; the median counts, as the
#: shortest of a hundred calls among few photos would be luckier than the only one among many.
_LEAST_CALLS, _MOST_CALLS, _LONG_ENOUGH_S = 5, 100, 2.0
#: All sizes are measured again, and the lower median counts: who shares the machine may be busy for some seconds, which
#: one size alone would pay for.
_ROUNDS = 2
_NAMES = ("scan", "label", "predict", "filter", "sort plan")


def rows(bench: Bench) -> Iterator[Row]:
    """Three sizes of folder for each thing that is done with all photos of one."""
    few = bench.some // 10
    made = {n: bench.collection(n, min(n // 10, bench.some)) for n in (few, bench.some)}
    made[bench.many] = bench.collection(bench.many, bench.some)
    costs: dict[str, dict[int, float]] = {name: {} for name in _NAMES}
    for turn in range(_ROUNDS):
        for photos, collection in made.items():
            bench.say(f"what a photo costs among {photos:,}: round {turn + 1} of {_ROUNDS}")
            found = run_job("growth", what="known", collection=collection.collection, photos=collection.photos)
            for name in found.keys() & costs.keys():
                costs[name][photos] = min(found[name], costs[name].get(photos, math.inf))
    for new in sorted({min(photos, bench.labelled_new) for photos in made}):
        bench.say(f"what a photo costs that is labelled, of {new:,}")
        costs["label"][new] = run_job("growth", what="new", count=new)["label"]
    bench.figures["seconds a photo"] = costs
    for name, by_size in costs.items():
        ordered = [by_size[size] for size in sorted(by_size)]
        each = ", ".join(f"{1e6 * by_size[size]:,.2f} µs at {size:,}" for size in sorted(by_size))
        stub = " (stub network)" if name == "label" else ""
        yield Row(
            f"cost of growth: {name}{stub}",
            growth(ordered),
            "x",
            _WITHIN,
            note=f"{each} a photo; largest over smallest {worst_ratio(ordered):.2f} x",
        )


def measure(
    what: str, collection: str = "", photos: str = "", count: int = 0, once: Sequence[str] | None = None
) -> Figures:
    """Seconds a photo of everything that is done with known photos, or of labelling new ones.

    Args:
        what: "known" or "new".
        collection: Of known photos.
        photos: Their folder.
        count: Of new photos.
        once: What is done only once with known photos, others twice, as there are very many; None: all over and over.
    """
    return _label_new(count) if what == "new" else _known(Path(collection), Path(photos), once)


def _label_new(count: int) -> Figures:
    from flowersorter.jobs import CancelToken, silent
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
    from tests.bench.speed.stub import open_no_network

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "photos"
        write_files(folder, count)
        with Engine(CollectionStore.open(Path(scratch) / "collection"), open_no_network) as engine:
            started = time.perf_counter()
            result = predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
            seconds = time.perf_counter() - started
    assert result.decoded == count
    return {"label": seconds / count}


def _known(collection: Path, photos: Path, once: Sequence[str] | None) -> Figures:
    from PySide6.QtCore import QCoreApplication

    from flowersorter.jobs import CancelToken, silent
    from flowersorter.library.collection import CollectionStore
    from flowersorter.photos.scan import scan
    from flowersorter.ui.grid.photo_columns import PseudoClass
    from flowersorter.ui.grid.photo_filter import PhotoFilter
    from flowersorter.ui.grid.photo_model import PhotoModel
    from flowersorter.workflows.filing.sort import SortRequest, plan_sort
    from flowersorter.workflows.predicting.photo_details import folder_rows, predictions_for

    application = QCoreApplication([])
    with Engine(CollectionStore.open(collection)) as engine:
        rows = folder_rows(engine, photos)
        ids = rows.photo_ids.tolist()
        model = PhotoModel(lambda _wanted: None)
        model.set_rows(rows)
        keys = [int(PseudoClass.UNSURE), int(rows.class_ids[0]), int(PseudoClass.ALL)]

        def filter_all() -> None:
            for key in keys:
                model.set_filter(PhotoFilter(class_key=key))

        def plan() -> None:
            plan_sort(engine, SortRequest(photos, photos.with_name("sorted")), silent, CancelToken())

        steps: dict[str, Callable[[], object]] = {
            "scan": lambda: scan(photos, CancelToken()),
            "predict": lambda: predictions_for(engine, ids),
            "filter": filter_all,
            "sort plan": plan,
        }
        figures = {
            name: (_typical(step) if once is None else _timed(step, name in once)) / len(ids)
            for name, step in steps.items()
        }
    del application
    return figures


def _typical(step: Callable[[], object]) -> float:
    """Seconds of a call: the median of several, after a first one that sets up what is set up once."""
    seconds = [_timed(step)]
    while len(seconds) < _LEAST_CALLS or (sum(seconds) < _LONG_ENOUGH_S and len(seconds) < _MOST_CALLS):
        seconds.append(_timed(step, first=True))
    return median(seconds)


def _timed(step: Callable[[], object], first: bool = False) -> float:
    """Seconds of the first call, or of the second one, after a first one that sets up what is set up once."""
    if not first:
        step()
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


if __name__ == "__main__":
    answer(measure)
