"""A million photos in one collection: what a person waits for, and what it takes in memory and on the disk."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowersorter.workflows.engine import Engine
from tests.bench.speed.bench import Bench
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row, growth

if TYPE_CHECKING:
    from flowersorter.app import Program

_FIRST_S, _ALL_S, _FILTER_S, _RETRAIN_S, _SCAN_S, _PLAN_S = 2.0, 6.0, 0.2, 8.0, 20.0, 30.0
_OPEN_MB, _STORED_MB = 2000.0, 2000.0
_WITHIN = 1.3
#: One in so many photos is labelled.
_LABELLED = 10
_CLASSES = 10
#: Done once with a million photos: the first call sets up nothing that later ones find.
_ONCE = ("scan", "sort plan")


def rows(bench: Bench) -> Iterator[Row]:
    """One collection for all rows; the costs of a photo are compared with those in two smaller ones."""
    photos, folder = bench.million, bench.scratch / "million"
    what = f"{photos:,} photos"
    bench.say(f"making a collection of {what}")
    made = run_job("million", what="make", folder=folder, photos=photos)
    bench.say(f"made in {made['process_s']:.0f} s; retraining")
    where: Figures = {"collection": made["collection"], "photos": made["photos"]}
    retrained = run_job("million", what="retrain", **where)
    accuracy = f"{100 * retrained['accuracy']:.1f} % of held-out photos right"
    yield Row(
        f"{what}: retrain, {photos // _LABELLED:,} labelled", retrained["first_s"], "s", _RETRAIN_S, note=accuracy
    )
    bench.say("scanning")
    scanned = run_job("million", what="scan", **where)
    yield Row(f"{what}: scan of a known tree", scanned["scan_s"], "s", _SCAN_S, note="files and library compared")
    note = f"suggestions by a new model, unknown photos and accuracy estimated; at most {scanned['highest_mb']:.0f} MB"
    yield Row(f"{what}: opened the first time after a training", scanned["labelled_s"], "s", note=note)
    bench.say("opening the window")
    yield from _in_window(bench, photos, where)
    bench.figures["million"] = {"made": made, "retrain": retrained, "scan": scanned}
    yield from _stored(what, Path(made["collection"]))
    yield from _costs(bench, photos, where)
    shutil.rmtree(folder)


def _in_window(bench: Bench, photos: int, where: Figures) -> Iterator[Row]:
    what = f"{photos:,} photos"
    window = run_job("million", what="window", known=photos, **where)
    bench.figures["million window"] = window
    note = (
        "from showing the window to the first photos in its grid; "
        f"its library was checked and backed up before, in {window['opened_s']:.1f} s with the start"
    )
    yield Row(f"{what}: first screen", window["first_s"], "s", _FIRST_S, note=note)
    note = f"each photo has the suggestion that the library knows; scanned and all estimated {window['all_s']:.1f} s"
    yield Row(f"{what}: all suggestions", window["known_s"], "s", _ALL_S, note=note)
    note = (
        f"{window['private_mb']:.0f} MB of it the program's own, the rest files that are mapped; at most "
        f"{window['highest_mb']:.0f} MB while it was opened; at rest after {window['groups_s']:.0f} s"
    )
    yield Row(f"{what}: memory of the open window", window["resident_mb"] or None, "MB", _OPEN_MB, note=note)
    each = window["filters_s"]
    note = ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in each.items())
    note += (
        f"; at most {1000 * max(window['filters_cpu_s'].values()):.0f} ms of processor time; the names were joined "
        f"in {window['joined_s']:.2f} s, in a thread of its own, from the focus of the search field on"
    )
    yield Row(f"{what}: filter and re-sort, the slowest", max(each.values()), "s", _FILTER_S, note=note)


def _stored(what: str, collection: Path) -> Iterator[Row]:
    """What lies on the disk for good; embeddings and predictions can be made again."""
    library = (collection / "library.sqlite").stat().st_size / 1e6
    kept = [file.stat().st_size / 1e6 for file in sorted((collection / "backups").glob("*"))]
    note = f"library {library:.0f} MB; {len(kept)} backups of {', '.join(f'{size:.0f}' for size in kept)} MB"
    yield Row(f"{what}: library and its backups", library + sum(kept), "MB", _STORED_MB, note=note)


def _costs(bench: Bench, photos: int, where: Figures) -> Iterator[Row]:
    """Rows of what a photo costs among more and more, and of the sort plan."""
    costs: dict[int, Figures] = {}
    for size in (bench.some, bench.many):
        made = bench.collection(size, bench.some // 10 if size == bench.some else bench.some)
        bench.say(f"what a photo costs among {size:,}")
        costs[size] = run_job("growth", what="known", collection=made.collection, photos=made.photos)
    bench.say(f"what a photo costs among {photos:,}")
    costs[photos] = run_job("growth", what="known", once=_ONCE, **where)
    plan = costs[photos]["sort plan"]
    note = f"{1e6 * plan:.0f} µs a photo; nothing is written"
    yield Row(f"{photos:,} photos: sort plan", plan * photos, "s", _PLAN_S, note=note)
    for name in ("scan", "predict", "filter", "sort plan"):
        ordered = [found[name] for _, found in sorted(costs.items())]
        each = ", ".join(f"{1e6 * found[name]:,.2f} µs at {size:,}" for size, found in sorted(costs.items()))
        yield Row(f"{photos:,} photos: cost of growth, {name}", growth(ordered), "x", _WITHIN, note=f"{each} a photo")


def measure(what: str, **arguments: Any) -> Figures:
    """One of "make", "retrain", "scan" and "window"."""
    jobs: dict[str, Callable[..., Figures]] = {"make": _make, "retrain": _retrain, "scan": _scan, "window": _window}
    return jobs[what](**arguments)


def _make(folder: str, photos: int) -> Figures:
    from tests.bench.speed.big_collection import make_collection

    made = make_collection(Path(folder), photos, photos // _LABELLED, _CLASSES, links=True)
    # Else the next job to store anything waits for gigabytes that nobody writes within seconds.
    if hasattr(os, "sync"):
        os.sync()
    return {"collection": str(made.collection), "photos": str(made.photos)}


def _retrain(collection: str, photos: str) -> Figures:
    from flowersorter.jobs import CancelToken, silent
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.training.train import RetrainRequest, retrain

    with Engine(CollectionStore.open(Path(collection))) as engine:
        started = time.perf_counter()
        result = retrain(engine, RetrainRequest(), silent, CancelToken())
        first_s = time.perf_counter() - started
    return {"first_s": first_s, "photos": result.photos, "accuracy": result.held_out_accuracy}


def _scan(collection: str, photos: str) -> Figures:
    from flowersorter.jobs import CancelToken, silent
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, find_photos, predict_folder
    from tests.bench.speed.memory import resident

    folder = Path(photos)
    with Engine(CollectionStore.open(Path(collection))) as engine:
        started = time.perf_counter()
        find_photos(engine.collection, folder, silent, CancelToken())
        scanned = time.perf_counter()
        result = predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
        ended = time.perf_counter()
        assert result.decoded == 0
        return {"scan_s": scanned - started, "labelled_s": ended - scanned, **resident()}


def _window(collection: str, photos: str, known: int) -> Figures:
    from tests.bench.speed.memory import resident
    from tests.bench.speed.window import let_it_rest, opened, wait_for_labels

    started = time.perf_counter()
    with opened(Path(collection), Path(photos)) as program:
        opened_s, before = time.perf_counter() - started, resident()
        times = wait_for_labels(program, known)
        rested = let_it_rest()
        return {
            **resident(),
            "opened_s": opened_s,
            "before_mb": before["resident_mb"],
            **asdict(times),
            "photos": program.photos.photo_count,
            "rested": rested,
            **_filtered(program),
        }


def _filtered(program: Program) -> Figures:
    """Seconds until the grid shows what each filter or order asks for, and those of processor time."""
    from PySide6.QtWidgets import QApplication

    from flowersorter.domain.verdict import Verdict
    from flowersorter.ui.filter.text_search import TextSearch
    from flowersorter.ui.grid.photo_columns import PseudoClass
    from flowersorter.ui.grid.photo_filter import Order, PhotoFilter
    from flowersorter.ui.grid.sections import Grouping

    model = program.photos
    columns = model.columns
    ids = columns.without_moment()
    columns.set_moments(ids, program.engine.collection.photos.moments(ids)[0])
    first_class = next(key for key in columns.class_keys.tolist() if key > 0)
    started = time.perf_counter()
    program.window.header.search.entered.emit()  # as if it got the focus: a window without a screen gives it to none
    while not columns.paths.can_be_searched:
        QApplication.processEvents()
        time.sleep(0.001)
    joined_s = time.perf_counter() - started
    asked = {
        "all": PhotoFilter(),
        "not sure": PhotoFilter(class_key=PseudoClass.UNSURE),
        "a class": PhotoFilter(class_key=first_class),
        "sure": PhotoFilter(verdicts=frozenset({Verdict.SURE})),
        "a word": PhotoFilter(search=TextSearch.of("IMG_0001", {})),
        "another word": PhotoFilter(search=TextSearch.of("9", {})),
        "a folder": PhotoFilter(folder=columns.names[-1].rpartition("/")[0]),
        "least sure first": PhotoFilter(order=Order.LEAST_SURE),
        "by date": PhotoFilter(order=Order.DATE),
        "sections by class": PhotoFilter(grouping=Grouping.CLASS),
        "sections by folder": PhotoFilter(grouping=Grouping.FOLDER),
    }
    taken: dict[str, float] = {}
    spent: dict[str, float] = {}
    for name, wanted in asked.items():
        started, spent_before = time.perf_counter(), time.process_time()
        model.set_filter(wanted)
        QApplication.processEvents()
        taken[name], spent[name] = time.perf_counter() - started, time.process_time() - spent_before
    return {"filters_s": taken, "filters_cpu_s": spent, "joined_s": joined_s}


if __name__ == "__main__":
    answer(measure)
