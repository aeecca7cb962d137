"""Counts the files of class folders that are not used for training, by class and kind."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flowersorter.domain.place import Place
from flowersorter.messages import Text, joined_texts, text
from flowersorter.photos.scan import ScanResult, looks_like_photo
from flowersorter.photos.sidecars import FILM_SUFFIXES
from flowersorter.workflows.labelling.class_folders import ClassFolders

#: The kind of a file that looks like a photo and cannot be read; the others are those of `ScanResult.skipped`.
UNREADABLE = text("unreadable")
#: The kind of files that are sorted with a class given by hand, and not used for training.
FILM = text("film")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files that are not used.

    Attributes:
        kinds: Number of files of each kind, without the unreadable ones.
        by_class: Number of files of each kind in the folder of each class.
        empty: The classes whose folders hold only such files, or none.
        merged: The classes with photos in folders within their folder, which are no classes of their own.
        renamed: Class name by folder name, if the folder's name cannot be used for the class.
        problems: Folders that cannot be entered, with the reason.
    """

    kinds: Mapping[str, int] = field(default_factory=dict)
    by_class: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[tuple[Path, str], ...] = ()

    def in_words(self, names: Collection[str]) -> Text:
        """Describe the files left out of some classes: "rose (2 not a photo, 12 film), tulip (1 unreadable)"."""
        return joined_texts(", ", *map(self._in_words, names))

    def _in_words(self, name: str) -> Text:
        kinds = self.by_class.get(name)
        return text("{name} ({kinds})", name=name, kinds=_counts(kinds) if kinds else text("no files"))


NOTHING_LEFT_OUT = LeftOut()


def _counts(kinds: Mapping[str, int]) -> Text:
    return joined_texts(", ", *(joined_texts(" ", str(number), kind) for kind, number in kinds.items()))


def _kind(path: Path) -> str:
    """Name the kind of a file without a picture by its suffix."""
    return FILM if path.suffix.lower() in FILM_SUFFIXES else UNREADABLE


def left_out_of(folders: ClassFolders, scanned: ScanResult, places: Sequence[Place], used: Collection[str]) -> LeftOut:
    """Count the files left out of a folder of class folders.

    Args:
        folders: Its class folders.
        scanned: The result of its scan.
        places: The photos found, after they were read.
        used: Classes with photos.
    """
    files = [(Path(parent), kind, n) for parent, kinds in scanned.skipped_in.items() for kind, n in kinds.items()]
    files += [(place.path.parent, _kind(place.path), 1) for place in places if place.error is not None]
    files += [(path.parent, UNREADABLE, 1) for path, _ in scanned.problems if looks_like_photo(path)]
    kinds = Counter(scanned.skipped)
    kinds.update(kind for place in places if place.error is not None and (kind := _kind(place.path)) != UNREADABLE)
    by_class: dict[str, Counter[str]] = {}
    for parent, kind, number in files:
        name = folders.class_of(parent)
        if name is not None:
            by_class.setdefault(name, Counter())[kind] += number
    parents = {place.path.parent for place in places}
    read = {place.path.parent for place in places if place.error is None}
    left = set(scanned.left_out)
    on_disk = {name for each in folders.folders() if each not in left and (name := folders.class_of(each))}
    meant = {"/".join(folders.parts(parent)): folders.class_of(parent) for parent in sorted(parents)}
    return LeftOut(
        kinds=dict(sorted(kinds.items())),
        by_class={name: dict(sorted(counts.items())) for name, counts in sorted(by_class.items())},
        empty=tuple(sorted((by_class.keys() | on_disk) - set(used))),
        merged=folders.merged(read),
        renamed={name: each for name, each in meant.items() if each and each != unicodedata.normalize("NFC", name)},
        problems=tuple((path, why) for path, why in scanned.problems if not looks_like_photo(path)),
    )
