"""Predictions and verdicts of a whole collection from cached embeddings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from flowersorter.workflows.engine import Engine
from tests.bench.speed.bench import Bench
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row

_WARM_S = 0.3
_CALLS = 5


def rows(bench: Bench) -> Iterator[Row]:
    """All photos of the larger collection at once."""
    made = bench.collection(bench.many, bench.some)
    bench.say(f"predicting {bench.many:,} photos")
    runs = [run_job("predict", collection=made.collection) for _ in range(bench.repeats)]
    bench.figures["predict"] = runs
    warm, cold = (median(run[name] for run in runs) for name in ("warm_s", "cold_s"))
    sure = 100 * runs[0]["sure"] / runs[0]["photos"]
    yield Row(f"predictions and verdicts, {bench.many:,} photos", warm, "s", _WARM_S, note=f"{sure:.0f} % sure")
    yield Row(f"predictions and verdicts, {bench.many:,} photos, first time after opening the collection", cold, "s")


def predict_all(collection: str) -> Figures:
    """Predict every photo of a collection, several times over."""
    from flowersorter.domain.verdict import Verdict
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.predicting.photo_details import predictions_for

    seconds = []
    with Engine(CollectionStore.open(Path(collection))) as engine:
        ids = sorted({place.photo_id for place in engine.collection.photos.all_places() if place.photo_id is not None})
        for _ in range(_CALLS):
            started = time.perf_counter()
            predictions = predictions_for(engine, ids)
            seconds.append(time.perf_counter() - started)
        assert predictions is not None
    return {
        "cold_s": seconds[0],
        "warm_s": median(seconds[1:]),
        "photos": len(predictions.photo_ids),
        "sure": int(np.count_nonzero(predictions.verdicts == Verdict.SURE)),
    }


if __name__ == "__main__":
    answer(predict_all)
