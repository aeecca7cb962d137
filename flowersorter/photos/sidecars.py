"""Finds the sidecars of a photo: files that are sorted together with it (edits, RAW twins, films, metadata, labels).

A file that is no photo is a sidecar of the photo whose name it begins with:

    IMG_1.jpg       IMG_1.jpg.xmp  IMG_1.jpg_original           the full name, a separator, and anything
                    IMG_1.xmp  IMG_1.CR2  IMG_1.mov  IMG_1.txt  the stem, a dot, and anything
                    IMG_1_notes.pdf  IMG_1 (front).txt          the stem, another separator, and a word
                    IMG_1_01.jpg.xmp                            a duplicate edit of darktable

A film, a RAW or a number behind the stem is another shot (``IMG_1_2.mov``), and a copy's number makes it the sidecar of
that copy (``IMG_1 (2).xmp``, ``IMG_1 (copy).txt``): where that photo is missing, it belongs to none. A RAW that belongs
to no photo is a photo, and a film that belongs to neither is sorted by itself, with sidecars by the same rules. Names
are compared without case and in one Unicode form. The longest name wins, then the same spelling, then the photo's
format.

Some makers rename: Apple's edited photos (``IMG_E1.HEIC`` with ``IMG_O1.AAE``), the Pixel's RAW
(``PXL_1.RAW-01.COVER.jpg`` with ``PXL_1.RAW-02.ORIGINAL.dng``), and Google Takeout, which shortens and numbers the
names of its JSON files and has one for the photo and its edited copy (``a(1).jpg`` with ``a.jpg(1).json``).
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flowersorter.domain.natural_sort import NaturalOrder
from flowersorter.photos.formats import PHOTO_SUFFIXES

#: Edits stored beside a photo: Adobe and darktable (.xmp), Apple (.aae).
SIDECAR_SUFFIXES = frozenset((".xmp", ".aae"))
_RAW = (
    ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .gpr .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw"
    " .rw2 .rwl .sr2 .srf .srw .x3f"
)
#: RAW files: the photo itself, or beside a JPEG of the same name.
RAW_SUFFIXES = frozenset(_RAW.split())
#: Films of cameras and phones.
FILM_SUFFIXES = frozenset(
    ".3g2 .3gp .avi .insv .lrv .m2ts .m4v .mkv .mov .mp .mp4 .mpeg .mpg .mts .webm .wmv".split()  # noqa: SIM905 - reads better
)
#: Everything that is shown with a picture.
PICTURE_SUFFIXES = PHOTO_SUFFIXES | RAW_SUFFIXES
_SHOT_SUFFIXES = PICTURE_SUFFIXES | FILM_SUFFIXES
#: Files of a folder or of a collection of this program, whatever photo has such a name.
_OF_THE_FOLDER = re.compile(r"thumbs\.db|desktop\.ini|library\.sqlite.*")

#: Owner of the sidecars where several photos share a stem: formats that phones and cameras write come first.
_OWNERS_FIRST = (".heic", ".heif", ".hif", ".jpg", ".jpeg")
_SEPARATORS = "._- ("
#: Begins the rest of a name that belongs to a numbered copy: "(1)", " (2)", " (copy)", " - Copy", " copy 2".
_OF_A_COPY = re.compile(r"\s?\((?:\d+|copy)\)|(?:\s-)?\scopy\b|-copy\b")
_DUPLICATE_EDIT = re.compile(r"_\d\d(\.[^.]+)\.xmp")
_NUMBER = re.compile(r"(?:\s?\(\d+\))+$")
_APPLE = re.compile(r"img_([eo]?)(\d.*)", re.DOTALL)
#: Which photo the files of Apple's IMG_1, IMG_E1 (edited) and IMG_O1 (its edits) belong to, the best first.
_APPLE_OWNERS = {"": ("", "e"), "e": ("e", ""), "o": ("e", "")}
#: Google Photos names an edited copy in the person's language.
_EDITED = re.compile(r"-(?:edited|bearbeitet|modifié|editado|editada|modificato|bewerkt)$")
_PIXEL_COVER, _PIXEL_ORIGINAL = ".raw-01.cover", ".raw-02.original"
#: Google Takeout names a JSON file after its photo, cut to this many characters, with ".json" 51.
_TAKEOUT_CHARACTERS = 46
_TAKEOUT_METADATA = ".supplemental-metadata"


class UnlistedFolderError(OSError):
    """A folder that is there and cannot be listed: whether its photos have sidecars is not known."""


class SidecarFinder:
    """Finds the sidecars of many photos with one listing of each folder, which is never refreshed.

    Every sidecar belongs to one photo only: beside ``IMG_1.heic`` and ``IMG_1.png``, ``IMG_1.mov`` belongs to the HEIC.
    A folder that is gone has none; one that cannot be listed is tried again for the next photo.
    """

    def __init__(self) -> None:
        self._sidecars: dict[str, dict[str, tuple[str, ...]]] = {}
        self._others: dict[str, list[str]] = {}

    def of(self, photo: Path) -> tuple[Path, ...]:
        """Return the sidecars of a photo, in natural order.

        Raises:
            UnlistedFolderError: its folder cannot be listed.
        """
        return tuple(map(photo.with_name, self.names_of(str(photo))))

    def names_of(self, photo: str) -> tuple[str, ...]:
        """Return the names of the sidecars of a photo, given by its path as text, in natural order.

        Raises:
            UnlistedFolderError: its folder cannot be listed.
        """
        after_folder = photo.rfind(os.sep) + 1
        folder, name = photo[:after_folder], photo[after_folder:]
        found = self._sidecars.get(folder)
        if found is None:
            names = _file_names(os.path.dirname(photo))  # noqa: PTH120 - a path as text
            found = self._sidecars[folder] = sidecars_by_photo(names)
            with_photo = {name for theirs in found.values() for name in theirs}
            self._others[folder] = [name for name in names if not _stands_alone(name, with_photo) and name[0] != "."]
        return found.get(name, ())

    def of_original(self, photo: Path) -> tuple[Path, ...]:
        """Return the sidecars of the photo that this one is the edited copy of, by Google's name of such copies.

        Raises:
            UnlistedFolderError: its folder cannot be listed.
        """
        stem, suffix = _split(photo.name)
        base = _numbered(stem)[0]
        original = _EDITED.sub("", base)
        return self.of(photo.with_name(original + stem[len(base) :] + suffix)) if original != base else ()

    def files_beside(self) -> Iterator[Path]:
        """The files in the folders listed so far that are neither photos, RAWs without one among them, nor hidden."""
        return (Path(folder, name) for folder, names in self._others.items() for name in names)


def sidecars_by_photo(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the sidecars of each photo among the file names of one folder, RAWs and films without a photo among them.

    The result depends on the set of names alone. A photo without sidecars is not in it. Of two names that some file
    systems take for the same, one is a sidecar.
    """
    found: dict[str, dict[str, str]] = {}
    others = list(names)
    for suffixes in (PHOTO_SUFFIXES, RAW_SUFFIXES, FILM_SUFFIXES):
        owners, rest = _parted(others, suffixes)
        if owners:
            theirs, others = _assigned(owners, rest)
            found |= theirs
    return {owner: tuple(sorted(theirs.values(), key=NaturalOrder())) for owner, theirs in found.items()}


