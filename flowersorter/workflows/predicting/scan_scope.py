"""The scan options that a collection remembers for each opened folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import SCAN_OPTIONS
from flowersorter.photos.scan_options import ScanOptions


def scan_options(collection: CollectionStore, folder: Path) -> ScanOptions:
    """The options that are remembered for an opened folder, by its absolute path; else the default ones."""
    return options_in(collection.settings.get(SCAN_OPTIONS), folder)


def scan_options_of(collection: CollectionStore, folders: Iterable[Path]) -> dict[Path, ScanOptions]:
    """The options of several folders."""
    stored = collection.settings.get(SCAN_OPTIONS)
    return {folder: options_in(stored, folder) for folder in folders}


def remember_scan_options(collection: CollectionStore, folder: Path, options: ScanOptions) -> None:
    """Remember the options of an opened folder; every later scan of it has its scope."""
    collection.settings.set(SCAN_OPTIONS, with_options(collection.settings.get(SCAN_OPTIONS), folder, options))


def options_in(stored: dict[str, Any], folder: Path) -> ScanOptions:
    """The options of a folder in the value of the setting."""
    return ScanOptions.from_stored(stored.get(str(folder)))


def with_options(stored: dict[str, Any], folder: Path, options: ScanOptions) -> dict[str, Any]:
    """The value of the setting with the options of a folder; default ones are not kept."""
    others = {name: each for name, each in stored.items() if name != str(folder)}
    return others if options == ScanOptions() else others | {str(folder): options.stored}
