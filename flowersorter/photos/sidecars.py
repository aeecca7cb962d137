"""Finds the sidecars of a photo: files that are sorted together with it (.xmp, .aae, RAW twins, Live Photo videos)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from flowersorter.natural_sort import NaturalOrder
from flowersorter.photos.formats import PHOTO_SUFFIXES

#: Edits stored beside a photo: Adobe and darktable (.xmp), Apple (.aae).
SIDECAR_SUFFIXES = frozenset((".xmp", ".aae"))
_RAW = (
    ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .gpr .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw"
    " .rw2 .rwl .sr2 .srf .srw .x3f"
)
#: RAW files that cameras write beside a JPEG of the same name.
RAW_SUFFIXES = frozenset(_RAW.split())
#: The video of an Apple Live Photo.
VIDEO_SUFFIXES = frozenset((".mov",))
_ALL_SUFFIXES = SIDECAR_SUFFIXES | RAW_SUFFIXES | VIDEO_SUFFIXES

#: Owner of the sidecars where several photos share a stem: formats that phones and cameras write come first.
_OWNERS_FIRST = (".heic", ".heif", ".hif", ".jpg", ".jpeg")


class SidecarFinder:
    """Finds the sidecars of many photos with one listing of each folder, which is never refreshed.

    Every sidecar belongs to one photo only: beside ``IMG_1.heic`` and ``IMG_1.png``, ``IMG_1.mov`` belongs to the HEIC.
    A folder that cannot be listed has none.
    """

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, tuple[str, ...]]] = {}

    def of(self, photo: Path) -> tuple[Path, ...]:
        """Return the sidecars of a photo, in natural order."""
        folder, name = os.path.split(photo)
        found = self._folders.get(folder)
        if found is None:
            found = self._folders[folder] = sidecars_by_photo(_file_names(folder))
        return tuple(photo.with_name(sidecar) for sidecar in found.get(name, ()))


def sidecars_by_photo(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the sidecars of each photo among the file names of one folder.

    Suffixes are compared without case, stems with it. A photo without sidecars is not in the result.
    """
    names = list(names)
    if not any(name[name.rfind(".") :].lower() in _ALL_SUFFIXES for name in names):
        return {}  # as in most folders: saves parsing every name
    photos: dict[str, list[str]] = {}
    by_full_name: dict[tuple[str, str], str] = {}
    for name in names:
        stem, suffix = _split(name)
        if suffix in PHOTO_SUFFIXES:
            photos.setdefault(stem, []).append(name)
            by_full_name[stem, suffix] = name
    owners = {stem: min(candidates, key=_owner_rank) for stem, candidates in photos.items()}
    found: dict[str, list[str]] = {}
    for name in names:
        owner = _owner(name, owners, by_full_name)
        if owner is not None:
            found.setdefault(owner, []).append(name)
    return {owner: tuple(sorted(theirs, key=NaturalOrder())) for owner, theirs in found.items()}


def _owner(name: str, owners: dict[str, str], by_full_name: dict[tuple[str, str], str]) -> str | None:
    stem, suffix = _split(name)
    if suffix in RAW_SUFFIXES or suffix in VIDEO_SUFFIXES:
        return owners.get(stem)
    if suffix not in SIDECAR_SUFFIXES:
        return None
    inner_stem, inner_suffix = _split(stem)
    if (inner_stem, inner_suffix) in by_full_name:  # IMG_1.jpg.xmp
        return by_full_name[inner_stem, inner_suffix]
    if inner_suffix in RAW_SUFFIXES:  # IMG_1.CR2.xmp belongs to the owner of the RAW
        return owners.get(inner_stem)
    return owners.get(stem)


def _owner_rank(name: str) -> tuple[int, str]:
    suffix = _split(name)[1]
    return (_OWNERS_FIRST.index(suffix) if suffix in _OWNERS_FIRST else len(_OWNERS_FIRST), name)


def _split(name: str) -> tuple[str, str]:
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    return stem, suffix.lower()


def _file_names(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_file()]
    except OSError:
        return []
