"""Labels as another program gives them: the name of a photo, and of its class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flowersorter.domain.export_format import LabelFormat
from flowersorter.errors import UserError
from flowersorter.messages import Text, text

#: A larger file is no list of labels, and would not fit into memory once it is parsed.
MOST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """A label as it is written; nothing of it is checked yet.

    Attributes:
        photo: Path of the photo, relative or absolute, as Windows or others write it; or its name alone.
        class_name: Its class.
        sha256: Digest of the photo's bytes, where the format holds them; b"" elsewhere.
    """

    photo: str
    class_name: str
    sha256: bytes = b""


@dataclass(frozen=True, slots=True)
class GivenLabels:
    """The labels of a file or folder.

    Attributes:
        format: How they are written.
        folder: The folder that relative paths begin at.
        labels: The labels, in their order.
        without_class: Number of photos that are named without a class.
    """

    format: LabelFormat
    folder: Path
    labels: tuple[GivenLabel, ...]
    without_class: int = 0


def refused(source: Path, why: Text | str, hint: Text | str = "") -> UserError:
    """Make the error for a file whose labels cannot be read."""
    return UserError(text("No labels can be read from {file}", file=source.name or source), why, hint)
