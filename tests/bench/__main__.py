"""Run a measurement: `python -m tests.bench starter`, `python -m tests.bench learning --photos FOLDER`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.bench import cancelling, learning
from tests.bench.safety.table import safety

MEASUREMENTS = {
    "starter": learning.starter_accuracy,
    "learning": learning.few_photos,
    "cancel": cancelling.cancel_latency,
    "safety": safety,
}
DEFAULT_PHOTOS = Path(__file__).parents[3] / "shared" / "flowers"


def main() -> None:
    """Run one measurement and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", choices=MEASUREMENTS, help="; ".join(f"{k}: {v.__doc__}" for k, v in MEASUREMENTS.items())
    )
    parser.add_argument("--photos", type=Path, default=DEFAULT_PHOTOS, help="has one sub-folder per class")
    args = parser.parse_args()
    MEASUREMENTS[args.what](args.photos)


if __name__ == "__main__":
    main()
