"""Fills the list of folders and months after a scan, and keeps it in step with the filter."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from flowersorter.ui.filter.date_choices import months_of
from flowersorter.ui.filter.filter_words import folder_choices
from flowersorter.ui.filter.folder_date_list import FolderDateList
from flowersorter.ui.grid.date_controller import DateController
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.shared.session import Session
from flowersorter.ui.window.filter_controller import FilterController


class FolderDateController(QObject):
    """Connects a `FolderDateList` with the folder and the filter. Lives in the GUI thread."""

    def __init__(
        self,
        session: Session,
        folder: FolderController,
        dates: DateController,
        photo_filter: FilterController,
        shown: FolderDateList,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._photos, self._list = session.photos, shown
        folder.opened.connect(self._on_opened)
        folder.labelled.connect(self._offer)
        dates.dates_read.connect(self._offer)
        photo_filter.filters_shown.connect(shown.show_filter)
        shown.narrowed.connect(photo_filter.narrow)

    @Slot()
    def _on_opened(self) -> None:
        self._list.offer({}, ())

    @Slot()
    def _offer(self) -> None:
        columns = self._photos.columns
        self._list.offer(folder_choices(columns.photos_by_folder()), months_of(columns.taken_at))
