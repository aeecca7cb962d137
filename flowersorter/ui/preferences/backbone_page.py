"""The backbones in Preferences: which one is used, which are here, downloading one or taking it from a file.

Another backbone means that every photo is computed again, so it is used only after a second click.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.indicators import RadioButton
from flowersorter.ui.shared.widgets import Message, button, describe, megabytes, text_label
from flowersorter.workflows.models.backbones import BackboneInfo


class BackbonePage(QWidget):
    """Lists the backbones.

    Args:
        backbones: The default first.
        used: Name of the one in use.
        parent: The dialog.

    Signals:
        chosen(name): Use this one from now on.
        download_requested(name): Download this one.
        cancel_requested(): Stop the download.
        install_requested(name, Path): Take this one from a file.
    """

    chosen = Signal(str)
    download_requested = Signal(str)
    cancel_requested = Signal()
    install_requested = Signal(str, object)

    def __init__(self, backbones: Sequence[BackboneInfo], used: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("backbone_page")
        self._used = used
        self._group = QButtonGroup(self)
        self.lines: dict[str, BackboneLine] = {}
        self.note = Message(self, "backbone_note")
        self.use_button = button(
            self, "backbone_use_button", self.tr("&Use this network"), self.tr("Scan every photo again with it")
        )
        self.keep_button = button(
            self, "backbone_keep_button", self.tr("&Keep the present one"), self.tr("Go on with the network in use")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP_PX)
        for info in backbones:
            line = BackboneLine(info, self)
            line.radio.toggled.connect(self._explain)
            line.download_requested.connect(self._on_download)
            line.cancel_requested.connect(self.cancel_requested)
            line.install_requested.connect(self._on_install)
            self._group.addButton(line.radio)
            self.lines[info.name] = line
            column.addWidget(line)
        column.addWidget(self.note)
        answers = QHBoxLayout()
        answers.setSpacing(theme.GAP_PX)
        answers.addWidget(self.use_button)
        answers.addWidget(self.keep_button)
        answers.addStretch(1)
        column.addLayout(answers)
        self.use_button.clicked.connect(self._use)
        self.keep_button.clicked.connect(self._keep)
        self.use(used)

    @property
    def marked(self) -> str:
        """Name of the backbone that is marked, which need not be in use."""
        return next((name for name, line in self.lines.items() if line.radio.isChecked()), self._used)

    def use(self, name: str) -> None:
        """Show another backbone as the one in use, for instance because a model needs it.

        A finetuned backbone has no line: then no line is selected until the person chooses one.
        """
        self._used = name
        self._group.setExclusive(False)
        for each, line in self.lines.items():
            line.radio.setChecked(each == name)
        self._group.setExclusive(True)
        self._explain()

    def show_problem(self, problem: str) -> None:
        """Say why a backbone could not be used or fetched."""
        self.note.say(problem, warning=True)

    @Slot(object)
    def show_backbones(self, backbones: Sequence[BackboneInfo]) -> None:
        """Show the installed backbones; ends the display of a download or installation."""
        for info in backbones:
            if info.name in self.lines:
                self.lines[info.name].show_info(info)

    @Slot(str, object, object)
    def show_download(self, name: str, done_bytes: int, total_bytes: int | None) -> None:
        """Show the progress of a download; no other can be started meanwhile.

        Args:
            name: The backbone.
            done_bytes: Bytes downloaded so far.
            total_bytes: Size of the file; None while unknown.
        """
        for each in self.lines.values():
            each.set_busy(True)
        self.lines[name].show_download(done_bytes, total_bytes)

    @Slot(str)
    def _on_download(self, name: str) -> None:
        """React to the click at once: the download may have to wait for another job."""
        self.show_download(name, 0, None)
        self.download_requested.emit(name)

    @Slot(str, object)
    def _on_install(self, name: str, file: Path) -> None:
        for each in self.lines.values():
            each.set_busy(True)
        self.install_requested.emit(name, file)

    @Slot()
    def _explain(self) -> None:
        text = self.tr(
            "It is not used yet. With another image network every photo is scanned again. The model belongs to the "
            "present network, so press Retrain afterwards."
        )
        waits = self.marked != self._used
        self.note.say(text if waits else "")
        for each in (self.use_button, self.keep_button):
            each.setVisible(waits)

    @Slot()
    def _use(self) -> None:
        name = self.marked
        self.use(name)
        self.lines[name].radio.setFocus()  # its button is gone
        self.chosen.emit(name)

    @Slot()
    def _keep(self) -> None:
        self.use(self._used)
        if self._used in self.lines:
            self.lines[self._used].radio.setFocus()


class BackboneLine(QWidget):
    """One backbone: a download button until it is installed, then a choice.

    Signals:
        download_requested(name): Download it.
        cancel_requested(): Stop the download.
        install_requested(name, Path): Take it from this file.
    """

    download_requested = Signal(str)
    cancel_requested = Signal()
    install_requested = Signal(str, object)

    def __init__(self, info: BackboneInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"backbone_{info.name}")
        self.name, self.title = info.name, info.title
        self.radio = RadioButton(info.title, self)
        self.radio.setObjectName(f"backbone_{info.name}_radio")
        self.facts = text_label(self, f"backbone_{info.name}_facts", muted=True)
        self.download_button = button(
            self,
            f"backbone_{info.name}_download",
            self.tr("Download {0}…").format(megabytes(info.size_bytes)),
            self.tr("Download the network. Nothing about you or your photos is sent"),
        )
        self.file_button = button(
            self,
            f"backbone_{info.name}_file",
            self.tr("From file…"),
            self.tr("Load the network from a file on this computer"),
        )
        self.progress = QProgressBar(self)
        self.progress.setObjectName(f"backbone_{info.name}_progress")
        self.stop_button = button(
            self,
            f"backbone_{info.name}_stop",
            self.tr("Stop"),
            self.tr("Stop the download. It can be resumed later"),
        )
        for each in (self.download_button, self.file_button, self.stop_button):
            each.setAccessibleName(f"{info.title}: {each.text().rstrip('…')}")
        describe(self.progress, self.tr("Download of {0}").format(info.title))
        self._lay_out()
        self.download_button.clicked.connect(self._download)
        self.file_button.clicked.connect(self._ask_for_file)
        self.stop_button.clicked.connect(self._stop)
        self.show_info(info)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(self.progress, 1)
        row.addWidget(self.stop_button)
        row.addWidget(self.download_button)
        row.addWidget(self.file_button)
        row.addStretch(0)
        inner = QVBoxLayout()
        inner.setContentsMargins(radio_indent(self.radio), 0, 0, 0)
        inner.setSpacing(theme.SMALL_GAP_PX)
        inner.addWidget(self.facts)
        inner.addLayout(row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.radio)
        column.addLayout(inner)

    def show_info(self, info: BackboneInfo) -> None:
        """Show whether it is installed."""
        state = self.tr("installed") if info.installed else self.tr("not installed")
        self.facts.setText(self.tr("{0}, {1}, licence {2}").format(megabytes(info.size_bytes), state, info.licence))
        describe(self.radio, f"{info.title}, {self.facts.text()}")
        self.radio.setEnabled(info.installed)
        self.set_busy(False)
        for each in (self.download_button, self.file_button):
            each.setVisible(not info.installed)
        self.progress.hide()
        self.stop_button.hide()

    def show_download(self, done_bytes: int, total_bytes: int | None) -> None:
        """Show the progress of its download."""
        self.download_button.hide()
        self.file_button.hide()
        self.progress.show()
        self.stop_button.show()
        # Qt counts in 32 bits, so in thousandths.
        self.progress.setRange(0, 1000 if total_bytes else 0)
        self.progress.setValue(round(1000 * done_bytes / total_bytes) if total_bytes else 0)
        if total_bytes:
            self.facts.setText(self.tr("{0} of {1}").format(megabytes(done_bytes), megabytes(total_bytes)))
        else:
            self.facts.setText(self.tr("Waiting for the download to start"))

    def set_busy(self, busy: bool) -> None:
        """Disable the buttons during another download."""
        self.download_button.setEnabled(not busy)
        self.file_button.setEnabled(not busy)
        self.stop_button.setEnabled(True)

    @Slot()
    def _download(self) -> None:
        self.download_requested.emit(self.name)

    @Slot()
    def _stop(self) -> None:
        self.stop_button.setEnabled(False)
        self.cancel_requested.emit()

    @Slot()
    def _ask_for_file(self) -> None:
        kinds = self.tr("Weights (*.safetensors *.pth *.pt);;All files (*)")
        chosen, _ = QFileDialog.getOpenFileName(
            self, self.tr("Weights for {0}").format(self.title), str(Path.home()), kinds
        )
        if chosen:
            self.install_requested.emit(self.name, Path(chosen))


def radio_indent(radio: QAbstractButton) -> int:
    """Return the indent of the text of a radio button or check box, for an explanation below it."""
    metrics = (QStyle.PixelMetric.PM_ExclusiveIndicatorWidth, QStyle.PixelMetric.PM_RadioButtonLabelSpacing)
    return sum(radio.style().pixelMetric(metric) for metric in metrics)
