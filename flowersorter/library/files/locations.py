"""Where things are: the collection a person gets by default, and the files that ship with the program."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path

import platformdirs

_COLLECTION_VARIABLE = "FLOWERSORTER_GARDEN"


def default_collection() -> Path:
    """The collection when nobody named one: from the environment, else in the platform's data folder."""
    chosen = os.environ.get(_COLLECTION_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return usual_collection()


def usual_collection() -> Path:
    """The collection in the platform's data folder: that of somebody who never made another one."""
    return _data_folder() / "collection"


def collections_file() -> Path:
    """Where it is noted which collections there are: the collections themselves lie where people put them."""
    return _data_folder() / "gardens.json"


def _data_folder() -> Path:
    return Path(platformdirs.user_data_dir("FlowerSorter", appauthor=False))


def resource(name: str) -> Path:
    """The path of a file or folder that ships with the program; it may be missing in a bare checkout.

    Args:
        name: Its path below ``resources/``, with forward slashes ("starter/starter.safetensors").
    """
    package = Path(str(importlib.resources.files("flowersorter")))
    # The wheel carries the folder inside the package, a checkout has it beside the package.
    inside = package / "resources"
    folder = inside if inside.is_dir() else package.parent / "resources"
    return folder.joinpath(*name.split("/"))
