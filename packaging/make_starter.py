"""Fit the starter model that ships with the program.

    python packaging/make_starter.py FOLDER

FOLDER holds one sub-folder per class with its photos; the shipped model was made from 300 photos each of daisy,
dandelion, roses, sunflowers and tulips out of the "flower_photos" set (see NOTICE). Every photo is predicted by a
model that never saw it nor a near-copy of it (5 folds, seed 42); the share of right ones is printed and kept in the
file as its held-out accuracy. The photos themselves are not in the file: it holds their features, a byte each, so that
a person's first corrections can be added to them. PHOTOS.txt beside it names the photos.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.figures import wilson_interval
from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import CancelToken
from flowersorter.library.models.safetensors_bundle import write_bundle
from flowersorter.photos.read import read_photo
from flowersorter.photos.scan import scan
from flowersorter.vision.backbone.device import choose_device
from flowersorter.vision.backbone.embedder import Embedder
from flowersorter.vision.backbone.load_weights import imagenet_layer
from flowersorter.vision.backbone.registry import DEFAULT, backbone
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.features.imagenet_prior import compute_imagenet_prior
from flowersorter.vision.features.packed import pack
from flowersorter.vision.features.views import CENTRE, WIDE, cut
from flowersorter.workflows.models.current_model import STARTER_FILE

ORIGIN = 'photos of the "flower_photos" set by many Flickr users, CC BY 2.0'
SEED = 42


def embed_folder(
    folder: Path,
) -> tuple[list[str], NDArray[np.float32], NDArray[np.float16], NDArray[np.intp]]:
    """Embed every photo of every sub-folder.

    Returns:
        C class names, (N, D) float32 embeddings averaged over the views, (N, D) those of the first view alone, (N,)
        class indices.
    """
    entry = backbone(DEFAULT)
    embedder = Embedder.open(entry, choose_device("auto"))
    names = sorted(part.name for part in folder.iterdir() if part.is_dir())
    embeddings, centres, targets = [], [], []
    for target, name in enumerate(names):
        photos = scan(folder / name, CancelToken()).photos
        for start in range(0, len(photos), embedder.batch_size):
            pixels = []
            for photo in photos[start : start + embedder.batch_size]:
                try:
                    pixels.append(read_photo(photo.path, short_side_px=entry.short_side_px).pixels)
                except PhotoUnreadable as error:
                    print(f"left out: {photo.path}: {error.why}")
            views = [np.stack([cut(p, view, entry.crop_px) for p in pixels]) for view in (CENTRE, WIDE)]
            both = [embedder.embed(crops) for crops in views]
            embeddings.append(np.mean(both, axis=0, dtype=np.float32))
            centres.append(both[0])
            targets += [target] * len(pixels)
        print(f"{name}: {targets.count(target)} photos")
    return names, np.concatenate(embeddings), np.concatenate(centres), np.array(targets, np.intp)


def main() -> None:
    """Embed, fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "resources" / STARTER_FILE)
    args = parser.parse_args()
    names, embeddings, centres, targets = embed_folder(args.folder)
    layer = imagenet_layer(backbone(DEFAULT))
    assert layer is not None  # it is in the file that comes with the program
    imagenet_prior = compute_imagenet_prior(centres, layer)
    features = replace(pack(embeddings), imagenet_prior=imagenet_prior)
    examples = Examples(1 + np.arange(len(targets)), features, targets, np.ones(len(targets), np.bool_))
    fitted = fit(examples, names, DEFAULT, CancelToken(), seed=SEED, note="Starter model", origin=ORIGIN)
    right = fitted.held_out.right
    low, high = wilson_interval(int(right.sum()), len(right))
    print(f"held-out accuracy: {right.mean():.4f} on {len(right)} photos (95 % interval {low:.3f} to {high:.3f})")
    arrays, metadata = fitted.model.to_bundle()
    arrays["starter_levels"] = features.quantised
    arrays["starter_scales"] = features.scale
    arrays["starter_resemblance"] = imagenet_prior.as_numbers()
    arrays["starter_totals"] = embeddings.sum(axis=1, dtype=np.float32)
    arrays["starter_targets"] = targets.astype(np.uint8)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_bundle(args.out, arrays, metadata)
    listed = [p.relative_to(args.folder).as_posix() for p in sorted(args.folder.glob("*/*")) if p.is_file()]
    args.out.with_name("PHOTOS.txt").write_text("\n".join([f"# {ORIGIN}", *listed, ""]), encoding="utf-8")
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
