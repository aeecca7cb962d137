"""The registry of backbones: an entry holds all data on one, from its layers to its licence.

A new backbone takes one entry. `tests/unit/vision/backbone/test_registry.py` compares every entry with torchvision's
own data: tensor names and shapes, length of the features, preprocessing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flowersorter.domain.export_format import ONNX, PTH, SAFETENSORS
from flowersorter.errors import UserError
from flowersorter.messages import text
from flowersorter.vision.backbone.architecture import Architecture, ResNetArchitecture


@dataclass(frozen=True, slots=True)
class WeightsSource:
    """Where a backbone's weights come from and how to verify them.

    Attributes:
        filename: Name under `resources/backbones` (shipped) or in torch's hub cache.
        size_bytes: Exact size of the file.
        sha256: SHA-256 of the file in hex. torchvision publishes the first 8 digits, in the name; the rest was
            recorded by independent users of the same files.
        url: Address to download it from, or None for a file that ships with the program.
    """

    filename: str
    size_bytes: int
    sha256: str
    url: str | None = None

    @property
    def shipped(self) -> bool:
        """Whether the file comes with the program."""
        return self.url is None


@dataclass(frozen=True, slots=True)
class Backbone:
    """A frozen network up to its final layer, with its preprocessing.

    Photos are scaled with Pillow's bicubic filter for every backbone (see `photos.decode`), also for those that were
    trained with a bilinear one: cached embeddings and trained models depend on it.

    Other inputs of the shipped network gain less than they cost. Measured on 750 flowers, 5 and 10 labelled photos a
    class, eight draws, margin in points: a crop of 256 from 288 pixels +0.6 and +0.2 at 1.3 times the time, of 288 from
    320 +0.4 and +0.5 at 1.7 times, both a crop of 224 and the whole square +0.2 and +0.3 at 2 times. Generalised mean
    pooling instead of the mean -0.6 and -1.1, the largest number of each map beside the mean -0.3 and -0.7.

    Attributes:
        name: Identifier for `--backbone` and in stored models.
        title: Name shown in Preferences.
        architecture: The layers.
        features: D, length of an embedding: inputs of the final layer.
        short_side_px: Shorter side a photo is scaled to.
        crop_px: Side of the square crop.
        shown_px: Side the crop is enlarged to before the forward pass; 0: not enlarged.
        mean: Subtracted from RGB pixels on the 0..255 scale.
        std: Divided by afterwards, on the same scale.
        weights: Source of the weights.
        has_imagenet_layer: Whether the final layer of the weights fits the features.
        licence: Licence of the weights.
        authors: Authors of the weights.
        changes: File with the stages that deep training changed, in one collection; None for a registered backbone.
    """

    name: str
    title: str
    architecture: Architecture
    features: int
    weights: WeightsSource
    licence: str
    authors: str
    short_side_px: int = 256
    crop_px: int = 224
    mean: tuple[float, float, float] = (
        123.675,
        116.28,
        103.53,
    )  # torchvision's 0.485, 0.456, 0.406 times 255
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)  # torchvision's 0.229, 0.224, 0.225 times 255
    has_imagenet_layer: bool = True
    changes: Path | None = None
    shown_px: int = 0

    @property
    def seen_px(self) -> int:
        """Side of the network's input."""
        return self.shown_px or self.crop_px

    @property
    def supports_finetuning(self) -> bool:
        """Whether deep training can train its last stages: only of a ResNet."""
        return isinstance(self.architecture, ResNetArchitecture)

    @property
    def exports_as(self) -> tuple[str, ...]:
        """Suffixes of the files that can hold a model on it; those with the whole network can hold a ResNet only."""
        return (PTH, ONNX, SAFETENSORS) if isinstance(self.architecture, ResNetArchitecture) else (SAFETENSORS,)

    def resnet(self, refusal: str) -> ResNetArchitecture:
        """Return its architecture, for a feature that needs a ResNet.

        Args:
            refusal: The sentence that names the refused feature, without its full stop.

        Raises:
            UserError: it is not a ResNet.
        """
        if isinstance(self.architecture, ResNetArchitecture):
            return self.architecture
        raise UserError(
            refusal,
            text("that needs a ResNet, and {title} is not one", title=self.title),
            text("Choose a ResNet in Preferences"),
        )


DEFAULT = "resnet50"
#: Joins the name of a backbone and the number of a deep training of it.
_FINETUNED = "-tuned-"

_registry: dict[str, Backbone] = {}


