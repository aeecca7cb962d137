"""Labelling photos never seen: the program against the walkthrough and against what the machine could do."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.network_loader import Embeds
from tests.bench.speed.bench import Bench
from tests.bench.speed.camera_photos import write_camera_photos
from tests.bench.speed.process import Figures, answer, run_job, run_python
from tests.bench.speed.rows import Row, speedup, together

#: By backbone: the walkthrough's predictions a second times this.
_GOALS = {"resnet50": 5.0, "resnet18": 3.5}
#: The same with start-up, of 60 photos.
_STARTED_GOALS = {"resnet50": 4.0}
_OF_THE_BOUND = 88.0
_SHORT_SIDE_PX = 256
#: How often the photos are repeated where the program is held against what the machine could do: sixty are labelled in
#: two seconds, of which the bounds, measured warm, know neither the beginning nor the end.
_TIMES = 4


def rows(bench: Bench) -> Iterator[Row]:
    """Photos of 12 megapixels, never seen before, thumbnails included."""
    photos = bench.scratch / "camera"
    bench.say(f"making {bench.camera_photos} photos of 12 megapixels")
    paths = write_camera_photos(photos, bench.camera_photos, bench.photos)
    _write_more(paths, bench.scratch / "whole_day")
    megabytes = sum(path.stat().st_size for path in paths) / len(paths) / 1e6
    bench.figures["camera photos"] = {"count": len(paths), "megabytes each": round(megabytes, 2)}
    for backbone, goal in _GOALS.items():
        yield from _backbone_rows(bench, photos, backbone, goal)


def _backbone_rows(bench: Bench, photos: Path, backbone: str, goal: float) -> Iterator[Row]:
    # Random weights, where any are needed, must not get among those the person has.
    environment = {} if backbone == "resnet50" else {"TORCH_HOME": str(bench.scratch / "torch")}
    weights = bench.scratch / f"{backbone}.safetensors"
    export = run_job("weights", environment, backbone=backbone, file=weights)
    ours, theirs, longer, decodes, forwards = [], [], [], [], []
    for repeat in range(bench.repeats):
        bench.say(f"{backbone}: repeat {repeat + 1} of {bench.repeats}")
        # The first repeat trains for one epoch as well, which the row of retraining extrapolates from.
        theirs.append(_walkthrough(bench, photos, weights, backbone, export, epochs=int(repeat == 0)))
        ours.append(run_job("label", environment, photos=photos, backbone=backbone))
        longer.append(run_job("label", environment, photos=bench.scratch / "whole_day", backbone=backbone))
        decodes.append(run_job("bounds", what="decode", photos=photos, short_side_px=_SHORT_SIDE_PX))
        forwards.append(run_job("bounds", environment, what="forward", backbone=backbone))
    bench.figures[f"label {backbone}"] = {
        "program": ours,
        "walkthrough": theirs,
        "program, more photos": longer,
        "decode only": decodes,
        "forward only": forwards,
    }
    if backbone == "resnet50":
        bench.epoch_s_per_photo = theirs[0]["epoch_seconds_per_photo"]

    each = [run["seconds"] / run["photos"] for run in ours]
    their_each = [run["predict_seconds_per_photo"] for run in theirs]
    crops = median(run["crops"] / run["photos"] for run in ours)
    random = ", random weights and no model" if export["random"] else ""
    yield Row(
        f"label, {backbone}: times as fast as the walkthrough",
        speedup(their_each, each),
        "x",
        goal,
        "more",
        f"{1 / median(each):.1f} photos a second against {1 / median(their_each):.1f}; torch loaded and the network "
        f"open on both sides{random}; {crops:.2f} views a photo",
    )
    counted = [run["process_s"] for run in ours]
    their_counted = [run["process_s"] - run["learning_s"] for run in theirs]
    yield Row(
        f"label, {backbone}: the same with start-up",
        speedup(their_counted, counted),
        "x",
        _STARTED_GOALS.get(backbone),
        "more",
        note=f"{ours[0]['photos']} photos: {median(counted):.1f} s against {median(their_counted):.1f} s, from the "
        "start of the process to its end",
    )
    decode, forward = (
        median(run[name] for run in runs) for runs, name in ((decodes, "photos_s"), (forwards, "crops_s"))
    )
    limit = together(decode, forward)
    long_each = median(run["seconds"] / run["photos"] for run in longer)
    long_crops = median(run["crops"] / run["photos"] for run in longer)
    yield Row(
        f"label, {backbone}: of what decoding and forward passes alone allow",
        100 / long_each / limit,
        "%",
        _OF_THE_BOUND,
        "more",
        f"{longer[0]['photos']} photos, {1 / long_each:.1f} a second; decode only {decode:.1f}, forward only "
        f"{forward:.1f}, sharing the cores {limit:.1f}; with the views looked at counted "
        f"{100 / long_each / together(decode, forward / long_crops):.0f} %",
    )


def _write_more(paths: Sequence[Path], folder: Path) -> None:
    """The same photos `_TIMES` over, each file with bytes of its own: to the program, as many photos never seen."""
    folder.mkdir()
    for number in range(_TIMES):
        for path in paths:
            (folder / f"{number}_{path.name}").write_bytes(path.read_bytes() + bytes([number]))


def _walkthrough(bench: Bench, photos: Path, weights: Path, backbone: str, export: Figures, epochs: int) -> Figures:
    """Run the walkthrough; "learning_s" is what its epochs took."""
    program = ["-m", "tests.bench.speed.walkthrough"] if bench.walkthrough is None else [str(bench.walkthrough)]
    told = ["--train", str(photos), "--val", str(photos), "--backbone", backbone, "--weights", str(weights)]
    told += ["--stride-in-first-conv"] if export["stride_in_first_conv"] else []
    figures = run_python([*program, *told, "--epochs", str(epochs)])
    return figures | {"learning_s": figures["epoch_seconds_per_photo"] * figures["train_photos"] * epochs}


class _Counting:
    """The network, with the crops counted that go through it."""

    def __init__(self, embedder: Embeds) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self.crops = 0

    @property
    def batch_size(self) -> int:
        return self._embedder.batch_size

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        with self._lock:
            self.crops += len(crops)
        return self._embedder.embed(crops)


def label_folder(photos: str, backbone: str) -> Figures:
    """Label a folder in a fresh collection with the network open already."""
    from flowersorter.jobs import CancelToken, silent
    from flowersorter.library.collection import CollectionStore
    from flowersorter.vision.backbone.registry import backbone as backbone_named
    from flowersorter.workflows.predicting.network_loader import open_embedder
    from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder

    started = time.perf_counter()
    network = _Counting(open_embedder(backbone_named(backbone), "auto"))
    opening_s = time.perf_counter() - started
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine(CollectionStore.open(Path(folder)), lambda _backbone, _device: network) as engine,
    ):
        request = PredictFolderRequest(Path(photos), backbone=backbone)
        started = time.perf_counter()
        result = predict_folder(engine, request, silent, CancelToken())
        seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "photos": len(result.rows),
        "decoded": result.decoded,
        "crops": network.crops,
        "opening_s": opening_s,
    }


if __name__ == "__main__":
    answer(label_folder)
