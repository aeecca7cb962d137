"""The three steps above the photos, with the number of photos that each has left."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QRectF, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QStyle,
    QStyleOptionToolButton,
    QToolButton,
    QWidget,
)

from flowersorter.ui.review.progress import ReviewProgress
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import count_photos, show_share

_NARROW_PX, _TIGHT_PX, _LEAST_PX = 520, 400, 320
_NARROW_LETTERS = 74
_BAR_PX = 120
CURRENT_TINT = 0.22  # share of the highlight colour in the background of the current step
_CORNER_PX = 6


class Step(IntEnum):
    """The steps, in their order."""

    NAME = 0
    CHECK = 1
    SORT = 2


class StepButton(QToolButton):
    """A step; the current one is highlighted. Lives in the GUI thread."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._current = False

    @property
    def current(self) -> bool:
        """Whether this is the step to do now."""
        return self._current

    def set_current(self, *, current: bool) -> None:
        """Highlight the step, or remove the highlight."""
        if current == self._current:
            return
        self._current = current
        font = self.font()
        font.setBold(current)
        self.setFont(font)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the background of the current step, then the button. A style sheet would not follow the palette."""
        if not self._current:
            super().paintEvent(event)
            return
        option, painter = QStyleOptionToolButton(), QPainter(self)
        self.initStyleOption(option)
        is_under_mouse = bool(option.state & QStyle.StateFlag.State_MouseOver)
        # Under the mouse the style would paint its own ground over that of the current step.
        option.state &= ~(QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Raised)
        tint = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(tint if is_under_mouse else Qt.PenStyle.NoPen)
        ground = QColor(tint)
        ground.setAlphaF(CURRENT_TINT)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _CORNER_PX, _CORNER_PX)
        self.style().drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option, painter, self)
        painter.end()


class StepsBar(QWidget):
    """The three steps: the current one is highlighted, a finished one has a tick. Lives in the GUI thread.

    The current one is that of the photos in view, if it has something left, else the first that has.

    Signals:
        name_requested(): Show the groups to name.
        check_requested(): Show the photos to check.
        sort_requested(): Show the preview of a sort.
    """

    name_requested = Signal()
    check_requested = Signal()
    sort_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("steps_bar")
        self.setAccessibleName(self.tr("Steps"))
        self._shown = ReviewProgress()
        self._in_view: Step | None = None
        self.name = self._step("step_name", self.name_requested)
        self.check = self._step("step_check", self.check_requested)
        self.sort = self._step("step_sort", self.sort_requested)
        self.bar = QProgressBar(self)
        self.bar.setObjectName("review_bar")
        self.bar.setAccessibleName(self.tr("Photos that need no decision"))
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setMaximumWidth(_BAR_PX)
        self.bar.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.left = QLabel(self)
        self.left.setObjectName("review_left")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GAP_PX, theme.SMALL_GAP_PX, theme.LARGE_GAP_PX, theme.SMALL_GAP_PX)
        row.setSpacing(theme.SMALL_GAP_PX)
        self._arrows = [QLabel("›", self) for _ in range(2)]
        for number, step in enumerate((self.name, self.check, self.sort)):
            if number:
                self._arrows[number - 1].setForegroundRole(QPalette.ColorRole.PlaceholderText)
                row.addWidget(self._arrows[number - 1])
            row.addWidget(step)
        row.addStretch(1)
        row.addWidget(self.bar)
        row.addWidget(self.left)
        self.show_progress(self._shown)

    def _step(self, name: str, signal: SignalInstance) -> StepButton:
        step = StepButton(name, self)
        content_px = max(step.fontMetrics().height(), step.iconSize().height())
        step.setFixedHeight(max(step.sizeHint().height(), content_px + 2 * theme.SMALL_GAP_PX))
        step.clicked.connect(signal)
        return step

    def show_progress(self, progress: ReviewProgress) -> None:
        """Show the decisions left; where there is no room for all words, those of the current step only."""
        self._shown = progress
        self._show_steps(progress, terse=False)
        if self._steps_px() > self.width():
            self._show_steps(progress, terse=True)
        self._show_done(progress)

    def _show_steps(self, progress: ReviewProgress, *, terse: bool) -> None:
        is_settled = progress.total > 0 and not progress.pending
        alike = self.tr("Photos without a class in {0} of look-alikes").format(_count_groups(progress.groups))
        steps = (
            (self.name, self.tr("Name"), progress.to_name, alike),
            (
                self.check,
                self.tr("Check"),
                progress.to_check,
                self.tr("Photos whose suggestion is not sure or missing"),
            ),
            (self.sort, self.tr("Sort"), progress.to_sort, self.tr("Photos that are confirmed or sure, to be sorted")),
        )
        left = [progress.to_name, progress.to_check, progress.to_sort]
        current = next((number for number, count in enumerate(left) if count), -1) if is_settled else -1
        if is_settled and self._in_view is not None and left[self._in_view]:
            current = self._in_view
        for number, (step, word, count, tip) in enumerate(steps):
            finished = is_settled and not count and (step is not self.sort or progress.sorted_photos > 0)
            shown = QLocale().toString(count)
            shortened = terse and number != current
            text = str(number + 1) if shortened else self.tr("{0} {1}").format(number + 1, word)
            step.setText(f"{text}  {shown}" if count else text)
            step.setIcon(theme.icon("reviewed", theme.CONFIRMED.colour) if finished else QIcon())
            step.setToolTip(f"{word}. {tip}: {shown}" if shortened else f"{tip}: {shown}")
            spoken = self.tr("done") if finished else count_photos(count)
            step.setAccessibleName(self.tr("Step {0}: {1}, {2}").format(number + 1, word, spoken))
            step.setEnabled(count > 0)
            step.set_current(current=number == current)

    def _steps_px(self) -> int:
        """Width of the steps with their texts."""
        row = self.layout()
        assert row is not None
        edges, parts = row.contentsMargins(), (self.name, self.check, self.sort, *self._arrows)
        gaps = len(parts) * row.spacing() + edges.left() + edges.right()
        return sum(part.sizeHint().width() for part in parts) + gaps

    def show_in_view(self, step: Step | None) -> None:
        """Take over the step of the photos in view; None where they belong to none."""
        if step is not self._in_view:
            self._in_view = step
            self.show_progress(self._shown)

    @property
    def _narrow_px(self) -> int:
        """The width from which on there is room for all texts: more with larger letters."""
        return max(_NARROW_PX, _NARROW_LETTERS * self.fontMetrics().averageCharWidth())

    def _show_done(self, progress: ReviewProgress) -> None:
        """Show the share that needs no decision and the number left; where it rose since the last answer, say why."""
        show_share(self.bar, progress.done, max(1, progress.total))
        number, left = QLocale().toString, progress.total - progress.done
        begun = progress.total > 0
        self.bar.setVisible(begun and self.width() >= self._narrow_px)
        self.left.setVisible(begun and self.width() >= _TIGHT_PX)
        one, many = self.tr("1 left to decide"), self.tr("{0} left to decide")
        text = self.tr("Nothing left to decide") if not left else one if left == 1 else many.format(number(left))
        tip = self.tr("{0} of {1} need no decision: confirmed, not mine, sure, or you don't know").format(
            number(progress.done), count_photos(progress.total)
        )
        if progress.no_longer_sure:
            fallen = number(progress.no_longer_sure)
            longer = self.tr("{0}, {1} no longer sure").format(text, fallen)
            self.left.setText(longer)
            text = longer if self._fits() else text
            tip += "\n" + self.tr("After your last answer {0} of them are no longer sure: a check is worth it.").format(
                fallen
            )
        self.left.setText(text)
        self.left.setToolTip(tip)
        for part in (self.bar, self.left):
            part.setHidden(part.isHidden() or not self._fits())

    def _fits(self) -> bool:
        """Whether no text is cut off."""
        row = self.layout()
        return row is None or row.sizeHint().width() <= self.width()

    def minimumSizeHint(self) -> QSize:
        """Return the width of the narrowest form: with the present one, a narrow window would lose its sides first."""
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        """The ticks have a colour for light and one for dark ground."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.layout() is not None:
            self.show_progress(self._shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show fewer texts in a narrow window."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.show_progress(self._shown)


def _count_groups(count: int) -> str:
    if count == 1:
        return QCoreApplication.translate("StepsBar", "1 group")
    return QCoreApplication.translate("StepsBar", "{0} groups").format(QLocale().toString(count))
