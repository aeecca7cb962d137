"""Reads and stores the sub-folders of the last sort into each destination."""

from __future__ import annotations

from pathlib import Path

from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import SORT_PATTERNS
from flowersorter.sorting.folder_pattern import CLASS_ONLY


def sort_pattern(collection: CollectionStore, destination: Path, given: str | None = None) -> str:
    """Return a given pattern ("" for no sub-folders); for None, that of the last sort into this destination."""
    if given is not None:
        return given or CLASS_ONLY
    return pattern_in(collection.settings.get(SORT_PATTERNS), destination)


def remember_pattern(collection: CollectionStore, destination: Path, pattern: str) -> None:
    """Store the sub-folders of a sort for the next one into this destination."""
    stored = collection.settings.get(SORT_PATTERNS)
    collection.settings.set(SORT_PATTERNS, with_pattern(stored, destination, pattern or CLASS_ONLY))


def pattern_in(stored: dict[str, str], destination: Path) -> str:
    """Return the pattern of a destination from the value of the setting."""
    return stored.get(str(destination), CLASS_ONLY)


def with_pattern(stored: dict[str, str], destination: Path, pattern: str) -> dict[str, str]:
    """Return the value of the setting with the pattern of a destination, without one if that is empty."""
    others = {name: each for name, each in stored.items() if name != str(destination)}
    return others if pattern == CLASS_ONLY else others | {str(destination): pattern}