def register(entry: Backbone) -> Backbone:
    """Add a backbone.

    Raises:
        ValueError: the name is taken or reserved, or the entry contradicts itself.
    """
    if entry.name in _registry:
        raise ValueError(f"a backbone named {entry.name!r} is already registered")
    if is_finetuned(entry.name):
        raise ValueError(f"{entry.name!r} is a name for the result of a deep training")
    if not 0 < entry.crop_px <= min(entry.short_side_px, entry.seen_px):
        raise ValueError(f"{entry.name}: a crop of {entry.crop_px} pixels does not fit the scaled photo or the input")
    if min(entry.std) <= 0:
        raise ValueError(f"{entry.name}: a standard deviation is not positive")
    if isinstance(entry.architecture, ResNetArchitecture) and entry.features != entry.architecture.features:
        raise ValueError(f"{entry.name} has {entry.architecture.features} features, not {entry.features}")
    _registry[entry.name] = entry
    return entry


def backbone(name: str) -> Backbone:
    """Find a backbone by its name.

    Raises:
        UserError: the name is unknown; the message lists the known ones.
    """
    if name not in _registry:
        raise UserError(
            text("Unknown backbone"),
            text("there is no {name!r}", name=name),
            text("The backbones are {names}", names=", ".join(sorted(_registry))),
        )
    return _registry[name]


def finetuned_name(base: str, number: int) -> str:
    """Name the result of a collection's deep training by its number."""
    return f"{base}{_FINETUNED}{number}"


def base_name(name: str) -> str:
    """Name of the registered backbone under a finetuned one; a registered name is returned as is."""
    return name.partition(_FINETUNED)[0]


def is_finetuned(name: str) -> bool:
    """Whether a name is that of a finetuned backbone of a collection."""
    return _FINETUNED in name


def finetuned(base: Backbone, name: str, changes: Path, crop_px: int, shown_px: int) -> Backbone:
    """Make the entry of a backbone that deep training derived from another one.

    Args:
        base: The registered backbone; its weights are needed too.
        name: A `finetuned_name`.
        changes: File with the changed stages.
        crop_px: Side of the square crop.
        shown_px: Side the crop is enlarged to.
    """
    return replace(
        base,
        name=name,
        title=text("{base}, trained on your photos", base=base.title),
        crop_px=crop_px,
        shown_px=shown_px,
        has_imagenet_layer=False,  # its features do not fit that layer any more
        changes=changes,
    )


def backbones() -> tuple[Backbone, ...]:
    """Return every registered backbone, the default one first."""
    return tuple(_registry.values())


register(
    Backbone(
        name=DEFAULT,
        title="ResNet-50",
        architecture=ResNetArchitecture("bottleneck", (3, 4, 6, 3), stride_in_first_conv=True, batch_norm_eps=1.001e-5),
        features=2048,
        weights=WeightsSource(
            filename="resnet50-imagenet.safetensors",
            size_bytes=51_458_208,
            sha256="557779e4cfff26c04a985076da2ace66c8ea316890f84dc430c8955c6d943265",
        ),
        licence="MIT",
        authors="Kaiming He, Xiangyu Zhang, Shaoqing Ren, Jian Sun",
        # Keras' "caffe" preprocessing: the mean is subtracted, nothing is divided.
        mean=(123.68, 116.779, 103.939),
        std=(1.0, 1.0, 1.0),
    )
)


def torchvision_resnet(
    name: str, title: str, architecture: ResNetArchitecture, weights: WeightsSource, *, short_side_px: int = 256
) -> Backbone:
    """Make an entry for a ResNet with weights of torchvision's own."""
    return Backbone(
        name=name,
        title=title,
        architecture=architecture,
        features=architecture.features,
        weights=weights,
        licence="BSD-3-Clause",
        authors="the torchvision maintainers and contributors",
        short_side_px=short_side_px,
    )


def torchvision_weights(filename: str, size_bytes: int, sha256: str) -> WeightsSource:
    """Name a file that torchvision publishes."""
    return WeightsSource(filename, size_bytes, sha256, f"https://download.pytorch.org/models/{filename}")


register(
    torchvision_resnet(
        "resnet18",
        "ResNet-18",
        ResNetArchitecture("basic", (2, 2, 2, 2)),
        torchvision_weights(
            "resnet18-f37072fd.pth",
            46_830_571,
            "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
        ),
    )
)
register(
    torchvision_resnet(
        "resnet34",
        "ResNet-34",
        ResNetArchitecture("basic", (3, 4, 6, 3)),
        torchvision_weights(
            "resnet34-b627a593.pth",
            87_319_819,
            "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f",
        ),
    )
)
register(
    torchvision_resnet(
        "resnet50-v2",
        "ResNet-50 V2",
        ResNetArchitecture("bottleneck", (3, 4, 6, 3)),
        torchvision_weights(
            "resnet50-11ad3fa6.pth",
            102_540_417,
            "11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca",
        ),
        short_side_px=232,
    )
)
