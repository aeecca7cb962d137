"""Shows how good the guesses are: in a sentence, by class, and as a confusion matrix."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMargins, QSize, Signal, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDialog, QFileDialog, QFrame, QHBoxLayout, QMenu, QScrollArea, QVBoxLayout, QWidget

from flowersorter.errors import UserError
from flowersorter.ui import theme
from flowersorter.ui.class_scores import ClassScoreModel, ClassScoreView, Column, percent
from flowersorter.ui.confusion_matrix import ConfusionModel, ConfusionView
from flowersorter.ui.dialog_parts import button, button_row, column_of, count_photos, open_at, text_label
from flowersorter.ui.error_box import show_error
from flowersorter.workflows.evaluate import Evaluation


class EvaluationReport(QWidget):
    """The figures themselves, in the dialog and in the saved picture alike.

    Args:
        evaluation: What was measured.
        colours: "#rrggbb" by class id.
        parent: Owns it.
        whole: Everything at its full size, for a picture.
    """

    def __init__(
        self, evaluation: Evaluation, colours: Mapping[int, str], parent: QWidget | None = None, *, whole: bool = False
    ) -> None:
        super().__init__(parent)
        self.setObjectName("evaluation_report")
        self.headline = text_label(self, "evaluation_headline", self._headline(evaluation), scale=1.3)
        self.how = text_label(self, "evaluation_how", self._how(evaluation), muted=True)
        self.scores = ClassScoreView(ClassScoreModel(evaluation, colours, self), self, whole=whole)
        self.matrix = ConfusionView(
            ConfusionModel(evaluation.class_names, evaluation.confusion, self), self, whole=whole
        )
        title = text_label(
            self, "evaluation_matrix_title", self.tr("What photos show (rows) and what they were guessed as (columns)")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP_PX)
        column.addWidget(self.headline)
        column.addWidget(self.how)
        column.addSpacing(theme.GAP_PX)
        column.addWidget(self.scores, 2)
        column.addSpacing(theme.GAP_PX)
        column.addWidget(title)
        column.addWidget(self.matrix, 3)
        column.addStretch(1)
        scroll_bar = self.style().pixelMetric(self.style().PixelMetric.PM_ScrollBarExtent)
        if not whole:
            self.matrix.setMaximumSize(self.matrix.whole_size() + QSize(scroll_bar, scroll_bar))
            height = min(self.fontMetrics().lineSpacing() * 12, self.matrix.whole_size().height())
            self.matrix.setMinimumHeight(height)

    def _headline(self, evaluation: Evaluation) -> str:
        right, low, high = (round(100 * share) for share in (evaluation.accuracy, *evaluation.interval))
        text = self.tr("{0} of 100 photos are labelled right (between {1} and {2})")
        return text.format(right, low, high)

    def _how(self, evaluation: Evaluation) -> str:
        right = int((evaluation.true == evaluation.predicted).sum())
        parts = [
            self.tr("Measured: {0}.").format(evaluation.how),
            self.tr("{0} of {1} were right.").format(right, evaluation.photos),
        ]
        if evaluation.bins:
            usual = max(evaluation.bins, key=lambda each: each.photos)
            text = self.tr("When it says {0}, it is right {1} of the time.")
            parts.append(text.format(percent(usual.confidence), percent(usual.accuracy)))
        if evaluation.unreadable:
            parts.append(self.tr("{0} could not be read.").format(count_photos(len(evaluation.unreadable))))
        return " ".join(parts)


class EvaluationDialog(QDialog):
    """Shows an evaluation beside the window. Lives in the GUI thread.

    Args:
        evaluation: What was measured.
        parent: The window.
        colours: "#rrggbb" by class id; missing ones come from the palette.

    Signals:
        photos_requested(list of place ids, title): Show these photos.
    """

    photos_requested = Signal(object, str)

    def __init__(
        self, evaluation: Evaluation, parent: QWidget | None = None, colours: Mapping[int, str] | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("evaluation_dialog")
        self.setWindowTitle(self.tr("Evaluation"))
        self.evaluation = evaluation
        self._colours = colours or {}
        self.report = EvaluationReport(evaluation, self._colours, self)
        self.report.scores.number_chosen.connect(self._on_number)
        self.report.matrix.cell_chosen.connect(self._on_cell)
        scroll = QScrollArea(self)
        scroll.setObjectName("evaluation_scroll")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.report)
        hint = text_label(self, "evaluation_hint", self.tr("Double-click a number, or press Enter, to see its photos."))
        column = column_of(self)
        column.addWidget(scroll, 1)
        column.addWidget(hint)
        column.addLayout(self._buttons())
        lines = 12 + self.report.sizeHint().height() // self.fontMetrics().lineSpacing()
        open_at(self, min(140, max(92, self._letters_for_matrix())), min(46, lines))
        self.setMinimumSize(self.fontMetrics().averageCharWidth() * 62, self.fontMetrics().lineSpacing() * 22)
        self.report.scores.setFocus()

    def _letters_for_matrix(self) -> int:
        """Width in letters at which the matrix needs no scrolling."""
        scroll_bar = self.style().pixelMetric(self.style().PixelMetric.PM_ScrollBarExtent)
        needed = self.report.matrix.whole_size().width() + scroll_bar + 2 * theme.LARGE_GAP_PX + theme.GAP_PX
        return -(-needed // self.fontMetrics().averageCharWidth())

    def _buttons(self) -> QHBoxLayout:
        wrong = int((self.evaluation.true != self.evaluation.predicted).sum())
        text = self.tr("Show &wrong ones ({0})").format(wrong) if wrong else self.tr("None is wrong")
        self.wrong_button = button(self, "evaluation_wrong_button", text, self.tr("Show every photo guessed wrong"))
        self.wrong_button.setEnabled(bool(wrong))
        self.wrong_button.clicked.connect(self._show_wrong)
        self.save_button = button(self, "evaluation_save_button", self.tr("&Save"), self.tr("Save as table or picture"))
        menu = QMenu(self.save_button)
        menu.setObjectName("evaluation_save_menu")
        self.save_table = menu.addAction(self.tr("As &table (CSV)…"), self._ask_for_csv)
        self.save_table.setObjectName("evaluation_save_table")
        self.save_picture = menu.addAction(self.tr("As &picture (PNG)…"), self._ask_for_png)
        self.save_picture.setObjectName("evaluation_save_picture")
        self.save_button.setMenu(menu)
        self.close_button = button(self, "evaluation_close_button", self.tr("&Close"), self.tr("Close (Esc)"))
        self.close_button.clicked.connect(self.accept)
        return button_row([self.wrong_button], [self.save_button, self.close_button])

    # -- the photos behind a number

    @Slot(int, int)
    def _on_cell(self, row: int, column: int) -> None:
        names = self.evaluation.class_names
        title = self.tr("{0}, guessed as {1}").format(names[row], names[column])
        if row == column:
            title = self.tr("{0}, guessed right").format(names[row])
        self._show((self.evaluation.true == row) & (self.evaluation.predicted == column), title)

    @Slot(int, int)
    def _on_number(self, row: int, column: int) -> None:
        of, name = self.evaluation, self.evaluation.class_names[row]
        match Column(column):
            case Column.RECALL:
                self._show((of.true == row) & (of.predicted != row), self.tr("{0}, not found").format(name))
            case Column.PRECISION:
                self._show(of.predicted == row, self.tr("Guessed as {0}").format(name))
            case _:
                self._show(of.true == row, self.tr("{0}, measured").format(name))

    @Slot()
    def _show_wrong(self) -> None:
        self._show(self.evaluation.true != self.evaluation.predicted, self.tr("Guessed wrong"))

    def _show(self, chosen: NDArray[np.bool_], title: str) -> None:
        places = self.evaluation.place_ids[chosen]
        places = places[places > 0]  # 0: the photo is no longer anywhere
        if len(places):
            self.photos_requested.emit(places.tolist(), title)

    # -- saving

    @Slot()
    def _ask_for_csv(self) -> None:
        file = self._ask(self.tr("Save as table"), "evaluation.csv", self.tr("Table (*.csv)"))
        if file is not None:
            self._saving(file, lambda: save_csv(self.evaluation, file))

    @Slot()
    def _ask_for_png(self) -> None:
        file = self._ask(self.tr("Save as picture"), "evaluation.png", self.tr("Picture (*.png)"))
        if file is not None:
            self._saving(file, lambda: self._save_png(file))

    def _ask(self, title: str, name: str, kind: str) -> Path | None:
        chosen, _ = QFileDialog.getSaveFileName(self, title, str(Path.home() / name), kind)
        if not chosen:
            return None
        file = Path(chosen)
        return file if file.suffix else file.with_suffix(Path(name).suffix)

    def _saving(self, file: Path, save: Callable[[], None]) -> None:
        try:
            save()
        except OSError as error:
            why = error.strerror or str(error)
            show_error(self, UserError(self.tr("{0} was not saved").format(file.name), why))

    def _save_png(self, file: Path) -> None:
        picture = picture_of(self.evaluation, self._colours)
        if not picture.save(str(file), "PNG"):
            raise OSError(self.tr("the picture cannot be written there"))


def save_csv(evaluation: Evaluation, file: Path) -> None:
    """Write scores and matrix as one table: a row a class, then a column for each class it was guessed as.

    Raises:
        OSError: the file cannot be written.
    """
    names = evaluation.class_names
    # Spreadsheets take UTF-8 for what it is only with the mark in front.
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["class", "photos", "recall", "precision", *(f"guessed as {name}" for name in names)])
        for at, name in enumerate(names):
            scores = (_figure(evaluation.recall[at]), _figure(evaluation.precision[at]))
            row = evaluation.confusion[at]
            table.writerow([name, int(row.sum()), *scores, *row.tolist()])


def picture_of(evaluation: Evaluation, colours: Mapping[int, str]) -> QPixmap:
    """Paint the whole report, also what would have to be scrolled to."""
    report = EvaluationReport(evaluation, colours, whole=True)
    edge = theme.LARGE_GAP_PX
    layout = report.layout()
    assert layout is not None
    layout.setContentsMargins(QMargins(edge, edge, edge, edge))
    wide = max(report.matrix.whole_size().width(), report.fontMetrics().averageCharWidth() * 70) + 2 * edge
    report.resize(QSize(wide, max(layout.heightForWidth(wide), report.sizeHint().height())))
    picture = report.grab()
    report.deleteLater()
    return picture


def _figure(share: float) -> str:
    return "" if np.isnan(share) else f"{share:.4f}"
