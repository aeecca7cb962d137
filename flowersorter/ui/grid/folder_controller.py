"""Opens a folder and keeps its photos in the grid up to date while it is predicted.

The job itself imports the prediction code, in its thread: the window does not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, QObject, Signal, Slot

from flowersorter.domain.changes import Changes
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import FolderUnusable
from flowersorter.jobs import CancelToken, Report
from flowersorter.messages import worded
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass
from flowersorter.ui.labels.label_view import LabelView
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.watching.known_photos import KnownPhotos
from flowersorter.workers.job_queue import Listener
from flowersorter.workers.job_worker import Call
from flowersorter.workflows.labelling.pending_labels import LabelNews, PendingLabels
from flowersorter.workflows.predicting.viewport_priority import ViewportPriority

if TYPE_CHECKING:
    from flowersorter.photos.scan import Roots
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.predicting.predict_folder import PredictFolderResult

#: What labelling a folder changes: class folders are labels, and a model brings its classes.
_CHANGES = Changes.PLACES | Changes.LABELS | Changes.CLASSES
#: The fields of a suggestion, in rows and in columns.
_SUGGESTION = ("class_ids", "confidences", "verdicts", "second_class_ids", "second_confidences", "caveats")
_OF_NOW = Until.ANSWER | Until.SUGGESTIONS | Until.SCAN


@dataclass(frozen=True, slots=True, eq=False)
class KnownRows:
    """Event: the rows that the library knew before the folder was scanned."""

    rows: PhotoRows


class FolderController(QObject):
    """Owns the open folders and photos and the job that predicts them.

    Signals:
        opened(tuple of Path): These folders and photos are open now.
        closed(): The folder cannot be read, and the library knows none of its photos.
        begun(): A scan of the folder begins.
        stopped(): The scan was cancelled or failed.
        labelled(): The scan is complete; all suggestions are those of the active model.
        told(): The status bar shows the outcome of the scan.
        show_requested(key): Show this pseudo-class.
        options_requested(): Ask for the scan options.
        groups_requested(): Name the groups of photos that look alike.
        labels_found(list of photo ids): The scan read photos that the person had labelled before.
        places_requested(list of place ids, title): Show these photos.

    Attributes:
        roots: The open folders and photos; none where nothing is open.
        complete: Whether a scan of them came to its end.
    """

    opened = Signal(object)
    closed = Signal()
    begun = Signal()
    stopped = Signal()
    labelled = Signal()
    told = Signal()
    show_requested = Signal(int)
    options_requested = Signal()
    groups_requested = Signal()
    labels_found = Signal(object)
    places_requested = Signal(object, str)

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        pending: PendingLabels,
        view: LabelView,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._pending, self._view = session, front, pending, view
        self._job_id = 0
        self._quiet = self._automatic = False
        self._stopped = ""  # the work left after Cancel, in words
        self._priority = ViewportPriority()
        self._previews = set[int]()  # places whose preview was tried
        self._known: KnownPhotos | None = None  # those of the last time, until the first scan is complete
        self._new: list[int] = []  # places of photos that came since then
        self.roots: tuple[Path, ...] = ()
        self.complete = False
        session.undo_stack.indexChanged.connect(self._renew_stopped)

    def is_photo(self, root: Path) -> bool:
        """Whether an opened path is a single photo. The disk is not asked: its drive may be away."""
        from flowersorter.photos.scanning.folder_walk import can_have_class  # imported here: not needed at the start

        return can_have_class(root.name) and str(root) in self._session.photos.columns.names

    def open(self, roots: Roots) -> None:
        """Show a folder, or several folders and photos together, and predict the new photos."""
        opened = (roots,) if isinstance(roots, Path) else roots
        session = self._session
        session.queue.drop(self._job_id)
        session.thumbnails.forget(session.photos.columns.place_ids.tolist())
        self.roots = tuple(dict.fromkeys(map(Path.absolute, opened)))
        self.complete = False
        self._previews = set()
        self._known, self._new = None, []
        session.photos.set_rows(PhotoRows.empty())
        self._front.bar.say("")
        self.opened.emit(self.roots)
        self._automatic = False
        self._submit(quiet=False)

    def rescan(self, *, quiet: bool = True, automatic: bool = False) -> None:
        """Rescan the folder after a training, or because files or classes changed.

        Args:
            quiet: Whether to keep the outcome out of the status bar.
            automatic: Whether the program started it by itself: then no photo moves in the grid.
        """
        if not self.roots:
            return
        self._automatic = automatic and (self._automatic or not self.labelling)
        if self.labelling:
            self._session.queue.begin_again(self._job_id)
        else:
            self._submit(quiet=quiet)

    @Slot()
    def predict_again(self) -> None:
        """Show suggestions that changed by themselves."""
        self.rescan(automatic=True)

    @Slot(object)
    def look_at(self, place_ids: Sequence[int]) -> None:
        """Prioritise the visible photos in the running or next scan."""
        self._priority.ask(place_ids)

    @property
    def in_view(self) -> tuple[int, ...]:
        """The places of the photos that the person looked at last."""
        return self._priority.take()

    @Slot(object)
    def identify(self, place_ids: Sequence[int]) -> None:
        """Hash unreadable files that were given a class, so that their label stays with their bytes."""
        if not place_ids:
            return
        engine = self._session.engine

        def run(report: Report, cancel: CancelToken) -> object:
            from flowersorter.workflows.labelling.unreadable_files import identified_rows
            from flowersorter.workflows.predicting.predict_folder import RowsChanged

            return RowsChanged(identified_rows(engine, place_ids, report, cancel))

        listener = Listener(succeeded=self._on_news)
        self._session.queue.submit(self.tr("Reading files"), run, listener, background=True, changes=Changes.PLACES)

    @property
    def labelling(self) -> bool:
        """Whether the folder is being scanned."""
        return self._session.queue.alive(self._job_id)

    def _submit(self, *, quiet: bool) -> None:
        self.begun.emit()
        self._quiet = quiet
        nothing_shown = not len(self._session.photos.columns)
        session = self._session
        call = _call(session.engine, self.roots, session.device, self._priority, self._previews, nothing_shown)
        listener = Listener(self._on_news, self._on_labelled, self._on_failed, self._on_cancelled)
        title = self.tr("Scanning {0}").format(", ".join(root.name or str(root) for root in self.roots[:2]))
        self._job_id = self._session.queue.submit(title, call, listener, background=True, changes=_CHANGES)

    # -- what the job says

    def _on_news(self, news: object) -> None:
        from flowersorter.workflows.predicting.first_suggestions import FirstSuggestions
        from flowersorter.workflows.predicting.predict_folder import FolderScanned, RowsChanged

        if isinstance(news, FirstSuggestions):
            self._session.photos.show_provisional(news.place_ids, news.class_ids, news.likely)
        elif isinstance(news, (FolderScanned, KnownRows)):
            if isinstance(news, KnownRows) and not self.complete and self._known is None:
                self._known = KnownPhotos(news.rows.place_ids, news.rows.photo_ids)
            photos = self._session.photos
            rows = _with_shown_suggestions(news.rows, photos.columns) if self.complete else news.rows
            photos.set_rows(rows, automatic=self._automatic)
            self._session.library.announce(_CHANGES)  # a model's classes are made when it first predicts
            self._settle(news.rows)
        elif isinstance(news, RowsChanged):
            self._session.photos.merge(news.rows, automatic=self._automatic)
            self._settle(news.rows)

    def _settle(self, rows: PhotoRows) -> None:
        """Turn pending labels of photos that were read into labels."""
        found = partial(self._pending.found, rows.place_ids, rows.photo_ids)
        self._session.library.submit(found, self._on_found)

    def _on_found(self, news: LabelNews) -> None:
        self._view.show(news)
        if news.labels:
            self._session.library.announce(Changes.LABELS)
            self.labels_found.emit(list(news.labels))

    def _on_labelled(self, result: object) -> None:
        from flowersorter.workflows.predicting.predict_folder import PredictFolderResult

        assert isinstance(result, PredictFolderResult)
        photos = self._session.photos
        photos.set_rows(result.rows, automatic=self._automatic)
        if not self._automatic:
            photos.rearrange()
        self._settle(result.rows)
        self._new = [] if self._known is None else self._known.new_places(result.rows).tolist()
        self._known = None
        self.complete = True
        self._front.bar.end_message(Until.SCAN)
        if not self._quiet:
            self._tell(result)
            self.told.emit()
        self.labelled.emit()

    def _on_failed(self, error: Exception) -> None:
        """Show the error; a folder with photos stays open, because its drive may return."""
        if isinstance(error, FolderUnusable) and not len(self._session.photos.columns):
            self.roots = ()
            self.closed.emit()
        self.stopped.emit()
        if self._automatic and isinstance(error, FolderUnusable):
            self._front.bar.say(str(error), until=Until.SCAN)  # nobody asked for this scan
        else:
            self._front.complain(error)

    def _on_cancelled(self) -> None:
        """Say how much is left to do, and offer to go on with it."""
        self.stopped.emit()
        self._say_stopped()

    @Slot()
    def _renew_stopped(self) -> None:
        """Update the message about a stopped scan after an answer: a labelled photo counts no longer as waiting."""
        if self._stopped and self._front.bar.message.text() == self._stopped:
            self._say_stopped()

    def _say_stopped(self) -> None:
        left = self._session.photos.columns.counts().get(PseudoClass.WAITING, 0)
        text = self.tr("Stopped: {0} photos have no suggestion yet.").format(QLocale().toString(left))
        if left == 1:
            text = self.tr("Stopped: 1 photo has no suggestion yet.")
        if self._session.photos.columns.provisional_ids.any():
            text = self.tr("Stopped. Photos not read yet: {0}. Suggestions with … are from their small previews.")
            text = text.format(QLocale().toString(left))
        self._stopped = text if left else self.tr("Stopped.")
        self._front.bar.say(self._stopped, (self.tr("Go on"), self._go_on), until=Until.SCAN)

    def _go_on(self) -> None:
        self.rescan(quiet=False)

    def _tell(self, result: PredictFolderResult) -> None:
        counts = self._session.photos.columns.counts()
        total = len(result.rows)
        left_out = self._left_out(result.skipped)
        options = [(self.tr("Scan options"), self.options_requested.emit)] if left_out else []
        if not total:
            self._front.bar.say(self.tr("There are no photos in this folder.") + left_out, *options)
            return
        parts = [self.tr("{0} photos").format(total) if total > 1 else self.tr("1 photo")]
        if counts.get(PseudoClass.UNSURE):
            parts.append(self.tr("{0} not sure").format(counts[PseudoClass.UNSURE]))
        if counts.get(PseudoClass.UNKNOWN):
            parts.append(self.tr("{0} unknown").format(counts[PseudoClass.UNKNOWN]))
        if counts.get(PseudoClass.UNREADABLE):
            parts.append(self.tr("{0} can't be read").format(counts[PseudoClass.UNREADABLE]))
        text = f"{parts[0]}: {', '.join(parts[1:])}." if len(parts) > 1 else f"{parts[0]}."
        if result.many_unknown and not self._session.state.classes:
            text = self.tr("You have no classes yet. Name the groups of photos that look alike.")
        elif result.many_unknown:
            text = worded(result.many_unknown)
        elif result.accuracy_note:
            text += " " + worded(result.accuracy_note)
        if self._new:
            text += " " + self.tr("New since last time: {0}.").format(QLocale().toString(len(self._new)))
            options.insert(0, (self.tr("Show the new ones"), self._show_new))
        if result.problems:
            text += " " + self.tr("Folders or files not scanned: {0}.").format(len(result.problems))
        text += left_out
        if result.many_unknown:
            self._front.bar.say(text, (self.tr("Name groups"), self.groups_requested.emit), *options, until=_OF_NOW)
        elif counts.get(PseudoClass.UNSURE):
            self._front.bar.say(text, (self.tr("Review them"), self._show_unsure), *options, until=_OF_NOW)
        else:
            self._front.bar.say(text, *options, until=_OF_NOW)

    def _left_out(self, skipped: Mapping[str, int]) -> str:
        """Count the files that the scan options leave out, as a sentence; "" for none."""
        kinds = (
            ("excluded folder", self.tr("excluded folders: {0}")),
            ("excluded photo", self.tr("excluded photos: {0}")),
            ("sub-folder", self.tr("sub-folders: {0}")),
            ("link to another folder", self.tr("links to other folders: {0}")),
        )
        parts = [words.format(skipped[kind]) for kind, words in kinds if skipped.get(kind)]
        return " " + self.tr("Left out: {0}.").format(", ".join(parts)) if parts else ""

    def _show_new(self) -> None:
        self.places_requested.emit(list(self._new), self.tr("New photos"))

    def _show_unsure(self) -> None:
        self.show_requested.emit(int(PseudoClass.UNSURE))


def _call(
    engine: Engine, roots: Roots, device: str, priority: ViewportPriority, previews: set[int], nothing_shown: bool
) -> Call:
    """Show the known rows first, some before all of them in a very large folder; then scan, which may be slow."""
    begins_empty = [nothing_shown]  # once: when the job begins again, photos are shown that must not go

    def run(report: Report, cancel: CancelToken) -> object:
        from flowersorter.workflows.predicting.photo_details import first_rows, folder_rows
        from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder

        if begins_empty and begins_empty.pop() and len(first := first_rows(engine, roots)):
            report(KnownRows(first))
        known = folder_rows(engine, roots)
        if len(known):
            report(KnownRows(known))
        request = PredictFolderRequest(roots, device, priority=priority, previews=previews)
        return predict_folder(engine, request, report, cancel)

    return run


def _with_shown_suggestions(rows: PhotoRows, columns: PhotoColumns) -> PhotoRows:
    """Return rows that keep the shown suggestions of photos that had and have one.

    After another fit, the first suggestions of a scan are those of the model alone. Were they shown, most photos would
    change their section, and change it back a moment later.

    Args:
        rows: Rows that a scan begins with.
        columns: The photos as they are shown.
    """
    places = columns.rows_among(rows.place_ids, np.arange(len(columns)))
    here = np.flatnonzero(places >= 0)
    at = places[here]
    same = (columns.photo_ids[at] == rows.photo_ids[here]) & (columns.class_ids[at] > 0)
    same &= (columns.verdicts[at] != Verdict.NONE) & (rows.verdicts[here] != Verdict.NONE)
    here, at = here[same], at[same]
    changed = {name: getattr(rows, name).copy() for name in _SUGGESTION}
    for name, values in changed.items():
        values[here] = getattr(columns, name)[at]
    return replace(rows, **changed)
