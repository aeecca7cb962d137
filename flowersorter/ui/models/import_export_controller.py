"""Exports a model to a file, and imports one: the file dialogs and the messages.

The workflows are imported on first use, so that the window appears sooner.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale, QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from flowersorter.domain.export_format import ONNX, PTH, SAFETENSORS
from flowersorter.library.tables.settings import BACKBONE, EXPORT_FOLDER
from flowersorter.ui.shared.save_file_name import SaveFileName
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.job_queue import Listener

if TYPE_CHECKING:
    from flowersorter.workflows.exchange.export_model import ExportResult
    from flowersorter.workflows.exchange.import_model import ImportResult


class ImportExportController(QObject):
    """Exports and imports models. Lives in the GUI thread.

    Signals:
        predictions_outdated(): Another model is active.
    """

    predictions_outdated = Signal()

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._names = SaveFileName(self, front.window)
        self._exported: ExportResult | None = None
        self._imported = 0

    def shutdown(self) -> None:
        """Ask no disk any more."""
        self._names.shutdown()

    # -- export

    @Slot()
    def export_model(self) -> None:
        """Save the model as a file."""
        from flowersorter.workflows.exchange.export_model import DEFAULT_NAME, export_formats

        kinds = {
            self.tr("PyTorch, for torchvision (*.pth)"): PTH,
            self.tr("ONNX, with preprocessing included (*.onnx)"): ONNX,
            self.tr("FlowerSorter model, to share (*.safetensors)"): SAFETENSORS,
        }
        offered = export_formats(self._session.state.stored_setting(BACKBONE))
        kinds = {text: suffix for text, suffix in kinds.items() if suffix in offered}
        start = str((self._folder() / DEFAULT_NAME).with_suffix(offered[0]))
        chosen, kind = QFileDialog.getSaveFileName(
            self._front.window, self.tr("Export the model"), start, ";;".join(kinds)
        )
        if not chosen:
            return
        if Path(chosen).suffix.lower() in kinds.values():
            self._export_as(Path(chosen))
        else:
            self._names.complete(Path(chosen), kinds.get(kind, offered[0]), self._export_as)

    def _export_as(self, path: Path) -> None:
        from flowersorter.workflows.exchange.export_model import ExportRequest, export_model

        self._remember(path.parent)
        request = ExportRequest(path)
        self._session.queue.submit(
            self.tr("Exporting the model"),
            lambda report, cancel: export_model(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_exported),
        )

    def _on_exported(self, result: object) -> None:
        from flowersorter.workflows.exchange.export_model import ExportResult

        assert isinstance(result, ExportResult)
        self._exported = result
        actions = [(self.tr("Open folder"), self._open_folder)]
        if result.script:
            actions.insert(0, (self.tr("How to use it"), self._show_script))
        said = self.tr("Model saved as {0}.").format(result.path.name)
        if result.card is not None:
            said = self.tr("Model saved as {0}, with its card {1}.").format(result.path.name, result.card.name)
        self._front.bar.say(said, *actions)

    @Slot()
    def _show_script(self) -> None:
        from flowersorter.ui.models.usage_snippet_dialog import UsageSnippetDialog

        assert self._exported is not None
        dialog = UsageSnippetDialog(
            self._exported.path.name, self._exported.remark, self._exported.script, self._front.window
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot()
    def _open_folder(self) -> None:
        assert self._exported is not None
        folder = self._exported.path.parent
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._front.bar.say(self.tr("The folder could not be opened: {0}").format(folder))

    # -- import

    @Slot()
    def import_model(self) -> None:
        """Add a model from a file; it is used only on request."""
        from flowersorter.workflows.exchange.import_model import ImportRequest, import_model

        chosen, _ = QFileDialog.getOpenFileName(
            self._front.window,
            self.tr("Import a model"),
            str(self._folder()),
            self.tr("FlowerSorter model (*.safetensors)"),
        )
        if not chosen:
            return
        path = Path(chosen)
        self._remember(path.parent)
        request = ImportRequest(path)
        self._session.queue.submit(
            self.tr("Importing the model"),
            lambda report, cancel: import_model(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_imported),
        )

    def _on_imported(self, result: object) -> None:
        from flowersorter.workflows.exchange.import_model import ImportResult

        assert isinstance(result, ImportResult)
        self._imported = result.model_id
        if result.weights_here:
            self._front.bar.say(described(result), (self.tr("Use now"), self._use))
            return
        network = self.tr("Its network, {0}, can be downloaded in Preferences.").format(result.backbone)
        self._front.bar.say(f"{described(result)} {network}")

    @Slot()
    def _use(self) -> None:
        self._session.use_model(self._imported, self._on_used, self._front.complain)

    def _on_used(self, _result: None) -> None:
        self._front.bar.say("")
        self.predictions_outdated.emit()

    # -- folders of the file dialogs

    def _folder(self) -> Path:
        return Path(self._session.state.setting(EXPORT_FOLDER) or Path.home())

    def _remember(self, folder: Path) -> None:
        self._session.state.set_setting(EXPORT_FOLDER, str(folder))


def described(result: ImportResult) -> str:
    """Describe an imported model and its reported accuracy for the status bar."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("ImportExportController", text)

    photos = QLocale().toString(result.photos)
    text = tr("“{0}” was added. Classes: {1}.").format(result.name, len(result.classes))
    if result.accuracy is None:
        return f"{text} " + tr("The author reports that it was trained on {0} photos.").format(photos)
    right = QLocale().toString(100 * result.accuracy, "f", 1)
    said = tr("The author reports {1} % accuracy on {0} photos. Not tested on yours.")
    return f"{text} " + said.format(photos, right)
