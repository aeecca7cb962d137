"""The smallest network there is, so that tests of weights are quick; its class layer alone is 2 MB."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from flowersorter.vision.backbone.architecture import ResNetArchitecture
from flowersorter.vision.backbone.registry import Backbone, backbone

RESNET18 = backbone("resnet18")
SMALL = dataclasses.replace(
    RESNET18, name="small", title="Small ResNet", architecture=ResNetArchitecture("basic", (1, 1, 1, 1))
)


def published(entry: Backbone, file: Path) -> Backbone:
    """The same backbone, but with this file as its published one."""
    data = file.read_bytes()
    source = dataclasses.replace(entry.weights, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    return dataclasses.replace(entry, weights=source)
