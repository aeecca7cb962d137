"""Sums up a plan in a few sentences: number of photos and sidecar files by action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale

from flowersorter.messages import worded
from flowersorter.sorting.plan import Action, Mode, Skipped, SortPlan
from flowersorter.sorting.plan_sidecars import listed, sidecars_and_others
from flowersorter.ui.filing.preview.not_sorted import left_by_reason, not_sorted_sentence
from flowersorter.ui.shared.widgets import count_folders, count_photos, count_sidecar_files

_NO_BREAK = "\u00a0"


def plan_summary(plan: SortPlan, filed: int, folder: Path, left: Mapping[str, Sequence[Skipped]] | None = None) -> str:
    """Return the sentences below the plan.

    Args:
        plan: The plan that is shown.
        filed: Photos newly filed into a class folder.
        folder: The folder of the photos.
        left: The photos that are not sorted, by reason, where they are known already.
    """
    left = left_by_reason(plan) if left is None else left
    counts = plan.counts_by_action
    there, twice = counts.get(Action.ALREADY_THERE, 0), counts.get(Action.DUPLICATE, 0)
    if not filed and not plan.sidecars and not plan.duplicates and not plan.keywords:
        all_there = there and not plan.skipped
        nothing = _tr("Nothing to sort: all photos are there already.") if all_there else _tr("Nothing to sort.")
        parts = [nothing]
        if there and plan.skipped:
            parts.append(_tr("{0} already there.").format(count_photos(there)))
        if left:
            parts.append(not_sorted_sentence(left))
        return " ".join([*parts, *_sidecars(plan)])
    parts = []
    if filed:
        parts.append(_tr("{0} into {1}.").format(count_photos(filed), count_folders(len(plan.counts_by_folder))))
    if plan.mode is Mode.MOVE and filed:
        one = _tr("This photo will no longer be in {1}. You can undo this in History.")
        many = _tr("These {0} photos will no longer be in {1}. You can undo this in History.")
        parts.append((one if filed == 1 else many).format(QLocale().toString(filed), plan.source or folder))
    if there:
        parts.append(_tr("{0} already there.").format(count_photos(there)))
    if twice:
        parts.append(_tr("{0} skipped as duplicates.").format(count_photos(twice)))
    if plan.duplicates:
        aside = plan.folder_of(plan.duplicates[0]).as_posix()
        parts.append(_tr("{0} of these moved into {1}.").format(count_photos(len(plan.duplicates)), aside))
    if plan.removes_emptied and plan.emptied.empty:
        parts.append(_tr("Removed, because nothing is left in it: {0}.").format(count_folders(len(plan.emptied.empty))))
    if left:
        parts.append(not_sorted_sentence(left))
    renamed = plan.renamed
    if renamed:
        parts.append(_tr("{0} renamed, because the name is taken.").format(count_photos(renamed)))
    parts += _sidecars(plan)
    return " ".join(parts)


def _sidecars(plan: SortPlan) -> list[str]:
    """Say which files beside the photos are included, and which stay."""
    parts = []
    sidecars, others = sidecars_and_others(plan.staying, (*plan.edited, *plan.other_films))
    for kinds, one, many in (
        (
            plan.sidecars,
            _tr("1 sidecar file will be included: {1}."),
            _tr("{0} sidecar files will be included: {1}."),
        ),
        (sidecars, _tr("1 other sidecar file stays: {1}."), _tr("{0} other sidecar files stay: {1}.")),
        (others, _tr("1 other file stays: {1}."), _tr("{0} other files stay: {1}.")),
    ):
        if kinds:
            count = sum(kinds.values())
            words = worded(listed(kinds)).replace(" .", _NO_BREAK + ".")  # "1 .xmp" stays on one line
            parts.append((one if count == 1 else many).format(count, words))
    if plan.keywords:
        parts.append(_tr("Keywords: {0}.").format(count_sidecar_files(len(plan.keywords))))
    parts += no_keywords_sentences(plan)
    if plan.edited:
        names = ", ".join(path.name for path in plan.edited[:3])
        parts.append(_tr("Kept, because the one in the class folder was edited later: {0}.").format(names))
    if plan.other_films:
        count = len(plan.other_films)
        one = _tr("1 film stays, because it was taken at another time than the photo of its name.")
        many = _tr("{0} films stay, because they were taken at another time than the photos of their names.")
        parts.append((one if count == 1 else many).format(count))
    return parts


def no_keywords_sentences(plan: SortPlan) -> list[str]:
    """Name the first sidecar file that gets no keywords, with the reason, and count the others."""
    if not plan.no_keywords:
        return []
    first, more = plan.no_keywords[0], len(plan.no_keywords) - 1
    name, why = first.path.name, worded(first.reason)
    if more:
        return [_tr("No keywords in {0}, because {1}, nor in {2} more.").format(name, why, QLocale().toString(more))]
    return [_tr("No keywords in {0}, because {1}.").format(name, why)]


def _tr(text: str) -> str:
    return QCoreApplication.translate("plan_summary", text)


def button_text(plan: SortPlan, mode: Mode, photos: int) -> str:
    """Word the button that carries out a plan.

    Args:
        plan: The plan.
        mode: How its files are sorted.
        photos: The number of photos that are.
    """
    if photos:
        return mode_text(mode, count_photos(photos))
    if plan.sidecars:
        return mode_text(mode, _tr("sidecar files"))
    return _tr("Write keywords") if plan.keywords else mode_text(mode, _tr("photos"))


def mode_text(mode: Mode, files: str) -> str:
    """Word the action of a sort on files, as on its button."""
    match mode:
        case Mode.COPY:
            return _tr("Copy {0}").format(files)
        case Mode.MOVE:
            return _tr("Move {0}").format(files)
        case Mode.LINK:
            return _tr("Link {0}").format(files)
        case Mode.SYMLINK:
            return _tr("Point to {0}").format(files)
