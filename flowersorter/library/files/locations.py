"""Paths: the default collection, and the files that ship with the program."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path

import platformdirs

_VARIABLE = "FLOWERSORTER_COLLECTION"
#: Up to version 0.1 a collection was called a garden. Folders and files with that name are still found.
_FORMER_VARIABLE = "FLOWERSORTER_GARDEN"


def default_collection() -> Path:
    """Return the collection to open when none is named: the environment's, else the one in the data folder."""
    chosen = os.environ.get(_VARIABLE) or os.environ.get(_FORMER_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return usual_collection()


def usual_collection() -> Path:
    """Return the collection in the platform's data folder, for people who never create another one."""
    return _first_there(_data_folder() / "garden", otherwise=_data_folder() / "collection")


def recent_collections_file() -> Path:
    """Return the file that lists the collections opened before; the collections themselves can be anywhere."""
    return _first_there(_data_folder() / "gardens.json", otherwise=_data_folder() / "collections.json")


def personal_settings_file() -> Path:
    """Return the file with the settings of the person, which are those of every collection."""
    return _data_folder() / "preferences.json"


def _first_there(former: Path, otherwise: Path) -> Path:
    return former if former.exists() and not otherwise.exists() else otherwise


def _data_folder() -> Path:
    return Path(platformdirs.user_data_dir("FlowerSorter", appauthor=False))


def languages() -> list[str]:
    """Return the languages that the program is translated into, such as "de"; English is not among them."""
    return sorted(file.stem for file in Path(__file__).parents[2].joinpath("locale").glob("*.po"))


def resource(name: str) -> Path:
    """The path of a file or folder that ships with the program; it may be missing in a checkout.

    Args:
        name: Its path below ``resources/``, with forward slashes ("starter/starter.safetensors").
    """
    package = Path(str(importlib.resources.files("flowersorter")))
    # The wheel carries the folder inside the package, a checkout has it beside the package.
    inside = package / "resources"
    folder = inside if inside.is_dir() else package.parent / "resources"
    return folder.joinpath(*name.split("/"))
