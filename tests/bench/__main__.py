"""Measurements: what the program is worth, each figure from a command that anyone can repeat.

python -m tests.bench                # tells what there is, then runs the quick ones: under 15 minutes on two cores
python -m tests.bench list           # only tells
python -m tests.bench speed          # one of them
python -m tests.bench all            # every one
python -m tests.bench safety --against shutil        # the faults of safety, for plain sorters too
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench import (
    actions,
    archive,
    big_grid,
    calibration,
    cancelling,
    class_imbalance,
    cluster,
    exports,
    finetuning,
    folder_claim,
    folders,
    label_errors,
    learning,
    named_classes,
    precision,
    reference,
    responsiveness,
    review,
    sampling,
    second_view,
    sure_promise,
    unknown,
)
from tests.bench.safety import table as safety_table
from tests.bench.speed import table

DEFAULT_PHOTOS = Path(__file__).parents[3] / "shared" / "flowers"
LIST, QUICK, ALL = "list", "quick", "all"


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something that can be measured.

    Attributes:
        run: Measures and prints a table; its docstring says what. Given the options of the command line.
        minutes: About how long it takes on two cores, in words.
        quick: Whether it is among those that run by default.
        needs_photos: Whether it cannot do without `--photos`.
    """

    run: Callable[[argparse.Namespace], None]
    minutes: str
    quick: bool = False
    needs_photos: bool = False

    @property
    def what(self) -> str:
        """What it measures, in a sentence."""
        return (self.run.__doc__ or "").strip()


def _of_photos(measure: Callable[[Path], None]) -> Callable[[argparse.Namespace], None]:
    """A measurement that only wants the folder of photos."""

    def run(options: argparse.Namespace) -> None:
        measure(options.photos)

    run.__doc__ = measure.__doc__
    return run


MEASUREMENTS = {
    "speed": Measurement(table.speed, "12 minutes", quick=True),
    "responsiveness": Measurement(responsiveness.responsiveness, "2 minutes"),
    "grid": Measurement(big_grid.big_grid, "1 minute"),
    "starter": Measurement(_of_photos(learning.starter_accuracy), "half a minute", quick=True),
    "learning": Measurement(_of_photos(learning.few_photos), "5 minutes", needs_photos=True),
    "trust": Measurement(calibration.verdicts, "3 minutes", needs_photos=True),
    "unknown": Measurement(unknown.unknown_folders, "10 minutes", needs_photos=True),
    "named": Measurement(named_classes.named_classes, "5 minutes", needs_photos=True),
    "actions": Measurement(actions.actions, "15 minutes", needs_photos=True),
    "review": Measurement(review.review, "30 minutes", needs_photos=True),
    "claim": Measurement(folder_claim.folder_claims, "20 minutes", needs_photos=True),
    "promise": Measurement(sure_promise.sure_promise, "15 minutes", needs_photos=True),
    "views": Measurement(second_view.second_view, "6 minutes", needs_photos=True),
    "precision": Measurement(precision.precision, "15 minutes", needs_photos=True),
    "folders": Measurement(folders.folders, "10 minutes", needs_photos=True),
    "uneven": Measurement(class_imbalance.uneven, "3 minutes", needs_photos=True),
    "doubts": Measurement(_of_photos(label_errors.doubts), "2 minutes", needs_photos=True),
    "advice": Measurement(_of_photos(label_errors.advice), "10 minutes", needs_photos=True),
    "deep": Measurement(_of_photos(finetuning.deep_training), "20 minutes", needs_photos=True),
    "cancel": Measurement(_of_photos(cancelling.cancel_latency), "2 minutes", needs_photos=True),
    "elsewhere": Measurement(_of_photos(exports.exported_models), "2 minutes", needs_photos=True),
    "reference": Measurement(reference.reference, "10 minutes", needs_photos=True),
    "sample": Measurement(sampling.sampling, "half a minute", quick=True),
    "cluster": Measurement(cluster.cluster, "5 minutes"),
    "archive": Measurement(archive.archives, "10 minutes"),
    "safety": Measurement(safety_table.safety, "15 minutes"),
}


def described() -> str:
    """What there is, one line each."""
    lines = []
    for name, each in MEASUREMENTS.items():
        marks = ", runs by default" * each.quick + ", needs --photos" * each.needs_photos
        lines.append(f"  {name:14} {each.what} ({each.minutes}{marks})")
    return "\n".join(lines)


def main() -> None:
    """Run what is asked for, one after another."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=f"{__doc__}\n{described()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", choices=(*MEASUREMENTS, LIST, QUICK, ALL), default=QUICK)
    parser.add_argument("--photos", type=Path, default=DEFAULT_PHOTOS, help="has one sub-folder per class")
    parser.add_argument(
        "--strangers", type=Path, default=calibration.DEFAULT_STRANGERS, help="photos of none of the classes, for trust"
    )
    parser.add_argument("--draws", type=int, default=5, help="draws that are averaged, for reference and promise")
    table.add_options(parser)
    safety_table.add_options(parser)
    responsiveness.add_options(parser)
    review.add_options(parser)
    cluster.add_options(parser)
    archive.add_options(parser)
    options = parser.parse_args()
    if options.what in {LIST, QUICK}:
        print(f"{__doc__}\n{described()}\n", flush=True)
    for name, each in MEASUREMENTS.items():
        if not (options.what in {name, ALL} or (options.what == QUICK and each.quick)):
            continue
        print(f"== {name}: {each.what}", flush=True)
        if each.needs_photos and not options.photos.is_dir():
            print("skipped: there is no folder of photos; name one with --photos", flush=True)
            continue
        each.run(options)


if __name__ == "__main__":
    main()
