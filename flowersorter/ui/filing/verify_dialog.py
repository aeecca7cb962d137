"""Lists the sorted files that are not as they were sorted: rotted, gone, unreadable, edited, moved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from flowersorter.errors import UserError
from flowersorter.ui.filing.history.history_dialog import when
from flowersorter.ui.filing.preview.plan_tree import LONGEST_LIST
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.error_dialog import show_error
from flowersorter.ui.shared.widgets import (
    RoomyRows,
    button,
    button_row,
    column_of,
    count_photos,
    describe,
    open_at,
    text_label,
)
from flowersorter.workflows.filing.verified_files import Finding, VerifiedFile
from flowersorter.workflows.filing.verify import VerifyResult

_FILE_ROLE = Qt.ItemDataRole.UserRole


def read_earlier(result: VerifyResult) -> str:
    """Say since when an interrupted verification read some of the intact files; "" if it read none."""
    if result.earlier_since is None:
        return ""
    said = QCoreApplication.translate(
        "verify_dialog", "Read before the verification was interrupted, since {0}: {1} of the intact files."
    )
    return said.format(when(result.earlier_since), QLocale().toString(result.earlier))


class VerifyDialog(QDialog):
    """Shows the outcome of a verification that found something. Lives in the GUI thread.

    Args:
        result: The outcome.
        parent: The window.
    """

    def __init__(self, result: VerifyResult, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("verify_dialog")
        self.setWindowTitle(self.tr("Sorted photos"))
        self.heading = text_label(self, "verify_heading", self._heading(result), scale=1.15)
        self.tree = QTreeWidget(self)
        self._build_tree()
        tip = self.tr("Open the folder of the selected file (Enter)")
        self.show_button = button(self, "verify_show_button", self.tr("Show in &folder"), tip)
        self.show_button.clicked.connect(self._show_in_folder)
        self.close_button = button(self, "verify_close_button", self.tr("&Close"), self.tr("Close (Esc)"))
        self.close_button.clicked.connect(self.accept)
        column = column_of(self)
        column.addWidget(self.heading)
        if earlier := read_earlier(result):
            column.addWidget(text_label(self, "verify_earlier", earlier, muted=True))
        column.addWidget(self.tree, 1)
        column.addLayout(button_row([self.show_button], [self.close_button]))
        open_at(self, 104, 28, least=(60, 16))
        self._fill(result)
        self._enable()
        self.tree.setFocus()

    def _build_tree(self) -> None:
        tree = self.tree
        tree.setObjectName("verify_files")
        describe(tree, self.tr("Files that are not as they were sorted"))
        tree.setHeaderLabels([self.tr("File"), self.tr("Class"), self.tr("Remark")])
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setUniformRowHeights(True)
        tree.setAllColumnsShowFocus(True)
        tree.setItemDelegate(RoomyRows(tree))
        tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = tree.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        letter_px = self.fontMetrics().averageCharWidth()
        header.resizeSection(0, letter_px * 36)
        header.resizeSection(1, letter_px * 16)
        tree.itemSelectionChanged.connect(self._enable)
        tree.itemActivated.connect(self._show_in_folder)

    def _fill(self, result: VerifyResult) -> None:
        for finding in Finding:
            files = [file for file in result.changed if file.finding is finding]
            if files:
                rows = [self._row(file) for file in files[:LONGEST_LIST]]
                if len(files) > LONGEST_LIST:
                    more = QLocale().toString(len(files) - LONGEST_LIST)
                    rows.append(QTreeWidgetItem([self.tr("… and {0} more").format(more)]))
                self._add_group(self._title(finding), len(files), rows, warns=finding.is_loss)
        if result.not_reached:
            title = self.tr("Not reached: the folder is missing or empty. Is its drive connected?")
            rows = [self._folder_row(folder, files) for folder, files in result.not_reached.items()]
            self._add_group(title, sum(result.not_reached.values()), rows, warns=True)

    def _add_group(self, title: str, files: int, rows: Sequence[QTreeWidgetItem], *, warns: bool) -> None:
        line = QTreeWidgetItem(self.tree, [f"{title} ({QLocale().toString(files)})"])
        line.setFirstColumnSpanned(True)
        line.setIcon(0, theme.icon("warning", theme.UNREADABLE.colour) if warns else theme.icon("info"))
        line.addChildren(rows)
        line.setExpanded(True)
        if self.tree.currentItem() is None:
            self.tree.setCurrentItem(rows[0])

    def _folder_row(self, folder: Path, files: int) -> QTreeWidgetItem:
        item = QTreeWidgetItem([str(folder)])
        item.setText(2, self.tr("1 file") if files == 1 else self.tr("{0} files").format(QLocale().toString(files)))
        item.setToolTip(0, str(folder))
        return item

    def _row(self, file: VerifiedFile) -> QTreeWidgetItem:
        note = self._note(file)
        item = QTreeWidgetItem([file.path.name, file.class_name, note])
        item.setData(0, _FILE_ROLE, file)
        for column in range(3):
            item.setToolTip(column, "\n".join(filter(None, (str(file.path), note))))
        return item

    def _title(self, finding: Finding) -> str:
        return {
            Finding.ROTTED: self.tr("Rotted: other bytes, though no program wrote to the file"),
            Finding.GONE: self.tr("Gone: deleted, or moved out of the destination folder"),
            Finding.UNREADABLE: self.tr("Cannot be read"),
            Finding.EDITED: self.tr("Edited by another program"),
            Finding.MOVED: self.tr("Moved or renamed within the destination folder"),
        }[finding]

    def _note(self, file: VerifiedFile) -> str:
        """Describe further details of a file."""
        if file.intact_at is not None:
            return self.tr("The original is intact: {0}").format(file.intact_at)
        if file.now is not None:
            return self.tr("Now at {0}").format(file.now)
        if file.known_edit:
            return self.tr("Known as the same photo")
        return file.reason or str(file.path.parent)

    def _heading(self, result: VerifyResult) -> str:
        lost = sum(file.finding.is_loss for file in result.changed)
        read = count_photos(result.photos)
        if result.sidecars:
            one, many = self.tr("1 sidecar file"), self.tr("{0} sidecar files")
            sidecars = one if result.sidecars == 1 else many.format(QLocale().toString(result.sidecars))
            read = self.tr("{0} and {1}").format(read, sidecars)
        if lost:
            return self.tr("{0} verified: {1} rotted, gone or unreadable").format(read, QLocale().toString(lost))
        if not result.photos:
            return self.tr("No sorted photo could be read")
        return self.tr("{0} verified: none rotted, gone or unreadable").format(read)

    @property
    def selected(self) -> VerifiedFile | None:
        """The selected file."""
        items = self.tree.selectedItems()
        file = items[0].data(0, _FILE_ROLE) if items else None
        return file if isinstance(file, VerifiedFile) else None

    @Slot()
    def _enable(self) -> None:
        self.show_button.setEnabled(self.selected is not None)

    @Slot()
    def _show_in_folder(self) -> None:
        file = self.selected
        if file is not None:
            self._open((file.now or file.path).parent)

    def _open(self, folder: Path) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            why = self.tr("it may have been moved, or its drive is not connected")
            show_error(self, UserError(self.tr("{0} cannot be opened").format(folder), why))
