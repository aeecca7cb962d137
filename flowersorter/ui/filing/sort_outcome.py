"""Describes the outcome of a sort for the status bar, and asks whether to undo it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from flowersorter.domain.journal import Run
from flowersorter.errors import UserError
from flowersorter.messages import stored, text, worded
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.ui.filing.history.history_dialog import moved_on_only
from flowersorter.ui.shared.widgets import count_photos


def outcome_text(result: RunResult, mode: Mode) -> str:
    """Count the photos of a sort, each once, and name the first note."""
    counts = (
        (result.already_there, _tr("1 already there."), _tr("{0} already there.")),
        (result.duplicates, _tr("1 duplicate skipped."), _tr("{0} duplicates skipped.")),
        (result.failed, _tr("1 could not be sorted."), _tr("{0} could not be sorted.")),
        (result.waiting, _tr("1 is not sorted yet."), _tr("{0} are not sorted yet.")),
        (result.sidecars, _tr("1 sidecar file with them."), _tr("{0} sidecar files with them.")),
        (result.keywords, _tr("Keywords in 1 sidecar file."), _tr("Keywords in {0} sidecar files.")),
        (result.duplicates_moved, _tr("1 duplicate moved aside."), _tr("{0} duplicates moved aside.")),
        (result.folders_removed, _tr("1 empty folder removed."), _tr("{0} empty folders removed.")),
    )
    parts = [sorted_text(result.filed, mode)]
    parts += [one if count == 1 else many.format(QLocale().toString(count)) for count, one, many in counts if count]
    notes = list(result.noted)
    if notes:
        note = f"{notes[0].source.name}: {worded(notes[0].error or '')}"
        if more := len(notes) - 1:
            note = _tr("{0} and {1} more").format(note, QLocale().toString(more))
        parts.append(f"{note}.")
    return " ".join(parts)


def sorted_text(photos: int, mode: Mode) -> str:
    """State how many photos were copied, moved or linked."""
    texts = {
        Mode.COPY: _tr("{0} copied."),
        Mode.MOVE: _tr("{0} moved."),
        Mode.LINK: _tr("{0} linked."),
        Mode.SYMLINK: _tr("{0} linked by pointers."),
    }
    return texts[mode].format(count_photos(photos))


def failure(result: RunResult) -> UserError:
    """Say why a sort paused, or name the first of the photos that could not be sorted."""
    if result.paused:
        return UserError(
            _tr("The sort paused. Photos not sorted yet: {0}").format(QLocale().toString(result.waiting)),
            stored(result.paused),
            _tr("Make room, or connect the drive again; then continue the sort in History")
            if result.can_be_resumed
            else _tr("Make room, or connect the drive again; then sort the folder again"),
        )
    first = next(result.not_filed)
    return UserError(
        _tr("Photos not sorted: {0}").format(QLocale().toString(result.failed)),
        text("{name}: {reason}", name=first.source.name, reason=first.error),
        _tr("They were left where they are"),
    )


def stopped_text(filed: int) -> str:
    """State how far a stopped sort came.

    Args:
        filed: Photos that it sorted.
    """
    if not filed:
        return _tr("Stopped. No photo was sorted.")
    one, many = _tr("Stopped. 1 photo is sorted and stays."), _tr("Stopped. {0} photos are sorted and stay.")
    return one if filed == 1 else many.format(QLocale().toString(filed))


def undo_question(run: Run) -> str:
    """Ask in the terms of the mode: copies and links are deleted, moved photos go back."""
    photos = run.photos - run.undone
    if run.only_keywords:
        return _tr("Take the keywords out of the sidecar files again?")
    if not photos:
        return _tr("Delete the copies of sidecar files? Your originals are not touched.")
    one, many = {
        Mode.COPY: (
            _tr("Delete the copy? Your original is not touched."),
            _tr("Delete the {0} copies? Your originals are not touched."),
        ),
        Mode.MOVE: (
            _tr("Move 1 photo back to where it was?"),
            _tr("Move {0} photos back to where they were?"),
        ),
        Mode.LINK: (
            _tr("Delete the link? Your photo is not touched."),
            _tr("Delete the {0} links? Your photos are not touched."),
        ),
    }[Mode(run.mode).undone_as]
    return one if photos == 1 else many.format(QLocale().toString(photos))


def undo_detail(run: Run) -> str:
    """Say what the photos of a sort had become, and what stays."""
    what = _tr("They were sorted into {0}. Photos you have edited since then are kept.")
    if moved_on_only(run):
        what = _tr("They were moved to another class in {0}. Photos you have edited since then are kept.")
    if run.only_keywords:
        what = _tr("They are beside the photos in {0}. Those you have edited since then are kept.")
    return what.format(run.destination)


def _tr(source: str) -> str:
    return QCoreApplication.translate("sort_outcome", source)
