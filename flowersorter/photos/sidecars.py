"""Finds the files that belong to a photo and travel with it: sidecars, its RAW twin, its Live Photo film."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from flowersorter.natural_sort import NaturalOrder
from flowersorter.photos.formats import PHOTO_SUFFIXES

#: Edits beside a picture: Adobe and darktable (.xmp), Apple (.aae).
SIDECAR_SUFFIXES = frozenset((".xmp", ".aae"))
_RAW = (
    ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .gpr .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw"
    " .rw2 .rwl .sr2 .srf .srw .x3f"
)
#: What cameras write beside a JPEG of the same name.
RAW_SUFFIXES = frozenset(_RAW.split())
#: The moving part of an Apple Live Photo.
FILM_SUFFIXES = frozenset((".mov",))
_TRAVELLING = SIDECAR_SUFFIXES | RAW_SUFFIXES | FILM_SUFFIXES

#: Whose companions they are where several photos share a stem: the one a phone or camera wrote comes first.
_OWNERS_FIRST = (".heic", ".heif", ".hif", ".jpg", ".jpeg")


def siblings(photo: Path) -> tuple[Path, ...]:
    """Return the files in the photo's folder that travel with it, in natural order.

    Every such file belongs to one photo only: beside ``IMG_1.heic`` and ``IMG_1.png``, ``IMG_1.mov`` travels
    with the HEIC. A folder that cannot be listed has none.
    """
    return SiblingFinder().of(photo)


class SiblingFinder:
    """Answers `siblings` for many photos with one listing of each folder, which is never renewed."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, tuple[str, ...]]] = {}

    def of(self, photo: Path) -> tuple[Path, ...]:
        """Return the files that travel with this photo."""
        folder, name = os.path.split(photo)
        found = self._folders.get(folder)
        if found is None:
            found = self._folders[folder] = companions(_file_names(folder))
        return tuple(photo.with_name(each) for each in found.get(name, ()))


def companions(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return, for the names of one folder's files, which others belong to which photo.

    Suffixes are compared without case, stems with it. A photo without companions is not in the result.
    """
    names = list(names)
    if not any(name[name.rfind(".") :].lower() in _TRAVELLING for name in names):
        return {}  # as in most folders; else every name has to be taken apart
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
    if suffix in RAW_SUFFIXES or suffix in FILM_SUFFIXES:
        return owners.get(stem)
    if suffix not in SIDECAR_SUFFIXES:
        return None
    inner_stem, inner_suffix = _split(stem)
    if (inner_stem, inner_suffix) in by_full_name:  # IMG_1.jpg.xmp
        return by_full_name[inner_stem, inner_suffix]
    if inner_suffix in RAW_SUFFIXES:  # IMG_1.CR2.xmp goes where the RAW goes
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
