"""Checks that a file of weights fits a network: its size, names and shapes, whichever library reads it."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from flowersorter.errors import ModelFileBad
from flowersorter.messages import Text, joined_texts, plural, text
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import bad_file

#: Allowance for a file's header, and for state dicts saved together with other data.
_SIZE_SLACK = 1.5
#: Tensors in the file of a finetuned backbone that are not weights of the network.
NOT_WEIGHTS = ("seen", "layer_weight", "layer_bias")

Shapes = Mapping[str, Sequence[int]]


def check_size(path: Path, wanted: Shapes) -> None:
    """Check the size of a file, compressed and uncompressed.

    Raises:
        ModelFileBad: it is too large.
        OSError: it cannot be read.
    """
    # 4 bytes for each number: the network in float32, whatever its own file uses.
    limit = int(_SIZE_SLACK * sum(4 * math.prod(shape) for shape in wanted.values()))
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = max(size, sum(member.file_size for member in archive.infolist()))
    if size > limit:
        raise bad_file(path, text("it holds {size} bytes, far more than this network has", size=size))


def is_counter(name: str) -> bool:
    """Whether a tensor counts training steps: unused in eval mode; old files and other converters leave them out."""
    return name.endswith("num_batches_tracked")


def check_names(entry: Backbone, wanted: Shapes, found: Iterable[object], path: Path) -> None:
    """Check the names of a file's tensors against the network's own.

    Raises:
        ModelFileBad: a tensor is missing or unexpected.
    """
    names = set(found)
    missing = sorted(name for name in wanted if not is_counter(name) and name not in names)
    unexpected = sorted(map(str, names - wanted.keys()))
    if missing or unexpected:
        problems = list[Text]()
        if missing:
            problems.append(
                plural(
                    "its tensor {name} is missing",
                    "{number} of its tensors are missing, such as {name}",
                    len(missing),
                    name=missing[0],
                )
            )
        if unexpected:
            problems.append(
                plural(
                    "the tensor {name} does not belong to it",
                    "{number} tensors do not belong to it, such as {name}",
                    len(unexpected),
                    name=unexpected[0],
                )
            )
        raise bad_file(
            path, text("it is not a {entry}: {problems}", entry=entry.title, problems=joined_texts("; ", *problems))
        )


def check_shape(entry: Backbone, name: str, shape: Sequence[int], wanted: Sequence[int], path: Path) -> None:
    """Check the shape of a tensor.

    Raises:
        ModelFileBad: it is not the one wanted.
    """
    if tuple(shape) != tuple(wanted):
        raise bad_file(
            path,
            text(
                "it is not a {entry}: {name} has the shape {found} instead of {wanted}",
                entry=entry.title,
                name=name,
                found=tuple(shape),
                wanted=tuple(wanted),
            ),
        )


def not_numbers(name: str, path: Path) -> ModelFileBad:
    """Make the error for a tensor of another kind, or with NaN or infinity in it."""
    return bad_file(path, text("{name} holds something that is not a number", name=name))


def unreadable(error: Exception, path: Path) -> ModelFileBad:
    """Make the error for a file without weights; the messages of the libraries are meant for programmers."""
    reason: str = text("it is damaged, or no file of weights")
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror.lower()
    return bad_file(path, text("it holds no weights that can be read ({error})", error=reason))
