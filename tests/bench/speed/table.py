"""Runs the measurements one after another and prints the table."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.speed import (
    classes,
    cold,
    first,
    follow,
    growth,
    idle,
    label,
    memory,
    million,
    open_folder,
    predict,
    retrain,
    start,
)
from tests.bench.speed.bench import Bench
from tests.bench.speed.machine import load, machine
from tests.bench.speed.process import ROOT, JobFailed, run_job
from tests.bench.speed.rows import Row, as_markdown, as_text, write_json, write_section

DEFAULT_JSON = ROOT / "build" / "bench" / "speed.json"
#: A load from which others take part of the cores.
_BUSY = 0.5

#: In this order: retraining is compared with what the walkthrough took in the first.
SECTIONS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "label": label.rows,
    "first": first.rows,
    "cold": cold.rows,
    "retrain": retrain.rows,
    "classes": classes.rows,
    "predict": predict.rows,
    "open": open_folder.rows,
    "follow": follow.rows,
    "start": start.rows,
    "growth": growth.rows,
    "memory": memory.rows,
    "idle": idle.rows,
    "million": million.rows,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command line that are about speed."""
    group = parser.add_argument_group("speed")
    group.add_argument("--json", type=Path, default=DEFAULT_JSON, metavar="FILE", help="also written as JSON")
    group.add_argument("--docs", type=Path, metavar="FILE", help="a document whose marked section gets the table")
    group.add_argument("--rows", nargs="+", choices=SECTIONS, metavar="NAME", help=f"only {', '.join(SECTIONS)}")
    group.add_argument("--walkthrough", type=Path, metavar="FILE", help="another walkthrough with the same options")
    group.add_argument("--repeats", type=int, default=3, help="of each comparison (default 3)")
    group.add_argument("--full", action="store_true", help="label 100,000 photos with the stub network, not 30,000")
    group.add_argument("--tiny", action="store_true", help="a few photos, to see that it runs; figures mean nothing")


def speed(options: argparse.Namespace) -> None:
    """how long a person waits, beside the tutorial approach and the machine's own bounds"""
    named = machine()
    before = load()
    if before is not None:
        named["load before the run"] = f"{before:.1f}"
    with tempfile.TemporaryDirectory(prefix="bench") as scratch:
        bench = _bench(options, Path(scratch))
        if before is not None and before > _BUSY:
            bench.say(f"this machine is busy (load {before:.1f}): the figures will be worse than they should be")
        rows = list(measured(bench, options.rows or list(SECTIONS)))
        try:
            own = run_job("machine")
            named["device"] = str(own["device"])
            named["memory bandwidth"] = f"{own['gb_s']:.1f} GB/s"
        except JobFailed as failure:
            bench.say(f"the machine: {failure}")
    print(as_text(rows))
    print("\n" + "\n".join(f"{name}: {value}" for name, value in named.items()))
    write_json(options.json, rows, named, bench.figures)
    if options.docs is not None:
        write_section(options.docs, as_markdown(rows, named))


def _bench(options: argparse.Namespace, scratch: Path) -> Bench:
    photos = options.photos if options.photos.is_dir() else None
    bench = Bench(scratch, photos, options.walkthrough, options.repeats)
    if options.full:
        bench.labelled_new = bench.many
    if options.tiny:
        bench.repeats, bench.camera_photos = 1, 4
        bench.some, bench.many, bench.million, bench.labelled_new = 1_000, 2_000, 4_000, 200
    return bench


def measured(bench: Bench, names: list[str]) -> Iterator[Row]:
    """The rows; a measurement that fails is a row that says why, and the others go on."""
    for name, section in SECTIONS.items():
        if name not in names:
            continue
        bench.say(name)
        try:
            yield from section(bench)
        except JobFailed as failure:
            yield Row(name, None, "", note=f"failed: {failure}")
