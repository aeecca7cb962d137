"""Below the classes: the folders of the photos and the months in which they were taken, each of them a filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from flowersorter.ui.classes.sidebar_model import SidebarRow
from flowersorter.ui.classes.sidebar_view import SidebarView
from flowersorter.ui.filter.filter_words import dates_words
from flowersorter.ui.grid.photo_filter import DateRange, PhotoFilter
from flowersorter.ui.shared.widgets import heading

#: Visible rows of a list; it scrolls where there are more.
_MOST_ROWS = 4


class FolderDateList(QWidget):
    """Lists folders and months with their numbers of photos, each where there are several. Lives in the GUI thread.

    Signals:
        narrowed(dict): New values of fields of `PhotoFilter`: those of the clicked row, or the defaults if it was
            active.
        offered(): The folders and months have changed: the list needs more or less room.
    """

    narrowed = Signal(object)
    offered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("folders_and_dates")
        self._shown = PhotoFilter()
        self._paths: list[str] = []
        self._months: list[DateRange] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.folders, self._folders_header = self._list("sidebar_folders", self.tr("Folders"), column)
        self.months, self._months_header = self._list("sidebar_months", self.tr("Dates"), column)
        self.folders.chosen.connect(self._on_folder)
        self.months.chosen.connect(self._on_month)
        self.offer({}, ())

    def _list(self, name: str, title: str, column: QVBoxLayout) -> tuple[SidebarView, QLabel]:
        header, view = heading(title, self), SidebarView(shows_digits=False, parent=self)
        header.setContentsMargins(12, 8, 4, 2)
        view.setObjectName(name)
        view.setAccessibleName(title)
        view.setAcceptDrops(False)
        column.addWidget(header)
        column.addWidget(view)
        return view, header

    def offer(self, folders: Mapping[str, tuple[str, int]], months: Sequence[tuple[DateRange, int]]) -> None:
        """List these.

        Args:
            folders: By path its name and its number of photos.
            months: With their numbers of photos.
        """
        self._paths, self._months = list(folders), [month for month, _ in months]
        self._fill(self.folders, self._folders_header, list(folders.values()), self._paths, "open-folder")
        words = [(dates_words(month), count) for month, count in months]
        self._fill(self.months, self._months_header, words, [text for text, _ in words], "date")
        self.show_filter(self._shown)
        self.offered.emit()

    def _fill(
        self, view: SidebarView, header: QLabel, found: Sequence[tuple[str, int]], hints: Sequence[str], icon: str
    ) -> None:
        several = found if len(found) > 1 else ()
        rows = [
            SidebarRow(number, text, count, icon=icon, hint=hint)
            for number, ((text, count), hint) in enumerate(zip(several, hints, strict=False))
        ]
        view.rows.set_rows(rows)
        view.setFixedHeight(view.sizeHintForRow(0) * min(len(rows), _MOST_ROWS) + 2)
        for part in (view, header):
            part.setVisible(bool(rows))

    @Slot(object)
    def show_filter(self, shown: PhotoFilter) -> None:
        """Select the rows that a filter shows alone."""
        self._shown = shown
        self.folders.pick(_place(self._paths, shown.folder))
        self.months.pick(_place(self._months, shown.dates))

    @Slot(int)
    def _on_folder(self, number: int) -> None:
        path = self._paths[number]
        self.narrowed.emit({"folder": "" if path == self._shown.folder else path})

    @Slot(int)
    def _on_month(self, number: int) -> None:
        month = self._months[number]
        self.narrowed.emit({"dates": None if month == self._shown.dates else month})


def _place(choices: Sequence[Any], wanted: object) -> int | None:
    return choices.index(wanted) if wanted in choices else None
