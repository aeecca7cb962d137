"""Saving an evaluation: the menu, the file the person names, and the picture of all figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMargins, QPoint, QRect, QSize, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QMenu, QVBoxLayout, QWidget

from flowersorter.ui.evaluation.evaluation_pages import ClassPage, ConfidencePage, MatrixPage
from flowersorter.ui.evaluation.evaluation_text import EvaluationText
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.charts.chart import Chart
from flowersorter.ui.shared.save_file_name import SaveFileName
from flowersorter.ui.shared.widgets import text_label
from flowersorter.workflows.evaluation.charts.builders import learning_scene
from flowersorter.workflows.evaluation.evaluate import Evaluation
from flowersorter.workflows.evaluation.learning_curve import LearningCurve

_CHART_LINES = 19


class SaveMenu(QMenu):
    """The file formats that an evaluation can be saved in. Lives in the GUI thread.

    Pictures are painted here. Jobs write the files: a page and tables need the library, and a drive may be slow.

    Args:
        parent: The dialog.
        paint: Makes the picture of all figures as they are now.

    Signals:
        report_wanted(file): Write a page (.html) or tables (.csv) there.
        picture_painted(file, bytes): Write this picture (.png or .svg) there.
    """

    report_wanted = Signal(object)
    picture_painted = Signal(object, object)

    def __init__(self, parent: QWidget, paint: Callable[[], EvaluationPicture]) -> None:
        super().__init__(parent)
        self.setObjectName("evaluation_save_menu")
        self._dialog, self._paint = parent, paint
        self._names = SaveFileName(self, parent)
        self.save_page = self.addAction(self.tr("As web &page (HTML)…"), self._ask_for_page)
        self.save_tables = self.addAction(self.tr("As &tables (CSV)…"), self._ask_for_tables)
        self.addSeparator()
        self.save_png = self.addAction(self.tr("As &picture (PNG)…"), self._ask_for_png)
        self.save_svg = self.addAction(self.tr("As &vector graphic (SVG)…"), self._ask_for_svg)
        for name in ("save_page", "save_tables", "save_png", "save_svg"):
            getattr(self, name).setObjectName(f"evaluation_{name}")
        self.save_page.setToolTip(self.tr("All figures and the photos with wrong suggestions, in one file"))
        self.save_tables.setToolTip(self.tr("One line per photo, and a second table with the classes"))
        self.setToolTipsVisible(True)

    @Slot()
    def shutdown(self) -> None:
        """Ask no disk any more: the dialog is closed."""
        self._names.shutdown()

    @Slot()
    def _ask_for_page(self) -> None:
        title, kind = self.tr("Save as web page"), self.tr("Web page (*.html)")
        self._ask(title, "evaluation.html", kind, self.report_wanted.emit)

    @Slot()
    def _ask_for_tables(self) -> None:
        title, kind = self.tr("Save as tables"), self.tr("Table (*.csv)")
        self._ask(title, "evaluation.csv", kind, self.report_wanted.emit)

    @Slot()
    def _ask_for_png(self) -> None:
        title, kind = self.tr("Save as picture"), self.tr("Picture (*.png)")
        self._ask(title, "evaluation.png", kind, lambda file: self._save(file, EvaluationPicture.png))

    @Slot()
    def _ask_for_svg(self) -> None:
        title, kind = self.tr("Save as vector graphic"), self.tr("Vector graphic (*.svg)")
        self._ask(title, "evaluation.svg", kind, lambda file: self._save(file, EvaluationPicture.svg))

    def _ask(self, title: str, name: str, kind: str, save: Callable[[Path], None]) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self._dialog, title, str(Path.home() / name), kind)
        if not chosen:
            return
        file, suffix = Path(chosen), Path(name).suffix
        # The suffix decides the format, even if the name has other dots.
        if file.suffix.lower() == suffix:
            save(file)
        else:
            self._names.complete(file, suffix, save)

    def _save(self, file: Path, encode: Callable[[EvaluationPicture], bytes]) -> None:
        picture = self._paint()
        try:
            self.picture_painted.emit(file, encode(picture))
        finally:
            picture.deleteLater()


class EvaluationPicture(QWidget):
    """All figures one below the other, at full size.

    Args:
        evaluation: The evaluation.
        colours: "#rrggbb" by class id.
        curve: The learning curve, if it was measured.
    """

    def __init__(self, evaluation: Evaluation, colours: Mapping[int, str], curve: LearningCurve | None = None) -> None:
        super().__init__()
        edge = theme.LARGE_GAP_PX
        self.setObjectName("evaluation_picture")
        self.classes = ClassPage(evaluation, colours, self, whole=True)
        self.mistakes = MatrixPage(evaluation, self, whole=True)
        sureness = ConfidencePage(evaluation, self, whole=True)
        sureness.setFixedHeight(self.fontMetrics().lineSpacing() * (_CHART_LINES + 2))
        words = EvaluationText(evaluation)
        column = QVBoxLayout(self)
        column.setContentsMargins(QMargins(edge, edge, edge, edge))
        column.setSpacing(edge)
        column.addWidget(text_label(self, "picture_headline", words.headline, scale=1.3))
        column.addWidget(text_label(self, "picture_how", words.how, muted=True))
        column.addWidget(self.classes)
        column.addWidget(self.mistakes)
        column.addWidget(sureness)
        if curve is not None:
            chart = Chart("learning_chart", learning_scene(curve), self)
            chart.setFixedHeight(self.fontMetrics().lineSpacing() * _CHART_LINES)
            column.addWidget(chart)
        wide = max(self.mistakes.matrix.whole_size().width(), self.fontMetrics().averageCharWidth() * 100) + 2 * edge
        self.resize(QSize(wide, max(column.heightForWidth(wide), self.sizeHint().height())))

    def png(self) -> bytes:
        """Return the picture as PNG."""
        buffer = _open_buffer()
        self.grab().save(buffer, "PNG")
        return bytes(buffer.data().data())

    def svg(self) -> bytes:
        """Return the picture as SVG."""
        self.grab()  # lays out widgets that were never shown
        drawing, buffer = QSvgGenerator(), _open_buffer()
        drawing.setOutputDevice(buffer)
        drawing.setTitle(self.tr("Accuracy"))
        drawing.setSize(self.size())
        drawing.setViewBox(QRect(0, 0, self.width(), self.height()))
        painter = QPainter(drawing)
        self.render(painter, QPoint())
        painter.end()
        return bytes(buffer.data().data())


def _open_buffer() -> QBuffer:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer
