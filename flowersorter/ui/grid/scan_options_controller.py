"""Asks for the scan options of the open folders, stores them, and scans again."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot

from flowersorter.library.tables.settings import SCAN_OPTIONS
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.scan_options_dialog import ScanOptionsDialog
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workflows.predicting.scan_scope import options_in, with_options


class ScanOptionsController(QObject):
    """Owns the dialog. Lives in the GUI thread."""

    def __init__(
        self, session: Session, front: MessageSink, folder: FolderController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder = session, front, folder
        self._dialog: ScanOptionsDialog | None = None

    @Slot()
    def show(self) -> None:
        """Ask for the options of the open folders."""
        folders = self._folders()
        if not folders:
            self._front.bar.say(self.tr("Open a folder of photos first"))
            return
        options = options_in(self._session.state.setting(SCAN_OPTIONS), folders[0])
        self._dialog = ScanOptionsDialog(folders, options, self._front.window)
        self._dialog.finished.connect(self._on_finished)
        self._dialog.open()

    def _folders(self) -> list[Path]:
        return [root for root in self._folder.roots if not self._folder.is_photo(root)]

    @Slot(int)
    def _on_finished(self, _how: int) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is None:
            return
        if dialog.result() == dialog.DialogCode.Accepted:
            state = self._session.state
            before = stored = state.setting(SCAN_OPTIONS)
            for folder in dialog.folders:
                stored = with_options(stored, folder, dialog.options)
            if stored != before:
                state.set_setting(SCAN_OPTIONS, stored)
                self._folder.rescan(quiet=False)
        dialog.deleteLater()
