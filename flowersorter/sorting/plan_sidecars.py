"""Plans where sidecars go, beside a photo that is filed now or was filed before; reads only."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flowersorter.messages import Text, joined_texts, text
from flowersorter.photos.film_time import taken_at_another_time
from flowersorter.photos.formats import PHOTO_SUFFIXES
from flowersorter.photos.sidecars import FILM_SUFFIXES, RAW_SUFFIXES, SIDECAR_SUFFIXES, SidecarFinder, split_sidecar
from flowersorter.photos.xmp.keywords import Entries
from flowersorter.sorting.filesystem import FileSystem, is_our_link, is_regular, stat_or_none
from flowersorter.sorting.folders.class_folder_contents import FolderContents
from flowersorter.sorting.keywords.plan_keywords import KeywordPlanner
from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
from flowersorter.sorting.safe_names import free_names, split_name

#: (from, to) of each sidecar.
Moves = tuple[tuple[Path, Path], ...]
NO_SUFFIX = text("without suffix")


@dataclass(frozen=True, slots=True)
class PlannedSidecars:
    """The sidecars of one photo: those that are filed as they are, and those that get keywords."""

    moves: Moves = ()
    keywords: tuple[PlannedKeywords, ...] = ()


#: Of most photos.
NO_SIDECARS = PlannedSidecars()


class SidecarPlanner:
    """Plans the sidecars of photo after photo, and knows which files beside them stay.

    Args:
        files: The disk.
        keywords: Plans the keywords in them, of the photos that get any.

    Attributes:
        edited: Sidecars that stay because the one in the class folder has other, newer contents.
        other_films: Films that stay because they were taken at another time than the photo of their name.
    """

    def __init__(self, files: FileSystem, keywords: KeywordPlanner) -> None:
        self.edited: list[Path] = []
        self.other_films: list[Path] = []
        self._files, self._keywords = files, keywords
        self._finder = SidecarFinder()
        self._filed: set[Path] = set()
        self._folders: dict[Path, FolderContents] = {}

    def with_photo(
        self, photo: str, contents: FolderContents, taken_at: datetime | None, wanted: Entries | None = None
    ) -> tuple[str, PlannedSidecars]:
        """Give a photo and its sidecars names in a class folder that are free for all of them, and reserve these.

        A RAW that is there already, sorted before its photo was, gets its photo beside it.

        Args:
            photo: The path of the photo, as text.
            contents: Of the class folder.
            taken_at: When it was taken, None if that is unknown.
            wanted: The keywords of its class; None to write none.

        Returns:
            The name of the photo in the class folder, and the plan of its sidecars.

        Raises:
            OSError: a sidecar, or the class folder, cannot be read.
        """
        if wanted is None and not self._finder.names_of(photo):  # as most
            [name] = _take([photo[photo.rfind(os.sep) + 1 :]], contents)
            self._remember(photo)
            return name, NO_SIDECARS
        return self._with_sidecars(Path(photo), contents, taken_at, wanted)

    def _with_sidecars(
        self, photo: Path, contents: FolderContents, taken_at: datetime | None, wanted: Entries | None
    ) -> tuple[str, PlannedSidecars]:
        sidecars = self._sidecars(photo, taken_at)
        beside = self._beside_raw(photo, sidecars, contents)
        if beside is not None:
            contents.take(beside.name)
            self._remember(str(photo))
            return beside.name, self.beside_filed(photo, beside, contents, taken_at, wanted)
        new = None if wanted is None else self._keywords.new_name(photo, sidecars)
        names = _take([photo.name, *(path.name for path in sidecars), *(() if new is None else (new,))], contents)
        self._remember(str(photo))
        self._filed.update(sidecars)
        targets = [contents.folder / name for name in names[1:]]
        moves = tuple(zip(sidecars, targets, strict=False))
        if wanted is None:
            return names[0], PlannedSidecars(moves)
        moves, keywords = self._keywords.on_the_way(photo, moves, wanted)
        if new is not None:
            keywords = (*keywords, self._keywords.new(targets[-1], wanted))
        return names[0], PlannedSidecars(moves, keywords)

    def beside_filed(
        self,
        photo: Path,
        filed: Path,
        contents: FolderContents,
        taken_at: datetime | None,
        wanted: Entries | None = None,
    ) -> PlannedSidecars:
        """Plan the sidecars that were written, or changed, after their photo was filed.

        A sidecar whose bytes are there is filed already. Where another one has its name, the older stays where it is:
        an edit in the class folder is kept, and a newer one is filed under a number.

        Args:
            photo: The photo that is not filed again.
            filed: The one with the same bytes.
            contents: Of the folder of its class, which is not always where it is.
            taken_at: When it was taken, None if that is unknown.
            wanted: The keywords of its class; None to write none.

        Raises:
            OSError: a sidecar, or the folder of the filed photo, cannot be read.
        """
        self._folders[contents.folder] = contents
        moves: Moves = () if photo.parent == filed.parent else tuple(self._moves_beside(photo, filed, taken_at))
        if wanted is None:
            return PlannedSidecars(moves)
        moves, keywords = self._keywords.on_the_way(photo, moves, wanted)
        there = self._contents_of(filed.parent)
        has_one = bool(keywords) or bool(self._keywords.targets(photo, [source for source, _ in moves]))
        keywords += self._keywords.in_place(filed, wanted, there.is_free, may_be_new=not has_one)
        for each in keywords:
            there.take(each.destination.name)
        return PlannedSidecars(moves, keywords)

    def _remember(self, photo: str) -> None:
        """Remember a photo that is none by its name, such as a film: only those would be counted among what stays."""
        if photo[photo.rfind(".") :].lower() not in PHOTO_SUFFIXES:
            self._filed.add(Path(photo))

    def _moves_beside(self, photo: Path, filed: Path, taken_at: datetime | None) -> Iterator[tuple[Path, Path]]:
        """Yield (from, to) of the sidecars of a photo that are to be filed beside the one with its bytes."""
        for sidecar in self._sidecars(photo, taken_at):
            there = self._contents_of(filed.parent)
            name = self._free_name(sidecar, name_beside(photo.name, filed.name, sidecar.name), filed)
            if name is not None:
                there.take(name)
                self._filed.add(sidecar)
                yield sidecar, filed.with_name(name)

    def _contents_of(self, folder: Path) -> FolderContents:
        if folder not in self._folders:
            self._folders[folder] = FolderContents(self._files, folder)
        return self._folders[folder]

    def staying(self) -> Mapping[str, int]:
        """The number of files that are no photos and stay beside the planned photos, by kind."""
        return count_kinds(path for path in self._finder.files_beside() if path not in self._filed)

    def _beside_raw(self, photo: Path, sidecars: Sequence[Path], contents: FolderContents) -> Path | None:
        """Target beside a RAW already in the class folder; None without one or if the name is taken."""
        for sidecar in sidecars:
            there = contents.copy_of(sidecar) if sidecar.suffix.lower() in RAW_SUFFIXES else None
            if there is not None:
                beside = there.with_name(split_name(there.name)[0] + split_name(photo.name)[1])
                return beside if contents.is_free(beside.name) else None
        return None

    def _sidecars(self, photo: Path, taken_at: datetime | None) -> list[Path]:
        found = [path for path in self._finder.of(photo) if is_regular(stat_or_none(self._files, path))]
        if taken_at is None or not found:
            return found
        films = [path for path in found if path.suffix.lower() in FILM_SUFFIXES]
        others = [film for film in films if taken_at_another_time(film, taken_at)]
        self.other_films += others
        theirs = tuple(f"{film.name.casefold()}." for film in others)
        return [path for path in found if not f"{path.name.casefold()}.".startswith(theirs)] if others else found

    def _free_name(self, sidecar: Path, name: str, filed: Path) -> str | None:
        """The first free of ``a.xmp``, ``a (2).xmp``..., or None if the sidecar is there or an older edit."""
        status = self._files.stat(sidecar)
        contents, sha256 = self._folders[filed.parent], None
        stem, suffix = split_name(name)
        for number in itertools.count(1):
            tried = name if number == 1 else f"{stem} ({number}){suffix}"
            there = stat_or_none(self._files, filed.with_name(tried))
            if there is None:
                # A photo of this name would take it for its own sidecar.
                of_a_photo = number > 1 and not contents.is_free(split_name(tried)[0] + filed.suffix)
                if contents.is_free(tried) and not of_a_photo:
                    return tried
                continue
            if is_our_link(self._files, sidecar, filed.with_name(tried)):
                self._filed.add(sidecar)
                return None
            if not is_regular(there):
                continue
            written = self._keywords.index.at(filed.with_name(tried))
            if written is not None and written.base_sha256 is not None:
                sha256 = sha256 or self._files.hash(sidecar)
                if sha256 == written.base_sha256:  # it is there, with keywords
                    self._filed.add(sidecar)
                    return None
            if there.st_size == status.st_size:
                sha256 = sha256 or self._files.hash(sidecar)
                if self._files.hash(filed.with_name(tried)) == sha256:
                    self._filed.add(sidecar)
                    return None
            if there.st_mtime_ns >= status.st_mtime_ns:
                self.edited.append(sidecar)
                return None
        raise AssertionError  # pragma: no cover - counting does not end


def _take(names: Sequence[str], contents: FolderContents) -> Sequence[str]:
    """Reserve names for a photo and its sidecars in a folder, with a number in all of them where one is taken."""
    if not all(map(contents.is_free, names)):
        parts = [split_name(names[0]), *(split_sidecar(names[0], name) for name in names[1:])]
        names = free_names(parts, contents.is_free)
    for name in names:
        contents.take(name)
    return names


def count_kinds(files: Iterable[Path]) -> Mapping[str, int]:
    """Count files by suffix in lower case, the most frequent first."""
    return dict(Counter(path.suffix.lower() or NO_SUFFIX for path in files).most_common())


def sidecars_and_others(
    staying: Mapping[str, int], named: Iterable[Path]
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Divide the files beside photos that stay, counted by suffix, into sidecars and files of any other kind.

    Args:
        staying: Their numbers.
        named: Those of which another sentence says that they stay, and why; they are not counted.
    """
    left = (Counter(staying) - Counter(count_kinds(named))).most_common()
    kinds = SIDECAR_SUFFIXES | RAW_SUFFIXES | FILM_SUFFIXES
    sidecars = {suffix: count for suffix, count in left if suffix in kinds}
    return sidecars, {suffix: count for suffix, count in left if suffix not in kinds}


def listed(kinds: Mapping[str, int], most: int = 5) -> Text:
    """Return the most frequent kinds as text: "9 .xmp, 5 .mov, 2 more"."""
    shown = list(kinds.items())[:most]
    rest = sum(kinds.values()) - sum(count for _, count in shown)
    parts = [joined_texts(" ", str(count), kind) for kind, count in shown]
    return joined_texts(", ", *parts, *([text("{count} more", count=rest)] if rest else []))


def name_beside(photo: str, filed: str, sidecar: str) -> str:
    """Return the name of a sidecar beside a photo that was filed under another name."""
    stem, new_stem = split_name(photo)[0], split_name(filed)[0]
    before, after = split_sidecar(photo, sidecar)
    if new_stem.startswith(stem):
        return before + new_stem[len(stem) :] + after
    return new_stem + after
