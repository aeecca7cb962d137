"""Retraining from cached embeddings: the first time, after one correction, and with a very large collection."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from flowersorter.workflows.engine import Engine
from tests.bench.speed.bench import Bench
from tests.bench.speed.big_collection import target_of
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row

_EPOCHS = 10
_FIRST_S, _CORRECTED_S, _MANY_S, _TIMES = 1.0, 0.3, 8.0, 5000.0
_QUICK_S, _QUICK_MANY_S, _QUICK_CALLS = 0.1, 0.5, 5


def rows(bench: Bench) -> Iterator[Row]:
    """Labelled photos of ten classes whose embeddings are cached."""
    some, many = bench.collection(bench.some, bench.some, trained=False), bench.collection(bench.many, bench.some)
    bench.say(f"retraining with {bench.some:,} labelled photos")
    runs = [run_job("retrain", collection=some.collection) for _ in range(bench.repeats)]
    bench.figures["retrain"] = runs
    first, corrected = (median(run[name] for run in runs) for name in ("first_s", "corrected_s"))
    accuracy = f"{100 * runs[0]['accuracy']:.1f} % of held-out photos right"
    yield Row(f"retrain, {bench.some:,} labelled, first", first, "s", _FIRST_S, note=accuracy)
    yield Row(f"retrain, {bench.some:,} labelled, after a correction", corrected, "s", _CORRECTED_S)
    quick, spent = (median(run[name] for run in runs) for name in ("quick_s", "quick_cpu_s"))
    note = f"{spent:.3f} s of processor time; the exact fit follows"
    yield Row(f"suggestions of {bench.some:,} photos after an action", quick, "s", _QUICK_S, note=note)
    yield _against_the_walkthrough(bench, first)
    beside = run_job("retrain", collection=some.collection, beside_starter=True)
    bench.figures["retrain beside starter"] = beside
    note = f"the starter's classes were not deleted; after a correction {beside['corrected_s']:.2f} s"
    yield Row(f"retrain, {bench.some:,} labelled beside the starter's photos", beside["first_s"], "s", note=note)

    bench.say(f"retraining with {bench.many:,} labelled photos")
    large = run_job("retrain", collection=many.collection, label_all=True)
    bench.figures["retrain many"] = large
    accuracy = (
        f"{100 * large['accuracy']:.1f} % of held-out photos right; after a correction {large['corrected_s']:.2f} s"
    )
    yield Row(f"retrain, {bench.many:,} labelled", large["first_s"], "s", _MANY_S, note=accuracy)
    note = f"{large['quick_cpu_s']:.3f} s of processor time; the exact fit follows"
    yield Row(f"suggestions of {bench.many:,} photos after an action", large["quick_s"], "s", _QUICK_MANY_S, note=note)


def _against_the_walkthrough(bench: Bench, seconds: float) -> Row:
    what = f"retrain, {bench.some:,} labelled: times as fast as the walkthrough's ten epochs"
    each = bench.epoch_s_per_photo
    if each is None:
        return Row(what, None, "x", _TIMES, "more", "needs the rows of label")
    theirs = each * bench.some * _EPOCHS
    note = f"{theirs / 3600:.1f} hours, extrapolated from {each * 1000:.0f} ms a photo and epoch with resnet50"
    return Row(what, theirs / seconds, "x", _TIMES, "more", note)


def retrain_copy(collection: str, label_all: bool = False, beside_starter: bool = False) -> Figures:
    """Retrain a copy of a collection twice, with one label changed in between.

    Args:
        collection: Stays as it is.
        label_all: Whether to label all of its photos first.
        beside_starter: Whether the starter's classes stand beside its own, so that its photos are learned from too.
    """
    from flowersorter.domain.label import LabelOrigin
    from flowersorter.jobs import CancelToken, silent
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.models.current_model import starter
    from flowersorter.workflows.training.train import RetrainRequest, retrain

    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "collection"
        shutil.copytree(collection, copy)
        with Engine(CollectionStore.open(copy)) as engine:
            if label_all:
                _label_all(engine.collection)
            if beside_starter:
                engine.collection.classes.bring_back(starter().model.class_names)
            started = time.perf_counter()
            first = retrain(engine, RetrainRequest(), silent, CancelToken())
            first_s = time.perf_counter() - started

            classes = [entry.id for entry in engine.collection.classes.all()]
            corrected, label = next(iter(engine.collection.labels.all().items()))
            other = classes[(classes.index(label.class_id) + 1) % len(classes)]
            engine.collection.labels.assign([corrected], other, LabelOrigin.PERSON)
            started = time.perf_counter()
            second = retrain(engine, RetrainRequest(), silent, CancelToken())
            corrected_s = time.perf_counter() - started
            quick_s, quick_cpu_s = _quick(engine)
    return {
        "first_s": first_s,
        "corrected_s": corrected_s,
        "quick_s": quick_s,
        "quick_cpu_s": quick_cpu_s,
        "photos": first.photos,
        "accuracy": first.held_out_accuracy,
        "accuracy_corrected": second.held_out_accuracy,
    }


def _quick(engine: Engine) -> tuple[float, float]:
    """Seconds, and seconds of processor time, until all photos have new suggestions after a label: the median."""
    from flowersorter.domain.label import LabelOrigin
    from flowersorter.jobs import CancelToken
    from flowersorter.workflows.training.incremental_fit import follow_labels

    collection = engine.collection
    photo_ids, classes = collection.photos.ids(), [entry.id for entry in collection.classes.all()]
    times = []
    for photo_id in collection.photos.ids()[: _QUICK_CALLS + 1].tolist():
        collection.labels.assign([photo_id], classes[0], LabelOrigin.PERSON)
        started, spent = time.perf_counter(), time.process_time()
        assert follow_labels(engine, [photo_id], photo_ids, CancelToken()) is not None
        times.append((time.perf_counter() - started, time.process_time() - spent))
    seconds, cpu = zip(*times[1:], strict=True)  # the first one reads the features
    return median(seconds), median(cpu)


def _label_all(collection: object) -> None:
    """Label the photos that nobody has labelled, each with its true class."""
    from flowersorter.domain.label import Label, LabelOrigin
    from flowersorter.library.collection import CollectionStore

    assert isinstance(collection, CollectionStore)
    classes = [entry.id for entry in collection.classes.all()]
    # Photos were remembered in the order of their numbers.
    ids = sorted({place.photo_id for place in collection.photos.all_places() if place.photo_id is not None})
    targets = {photo_id: classes[target_of(number, len(classes))] for number, photo_id in enumerate(ids)}
    collection.labels.assign_many({photo_id: Label(target, LabelOrigin.PERSON) for photo_id, target in targets.items()})


if __name__ == "__main__":
    answer(retrain_copy)
