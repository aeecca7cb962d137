"""The yardstick: transfer learning as a tutorial does it, plainly.

    python -m tests.bench.speed.walkthrough --train FOLDER --val FOLDER --backbone resnet50 --epochs 1

Both folders have one sub-folder per class. Each epoch decodes, crops at random and runs every training photo through
the whole frozen network, to train nothing but a new last layer; then every photo of the other folder is predicted, one
at a time. Prints one JSON object. It is written to be what it is measured as: nothing here should be made faster.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset
from torchvision import models, transforms
from torchvision.datasets import ImageFolder

BATCH = 32
_NORMALISED = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_TO_LEARN_FROM = transforms.Compose(
    [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(), _NORMALISED]
)
_TO_PREDICT = transforms.Compose(
    [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), _NORMALISED]
)


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; any other walkthrough that takes the same can stand in for this one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True, help="one sub-folder per class")
    parser.add_argument("--val", type=Path, required=True, help="the same, for the predictions")
    parser.add_argument("--backbone", default="resnet18", help="a name of torchvision's")
    parser.add_argument("--weights", type=Path, help="its state dict, .pth or .safetensors; random without")
    parser.add_argument("--stride-in-first-conv", action="store_true", help="as the first ResNet-50 had it")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--limit", type=int, help="photos of each folder, drawn at random")
    return parser.parse_args(arguments)


def build(options: argparse.Namespace, classes: int) -> nn.Module:
    """The pretrained network, frozen, with a new last layer."""
    network: Any = getattr(models, options.backbone)()  # its layers are named as torchvision names them
    if options.stride_in_first_conv:
        for stage in (network.layer2, network.layer3, network.layer4):
            first = stage[0]
            first.conv1.stride, first.conv2.stride = first.conv2.stride, first.conv1.stride
    if options.weights is not None:
        safe = options.weights.suffix == ".safetensors"
        state = load_file(options.weights) if safe else torch.load(options.weights, weights_only=True)
        network.load_state_dict(state)
    network.requires_grad_(False)
    network.fc = nn.Linear(network.fc.in_features, classes)
    frozen: nn.Module = network
    return frozen


def train(network: nn.Module, batches: DataLoader[tuple[Tensor, Tensor]], epochs: int, device: torch.device) -> float:
    """Train the last layer; returns seconds."""
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.SGD(learning, lr=0.001, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    started = time.perf_counter()
    network.train()
    for _ in range(epochs):
        for pictures, targets in batches:
            optimiser.zero_grad()
            loss = criterion(network(pictures.to(device)), targets.to(device))
            loss.backward()
            optimiser.step()
    return time.perf_counter() - started


@torch.no_grad()
def predict(network: nn.Module, samples: Sequence[tuple[str, int]], device: torch.device) -> tuple[float, int]:
    """Predict photos one at a time; returns seconds and how many are right."""
    network.eval()
    right = 0
    started = time.perf_counter()
    for path, target in samples:
        picture = _TO_PREDICT(Image.open(path).convert("RGB"))
        scores = network(picture.unsqueeze(0).to(device))
        right += int(scores.argmax(dim=1).item() == target)
    return time.perf_counter() - started, right


def main() -> None:
    """Train, predict, print."""
    options = options_of()
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    training, validation = ImageFolder(options.train, _TO_LEARN_FROM), ImageFolder(options.val, _TO_PREDICT)
    chosen = [_some(len(photos), options.limit) for photos in (training, validation)]
    batches: DataLoader[Any] = DataLoader(Subset(training, chosen[0]), batch_size=BATCH, shuffle=True)
    network = build(options, len(training.classes)).to(device)
    learning_s = train(network, batches, options.epochs, device)
    predicting_s, right = predict(network, [validation.samples[number] for number in chosen[1]], device)
    figures = {
        "backbone": options.backbone,
        "device": str(device),
        "epochs": options.epochs,
        "train_photos": len(chosen[0]),
        "val_photos": len(chosen[1]),
        "epoch_seconds_per_photo": learning_s / max(1, options.epochs) / len(chosen[0]),
        "predict_seconds_per_photo": predicting_s / len(chosen[1]),
        "accuracy": right / len(chosen[1]),
    }
    print(json.dumps(figures))


def _some(total: int, limit: int | None) -> list[int]:
    """Numbers of the photos to use."""
    return list(range(total)) if limit is None or limit >= total else random.Random(0).sample(range(total), limit)


if __name__ == "__main__":
    main()
