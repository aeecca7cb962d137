"""Shows the program's version, the versions of its libraries, and the licences."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize, Qt, Slot, qVersion
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

import flowersorter
from flowersorter.library.files.build_info import build_date
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import FittedDialog, button, button_row, column_of, describe, open_at, text_label

_ICON_PX = 56
_LICENCE_FILES = ("LICENSE", "NOTICE")
#: Packages named in the dialog: (name for people, name of the distribution).
_PACKAGES = (
    ("PySide6", "PySide6_Essentials"),
    ("OpenVINO", "openvino"),
    ("PyTorch", "torch"),
    ("torchvision", "torchvision"),
    ("Pillow", "pillow"),
)


class AboutDialog(FittedDialog):
    """Name, versions and licences; every text can be selected and copied.

    Args:
        backbone: The backbone that the collection uses.
        parent: The window.
    """

    def __init__(self, backbone: str, parent: QWidget | None = None) -> None:
        super().__init__(106, 70, parent)
        self.setObjectName("about_dialog")
        self.setWindowTitle(self.tr("About FlowerSorter"))
        self._versions = list(versions(backbone))
        self._build()
        self.close_button.setFocus()

    def _build(self) -> None:
        self.licence = QPlainTextEdit(self)
        self.licence.setObjectName("about_licence")
        describe(self.licence, self.tr("Licences"))
        self.licence.setReadOnly(True)
        self.licence.setTabChangesFocus(True)
        self.licence.setPlainText(licence_text())
        self.licence.setMinimumHeight(self.fontMetrics().lineSpacing() * 6)
        heading = text_label(self, "about_licence_heading", self.tr("Licences"), scale=1.05)
        tip = self.tr("Copy the versions for a bug report")
        self.copy_button = button(self, "about_copy_button", self.tr("C&opy versions"), tip)
        self.copy_button.clicked.connect(self._copy)
        self.close_button = button(self, "about_close_button", self.tr("&Close"), self.tr("Close (Esc)"))
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.accept)
        column = column_of(self)
        column.addLayout(self._head())
        column.addSpacing(theme.GAP_PX)
        column.addLayout(self._table())
        column.addSpacing(theme.GAP_PX)
        column.addWidget(heading)
        column.addWidget(self.licence, 1)
        column.addSpacing(theme.SMALL_GAP_PX)
        column.addLayout(button_row([self.copy_button], [self.close_button]))
        open_at(self, 106, 38)

    def _head(self) -> QHBoxLayout:
        picture = QLabel(self)
        picture.setObjectName("about_icon")
        picture.setPixmap(theme.app_icon().pixmap(QSize(_ICON_PX, _ICON_PX), self.devicePixelRatioF()))
        name = text_label(self, "about_name", self.tr("FlowerSorter"), scale=1.6)
        sentence = self.tr(
            "Suggests a name for every photo, learns from your corrections, and sorts photos into folders. Your "
            "photos stay on this computer."
        )
        self.sentence = text_label(self, "about_sentence", sentence)
        texts = QVBoxLayout()
        texts.setSpacing(theme.SMALL_GAP_PX)
        texts.addWidget(name)
        texts.addWidget(self.sentence)
        row = QHBoxLayout()
        row.setSpacing(theme.LARGE_GAP_PX)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        return row

    def _table(self) -> QGridLayout:
        """Names and versions, as two columns of a table in two columns."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.LARGE_GAP_PX)
        grid.setVerticalSpacing(theme.SMALL_GAP_PX)
        for number, (name, version) in enumerate(self._versions):
            key, value = QLabel(name, self), QLabel(version, self)
            key.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            key.setObjectName(f"about_package_{number + 1}")
            value.setObjectName(f"about_version_{number + 1}")
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setAccessibleName(f"{name} {version}")
            row, pair = divmod(number, 2)
            grid.addWidget(key, row, 2 * pair)
            grid.addWidget(value, row, 2 * pair + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        return grid

    @Slot()
    def _copy(self) -> None:
        lines = [f"{name} {version}" for name, version in self._versions]
        QGuiApplication.clipboard().setText("\n".join([*lines, platform.platform()]))


def versions(backbone: str) -> Iterator[tuple[str, str]]:
    """Yield names and versions of the program, its backbone and the libraries, without loading them."""
    yield "FlowerSorter", flowersorter.__version__
    built = QCoreApplication.translate("AboutDialog", "Built")
    yield built, build_date() or QCoreApplication.translate("AboutDialog", "from source")
    yield QCoreApplication.translate("AboutDialog", "Image network"), backbone
    yield "Python", platform.python_version()
    yield "Qt", qVersion()
    for name, distribution in _PACKAGES:
        try:
            yield name, metadata.version(distribution)
        except metadata.PackageNotFoundError:
            yield name, QCoreApplication.translate("AboutDialog", "not installed")


def licence_text() -> str:
    """The licence and the notices, from the installed package or from the checkout."""
    texts = [text.strip() for name in _LICENCE_FILES if (text := _installed(name) or _beside_the_package(name))]
    if not texts:
        return QCoreApplication.translate("AboutDialog", "The licence files are missing from this installation.")
    return "\n\n\n".join([*texts, *filter(None, [_list_of_the_bundle()])]) + "\n"


def _list_of_the_bundle() -> str:
    """The licences of all parts of a bundle, and the files with their texts; "" for an installation by pip."""
    if not getattr(sys, "frozen", False):
        return ""
    program = Path(sys.executable).resolve().parent
    files = [folder / "licences" / "INDEX.txt" for folder in (program, program.parent / "Resources")]
    file = next(filter(Path.is_file, files), None)
    return f"{file.parent}\n\n{file.read_text(encoding='utf-8')}" if file else ""


def _installed(name: str) -> str:
    try:
        files = metadata.files("flowersorter") or []
    except metadata.PackageNotFoundError:
        return ""
    for file in files:
        if file.name == name and ".dist-info" in file.parts[0]:
            path = Path(str(file.locate()))
            return path.read_text(encoding="utf-8") if path.is_file() else ""
    return ""


def _beside_the_package(name: str) -> str:
    path = Path(flowersorter.__file__).parent.parent / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""
