"""The pages of the evaluation: by class, the confusion matrix, by confidence, and the learning curve."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QLocale, QModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from flowersorter.domain.figures import percent
from flowersorter.ui.evaluation.class_scores import ClassScoreModel, ClassScoreView
from flowersorter.ui.evaluation.confusion_matrix import ConfusionModel, ConfusionView
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.charts.chart import Chart
from flowersorter.ui.shared.widgets import button, describe, text_label
from flowersorter.workflows.evaluation.charts.builders import calibration_scene, confidence_scene, learning_scene
from flowersorter.workflows.evaluation.evaluate import Evaluation
from flowersorter.workflows.evaluation.learning_curve import LearningCurve

_LETTERS_FOR_TWO = 72
#: Standard deviation of the difference of two points of the learning curve, in standard errors of one: both are
#: measured on the same photos, so it is less than for independent ones. And the deviation above which there are too few
#: labels to tell.
_BY_CHANCE, _TOO_MUCH_CHANCE = 1.5, 0.05


class _TablePage(QWidget):
    """A page with one table, which scrolls by itself: its header stays in view.

    Args:
        parent: Owns it.
        whole: The table at its full size, for a picture.

    Signals:
        looked_at(sentence): Describes the number under the mouse or the cursor; "" for none.
    """

    looked_at = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, whole: bool = False) -> None:
        super().__init__(parent)
        self._column = _column(self, whole=whole)

    def _add(self, table: QAbstractItemView) -> None:
        self._column.addWidget(table, 1)
        self._column.addStretch(0)
        table.setMouseTracking(True)
        table.entered.connect(self._on_looked_at)
        table.selectionModel().currentChanged.connect(self._on_looked_at)

    @Slot(QModelIndex)
    def _on_looked_at(self, index: QModelIndex) -> None:
        self.looked_at.emit(index.data(Qt.ItemDataRole.ToolTipRole) or "")


class ClassPage(_TablePage):
    """Recall and precision by class.

    Args:
        evaluation: The evaluation.
        colours: "#rrggbb" by class id.
        parent: Owns it.
        whole: At its full size, for a picture.
    """

    def __init__(
        self, evaluation: Evaluation, colours: Mapping[int, str], parent: QWidget | None = None, *, whole: bool = False
    ) -> None:
        super().__init__(parent, whole=whole)
        self.setObjectName("evaluation_classes")
        self.scores = ClassScoreView(ClassScoreModel(evaluation, colours, self), self, whole=whole)
        self._add(self.scores)


class MatrixPage(_TablePage):
    """The confusion matrix.

    Args:
        evaluation: The evaluation.
        parent: Owns it.
        whole: At its full size, for a picture.
    """

    def __init__(self, evaluation: Evaluation, parent: QWidget | None = None, *, whole: bool = False) -> None:
        super().__init__(parent, whole=whole)
        self.setObjectName("evaluation_matrix")
        self.matrix = ConfusionView(
            ConfusionModel(evaluation.class_names, evaluation.confusion, self), self, whole=whole
        )
        title = self.tr("Confirmed classes (rows) against suggested classes (columns)")
        self._column.addWidget(text_label(self, "evaluation_matrix_title", title))
        self._add(self.matrix)
        if not whole:
            scroll_bar = self.style().pixelMetric(self.style().PixelMetric.PM_ScrollBarExtent)
            self.matrix.setMaximumSize(self.matrix.whole_size() + QSize(scroll_bar, scroll_bar))


class ConfidencePage(QWidget):
    """Whether its confidence can be believed: the calibration curve and the confidence histogram.

    Args:
        evaluation: The evaluation.
        parent: Owns it.
        whole: For a picture.

    Signals:
        looked_at(sentence): Describes the mark under the mouse or the cursor; "" for none.
    """

    looked_at = Signal(str)

    def __init__(self, evaluation: Evaluation, parent: QWidget | None = None, *, whole: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName("evaluation_sureness")
        self.calibration = Chart("calibration_chart", calibration_scene(evaluation.bins), self)
        self.histogram = Chart("confidence_chart", confidence_scene(evaluation.histogram), self)
        self._charts = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._charts.setSpacing(theme.LARGE_GAP_PX)
        for chart in (self.calibration, self.histogram):
            chart.mark_looked_at.connect(self.looked_at)
            self._charts.addWidget(chart, 1)
        column = _column(self, whole=whole)
        column.addWidget(text_label(self, "evaluation_sureness_words", self._words(evaluation)))
        column.addLayout(self._charts, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the charts side by side where there is room, else one below the other."""
        super().resizeEvent(event)
        wide = event.size().width() >= self.fontMetrics().averageCharWidth() * _LETTERS_FOR_TWO
        self._charts.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def minimumSizeHint(self) -> QSize:
        """Return the width of one chart, and the height of the layout."""
        return QSize(self.calibration.minimumSizeHint().width(), super().minimumSizeHint().height())

    def _words(self, evaluation: Evaluation) -> str:
        if not evaluation.bins:
            return ""
        usual = max(evaluation.bins, key=lambda each: each.photos)
        said = self.tr("At a confidence of {0} it is right {1} of the time.")
        off = self.tr("On average its confidence is off by {0}.")
        return " ".join((
            said.format(percent(usual.confidence), percent(usual.accuracy)),
            off.format(percent(evaluation.calibration_error)),
        ))  # fmt: skip


