"""Name, date, camera, size, remark and folder of a photo, as a small table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QLabel, QSizePolicy, QWidget

from flowersorter.messages import worded
from flowersorter.ui.shared.dates import iso_in_words

if TYPE_CHECKING:
    from flowersorter.workflows.predicting.photo_details import PhotoDetails


class Facts(QWidget):
    """Shows one line per known fact."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("facts")
        self.setAccessibleName(self.tr("Photo details"))
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 12, 0, 0)
        self._form.setHorizontalSpacing(10)
        self._form.setVerticalSpacing(3)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.name = self._line(self.tr("File"), "fact_file")
        self.taken = self._line(self.tr("Taken"), "fact_taken")
        self.camera = self._line(self.tr("Camera"), "fact_camera")
        self.pixels = self._line(self.tr("Size"), "fact_size")
        self.remark = self._line(self.tr("Remark"), "fact_remark")
        self.folder = self._line(self.tr("Folder"), "fact_folder")

    def show_path(self, path: Path) -> None:
        """Show the facts that the path alone gives."""
        self.name.setText(_breakable(path.name))
        self.folder.setText(_breakable(str(path.parent)))
        for label in (self.taken, self.camera, self.pixels, self.remark):
            self._form.setRowVisible(label, False)
        self.show()

    def show_facts(self, known: PhotoDetails) -> None:
        """Show all facts."""
        self.show_path(known.place.path)
        photo = known.photo
        locale = QLocale()
        size = locale.formattedDataSize(known.place.size_bytes, 1)
        if photo is not None:
            if photo.taken_at:
                self._set(self.taken, iso_in_words(photo.taken_at))
            self._set(self.camera, photo.camera or "")
            remark = worded(photo.remark or "")
            self._set(self.remark, f"{remark[:1].upper()}{remark[1:]}")
            size = self.tr("{0} × {1}, {2}").format(photo.width_px, photo.height_px, size)
        self._set(self.pixels, size)

    def _set(self, label: QLabel, text: str) -> None:
        label.setText(text)
        self._form.setRowVisible(label, bool(text))

    def _line(self, title: str, name: str) -> QLabel:
        key, value = QLabel(title, self), QLabel(self)
        key.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        value.setObjectName(name)
        value.setWordWrap(True)
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._form.addRow(key, value)
        return value


def _breakable(text: str) -> str:
    """Long names may break after a separator: Qt breaks lines at spaces only."""
    return "".join(f"{char}\u200b" if char in "/\\_-." else char for char in text)
