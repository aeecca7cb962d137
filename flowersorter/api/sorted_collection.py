"""The part of a script's collection that sorts photos into class folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from flowersorter.api.paths import AnyPath, chosen, given_path, given_paths, positive_rate, whole_number
from flowersorter.api.predicted_collection import PredictedCollection
from flowersorter.api.sort_answers import KeywordReport, ResumeReport, Sort, SortReport, VerifyReport
from flowersorter.jobs import CancelToken


class SortedCollection(PredictedCollection):
    """Sorts photos, lists, undoes and verifies sorts."""

    def sort(
        self,
        folder: AnyPath | Sequence[AnyPath],
        to: AnyPath,
        *,
        mode: Literal["copy", "move", "link", "symlink"] = "copy",
        include: Literal["all", "likely", "sure", "labelled"] = "all",
        dry_run: bool = True,
        move_copies: bool | None = None,
        pattern: str | None = None,
        move_duplicates: bool = False,
        remove_empty_folders: bool = False,
        keywords: bool | None = None,
    ) -> SortReport:
        """Sort the photos of a folder into one folder per class in `to`. Predicts new photos first.

        Never overwrites a file and compares every copy with its original. `undo` undoes the sort.

        Args:
            folder: The folder with the photos, or several folders and photos.
            to: The folder for the class folders; created if missing.
            mode: Copy the photos, move them, make hard links (same drive only), or symbolic links to the originals.
            include: Which photos to sort besides labelled ones: "all" except unknown, "likely" and "sure" ones, "sure"
                ones, or none ("labelled"). The window begins with "sure". The report says of each other photo why it
                stays.
            dry_run: Only return the plan. Pass False to carry it out.
            move_copies: Also move photos that were sorted before into the folder of another class than their label
                says; None for the answer that the window remembers for this collection. Otherwise they stay there.
            pattern: The sub-folders of each class: "{class}/{date:%Y}" for the years, or "{class}/{camera}"; None for
                those of the last sort into `to`, at first none, and "" for none. Photos without a date go to "Undated".
            move_duplicates: With mode "move", also move photos that are there already, into the folder "Duplicates".
            remove_empty_folders: With mode "move", also remove the folders that become empty; `undo` makes them again.
            keywords: Write the class of each photo as a keyword into a sidecar file (.xmp) beside it, for other
                programs; None for the choice in the window's Preferences, at first not. Photos are never changed.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            SortRefused: `to` cannot be used safely, for example because it lies in `folder`; or the pattern cannot be
                used.
            UserError: `mode` or `include` is none of those above.
        """
        from flowersorter.api.sort_answers import report_of_plan, report_of_run
        from flowersorter.photos.scan import absolute_folder, absolute_roots
        from flowersorter.sorting.folder_pattern import CLASS_ONLY, FolderPattern
        from flowersorter.sorting.plan import Mode
        from flowersorter.workflows.filing import sort as sorting
        from flowersorter.workflows.filing.keywords import writes_keywords
        from flowersorter.workflows.filing.sorted_photos import moves_sorted_copies

        target = absolute_folder(given_path(to))
        roots = absolute_roots(given_paths(folder))
        chosen_mode, included = chosen(Mode, mode, "mode"), chosen(sorting.Include, include, "include")
        sorting.check_destination(roots, target, chosen_mode, CancelToken())
        FolderPattern.parse(pattern or CLASS_ONLY)
        self.predict(*roots)
        if not dry_run and (moves_sorted_copies(self._library) if move_copies is None else move_copies):
            self._move_copies(roots)
        request = sorting.SortRequest(roots, target, chosen_mode, included, pattern=pattern)
        request = replace(request, move_duplicates=move_duplicates, remove_emptied=remove_empty_folders)
        request = replace(request, keywords=writes_keywords(self._library) if keywords is None else keywords)
        plan = self._run(sorting.plan_sort, request)
        if dry_run or not plan.changes_disk:
            return report_of_plan(plan, dry_run=dry_run)
        done = self._run(sorting.run_sort, sorting.RunSortRequest(plan, pattern))
        return report_of_run(plan, done)

    def _move_copies(self, roots: Sequence[Path]) -> None:
        """Move the sorted photos of these folders into the folders of their present classes."""
        from flowersorter.workflows.filing.refile import RefileRequest, refile

        known = self._library.photos.places_under(roots)
        photo_ids = tuple(sorted({place.photo_id for place in known if place.photo_id is not None}))
        self._run(refile, RefileRequest(photo_ids))

    def write_keywords(self, folder: AnyPath | Sequence[AnyPath], *, dry_run: bool = True) -> KeywordReport:
        """Write the classes of labelled photos as keywords into the sidecar files (.xmp) beside them.

        Changes no photo, and nothing else in a sidecar file. `undo` puts the files back as they were.

        Args:
            folder: The folder with the photos, or several folders and photos; new photos are read first.
            dry_run: Only return the plan. Pass False to carry it out.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
        """
        from flowersorter.api.sort_answers import report_of_keywords
        from flowersorter.photos.scan import absolute_roots
        from flowersorter.workflows.filing import keywords

        roots = absolute_roots(given_paths(folder))
        self.predict(*roots)
        plans = self._run(keywords.plan_keywords, keywords.KeywordsRequest(roots))
        if dry_run:
            return report_of_keywords(plans, None)
        done = self._run(keywords.write_keywords, keywords.RunKeywordsRequest(tuple(plans)))
        return report_of_keywords(plans, done)

    def resume(self, sort: int | None = None) -> ResumeReport:
        """Continue a sort that was stopped, paused or interrupted; its plan stays. `undo` undoes all of it.

        Args:
            sort: The number of the sort, or None for the newest that can be continued.

        Raises:
            SortRefused: there is no such sort, nothing is left of it, or its disk is missing or too full.
        """
        from flowersorter.api.sort_answers import report_of_resume
        from flowersorter.workflows.filing.resume import ResumeRequest, resume_run

        return report_of_resume(self._run(resume_run, ResumeRequest(_number(sort))))

    def history(self) -> list[Sort]:
        """List the sorts of the collection, newest first."""
        from flowersorter.api.sort_answers import sort_of
        from flowersorter.workflows.filing.history import runs

        return [sort_of(run) for run in runs(self._library)]

    def undo(self, sort: int | None = None, *, take_changed: bool = False) -> int:
        """Undo a sort. Photos that were edited since then are kept.

        Args:
            sort: The number of the sort (`SortReport.sort`), or None for the newest of which something can be undone.
            take_changed: Also undo the sort of photos that were moved or renamed within the destination, and of moved
                photos that were edited since. Edited copies always stay.

        Returns:
            The number of photos undone, without copies and links that were gone already.

        Raises:
            UndoRefused: there is no such sort, or nothing left to undo.
        """
        from flowersorter.workflows.filing.history import UndoRequest, undo_run

        request = UndoRequest(_number(sort), take_changed=take_changed)
        return self._run(undo_run, request).undone

    def verify(
        self, destination: AnyPath | None = None, *, rate_mb: float | None = None, again: bool = False
    ) -> VerifyReport:
        """Read every sorted photo and sidecar file, and compare it with the hash of its sort; changes nothing.

        A call that was interrupted is continued by the next one: files that it found intact in the last 30 days are not
        read again while they have the same size and time. A collection that is only read remembers nothing.

        Args:
            destination: Verify only files at or below this folder; None for those of every sort.
            rate_mb: Read at most so many megabytes a second; None or 0 for no limit.
            again: Begin anew, instead of continuing an interrupted call.

        Raises:
            UserError: nothing was sorted into that folder, or `rate_mb` is less than 0.
        """
        from flowersorter.api.sort_answers import report_of_verification
        from flowersorter.workflows.filing.verify import VerifyRequest, verify

        folder = None if destination is None else given_path(destination)
        rate = positive_rate(rate_mb, "rate_mb")
        request = VerifyRequest(
            folder, None if rate is None else rate * 1e6, again, remember=not self._library.read_only
        )
        return report_of_verification(self._run(verify, request))


def _number(sort: int | None) -> int | None:
    return None if sort is None else whole_number(sort, "sort")
