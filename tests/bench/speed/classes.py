"""Training with many classes of few photos: how the processor time grows from 200 classes to 1,000."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from tests.bench.speed.bench import Bench
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row

_FEW, _SOME, _MANY = 200, 500, 1000
_EACH, _WIDTH = 8, 2048
_NOISE = 0.5
#: Photos times classes grow 25 times, which is how a product of all photos with all classes grows.
_GROWTH = 25.0
_MANY_S = 20.0


def rows(bench: Bench) -> Iterator[Row]:
    """A first fit of eight photos a class, in one run; others who share the machine make no difference to a ratio."""
    counts = (_FEW, _SOME, _MANY) if bench.some >= _MANY else (10, 20, 30)
    runs = {}
    for count in counts:
        bench.say(f"training with {count:,} classes of {_EACH} photos")
        runs[count] = run_job("classes", classes=count)
    bench.figures["classes"] = runs
    few, _, many = counts
    note = ", ".join(
        f"{count:,} classes: {run['cpu_s']:.2f} s of processor time, {run['seconds']:.2f} s, {run['peak_mb']:.0f} MB"
        for count, run in runs.items()
    )
    grown = runs[many]["cpu_s"] / runs[few]["cpu_s"]
    yield Row(f"train, {many:,} classes: processor time of {few:,}", grown, "x", _GROWTH, note=note)
    yield Row(f"train, {many:,} classes: processor time", runs[many]["cpu_s"], "s", _MANY_S)


def fit_classes(classes: int) -> Figures:
    """Fit drawn features of so many classes."""
    import resource

    from flowersorter.jobs import CancelToken
    from flowersorter.vision.classifier.fit import fit
    from flowersorter.vision.classifier.training_state import Examples
    from flowersorter.vision.features.packed import join, pack

    draw = np.random.default_rng(0)
    centres = np.random.default_rng(1).random((classes, _WIDTH), np.float32)
    noise = (_NOISE * draw.standard_normal((_EACH, _WIDTH), np.float32) for _ in range(classes))
    features = join([pack(np.maximum(centre + each, 0)) for centre, each in zip(centres, noise, strict=True)])
    targets = np.repeat(np.arange(classes), _EACH)
    examples = Examples(np.arange(1, len(targets) + 1), features, targets, np.ones(len(targets), np.bool_))
    started, spent = time.perf_counter(), time.process_time()
    fit(examples, [f"class {number}" for number in range(classes)], "resnet50", CancelToken())
    return {
        "seconds": time.perf_counter() - started,
        "cpu_s": time.process_time() - spent,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    answer(fit_classes)
