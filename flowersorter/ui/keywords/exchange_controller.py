"""Takes labels from a file or folder of another program, and exports labels for them: the dialogs and the messages.

The workflows are imported on first use, so that the window appears sooner.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from flowersorter.domain.export_format import ExportFormat
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.tables.settings import EXPORT_FOLDER
from flowersorter.messages import worded
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.keywords.label_taker import LabelTaker
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.shared.save_file_name import SaveFileName
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workers.job_queue import Listener

if TYPE_CHECKING:
    from flowersorter.ui.keywords.take_labels_dialog import TakeLabelsDialog
    from flowersorter.workflows.exchange.label_export.place import PhotoPlace
    from flowersorter.workflows.exchange.label_import.label_photos import FoundLabels


class ExchangeController(QObject):
    """Runs the jobs, shows their dialogs and labels the photos. Lives in the GUI thread.

    Signals:
        folder_chosen(Path): Open this folder, into which pictures were unpacked.
    """

    folder_chosen = Signal(object)

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        folder: FolderController,
        labels: LabelsController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder = session, front, folder
        self._taker = LabelTaker(session, front, labels, self)
        self._names = SaveFileName(self, front.window)
        self._job_id = 0
        self._dialog: TakeLabelsDialog | None = None
        self._found: FoundLabels | None = None
        self._source, self._exported, self._unpacked = Path(), Path(), Path()

    def shutdown(self) -> None:
        """Ask no disk any more."""
        self._names.shutdown()

    # -- labels from elsewhere

    @Slot()
    def take_labels(self) -> None:
        """Ask for a file or folder, and find the photos of the open folder that it names."""
        if self._dialog is not None or self._session.queue.alive(self._job_id) or not self._folder.roots:
            return
        source = self._ask_for_source()
        if source is None:
            return
        from flowersorter.workflows.exchange.label_import.label_photos import FindLabelsRequest, find_labels

        self._source = source
        request = FindLabelsRequest(source, self._folder.roots)
        self._job_id = self._session.queue.submit(
            self.tr("Reading labels"),
            lambda report, cancel: find_labels(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_found, failed=self._front.complain),
        )

    def _ask_for_source(self) -> Path | None:
        """Ask where the labels are; None if the person cancels."""
        question = QMessageBox(self._front.window)
        question.setObjectName("take_labels_question")
        question.setIcon(QMessageBox.Icon.Question)
        question.setWindowTitle(self.tr("Take labels"))
        question.setText(self.tr("Where are the labels?"))
        question.setInformativeText(
            self.tr(
                "In a file: a CSV table with the columns “path” and “label”, a COCO data set, an export of “Label "
                "Studio”, or a zip archive. In a folder: one sub-folder per class, or a project of Lobe or Teachable "
                "Machine. They become labels of the photos in the open folder."
            )
        )
        in_file = question.addButton(self.tr("&File…"), QMessageBox.ButtonRole.AcceptRole)
        in_folder = question.addButton(self.tr("F&older…"), QMessageBox.ButtonRole.AcceptRole)
        question.addButton(QMessageBox.StandardButton.Cancel)
        question.setDefaultButton(in_file)
        question.exec()
        question.deleteLater()
        clicked, start = question.clickedButton(), str(self._folder.roots[0])
        chosen = ""
        if clicked is in_file:
            kinds = self.tr("Labels (*.csv *.tsv *.txt *.json *.zip *.tm)")
            chosen, _ = QFileDialog.getOpenFileName(self._front.window, self.tr("Take labels"), start, kinds)
        elif clicked is in_folder:
            chosen = QFileDialog.getExistingDirectory(self._front.window, self.tr("Take labels"), start)
        return Path(chosen) if chosen else None

    def _on_found(self, result: object) -> None:
        from flowersorter.ui.keywords.take_labels_dialog import TakeLabelsDialog
        from flowersorter.workflows.exchange.label_import.label_photos import FoundLabels
        from flowersorter.workflows.exchange.label_import.match_photos import Unmatched

        assert isinstance(result, FoundLabels)
        if not result.classes and not result.marks:
            said, actions = self.tr("None of the labels in {0} match a photo in the open folder."), []
            if Unmatched.OTHER_BYTES in result.unmatched.values():
                said = self.tr("No photo in the open folder is one of the pictures in {0}: they may be smaller copies.")
                actions.append((self.tr("Unpack them…"), self._unpack))
            self._front.bar.say(said.format(self._source.name), *actions, until=Until.ANSWER)
            return
        self._found = result
        self._dialog = TakeLabelsDialog(result, self._source.name, self._front.window)
        self._dialog.finished.connect(self._on_finished)
        self._dialog.open()

    def _unpack(self) -> None:
        """Ask for a new folder, and unpack the pictures of the archive into class folders in it."""
        start = str(self._source.with_name(self._source.stem))
        chosen, _ = QFileDialog.getSaveFileName(self._front.window, self.tr("Unpack into a new folder"), start)
        if not chosen or self._session.queue.alive(self._job_id):
            return
        from flowersorter.workflows.exchange.label_import.unpack_pictures import UnpackRequest, unpack_pictures

        self._unpacked = Path(chosen)
        request = UnpackRequest(self._source, self._unpacked)
        self._job_id = self._session.queue.submit(
            self.tr("Unpacking pictures"),
            lambda report, cancel: unpack_pictures(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_unpacked, failed=self._front.complain),
        )

    def _on_unpacked(self, result: object) -> None:
        from flowersorter.workflows.exchange.label_import.given_labels import Omission
        from flowersorter.workflows.exchange.label_import.unpack_pictures import UnpackedPictures

        assert isinstance(result, UnpackedPictures)
        said = self.tr("Unpacked into class folders in {0}: {1}.")
        said = said.format(self._unpacked.name, count_photos(result.number))
        if result.damaged:
            said += f" {worded(Omission.DAMAGED.sentence(len(result.damaged)))}"
        self._front.bar.say(said, (self.tr("Open them"), self._open_unpacked))

    def _open_unpacked(self) -> None:
        self.folder_chosen.emit(self._unpacked)

    @Slot(int)
    def _on_finished(self, how: int) -> None:
        from flowersorter.workflows.exchange.label_import.label_photos import TakeLabelsRequest, take_labels

        dialog, self._dialog = self._dialog, None
        assert dialog is not None, "it has just been closed"
        assert self._found is not None, "it showed them"
        if how == dialog.DialogCode.Accepted:
            request = TakeLabelsRequest(self._found, dialog.chosen)
            take = partial(take_labels, self._session.engine, request, silent, CancelToken())
            ambiguous = self.tr("Left alone, because they are given several classes: {0}.")
            self._taker.take(take, self.tr("Labels from {0}").format(self._source.name), ambiguous)
        dialog.deleteLater()

    # -- labels for others

    @Slot()
    def export_labels(self) -> None:
        """Ask for a file and its format, and save the labels and suggestions of the open folder."""
        if self._session.queue.alive(self._job_id) or not self._folder.roots:
            return
        kinds = {
            self.tr("Table (*.csv)"): ExportFormat.CSV,
            self.tr("COCO data set (*.json)"): ExportFormat.COCO,
            self.tr("MegaDetector results, for Timelapse (*.json)"): ExportFormat.MEGADETECTOR,
            self.tr("Camtrap DP, a camera trap data package (*.zip)"): ExportFormat.CAMTRAP_DP,
            self.tr("Darwin Core archive (*.zip)"): ExportFormat.DARWIN_CORE,
        }
        folder = Path(self._session.state.setting(EXPORT_FOLDER) or Path.home())
        start = str(folder / f"{self._folder.roots[0].name or 'labels'}.csv")
        chosen, kind = QFileDialog.getSaveFileName(
            self._front.window, self.tr("Export labels"), start, ";;".join(kinds)
        )
        if not chosen:
            return
        form = kinds.get(kind, ExportFormat.CSV)
        if Path(chosen).suffix.lower() == form.suffix:
            self._export_as(form, Path(chosen))
        else:
            self._names.complete(Path(chosen), form.suffix, partial(self._export_as, form))

    def _export_as(self, form: ExportFormat, path: Path) -> None:
        place = None
        if form is ExportFormat.CAMTRAP_DP:
            try:
                place = self._ask_for_place()
            except UserError as error:
                self._front.complain(error)
            if place is None:
                return
        self._session.state.set_setting(EXPORT_FOLDER, str(path.parent))
        self._export(path, form, place)

    def _export(self, path: Path, form: ExportFormat, place: PhotoPlace | None) -> None:
        from flowersorter.workflows.exchange.label_export.export_labels import ExportLabelsRequest, export_labels

        request = ExportLabelsRequest(self._folder.roots, path, form, place=place)
        self._job_id = self._session.queue.submit(
            self.tr("Exporting labels"),
            lambda report, cancel: export_labels(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_exported, failed=self._front.complain),
        )

    def _ask_for_place(self) -> PhotoPlace | None:
        """Ask for the place of the camera; None if the person cancels.

        Raises:
            UserError: the text is not a place.
        """
        from flowersorter.workflows.exchange.label_export.place import PhotoPlace

        question = self.tr("Where was the camera? Latitude and longitude in degrees:")
        typed, agreed = QInputDialog.getText(self._front.window, self.tr("Export labels"), question, text="")
        return PhotoPlace.read(typed) if agreed else None

    def _on_exported(self, result: object) -> None:
        from flowersorter.workflows.exchange.label_export.export_labels import ExportedLabels

        assert isinstance(result, ExportedLabels)
        self._exported = result.file
        number = QLocale().toString
        said = self.tr("Saved as {0}. Labels: {1}. Suggestions: {2}.").format(
            result.file.name, number(result.labels), number(result.suggestions)
        )
        remark = f" {worded(result.remark)}." if result.remark else ""
        self._front.bar.say(said + remark, (self.tr("Open folder"), self._open_folder))

    @Slot()
    def _open_folder(self) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._exported.parent))):
            self._front.bar.say(self.tr("The folder could not be opened: {0}").format(self._exported.parent))
