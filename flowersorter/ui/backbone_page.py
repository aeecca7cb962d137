"""The backbones in Preferences: which one is used, which are here, downloading one or taking it from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from flowersorter.ui import theme
from flowersorter.ui.dialog_parts import Message, button, describe, megabytes, text_label
from flowersorter.workflows.backbones import BackboneInfo


class BackbonePage(QWidget):
    """Lists the backbones.

    Args:
        backbones: The default first.
        chosen: Name of the one in use.
        parent: The dialog.

    Signals:
        download_requested(name): Download this one.
        cancel_requested(): Stop the download.
        install_requested(name, Path): Take this one from a file.
    """

    download_requested = Signal(str)
    cancel_requested = Signal()
    install_requested = Signal(str, object)

    def __init__(self, backbones: Sequence[BackboneInfo], chosen: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("backbone_page")
        self._used = chosen
        self._group = QButtonGroup(self)
        self._lines: dict[str, BackboneLine] = {}
        body = QWidget(self)
        self._list = QVBoxLayout(body)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(theme.LARGE_GAP_PX)
        for info in backbones:
            line = BackboneLine(info, body)
            line.radio.setChecked(info.name == chosen)
            line.radio.toggled.connect(self._explain)
            line.download_requested.connect(self.download_requested)
            line.install_requested.connect(self.install_requested)
            self._group.addButton(line.radio)
            self._lines[info.name] = line
            self._list.addWidget(line)
        self._list.addStretch(1)
        self._build(body)
        self._explain()

    def _build(self, body: QWidget) -> None:
        intro = self.tr("The backbone turns a photo into numbers the program learns from. The first is a good choice.")
        scroll = QScrollArea(self)
        scroll.setObjectName("backbone_list")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        self.note = Message(self, "backbone_note")
        self.progress = QProgressBar(self)
        self.progress.setObjectName("backbone_progress")
        describe(self.progress, self.tr("Download"))
        self.cancel_button = button(self, "backbone_cancel_button", self.tr("&Stop"), self.tr("Stop the download"))
        self.cancel_button.clicked.connect(self.cancel_requested)
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.LARGE_GAP_PX] * 4)
        column.setSpacing(theme.LARGE_GAP_PX)
        column.addWidget(text_label(self, "backbone_intro", intro))
        column.addWidget(scroll, 1)
        column.addWidget(self.note)
        column.addLayout(row)
        self._show_progress(False)

    @property
    def chosen(self) -> str:
        """Name of the backbone that is chosen."""
        return next((name for name, line in self._lines.items() if line.radio.isChecked()), self._used)

    @Slot(object)
    def show_backbones(self, backbones: Sequence[BackboneInfo]) -> None:
        """Show what is here now."""
        self._show_progress(False)
        for info in backbones:
            if info.name in self._lines:
                self._lines[info.name].show_info(info)

    @Slot(str, int, object)
    def show_download(self, name: str, done_bytes: int, total_bytes: int | None) -> None:
        """Show how far the download of a backbone is.

        Args:
            name: Which.
            done_bytes: Here already.
            total_bytes: Of the whole, None while unknown.
        """
        self._show_progress(True)
        title = self._lines[name].title
        # Qt counts in 32 bits, so in thousandths.
        self.progress.setRange(0, 1000 if total_bytes else 0)
        self.progress.setValue(round(1000 * done_bytes / total_bytes) if total_bytes else 0)
        sizes = self.tr("{0} of {1}").format(megabytes(done_bytes), megabytes(total_bytes)) if total_bytes else ""
        self.progress.setFormat(f"{title}  {sizes}".strip())

    def _show_progress(self, shown: bool) -> None:
        self.progress.setVisible(shown)
        self.cancel_button.setVisible(shown)
        for line in self._lines.values():
            line.set_busy(shown)

    @Slot()
    def _explain(self) -> None:
        other = self.chosen != self._used
        text = self.tr(
            "With another backbone every photo is looked at once more, and what was learned is learned anew."
        )
        self.note.say(text if other else "")


class BackboneLine(QWidget):
    """One backbone: a choice once it is here, a download before.

    Signals:
        download_requested(name): Download it.
        install_requested(name, Path): Take it from this file.
    """

    download_requested = Signal(str)
    install_requested = Signal(str, object)

    def __init__(self, info: BackboneInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"backbone_{info.name}")
        self.name, self.title = info.name, info.title
        self.radio = QRadioButton(info.title, self)
        self.radio.setObjectName(f"backbone_{info.name}_radio")
        self.facts = text_label(self, f"backbone_{info.name}_facts", muted=True)
        self.facts.setIndent(self.radio.style().pixelMetric(self.radio.style().PixelMetric.PM_ExclusiveIndicatorWidth))
        text = self.tr("Download {0}…").format(megabytes(info.size_bytes))
        self.download_button = button(
            self,
            f"backbone_{info.name}_download",
            text,
            self.tr("Download its weights; the only thing sent is the wish"),
        )
        self.download_button.clicked.connect(self._download)
        self.file_button = button(
            self, f"backbone_{info.name}_file", self.tr("From file…"), self.tr("Take its weights from a file you have")
        )
        self.file_button.clicked.connect(self._ask_for_file)
        for each in (self.download_button, self.file_button):
            each.setAccessibleName(f"{info.title}: {each.text().rstrip('…')}")
        texts = QVBoxLayout()
        texts.setSpacing(theme.SMALL_GAP_PX)
        texts.addWidget(self.radio)
        texts.addWidget(self.facts)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP_PX)
        row.addLayout(texts, 1)
        for each in self._buttons():
            row.addWidget(each, 0, Qt.AlignmentFlag.AlignTop)
        self.show_info(info)

    def show_info(self, info: BackboneInfo) -> None:
        """Show whether it is here."""
        state = self.tr("on this computer") if info.installed else self.tr("not on this computer yet")
        self.facts.setText(self.tr("{0}, {1}, licence {2}").format(megabytes(info.size_bytes), state, info.licence))
        describe(self.radio, f"{info.title}, {self.facts.text()}")
        self.radio.setEnabled(info.installed)
        for each in self._buttons():
            each.setVisible(not info.installed)

    def set_busy(self, busy: bool) -> None:
        """One download at a time."""
        for each in self._buttons():
            each.setEnabled(not busy)

    def _buttons(self) -> tuple[QPushButton, QPushButton]:
        return self.download_button, self.file_button

    @Slot()
    def _download(self) -> None:
        self.download_requested.emit(self.name)

    @Slot()
    def _ask_for_file(self) -> None:
        kinds = self.tr("Weights (*.safetensors *.pth *.pt);;All files (*)")
        chosen, _ = QFileDialog.getOpenFileName(
            self, self.tr("Weights of {0}").format(self.title), str(Path.home()), kinds
        )
        if chosen:
            self.install_requested.emit(self.name, Path(chosen))
