"""How close an exported model is to the program, on real photos."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
import torchvision
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torchvision.transforms import functional

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.build import build_network
from flowersorter.vision.backbone.registry import DEFAULT, backbone
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.features.views import CENTRE, cut
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.export_model import ExportRequest, export_model
from flowersorter.workflows.models.current_model import starter
from flowersorter.workflows.predicting.predict_photos import PhotoPrediction, PredictRequest, predict_photos

Probabilities = NDArray[np.float32]
PER_CLASS = 40


def exported_models(photos: Path) -> None:
    """how far the probabilities of an exported starter model are from torch's, and from the program's own"""
    folders = sorted(part for part in photos.iterdir() if part.is_dir())
    paths = [path for folder in folders for path in sorted(folder.glob("*.jpg"))[::7][:PER_CLASS]]
    with tempfile.TemporaryDirectory() as scratch, Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
        files = {suffix: Path(scratch) / f"flower_classifier{suffix}" for suffix in (".pth", ".onnx")}
        for file in files.values():
            result = export_model(engine, ExportRequest(file), silent, CancelToken())
            print(
                f"{file.name}: {file.stat().st_size / 1e6:.0f} MB, {100 * (result.accuracy or 0):.1f} % right held out"
            )
        ours = predict_photos(engine, PredictRequest(tuple(paths)), silent, CancelToken())
        session = onnxruntime.InferenceSession(files[".onnx"])
        network, saved = _torchvision(files[".pth"])
        pixels = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in paths]
        small = [_shrunk(image) for image in pixels]
        exact = [_torch_says(image) for image in small]
        onnx_small = [session.run(None, {"photo": np.asarray(image)})[0] for image in small]
        onnx = [session.run(None, {"photo": np.asarray(image)})[0] for image in pixels]
        pth = [_pth_says(network, saved, image) for image in pixels]
    print(f"{len(paths)} photos               largest difference    mean    same class  same class, sure")
    _say("onnx, network alone, torch", onnx_small, exact)
    _say("onnx, all the way, Pillow + torch", onnx, exact)
    own = [_of(each) for each in ours]
    sure = np.array([each.verdict is Verdict.SURE for each in ours])
    _say("onnx, all the way, the program", onnx, own, sure)
    _say("pth, the program", pth, own, sure)


def _say(
    what: str, left: list[Probabilities], right: list[Probabilities], sure: NDArray[np.bool_] | None = None
) -> None:
    mine, theirs = np.array(left), np.array(right)
    difference = np.abs(mine - theirs).max(axis=1)
    same = mine.argmax(axis=1) == theirs.argmax(axis=1)
    clear = "" if sure is None else f"{100 * same[sure].mean():10.1f} % of {sure.sum()}"
    print(f"{what:34} {difference.max():8.6f}  {difference.mean():9.6f}  {100 * same.mean():8.1f} %  {clear}")


def _shrunk(image: Image.Image) -> Image.Image:
    scale = backbone(DEFAULT).short_side_px / min(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC)


@lru_cache(maxsize=1)
def _network() -> torch.nn.Module:
    """The network in float32, as torch computes it."""
    return build_network(backbone(DEFAULT))


def _torch_says(image: Image.Image) -> Probabilities:
    entry, model = backbone(DEFAULT), starter().model
    crop = cut(np.asarray(image), CENTRE, entry.crop_px).astype(np.float32)
    seen = (crop - np.array(entry.mean, np.float32)) / np.array(entry.std, np.float32)
    with torch.inference_mode():
        roots = _network()(torch.from_numpy(seen).permute(2, 0, 1)[None]).numpy() ** 0.5
    scores = (roots / np.linalg.norm(roots) @ model.weight.T + model.bias) / np.float32(model.temperature)
    return np.asarray(softmax(scores)[0], np.float32)


def _of(prediction: PhotoPrediction) -> Probabilities:
    shares = dict(prediction.top)  # the starter has five classes, which are all in it
    return np.array([shares[name] for name in starter().model.class_names], np.float32)


def _torchvision(file: Path) -> tuple[Any, dict[str, Any]]:
    saved = torch.load(file, weights_only=True)
    network = torchvision.models.get_model(saved["architecture"], num_classes=len(saved["class_names"])).eval()
    for layer in (network.layer2, network.layer3, network.layer4):
        layer[0].conv1.stride, layer[0].conv2.stride = saved["strides"]
    network.load_state_dict(saved["state_dict"])
    return network, saved


def _pth_says(network: Any, saved: dict[str, Any], image: Image.Image) -> Probabilities:
    resized = functional.resize(image, saved["resize"], functional.InterpolationMode.BICUBIC)
    square = functional.to_tensor(functional.center_crop(resized, saved["crop"]))
    with torch.inference_mode():
        scores = network(functional.normalize(square, saved["mean"], saved["std"])[None])
    return np.asarray(scores.softmax(1)[0].numpy(), np.float32)
