"""Looks for sidecars that appeared beside planned photos: the plan of their run leaves them behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from flowersorter.domain.journal import WrittenKeywords
from flowersorter.library.tables.written_keywords import written_by
from flowersorter.messages import Text, text
from flowersorter.photos.film_time import taken_at_another_time
from flowersorter.photos.sidecars import FILM_SUFFIXES, SidecarFinder, UnlistedFolderError
from flowersorter.sorting.failures import explain
from flowersorter.sorting.filesystem import is_regular, stat_or_none
from flowersorter.sorting.folders.class_folder_contents import FolderContents
from flowersorter.sorting.journaled_steps import StepContext
from flowersorter.sorting.keywords.plan_keywords import KeywordPlanner
from flowersorter.sorting.safe_names import shown
from flowersorter.sorting.sidecar_groups import Group

_NOT_LISTED = text("its folder cannot be listed; sort the folder again")


class AppearedSidecars:
    """Finds them by the rules of a plan, photo after photo; a folder is listed once.

    Args:
        context: The journal and the disk.
    """

    def __init__(self, context: StepContext) -> None:
        self._context, self._files = context, context.files
        self._finder = SidecarFinder()
        self._folders: dict[Path, FolderContents] = {}
        self._written: Mapping[int, WrittenKeywords] = {}

    def read(self, groups: Iterable[Group]) -> None:
        """Read which sidecars of some photos are planned with keywords; the photos before are forgotten."""
        ids = (entry.id for group in groups for entry in group.entries[1:])
        self._written = written_by(self._context.collection.database, ids)

    def why_not(self, group: Group) -> Text | None:
        """Say which sidecar has appeared beside a photo that was read, or why that cannot be told; None without one."""
        try:
            return next(map(_has_appeared, self._appeared(group)), None)
        except UnlistedFolderError:
            return _NOT_LISTED
        except OSError as error:
            why = explain(error)
            return text("the files beside it cannot be compared: {why}; sort the folder again", why=why)

    def beside_filed(self, photo: Path) -> Text | None:
        """Say which sidecar has appeared beside a photo in its class folder that is to get one with keywords there.

        Args:
            photo: Its path there; it had no sidecar that programs read keywords from.

        Returns:
            None if there is still none; a reason also where its folder cannot be listed.
        """
        try:
            return next(map(_has_appeared, KeywordPlanner.targets(photo, self._finder.of(photo))), None)
        except UnlistedFolderError:
            return _NOT_LISTED

    def _appeared(self, group: Group) -> Iterator[Path]:
        """Yield the sidecars that the run does not know.

        Raises:
            OSError: one cannot be read.
        """
        photo = group.lead.source
        names = self._finder.names_of(str(photo))
        known, gets_new = {entry.source for entry in group.entries}, False
        for written in (self._written[entry.id] for entry in group.entries if entry.id in self._written):
            if written.base is not None:
                known.add(written.base)
            elif written.base_sha256 is not None:
                return  # an earlier version made it from a sidecar whose name is not known
            else:
                gets_new = True
        found = list(map(photo.with_name, names))
        new = [path for path in found if path not in known]
        others = self._other_films(group, new)
        # Beside one of these, a new sidecar would be the second one, wherever else its bytes are.
        read = KeywordPlanner.targets(photo, found) if gets_new else []
        for path in new:
            is_of_other = f"{path.name.casefold()}.".startswith(others)
            if is_of_other or not is_regular(stat_or_none(self._files, path)):
                continue
            if path in read or not self._is_filed(group, path):
                yield path

    def _other_films(self, group: Group, paths: Iterable[Path]) -> tuple[str, ...]:
        """The beginnings of the names of films that were taken at another time than a photo, and of their sidecars."""
        films = [path for path in paths if path.suffix.lower() in FILM_SUFFIXES]
        if not films:
            return ()
        rows = self._context.collection.database.tuples(
            "SELECT taken_at FROM photos WHERE sha256 = ? AND taken_at IS NOT NULL", (group.lead.sha256,)
        )
        return tuple(
            f"{film.name.casefold()}."
            for (taken_at,) in rows
            for film in films
            if taken_at_another_time(film, datetime.fromisoformat(taken_at))
        )

    def _is_filed(self, group: Group, sidecar: Path) -> bool:
        """Whether the class folder has the file: a photo that joins the RAW of its name does not bring it again."""
        folder = group.lead.destination.parent
        if folder not in self._folders:
            self._folders[folder] = FolderContents(self._files, folder)
        return self._folders[folder].copy_of(sidecar) is not None


def _has_appeared(sidecar: Path) -> Text:
    """Say that a sidecar has appeared beside a photo, which therefore stays."""
    return text("{file} has appeared beside it; sort the folder again", file=shown(Path(sidecar.name)))
