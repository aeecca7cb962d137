"""Shows the accuracy: in a sentence, by class, by confidence, and with fewer photos."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLocale, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QTabWidget, QWidget

from flowersorter.domain.figures import percent
from flowersorter.ui.evaluation.class_scores import Column
from flowersorter.ui.evaluation.evaluation_pages import (
    ClassPage,
    ConfidencePage,
    LearningPage,
    MatrixPage,
    PageScroll,
)
from flowersorter.ui.evaluation.evaluation_saving import EvaluationPicture, SaveMenu
from flowersorter.ui.evaluation.evaluation_text import EvaluationText
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import button, button_row, column_of, describe, open_at, text_label
from flowersorter.workflows.evaluation.charts.builders import confidence_parts
from flowersorter.workflows.evaluation.evaluate import Evaluation


class EvaluationDialog(QDialog):
    """Shows an evaluation beside the window. Lives in the GUI thread.

    Args:
        evaluation: The evaluation.
        parent: The window.
        colours: "#rrggbb" by class id; missing ones come from the palette.

    Signals:
        photos_requested(list of place ids, title): Show these photos.
        report_wanted(file): Write a page (.html) or tables (.csv) there.
        picture_painted(file, bytes): Write this picture there.
    """

    photos_requested = Signal(object, str)
    report_wanted = Signal(object)
    picture_painted = Signal(object, object)

    def __init__(
        self, evaluation: Evaluation, parent: QWidget | None = None, colours: Mapping[int, str] | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("evaluation_dialog")
        self.setWindowTitle(self.tr("Accuracy"))
        self.evaluation = evaluation
        self._colours = colours or {}
        self._build()
        self._connect()
        highest_px = max(self.classes.sizeHint().height(), self.mistakes.sizeHint().height())
        lines = 18 + highest_px // self.fontMetrics().lineSpacing()
        open_at(self, min(140, max(108, self._letters_for_matrix())), min(48, max(40, lines)), least=(62, 24))
        self.classes.scores.setFocus()

    # -- layout

    def _build(self) -> None:
        words = EvaluationText(self.evaluation)
        self.headline = text_label(self, "evaluation_headline", words.headline, scale=1.3)
        self.how = text_label(self, "evaluation_how", words.how, muted=True)
        self.classes = ClassPage(self.evaluation, self._colours)
        self.mistakes = MatrixPage(self.evaluation)
        self.sureness = ConfidencePage(self.evaluation)
        self.learning = LearningPage()
        self.pages = QTabWidget(self)
        self.pages.setObjectName("evaluation_pages")
        describe(self.pages, self.tr("Figures"))
        self.pages.addTab(self.classes, self.tr("C&lasses"))
        self.pages.addTab(self.mistakes, self.tr("M&istakes"))
        self.pages.addTab(PageScroll(self.sureness), self.tr("C&onfidence"))
        self.pages.addTab(PageScroll(self.learning), self.tr("&More photos"))
        self._hint = self.tr("Double-click a number, bar or point, or press Enter, to see its photos.")
        self.sentence = text_label(self, "evaluation_sentence", self._hint)
        # Always two lines, so that nothing moves under the mouse.
        self.sentence.setFixedHeight(2 * self.fontMetrics().lineSpacing())
        column = column_of(self)
        column.addWidget(self.headline)
        column.addWidget(self.how)
        column.addWidget(self.pages, 1)
        column.addWidget(self.sentence)
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        wrong = int(np.count_nonzero(~self.evaluation.right))
        text = self.tr("Show &wrong ones ({0})").format(wrong) if wrong else self.tr("None were wrong")
        self.wrong_button = button(
            self, "evaluation_wrong_button", text, self.tr("Show every photo with a wrong suggestion")
        )
        self.wrong_button.setEnabled(bool(wrong))
        tip = self.tr("Save as a web page, tables or a picture")
        self.save_button = button(self, "evaluation_save_button", self.tr("&Save report"), tip)
        self.save_menu = SaveMenu(self, self.picture)
        self.save_button.setMenu(self.save_menu)
        self.close_button = button(self, "evaluation_close_button", self.tr("&Close"), self.tr("Close (Esc)"))
        return button_row([self.wrong_button], [self.save_button, self.close_button])

    def _connect(self) -> None:
        self.classes.scores.number_chosen.connect(self._on_number)
        self.mistakes.matrix.cell_chosen.connect(self._on_cell)
        self.sureness.calibration.mark_chosen.connect(self._on_interval)
        self.sureness.histogram.mark_chosen.connect(self._on_bar)
        self.learning.point_chosen.connect(self._on_point)
        for page in (self.classes, self.mistakes, self.sureness, self.learning):
            page.looked_at.connect(self._on_looked_at)
        self.pages.currentChanged.connect(self._on_page)
        self.wrong_button.clicked.connect(self._show_wrong)
        self.save_menu.report_wanted.connect(self.report_wanted)
        self.save_menu.picture_painted.connect(self.picture_painted)
        self.finished.connect(self.save_menu.shutdown)
        self.close_button.clicked.connect(self.accept)

    def _letters_for_matrix(self) -> int:
        """Width in letters at which the matrix needs no scrolling."""
        scroll_bar = self.style().pixelMetric(self.style().PixelMetric.PM_ScrollBarExtent)
        needed = self.mistakes.matrix.whole_size().width() + scroll_bar + 2 * theme.LARGE_GAP_PX + 4 * theme.GAP_PX
        return -(-needed // self.fontMetrics().averageCharWidth())

    def picture(self) -> EvaluationPicture:
        """All figures as they are now, for saving."""
        return EvaluationPicture(self.evaluation, self._colours, self.learning.curve)

    # -- the mark under the mouse or the cursor

    @Slot(str)
    def _on_looked_at(self, sentence: str) -> None:
        self.sentence.setText(sentence or self._hint)

    @Slot()
    def _on_page(self) -> None:
        self.sentence.setText(self._hint)

    # -- the photos behind a figure

    @Slot(int, int)
    def _on_cell(self, row: int, column: int) -> None:
        names = self.evaluation.class_names
        title = self.tr("{0}, suggested as {1}").format(names[row], names[column])
        if row == column:
            title = self.tr("{0}, recognised").format(names[row])
        self._show((self.evaluation.true == row) & (self.evaluation.predicted == column), title)

    @Slot(int, int)
    def _on_number(self, row: int, column: int) -> None:
        of, name = self.evaluation, self.evaluation.class_names[row]
        match Column(column):
            case Column.RECALL:
                self._show((of.true == row) & (of.predicted != row), self.tr("{0}, not found").format(name))
            case Column.PRECISION:
                self._show(of.predicted == row, self.tr("Suggested as {0}").format(name))
            case _:
                self._show(of.true == row, self.tr("{0}, measured").format(name))

    @Slot(int)
    def _on_interval(self, number: int) -> None:
        each = self.evaluation.bins[number]
        title = self.tr("Confidence {0} to {1}").format(percent(each.low), percent(each.high))
        self._show(self.evaluation.within(each), title)

    @Slot(int)
    def _on_bar(self, number: int) -> None:
        bar, right = confidence_parts(self.evaluation.histogram)[number]
        title = self.tr("Right, confidence {0} to {1}") if right else self.tr("Wrong, confidence {0} to {1}")
        chosen = self.evaluation.within(bar) & (self.evaluation.right == right)
        self._show(chosen, title.format(percent(bar.low), percent(bar.high)))

    @Slot(int)
    def _on_point(self, number: int) -> None:
        curve = self.learning.curve
        if curve is not None and len(curve.points[number].wrong):
            title = self.tr("Wrong with {0} photos per class")
            per_class = QLocale().toString(round(curve.points[number].per_class))
            self.photos_requested.emit(curve.points[number].wrong.tolist(), title.format(per_class))

    @Slot()
    def _show_wrong(self) -> None:
        self._show(~self.evaluation.right, self.tr("Wrong suggestions"))

    def _show(self, chosen: NDArray[np.bool_], title: str) -> None:
        places = self.evaluation.place_ids[chosen]
        places = places[places > 0]  # 0: the photo has no place any more
        if len(places):
            self.photos_requested.emit(places.tolist(), title)
