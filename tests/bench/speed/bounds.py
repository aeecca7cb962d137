"""What the machine could do at most: decode only, and forward only, each with all cores to itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tests.bench.speed.process import Figures, answer

#: Crops of the forward bound: enough to run for seconds.
_CROPS_PER_CORE = 96


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def decode_only(photos: str, short_side_px: int) -> Figures:
    """Read photos as the program does (hash, upright pixels, small picture), a thread a core, and drop them."""
    from flowersorter.photos.read import read_photo

    paths = sorted(path for path in Path(photos).rglob("*") if path.is_file())
    read_photo(paths[0], short_side_px=short_side_px)  # what is set up once
    with ThreadPoolExecutor(cores()) as pool:
        started = time.perf_counter()
        # Nothing is kept: the photos of a folder do not fit in memory.
        for _ in pool.map(lambda path: read_photo(path, short_side_px=short_side_px).size_bytes, paths):
            pass
        seconds = time.perf_counter() - started
    return {"photos_s": len(paths) / seconds}


def forward_only(backbone: str) -> Figures:
    """Run ready crops through the program's embedder, in the better of two ways to use all cores.

    "lanes" is a thread a core, each with batches of its own; "one" is a single caller, with whatever threads the
    embedder takes by itself.
    """
    from flowersorter.vision.backbone.registry import backbone as backbone_named
    from flowersorter.workflows.predicting.network_loader import open_embedder

    entry = backbone_named(backbone)
    embedder = open_embedder(entry, "auto")
    size = embedder.batch_size
    crops = np.random.default_rng(0).integers(0, 256, (size, entry.crop_px, entry.crop_px, 3)).astype(np.uint8)
    threads = cores()
    batches = max(1, round(_CROPS_PER_CORE / size))

    def lane(_number: int) -> None:
        for _ in range(batches):
            embedder.embed(crops)

    with ThreadPoolExecutor(threads) as pool:
        map_batches = _rate(lambda: list(pool.map(lane, range(threads))), batches * threads * size)
    one = _rate(lambda: lane(0), batches * size)
    return {"crops_s": max(map_batches, one), "lanes": map_batches, "one": one, "batch": size}


def _rate(run: Callable[[], Sequence[None] | None], crops: int) -> float:
    """Crops a second, once everything is warm."""
    run()
    started = time.perf_counter()
    run()
    return crops / (time.perf_counter() - started)


def bound(what: str, **arguments: str) -> Figures:
    """One of them: "decode" or "forward"."""
    if what == "forward":
        return forward_only(arguments["backbone"])
    return decode_only(arguments["photos"], int(arguments["short_side_px"]))


if __name__ == "__main__":
    answer(bound)
