"""Saves the report for the developers where the person wants it; nothing is sent."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from flowersorter.atomic_write import write_atomically
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, Report
from flowersorter.messages import text
from flowersorter.photos.read_errors import saving_reason
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.job_queue import Listener

_NAME = "flowersorter-diagnostics.txt"


class DiagnosticsController(QObject):
    """Asks for a file and writes the report. Lives in the GUI thread."""

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front

    @Slot()
    def save(self) -> None:
        """Ask where, then collect and save."""
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation) or str(Path.home())
        title, kinds = self.tr("Save diagnostics"), self.tr("Text (*.txt)")
        chosen, _kind = QFileDialog.getSaveFileName(self._front.window, title, str(Path(folder) / _NAME), kinds)
        if not chosen:
            return
        file, engine = Path(chosen), self._session.engine

        def run(report: Report, cancel: CancelToken) -> Path:
            from flowersorter.workflows.maintenance.diagnostics import diagnostics

            written = diagnostics(engine, report, cancel)
            try:
                write_atomically(file, written.encode("utf-8", "backslashreplace"), durable=False)
            except OSError as error:
                what = text("{file} cannot be written", file=file)
                raise UserError(what, saving_reason(error, file)) from error
            return file

        self._session.queue.submit(self.tr("Collecting diagnostics"), run, Listener(succeeded=self._on_saved))

    def _on_saved(self, file: object) -> None:
        assert isinstance(file, Path)
        self._saved = file
        self._front.bar.say(self.tr("Saved as {0}.").format(file.name), (self.tr("Open"), self._open))

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._saved)))
