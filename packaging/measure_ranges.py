"""Measure the ranges of the activations of the shipped ResNet-50, from which it is computed in int8.

    python packaging/measure_ranges.py FOLDER...

The folders hold photos of many kinds, in sub-folders or not; the shipped file was made from 60 photos of flowers and
60 of everyday things. For each of the maps that a convolution takes, the file has the largest number but for a
ten-thousandth of each photo's. No photo is in the file, and none can be rebuilt from it. Afterwards the script embeds
other photos of the folders in float32 and in int8 and prints how far these differ: the cosine between them is at least
0.99 for 95 of 100.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import CancelToken
from flowersorter.photos.read import read_photo
from flowersorter.photos.scan import scan
from flowersorter.vision.backbone.cpu.embedder import CpuEmbedder
from flowersorter.vision.backbone.cpu.network import CompiledResNet, ResNetGraph
from flowersorter.vision.backbone.load_weights import load_arrays
from flowersorter.vision.backbone.registry import DEFAULT, Backbone, backbone
from flowersorter.vision.backbone.weights_files import shipped_folder
from flowersorter.vision.features.views import CENTRE, cut

PHOTOS = 60
#: Share of the numbers of a photo that may lie above the range.
ABOVE = 1e-4
#: The cosine that 95 of 100 photos must have at least.
LEAST_COSINE = 0.99


def _crops(folders: list[Path], entry: Backbone, first: int) -> NDArray[np.uint8]:
    """Crops of `PHOTOS` photos taken evenly from each folder, (N, S, S, 3); another `first` gives others."""
    crops = []
    every = [scan(folder, CancelToken()).photos for folder in folders]
    for photo in [photo for photos in every for photo in photos[first :: max(1, len(photos) // PHOTOS)][:PHOTOS]]:
        try:
            pixels = read_photo(photo.path, short_side_px=entry.short_side_px).pixels
        except PhotoUnreadable as error:
            print(f"left out: {photo.path}: {error.why}")
        else:
            crops.append(cut(pixels, CENTRE, entry.crop_px))
    return np.stack(crops)


def measure(entry: Backbone, crops: NDArray[np.uint8]) -> dict[str, float]:
    """The range of each of the maps by name: the largest number over all photos, but for `ABOVE` of each."""
    graph = ResNetGraph(entry, load_arrays(entry))
    network = CompiledResNet(graph.model(tuple(graph.activations.values())))
    ranges = dict.fromkeys(graph.activations, 0.0)
    for crop in crops:
        for name, maps in zip(ranges, network.outputs(crop), strict=True):
            numbers = maps.ravel()
            place = len(numbers) - 1 - round(ABOVE * len(numbers))
            ranges[name] = max(ranges[name], float(np.partition(numbers, place)[place]))
    return {name: round(top, 4) for name, top in ranges.items()}


def cosines(entry: Backbone, ranges: dict[str, float], crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N,) the cosine between the embeddings of each crop in float32 and in int8."""
    state = load_arrays(entry)
    exact, rounded = (
        CpuEmbedder(entry, CompiledResNet(ResNetGraph(entry, state, known).model())).embed(crops).astype(np.float64)
        for known in (None, ranges)
    )
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(rounded, axis=1)
    return np.asarray((exact * rounded).sum(axis=1) / lengths)


def main() -> None:
    """Measure, check, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    args = parser.parse_args()
    entry = backbone(DEFAULT)
    ranges = measure(entry, _crops(args.folders, entry, 0))
    found = np.quantile(cosines(entry, ranges, _crops(args.folders, entry, 1)), [0.0, 0.05, 0.5])
    print("cosine of int8 and float32, least, 5th percentile, median:", *(f"{value:.4f}" for value in found))
    if found[1] < LEAST_COSINE:
        raise SystemExit("int8 differs too much from float32; nothing was written")
    file = shipped_folder() / f"{entry.name}-int8.json"
    content = {"weights_sha256": entry.weights.sha256, "ranges": ranges}
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"{file}: {len(ranges)} ranges")


if __name__ == "__main__":
    main()
