"""Above the photos to label next: the accuracy so far, and the gain expected from more labels."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from flowersorter.domain.figures import INEXACT_PERCENT, Gain
from flowersorter.domain.photo_class import NEEDED_LABELS
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import button, text_label
from flowersorter.workflows.evaluation.label_next import MORE, LabelNextResult, Standing
from flowersorter.workflows.evaluation.label_outlook import LabelOutlook, Outlook, label_outlook

_CONTEXT = "AdvicePanel"
_MOST_LINES = 6


class LabelNextPanel(QFrame):
    """Shows a `LabelNextResult` in plain words. Lives in the GUI thread.

    Signals:
        again_requested(): The person labelled some of them and wants the next ones.
    """

    again_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("advice_panel")
        self.setAccessibleName(self.tr("Photos to label"))
        self.headline = text_label(self, "advice_headline", scale=1.05)
        self.classes = text_label(self, "advice_classes")
        self.again = button(self, "advice_again", self.tr("Next photos"), self.tr("Suggest other photos"))
        self.again.clicked.connect(self.again_requested)
        self._scroll = QScrollArea(self)
        self._scroll.setObjectName("advice_scroll")
        self._scroll.setAccessibleName(self.tr("Classes"))
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        self._scroll.setWidget(self.classes)
        self.classes.setAutoFillBackground(False)
        self.classes.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        top = QHBoxLayout()
        top.setSpacing(theme.GAP_PX)
        top.addWidget(self.headline, 1)
        top.addWidget(self.again, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.LARGE_GAP_PX, theme.SMALL_GAP_PX, theme.GAP_PX, theme.GAP_PX)
        column.setSpacing(theme.SMALL_GAP_PX)
        column.addLayout(top)
        column.addWidget(self._scroll)

    def show_advice(self, advice: LabelNextResult) -> None:
        """Show the headline and one line for each class."""
        self.headline.setText(_headline(advice))
        self.classes.setText("\n".join(class_in_words(each) for each in advice.classes))
        self._scroll.setVisible(bool(advice.classes))
        self._fit()
        self.again.setEnabled(bool(advice.next))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the height to the wrapped lines."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Set the height to that of the lines of the classes, up to a limit."""
        wanted = self.classes.heightForWidth(self.width() - theme.LARGE_GAP_PX - theme.GAP_PX)
        self._scroll.setFixedHeight(min(wanted, _MOST_LINES * self.classes.fontMetrics().lineSpacing()) + 4)


def _headline(advice: LabelNextResult) -> str:
    overall = advice.overall
    if overall.accuracy is None or overall.gain is None:
        return _tr("Label these photos. There are too few labels to measure the accuracy.")
    right, low, high = (round(100 * share) for share in (overall.accuracy, *overall.interval))
    known = _tr("Accuracy about {0} % (between {1} and {2} %).").format(right, low, high)
    if high - low > INEXACT_PERCENT:
        known = _tr("Accuracy about {0} % (too few labels to be exact).").format(right)
    return f"{known} {_outlook_in_words(label_outlook(advice), overall.twice)}"


def _outlook_in_words(outlook: LabelOutlook, twice: Gain | None) -> str:
    match outlook.kind:
        case Outlook.ENOUGH:
            return _tr("You have enough labels. More would hardly help.")
        case Outlook.FEW_OF_SOME:
            return " ".join([_tr("Label these photos to be surer of that."), *_unclear(outlook)])
        case Outlook.MORE_OF_SOME:
            classes = ", ".join(outlook.classes)
            named = [_tr("More labels of {0} would help most.").format(classes)] if classes else []
            return " ".join([*named, *_unclear(outlook)])
        case Outlook.TWICE if twice is not None:
            text = _tr("{0} more per class would hardly help; twice as many labels would add {1}.")
            return text.format(MORE, _gain_in_words(twice))
        case _:
            return _tr("Label these photos to improve it most.")


def _unclear(outlook: LabelOutlook) -> list[str]:
    """The sentence about the photos that are less than sure; none where the labels do for them."""
    if not outlook.unclear:
        return []
    text, number = _tr("{0} of {1} photos without a label are less than sure: label some of these."), QLocale().toString
    return [text.format(number(outlook.unclear), number(outlook.unlabelled))]


def class_in_words(each: Standing) -> str:
    """One class in a line: "roses: 23 confirmed, 88 % right. Ten more would add about 2 %"."""
    photos = QLocale().toString(each.photos)
    if each.enough and each.accuracy is not None and each.photos >= NEEDED_LABELS:
        return _tr("{0}: {1} confirmed, {2} % right. Enough").format(each.name, photos, round(100 * each.accuracy))
    if each.photos < NEEDED_LABELS:
        return _tr("{0}: {1} confirmed. Needs about {2}").format(each.name, photos, NEEDED_LABELS)
    if each.accuracy is None or each.gain is None:
        return _tr("{0}: {1} confirmed. Too few to measure").format(each.name, photos)
    right = round(100 * each.accuracy)
    text = _tr("{0}: {1} confirmed, {2} % right. Ten more would add {3}")
    return text.format(each.name, photos, right, _gain_in_words(each.gain))


def _gain_in_words(gain: Gain) -> str:
    """The expected gain in accuracy, in whole per cent."""
    low, likely, high = (round(100 * share) for share in (gain.low, gain.likely, gain.high))
    high = max(1, high)
    if low <= 0:
        return (_tr("about {1} % (at most {0} %)") if 0 < likely < high else _tr("at most {0} %")).format(high, likely)
    return _tr("about {0} %").format(low) if low == high else _tr("about {0} to {1} %").format(low, high)


def _tr(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)
