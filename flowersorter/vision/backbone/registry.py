"""The registry of backbones: everything about one, from its layers to its licence, as one piece of data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flowersorter.errors import UserError


@dataclass(frozen=True, slots=True)
class WeightsSource:
    """Where a backbone's weights come from and how to know them again.

    Attributes:
        filename: The name under `resources/backbones` (shipped) or in torch's hub cache.
        size_bytes: The exact size of the file.
        sha256: The file's SHA-256 in hex. torchvision publishes the first 8 digits, in the name; the rest is
            what independent users of the same files recorded.
        url: Where to download it, or None for a file that ships with the program.
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
    """A frozen network up to its pooled features, with the preprocessing it was trained with.

    Attributes:
        name: What the person and the store call it.
        title: The name shown in Preferences.
        block: torchvision's residual block, "basic" or "bottleneck".
        depths: Blocks in each of the four stages.
        features: D, the length of an embedding.
        short_side_px: The shorter side a photo is scaled to.
        crop_px: The side of the square that is cut out of it.
        shown_px: The side this square is enlarged to before the network sees it; 0: it is seen as it is.
        mean: Subtracted from RGB pixels on the 0..255 scale.
        std: Divided by afterwards, on the same scale.
        interpolation: The filter used to scale a photo.
        stride_in_first_conv: Stages 2 to 4 halve the picture in the first 1x1 convolution of their first
            block, as in the original paper; torchvision's own do it in the 3x3.
        batch_norm_eps: Added to the variance in every batch norm.
        weights: Where the weights are.
        has_imagenet_layer: Whether the weights include the 1000-class layer.
        licence: The licence of the weights.
        authors: Who made the weights.
        changes: The file with the stages that deep training changed, in one collection; None for a registered backbone.
    """

    name: str
    title: str
    block: str
    depths: tuple[int, int, int, int]
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
    interpolation: str = "bilinear"
    stride_in_first_conv: bool = False
    batch_norm_eps: float = 1e-5
    has_imagenet_layer: bool = True
    changes: Path | None = None
    shown_px: int = 0

    @property
    def seen_px(self) -> int:
        """The side of the square the network sees."""
        return self.shown_px or self.crop_px


DEFAULT = "resnet50"
#: Stands between the name of a backbone and the number of what deep training made of it in a collection.
_TUNED = "-tuned-"

_registry: dict[str, Backbone] = {}


def register(entry: Backbone) -> Backbone:
    """Add a backbone.

    Raises:
        ValueError: the name is taken.
    """
    if entry.name in _registry:
        raise ValueError(f"a backbone named {entry.name!r} is already registered")
    _registry[entry.name] = entry
    return entry


def backbone(name: str) -> Backbone:
    """The backbone of that name.

    Raises:
        UserError: there is none; the message lists the names.
    """
    if name not in _registry:
        raise UserError(
            "Unknown backbone", f"there is no {name!r}", f"The backbones are {', '.join(sorted(_registry))}"
        )
    return _registry[name]


def tuned_name(base: str, number: int) -> str:
    """What the result of a collection's deep training with this number is called."""
    return f"{base}{_TUNED}{number}"


def base_name(name: str) -> str:
    """The registered backbone that a backbone is or was made from."""
    return name.partition(_TUNED)[0]


def is_tuned(name: str) -> bool:
    """Whether it is the name of a collection's own backbone."""
    return _TUNED in name


def tuned(base: Backbone, name: str, changes: Path, crop_px: int, shown_px: int) -> Backbone:
    """A backbone that deep training made of another one.

    Args:
        base: The registered backbone; its weights are needed too.
        name: A `tuned_name`.
        changes: The file with the changed stages.
        crop_px: The side of the square that is cut out of a photo.
        shown_px: The side this square is enlarged to.
    """
    return replace(
        base,
        name=name,
        title=f"{base.title}, trained on your photos",
        crop_px=crop_px,
        shown_px=shown_px,
        has_imagenet_layer=False,  # its features do not fit that layer any more
        changes=changes,
    )


def backbones() -> tuple[Backbone, ...]:
    """Every backbone, the default one first."""
    return tuple(_registry.values())


register(
    Backbone(
        name=DEFAULT,
        title="ResNet-50",
        block="bottleneck",
        depths=(3, 4, 6, 3),
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
        stride_in_first_conv=True,
        batch_norm_eps=1.001e-5,
    )
)


def _torchvision(name: str, title: str, weights: WeightsSource, *, short_side_px: int = 256) -> Backbone:
    """An entry for weights of torchvision's own; the layers follow from the file's name."""
    depth = int(weights.filename[len("resnet") :].partition("-")[0])
    return Backbone(
        name=name,
        title=title,
        block="bottleneck" if depth == 50 else "basic",
        depths=(2, 2, 2, 2) if depth == 18 else (3, 4, 6, 3),
        features=2048 if depth == 50 else 512,
        weights=weights,
        licence="BSD-3-Clause",
        authors="the torchvision maintainers and contributors",
        short_side_px=short_side_px,
    )


def _published(filename: str, size_bytes: int, sha256: str) -> WeightsSource:
    return WeightsSource(filename, size_bytes, sha256, f"https://download.pytorch.org/models/{filename}")


register(
    _torchvision(
        "resnet18",
        "ResNet-18",
        _published(
            "resnet18-f37072fd.pth",
            46_830_571,
            "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
        ),
    )
)
register(
    _torchvision(
        "resnet34",
        "ResNet-34",
        _published(
            "resnet34-b627a593.pth",
            87_319_819,
            "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f",
        ),
    )
)
register(
    _torchvision(
        "resnet50-v2",
        "ResNet-50 V2",
        _published(
            "resnet50-11ad3fa6.pth",
            102_540_417,
            "11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca",
        ),
        short_side_px=232,
    )
)
