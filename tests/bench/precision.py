"""Whether embeddings in 8-bit numbers are as good as those in float32, also where a collection has both."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.cpu.embedder import CpuEmbedder
from flowersorter.vision.backbone.cpu.network import CompiledResNet, ResNetGraph, cpu_precision
from flowersorter.vision.backbone.load_weights import load_arrays
from flowersorter.vision.backbone.registry import DEFAULT, Backbone, backbone
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import near_duplicates
from flowersorter.vision.features.packed import Features, join
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.network_loader import OpenEmbedder
from tests.bench.folders import SPLITS, Split
from tests.bench.reference import in_points
from tests.bench.training_folder import LearnedPhotos, learned_photos
from tests.bench.unknown import trained

PER_CLASS = (5, 20, 120)
SEEDS = tuple(range(1, 11))
#: How the photos that the model learns from, and those that it predicts, were embedded.
EXACT, FAST, BOTH = "float32", "fast", "both"
CASES = ((EXACT, EXACT), (FAST, FAST), (EXACT, FAST), (FAST, EXACT), (BOTH, BOTH))


def precision(options: argparse.Namespace) -> None:
    """embeddings in the processor's fastest numbers beside float32, and both in one collection; ten draws"""
    fast = _learned(options.photos, lambda entry, _device: CpuEmbedder.open(entry))
    exact = _learned(options.photos, lambda entry, _device: _float32(entry))
    if fast.files != exact.files:
        raise SystemExit("one precision could not read all photos")
    print(f"fast: {cpu_precision(backbone(DEFAULT))}")
    compare_precisions(exact, {EXACT: exact.features, FAST: fast.features})


def compare_precisions(photos: LearnedPhotos, features: Mapping[str, Features]) -> None:
    """Print accuracy, its gain over float32 alone, and *sure*, means of ten draws.

    Args:
        photos: In float32.
        features: Of the same photos by precision: `EXACT` and `FAST`.
    """
    print(f"{'learned > predicted':50} accuracy  gain           sure   of these right")
    mixed = join([features[EXACT], features[FAST]]).take(_every_second(len(photos.targets)))
    of = {**features, BOTH: mixed}
    groups = near_duplicates(photos.features, photos.targets, 0, CancelToken())
    for split in SPLITS:
        for per_class in PER_CLASS:
            table = np.array([_one_draw(photos, of, groups, split, per_class, seed) for seed in SEEDS])
            for number, (learned, predicted) in enumerate(CASES):
                accuracy, sure, right = np.nanmean(table[:, number], axis=0)
                gain = in_points((table[:, number, 0] - table[:, 0, 0]).tolist())
                what = f"{per_class:3} a class, {split.__doc__}, {learned} > {predicted}"
                print(f"{what:50} {accuracy:.3f}    {gain:13}  {sure:4.0%}   {right:.1%}", flush=True)


def _every_second(photos: int) -> NDArray[np.intp]:
    """(N,) rows of two tables, one after the other: photos alternate between the tables."""
    return np.arange(photos) + photos * (np.arange(photos) % 2)


def _one_draw(
    photos: LearnedPhotos,
    features: Mapping[str, Features],
    groups: NDArray[np.intp],
    split: Split,
    per_class: int,
    seed: int,
) -> list[list[float]]:
    """Accuracy, share sure and share of these that are right, in each case."""
    draw = np.random.default_rng(seed)
    parts = [split(photos, np.flatnonzero(photos.targets == number), draw) for number in np.unique(photos.targets)]
    learned = np.sort(np.concatenate([before[:per_class] for before, _ in parts]))
    rows = np.concatenate([after for _, after in parts])
    rows = rows[~np.isin(groups[rows], groups[learned])]
    models = {name: trained(replace(photos, features=each), learned) for name, each in features.items()}
    found = []
    for learned_from, predicted in CASES:
        said = predict(models[learned_from], features[predicted].take(rows))
        right, sure = said.probabilities.argmax(axis=1) == photos.targets[rows], said.verdicts == Verdict.SURE
        found.append([float(right.mean()), float(sure.mean()), float(right[sure].mean()) if sure.any() else np.nan])
    return found


def _learned(folder: Path, open_network: OpenEmbedder) -> LearnedPhotos:
    with (
        tempfile.TemporaryDirectory() as scratch,
        Engine(CollectionStore.open(Path(scratch) / "collection"), open_network) as engine,
    ):
        return learned_photos(engine, folder)


def _float32(entry: Backbone) -> CpuEmbedder:
    return CpuEmbedder(entry, CompiledResNet(ResNetGraph(entry, load_arrays(entry)).model()))
