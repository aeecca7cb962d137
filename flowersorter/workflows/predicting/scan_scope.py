"""Reads and stores the scan options of each opened folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import SCAN_OPTIONS
from flowersorter.photos.scanning.scan_options import ScanOptions


def scan_options(collection: CollectionStore, folder: Path) -> ScanOptions:
    """Return the stored options of an opened folder, by its absolute path; else the default ones."""
    return options_in(collection.settings.get(SCAN_OPTIONS), folder)


def scan_options_of(collection: CollectionStore, folders: Iterable[Path]) -> dict[Path, ScanOptions]:
    """Return the options of several folders."""
    stored = collection.settings.get(SCAN_OPTIONS)
    return {folder: options_in(stored, folder) for folder in folders}


def remember_scan_options(collection: CollectionStore, folder: Path, options: ScanOptions) -> None:
    """Store the options of an opened folder for all later scans of it."""
    collection.settings.set(SCAN_OPTIONS, with_options(collection.settings.get(SCAN_OPTIONS), folder, options))


def options_in(stored: dict[str, Any], folder: Path) -> ScanOptions:
    """Return the options of a folder from the value of the setting."""
    return ScanOptions.from_stored(stored.get(str(folder)))


def with_options(stored: dict[str, Any], folder: Path, options: ScanOptions) -> dict[str, Any]:
    """Return the value of the setting with the options of a folder, without them if they are the default."""
    others = {name: each for name, each in stored.items() if name != str(folder)}
    return others if options == ScanOptions() else others | {str(folder): options.stored}
