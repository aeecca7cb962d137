"""The photos of one sort as a list, each with its class and state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

from flowersorter.domain.journal import Entry, EntryState
from flowersorter.messages import worded
from flowersorter.sorting.plan import Action
from flowersorter.ui.shared.widgets import RoomyRows, describe
from flowersorter.workflows.filing.history import RunPhoto

_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()


class RunPhotoModel(QAbstractTableModel):
    """Photos of a run, in the order of its plan. Lives in the GUI thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.photos: Sequence[RunPhoto] = ()

    def show(self, photos: Sequence[RunPhoto]) -> None:
        """Show these photos."""
        self.beginResetModel()
        self.photos = photos
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        """One row a photo."""
        return 0 if parent.isValid() else len(self.photos)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        """Name, class, state."""
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The column titles."""
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (self.tr("Photo"), self.tr("Class"), self.tr("State"))[section]

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The text of a cell, and the paths as its tool tip."""
        photo = self.photos[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (photo.entry.source.name, photo.entry.class_name, self.state(photo))[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            paths = self.tr("From {0}\nTo {1}").format(photo.entry.source, photo.entry.destination)
            return f"{paths}\n{self.state(photo)}"
        return None

    def state(self, photo: RunPhoto) -> str:
        """Describe the state of a photo."""
        entry = photo.entry
        error = worded(entry.error or "")
        if photo.moved_on_by is not None:
            return self.tr("Sorted, then moved by a later sort")
        if entry.state is EntryState.DONE:
            return self.tr("Sorted; {0}").format(error) if error else self.tr("Sorted")
        if entry.state is EntryState.FAILED:
            return self.tr("Could not be sorted: {0}").format(error or self.tr("for an unknown reason"))
        return self._other_state(entry)

    def _other_state(self, entry: Entry) -> str:
        if entry.state is EntryState.NOTED:
            twice = entry.action == Action.DUPLICATE
            return self.tr("Duplicate, sorted once") if twice else self.tr("Already there")
        return {
            EntryState.UNDONE: self.tr("Undone"),
            EntryState.CANCELLED: self.tr("Not reached"),
        }.get(entry.state, self.tr("Not finished"))


class RunPhotoList(QTreeView):
    """Shows the photos of a sort; several can be selected. Lives in the GUI thread.

    Signals:
        selection_changed(): The selection changed.
    """

    selection_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("history_photos")
        self.rows = RunPhotoModel(self)
        self.setModel(self.rows)
        describe(self, self.tr("Photos of the sort"), self.tr("Select the photos to undo (Ctrl+A selects all)"))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setAllColumnsShowFocus(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setItemDelegate(RoomyRows(self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = self.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        letter_px = self.fontMetrics().averageCharWidth()
        header.resizeSection(0, letter_px * 32)
        header.resizeSection(1, letter_px * 18)
        self.selectionModel().selectionChanged.connect(self.selection_changed)
        self.rows.modelReset.connect(self.selection_changed)

    @property
    def selected(self) -> list[RunPhoto]:
        """The selected photos, in the order of the list."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return [self.rows.photos[row] for row in rows]

    @property
    def selected_folder(self) -> Path | None:
        """The folder of the current photo; None while none is selected."""
        index = self.currentIndex()
        if not index.isValid() or not self.selectionModel().isSelected(index):
            return None
        entry = self.rows.photos[index.row()].entry
        filed = entry.state in (EntryState.DONE, EntryState.NOTED)
        return (entry.destination if filed else entry.source).parent
