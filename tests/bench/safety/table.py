"""The table: one line for each thing that must not lose a photo."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.bench.safety import (
    crash,
    damaged,
    errors,
    full_disk,
    keywords,
    names,
    power_loss,
    two_at_once,
    undo,
    unplugged,
)
from tests.bench.safety.against import against
from tests.bench.safety.companions import companions
from tests.bench.safety.mounts import apart
from tests.bench.safety.tally import Tally


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        measure: Counts, in a folder to work in.
        share: What makes a quick share of it, for the ordinary tests.
        mounts: Whether the share, too, needs disks of its own.
    """

    what: str
    measure: Callable[..., Tally]
    share: dict[str, int] = field(default_factory=dict)
    mounts: bool = False


LINES = (
    Line("crash: killed at every call", crash.at_every_call, {"every": 79, "interrupted": 1}),
    Line("crash: killed at any instant", crash.at_any_instant, {"kills": 30}),
    Line("power loss", power_loss.power_loss, {"states": 108}),
    Line("errors: every operation x every error", errors.every_error, {"codes": 1, "calls": 2, "every": 5}),
    Line("full disk: of the photos", full_disk.full_photo_disk, {"trials": 9}, mounts=True),
    Line("full disk: of the library", full_disk.full_library_disk, {"trials": 9}, mounts=True),
    Line("undo: random sequences", undo.sequences, {"examples": 50}),
    Line("names: file names x class names", names.hostile_names, {"classes": 3}),
    Line("two at once: the second is refused", two_at_once.second_refused, {"tries": 5}),
    Line("two at once: processes in turn", two_at_once.many_at_once, {"processes": 4, "operations": 10}),
    Line("damaged library", damaged.damaged_libraries, {"trials": 40}),
    Line("drive unplugged mid-run", unplugged.unplugged, {"trials": 24}, mounts=True),
    Line("sidecars and times", companions, {"photos": 8}),
    Line("keywords: killed at every call", keywords.killed, {"every": 67, "interrupted": 1}),
    Line("keywords: every operation x every error", keywords.every_error, {"every": 29}),
    Line("keywords: power loss", keywords.power_loss, {"states": 60}),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command line that are about safety; `--docs` is one of those about speed."""
    group = parser.add_argument_group("safety")
    group.add_argument("--against", choices=("shutil",), help="the same faults for sorters that call shutil or os")


def safety(options: argparse.Namespace) -> None:
    """what filing does not lose: kills, power cuts, errors, full and unplugged disks, undo, hostile names (minutes)"""
    if options.against is not None:
        if not against(options.docs):
            sys.exit(1)
        return
    print(f"{'what':38} {'tried':>6} {'lost':>5} {'partial':>8} {'modified':>9} {'other':>6} {'seconds':>8}")
    good = True
    for line in LINES:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as scratch:
            tally = apart(partial(line.measure, Path(scratch)))
        good &= tally.good
        seconds = time.perf_counter() - started
        if tally.skipped:
            print(f"{line.what:38} skipped: {tally.skipped}", flush=True)
            continue
        print(
            f"{line.what:38} {tally.tried:6} {tally.lost:5} {tally.partial:8} {tally.modified:9} "
            f"{tally.wrong.total():6} {seconds:8.0f}  {'; '.join(tally.notes)}",
            flush=True,
        )
        for what, count in tally.wrong.most_common():
            print(f"    {count} x {what}")
    if not good:
        sys.exit(1)