def _parted(names: Iterable[str], suffixes: frozenset[str]) -> tuple[list[str], list[str]]:
    """Return the names with one of the suffixes, and the others."""
    with_suffix: list[str] = []
    others: list[str] = []
    for name in names:
        (with_suffix if _has_suffix(name, suffixes) else others).append(name)
    return with_suffix, others


def _assigned(photos: list[str], others: list[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Return the sidecars of each photo, by their keys, and the files that belong to none."""
    if not photos or not others:
        return {}, others
    owners = _Owners.of(photos, takeout=any(name[-5:].lower() == ".json" for name in others))
    found: dict[str, dict[str, str]] = {}
    rest = []
    for name in others:
        owner = owners.find(name)
        if owner is None:
            rest.append(name)
            continue
        theirs = found.setdefault(owner, {})
        key = _key(name)
        theirs[key] = min(name, theirs.get(key, name), key=lambda each: (not owner.startswith(_stem(each)), each))
    return found, rest


def split_sidecar(photo: str, sidecar: str) -> tuple[str, str]:
    """Split the name of a sidecar where a number goes if its photo is renamed ``IMG_1 (2).jpg``.

    Returns:
        The part that names the photo, and the rest: "IMG_1" and ".CR2.xmp", "IMG_O1" and ".AAE".
    """
    stem = _key(_stem(photo))
    if _key(sidecar).startswith(stem):
        for end in (len(_stem(photo)), *range(len(sidecar) + 1)):
            if _key(sidecar[:end]) == stem and sidecar[end : end + 1] in _SEPARATORS:
                return sidecar[:end], sidecar[end:]
    head, rest = _split(sidecar)
    while _split(head)[1].lower() in _SHOT_SUFFIXES and rest:
        head, suffix = _split(head)
        rest = suffix + rest
    return head, rest


@dataclass(slots=True)
class _Owners:
    """The photos of a folder by every name that a sidecar of theirs may begin with.

    Attributes:
        by_name: Full names and stems, as keys, with the photos that have them.
        by_alias: Names that makers give instead.
        by_json: Names of Google Takeout's JSON files without ".json", each with the number of a copy or "".
    """

    by_name: dict[str, list[str]] = field(default_factory=dict)
    by_alias: dict[str, list[str]] = field(default_factory=dict)
    by_json: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, photos: Iterable[str], *, takeout: bool) -> _Owners:
        """Index photos; names of Google Takeout only where needed, as they take time."""
        owners = cls()
        for photo in photos:
            key = _key(photo)
            stem, suffix = _split(key)
            for name in (key, stem):
                owners.by_name.setdefault(name, []).append(photo)
            for name in _aliases(stem):
                for alias in (name + suffix, name):
                    owners.by_alias.setdefault(alias, []).append(photo)
            for takeout_name in _takeout_names(stem, suffix) if takeout else ():
                owners.by_json.setdefault(takeout_name, []).append(photo)
        return owners

    def find(self, name: str) -> str | None:
        """Return the photo that a file is the sidecar of, or None."""
        key = _key(name)
        if _OF_THE_FOLDER.fullmatch(key):
            return None
        owner = self._takeout_owner(name, key)
        if owner is not None:
            return owner
        apple = _APPLE.fullmatch(key)
        keys = [f"img_{letter}{apple[2]}" for letter in _APPLE_OWNERS[apple[1]]] if apple else [key]
        owners = (self._longest(name, each) for each in keys)
        return next((owner for owner in owners if owner is not None), None)

    def _longest(self, name: str, key: str) -> str | None:
        """Return the photo with the longest name that a key begins with, if the rest is that of a sidecar."""
        for end in range(len(key), 0, -1):
            if end < len(key) and key[end] not in _SEPARATORS:
                continue
            photos = self.by_name.get(key[:end]) or self.by_alias.get(key[:end])
            if photos is not None:
                is_full_name = _split(key[:end])[1] in PICTURE_SUFFIXES
                return _best(name, photos) if _goes_along(key[end:], is_full_name=is_full_name) else None
        return None

    def _takeout_owner(self, name: str, key: str) -> str | None:
        """Return the photo of a JSON file of Google Takeout whose name is not simply the photo's and more."""
        inner, suffix = _split(key)
        if suffix != ".json":
            return None
        base, number = _numbered(inner)
        for end in (len(base), *(end for end in range(len(base) - 1, 0, -1) if base[end] == ".")):
            if end == len(base) or _TAKEOUT_METADATA.startswith(base[end:]):
                candidates = self.by_json.get((base[:end], number))
                if candidates is not None:
                    return _best(name, candidates)
        return None


def _goes_along(rest: str, *, is_full_name: bool) -> bool:
    """Whether a file is a sidecar whose key is a photo's full name or stem and this rest."""
    if not rest:
        return True
    if _OF_A_COPY.match(rest):
        return False
    suffix = _split("_" + rest)[1]
    if suffix in RAW_SUFFIXES or suffix in FILM_SUFFIXES:
        return rest == suffix
    if is_full_name or rest[0] == ".":
        return True
    return not rest[1:2].isdigit() or _DUPLICATE_EDIT.fullmatch(rest) is not None


def _aliases(stem: str) -> set[str]:
    """Other stems that a maker gives to the files of a photo with this stem, as keys."""
    base = _numbered(stem)[0]
    return {_EDITED.sub("", base) + stem[len(base) :], stem.replace(_PIXEL_COVER, _PIXEL_ORIGINAL)} - {stem}


def _takeout_names(stem: str, suffix: str) -> set[tuple[str, str]]:
    """Names of JSON files for a photo, without ".json" and ".supplemental-metadata", each with the copy's number."""
    base, number = _numbered(stem)
    names = {base + suffix, _EDITED.sub("", base) + suffix}
    return {(name[:_TAKEOUT_CHARACTERS], number) for name in names if number or len(name) > _TAKEOUT_CHARACTERS}


def _numbered(name: str) -> tuple[str, str]:
    """Split the numbers of copies off: "a(1) (2)" is "a" and "(1)(2)"."""
    found = _NUMBER.search(name)
    return (name, "") if found is None else (name[: found.start()], found[0].replace(" ", ""))


def _best(name: str, photos: list[str]) -> str:
    """The owner of a file among photos with the same claim: the format it names, its spelling, the usual format."""

    def rank(photo: str) -> tuple[bool, bool, bool, int, str]:
        stem, suffix = _split(photo)
        suffix = suffix.lower()
        unusual = len(_OWNERS_FIRST) + (suffix in FILM_SUFFIXES)
        position = _OWNERS_FIRST.index(suffix) if suffix in _OWNERS_FIRST else unusual
        named = name.startswith(photo), f"{suffix}." in name.lower(), name.startswith(stem)
        return not named[0], not named[1], not named[2], position, photo

    return min(photos, key=rank)


def _key(name: str) -> str:
    """Return a key that is equal for names that some file system takes for the same."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _stands_alone(name: str, with_photo: Collection[str]) -> bool:
    """Whether a file is a photo by its name, also a RAW that belongs to no other."""
    return _has_suffix(name, PHOTO_SUFFIXES) or (name not in with_photo and _has_suffix(name, RAW_SUFFIXES))


def _has_suffix(name: str, suffixes: frozenset[str]) -> bool:
    dot = name.rfind(".")
    return name[dot:].lower() in suffixes and name[:dot].strip(".") != ""  # as `_split`, in a third of the time


def _stem(name: str) -> str:
    return _split(name)[0]


def _split(name: str) -> tuple[str, str]:
    return os.path.splitext(name)  # noqa: PTH122 - a name, not a path


def _file_names(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if _is_file(entry)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise UnlistedFolderError(error.errno, error.strerror, folder) from error


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        if entry.is_symlink():  # into a folder that cannot be read
            return False
        raise
