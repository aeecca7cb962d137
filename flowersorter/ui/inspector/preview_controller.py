"""Previewing: the selected photo as large as the screen, with the arrows on to its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QObject, Slot
from PySide6.QtGui import QImage

from flowersorter.messages import worded
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.inspector.preview_window import PreviewWindow
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.thumbnail_loader import large_image
from flowersorter.workers.thumbnail_pool import Wanted

LARGE_PX = 2560


class PreviewController(QObject):
    """Owns the preview while it is open; the grid follows it."""

    def __init__(self, session: Session, front: MessageSink, grid: PhotoGrid, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front, self._grid = session, front, grid
        self._window: PreviewWindow | None = None
        self._loader = LatestOnly(self)
        self._loader.loaded.connect(self._on_loaded)
        self._loader.failed.connect(self._on_failed)
        session.photos.files_changed.connect(self._on_files_changed)

    @Slot()
    def show(self) -> None:
        """Show the current photo large."""
        if not self._grid.selectionModel().hasSelection():
            return
        if not self._grid.selectionModel().isSelected(self._grid.currentIndex()):
            self._grid.setCurrentIndex(self._grid.selectionModel().selectedIndexes()[0])
        window = PreviewWindow(self._front.window)
        window.next_requested.connect(self._on_next)
        window.previous_requested.connect(self._on_previous)
        window.finished.connect(self._on_closed)
        self._window = window
        self._show_current()
        window.open()

    def shutdown(self) -> None:
        """Wait for the photo being loaded."""
        self._loader.shutdown()

    @Slot()
    def _on_next(self) -> None:
        self._step(1)

    @Slot()
    def _on_previous(self) -> None:
        self._step(-1)

    def _step(self, rows: int) -> None:
        index = self._session.photos.index(self._grid.currentIndex().row() + rows)
        if index.isValid():
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self._grid.selectionModel().setCurrentIndex(index, flags)
            self._grid.scrollTo(index)
            self._show_current()

    def _show_current(self) -> None:
        if self._window is None:
            return
        name, caption = self._texts()
        index = self._grid.currentIndex()
        error = index.data(PhotoRole.ERROR)
        if error is not None:
            self._loader.forget()
            self._window.show_problem(name, error, caption)
            return
        wanted = self._session.photos.wanted(index.row())
        self._window.show_waiting(name, caption, index.data(PhotoRole.THUMBNAIL))
        self._loader.request(wanted.place_id, lambda: self._load(wanted))

    def _load(self, wanted: Wanted) -> tuple[QImage, str]:
        """Return the photo large, and the remark on its file, "" for none."""
        from flowersorter.workflows.predicting.photo_details import remark_on  # in the thread, as most starts show none

        return large_image(wanted.path, LARGE_PX), remark_on(self._session.engine, wanted.photo_id) or ""

    def _texts(self, remark: str = "") -> tuple[str, str]:
        """Return file name and caption of a photo, with its number."""
        index, photos = self._grid.currentIndex(), self._session.photos
        name = str(index.data())
        said = photos.describe(index.row())
        number = self.tr("{0} of {1}").format(index.row() + 1, photos.rowCount())
        return name, " · ".join(filter(None, (said, worded(remark), number)))

    @Slot(object, object)
    def _on_loaded(self, place_id: int, loaded: tuple[QImage, str]) -> None:
        if self._window is not None and place_id == self._current_place():
            image, remark = loaded
            name, caption = self._texts(remark)
            self._window.show_photo(image, name, caption)

    @Slot(object, object)
    def _on_failed(self, place_id: int, error: Exception) -> None:
        if self._window is not None and place_id == self._current_place():
            name, caption = self._texts()
            self._window.show_problem(name, getattr(error, "why", "") or str(error), caption)

    def _current_place(self) -> int:
        index = self._grid.currentIndex()
        return self._session.photos.wanted(index.row()).place_id if index.isValid() else 0

    @Slot(object)
    def _on_files_changed(self, place_ids: Sequence[int]) -> None:
        if self._window is not None and self._current_place() in place_ids:
            self._show_current()

    @Slot()
    def _on_closed(self) -> None:
        if self._window is not None:
            self._window.deleteLater()
            self._window = None
        self._loader.forget()
