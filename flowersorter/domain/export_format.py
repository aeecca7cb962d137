"""The formats of files that go to other programs or come from them: models, labels and suggestions."""

from __future__ import annotations

from enum import StrEnum

#: Plain torchvision; ONNX, from a photo to probabilities; a bundle to share, without the network.
PTH, ONNX, SAFETENSORS = ".pth", ".onnx", ".safetensors"

#: The source of a class that the model suggests, where labels have that of `LabelOrigin`.
BY_MODEL = "model"


class LabelFormat(StrEnum):
    """A format that labels are read from, by its name on the command line."""

    CSV = "csv"
    COCO = "coco"
    LABEL_STUDIO = "label-studio"
    FOLDERS = "folders"
    LOBE = "lobe"
    TEACHABLE_MACHINE = "teachable-machine"
    MEGADETECTOR = "megadetector"


class ExportFormat(StrEnum):
    """A format that labels and suggestions are written in, by its name on the command line."""

    CSV = "csv"
    COCO = "coco"
    MEGADETECTOR = "megadetector"
    CAMTRAP_DP = "camtrap-dp"
    DARWIN_CORE = "darwin-core"

    @property
    def suffix(self) -> str:
        """The ending of its files."""
        return _SUFFIXES[self]


_SUFFIXES = {
    ExportFormat.CSV: ".csv",
    ExportFormat.COCO: ".json",
    ExportFormat.MEGADETECTOR: ".json",
    ExportFormat.CAMTRAP_DP: ".zip",
    ExportFormat.DARWIN_CORE: ".zip",
}
