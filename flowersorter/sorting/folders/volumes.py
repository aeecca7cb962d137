"""Tells an unplugged drive from a folder that the person tidied away, by the volumes that a run remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from flowersorter.domain.journal import Run, Volume
from flowersorter.sorting.filesystem import FileSystem, follow_or_none, has_something


def volumes_of(files: FileSystem, folders: Iterable[Path]) -> dict[Path, Volume]:
    """Return the volumes of folders, without those on the volume of a folder above them; unknown ones are left out."""
    volumes: dict[Path, Volume] = {}
    for folder in sorted(set(folders)):
        with suppress(OSError):
            volume = files.volume(folder)
            if _nearest(volumes, folder) != volume:
                volumes[folder] = volume
    return volumes


def is_its_volume(files: FileSystem, run: Run, folder: Path, existing: Path) -> bool | None:
    """Return whether a missing folder can be made again on the drive it was on.

    Args:
        files: The disk.
        run: The run that moved files out of `folder`.
        folder: The missing folder.
        existing: The nearest folder above it that exists.

    Returns:
        None if the run does not know the volume of that folder.
    """
    before = _nearest(run.volumes, folder)
    if before is None:
        return None
    try:
        return before.is_same_as(files.volume(existing))
    except OSError:
        return False


def is_away(files: FileSystem, run: Run, folder: Path) -> bool:
    """Return whether a folder that a run takes files from seems to be on a missing drive, and was not deleted."""
    try:
        existing = next(path for path in (folder, *folder.parents) if follow_or_none(files, path) is not None)
    except (OSError, StopIteration):  # on Windows not even the root of a missing drive exists
        return True
    on_its_volume = is_its_volume(files, run, folder, existing)
    if on_its_volume is False:
        return True
    if existing == folder:
        return on_its_volume is None and not has_something(files, folder)
    if run.source is None:
        return not on_its_volume
    return run.source not in (existing, *existing.parents)


def _nearest(volumes: Mapping[Path, Volume], folder: Path) -> Volume | None:
    return next((volumes[path] for path in (folder, *folder.parents) if path in volumes), None)
