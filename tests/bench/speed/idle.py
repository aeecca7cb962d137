"""What the window does while nobody does anything: nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.speed.bench import Bench
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row

_SECONDS = 10.0
#: Less than a thousandth of a core; what is measured counts the measuring itself.
_CPU_S = 0.01


def rows(bench: Bench) -> Iterator[Row]:
    """The window with the photos of a folder shown and nothing to do."""
    photos = max(1, bench.some // 10)
    made = bench.collection(photos, photos // 10)
    bench.say("the idle window")
    idle = run_job("idle", collection=made.collection, photos=made.photos)
    bench.figures["idle"] = idle
    note = f"{idle['switches']} times the process woke up"
    yield Row(f"idle window, {photos:,} photos: CPU in {_SECONDS:.0f} s", idle["cpu_s"], "s", _CPU_S, note=note)
    names = ", ".join(idle["timers"])
    yield Row("idle window: timers running", float(len(idle["timers"])), "", 0.0, note=names)


def measure(collection: str, photos: str) -> Figures:
    """Open a folder, wait until nothing is done any more, and watch."""
    from tests.bench.speed.window import active_timers, let_it_rest, opened, rest, wait_for_labels

    with opened(Path(collection), Path(photos)) as program:
        wait_for_labels(program)
        rested = let_it_rest()
        timers = active_timers()
        before = _switches()
        cpu_s = rest(_SECONDS)
        return {"cpu_s": cpu_s, "timers": timers, "switches": _switches() - before, "rested": rested}


def _switches() -> int:
    """How often this process has been woken up so far, where the system counts that."""
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:
        return 0
    return getrusage(RUSAGE_SELF).ru_nvcsw


if __name__ == "__main__":
    answer(measure)
