"""Asks before closing the window stops a job that changes photo files."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from flowersorter.workers.job_queue import FilesJob


def ask_to_close(job: FilesJob, parent: QWidget) -> bool:
    """Ask whether to stop the job and close; Escape goes on."""
    box = QMessageBox(parent)
    box.setObjectName("close_question")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("Close FlowerSorter"))
    box.setText(f"{_state(job)} {_tr('Stop and close?')}")
    box.setInformativeText(_tr("Photos that are done stay as they are. History shows them and can undo a sort."))
    stop = box.addButton(_tr("Stop and close"), QMessageBox.ButtonRole.AcceptRole)
    go_on = box.addButton(_tr("Go on"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(go_on)
    box.setEscapeButton(go_on)
    box.exec()
    return box.clickedButton() is stop


def _state(job: FilesJob) -> str:
    progress = job.progress
    if progress is None or progress.total is None:
        return _tr("{0}: not finished.").format(job.title)
    locale = QLocale()
    done, total = locale.toString(progress.done), locale.toString(progress.total)
    return _tr("{0}: {1} of {2} photos are done.").format(job.title, done, total)


def _tr(text: str) -> str:
    return QCoreApplication.translate("close_question", text)