class LearningPage(QWidget):
    """The learning curve; measured on request, because it takes a while.

    Args:
        parent: Owns it.

    Signals:
        wanted(): Measure it.
        unwanted(): Stop measuring.
        looked_at(sentence): Describes the point under the mouse or the cursor; "" for none.
        point_chosen(number): Show the photos predicted wrong at this point.
    """

    wanted = Signal()
    unwanted = Signal()
    looked_at = Signal(str)
    point_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evaluation_learning")
        self.curve: LearningCurve | None = None
        self.chart: Chart | None = None
        self.words = text_label(self, "evaluation_learning_words", self._invitation())
        self.start_button = button(
            self, "evaluation_learning_button", self.tr("&Measure"), self.tr("May take a minute")
        )
        self.start_button.clicked.connect(self._on_start)
        self.stop_button = button(self, "evaluation_learning_stop_button", self.tr("S&top"), self.tr("Stop measuring"))
        self.stop_button.clicked.connect(self.unwanted)
        self.bar = QProgressBar(self)
        self.bar.setObjectName("evaluation_learning_bar")
        describe(self.bar, self.tr("Progress of the measurement"))
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        for each in (self.start_button, self.stop_button):
            row.addWidget(each)
        row.addWidget(self.bar, 1)
        row.addStretch(1)
        self._column = _column(self)
        self._column.addWidget(self.words)
        self._column.addLayout(row)
        self._column.addStretch(1)
        self._show_running(running=False)

    def show_progress(self, done: int, total: int | None) -> None:
        """Show the progress of the measurement."""
        self.bar.setRange(0, total or 0)
        self.bar.setValue(done)

    def show_curve(self, curve: LearningCurve) -> None:
        """Show the measured curve."""
        self.curve = curve
        self.chart = Chart("learning_chart", learning_scene(curve), self)
        self.chart.mark_looked_at.connect(self.looked_at)
        self.chart.mark_chosen.connect(self.point_chosen)
        self._show_running(running=False)
        self.start_button.hide()
        self.words.setText(self._conclusion(curve))
        self._column.takeAt(self._column.count() - 1)  # the stretch: the chart takes its space
        self._column.addWidget(self.chart, 1)
        self.chart.show()  # now: a hidden widget takes no focus
        if self.isVisible():
            self.chart.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_stopped(self, why: str = "") -> None:
        """Offer the measurement again after it ended without a curve."""
        self._show_running(running=False)
        self.words.setText(why or self._invitation())

    @Slot()
    def _on_start(self) -> None:
        self._show_running(running=True)
        self.words.setText(self.tr("Training on a few photos per class, then on more…"))
        self.wanted.emit()

    def _show_running(self, *, running: bool) -> None:
        self.bar.setRange(0, 0)
        self.bar.setVisible(running)
        self.stop_button.setVisible(running)
        self.start_button.setVisible(not running)
        if running:
            self.stop_button.setFocus()

    def _conclusion(self, curve: LearningCurve) -> str:
        last = curve.points[-1]
        right = self.tr("With {0} photos per class, {1} were right.")
        text = right.format(QLocale().toString(round(last.per_class)), percent(last.accuracy))
        if len(curve.points) > 1:
            before = curve.points[-2]
            gain = round(100 * (last.accuracy - before.accuracy))
            few = QLocale().toString(round(before.per_class))
            # Laplace: no mistake among few photos does not mean none.
            shares = ((each.right + 1) / (each.measured + 2) for each in (before, last))
            chance = _BY_CHANCE * math.sqrt(sum(share * (1 - share) for share in shares) / 2 / last.measured)
            if gain > 0 and last.accuracy - before.accuracy > chance:
                more = self.tr("That is {0} % more than with {1} photos, so more labels still help.")
            elif chance > _TOO_MUCH_CHANCE:
                more = self.tr("There are too few labels to tell whether more would help. Usually they do.")
            else:
                more = self.tr("With {1} it was about as good, so more photos of the same kind will hardly help.")
            text = f"{text} {more.format(gain, few)}"
        if curve.with_starter:
            text += " " + self.tr("The starter model's photos were used at every point but are not counted.")
        if curve.memorised:
            known = self.tr("The network itself was trained on {0} of your photos, so it had seen them at every point.")
            text += " " + known.format(QLocale().toString(curve.memorised))
        return text

    def _invitation(self) -> str:
        return self.tr(
            "Would more labels help? This trains on a few photos per class, then on more, and measures the accuracy "
            "on unseen photos each time. It takes seconds, or a minute with thousands of photos."
        )


class PageScroll(QScrollArea):
    """A page that scrolls where the window is too small for it."""

    def __init__(self, page: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{page.objectName()}_scroll")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(page)


def _column(page: QWidget, *, whole: bool = False) -> QVBoxLayout:
    column = QVBoxLayout(page)
    edge = 0 if whole else theme.GAP_PX
    column.setContentsMargins(edge, edge, edge, edge)
    column.setSpacing(theme.GAP_PX)
    return column
