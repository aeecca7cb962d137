"""Prepares file names for a search while a person is about to type: a quarter of a second for a million photos."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Slot

from flowersorter.domain.name_search import JoinedTexts
from flowersorter.domain.place import Paths
from flowersorter.ui.filter.search_field import SearchField
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.workers.latest_only import LatestOnly


class NameIndex(QObject):
    """Joins the names of the photos once the search field has the focus. Lives in the GUI thread.

    A search does not wait for it: one that begins earlier joins them itself.
    """

    def __init__(self, photos: PhotoModel, field: SearchField, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._photos, self._field = photos, field
        self._paths = Paths()  # those asked for last; a signal would turn them into a list
        self._joining = LatestOnly(self)
        self._joining.loaded.connect(self._on_joined)
        field.entered.connect(self._join)
        photos.modelReset.connect(self._follow)

    def shutdown(self) -> None:
        """Wait for the names that are being joined."""
        self._joining.shutdown()

    @Slot()
    def _join(self) -> None:
        columns = self._photos.columns
        if not columns.can_search_names:
            self._paths = columns.paths
            self._joining.request(None, partial(JoinedTexts.of_names, self._paths))

    @Slot()
    def _follow(self) -> None:
        if self._field.hasFocus():
            self._join()

    @Slot(object, object)
    def _on_joined(self, _key: None, texts: JoinedTexts) -> None:
        self._photos.columns.take_searched_names(self._paths, texts)
