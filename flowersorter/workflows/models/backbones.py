"""Lists the backbones that a person can choose from, downloads one, or installs one from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flowersorter.domain.export_format import ONNX, PTH, SAFETENSORS
from flowersorter.jobs import CancelToken, Report
from flowersorter.messages import text
from flowersorter.vision.backbone.registry import backbone, backbones
from flowersorter.vision.backbone.weights_files import find_weights


@dataclass(frozen=True, slots=True)
class BackboneInfo:
    """A backbone to choose.

    Attributes:
        name: The name for `--backbone`.
        title: The name for people.
        features: Length of its embeddings.
        installed: Whether its weights are on this computer.
        size_bytes: Size of the weights.
        licence: Licence of the weights.
        supports_finetuning: Whether deep training can train it.
        exports_as: Suffixes of the files that can hold a model on it.
    """

    name: str
    title: str
    features: int
    installed: bool
    size_bytes: int
    licence: str
    supports_finetuning: bool = True
    exports_as: tuple[str, ...] = (PTH, ONNX, SAFETENSORS)


def list_backbones() -> tuple[BackboneInfo, ...]:
    """Every backbone, the default first; reads no weights."""
    return tuple(
        BackboneInfo(
            name=entry.name,
            title=entry.title,
            features=entry.features,
            installed=find_weights(entry) is not None,
            size_bytes=entry.weights.size_bytes,
            licence=entry.licence,
            supports_finetuning=entry.supports_finetuning,
            exports_as=entry.exports_as,
        )
        for entry in backbones()
    )


def download_backbone(name: str, report: Report, cancel: CancelToken) -> Path:
    """Download a backbone's weights; a stopped download is resumed.

    Raises:
        UserError: there is no such backbone, or its file needs PyTorch, which is not installed.
        DownloadFailed: the weights could not be downloaded, or their checksum is wrong.
        Cancelled: asked to stop.
    """
    from flowersorter.vision.backbone.download import download_weights
    from flowersorter.vision.backbone.packages import require_torch

    entry = backbone(name)
    if not entry.weights.filename.endswith(SAFETENSORS):  # rather than after a hundred megabytes
        require_torch(text("The weights of {entry} cannot be used", entry=entry.title))
    return download_weights(entry, report, cancel)


def install_backbone(name: str, file: Path) -> Path:
    """Install a backbone's weights from a file.

    Raises:
        UserError: there is no such backbone.
        ModelFileBad: the file does not hold this backbone's weights.
    """
    from flowersorter.vision.backbone.install_weights import install_weights

    return install_weights(backbone(name), file)
