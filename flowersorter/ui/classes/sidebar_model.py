"""The rows of the sidebar: a class or pseudo-class each, with its count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QLocale,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from flowersorter.ui.shared.widgets import count_photos

Index = QModelIndex | QPersistentModelIndex

#: Drag data: the key of a row; never leaves the program.
ROW_MIME = "application/x-flowersorter-row"


@dataclass(frozen=True, slots=True)
class SidebarRow:
    """One row.

    Attributes:
        key: A class id, a `PseudoClass`, or a key of the list's own rows.
        text: The name shown.
        count: Photos behind it, None where there is nothing to count.
        confirmed: How many of these have a label; None where that is not shown.
        progress: Labels of the class as a share of those it needs, 1 or more for enough; None for no bar.
        colour: "#rrggbb" of the swatch, or "" for a row with an icon.
        initials: Written on the swatch where the colour alone does not tell classes apart, or "".
        icon: Name of an icon in the theme, or "".
        digit: The key that assigns it, or "".
        droppable: Whether photos can be dropped on it.
        movable: Whether it can be dragged to another place in the list, among the others that can.
        is_command: Whether a click runs a command instead of showing photos.
        hint: Tool tip.
    """

    key: int
    text: str
    count: int | None = None
    confirmed: int | None = None
    progress: float | None = None
    colour: str = ""
    initials: str = ""
    icon: str = ""
    digit: str = ""
    droppable: bool = False
    movable: bool = False
    is_command: bool = False
    hint: str = ""

    @property
    def count_text(self) -> str:
        """How many photos there are: "48"."""
        return "" if self.count is None else QLocale().toString(self.count)

    @property
    def counts(self) -> str:
        """How many are confirmed, of how many: "12 / 48"; "0" where there is none."""
        if not self.count or self.confirmed is None:
            return self.count_text
        return f"{QLocale().toString(self.confirmed)} / {self.count_text}"


class SidebarRole(IntEnum):
    """The whole row, for the delegate and the view."""

    ROW = Qt.ItemDataRole.UserRole + 1


class SidebarModel(QAbstractListModel):
    """A list of `SidebarRow`, replaced as a whole, repainted only where it differs."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[SidebarRow] = []

    def set_rows(self, rows: Sequence[SidebarRow]) -> None:
        """Show these rows; as long as the keys are the same the selection stays."""
        if [row.key for row in rows] != [row.key for row in self._rows]:
            self.beginResetModel()
            self._rows = list(rows)
            self.endResetModel()
            return
        for number, row in enumerate(rows):
            if row != self._rows[number]:
                self._rows[number] = row
                self.dataChanged.emit(self.index(number), self.index(number))

    @property
    def rows(self) -> tuple[SidebarRow, ...]:
        """The rows shown."""
        return tuple(self._rows)

    def row_of(self, key: int) -> int:
        """Number of the row with this key, -1 where there is none."""
        return next((number for number, row in enumerate(self._rows) if row.key == key), -1)

    def row_mime(self, row: int) -> QMimeData:
        """Return the drag data of a row: its key, because its number may have changed by the time of the drop."""
        mime = QMimeData()
        mime.setData(ROW_MIME, QByteArray(str(self._rows[row].key).encode()))
        return mime

    def dragged_row(self, mime: QMimeData) -> int:
        """Number of the dragged row, -1 for a drag of something else."""
        key = bytes(mime.data(ROW_MIME).data()).decode(errors="replace") if mime.hasFormat(ROW_MIME) else ""
        row = self.row_of(int(key)) if key.lstrip("-").isdecimal() else -1
        return row if row >= 0 and self._rows[row].movable else -1

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return the flags of a row: movable ones can be dragged."""
        flags = super().flags(index)
        movable = index.isValid() and self._rows[index.row()].movable
        return flags | Qt.ItemFlag.ItemIsDragEnabled if movable else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the data of a row for a role."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == SidebarRole.ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.hint or row.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._read_out(row)
        return None

    def _read_out(self, row: SidebarRow) -> str:
        if row.count is None:
            return row.text
        said = f"{row.text}, {count_photos(row.count)}"
        if row.confirmed is None:
            return said
        said = self.tr("{0}, {1} of them confirmed").format(said, QLocale().toString(row.confirmed))
        return self.tr("{0}, key {1}").format(said, row.digit) if row.digit else said
